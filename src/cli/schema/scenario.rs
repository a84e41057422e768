//! The schema of scenario files.

use serde_json::{Value, json};

use super::form::{
    Key, admitting_variables, any, anything, certificate, duration, file, flag, many, map, named, number,
    one_or_many, or_variable, part, pattern, requiring, secret, text, variable, words,
};
use super::steps;
use crate::plan::Mechanism;
use crate::scenario::scenario_keys;
use crate::smtp::Stage;
use crate::tls::TlsVersion;

/// What a scenario's key takes and means; `None` for what is no key.
pub(super) fn key(name: &str) -> Option<(&'static str, Value)> {
    Some(match name {
        "name" => ("what the scenario shows; with its variables filled in it makes the case's id", text()),
        "description" => ("for whoever reads the file", text()),
        "tags" => ("words that `--tag` and `--skip-tag` select by", one_or_many(text())),
        "skip" => ("why it is not played; `false` takes an inherited one back", text()),
        "vars" => ("variables of this scenario", named(anything())),
        "target" => ("the server: a name from the project file, or `host:port`", text()),
        "source_ip" => ("the address that the server should see, or `none`", text()),
        "ehlo" => ("the name given with EHLO", text()),
        "helo" => ("the name given with HELO, in place of EHLO", text()),
        "tls" => ("whether and how TLS is spoken", tls()),
        "certificate" => (
            "the client's certificate: a name from the project file, `none`, or files",
            any(&[text(), certificate()]),
        ),
        "auth" => ("who logs in, or `none`", auth()),
        "mail_from" => ("the P1 sender: an address, or `\"\"` for the null reverse-path", path(&[])),
        "rcpt_to" => ("the recipients", part("recipients")),
        "header_from" => ("the P2 sender: the author in `From:`, or `none`", one_or_many(text())),
        "subject" => ("the message's subject", text()),
        "body" => ("the message's text", text()),
        "headers" => ("more header fields, one a map, in this order", part("headers")),
        "message" => ("a file that is sent as the message, byte for byte", message()),
        "stop_after" => ("the last stage to play, or `none`", words(&stages(&["none"]))),
        "transactions" => ("several mails in one session", transactions()),
        "steps" => ("the dialogue written out, in place of the planned one", steps::steps()),
        "timeout" => ("the longest that the session, or a part of it, may take", timeout()),
        "retry" => ("when to play it again, or `none`", retry()),
        "repeat" => ("how many sessions the case is, or `none`", repeat()),
        "matrix" => ("axes: a case for every combination of their values", matrix()),
        "cases" => ("rows: a case for each", cases()),
        "expect" => ("what must come: a pattern for what is decisive, or stage by stage", part("expect")),
        "except" => ("cases for which something else is expected; the first that matches counts", except()),
        _ => return None,
    })
}

/// The schema.
pub(super) fn schema() -> Value {
    // Defaults and scenarios share what their keys take.
    let keys = |besides: &str| {
        let keys = scenario_keys().filter(|name| *name != besides);
        let keys = keys.filter_map(|name| {
            let (means, _) = key(name)?;
            Some((name, means, part(&format!("key.{name}"))))
        });
        map(&keys.collect::<Vec<Key>>())
    };
    let mut parts: Vec<(String, Value)> = scenario_keys()
        .filter_map(|name| Some((format!("key.{name}"), admitting_variables(&key(name)?.1))))
        .collect();
    parts.extend([
        ("step".to_owned(), steps::step()),
        ("step.told".to_owned(), steps::in_its_map()),
        ("expect".to_owned(), expect()),
        ("stage".to_owned(), stage(&[])),
        ("stage.ehlo".to_owned(), stage(&ehlo())),
        ("stage.tls".to_owned(), stage(&handshake())),
        ("version".to_owned(), words(&TlsVersion::ALL.map(TlsVersion::as_str))),
        ("recipients".to_owned(), recipients()),
        ("headers".to_owned(), headers()),
    ]);
    let root = map(&[
        ("suite", "the name of this file's scenarios in reports", text()),
        ("description", "for whoever reads the file", text()),
        ("tags", "tags of every scenario of the file", one_or_many(text())),
        ("defaults", "keys that every scenario of the file inherits", keys("name")),
        ("vars", "variables of this file", named(anything())),
        ("scenarios", "the scenarios", many(requiring(keys(""), &["name"]))),
    ]);
    file("relayprobe scenario file", requiring(root, &["scenarios"]), parts)
}

