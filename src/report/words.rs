//! What several formats say in the same words.

use std::collections::BTreeSet;
use std::fmt::Display;

use serde::Serialize;

use super::{Palette, Summary};
use crate::smtp::{is_hidden, visible};
use crate::verdict::{Attempt, CaseResult, Decisive};

/// This program and its version, as every object for programs names it.
pub(super) const TOOL: &str = concat!("relayprobe ", env!("CARGO_PKG_VERSION"));

/// An object for programs, to be read by people too.
pub(super) fn in_json(document: &impl Serialize) -> Vec<u8> {
    // Writing into memory cannot fail, and no type here refuses to be written.
    let mut out = serde_json::to_vec_pretty(document).expect("plain data in memory");
    escape_hidden(&mut out, 0);
    out.push(b'\n');
    out
}

/// Writes what steers a terminal as `\u009B` in the JSON from `start` on: the serializer
/// leaves all but C0 as it is, and a report is read again from files of any origin.
pub(super) fn escape_hidden(json: &mut Vec<u8>, start: usize) {
    if json[start..].iter().all(|b| matches!(b, b'\n' | b' '..=b'~')) {
        return;
    }
    let text = String::from_utf8_lossy(&json[start..]).into_owned();
    json.truncate(start);
    for c in text.chars() {
        let units = &mut [0; 2];
        match c {
            // Outside texts: those have it as `\n`.
            '\n' => json.push(b'\n'),
            c if is_hidden(c) => {
                let escaped = c.encode_utf16(units).iter().map(|unit| format!("\\u{unit:04X}"));
                escaped.for_each(|unit| json.extend_from_slice(unit.as_bytes()));
            }
            c => json.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// The attempt that counts: the last.
pub(super) fn attempt(result: &CaseResult) -> Option<&Attempt> {
    result.attempts.last()
}

/// What was decisive without what varies from session to session: code and enhanced
/// code, or the event.
pub(super) fn decided_in_short(decisive: &Decisive) -> String {
    visible(&decisive.in_short()).into_owned()
}

/// A number of things: `1 case`, `2 cases`.
pub(super) fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// That it was the simulator, and whose rules it went by: `simulated, rules as of
/// 2026-11-01`.
pub(super) fn simulated<D: Display>(dates: &BTreeSet<D>) -> Option<String> {
    let mut all = dates.iter();
    let days = match (all.next()?, all.next(), all.next_back()) {
        (one, None, _) => one.to_string(),
        (one, Some(two), None) => format!("{one} and {two}"),
        (one, Some(two), Some(last)) if dates.len() == 3 => format!("{one}, {two} and {last}"),
        (first, _, Some(last)) => format!("{} days from {first} to {last}", dates.len()),
    };
    Some(format!("simulated, rules as of {days}"))
}

/// Which real servers it was: `against mx, relay and 3 more`.
pub(super) fn against<'n>(names: impl Iterator<Item = &'n str>) -> Option<String> {
    let mut names = names.map(visible);
    let shown: Vec<_> = names.by_ref().take(3).collect();
    match (shown.is_empty(), names.count()) {
        (true, _) => None,
        (false, 0) => Some(format!("against {}", shown.join(", "))),
        (false, more) => Some(format!("against {} and {more} more", shown.join(", "))),
    }
}

/// `1 failed, 83 passed`; in a table with wider gaps.
pub(super) fn tally(palette: Palette, summary: &Summary, table: bool) -> String {
    let mut parts = Vec::new();
    if summary.failed > 0 {
        parts.push(palette.bad(format!("{} failed", summary.failed)).to_string());
    }
    if summary.error > 0 {
        parts.push(palette.bad(count(summary.error, "error")).to_string());
    }
    if summary.passed > 0 || parts.is_empty() && summary.skipped == 0 {
        let passed = format!("{} passed", summary.passed);
        let wrong = summary.failed + summary.error > 0;
        parts.push(if wrong { passed } else { palette.good(passed).to_string() });
    }
    if summary.flaky > 0 {
        parts.push(palette.doubtful(format!("{} flaky", summary.flaky)).to_string());
    }
    if summary.skipped > 0 {
        parts.push(palette.doubtful(format!("{} skipped", summary.skipped)).to_string());
    }
    parts.join(if table { "   " } else { ", " })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_days_are_named_and_more_are_counted() {
        let said = |days: std::ops::Range<u32>| simulated(&days.collect::<BTreeSet<_>>());
        assert_eq!(said(0..0), None);
        assert_eq!(said(1..2).as_deref(), Some("simulated, rules as of 1"));
        assert_eq!(said(1..3).as_deref(), Some("simulated, rules as of 1 and 2"));
        assert_eq!(said(1..4).as_deref(), Some("simulated, rules as of 1, 2 and 3"));
        assert_eq!(said(1..9).as_deref(), Some("simulated, rules as of 8 days from 1 to 8"));
    }
}
