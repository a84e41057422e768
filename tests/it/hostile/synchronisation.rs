//! Replies before their time, to nobody, or not at all.

use std::time::Duration;

use super::Attack;
use crate::support::Conn;

/// Answers up to and including the command before `stage`, and reads the one
/// that leads to it.
fn up_to(conn: &mut Conn, stage: &str) -> std::io::Result<()> {
    if stage == "greeting" {
        return Ok(());
    }
    conn.say("220 peer.test\r\n")?;
    conn.line()?;
    for (name, reply) in [
        ("ehlo", "250-peer.test\r\n250 HELP\r\n"),
        ("mail_from", "250 2.1.0 ok\r\n"),
        ("rcpt_to", "250 2.1.5 ok\r\n"),
        ("data", "354 go\r\n"),
    ] {
        if stage == name {
            return Ok(());
        }
        conn.say(reply)?;
        if name == "data" {
            return conn.message().map(drop);
        }
        conn.line()?;
    }
    Ok(())
}

/// The rows of this section.
pub fn rows() -> Vec<Attack> {
    let sections = [unasked(), missing(), pipelined(), farewells(), closes(), refusals(), quits()];
    sections.into_iter().flatten().collect()
}

fn unasked() -> Vec<Attack> {
    vec![
        Attack::new("every reply at connect", &["desync"], |conn| {
            conn.say("220 a\r\n250 b\r\n250 c\r\n250 d\r\n354 e\r\n250 f\r\n221 g\r\n")?;
            conn.drain()
        })
        .never_hears(&["MAIL"]),
        Attack::new("250 with the 354", &["data desync", "message desync"], |conn| {
            up_to(conn, "data")?;
            conn.say("354 go\r\n250 2.0.0 queued\r\n")?;
            conn.drain()
        })
        .never_hears(&["BODY-MARK"]),
        Attack::new("250 in the middle of the body", &["message desync"], |conn| {
            up_to(conn, "data")?;
            conn.say("354 go\r\n")?;
            conn.line()?;
            conn.say("250 2.0.0 queued\r\n")?;
            conn.wait(Duration::from_millis(300));
            conn.drain()
        })
        .keys("message: { file: big.eml }"),
        Attack::new("one reply too many after EHLO", &["ehlo desync", "mail_from desync"], |conn| {
            conn.say("220 peer.test\r\n")?;
            conn.line()?;
            conn.say("250 peer.test\r\n250 2.1.0 sender ok\r\n")?;
            conn.drain()
        })
        .never_hears(&["RCPT"]),
        Attack::new("one reply too many after RCPT", &["rcpt_to desync", "data desync"], |conn| {
            up_to(conn, "rcpt_to")?;
            conn.say("250 2.1.5 ok\r\n354 go\r\n")?;
            conn.drain()
        })
        .never_hears(&["BODY-MARK"]),
        Attack::new("the replies of a session, one command early", &["desync"], |conn| {
            conn.say("220 peer.test\r\n")?;
            conn.line()?;
            conn.say("250 peer.test\r\n")?;
            conn.line()?;
            conn.say("250 sender\r\n250 recipient\r\n")?;
            conn.line()?;
            conn.say("354 go\r\n")?;
            conn.drain()
        })
        .never_hears(&["BODY-MARK"]),
        Attack::new("an unasked 421", &["421 4.3.2"], |conn| {
            up_to(conn, "mail_from")?;
            conn.say("250 2.1.0 ok\r\n421 4.3.2 shutting down\r\n")?;
            conn.drain()
        })
        .never_hears(&["DATA", "QUIT"]),
        Attack::new("a greeting in two pieces, then more", &["desync"], |conn| {
            conn.say("220 peer.test\r\n2")?;
            conn.say("50 x\r\n")?;
            conn.drain()
        })
        .never_hears(&["MAIL"]),
    ]
}

