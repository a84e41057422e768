//! Targets by mail domain, against a name server that nobody here wrote.

use std::io;
use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use crate::support::{Conn, Dir, Peer, Pki, Played, Program, Unbound, play, play_with};

/// What the name server knows.
const ZONE: &str = "
contoso   60 IN MX 20 mx2
contoso   60 IN MX 10 mx1
mx1       60 IN A 127.0.0.1
mx2       60 IN A 127.0.0.2
equal     60 IN MX 10 mx2
equal     60 IN MX 10 mx1
secure    60 IN MX 10 mx
mx        60 IN A 127.0.0.1
both      60 IN MX 10 dual
dual      60 IN A 127.0.0.1
dual      60 IN AAAA ::1
six       60 IN MX 10 only6
only6     60 IN AAAA ::1
implicit  60 IN A 127.0.0.2
aliased   60 IN CNAME contoso
bare      60 IN TXT nothing-else
null      60 IN MX 0 .
mixed     60 IN MX 0 .
mixed     60 IN MX 10 mx1
tocname   60 IN MX 10 alias
alias     60 IN CNAME mx1
togone    60 IN MX 10 gone
tobare    60 IN MX 10 bare
toaddress 60 IN MX 10 127.0.0.1.
";

/// One zone has a key that nothing in it is signed with, another is for others.
const SETTINGS: &str = "
  trust-anchor: \"broken.test. DS 4711 8 2 \
     0000000000000000000000000000000000000000000000000000000000000000\"
  local-zone: \"private.test.\" refuse
";

/// Two mail hosts on one port, the second of which refuses every recipient if told so,
/// and a name server that leads to them.
struct Field {
    dir: Dir,
    hosts: [Peer; 2],
    dns: Unbound,
}

fn relay(conn: &mut Conn, refuses: bool) -> io::Result<()> {
    conn.say("220 peer.test ESMTP\r\n")?;
    loop {
        let line = conn.line()?.to_ascii_uppercase();
        match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => conn.say("250-peer.test\r\n250 STARTTLS\r\n")?,
            "STARTTLS" => {
                conn.say("220 go\r\n")?;
                conn.tls(&Pki::shared().acceptor())?;
            }
            "RCPT" if refuses => conn.say("550 5.7.1 not here\r\n")?,
            "DATA" => {
                conn.say("354 go\r\n")?;
                conn.message()?;
                conn.say("250 2.6.0 queued\r\n")?;
            }
            "QUIT" => return conn.say("221 2.0.0 bye\r\n"),
            _ => conn.say("250 2.1.0 ok\r\n")?,
        }
    }
}

impl Field {
    fn new(test: &str, second_refuses: bool) -> Option<Self> {
        let dns = Unbound::start(test, &[("test", ZONE), ("broken.test", "")], SETTINGS)?;
        let first = Peer::play(|conn| relay(conn, false));
        let at = |ip: &str| SocketAddr::new(ip.parse::<IpAddr>().expect("an address"), first.port());
        let second = Peer::play_at(at("127.0.0.2"), move |conn| relay(conn, second_refuses));
        Some(Self { dir: Dir::new(), hosts: [first, second], dns })
    }

    /// Writes the project: each target a name and its keys, `PORT` standing for the port
    /// of the hosts.
    fn targets(&self, targets: &[(&str, &str)]) {
        let mut text = format!("dns: {{ server: '{}', timeout: 3s }}\ntargets:\n", self.dns.address());
        for (name, keys) in targets {
            text += &format!("  {name}: {{ {} }}\n", keys.replace("PORT", &self.port()));
        }
        self.dir.write("relayprobe.yaml", text);
    }

    fn port(&self) -> String {
        self.hosts[0].port().to_string()
    }

    fn visits(&self) -> [usize; 2] {
        [self.hosts[0].connections(), self.hosts[1].connections()]
    }

    /// Plays one scenario a target, each ending at RCPT TO; the keys stand behind its name.
    fn play(&self, scenarios: &[&str]) -> Played {
        play(&self.dir, &file(scenarios))
    }
}

