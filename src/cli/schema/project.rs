//! The schema of project files.

use serde_json::{Value, json};

use super::form::{
    any, anything, certificate, duration, file, flag, map, named, number, one_or_many, requiring, secret,
    text, words,
};
use crate::exchange::{Cloud, Endpoint};
use crate::smtp::Stage;

/// The schema.
pub(super) fn schema() -> Value {
    let clouds = || words(&Cloud::ALL.map(Cloud::as_str));
    let simulator = map(&[
        ("tenants", "the tenants file, or a folder of exports", text()),
        ("as_of", "the day whose rules are followed: `2026-11-01`", text()),
        ("cloud", "the cloud whose service is simulated", clouds()),
        ("client_ca", "PEM file of what counts as a publicly trusted CA for client certificates", text()),
    ]);
    let faults = map(&[
        ("seed", "chooses which sessions the faults strike", number(0, u64::MAX)),
        ("legacy_tls", "how many sessions with old TLS are refused: `5%`", text()),
        ("busy", "how many sessions meet a busy server: `5%`", text()),
        ("tarpit", "how long the server waits before each reply", duration()),
    ]);
    let target = map(&[
        ("simulator", "the endpoint of the simulator", words(&Endpoint::ALL.map(Endpoint::as_str))),
        ("address", "a real server: `host:25`", text()),
        ("as_of", "the day whose rules the simulator follows here", text()),
        ("cloud", "the cloud whose service is simulated here", clouds()),
        ("max_connections", "the most sessions at once", number(1, 10_000)),
        ("rate", "the most new sessions: `5/s`, `100/m`", text()),
        ("up_to", "the last stage that is ever played here", words(&Stage::ALL.map(Stage::as_str))),
        ("proxy", "the PROXY header that a real server expects", words(&["v1", "v2"])),
        ("faults", "what goes wrong on demand at the simulator", faults),
        (
            "listen",
            "where the simulator listens for real servers: a port, or an address with its port",
            text(),
        ),
        ("allow_remote", "let other hosts in", flag()),
    ]);
    let deliveries = any(&[
        text(),
        map(&[
            ("at", "the simulator's target where it arrives", text()),
            ("within", "how long the server may take to pass it on", duration()),
        ]),
    ]);
    let account = map(&[
        ("username", "who logs in", text()),
        ("password", "the password", secret()),
        ("token", "the bearer token, for XOAUTH2", secret()),
        ("targets", "the targets that its secret may go to", one_or_many(text())),
    ]);
    let source = any(&[json!({ "enum": ["here"] }), map(&[("bind", "the address to bind", text())])]);
    let root = map(&[
        ("simulator", "the embedded simulator of Exchange Online", requiring(simulator, &["tenants"])),
        ("targets", "the servers by their names", named(target)),
        ("deliveries", "where what a real server passes on arrives, by its target", named(deliveries)),
        ("certificates", "client certificates by their names", named(certificate())),
        ("accounts", "log-ins by their names", named(account)),
        ("sources", "what a source address is on this host: `here`, or another to bind", named(source)),
        (
            "trust",
            "what servers' certificates are verified with",
            map(&[("ca", "PEM file of the CA; the system's roots where absent", text())]),
        ),
        ("vars", "variables of every scenario file", named(anything())),
    ]);
    file("relayprobe project file", root, Vec::new())
}
