//! The schema of scenario files.

use serde_json::{Value, json};

use super::form::{
    Key, admitting_variables, any, anything, certificate, duration, file, flag, like, many, map, named,
    number, one_or_many, or_variable, part, pattern, requiring, secret, text, variable, words,
};
use super::{extensions, steps};
use crate::scenario::scenario_keys;
use crate::smtp::{Mechanism, Stage};
use crate::tls::{Group, Staple, TlsVersion};

/// What a scenario's key takes and means; `None` for what is no key.
pub(super) fn key(name: &str) -> Option<(&'static str, Value)> {
    Some(match name {
        "name" => (
            "required; variables in it make the cases of a table tell themselves apart. With them filled in it makes the case's id",
            text(),
        ),
        "description" => ("for whoever reads the file", text()),
        "tags" => {
            ("`--tag` and `--skip-tag` select by them", like(one_or_many(text()), json!([["relay", "tls"]])))
        }
        "skip" => ("the reason why it is not played; `false` takes an inherited one back", text()),
        "vars" => {
            ("variables of this scenario", like(named(anything()), json!([{ "p1": "app@contoso.com" }])))
        }
        "target" => (
            "a target of the project file, or `host:port`",
            like(text(), json!(["mx", "relay.contoso.example:25"])),
        ),
        "source_ip" => (
            "the address that the server should see, or `none`. Announced to the simulator, so documentation addresses work. On a real target it is bound if this host owns it or `sources` maps it; else the case is skipped with that reason, and with `--strict` it is bad input",
            like(text(), json!(["203.0.113.10"])),
        ),
        "ehlo" => (
            "the name given with EHLO; this host's name where absent",
            like(text(), json!(["app01.contoso.com"])),
        ),
        "helo" => ("the same by HELO, without extensions", text()),
        "tls" => (
            "whether and how TLS is spoken; `tls: starttls` is `{ mode: starttls }`",
            like(tls(), json!(["starttls", { "mode": "starttls", "version": "TLSv1.2" }])),
        ),
        "certificate" => (
            "the client's certificate: a name of the project file, files, or `none`. One that has expired, or has less than 21 days left, is a warning, for it may be the point; a key that does not match is an error",
            any(&[text(), certificate()]),
        ),
        "auth" => {
            ("who logs in, or `none`", like(auth(), json!([{ "mechanism": "LOGIN", "account": "scan" }])))
        }
        "extensions" => (
            "what is used beyond plain SMTP, or `none`",
            like(extensions::extensions(), json!([{ "pipelining": true, "chunking": 1000 }])),
        ),
        "mail_from" => (
            "the P1 sender: an address, `\"\"` or `<>` for the null reverse-path",
            like(
                path(&[]),
                json!(["app@contoso.com", { "address": "app@contoso.com", "params": { "SIZE": 1000 } }]),
            ),
        ),
        "rcpt_to" => (
            "the recipients",
            like(
                part("recipients"),
                json!(["info@contoso.com", ["a@contoso.com", { "address": "nobody@contoso.com", "expect": "550 5.4.1" }]]),
            ),
        ),
        "header_from" => (
            "the P2 sender, the `From:` field. Where absent: the P1 address, for the null sender `postmaster@` and the EHLO name. `none` leaves the field out; a list repeats it; any other text is sent as it is",
            one_or_many(text()),
        ),
        "subject" => ("the `Subject:` field", text()),
        "body" => ("the text of the message", text()),
        "headers" => (
            "more header fields: maps with one key each, written in this order, verbatim",
            like(part("headers"), json!([[{ "X-Trace": "17" }]])),
        ),
        "message" => (
            "a file that is sent byte for byte, in place of the keys that compose one",
            like(message(), json!([{ "file": "m.eml" }])),
        ),
        "stop_after" => {
            ("the last stage to play, or `none`", any(&[part("stage-name"), json!({ "enum": ["none"] })]))
        }
        "transactions" => ("several mails in one session, one after the other", part("transactions")),
        "steps" => ("the dialogue written out, in place of the planned one", steps::steps()),
        "timeout" => (
            "the longest that the session, or a part of it, may take",
            like(timeout(), json!(["2m", { "connect": "2s" }])),
        ),
        "retry" => (
            "when to play it again, or `none`",
            like(retry(), json!([{ "attempts": 3, "delay": "5s", "when": "4xx" }])),
        ),
        "repeat" => (
            "makes one case of many sessions, or `none`",
            like(repeat(), json!([{ "times": 50, "parallel": 4 }])),
        ),
        "matrix" => (
            "axes, lists by their names: a case for every combination of their values",
            like(matrix(), json!([{ "version": ["TLSv1.2", "TLSv1.3"] }])),
        ),
        "cases" => (
            "rows: a case for each",
            like(cases(), json!([[{ "p1": "a@contoso.com" }], { "csv": "devices.csv" }])),
        ),
        "expect" => (
            "what must come: a pattern for what is decisive, or a map, stage by stage. Where absent, every planned stage must be positive",
            like(part("expect"), json!([250, "550 5.7.64", { "ehlo": { "offers": "STARTTLS" } }])),
        ),
        "except" => ("exceptions to `expect`; the first whose `when` matches replaces it whole", except()),
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
        ("scenario".to_owned(), requiring(keys(""), &["name"])),
        ("defaults".to_owned(), keys("name")),
        ("step".to_owned(), steps::step()),
        ("step.told".to_owned(), steps::in_its_map()),
        ("expect".to_owned(), expect()),
        ("stage".to_owned(), stage(&[])),
        ("stage.ehlo".to_owned(), stage(&ehlo())),
        ("stage.tls".to_owned(), stage(&handshake())),
        ("stage-name".to_owned(), words(&Stage::ALL.map(Stage::as_str))),
        ("transactions".to_owned(), transactions()),
        ("delivered".to_owned(), delivered()),
        ("version".to_owned(), words(&TlsVersion::ALL.map(TlsVersion::as_str))),
        ("recipients".to_owned(), recipients()),
        ("headers".to_owned(), headers()),
    ]);
    let root = map(&[
        ("suite", "the name of the file's subject, in reports; the file's own name where absent", text()),
        ("description", "for whoever reads the file", text()),
        ("tags", "for every scenario that has no `tags` of its own", one_or_many(text())),
        ("vars", "variables of every scenario of the file", named(anything())),
        ("defaults", "keys of a scenario, all but `name`, merged under each", or_variable(part("defaults"))),
        ("scenarios", "the scenarios; required", many(part("scenario"))),
    ]);
    file("relayprobe scenario file", requiring(root, &["scenarios"]), parts)
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
            ("mode", "clear text, STARTTLS, or TLS from the first byte; required", modes),
            (
                "version",
                "one version, or a range. Where absent: 1.2 and 1.3. A `max` of an old version alone offers everything from 1.0",
                any(&[versions(), range]),
            ),
            (
                "ciphers",
                "an OpenSSL cipher list for 1.2 and older, or names of TLS 1.3 suites",
                like(text(), json!(["ECDHE+AESGCM", "TLS_AES_128_GCM_SHA256"])),
            ),
            (
                "groups",
                "the groups of the key exchange that are offered, the best first. The library's own where absent",
                one_or_many(words(&Group::ALL.map(|(name, _)| name))),
            ),
            (
                "resume",
                "`true`: another connection is made first, as far as the EHLO under TLS, and its TLS session is offered for resumption. Where absent every session is a new one",
                flag(),
            ),
            ("sni", "the name sent and verified; the target's host where absent", text()),
            (
                "verify",
                "`full`: chain and name, as where absent; `chain`; `none`; or the fingerprint. What came of it is recorded in every mode",
                any(&[words(&["full", "chain", "none"]), verify]),
            ),
            ("ca", "PEM file of the CAs to verify by, in place of the project's `trust`", text()),
            (
                "backend",
                "the TLS library. `auto`, as where absent, takes rustls, and OpenSSL for 1.0 and 1.1, for `ciphers`, and for a private key or a group that rustls has not. Only rustls resumes sessions",
                words(&["auto", "rustls", "openssl"]),
            ),
            ("force", "send STARTTLS even where it is not offered", flag()),
        ]),
    ])
}

