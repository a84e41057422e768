//! JSON and NDJSON, version 1 (see `docs/report.md`).
//!
//! Entries are written as the cases end, so a run costs no more memory for being
//! reported. That is why `run` and `summary` stand after `cases`: they are known
//! last, and the order of an object's members means nothing.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::words::attempt;
use super::{Run, Summary};
use crate::session::{Answer, Transcript};
use crate::smtp::visible;
use crate::tls::{Negotiated, PeerCertificate};
use crate::verdict::{CaseResult, DecidedBy, Decisive, Sessions};

/// The version of the format: contract §4.
const SCHEMA: u32 = 1;

/// What stands before the first entry.
pub(super) fn head(out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{{\"schema\":{SCHEMA},\"tool\":\"{}\",\"cases\":[", tool()).as_bytes());
}

/// One entry of `cases`, without what separates it from others.
pub(super) fn entry(result: &CaseResult, out: &mut Vec<u8>) {
    write(&Entry::of(result), out);
}

/// What stands after the last entry.
pub(super) fn tail(run: &Run, summary: &Summary, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\n],\"run\":");
    write(&RunEntry::of(run), out);
    out.extend_from_slice(b",\"summary\":");
    write(&SummaryEntry::of(summary), out);
    out.extend_from_slice(b"}\n");
}

/// The last line of NDJSON.
pub(super) fn last_line(run: &Run, summary: &Summary, out: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct LastLine {
        run: RunEntry,
        summary: SummaryEntry,
    }
    write(&LastLine { run: RunEntry::of(run), summary: SummaryEntry::of(summary) }, out);
    out.push(b'\n');
}

fn tool() -> String {
    format!("relayprobe {}", env!("CARGO_PKG_VERSION"))
}

fn write(value: &impl Serialize, out: &mut Vec<u8>) {
    // Writing into memory cannot fail, and no type here refuses to be written.
    serde_json::to_writer(out, value).expect("plain data in memory");
}

#[derive(Serialize)]
struct RunEntry {
    id: String,
    started: String,
    duration_ms: u128,
    interrupted: bool,
}

impl RunEntry {
    fn of(run: &Run) -> Self {
        Self {
            id: run.id.clone(),
            started: run.started_text(),
            duration_ms: run.duration.as_millis(),
            interrupted: run.interrupted,
        }
    }
}

#[derive(Serialize)]
struct SummaryEntry {
    total: usize,
    passed: usize,
    failed: usize,
    error: usize,
    skipped: usize,
    flaky: usize,
}

impl SummaryEntry {
    const fn of(summary: &Summary) -> Self {
        let Summary { total, passed, failed, error, skipped, flaky } = *summary;
        Self { total, passed, failed, error, skipped, flaky }
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    suite: &'a str,
    name: &'a str,
    tags: &'a [String],
    source: Source<'a>,
    target: Target<'a>,
    outcome: &'static str,
    expected: Option<&'a str>,
    decisive: Option<DecisiveEntry<'a>>,
    failures: Vec<FailureEntry<'a>>,
    replies: Replies<'a>,
    tls: Option<Tls<'a>>,
    timings_ms: Timings,
    attempts: usize,
    /// Of a repeated case alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<Repeat<'a>>,
    flaky: bool,
    skipped_because: Option<&'a str>,
    hint: Option<HintEntry<'a>>,
    /// Of the simulator alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    account: Vec<Cow<'a, str>>,
    notes: Vec<Cow<'a, str>>,
    transcript: Lines<'a>,
}

impl<'a> Entry<'a> {
    fn of(result: &'a CaseResult) -> Self {
        let case = &*result.case;
        let last = attempt(result);
        let observation = last.map(|last| &last.observation);
        let timings = observation.map(|seen| seen.timings).unwrap_or_default();
        Self {
            id: &case.id,
            suite: &case.suite,
            name: &case.name,
            tags: &case.tags,
            source: Source { file: &case.source.file, line: case.source.line },
            target: Target {
                name: &case.target.name,
                address: result.address.as_deref(),
                simulator: result.simulated.is_some(),
                as_of: result.simulated.map(|date| date.to_string()),
            },
            outcome: result.outcome.as_str(),
            expected: last.map(|last| &*last.verdict.expected),
            decisive: last.and_then(|last| last.verdict.decisive.as_ref()).map(DecisiveEntry::of),
            failures: last.map_or_else(Vec::new, |last| {
                let failures = last.verdict.failures.iter();
                failures
                    .map(|failure| FailureEntry {
                        stage: failure.stage.as_str(),
                        expected: visible(&failure.expected),
                        actual: visible(&failure.actual),
                    })
                    .collect()
            }),
            replies: Replies(observation.map_or(&[], |seen| &seen.answers)),
            tls: observation.and_then(|seen| seen.tls.as_ref()).map(Tls::of),
            timings_ms: Timings {
                connect: timings.connect.map(Ms),
                tls: timings.tls.map(Ms),
                total: observation.map(|_| Ms(timings.total)),
            },
            attempts: result.attempts.len(),
            repeat: last.and_then(|last| last.sessions.as_deref()).map(Repeat::of),
            flaky: result.flaky,
            skipped_because: result.skipped_because.as_deref(),
            hint: result.hint.as_ref().map(|hint| HintEntry {
                meaning: visible(&hint.meaning),
                fix: &hint.fix,
                source: &hint.source,
            }),
            account: observation
                .map_or_else(Vec::new, |seen| seen.account.iter().map(|step| visible(step)).collect()),
            notes: observation
                .map_or_else(Vec::new, |seen| seen.notes.iter().map(|note| visible(note)).collect()),
            transcript: Lines(observation.map(|seen| &seen.transcript)),
        }
    }
}

#[derive(Serialize)]
struct Source<'a> {
    file: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct Target<'a> {
    name: &'a str,
    address: Option<&'a str>,
    simulator: bool,
    as_of: Option<String>,
}

