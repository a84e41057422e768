//! Our client against servers that nobody here wrote: what they offer, used, and what
//! they keep, byte for byte.

use crate::support::{Aiosmtpd, Dir, Dovecot, Exim, Pki, Played, Postfix, play};

/// Plays scenarios against a port, with the certificates of the tests and `m.eml`
/// beside them.
fn against(port: u16, message: &[u8], scenarios: &str) -> Played {
    let dir = Dir::new();
    Pki::shared().write(&dir);
    dir.write("m.eml", message);
    let head = "suite: Servers\ndefaults:\n  ehlo: client.test\n  mail_from: a@client.test\n  rcpt_to: b@test\n  target: 127.0.0.1:";
    play(&dir, &format!("{head}{port}\nscenarios:\n{scenarios}"))
}

/// A message that is hard on line ends and dots, known again by its id.
fn message(id: &str) -> Vec<u8> {
    let mut message = format!("From: a@client.test\r\nMessage-ID: <{id}@client.test>\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\nSubject: x\r\n\r\n").into_bytes();
    message.extend_from_slice(".\r\n..\r\n.dot\r\n\r\n \t\r\n".as_bytes());
    message.extend_from_slice("Gr\u{f6}\u{df}e \u{1f4e8}\r\n".as_bytes());
    message.extend_from_slice(b"\xff\xfe latin \xe4\r\n");
    message.extend_from_slice(&[b'x'; 990]);
    message.extend_from_slice(b"\r\n..\r\nFrom here\r\n");
    message
}

/// Fails unless what was kept ends with what was sent.
fn same(kept: &[u8], sent: &[u8]) {
    assert!(kept.ends_with(sent), "{}\n---\n{}", kept.escape_ascii(), sent.escape_ascii());
}

#[test]
fn postfix_keeps_what_was_sent_in_every_way() {
    let Some(postfix) = Postfix::shared("postfix_keeps_what_was_sent_in_every_way") else { return };
    for (way, extensions) in [
        ("data", "body: 8bitmime, size: true"),
        ("batch", "body: 8bitmime, pipelining: true"),
        ("bdat", "chunking: true, size: true"),
        ("pieces", "chunking: [1, 7], pipelining: true"),
        ("bytes", "chunking: 3"),
    ] {
        let sent = message(&format!("postfix-{way}"));
        let scenario = format!(
            "  - {{ name: n, rcpt_to: [a@kept.test, b@kept.test], message: {{ file: m.eml }}, extensions: {{ {extensions} }}, expect: 250 }}\n"
        );
        against(postfix.trusting, &sent, &scenario).status(0);
        let kept = postfix.kept(&format!("<postfix-{way}@client.test>"));
        let unix: Vec<u8> = sent.into_iter().filter(|byte| *byte != b'\r').collect();
        same(&kept, &unix);
    }
}

