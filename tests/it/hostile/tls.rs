//! Peers that cheat around and inside TLS.

use std::time::Duration;

use openssl::ssl::{SslAcceptor, SslVersion};

use super::Attack;
use crate::support::{Conn, Pki, have};

pub const STARTTLS: &str = "tls: { mode: starttls, ca: ca.pem }";
const OPENSSL: &str = "tls: { mode: starttls, ca: ca.pem, backend: openssl }";
const IMPLICIT: [&str; 2] =
    ["tls: { mode: implicit, ca: ca.pem }", "tls: { mode: implicit, ca: ca.pem, backend: openssl }"];
const CLEAR: &[&str] = &["MAIL", "AUTH"];

/// The rows of this section.
pub fn rows() -> Vec<Attack> {
    [injections(), stripped(), farewells(), refusals(), alerts(), broken(), floods(), renegotiation()]
        .into_iter()
        .flatten()
        .collect()
}

/// Greets, offers STARTTLS and answers it so.
pub fn starttls(conn: &mut Conn, reply: &str) -> std::io::Result<()> {
    conn.hello(&["STARTTLS"])?;
    conn.answer("STARTTLS", reply).map(drop)
}

/// A whole dialogue under TLS.
pub fn session(conn: &mut Conn, acceptor: &SslAcceptor) -> std::io::Result<()> {
    starttls(conn, "220 go\r\n")?;
    conn.tls(acceptor)?;
    conn.ehlo(&[])?;
    conn.answer("MAIL", "250 2.1.0 ok\r\n")?;
    conn.answer("RCPT", "250 2.1.5 ok\r\n")?;
    conn.answer("DATA", "354 go\r\n")?;
    conn.message()?;
    conn.say("250 2.0.0 queued\r\n")?;
    conn.bye()
}

fn injections() -> Vec<Attack> {
    vec![
        Attack::new("a whole reply in the same segment", &["desync", "protocol_error"], |conn| {
            starttls(conn, "220 go\r\n250 injected\r\n")?;
            conn.drain()
        })
        .keys(STARTTLS)
        .never_hears(&["MAIL", "\u{16}\u{3}"]),
        Attack::new("a fragment in the same segment", &["desync", "protocol_error"], |conn| {
            starttls(conn, "220 go\r\n25")?;
            conn.drain()
        })
        .keys(STARTTLS)
        .never_hears(&["MAIL", "\u{16}\u{3}"]),
        Attack::new("a fragment in a later segment", &["desync", "protocol_error", "tls timeout"], |conn| {
            starttls(conn, "220 go\r\n")?;
            conn.wait(Duration::from_millis(50));
            conn.say("25")?;
            conn.drain()
        })
        .keys(STARTTLS)
        .never_hears(CLEAR),
        Attack::new("plain text instead of a handshake", &["tls protocol_error", "desync"], |conn| {
            starttls(conn, "220 go\r\n")?;
            conn.wait(Duration::from_millis(50));
            conn.say("250 injected\r\n")?;
            conn.drain()
        })
        .keys(STARTTLS)
        .never_hears(CLEAR),
        Attack::new("silence instead of a handshake", &["tls timeout"], |conn| {
            starttls(conn, "220 go\r\n")?;
            conn.drain()
        })
        .keys(STARTTLS)
        .never_hears(CLEAR),
        Attack::new("close instead of a handshake", &["tls closed"], |conn| starttls(conn, "220 go\r\n"))
            .keys(STARTTLS)
            .never_hears(CLEAR),
        Attack::new("a message of 16 MB in the handshake", &["tls limit"], |conn| {
            starttls(conn, "220 go\r\n")?;
            conn.byte()?;
            // A ServerHello that says it is 0xffffff bytes long, and goes on.
            let mut record = vec![0x16, 3, 3, 0x40, 0];
            record.extend([2, 0xff, 0xff, 0xff]);
            record.resize(5 + 0x4000, 0);
            conn.say(&record)?;
            record[5..9].fill(0);
            conn.repeat(&record, Duration::ZERO)
        })
        .keys(STARTTLS),
        Attack::new("a handshake byte by byte", &["tls timeout"], |conn| {
            starttls(conn, "220 go\r\n")?;
            conn.byte()?;
            conn.say([0x16, 3, 3, 0x40, 0])?;
            conn.repeat(&[2], Duration::from_millis(100))
        })
        .keys(STARTTLS),
    ]
}

