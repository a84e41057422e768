//! Replies that are too long, too slow or no replies.

use std::time::Duration;

use serde_json::Value;

use super::Attack;
use crate::support::{Conn, Pki};

const TICK: Duration = Duration::from_millis(100);

/// A server whose reply to EHLO is this.
fn ehlo(name: &'static str, expected: &'static [&'static str], reply: &'static [u8]) -> Attack {
    Attack::new(name, expected, move |conn| {
        conn.say("220 peer.test\r\n")?;
        conn.line()?;
        conn.say(reply)?;
        conn.drain()
    })
    .never_hears(&["MAIL"])
}

/// A server that takes a message, its reply to MAIL being this.
fn mail(conn: &mut Conn, reply: &[u8]) -> std::io::Result<()> {
    conn.hello(&[])?;
    conn.answer("MAIL", "")?;
    for byte in reply {
        conn.say([*byte])?;
    }
    conn.answer("RCPT", "250 2.1.5 ok\r\n")?;
    conn.answer("DATA", "354 go\r\n")?;
    conn.message()?;
    conn.say("250 2.0.0 queued\r\n")?;
    conn.bye()
}

/// The rows of this section.
pub fn rows() -> Vec<Attack> {
    [endless(), no_replies(), other_protocols(), odd_but_legal()].into_iter().flatten().collect()
}

/// Endless replies end at the bound, and slow ones at the deadline.
fn endless() -> Vec<Attack> {
    vec![
        Attack::new("endless greeting", &["greeting limit"], |conn| {
            conn.repeat(&b"220-and another thing\r\n".repeat(100), Duration::ZERO)
        }),
        Attack::new("endless EHLO", &["ehlo limit"], |conn| {
            conn.say("220 peer.test\r\n")?;
            conn.line()?;
            conn.repeat(&b"250-X-KEYWORD\r\n".repeat(100), Duration::ZERO)
        }),
        Attack::new("a line without an end", &["greeting limit"], |conn| {
            conn.say("220 ")?;
            conn.repeat(&[b'x'; 65_536], Duration::ZERO)
        }),
        Attack::new("one byte at a time for ever", &["greeting timeout"], |conn| {
            conn.say("220 ")?;
            conn.repeat(b"x", TICK)
        }),
        Attack::new("one line at a time for ever", &["ehlo timeout"], |conn| {
            conn.say("220 peer.test\r\n")?;
            conn.line()?;
            conn.repeat(b"250-x\r\n", TICK)
        }),
        Attack::new("silence", &["greeting timeout"], |conn| conn.drain()),
        Attack::new("silence after EHLO", &["ehlo timeout"], |conn| {
            conn.say("220 peer.test\r\n")?;
            conn.drain()
        }),
        ehlo("an unfinished reply", &["ehlo timeout"], b"250-x\r\n"),
        Attack::new("a reply cut off by the close", &["ehlo closed"], |conn| {
            conn.say("220 peer.test\r\n")?;
            conn.line()?;
            conn.say("250-x\r\n")
        }),
    ]
}

fn no_replies() -> Vec<Attack> {
    let wrong = &["ehlo protocol_error"];
    vec![
        ehlo("bare LF", wrong, b"250 x\n"),
        ehlo("bare CR", wrong, b"250 x\ry\r\n"),
        ehlo("CR CR LF", wrong, b"250 x\r\r\n"),
        ehlo("LF CR", wrong, b"250 x\n\r"),
        ehlo("250 then 500 in one reply", wrong, b"250-x\r\n500 y\r\n"),
        ehlo("550 then 250 in one reply", wrong, b"550-x\r\n250 y\r\n"),
        ehlo("four digits", wrong, b"2200 x\r\n"),
        ehlo("two digits", wrong, b"22 x\r\n"),
        ehlo("no space", wrong, b"250ok\r\n"),
        ehlo("a tab", wrong, b"250\tx\r\n"),
        ehlo("code 000", wrong, b"000 x\r\n"),
        ehlo("code 199", wrong, b"199 x\r\n"),
        ehlo("code 600", wrong, b"600 x\r\n"),
        ehlo("code 999", wrong, b"999 x\r\n"),
        ehlo("full-width digits", wrong, "２５０ x\r\n".as_bytes()),
        ehlo("NUL", wrong, b"250 x\0y\r\n"),
        ehlo("an empty line before", wrong, b"\r\n250 x\r\n"),
        ehlo("an empty line inside", wrong, b"250-x\r\n\r\n250 y\r\n"),
    ]
}

/// Another protocol is told at once, not at the deadline.
fn other_protocols() -> Vec<Attack> {
    let at_once = Duration::from_millis(900);
    vec![
        Attack::new("HTTP", &["greeting protocol_error"], |conn| {
            conn.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")?;
            conn.drain()
        })
        .says("web server")
        .within(at_once),
        Attack::new("SSH", &["greeting protocol_error"], |conn| {
            conn.say("SSH-2.0-OpenSSH_9.2p1\r\n")?;
            conn.drain()
        })
        .says("SSH server")
        .within(at_once),
        Attack::new("a TLS alert on a plain port", &["greeting protocol_error"], |conn| {
            conn.say([0x15, 3, 1, 0, 2, 2, 40])?;
            conn.drain()
        })
        .says("TLS from the first byte")
        .within(at_once),
        Attack::new("SMTP on an implicit TLS port", &["tls protocol_error", "tls desync"], |conn| {
            conn.say("220 peer.test ESMTP\r\n")?;
            conn.drain()
        })
        .keys("tls: { mode: implicit, ca: ca.pem }")
        .says("it said: 220 peer.test ESMTP")
        .within(at_once),
    ]
}

fn odd_but_legal() -> Vec<Attack> {
    vec![
        Attack::new("a code alone", &["passed"], |conn| mail(conn, b"250\r\n"))
            .check(|case| assert_eq!(reply(case)["text"], "")),
        Attack::new("Latin-1", &["passed"], |conn| mail(conn, b"250 2.1.0 gr\xfc\xdf dich\r\n"))
            .says("gr\\\\xFC\\\\xDF dich"),
        Attack::new("bytes that are no UTF-8", &["passed"], |conn| mail(conn, b"250 2.1.0 a\xc3\x28b\r\n"))
            .says("a\\\\xC3(b"),
        Attack::new("split at every byte", &["passed"], |conn| {
            mail(conn, b"250-2.1.0 one\r\n250 2.1.0 two\r\n")
        })
        .check(|case| {
            let split = reply(case);
            assert_eq!(
                (split["code"].as_u64(), split["enhanced"].as_str()),
                (Some(250), Some("2.1.0")),
                "{split}"
            );
            assert!(split["text"].as_str().unwrap().starts_with("one"), "{split}");
        }),
        Attack::new("split at every record of TLS", &["passed"], |conn| {
            conn.hello(&["STARTTLS"])?;
            conn.answer("STARTTLS", "220 go\r\n")?;
            conn.tls(&Pki::shared().acceptor())?;
            for (command, reply) in
                [("EHLO", "250-x\r\n250 y\r\n"), ("MAIL", "250-a\r\n250 b\r\n"), ("QUIT", "221 z\r\n")]
            {
                conn.answer(command, "")?;
                for byte in reply.bytes() {
                    conn.say([byte])?;
                }
            }
            Ok(())
        })
        .keys("tls: { mode: starttls, ca: ca.pem }\nstop_after: mail_from"),
        Attack::new("an extension code and a long line", &["passed"], |conn| {
            mail(conn, &[b"250 2.1.0 ", [b'x'; 1_500].as_slice(), b"\r\n"].concat())
        }),
    ]
}

/// The reply to MAIL.
fn reply(case: &Value) -> Value {
    let replies = case["replies"].as_array().unwrap();
    replies.iter().find(|reply| reply["stage"] == "mail_from").unwrap().clone()
}
