//! For people: rule by rule, below each what it found.

use std::fmt::Write as _;

use super::view::Audited;
use crate::exchange::audit::{Finding, Rule, Severity};
use crate::report::Palette;
use crate::report::prose::{field, wrapped};
use crate::report::words::count;
use crate::smtp::visible;

/// The findings for people.
#[must_use]
pub fn audit_as_text(audited: &Audited<'_>, palette: Palette) -> String {
    let mut out = String::new();
    for group in audited.findings.chunk_by(|one, other| std::ptr::eq(one.rule, other.rule)) {
        heading(group[0].rule, palette, &mut out);
        for finding in group {
            block(audited, finding, palette, &mut out);
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{}", summary(audited));
    out
}

/// What is wrong, why it matters, how it is known.
fn heading(rule: &Rule, palette: Palette, out: &mut String) {
    let word = format!("{:<7}", rule.severity.as_str());
    let word = match rule.severity {
        Severity::Error => palette.bad(word),
        Severity::Warning => palette.doubtful(word),
        Severity::Note => palette.faint(word),
    };
    let _ = writeln!(out, "{word}  {}", palette.strong(rule.id));
    field(2, "what", rule.title, palette, out);
    field(2, "why", rule.why, palette, out);
    field(2, "source", &format!("{} ({})", rule.source, rule.confidence.as_str()), palette, out);
}

fn block(audited: &Audited<'_>, finding: &Finding, palette: Palette, out: &mut String) {
    out.push('\n');
    let head = format!("{}, {}", finding.tenant, finding.object);
    let _ = writeln!(out, "  {}", palette.strong(visible(&head)));
    if let Some(place) = audited.place(finding.at) {
        let property = if finding.property.is_empty() { "" } else { "  " };
        let line = format!("{}:{}{property}{}", place.file, place.line, finding.property);
        let _ = writeln!(out, "    {}", palette.faint(visible(&line)));
    }
    for line in wrapped(&visible(&finding.message), palette.width() - 4) {
        let _ = writeln!(out, "    {line}");
    }
    for other in &finding.others {
        let at = audited.place(other.at).map_or(String::new(), |at| format!("  {}:{}", at.file, at.line));
        let line = format!("see {}, {}{at}", other.tenant, other.object);
        let _ = writeln!(out, "    {}", palette.faint(visible(&line)));
    }
    if !finding.fix.first.is_empty() {
        field(4, "to do", &visible(&finding.fix.first), palette, out);
    }
    // Whole, however long: it is there to be copied.
    let _ = writeln!(out, "    {}", palette.good(format!("PS> {}", visible(&finding.fix.command))));
}

/// `3 errors, 1 warning and 2 notes · 4 tenants, 12 inbound connectors · nobody was
/// asked`.
fn summary(audited: &Audited<'_>) -> String {
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .filter(|severity| audited.count(*severity) > 0)
        .map(|severity| count(audited.count(severity), severity.as_str()))
        .collect();
    let found = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    let tenants = count(audited.tenants, "tenant");
    let connectors = count(audited.connectors, "inbound connector");
    format!("{found} · {tenants}, {connectors} · offline, nobody was asked")
}
