//! The result as people read it.

use std::collections::HashMap;

use super::super::formats::Sheet;
use super::super::palette::Palette;
use super::super::record::Record;
use super::super::{Changes, Run, Summary};
use super::Again;
use super::mail::{Mail, NotifyOn};
use super::summary::Told;
use crate::smtp::visible;
use crate::verdict::Outcome;

/// How often one and the same failure is shown in full unless `-v` asks for all:
/// the eleventh tells nothing that the tenth did not.
const IN_FULL: usize = 10;

/// Up to so many failures need no list of what went wrong.
const FEW: usize = 3;

/// The same for servers that were not reached.
const ERRORS_IN_FULL: usize = 3;

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// `-q`: nothing where all is well.
    Quiet,
    /// What is wrong, and a summary.
    #[default]
    Normal,
    /// `-v`: a line a case, and the whole transcripts of those that fail.
    Verbose,
    /// `-vv`: every transcript.
    Everything,
}

/// The result as people read it, growing while the cases end.
pub struct Terminal {
    pub(super) detail: Detail,
    pub(super) palette: Palette,
    pub(super) again: Again,
    pub(super) told: Told,
    /// Whether the last line printed is not a blank one.
    open: bool,
    /// How often each failure was seen.
    pub(super) causes: HashMap<Cause, Seen>,
    /// What `-q` will print.
    pub(super) mail: Mail,
}

/// Failures that differ in nothing but their case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cause {
    pub(super) error: bool,
    pub(super) expected: String,
    pub(super) got: String,
    pub(super) stage: &'static str,
}

impl Cause {
    pub(super) fn of(record: &Record<'_>) -> Self {
        let failure = record.failures.first();
        // Of many sessions the failure says more than the one that is shown.
        let decisive = record.decisive.as_ref().filter(|_| record.repeat.is_none());
        Self {
            error: record.outcome == Outcome::Error,
            expected: failure.map_or_else(String::new, |failure| visible(&failure.expected).into_owned()),
            got: match (decisive, failure) {
                (Some(decisive), Some(failure)) if decisive.stage == failure.stage => decisive.in_short(),
                (_, Some(failure)) => visible(&failure.actual).into_owned(),
                (Some(decisive), None) => decisive.in_short(),
                (None, None) => "no reply".to_owned(),
            },
            stage: failure.map_or("", |failure| failure.stage.as_str()),
        }
    }
}

/// How often a cause was seen, and by whom first.
pub(super) struct Seen {
    pub(super) order: usize,
    pub(super) times: usize,
    pub(super) first: Vec<String>,
    /// What it means and what to do.
    pub(super) hint: Option<(String, String)>,
}

impl Terminal {
    /// A result that tells so much; `again` is how a case is played alone.
    #[must_use]
    pub fn new(detail: Detail, palette: Palette, again: Again) -> Self {
        Self {
            detail,
            palette,
            again,
            told: Told::default(),
            open: false,
            causes: HashMap::new(),
            mail: Mail::default(),
        }
    }

    /// Lets what `-q` prints go by the last run: what is new, and where nothing is,
    /// whether to print at all.
    #[must_use]
    pub fn remembering(mut self, changes: Changes, notify: NotifyOn) -> Self {
        self.mail.remember(changes, notify);
        self
    }

    /// How a case is played alone.
    pub(in super::super) const fn again(&self) -> &Again {
        &self.again
    }

    /// Whether more is told of such a case than its suite and its target.
    pub(in super::super) fn reads(&self, outcome: Outcome) -> bool {
        outcome.is_wrong() || self.detail >= Detail::Verbose
    }

    /// Sets what follows apart from lines that stand close together.
    fn part(&self, out: &mut String) {
        if self.open {
            out.push('\n');
        }
    }

    pub(super) fn count(&mut self, record: &Record<'_>) -> usize {
        let order = self.causes.len();
        let seen = self.causes.entry(Cause::of(record)).or_insert_with(|| Seen {
            order,
            times: 0,
            first: Vec::new(),
            hint: record
                .hint
                .as_ref()
                .map(|hint| (visible(&hint.meaning).into_owned(), visible(&hint.fix).into_owned())),
        });
        seen.times += 1;
        if seen.first.len() < 3 {
            seen.first.push(visible(&record.id).into_owned());
        }
        seen.times
    }

    /// What one case is worth telling when it ends.
    fn tell(&mut self, record: &Record<'_>, out: &mut String) {
        self.told.add(record);
        if self.detail == Detail::Quiet {
            return self.keep(record);
        }
        match record.outcome {
            Outcome::Failed | Outcome::Error => {
                let times = self.count(record);
                let limit = if record.outcome == Outcome::Error { ERRORS_IN_FULL } else { IN_FULL };
                if times <= limit || self.detail >= Detail::Verbose {
                    self.part(out);
                    self.failed(record, out);
                } else {
                    self.failed_again(record, out);
                }
            }
            Outcome::Passed if self.detail >= Detail::Verbose => self.passed(record, out),
            Outcome::Skipped if self.detail >= Detail::Verbose => self.skipped(record, out),
            Outcome::Passed | Outcome::Skipped => {}
        }
        if !out.is_empty() {
            self.open = !out.ends_with("\n\n");
        }
    }

    /// The end: what was tried, what failed, why, what to do; the last line
    /// stands alone in a log.
    fn conclude(&self, run: &Run, summary: &Summary, out: &mut String) {
        if self.detail == Detail::Quiet {
            return self.send(run, summary, out);
        }
        if summary.total == 0 {
            return;
        }
        self.part(out);
        self.told.suites(self.palette, out);
        self.told.skipped(self.palette, out);
        // Fewer are still on the screen.
        if summary.failed + summary.error > FEW {
            self.what_failed(out);
        }
        self.told.last_line(self.palette, run, summary, out);
    }
}

impl Sheet for Terminal {
    fn streams(&self, outcome: Outcome) -> bool {
        self.detail > Detail::Quiet && self.reads(outcome)
    }

    fn case(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let mut text = String::new();
        self.tell(record, &mut text);
        out.extend_from_slice(self.palette.symbols(text).as_bytes());
    }

    fn finish(&mut self, run: &Run, summary: &Summary, out: &mut Vec<u8>) {
        let mut text = String::new();
        self.conclude(run, summary, &mut text);
        out.extend_from_slice(self.palette.symbols(text).as_bytes());
    }
}
