//! How changes are put into words.

use std::time::Duration;

use super::{Comparison, Kind, Side};
use crate::report::Palette;
use crate::report::record::Tls;
use crate::report::words::{count, simulated, tally};
use crate::smtp::visible;
use crate::verdict::elapsed_in_words;

/// How many digits of a fingerprint tell two apart.
const FINGERPRINT: usize = 16;

/// `CN=mx.contoso.com, issued by CN=R3, until 2027-02-19, sha256 1f0a…, verified`.
pub(super) fn certificate(tls: &Tls<'_>) -> String {
    let holds = match (&tls.untrusted, tls.verified) {
        (Some(why), _) => format!("not trusted: {why}"),
        (None, true) => "verified".to_owned(),
        (None, false) => "not verified".to_owned(),
    };
    let Some(peer) = &tls.peer else { return format!("none, {holds}") };
    let day = peer.not_after.split('T').next().unwrap_or_default();
    let mut words = format!("{}, issued by {}, until {day}", peer.subject, peer.issuer);
    if let Some(digits) = peer.sha256.get(..FINGERPRINT) {
        words.push_str(", sha256 ");
        words.push_str(digits);
        words.push('…');
    }
    format!("{words}, {holds}")
}

/// Milliseconds of a report, in words.
pub(super) fn ms(ms: f64) -> String {
    elapsed_in_words(Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default())
}

/// `2 of 12 cases break, 1 mends; 3 lesser changes`: what a tired reader needs.
pub(super) fn sentence(comparison: &Comparison, lesser: usize) -> String {
    let all = comparison.in_both().count();
    let parts = [
        (Kind::New, "new case fails", "new cases fail"),
        (Kind::Opens, "opens", "open"),
        (Kind::Lost, "is lost", "are lost"),
        (Kind::Reply, "answers otherwise", "answer otherwise"),
        (Kind::Mends, "mends", "mend"),
    ];
    let parts = parts.into_iter().filter_map(|(kind, one, many)| match comparison.count(kind) {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    });
    let mut parts: Vec<String> = parts.collect();
    if lesser > 0 {
        parts.push(count(lesser, "lesser change"));
    }
    let cases = count(all, "case");
    let accepted = if comparison.count_accepted() > 0 { " that is not accepted" } else { "" };
    match (comparison.count(Kind::Breaks), parts.is_empty()) {
        (0, true) => format!("nothing{accepted} changes in {cases}"),
        (0, false) => format!("nothing breaks in {cases}, {}", parts.join(", ")),
        (n, _) => {
            parts.insert(0, format!("{n} of {cases} {}", if n == 1 { "breaks" } else { "break" }));
            parts.join(", ")
        }
    }
}

/// The same with what else is worth a place in a log.
pub(super) fn last_line(comparison: &Comparison, lesser: usize, palette: Palette, out: &mut String) {
    let words = sentence(comparison, lesser);
    let breaks = comparison.count(Kind::Breaks) + comparison.count(Kind::New) + comparison.count(Kind::Opens);
    match (comparison.has_changes(), breaks) {
        (false, _) if comparison.is_cut_off() => out.push_str(&palette.doubtful(words).to_string()),
        (false, _) => out.push_str(&palette.good(words).to_string()),
        (true, 0) => out.push_str(&palette.doubtful(words).to_string()),
        (true, _) => out.push_str(&palette.bad(words).to_string()),
    }
    let mut part = |text: String| {
        out.push_str(" · ");
        out.push_str(&text);
    };
    match comparison.failed_as_before() {
        0 => {}
        n => part(format!("{n} failed as before")),
    }
    match comparison.unreached() {
        0 => {}
        n => part(format!("{} did not reach the server", count(n, "case"))),
    }
    for (which, side) in [("earlier", &comparison.before), ("later", &comparison.after)] {
        if side.run.interrupted {
            part(format!("the {which} run was interrupted"));
        }
    }
    match comparison.count_accepted() {
        0 => {}
        n => part(format!("{} accepted", count(n, "change"))),
    }
    match comparison.added().count() {
        0 => {}
        n => part(format!("{} added", count(n, "case"))),
    }
    part(format!("{}, then {}", visible(&comparison.before.name), visible(&comparison.after.name)));
    let [before, after] = [&comparison.before, &comparison.after].map(|side| simulated(&side.days()));
    match (before, after) {
        (Some(before), Some(after)) if before == after => part(visible(&after).into_owned()),
        (before, after) => {
            for (which, words) in [("before", before), ("after", after)] {
                if let Some(words) = words {
                    part(format!("{which} {}", visible(&words)));
                }
            }
        }
    }
    if let Some(took) = comparison.took {
        part(elapsed_in_words(took));
    }
    out.push('\n');
}

/// What a run came to: `1 failed, 3 passed, simulated, rules as of 2026-11-01`.
pub(super) fn came_to(side: &Side) -> String {
    let mut words = tally(Palette::new(false), &side.summary, false);
    if let Some(simulated) = simulated(&side.days()) {
        words.push_str(", ");
        words.push_str(&visible(&simulated));
    }
    if side.run.interrupted {
        words.push_str(", interrupted");
    }
    words
}

/// The text with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
