//! The schema of `steps`.

use serde_json::{Value, json};

use super::form::{
    Key, any, anything, duration, flag, like, many, named, number, one_or_many, open, or_variable, part,
    text, variable, words,
};
use crate::scenario::STEP_VERBS;

/// The list.
pub(super) fn steps() -> Value {
    or_variable(many(part("step")))
}

/// One item of it: a bare word, or a map with the word as a key.
pub(super) fn step() -> Value {
    let bare: Vec<&str> = STEP_VERBS.into_iter().filter(|verb| *verb != "pipeline").collect();
    let mut keys: Vec<Key> = STEP_VERBS.into_iter().map(|verb| (verb, means(verb), value(verb))).collect();
    keys.push(("after", "alone, as the first item: the planned dialogue is played so far, and the steps begin there. With `auth` to the end of the log-in, or to EHLO where nobody logs in", words(&["greeting", "auth"])));
    keys.extend(told());
    any(&[words(&bare), super::form::map(&keys)])
}

/// What a step is told in the map of its name.
pub(super) fn in_its_map() -> Value {
    open(&told())
}

fn means(verb: &str) -> &'static str {
    match verb {
        "ehlo" | "helo" => "the name given, or the scenario's",
        "starttls" => {
            "STARTTLS and the handshake of the scenario's `tls`; where the scenario says nothing of `tls`, as `tls: starttls`. Without this step there is no STARTTLS"
        }
        "auth" => "the log-in of the scenario's `auth`, or one of the step's own",
        "mail_from" => "the P1 sender, or the scenario's",
        "rcpt_to" => "one recipient or several, or the scenario's",
        "data" => {
            "DATA and the message: the scenario's, or that of the step's own keys. `none` is DATA alone; `raw` says what follows"
        }
        "bdat" => "the message by BDAT, in one chunk or in `chunks`",
        "rset" => "RSET",
        "noop" => "NOOP, with an argument or without",
        "vrfy" => "VRFY, with an argument or without",
        "expn" => "EXPN, with an argument or without",
        "help" => "HELP, with an argument or without",
        "quit" => {
            "QUIT, as the last step. Without it the session ends with QUIT all the same; as a step the reply is judged"
        }
        "raw" => {
            "bytes, with the escapes `\\r \\n \\t \\0 \\xNN \\\\` (write them in single quotes); nothing is added, no CRLF either"
        }
        "wait" => {
            "listens for so long. Whoever speaks unasked is `desync`; a 421 is a reply, and the end of the connection an event, which `expect: closed` may expect"
        }
        "close" => {
            "closes without QUIT, as the last step: `graceful` (where nothing is said; under TLS with close_notify), `abrupt` (without), `reset` (TCP)"
        }
        _ => {
            "steps that are written in one go, if the server offers PIPELINING. Each has its own reply and `expect`. `mail_from`, `rcpt_to` and `rset` may stand anywhere in it, `data`, `noop`, `vrfy`, `expn`, `help`, `ehlo` and `helo` last (RFC 2920)"
        }
    }
}

/// What may stand behind the name of a step.
fn value(verb: &str) -> Value {
    let own = match verb {
        "starttls" | "auth" | "rset" | "quit" => variable(),
        "rcpt_to" => any(&[text(), many(anything())]),
        "data" => words(&["none"]),
        "bdat" => any(&[number(1, MOST), many(number(0, MOST))]),
        "wait" => duration(),
        "close" => words(&["graceful", "abrupt", "reset"]),
        "pipeline" => many(part("step")),
        _ => text(),
    };
    any(&[own, part("step.told")])
}

/// The longest chunk of a message, in bytes.
const MOST: u64 = 1 << 30;

/// What a step is told, in its own map or beside its name.
fn told() -> Vec<Key> {
    let mut told: Vec<Key> = vec![
        (
            "expect",
            "a pattern, or the map of a stage: `closes` of the last step alone, `offers`, `lacks` and `sees` of `ehlo`. Where absent the reply must be positive",
            part("stage.ehlo"),
        ),
        ("violate", "say it although it breaks SMTP's order, or is not offered", flag()),
        ("times", "how often, one after the other", number(1, 1_000)),
        ("name", "of `ehlo` and `helo`: the name given", text()),
        ("address", "of `mail_from` and `rcpt_to`: the address", one_or_many(text())),
        ("params", "of both: ESMTP parameters; one without a value is `true`", named(text())),
        ("text", "of `noop`, `vrfy`, `expn` and `help`: the argument", text()),
        ("bytes", "of `raw`: what is sent", text()),
        (
            "replies",
            "of `raw`: how many replies are waited for (1 where absent, none for 0)",
            number(0, 1_000),
        ),
        ("for", "of `wait`: how long", duration()),
        ("how", "of `close`: how the connection ends", words(&["graceful", "abrupt", "reset"])),
        (
            "chunks",
            "of `bdat`: the bytes of each chunk, or those of the first ones, and the rest in one more",
            like(any(&[number(1, MOST), many(number(0, MOST))]), json!([1000, [10, 0, 20]])),
        ),
        ("last", "of `bdat`: `false` leaves LAST out", flag()),
        ("header_from", "of `data` and `bdat`: the P2 sender, or `none`", one_or_many(text())),
        ("subject", "of both: the `Subject:` field", text()),
        ("body", "of both: the text of the message", text()),
        ("headers", "of both: more header fields, one a map", part("headers")),
        ("message", "of both: a file that is sent byte for byte", part("key.message")),
        ("steps", "of `pipeline`: the steps", many(part("step"))),
    ];
    let mut log_in = super::scenario::log_in();
    log_in[0].1 = "of `auth`, like all that follow: how to log in, in place of the scenario's `auth`";
    told.extend(log_in);
    told
}