#[derive(Serialize)]
struct DecisiveEntry<'a> {
    stage: &'static str,
    code: Option<u16>,
    enhanced: Option<String>,
    text: Option<Cow<'a, str>>,
    event: Option<&'static str>,
    reason: Option<Cow<'a, str>>,
}

impl<'a> DecisiveEntry<'a> {
    fn of(decisive: &'a Decisive) -> Self {
        let stage = decisive.stage.as_str();
        match &decisive.what {
            DecidedBy::Reply(reply) => Self {
                stage,
                code: Some(reply.code().get()),
                enhanced: reply.enhanced().map(|status| status.to_string()),
                text: Some(shown(reply.text()).into()),
                event: None,
                reason: None,
            },
            DecidedBy::Event(event) => Self {
                stage,
                code: None,
                enhanced: None,
                text: None,
                event: Some(event.kind.as_str()),
                reason: Some(visible(&event.reason)),
            },
        }
    }
}

#[derive(Serialize)]
struct FailureEntry<'a> {
    stage: &'static str,
    expected: Cow<'a, str>,
    actual: Cow<'a, str>,
}

/// Written one by one: a report makes no list of what is a list already.
struct Replies<'a>(&'a [Answer]);

impl Serialize for Replies<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|answer| ReplyEntry {
            stage: answer.stage.as_str(),
            code: answer.reply.code().get(),
            enhanced: answer.reply.enhanced().map(|status| status.to_string()),
            text: shown(answer.reply.text()),
            ms: Ms(answer.elapsed),
            transaction: (answer.transaction > 0).then_some(answer.transaction),
            recipient: answer.recipient,
        }))
    }
}

#[derive(Serialize)]
struct ReplyEntry {
    stage: &'static str,
    code: u16,
    enhanced: Option<String>,
    text: String,
    ms: Ms,
    /// Left out in the first transaction, which is mostly the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<u16>,
    /// At `rcpt_to` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<u16>,
}

#[derive(Serialize)]
struct Tls<'a> {
    version: &'static str,
    cipher: Cow<'a, str>,
    backend: &'static str,
    verified: bool,
    untrusted: Option<&'static str>,
    peer: Option<Peer<'a>>,
    client_certificate: &'static str,
}

impl<'a> Tls<'a> {
    fn of(tls: &'a Negotiated) -> Self {
        Self {
            version: tls.version.as_str(),
            cipher: visible(&tls.cipher),
            backend: tls.backend,
            verified: tls.verified.is_ok(),
            untrusted: tls.verified.as_ref().err().map(|why| why.reason),
            peer: tls.peer.as_deref().map(Peer::of),
            client_certificate: tls.client_certificate.as_str(),
        }
    }
}

#[derive(Serialize)]
struct Peer<'a> {
    subject: Cow<'a, str>,
    issuer: Cow<'a, str>,
    san: Vec<Cow<'a, str>>,
    not_after: &'a str,
}

impl<'a> Peer<'a> {
    fn of(peer: &'a PeerCertificate) -> Self {
        Self {
            subject: visible(&peer.subject),
            issuer: visible(&peer.issuer),
            san: peer.san.iter().map(|name| visible(name)).collect(),
            not_after: &peer.not_after,
        }
    }
}

#[derive(Serialize)]
struct Repeat<'a> {
    times: u32,
    played: u32,
    failed: u32,
    took_ms: Ms,
    seen: Vec<SeenEntry<'a>>,
    shares: Vec<ShareEntry<'a>>,
}

#[derive(Serialize)]
struct SeenEntry<'a> {
    decisive: Cow<'a, str>,
    sessions: u32,
}

#[derive(Serialize)]
struct ShareEntry<'a> {
    expected: Cow<'a, str>,
    sessions: u32,
}

impl<'a> Repeat<'a> {
    fn of(sessions: &'a Sessions) -> Self {
        let seen = sessions.seen.iter();
        let shares = sessions.shares.iter();
        Self {
            times: sessions.planned,
            played: sessions.played,
            failed: sessions.failed,
            took_ms: Ms(sessions.took),
            seen: seen
                .map(|(kind, sessions)| SeenEntry { decisive: visible(kind), sessions: *sessions })
                .collect(),
            shares: shares
                .map(|(share, sessions)| ShareEntry { expected: visible(share), sessions: *sessions })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct Timings {
    connect: Option<Ms>,
    tls: Option<Ms>,
    total: Option<Ms>,
}

#[derive(Serialize)]
struct HintEntry<'a> {
    meaning: Cow<'a, str>,
    fix: &'a str,
    source: &'a str,
}

/// The same for the dialogue.
struct Lines<'a>(Option<&'a Transcript>);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lines = self.0.into_iter().flat_map(Transcript::lines);
        serializer.collect_seq(lines.map(|line| LineEntry {
            at_ms: Ms(line.at),
            dir: line.direction.as_str(),
            line: visible(line.text),
        }))
    }
}

#[derive(Serialize)]
struct LineEntry<'a> {
    at_ms: Ms,
    dir: &'static str,
    line: Cow<'a, str>,
}

/// A text fit to be shown; most are as they come.
fn shown(text: String) -> String {
    match visible(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(visible) => visible,
    }
}

/// Milliseconds to a hundredth: what is finer is noise.
struct Ms(Duration);

impl Serialize for Ms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((self.0.as_secs_f64() * 1e5).round() / 1e2)
    }
}