fn file(scenarios: &[&str]) -> String {
    let head = "defaults: { mail_from: a@x.test, rcpt_to: b@x.test, stop_after: rcpt_to }\nscenarios:\n";
    let scenarios = scenarios.iter().map(|scenario| format!("  - {{ {scenario} }}\n"));
    std::iter::once(format!("suite: mx\n{head}")).chain(scenarios).collect()
}

fn texts<'v>(list: &'v Value, member: &str) -> Vec<&'v str> {
    list.as_array().expect("a list").iter().map(|item| item[member].as_str().unwrap_or("-")).collect()
}

#[test]
fn the_host_of_the_lowest_preference_is_played_against() {
    let Some(field) = Field::new("the_host_of_the_lowest_preference_is_played_against", false) else {
        return;
    };
    field.targets(&[
        ("contoso", "mx: contoso.test, port: PORT"),
        ("equal", "mx: equal.test, port: PORT"),
        ("aliased", "mx: aliased.test, port: PORT"),
        ("implicit", "mx: implicit.test, port: PORT"),
    ]);
    let played = field.play(&[
        "name: contoso, target: contoso, expect: 250",
        "name: equal, target: equal, expect: 250",
        "name: aliased, target: aliased, expect: 250",
        "name: implicit, target: implicit, expect: 250",
    ]);
    played.status(0);
    assert_eq!(field.visits(), [3, 1]);
    let port = field.port();
    for (name, host, preference, address) in [
        ("contoso", "mx1.test", Some(10), "127.0.0.1"),
        ("equal", "mx1.test", Some(10), "127.0.0.1"),
        ("aliased", "mx1.test", Some(10), "127.0.0.1"),
        ("implicit", "implicit.test", None, "127.0.0.2"),
    ] {
        let case = played.case(name);
        assert_eq!(case["target"]["address"], format!("{host}:{port}"), "{name}");
        let hosts = case["hosts"].as_array().expect("a list");
        assert_eq!(hosts.len(), 1, "{name}");
        assert_eq!(hosts[0]["host"], host, "{name}");
        assert_eq!(hosts[0]["preference"], preference.map_or(Value::Null, Value::from), "{name}");
        assert_eq!(hosts[0]["address"], format!("{address}:{port}"), "{name}");
    }
    let notes = texts(&played.case("contoso")["transcript"], "line");
    assert_eq!(notes[0], "mx1.test (10) is MX host 1 of 2 of contoso.test");
}

#[test]
fn a_case_passes_if_it_passes_at_each_host() {
    let Some(field) = Field::new("a_case_passes_if_it_passes_at_each_host", true) else { return };
    field.targets(&[("each", "mx: contoso.test, hosts: each, port: PORT")]);
    let played = field.play(&[
        "name: refused by one, target: each, expect: 250",
        "name: accepted by one, target: each, expect: 550 5.7.1",
        "name: up to MAIL, target: each, stop_after: mail_from, expect: 250",
        "name: many, target: each, repeat: { times: 3, parallel: 2 }, stop_after: mail_from",
    ]);
    played.status(1);
    assert_eq!(field.visits(), [6, 6]);
    let port = field.port();
    let refused = played.case("refused by one");
    assert_eq!(played.end("refused by one"), "failed rcpt_to 550 5.7.1 not here");
    assert_eq!(refused["target"]["address"], format!("mx2.test:{port}"));
    assert_eq!(texts(&refused["hosts"], "host"), ["mx1.test", "mx2.test"]);
    assert_eq!(texts(&refused["hosts"], "outcome"), ["passed", "failed"]);
    assert_eq!(texts(&refused["failures"], "actual"), ["550 5.7.1 not here; mx2.test"]);
    let accepted = played.case("accepted by one");
    assert_eq!(accepted["outcome"], "failed");
    assert_eq!(accepted["target"]["address"], format!("mx1.test:{port}"));
    assert_eq!(texts(&accepted["hosts"], "outcome"), ["failed", "passed"]);
    assert_eq!(played.case("up to MAIL")["outcome"], "passed");
    assert_eq!(played.case("many")["outcome"], "passed");
    assert_eq!(played.case("many")["repeat"]["played"], 3);
    played.ran.says("hosts     mx1.test (10)").says("passed, 250 2.1.0 at rcpt_to").says("mx2.test (20)");
    // Every format tells a result with several hosts.
    for format in ["html", "markdown", "junit", "tap", "csv", "ndjson", "github"] {
        let out = Program::new(field.dir.path(), ["report", "--format", format, "report.json"]).run();
        out.status(0).says("mx2.test");
    }
}

