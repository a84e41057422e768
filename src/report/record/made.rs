//! A record of a result, borrowing what it can: this is done for every case of a
//! run, thousands a second.

use std::borrow::Cow;
use std::time::Duration;

use super::{
    Arrived, ArrivedTls, Attempt, Decisive, Failure, Hint, Host, Line, Peer, Record, Repeat, Reply, Seen,
    Share, Source, Target, Timings, Tls, Variables,
};
use crate::report::words::attempt;
use crate::session::{self, Observation};
use crate::smtp::{EhloResponse, visible};
use crate::tls::{Accepted, ClientChain, Negotiated, PeerCertificate, Staple, near_end};
use crate::verdict::{self, CaseResult, DecidedBy, HostEnd, Sessions};

impl<'a> Record<'a> {
    /// What became of a case; `command` is left to who knows how the run was called.
    #[must_use]
    pub fn of(result: &'a CaseResult) -> Self {
        let last = attempt(result);
        let (seen, verdict) = (last.map(|last| &last.observation), last.map(|last| &last.verdict));
        let at = &result.case.expect.at;
        Self {
            expected: verdict.map(|verdict| Cow::Borrowed(&*verdict.expected)),
            expected_at: result
                .outcome
                .is_wrong()
                .then(|| Source { file: Cow::Borrowed(&at.file), line: at.line }),
            decisive: verdict.and_then(|verdict| verdict.decisive.as_ref()).map(Decisive::of),
            failures: verdict.map_or_else(Vec::new, |verdict| failures(&verdict.failures)),
            replies: seen.map_or_else(Vec::new, |seen| seen.answers.iter().map(Reply::of).collect()),
            ehlo: offered(seen.and_then(|seen| seen.ehlo.as_ref())),
            ehlo_tls: offered(seen.and_then(|seen| seen.ehlo_tls.as_ref())),
            tls: seen.and_then(|seen| seen.tls.as_ref()).map(Tls::of),
            arrived: seen
                .and_then(|seen| seen.arrived.as_ref())
                .map(|all| all.iter().map(Arrived::of).collect()),
            timings_ms: seen.map_or_else(Timings::default, |seen| Timings {
                connect: seen.timings.connect.map(ms),
                tls: seen.timings.tls.map(ms),
                total: Some(ms(seen.timings.total)),
            }),
            earlier: match result.attempts.split_last() {
                Some((_, before)) => before.iter().map(Attempt::of).collect(),
                None => Vec::new(),
            },
            repeat: last.and_then(|last| last.sessions.as_deref()).map(Repeat::of),
            hosts: last.map_or_else(Vec::new, |last| last.hosts.iter().map(Host::of).collect()),
            hint: result.hint.as_ref().map(Hint::of),
            account: shown(seen.map(|seen| &*seen.account)),
            notes: notes(seen),
            transcript: seen.map_or_else(Vec::new, |seen| lines(&seen.transcript)),
            ..Self::heading(result)
        }
    }

    /// The same without the session and what was made of it: which case it is, and how
    /// it came out.
    #[must_use]
    pub fn heading(result: &'a CaseResult) -> Self {
        let case = &*result.case;
        Self {
            id: Cow::Borrowed(&case.id),
            order: case.order,
            suite: Cow::Borrowed(&case.suite),
            name: Cow::Borrowed(&case.name),
            tags: Cow::Borrowed(&case.tags),
            variables: Variables(
                case.variables.iter().map(|(name, value)| (visible(name), visible(value))).collect(),
            ),
            source: Source { file: Cow::Borrowed(&case.source.file), line: case.source.line },
            target: Target {
                name: Cow::Borrowed(&case.target.name),
                address: result.address.as_deref().map(Cow::Borrowed),
                simulator: result.simulated.is_some(),
                as_of: result.simulated.map(|date| Cow::Owned(date.to_string())),
            },
            source_ip: result.source_ip,
            outcome: result.outcome,
            expected: None,
            expected_at: None,
            decisive: None,
            failures: Vec::new(),
            replies: Vec::new(),
            ehlo: Vec::new(),
            ehlo_tls: Vec::new(),
            tls: None,
            arrived: None,
            timings_ms: Timings::default(),
            attempts: u32::try_from(result.attempts.len()).unwrap_or(u32::MAX),
            reruns: 0,
            earlier: Vec::new(),
            repeat: None,
            hosts: Vec::new(),
            flaky: result.flaky,
            skipped_because: result.skipped_because.as_deref().map(visible),
            hint: None,
            account: Vec::new(),
            notes: Vec::new(),
            command: None,
            transcript: Vec::new(),
        }
    }
}

