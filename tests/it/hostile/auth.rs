//! Servers that play with AUTH.

use std::time::Duration;

use super::{Attack, assault};
use crate::support::Conn;

const LOGIN: &str = "auth: { mechanism: LOGIN, username: probe, password: pa55word }";
const PLAIN: &str = "auth: { mechanism: PLAIN, username: probe, password: pa55word }";

/// base64 of `pa55word`.
const PASSWORD: &str = "cGE1NXdvcmQ=";

fn offering(conn: &mut Conn) -> std::io::Result<()> {
    conn.hello(&["AUTH LOGIN PLAIN XOAUTH2"])
}

#[test]
fn a_broken_exchange_ends_without_the_password() {
    assault(vec![
        Attack::new("challenges without end", &["auth protocol_error", "auth limit"], |conn| {
            offering(conn)?;
            conn.line()?;
            for _ in 0..100_000 {
                conn.say("334 VXNlcm5hbWU6\r\n")?;
                conn.line()?;
            }
            conn.drain()
        })
        .keys(LOGIN)
        .within(Duration::from_secs(4)),
        Attack::new("a challenge that is no base64", &["auth protocol_error"], |conn| {
            offering(conn)?;
            conn.line()?;
            conn.say("334 !!!\r\n")?;
            if conn.line()? == "*" {
                conn.say("501 5.0.0 cancelled\r\n")?;
            }
            conn.drain()
        })
        .keys(LOGIN)
        .never_hears(&[PASSWORD, "MAIL"])
        .within(Duration::from_secs(4)),
        Attack::new("a challenge past 12,288 bytes", &["auth protocol_error", "auth limit"], |conn| {
            offering(conn)?;
            conn.line()?;
            conn.say(format!("334 {}\r\n", "QUJD".repeat(4_000)))?;
            conn.drain()
        })
        .keys(LOGIN)
        .never_hears(&[PASSWORD, "MAIL"])
        .within(Duration::from_secs(4)),
        Attack::new("235 before the password", &["auth desync"], |conn| {
            offering(conn)?;
            conn.answer("AUTH", "235 2.7.0 welcome\r\n")?;
            conn.drain()
        })
        .keys(LOGIN)
        .never_hears(&[PASSWORD, "MAIL"])
        .within(Duration::from_secs(4)),
        Attack::new("235 with the first challenge", &["auth desync"], |conn| {
            offering(conn)?;
            conn.answer("AUTH", "334 VXNlcm5hbWU6\r\n235 2.7.0 welcome\r\n")?;
            conn.drain()
        })
        .keys(LOGIN)
        .never_hears(&[PASSWORD, "MAIL"])
        .within(Duration::from_secs(4)),
        Attack::new("the mechanism is not offered", &["auth not_offered"], |conn| {
            conn.hello(&["AUTH CRAM-MD5"])?;
            conn.drain()
        })
        .keys(PLAIN)
        .never_hears(&["AUTH", "MAIL"])
        .within(Duration::from_secs(4)),
    ]);
}

#[test]
fn an_odd_ehlo_is_no_error() {
    assault(vec![
        Attack::new("200 mechanisms, AUTH= and sizes", &["passed"], |conn| {
            let many: Vec<String> = (0..200).map(|n| format!("X-MECH-{n}")).collect();
            conn.hello(&[
                &format!("AUTH {}", many.join(" ")),
                "AUTH=LOGIN",
                "AUTH LOGIN",
                "AUTH LOGIN",
                "SIZE 18446744073709551616",
                "SIZE -1",
                "8BITMIME",
            ])?;
            conn.answer("AUTH", "334 VXNlcm5hbWU6\r\n")?;
            conn.line()?;
            conn.say("334 UGFzc3dvcmQ6\r\n")?;
            conn.line()?;
            conn.say("235 2.7.0 ok\r\n")?;
            conn.bye()
        })
        .keys("auth: { mechanism: LOGIN, username: probe, password: pa55word }\nstop_after: auth"),
    ]);
}
