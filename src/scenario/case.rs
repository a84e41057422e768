//! One concrete session to play, every variable filled in.

use std::sync::Arc;
use std::time::Duration;

use super::{Expectations, Patterns, SourceLine};

/// One concrete session to play.
#[derive(Debug)]
pub struct Case {
    /// `<path below the project file>/<slug of the expanded name>`; unique.
    pub id: String,
    /// The file's `suite`.
    pub suite: Arc<str>,
    /// The scenario's name, expanded.
    pub name: String,
    /// The scenario's tags.
    pub tags: Arc<[String]>,
    /// Where the scenario stands.
    pub source: SourceLine,
    /// Why it is not to be played.
    pub skip: Option<String>,
    /// What is expected.
    pub expect: Expectations,
    /// When to play it again.
    pub retry: Option<Retry>,
    /// Inherited keys that were dropped because they cannot hold here.
    pub notes: Vec<String>,
}

/// When to play a case again after a failed verdict.
#[derive(Clone, Debug)]
pub struct Retry {
    /// How often at most, the first included; at least 1.
    pub attempts: u32,
    /// Between two attempts.
    pub delay: Duration,
    /// Only where the decisive reply matches; always where absent.
    pub when: Option<Patterns>,
}
