//! The file of accepted differences.
//!
//! ```yaml
//! accept:
//!   - case: "relay/*"
//!     change: [certificate, ehlo]
//!     after: "*relay.example*"
//!     because: the new relay has a certificate of its own and offers CHUNKING
//!     until: 2027-01-31
//! ```

use std::path::Path;

use chrono::NaiveDate;

use crate::report::{Kind, Rule};
use crate::yaml::{Diagnostic, Field, Fields, Sources, parse, read_file};

/// Reads the rules of a file, in its order.
pub(super) fn read(path: &Path, sources: &mut Sources) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    let file = read_file(path, sources).map_err(|fault| vec![fault])?;
    let root = parse(sources, file)?;
    let mut faults = Vec::new();
    let mut rules = Vec::new();
    if let Some(mut fields) = Fields::of_root(&root, &mut faults) {
        let items = fields.require("accept", root.span, &mut faults);
        fields.finish(&mut faults);
        for item in items.and_then(|field| field.list(&mut faults)).unwrap_or_default() {
            let field = Field::new("accept", item.span, item);
            if let Some(rule) = rule(field, &mut faults) {
                let (file, line) = (sources.get(file).name.to_string(), sources.line(item.span));
                rules.push(Rule { file, line, ..rule });
            }
        }
    }
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

fn rule(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Rule> {
    let whole = field.span();
    let mut fields = field.fields(faults)?;
    let case = fields.require("case", whole, faults).and_then(|field| said(field, faults));
    let kinds = fields.require("change", whole, faults).map(|field| kinds(field, faults));
    let after = fields.take("after").and_then(|field| said(field, faults));
    let because = fields.take("because");
    if because.is_none() {
        faults.push(
            Diagnostic::error("`because` is missing", whole)
                .label("say why this is accepted: who reads it next year will ask"),
        );
    }
    let because = because.and_then(|field| said(field, faults));
    let until = fields.take("until").and_then(|field| day(field, faults));
    fields.finish(faults);
    Some(Rule { case: case?, kinds: kinds?, after, because: because?, until, file: String::new(), line: 0 })
}

/// A text that says something.
fn said(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<String> {
    let text = field.text(faults)?.trim();
    if text.is_empty() {
        faults.push(field.error(format!("`{}` is empty", field.name())));
    }
    Some(text.to_owned())
}

fn kinds(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Vec<Kind> {
    let known: Vec<(&'static str, Kind)> =
        Kind::ALL.into_iter().filter(|kind| !kind.is_note()).map(|kind| (kind.as_str(), kind)).collect();
    let items = field.one_or_many();
    if items.is_empty() {
        faults.push(field.error("`change` names no kind of change"));
    }
    items.iter().filter_map(|item| field.item(item).word("kind of change", &known, faults)).collect()
}

fn day(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<NaiveDate> {
    let text = field.text(faults)?;
    let day = text.parse().ok();
    if day.is_none() {
        faults.push(field.error(format!("`until` takes a day such as 2027-01-31, not `{text}`")));
    }
    day
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Rule>, Vec<String>> {
        let name = format!("relayprobe-accept-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).expect("a new file");
        let read = read(&path, &mut Sources::default());
        let _ = std::fs::remove_file(&path);
        read.map_err(|faults| faults.into_iter().map(|f| format!("{}|{}", f.message, f.label)).collect())
    }

    #[test]
    fn a_rule_says_what_of_which_cases_and_why() {
        let rules = read_text(
            "accept:\n  - { case: 'a/*', change: ehlo, because: it is new }\n  - case: b\n    change: [tls, cipher]\n    because: asked for\n    until: 2027-01-31\n",
        )
        .expect("sound");
        assert_eq!(rules.len(), 2);
        assert_eq!((&*rules[0].case, &*rules[0].kinds, rules[0].line), ("a/*", &[Kind::Ehlo][..], 2));
        assert_eq!((&*rules[1].kinds, rules[1].line), (&[Kind::Tls, Kind::Cipher][..], 3));
        assert_eq!(rules[1].until.map(|day| day.to_string()).as_deref(), Some("2027-01-31"));
    }

    #[test]
    fn every_mistake_is_told_in_one_go() {
        let faults = read_text(
            "accept:\n  - { case: a, change: ehlo }\n  - { case: a, change: certifcate, because: x, untl: 2027-01-31 }\n  - { case: a, change: moves, because: '', until: soon }\n",
        )
        .expect_err("faults");
        let expected = [
            "`because` is missing|say why this is accepted",
            "unknown kind of change `certifcate`|did you mean `certificate`?",
            "unknown key `untl`|did you mean `until`?",
            "unknown kind of change `moves`|",
            "`because` is empty|",
            "`until` takes a day such as 2027-01-31, not `soon`|",
        ];
        assert_eq!(faults.len(), expected.len(), "{faults:#?}");
        for start in expected {
            assert!(faults.iter().any(|fault| fault.starts_with(start)), "{start}: {faults:#?}");
        }
    }
}