fn stages<'a>(more: &[&'a str]) -> Vec<&'a str> {
    Stage::ALL.iter().map(|stage| stage.as_str()).chain(more.iter().copied()).collect()
}

fn versions() -> Value {
    part("version")
}

fn tls() -> Value {
    let modes = words(&["none", "starttls", "implicit"]);
    let range = map(&[
        ("min", "the oldest version offered", versions()),
        ("max", "the newest version offered", versions()),
    ]);
    let verify = map(&[("sha256", "the fingerprint that the server's certificate must have", text())]);
    any(&[
        modes.clone(),
        map(&[
            ("mode", "clear text, STARTTLS, or TLS from the first byte", modes),
            ("version", "the version, or the range of versions", any(&[versions(), range])),
            ("ciphers", "the cipher suites offered, as OpenSSL names them", text()),
            ("sni", "the name sent and verified (default: the target's host)", text()),
            (
                "verify",
                "how the server's certificate is verified",
                any(&[words(&["full", "chain", "none"]), verify]),
            ),
            ("ca", "PEM file of the CA to trust", text()),
            ("backend", "the TLS library", words(&["auto", "rustls", "openssl"])),
            ("force", "send STARTTLS even where it is not offered", flag()),
        ]),
    ])
}

fn auth() -> Value {
    any(&[
        json!({ "enum": ["none"] }),
        variable(),
        map(&[
            ("mechanism", "the SASL mechanism", words(&Mechanism::ALL.map(Mechanism::as_str))),
            ("account", "an account of the project file", text()),
            ("username", "who logs in", text()),
            ("password", "the password", secret()),
            ("token", "the bearer token, for XOAUTH2", secret()),
            ("continue_on_failure", "go on to MAIL after a refusal", flag()),
            ("force", "try the mechanism even where it is not offered", flag()),
            ("insecure", "log in where the connection is neither verified TLS nor loopback", flag()),
        ]),
    ])
}

/// An address, or one with parameters and more.
fn path(more: &[Key]) -> Value {
    let mut keys: Vec<Key> = vec![
        ("address", "the address", text()),
        ("params", "ESMTP parameters; one without value is `true`", named(text())),
    ];
    keys.extend_from_slice(more);
    any(&[text(), map(&keys)])
}

fn recipients() -> Value {
    one_or_many(path(&[("expect", "what this recipient must be answered", pattern())]))
}

fn headers() -> Value {
    let one =
        json!({ "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": text() });
    or_variable(many(any(&[one, variable()])))
}

fn message() -> Value {
    or_variable(map(&[("file", "the file", text())]))
}

fn transactions() -> Value {
    or_variable(many(map(&[
        ("mail_from", "the P1 sender", path(&[])),
        ("rcpt_to", "the recipients", part("recipients")),
        ("header_from", "the P2 sender, or `none`", one_or_many(text())),
        ("subject", "the message's subject", text()),
        ("body", "the message's text", text()),
        ("headers", "more header fields, one a map", part("headers")),
        ("message", "a file that is sent as the message", message()),
        ("expect", "what must come of this mail", part("expect")),
    ])))
}

fn timeout() -> Value {
    any(&[
        duration(),
        map(&[
            ("connect", "name look-up and TCP connect (default 10s)", duration()),
            ("tls", "the handshake (default 15s)", duration()),
            ("reply", "each reply (default 30s)", duration()),
            ("session", "the session as a whole (default 5m)", duration()),
        ]),
    ])
}

fn retry() -> Value {
    any(&[
        json!({ "enum": ["none"] }),
        variable(),
        map(&[
            ("attempts", "how often at most, the first included", number(1, 100)),
            ("delay", "between two attempts", duration()),
            ("when", "only where the decisive reply matches", pattern()),
        ]),
    ])
}

