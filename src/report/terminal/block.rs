//! One case as people read it.

use std::fmt::Write as _;
use std::ops::Range;

use super::printer::Cause;
use super::{Detail, Terminal};
use crate::report::prose::{WIDTH, wrapped};
use crate::report::words::{attempt, count, decided, decided_in_short};
use crate::session::{Direction, Line};
use crate::smtp::visible;
use crate::verdict::{Attempt, CaseResult, Failure, Outcome, elapsed_in_words};

/// Where the target stands in a heading.
const TARGET_COLUMN: usize = 64;

/// What a target takes up as a rule, where the terminal is narrow.
const TARGET: usize = 24;

/// Where what explains a value stands; a longer value puts it on the next line.
const NOTE_COLUMN: usize = 45;

/// How many lines of a transcript show what led to the end.
const TAIL: usize = 6;

/// Writing to a `String` cannot fail, so what `write!` gives is not looked at.
macro_rules! line {
    ($out:expr, $($format:tt)*) => {
        let _ = writeln!($out, $($format)*);
    };
}
pub(super) use line;

impl Terminal {
    /// A failure with everything that is needed to act on it.
    pub(super) fn failed(&self, result: &CaseResult, out: &mut String) {
        self.heading(result, out);
        let Some(last) = attempt(result) else { return };
        let place = format!("{}:{}", result.case.expect.at.file, result.case.expect.at.line);
        for (n, failure) in last.verdict.failures.iter().enumerate() {
            self.pair("expected", &visible(&failure.expected), if n == 0 { &place } else { "" }, out);
            self.pair("got", &visible(&failure.actual), &when(last, failure), out);
        }
        if let Some(decisive) = &last.verdict.decisive
            && last.verdict.failures.iter().all(|failure| failure.stage != decisive.stage)
        {
            self.pair("decisive", &decided(decisive), &format!("at {}", decisive.stage), out);
        }
        if result.attempts.len() > 1 {
            self.pair("attempts", &count(result.attempts.len(), "attempt"), "the last is shown", out);
        }
        if let Some(hint) = &result.hint {
            self.prose("meaning", &visible(&hint.meaning), out);
            if !hint.fix.is_empty() {
                self.prose("to do", &hint.fix, out);
            }
        }
        self.account(last, out);
        for note in &last.observation.notes {
            self.pair("note", &visible(note), "", out);
        }
        self.transcript(last, self.detail < Detail::Verbose, out);
        line!(out, "  {}     {}\n", self.palette.faint("again"), visible(&self.again.command(&result.case)));
    }

    /// A failure like others that were shown.
    pub(super) fn failed_again(&self, result: &CaseResult, out: &mut String) {
        self.heading(result, out);
        let Cause { expected, got, stage, .. } = Cause::of(result);
        line!(out, "  as before: expected {expected}, got {got} at {stage}");
    }

    /// A line for a pass; with `-vv` its transcript.
    pub(super) fn passed(&self, result: &CaseResult, out: &mut String) {
        self.heading(result, out);
        let Some(last) = attempt(result) else { return };
        self.account(last, out);
        if self.detail >= Detail::Everything {
            self.transcript(last, false, out);
        }
    }

    /// A line for what was not played.
    pub(super) fn skipped(&self, result: &CaseResult, out: &mut String) {
        self.heading(result, out);
        if let Some(reason) = &result.skipped_because {
            line!(out, "  {}", visible(reason));
        }
    }

    /// `FAILED  relay/only-the-p2    mx  203.0.113.10`.
    fn heading(&self, result: &CaseResult, out: &mut String) {
        let id = visible(&result.case.id);
        let palette = self.palette;
        let (word, id) = match result.outcome {
            Outcome::Failed => (palette.bad("FAILED  "), palette.strong(&id)),
            Outcome::Error => (palette.bad("ERROR   "), palette.strong(&id)),
            Outcome::Skipped => (palette.doubtful("skipped "), palette.faint(&id)),
            Outcome::Passed if result.flaky => (palette.doubtful("flaky   "), palette.faint(&id)),
            Outcome::Passed => (palette.good("passed  "), palette.faint(&id)),
        };
        let used = 8 + result.case.id.chars().count();
        let column = TARGET_COLUMN.min(self.palette.width().saturating_sub(TARGET));
        let pad = column.saturating_sub(used).max(2);
        let source = result.source_ip.map_or_else(String::new, |ip| format!("  {ip}"));
        let target = visible(&result.case.target.name);
        line!(out, "{word}{id}{:pad$}{target}{source}{}", "", ended(result));
    }

