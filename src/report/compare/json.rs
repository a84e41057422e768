//! For programs: one object, its fields as `docs/report.md` has them.

use serde::Serialize;

use super::accept::Allowance;
use super::groups::hint;
use super::{Change, Comparison, Facts, Kind, Pair, Side};
use crate::report::Summary;
use crate::report::words::{TOOL, in_json};
use crate::smtp::visible;

/// The comparison as JSON.
#[must_use]
pub fn comparison_as_json(comparison: &Comparison) -> Vec<u8> {
    let changed = comparison.cases.iter().filter(|case| !case.changes.is_empty() || case.before.is_none());
    let document = Document {
        schema: 1,
        tool: TOOL,
        before: SideEntry::of(&comparison.before),
        after: SideEntry::of(&comparison.after),
        latency: comparison.slower.map(|slower| Latency { factor: slower.factor, floor_ms: slower.floor_ms }),
        summary: Counts::of(comparison),
        cases: changed.map(|case| Entry::of(comparison, case)).collect(),
        accepted: comparison.accepted.iter().map(Rule::of).collect(),
    };
    in_json(&document)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: &'static str,
    before: SideEntry<'a>,
    after: SideEntry<'a>,
    latency: Option<Latency>,
    summary: Counts,
    cases: Vec<Entry<'a>>,
    accepted: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct SideEntry<'a> {
    name: &'a str,
    run: &'a str,
    started: String,
    interrupted: bool,
    /// The days whose rules the simulator followed.
    as_of: Vec<&'a str>,
    summary: &'a Summary,
}

impl<'a> SideEntry<'a> {
    fn of(side: &'a Side) -> Self {
        Self {
            name: &side.name,
            run: &side.run.id,
            started: side.run.started_text(),
            interrupted: side.run.interrupted,
            as_of: side.days().into_iter().collect(),
            summary: &side.summary,
        }
    }
}

#[derive(Serialize)]
struct Latency {
    factor: f64,
    floor_ms: f64,
}

/// How many of each; of the kinds of change those that are not accepted.
#[derive(Serialize)]
struct Counts {
    compared: usize,
    same: usize,
    added: usize,
    not_played: usize,
    left_out: usize,
    failed_as_before: usize,
    changes: usize,
    accepted: usize,
    #[serde(flatten)]
    kinds: serde_json::Map<String, serde_json::Value>,
}

impl Counts {
    fn of(comparison: &Comparison) -> Self {
        let kinds = Kind::ALL.into_iter().filter(|kind| !kind.is_note());
        Self {
            compared: comparison.in_both().count(),
            same: comparison.in_both().filter(|case| case.changes.is_empty()).count(),
            added: comparison.added().count(),
            not_played: comparison.not_played(),
            left_out: comparison.left_out,
            failed_as_before: comparison.failed_as_before(),
            changes: comparison.unaccepted().count(),
            accepted: comparison.count_accepted(),
            kinds: kinds.map(|kind| (kind.as_str().to_owned(), comparison.count(kind).into())).collect(),
        }
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    suite: &'a str,
    target: &'a str,
    changes: Vec<ChangeEntry<'a>>,
    before: Option<Ended<'a>>,
    after: Option<Ended<'a>>,
}

impl<'a> Entry<'a> {
    fn of(comparison: &'a Comparison, case: &'a Pair) -> Self {
        let facts = comparison.facts(case);
        Self {
            id: &facts.id,
            suite: &facts.suite,
            target: &facts.target,
            changes: case.changes.iter().map(|change| ChangeEntry::of(comparison, change)).collect(),
            before: comparison.before(case).map(Ended::of),
            after: comparison.after(case).map(Ended::of),
        }
    }
}

#[derive(Serialize)]
struct ChangeEntry<'a> {
    kind: &'static str,
    stage: Option<&'static str>,
    before: &'a str,
    after: &'a str,
    accepted: Option<&'a str>,
}

impl<'a> ChangeEntry<'a> {
    fn of(comparison: &'a Comparison, change: &'a Change) -> Self {
        Self {
            kind: change.kind.as_str(),
            stage: change.stage.map(|stage| stage.as_str()),
            before: &change.before,
            after: &change.after,
            accepted: change.accepted.map(|n| &*comparison.accepted[n].rule.because),
        }
    }
}

#[derive(Serialize)]
struct Ended<'a> {
    outcome: &'static str,
    expected: Option<&'a str>,
    stage: Option<&'static str>,
    accepted: Option<bool>,
    code: Option<u16>,
    enhanced: Option<String>,
    text: Option<&'a str>,
    event: Option<&'a str>,
    reason: Option<&'a str>,
    meaning: Option<String>,
    fix: Option<String>,
    skipped_because: Option<&'a str>,
    account: &'a [String],
    command: Option<&'a str>,
}

impl<'a> Ended<'a> {
    fn of(facts: &'a Facts) -> Self {
        let (spoken, hint) = (facts.decisive.as_ref(), hint(facts));
        let shown = spoken.map(|spoken| &spoken.shown);
        Self {
            outcome: facts.outcome.as_str(),
            expected: facts.expected.as_deref(),
            stage: spoken.map(|spoken| spoken.said.stage.as_str()),
            accepted: spoken.map(|spoken| spoken.said.accepted),
            code: shown.and_then(|shown| shown.code),
            enhanced: shown.and_then(|shown| shown.enhanced).map(|status| status.to_string()),
            text: shown.and_then(|shown| shown.text.as_deref()),
            event: shown.and_then(|shown| shown.event.as_deref()),
            reason: shown.and_then(|shown| shown.reason.as_deref()),
            meaning: hint.as_ref().map(|hint| visible(&hint.meaning).into_owned()),
            fix: hint.filter(|hint| !hint.fix.is_empty()).map(|hint| hint.fix),
            skipped_because: facts.skipped_because.as_deref(),
            account: &facts.account,
            command: facts.command.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct Rule<'a> {
    case: &'a str,
    change: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
    because: &'a str,
    until: Option<String>,
    file: &'a str,
    line: u32,
    used: usize,
    expired: usize,
}

impl<'a> Rule<'a> {
    fn of(allowance: &'a Allowance) -> Self {
        let rule = &allowance.rule;
        Self {
            case: &rule.case,
            change: rule.kinds.iter().map(|kind| kind.as_str()).collect(),
            after: rule.after.as_deref(),
            because: &rule.because,
            until: rule.until.map(|until| until.to_string()),
            file: &rule.file,
            line: rule.line,
            used: allowance.used,
            expired: allowance.expired,
        }
    }
}
