//! One thing that is read from some keys, and read once where none of them varies.

use std::collections::HashSet;

use super::view::{Findings, View};
use crate::yaml::{Diagnostic, Node, Value};

/// One thing that is read from some keys: shared by all cases where none of the
/// keys varies.
pub(super) struct Part<T> {
    keys: &'static [&'static str],
    shared: Option<(Option<T>, Vec<String>)>,
}

impl<T: Clone> Part<T> {
    pub(super) const fn of(keys: &'static [&'static str]) -> Self {
        Self { keys, shared: None }
    }

    pub(super) fn read(
        &mut self,
        state: &State<'_, '_>,
        findings: &mut Findings,
        make: impl FnOnce(&View<'_>, &mut Findings) -> Option<T>,
    ) -> Option<T> {
        if self.keys.iter().any(|key| state.broken.contains(key) && stand_in(key).is_none()) {
            return None;
        }
        if self.keys.iter().any(|key| state.varying.contains(key)) {
            let before = findings.faults.len();
            let value = make(&state.view, findings);
            name_case(state.id, &mut findings.faults[before..]);
            return value;
        }
        let (value, notes) = self.shared.get_or_insert_with(|| {
            let before = findings.notes.len();
            let value = make(&state.view, findings);
            (value, findings.notes.split_off(before))
        });
        findings.notes.extend_from_slice(notes);
        value.clone()
    }
}

/// Says which case is wrong, where others may be right.
pub(super) fn name_case(id: &str, faults: &mut [Diagnostic]) {
    for fault in faults {
        fault.notes.push(format!("in case `{id}`"));
    }
}

/// The keys of one case, as far as they could be filled in.
pub(super) struct State<'s, 'v> {
    pub(super) id: &'s str,
    pub(super) view: View<'v>,
    /// Keys that differ from case to case.
    pub(super) varying: &'s HashSet<&'v str>,
    /// Keys with a variable that could not be filled in.
    pub(super) broken: Vec<&'v str>,
}

/// What stands for the value of a key that could not be filled in, so that what
/// else is wrong shows as well. The case is never played.
fn stand_in(key: &str) -> Option<&'static str> {
    match key {
        "mail_from" => Some(""),
        "rcpt_to" => Some("postmaster"),
        "ehlo" | "helo" | "header_from" | "subject" | "body" => Some("x"),
        _ => None,
    }
}

pub(super) fn placeholder(key: &str, node: &Node) -> Option<Node> {
    stand_in(key).map(|text| Node { span: node.span, value: Value::Scalar(text.into()) })
}
