//! What several formats say in the same words.

use super::{Palette, Summary};
use crate::smtp::visible;
use crate::verdict::{Attempt, CaseResult, DecidedBy, Decisive};

/// The attempt that counts: the last.
pub(super) fn attempt(result: &CaseResult) -> Option<&Attempt> {
    result.attempts.last()
}

/// What was decisive, on one line and fit to be shown: the whole reply, or the
/// event with its reason.
pub(super) fn decided(decisive: &Decisive) -> String {
    match &decisive.what {
        DecidedBy::Reply(reply) => visible(&reply.to_string()).into_owned(),
        DecidedBy::Event(event) => visible(&event.to_string()).into_owned(),
    }
}

/// The same without what varies from session to session: code and enhanced code,
/// or the event.
pub(super) fn decided_in_short(decisive: &Decisive) -> String {
    visible(&decisive.in_short()).into_owned()
}

/// A number of things: `1 case`, `2 cases`.
pub(super) fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
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
