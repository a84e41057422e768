//! Servers that play with the mechanisms of AUTH: challenges that are none, proofs that
//! are missing or wrong, work without measure, and secrets that come back in disguise.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Attack;
use crate::support::Conn;

const SCRAM: &str = "auth: { mechanism: SCRAM-SHA-256, username: probe, password: pa55word }";
const CRAM: &str = "auth: { mechanism: CRAM-MD5, username: probe, password: pa55word }";
const PLAIN: &str = "auth: { mechanism: PLAIN, username: probe, password: pa55word }";
const BEARER: &str = "auth: { mechanism: OAUTHBEARER, username: probe, token: t0ken-of-mine }";

/// A salt of no meaning.
const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";

fn challenge(text: impl AsRef<[u8]>) -> String {
    format!("334 {}\r\n", STANDARD.encode(text))
}

fn plain(line: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(line).unwrap_or_default()).into_owned()
}

/// Hears the client's first message of SCRAM; its nonce.
fn nonce(conn: &mut Conn) -> io::Result<String> {
    conn.hello(&["AUTH SCRAM-SHA-256 CRAM-MD5 OAUTHBEARER PLAIN"])?;
    let line = conn.line()?;
    let first = plain(line.rsplit(' ').next().unwrap_or_default());
    Ok(first.rsplit("r=").next().unwrap_or_default().to_owned())
}

/// A SCRAM server whose first message is this, and then what follows.
fn scram(
    name: &'static str,
    expected: &'static [&'static str],
    first: fn(&str) -> String,
    then: fn(&mut Conn) -> io::Result<()>,
) -> Attack {
    Attack::new(name, expected, move |conn| {
        let nonce = nonce(conn)?;
        conn.say(challenge(first(&nonce)))?;
        then(conn)
    })
    .keys(SCRAM)
    .never_hears(&["MAIL"])
    .hides(&["pa55word"])
    .within(Duration::from_secs(4))
}

/// An honest first message.
fn honest(nonce: &str) -> String {
    format!("r={nonce}x,s={SALT},i=4096")
}

/// The rows of this section.
pub fn rows() -> Vec<Attack> {
    let mut rows = vec![
        scram(
            "SCRAM: 235 in place of the server's signature",
            &["auth protocol_error no_server_signature"],
            honest,
            |conn| {
                conn.line()?;
                conn.say("235 2.7.0 welcome\r\n")?;
                conn.drain()
            },
        ),
        scram("SCRAM: 235 with the first challenge", &["auth desync"], honest, |conn| {
            conn.say("235 2.7.0 welcome\r\n")?;
            conn.drain()
        }),
        scram(
            "SCRAM: a wrong server signature",
            &["auth protocol_error bad_server_signature"],
            honest,
            |conn| {
                conn.line()?;
                conn.say(challenge("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="))?;
                conn.line()?;
                conn.say("235 2.7.0 welcome\r\n")?;
                conn.drain()
            },
        ),
        scram(
            "SCRAM: a last word without signature",
            &["auth protocol_error bad_challenge"],
            honest,
            |conn| {
                conn.line()?;
                conn.say(challenge("welcome"))?;
                conn.line()?;
                conn.say("235 2.7.0 welcome\r\n")?;
                conn.drain()
            },
        ),
        scram(
            "SCRAM: an error, and then 235",
            &["auth protocol_error no_server_signature"],
            honest,
            |conn| {
                conn.line()?;
                conn.say(challenge("e=other-error"))?;
                conn.line()?;
                conn.say("235 2.7.0 welcome\r\n")?;
                conn.drain()
            },
        )
        .says("the server explains: other-error"),
        scram(
            "SCRAM: a nonce of the server's own",
            &["auth protocol_error bad_nonce"],
            |_| honest("other"),
            |conn| conn.drain(),
        ),
        scram(
            "SCRAM: our nonce and nothing more",
            &["auth protocol_error bad_nonce"],
            |nonce| format!("r={nonce},s={SALT},i=4096"),
            |conn| conn.drain(),
        ),
        scram(
            "SCRAM: four thousand million rounds",
            &["auth limit iterations"],
            |nonce| format!("r={nonce}x,s={SALT},i=4294967295"),
            |conn| conn.drain(),
        ),
        scram(
            "SCRAM: rounds past every number",
            &["auth limit iterations"],
            |nonce| format!("r={nonce}x,s={SALT},i={}", "9".repeat(500)),
            |conn| conn.drain(),
        ),
        scram(
            "SCRAM: no rounds",
            &["auth protocol_error bad_challenge"],
            |nonce| format!("r={nonce}x,s={SALT},i=0"),
            |conn| conn.drain(),
        ),
        scram(
            "SCRAM: a salt that is no base64",
            &["auth protocol_error bad_challenge"],
            |nonce| format!("r={nonce}x,s=!!!!,i=4096"),
            |conn| conn.drain(),
        ),
        scram(
            "SCRAM: an extension that is demanded",
            &["auth protocol_error bad_challenge"],
            |nonce| format!("m=x,r={nonce}x,s={SALT},i=4096"),
            |conn| conn.drain(),
        ),
        scram(
            "SCRAM: an empty challenge",
            &["auth protocol_error bad_challenge"],
            |_| String::new(),
            |conn| conn.drain(),
        ),
        scram(
            "SCRAM: challenges without end",
            &["auth protocol_error bad_challenge", "auth limit"],
            honest,
            |conn| {
                for _ in 0..100_000 {
                    conn.line()?;
                    conn.say(challenge("r=x,s=eA==,i=1"))?;
                }
                conn.drain()
            },
        ),
        scram("SCRAM: the proof comes back", &["auth 535"], honest, |conn| {
            let line = conn.line()?;
            let last = plain(&line);
            let proof = last.rsplit("p=").next().unwrap_or_default().to_owned();
            conn.say(format!("535-5.7.8 {line}\r\n535 5.7.8 wrong proof {proof}\r\n"))?;
            conn.bye()
        })
        .says("wrong proof ********"),
        scram(
            "SCRAM: one round of hashing",
            &["auth 535"],
            |nonce| format!("r={nonce}x,s={SALT},i=1"),
            |conn| {
                conn.line()?;
                conn.say("535 5.7.8 no\r\n")?;
                conn.bye()
            },
        )
        .says("1 round of hashing"),
    ];
    rows.extend(others());
    rows
}

