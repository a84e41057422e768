//! Sessions of mixed faults, many of them: neither the client nor the simulator is larger
//! or holds more descriptors at the end than it did at the beginning. `make soak` plays
//! 100,000; `make test` some.

use std::io;
use std::time::Duration;

use crate::support::{Conn, Dir, Peer, Pki, Program, Running};

const TENANTS: &str = "\
tenants:
  - name: Contoso
    AcceptedDomain: [{ DomainName: contoso.com, DomainType: Authoritative }]
    lab: { recipients: [info@contoso.com] }
";

/// What goes on at the simulator, and what comes of it: the name, further keys.
const AT_THE_SIMULATOR: [(&str, &str); 10] = [
    ("a message", "expect: 250 2.6.0"),
    ("a message under TLS 1.3", "tls: { mode: starttls, ca: simulator.pem }\n    expect: 250 2.6.0"),
    (
        "a message under TLS 1.0",
        "tls: { mode: starttls, version: TLSv1.0, ca: simulator.pem }\n    expect: 250 2.6.0",
    ),
    ("no such recipient", "rcpt_to: nobody@contoso.com\n    expect: 550 5.4.1"),
    ("a server that is not trusted", "tls: { mode: starttls, ca: ca.pem }\n    expect: tls_untrusted"),
    (
        "no cipher in common",
        "tls: { mode: starttls, ciphers: AES128-SHA, ca: simulator.pem }\n    expect: tls_refused",
    ),
    (
        "reset in the message",
        "steps: [ehlo, mail_from, rcpt_to, data: none, { raw: 'x\\r\\n', replies: 0 }, close: reset]",
    ),
    (
        "gone under TLS without a word",
        "tls: { mode: starttls, ca: simulator.pem }\n    steps: [ehlo, starttls, ehlo, mail_from, close: abrupt]",
    ),
    (
        "nonsense",
        "steps: [ehlo, { raw: 'x\\0\\xff\\r\\n', expect: 500 }, { raw: 'MAIL FROM:<\\r\\n', expect: 501 }, quit]",
    ),
    ("gone in mid-command", "steps: [ehlo, { raw: 'MAIL FR', replies: 0 }, close: abrupt]"),
];

type Script = fn(&mut Conn) -> io::Result<()>;

/// Hostile servers, and what they come to.
const HOSTILE: [(&str, &str, Script); 8] = [
    ("gone at once", "closed", |_| Ok(())),
    ("a reset", "closed", |conn| {
        conn.reset_when_over()?;
        conn.say("220 peer.test\r\n")?;
        conn.line().map(drop)
    }),
    ("every reply at once", "desync", |conn| {
        conn.say("220 peer.test\r\n250 ok\r\n250 ok\r\n250 ok\r\n")?;
        conn.drain()
    }),
    ("a line without an end", "limit", |conn| conn.repeat(&[b'x'; 4096], Duration::ZERO)),
    ("a line feed alone", "protocol_error", |conn| {
        conn.say("220 peer.test\n")?;
        conn.drain()
    }),
    ("silence", "timeout", |conn| conn.drain()),
    ("clear text in place of the handshake", "protocol_error", |conn| {
        conn.hello(&["STARTTLS"])?;
        conn.answer("STARTTLS", "220 go\r\n")?;
        conn.byte()?;
        conn.say("250 what handshake\r\n")?;
        conn.drain()
    }),
    ("gone in the handshake", "closed", |conn| {
        conn.hello(&["STARTTLS"])?;
        conn.answer("STARTTLS", "220 go\r\n")?;
        conn.byte().map(drop)
    }),
];

/// How large a process is, in KiB, and how many descriptors it has.
type Size = (u64, usize);

fn size(running: &Running) -> Size {
    (running.resident_kib(), running.descriptors())
}

/// The largest of what was seen.
fn most(sizes: &[Size]) -> Size {
    sizes.iter().fold((0, 0), |most, size| (most.0.max(size.0), most.1.max(size.1)))
}

#[test]
fn sessions_of_mixed_faults_leave_nothing_behind() {
    let sessions: usize = std::env::var("SOAK").map_or(900, |number| number.parse().expect("a number"));
    let times = sessions / (AT_THE_SIMULATOR.len() + HOSTILE.len());
    let dir = Dir::new();
    Pki::shared().write(&dir);
    dir.write("tenants.yaml", TENANTS);
    let arguments = ["simulate", "tenants.yaml", "--as-of", "2026-11-01", "--ca-out", "simulator.pem"];
    let simulator = Program::new(dir.path(), arguments).within(Duration::from_secs(3_000)).start();
    let mx = simulator.line().split_once(' ').expect("`mx 127.0.0.1:40025`").1.to_owned();

    let mut project = format!("targets:\n  mx: {{ address: '{mx}', max_connections: 20 }}\n");
    let mut scenarios = format!(
        "suite: soak\ndefaults:\n  ehlo: client.test\n  mail_from: a@client.test\n  rcpt_to: info@contoso.com\n  repeat: {{ times: {times}, parallel: 4 }}\n  timeout: {{ connect: 20s, tls: 20s, reply: 20s, session: 60s }}\nscenarios:\n"
    );
    for (name, keys) in AT_THE_SIMULATOR {
        scenarios += &format!("  - name: {name}\n    target: mx\n    {keys}\n");
    }
    let mut peers = Vec::new();
    for (n, (name, end, script)) in HOSTILE.into_iter().enumerate() {
        let peer = Peer::play(script);
        project += &format!("  hostile{n}: {{ address: '{}', max_connections: 8 }}\n", peer.address());
        let reply = if end == "timeout" { "20ms" } else { "20s" };
        let tls = if name.contains("handshake") { "starttls" } else { "none" };
        scenarios += &format!(
            "  - name: {name}\n    target: hostile{n}\n    tls: {tls}\n    timeout: {{ reply: {reply} }}\n    expect: {end}\n"
        );
        peers.push(peer);
    }
    dir.write("relayprobe.yaml", project);
    dir.write("case.yaml", scenarios);
    let arguments = ["run", "case.yaml", "--deliver", "-j", "100", "--report", "json=report.json"];
    let mut client = Program::new(dir.path(), arguments).within(Duration::from_secs(3_000)).start();
    let (mut at_client, mut at_simulator) = (Vec::new(), Vec::new());
    while !client.is_over() {
        // Both are there unless the client ends at this very moment.
        if let Some(now) = client.size() {
            at_client.push(now);
            at_simulator.push(size(&simulator));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let ran = client.end();
    ran.status(0).says("18 passed");
    assert_eq!(peers.iter().map(Peer::connections).sum::<usize>(), times * HOSTILE.len());
    for (who, sizes) in [("the client", at_client), ("the simulator", at_simulator)] {
        let third = sizes.len() / 3;
        assert!(third > 3, "it ran for long enough to be looked at: {}", sizes.len());
        let (early, late) = (most(&sizes[..third]), most(&sizes[2 * third..]));
        println!(
            "{who}: {} KiB and {} descriptors at the most in the first third of {} sessions, {} KiB and {} in the last",
            early.0,
            early.1,
            times * 18,
            late.0,
            late.1
        );
        assert!(late.0 < early.0 + 4 * 1024, "{who} grows: {early:?}, {late:?}");
        assert!(late.1 <= early.1 + 8, "{who} keeps descriptors: {early:?}, {late:?}");
    }
    simulator.signal("TERM");
    simulator.end().status(0);
}
