//! A unique secret in a run, and a search for it in everything that came out, in
//! every encoding a careless program might leave it in.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

use crate::support::{Conn, Dir, Peer, Program, Ran};

const FORMATS: [&str; 11] = [
    "terminal",
    "json",
    "ndjson",
    "html",
    "junit",
    "tap",
    "csv",
    "markdown",
    "prometheus",
    "nagios",
    "github",
];

fn secret(of: &str) -> String {
    format!("Canary-{}-{of}-k4n4r13nv0g3l ?&=<", std::process::id())
}

/// A server that gives every credential away in its refusals: as it came, decoded, and in
/// more encodings than any server has.
fn gossip(conn: &mut Conn) -> std::io::Result<()> {
    conn.hello(&["AUTH PLAIN LOGIN XOAUTH2"])?;
    let auth = conn.line()?;
    let mut said = vec![auth.split(' ').nth(2).unwrap_or_default().to_owned()];
    if auth.to_uppercase().starts_with("AUTH LOGIN") {
        if said[0].is_empty() {
            conn.say("334 VXNlcm5hbWU6\r\n")?;
            said.push(conn.line()?);
        }
        conn.say("334 UGFzc3dvcmQ6\r\n")?;
        said.push(conn.line()?);
    }
    conn.say("535-5.7.8 you said\r\n")?;
    for word in &said {
        let raw = STANDARD.decode(word).unwrap_or_default();
        let raw = String::from_utf8_lossy(&raw).replace(['\0', '\u{1}'], " ");
        for echo in [
            word.clone(),
            raw.clone(),
            swapped(&raw),
            STANDARD.encode(word),
            STANDARD.encode(format!("<{word}>")),
            hex(&raw),
            hex(&raw).to_uppercase(),
            escaped(&raw, '%', |c| c.is_ascii_alphanumeric() || "-._~".contains(c)),
            escaped(&raw, '%', |c| c.is_ascii_alphanumeric() || "-._~".contains(c)).to_lowercase(),
            escaped(&raw, '=', |c| c != '='),
        ] {
            conn.say(format!("535-5.7.8 that is {echo}, or so\r\n"))?;
        }
    }
    conn.say("535 5.7.8 which is wrong\r\n")?;
    conn.bye()
}

/// What came out of the commands of one test.
#[derive(Default)]
struct Found(Vec<(String, String)>);

impl Found {
    /// Keeps what a command printed.
    fn printed(&mut self, command: &str, ran: &Ran) {
        self.0.push((format!("stdout of {command}"), ran.stdout.clone()));
        self.0.push((format!("stderr of {command}"), ran.stderr.clone()));
    }

    /// Keeps every file below a folder.
    fn files(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.files(&path);
            } else {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                self.0.push((path.display().to_string(), text));
            }
        }
    }

    /// Fails where one of them holds the secret.
    fn hold_nowhere(&self, secret: &str) {
        let encodings = encodings(secret);
        for (place, text) in &self.0 {
            for (encoding, needle) in &encodings {
                assert!(!text.contains(needle), "{place} holds the secret {encoding}:\n{text}");
            }
        }
    }
}

