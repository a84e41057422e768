//! A comparison as one page of HTML, for the change ticket: old and new side by side.
//! It needs no script.

use maud::{Markup, html};

use super::groups::{Group, Groups, answer, heading, hint, told};
use super::words::{came_to, capital, sentence};
use super::{Allowance, Comparison, Facts, Kind, Pair, Side};
use crate::report::html::still_page;
use crate::report::words::count;
use crate::smtp::visible;
use crate::verdict::Outcome;

const STYLE: &str = include_str!("compare.css");

/// The comparison as a page that needs nothing but itself.
#[must_use]
pub fn comparison_as_html(comparison: &Comparison) -> Vec<u8> {
    let groups = Groups::of(comparison);
    let sentence = capital(&sentence(comparison, groups.lesser.len()));
    let (class, symbol) = match comparison.has_changes() {
        true if groups.ends.iter().any(|group| class(group.change.kind) == "failed") => ("failed", "!"),
        true => ("flaky", "≠"),
        false => ("passed", "="),
    };
    let body = html! {
        header.top {
            p.brand { "relayprobe · comparison" }
            h1 class=(class) { i aria-hidden="true" { (symbol) } span { (sentence) } }
            table.sides {
                thead { tr { th {} th { "what" } th { "when" } th { "came to" } } }
                tbody { (side("before", &comparison.before)) (side("after", &comparison.after)) }
            }
        }
        main {
            @for group in &groups.ends { (end(comparison, group)) }
            @if !groups.lesser.is_empty() {
                h2 { "What else is different" }
                (table(comparison, &groups.lesser))
            }
            @if !groups.notes.is_empty() {
                h2 { "Worth knowing, and no change" }
                (table(comparison, &groups.notes))
            }
            (rest(comparison))
            (every_case(comparison))
        }
    };
    let mut page = still_page(&sentence, STYLE, &body).into_string().into_bytes();
    page.push(b'\n');
    page
}

fn side(name: &str, side: &Side) -> Markup {
    let started = side.run.started_text();
    html! {
        tr {
            th scope="row" { (name) }
            td { (visible(&side.name)) }
            td { (started.get(..16).unwrap_or(&started).replacen('T', " ", 1)) " UTC" }
            td { (came_to(side)) }
        }
    }
}

/// A change of how cases ended, shown with the first of them.
fn end(comparison: &Comparison, group: &Group<'_>) -> Markup {
    let change = group.change;
    let (before, after) = (comparison.before(group.cases[0]), comparison.after(group.cases[0]));
    let lines = |facts: Option<&Facts>, words: &str| match facts {
        Some(_) if change.stage.is_some() => vec![visible(words).into_owned()],
        Some(facts) => answer(facts),
        None => vec!["no such case".to_owned()],
    };
    html! {
        section class={ "block " (class(change.kind)) } {
            h2 { b { (heading(change.kind)) } span { (told(change, before, after)) } }
            (ids(comparison, &group.cases))
            div.pair {
                (cell("before", &lines(before, &change.before)))
                (cell("after", &lines(after, &change.after)))
            }
            @if let Some(after) = after.filter(|_| !matches!(change.kind, Kind::Mends | Kind::Lost)) {
                (explained(after))
            }
        }
    }
}

fn cell(name: &str, lines: &[String]) -> Markup {
    html! {
        div {
            h3 { (name) }
            @for (n, line) in lines.iter().enumerate() {
                @if n == 0 { p { code { (line) } } } @else { p.soft { (line) } }
            }
        }
    }
}

fn explained(after: &Facts) -> Markup {
    html! {
        dl.remedy {
            @if let Some(hint) = hint(after) {
                dt { "meaning" } dd { (visible(&hint.meaning)) }
                @if !hint.fix.is_empty() { dt { "to do" } dd.todo { (visible(&hint.fix)) } }
            }
            @if !after.account.is_empty() {
                dt { "account" } dd { ol.account { @for step in &after.account { li { (visible(step)) } } } }
            }
            @if let Some(command) = &after.command { dt { "again" } dd { code.command { (visible(command)) } } }
        }
    }
}

