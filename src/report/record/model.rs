//! The shape of an entry: contract §4, and what was added since (docs/report.md).
//!
//! Additions are left out where they are empty, and may be missing from what is
//! read. What servers and files said was made visible when the record was made; ids,
//! names and paths stand as they are, for `--failed` finds cases by them. A report
//! that was read may hold anything: each format escapes for its readers whatever it
//! writes.

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::named;
use crate::session::Direction;
use crate::smtp::{EnhancedStatus, Stage};
use crate::verdict::Outcome;

/// What became of a case, as reports tell it. All times are milliseconds, to a
/// hundredth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record<'a> {
    /// The case's id.
    pub id: Cow<'a, str>,
    /// Its place among the cases of the files, from 0; cases end in another order.
    /// The first has none in JSON.
    #[serde(default, skip_serializing_if = "is_first")]
    pub order: u32,
    /// The file's `suite`.
    pub suite: Cow<'a, str>,
    /// The scenario's name, expanded.
    pub name: Cow<'a, str>,
    /// The scenario's tags.
    pub tags: Cow<'a, [String]>,
    /// The axes and columns that make this case, but those that the expectation
    /// alone uses.
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    pub variables: Variables<'a>,
    /// Where the scenario stands.
    pub source: Source<'a>,
    /// The server.
    pub target: Target<'a>,
    /// The address that the server was to see, where the case says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<IpAddr>,
    /// What became of it.
    #[serde(with = "named::outcome")]
    pub outcome: Outcome,
    /// The expectation as written; none where the case was skipped.
    pub expected: Option<Cow<'a, str>>,
    /// Where the expectation stands; of a case that did not pass alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<Source<'a>>,
    /// What decided the case.
    pub decisive: Option<Decisive<'a>>,
    /// Everything that did not hold.
    pub failures: Vec<Failure<'a>>,
    /// Every reply, in order.
    pub replies: Vec<Reply<'a>>,
    /// What the EHLO in clear text (or under implicit TLS) offered, a keyword with
    /// its parameters an item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ehlo: Vec<Cow<'a, str>>,
    /// What the EHLO after STARTTLS offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ehlo_tls: Vec<Cow<'a, str>>,
    /// What TLS came to.
    pub tls: Option<Tls<'a>>,
    /// What arrived of the messages; none where that cannot be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<Vec<Arrived<'a>>>,
    /// How long things took.
    pub timings_ms: Timings,
    /// How often it was played.
    pub attempts: u32,
    /// How often it was played again in a later run; of merged reports alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reruns: u32,
    /// The attempts before the last, which all other fields show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Attempt<'a>>,
    /// Of a repeated case alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat<'a>>,
    /// Where the target is a mail domain: what each of its hosts that was played against
    /// came to, in that order. The other fields show the first that did not pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Host<'a>>,
    /// Passed, but not at the first attempt, and that was not expected.
    pub flaky: bool,
    /// Why it was not played.
    pub skipped_because: Option<Cow<'a, str>>,
    /// What the decisive reply means, where the case did not pass.
    pub hint: Option<Hint<'a>>,
    /// Why the simulator answered so, step by step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account: Vec<Cow<'a, str>>,
    /// What else is worth knowing of the session.
    pub notes: Vec<Cow<'a, str>>,
    /// The command that plays this case alone; of a case that did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Cow<'a, str>>,
    /// The dialogue, secrets masked.
    pub transcript: Vec<Line<'a>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_first(order: &u32) -> bool {
    *order == 0
}

/// Names and values, in the order of the file; in JSON an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables<'a>(pub Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Deref for Variables<'a> {
    type Target = [(Cow<'a, str>, Cow<'a, str>)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Variables<'_> {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source<'a> {
    /// The file as it was named.
    pub file: Cow<'a, str>,
    /// The line, from 1.
    pub line: u32,
}

/// The server of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target<'a> {
    /// Its name in the files.
    pub name: Cow<'a, str>,
    /// `host:port` that was connected to.
    pub address: Option<Cow<'a, str>>,
    /// Whether the simulator answered.
    pub simulator: bool,
    /// The day whose rules it followed.
    pub as_of: Option<Cow<'a, str>>,
}