fn others() -> Vec<Attack> {
    let offering = |conn: &mut Conn| conn.hello(&["AUTH SCRAM-SHA-256 CRAM-MD5 OAUTHBEARER PLAIN"]);
    vec![
        Attack::new("CRAM-MD5: an empty challenge", &["auth protocol_error bad_challenge"], move |conn| {
            offering(conn)?;
            conn.answer("AUTH", "334 \r\n")?;
            conn.drain()
        })
        .keys(CRAM)
        .never_hears(&["MAIL", "cHJvYmUg"]),
        Attack::new("CRAM-MD5: 235 without a challenge", &["auth desync"], move |conn| {
            offering(conn)?;
            conn.answer("AUTH", "235 2.7.0 welcome\r\n")?;
            conn.drain()
        })
        .keys(CRAM)
        .never_hears(&["MAIL"]),
        Attack::new("CRAM-MD5: a second challenge", &["auth limit challenges"], move |conn| {
            offering(conn)?;
            conn.answer("AUTH", &challenge("<1.2@peer.test>"))?;
            conn.line()?;
            conn.say(challenge("<3.4@peer.test>"))?;
            conn.drain()
        })
        .keys(CRAM)
        .never_hears(&["MAIL"]),
        Attack::new("CRAM-MD5: the digest comes back", &["auth 535"], move |conn| {
            offering(conn)?;
            conn.answer("AUTH", &challenge("<1.2@peer.test>"))?;
            let line = conn.line()?;
            let digest = plain(&line).rsplit(' ').next().unwrap_or_default().to_owned();
            conn.say(format!("535-5.7.8 {line}\r\n535 5.7.8 wrong digest {digest}\r\n"))?;
            conn.bye()
        })
        .keys(CRAM)
        .says("wrong digest ********"),
        Attack::new("a 535 that echoes the password in base64 of base64", &["auth 535"], move |conn| {
            offering(conn)?;
            let line = conn.line()?;
            let blob = line.rsplit(' ').next().unwrap_or_default();
            let (twice, thrice) = (STANDARD.encode(blob), STANDARD.encode(STANDARD.encode("pa55word")));
            conn.say(format!("535-5.7.3 twice {twice}\r\n535 5.7.3 thrice {}\r\n", STANDARD.encode(thrice)))?;
            conn.bye()
        })
        .keys(PLAIN)
        .hides(&["pa55word", "Y0dFMU5YZHZjbVE", "QUhCeWIySmxBSEJoTlRWM2IzSms", "WTBkRk1VNVlaSFpqYlZFO"])
        .says("twice ********")
        .says("thrice ********"),
        Attack::new("OAUTHBEARER: a token that is refused in JSON", &["auth 535"], move |conn| {
            offering(conn)?;
            conn.line()?;
            conn.say(challenge("{\"status\":\"invalid_token\",\"scope\":\"\u{1b}[31m\"}"))?;
            if conn.line()? == "AQ==" {
                conn.say("535 5.7.8 no\r\n")?;
            }
            conn.bye()
        })
        .keys(BEARER)
        .hides(&["t0ken-of-mine", "\u{1b}[31m"])
        .says("invalid_token"),
        Attack::new("OAUTHBEARER: refusals without end", &["auth limit challenges"], move |conn| {
            offering(conn)?;
            for _ in 0..100_000 {
                conn.line()?;
                conn.say(challenge("{}"))?;
            }
            conn.drain()
        })
        .keys(BEARER)
        .never_hears(&["MAIL"]),
        Attack::new("a cancelled log-in that succeeds", &["auth desync"], move |conn| {
            offering(conn)?;
            conn.answer("AUTH", "334 \r\n")?;
            conn.line()?;
            conn.say("235 2.7.0 welcome\r\n")?;
            conn.drain()
        })
        .keys("auth: { mechanism: PLAIN, cancel: true }")
        .never_hears(&["MAIL"]),
        Attack::new("a cancelled log-in that goes on", &["auth limit challenges"], move |conn| {
            offering(conn)?;
            for _ in 0..100_000 {
                conn.line()?;
                conn.say("334 \r\n")?;
            }
            conn.drain()
        })
        .keys("auth: { mechanism: PLAIN, cancel: true }")
        .never_hears(&["MAIL"]),
    ]
}