    /// Why the simulator answered so.
    fn account(&self, last: &Attempt, out: &mut String) {
        let steps = &last.observation.account;
        if !steps.is_empty() {
            self.prose("account", &visible(&steps.join("; ")), out);
        }
    }

    fn pair(&self, name: &str, value: &str, note: &str, out: &mut String) {
        let name = self.palette.faint(format!("{name:<8}"));
        let used = 12 + value.chars().count();
        if note.is_empty() {
            line!(out, "  {name}  {value}");
        } else if used < NOTE_COLUMN - 1 && self.has_room(NOTE_COLUMN + note.chars().count()) {
            let pad = NOTE_COLUMN - used;
            line!(out, "  {name}  {value}{:pad$}{}", "", self.palette.faint(note));
        } else {
            line!(out, "  {name}  {value}");
            line!(out, "            {}", self.palette.faint(note));
        }
    }

    /// Whether so many columns are one line. Where nobody has a width, all are.
    fn has_room(&self, columns: usize) -> bool {
        self.palette.width() >= columns.min(WIDTH)
    }

    /// Words of ours, wrapped.
    fn prose(&self, name: &str, text: &str, out: &mut String) {
        let mut label = self.palette.faint(format!("{name:<8}")).to_string();
        for line in wrapped(text, self.palette.width() - 12) {
            line!(out, "  {label}  {line}");
            label = " ".repeat(8);
        }
    }

    fn transcript(&self, attempt: &Attempt, tail_alone: bool, out: &mut String) {
        let lines = attempt.observation.transcript.lines();
        let shown = if tail_alone { tail(lines.clone()) } else { 0..lines.len() };
        if shown.is_empty() {
            return;
        }
        out.push('\n');
        if shown.start > 0 {
            line!(out, "    {}", self.palette.faint(format!("… {} before", count(shown.start, "line"))));
        }
        for line in lines.skip(shown.start).take(shown.len()) {
            line!(out, "    {} {}", self.palette.faint(line.direction.as_str()), visible(line.text));
        }
        out.push('\n');
    }
}

/// What a pass ended with, which a pass shows nowhere else: `  simulated: 550
/// 5.7.64 at rcpt_to`.
fn ended(result: &CaseResult) -> String {
    if let (Outcome::Passed, Some(sessions)) =
        (result.outcome, attempt(result).and_then(|last| last.sessions.as_ref()))
    {
        let simulated = if result.simulated.is_some() { "simulated: " } else { "" };
        return format!("  {simulated}{}", visible(&sessions.in_words()));
    }
    let decisive = attempt(result).and_then(|last| last.verdict.decisive.as_ref());
    match (result.outcome, result.simulated, decisive) {
        (Outcome::Passed, None, Some(d)) => format!("  {} at {}", decided_in_short(d), d.stage),
        (Outcome::Passed, Some(_), Some(d)) => format!("  simulated: {} at {}", decided_in_short(d), d.stage),
        (Outcome::Passed, Some(_), None) => "  simulated".to_owned(),
        _ => String::new(),
    }
}

/// `at rcpt_to, after 3 ms`.
fn when(last: &Attempt, failure: &Failure) -> String {
    if last.sessions.is_some() {
        return format!("at {}; one of the sessions is shown", failure.stage);
    }
    let decisive = last.verdict.decisive.as_ref().filter(|decisive| decisive.stage == failure.stage);
    match decisive.and_then(|decisive| decisive.elapsed) {
        Some(elapsed) => format!("at {}, after {}", failure.stage, elapsed_in_words(elapsed)),
        None => format!("at {}", failure.stage),
    }
}

/// The lines that led to the end: what comes with QUIT is of no interest.
fn tail<'a>(mut lines: impl ExactSizeIterator<Item = Line<'a>>) -> Range<usize> {
    let all = lines.len();
    let end = lines.position(|line| line.direction == Direction::Sent && line.text == "QUIT").unwrap_or(all);
    end.saturating_sub(TAIL)..end
}
