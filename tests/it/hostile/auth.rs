//! Servers that play with AUTH.

use std::time::Duration;

use super::Attack;
use crate::support::Conn;

const LOGIN: &str = "auth: { mechanism: LOGIN, username: probe, password: pa55word }";
const PLAIN: &str = "auth: { mechanism: PLAIN, username: probe, password: pa55word }";

/// base64 of `pa55word`.
const PASSWORD: &str = "cGE1NXdvcmQ=";

fn offering(conn: &mut Conn) -> std::io::Result<()> {
    conn.hello(&["AUTH LOGIN PLAIN XOAUTH2"])
}

/// The rows of this section.
pub fn rows() -> Vec<Attack> {
    vec![
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
        Attack::new("a 535 that echoes the password", &["auth 535 5.7.3"], |conn| {
            offering(conn)?;
            let line = conn.line()?;
            let blob = line.rsplit(' ').next().unwrap_or_default().to_owned();
            conn.say(format!("535-5.7.3 pa55word {PASSWORD}\r\n535 5.7.3 {blob}\r\n"))?;
            conn.bye()
        })
        .keys(PLAIN)
        .hides(&["pa55word", PASSWORD, "AHByb2JlAHBhNTV3b3Jk"]),
        Attack::new(
            "a 334 that echoes the password",
            &["auth protocol_error", "auth limit", "auth 535"],
            |conn| {
                offering(conn)?;
                conn.line()?;
                conn.say("334 VXNlcm5hbWU6\r\n")?;
                conn.line()?;
                conn.say("334 UGFzc3dvcmQ6\r\n")?;
                let password = conn.line()?;
                conn.say(format!("334 {password}\r\n"))?;
                conn.line()?;
                conn.say(format!("535 5.7.3 {password}\r\n"))?;
                conn.drain()
            },
        )
        .keys(LOGIN)
        .hides(&["pa55word", PASSWORD])
        .within(Duration::from_secs(4)),
        Attack::new("a token that is refused in JSON", &["auth 535 5.7.8"], |conn| {
            offering(conn)?;
            conn.line()?;
            // {"status":"401","schemes":"\u001b[31m bearer"} with a real ESC in it.
            conn.say("334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiG1szMW0gYmVhcmVyIn0=\r\n")?;
            if conn.line()?.is_empty() {
                conn.say("535 5.7.8 no\r\n")?;
            }
            conn.drain()
        })
        .keys("auth: { mechanism: XOAUTH2, username: probe, token: t0ken-of-mine }")
        .never_hears(&["MAIL"])
        .hides(&["t0ken-of-mine", "\u{1b}[31m"])
        .says("401")
        .within(Duration::from_secs(4)),
        Attack::new("421 in the middle of AUTH", &["auth 421 4.7.0"], |conn| {
            offering(conn)?;
            conn.answer("AUTH", "334 VXNlcm5hbWU6\r\n")?;
            conn.line()?;
            conn.say("421 4.7.0 enough\r\n")?;
            conn.drain()
        })
        .keys(LOGIN)
        .never_hears(&[PASSWORD, "QUIT"]),
        Attack::new("close in the middle of AUTH", &["auth closed"], |conn| {
            offering(conn)?;
            conn.answer("AUTH", "334 VXNlcm5hbWU6\r\n")?;
            conn.line().map(drop)
        })
        .keys(LOGIN)
        .never_hears(&[PASSWORD]),
        Attack::new("silence in the middle of AUTH", &["auth timeout"], |conn| {
            offering(conn)?;
            conn.answer("AUTH", "334 VXNlcm5hbWU6\r\n")?;
            conn.drain()
        })
        .keys(LOGIN)
        .never_hears(&[PASSWORD]),
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
    ]
}