#[test]
fn a_secret_is_in_no_output_of_any_command_in_any_encoding() {
    let secret = secret("run");
    let (dir, peer) = (Dir::new(), Peer::play(gossip));
    dir.write("relayprobe.yaml", format!("targets: {{ mx: {{ address: '{}' }} }}\n", peer.address()));
    let other = Peer::play(gossip);
    let mut yaml = "suite: canary\ndefaults: { target: mx, mail_from: a@x.test }\nscenarios:\n".to_owned();
    for (mechanism, key) in [("PLAIN", "password"), ("LOGIN", "password"), ("XOAUTH2", "token")] {
        yaml += &format!(
            "  - name: {mechanism}\n    auth: {{ mechanism: {mechanism}, username: probe@x.test, {key}: {{ env: CANARY }} }}\n"
        );
    }
    dir.write("case.yaml", yaml);
    let mut found = Found::default();
    let mut play = |arguments: &[&str]| {
        let ran = Program::new(dir.path(), arguments).env("CANARY", &secret).run();
        found.printed(&arguments.join(" "), &ran);
        ran
    };
    let mut run = vec!["run", "case.yaml", "-vv", "-j1"];
    let reports = FORMATS.map(|format| format!("{format}=report.{format}"));
    run.extend(reports.iter().flat_map(|report| ["--report", report]));
    play(&run).status(1).says("535 5.7.8");
    let heard = peer.heard();
    assert!(heard.contains(&STANDARD.encode(&secret)), "the secret did go out\n{heard}");
    for format in FORMATS {
        play(&["report", "--format", format, "report.json"]);
        play(&["run", "case.yaml", "--report", format]);
    }
    for arguments in [
        &["run", "case.yaml", "--state", "state", "-q"][..],
        &["run", "case.yaml", "--state", "state", "--notify-on", "change"],
        &["run", "case.yaml", "--baseline", "report.json", "-v", "--report", "json=baseline.json"],
        &["run", "case.yaml", "--versus", &format!("mx={}", other.address()), "--report", "html=versus.html"],
        &["run", "case.yaml", "--failed", "report.json", "--retry", "1"],
        &["compare", "report.json", "report.ndjson", "-v", "--report", "html=compared.html"],
        &["check", "case.yaml", "--list"],
        &["probe", &peer.address(), "--from", "a@x.test", "--to", "b@x.test", "--auth", "LOGIN", "--user"],
    ] {
        let mut arguments = arguments.to_vec();
        if arguments[0] == "probe" {
            arguments.extend(["probe@x.test", "--password-env", "CANARY", "--save", "saved.yaml"]);
        }
        let ran = play(&arguments);
        assert!([0, 1].contains(&ran.status), "{}: {}\n{}", arguments.join(" "), ran.status, ran.stderr);
    }
    let watching = ["watch", "case.yaml", "-vv", "--report", "json=watched.json"];
    let running = Program::new(dir.path(), watching).env("CANARY", &secret).start();
    found.0.push(("arguments of watch".to_owned(), running.proc("cmdline")));
    let start = Instant::now();
    while !dir.join("watched.json").exists() {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing is played");
        std::thread::sleep(Duration::from_millis(10));
    }
    running.signal("TERM");
    found.printed("watch", &running.end());
    found.files(dir.path());
    for kept in ["saved.yaml", "watched.json", "report.html", "versus.html", "baseline.json", "state"] {
        assert!(found.0.iter().any(|(place, _)| place.contains(kept)), "{kept} is there");
    }
    found.hold_nowhere(&secret);
}

#[test]
fn a_password_of_the_lab_is_in_no_output_either() {
    let secret = secret("lab").replace(" ?&=<", "");
    let dir = Dir::new();
    let tenants = "\
tenants:
  - name: Contoso
    AcceptedDomain: [{ DomainName: contoso.com, DomainType: Authoritative }]
    TransportConfig: { SmtpClientAuthenticationDisabled: false }
    CASMailbox: [{ PrimarySmtpAddress: scan@contoso.com, SmtpClientAuthenticationDisabled: false }]
    lab: { passwords: { scan@contoso.com: SECRET }, recipients: [info@contoso.com] }
";
    let inputs = Dir::new();
    inputs.write("tenants.yaml", tenants.replace("SECRET", &secret));
    inputs
        .write("broken.yaml", tenants.replace("SECRET", &format!("{secret}, other@contoso.com: [ {secret}")));
    inputs.write("unknown.yaml", tenants.replace("passwords", "pasword").replace("SECRET", &secret));
    inputs.write(
        "relayprobe.yaml",
        "simulator: { tenants: tenants.yaml, as_of: 2026-11-01 }\ntargets: { submission: { simulator: submission } }\naccounts: { scan: { username: scan@contoso.com, password: { env: NOBODY }, targets: [submission] } }\n",
    );
    inputs.write(
        "case.yaml",
        "scenarios:\n  - name: log in\n    target: submission\n    tls: starttls\n    auth: { mechanism: LOGIN, account: scan }\n    mail_from: scan@contoso.com\n    rcpt_to: info@contoso.com\n    expect: 250\n",
    );
    let input = |name: &str| inputs.join(name).display().to_string();
    let mut found = Found::default();
    for (arguments, status) in [
        (
            vec!["run".to_owned(), input("case.yaml"), "-vv".into(), "--report".into(), "json=r.json".into()],
            0,
        ),
        (vec!["check".into(), input("case.yaml"), "--list".into()], 0),
        (vec!["audit".into(), input("tenants.yaml")], 0),
        (vec!["audit".into(), input("broken.yaml")], 2),
        (vec!["audit".into(), input("unknown.yaml")], 2),
        (vec!["forecast".into(), input("case.yaml"), "--to".into(), "2026-12-31".into()], 0),
    ] {
        let ran = Program::new(dir.path(), &arguments).run();
        assert!(ran.status == status || status == 0 && ran.status == 1, "{arguments:?}\n{}", ran.stderr);
        found.printed(&arguments.join(" "), &ran);
    }
    let simulate = ["simulate".to_owned(), input("tenants.yaml"), "--as-of".into(), "2026-11-01".into()];
    let running = Program::new(dir.path(), &simulate).start();
    let submission = [running.line(), running.line()][1].replace("submission ", "");
    let probe = ["probe", &submission, "--tls", "starttls", "--verify", "none", "--auth", "LOGIN"];
    let who = ["--user", "scan@contoso.com", "--password-env", "CANARY"];
    let probed = Program::new(dir.path(), probe.iter().chain(&who)).env("CANARY", &secret).run();
    probed.status(0).says("235");
    found.printed("probe", &probed);
    running.signal("TERM");
    found.printed("simulate", &running.end());
    found.files(dir.path());
    found.hold_nowhere(&secret);
}

