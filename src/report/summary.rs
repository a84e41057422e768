//! A run as a whole.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::smtp::visible;
use crate::verdict::Outcome;

/// A run as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "RunEntry", try_from = "RunEntry")]
pub struct Run {
    /// What `$(run.id)` stood for.
    pub id: String,
    /// When it began.
    pub started: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// Whether a signal ended it.
    pub interrupted: bool,
}

impl Run {
    /// When it began, RFC 3339 in UTC.
    #[must_use]
    pub fn started_text(&self) -> String {
        DateTime::<Utc>::from(self.started).to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl Run {
    /// The same to the millisecond, as reports keep it.
    pub(super) fn in_milliseconds(&self) -> Self {
        let since = self.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let whole = |duration: Duration| {
            duration - Duration::from_nanos(u64::from(duration.subsec_nanos() % 1_000_000))
        };
        Self {
            started: SystemTime::UNIX_EPOCH + whole(since),
            duration: whole(self.duration),
            ..self.clone()
        }
    }
}

/// A run as reports write it.
#[derive(Serialize, Deserialize)]
struct RunEntry {
    id: String,
    started: String,
    duration_ms: u64,
    interrupted: bool,
}

impl From<Run> for RunEntry {
    fn from(run: Run) -> Self {
        Self {
            started: run.started_text(),
            id: run.id,
            duration_ms: u64::try_from(run.duration.as_millis()).unwrap_or(u64::MAX),
            interrupted: run.interrupted,
        }
    }
}

impl TryFrom<RunEntry> for Run {
    type Error = String;

    fn try_from(entry: RunEntry) -> Result<Self, String> {
        let started = DateTime::parse_from_rfc3339(&entry.started)
            .map_err(|_| format!("`started` is no date and time: `{}`", visible(&entry.started)))?;
        Ok(Self {
            id: entry.id,
            started: started.into(),
            duration: Duration::from_millis(entry.duration_ms),
            interrupted: entry.interrupted,
        })
    }
}

/// How the cases came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// All that were selected.
    pub total: usize,
    /// The expectation was met.
    pub passed: usize,
    /// It was not.
    pub failed: usize,
    /// The server was not reached.
    pub error: usize,
    /// Not played.
    pub skipped: usize,
    /// Passed, but not at the first attempt; counted in `passed` as well.
    pub flaky: usize,
    /// Of merged reports: how often a case was played again in a later run.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reruns: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl Summary {
    /// Counts one case.
    pub fn add(&mut self, outcome: Outcome, flaky: bool) {
        self.total += 1;
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Error => self.error += 1,
            Outcome::Skipped => self.skipped += 1,
        }
        self.flaky += usize::from(flaky);
    }

    /// How many were played.
    #[must_use]
    pub const fn played(&self) -> usize {
        self.passed + self.failed + self.error
    }
}
