//! Bad input: a clear error, status 2, nothing sent, no panic, bounded time and
//! memory. And the servers that cannot be reached, and the run that is
//! interrupted.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Dir, Lab, Peer, Pki, Program, Ran, play_with};

/// Runs `run case.yaml` over a scenario file that must be refused. `$PEER` in it
/// is a server that must hear from nobody.
fn refused(dir: &Dir, scenarios: &str) -> Ran {
    let peer = Peer::unvisited();
    dir.write("case.yaml", scenarios.replace("$PEER", &peer.address()));
    let ran = Program::new(dir.path(), ["run", "case.yaml"]).run();
    checked(ran, &peer)
}

fn checked(ran: Ran, peer: &Peer) -> Ran {
    ran.status(2);
    assert!(!ran.stderr.is_empty() || !ran.stdout.is_empty(), "an error says something");
    assert_eq!(peer.connections(), 0, "nothing is sent\n{}", ran.stderr);
    assert!(ran.elapsed < Duration::from_secs(5), "took {:?}", ran.elapsed);
    assert!(ran.peak_kib <= 128 * 1024, "{} KiB resident", ran.peak_kib);
    ran
}

/// A file of one good scenario and these lines added to it.
fn scenario(keys: &str) -> String {
    let keys: String = keys.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "suite: bad\ndefaults: {{ target: $PEER, mail_from: a@x.test, rcpt_to: b@x.test }}\nscenarios:\n  - name: good\n  - name: bad\n{keys}"
    )
}

