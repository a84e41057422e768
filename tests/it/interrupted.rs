//! A signal at every stage of a session: QUIT within two seconds where it is a command,
//! and a second signal ends at once.

use std::time::{Duration, Instant};

use crate::support::{Conn, Dir, Peer, Pki, Program};

/// Where the server falls silent, the keys that the case needs besides an address, and the
/// last that it must hear.
const STAGES: [(&str, &str, &str); 11] = [
    // Whoever speaks before the greeting is taken for a robot (RFC 5321 §4.3.1).
    ("greeting", "", ""),
    ("ehlo", "", "QUIT\r\n"),
    ("starttls", "tls: starttls", "QUIT\r\n"),
    // Nothing that is SMTP can be said there.
    ("tls", "tls: starttls", ""),
    ("ehlo_tls", "tls: { mode: starttls, verify: none }", "QUIT\r\n"),
    // The log-in is cancelled first (RFC 4954 §4).
    ("auth", "auth: { mechanism: PLAIN, username: u, password: correct horse }", "*\r\nQUIT\r\n"),
    ("mail_from", "", "QUIT\r\n"),
    ("rcpt_to", "", "QUIT\r\n"),
    ("data", "", "QUIT\r\n"),
    ("message", "", "\r\n.\r\nQUIT\r\n"),
    ("wait", "steps: [ehlo, { wait: 20s }]", "QUIT\r\n"),
];

/// Answers all that comes before a stage, and nothing from there on.
fn mute_at(conn: &mut Conn, stage: &str) -> std::io::Result<()> {
    let mute = |here: &str| stage == here;
    if mute("greeting") {
        return conn.drain();
    }
    conn.say("220 peer.test ESMTP\r\n")?;
    if mute("ehlo") {
        return conn.drain();
    }
    conn.ehlo(&["STARTTLS", "AUTH PLAIN"])?;
    if stage.ends_with("tls") {
        if mute("starttls") {
            return conn.drain();
        }
        conn.answer("STARTTLS", "220 go on\r\n")?;
        if mute("tls") {
            return conn.drain();
        }
        conn.tls(&Pki::shared().acceptor())?;
        return conn.drain();
    }
    if mute("auth") || mute("wait") {
        return conn.drain();
    }
    for (here, verb, reply) in [
        ("mail_from", "MAIL", "250 2.1.0 ok\r\n"),
        ("rcpt_to", "RCPT", "250 2.1.5 ok\r\n"),
        ("data", "DATA", "354 go on\r\n"),
    ] {
        if mute(here) {
            return conn.drain();
        }
        conn.answer(verb, reply)?;
    }
    conn.drain()
}

/// Every case hangs at its stage; what the clients said has been heard that far.
fn hanging(dir: &Dir) -> Vec<Peer> {
    let mut text =
        "suite: x\ndefaults: { ehlo: app.test, mail_from: a@x.test, rcpt_to: b@y.test }\nscenarios:\n"
            .to_owned();
    let mut peers = Vec::new();
    for (stage, keys, _) in STAGES {
        let peer = Peer::play(move |conn| mute_at(conn, stage));
        let keys = if keys.is_empty() { String::new() } else { format!(", {keys}") };
        text += &format!("  - {{ name: {stage}, target: '{}'{keys} }}\n", peer.address());
        peers.push(peer);
    }
    dir.write("s.yaml", text);
    peers
}

/// Waits until nothing new has been said for a while.
fn wait_until_all_hang(peers: &[Peer]) {
    let heard = || peers.iter().map(|peer| (peer.connections(), peer.heard())).collect::<Vec<_>>();
    let start = Instant::now();
    let mut before = heard();
    loop {
        std::thread::sleep(Duration::from_millis(150));
        let now = heard();
        if now == before && now.iter().all(|(connections, _)| *connections == 1) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the cases are not played");
        before = now;
    }
}

