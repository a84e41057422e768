//! What a case expects, as data. Judging is not done here: see `verdict`.

use std::sync::Arc;
use std::time::Duration;

use regex_lite::Regex;

use super::Share;
use crate::smtp::{EventKind, ForwardPath, ReplyPattern, ReversePath, Stage};
use crate::tls::{Staple, TlsVersion};

/// Everything that a case expects.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// Of the session as a whole, or of its only transaction.
    pub session: Expect,
    /// Of each transaction, where `transactions` is used; as long as the plan's
    /// list, else empty.
    pub transactions: Vec<Expect>,
    /// Of single recipients.
    pub recipients: Vec<RecipientExpect>,
    /// Of single steps, in order.
    pub steps: Vec<StepExpect>,
    /// Where the expectation stands; the scenario's own line where none is
    /// written.
    pub at: SourceLine,
}

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceLine {
    /// The file as it was named.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
}

/// What is expected of a session or a transaction.
#[derive(Clone, Debug, Default)]
pub enum Expect {
    /// Nothing is written: every planned stage must be positive.
    #[default]
    Positive,
    /// A pattern for what was decisive.
    Decisive(Patterns),
    /// Stage by stage.
    Stages(Box<StageExpectations>),
    /// One pattern an attempt, in order.
    Attempts(Vec<Patterns>),
    /// Of a repeated case: how many of its sessions may end how. Nothing is
    /// expected of the single session.
    Shares(Vec<Share>),
}

/// What one recipient expects.
#[derive(Clone, Debug)]
pub struct RecipientExpect {
    /// Which transaction, from 0.
    pub transaction: u16,
    /// Which recipient of it, from 0.
    pub recipient: u16,
    /// What its RCPT TO must be answered with.
    pub patterns: Patterns,
}

/// What one step expects.
#[derive(Clone, Debug)]
pub struct StepExpect {
    /// Which step, from 0.
    pub step: u16,
    /// What it is called in files.
    pub verb: &'static str,
    /// The reply as written.
    pub written: Arc<str>,
    /// What it must be answered with.
    pub expect: StageExpect,
}

/// Stage by stage.
#[derive(Clone, Debug, Default)]
pub struct StageExpectations {
    /// The stages named, in the order of the file.
    pub stages: Vec<(Stage, StageExpect)>,
    /// The session as a whole, at most.
    pub total: Option<Duration>,
    /// What must have arrived.
    pub delivered: Option<Delivery>,
}

/// What must have arrived, where that can be seen.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// No message.
    Nothing,
    /// Such a message.
    Message(Box<Delivered>),
}

/// What a message that arrived must be. Every field that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Delivered {
    /// The tenant that it was attributed to, by name.
    pub tenant: Option<String>,
    /// The connector, by name; `Some(None)`: none.
    pub connector: Option<Option<String>>,
    /// `originating` or `incoming`.
    pub direction: Option<&'static str>,
    /// The TLS it came in with; `Some(None)`: none.
    pub tls: Option<Option<DeliveredTls>>,
    /// The P1 sender.
    pub mail_from: Option<ReversePath>,
    /// The recipients, these and no others.
    pub rcpt_to: Option<Vec<ForwardPath>>,
    /// One a `From:` field: its value or the address in it; empty for none.
    pub header_from: Option<Vec<String>>,
    /// Fields of the header, by name.
    pub headers: Vec<(String, HeaderMatch)>,
    /// From the end of the message to its arrival, at most.
    pub within: Option<Duration>,
}

/// What the TLS must be that a message came in with. Every field that is set must
/// hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveredTls {
    /// One of these versions.
    pub version: Option<Vec<TlsVersion>>,
    /// The cipher suite by its registered name; `*` and `?` match.
    pub cipher: Option<String>,
    /// A name in the client certificate that was taken; `Some(None)`: none was taken.
    pub certificate: Option<Option<String>>,
}

/// What a field of the header must be.
#[derive(Clone, Debug)]
pub enum HeaderMatch {
    /// There, whatever its value.
    Present,
    /// Not there.
    Absent,
    /// There with this value.
    Is(String),
    /// There with a value in which this is found.
    Matches(Regex),
}

impl Expectations {
    /// Whether something is expected of what arrives.
    #[must_use]
    pub fn asks_what_arrives(&self) -> bool {
        let asks = |expect: &Expect| matches!(expect, Expect::Stages(map) if map.delivered.is_some());
        asks(&self.session) || self.transactions.iter().any(asks)
    }
}

/// What is expected of one stage. Every field that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct StageExpect {
    /// The reply, or the event that took its place.
    pub reply: Option<Patterns>,
    /// The reply's text.
    pub text: Option<TextMatch>,
    /// From the last byte written to the last byte read, at most.
    pub within: Option<Duration>,
    /// Whether the peer closes within five seconds of this reply.
    pub closes: Option<bool>,
    /// EHLO lines that must be there: `SIZE`, or with parameters `AUTH LOGIN`.
    pub offers: Vec<String>,
    /// EHLO lines that must not be there.
    pub lacks: Vec<String>,
    /// The address in the peer's `Hello [address]`.
    pub sees: Option<String>,
    /// What the handshake came to.
    pub tls: Option<Box<TlsExpect>>,
}

/// What is expected of a handshake. Every field that is set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TlsExpect {
    /// The version agreed on.
    pub version: Option<Vec<TlsVersion>>,
    /// The cipher suite agreed on; `*` and `?` match.
    pub cipher: Option<String>,
    /// The group of the key exchange; `none`: there was none. `*` and `?` match.
    pub group: Option<Vec<String>>,
    /// Whether an earlier session was resumed.
    pub resumed: Option<bool>,
    /// Whether the server's certificate held.
    pub verified: Option<bool>,
    /// The server's certificate.
    pub peer: PeerExpect,
}

/// What is expected of a server's certificate. Every field that is set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeerExpect {
    /// A name that it carries (CN or SAN).
    pub name: Option<String>,
    /// A text that its issuer contains.
    pub issuer: Option<String>,
    /// How long it is still valid at least.
    pub expires_in: Option<Duration>,
    /// The kind of its key; `*` and `?` match.
    pub key: Option<Vec<String>>,
    /// The chain that was shown.
    pub chain: Option<ChainExpect>,
    /// What was stapled to it.
    pub ocsp: Option<Vec<Staple>>,
}

/// What is expected of the chain that a server shows, its own certificate included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainExpect {
    /// So many certificates.
    Length(u16),
    /// These and no others: a text that each subject contains, the server's own first.
    Subjects(Vec<String>),
}

/// A text to find.
#[derive(Clone, Debug)]
pub enum TextMatch {
    /// Contained, case-insensitively.
    Contains(String),
    /// Found by a regular expression; linear in the text's length.
    Regex(Regex),
}

/// Alternatives: any of them will do.
#[derive(Clone, Debug)]
pub struct Patterns {
    /// Never empty.
    pub any: Vec<Pattern>,
    /// As written, alternatives joined by ` or `.
    pub written: Arc<str>,
}

/// One alternative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `CODE [ENHANCED] [text]` or `ENHANCED [text]`.
    Reply(ReplyPattern),
    /// `EVENT [reason]`.
    Event {
        /// The kind.
        kind: EventKind,
        /// The reason, if it matters.
        reason: Option<String>,
    },
}