#[test]
fn a_file_that_is_missing_unreadable_or_a_device_is_named() {
    let dir = Dir::new();
    let peer = Peer::unvisited();
    let run = |path: &str| checked(Program::new(dir.path(), ["run", path]).run(), &peer);
    run("nowhere.yaml").says("nowhere.yaml");
    run("/dev/zero").says("/dev/zero");
    dir.write("locked.yaml", "suite: x\n");
    std::fs::create_dir_all(dir.join("folder.yaml")).unwrap();
    run("folder.yaml").says("folder.yaml");
    // Root reads every file, so another user is asked where that can be done.
    let locked = dir.join("locked.yaml");
    std::fs::set_permissions(&locked, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    if std::fs::read(&locked).is_err() {
        run("locked.yaml").says("locked.yaml").says("permission denied");
    }
    let fifo = dir.join("fifo.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success()));
    run("fifo.yaml").says("fifo.yaml");
}

#[test]
fn a_file_that_is_no_text_or_too_large_is_refused_unread() {
    let dir = Dir::new();
    let peer = Peer::unvisited();
    let run = |name: &str, content: &[u8]| {
        dir.write(name, content);
        checked(Program::new(dir.path(), ["run", name]).run(), &peer)
    };
    run("binary.yaml", &std::fs::read(env!("CARGO_BIN_EXE_relayprobe")).unwrap()[..65_536])
        .says("binary.yaml");
    run("utf16.yaml", b"\xff\xfes\0u\0i\0t\0e\0").says("UTF-16");
    run("nul.yaml", b"suite: a\0b\nscenarios: []\n").says("nul.yaml");
    run("empty.yaml", b"").says("empty.yaml");
    run("latin.yaml", b"suite: gr\xfc\xdfe\n").says("UTF-8");
    run("two.yaml", b"suite: a\nscenarios: []\n---\nsuite: b\n").says("two.yaml");
    run("deep.yaml", "[".repeat(100_000).as_bytes()).says("deep.yaml");
    // A sparse file: as large as it says, and nothing of it on the disk.
    let huge = dir.join("huge.yaml");
    std::fs::File::create(&huge).unwrap().set_len(100 << 20).unwrap();
    let ran = checked(Program::new(dir.path(), ["run", "huge.yaml"]).run(), &peer);
    ran.says("huge.yaml");
    let text = dir.join("text.yaml");
    std::fs::write(&text, "# a comment\n".repeat((100 << 20) / 12)).unwrap();
    let ran = checked(Program::new(dir.path(), ["run", "text.yaml"]).run(), &peer);
    ran.says("text.yaml");
    assert!(ran.peak_kib <= 64 * 1024, "{} KiB resident", ran.peak_kib);
}

#[test]
fn an_alias_bomb_and_a_merge_bomb_end_at_once() {
    let dir = Dir::new();
    let mut wide = String::from("suite: bomb\nvars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let before = format!("*a{}, ", n - 1).repeat(10);
        wide += &format!("  a{n}: &a{n} [{}]\n", before.trim_end_matches(", "));
    }
    refused(&dir, &(wide + "scenarios:\n  - { name: x, target: $PEER }\n")).says("case.yaml");
    refused(&dir, "suite: x\nscenarios: &a\n  - *a\n").says("case.yaml");
    refused(&dir, &scenario("vars: { <<: { a: b } }")).says("<<");
}

#[test]
fn a_matrix_of_a_thousand_million_cases_is_counted_before_it_is_expanded() {
    let dir = Dir::new();
    let axis = |name: &str| {
        let values: Vec<String> = (0..1_000).map(|n| format!("v{n}")).collect();
        format!("  {name}: [{}]\n", values.join(", "))
    };
    let matrix =
        scenario(&format!("subject: $(a) $(b) $(c)\nmatrix:\n{}", ["a", "b", "c"].map(axis).concat()));
    let ran = refused(&dir, &matrix);
    assert!(ran.stderr.replace([',', '_', ' ', '.'], "").contains("1000000000"), "{}", ran.stderr);
    ran.says("--max-cases");
    assert!(ran.elapsed < Duration::from_secs(2), "took {:?}", ran.elapsed);
}

#[test]
fn certificates_and_keys_that_cannot_be_used_say_why() {
    let dir = Dir::new();
    Pki::shared().write(&dir);
    dir.write("nothing.pem", "no certificate here\n");
    let with = |cert: &str, key: &str| {
        refused(&dir, &scenario(&format!("tls: starttls\ncertificate: {{ cert: {cert}, key: {key} }}")))
    };
    with("client-ec.pem", "client-rsa.key")
        .says("client-rsa.key: does not match")
        .says("client-ec.pem")
        .says("case.yaml");
    with("client-ec.pem", "client-encrypted.key").says("encrypted").says("client-encrypted.key");
    with("missing.pem", "client-ec.key").says("missing.pem");
    with("client-ec.pem", "missing.key").says("missing.key");
    with("nothing.pem", "client-ec.key").says("nothing.pem").says("certificate");
    with("client-ec.pem", "client-ec.pem").says("private key");
    refused(&dir, &scenario("tls: { mode: starttls, ca: nothing.pem }")).says("nothing.pem");
    refused(&dir, &scenario("tls: none\ncertificate: { cert: client-ec.pem, key: client-ec.key }"))
        .says("certificate");
}

#[test]
fn every_error_of_every_file_is_shown_in_one_go_with_its_place() {
    let dir = Dir::new();
    dir.write("a.yaml", "suite: a\nscenarios:\n  - name: x\n    target: 127.0.0.1:1\n    expct: 250\n");
    dir.write("b.yaml", "suite: b\nscenarios:\n  - name: x\n    target: 127.0.0.1:1\n    mail_from: ${p1}\n    rcpt_to: b@x.test\n    subject: #42\n");
    for command in ["check", "run"] {
        let ran = Program::new(dir.path(), [command, "a.yaml", "b.yaml"]).run();
        ran.status(2).says("a.yaml:5:5").says("did you mean `expect`?").says("b.yaml:5:").says("$(p1)");
        ran.says("b.yaml:7:").says("3 errors in 2 files").says("nothing was sent");
    }
}

#[test]
fn wrong_words_and_addresses_are_found_before_anything_is_sent() {
    let dir = Dir::new();
    refused(&dir, &scenario("target: submision")).says("submision").says("case.yaml:6");
    refused(&dir, &scenario("mail_from: 'a@@x.test'")).says("a@@x.test").says("case.yaml:6");
    refused(&dir, &scenario("rcpt_to: [b@x.test, 'no address']")).says("no address");
    refused(&dir, &scenario("mail_from: \"a@x.test\\r\\nRCPT TO:<c@x.test>\"")).says("case.yaml:6");
    refused(&dir, &scenario("headers: [{ X-A: \"b\\r\\nBcc: c@x.test\" }]")).says("case.yaml:6");
    refused(&dir, &scenario("ehlo: \"x\\r\\nMAIL FROM:<>\"")).says("case.yaml:6");
    refused(&dir, &scenario("ehlo: $(nobody)")).says("nobody");
    refused(&dir, &scenario("tls: { version: TLSv1.4 }")).says("TLSv1.4").says("did you mean");
    refused(&dir, &scenario("timeout: 30")).says("unit");
    refused(&dir, &scenario("expect: 299 x.y")).says("case.yaml:6");
    refused(&dir, &scenario("expect: { rcpt: 250 }")).says("rcpt_to");
    refused(&dir, &scenario("tags: [a]\ntags: [b]")).says("case.yaml:7").says("tags");
    refused(&dir, &scenario("message: { file: missing.eml }")).says("missing.eml");
    refused(&dir, &scenario("repeat: { times: 0 }")).says("from 1 to 100000");
    refused(&dir, &scenario("steps: [ehlo, quitt]")).says("did you mean `quit`?");
    refused(&dir, &scenario("steps: [ehlo, rcpt_to]")).says("without an accepted MAIL FROM");
    refused(
        &dir,
        "suite: x\nscenarios:\n  - { name: same, target: $PEER }\n  - { name: same, target: $PEER }\n",
    )
    .says("same");
}

#[test]
fn a_secret_that_is_not_there_or_stands_in_the_file_is_refused() {
    let dir = Dir::new();
    let auth = |password: &str| {
        refused(&dir, &scenario(&format!("auth: {{ mechanism: LOGIN, username: u, password: {password} }}")))
    };
    auth("{ env: NOT_SET_ANYWHERE }").says("NOT_SET_ANYWHERE").says("case.yaml:6");
    auth("{ file: missing.secret }").says("missing.secret");
    let open = dir.write("open.secret", "hunter2\n");
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let ran = auth("{ file: open.secret }");
    ran.says("open.secret");
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    auth("$(secret)").says("case.yaml:6");
    let literal = scenario("auth: { mechanism: LOGIN, username: u, password: hunter2 }")
        .replace("$PEER", "relay.contoso.invalid:25");
    let ran = refused(&dir, &literal);
    ran.says("case.yaml:6");
    assert!(!ran.stderr.contains("hunter2"), "the value is not shown\n{}", ran.stderr);
}

#[test]
fn a_ragged_csv_row_is_named_with_its_line() {
    let dir = Dir::new();
    let csv = "suite: bad\ndefaults: { target: $PEER }\nscenarios:\n  - name: $(id)\n    mail_from: $(who)\n    cases: { csv: devices.csv }\n";
    dir.write("devices.csv", "id,who\n1,a@x.test\n2\n3,c@x.test,extra\n");
    refused(&dir, csv).says("devices.csv:3").says("devices.csv:4");
    dir.write("devices.csv", "id,who\n1,\"a@x.test\n");
    refused(&dir, csv).says("devices.csv");
}

#[test]
fn a_run_that_plays_nothing_is_bad_input() {
    let dir = Dir::new();
    let peer = Peer::unvisited();
    dir.write("case.yaml", scenario("tags: [b]").replace("$PEER", &peer.address()));
    for arguments in
        [&["--filter", "typo*"][..], &["--tag", "typo"], &["--skip-tag", "b", "--filter", "*bad*"]]
    {
        let ran = Program::new(dir.path(), ["run", "case.yaml"].iter().chain(arguments)).run();
        checked(ran, &peer).says("nothing");
    }
    std::fs::create_dir_all(dir.join("empty")).unwrap();
    checked(Program::new(dir.path(), ["run", "empty"]).run(), &peer).says("empty");
    checked(Program::new(dir.path(), ["run", "--no-such-flag"]).run(), &peer).says("--no-such-flag");
}

#[test]
fn a_server_that_cannot_be_reached_is_status_3_with_its_event() {
    let dir = Dir::new();
    let silent = Peer::play(|conn| conn.drain());
    // A port that was just free: nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let yaml = format!(
        "suite: nobody\ndefaults: {{ timeout: {{ connect: 2s, reply: 1s }} }}\nscenarios:
  - {{ name: nobody listens, target: '127.0.0.1:{port}' }}
  - {{ name: no such host, target: 'relay.contoso.invalid:25' }}
  - {{ name: never speaks, target: '{}' }}
  - {{ name: expected, target: '127.0.0.1:{port}', expect: refused }}
",
        silent.address()
    );
    let played = play_with(&dir, &yaml, &[]);
    played.status(3);
    played.ended("nobody listens", "error connect refused");
    played.ended("no such host", "error connect dns_failure");
    played.ended("never speaks", "error greeting timeout");
    played.ended("expected", "passed connect refused");
    assert!(played.ran.elapsed < Duration::from_secs(5), "{:?}", played.ran.elapsed);
}

#[test]
fn a_port_that_is_open_where_refused_was_expected_is_a_failure() {
    let peer = Peer::play(|conn| {
        conn.hello(&[])?;
        conn.bye()
    });
    let yaml = format!(
        "suite: x\nscenarios:\n  - {{ name: open, target: '{}', expect: refused }}\n",
        peer.address()
    );
    let played = play_with(&Dir::new(), &yaml, &[]);
    played.status(1);
    assert_eq!(played.case("open")["outcome"], "failed");
}

#[test]
fn an_interrupted_run_writes_its_reports_and_says_so() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let dir = Dir::new();
        let silent = Peer::play(|conn| {
            conn.hello(&[])?;
            conn.drain()
        });
        let quick = Peer::play(|conn| {
            conn.hello(&[])?;
            conn.bye()
        });
        dir.write(
            "case.yaml",
            format!(
                "suite: x\nscenarios:\n  - {{ name: done, target: '{}' }}\n  - {{ name: hangs, target: '{}', mail_from: a@x.test }}\n",
                quick.address(),
                silent.address()
            ),
        );
        let reports = ["--report", "json=r.json", "--report", "junit=r.xml", "--report", "ndjson=r.ndjson"];
        let running = Program::new(dir.path(), ["run", "case.yaml"].iter().chain(&reports)).start();
        let start = Instant::now();
        while !silent.heard().contains("MAIL") || !quick.heard().contains("QUIT") {
            assert!(start.elapsed() < Duration::from_secs(10), "the case is not played");
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(100));
        let sent = Instant::now();
        running.signal(signal);
        let ran = running.end();
        ran.status(status).says("interrupted");
        assert!(sent.elapsed() < Duration::from_secs(3), "took {:?}", sent.elapsed());
        let report: serde_json::Value = serde_json::from_str(&dir.read("r.json")).unwrap();
        assert_eq!(report["run"]["interrupted"], true);
        let cases = report["cases"].as_array().unwrap();
        assert!(cases.iter().any(|case| case["name"] == "done" && case["outcome"] == "passed"), "{report:#}");
        assert!(
            !cases.iter().any(|case| case["name"] == "hangs" && case["outcome"] == "passed"),
            "{report:#}"
        );
        assert!(dir.read("r.xml").contains("<testsuite"));
        let ndjson = dir.read("r.ndjson");
        let last: serde_json::Value = serde_json::from_str(ndjson.lines().last().unwrap()).unwrap();
        assert_eq!(last["run"]["interrupted"], true, "{ndjson}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_status_3_and_leaves_the_old_one() {
    let (dir, peer) = (
        Dir::new(),
        Peer::play(|conn| {
            conn.hello(&[])?;
            conn.bye()
        }),
    );
    dir.write(
        "case.yaml",
        format!("suite: x\nscenarios:\n  - {{ name: x, target: '{}' }}\n", peer.address()),
    );
    let ran = Program::new(dir.path(), ["run", "case.yaml", "--report", "json=no/such/folder/r.json"]).run();
    assert!([2, 3].contains(&ran.status), "{}\n{}", ran.status, ran.stderr);
    ran.says("no/such/folder");
}

#[test]
fn a_result_that_nobody_gets_is_no_success() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else { return };
    let lab = Lab::shared();
    for arguments in [
        &["check", "scenarios/recipients.yaml", "--list"][..],
        &["explain", "5.7.64"],
        &["forecast", "scenarios/recipients.yaml", "--to", "2026-12-31", "--json"],
        &["man", "run"],
        &["schema"],
    ] {
        let ran = Command::new(env!("CARGO_BIN_EXE_relayprobe"))
            .args(arguments)
            .current_dir(lab.path())
            .stdout(full.try_clone().expect("a handle"))
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(3), "{arguments:?}: {told}");
        assert!(told.contains("to standard output: No space left"), "{arguments:?}: {told}");
    }
}
