//! What became of a case: the facts and the judgement, ready to be reported.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;

use crate::scenario::Case;
use crate::session::Observation;
use crate::smtp::{Event, Reply, Stage};

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The expectation was met.
    Passed,
    /// The expectation was not met.
    Failed,
    /// The server was not reached.
    Error,
    /// Not played.
    Skipped,
}

impl Outcome {
    /// The name used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

/// The judgement of one attempt.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Passed, failed or error; never skipped.
    pub outcome: Outcome,
    /// What decided the case.
    pub decisive: Option<Decisive>,
    /// What was expected, in words or as written.
    pub expected: String,
    /// Everything that did not hold; empty for a pass.
    pub failures: Vec<Failure>,
}

/// What decided the case: the first refusal or event, else the reply to the last
/// planned stage.
#[derive(Clone, Debug)]
pub struct Decisive {
    /// Where.
    pub stage: Stage,
    /// What.
    pub what: DecidedBy,
    /// How long the reply took.
    pub elapsed: Option<Duration>,
}

/// A reply or an event.
#[derive(Clone, Debug)]
pub enum DecidedBy {
    /// The server said so.
    Reply(Reply),
    /// Something else ended it.
    Event(Event),
}

/// One thing that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// At which stage.
    pub stage: Stage,
    /// What was expected, as written where it was written.
    pub expected: String,
    /// What came instead, in words.
    pub actual: String,
}

/// One playing of a case.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What was seen.
    pub observation: Observation,
    /// What it is worth.
    pub verdict: Verdict,
}

/// The end of a case, as the reports take it.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: Arc<Case>,
    /// What became of it.
    pub outcome: Outcome,
    /// `host:port` that was connected to, where it was played.
    pub address: Option<String>,
    /// The day whose rules the simulator followed; `None` for a real server.
    pub simulated: Option<NaiveDate>,
    /// The address that the server was to see, where the case says one.
    pub source_ip: Option<IpAddr>,
    /// Every attempt, in order; empty where it was skipped.
    pub attempts: Vec<Attempt>,
    /// Passed, but not at the first attempt, and that was not expected.
    pub flaky: bool,
    /// Why it was not played.
    pub skipped_because: Option<String>,
    /// What the decisive reply means, where the case did not pass.
    pub hint: Option<Hint>,
}

/// What a reply means and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// What it means.
    pub meaning: String,
    /// What to do; empty where nothing general can be said.
    pub fix: String,
    /// Where that is written; empty for what is common knowledge.
    pub source: String,
}
