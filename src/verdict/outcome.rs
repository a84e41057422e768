//! What became of a case: the facts and the judgement, ready to be reported.

use std::net::{IpAddr, SocketAddr};
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
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Failed, Self::Error, Self::Skipped];

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

    /// Whether somebody has to look at it: failed or error.
    #[must_use]
    pub const fn is_wrong(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }

    /// The outcome that reports call so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
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

impl Attempt {
    /// One session and its verdict.
    #[must_use]
    pub const fn new(observation: Observation, verdict: Verdict) -> Self {
        Self { observation, verdict, sessions: None, hosts: Vec::new() }
    }
}

impl Decisive {
    /// What it was without what varies from session to session: code and enhanced
    /// code, or the event.
    #[must_use]
    pub fn in_short(&self) -> String {
        match &self.what {
            DecidedBy::Reply(reply) => match reply.enhanced() {
                Some(enhanced) => format!("{} {enhanced}", reply.code()),
                None => reply.code().to_string(),
            },
            DecidedBy::Event(event) => event.to_string(),
        }
    }
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
    /// What was seen; of a repeated case, of the session that shows best what it
    /// came to.
    pub observation: Observation,
    /// What it is worth; of a repeated case, all its sessions.
    pub verdict: Verdict,
    /// What the sessions of a repeated case came to.
    pub sessions: Option<Box<Sessions>>,
    /// What each of a domain's hosts came to, in the order in which they were played;
    /// empty where the server is no host of a domain. The first that did not pass is
    /// the one that the rest shows.
    pub hosts: Vec<HostEnd>,
}

/// What one of a domain's hosts came to.
#[derive(Clone, Debug)]
pub struct HostEnd {
    /// The host, as the MX record names it.
    pub host: Arc<str>,
    /// The record's preference; `None` where the domain is its own host.
    pub preference: Option<u16>,
    /// The address connected to.
    pub address: Option<SocketAddr>,
    /// Passed, failed or error.
    pub outcome: Outcome,
    /// What decided its session.
    pub decisive: Option<Decisive>,
    /// What did not hold.
    pub failures: Vec<Failure>,
    /// How long its session took, or all of them together.
    pub took: Duration,
}

/// What the sessions of a repeated case came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions {
    /// How many there were to be.
    pub planned: u32,
    /// How many were played; fewer where the run was stopped.
    pub played: u32,
    /// How many did not pass by themselves.
    pub failed: u32,
    /// What was decisive in how many: code and enhanced code, or the event; the
    /// most frequent first, the rest as `others`.
    pub seen: Vec<(String, u32)>,
    /// Each share as written, and how many sessions were of it.
    pub shares: Vec<(String, u32)>,
    /// From the first connection to the end of the last session.
    pub took: Duration,
}

impl Sessions {
    /// `50 sessions (250 2.1.5: 48, 96%; 421 4.7.66: 2, 4%)`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let seen = self.seen.iter().map(|(kind, count)| {
            let percent = format!("{:.1}", f64::from(*count) * 100.0 / f64::from(self.played));
            format!("{kind}: {count}, {}%", percent.strip_suffix(".0").unwrap_or(&percent))
        });
        let plural = if self.played == 1 { "" } else { "s" };
        format!("{} session{plural} ({})", self.played, seen.collect::<Vec<_>>().join("; "))
    }
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
