//! The timeline of Exchange Online's rules as a table.

use std::fmt::Write as _;

use super::Palette;
use super::prose::{WIDTH, wrapped};
use crate::exchange::Change;

/// Widths of the columns; two spaces stand between them.
const DATE: usize = 10;
const SIMULATED: usize = 9;
const KNOWN: usize = 11;
const WHAT: usize = WIDTH - DATE - SIMULATED - KNOWN - 3 * 2;

/// What the column `simulated` means.
const LEGEND: &str = "simulated: `by date` from that day on; `always`, on every day; `by switch`, as the tenants \
    file says. Where a date has no day or month, the source tells none.";

/// The timeline as people read it, 100 columns wide.
#[must_use]
pub fn timeline_as_text(changes: &[Change], palette: Palette) -> String {
    let mut out = String::new();
    let head =
        format!("{:DATE$}  {:WHAT$}  {:SIMULATED$}  known", "date", "what changes, and source", "simulated");
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", palette.strong(head));
    for change in changes {
        let mut what = wrapped(change.what, WHAT).into_iter();
        let first = what.next().unwrap_or_default();
        let (simulated, known) = (change.simulated.as_str(), change.confidence.as_str());
        let _ = writeln!(out, "{:DATE$}  {first:WHAT$}  {simulated:SIMULATED$}  {known}", change.date());
        for line in what {
            let _ = writeln!(out, "{:DATE$}  {line}", "");
        }
        for line in wrapped(change.source, WHAT) {
            let _ = writeln!(out, "{:DATE$}  {}", "", palette.faint(line));
        }
    }
    out.push('\n');
    for line in wrapped(LEGEND, WIDTH) {
        let _ = writeln!(out, "{}", palette.faint(line));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::TIMELINE;

    #[test]
    fn every_row_is_told_within_the_width() {
        let text = timeline_as_text(TIMELINE, Palette::new(false));
        for change in TIMELINE {
            assert!(text.contains(&format!("\n{:DATE$}  ", change.date())), "{}", change.what);
        }
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
    }
}
