//! The head of the page: the verdict in one sentence, and of what.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::super::record::Record;
use super::super::words::{TOOL, count, simulated};
use super::super::{Run, Summary};
use super::cases::Mark;
use super::charts::stacked;
use crate::smtp::visible;
use crate::verdict::elapsed_in_words;

/// Past so many the rest is counted.
const TARGETS: usize = 8;

/// Against what was played.
#[derive(Default)]
pub(super) struct Targets {
    /// The days whose rules the simulator followed.
    dates: BTreeSet<String>,
    /// The targets that were simulated; their ports differ from run to run.
    simulated: BTreeSet<String>,
    /// The real servers with their addresses.
    real: BTreeMap<String, BTreeSet<String>>,
}

impl Targets {
    pub(super) fn add(&mut self, record: &Record<'_>) {
        let target = &record.target;
        if record.skipped_because.is_some() {
            return;
        }
        if target.simulator {
            insert(&mut self.simulated, &target.name);
            target.as_of.iter().for_each(|date| insert(&mut self.dates, date));
            return;
        }
        let addresses = match self.real.get_mut(&*target.name) {
            Some(addresses) => addresses,
            None => self.real.entry(visible(&target.name).into_owned()).or_default(),
        };
        let told = target.address.iter().filter(|address| **address != target.name);
        told.for_each(|address| insert(addresses, address));
    }

    /// `simulated, rules as of 2026-11-01`; `against onprem`.
    fn in_words(&self) -> Option<String> {
        let simulated = simulated(&self.dates);
        let names: Vec<&str> = self.real.keys().map(String::as_str).collect();
        let real = match names.as_slice() {
            [] => None,
            [name] => Some(format!("against {name}")),
            [a, b] => Some(format!("against {a} and {b}")),
            [first, others @ ..] => Some(format!("against {first} and {} others", others.len())),
        };
        match (simulated, real) {
            (Some(simulated), Some(real)) => Some(format!("{simulated}, and {real}")),
            (one, other) => one.or(other),
        }
    }
}

/// Nearly always it is known already, and nothing is copied.
fn insert(known: &mut BTreeSet<String>, text: &str) {
    if !known.contains(text) {
        known.insert(visible(text).into_owned());
    }
}

/// The verdict: what the page is coloured by, what came of the cases, and of what
/// they were played against.
pub(super) fn verdict(run: &Run, summary: &Summary, targets: &Targets) -> (Mark, String, String) {
    let Summary { total, passed, failed, error, skipped, .. } = *summary;
    let (mark, what) = match summary {
        _ if total == 0 => (Mark::Skipped, "Nothing was played".to_owned()),
        Summary { failed: 0, error: 0, passed: 0, .. } => {
            (Mark::Skipped, format!("Skipped: {}", cases(total)))
        }
        Summary { failed: 0, error: 0, skipped: 0, .. } if total > 1 => {
            (Mark::Passed, format!("All {total} cases passed"))
        }
        Summary { failed: 0, error: 0, skipped: 0, .. } => (Mark::Passed, "The one case passed".to_owned()),
        Summary { failed: 0, error: 0, .. } => {
            (Mark::Passed, format!("{} passed, {skipped} {} skipped", cases(passed), were(skipped)))
        }
        Summary { failed: 0, .. } => {
            (Mark::Error, format!("{error} of {} did not reach the server", cases(total)))
        }
        Summary { error: 0, .. } => (Mark::Failed, format!("{failed} of {} failed", cases(total))),
        _ => (Mark::Failed, format!("{failed} of {} failed, {error} did not reach the server", cases(total))),
    };
    let interrupted = if run.interrupted { "Interrupted. " } else { "" };
    let of = targets.in_words().map_or_else(String::new, |of| format!(", {of}"));
    (mark, format!("{interrupted}{what}"), of)
}

fn cases(n: usize) -> String {
    count(n, "case")
}

const fn were(n: usize) -> &'static str {
    if n == 1 { "was" } else { "were" }
}

/// The head.
pub(super) fn head(
    run: &Run,
    summary: &Summary,
    targets: &Targets,
    counts: [usize; Mark::ALL.len()],
) -> Markup {
    let (mark, what, of) = verdict(run, summary, targets);
    let started = run.started_text();
    html! {
        header.top {
            p.brand { "relayprobe" }
            h1.(mark.word()) { i aria-hidden="true" { (mark.symbol()) } span { (what) small { (of) "." } } }
            ul.counts {
                @for (mark, n) in Mark::ALL.into_iter().zip(counts).filter(|(_, n)| *n > 0) {
                    li.(mark.word()) { a href={ "#?outcome=" (mark.word()) } { i { (mark.symbol()) } b { (n) } " " (mark.word()) } }
                }
            }
            (stacked(counts, summary.total))
            dl.run {
                div { dt { "started" } dd { time datetime=(started) { (started.replace('T', " ").replace('Z', " UTC")) } } }
                div { dt { "took" } dd { (elapsed_in_words(run.duration)) } }
                @if !targets.simulated.is_empty() { div { dt { "simulated targets" } dd { (listed(&targets.simulated)) } } }
                @for (name, addresses) in targets.real.iter().take(TARGETS) {
                    div { dt { "target" } dd { (name) @if !addresses.is_empty() { " " span.soft { (listed(addresses)) } } } }
                }
                @if targets.real.len() > TARGETS {
                    div { dt { "and" } dd { (count(targets.real.len() - TARGETS, "more target")) } }
                }
                div { dt { "run" } dd { (visible(&run.id)) } }
                div { dt { "by" } dd { (TOOL) } }
            }
        }
    }
}

/// As many as fit, and how many more.
fn listed(names: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = names.iter().take(TARGETS).map(String::as_str).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::run;
    use super::*;

    #[test]
    fn the_verdict_is_one_sentence() {
        let onprem =
            Targets { real: BTreeMap::from([("onprem".to_owned(), BTreeSet::new())]), ..Targets::default() };
        let dates = ["2021-08-31", "2023-10-31", "2026-11-01"].map(str::to_owned);
        let simulated =
            |n: usize| Targets { dates: dates[..n].iter().cloned().collect(), ..Targets::default() };
        for (counts, targets, expected) in [
            ([3, 0, 0, 0], &onprem, "All 3 cases passed, against onprem"),
            ([1, 0, 0, 0], &simulated(1), "The one case passed, simulated, rules as of 2021-08-31"),
            (
                [3, 0, 0, 1],
                &simulated(2),
                "3 cases passed, 1 was skipped, simulated, rules as of 2021-08-31 and 2023-10-31",
            ),
            (
                [3, 1, 0, 2],
                &simulated(3),
                "1 of 6 cases failed, simulated, rules as of 2021-08-31, 2023-10-31 and 2026-11-01",
            ),
            ([3, 0, 2, 0], &onprem, "2 of 5 cases did not reach the server, against onprem"),
            ([0, 1, 2, 0], &onprem, "1 of 3 cases failed, 2 did not reach the server, against onprem"),
            ([0, 0, 0, 2], &Targets::default(), "Skipped: 2 cases"),
            ([0, 0, 0, 0], &Targets::default(), "Nothing was played"),
        ] {
            let [passed, failed, error, skipped] = counts;
            let total = counts.iter().sum();
            let (_, what, of) = verdict(
                &run(),
                &Summary { total, passed, failed, error, skipped, ..Summary::default() },
                targets,
            );
            assert_eq!(what + &of, expected);
        }
        let (_, what, _) = verdict(&Run { interrupted: true, ..run() }, &Summary::default(), &onprem);
        assert_eq!(what, "Interrupted. Nothing was played");
    }
}
