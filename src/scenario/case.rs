//! One concrete session to play, every variable filled in.

use std::sync::Arc;
use std::time::Duration;

use super::spec::Spec;
use super::{Expectations, Patterns, SourceLine, Target};
use crate::smtp::Stage;
use crate::yaml::Diagnostic;

/// One concrete session to play.
#[derive(Debug)]
pub struct Case {
    /// `<path below the project file>/<slug of the expanded name>`; unique.
    pub id: String,
    /// Its place among all cases of the files, from 0.
    pub order: u32,
    /// The file's `suite`.
    pub suite: Arc<str>,
    /// The scenario's name, expanded.
    pub name: String,
    /// The scenario's tags.
    pub tags: Arc<[String]>,
    /// Names and values of the axes and columns that make this case, in order, less
    /// those that nothing but the expectation uses. A cell that is left empty is left
    /// out.
    pub variables: Box<[(Arc<str>, Arc<str>)]>,
    /// Where the scenario stands.
    pub source: SourceLine,
    /// The server to play against.
    pub target: Arc<Target>,
    /// Why it is not to be played.
    pub skip: Option<String>,
    /// What is expected.
    pub expect: Arc<Expectations>,
    /// When to play it again.
    pub retry: Option<Retry>,
    /// How many sessions it is.
    pub repeat: Option<Repeat>,
    /// Inherited keys that were dropped because they cannot hold here.
    pub notes: Vec<String>,
    /// What the session is to be; see [`Resolver`](super::Resolver).
    /// `Err` where it takes environment variables that are not set: only
    /// who plays the case need set them.
    pub(super) spec: Result<Spec, Vec<Diagnostic>>,
}

impl Case {
    /// The stages that the session reaches if nothing is refused, in order, QUIT
    /// left out.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage> {
        self.spec.as_ref().map(Spec::stages).unwrap_or_default()
    }

    /// Why the case is not played where nothing is to be played past this stage.
    #[must_use]
    pub fn beyond(&self, limit: Stage) -> Option<String> {
        self.spec.as_ref().ok()?.beyond(limit)
    }

    /// The stage past which nothing of this case is played: the earlier of the
    /// target's `up_to` and the one given.
    #[must_use]
    pub fn limit(&self, up_to: Option<Stage>) -> Option<Stage> {
        match (self.target.up_to, up_to) {
            (Some(own), Some(given)) => Some(own.min(given)),
            (own, given) => own.or(given),
        }
    }
}

/// One case of many sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// How many sessions; at least 1.
    pub times: u32,
    /// The most of them at once, as far as the target bears it; at least 1.
    pub parallel: u32,
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
