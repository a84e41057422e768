//! The ids of cases: stable, for baselines and `--failed` rely on them.

use super::vars::{SECRETS, Scope};
use crate::yaml::{Node, Value};

/// Letters and digits in lower case, everything else one hyphen.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    if out.ends_with('-') {
        out.pop();
    }
    out
}

/// What tells a case from those of the same name: the row's `id`, or the columns
/// used outside `expect`; and the values of the axes.
pub(super) fn suffix(scope: &Scope<'_>, axes: &[&str], used: impl Fn(&str) -> bool) -> String {
    let id = scope.bindings.iter().any(|binding| binding.name == "id");
    let mut words = Vec::new();
    for binding in scope.bindings {
        let wanted = match axes.contains(&binding.name) {
            true => true,
            false if id => binding.name == "id",
            false => used(binding.name),
        };
        if !wanted {
            continue;
        }
        let value = match binding.literal {
            true => Some(binding.node.clone()),
            // What is wrong with it is reported where it is used.
            false => scope.fill(binding.node, &mut Vec::new()).ok().flatten(),
        };
        if let Some(value) = value {
            spell(&value, &mut words);
        }
    }
    words.iter().map(|word| slug(word)).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

fn spell(node: &Node, words: &mut Vec<String>) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(text) => words.push(text.to_string()),
        Value::Sequence(items) => items.iter().for_each(|item| spell(item, words)),
        // An id goes into every report; a secret must not.
        Value::Mapping(entries) => {
            let told = entries.iter().filter(|(key, _)| !SECRETS.contains(&&*key.name));
            told.for_each(|(_, value)| spell(value, words));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Sources, parse};

    #[test]
    fn slugs_keep_letters_and_digits() {
        for (text, expected) in [
            ("only the P2 sender is ours", "only-the-p2-sender-is-ours"),
            ("TLS TLSv1.0 at submission", "tls-tlsv1-0-at-submission"),
            ("  --Grüße, 用户! ", "grüße-用户"),
            ("???", ""),
        ] {
            assert_eq!(slug(text), expected);
        }
    }

    #[test]
    fn a_secret_is_no_part_of_an_id() {
        let mut sources = Sources::default();
        let file = sources.add("t", "t".into(), "{ mechanism: LOGIN, password: hunter2, token: { env: A } }");
        let mut words = Vec::new();
        spell(&parse(&sources, file).expect("well-formed"), &mut words);
        assert_eq!(words, ["LOGIN"]);
    }
}
