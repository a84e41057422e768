//! For programs: one object, its fields as `docs/report.md` has them.

use serde::Serialize;

use super::view::Audited;
use crate::exchange::audit::{Finding, Other, Severity};
use crate::report::words::{TOOL, in_json};

/// The findings as JSON.
#[must_use]
pub fn audit_as_json(audited: &Audited<'_>) -> Vec<u8> {
    let document = Document {
        schema: 1,
        tool: TOOL,
        summary: Summary {
            tenants: audited.tenants,
            connectors: audited.connectors,
            error: audited.count(Severity::Error),
            warning: audited.count(Severity::Warning),
            note: audited.count(Severity::Note),
        },
        findings: audited.findings.iter().map(|finding| Entry::of(audited, finding)).collect(),
    };
    in_json(&document)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: &'static str,
    summary: Summary,
    findings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Summary {
    tenants: usize,
    connectors: usize,
    error: usize,
    warning: usize,
    note: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    severity: &'static str,
    title: &'a str,
    tenant: &'a str,
    object: &'a str,
    property: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
    message: &'a str,
    why: &'a str,
    fix: Fix<'a>,
    source: &'a str,
    confidence: &'static str,
    others: Vec<OtherEntry<'a>>,
}

#[derive(Serialize)]
struct Fix<'a> {
    first: &'a str,
    command: &'a str,
}

#[derive(Serialize)]
struct OtherEntry<'a> {
    tenant: &'a str,
    object: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
}

impl<'a> Entry<'a> {
    fn of(audited: &Audited<'a>, finding: &'a Finding) -> Self {
        let place = audited.place(finding.at);
        Self {
            id: finding.rule.id,
            severity: finding.rule.severity.as_str(),
            title: finding.rule.title,
            tenant: &finding.tenant,
            object: &finding.object,
            property: (!finding.property.is_empty()).then_some(finding.property),
            file: place.map(|place| place.file),
            line: place.map(|place| place.line),
            message: &finding.message,
            why: finding.rule.why,
            fix: Fix { first: &finding.fix.first, command: &finding.fix.command },
            source: finding.rule.source,
            confidence: finding.rule.confidence.as_str(),
            others: finding.others.iter().map(|other| OtherEntry::of(audited, other)).collect(),
        }
    }
}

impl<'a> OtherEntry<'a> {
    fn of(audited: &Audited<'a>, other: &'a Other) -> Self {
        let place = audited.place(other.at);
        Self {
            tenant: &other.tenant,
            object: &other.object,
            file: place.map(|place| place.file),
            line: place.map(|place| place.line),
        }
    }
}