fn table(comparison: &Comparison, groups: &[Group<'_>]) -> Markup {
    html! {
        table.lesser {
            thead { tr { th { "what" } th { "before" } th { "after" } th { "cases" } } }
            tbody {
                @for group in groups {
                    tr {
                        td { (group.described()) }
                        td { (visible(&group.change.before)) }
                        td { (visible(&group.change.after)) }
                        td { (ids(comparison, &group.cases)) }
                    }
                }
            }
        }
    }
}

/// The ids of a group; many are folded away.
fn ids(comparison: &Comparison, cases: &[&Pair]) -> Markup {
    const MANY: usize = 8;
    let list = html! {
        ul.ids { @for case in cases { li { (visible(&comparison.facts(case).id)) } } }
    };
    html! {
        @if cases.len() > MANY {
            details { summary { span {} span { (count(cases.len(), "case")) } } (list) }
        } @else { (list) }
    }
}

/// Every case with both answers, so that it shows at a glance which relay where.
fn every_case(comparison: &Comparison) -> Markup {
    let suite = |case: &Pair| (&comparison.facts(case).source.0, &comparison.facts(case).suite);
    html! {
        h2 { "All cases" }
        @for cases in comparison.cases.chunk_by(|a, b| suite(a) == suite(b)) {
            h3 { (visible(suite(&cases[0]).1)) small { (visible(suite(&cases[0]).0)) ", " (cases.len()) } }
            // What is out of sight is laid out when it comes into sight.
            @for rows in cases.chunks(50) {
                div.rows { @for case in rows { (both(comparison, case)) } }
            }
        }
    }
}

fn both(comparison: &Comparison, case: &Pair) -> Markup {
    let worst =
        case.changes.iter().filter(|change| change.accepted.is_none()).map(|change| change.kind).min();
    let accepted = worst.is_none() && !case.changes.is_empty();
    html! {
        div.both {
            span { (visible(&comparison.facts(case).id)) }
            (short(comparison.before(case)))
            (short(comparison.after(case)))
            @match worst {
                Some(kind) if !kind.is_note() => b class=(class(kind)) { (kind.as_str()) },
                _ if accepted => span.soft { "accepted" },
                _ => span.soft { "same" },
            }
        }
    }
}

/// The decisive reply of one side; colour and symbol are the verdict, filled where the
/// server accepted.
fn short(facts: Option<&Facts>) -> Markup {
    let Some(facts) = facts else { return html! { span.soft { "no such case" } } };
    let symbol = match facts.outcome {
        Outcome::Passed => "✓",
        Outcome::Failed => "✗",
        Outcome::Error => "!",
        Outcome::Skipped => "–",
    };
    let accepted = facts.decisive.as_ref().is_some_and(|decisive| decisive.said.accepted);
    html! {
        span.cell.(facts.outcome.as_str()).yes[accepted] {
            i { (symbol) } " "
            @match &facts.decisive { Some(decisive) => (decisive.in_short()), None => (facts.outcome.as_str()) }
        }
    }
}

/// What was not compared, and what was accepted.
fn rest(comparison: &Comparison) -> Markup {
    let added: Vec<&Pair> = comparison.added().collect();
    html! {
        @if !added.is_empty() { h2 { "Added" } (ids(comparison, &added)) }
        @if comparison.not_played() > 0 {
            p.accepted { "Not played: " (count(comparison.not_played(), "case")) " of the earlier run." }
        }
        @if comparison.left_out > 0 {
            p.accepted { "Left out: " (count(comparison.left_out, "case")) " whose server is the same on both sides." }
        }
        @if comparison.failed_as_before() > 0 {
            p.accepted { "Failed as before: " (count(comparison.failed_as_before(), "case")) "." }
        }
        @if !comparison.accepted.is_empty() {
            h2 { "What is accepted" }
            table.lesser {
                thead { tr { th { "cases" } th { "change" } th { "because" } th { "accepts" } } }
                tbody { @for allowance in &comparison.accepted { (accepted(allowance)) } }
            }
        }
    }
}

fn accepted(allowance: &Allowance) -> Markup {
    let rule = &allowance.rule;
    let kinds: Vec<&str> = rule.kinds.iter().map(|kind| kind.as_str()).collect();
    html! {
        tr {
            td { code { (visible(&rule.case)) } }
            td { (kinds.join(", ")) @if let Some(after) = &rule.after { ", then " (visible(after)) } }
            td { (visible(&rule.because)) @if let Some(until) = rule.until { ", until " (until) } }
            td {
                @match (allowance.used, allowance.expired) {
                    (0, 0) => "nothing",
                    (0, expired) => { "nothing any more; " (count(expired, "change")) " before its last day" },
                    (used, _) => (count(used, "change")),
                }
            }
        }
    }
}

/// The colours of a kind.
const fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Breaks | Kind::New | Kind::Opens => "failed",
        Kind::Mends => "passed",
        _ => "flaky",
    }
}
