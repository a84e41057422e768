//! What holds of tenants files whatever is in them; see `src/fuzz.rs`.

use super::load::Gathered;
use crate::exchange::Tenants;
use crate::exchange::audit::audit;
use crate::yaml::{self, Diagnostic, Node, Severity, Sources};

/// A tenants file in YAML, and the same bytes as an export in JSON: tenants that can be
/// audited, or faults that can be shown.
///
/// # Panics
///
/// Where a fault has no place, or is told with a control character.
pub fn tenants(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut sources = Sources::default();
    let yaml = sources.add("tenants.yaml", "tenants.yaml".into(), text);
    let json = sources.add("tenants.json", "tenants.json".into(), text);
    read(yaml::parse(&sources, yaml), true, &sources);
    let root = yaml::parse_json(&sources, json);
    let is_json = serde_json::from_str::<serde_json::Value>(text);
    // serde_json takes members twice, nests deeper, and leaves nothing to numbers.
    if let (Ok(_), Err(error)) = (&root, &is_json) {
        assert!(error.to_string().contains("out of range"), "{error}");
    }
    read(root, false, &sources);
}

fn read(root: Result<Node, Vec<Diagnostic>>, by_hand: bool, sources: &Sources) {
    let mut faults = Vec::new();
    match root {
        Ok(root) => {
            let mut gathered = Gathered::default();
            gathered.root(root, "contoso", by_hand, &mut faults);
            let tenants = gathered.tenants(&mut faults);
            if !faults.iter().any(|fault| fault.severity == Severity::Error) {
                for finding in audit(&Tenants::new(tenants)) {
                    assert!(!finding.rule.id.is_empty());
                }
            }
        }
        Err(broken) => faults = broken,
    }
    for span in faults.iter().filter_map(|fault| fault.span) {
        let text = &sources.get(span.file).text;
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} of {text}");
    }
    let shown = yaml::render(&faults, sources, false);
    assert!(!shown.chars().any(|c| c != '\n' && c.is_control()), "{shown}");
}