#[test]
fn a_host_that_is_not_there_does_not_hide_one_that_refuses() {
    let Some(field) = Field::new("a_host_that_is_not_there_does_not_hide_one_that_refuses", true) else {
        return;
    };
    let Field { dir, hosts: [first, second], dns } = field;
    let port = first.port();
    drop(first);
    let project = format!(
        "dns: {{ server: '{}' }}\ntargets: {{ each: {{ mx: contoso.test, hosts: each, port: {port} }} }}\n",
        dns.address()
    );
    dir.write("relayprobe.yaml", project);
    let played = play(
        &dir,
        &file(&["name: both wrong, target: each, expect: 250", "name: one away, target: each, expect: 550"]),
    );
    // What was answered weighs more in one case; the other one is an error.
    played.status(3);
    assert_eq!(played.end("both wrong"), "failed rcpt_to 550 5.7.1 not here");
    assert_eq!(texts(&played.case("both wrong")["hosts"], "outcome"), ["error", "failed"]);
    assert_eq!(played.end("one away"), "error connect refused connection_refused");
    assert_eq!(second.connections(), 2);
}

#[test]
fn failures_of_the_dns_are_told_apart() {
    let Some(field) = Field::new("failures_of_the_dns_are_told_apart", false) else { return };
    let domains = [
        ("nowhere", "mx: nowhere.test", "not_found"),
        ("bare", "mx: bare.test", "no_address"),
        ("taking none", "mx: 'null.test'", "null_mx"),
        ("mixed", "mx: mixed.test", "malformed"),
        ("tocname", "mx: tocname.test", "mx_is_cname"),
        ("togone", "mx: togone.test", "mx_no_address"),
        ("tobare", "mx: tobare.test", "mx_no_address"),
        ("toaddress", "mx: toaddress.test", "mx_is_address"),
        ("six", "mx: six.test, family: 4", "mx_no_address"),
        ("broken", "mx: www.broken.test", "server_failure"),
        ("private", "mx: private.test", "refused"),
        ("host", "address: 'nowhere.test:PORT'", "not_found"),
        ("nothing", "address: 'bare.test:PORT'", "no_address"),
        ("other", "address: 'mx1.test:PORT', family: 6", "no_address"),
        ("bound", "address: 'only6.test:PORT'", "no_address"),
    ];
    let targets: Vec<_> = domains.iter().map(|(name, keys, _)| (*name, *keys)).collect();
    field.targets(&targets);
    let scenarios: Vec<String> = domains
        .iter()
        .map(|(name, _, reason)| {
            let bound = if *name == "bound" { ", source_ip: 127.0.0.1" } else { "" };
            format!("name: {name}, target: '{name}', expect: dns_failure {reason}{bound}")
        })
        .collect();
    let played = field.play(&scenarios.iter().map(String::as_str).collect::<Vec<_>>());
    played.status(0);
    assert_eq!(field.visits(), [0, 0]);
    assert_eq!(played.case("nowhere")["target"]["address"], "mx:nowhere.test");
    let words = |name: &str| texts(&played.case(name)["transcript"], "line").join("|");
    assert!(
        words("tocname")
            .contains("alias.test, which an MX record of tocname.test names, is an alias of mx1.test"),
        "{}",
        words("tocname")
    );
    assert!(words("bare").contains("bare.test has no address, and no MX record"), "{}", words("bare"));
    // Unexpected, they are no failure of the server: it was not reached.
    let played = field.play(&["name: nobody, target: taking none, expect: 250"]);
    played.status(3);
    played.ran.says("the domain says that it takes no mail");
}

