//! What holds of a session whatever the server sends; see `src/fuzz.rs`.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Observation, Wire, play_on, unwatched};
use crate::message::{Composition, Draft};
use crate::plan::{
    Auth, Endpoint, Extensions, Hello, HelloVerb, Plan, Recipient, Timeouts, TlsMode, Transaction,
};
use crate::secret::Secret;
use crate::smtp::{ForwardPath, Mechanism, ReplyLimits, ReversePath, Stage};

/// The seeds know it, so that servers give it away.
const SECRET: &str = "correct horse battery";

/// A server that sends one piece of the bytes at connect and one more whenever the
/// client has written; then it hangs up.
struct Script<'b> {
    pieces: VecDeque<&'b [u8]>,
    /// The client has written since the last piece.
    wrote: bool,
    sent: usize,
    heard: Vec<u8>,
}

impl AsyncRead for &mut Script<'_> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let script = self.get_mut();
        if std::mem::take(&mut script.wrote)
            && let Some(piece) = script.pieces.pop_front()
        {
            script.sent += 1;
            into.put_slice(piece);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for &mut Script<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let script = self.get_mut();
        script.wrote = true;
        script.heard.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Wire for &mut Script<'_> {
    fn waiting(&self) -> Option<bool> {
        Some(false)
    }

    fn acknowledge_at_once(&self) {}

    fn reset_at_end(&self) {}
}

fn plan(mechanism: Option<Mechanism>) -> Plan {
    let to = |address: &str| Recipient {
        path: ForwardPath::parse(address).expect("an address"),
        params: "".into(),
    };
    Plan {
        endpoint: Endpoint::new("mx.test".into(), 25),
        tls: TlsMode::None,
        hello: Hello { verb: HelloVerb::Ehlo, name: "app.test".into() },
        auth: mechanism.map(|mechanism| Auth {
            force: true,
            insecure: true,
            ..Auth::new(mechanism, "scan@contoso.com", Some(Secret::new(SECRET)))
        }),
        transactions: vec![Transaction {
            mail_from: ReversePath::parse("a@a.test").expect("an address"),
            mail_params: "".into(),
            recipients: vec![to("b@b.test"), to("c@c.test")],
            message: Some(Arc::new(Draft::compose(&Composition::default()).expect("a message"))),
        }],
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

/// A server's part of a session, pieces ended by the byte 255 of at most 4 KiB each,
/// which the client reads one at a time, after each time that it has spoken.
///
/// # Panics
///
/// Where the session takes a reply for one that it did not ask for, goes on after an
/// end, or gives the secret away.
pub fn session(bytes: &[u8]) {
    let pieces: Vec<&[u8]> = bytes.split(|b| *b == 0xFF).filter(|piece| !piece.is_empty()).collect();
    if pieces.iter().any(|piece| piece.len() > 4_096) {
        return;
    }
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    }
    for mechanism in [
        None,
        Some(Mechanism::Plain),
        Some(Mechanism::Login),
        Some(Mechanism::CramMd5),
        Some(Mechanism::ScramSha256),
        Some(Mechanism::XOAuth2),
    ] {
        let mut script =
            Script { pieces: pieces.iter().copied().collect(), wrote: true, sent: 0, heard: Vec::new() };
        let plan = plan(mechanism);
        let seen =
            RUNTIME.with(|runtime| runtime.block_on(play_on(&plan, &mut script, None, &mut unwatched)));
        check(&seen, &script);
        if mechanism.is_some() {
            gives_nothing_away(&seen);
        }
    }
}

fn check(seen: &Observation, script: &Script<'_>) {
    // Whatever comes with a reply or after it was not asked for: a piece is one reply at
    // most. An unsolicited 421 is a reply.
    let asked = seen.answers.iter().filter(|answer| answer.reply.code().get() != 421).count();
    assert!(asked <= script.sent, "{asked} replies of {} pieces", script.sent);
    let commands = script.heard.windows(2).filter(|pair| pair == b"\r\n").count();
    assert!(asked <= commands + 1, "{asked} replies to {commands} lines");
    let closing = seen.answers.iter().position(|answer| answer.reply.code().get() == 421);
    assert!(closing.is_none_or(|at| at + 1 == seen.answers.len()), "nothing follows 421");
    let said = |stage| seen.answers.iter().find(|answer| answer.stage == stage).map(|a| a.reply.code());
    let content = script.heard.windows(8).any(|w| w == b"\r\nDATA\r\n") && !seen.sent.is_empty();
    if content {
        assert_eq!(said(Stage::Data).map(|code| code.get()), Some(354), "no message without leave");
    }
    assert!(seen.event.is_some() || !seen.answers.is_empty(), "a session ends in some way");
}

/// The secret stands nowhere in what was seen, in no encoding of a whole.
fn gives_nothing_away(seen: &Observation) {
    let lines = seen.transcript.lines().map(|line| line.text.to_owned());
    let replies = seen.answers.iter().map(|answer| answer.reply.to_string());
    let notes = seen.notes.iter().cloned();
    let event = seen.event.iter().map(|(_, event)| event.to_string());
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![SECRET.to_owned(), STANDARD.encode(SECRET), hex.to_uppercase(), hex];
    // Every character that a bit of it is in, wherever it begins: less is less than it.
    for before in ["xxx", "x", "xx"] {
        let within = STANDARD_NO_PAD.encode(format!("{before}{SECRET}xxx"));
        let first = before.len() * 8 / 6;
        forms.push(within[first..((before.len() + SECRET.len()) * 8).div_ceil(6)].to_owned());
    }
    for text in lines.chain(replies).chain(notes).chain(event) {
        for form in &forms {
            assert!(!text.contains(form), "{form} in {text}");
        }
    }
}