impl<'a> Decisive<'a> {
    fn of(decisive: &'a verdict::Decisive) -> Self {
        let (stage, ms) = (decisive.stage, decisive.elapsed.map(ms));
        match &decisive.what {
            DecidedBy::Reply(reply) => Self {
                stage,
                code: Some(reply.code().get()),
                enhanced: reply.enhanced(),
                text: Some(owned(reply.text())),
                event: None,
                reason: None,
                ms,
            },
            DecidedBy::Event(event) => Self {
                stage,
                code: None,
                enhanced: None,
                text: None,
                event: Some(Cow::Borrowed(event.kind.as_str())),
                reason: Some(visible(&event.reason)),
                ms,
            },
        }
    }
}

fn failures(failures: &[verdict::Failure]) -> Vec<Failure<'_>> {
    let failures = failures.iter().map(|failure| Failure {
        stage: failure.stage,
        expected: visible(&failure.expected),
        actual: visible(&failure.actual),
    });
    failures.collect()
}

impl Reply<'_> {
    fn of(answer: &session::Answer) -> Self {
        Self {
            stage: answer.stage,
            code: answer.reply.code().get(),
            enhanced: answer.reply.enhanced(),
            text: owned(answer.reply.text()),
            ms: ms(answer.elapsed),
            at_ms: Some(ms(answer.at)),
            transaction: (answer.transaction > 0).then_some(answer.transaction),
            recipient: answer.recipient,
            step: answer.step,
        }
    }
}

/// `SIZE 157286400`, a keyword an item.
fn offered(ehlo: Option<&EhloResponse>) -> Vec<Cow<'_, str>> {
    ehlo.map_or_else(Vec::new, |ehlo| ehlo.keywords().map(|keyword| visible(keyword.line)).collect())
}

impl<'a> Tls<'a> {
    fn of(tls: &'a Negotiated) -> Self {
        Self {
            version: Cow::Borrowed(tls.version.as_str()),
            cipher: visible(&tls.cipher),
            group: tls.group.map(|group| Cow::Owned(group.to_string())),
            resumed: tls.resumed,
            backend: Cow::Borrowed(tls.backend),
            verified: tls.verified.is_ok(),
            untrusted: tls.verified.as_ref().err().map(|why| Cow::Borrowed(why.reason)),
            peer: tls.peer.as_deref().map(|peer| Peer::of(peer, tls.staple)),
            client_certificate: Cow::Borrowed(tls.client_certificate.as_str()),
            client_certificate_subject: tls.client.as_deref().map(|client| visible(&client.subject)),
            client_certificate_expires: tls.client.as_deref().map(|client| client.not_after().into()),
        }
    }
}

