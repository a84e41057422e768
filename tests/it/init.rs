//! `init` and `watch`: how one begins, and how one goes on.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Dir, Peer, Program};

/// A relay that takes mail of one domain.
fn relay() -> Peer {
    Peer::play(|conn| {
        conn.hello(&[])?;
        let ours = conn.answer("MAIL", "250 2.1.0 ok\r\n")?.contains("@contoso.test");
        conn.answer("RCPT", if ours { "250 2.1.5 ok\r\n" } else { "550 5.7.1 Relay access denied\r\n" })?;
        conn.bye()
    })
}

#[test]
fn what_init_writes_is_sound_and_plays() {
    let (dir, peer) = (Dir::new(), relay());
    let address = peer.address();
    let words = [
        "init",
        "first",
        "--server",
        &address,
        "--tls",
        "none",
        "--from",
        "app@contoso.test",
        "--to",
        "partner@fabrikam.test",
    ];
    let ran = Program::new(dir.path(), words).run();
    ran.status(0).says("wrote first/relayprobe.yaml").says("relayprobe run first");
    assert_eq!(peer.connections(), 0, "nothing is sent");
    Program::new(dir.path(), ["check", "first"]).run().status(0).says("2 cases from 2 scenarios");
    Program::new(dir.path(), ["run", "first"]).run().status(0).says("2 passed");
    assert!(!peer.heard().contains("DATA"), "{}", peer.heard());
    let cron = dir.read("first/relayprobe.cron");
    let line = cron.lines().find(|line| line.starts_with('*')).expect("a line of times");
    let command = &line[line.find("relayprobe ").expect("our command")..];
    let script = format!("set -- {command}; shift; exec \"$OURS\" \"$@\" --help");
    let parsed = std::process::Command::new("sh")
        .args(["-c", &script])
        .env("OURS", env!("CARGO_BIN_EXE_relayprobe"))
        .output()
        .expect("sh starts");
    assert!(parsed.status.success(), "{command}\n{}", String::from_utf8_lossy(&parsed.stderr));
}

#[test]
fn init_overwrites_nothing_without_leave() {
    let dir = Dir::new();
    dir.write("live/relay.yaml", "mine");
    let words = ["init", "--server", "relay.example", "--from", "a@x.test", "--to", "b@y.test"];
    Program::new(dir.path(), words).run().status(2).says("live/relay.yaml: there already").says("--force");
    assert!(!dir.join("live/relayprobe.yaml").exists(), "nothing was written");
    assert_eq!(dir.read("live/relay.yaml"), "mine");
    Program::new(dir.path(), words.iter().chain(&["--force"])).run().status(0);
    assert!(dir.read("live/relay.yaml").contains("suite: The relay"));
    Program::new(dir.path(), ["init", "other"]).run().status(2).says("--server is missing");
    assert!(!dir.join("other").exists());
}

#[test]
fn watch_plays_again_when_a_file_changes_and_goes_on_past_mistakes() {
    let (dir, peer) = (Dir::new(), relay());
    let file = |expect: &str| {
        format!(
            "scenarios: [{{ name: a, target: '{}', mail_from: a@contoso.test, rcpt_to: b@y.test, stop_after: \
             rcpt_to, expect: {expect} }}]\n",
            peer.address()
        )
    };
    dir.write("relay.yaml", file("250"));
    let running = Program::new(dir.path(), ["watch", "relay.yaml", "--report", "json=r.json"]).start();
    let says = |what: &str| {
        let start = Instant::now();
        loop {
            let line = running.line();
            if line.contains(what) {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "it says {line}, not {what}");
        }
    };
    says("1 passed");
    dir.write("relay.yaml", "scenarios: [");
    sleep(Duration::from_millis(1500));
    dir.write("relay.yaml", file("550"));
    says("1 failed");
    assert_eq!(peer.connections(), 2, "once a change; its own report is none");
    running.signal("INT");
    let ran = running.end();
    ran.status(0).says("changed: relay.yaml").says("files watched: 1;");
}

#[test]
fn what_is_not_there_is_not_watched() {
    let dir = Dir::new();
    Program::new(dir.path(), ["watch", "nowhere"])
        .run()
        .status(2)
        .says("nowhere: no such file")
        .says("relayprobe init");
    let ran = Program::new(dir.path(), ["certs", "nowhere.yaml"]).run();
    ran.status(2).says("nowhere.yaml: no such file").says("certs/lab.yaml");
}