fn stripped() -> Vec<Attack> {
    let refused = |name: &'static str, expected: &'static [&'static str], reply: &'static str| {
        Attack::new(name, expected, move |conn| {
            starttls(conn, reply)?;
            conn.drain()
        })
        .keys(STARTTLS)
        .never_hears(CLEAR)
        .within(Duration::from_secs(3))
    };
    vec![
        refused("454", &["starttls 454 4.7.0"], "454 4.7.0 TLS not available\r\n"),
        refused("502", &["starttls 502"], "502 5.5.1 what?\r\n"),
        refused("354", &["starttls protocol_error", "starttls 354"], "354 go\r\n"),
        refused("221", &["starttls protocol_error", "starttls 221"], "221 bye\r\n"),
        refused("250", &["starttls protocol_error", "starttls 250"], "250 fine\r\n"),
        Attack::new("stripped", &["starttls not_offered"], |conn| {
            conn.hello(&["SIZE 1000", "AUTH LOGIN"])?;
            conn.drain()
        })
        .keys(STARTTLS)
        .never_hears(CLEAR)
        .within(Duration::from_secs(3)),
        Attack::new("spelt XXXXXXXA", &["starttls not_offered"], |conn| {
            conn.hello(&["XXXXXXXA"])?;
            conn.drain()
        })
        .keys(STARTTLS)
        .never_hears(CLEAR)
        .within(Duration::from_secs(3)),
        Attack::new("AUTH offered only before TLS", &["auth not_offered"], |conn| {
            conn.hello(&["STARTTLS", "AUTH LOGIN PLAIN"])?;
            conn.answer("STARTTLS", "220 go\r\n")?;
            conn.tls(&Pki::shared().acceptor())?;
            conn.ehlo(&[])?;
            conn.drain()
        })
        .keys("tls: { mode: starttls, ca: ca.pem }\nauth: { mechanism: LOGIN, username: a, password: b }")
        .never_hears(CLEAR)
        .within(Duration::from_secs(3)),
    ]
}

/// 421, close and reset where STARTTLS, the handshake and EHLO after it stand.
fn farewells() -> Vec<Attack> {
    let secured = |conn: &mut Conn| {
        starttls(conn, "220 go\r\n")?;
        conn.tls(&Pki::shared().acceptor())?;
        conn.line().map(drop)
    };
    let offered = |conn: &mut Conn| {
        conn.hello(&["STARTTLS"])?;
        conn.line().map(drop)
    };
    let rows = vec![
        Attack::new("421 to STARTTLS", &["starttls 421 4.7.0"], |conn| {
            starttls(conn, "421 4.7.0 no\r\n")?;
            conn.drain()
        }),
        Attack::new("close after STARTTLS", &["starttls closed"], offered),
        Attack::new("reset after STARTTLS", &["starttls closed"], move |conn| {
            offered(conn)?;
            conn.reset();
            Ok(())
        }),
        Attack::new("reset instead of a handshake", &["tls closed"], |conn| {
            starttls(conn, "220 go\r\n")?;
            conn.byte()?;
            conn.reset();
            Ok(())
        }),
        Attack::new("421 to EHLO under TLS", &["ehlo_tls 421 4.7.0"], move |conn| {
            secured(conn)?;
            conn.say("421 4.7.0 no\r\n")?;
            conn.drain()
        }),
        Attack::new("close after EHLO under TLS", &["ehlo_tls closed"], secured),
        Attack::new("reset after EHLO under TLS", &["ehlo_tls closed"], move |conn| {
            secured(conn)?;
            conn.abort();
            Ok(())
        }),
    ];
    rows.into_iter().map(|row| row.keys(STARTTLS).never_hears(&["MAIL", "AUTH", "QUIT"])).collect()
}

fn refusals() -> Vec<Attack> {
    let pki = Pki::shared();
    let demanding = |version: SslVersion| pki.server().acceptor_with(version, version, Some(pki.other_ca()));
    let refused = |name: &'static str, acceptor: SslAcceptor, keys: &str| {
        Attack::new(name, &["tls tls_refused client_certificate"], move |conn| {
            let done = session(conn, &acceptor);
            conn.wait(Duration::from_millis(100));
            done
        })
        .keys(keys)
        .never_hears(CLEAR)
    };
    let with =
        "tls: { mode: starttls, ca: ca.pem }\ncertificate: { cert: client-ec.pem, key: client-ec.key }";
    vec![
        refused("a certificate of the wrong CA, TLS 1.2", demanding(SslVersion::TLS1_2), with),
        refused("a certificate of the wrong CA, TLS 1.3", demanding(SslVersion::TLS1_3), with),
        refused("no certificate, TLS 1.2", demanding(SslVersion::TLS1_2), STARTTLS),
        refused("no certificate, TLS 1.3", demanding(SslVersion::TLS1_3), STARTTLS),
        refused(
            "no certificate, TLS 1.3 by OpenSSL",
            demanding(SslVersion::TLS1_3),
            "tls: { mode: starttls, ca: ca.pem, backend: openssl }",
        ),
        Attack::new(
            "a certificate of the wrong CA, TLS 1.3, in a race with a reset",
            &["tls tls_refused client_certificate"],
            {
                let acceptor = demanding(SslVersion::TLS1_3);
                move |conn| {
                    starttls(conn, "220 go\r\n")?;
                    conn.reset_when_over()?;
                    conn.tls(&acceptor)
                }
            },
        )
        .keys(with)
        .never_hears(CLEAR),
        Attack::new("TLS 1.3 alone, asked for 1.2", &["tls tls_refused protocol_version"], {
            let acceptor = pki.server().acceptor_with(SslVersion::TLS1_3, SslVersion::TLS1_3, None);
            move |conn| session(conn, &acceptor)
        })
        .keys("tls: { mode: starttls, ca: ca.pem, version: TLSv1.2 }")
        .never_hears(CLEAR),
        Attack::new("TLS 1.2 alone, asked for 1.3", &["tls tls_refused protocol_version"], {
            let acceptor = pki.server().acceptor_with(SslVersion::TLS1_2, SslVersion::TLS1_2, None);
            move |conn| session(conn, &acceptor)
        })
        .keys("tls: { mode: starttls, ca: ca.pem, version: TLSv1.3 }")
        .never_hears(CLEAR),
    ]
}

