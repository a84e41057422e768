//! The schema of `steps`.

use serde_json::{Value, json};

use super::form::{
    Key, any, anything, duration, flag, many, number, one_or_many, open, or_variable, part, text, words,
};
use crate::scenario::STEP_VERBS;

/// The list.
pub(super) fn steps() -> Value {
    or_variable(many(part("step")))
}

/// One item of it: a bare word, or a map with the word as a key.
pub(super) fn step() -> Value {
    let bare: Vec<&str> = STEP_VERBS.into_iter().filter(|verb| *verb != "pipeline").collect();
    let value = || any(&[text(), many(anything()), part("step.told")]);
    let mut keys: Vec<Key> = STEP_VERBS.into_iter().map(|verb| (verb, means(verb), value())).collect();
    keys.push(("after", "as the first item: what comes before the steps", words(&["greeting", "auth"])));
    keys.extend(told());
    any(&[words(&bare), super::form::map(&keys)])
}

/// What a step is told in the map of its name.
pub(super) fn in_its_map() -> Value {
    open(&told())
}

fn means(verb: &str) -> &'static str {
    match verb {
        "ehlo" | "helo" => "the name given; the scenario's where none is written",
        "starttls" => "STARTTLS and the handshake that `tls` describes",
        "auth" => "the log-in of the scenario's `auth`",
        "mail_from" => "the P1 sender; the scenario's where none is written",
        "rcpt_to" => "one recipient or several; the scenario's where none is written",
        "data" => "DATA and the message; `none`: DATA alone",
        "bdat" => "the message in chunks",
        "rset" => "RSET",
        "noop" | "vrfy" | "expn" | "help" => "the command's argument",
        "quit" => "QUIT, as the last step",
        "raw" => "bytes, with the escapes `\\r \\n \\t \\0 \\xNN \\\\`",
        "wait" => "how long to listen",
        "close" => "how the connection ends: `graceful`, `abrupt` or `reset`",
        _ => "steps that are written in one go",
    }
}

/// What a step is told, in its own map or beside its name.
fn told() -> Vec<Key> {
    vec![
        ("expect", "what the step must be answered", part("stage.ehlo")),
        ("violate", "say it although it breaks SMTP's order or is not offered", flag()),
        ("times", "how often, one after the other", number(1, 1_000)),
        ("name", "of `ehlo` and `helo`: the name given", text()),
        ("address", "of `mail_from` and `rcpt_to`: the address", one_or_many(text())),
        ("params", "ESMTP parameters; one without value is `true`", json!({ "type": "object" })),
        ("text", "of `noop`, `vrfy`, `expn` and `help`: the argument", text()),
        ("bytes", "of `raw`: what is sent", text()),
        ("replies", "of `raw`: how many replies are waited for (default 1)", number(0, 1_000)),
        ("for", "of `wait`: how long", duration()),
        ("how", "of `close`: how the connection ends", words(&["graceful", "abrupt", "reset"])),
        ("chunks", "of `bdat`: the size of a chunk, or the sizes of the first ones", one_or_many(text())),
        ("last", "of `bdat`: whether the last chunk says so (default true)", flag()),
        ("header_from", "the P2 sender, or `none`", one_or_many(text())),
        ("subject", "the message's subject", text()),
        ("body", "the message's text", text()),
        ("headers", "more header fields, one a map", part("headers")),
        ("message", "a file that is sent as the message", part("key.message")),
        ("steps", "of `pipeline`: the steps", many(part("step"))),
    ]
}
