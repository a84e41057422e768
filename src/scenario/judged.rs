//! `expect` and `except`: what holds for one case.

use std::sync::Arc;

use super::part::State;
use super::read::{self, Mail};
use super::table::{Condition, condition, meets};
use super::vars::Scope;
use super::view::Findings;
use super::{Expectations, SourceLine};
use crate::yaml::{Diagnostic, Field, Node, Sources, Span, Value};

/// The first of `except` whose condition holds, and its `expect`.
pub(super) fn except<'v>(
    state: &State<'_, 'v>,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<(usize, Field<'v>)> {
    let list = state.view.get("except")?;
    let items = list.list(&mut findings.faults)?;
    for (n, item) in items.iter().enumerate() {
        let mut fields = list.item(item).fields(&mut findings.faults)?;
        let when = fields.require("when", item.span, &mut findings.faults);
        let expect = fields.require("expect", item.span, &mut findings.faults);
        fields.finish(&mut findings.faults);
        let (Some(when), Some(expect)) = (when, expect) else { continue };
        let when: Option<Condition> = condition(when, &mut findings.faults);
        if when.is_some_and(|when| meets(&when, scope, &mut findings.faults)) {
            return Some((n, expect));
        }
    }
    None
}

/// Reads the expectations of all exceptions.
pub(super) fn except_expectations(node: &Node, faults: &mut Vec<Diagnostic>) {
    let Value::Sequence(items) = &node.value else { return };
    for item in items {
        let Value::Mapping(entries) = &item.value else { continue };
        if let Some((key, node)) = entries.iter().find(|(key, _)| &*key.name == "expect") {
            read::expectation(Some(Field::new(&key.name, key.span, node)), SourceLine::default(), faults);
        }
    }
}

pub(super) fn expectations(
    field: Option<Field<'_>>,
    source: &SourceLine,
    whole: Span,
    sources: &Sources,
    findings: &mut Findings,
) -> Option<Arc<Expectations>> {
    let at = field.map_or(whole, |field| field.span());
    let line = match field {
        Some(_) => super::expand::source_line(sources, at),
        None => source.clone(),
    };
    read::expectation(field, line, &mut findings.faults).map(Arc::new)
}

/// Adds what transactions and recipients expect of their own.
pub(super) fn with_mail(mut expect: Arc<Expectations>, mail: &Mail) -> Arc<Expectations> {
    if !mail.expect.is_empty() || !mail.recipients.is_empty() {
        let own = Arc::make_mut(&mut expect);
        own.transactions.clone_from(&mail.expect);
        own.recipients.clone_from(&mail.recipients);
    }
    expect
}