#[test]
fn postfix_uses_what_it_offers_and_refuses_what_it_does_not() {
    let Some(postfix) = Postfix::shared("postfix_uses_what_it_offers_and_refuses_what_it_does_not") else {
        return;
    };
    let played = against(
        postfix.trusting,
        &message("postfix-extensions"),
        "
  - name: offers
    expect: { ehlo: { offers: [PIPELINING, SIZE, DSN, SMTPUTF8, 8BITMIME, CHUNKING, XCLIENT ADDR LOGIN, XFORWARD SOURCE] } }
  - name: one of three, in one go
    rcpt_to: [a@kept.test, { address: b@elsewhere.example, expect: 554 5.7.1 }, c@kept.test]
    extensions: { pipelining: true }
    expect: 250 2.0.0
  - name: nobody, in one go
    rcpt_to: b@elsewhere.example
    extensions: { pipelining: true }
    expect: 554 5.7.1
  - name: many
    rcpt_to: $(many)
    stop_after: rcpt_to
    extensions: { pipelining: true }
    expect: 250
  - name: notified
    mail_from: probe@kept.test
    rcpt_to: x+y@kept.test
    extensions: { dsn: { notify: success, envid: batch 7 = all, ret: hdrs, orcpt: true } }
    expect: 250
  - name: international
    mail_from: jörg@größe.example
    rcpt_to: 用户@test
    expect: 250
  - name: international, and nobody says so
    mail_from: jörg@größe.example
    extensions: { smtputf8: false }
    expect: { mail_from: 5xx }
  - name: an address that is not its own
    extensions: { xclient: { addr: 198.51.100.7, name: spoken.example, helo: other.example, proto: ESMTP } }
    rcpt_to: a@kept.test
    subject: through XCLIENT
    expect: { command: 220, message: 250 }
  - name: told on
    extensions: { xforward: { addr: 198.51.100.7, name: first.example, source: REMOTE } }
    rcpt_to: b@test
    expect: { command: 250, message: 250 }
  - name: too large
    extensions: { size: 4000000000 }
    expect: { mail_from: 552 5.3.4 }
  - name: a lie
    extensions: { size: 1 }
    expect: 250
  - name: binary
    extensions: { body: binarymime }
    expect: not_offered BINARYMIME
  - name: forced binary
    extensions: { body: binarymime, force: true }
    expect: { mail_from: 555 5.5.4 }
  - name: REQUIRETLS
    tls: { mode: starttls, ca: ca.pem }
    extensions: { require_tls: true }
    expect: not_offered REQUIRETLS
  - name: by when
    mail_from: { address: a@client.test, params: { BY: 120;R } }
    expect: not_offered DELIVERBY
"
        .replace("$(many)", &format!("[{}]", (0..250).map(|n| format!("u{n}@test")).collect::<Vec<_>>().join(", ")))
        .as_str(),
    );
    played.status(0);
    assert_eq!(played.cases().len(), 15);
    let notification = String::from_utf8_lossy(&postfix.kept("Original-Envelope-Id")).into_owned();
    for field in ["Original-Envelope-Id: batch 7 = all", "Original-Recipient: rfc822;x+y@kept.test"] {
        assert!(notification.contains(field), "{field}\n{notification}");
    }
    let seen = String::from_utf8_lossy(&postfix.kept("Subject: through XCLIENT")).into_owned();
    assert!(seen.contains("Received: from client.test (spoken.example [198.51.100.7])"), "{seen}");
    let refused = against(
        postfix.open,
        b"",
        "  - { name: not for everybody, extensions: { xclient: { addr: 192.0.2.1 } }, expect: not_offered XCLIENT }
  - { name: forced, extensions: { xclient: { addr: 192.0.2.1 }, force: true }, expect: { command: 550 5.7.0 } }
",
    );
    refused.status(0);
}

#[test]
fn exim_keeps_what_was_sent_in_every_way() {
    let Some(exim) = Exim::shared("exim_keeps_what_was_sent_in_every_way") else { return };
    for (way, extensions) in [
        ("data", "body: 8bitmime, size: true"),
        ("batch", "body: 8bitmime, pipelining: true"),
        ("bdat", "chunking: true, size: true"),
        ("pieces", "chunking: [1, 7], pipelining: true"),
        ("bytes", "chunking: 30"),
    ] {
        let sent = message(&format!("exim-{way}"));
        let scenario = format!(
            "  - {{ name: n, rcpt_to: [a@test, b@test], message: {{ file: m.eml }}, extensions: {{ {extensions} }}, expect: 250 }}\n"
        );
        against(exim.port, &sent, &scenario).status(0);
        same(&exim.kept(&format!("<exim-{way}@client.test>")), &sent);
    }
}

