//! What it is called when no reply comes, or one too many.

use std::borrow::Cow;

use super::Direction;
use super::drive::{Drive, End};
use super::link::{Link, Silence};
use super::wire::Wire;
use crate::smtp::{Event, EventKind, Reply, Stage, lossless};
use crate::tls::{ClientCertificate, TlsFailure, TlsFailureKind, TlsVersion};

impl Drive<'_> {
    /// What a silence is called, and where it belongs.
    pub(super) fn silence<S: Wire>(&mut self, silence: Silence, link: &Link<S>, stage: Stage) -> End {
        let pending = self.unread(link);
        let event = match silence {
            Silence::Timeout { writing } => {
                let event = Event::new(
                    EventKind::Timeout,
                    link.deadline_name(if writing { "write" } else { "reply" }),
                );
                let implicit = stage == Stage::Greeting && !link.is_tls() && pending.is_empty();
                match (writing, implicit) {
                    (true, _) => event.with_detail("the server does not take in what is written"),
                    (_, true) => event.with_detail(
                        "the server says nothing; a port that wants TLS from the first byte looks so",
                    ),
                    _ => event,
                }
            }
            Silence::Malformed(error) => {
                let kind = if error.is_limit() { EventKind::Limit } else { EventKind::ProtocolError };
                Event::new(kind, error.reason()).with_detail(not_smtp(&pending).into_owned())
            }
            Silence::Failed(failure) if self.is_about_client_certificate(&failure) => {
                return (Stage::Tls, event_of(failure.of_client_certificate()));
            }
            Silence::Failed(failure) if failure.kind == TlsFailureKind::Closed && !pending.is_empty() => {
                event_of(failure).with_detail(format!("in the middle of a reply: {pending}"))
            }
            Silence::Failed(failure) => event_of(failure),
        };
        (stage, event)
    }

    /// Whether the server refuses the client's certificate after a handshake of
    /// TLS 1.3, in which the client has the last word: an alert, or no more than
    /// the end of the connection, in place of the first reply.
    fn is_about_client_certificate(&self, failure: &TlsFailure) -> bool {
        let Some(tls) = &self.seen.tls else { return false };
        let asked = tls.client_certificate != ClientCertificate::NotRequested;
        let refusal = failure.is_about_client_certificate()
            || failure.reason == "handshake_failure"
            || failure.kind == TlsFailureKind::Closed;
        tls.version == TlsVersion::Tls13 && asked && !self.heard_under_tls && refusal
    }

    /// Writes down what was received and is no reply, and gives the first line.
    pub(super) fn unread<S: Wire>(&mut self, link: &Link<S>) -> String {
        const SHOWN: usize = 512;
        let pending = link.pending();
        let shown = &pending[..pending.len().min(SHOWN)];
        let lines = shown.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let mut first = String::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let text = self.mask.text(&lossless(line)).into_owned();
            self.line(Direction::Received, &text);
            if first.is_empty() {
                first = text;
            }
        }
        first
    }

    pub(super) fn unasked_bytes<S: Wire>(&mut self, link: &Link<S>) -> Event {
        let pending = self.unread(link);
        let detail = format!("the server sent bytes that nobody asked for: {pending}");
        Event::new(EventKind::Desync, "unasked").with_detail(detail)
    }
}

/// The message went out whole, and nobody knows what became of it.
pub(super) fn delivery_unknown((stage, event): End) -> End {
    let detail = format!("delivery unknown: the message went out whole, and no reply came. {}", event.detail);
    (stage, event.with_detail(detail.trim_end()))
}

pub(super) fn unasked(reply: &Reply) -> Event {
    Event::new(EventKind::Desync, "unasked").with_detail(format!("a reply that nobody asked for: {reply}"))
}

fn event_of(failure: TlsFailure) -> Event {
    let kind = match failure.kind {
        TlsFailureKind::Refused => EventKind::TlsRefused,
        TlsFailureKind::Untrusted => EventKind::TlsUntrusted,
        TlsFailureKind::Closed => EventKind::Closed,
        TlsFailureKind::NotTls | TlsFailureKind::Broken => EventKind::ProtocolError,
        TlsFailureKind::Limit => EventKind::Limit,
    };
    Event::new(kind, failure.reason).with_detail(failure.detail)
}

/// What those bytes may be, if not SMTP.
fn not_smtp(first_line: &str) -> Cow<'_, str> {
    let guess = match first_line {
        line if line.starts_with("HTTP/") => "this is a web server",
        line if line.starts_with("SSH-") => "this is an SSH server",
        line if line.starts_with("* OK") => "this is an IMAP server",
        line if line.starts_with("+OK") => "this is a POP3 server",
        line if line.starts_with(['\x15', '\x16']) => {
            "this port wants TLS from the first byte (`tls: implicit`)"
        }
        line => return Cow::Borrowed(line),
    };
    Cow::Owned(format!("{guess}: {first_line}"))
}
