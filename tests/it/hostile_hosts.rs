//! Hosts and hands that are no help: injection through variables and tables, files that are
//! none, an environment without anything, a clock that jumps, signals at every stage.

use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Conn, Dir, Peer, Pki, Program, have};

/// A server that takes a message.
fn relay(conn: &mut Conn) -> std::io::Result<()> {
    conn.hello(&[])?;
    for command in ["MAIL", "RCPT"] {
        conn.answer(command, "250 2.1.0 ok\r\n")?;
    }
    conn.answer("DATA", "354 go\r\n")?;
    conn.message()?;
    conn.say("250 2.6.0 queued\r\n")?;
    conn.bye()
}

#[test]
fn line_ends_that_come_by_variables_and_tables_are_refused_before_anything_is_sent() {
    let peer = Peer::play(relay);
    let dir = Dir::new();
    let keys = [
        "ehlo: $(x)",
        "helo: $(x)",
        "mail_from: $(x)",
        "mail_from: a$(x)@x.test",
        "mail_from: { address: a@x.test, params: { ENVID: $(x) } }",
        "rcpt_to: [b@x.test, $(x)]",
        "rcpt_to: { address: b@x.test, params: { ORCPT: $(x) } }",
        "header_from: $(x)",
        "subject: $(x)",
        "headers: [{ X-A: $(x) }]",
        "auth: { mechanism: LOGIN, username: $(x), password: { env: NOBODY } }",
    ];
    for (end, plain) in [("a\r\nRCPT TO:<c@x.test>", 0x0A), ("a\rb", 0x0D), ("a\nb", 0x0A), ("a\0b", 0)] {
        assert!(end.bytes().any(|byte| byte == plain));
        for key in keys {
            let yaml = |more: &str| {
                format!(
                    "suite: x\ndefaults: {{ target: '{}', mail_from: a@x.test, rcpt_to: b@x.test }}\nscenarios:\n  - name: x\n    {key}\n{more}",
                    peer.address()
                )
            };
            let quoted = end.replace('\r', "\\r").replace('\n', "\\n").replace('\0', "\\0");
            let set = format!("x={end}");
            let cell = format!("x,y\n\"{end}\",1\n");
            let tries: [(&str, String, &[&str]); 3] = [
                ("a variable", yaml(&format!("    vars: {{ x: \"{quoted}\" }}\n")), &[]),
                ("a table", yaml("    cases: { csv: rows.csv }\n"), &[]),
                ("--set", yaml(""), &["--set", &set]),
            ];
            for (way, text, more) in tries {
                if way == "--set" && plain == 0 {
                    // No argument holds a NUL.
                    continue;
                }
                dir.write("case.yaml", text);
                dir.write("rows.csv", &cell);
                let ran = Program::new(dir.path(), ["run", "case.yaml"].iter().chain(more)).run();
                assert_eq!(ran.status, 2, "{key} by {way}: {}\n{}", end.escape_debug(), ran.stderr);
            }
        }
    }
    assert_eq!(peer.connections(), 0, "nothing is sent");
}

#[test]
fn what_a_file_names_is_a_file_or_refused_at_once() {
    let dir = Dir::new();
    dir.write("good.yaml", "scenarios: [{ name: x, target: 'mx.test:25' }]\n");
    let peer = Peer::unvisited();
    Pki::shared().write(&dir);
    let fifo = dir.join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success()));
    let _listener = UnixListener::bind(dir.join("socket")).unwrap();
    assert!(dir.join("socket").metadata().unwrap().file_type().is_socket());
    std::fs::create_dir(dir.join("folder")).unwrap();
    symlink("loop", dir.join("loop")).unwrap();
    symlink("/dev/zero", dir.join("zero")).unwrap();
    for odd in ["fifo", "socket", "folder", "loop", "zero", "/dev/zero", "nowhere"] {
        for key in [
            format!("message: {{ file: {odd} }}"),
            format!("cases: {{ csv: {odd} }}"),
            format!("certificate: {{ cert: {odd}, key: client-ec.key }}\n    tls: starttls"),
            format!("certificate: {{ cert: client-ec.pem, key: {odd} }}\n    tls: starttls"),
            format!("tls: {{ mode: starttls, ca: {odd} }}"),
            format!("auth: {{ mechanism: LOGIN, username: u, password: {{ file: {odd} }} }}"),
        ] {
            let address = peer.address();
            let case = format!(
                "suite: x\ndefaults: {{ target: '{address}', mail_from: a@x.test, rcpt_to: b@x.test }}\nscenarios:\n  - name: x\n    {key}\n"
            );
            dir.write("case.yaml", case);
            let ran = Program::new(dir.path(), ["run", "case.yaml"]).within(Duration::from_secs(10)).run();
            assert_eq!(ran.status, 2, "{key}\n{}", ran.stderr);
            ran.says(odd.trim_start_matches('/'));
            assert!(ran.elapsed < Duration::from_secs(2) && ran.peak_kib < 64 * 1024, "{key}");
        }
        for arguments in [
            vec!["run", "good.yaml", "--project", odd],
            vec!["audit", odd],
            vec!["report", odd],
            vec!["compare", odd, odd],
            vec!["certs", odd],
        ] {
            let ran = Program::new(dir.path(), &arguments).within(Duration::from_secs(10)).run();
            assert_eq!(ran.status, 2, "{}\n{}", arguments.join(" "), ran.stderr);
            assert!(ran.elapsed < Duration::from_secs(2) && ran.peak_kib < 64 * 1024, "{arguments:?}");
        }
    }
    assert_eq!(peer.connections(), 0, "nothing is sent");
}