#[test]
fn exim_uses_what_it_offers_and_refuses_what_it_does_not() {
    let Some(exim) = Exim::shared("exim_uses_what_it_offers_and_refuses_what_it_does_not") else { return };
    let played = against(
        exim.port,
        b"",
        "
  - name: offers
    tls: { mode: starttls, ca: ca.pem }
    expect:
      ehlo: { offers: [SIZE, 8BITMIME, PIPELINING, CHUNKING, PRDR, DSN, SMTPUTF8, STARTTLS], lacks: AUTH }
      ehlo_tls: { offers: [AUTH PLAIN CRAM-MD5], lacks: STARTTLS }
  - name: one of three, in one go
    rcpt_to: [a@test, { address: nobody@test, expect: 550 }, c@test]
    extensions: { pipelining: true }
    expect: 250 OK id=
  - name: nobody, in one go
    rcpt_to: nobody@test
    extensions: { pipelining: true }
    expect: 550
  - name: no relay
    rcpt_to: b@elsewhere.example
    expect: 550 relay not permitted
  - name: relay by certificate, $(version)
    rcpt_to: b@elsewhere.example
    tls: { mode: starttls, ca: ca.pem, version: $(version) }
    certificate: { cert: client-ec.pem, key: client-ec.key }
    matrix: { version: [TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3] }
    expect: 250 OK id=
  - name: relay by log-in, $(mechanism)
    rcpt_to: b@elsewhere.example
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: $(mechanism), username: probe, password: secret }
    matrix: { mechanism: [PLAIN, CRAM-MD5] }
    expect: 250 OK id=
  - name: wrong password
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: PLAIN, username: probe, password: wrong }
    expect: { auth: 535 }
  - name: notified
    extensions: { dsn: { notify: [success, failure], envid: batch 7, ret: hdrs, orcpt: true } }
    expect: 250
  - name: international
    mail_from: jörg@größe.example
    rcpt_to: 用户@test
    header_from: jörg@größe.example
    subject: International
    extensions: { body: 8bitmime }
    expect: 250
  - name: international, and nobody says so
    mail_from: jörg@größe.example
    extensions: { smtputf8: false }
    expect: { mail_from: 5xx }
  - name: XCLIENT
    extensions: { xclient: { addr: 192.0.2.1 } }
    expect: not_offered XCLIENT
  - name: a reply for each
    mail_from: { address: a@client.test, params: { PRDR: true } }
    rcpt_to: [b@test, { address: late@test, expect: 550 too late }, c@test, { address: nobody@test, expect: 550 }]
    extensions: { pipelining: true }
    expect: { message: 250 }
  - name: a reply for each, of which one is not expected
    mail_from: { address: a@client.test, params: { PRDR: true } }
    rcpt_to: [b@test, late@test]
    expect: 550 too late
",
    );
    played.status(0);
    assert_eq!(played.cases().len(), 17);
    assert!(exim.log().contains("DN=\"CN=client.test\""), "{}", exim.log());
    let implicit = "  - { name: n, tls: { mode: implicit, ca: ca.pem }, expect: 250 }\n";
    against(exim.implicit, b"", implicit).status(0);
}

#[test]
fn aiosmtpd_keeps_what_was_sent_and_what_was_said() {
    let Some(server) = Aiosmtpd::shared("aiosmtpd_keeps_what_was_sent_and_what_was_said") else { return };
    let sent = message("aiosmtpd");
    let played = against(
        server.port,
        &sent,
        "
  - name: byte for byte
    message: { file: m.eml }
    extensions: { body: 8bitmime, size: true }
    expect: 250 2.0.0 kept
  - name: international
    mail_from: jörg@größe.example
    rcpt_to: 用户@test
    subject: International
    expect: 250 2.0.0 kept
  - name: no relay
    rcpt_to: b@elsewhere.example
    expect: 550 5.7.1
  - name: relay by log-in, $(mechanism)
    rcpt_to: b@elsewhere.example
    tls: { mode: starttls, ca: ca.pem }
    certificate: { cert: client-ec.pem, key: client-ec.key }
    auth: { mechanism: $(mechanism), username: probe, password: secret }
    matrix: { mechanism: [PLAIN, LOGIN] }
    expect: { tls: { verified: true, version: TLSv1.3 }, message: 250 2.0.0 }
  - name: wrong password
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: PLAIN, username: probe, password: wrong }
    expect: { auth: 535 5.7.8 }
  - name: in one go
    extensions: { pipelining: true }
    expect: not_offered PIPELINING
  - name: in one go all the same
    extensions: { pipelining: true, force: true }
    expect: 250 2.0.0 kept
  - name: in pieces
    extensions: { chunking: true }
    expect: not_offered CHUNKING
  - name: notified all the same
    extensions: { dsn: { notify: never }, force: true }
    expect: 555
",
    );
    played.status(0);
    let kept = server.kept("<aiosmtpd@client.test>");
    same(&kept, &sent);
    let said = format!("a@client.test BODY=8BITMIME SIZE={} b@test\r\n", sent.len());
    assert!(kept.starts_with(said.as_bytes()), "{said}{}", kept.escape_ascii());
    let kept = server.kept("Subject: International");
    assert!(
        kept.starts_with("jörg@größe.example SMTPUTF8 用户@test\r\n".as_bytes()),
        "{}",
        kept.escape_ascii()
    );
}