#[test]
fn a_family_of_addresses_can_be_asked_for() {
    let Some(field) = Field::new("a_family_of_addresses_can_be_asked_for", false) else { return };
    let at = SocketAddr::new("::1".parse().expect("an address"), field.hosts[0].port());
    let sixth = Peer::play_at(at, |conn| relay(conn, false));
    field.targets(&[
        ("any", "mx: both.test, port: PORT"),
        ("four", "mx: both.test, family: 4, port: PORT"),
        ("six", "mx: both.test, family: 6, port: PORT"),
        ("host6", "address: 'dual.test:PORT', family: 6"),
        ("only6", "mx: six.test, port: PORT"),
    ]);
    let names = ["any", "four", "six", "host6", "only6"];
    let scenarios = names.map(|name| format!("name: {name}, target: {name}, expect: 250"));
    let played = field.play(&scenarios.each_ref().map(String::as_str));
    played.status(0);
    assert_eq!(field.visits(), [2, 0]);
    assert_eq!(sixth.connections(), 3);
    // The system's library may be asked for a family as well.
    let plain = format!("targets: {{ six: {{ address: 'localhost:{}', family: 6 }} }}\n", field.port());
    field.dir.write("relayprobe.yaml", plain);
    let played = field.play(&["name: six, target: six, expect: 250"]);
    if played.end("six").contains("no_address") {
        eprintln!("localhost has no IPv6 address here");
    } else {
        played.status(0);
        assert_eq!(sixth.connections(), 4);
    }
}

#[test]
fn the_name_that_is_verified_is_the_mx_hosts() {
    let Some(field) = Field::new("the_name_that_is_verified_is_the_mx_hosts", false) else { return };
    Pki::shared().write(&field.dir);
    let project = format!(
        "dns: {{ server: '{}' }}\ntrust: {{ ca: ca.pem }}\ntargets:\n  good: {{ mx: secure.test, port: {port} }}\n  \
         other: {{ mx: contoso.test, port: {port} }}\n",
        field.dns.address(),
        port = field.port()
    );
    field.dir.write("relayprobe.yaml", project);
    let played = field.play(&[
        "name: good, target: good, tls: starttls, expect: { tls: { verified: true } }",
        "name: other, target: other, tls: starttls, expect: tls_untrusted name_mismatch",
        "name: named, target: other, tls: { mode: starttls, sni: mx.test }, expect: { tls: { verified: true } }",
    ]);
    played.status(0);
}

#[test]
fn a_probe_finds_the_host_of_a_domain() {
    let Some(field) = Field::new("a_probe_finds_the_host_of_a_domain", false) else { return };
    let (dns, server) = (field.dns.address(), format!("mx:contoso.test:{}", field.port()));
    let probe = |server: &str, more: &[&str]| {
        let flags = ["probe", server, "--dns", &dns, "--from", "a@x.test", "--to", "b@x.test"];
        Program::new(field.dir.path(), flags.iter().chain(more)).run()
    };
    probe(&server, &[])
        .status(0)
        .says("mx1.test (10) is MX host 1 of 2 of contoso.test")
        .says("connected to 127.0.0.1:");
    assert_eq!(field.visits(), [1, 0]);
    probe("mx:null.test", &[]).status(3).says("dns_failure null_mx");
    probe("mx:null.test", &["--expect", "dns_failure null_mx"]).status(0);
    probe("mx:127.0.0.1", &[]).status(2).says("is an address, and a domain name is wanted");
    probe(&server, &["--family", "6"]).status(3).says("dns_failure mx_no_address");
    // Who resolves names is the project's to say, so the file that is saved does not.
    probe(&server, &["--save", "saved.yaml"]).status(2).says("--save");
    let from = ["--from", "a@x.test", "--to", "b@x.test", "--save", "saved.yaml", "--timeout", "1s"];
    Program::new(field.dir.path(), ["probe", &server].iter().chain(&from)).run();
    assert!(
        field.dir.read("saved.yaml").contains(&format!("target: {server}")),
        "{}",
        field.dir.read("saved.yaml")
    );
    field.targets(&[]);
    let project = field.dir.read("relayprobe.yaml").replace("targets:\n", "");
    field.dir.write("relayprobe.yaml", project);
    Program::new(field.dir.path(), ["run", "saved.yaml"]).run().status(0);
    assert_eq!(field.visits(), [2, 0]);
}

