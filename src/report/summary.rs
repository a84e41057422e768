//! A run as a whole.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::verdict::{CaseResult, Outcome};

/// A run as a whole.
#[derive(Clone, Debug)]
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

/// How the cases came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

impl Summary {
    /// Counts one case.
    pub fn add(&mut self, result: &CaseResult) {
        self.total += 1;
        match result.outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Error => self.error += 1,
            Outcome::Skipped => self.skipped += 1,
        }
        self.flaky += usize::from(result.flaky);
    }

    /// How many were played.
    #[must_use]
    pub const fn played(&self) -> usize {
        self.passed + self.failed + self.error
    }
}
