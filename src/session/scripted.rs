//! A server that follows a script, for tests. Scripts are literal bytes: a codec
//! of ours on both sides would hide its own mistakes.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

use super::{Observation, play_on, unwatched};
use crate::message::{Composition, Draft};
use crate::plan::{Endpoint, Extensions, Hello, HelloVerb, Plan, Recipient, Timeouts, TlsMode, Transaction};
use crate::smtp::{ForwardPath, ReplyLimits, ReversePath, Stage};

/// What a scripted server does.
#[derive(Clone)]
pub(super) enum Do {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes one by one, this far apart.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes again and again.
    Flood(&'static [u8], Duration),
    /// Waits for a line that starts so.
    Expect(&'static str),
    /// Waits for the line that is a dot alone.
    ExpectDot,
    /// Does nothing for a while.
    Wait(Duration),
    /// Does nothing for longer than any deadline, and reads nothing.
    Hang,
}
use Do::{Drip, Expect, ExpectDot, Flood, Hang, Send, Wait};

pub(super) fn send(text: &str) -> Do {
    Send(text.as_bytes().to_vec())
}

/// Follows the script and hears the client out; what the client sent.
pub(super) async fn serve(mut io: DuplexStream, script: Vec<Do>) -> Vec<u8> {
    let heard = follow(&mut io, script).await;
    hear_out(io, heard).await
}

/// What comes after the script is heard out, for the tests to look at.
pub(super) async fn hear_out<T: AsyncRead + AsyncWrite + Unpin>(mut io: T, mut heard: Vec<u8>) -> Vec<u8> {
    let _ = io.shutdown().await;
    let _ = tokio::time::timeout(Duration::from_secs(60), io.read_to_end(&mut heard)).await;
    heard
}

/// Follows the script; what the client sent meanwhile.
pub(super) async fn follow<T: AsyncRead + AsyncWrite + Unpin>(io: &mut T, script: Vec<Do>) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut scanned = 0;
    for step in script {
        let done = match step {
            Send(bytes) => io.write_all(&bytes).await.is_ok(),
            Drip(bytes, apart) => {
                for byte in bytes {
                    if io.write_all(&[byte]).await.is_err() {
                        break;
                    }
                    sleep(apart).await;
                }
                true
            }
            Flood(bytes, apart) => {
                while io.write_all(bytes).await.is_ok() {
                    sleep(apart).await;
                }
                false
            }
            Expect(start) => loop {
                let rest = &heard[scanned..];
                if let Some(at) = rest.iter().position(|b: &u8| *b == b'\n') {
                    assert!(rest.starts_with(start.as_bytes()), "{start}: {}", String::from_utf8_lossy(rest));
                    scanned += at + 1;
                    break true;
                }
                if io.read_buf(&mut heard).await.unwrap_or(0) == 0 {
                    break false;
                }
            },
            ExpectDot => loop {
                let rest = &heard[scanned..];
                if let Some(at) = rest.windows(5).position(|w| w == b"\r\n.\r\n") {
                    scanned += at + 5;
                    break true;
                }
                if io.read_buf(&mut heard).await.unwrap_or(0) == 0 {
                    break false;
                }
            },
            Wait(time) => {
                sleep(time).await;
                true
            }
            Hang => {
                sleep(Duration::from_secs(3600)).await;
                true
            }
        };
        if !done {
            break;
        }
    }
    heard
}

pub(super) fn plan() -> Plan {
    Plan {
        endpoint: Endpoint::new("mx.test".into(), 25),
        tls: TlsMode::None,
        hello: Hello { verb: HelloVerb::Ehlo, name: "app.test".into() },
        auth: None,
        transactions: vec![transaction(&["b@b.test"])],
        steps: None,
        lmtp: false,
        extensions: Extensions::default(),
        stop_after: None,
        hold_quit: false,
        timeouts: Timeouts::default(),
        limits: ReplyLimits::default(),
        case_id: "c".into(),
    }
}

pub(super) fn transaction(recipients: &[&str]) -> Transaction {
    let to = |address: &&str| Recipient {
        path: ForwardPath::parse(address).expect("an address"),
        params: "".into(),
    };
    let message = Draft::compose(&Composition::default()).expect("a message");
    Transaction {
        mail_from: ReversePath::parse("a@a.test").expect("an address"),
        mail_params: "".into(),
        recipients: recipients.iter().map(to).collect(),
        message: Some(Arc::new(message)),
    }
}

pub(super) struct Played {
    pub(super) seen: Observation,
    /// All that the client wrote.
    pub(super) heard: String,
    pub(super) took: Duration,
}

impl Played {
    /// `stage event reason`, or what decided without an event.
    pub(super) fn end(&self) -> String {
        match &self.seen.event {
            Some((stage, event)) => format!("{stage} {event}"),
            None => self.codes(),
        }
    }

    /// `greeting 220, ehlo 250`.
    pub(super) fn codes(&self) -> String {
        let codes =
            self.seen.answers.iter().map(|answer| format!("{} {}", answer.stage, answer.reply.code()));
        codes.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn dialogue(&self) -> String {
        let lines = self.seen.transcript.lines();
        lines.map(|line| format!("{} {}\n", line.direction.as_str(), line.text)).collect()
    }
}

pub(super) async fn played(plan: &Plan, script: Vec<Do>) -> Played {
    let (client, server) = duplex(16 * 1024);
    let begun = Instant::now();
    let server = tokio::spawn(serve(server, script));
    let seen = play_on(plan, client, None, &mut unwatched).await;
    let took = begun.elapsed();
    let heard = server.await.expect("the script's server does not panic");
    Played { seen, heard: String::from_utf8_lossy(&heard).into_owned(), took }
}

/// The script of a server that takes a message, up to and without the reply to
/// `until`.
pub(super) fn up_to(until: Stage) -> Vec<Do> {
    let whole = [
        (Stage::Greeting, vec![]),
        (Stage::Ehlo, vec![send("220 mx.test\r\n"), Expect("EHLO app.test\r\n")]),
        (
            Stage::MailFrom,
            vec![send("250-mx.test\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n"), Expect("MAIL FROM:<a@a.test>\r\n")],
        ),
        (Stage::RcptTo, vec![send("250 ok\r\n"), Expect("RCPT TO:<")]),
        (Stage::Data, vec![send("250 ok\r\n"), Expect("DATA\r\n")]),
        (Stage::Message, vec![send("354 go\r\n"), ExpectDot]),
        (Stage::Quit, vec![send("250 queued\r\n"), Expect("QUIT\r\n")]),
    ];
    whole.into_iter().take_while(|(stage, _)| *stage <= until).flat_map(|(_, steps)| steps).collect()
}

pub(super) fn script(until: Stage, then: Vec<Do>) -> Vec<Do> {
    let mut steps = up_to(until);
    steps.extend(then);
    steps
}