fn repeat() -> Value {
    any(&[
        json!({ "enum": ["none"] }),
        variable(),
        map(&[
            ("times", "how many sessions", number(1, 100_000)),
            ("parallel", "how many of them at once", number(1, 10_000)),
        ]),
    ])
}

fn matrix() -> Value {
    json!({
        "type": "object",
        "properties": { "exclude": or_variable(many(named(anything()))) },
        "additionalProperties": or_variable(json!({ "type": "array", "minItems": 1 })),
    })
}

fn cases() -> Value {
    any(&[
        many(any(&[named(anything()), variable()])),
        map(&[("csv", "an inventory: the file of the rows", text())]),
        variable(),
    ])
}

fn except() -> Value {
    or_variable(many(requiring(
        map(&[
            ("when", "columns and axes, and the values for which this holds", named(anything())),
            ("expect", "what must come then", part("expect")),
        ]),
        &["when", "expect"],
    )))
}

/// A stage's expectation: a pattern, or these keys and more.
fn stage(more: &[Key]) -> Value {
    let mut keys: Vec<Key> = vec![
        ("reply", "the reply", pattern()),
        ("text", "a text that the reply contains, or `/regular expression/`", text()),
        ("within", "how fast it must come", duration()),
        ("closes", "whether the peer closes within five seconds of it", flag()),
    ];
    keys.extend_from_slice(more);
    any(&[pattern(), map(&keys)])
}

/// What else is asked of an EHLO.
fn ehlo() -> [Key; 3] {
    [
        ("offers", "extensions that must be offered: `SIZE`, `AUTH LOGIN`", one_or_many(text())),
        ("lacks", "extensions that must not be offered", one_or_many(text())),
        ("sees", "the address in the peer's `Hello [address]`", text()),
    ]
}

/// What else is asked of the handshake.
fn handshake() -> [Key; 4] {
    let peer = map(&[
        ("name", "a name that the server's certificate carries", text()),
        ("issuer", "a text that its issuer contains", text()),
        ("expires_in", "for how long it must still be valid: `21d`", duration()),
    ]);
    [
        ("version", "the version agreed on", one_or_many(versions())),
        ("cipher", "the cipher suite agreed on; `*` and `?` match", text()),
        ("verified", "whether the server's certificate held", flag()),
        ("peer", "the server's certificate", peer),
    ]
}

fn expect() -> Value {
    let mut keys: Vec<Key> = Stage::ALL
        .iter()
        .map(|name| {
            let takes = match name {
                Stage::Ehlo | Stage::EhloTls => part("stage.ehlo"),
                Stage::Tls => part("stage.tls"),
                _ => part("stage"),
            };
            (name.as_str(), "what this stage must come to", takes)
        })
        .collect();
    keys.push(("total", "the session as a whole", map(&[("within", "how long it may take", duration())])));
    keys.push(("delivered", "what must have arrived; `false`: nothing", delivered()));
    keys.push(("attempts", "what each attempt must come to, in order", many(pattern())));
    keys.push(("share", "of a repeated case: patterns, and how many sessions may end so", named(text())));
    any(&[pattern(), map(&keys)])
}

fn delivered() -> Value {
    let tls = map(&[
        ("version", "the TLS version that it came in with", one_or_many(versions())),
        ("cipher", "the cipher suite; `*` and `?` match", text()),
        ("certificate", "a name in the client's certificate, or `none`", text()),
    ]);
    any(&[
        json!({ "enum": [false, "false"] }),
        variable(),
        map(&[
            ("tenant", "the tenant that it was attributed to", text()),
            ("connector", "the connector that it came through, or `none`", text()),
            ("direction", "whose mail it counts as", words(&["originating", "incoming"])),
            (
                "tls",
                "the TLS that it came in with, or `none`",
                any(&[json!({ "enum": ["none"] }), tls, variable()]),
            ),
            ("mail_from", "the P1 sender that arrived", text()),
            ("rcpt_to", "the recipients that arrived", one_or_many(text())),
            ("header_from", "the P2 sender that arrived, or `none`", one_or_many(text())),
            ("headers", "header fields: the value, `/regular expression/`, `true` or `false`", named(text())),
            ("within", "how fast it was accepted", duration()),
        ]),
    ])
}
