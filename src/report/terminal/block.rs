//! One case as people read it.

use std::fmt::Write as _;
use std::ops::Range;

use super::printer::Cause;
use super::{Detail, Terminal};
use crate::report::prose::{WIDTH, wrapped};
use crate::report::record::{Failure, Line, Record, joined, of_ms};
use crate::report::words::count;
use crate::session::Direction;
use crate::smtp::visible;
use crate::verdict::{Outcome, elapsed_in_words};

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
    pub(super) fn failed(&self, record: &Record<'_>, out: &mut String) {
        self.heading(record, out);
        let at = record.expected_at.as_ref().unwrap_or(&record.source);
        let place = format!("{}:{}", visible(&at.file), at.line);
        for (n, failure) in record.failures.iter().enumerate() {
            self.pair("expected", &visible(&failure.expected), if n == 0 { &place } else { "" }, out);
            self.pair("got", &visible(&failure.actual), &when(record, failure), out);
        }
        if let Some(decisive) = &record.decisive
            && record.failures.iter().all(|failure| failure.stage != decisive.stage)
        {
            self.pair("decisive", &decisive.in_full(), &format!("at {}", decisive.stage), out);
        }
        if record.attempts > 1 {
            self.pair("attempts", &count(record.attempts as usize, "attempt"), "the last is shown", out);
        }
        self.hosts(record, out);
        if let Some(hint) = &record.hint {
            self.prose("meaning", &visible(&hint.meaning), out);
            if !hint.fix.is_empty() {
                self.prose("to do", &visible(&hint.fix), out);
            }
        }
        self.account(record, out);
        for note in &record.notes {
            self.pair("note", &visible(note), "", out);
        }
        self.transcript(record, self.detail < Detail::Verbose, out);
        if let Some(command) = &record.command {
            line!(out, "  {}     {}", self.palette.faint("again"), visible(command));
        }
        out.push('\n');
    }

    /// A failure like others that were shown.
    pub(super) fn failed_again(&self, record: &Record<'_>, out: &mut String) {
        self.heading(record, out);
        let Cause { expected, got, stage, .. } = Cause::of(record);
        line!(out, "  as before: expected {expected}, got {got} at {stage}");
    }

    /// A line for a pass; with `-vv` its transcript.
    pub(super) fn passed(&self, record: &Record<'_>, out: &mut String) {
        self.heading(record, out);
        self.hosts(record, out);
        self.account(record, out);
        if self.detail >= Detail::Everything {
            self.transcript(record, false, out);
        }
    }

    /// A line for what was not played.
    pub(super) fn skipped(&self, record: &Record<'_>, out: &mut String) {
        self.heading(record, out);
        if let Some(reason) = &record.skipped_because {
            line!(out, "  {}", visible(reason));
        }
    }

    /// `FAILED  relay/only-the-p2    mx  203.0.113.10`.
    fn heading(&self, record: &Record<'_>, out: &mut String) {
        let id = visible(&record.id);
        let palette = self.palette;
        let (word, id) = match record.outcome {
            Outcome::Failed => (palette.bad("FAILED  "), palette.strong(&id)),
            Outcome::Error => (palette.bad("ERROR   "), palette.strong(&id)),
            Outcome::Skipped => (palette.doubtful("skipped "), palette.faint(&id)),
            Outcome::Passed if record.flaky => (palette.doubtful("flaky   "), palette.faint(&id)),
            Outcome::Passed => (palette.good("passed  "), palette.faint(&id)),
        };
        let used = 8 + record.id.chars().count();
        let column = TARGET_COLUMN.min(self.palette.width().saturating_sub(TARGET));
        let pad = column.saturating_sub(used).max(2);
        let source = record.source_ip.map_or_else(String::new, |ip| format!("  {ip}"));
        let target = visible(&record.target.name);
        line!(out, "{word}{id}{:pad$}{target}{source}{}", "", ended(record));
    }

    /// What each host of a mail domain came to, a line each, where there are several.
    fn hosts(&self, record: &Record<'_>, out: &mut String) {
        if record.hosts.len() > 1 {
            for (n, host) in record.hosts.iter().enumerate() {
                self.pair(if n == 0 { "hosts" } else { "" }, &host.name(), &host.in_words(), out);
            }
        }
    }

    /// Why the simulator answered so.
    fn account(&self, record: &Record<'_>, out: &mut String) {
        if !record.account.is_empty() {
            self.prose("account", &joined(&record.account, "; "), out);
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

    fn transcript(&self, record: &Record<'_>, tail_alone: bool, out: &mut String) {
        let lines = &record.transcript[..];
        let shown = if tail_alone { tail(lines) } else { 0..lines.len() };
        if shown.is_empty() {
            return;
        }
        out.push('\n');
        if shown.start > 0 {
            line!(out, "    {}", self.palette.faint(format!("… {} before", count(shown.start, "line"))));
        }
        for line in &lines[shown] {
            line!(out, "    {} {}", self.palette.faint(line.dir.as_str()), visible(&line.line));
        }
        out.push('\n');
    }
}

/// What a pass ended with, which a pass shows nowhere else: `  simulated: 550
/// 5.7.64 at rcpt_to`.
fn ended(record: &Record<'_>) -> String {
    let simulated = record.target.simulator;
    if let (Outcome::Passed, Some(repeat)) = (record.outcome, &record.repeat) {
        let simulated = if simulated { "simulated: " } else { "" };
        return format!("  {simulated}{}", repeat.in_words());
    }
    if let (Outcome::Passed, hosts @ 2..) = (record.outcome, record.hosts.len()) {
        return format!("  all of {hosts} MX hosts");
    }
    match (record.outcome, simulated, &record.decisive) {
        (Outcome::Passed, false, Some(d)) => format!("  {} at {}", d.in_short(), d.stage),
        (Outcome::Passed, true, Some(d)) => format!("  simulated: {} at {}", d.in_short(), d.stage),
        (Outcome::Passed, true, None) => "  simulated".to_owned(),
        _ => String::new(),
    }
}

/// `at rcpt_to, after 3 ms`.
fn when(record: &Record<'_>, failure: &Failure<'_>) -> String {
    if record.repeat.is_some() {
        return format!("at {}; one of the sessions is shown", failure.stage);
    }
    // With several hosts the failure may be another's than the one that is shown.
    let shown = record.decisive.as_ref().filter(|_| record.hosts.len() < 2);
    let decisive = shown.filter(|decisive| decisive.stage == failure.stage);
    match decisive.and_then(|decisive| decisive.ms) {
        Some(ms) => format!("at {}, after {}", failure.stage, elapsed_in_words(of_ms(ms))),
        None => format!("at {}", failure.stage),
    }
}

/// The lines that led to the end: what comes with QUIT is of no interest.
fn tail(lines: &[Line<'_>]) -> Range<usize> {
    let quit = lines.iter().position(|line| line.dir == Direction::Sent && line.line == "QUIT");
    let end = quit.unwrap_or(lines.len());
    end.saturating_sub(TAIL)..end
}