/// What decided a case: a reply with its code, or an event with its reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decisive<'a> {
    /// Where.
    #[serde(with = "named::stage")]
    pub stage: Stage,
    /// The reply's code.
    pub code: Option<u16>,
    /// The reply's enhanced code.
    #[serde(with = "named::enhanced")]
    pub enhanced: Option<EnhancedStatus>,
    /// The reply's text, its lines joined by one space.
    pub text: Option<Cow<'a, str>>,
    /// The event, in place of a reply.
    pub event: Option<Cow<'a, str>>,
    /// The event's reason.
    pub reason: Option<Cow<'a, str>>,
    /// How long the reply took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<f64>,
}

/// One thing that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure<'a> {
    /// At which stage.
    #[serde(with = "named::stage")]
    pub stage: Stage,
    /// What was expected.
    pub expected: Cow<'a, str>,
    /// What came instead.
    pub actual: Cow<'a, str>,
}

/// A reply, and what it answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply<'a> {
    /// What it answered.
    #[serde(with = "named::stage")]
    pub stage: Stage,
    /// Its code.
    pub code: u16,
    /// Its enhanced code.
    #[serde(with = "named::enhanced")]
    pub enhanced: Option<EnhancedStatus>,
    /// Its text, the lines joined by one space.
    pub text: Cow<'a, str>,
    /// From the last byte written to the last byte read.
    pub ms: f64,
    /// When it was complete, on the clock of the transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<f64>,
    /// Which transaction, from 0; none in the first, which is mostly the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<u16>,
    /// Which recipient, from 0, at `rcpt_to`; at `message` where each has a reply of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<u16>,
    /// Which step, from 0, where the dialogue is written out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u16>,
}

/// What a handshake came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls<'a> {
    /// `TLSv1.3`.
    pub version: Cow<'a, str>,
    /// The cipher suite.
    pub cipher: Cow<'a, str>,
    /// The group of the key exchange; null where there was none, and in old reports.
    #[serde(default)]
    pub group: Option<Cow<'a, str>>,
    /// Whether an earlier session was resumed.
    #[serde(default)]
    pub resumed: bool,
    /// The library: `rustls` or `openssl`.
    pub backend: Cow<'a, str>,
    /// Whether the server's certificate held.
    pub verified: bool,
    /// Why it did not, in one word.
    #[serde(default)]
    pub untrusted: Option<Cow<'a, str>>,
    /// The server's certificate.
    pub peer: Option<Peer<'a>>,
    /// `sent`, `none` or `not_requested`.
    pub client_certificate: Cow<'a, str>,
    /// The subject of the certificate that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_subject: Option<Cow<'a, str>>,
    /// When the certificate that was sent expires, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_expires: Option<Cow<'a, str>>,
}

/// A server's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer<'a> {
    /// `CN=mx.contoso.com, O=Contoso`.
    pub subject: Cow<'a, str>,
    /// Likewise.
    #[serde(default)]
    pub issuer: Cow<'a, str>,
    /// The subject alternative names.
    pub san: Vec<Cow<'a, str>>,
    /// The end of its validity, RFC 3339 in UTC.
    pub not_after: Cow<'a, str>,
    /// The kind of its key: `RSA-2048`, `ECDSA P-256`; empty in old reports.
    #[serde(default)]
    pub key: Cow<'a, str>,
    /// The subjects of all certificates that the server showed, its own first; empty in
    /// old reports.
    #[serde(default)]
    pub chain: Vec<Cow<'a, str>>,
    /// What was stapled to it: `absent`, `good`, …; empty in old reports.
    #[serde(default)]
    pub ocsp: Cow<'a, str>,
    /// The SHA-256 of its DER, in hexadecimal digits; empty in old reports.
    #[serde(default)]
    pub sha256: Cow<'a, str>,
}