impl<'a> Peer<'a> {
    fn of(peer: &'a PeerCertificate, staple: Staple) -> Self {
        Self {
            subject: visible(&peer.subject),
            issuer: visible(&peer.issuer),
            san: peer.san.iter().map(|name| visible(name)).collect(),
            not_after: Cow::Borrowed(&peer.not_after),
            key: Cow::Borrowed(&peer.key),
            chain: peer.chain.iter().map(|subject| visible(subject)).collect(),
            ocsp: Cow::Borrowed(staple.as_str()),
            sha256: Cow::Owned(hex(&peer.sha256)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

impl<'a> Arrived<'a> {
    fn of(message: &'a session::Arrived) -> Self {
        Self {
            tenant: message.tenant.as_deref().map(visible),
            connector: message.connector.as_deref().map(visible),
            direction: message.direction.map(Cow::Borrowed),
            mail_from: visible(message.mail_from.as_str()),
            rcpt_to: message.rcpt_to.iter().map(|path| visible(path.as_str())).collect(),
            header_from: message.authors.iter().map(|author| visible(author)).collect(),
            tls: message.tls.as_ref().map(ArrivedTls::of),
            after_ms: message.passed_on.map(|(_, took)| ms(took)),
        }
    }
}

impl<'a> ArrivedTls<'a> {
    fn of(tls: &'a Accepted) -> Self {
        let names = match &tls.client {
            ClientChain::Good { names, .. } => &names[..],
            ClientChain::None | ClientChain::Bad { .. } => &[],
        };
        Self {
            version: Cow::Borrowed(tls.version.as_str()),
            cipher: visible(&tls.cipher),
            certificate: shown(Some(names)),
        }
    }
}

impl<'a> Attempt<'a> {
    fn of(attempt: &'a verdict::Attempt) -> Self {
        let took =
            attempt.sessions.as_ref().map_or(attempt.observation.timings.total, |sessions| sessions.took);
        Self {
            outcome: attempt.verdict.outcome,
            decisive: attempt.verdict.decisive.as_ref().map(Decisive::of),
            failures: failures(&attempt.verdict.failures),
            total_ms: ms(took),
            transcript: lines(&attempt.observation.transcript),
        }
    }
}

impl<'a> Repeat<'a> {
    fn of(sessions: &'a Sessions) -> Self {
        let seen = sessions.seen.iter();
        let shares = sessions.shares.iter();
        Self {
            times: sessions.planned,
            played: sessions.played,
            failed: sessions.failed,
            took_ms: ms(sessions.took),
            seen: seen.map(|(kind, n)| Seen { decisive: visible(kind), sessions: *n }).collect(),
            shares: shares.map(|(share, n)| Share { expected: visible(share), sessions: *n }).collect(),
        }
    }
}

impl<'a> Host<'a> {
    fn of(end: &'a HostEnd) -> Self {
        Self {
            host: visible(&end.host),
            preference: end.preference,
            address: end.address.map(|address| Cow::Owned(address.to_string())),
            outcome: end.outcome,
            decisive: end.decisive.as_ref().map(Decisive::of),
            failures: failures(&end.failures),
            total_ms: ms(end.took),
        }
    }
}

impl<'a> Hint<'a> {
    fn of(hint: &'a verdict::Hint) -> Self {
        Self {
            meaning: visible(&hint.meaning),
            fix: Cow::Borrowed(&hint.fix),
            source: Cow::Borrowed(&hint.source),
        }
    }
}

fn lines(transcript: &session::Transcript) -> Vec<Line<'_>> {
    let lines = transcript.lines();
    lines.map(|line| Line { at_ms: ms(line.at), dir: line.direction, line: visible(line.text) }).collect()
}

/// What was odd in the session, and whether the client needs a new certificate soon.
fn notes(seen: Option<&Observation>) -> Vec<Cow<'_, str>> {
    let mut notes = shown(seen.map(|seen| &*seen.notes));
    let tls = seen.and_then(|seen| seen.tls.as_ref());
    if let Some(tls) = tls
        && let Some(client) = &tls.client
        && let Some(when) = near_end(client.expires, tls.at)
    {
        notes.push(Cow::Owned(format!("the client certificate {} {when}", visible(&client.subject))));
    }
    notes
}

fn shown(texts: Option<&[String]>) -> Vec<Cow<'_, str>> {
    texts.unwrap_or_default().iter().map(|text| visible(text)).collect()
}

/// A text fit to be shown; most are as they come.
fn owned<'a>(text: String) -> Cow<'a, str> {
    Cow::Owned(match visible(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(visible) => visible,
    })
}

/// Milliseconds to a hundredth: what is finer is noise.
fn ms(duration: Duration) -> f64 {
    let hundredths = (duration.as_nanos() + 5_000) / 10_000;
    hundredths as f64 / 1e2
}
