//! For programs: one object, its fields as `docs/report.md` has them.

use serde::Serialize;

use super::{Compared, Forecast, World};
use crate::exchange::Change;
use crate::report::words::{TOOL, in_json};
use crate::verdict::{Answers, DecidedBy, Difference, Told};

/// The forecast as JSON.
#[must_use]
pub fn forecast_as_json(forecast: &Forecast) -> Vec<u8> {
    let document = Document {
        schema: 1,
        tool: TOOL,
        before: Side::of(&forecast.before),
        after: Side::of(&forecast.after),
        in_between: forecast.in_between().into_iter().map(Row::of).collect(),
        summary: Summary {
            played: forecast.played().count(),
            breaks: forecast.count(Difference::Breaks),
            works: forecast.count(Difference::Works),
            differs: forecast.count(Difference::Differs),
            moves: forecast.count(Difference::Moves),
            same: forecast.count(Difference::Same),
            skipped: forecast.cases.iter().filter(|compared| !compared.was_played()).count(),
            real: forecast.real,
            unreached: forecast.unreached(),
        },
        cases: forecast.cases.iter().map(Entry::of).collect(),
    };
    in_json(&document)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: &'static str,
    before: Side<'a>,
    after: Side<'a>,
    in_between: Vec<Row>,
    summary: Summary,
    cases: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Side<'a> {
    as_of: Vec<String>,
    tenants: &'a str,
}

impl<'a> Side<'a> {
    fn of(world: &'a World) -> Self {
        Self { as_of: world.days.iter().map(ToString::to_string).collect(), tenants: &world.tenants }
    }
}

#[derive(Serialize)]
struct Row {
    date: String,
    what: &'static str,
    source: &'static str,
    confidence: &'static str,
}

impl Row {
    fn of(change: &Change) -> Self {
        let Change { what, source, confidence, .. } = *change;
        Self { date: change.date(), what, source, confidence: confidence.as_str() }
    }
}

#[derive(Serialize)]
struct Summary {
    played: usize,
    breaks: usize,
    works: usize,
    differs: usize,
    moves: usize,
    same: usize,
    skipped: usize,
    real: usize,
    unreached: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    suite: &'a str,
    name: &'a str,
    tags: &'a [String],
    file: &'a str,
    line: u32,
    target: &'a str,
    source_ip: Option<String>,
    /// Null where it was skipped.
    difference: Option<&'static str>,
    skipped_because: Option<&'a str>,
    before: Option<Answer<'a>>,
    after: Option<Answer<'a>>,
}

impl<'a> Entry<'a> {
    fn of(compared: &'a Compared) -> Self {
        let case = &compared.case;
        let skipped = compared.before.skipped.as_deref().or(compared.after.skipped.as_deref());
        Self {
            id: &case.id,
            suite: &case.suite,
            name: &case.name,
            tags: &case.tags,
            file: &case.source.file,
            line: case.source.line,
            target: &case.target.name,
            source_ip: compared.source_ip.map(|address| address.to_string()),
            difference: compared.was_played().then(|| compared.difference().as_str()),
            skipped_because: skipped,
            before: Answer::of(&compared.before),
            after: Answer::of(&compared.after),
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    decisive: Reply<'a>,
    /// Every refusal, those included that decided nothing.
    refusals: Vec<Reply<'a>>,
    account: &'a [String],
}

impl<'a> Answer<'a> {
    fn of(answers: &'a Answers) -> Option<Self> {
        let decisive = Reply::of(answers.decisive.as_ref()?);
        let refusals = answers.refusals.iter().map(Reply::of).collect();
        Some(Self { decisive, refusals, account: &answers.account })
    }
}

#[derive(Serialize)]
struct Reply<'a> {
    stage: &'static str,
    accepted: bool,
    code: Option<u16>,
    enhanced: Option<String>,
    text: Option<String>,
    event: Option<&'static str>,
    reason: Option<&'a str>,
    meaning: &'a str,
    fix: &'a str,
    source: &'a str,
}

impl<'a> Reply<'a> {
    fn of(told: &'a Told) -> Self {
        let (reply, event) = match &told.decisive.what {
            DecidedBy::Reply(reply) => (Some(reply), None),
            DecidedBy::Event(event) => (None, Some(event)),
        };
        Self {
            stage: told.decisive.stage.as_str(),
            accepted: told.is_accepted(),
            code: reply.map(|reply| reply.code().get()),
            enhanced: reply.and_then(|reply| reply.enhanced()).map(|enhanced| enhanced.to_string()),
            text: reply.map(|reply| reply.text()),
            event: event.map(|event| event.kind.as_str()),
            reason: event.map(|event| &*event.reason),
            meaning: &told.hint.meaning,
            fix: &told.hint.fix,
            source: &told.hint.source,
        }
    }
}
