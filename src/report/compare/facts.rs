//! What of a record is compared.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::report::record::{Arrived, Decisive, Hint, Peer, Record, Reply, Tls};
use crate::smtp::{ReplyCode, Stage, named, visible};
use crate::verdict::{Outcome, Said};

/// What of a case is compared and shown: a small part of its record, so that a run
/// can keep it of every case.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The case's id.
    pub id: String,
    /// The file's `suite`.
    pub suite: String,
    /// The file and the line that the scenario stands in.
    pub source: (String, u32),
    /// The target's name in the files.
    pub target: String,
    /// `host:port` that was connected to.
    pub address: Option<String>,
    /// The day whose rules were followed, where the simulator answered.
    pub as_of: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// The expectation as written.
    pub expected: Option<String>,
    /// What decided it.
    pub decisive: Option<Spoken>,
    /// What the decisive reply means, where the report says it.
    pub hint: Option<Hint<'static>>,
    /// Why the simulator answered so, step by step.
    pub account: Vec<String>,
    /// The command that plays it alone.
    pub command: Option<String>,
    /// Why it was not played.
    pub skipped_because: Option<String>,
    /// What did not hold: stage, what was expected, what came.
    pub(super) failures: Vec<(Stage, String, String)>,
    /// Every refusal, those included that decided nothing.
    pub(super) refusals: Vec<Spoken>,
    pub(super) is_repeated: bool,
    pub(super) ehlo: Option<BTreeSet<String>>,
    pub(super) ehlo_tls: Option<BTreeSet<String>>,
    pub(super) tls: Option<Tls<'static>>,
    /// What arrived, a message an item, in words.
    pub(super) arrived: Option<Vec<String>>,
    /// How long each part took, in milliseconds; of several recipients the slowest.
    pub(super) took: Vec<(&'static str, f64)>,
}

/// A reply or an event, as it was and as it is compared.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// As the report has it.
    pub shown: Decisive<'static>,
    /// Without what varies.
    pub said: Said,
}

impl Facts {
    /// The facts of a record, `run` being the id of its run.
    #[must_use]
    pub fn of(record: &Record<'_>, run: &str) -> Self {
        let greeting = record.replies.iter().find(|reply| reply.stage == Stage::Greeting);
        let host = greeting.and_then(|reply| reply.text.split(' ').next());
        // A name with a dot: `ESMTP` is no name of a host.
        let host = host.filter(|host| host.contains('.')).unwrap_or_default();
        let own = [(run, "<run>"), (host, "<host>")];
        let refusals =
            record.replies.iter().filter(|reply| reply.stage != Stage::Quit && !is_positive(reply));
        let decisive = record.decisive.as_ref().map(|decisive| Spoken::of(decisive, &own));
        let refusals = refusals.map(|reply| Spoken::reply(reply, decisive.as_ref(), &own)).collect();
        let offered = |stage: Stage, lines: &[Cow<'_, str>]| {
            let asked = record.replies.iter().any(|reply| reply.stage == stage && is_positive(reply));
            asked.then(|| lines.iter().map(|line| keyword(line)).collect())
        };
        Self {
            id: record.id.to_string(),
            suite: record.suite.to_string(),
            source: (record.source.file.to_string(), record.source.line),
            target: record.target.name.to_string(),
            address: record.target.address.as_deref().map(str::to_owned),
            as_of: record.target.as_of.as_deref().map(str::to_owned),
            outcome: record.outcome,
            expected: record.expected.as_deref().map(str::to_owned),
            decisive,
            hint: record.hint.as_ref().map(|hint| Hint {
                meaning: owned(&hint.meaning),
                fix: owned(&hint.fix),
                source: owned(&hint.source),
            }),
            account: record.account.iter().map(|step| step.to_string()).collect(),
            command: record.command.as_deref().map(str::to_owned),
            skipped_because: record.skipped_because.as_deref().map(str::to_owned),
            failures: record
                .failures
                .iter()
                .map(|failure| (failure.stage, failure.expected.to_string(), failure.actual.to_string()))
                .collect(),
            refusals,
            is_repeated: record.repeat.is_some(),
            ehlo: offered(Stage::Ehlo, &record.ehlo),
            ehlo_tls: offered(Stage::EhloTls, &record.ehlo_tls),
            tls: record.tls.as_ref().map(tls),
            arrived: record.arrived.as_ref().map(|all| {
                let words = all.iter().map(|one| named(arrived(one), &own));
                words.collect()
            }),
            took: took(record),
        }
    }

    /// Whether it was played.
    #[must_use]
    pub fn was_played(&self) -> bool {
        self.outcome != Outcome::Skipped
    }

    /// Whether it passed.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

impl Spoken {
    fn of(decisive: &Decisive<'_>, own: &[(&str, &str)]) -> Self {
        let Decisive { stage, code, enhanced, .. } = *decisive;
        let text = decisive.text.as_deref().unwrap_or_default();
        let said = match (code, &decisive.event) {
            (Some(code), _) => {
                Said::reply(stage, code, enhanced.map(|status| status.to_string()).as_deref(), text, own)
            }
            (None, event) => {
                let words = [event.as_deref(), decisive.reason.as_deref()];
                let words: Vec<&str> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
                Said::event(stage, words.join(" "))
            }
        };
        let shown = Decisive {
            stage,
            code,
            enhanced,
            text: decisive.text.as_deref().map(owned),
            event: decisive.event.as_deref().map(owned),
            reason: decisive.reason.as_deref().map(owned),
            ms: decisive.ms,
        };
        Self { shown, said }
    }

