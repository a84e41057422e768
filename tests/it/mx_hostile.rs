//! A name server that means harm, or is merely broken: octets by hand, no code in
//! common with the program. Each ends within its deadline plus a second and under 64
//! MiB resident (hostile.md, section 3).

use std::io;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use crate::support::{Asked, Conn, Dir, NameServer, Peer, Program, dns};

/// The most memory that may be resident, in KiB.
const MEMORY: u64 = 64 * 1024;

/// What a question may take in these tests.
const TIMEOUT: Duration = Duration::from_millis(800);

fn take_all(conn: &mut Conn) -> io::Result<()> {
    conn.say("220 peer.test ESMTP\r\n")?;
    loop {
        let line = conn.line()?;
        conn.say(if line.starts_with("QUIT") { "221 bye\r\n" } else { "250 2.1.0 ok\r\n" })?;
    }
}

/// The messages that answer a question.
type Script = dyn Fn(&Asked<'_>) -> Vec<Vec<u8>> + Send + Sync;

/// One way to answer questions, and how a session ends with it.
struct Row {
    name: &'static str,
    script: Box<Script>,
    /// `250`, or the event.
    ends: &'static str,
    /// Other keys of the target.
    keys: &'static str,
}

fn row(
    name: &'static str,
    ends: &'static str,
    script: impl Fn(&Asked<'_>) -> Vec<Vec<u8>> + Send + Sync + 'static,
) -> Row {
    Row { name, script: Box::new(script), ends, keys: "" }
}

/// What a sound server says: mx.test takes the mail of contoso.test, and is this host.
fn sound(asked: &Asked<'_>) -> Vec<u8> {
    match (&*asked.name, asked.kind) {
        ("contoso.test", dns::MX) => dns::answer(asked, 0, &[dns::mx("contoso.test", 10, "mx.test")]),
        ("mx.test", dns::A) => dns::answer(asked, 0, &[dns::a("mx.test", [127, 0, 0, 1])]),
        _ => dns::answer(asked, 3, &[]),
    }
}

/// Another answer to the question about the domain alone.
fn about_the_domain(asked: &Asked<'_>, answer: impl Fn(&Asked<'_>) -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if asked.name == "contoso.test" { answer(asked) } else { vec![sound(asked)] }
}

fn with_id(mut octets: Vec<u8>, change: u8) -> Vec<u8> {
    octets[1] ^= change;
    octets
}

fn rows() -> Vec<Row> {
    let mut rows = vec![
        row("sound", "250", |asked| vec![sound(asked)]),
        row("silence", "dns_failure timeout", |_| Vec::new()),
        row("silence at first", "250", |asked| if asked.nth == 0 { Vec::new() } else { vec![sound(asked)] }),
        row("another id", "dns_failure timeout", |asked| vec![with_id(sound(asked), 1)]),
        row("a flood of other ids, then the answer", "250", |asked| {
            let forged = (1..=255).map(|change| with_id(dns::answer(asked, 3, &[]), change));
            forged.chain([sound(asked)]).collect()
        }),
        row("another question", "dns_failure timeout", |asked| {
            let mut answer = sound(asked);
            answer[13] ^= 1;
            vec![answer]
        }),
        row("the question itself", "dns_failure timeout", |asked| vec![asked.octets.to_vec()]),
        row("SERVFAIL", "dns_failure server_failure", |asked| vec![dns::answer(asked, 2, &[])]),
        row("REFUSED", "dns_failure refused", |asked| vec![dns::answer(asked, 5, &[])]),
        row("REFUSED, the question left out", "dns_failure refused", |asked| {
            let mut answer = dns::answer(asked, 5, &[]);
            answer.truncate(12);
            answer[4..6].fill(0);
            vec![answer]
        }),
        row("FORMERR", "dns_failure other", |asked| vec![dns::answer(asked, 1, &[])]),
        row("NXDOMAIN", "dns_failure not_found", |asked| vec![dns::answer(asked, 3, &[])]),
        row("cut short, then whole by TCP", "250", |asked| {
            vec![if asked.tcp { sound(asked) } else { dns::cut_short(asked) }]
        }),
        row("cut short by TCP too", "dns_failure malformed", |asked| vec![dns::cut_short(asked)]),
        row("cut short, then silence", "dns_failure malformed", |asked| {
            if asked.tcp { Vec::new() } else { vec![dns::cut_short(asked)] }
        }),
        row("cut short, then another id", "dns_failure malformed", |asked| {
            vec![if asked.tcp { with_id(sound(asked), 1) } else { dns::cut_short(asked) }]
        }),
        row("aliases in a circle", "dns_failure cname_loop", |asked| {
            about_the_domain(asked, |asked| {
                let circle = [dns::cname("contoso.test", "b.test"), dns::cname("b.test", "contoso.test")];
                vec![dns::answer(asked, 0, &circle)]
            })
        }),
        row("an alias of itself", "dns_failure cname_loop", |asked| {
            vec![dns::answer(asked, 0, &[dns::cname(&asked.name, &asked.name)])]
        }),
        row("aliases without end, one an answer", "dns_failure cname_loop", |asked| {
            vec![dns::answer(asked, 0, &[dns::cname(&asked.name, &format!("a.{}", asked.name))])]
        }),
        row("an alias, its end told when asked", "250", |asked| match &*asked.name {
            "contoso.test" => vec![dns::answer(asked, 0, &[dns::cname("contoso.test", "b.test")])],
            "b.test" => vec![dns::answer(asked, 0, &[dns::mx("b.test", 10, "mx.test")])],
            _ => vec![sound(asked)],
        }),
        row("an MX host that is an alias", "dns_failure mx_is_cname", |asked| match &*asked.name {
            "mx.test" => {
                let records = [dns::cname("mx.test", "b.test"), dns::a("b.test", [127, 0, 0, 1])];
                vec![dns::answer(asked, 0, &records)]
            }
            _ => vec![sound(asked)],
        }),
        row("as many addresses as fit", "250", |asked| match (&*asked.name, asked.tcp) {
            ("mx.test", false) => vec![dns::cut_short(asked)],
            ("mx.test", true) => {
                // 2,600 of 10,000: an answer has 64 KiB, and the length of no more.
                let addresses = (0..2_600).map(|n| dns::a("mx.test", [127, 1, (n >> 8) as u8, n as u8]));
                let all: Vec<_> = addresses.chain([dns::a("mx.test", [127, 0, 0, 1])]).collect();
                vec![dns::answer(asked, 0, &all)]
            }
            _ => vec![sound(asked)],
        }),
        row("addresses of somebody else", "dns_failure mx_no_address", |asked| match &*asked.name {
            "mx.test" => vec![dns::answer(asked, 0, &[dns::a("other.test", [127, 0, 0, 1])])],
            _ => vec![sound(asked)],
        }),
        row("a record cut off", "dns_failure malformed", |asked| {
            let mut answer = sound(asked);
            answer.truncate(answer.len() - 3);
            vec![answer]
        }),
        row("more records promised than come", "dns_failure malformed", |asked| {
            let mut answer = sound(asked);
            answer[6..12].fill(0xFF);
            vec![answer]
        }),
        row("garbage with the right id", "dns_failure malformed", |asked| {
            vec![[&asked.octets[..2], &[0x80], &[0xC0; 497]].concat()]
        }),
        row("garbage, then the answer", "250", |asked| {
            vec![vec![0xFF; 700], Vec::new(), vec![0], sound(asked)]
        }),
        row("an MX host with a space in its name", "dns_failure malformed", |asked| {
            about_the_domain(asked, |asked| {
                vec![dns::answer(asked, 0, &[dns::mx("contoso.test", 1, "a b.test")])]
            })
        }),
        row("an MX host that steers terminals", "dns_failure malformed", |asked| {
            let host = "\u{1b}]52;c;x\u{7}.test";
            about_the_domain(asked, |asked| vec![dns::answer(asked, 0, &[dns::mx("contoso.test", 1, host)])])
        }),
        row("an MX host that is an address", "dns_failure mx_is_address", |asked| {
            about_the_domain(asked, |asked| {
                vec![dns::answer(asked, 0, &[dns::mx("contoso.test", 1, "127.0.0.1")])]
            })
        }),
    ];
    let many = |asked: &Asked<'_>| {
        about_the_domain(asked, |asked| {
            let hosts: Vec<_> =
                (0..1_000).map(|n| dns::mx("contoso.test", 1, &format!("h{n}.test"))).collect();
            vec![if asked.tcp { dns::answer(asked, 0, &hosts) } else { dns::cut_short(asked) }]
        })
    };
    rows.push(Row { keys: ", hosts: each", ..row("a thousand hosts", "dns_failure too_many_hosts", many) });
    rows
}

