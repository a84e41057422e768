//! Like changes together, and what is said of them in every form.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::facts::Spoken;
use super::{Change, Comparison, Facts, Kind, Pair};
use crate::smtp::{Stage, visible};
use crate::verdict::{Hint, Outcome, meaning};

/// Cases with one and the same change, each of them once.
pub(super) struct Group<'a> {
    pub(super) change: &'a Change,
    pub(super) stages: BTreeSet<Stage>,
    pub(super) cases: Vec<&'a Pair>,
}

/// The changes that are not accepted, like to like.
pub(super) struct Groups<'a> {
    pub(super) ends: Vec<Group<'a>>,
    pub(super) lesser: Vec<Group<'a>>,
    pub(super) notes: Vec<Group<'a>>,
}

impl<'a> Groups<'a> {
    pub(super) fn of(comparison: &'a Comparison) -> Self {
        let mut all: Vec<Group<'a>> = Vec::new();
        let mut places: HashMap<(Kind, String, String), usize> = HashMap::new();
        for case in &comparison.cases {
            for change in case.changes.iter().filter(|change| change.accepted.is_none()) {
                let key = match (change.kind.is_of_the_end(), comparison.before(case), comparison.after(case))
                {
                    (true, Some(before), Some(after)) => (change.kind, alike(before), alike(after)),
                    (true, ..) => (change.kind, String::new(), String::new()),
                    (false, ..) => (change.kind, change.before.clone(), change.after.clone()),
                };
                let at = *places.entry(key).or_insert(all.len());
                if at == all.len() {
                    all.push(Group { change, stages: BTreeSet::new(), cases: Vec::new() });
                }
                let group = &mut all[at];
                group.stages.extend(change.stage);
                // What changed in both EHLOs of a case is one change of one case.
                if !group.cases.last().is_some_and(|last| std::ptr::eq(*last, case)) {
                    group.cases.push(case);
                }
            }
        }
        // Stable: within a kind what concerns most cases first, then the files' order.
        all.sort_by_key(|group| (group.change.kind, std::cmp::Reverse(group.cases.len())));
        let (ends, rest): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|group| group.change.kind.is_of_the_end());
        let (notes, lesser) = rest.into_iter().partition(|group| group.change.kind.is_note());
        Self { ends, lesser, notes }
    }
}

impl Group<'_> {
    /// What it is about: `the extensions at ehlo and ehlo_tls`.
    pub(super) fn described(&self) -> String {
        let stages: Vec<&str> = self.stages.iter().map(|stage| stage.as_str()).collect();
        let at = if stages.is_empty() { String::new() } else { format!(" at {}", stages.join(" and ")) };
        format!("{}{at}", described(self.change.kind))
    }
}

/// What cases have in common that ended alike: the outcome, and what was said but for
/// the addresses in it.
fn alike(facts: &Facts) -> String {
    let mut key = facts.outcome.as_str().to_owned();
    if let Some(Spoken { said, .. }) = &facts.decisive {
        let _ = write!(key, " {} ", said.stage);
        let mut inside = false;
        for c in said.words.chars() {
            inside = (inside || c == '<') && c != '>';
            if !inside {
                key.push(c);
            }
        }
    }
    key
}

/// What happened, in one line.
pub(super) fn told(change: &Change, before: Option<&Facts>, after: Option<&Facts>) -> String {
    let (Some(before), Some(after)) = (before, after) else {
        return match (change.kind, after) {
            (Kind::New, Some(after)) => format!("no such case before; {} now", after.outcome.as_str()),
            _ => "no such case any more".to_owned(),
        };
    };
    let words = |facts: &Facts| match facts.outcome {
        Outcome::Error => "not reached",
        outcome => outcome.as_str(),
    };
    let (was, is) = (words(before), words(after));
    let outcome = match was == is {
        true => format!("{is} as before"),
        false => format!("{was} before, {is} now"),
    };
    let accepts = |facts: &Facts| facts.decisive.as_ref().map(|decisive| decisive.said.accepted);
    let answer = match (accepts(before), accepts(after)) {
        _ if before.outcome == Outcome::Error || after.outcome == Outcome::Error => "",
        (Some(true), Some(false)) => "; accepted before, refused now",
        (Some(false), Some(true)) => "; refused before, accepted now",
        (Some(false), Some(false)) if change.kind == Kind::Reply => ", with another reply",
        _ => "",
    };
    format!("{outcome}{answer}")
}

/// The reply, and where; why it was not played otherwise.
pub(super) fn answer(facts: &Facts) -> Vec<String> {
    match (&facts.decisive, &facts.skipped_because) {
        (_, Some(why)) => vec![visible(&format!("skipped: {why}")).into_owned()],
        (Some(decisive), None) => {
            // Of a refusal what was compared: stamps and ids would hide the difference.
            let said = match decisive.said.accepted {
                true => decisive.in_words(),
                false => visible(&decisive.said.words).into_owned(),
            };
            let mut lines = vec![said, format!("at {}", decisive.said.stage)];
            // It can fail for another reason than what decided it.
            let elsewhere = facts.failures.iter().filter(|(stage, ..)| *stage != decisive.said.stage);
            lines.extend(elsewhere.map(|(stage, expected, actual)| {
                visible(&format!("expected {expected} at {stage}, got {actual}")).into_owned()
            }));
            lines
        }
        (None, None) => vec![facts.outcome.as_str().to_owned()],
    }
}

/// What the answer means, from the report or, of a case that passed, from what is
/// known of replies.
pub(super) fn hint(facts: &Facts) -> Option<Hint> {
    if let Some(hint) = &facts.hint {
        let [meaning, fix, source] = [&hint.meaning, &hint.fix, &hint.source].map(ToString::to_string);
        return Some(Hint { meaning, fix, source });
    }
    let shown = &facts.decisive.as_ref()?.shown;
    meaning(shown.stage, shown.code?, shown.enhanced, shown.text.as_deref().unwrap_or_default())
}

pub(super) const fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Breaks => "BREAKS",
        Kind::New => "NEW",
        Kind::Opens => "OPENS",
        Kind::Lost => "lost",
        Kind::Mends => "mends",
        _ => "differs",
    }
}

pub(super) const fn described(kind: Kind) -> &'static str {
    match kind {
        Kind::Arrived => "what arrives",
        Kind::Certificate => "the server's certificate",
        Kind::Tls => "the TLS version",
        Kind::Cipher => "the cipher suite",
        Kind::ClientCertificate => "a client certificate",
        Kind::Ehlo => "the extensions",
        Kind::Latency => "it takes longer",
        Kind::Moves => "the same refusal at another stage",
        Kind::Expected => "the file expects something else",
        Kind::Reach => "played to another stage",
        Kind::Breaks | Kind::New | Kind::Opens | Kind::Lost | Kind::Reply | Kind::Mends => heading(kind),
    }
}