    /// A reply; mostly it is the one that decided, which is known already.
    fn reply(reply: &Reply<'_>, decisive: Option<&Self>, own: &[(&str, &str)]) -> Self {
        let is_same = |known: &&Self| {
            let Decisive { stage, code, enhanced, text, .. } = &known.shown;
            (*stage, *code, *enhanced, text.as_deref())
                == (reply.stage, Some(reply.code), reply.enhanced, Some(&*reply.text))
        };
        let this = match decisive.filter(is_same) {
            Some(known) => known.clone(),
            None => Self::of(
                &Decisive {
                    stage: reply.stage,
                    code: Some(reply.code),
                    enhanced: reply.enhanced,
                    text: Some(Cow::Borrowed(&*reply.text)),
                    event: None,
                    reason: None,
                    ms: Some(reply.ms),
                },
                own,
            ),
        };
        Self { said: this.said.at(reply.transaction.unwrap_or(0), reply.recipient.or(reply.step)), ..this }
    }

    /// The whole reply, or the event with its reason; fit to be shown.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Decisive { code, enhanced, text, .. } = &self.shown;
        let Some(code) = code else { return visible(&self.said.words).into_owned() };
        let enhanced = enhanced.map(|status| status.to_string()).unwrap_or_default();
        let parts = [code.to_string(), enhanced, text.as_deref().unwrap_or_default().to_owned()];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        visible(&parts.join(" ")).into_owned()
    }

    /// Code and enhanced code, or the event; fit to be shown.
    #[must_use]
    pub fn in_short(&self) -> String {
        match (self.shown.code, self.shown.enhanced) {
            (Some(code), Some(enhanced)) => format!("{code} {enhanced}"),
            (Some(code), None) => code.to_string(),
            (None, _) => visible(&self.said.words).into_owned(),
        }
    }
}

fn owned(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

fn is_positive(reply: &Reply<'_>) -> bool {
    ReplyCode::new(reply.code).is_some_and(|code| reply.stage.accepts(code))
}

/// A line of EHLO so that two can be compared: keywords have no case (RFC 5321 §2.4),
/// and the mechanisms of AUTH no order (RFC 4954 §3).
fn keyword(line: &str) -> String {
    let mut words: Vec<&str> = line.split_ascii_whitespace().collect();
    let Some((name, params)) = words.split_first_mut() else { return String::new() };
    let name = name.to_ascii_uppercase();
    if name.starts_with("AUTH") {
        params.sort_unstable();
    }
    let mut line = name;
    for param in params {
        line.push(' ');
        line.push_str(param);
    }
    line
}

fn tls(tls: &Tls<'_>) -> Tls<'static> {
    Tls {
        version: owned(&tls.version),
        cipher: owned(&tls.cipher),
        group: tls.group.as_deref().map(owned),
        resumed: tls.resumed,
        backend: owned(&tls.backend),
        verified: tls.verified,
        untrusted: tls.untrusted.as_deref().map(owned),
        peer: tls.peer.as_ref().map(|peer| Peer {
            subject: owned(&peer.subject),
            issuer: owned(&peer.issuer),
            san: Vec::new(),
            not_after: owned(&peer.not_after),
            key: owned(&peer.key),
            chain: Vec::new(),
            ocsp: owned(&peer.ocsp),
            sha256: owned(&peer.sha256),
        }),
        client_certificate: owned(&tls.client_certificate),
        client_certificate_subject: None,
        client_certificate_expires: None,
    }
}

/// `Contoso, connector "Hybrid servers", originating, from <a@x> to <b@y>, …`.
fn arrived(message: &Arrived<'_>) -> String {
    let mut parts = vec![message.tenant.as_deref().unwrap_or("no tenant").to_owned()];
    if let Some(connector) = &message.connector {
        parts.push(format!("connector \"{connector}\""));
    }
    parts.extend(message.direction.as_deref().map(str::to_owned));
    let to: Vec<String> = message.rcpt_to.iter().map(|path| format!("<{path}>")).collect();
    parts.push(format!("from <{}> to {}", message.mail_from, to.join(" ")));
    parts.push(match &*message.header_from {
        [] => "no From:".to_owned(),
        authors => format!("From: {}", authors.join(" ")),
    });
    if let Some(tls) = &message.tls {
        parts.push(tls.version.to_string());
        // Another certificate is another sender to whoever attributes by it.
        parts.extend(tls.certificate.first().map(|name| format!("certificate {name}")));
    }
    parts.join(", ")
}

fn took(record: &Record<'_>) -> Vec<(&'static str, f64)> {
    let timings = record.timings_ms;
    let whole = [("connect", timings.connect), ("tls", timings.tls), ("total", timings.total)];
    let mut took: Vec<_> = whole.into_iter().filter_map(|(name, ms)| Some((name, ms?))).collect();
    for reply in record.replies.iter().filter(|reply| reply.stage != Stage::Quit) {
        let name = reply.stage.as_str();
        match took.iter_mut().find(|(known, _)| *known == name) {
            Some((_, ms)) => *ms = ms.max(reply.ms),
            None => took.push((name, reply.ms)),
        }
    }
    took
}