#[test]
fn no_name_server_hurts_and_each_is_told() {
    let (dir, host) = (Dir::new(), Peer::play(take_all));
    let mut running = Vec::new();
    for (nth, Row { name, script, ends, keys }) in rows().into_iter().enumerate() {
        let server = NameServer::play(script);
        let folder = format!("r{nth}");
        let project = format!(
            "dns: {{ server: '{}', timeout: {}ms }}\ntargets: {{ a: {{ mx: contoso.test, port: {}{keys} }} }}\n",
            server.address(),
            TIMEOUT.as_millis(),
            host.port()
        );
        dir.write(&format!("{folder}/relayprobe.yaml"), project);
        let scenario = format!(
            "suite: x\nscenarios:\n  - {{ name: x, target: a, mail_from: a@x.test, stop_after: mail_from, expect: {ends} }}\n"
        );
        dir.write(&format!("{folder}/x.yaml"), scenario);
        let ran = Program::new(&dir.join(&folder), ["run", "x.yaml", "-vv"]).start();
        running.push((name, server, ran));
    }
    for (name, server, ran) in running {
        let ran = ran.end();
        assert_eq!(ran.status, 0, "{name}\n{}{}", ran.stdout, ran.stderr);
        assert!(!ran.stdout.contains('\u{1b}'), "{name}: {:?}", ran.stdout);
        assert!(ran.peak_kib < MEMORY, "{name}: {} KiB", ran.peak_kib);
        assert!(server.asked() < 40, "{name}: {} questions", server.asked());
    }
}

