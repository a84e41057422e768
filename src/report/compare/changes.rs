//! What is different between two playings of one case.

use std::collections::BTreeSet;

use super::facts::Spoken;
use super::words::{certificate, ms};
use super::{Facts, Kind};
use crate::report::record::Tls;
use crate::smtp::Stage;
use crate::verdict::{Difference, Outcome, only};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of which kind.
    pub kind: Kind,
    /// Where, for what happens at several stages.
    pub stage: Option<Stage>,
    /// How it was, in words.
    pub before: String,
    /// How it is.
    pub after: String,
    /// Which rule accepts it, by its place in the list.
    pub accepted: Option<usize>,
}

/// From when on more time is a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slower {
    /// So many times as long; more than 1.
    pub factor: f64,
    /// And longer by so many milliseconds at least.
    pub floor_ms: f64,
}

impl Change {
    fn new(kind: Kind, before: impl Into<String>, after: impl Into<String>) -> Self {
        Self { kind, stage: None, before: before.into(), after: after.into(), accepted: None }
    }

    fn at(self, stage: Stage) -> Self {
        Self { stage: Some(stage), ..self }
    }
}

/// Everything that is different, what hurts most first; one side may have no such
/// case.
pub(super) fn changes(before: Option<&Facts>, after: Option<&Facts>, slower: Option<Slower>) -> Vec<Change> {
    let mut all = match (before, after) {
        (Some(before), Some(after)) => of_both(before, after, slower),
        (Some(before), None) => vec![Change::new(Kind::Lost, ended(before), "no such case")],
        (None, Some(after)) if after.was_played() && !after.has_passed() => {
            vec![Change::new(Kind::New, "no such case", ended(after))]
        }
        (None, _) => Vec::new(),
    };
    all.sort_by_key(|change| change.kind);
    all
}

fn of_both(before: &Facts, after: &Facts, slower: Option<Slower>) -> Vec<Change> {
    let mut all = Vec::new();
    let end = end(before, after);
    let ends_alike = end.as_ref().is_none_or(|change| change.kind.is_note());
    all.extend(end);
    if before.was_played() && after.was_played() {
        if let (Some(was), Some(is)) = (&before.expected, &after.expected)
            && was != is
        {
            all.push(Change::new(Kind::Expected, was, is));
        }
        all.extend(arrived(before, after, ends_alike));
        tls(before, after, ends_alike, &mut all);
        let offers =
            [(Stage::Ehlo, &before.ehlo, &after.ehlo), (Stage::EhloTls, &before.ehlo_tls, &after.ehlo_tls)];
        for (stage, was, is) in offers {
            if let (Some(was), Some(is)) = (was, is)
                && was != is
            {
                all.push(Change::new(Kind::Ehlo, lines(was, is), lines(is, was)).at(stage));
            }
        }
        if let Some(slower) = slower.filter(|_| ends_alike && !before.is_repeated && !after.is_repeated) {
            all.extend(latency(before, after, slower));
        }
    }
    all
}

/// How it ended, in a few words: `passed: 250 2.0.0 at message`.
fn ended(facts: &Facts) -> String {
    match (&facts.decisive, &facts.skipped_because) {
        (_, Some(why)) => format!("skipped: {why}"),
        (Some(decisive), None) => {
            format!("{}: {} at {}", facts.outcome.as_str(), decisive.in_short(), decisive.said.stage)
        }
        (None, None) => facts.outcome.as_str().to_owned(),
    }
}

fn end(before: &Facts, after: &Facts) -> Option<Change> {
    let told = |kind| Some(Change::new(kind, ended(before), ended(after)));
    match (before.outcome, after.outcome) {
        (Outcome::Skipped, Outcome::Skipped | Outcome::Passed) => None,
        (Outcome::Skipped, Outcome::Failed | Outcome::Error) => told(Kind::New),
        (_, Outcome::Skipped) => told(Kind::Lost),
        (Outcome::Passed, Outcome::Failed | Outcome::Error) | (Outcome::Failed, Outcome::Error) => {
            told(Kind::Breaks)
        }
        (Outcome::Failed | Outcome::Error, Outcome::Passed) => told(Kind::Mends),
        (Outcome::Error, Outcome::Failed) => told(Kind::Reply),
        // What is shown of many sessions is one of them, another one each time.
        _ if before.is_repeated || after.is_repeated => None,
        _ => answer(before, after),
    }
}

/// What is different in the answers, the outcome being the same.
fn answer(before: &Facts, after: &Facts) -> Option<Change> {
    let (was, is) = (before.decisive.as_ref()?, after.decisive.as_ref()?);
    let told = |kind| Some(Change::new(kind, ended(before), ended(after)));
    match was.said.difference(&is.said) {
        Difference::Breaks => told(Kind::Breaks),
        Difference::Works => told(Kind::Opens),
        Difference::Differs if was.said.stage != is.said.stage && was.said.accepted => told(Kind::Reach),
        Difference::Differs => told(Kind::Reply),
        Difference::Moves => told(Kind::Moves),
        Difference::Same if was.said.stage != is.said.stage => told(Kind::Reach),
        Difference::Same => {
            let say = |spoken: Option<&Spoken>| {
                spoken.map_or_else(|| "no such refusal".to_owned(), |spoken| spoken.in_words())
            };
            match only(&before.refusals, &after.refusals, |spoken| &spoken.said) {
                (None, None) => failures(before, after),
                (one, two) => Some(Change::new(Kind::Reply, say(one), say(two)).at(Stage::RcptTo)),
            }
        }
    }
}