fn broken() -> Vec<Attack> {
    let broken = |name, expected, end: fn(&mut Conn) -> std::io::Result<()>| {
        Attack::new(name, expected, move |conn| {
            starttls(conn, "220 go\r\n")?;
            conn.tls(&Pki::shared().acceptor())?;
            conn.line()?;
            end(conn)
        })
        .keys(STARTTLS)
    };
    vec![
        broken("close inside a reply, no close_notify", &["ehlo_tls closed"], |conn| {
            conn.say("250-peer.test\r\n")?;
            conn.cut();
            Ok(())
        }),
        broken("a record that is none", &["ehlo_tls protocol_error", "ehlo_tls tls_refused"], |conn| {
            conn.bypass(b"250 in clear\r\n")?;
            conn.drain()
        }),
        broken(
            "a record that decrypts to nothing",
            &["ehlo_tls protocol_error", "ehlo_tls tls_refused"],
            |conn| {
                let mut record = vec![0x17, 3, 3, 0, 64];
                record.resize(5 + 64, 0xa5);
                conn.bypass(&record)?;
                conn.drain()
            },
        ),
        broken("silence under TLS", &["ehlo_tls timeout"], Conn::drain),
        broken("a reply injected under TLS with the greeting's", &["desync"], |conn| {
            conn.say("250 peer.test\r\n250 2.1.0 sender ok\r\n")?;
            conn.drain()
        }),
        Attack::new(
            "a reply in clear under TLS, by OpenSSL",
            &["ehlo_tls protocol_error", "ehlo_tls tls_refused"],
            |conn| {
                starttls(conn, "220 go\r\n")?;
                conn.tls(&Pki::shared().acceptor())?;
                conn.line()?;
                conn.bypass(b"250 in clear\r\n")?;
                conn.drain()
            },
        )
        .keys(OPENSSL),
        Attack::new("close without close_notify after 221", &["passed"], |conn| {
            starttls(conn, "220 go\r\n")?;
            conn.tls(&Pki::shared().acceptor())?;
            conn.ehlo(&[])?;
            conn.bye()?;
            conn.cut();
            Ok(())
        })
        .keys(&format!("{STARTTLS}\nstop_after: ehlo_tls")),
    ]
}