fn auth() -> Value {
    any(&[json!({ "enum": ["none"] }), variable(), map(&log_in())])
}

/// The keys of a log-in, here or in a step.
pub(super) fn log_in() -> Vec<Key> {
    vec![
        ("mechanism", "the SASL mechanism", words(&Mechanism::ALL.map(Mechanism::as_str))),
        ("account", "an account of the project file", text()),
        ("username", "who logs in, in place of an account", text()),
        (
            "password",
            "in place of an account: for PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1 and SCRAM-SHA-256",
            secret(),
        ),
        ("token", "the bearer token, in place of an account: for XOAUTH2 and OAUTHBEARER", secret()),
        ("authzid", "on whose behalf: for PLAIN, SCRAM and EXTERNAL, which names nobody else", text()),
        (
            "initial_response",
            "whether what the client says first stands in the AUTH command, or the server asks for it. Where \
                 nothing is said it stands there if the command stays within 512 bytes (RFC 4954), but not for LOGIN",
            flag(),
        ),
        (
            "cancel",
            "begin, and give up with `*` when the server asks, which it has to answer with 501; nothing is said \
                 of who logs in",
            flag(),
        ),
        (
            "continue_on_failure",
            "go on to MAIL after a refusal, as some clients do; the refusal is then not decisive",
            flag(),
        ),
        (
            "force",
            "try the mechanism unoffered, and EXTERNAL without a certificate. Without it, one that is not \
                 offered ends the case as `not_offered`",
            flag(),
        ),
        (
            "insecure",
            "send the secret although the connection is not verified TLS. Loopback needs no leave",
            flag(),
        ),
    ]
}

