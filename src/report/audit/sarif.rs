//! For code scanning: SARIF 2.1.0 (OASIS standard of 2020-03-27).

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::view::{Audited, Place};
use crate::exchange::audit::{Finding, Rule, rules};
use crate::report::words::in_json;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// The findings as SARIF: every rule described, every finding a result.
#[must_use]
pub fn audit_as_sarif(audited: &Audited<'_>) -> Vec<u8> {
    let driver = json!({
        "name": "relayprobe",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules().map(descriptor).collect::<Vec<_>>(),
    });
    let results: Vec<Value> = audited.findings.iter().map(|finding| result(audited, finding)).collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    in_json(&document)
}

/// §3.49.
fn descriptor(rule: &'static Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": sentence(rule.title) },
        "fullDescription": { "text": rule.why },
        "help": { "text": format!("{}\n\nSource: {} ({})", rule.why, rule.source, rule.confidence.as_str()) },
        "defaultConfiguration": { "level": rule.severity.as_str() },
    })
}

/// §3.27. The level's names are SARIF's own.
fn result(audited: &Audited<'_>, finding: &Finding) -> Value {
    let index = rules().position(|rule| std::ptr::eq(rule, finding.rule));
    let name = match finding.property {
        "" => finding.object.clone(),
        property => format!("{}.{property}", finding.object),
    };
    let to_do = match finding.fix.first.as_str() {
        "" => finding.fix.command.clone(),
        first => format!("{first}: {}", finding.fix.command),
    };
    let mut location = json!({
        "logicalLocations": [{
            "name": name,
            "fullyQualifiedName": format!("{}/{name}", finding.tenant),
            "kind": "object",
        }],
    });
    if let Some(place) = audited.place(finding.at) {
        location["physicalLocation"] = physical(place);
    }
    let related = finding.others.iter().enumerate().map(|(n, other)| {
        let text = format!("{}, {}", other.tenant, other.object);
        let mut location = json!({ "id": n + 1, "message": { "text": text } });
        if let Some(place) = audited.place(other.at) {
            location["physicalLocation"] = physical(place);
        }
        location
    });
    json!({
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": finding.rule.severity.as_str(),
        "message": { "text": format!("{}: {}. To do: {to_do}", finding.tenant, finding.message) },
        "locations": [location],
        "relatedLocations": related.collect::<Vec<_>>(),
        // Lines move; the object and what is wrong with it do not.
        "partialFingerprints": { "finding/v1": format!("{}/{}/{name}", finding.rule.id, finding.tenant) },
    })
}

fn physical(place: Place<'_>) -> Value {
    json!({
        "artifactLocation": { "uri": uri(place.file) },
        "region": { "startLine": place.line },
    })
}

/// A path as a URI reference (§3.10.1, RFC 3986): relative as it was given.
fn uri(path: &str) -> String {
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte.into())
            }
            // Writing to a String cannot fail.
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A fragment as a sentence, as code scanning shows it.
fn sentence(fragment: &str) -> String {
    let mut chars = fragment.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_reference() {
        assert_eq!(uri("exports/My tenant#1.json"), "exports/My%20tenant%231.json");
        assert_eq!(uri("/srv/t.yaml"), "file:///srv/t.yaml");
    }
}
