//! The end of a result: what was tried, what failed, why, what to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Terminal;
use super::block::line;
use super::printer::{Cause, Seen};
use crate::report::formats::Overview;
use crate::report::palette::Palette;
use crate::report::prose::wrapped;
use crate::report::record::Record;
use crate::report::words::{count, tally};
use crate::report::{Run, Summary};
use crate::smtp::visible;

/// Past so many suites only those with something wrong are listed.
const SUITES: usize = 24;

/// Past so many causes the rest is counted.
const CAUSES: usize = 12;

/// What was seen of the cases, as far as the end needs it.
#[derive(Default)]
pub(super) struct Told {
    suites: Vec<Suite>,
    skipped: BTreeMap<String, usize>,
    overview: Overview,
}

/// What became of a suite's cases.
struct Suite {
    name: String,
    /// The file it is written in.
    file: String,
    tally: Summary,
}

impl Told {
    pub(super) fn add(&mut self, record: &Record<'_>) {
        // Cases of one suite mostly end one after the other.
        let at = self.suites.iter().rposition(|other| other.name == record.suite).unwrap_or_else(|| {
            let (name, file) = (record.suite.clone().into_owned(), record.source.file.clone().into_owned());
            self.suites.push(Suite { name, file, tally: Summary::default() });
            self.suites.len() - 1
        });
        self.suites[at].tally.add(record.outcome, record.flaky);
        self.overview.add(record);
        if let Some(reason) = &record.skipped_because {
            *self.skipped.entry(visible(reason).into_owned()).or_default() += 1;
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
        if summary.reruns > 0 {
            let _ = write!(out, " · {}", count(summary.reruns, "rerun"));
        }
        line!(out, " · {}", self.overview.in_words(run));
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
            if let Some((meaning, fix)) = &seen.hint {
                for line in wrapped(meaning, self.palette.width() - 7) {
                    line!(out, "       {line}");
                }
                let mut mark = '→';
                for line in wrapped(fix, self.palette.width() - 9).iter().filter(|_| !fix.is_empty()) {
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
