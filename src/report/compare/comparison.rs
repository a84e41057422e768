//! A comparison as a whole.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::accept::{Accepted, Allowance};
use super::changes::changes;
use super::{Change, Facts, Kind, Slower};
use crate::report::record::Document;
use crate::report::{Run, Summary};
use crate::verdict::Outcome;

/// One of the two runs.
#[derive(Clone, Debug)]
pub struct Side {
    /// What people know it by: the file, or the server.
    pub name: String,
    /// The run; `None` where it is not over.
    pub run: Run,
    /// How its cases came out.
    pub summary: Summary,
    /// Its cases.
    pub cases: Vec<Facts>,
}

impl Side {
    /// A report that was read.
    #[must_use]
    pub fn of(name: String, document: &Document) -> Self {
        let cases = document.records.iter().map(|record| Facts::of(record, &document.run.id)).collect();
        Self { name, run: document.run.clone(), summary: document.summary, cases }
    }

    /// The days whose rules the simulator followed; empty where real servers alone
    /// answered.
    #[must_use]
    pub fn days(&self) -> BTreeSet<&str> {
        let played = self.cases.iter().filter(|facts| facts.was_played());
        played.filter_map(|facts| facts.as_of.as_deref()).collect()
    }
}

/// By which terms two runs are compared.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// From when on more time is a change; `None`: never.
    pub slower: Option<Slower>,
    /// What is accepted.
    pub accepted: Accepted,
    /// Only a part of the earlier cases was to be played: those that were not are not
    /// lost, and what is accepted of them is not unused.
    pub partial: bool,
}

/// Two runs, case by case.
#[derive(Debug)]
pub struct Comparison {
    /// The earlier, or the old server's.
    pub before: Side,
    /// The later, or the new server's.
    pub after: Side,
    /// Every case of either, in the order of the files.
    pub cases: Vec<Pair>,
    /// What was accepted, rule by rule.
    pub accepted: Vec<Allowance>,
    /// By which factor more time counts.
    pub slower: Option<Slower>,
    /// Only a part of the earlier cases was to be played.
    pub partial: bool,
    /// How many cases were not played because both sides are one server for them.
    pub left_out: usize,
    /// How long the whole took, where both were played for it.
    pub took: Option<Duration>,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Its place in [`Comparison::before`].
    pub before: Option<usize>,
    /// Its place in [`Comparison::after`].
    pub after: Option<usize>,
    /// What changed, what hurts most first.
    pub changes: Vec<Change>,
}

/// Compares two runs. Of an interrupted one only what was played counts.
#[must_use]
pub fn compare(mut before: Side, mut after: Side, terms: Terms) -> Comparison {
    let mut partial = terms.partial;
    for side in [&mut before, &mut after] {
        if side.run.interrupted {
            side.cases.retain(Facts::was_played);
            partial = true;
        }
    }
    let mut rules = terms.accepted.start();
    let mut rest: HashMap<&str, usize> =
        before.cases.iter().enumerate().map(|(n, facts)| (&*facts.id, n)).collect();
    let mut pairs: Vec<(Option<usize>, Option<usize>)> = Vec::with_capacity(after.cases.len());
    for (n, facts) in after.cases.iter().enumerate() {
        pairs.push((rest.remove(&*facts.id), Some(n)));
    }
    if !partial {
        let lost = before.cases.iter().enumerate().filter(|(n, facts)| rest.get(&*facts.id) == Some(n));
        pairs.extend(lost.map(|(n, _)| (Some(n), None)));
    }
    // Reports have their cases in the order in which they ended.
    pairs.sort_by_cached_key(|(was, is)| {
        let facts = is.map(|n| &after.cases[n]).or(was.map(|n| &before.cases[n]));
        facts.map(|facts| (facts.source.clone(), facts.id.clone()))
    });
    let cases = pairs
        .into_iter()
        .map(|(was, is)| {
            let (one, two) = (was.map(|n| &before.cases[n]), is.map(|n| &after.cases[n]));
            let mut changes = changes(one, two, terms.slower);
            if let Some(facts) = two.or(one) {
                rules.apply(&facts.id, &mut changes);
            }
            Pair { before: was, after: is, changes }
        })
        .collect();
    Comparison {
        before,
        after,
        cases,
        accepted: rules.all,
        slower: terms.slower,
        partial,
        left_out: 0,
        took: None,
    }
}

impl Comparison {
    /// How a case was.
    #[must_use]
    pub fn before(&self, case: &Pair) -> Option<&Facts> {
        case.before.map(|n| &self.before.cases[n])
    }

    /// How a case is.
    #[must_use]
    pub fn after(&self, case: &Pair) -> Option<&Facts> {
        case.after.map(|n| &self.after.cases[n])
    }

    /// A case as one of the sides has it, the later if it can.
    ///
    /// # Panics
    ///
    /// For a case of another comparison.
    #[must_use]
    pub fn facts(&self, case: &Pair) -> &Facts {
        self.after(case).or_else(|| self.before(case)).expect("a case is on one side at least")
    }

    /// The cases that both have.
    pub fn in_both(&self) -> impl Iterator<Item = &Pair> {
        self.cases.iter().filter(|case| case.before.is_some() && case.after.is_some())
    }

    /// Every change that counts and is not accepted, with its case.
    pub fn unaccepted(&self) -> impl Iterator<Item = (&Pair, &Change)> {
        let each = self.cases.iter().flat_map(|case| case.changes.iter().map(move |change| (case, change)));
        each.filter(|(_, change)| change.accepted.is_none() && !change.kind.is_note())
    }

    /// How many changes of a kind are not accepted.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.unaccepted().filter(|(_, change)| change.kind == kind).count()
    }

    /// How many changes are accepted.
    #[must_use]
    pub fn count_accepted(&self) -> usize {
        self.accepted.iter().map(|allowance| allowance.used).sum()
    }

    /// Whether anything changed that nobody has accepted.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.unaccepted().next().is_some()
    }

    /// How many cases did not pass before and do not now, in the same way or by an
    /// accepted change.
    #[must_use]
    pub fn failed_as_before(&self) -> usize {
        let known = self.in_both().filter(|case| {
            let fails = |facts: Option<&Facts>| {
                facts.is_some_and(|facts| matches!(facts.outcome, Outcome::Failed | Outcome::Error))
            };
            let changed =
                case.changes.iter().any(|change| change.kind.is_of_the_end() && change.accepted.is_none());
            fails(self.before(case)) && fails(self.after(case)) && !changed
        });
        known.count()
    }

    /// Whether the later run was cut off, so that what it did not come to is not compared.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.after.run.interrupted
    }

    /// How many cases of the later run did not reach their server.
    #[must_use]
    pub fn unreached(&self) -> usize {
        self.after.cases.iter().filter(|facts| facts.outcome == Outcome::Error).count()
    }

    /// The cases that only the later has.
    pub fn added(&self) -> impl Iterator<Item = &Pair> {
        self.cases.iter().filter(|case| case.before.is_none())
    }

    /// How many cases of the earlier were not to be played.
    #[must_use]
    pub fn not_played(&self) -> usize {
        match self.partial {
            true => self.before.cases.len().saturating_sub(self.in_both().count()),
            false => 0,
        }
    }
}
