//! The protocol on literal bytes, with a scripted policy.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::super::limits::Limits;
use super::super::policy::Incoming;
use super::machine::{Next, Protocol};
use super::mail::take;
use super::script::Script;
use crate::smtp::{DataReceiver, ReversePath};
use crate::tls::{Accepted, ClientChain};

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

struct Session {
    protocol: Protocol,
    script: Script,
    out: Vec<u8>,
    next: Next,
}

impl Session {
    fn new(limits: Limits) -> Self {
        let protocol = Protocol::new(PEER, SystemTime::now(), true, limits);
        Self { protocol, script: Script::default(), out: Vec::new(), next: Next::Read }
    }

    fn send(&mut self, bytes: &[u8]) -> &mut Self {
        if self.next == Next::Read {
            self.next = self.protocol.receive(bytes, SystemTime::now(), &mut self.script, &mut self.out);
        }
        self
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.out).replace("\r\n", "|")
    }
}

/// What is said to a client that sends these pieces.
fn said(pieces: &[&[u8]]) -> String {
    let mut session = Session::new(Limits::default());
    for piece in pieces {
        session.send(piece);
    }
    session.said()
}

const MAIL: &[u8] = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
const MAIL_SAID: &str = "250 x 127.0.0.1|250 sender|250 recipient|";

#[test]
fn a_dialogue_split_at_any_byte_is_the_same() {
    let wire = b"EHLO x\r\nMAIL FROM:<a@b.example> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<c@d.example>\r\n\
        RCPT TO:<bad@d.example>\r\nDATA\r\nSubject: x\r\n\r\n..text\r\n.\r\nNOOP\r\nVRFY a\r\nRSET\r\nQUIT\r\n";
    let expected = "250 x 127.0.0.1|250 sender|250 recipient|550 no|354 data|250 queued|250 ok|252 cannot|\
        250 reset|221 bye|";
    for at in 0..=wire.len() {
        let mut session = Session::new(Limits::default());
        session.send(&wire[..at]).send(&wire[at..]);
        assert_eq!(session.said(), expected, "split at {at}");
        assert_eq!(session.next, Next::Close);
        let message = b"Subject: x\r\n\r\n.text\r\n".to_vec();
        assert_eq!(session.script.taken, [("a@b.example".to_owned(), 1, message, 21)], "split at {at}");
    }
}

#[test]
fn commands_out_of_turn_are_refused() {
    for (wire, expected) in [
        (&b"MAIL FROM:<>\r\n"[..], "500 HelloFirst|"),
        (b"RCPT TO:<a@b.example>\r\n", "500 NoTransaction|"),
        (b"DATA\r\n", "500 NoTransaction|"),
        (b"STARTTLS\r\n", "500 BadSequence|"),
        (b"AUTH LOGIN\r\n", "500 HelloFirst|"),
        (b"HELO x\r\nAUTH LOGIN\r\n", "250 x 127.0.0.1|500 HelloFirst|"),
        (b"HELO x\r\nMAIL FROM:<> SIZE=1\r\n", "250 x 127.0.0.1|500 Arguments|"),
        (b"EHLO x\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\n", "250 x 127.0.0.1|250 sender|500 BadSequence|"),
        (b"EHLO x\r\nMAIL FROM:<>\r\nDATA\r\n", "250 x 127.0.0.1|250 sender|500 NoTransaction|"),
        (
            b"EHLO x\r\nMAIL FROM:<>\r\nEHLO x\r\nRCPT TO:<a@b.example>\r\n",
            "250 x 127.0.0.1|250 sender|250 x 127.0.0.1|500 NoTransaction|",
        ),
        (b"EHLO x\r\nMAIL FROM:<>\r\nAUTH LOGIN\r\n", "250 x 127.0.0.1|250 sender|500 BadSequence|"),
    ] {
        assert_eq!(said(&[wire]), expected, "{}", wire.escape_ascii());
    }
}