/// It failed and fails, but is it for the same reason?
fn failures(before: &Facts, after: &Facts) -> Option<Change> {
    let kinds = |facts: &Facts| -> BTreeSet<(Stage, String)> {
        facts.failures.iter().map(|(stage, expected, _)| (*stage, expected.clone())).collect()
    };
    let words = |facts: &Facts| {
        let each = facts.failures.iter();
        let each =
            each.map(|(stage, expected, actual)| format!("expected {expected}, got {actual} at {stage}"));
        each.collect::<Vec<_>>().join("; ")
    };
    let same = before.expected != after.expected || kinds(before) == kinds(after);
    (!same).then(|| Change::new(Kind::Reply, words(before), words(after)))
}

fn arrived(before: &Facts, after: &Facts, ends_alike: bool) -> Option<Change> {
    let (was, is) = (before.arrived.as_ref()?, after.arrived.as_ref()?);
    // Where nothing arrives because it is refused, the refusal says it.
    let told = ends_alike || !was.is_empty() && !is.is_empty();
    let words = |all: &[String]| if all.is_empty() { "nothing".to_owned() } else { all.join("; ") };
    (told && was != is).then(|| Change::new(Kind::Arrived, words(was), words(is)))
}

fn tls(before: &Facts, after: &Facts, ends_alike: bool, all: &mut Vec<Change>) {
    let (was, is) = match (&before.tls, &after.tls) {
        (Some(was), Some(is)) => (was, is),
        // Where the session ended before the handshake, its end says it.
        (Some(was), None) if ends_alike => return all.push(Change::new(Kind::Tls, &*was.version, "no TLS")),
        (None, Some(is)) if ends_alike => return all.push(Change::new(Kind::Tls, "no TLS", &*is.version)),
        _ => return,
    };
    if was.version != is.version {
        all.push(Change::new(Kind::Tls, &*was.version, &*is.version));
    } else if was.cipher != is.cipher {
        all.push(Change::new(Kind::Cipher, &*was.cipher, &*is.cipher));
    } else if let (Some(was_in), Some(is_in)) = (&was.group, &is.group)
        && was_in != is_in
    {
        let words = |tls: &Tls<'_>, group: &str| format!("{}, {group}", tls.cipher);
        all.push(Change::new(Kind::Cipher, words(was, was_in), words(is, is_in)));
    }
    // The simulator has a new certificate whenever it starts.
    let is_simulated = before.as_of.is_some() && after.as_of.is_some();
    if !is_simulated && shows(was) != shows(is) {
        all.push(Change::new(Kind::Certificate, certificate(was), certificate(is)));
    }
    let asks = |tls: &Tls<'_>| tls.client_certificate != "not_requested";
    if asks(was) != asks(is) {
        let words = |asks| if asks { "asked for" } else { "not asked for" };
        all.push(Change::new(Kind::ClientCertificate, words(asks(was)), words(asks(is))));
    }
}

/// What a certificate is known by, and whether it holds.
fn shows<'a>(tls: &'a Tls<'_>) -> (Option<[&'a str; 4]>, Option<&'a str>) {
    let peer = tls.peer.as_ref();
    (
        peer.map(|peer| [&*peer.sha256, &*peer.subject, &*peer.issuer, &*peer.not_after]),
        tls.untrusted.as_deref(),
    )
}

/// The lines of one side that the other has not.
fn lines(one: &BTreeSet<String>, other: &BTreeSet<String>) -> String {
    let own: Vec<&str> = one.difference(other).map(String::as_str).collect();
    if own.is_empty() { "nothing".to_owned() } else { own.join(", ") }
}

/// What takes so much longer that it counts: of several parts the one that adds most.
fn latency(before: &Facts, after: &Facts, slower: Slower) -> Option<Change> {
    let was_of = |name: &str| before.took.iter().find(|(known, _)| *known == name).map(|(_, ms)| *ms);
    let slow = after.took.iter().filter_map(|(name, is)| {
        let was = was_of(name)?;
        (*is > was * slower.factor && is - was >= slower.floor_ms).then_some((*name, was, *is))
    });
    // The whole is named where no part of it is.
    let rank = |(name, was, is): &(&str, f64, f64)| (*name != "total", is - was);
    let (name, was, is) =
        slow.max_by(|one, two| rank(one).partial_cmp(&rank(two)).unwrap_or(std::cmp::Ordering::Equal))?;
    Some(Change::new(Kind::Latency, format!("{name} in {}", ms(was)), format!("{name} in {}", ms(is))))
}
