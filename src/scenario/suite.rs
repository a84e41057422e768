//! Scenario files as they are written: defaults and scenarios, nothing filled in.

use std::sync::Arc;

use crate::yaml::{Diagnostic, Field, Fields, Key, Node, Sources, Span, Value, nearest};

use super::table::{CsvFiles, read_csv};

/// Every key of a scenario.
const KEYS: [&str; 30] = [
    "name",
    "description",
    "tags",
    "skip",
    "vars",
    "target",
    "source_ip",
    "ehlo",
    "helo",
    "tls",
    "certificate",
    "auth",
    "extensions",
    "mail_from",
    "rcpt_to",
    "header_from",
    "subject",
    "body",
    "headers",
    "message",
    "stop_after",
    "transactions",
    "timeout",
    "retry",
    "repeat",
    "matrix",
    "cases",
    "steps",
    "expect",
    "except",
];

/// The keys that a scenario may have.
pub fn scenario_keys() -> impl Iterator<Item = &'static str> {
    KEYS.into_iter()
}

/// The most unknown keys of one map that are told: more are no typing errors.
const MAX_UNKNOWN: usize = 100;

/// A scenario as it is written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) span: Span,
    pub(super) entries: Vec<(Key, Node)>,
}

/// A scenario file.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) name: Arc<str>,
    /// Where the defaults stand and what they are; tags of the file are among
    /// them.
    pub(super) defaults: Vec<(Key, Node)>,
    pub(super) defaults_at: Option<Span>,
    pub(super) vars: Vec<(Key, Node)>,
    pub(super) scenarios: Vec<Written>,
    pub(super) csv: CsvFiles,
}

impl Suite {
    /// Reads a scenario file's tree; `stem` names it where it has no `suite`.
    pub(super) fn read(root: &Node, stem: &str, sources: &mut Sources, faults: &mut Vec<Diagnostic>) -> Self {
        let mut suite = Self {
            name: stem.into(),
            defaults: Vec::new(),
            defaults_at: None,
            vars: Vec::new(),
            scenarios: Vec::new(),
            csv: CsvFiles::new(),
        };
        let Some(mut fields) = Fields::of_root(root, faults) else { return suite };
        if let Some(name) = fields.take("suite").and_then(|field| field.text(faults)) {
            suite.name = name.into();
        }
        fields.take("description").map(|field| field.text(faults));
        let tags = fields.take("tags");
        if let Some(field) = fields.take("defaults")
            && let Some(entries) = field.entries(faults)
        {
            suite.defaults_at = Some(field.span());
            suite.defaults = with_values(entries);
            check_keys(entries, true, faults);
        }
        if let Some(tags) = tags
            && suite.defaults.iter().all(|(key, _)| &*key.name != "tags")
        {
            let key = Key { span: tags.key_span(), name: "tags".into() };
            suite.defaults.push((key, tags.node().clone()));
        }
        if let Some(entries) = fields.take("vars").and_then(|field| field.entries(faults)) {
            suite.vars = entries.to_vec();
        }
        if let Some(field) = fields.require("scenarios", Span { end: root.span.start, ..root.span }, faults)
            && let Some(items) = field.list(faults)
        {
            if items.is_empty() {
                faults.push(field.error("`scenarios` is empty"));
            }
            for node in items {
                let Some(entries) = field.item(node).entries(faults) else { continue };
                check_keys(entries, false, faults);
                suite.scenarios.push(Written { span: node.span, entries: with_values(entries) });
            }
        }
        misplaced(root, faults);
        // What remains is either unknown or was just told to be misplaced.
        let mut rest = Vec::new();
        fields.finish(&mut rest);
        faults.extend(rest.into_iter().filter(|fault| faults_here(faults, fault)).collect::<Vec<_>>());
        for entries in suite.scenarios.iter().map(|scenario| &scenario.entries).chain([&suite.defaults]) {
            if let Some((_, cases)) = entries.iter().find(|(key, _)| &*key.name == "cases") {
                read_csv(cases, sources, &mut suite.csv, faults);
            }
        }
        suite
    }
}

/// What is left when unknown keys and those without a value, which were
/// reported, are taken out.
fn with_values(entries: &[(Key, Node)]) -> Vec<(Key, Node)> {
    let meant = |key: &Key, node: &Node| KEYS.contains(&&*key.name) && !matches!(node.value, Value::Null);
    entries.iter().filter(|(key, node)| meant(key, node)).cloned().collect()
}

/// Whether nothing was said yet of that place.
fn faults_here(faults: &[Diagnostic], fault: &Diagnostic) -> bool {
    faults.iter().all(|before| before.span != fault.span)
}

/// Reports scenario keys at the top of a file.
fn misplaced(root: &Node, faults: &mut Vec<Diagnostic>) {
    let Value::Mapping(entries) = &root.value else { return };
    for (key, _) in entries {
        if KEYS.contains(&&*key.name) && !["description", "tags", "vars"].contains(&&*key.name) {
            faults.push(
                Diagnostic::error(format!("`{}` is a scenario's key", key.name), key.span)
                    .label("put it under `defaults` or into a scenario"),
            );
        }
    }
}

/// Reports keys that are unknown, without value, or not for defaults.
fn check_keys(entries: &[(Key, Node)], defaults: bool, faults: &mut Vec<Diagnostic>) {
    let expects = entries.iter().any(|(key, _)| &*key.name == "expect");
    let mut unknown = 0;
    for (key, node) in entries {
        let name = &*key.name;
        if matches!(node.value, Value::Null) && KEYS.contains(&name) {
            Field::new(name, key.span, node).wrong("a value", faults);
        }
        if defaults && name == "name" {
            faults.push(Diagnostic::error("`name` is each scenario's own", key.span));
        } else if !KEYS.contains(&name) {
            unknown += 1;
            if unknown > MAX_UNKNOWN {
                continue;
            }
            let fault = Diagnostic::error(format!("unknown key `{name}`"), key.span);
            let near = nearest(name, KEYS.into_iter());
            let fault = match near {
                Some(near) => fault.label(format!("did you mean `{near}`?")),
                None => fault,
            };
            faults.push(match near {
                Some("expect") if !expects => {
                    fault.note("without `expect` this case passes when every stage is positive")
                }
                _ => fault,
            });
        }
    }
}
