//! Peers that cheat around and inside TLS.

use std::time::Duration;

use openssl::ssl::{SslAcceptor, SslVersion};

use super::{Attack, assault};
use crate::support::{Conn, Issued, Leaf, Pki};

const STARTTLS: &str = "tls: { mode: starttls, ca: ca.pem }";
const CLEAR: &[&str] = &["MAIL", "AUTH"];

/// Greets, offers STARTTLS and answers it so.
fn starttls(conn: &mut Conn, reply: &str) -> std::io::Result<()> {
    conn.hello(&["STARTTLS"])?;
    conn.answer("STARTTLS", reply).map(drop)
}

/// A whole dialogue under TLS.
fn session(conn: &mut Conn, acceptor: &SslAcceptor) -> std::io::Result<()> {
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

#[test]
fn clear_text_between_220_and_the_handshake_is_desync() {
    assault(vec![
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
    ]);
}

#[test]
fn where_tls_was_asked_for_nothing_follows_in_clear() {
    let refused = |name: &'static str, expected: &'static [&'static str], reply: &'static str| {
        Attack::new(name, expected, move |conn| {
            starttls(conn, reply)?;
            conn.drain()
        })
        .keys(STARTTLS)
        .never_hears(CLEAR)
        .within(Duration::from_secs(3))
    };
    assault(vec![
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
    ]);
}

#[test]
fn a_certificate_that_does_not_hold_is_untrusted_with_its_reason() {
    let pki = Pki::shared();
    let leaf = Leaf::default;
    let expired = pki.ca().issue(&Leaf { days: (-20, -10), ..leaf() });
    let early = pki.ca().issue(&Leaf { days: (10, 20), ..leaf() });
    let other = pki.other_ca().issue(&leaf());
    let name = pki.ca().issue(&Leaf { dns: &["elsewhere.test"], ip: &["192.0.2.1"], ..leaf() });
    let common = pki.ca().issue(&Leaf { cn: "mx.test", dns: &[], ip: &[], ..leaf() });
    let attack = |label: &'static str, expected: &'static [&'static str], issued: Issued, keys: &str| {
        let acceptor = issued.acceptor();
        Attack::new(label, expected, move |conn| session(conn, &acceptor)).keys(keys).never_hears(&["MAIL"])
    };
    let untrusted = |label, expected, issued| attack(label, expected, issued, STARTTLS);
    assault(vec![
        untrusted("expired", &["tls tls_untrusted expired"], expired.clone()),
        untrusted("not yet valid", &["tls tls_untrusted not_yet_valid"], early),
        untrusted("another root", &["tls tls_untrusted unknown_issuer"], other),
        untrusted(
            "self-signed",
            &[
                "tls tls_untrusted self_signed",
                "tls tls_untrusted unknown_issuer",
                "tls tls_untrusted not_a_leaf",
            ],
            Issued::self_signed(),
        ),
        untrusted("another name", &["tls tls_untrusted name_mismatch"], name),
        attack(
            "the name only in CN",
            &["tls tls_untrusted name_mismatch"],
            common,
            "tls: { mode: starttls, ca: ca.pem, sni: mx.test }",
        ),
        attack(
            "expired, by OpenSSL",
            &["tls tls_untrusted expired"],
            expired,
            "tls: { mode: starttls, ca: ca.pem, backend: openssl }",
        ),
        Attack::new("the right one", &["passed"], |conn| session(conn, &Pki::shared().acceptor()))
            .keys(STARTTLS),
        Attack::new("the right one, pinned", &["passed"], |conn| session(conn, &Pki::shared().acceptor()))
            .keys(&format!("tls: {{ mode: starttls, verify: {{ sha256: {} }} }}", fingerprint())),
        Attack::new("another one than the pinned", &["tls tls_untrusted fingerprint"], |conn| {
            session(conn, &Pki::shared().acceptor())
        })
        .keys(&format!("tls: {{ mode: starttls, verify: {{ sha256: {} }} }}", "00".repeat(32)))
        .never_hears(&["MAIL"]),
    ]);
}

fn fingerprint() -> String {
    let digest = Pki::shared().server().cert.digest(openssl::hash::MessageDigest::sha256()).unwrap();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_refused_handshake_says_what_was_refused() {
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
    assault(vec![
        refused("a certificate of the wrong CA, TLS 1.2", demanding(SslVersion::TLS1_2), with),
        refused("a certificate of the wrong CA, TLS 1.3", demanding(SslVersion::TLS1_3), with),
        refused("no certificate, TLS 1.2", demanding(SslVersion::TLS1_2), STARTTLS),
        refused("no certificate, TLS 1.3", demanding(SslVersion::TLS1_3), STARTTLS),
        refused(
            "no certificate, TLS 1.3 by OpenSSL",
            demanding(SslVersion::TLS1_3),
            "tls: { mode: starttls, ca: ca.pem, backend: openssl }",
        ),
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
    ]);
}

#[test]
fn a_tls_session_that_breaks_off_is_never_a_pass() {
    let broken = |name, expected, end: fn(&mut Conn) -> std::io::Result<()>| {
        Attack::new(name, expected, move |conn| {
            starttls(conn, "220 go\r\n")?;
            conn.tls(&Pki::shared().acceptor())?;
            conn.line()?;
            end(conn)
        })
        .keys(STARTTLS)
    };
    assault(vec![
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
    ]);
}