#[test]
fn a_secret_is_in_no_argument_and_no_environment_of_a_program_that_is_run() {
    let (secret, other) = (secret("env"), secret("command").replace(" ?&=<", ""));
    let (dir, peer) = (Dir::new(), Peer::play(gossip));
    let inputs = Dir::new();
    let kept = inputs.write("kept.secret", &other);
    let auth = |source: &str| format!("{{ mechanism: PLAIN, username: u@x.test, password: {source} }}");
    let script = "cat /proc/self/environ /proc/$$/cmdline /proc/$PPID/cmdline >seen; cat ";
    let command = format!("{{ command: [sh, -c, '{script}{}'] }}", kept.display());
    dir.write(
        "case.yaml",
        format!(
            "defaults: {{ target: '{}', mail_from: a@x.test }}\nscenarios:\n  - {{ name: env, auth: {} }}\n  - {{ name: command, auth: {} }}\n",
            peer.address(),
            auth("{ env: CANARY }"),
            auth(&command),
        ),
    );
    let arguments = ["run", "case.yaml", "-vv", "--report", "json=r.json"];
    let ran = Program::new(dir.path(), arguments).env("CANARY", &secret).run();
    ran.status(1).says("535 5.7.8");
    assert!(peer.heard().contains(&STANDARD.encode(format!("\0u@x.test\0{other}"))), "both did go out");
    let seen = dir.read("seen");
    assert!(seen.contains("LC_ALL=") && seen.contains("run\0case.yaml"), "it looked: {seen}");
    let mut found = Found::default();
    found.printed("run", &ran);
    found.files(dir.path());
    found.hold_nowhere(&secret);
    found.hold_nowhere(&other);
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn swapped(text: &str) -> String {
    let swap = |c: char| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
    text.chars().map(swap).collect()
}

fn escaped(text: &str, mark: char, plain: impl Fn(char) -> bool) -> String {
    let one = |c: char| if plain(c) { c.to_string() } else { format!("{mark}{:02X}", u32::from(c)) };
    text.chars().map(one).collect()
}

/// The secret as it might show: raw, escaped, in other letters, base64 alone, twice and
/// within each mechanism's response, at every alignment, hexadecimal, percent-encoded,
/// quoted-printable.
fn encodings(secret: &str) -> Vec<(&'static str, String)> {
    let percent = escaped(secret, '%', |c| c.is_ascii_alphanumeric() || "-._~".contains(c));
    let mut found = vec![
        ("raw", secret.to_owned()),
        ("in part", secret[..20].to_owned()),
        ("in small letters", secret.to_lowercase()),
        ("in large letters", secret.to_uppercase()),
        ("in the other letters", swapped(secret)),
        ("as XML", secret.replace('&', "&amp;").replace('<', "&lt;")),
        ("in base64", STANDARD_NO_PAD.encode(secret)),
        ("in URL-safe base64", URL_SAFE.encode(secret)),
        ("percent-encoded", percent.clone()),
        ("percent-encoded in small letters", percent.to_lowercase()),
        ("as a form has it", percent.replace("%20", "+")),
        ("quoted-printable", escaped(secret, '=', |c| c != '=')),
        ("in hexadecimal", hex(secret)),
        ("in hexadecimal with large letters", hex(secret).to_uppercase()),
        ("reversed", secret.chars().rev().collect()),
    ];
    // What stands before the secret shifts its base64; the first and the last few
    // characters depend on the neighbours.
    let within = |text: &str, shift: usize| {
        let shifted = STANDARD_NO_PAD.encode("x".repeat(shift) + text);
        shifted[4..shifted.len() - 4].to_owned()
    };
    for shift in 0..3 {
        let once = within(secret, shift);
        found.extend((0..3).map(|shift| ("in base64 of base64", within(&once, shift))));
        found.push(("in base64 within something", once));
    }
    found
}