/// Plays scenarios against an LMTP server.
fn by_lmtp(address: &str, message: &[u8], scenarios: &str) -> Played {
    let dir = Dir::new();
    dir.write("m.eml", message);
    dir.write("relayprobe.yaml", format!("targets:\n  mda: {{ address: '{address}', protocol: lmtp }}\n"));
    let head =
        "suite: LMTP\ndefaults: { ehlo: client.test, mail_from: a@client.test, target: mda }\nscenarios:\n";
    play(&dir, &format!("{head}{scenarios}"))
}

#[test]
fn dovecot_tells_of_each_recipient_by_lmtp() {
    let Some(dovecot) = Dovecot::shared("dovecot_tells_of_each_recipient_by_lmtp") else { return };
    let sent = message("dovecot");
    let played = by_lmtp(
        &format!("127.0.0.1:{}", dovecot.lmtp),
        &sent,
        "
  - name: offers
    expect: { ehlo: { offers: [PIPELINING, 8BITMIME, CHUNKING] } }
  - name: each
    rcpt_to: [probe@test, { address: nobody@test, expect: 550 5.1.1 }, { address: locked@test, expect: 451 4.2.0 }]
    message: { file: m.eml }
    extensions: { pipelining: true, body: 8bitmime }
    expect: 250 2.0.0
  - name: in pieces
    rcpt_to: [probe@test, locked@test]
    extensions: { chunking: 50 }
    expect: 451 4.2.0
  - name: step by step
    rcpt_to: [probe@test, probe@test]
    steps: [ehlo, mail_from, rcpt_to, data, rset, mail_from, rcpt_to, bdat, noop]
    expect: 250
",
    );
    played.status(0);
    assert_eq!(played.cases().len(), 4);
    let unix: Vec<u8> = sent.into_iter().filter(|byte| *byte != b'\r').collect();
    same(&dovecot.kept("<dovecot@client.test>"), &unix);
    let door = format!("unix:{}", dovecot.socket().display());
    let inside = "  - { name: by a socket, rcpt_to: probe@test, subject: Inside, expect: 250 2.0.0 }\n";
    let played = by_lmtp(&door, b"", inside);
    played.status(0);
    assert_eq!(played.case("by a socket")["target"]["address"], door);
    dovecot.kept("Subject: Inside");
    let nowhere = by_lmtp("unix:/nowhere/lmtp", b"", inside);
    nowhere.status(3);
    nowhere.ended("by a socket", "error connect refused connection_refused");
}

#[test]
fn aiosmtpd_tells_of_each_recipient_by_lmtp() {
    let Some(server) = Aiosmtpd::shared("aiosmtpd_tells_of_each_recipient_by_lmtp") else { return };
    let played = by_lmtp(
        &format!("127.0.0.1:{}", server.lmtp),
        b"",
        "
  - name: each
    rcpt_to: [a@test, { address: late@test, expect: 550 5.2.2 }, b@test]
    expect: 250 2.0.0 <b@test>
  - name: one too late
    rcpt_to: [late@test, b@test]
    expect: 550 5.2.2 too late
  - name: wrongly expected
    rcpt_to: [a@test, { address: late@test, expect: 250 }]
    expect: 250
",
    );
    played.status(1);
    played.ended("each", "passed message 250 2.0.0 <b@test>");
    played.ended("one too late", "passed message 550 5.2.2");
    assert_eq!(played.case("wrongly expected")["failures"][0]["stage"], "message");
}