#[test]
fn domains_work_with_what_else_a_run_can_do() {
    let Some(field) = Field::new("domains_work_with_what_else_a_run_can_do", false) else { return };
    field.targets(&[
        ("each", "mx: contoso.test, hosts: each, port: PORT, rate: 50/s, max_connections: 1"),
        ("gone", "mx: nowhere.test"),
    ]);
    let scenarios = file(&[
        "name: later, target: gone, expect: 250, retry: { attempts: 2, delay: 10ms, when: dns_failure }",
        "name: in order, target: each, expect: { attempts: [250, 250] }",
        "name: pointed, target: gone, expect: 250",
    ]);
    let pointed = format!("gone=127.0.0.1:{}", field.port());
    let played = play_with(&field.dir, &scenarios, &["--filter", "*/later"]);
    played.status(3);
    assert_eq!(played.case("later")["attempts"], 2);
    let played = play_with(&field.dir, &scenarios, &["--filter", "*/in-order"]);
    played.status(0);
    assert_eq!(field.visits(), [2, 2]);
    play_with(&field.dir, &scenarios, &["--filter", "*/pointed", "--target", &pointed]).status(0);
    assert_eq!(field.visits(), [3, 2]);
    let listed = Program::new(field.dir.path(), ["check", "--list", "case.yaml"]).run();
    listed.status(0).says("each (each MX host)");
}

#[test]
fn a_target_that_is_wrongly_written_is_told() {
    let dir = Dir::new();
    dir.write("case.yaml", file(&["name: a, target: a"]));
    for (project, why) in [
        ("targets: { a: { mx: contoso.test, address: 'h:25' } }", "a target has `address` or `mx`, not both"),
        ("targets: { a: { mx: 192.0.2.1 } }", "is an address, and a domain name is wanted"),
        ("targets: { a: { mx: 'a b' } }", "is no domain name"),
        ("targets: { a: { mx: contoso.test, hosts: all } }", "unknown choice of hosts `all`"),
        ("targets: { a: { mx: contoso.test, port: 0 } }", "a whole number from 1 to 65535"),
        ("targets: { a: { address: 'h:25', hosts: each } }", "`hosts` belongs to `mx`"),
        ("targets: { a: { address: 'h:25', port: 25 } }", "the port of an `address` stands in it"),
        ("targets: { a: { address: '192.0.2.1:25', family: 6 } }", "an address of the other family"),
        ("targets: { a: { address: 'h:25', family: 5 } }", "unknown family `5`"),
        ("targets: { a: { mx: contoso.test, as_of: 2026-11-01 } }", "`as_of` is the simulator's"),
        ("dns: { server: dns.example }\ntargets: { a: { address: 'h:25' } }", "no address of a name server"),
        ("dns: { timeout: 0s }\ntargets: { a: { address: 'h:25' } }", "`timeout` is more than nothing"),
        ("dns: { timeout: 2m }\ntargets: { a: { address: 'h:25' } }", "at most 60s"),
        ("dns: { servers: 127.0.0.1 }\ntargets: { a: { address: 'h:25' } }", "did you mean `server`?"),
        (
            "simulator: { tenants: t.yaml, as_of: 2026-11-01 }\ntargets: { a: { simulator: mx, family: 4 } }",
            "`family` is for real servers",
        ),
        (
            "simulator: { tenants: t.yaml, as_of: 2026-11-01 }\ntargets: { a: { simulator: mx, mx: contoso.test } }",
            "a target has `simulator` or `mx`, not both",
        ),
    ] {
        dir.write("relayprobe.yaml", format!("{project}\n"));
        Program::new(dir.path(), ["check", "case.yaml"]).run().status(2).says(why);
    }
}
