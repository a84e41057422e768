//! The axes and columns that make a case, as reports tell them.

use std::collections::HashSet;
use std::sync::Arc;

use super::vars::{SECRETS, Scope};
use crate::yaml::{Node, Value};

/// Names and values, in order, of those columns and axes that are meant; `--set`
/// outranks what the table has. An empty cell is left out.
pub(super) fn told(scope: &Scope<'_>, meant: &HashSet<Arc<str>>) -> Box<[(Arc<str>, Arc<str>)]> {
    let value = |name: &Arc<str>| {
        let binding = scope.bindings.iter().find(|binding| binding.name == &**name)?;
        // What is wrong with it was reported where it is used.
        let node = scope.value(name, binding.node.span, &mut Vec::new())?;
        Some((Arc::clone(name), in_words(&node)?))
    };
    scope.columns.iter().filter(|name| meant.contains(*name)).filter_map(value).collect()
}

/// `TLSv1.2`; `mode: starttls, version: TLSv1.2`.
fn in_words(node: &Node) -> Option<Arc<str>> {
    match &node.value {
        Value::Null => None,
        Value::Scalar(text) => Some(Arc::clone(text)),
        Value::Sequence(items) => {
            Some(items.iter().filter_map(in_words).collect::<Vec<_>>().join(", ").into())
        }
        // A report goes everywhere; a secret must not.
        Value::Mapping(entries) => {
            let entries = entries.iter().filter(|(key, _)| !SECRETS.contains(&&*key.name));
            let words = entries.filter_map(|(key, node)| Some(format!("{}: {}", key.name, in_words(node)?)));
            Some(words.collect::<Vec<_>>().join(", ").into())
        }
    }
}
