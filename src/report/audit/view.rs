//! What was audited and what was found, with the places as people read them.

use crate::exchange::audit::{Finding, Severity};
use crate::yaml::{Sources, Span};

/// The result of an audit.
#[derive(Clone, Copy, Debug)]
pub struct Audited<'a> {
    /// What was found, the worst first.
    pub findings: &'a [Finding],
    /// The files that the findings stand in.
    pub sources: &'a Sources,
    /// How many tenants were looked at.
    pub tenants: usize,
    /// How many inbound connectors they have.
    pub connectors: usize,
}

/// A file and a line, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) line: u32,
}

impl<'a> Audited<'a> {
    pub(super) fn place(&self, span: Option<Span>) -> Option<Place<'a>> {
        let span = span?;
        Some(Place { file: &self.sources.get(span.file).name, line: self.sources.line(span) })
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.rule.severity == severity).count()
    }
}