/// A message as it arrived at the simulator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrived<'a> {
    /// The tenant that it was attributed to.
    pub tenant: Option<Cow<'a, str>>,
    /// The connector that it came through.
    pub connector: Option<Cow<'a, str>>,
    /// `originating` or `incoming`.
    pub direction: Option<Cow<'a, str>>,
    /// The P1 sender without brackets; empty for the null reverse-path.
    pub mail_from: Cow<'a, str>,
    /// The recipients that were accepted.
    pub rcpt_to: Vec<Cow<'a, str>>,
    /// The P2 senders.
    pub header_from: Vec<Cow<'a, str>>,
    /// The TLS it came in with; none in clear text.
    pub tls: Option<ArrivedTls<'a>>,
    /// From the end of the message to its arrival, in milliseconds, where another server
    /// stood between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<f64>,
}

/// The TLS that a message came in with, as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrivedTls<'a> {
    /// `TLSv1.3`.
    pub version: Cow<'a, str>,
    /// The cipher suite.
    pub cipher: Cow<'a, str>,
    /// The names in the client's certificate; none where none came that holds.
    pub certificate: Vec<Cow<'a, str>>,
}

/// How long things took; none where they did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Name look-up and TCP connect.
    pub connect: Option<f64>,
    /// The TLS handshake.
    pub tls: Option<f64>,
    /// The session as a whole.
    pub total: Option<f64>,
}

/// An attempt that was not the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt<'a> {
    /// What it was worth.
    #[serde(with = "named::outcome")]
    pub outcome: Outcome,
    /// What decided it.
    pub decisive: Option<Decisive<'a>>,
    /// What did not hold.
    pub failures: Vec<Failure<'a>>,
    /// How long it took.
    pub total_ms: f64,
    /// The dialogue.
    pub transcript: Vec<Line<'a>>,
}

/// What the sessions of a repeated case came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeat<'a> {
    /// How many there were to be.
    pub times: u32,
    /// How many were played.
    pub played: u32,
    /// How many did not pass by themselves.
    pub failed: u32,
    /// From the first connection to the end of the last session.
    pub took_ms: f64,
    /// What was decisive in how many.
    pub seen: Vec<Seen<'a>>,
    /// Each share, and how many were of it.
    pub shares: Vec<Share<'a>>,
}

/// What one of a mail domain's hosts came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Host<'a> {
    /// As the MX record names it.
    pub host: Cow<'a, str>,
    /// The record's preference; none where the domain has no MX record.
    pub preference: Option<u16>,
    /// `address:port` that was connected to.
    pub address: Option<Cow<'a, str>>,
    /// What it was worth.
    #[serde(with = "named::outcome")]
    pub outcome: Outcome,
    /// What decided it.
    pub decisive: Option<Decisive<'a>>,
    /// What did not hold.
    pub failures: Vec<Failure<'a>>,
    /// How long it took.
    pub total_ms: f64,
}

/// What was decisive in some sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen<'a> {
    /// In short.
    pub decisive: Cow<'a, str>,
    /// In how many.
    pub sessions: u32,
}

/// A share that was expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share<'a> {
    /// As written.
    pub expected: Cow<'a, str>,
    /// How many sessions were of it.
    pub sessions: u32,
}

/// What a reply means and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint<'a> {
    /// What it means.
    pub meaning: Cow<'a, str>,
    /// What to do; may be empty.
    pub fix: Cow<'a, str>,
    /// Where that is written; may be empty.
    pub source: Cow<'a, str>,
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line<'a> {
    /// Since the session began.
    pub at_ms: f64,
    /// Who said it.
    #[serde(with = "named::direction")]
    pub dir: Direction,
    /// The line without its CRLF.
    pub line: Cow<'a, str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}
