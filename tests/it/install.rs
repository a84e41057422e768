//! The package and the unit as a system has them: made, installed by dpkg on a copy of
//! this system, started by systemd, taken away again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Dir, Peer, Pki, Program, Systemd, have};

const SECRET: &str = "correct horse";

/// Makes the package of the program that is tested.
fn package(test: &str, out: &Dir) -> Option<PathBuf> {
    if !have(test, &["cargo-deb", "dpkg", "dpkg-deb"]) {
        return None;
    }
    let built = Command::new("sh")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("deploy/deb/build")
        .arg(out.path())
        .env("RELAYPROBE", env!("CARGO_BIN_EXE_relayprobe"))
        .stdin(Stdio::null())
        .output()
        .expect("sh starts");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let files = fs::read_dir(out.path()).expect("the folder is ours");
    let mut files = files.map(|entry| entry.expect("it can be listed").path());
    Some(files.find(|path| path.extension().is_some_and(|end| end == "deb")).expect("a package was made"))
}

/// A relay that takes mail from `scan`, over TLS, as long as it is well.
fn relay(well: &Arc<AtomicBool>) -> Peer {
    let well = Arc::clone(well);
    Peer::play(move |conn| {
        conn.hello(&["STARTTLS"])?;
        conn.answer("STARTTLS", "220 go on\r\n")?;
        conn.tls(&Pki::shared().acceptor())?;
        conn.ehlo(&["AUTH PLAIN"])?;
        let wanted = format!("AUTH PLAIN {}", STANDARD.encode(format!("\0scan\0{SECRET}")));
        match conn.line()? == wanted && well.load(Ordering::Acquire) {
            true => conn.say("235 2.7.0 in\r\n")?,
            false => conn.say("535 5.7.8 no\r\n")?,
        }
        conn.bye()
    })
}

/// What `/etc/relayprobe/live` holds: a log-in over TLS by either library.
fn project(dir: &Dir, relay: &Peer) {
    let address = relay.address();
    dir.write(
        "live/relayprobe.yaml",
        format!(
            "targets: {{ relay: {{ address: '{address}' }} }}\naccounts:\n  scan: {{ username: scan, password: {{ credential: scan-password }}, targets: relay }}\n"
        ),
    );
    dir.write(
        "live/relay.yaml",
        "scenarios:\n  - name: scan logs in by $(library)\n    target: relay\n    tls: { mode: starttls, verify: none, backend: $(library) }\n    \
         auth: { mechanism: PLAIN, account: scan }\n    matrix: { library: [rustls, openssl] }\n    expect: 235\n",
    );
}

#[test]
fn the_units_command_reads_credentials() {
    let well = Arc::new(AtomicBool::new(true));
    let (relay, dir) = (relay(&well), Dir::new());
    project(&dir, &relay);
    let unit =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd/relayprobe@.service"));
    let unit = unit.expect("the unit is there");
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).expect("the unit has it");
    let credential = value("LoadCredential=");
    let path = dir.write(&format!("credentials/{credential}"), format!("{SECRET}\n"));
    let run = |words: &str| {
        let words = words.replace("${STATE_DIRECTORY}", "state").replace("/etc/relayprobe/%i", "live");
        let program = Program::new(dir.path(), words.split_ascii_whitespace());
        program.env("CREDENTIALS_DIRECTORY", &path.with_file_name("").display().to_string()).run()
    };
    let command = value("ExecStart=/usr/bin/relayprobe ");
    assert_eq!(run(command).status(0).stdout, "");
    assert!(relay.heard().contains("AUTH PLAIN"));
    let report = dir.read("state/report.json");
    assert!(report.contains("\"passed\":2") && !report.contains(SECRET), "{report}");
    fs::remove_file(&path).expect("it is ours");
    run(command).status(2).says("scan-password");
}

#[test]
fn the_package_is_installed_its_unit_plays_and_it_goes_without_a_trace() {
    let test = "the_package_is_installed_its_unit_plays_and_it_goes_without_a_trace";
    let (dir, well) = (Dir::new(), Arc::new(AtomicBool::new(true)));
    let Some(package) = package(test, &dir) else { return };
    let relay = relay(&well);
    project(&dir, &relay);
    let prepare = format!(
        "mkdir -p \"$ROOT/etc/relayprobe\" \"$ROOT/etc/credstore\"\n\
         cp -r '{}' \"$ROOT/etc/relayprobe/live\"\n\
         (umask 077; printf '%s\\n' '{SECRET}' >\"$ROOT/etc/credstore/scan-password\")\n\
         cp '{}' \"$ROOT/run/relayprobe.deb\"\n\
         chroot \"$ROOT\" dpkg --force-unsafe-io --no-triggers -i /run/relayprobe.deb\n",
        dir.join("live").display(),
        package.display()
    );
    let Some(system) = Systemd::boot(test, &prepare) else { return };

    // Installed.
    let version = system.ok("relayprobe --version");
    assert!(version.starts_with(concat!("relayprobe ", env!("CARGO_PKG_VERSION"))), "{version}");
    system.ok("dpkg --verify relayprobe");
    let listed = system.ok("dpkg -L relayprobe");
    for file in [
        "/usr/share/man/man1/relayprobe.1.gz",
        "/usr/share/man/man1/relayprobe-run.1.gz",
        "/usr/share/zsh/vendor-completions/_relayprobe",
        "/usr/share/fish/vendor_completions.d/relayprobe.fish",
        "/usr/lib/systemd/system/relayprobe@.timer",
        "/usr/share/doc/relayprobe/examples/live/relayprobe.yaml",
        "/usr/share/doc/relayprobe/docs/scenarios.md",
        "/usr/share/doc/relayprobe/docs/guide/cron.md",
    ] {
        assert!(listed.lines().any(|line| line == file), "{file} is not among\n{listed}");
    }
    let completions = "bash -c '. /usr/share/bash-completion/completions/relayprobe; complete -p relayprobe'";
    assert!(system.ok(completions).contains("relayprobe"));

    // Played as its unit says, with the secret as a credential, under all that it forbids.
    let unit = "relayprobe@live.service";
    system.ok("systemctl start relayprobe@live.timer");
    assert!(system.ok("systemctl list-timers --no-pager").contains(unit));
    system.ok(&format!("systemctl start {unit}"));
    let report = system.ok("cat /var/lib/relayprobe/live/report.json");
    assert!(report.contains("\"passed\":2") && !report.contains(SECRET), "{report}");
    assert_eq!(relay.heard().matches("AUTH PLAIN").count(), 2);
    well.store(false, Ordering::Release);
    assert!(!system.shell(&format!("systemctl start {unit}")).1, "a failing case fails the unit");
    let shown = system.ok(&format!("systemctl show {unit} -p ExecMainStatus -p Result"));
    assert!(shown.contains("ExecMainStatus=1") && shown.contains("Result=exit-code"), "{shown}");

    // Gone.
    system.ok("systemctl stop relayprobe@live.timer; dpkg --no-triggers -r relayprobe");
    for file in listed.lines().filter(|file| file.contains("relayprobe")) {
        assert!(!system.shell(&format!("test -e '{file}'")).1, "{file} is left");
    }
}
