//! The grammar of expectations (contract §3.3).

use std::collections::HashSet;

use super::super::{Bounds, Expect, Expectations, Patterns, Share, SourceLine};
use super::stages::stages;
use crate::yaml::{Diagnostic, Field, Value};

/// The most patterns that one `share` names.
const MAX_SHARES: usize = 20;

/// Reads one pattern, or a list of them.
pub(super) fn patterns(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Patterns> {
    let items = field.one_or_many();
    if items.is_empty() {
        faults.push(field.error(format!("`{}` is an empty list: nothing could hold", field.name())));
        return None;
    }
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        let item = field.item(item);
        let Some(text) = item.node().as_str() else {
            item.wrong("a pattern such as `550 5.7.64`", faults);
            continue;
        };
        match Patterns::parse(text) {
            Ok(patterns) => all.push(patterns),
            Err(why) => faults.push(item.error(why)),
        }
    }
    (all.len() == items.len()).then(|| Patterns::any_of(all)).flatten()
}

/// Reads an `expect`: a pattern, a list of patterns, or a map.
pub(in super::super) fn expect(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Expect> {
    let Value::Mapping(entries) = &field.node().value else {
        return patterns(field, faults).map(Expect::Decisive);
    };
    if entries.is_empty() {
        faults.push(field.error("`expect` is an empty map").label("leave it out to expect positive replies"));
        return None;
    }
    let alone = entries.iter().find(|(key, _)| ["attempts", "share"].contains(&&*key.name));
    let Some((key, node)) = alone else {
        return stages(field, faults).map(|stages| Expect::Stages(Box::new(stages)));
    };
    if let Some((other, _)) = entries.iter().find(|(other, _)| other.name != key.name) {
        let fault = format!("`{}` cannot stand beside `{}`", other.name, key.name);
        faults.push(Diagnostic::error(fault, other.span));
        return None;
    }
    let value = Field::new(&key.name, key.span, node);
    if &*key.name == "share" { shares(value, faults) } else { attempts(value, faults) }
}

/// Reads the list under `attempts`.
fn attempts(list: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Expect> {
    let items = list.list(faults)?;
    if items.is_empty() || items.len() > 100 {
        faults.push(list.error("`attempts` takes 1 to 100 patterns, one an attempt"));
        return None;
    }
    let read: Vec<Patterns> = items.iter().filter_map(|item| patterns(list.item(item), faults)).collect();
    (read.len() == items.len()).then_some(Expect::Attempts(read))
}

/// Reads the map under `share`: patterns and how many sessions may end so.
fn shares(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Expect> {
    let entries = field.entries(faults)?;
    if entries.is_empty() || entries.len() > MAX_SHARES {
        let fault = field.error(format!("`share` takes 1 to {MAX_SHARES} patterns, each with its share"));
        faults.push(fault.label("such as `{ 421 4.7.66: 1%..20%, 250: \">=80%\" }`"));
        return None;
    }
    let mut all = Vec::with_capacity(entries.len());
    for (key, node) in entries {
        let value = Field::new(&key.name, key.span, node);
        let patterns =
            Patterns::parse(&key.name).map_err(|why| faults.push(Diagnostic::error(why, key.span)));
        let Some(text) = value.text(faults) else { continue };
        let bounds = Bounds::parse(text).map_err(|why| faults.push(value.error(why)));
        if let (Ok(patterns), Ok(bounds)) = (patterns, bounds) {
            let written = patterns.written.clone();
            all.push(Share { expect: Expect::Decisive(patterns), written, bounds });
        }
    }
    (all.len() == entries.len()).then_some(Expect::Shares(all))
}

/// The whole expectation of a case.
pub(in super::super) fn expectation(
    field: Option<Field<'_>>,
    line: SourceLine,
    faults: &mut Vec<Diagnostic>,
) -> Option<Expectations> {
    let session = match field {
        Some(field) => expect(field, faults)?,
        None => Expect::Positive,
    };
    Some(Expectations {
        session,
        transactions: Vec::new(),
        recipients: Vec::new(),
        steps: Vec::new(),
        at: line,
    })
}

/// Reports a name that stands twice in a list.
pub(super) fn no_doubles(field: Field<'_>, names: &[&str], faults: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name.to_ascii_uppercase()) {
            faults.push(field.error(format!("`{name}` stands twice in `{}`", field.name())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Sources, parse};

    fn read(text: &str) -> Option<Expect> {
        let mut sources = Sources::default();
        let file = sources.add("t", "t".into(), text);
        let root = parse(&sources, file).expect("well-formed");
        expect(Field::new("expect", root.span, &root), &mut Vec::new())
    }

    #[test]
    fn a_pattern_a_list_a_map_and_attempts_are_told_apart() {
        assert!(matches!(read("250"), Some(Expect::Decisive(patterns)) if patterns.any.len() == 1));
        assert!(
            matches!(read("[250, 450, closed]"), Some(Expect::Decisive(patterns)) if patterns.any.len() == 3)
        );
        assert!(matches!(read("{ rcpt_to: 550 }"), Some(Expect::Stages(stages)) if stages.stages.len() == 1));
        assert!(
            matches!(read("{ attempts: [450, [250, 251]] }"), Some(Expect::Attempts(attempts)) if attempts.len() == 2)
        );
        assert!(
            matches!(read("{ share: { 421 4.7.66: 1%..20%, 250: '>=80%' } }"), Some(Expect::Shares(shares)) if shares.len() == 2)
        );
        for text in [
            "{ share: {} }",
            "{ share: 250 }",
            "{ share: { 250: 80 } }",
            "{ share: { x y: 5% } }",
            "{ share: { 250: 5% }, tls: 220 }",
            "{ share: { 250: 5% }, attempts: [250] }",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
        for text in ["[]", "{}", "{ attempts: [] }", "[250, nonsense]", "{ attempts: [450], tls: 250 }"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