fn missing() -> Vec<Attack> {
    vec![
        Attack::new("the third recipient goes unanswered", &["rcpt_to timeout"], |conn| {
            up_to(conn, "rcpt_to")?;
            conn.say("250 2.1.5 ok\r\n")?;
            conn.answer("RCPT", "250 2.1.5 ok\r\n")?;
            conn.drain()
        })
        .keys("rcpt_to: [a@peer.test, b@peer.test, c@peer.test]")
        .never_hears(&["DATA"]),
        Attack::new("nothing after the final dot", &["message timeout"], |conn| {
            up_to(conn, "message")?;
            conn.drain()
        })
        .says("delivery unknown"),
        Attack::new("a body that nobody reads", &["message timeout"], |conn| {
            up_to(conn, "data")?;
            conn.say("354 go\r\n")?;
            conn.wait(Duration::from_secs(5));
            Ok(())
        })
        .keys("message: { file: big.eml }"),
    ]
}

/// What pipelined sessions ask for.
const IN_ONE_GO: &str = "extensions: { pipelining: true }\nrcpt_to: [a@peer.test, b@peer.test, c@peer.test]";

/// Reads MAIL, three RCPT and DATA before it answers any of them.
fn batch(conn: &mut Conn) -> std::io::Result<()> {
    conn.say("220 peer.test\r\n")?;
    conn.line()?;
    conn.say("250-peer.test\r\n250 PIPELINING\r\n")?;
    for _ in 0..5 {
        conn.line()?;
    }
    Ok(())
}

fn pipelined() -> Vec<Attack> {
    let row = |name, expected, replies: &'static str| {
        let attack = Attack::new(name, expected, move |conn| {
            batch(conn)?;
            conn.say(replies)?;
            conn.drain()
        });
        attack.never_hears(&["BODY-MARK"])
    };
    vec![
        row(
            "three recipients in one go, two replies",
            &["rcpt_to timeout"],
            "250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.1.1 no\r\n",
        )
        // The refusal is the second recipient's, and the third has no reply.
        .keys("extensions: { pipelining: true }\nrcpt_to: [a@peer.test, { address: b@peer.test, expect: 550 }, c@peer.test]")
        .check(|case| assert_eq!(case["failures"].as_array().map(Vec::len), Some(1), "{case:#}")),
        row(
            "three recipients in one go, and DATA in the third's place",
            &["rcpt_to protocol_error"],
            "250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n354 go\r\n",
        )
        .keys(IN_ONE_GO),
        row(
            "a reply too many in one go",
            &["data protocol_error", "data desync", "message desync"],
            "250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n354 go\r\n",
        )
        .keys(IN_ONE_GO),
        row(
            "354 in one go, and 250 with it",
            &["message desync"],
            "250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n354 go\r\n250 2.0.0 queued\r\n",
        )
        .keys(IN_ONE_GO),
        Attack::new("550 in one go, then close", &["rcpt_to 550 5.1.1"], |conn| {
            batch(conn)?;
            conn.say("250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.1.1 no\r\n")
        })
        .keys(IN_ONE_GO)
        .says("closed"),
        Attack::new("nobody is left, and 250 for the lone dot", &["rcpt_to 550 5.1.1 third"], |conn| {
            batch(conn)?;
            conn.say("250 2.1.0 ok\r\n550 5.1.1 first\r\n550 5.1.1 second\r\n550 5.1.1 third\r\n354 go\r\n")?;
            conn.line()?;
            conn.say("250 2.0.0 queued\r\n")?;
            conn.drain()
        })
        .keys(&format!("{IN_ONE_GO}\nexpect: 550"))
        .never_hears(&["BODY-MARK"])
        .says("a message that has no recipient"),
    ]
}

fn farewells() -> Vec<Attack> {
    let rows: [(&str, &str, &[&str]); 6] = [
        ("421 for a greeting", "greeting", &["greeting 421 4.3.2"]),
        ("421 to EHLO", "ehlo", &["ehlo 421 4.3.2"]),
        ("421 to MAIL", "mail_from", &["mail_from 421 4.3.2"]),
        ("421 to RCPT", "rcpt_to", &["rcpt_to 421 4.3.2"]),
        ("421 to DATA", "data", &["data 421 4.3.2"]),
        ("421 to the message", "message", &["message 421 4.3.2"]),
    ];
    let farewell = |(name, stage, expected)| {
        Attack::new(name, expected, move |conn| {
            up_to(conn, stage)?;
            conn.say("421 4.3.2 shutting down\r\n")?;
            conn.drain()
        })
        .never_hears(&["QUIT"])
    };
    rows.into_iter().map(farewell).collect()
}