/// Alerts in the handshake are named, whoever does it.
fn alerts() -> Vec<Attack> {
    let rows: [(&str, &str, u8, &[&str]); 8] = [
        ("alert 40", "alert 40 by OpenSSL", 40, &["tls tls_refused handshake_failure"]),
        ("alert 42", "alert 42 by OpenSSL", 42, &["tls tls_refused bad_certificate"]),
        ("alert 48", "alert 48 by OpenSSL", 48, &["tls tls_refused unknown_ca"]),
        ("alert 49", "alert 49 by OpenSSL", 49, &["tls tls_refused access_denied"]),
        ("alert 70", "alert 70 by OpenSSL", 70, &["tls tls_refused protocol_version"]),
        ("alert 90", "alert 90 by OpenSSL", 90, &["tls tls_refused user_canceled"]),
        ("alert 116", "alert 116 by OpenSSL", 116, &["tls tls_refused certificate_required"]),
        ("alert 120", "alert 120 by OpenSSL", 120, &["tls tls_refused no_application_protocol"]),
    ];
    let alert =
        |(rustls, openssl, number, expected): (&'static str, &'static str, u8, &'static [&'static str])| {
            [rustls, openssl].into_iter().zip(IMPLICIT).map(move |(name, keys)| {
                Attack::new(name, expected, move |conn| {
                    conn.byte()?;
                    conn.say([0x15, 3, 3, 0, 2, 2, number])?;
                    conn.drain()
                })
                .keys(keys)
                .never_hears(CLEAR)
            })
        };
    let notify = Attack::new("close_notify inside the handshake", &["tls closed", "tls timeout"], |conn| {
        conn.byte()?;
        conn.say([0x15, 3, 3, 0, 2, 1, 0])?;
        conn.drain()
    })
    .keys(IMPLICIT[0]);
    // RFC 8446 §4.1.3: a server that speaks TLS 1.3 and answers 1.2 ends its random so.
    let mut hello = [0x16, 3, 3, 0, 55, 2, 0, 0, 51, 3, 3].to_vec();
    hello.extend([7; 24]);
    hello.extend(b"DOWNGRD\x01");
    hello.extend([0, 0xc0, 0x2b, 0, 0, 11, 0xff, 1, 0, 1, 0, 0, 0x17, 0, 0, 0, 0x0b]);
    hello.truncate(5 + 55);
    let sentinel = ["the downgrade sentinel", "the downgrade sentinel by OpenSSL"].into_iter().zip(IMPLICIT);
    let sentinel = sentinel.map(|(name, keys)| {
        let hello = hello.clone();
        Attack::new(name, &["tls protocol_error", "tls tls_refused"], move |conn| {
            conn.byte()?;
            conn.say(&hello)?;
            conn.drain()
        })
        .keys(keys)
        .never_hears(CLEAR)
    });
    rows.into_iter().flat_map(alert).chain([notify]).chain(sentinel).collect()
}

/// What TLS 1.3 lets a server send for ever without a word of SMTP.
fn floods() -> Vec<Attack> {
    let never = &["ehlo_tls timeout", "ehlo_tls limit", "ehlo_tls protocol_error"];
    let both = |names: [&'static str; 2], script: fn(&mut Conn) -> std::io::Result<()>| {
        names
            .into_iter()
            .zip([STARTTLS, OPENSSL])
            .map(move |(name, keys)| Attack::new(name, never, script).keys(keys).never_hears(CLEAR))
    };
    let updates = both(["KeyUpdate for ever", "KeyUpdate for ever, by OpenSSL"], |conn| {
        starttls(conn, "220 go\r\n")?;
        conn.tls_by_rustls(Pki::shared().server(), 0)?;
        conn.line()?;
        conn.update_keys_for_ever()
    });
    let tickets = both(["5,000 session tickets", "5,000 session tickets, by OpenSSL"], |conn| {
        starttls(conn, "220 go\r\n")?;
        conn.tls_by_rustls(Pki::shared().server(), 5_000)?;
        conn.drain()
    });
    updates.chain(tickets).collect()
}

/// TLS 1.2 lets a server ask for another handshake.
fn renegotiation() -> Vec<Attack> {
    if !have("rows on renegotiation", &["openssl"]) {
        return Vec::new();
    }
    let names = ["a request to renegotiate", "a request to renegotiate, by OpenSSL"];
    let row = |(name, keys)| {
        Attack::new(
            name,
            &["ehlo protocol_error", "ehlo tls_refused", "ehlo closed", "ehlo timeout"],
            |conn| conn.renegotiate(Pki::shared().server()),
        )
        .keys(keys)
    };
    names.into_iter().zip(IMPLICIT).map(row).collect()
}
