//! The schema of project files.

use serde_json::{Value, json};

use super::form::{
    any, anything, certificate, duration, file, flag, like, map, named, number, one_or_many, part, requiring,
    secret, text, words,
};
use crate::exchange::{Cloud, Endpoint};
use crate::smtp::Stage;

/// The schema.
pub(super) fn schema() -> Value {
    let clouds = || words(&Cloud::ALL.map(Cloud::as_str));
    let simulator = map(&[
        ("tenants", "the tenants file, or a folder of exports; required", text()),
        (
            "as_of",
            "the day whose rules apply. Pinned, so that a run repeats; a target may name its own",
            like(text(), json!(["2026-11-01"])),
        ),
        (
            "cloud",
            "`worldwide` (where absent), `21vianet` (China) or `government` (US): which endpoints there are, under which names, and until when they take old TLS. A target may name its own",
            clouds(),
        ),
        ("client_ca", "PEM file; client certificates that chain to it count as publicly trusted", text()),
    ]);
    let faults = map(&[
        (
            "busy",
            "so many of the recipients get `451 4.7.500 Server busy` at RCPT TO; MX endpoint only",
            like(text(), json!(["20%"])),
        ),
        (
            "legacy_tls",
            "so many of the log-ins over TLS 1.0 and 1.1 get `421 4.7.66`, as from September 2021 until all of them did; submission endpoint, rules of that time only",
            like(text(), json!(["5%"])),
        ),
        (
            "tarpit",
            "every refusal is held back for so long; the service takes about five seconds",
            duration(),
        ),
        (
            "seed",
            "another number draws other lots. The lot of a session is drawn from the seed, its address, sender (or user) and recipient, and how often they have come: the same run has the same faults, and a retry draws anew",
            number(0, u64::MAX),
        ),
    ]);
    let target = map(&[
        (
            "simulator",
            "an endpoint of the simulator; `hve` is High Volume Email",
            words(&Endpoint::ALL.map(Endpoint::as_str)),
        ),
        (
            "address",
            "a real server; an IPv6 address in brackets, or a socket of this host by its path",
            like(text(), json!(["relay.contoso.example:25", "unix:/run/dovecot/lmtp"])),
        ),
        (
            "mx",
            "the servers that take mail for a domain, by its MX records",
            like(text(), json!(["contoso.com"])),
        ),
        (
            "hosts",
            "of `mx`: the host that is tried `first` (where absent), or `each` of them; a case passes if it does at all",
            words(&["first", "each"]),
        ),
        ("port", "of `mx`: the port of all hosts; 25 where absent", number(1, 65_535)),
        (
            "family",
            "IPv4 or IPv6 alone. Where absent, the first address that the system gives or, with `mx` or `dns`, IPv4 where there is any",
            any(&[json!({ "enum": [4, 6] }), json!({ "enum": ["4", "6"] })]),
        ),
        ("as_of", "of the simulator: the day whose rules apply here", like(text(), json!(["2023-10-31"]))),
        ("cloud", "of the simulator: another cloud for this target", clouds()),
        (
            "max_connections",
            "connections at once; 4 where nothing is said, for real servers",
            number(1, 10_000),
        ),
        ("rate", "new connections in a time", like(text(), json!(["5/s", "30/m"]))),
        (
            "up_to",
            "the last stage that may be played there. Cases that expect something later are skipped with that reason",
            part("stage-name"),
        ),
        (
            "proxy",
            "open connections with a PROXY protocol header that announces `source_ip`. The simulator always gets one, so it is an error there",
            words(&["v1", "v2"]),
        ),
        (
            "protocol",
            "`smtp`, as where absent, or `lmtp` (RFC 2033): LHLO in place of EHLO, and after the message a reply for each recipient that was accepted",
            words(&["smtp", "lmtp"]),
        ),
        ("faults", "of the simulator: what goes wrong there on demand", part("faults")),
        (
            "listen",
            "of the simulator: where it listens, a port of loopback or an address with its port, so that a real server can be told. On any free port where absent",
            like(text(), json!(["127.0.0.1:2526"])),
        ),
        ("allow_remote", "`listen` may be an address that other hosts reach", flag()),
    ]);
    let deliveries = any(&[
        text(),
        map(&[
            ("at", "the simulator's target where it arrives", text()),
            (
                "within",
                "how long the server may take to pass it on (10s where absent, at most 1h)",
                duration(),
            ),
        ]),
    ]);
    let account = map(&[
        ("username", "who logs in", text()),
        ("password", "the password", secret()),
        ("token", "the bearer token, for XOAUTH2 and OAUTHBEARER", secret()),
        ("targets", "the only targets that its secret goes to", one_or_many(text())),
    ]);
    let source = any(&[json!({ "enum": ["here"] }), map(&[("bind", "the address to bind", text())])]);
    let root = map(&[
        ("simulator", "the embedded simulator of Exchange Online", requiring(simulator, &["tenants"])),
        ("targets", "the servers by their names", named(target)),
        (
            "certificates",
            "client certificates by their names. The chain is sent as the file has it: leaf first, then intermediates",
            named(certificate()),
        ),
        (
            "accounts",
            "log-ins by their names. Only what the selected cases use is read. Against the simulator the password comes from `lab.passwords` of the tenants file",
            named(account),
        ),
        (
            "sources",
            "what a `source_ip` is on this host: the address to bind, or `here` for not binding at all",
            like(named(source), json!([{ "203.0.113.10": { "bind": "10.1.2.3" } }])),
        ),
        (
            "deliveries",
            "by a real server's target: where what it passes on can be seen, the simulator's target or a map",
            named(deliveries),
        ),
        (
            "dns",
            "who is asked about the names of targets; the system where absent",
            map(&[
                (
                    "server",
                    "the name server, an address with its port if that is not 53; those of the system where absent",
                    like(text(), json!(["192.0.2.53", "127.0.0.1:5353"])),
                ),
                ("timeout", "how long a question may take (5s where absent, at most 60s)", duration()),
            ]),
        ),
        (
            "trust",
            "what servers' certificates are verified with",
            map(&[("ca", "PEM file; the system's roots where absent", text())]),
        ),
        ("vars", "variables of every scenario file", named(anything())),
    ]);
    let stages = words(&Stage::ALL.map(Stage::as_str));
    let parts = vec![("faults".to_owned(), faults), ("stage-name".to_owned(), stages)];
    file("relayprobe project file", root, parts)
}