fn closes() -> Vec<Attack> {
    let rows: [(&str, &str, &str, &[&str]); 6] = [
        // A reset may come before the connection is seen to be there.
        (
            "close after accept",
            "reset after accept",
            "greeting",
            &["greeting closed", "connect refused reset"],
        ),
        ("close after EHLO", "reset after EHLO", "ehlo", &["ehlo closed"]),
        ("close after MAIL", "reset after MAIL", "mail_from", &["mail_from closed"]),
        ("close after RCPT", "reset after RCPT", "rcpt_to", &["rcpt_to closed"]),
        ("close after DATA", "reset after DATA", "data", &["data closed"]),
        ("close after the message", "reset after the message", "message", &["message closed"]),
    ];
    let close = |(close, reset, stage, expected): (
        &'static str,
        &'static str,
        &'static str,
        &'static [&'static str],
    )| {
        [
            Attack::new(close, expected, move |conn| up_to(conn, stage)),
            Attack::new(reset, expected, move |conn| {
                up_to(conn, stage)?;
                conn.reset();
                Ok(())
            }),
        ]
    };
    rows.into_iter().flat_map(close).collect()
}

fn refusals() -> Vec<Attack> {
    vec![
        Attack::new("554 for a greeting", &["greeting 554"], |conn| {
            conn.say("554 no service\r\n")?;
            conn.bye()
        })
        .never_hears(&["EHLO"]),
        Attack::new("521 for a greeting", &["greeting 521"], |conn| {
            conn.say("521 does not accept mail\r\n")?;
            conn.drain()
        })
        .never_hears(&["EHLO"])
        .within(Duration::from_secs(3)),
        Attack::new("EHLO unknown", &["ehlo 500"], |conn| {
            conn.say("220 old.test\r\n")?;
            conn.answer("EHLO", "500 what?\r\n")?;
            conn.drain()
        })
        .never_hears(&["HELO "])
        .within(Duration::from_secs(3)),
        Attack::new("550, then close", &["rcpt_to 550 5.1.1"], |conn| {
            up_to(conn, "rcpt_to")?;
            conn.say("550 5.1.1 no such user\r\n")
        }),
        Attack::new("greylisting", &["rcpt_to 450 4.7.1"], |conn| {
            up_to(conn, "rcpt_to")?;
            conn.say("450 4.7.1 try again later\r\n")?;
            conn.bye()
        })
        .check(|case| assert_eq!(case["attempts"], 1)),
        Attack::new("250 to DATA", &["data protocol_error"], |conn| {
            up_to(conn, "data")?;
            conn.say("250 2.0.0 fine\r\n")?;
            conn.drain()
        })
        .never_hears(&["BODY-MARK"])
        .within(Duration::from_secs(3)),
        Attack::new("every recipient refused", &["rcpt_to 550 5.7.1 second"], |conn| {
            up_to(conn, "rcpt_to")?;
            conn.say("550 5.7.1 first\r\n")?;
            conn.answer("RCPT", "550 5.7.1 second\r\n")?;
            conn.drain()
        })
        .keys("rcpt_to: [a@peer.test, b@peer.test]")
        .never_hears(&["DATA"])
        .within(Duration::from_secs(3)),
    ]
}

fn quits() -> Vec<Attack> {
    let delivered = |conn: &mut Conn| {
        up_to(conn, "message")?;
        conn.say("250 2.0.0 queued\r\n")
    };
    vec![
        Attack::new("QUIT unknown", &["passed"], move |conn| {
            delivered(conn)?;
            conn.answer("QUIT", "500 what?\r\n").map(drop)
        }),
        Attack::new("QUIT unanswered", &["passed"], move |conn| {
            delivered(conn)?;
            conn.drain()
        })
        .within(Duration::from_millis(2_500)),
        Attack::new("QUIT closed upon", &["passed"], move |conn| {
            delivered(conn)?;
            conn.line().map(drop)
        }),
    ]
}
