//! The end of a result: what was tried, what failed, why, what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::NaiveDate;

use super::Terminal;
use super::block::line;
use super::printer::{Cause, Seen};
use crate::report::palette::Palette;
use crate::report::prose::wrapped;
use crate::report::words::{against, count, simulated, tally};
use crate::report::{Run, Summary};
use crate::smtp::visible;
use crate::verdict::{CaseResult, elapsed_in_words};

/// Past so many suites only those with something wrong are listed.
const SUITES: usize = 24;

/// Past so many causes the rest is counted.
const CAUSES: usize = 12;

/// What was seen of the cases, as far as the end needs it.
#[derive(Default)]
pub(super) struct Told {
    suites: Vec<Suite>,
    skipped: BTreeMap<String, usize>,
    dates: BTreeSet<NaiveDate>,
    real: BTreeSet<Arc<str>>,
}

/// What became of a suite's cases.
struct Suite {
    name: Arc<str>,
    /// The file it is written in.
    file: Arc<str>,
    tally: Summary,
}

impl Told {
    pub(super) fn add(&mut self, result: &CaseResult) {
        let suite = &result.case.suite;
        // Cases of one suite mostly end one after the other.
        let at = self.suites.iter().rposition(|other| other.name == *suite).unwrap_or_else(|| {
            let file = Arc::clone(&result.case.source.file);
            self.suites.push(Suite { name: Arc::clone(suite), file, tally: Summary::default() });
            self.suites.len() - 1
        });
        self.suites[at].tally.add(result.outcome, result.flaky);
        match (&result.skipped_because, result.simulated) {
            (Some(reason), _) => *self.skipped.entry(visible(reason).into_owned()).or_default() += 1,
            (None, Some(date)) => {
                self.dates.insert(date);
            }
            (None, None) => {
                self.real.insert(Arc::clone(&result.case.target.name));
            }
        }
    }

    /// A line a suite, in the order of the files: in which order cases end differs
    /// from run to run.
    pub(super) fn suites(&self, palette: Palette, out: &mut String) {
        if self.suites.len() < 2 {
            return;
        }
        let all = self.suites.len() <= SUITES;
        let wrong = |tally: &Summary| tally.failed + tally.error > 0;
        let mut shown: Vec<_> = self.suites.iter().filter(|suite| all || wrong(&suite.tally)).collect();
        shown.sort_by(|a, b| (&a.file, &a.name).cmp(&(&b.file, &b.name)));
        let width = shown.iter().map(|suite| visible(&suite.name).chars().count()).max().unwrap_or(0).min(60);
        for suite in &shown {
            let name = visible(&suite.name);
            let pad = width.saturating_sub(name.chars().count());
            line!(out, "{name}{:pad$}  {}", "", tally(palette, &suite.tally, true));
        }
        if !all {
            let rest = self.suites.len() - shown.len();
            line!(out, "{} with nothing wrong", count(rest, "more suite"));
        }
        out.push('\n');
    }

    /// Why cases were skipped.
    pub(super) fn skipped(&self, palette: Palette, out: &mut String) {
        if self.skipped.is_empty() {
            return;
        }
        for (reason, times) in &self.skipped {
            line!(out, "{} {times}: {reason}", palette.doubtful("skipped"));
        }
        out.push('\n');
    }

    /// `1 failed, 83 passed · simulated, rules as of 2026-11-01 · 0.8 s`.
    pub(super) fn last_line(&self, palette: Palette, run: &Run, summary: &Summary, out: &mut String) {
        if run.interrupted {
            let _ = write!(out, "{}: ", palette.bad("interrupted"));
        }
        out.push_str(&tally(palette, summary, false));
        for part in
            [simulated(&self.dates), against(self.real.iter().map(|name| &**name))].into_iter().flatten()
        {
            let _ = write!(out, " · {part}");
        }
        line!(out, " · {}", elapsed_in_words(run.duration));
    }
}

impl Terminal {
    /// Every cause once: how often, why, what to do.
    pub(super) fn what_failed(&self, out: &mut String) {
        let mut causes: Vec<(&Cause, &Seen)> = self.causes.iter().collect();
        causes.sort_by_key(|(_, seen)| (std::cmp::Reverse(seen.times), seen.order));
        line!(out, "{}", self.palette.strong("What went wrong"));
        for (cause, seen) in causes.iter().take(CAUSES) {
            let Cause { expected, got, stage, .. } = cause;
            let times = self.palette.bad(format!("{:>4}×", seen.times));
            line!(out, "{times}  expected {expected}, got {got} at {stage}");
            if let Some(hint) = &seen.hint {
                for line in wrapped(&visible(&hint.meaning), self.palette.width() - 7) {
                    line!(out, "       {line}");
                }
                let mut mark = '→';
                for line in
                    wrapped(&hint.fix, self.palette.width() - 9).iter().filter(|_| !hint.fix.is_empty())
                {
                    line!(out, "       {mark} {line}");
                    mark = ' ';
                }
            }
            let more = seen.times - seen.first.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            for line in wrapped(&format!("{}{more}", seen.first.join(", ")), self.palette.width() - 7) {
                line!(out, "       {}", self.palette.faint(line));
            }
        }
        if causes.len() > CAUSES {
            line!(out, "       and {}", count(causes.len() - CAUSES, "other cause"));
        }
        out.push('\n');
    }
}
