//! Differences that somebody has accepted, and why.

use chrono::NaiveDate;
use wildmatch::WildMatch;

use super::{Change, Kind};

/// Which changes of which cases are accepted.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Ids of cases; `*` and `?` stand for anything.
    pub case: String,
    /// Of which kinds.
    pub kinds: Vec<Kind>,
    /// How it is then, as comparisons say it; `*` and `?` stand for anything. `None`:
    /// however it is.
    pub after: Option<String>,
    /// Why.
    pub because: String,
    /// The last day on which it holds.
    pub until: Option<NaiveDate>,
    /// The file and the line it stands in.
    pub file: String,
    /// From 1.
    pub line: u32,
}

/// The rules of a file, and the day that `until` is compared with.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    /// In the order of the file: of several that fit the first is taken.
    pub rules: Vec<Rule>,
    /// Today, in UTC; `None`: nothing has expired.
    pub today: Option<NaiveDate>,
}

/// A rule, and what came of it.
#[derive(Clone, Debug)]
pub struct Allowance {
    /// The rule.
    pub rule: Rule,
    /// How many changes it accepts.
    pub used: usize,
    /// How many it would accept had its last day not passed.
    pub expired: usize,
}

impl Accepted {
    /// The rules in use, all counts 0.
    pub(super) fn start(self) -> Allowances {
        let patterns = self
            .rules
            .iter()
            .map(|rule| (WildMatch::new(&rule.case), rule.after.as_deref().map(WildMatch::new)));
        let patterns = patterns.collect();
        let all = self.rules.into_iter().map(|rule| Allowance { rule, used: 0, expired: 0 }).collect();
        Allowances { all, patterns, today: self.today }
    }
}

/// Rules while they are applied.
pub(super) struct Allowances {
    pub(super) all: Vec<Allowance>,
    /// Of ids, and of how it is then.
    patterns: Vec<(WildMatch, Option<WildMatch>)>,
    today: Option<NaiveDate>,
}

impl Allowances {
    /// Marks the changes of a case that are accepted.
    pub(super) fn apply(&mut self, id: &str, changes: &mut [Change]) {
        let mut meant: Vec<usize> = Vec::new();
        for change in changes.iter_mut().filter(|change| !change.kind.is_note()) {
            if meant.is_empty() {
                meant = (0..self.all.len()).filter(|n| self.patterns[*n].0.matches(id)).collect();
            }
            for n in &meant {
                let Allowance { rule, used, expired } = &mut self.all[*n];
                let meant = self.patterns[*n].1.as_ref().is_none_or(|after| after.matches(&change.after));
                if !meant || !rule.kinds.contains(&change.kind) {
                    continue;
                }
                if rule.until.zip(self.today).is_some_and(|(until, today)| today > until) {
                    *expired += 1;
                    continue;
                }
                *used += 1;
                change.accepted = Some(*n);
                break;
            }
        }
    }
}