/// An address, or one with parameters and more.
fn path(more: &[Key]) -> Value {
    let mut keys: Vec<Key> = vec![
        ("address", "the address", text()),
        (
            "params",
            "ESMTP parameters, sent as written; one without a value is `true`",
            like(named(text()), json!([{ "BODY": "8BITMIME", "SMTPUTF8": true }])),
        ),
    ];
    keys.extend_from_slice(more);
    any(&[text(), map(&keys)])
}

fn recipients() -> Value {
    one_or_many(path(&[("expect", "judges this recipient alone; its reply decides nothing else", pattern())]))
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
        ("subject", "the `Subject:` field", text()),
        ("body", "the text of the message", text()),
        ("headers", "more header fields, one a map", part("headers")),
        ("message", "a file that is sent byte for byte", message()),
        ("expect", "what must come of this mail", part("expect")),
    ])))
}

fn timeout() -> Value {
    any(&[
        duration(),
        map(&[
            ("connect", "name look-up and TCP connect (10s where absent)", duration()),
            ("tls", "the handshake (15s where absent)", duration()),
            ("reply", "each reply (30s where absent), waiting to write included", duration()),
            ("session", "the session as a whole (5m where absent)", duration()),
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
            ("when", "again only after a failed verdict whose decisive reply matches", pattern()),
        ]),
    ])
}

fn repeat() -> Value {
    any(&[
        json!({ "enum": ["none"] }),
        variable(),
        map(&[
            ("times", "how many sessions", number(1, 100_000)),
            ("parallel", "how many of them at once (1 where absent)", number(1, 10_000)),
        ]),
    ])
}

fn matrix() -> Value {
    let mut axes = map(&[("exclude", "combinations to leave out", many(named(anything())))]);
    axes["additionalProperties"] = or_variable(json!({ "type": "array", "minItems": 1 }));
    axes
}

fn cases() -> Value {
    any(&[
        many(any(&[named(anything()), variable()])),
        map(&[("csv", "an inventory: the file of the rows, with a header line", text())]),
        variable(),
    ])
}

fn except() -> Value {
    or_variable(many(requiring(
        map(&[
            (
                "when",
                "columns and axes, each with the value, or the list of values, for which this holds",
                named(anything()),
            ),
            ("expect", "what must come then", part("expect")),
        ]),
        &["when", "expect"],
    )))
}

/// A stage's expectation: a pattern, or these keys and more.
fn stage(more: &[Key]) -> Value {
    let mut keys: Vec<Key> = vec![
        ("reply", "the reply, or the event in its place, matches", pattern()),
        (
            "text",
            "the text contains it, in any case; between slashes, the regular expression is found in it. Its lines are joined by one space",
            like(text(), json!(["not permitted", "/queued as \\w+/"])),
        ),
        ("within", "from the last byte written to the last byte read at most this", duration()),
        (
            "closes",
            "`true`: the peer closes within 5 s of this reply, while QUIT is held back; `false`: it does not",
            flag(),
        ),
    ];
    keys.extend_from_slice(more);
    any(&[pattern(), map(&keys)])
}

/// What else is asked of an EHLO.
fn ehlo() -> [Key; 3] {
    [
        (
            "offers",
            "each line is there: a keyword, alone or with one of its parameters",
            like(one_or_many(text()), json!(["STARTTLS", ["SIZE 157286400", "AUTH LOGIN"]])),
        ),
        ("lacks", "none of them is", one_or_many(text())),
        ("sees", "the address in the peer's `Hello [address]`", text()),
    ]
}