#[test]
fn a_signal_at_any_stage_leaves_with_quit_within_two_seconds() {
    let both = [("INT", 130), ("TERM", 143)].map(|(signal, status)| {
        let dir = Dir::new();
        let peers = hanging(&dir);
        let reports = ["run", "s.yaml", "-j", "20", "--report", "json=r.json"];
        (signal, status, Program::new(dir.path(), reports).start(), peers, dir)
    });
    both.iter().for_each(|(_, _, _, peers, _)| wait_until_all_hang(peers));
    for (signal, _, running, _, _) in &both {
        running.signal(signal);
    }
    let sent = Instant::now();
    std::thread::sleep(Duration::from_secs(2));
    for (signal, status, running, peers, dir) in both {
        for (peer, (stage, _, last)) in peers.iter().zip(STAGES) {
            let heard = peer.heard();
            assert!(heard.ends_with(last), "{signal} at {stage}: {heard:?}");
            let quits = heard.matches("QUIT").count();
            assert_eq!(quits, usize::from(last.ends_with("QUIT\r\n")), "{signal} at {stage}: {heard:?}");
        }
        running.end().status(status).says("interrupted");
        assert!(sent.elapsed() < Duration::from_secs(4), "{:?}", sent.elapsed());
        let report: serde_json::Value = serde_json::from_str(&dir.read("r.json")).expect("a report");
        assert_eq!(report["run"]["interrupted"], true);
        for case in report["cases"].as_array().expect("cases") {
            let why = &case["skipped_because"];
            assert_eq!(
                (&case["outcome"], why),
                (&"skipped".into(), &"interrupted while it was played".into())
            );
        }
    }
}

#[test]
fn a_message_that_is_being_written_is_left_without_its_end() {
    // It reads no message at all, so that writing it never ends.
    let deaf = Peer::play(|conn| {
        conn.hello(&[])?;
        conn.answer("MAIL", "250 ok\r\n")?;
        conn.answer("RCPT", "250 ok\r\n")?;
        conn.answer("DATA", "354 go on\r\n")?;
        conn.wait(Duration::from_millis(2500));
        conn.drain()
    });
    let dir = Dir::new();
    dir.write("m.eml", format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(1_000_000)));
    let case = "scenarios: [{ name: a, target: 'AT', mail_from: a@x.test, rcpt_to: b@y.test, message: { file: m.eml } }]";
    dir.write("s.yaml", case.replace("AT", &deaf.address()));
    let running = Program::new(dir.path(), ["run", "s.yaml"]).start();
    let start = Instant::now();
    while !deaf.heard().contains("DATA") {
        assert!(start.elapsed() < Duration::from_secs(10), "the case is not played");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(100));
    running.signal("INT");
    running.end().status(130).says("interrupted");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    std::thread::sleep(Duration::from_millis(1200));
    let heard = deaf.heard();
    assert!(
        heard.ends_with(|c: char| c.is_ascii_digit() || c == '\r' || c == '\n'),
        "{:?}",
        &heard[heard.len() - 20..]
    );
    assert!(!heard.contains("\r\n.\r\n") && !heard.contains("QUIT"));
}

#[test]
fn a_second_signal_ends_at_once_at_any_stage() {
    let dir = Dir::new();
    let peers = hanging(&dir);
    let running = Program::new(dir.path(), ["run", "s.yaml", "-j", "20", "--report", "json=r.json"]).start();
    wait_until_all_hang(&peers);
    let sent = Instant::now();
    running.signal("TERM");
    std::thread::sleep(Duration::from_millis(100));
    running.signal("INT");
    running.end().status(143).says("interrupted");
    assert!(sent.elapsed() < Duration::from_millis(900), "{:?}", sent.elapsed());
    assert!(dir.read("r.json").contains("\"interrupted\":true"));
    assert!(peers.iter().all(|peer| !peer.heard().contains("QUIT")));
}

#[test]
fn a_probe_that_is_interrupted_says_quit() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let (dir, mute) = (Dir::new(), Peer::play(|conn| mute_at(conn, "mail_from")));
        let flags = ["probe", &mute.address(), "--from", "a@x.test", "--to", "b@y.test"];
        let running = Program::new(dir.path(), flags).start();
        wait_until_all_hang(std::slice::from_ref(&mute));
        running.signal(signal);
        let sent = Instant::now();
        running.end().status(status).says("interrupted");
        assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
        assert!(mute.heard().ends_with("QUIT\r\n"), "{}", mute.heard());
    }
}