#[test]
fn links_lead_neither_out_of_a_folder_nor_around_in_it() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    let suite = |name: &str| {
        format!("suite: {name}\nscenarios:\n  - {{ name: {name}, target: '{}' }}\n", peer.address())
    };
    dir.write("inside/a.yaml", suite("inside"));
    dir.write("outside/b.yaml", suite("outside"));
    symlink("..", dir.join("inside/up")).unwrap();
    symlink(".", dir.join("inside/around")).unwrap();
    symlink("../outside", dir.join("inside/out")).unwrap();
    symlink("nowhere.yaml", dir.join("inside/dangling.yml")).unwrap();
    let ran = Program::new(dir.path(), ["check", "inside", "--list"]).run();
    ran.status(2).says("dangling.yml");
    std::fs::remove_file(dir.join("inside/dangling.yml")).unwrap();
    let ran = Program::new(dir.path(), ["check", "inside", "--list"]).run();
    ran.status(0).says("inside");
    assert!(!ran.stdout.contains("outside"), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("a/inside").count(), 1, "{}", ran.stdout);
}

/// A project that passes, and a shell's script around `$RELAYPROBE`.
fn bare(script: &str) -> (Dir, Peer, Program) {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    let address = peer.address();
    dir.write(
        "case.yaml",
        format!(
            "scenarios:\n  - {{ name: x, target: '{address}', mail_from: a@x.test, rcpt_to: b@x.test }}\n"
        ),
    );
    let program = Program::shell(dir.path(), script);
    (dir, peer, program)
}

#[test]
fn nothing_of_an_environment_is_needed() {
    let script =
        "umask 000; exec env -i \"$RELAYPROBE\" run case.yaml --report json=r.json --state state <&-";
    let (dir, peer, program) = bare(script);
    program.run().status(0).says("1 passed");
    assert_eq!(peer.connections(), 1);
    let report: Value = serde_json::from_str(&dir.read("r.json")).unwrap();
    assert_eq!(report["summary"]["passed"], 1);
    let mut written = vec![dir.join("r.json"), dir.join("state")];
    written.extend(std::fs::read_dir(dir.join("state")).unwrap().map(|entry| entry.unwrap().path()));
    assert!(written.len() > 2, "a state is kept");
    for path in written {
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o002, 0, "{} is for anybody to write: {mode:o}", path.display());
    }
}

#[test]
fn keys_are_minted_for_their_owner_whatever_the_umask() {
    let (dir, _peer, program) = bare("umask 000; cd certs; exec env -i \"$RELAYPROBE\" certs lab.yaml <&-");
    dir.write(
        "certs/lab.yaml",
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/certs/lab.yaml")).unwrap(),
    );
    program.run().status(0);
    let keys: Vec<_> = std::fs::read_dir(dir.join("certs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "key"))
        .collect();
    assert!(!keys.is_empty());
    for key in keys {
        let mode = key.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o177, 0, "{}: {mode:o}", key.display());
    }
}

#[test]
fn no_core_is_dumped() {
    let dir = Dir::new();
    let peer = Peer::play(|conn| conn.drain());
    let probe = ["probe", &peer.address()].map(str::to_owned);
    let running = Program::new(dir.path(), probe).start();
    let start = Instant::now();
    while peer.connections() == 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "it connects");
        std::thread::sleep(Duration::from_millis(5));
    }
    let limits = running.proc("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    let words: Vec<&str> = core.split_ascii_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
    running.signal("KILL");
    running.end();
}

