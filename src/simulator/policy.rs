//! What the protocol asks, and what it is told.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::SystemTime;

use crate::smtp::{ForwardPath, ReversePath};
use crate::tls::{Accepted, ClientChain, TlsVersion};

/// Who decides what is said. The protocol keeps order and bounds, and knows no
/// reply by heart.
pub(super) trait Policy: Send {
    /// The reply to what has happened.
    fn answer(&mut self, ask: Ask<'_>, facts: &Facts) -> Response;
}

/// What is known of the peer.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Where the connection comes from: the peer's address, or the one that a
    /// PROXY header announced.
    pub(super) address: IpAddr,
    /// What the handshake came to, where there was one.
    pub(super) tls: Option<Accepted>,
    /// The time, as of the last bytes.
    pub(super) now: SystemTime,
}

impl Facts {
    /// The TLS version in use.
    pub(super) fn version(&self) -> Option<TlsVersion> {
        self.tls.as_ref().map(|tls| tls.version)
    }

    /// The client certificate.
    pub(super) fn client(&self) -> &ClientChain {
        self.tls.as_ref().map_or(&ClientChain::None, |tls| &tls.client)
    }
}

/// What has happened.
#[derive(Debug)]
pub(super) enum Ask<'a> {
    /// The connection is there.
    Connected,
    /// EHLO; positive means that the name was taken.
    Ehlo(&'a str),
    /// HELO, likewise.
    Helo(&'a str),
    /// STARTTLS; 220 means go.
    StartTls,
    /// AUTH with this mechanism; positive means that it may begin, the text is
    /// not sent.
    Mechanism(&'a str),
    /// The exchange needs an answer.
    Prompt(Prompt),
    /// The credentials are complete; positive means that the log-in holds.
    LogIn(Credentials<'a>),
    /// MAIL FROM; positive begins a transaction.
    Mail,
    /// RCPT TO inside a transaction.
    Rcpt(&'a ReversePath, &'a ForwardPath),
    /// DATA with at least one recipient; 354 means go.
    Data,
    /// A chunk that is not the last has come whole.
    Chunk(u64),
    /// A message has come whole; positive takes it over.
    Message(&'a Incoming),
    /// RSET.
    Rset,
    /// NOOP.
    Noop,
    /// VRFY.
    Vrfy,
    /// QUIT.
    Quit,
    /// Something is wrong.
    Fault(Fault),
}

/// Name and secret. Without Debug output of the secret.
#[derive(Clone, Copy)]
pub(super) struct Credentials<'a> {
    pub(super) user: &'a str,
    pub(super) secret: &'a str,
}

impl std::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, …)", self.user)
    }
}

/// What a SASL exchange asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompt {
    User,
    Password,
    Response,
}

/// What a client did wrong, or had too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Unrecognized,
    Arguments,
    BadSender,
    BadRecipient,
    HelloFirst,
    /// RCPT, DATA or BDAT without a transaction that could take it.
    NoTransaction,
    BadSequence,
    NeedsUtf8,
    TooLarge,
    TooManyRecipients,
    AuthCancelled,
    AuthMalformed,
    LineTooLong,
    TooManyErrors,
    TooManyConnections,
    TimedOut,
}

/// A message on its way in.
#[derive(Debug)]
pub(super) struct Incoming {
    /// The P1 sender.
    pub(super) mail_from: ReversePath,
    /// The recipients that were accepted.
    pub(super) rcpt_to: Vec<ForwardPath>,
    /// The beginning of the message, header first, as much as is kept.
    pub(super) head: Vec<u8>,
    /// Bytes of the whole message.
    pub(super) size: u64,
}

/// A reply to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response {
    code: u16,
    lines: Vec<Cow<'static, str>>,
}

impl Response {
    /// A reply of one line.
    pub(super) fn new(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, lines: vec![text.into()] }
    }

    /// A reply of at least one line.
    pub(super) fn lines(code: u16, lines: Vec<Cow<'static, str>>) -> Self {
        Self { code, lines }
    }

    /// 2yz or 3yz.
    pub(super) const fn is_positive(&self) -> bool {
        self.code < 400
    }

    pub(super) const fn code(&self) -> u16 {
        self.code
    }

    /// Whether the connection ends after it (RFC 5321 §4.2.2: 221 and 421).
    pub(super) const fn closes(&self) -> bool {
        matches!(self.code, 221 | 421)
    }

    /// As it goes over the wire.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let last = self.lines.len().saturating_sub(1);
        for (n, line) in self.lines.iter().enumerate() {
            let separator = if n == last { ' ' } else { '-' };
            out.extend_from_slice(format!("{}{separator}", self.code).as_bytes());
            // A client's words may come back in a reply; they end no line.
            out.extend(line.bytes().map(|b| if b.is_ascii_control() { b'?' } else { b }));
            out.extend_from_slice(b"\r\n");
        }
    }
}