/// What else is asked of the handshake.
fn handshake() -> [Key; 6] {
    let peer = map(&[
        ("name", "a name in the server's certificate", text()),
        ("issuer", "its issuer contains this", text()),
        ("expires_in", "it is valid for so long at least", like(duration(), json!(["21d"]))),
        (
            "key",
            "the kind of its key, or one of a list; `*` and `?` match",
            like(one_or_many(text()), json!(["ECDSA P-256", "RSA-*"])),
        ),
        (
            "chain",
            "how many certificates the server shows, its own included; or a list of texts, one that each subject contains",
            like(one_or_many(text()), json!(["2", ["mx.contoso.com", "DigiCert"]])),
        ),
        (
            "ocsp",
            "what is stapled to it, or one of a list. `expired`, `not_yet_valid`: by its own time; `untrusted`: signed by nobody who may speak for the issuer; `mismatched`: about another certificate; `no_answer`: the responder's error",
            one_or_many(words(&Staple::ALL.map(|(word, _)| word))),
        ),
    ]);
    [
        ("version", "the version agreed on, or one of a list", one_or_many(versions())),
        (
            "cipher",
            "the cipher suite agreed on, by its registered name; `*` and `?` match",
            like(text(), json!(["TLS_AES_256_GCM_SHA384"])),
        ),
        (
            "group",
            "the group of the key exchange, or one of a list; `*` and `?` match. `DH-2048`: a server of TLS 1.2 made up its own; `none`: the key was sent instead (static RSA)",
            like(one_or_many(text()), json!(["x25519", ["P-*", "X25519MLKEM768"]])),
        ),
        ("resumed", "whether an earlier session was resumed; `false` costs nothing", flag()),
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
            (name.as_str(), answers(*name), takes)
        })
        .collect();
    let total = map(&[("within", "how long it may take", like(duration(), json!(["10s"])))]);
    keys.push(("total", "the session as a whole", total));
    keys.push(("delivered", "what arrived; `false`: nothing", part("delivered")));
    keys.push((
        "attempts",
        "with `retry`: what each attempt comes to, in order, as with greylisting",
        like(many(pattern()), json!([[450, 250]])),
    ));
    keys.push((
        "share",
        "with `repeat`: how many of the sessions end so, a share a pattern",
        like(named(text()), json!([{ "4xx": "<5%" }])),
    ));
    any(&[pattern(), map(&keys)])
}

/// What is answered at a stage.
fn answers(stage: Stage) -> &'static str {
    match stage {
        Stage::Connect => "name look-up and TCP",
        Stage::Greeting => "the server's first reply",
        Stage::Ehlo => "the reply to EHLO or HELO",
        Stage::StartTls => "the reply to STARTTLS; only 220 is positive",
        Stage::Tls => "the handshake",
        Stage::EhloTls => "the reply to the EHLO after STARTTLS",
        Stage::Auth => "the final reply of the log-in",
        Stage::MailFrom => "the reply to MAIL FROM",
        Stage::RcptTo => "the reply to RCPT TO",
        Stage::Data => "the reply to DATA; only 354 is positive",
        Stage::Message => "the reply to the end of the data, or to the last chunk",
        Stage::Quit => "the reply to QUIT; never decisive",
        Stage::Command => "the reply to a step that has no stage of its own",
    }
}

fn delivered() -> Value {
    let tls = map(&[
        ("version", "the version, or one of a list", one_or_many(versions())),
        ("cipher", "the cipher suite, by its registered name; `*` and `?` match", text()),
        (
            "certificate",
            "a name in the client certificate that was taken, or `none`; one that did not hold counts as none",
            text(),
        ),
    ]);
    any(&[
        json!({ "enum": [false, "false"] }),
        variable(),
        map(&[
            ("tenant", "the mail was attributed to this tenant, by the `name` in the tenants file", text()),
            ("connector", "it came through this connector, by its `Name`; `none`: through none", text()),
            (
                "direction",
                "`originating`: it counts as the tenant's own mail; `incoming`: as mail to it",
                words(&["originating", "incoming"]),
            ),
            (
                "tls",
                "the TLS that it came in with; `none`: it came in clear text",
                any(&[json!({ "enum": ["none"] }), tls, variable()]),
            ),
            ("mail_from", "the P1 sender; `<>` is the null sender", text()),
            ("rcpt_to", "the recipients, these and no others", one_or_many(text())),
            (
                "header_from",
                "the `From:` fields, each by its whole value or the address in it; `none`: there is none",
                one_or_many(text()),
            ),
            (
                "headers",
                "fields by their names: `true` there, `false` not there, `/…/` found by the regular expression, else the whole value. Of a field that is there several times, one will do. The fields are those that the header firewall left",
                like(named(text()), json!([{ "X-Trace": "/[0-9]+/", "Date": true }])),
            ),
            ("within", "from the end of the message to its arrival at most this", duration()),
        ]),
    ])
}
