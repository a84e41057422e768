//! What a rule is, and what it finds.

use std::fmt;
use std::str::FromStr;

use super::estate::Estate;
use crate::exchange::catalogue::Confidence;
use crate::yaml::Span;

/// How bad a finding is, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing may be wrong.
    Note,
    /// Works, until something else changes; or less than it seems to.
    Warning,
    /// Mail is refused, or attributed to somebody else.
    Error,
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    /// The name in results and on the command line; SARIF's own.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSeverity;

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, UnknownSeverity> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text).ok_or(UnknownSeverity)
    }
}

/// Something that can be wrong.
#[derive(Debug)]
pub struct Rule {
    /// Its name for programs; it never changes its meaning.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// Where this is known from.
    pub source: &'static str,
    /// How well it is known.
    pub confidence: Confidence,
    /// Looks for it.
    pub(super) find: fn(&Estate<'_>, &mut Vec<Finding>),
}

/// Something that is wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// By which rule.
    pub rule: &'static Rule,
    /// Whose object is at fault.
    pub tenant: String,
    /// The object: `InboundConnector "Hybrid"`.
    pub object: String,
    /// Its property at fault; empty where it is the object as a whole.
    pub property: &'static str,
    /// Where that stands.
    pub at: Option<Span>,
    /// What is wrong with it, a sentence.
    pub message: String,
    /// What mends it.
    pub fix: Fix,
    /// The objects that it is in conflict with: some, where there are many.
    pub others: Vec<Other>,
}

/// What mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What has to be done besides, in words that lead to the command; often nothing.
    pub first: String,
    /// The command, as PowerShell takes it; `<…>` stands for what nobody but the
    /// administrator knows.
    pub command: String,
}

impl Fix {
    /// A command that something else goes with.
    pub(super) fn after(first: impl Into<String>, command: impl Into<String>) -> Self {
        Self { first: first.into(), command: command.into() }
    }
}

impl From<String> for Fix {
    fn from(command: String) -> Self {
        Self { first: String::new(), command }
    }
}

/// Another object that has to do with a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// Whose it is.
    pub tenant: String,
    /// The object.
    pub object: String,
    /// Where it stands.
    pub at: Option<Span>,
}