#[test]
fn arguments_are_judged() {
    for (line, expected) in [
        ("MAIL FROM:<a@b.example> SIZE=157286401", "500 TooLarge|"),
        ("MAIL FROM:<a@b.example> SIZE=99999999999999999999", "500 TooLarge|"),
        ("MAIL FROM:<a@b.example> SIZE=-1", "500 Arguments|"),
        ("MAIL FROM:<a@b.example> BODY=16BIT", "500 Arguments|"),
        ("MAIL FROM:<a@b.example> NOVEL=1", "500 Arguments|"),
        ("MAIL FROM:<a@b.example> RET=HDRS ENVID=x SMTPUTF8", "250 sender|"),
        ("MAIL FROM:<ä@b.example>", "500 NeedsUtf8|"),
        ("MAIL FROM:<ä@b.example> SMTPUTF8", "250 sender|"),
        ("MAIL FROM:a@b.example", "500 BadSender|"),
        ("MAIL FROM:<a\tb@b.example>", "500 Unrecognized|"),
    ] {
        let wire = format!("EHLO x\r\n{line}\r\n");
        assert_eq!(said(&[wire.as_bytes()]), format!("250 x 127.0.0.1|{expected}"), "{line}");
    }
}

#[test]
fn what_follows_starttls_in_clear_text_is_dropped_and_nothing_is_remembered() {
    let mut session = Session::new(Limits::default());
    session.send(MAIL).send(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n");
    assert_eq!(session.next, Next::Secure);
    assert_eq!(session.said(), format!("{MAIL_SAID}220 go|"));
    session.out.clear();
    session.next = Next::Read;
    let version = crate::tls::TlsVersion::Tls13;
    session.protocol.secured(Accepted { version, cipher: String::new(), client: ClientChain::None });
    session.send(b"DATA\r\nMAIL FROM:<>\r\nEHLO x\r\nSTARTTLS\r\n");
    assert_eq!(session.said(), "500 NoTransaction|500 HelloFirst|250 x 127.0.0.1|500 BadSequence|");
}

/// The endings of the smuggling research: one message, never two.
#[test]
fn no_bare_line_end_smuggles_a_second_message() {
    let endings: [&[u8]; 10] = [
        b"\n.\n",
        b"\r.\r",
        b"\r.\n",
        b"\n.\r",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r\n",
        b"\r\n.\r",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
    ];
    for ending in endings {
        let mut wire = [MAIL, b"DATA\r\ntext", ending].concat();
        wire.extend_from_slice(
            b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nevil\r\n.\r\n",
        );
        for at in 0..=wire.len() {
            let mut session = Session::new(Limits::default());
            session.send(&wire[..at]).send(&wire[at..]);
            assert_eq!(session.said(), format!("{MAIL_SAID}354 data|250 queued|"), "split at {at}");
            assert_eq!(session.script.taken.len(), 1, "{} split at {at}", ending.escape_ascii());
        }
    }
}

#[test]
fn chunks_make_one_message() {
    let wire = [MAIL, b"BDAT 6\r\na\r\n.\r\nBDAT 0\r\nBDAT 3 LAST\r\nend", b"NOOP\r\n"].concat();
    for at in 0..=wire.len() {
        let mut session = Session::new(Limits::default());
        session.send(&wire[..at]).send(&wire[at..]);
        let expected = format!("{MAIL_SAID}250 chunk 6|250 chunk 0|250 queued|250 ok|");
        assert_eq!(session.said(), expected, "split at {at}");
        assert_eq!(session.script.taken[0].2, b"a\r\n.\r\nend");
    }
}

#[test]
fn chunks_out_of_turn_are_read_away() {
    assert_eq!(
        said(&[b"EHLO x\r\nBDAT 4 LAST\r\nQUITNOOP\r\n"]),
        "250 x 127.0.0.1|500 NoTransaction|250 ok|"
    );
    let wire = [MAIL, b"BDAT 2\r\nab", b"DATA\r\nRCPT TO:<e@f.example>\r\nBDAT 0 LAST\r\n"].concat();
    let expected = format!("{MAIL_SAID}250 chunk 2|500 BadSequence|500 BadSequence|250 queued|");
    assert_eq!(said(&[&wire]), expected);
    let binary = b"EHLO x\r\nMAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
    assert!(said(&[binary]).ends_with("|500 BadSequence|"));
    let mut session = Session::new(Limits::default());
    session.send(MAIL).send(b"BDAT 18446744073709551615 LAST\r\n");
    assert_eq!(session.next, Next::Close);
}

#[test]
fn log_ins_are_counted() {
    let mut session = Session::new(Limits { log_ins: 2, ..Limits::default() });
    session.send(b"EHLO x\r\nAUTH LOGIN\r\nYQ==\r\nYg==\r\nAUTH LOGIN YQ==\r\nYg==\r\n");
    assert_eq!(
        session.said(),
        "250 x 127.0.0.1|334 user|334 password|535 no|334 password|535 no|421 enough|"
    );
    assert_eq!(session.next, Next::Close);
    assert_eq!(
        said(&[b"EHLO x\r\nAUTH LOGIN YQ==\r\ncmlnaHQ=\r\nAUTH LOGIN\r\nNOOP\r\n"]),
        "250 x 127.0.0.1|334 password|235 in|500 BadSequence|250 ok|"
    );
    assert_eq!(
        said(&[b"EHLO x\r\nAUTH XOAUTH2\r\n*\r\nAUTH XOAUTH2 !!\r\nNOOP\r\n"]),
        "250 x 127.0.0.1|334 |500 AuthCancelled|500 AuthMalformed|250 ok|"
    );
}

#[test]
fn every_bound_holds() {
    let limits = Limits {
        line: 64,
        size: 100,
        head: 8,
        recipients: 2,
        commands: 20,
        errors: 3,
        log_ins: 2,
        ..Limits::default()
    };
    let mut session = Session::new(limits);
    session.send(MAIL).send(b"RCPT TO:<d@d.example>\r\nRCPT TO:<e@d.example>\r\nDATA\r\n");
    session.send(&[b'x'; 101]).send(b"\r\n.\r\n");
    assert!(session.said().ends_with("250 recipient|500 TooManyRecipients|354 data|500 TooLarge|"));
    assert!(session.script.taken.is_empty());

    let mut session = Session::new(limits);
    session.send(MAIL).send(b"DATA\r\n0123456789\r\n.\r\n");
    assert_eq!((session.script.taken[0].2.len(), session.script.taken[0].3), (8, 12));

    let mut session = Session::new(limits);
    session.send(&[b'x'; 64]);
    assert_eq!((session.said().as_str(), session.next), ("500 LineTooLong|", Next::Close));

    let mut session = Session::new(limits);
    session.send(b"X\r\nX\r\nX\r\nX\r\nNOOP\r\n");
    assert_eq!(session.next, Next::Close);
    assert!(session.said().ends_with("|421 enough|"), "{}", session.said());

    let mut session = Session::new(limits);
    for _ in 0..100 {
        session.send(b"NOOP\r\n");
    }
    assert_eq!(session.said(), format!("{}421 enough|", "250 ok|".repeat(20)));
}

#[test]
fn bare_line_ends_and_browsers_are_refused() {
    assert_eq!(said(&[b"EHLO x\nNOOP\r\n"]), "500 Unrecognized|250 ok|");
    assert_eq!(said(&[b"EHLO\rx\r\n"]), "500 Unrecognized|");
    let mut session = Session::new(Limits::default());
    session.send(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\nMAIL FROM:<>\r\n");
    assert_eq!((session.said().as_str(), session.next), ("500 Unrecognized|", Next::Close));
}

#[test]
fn a_proxy_header_is_believed_once_and_where_allowed() {
    let header = b"PROXY TCP4 203.0.113.10 127.0.0.1 40000 25\r\n";
    let wire = [&header[..], b"EHLO x\r\n"].concat();
    for at in 0..=wire.len() {
        assert_eq!(said(&[&wire[..at], &wire[at..]]), "250 x 203.0.113.10|", "split at {at}");
    }
    assert_eq!(said(&[header, header, b"EHLO x\r\n"]), "500 Unrecognized|250 x 203.0.113.10|");
    assert_eq!(said(&[b"NOOP\r\n", header]), "250 ok|500 Unrecognized|");
    let mut session = Session::new(Limits::default());
    session.protocol = Protocol::new(PEER, SystemTime::now(), false, Limits::default());
    session.send(&wire);
    assert_eq!(session.said(), "500 Unrecognized|250 x 127.0.0.1|");
    let mut session = Session::new(Limits::default());
    session.send(b"PROXY nonsense\r\n");
    assert_eq!((session.said().as_str(), session.next), ("", Next::Close));
}

#[test]
fn two_hundred_megabytes_without_an_end_cost_next_to_nothing() {
    let mut receiver = DataReceiver::default();
    let mut incoming =
        Incoming { mail_from: ReversePath::Null, rcpt_to: Vec::new(), head: Vec::new(), size: 0 };
    let piece = vec![b'x'; 1024 * 1024];
    let started = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(receiver.push(&piece, |content| take(&mut incoming, content, 1024)), None);
    }
    assert_eq!((incoming.head.len(), incoming.size), (1024, 20 * 1024 * 1024));
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// Whatever comes, in whatever pieces: no panic, no reply but whole ones, and an
/// end.
#[test]
fn nonsense_of_every_kind_is_survived() {
    let words: [&[u8]; 32] = [
        b"EHLO x\r\n",
        b"HELO x\r\n",
        b"MAIL FROM:<a@b.example>\r\n",
        b"MAIL FROM:<",
        b"RCPT TO:<c@d.example>\r\n",
        b"RCPT TO:<bad@d.example>\r\n",
        b"DATA\r\n",
        b"BDAT 3\r\n",
        b"BDAT 0 LAST\r\n",
        b"BDAT 5 LAST\r\n",
        b"\r\n.\r\n",
        b".\r\n",
        b"\n.\n",
        b"\r",
        b"\n",
        b"\0",
        b"AUTH LOGIN\r\n",
        b"AUTH XOAUTH2 =\r\n",
        b"YQ==\r\n",
        b"cmlnaHQ=\r\n",
        b"*\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"VRFY x\r\n",
        b"STARTTLS\r\n",
        b"PROXY TCP4 ",
        b"PROXY UNKNOWN\r\n",
        b"\xff\xfe",
        "ä".as_bytes(),
        b" SIZE=1",
        b">\r\n",
        b"x@y\r\n",
    ];
    let mut random = fastrand::Rng::with_seed(2026);
    for seed in 0..3_000 {
        let mut session = Session::new(Limits { line: 256, head: 64, commands: 200, ..Limits::default() });
        for _ in 0..random.usize(1..40) {
            let word = words[random.usize(..words.len())];
            let cut = random.usize(..=word.len());
            session.send(&word[..cut]).send(&word[cut..]);
            if session.next == Next::Secure {
                session.next = Next::Read;
                let version = crate::tls::TlsVersion::Tls12;
                session.protocol.secured(Accepted {
                    version,
                    cipher: String::new(),
                    client: ClientChain::None,
                });
            }
        }
        let said = session.said();
        let whole = said.split_terminator('|').all(|line| {
            line.len() >= 4
                && line.as_bytes()[..3].iter().all(u8::is_ascii_digit)
                && line.as_bytes()[3] == b' '
        });
        assert!(whole && (said.is_empty() || said.ends_with('|')), "round {seed}: {said}");
        assert!(session.script.taken.iter().all(|(_, recipients, ..)| *recipients > 0), "round {seed}");
    }
}
