//! The result as people read it.

use std::collections::HashMap;

use super::super::palette::Palette;
use super::super::words::{attempt, decided_in_short};
use super::super::{Changes, Run, Summary};
use super::Again;
use super::mail::{Mail, NotifyOn};
use super::summary::Told;
use crate::smtp::visible;
use crate::verdict::{CaseResult, Hint, Outcome};

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
    pub(in super::super) palette: Palette,
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
    pub(super) fn of(result: &CaseResult) -> Self {
        let last = attempt(result).map(|last| &last.verdict);
        let decisive = last.and_then(|verdict| verdict.decisive.as_ref());
        let failure = last.and_then(|verdict| verdict.failures.first());
        // Of many sessions the failure says more than the one that is shown.
        let decisive = decisive.filter(|_| attempt(result).is_some_and(|last| last.sessions.is_none()));
        Self {
            error: result.outcome == Outcome::Error,
            expected: failure.map_or_else(String::new, |failure| visible(&failure.expected).into_owned()),
            got: match (decisive, failure) {
                (Some(decisive), Some(failure)) if decisive.stage == failure.stage => {
                    decided_in_short(decisive)
                }
                (_, Some(failure)) => visible(&failure.actual).into_owned(),
                (Some(decisive), None) => decided_in_short(decisive),
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
    pub(super) hint: Option<Hint>,
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

    /// Whether this case is worth telling when it ends.
    pub(in super::super) fn tells(&self, result: &CaseResult) -> bool {
        if self.detail == Detail::Quiet {
            return false;
        }
        matches!(result.outcome, Outcome::Failed | Outcome::Error) || self.detail >= Detail::Verbose
    }

    /// What one case is worth telling when it ends.
    pub(in super::super) fn case(&mut self, result: &CaseResult, out: &mut String) {
        self.told.add(result);
        if self.detail == Detail::Quiet {
            return self.keep(result);
        }
        match result.outcome {
            Outcome::Failed | Outcome::Error => {
                let times = self.count(result);
                let limit = if result.outcome == Outcome::Error { ERRORS_IN_FULL } else { IN_FULL };
                if times <= limit || self.detail >= Detail::Verbose {
                    self.part(out);
                    self.failed(result, out);
                } else {
                    self.failed_again(result, out);
                }
            }
            Outcome::Passed if self.detail >= Detail::Verbose => self.passed(result, out),
            Outcome::Skipped if self.detail >= Detail::Verbose => self.skipped(result, out),
            Outcome::Passed | Outcome::Skipped => {}
        }
        if !out.is_empty() {
            self.open = !out.ends_with("\n\n");
        }
    }

    /// Sets what follows apart from lines that stand close together.
    fn part(&self, out: &mut String) {
        if self.open {
            out.push('\n');
        }
    }

    pub(super) fn count(&mut self, result: &CaseResult) -> usize {
        let order = self.causes.len();
        let seen = self.causes.entry(Cause::of(result)).or_insert_with(|| Seen {
            order,
            times: 0,
            first: Vec::new(),
            hint: result.hint.clone(),
        });
        seen.times += 1;
        if seen.first.len() < 3 {
            seen.first.push(visible(&result.case.id).into_owned());
        }
        seen.times
    }

    /// The end: what was tried, what failed, why, what to do; the last line
    /// stands alone in a log.
    pub(in super::super) fn finish(&self, run: &Run, summary: &Summary, out: &mut String) {
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