#[test]
fn a_clock_that_is_set_by_a_day_changes_no_deadline_and_no_verdict() {
    let name = "a_clock_that_is_set_by_a_day_changes_no_deadline_and_no_verdict";
    if !have(name, &["faketime"]) {
        return;
    }
    for step in ["+86400", "-86400"] {
        let dir = Dir::new();
        let rc = dir.write("clock", "+0\n");
        let set = Arc::new((rc.clone(), format!("{step}\n")));
        let peer = Peer::play(move |conn| {
            conn.hello(&[])?;
            conn.line()?;
            // A clock is set while the server is at work, as an administrator does it.
            std::fs::write(&set.0, &set.1)?;
            std::thread::sleep(Duration::from_millis(700));
            conn.say("250 2.1.0 ok\r\n")?;
            conn.bye()
        });
        dir.write(
            "case.yaml",
            format!(
                "scenarios:\n  - name: x\n    target: '{}'\n    mail_from: a@x.test\n    timeout: {{ reply: 5s }}\n    expect: {{ mail_from: {{ reply: 250, within: 3s }} }}\n",
                peer.address()
            ),
        );
        // `faketime` knows where its library is, and reads the offset from the file then.
        let script = "exec env -u FAKETIME FAKETIME_TIMESTAMP_FILE=$PWD/clock FAKETIME_NO_CACHE=1 \
                      FAKETIME_DONT_FAKE_MONOTONIC=1 \"$RELAYPROBE\" run case.yaml --report json=r.json";
        let script = format!("exec faketime -f +0 sh -c '{script}'");
        let ran = Program::shell(dir.path(), &script).run();
        ran.status(0).says("1 passed");
        assert!(ran.elapsed < Duration::from_secs(10), "{:?}", ran.elapsed);
        let report: Value = serde_json::from_str(&dir.read("r.json")).unwrap();
        let total = report["cases"][0]["timings_ms"]["total"].as_f64().unwrap();
        assert!((600.0..10_000.0).contains(&total), "{step}: {total} ms");
        let lasted = report["run"]["duration_ms"].as_f64().unwrap();
        assert!((600.0..10_000.0).contains(&lasted), "{step}: {lasted} ms");
    }
}

#[test]
fn runs_that_write_one_report_at_once_leave_a_whole_one() {
    let (dir, _peer, _) = bare("");
    let runs = [(); 4].map(|()| {
        Program::new(dir.path(), ["run", "case.yaml", "--report", "json=r.json", "--report", "html=r.html"])
            .start()
    });
    for running in runs {
        running.end().status(0);
    }
    let report: Value = serde_json::from_str(&dir.read("r.json")).unwrap();
    assert_eq!(report["summary"]["passed"], 1);
    assert!(dir.read("r.html").trim_end().ends_with("</html>"));
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "nothing is left over: {left:?}");
}

#[test]
fn a_disk_that_is_full_or_read_only_takes_nothing_that_was_there() {
    let name = "a_disk_that_is_full_or_read_only_takes_nothing_that_was_there";
    let script = "\
        mkdir full shut; mount -t tmpfs -o size=64k none full; mount -t tmpfs none shut
        for disk in full shut; do
          $RELAYPROBE run case.yaml -q --state $disk/state --report json=$disk/r.json
          cp $disk/r.json before-$disk; cp -r $disk/state state-$disk
        done
        head -c 1000000 /dev/zero >full/rest || true; mount -o remount,ro shut
        for disk in full shut; do
          s=0; $RELAYPROBE run case.yaml --report json=$disk/r.json || s=$?; echo $disk report $s
          cmp $disk/r.json before-$disk
          s=0; $RELAYPROBE run case.yaml --state $disk/state || s=$?; echo $disk state $s
          diff -r -x lock $disk/state state-$disk
          test $(ls -A $disk | grep -c tmp) = 0
        done";
    let (dir, peer, _) = bare("");
    let Some(program) = Program::with_mounts(name, dir.path(), script) else { return };
    let ran = program.run();
    ran.status(0);
    for said in ["full report 3", "full state 3", "shut report 3", "shut state"] {
        assert!(ran.stdout.contains(said), "{said}\n{}\n{}", ran.stdout, ran.stderr);
    }
    ran.says("No space left on device").says("Read-only file system");
    assert!(peer.connections() >= 2);
}
