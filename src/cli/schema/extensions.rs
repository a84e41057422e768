//! The schema of `extensions`.

use serde_json::{Value, json};

use super::form::{any, flag, like, many, map, number, one_or_many, text, variable, words};

pub(super) fn extensions() -> Value {
    let sizes = any(&[flag(), number(1, 1 << 30), many(number(0, 1 << 30))]);
    let dsn = map(&[
        (
            "notify",
            "NOTIFY of every RCPT: `never`, or any of the others",
            one_or_many(words(&["never", "success", "failure", "delay"])),
        ),
        ("ret", "RET of MAIL: how much of the message a notification returns", words(&["full", "hdrs"])),
        ("envid", "ENVID of MAIL, what notifications repeat; sent as xtext", text()),
        (
            "orcpt",
            "ORCPT of every RCPT: an address, sent as xtext, or `true` for each recipient's own",
            any(&[flag(), text()]),
        ),
    ]);
    let client = [
        ("name", "the client's name", text()),
        ("addr", "its address; like every attribute `[UNAVAILABLE]` where there is none", text()),
        ("port", "its port", text()),
        ("proto", "SMTP or ESMTP", text()),
        ("helo", "the name that it gave", text()),
    ];
    let xclient = [
        ("login", "who logged in", text()),
        ("destaddr", "the server's address", text()),
        ("destport", "the server's port", text()),
    ];
    let xforward =
        [("ident", "the message's id where it came in", text()), ("source", "LOCAL or REMOTE", text())];
    any(&[
        json!({ "enum": ["none"] }),
        variable(),
        map(&[
            (
                "pipelining",
                "MAIL, RCPT and DATA of a transaction in one go, at most 100 recipients at a time (RFC 2920). Each reply is taken for the next command in turn; where no recipient was accepted and DATA was, a dot alone follows",
                flag(),
            ),
            (
                "chunking",
                "the message by BDAT (RFC 3030): `true` in one piece, a number in pieces of so many bytes, a list in these and the rest. There is no stage `data` then; the reply to a piece that is not the last is at `command`",
                like(sizes, json!([true, 1000, [10, 0, 20]])),
            ),
            (
                "body",
                "BODY of MAIL. With the last two the text of a composed message goes unencoded where it may; `binarymime` goes by BDAT",
                words(&["7bit", "8bitmime", "binarymime"]),
            ),
            (
                "size",
                "SIZE of MAIL: `true` for the size of the message that follows, or any number",
                any(&[flag(), text()]),
            ),
            (
                "smtputf8",
                "SMTPUTF8 of MAIL. It is added by itself where an address is not ASCII; `false` leaves it out even there",
                flag(),
            ),
            (
                "require_tls",
                "REQUIRETLS of MAIL (RFC 8689). Never in clear text, and never to a server that is not verified",
                flag(),
            ),
            ("dsn", "delivery status notifications (RFC 3461)", dsn),
            (
                "xclient",
                "attributes of XCLIENT, sent before the log-in, and EHLO again after it. Its reply is at `command`",
                like(
                    map(&[&client[..], &xclient].concat()),
                    json!([{ "addr": "203.0.113.10", "name": "app.example" }]),
                ),
            ),
            (
                "xforward",
                "attributes of XFORWARD, sent before each transaction. Its reply is at `command`",
                like(map(&[&client[..], &xforward].concat()), json!([{ "addr": "203.0.113.10" }])),
            ),
            ("force", "all of it, and all `params`, even where the server does not offer it", flag()),
        ]),
    ])
}