#[test]
fn a_silent_name_server_costs_its_time_out_and_no_more() {
    let server = NameServer::play(|_| Vec::new());
    let dir = Dir::new();
    let project = format!(
        "dns: {{ server: '{}', timeout: {}ms }}\ntargets: {{ a: {{ mx: contoso.test }} }}\n",
        server.address(),
        TIMEOUT.as_millis()
    );
    dir.write("relayprobe.yaml", project);
    dir.write("x.yaml", "suite: x\nscenarios:\n  - { name: x, target: a, expect: dns_failure timeout }\n");
    let ran = Program::new(dir.path(), ["run", "x.yaml"]).run();
    ran.status(0);
    assert!(ran.elapsed < TIMEOUT + Duration::from_secs(1), "{:?}", ran.elapsed);
    assert_eq!(server.asked(), 2, "a datagram may get lost, so it is asked twice");
    // The time for the connection bounds it as well.
    let scenario = "suite: x\nscenarios:\n  - { name: x, target: a, timeout: { connect: 100ms }, expect: dns_failure timeout }\n";
    dir.write("x.yaml", scenario);
    let ran = Program::new(dir.path(), ["run", "x.yaml"]).run();
    ran.status(0);
    assert!(ran.elapsed < Duration::from_millis(700), "{:?}", ran.elapsed);
}

#[test]
fn a_name_server_that_is_not_there_is_told() {
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let began = Instant::now();
    let dir = Dir::new();
    let server = free.to_string();
    let flags = ["probe", "mx:contoso.test", "--dns", &server, "--expect", "dns_failure unreachable"];
    Program::new(dir.path(), flags).run().status(0);
    assert!(began.elapsed() < Duration::from_secs(2));
}
