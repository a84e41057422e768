//! Whether what a case does and what it expects go together.

use super::spec::{AuthSpec, Spec};
use super::target::Target;
use super::view::{Findings, View};
use super::{Delivery, Expect, Expectations, Repeat, StageExpect};
use crate::smtp::Stage;
use crate::yaml::{Diagnostic, Field, Span, Value};

/// Whether the account may log in at the target.
pub(super) fn leave(auth: &AuthSpec, target: &Target, faults: &mut Vec<Diagnostic>) -> Option<()> {
    let Some((account, targets)) = &auth.account else { return Some(()) };
    if targets.contains(&target.name) {
        return Some(());
    }
    let fault = Diagnostic::error(
        format!("the account `{account}` is not for the target `{}`", target.name),
        auth.span,
    );
    faults.push(fault.label("its `targets` in the project file say where its secret may go"));
    None
}

/// Whether who logs in has something to show.
pub(super) fn shows(auth: &AuthSpec, spec: &Spec, faults: &mut Vec<Diagnostic>) -> Option<()> {
    if spec.certificate.is_some() || auth.force || !auth.needs_certificate() {
        return Some(());
    }
    let what = format!("{} without a client certificate", auth.mechanism.as_str());
    let fault = Diagnostic::error(what, auth.span).label("add `certificate`");
    faults.push(fault.note("if the refusal is the point, say so: `force: true`"));
    None
}

/// Whether the session gets to every stage that the expectation names: of what
/// never comes nothing can hold.
pub(super) fn reached(
    expect: &Expect,
    field: Option<Field<'_>>,
    spec: &Spec,
    faults: &mut Vec<Diagnostic>,
) -> Option<()> {
    let (Expect::Stages(map), Some(field)) = (expect, field) else { return Some(()) };
    let planned = spec.stages();
    if matches!(map.delivered, Some(Delivery::Message(_))) && !spec.may_send() {
        let fault = Diagnostic::error("this session sends no message", key_of(field, "delivered"));
        faults.push(fault.label("so none can arrive"));
        return None;
    }
    let beyond = |stage: &Stage| *stage != Stage::Quit && !planned.contains(stage);
    let Some(stage) = map.stages.iter().map(|(stage, _)| *stage).find(beyond) else { return Some(()) };
    let at = key_of(field, stage.as_str());
    let fault = Diagnostic::error(format!("this session never reaches `{stage}`"), at);
    faults.push(match planned.last() {
        Some(last) => fault.label(format!("its last stage is `{last}`, if all goes well")),
        None => fault,
    });
    None
}

/// Where a key of a map stands; the map itself where it has none of that name.
pub(super) fn key_of(field: Field<'_>, name: &str) -> Span {
    let at = match &field.node().value {
        Value::Mapping(entries) => entries.iter().find(|(key, _)| &*key.name == name),
        _ => None,
    };
    at.map_or(field.span(), |(key, _)| key.span)
}

/// How often the case is played, where that goes together with what it expects:
/// shares are shares of something, and an order of attempts is one session's.
pub(super) fn repeated(
    expect: &Expect,
    field: Option<Field<'_>>,
    repeat: Option<Repeat>,
    view: &View<'_>,
    findings: &mut Findings,
) -> Option<Option<Repeat>> {
    let at = field.map_or(view.whole, |field| field.span());
    match (expect, repeat) {
        (Expect::Shares(_), None) => {
            let fault = Diagnostic::error("`share` without `repeat`", at);
            findings.faults.push(fault.label("add `repeat: { times: 50 }` to the scenario"));
            None
        }
        (Expect::Shares(shares), Some(Repeat { times, .. })) => {
            if let Some(share) = shares.iter().find(|share| !share.bounds.is_possible(times)) {
                let why = format!("no number of {times} sessions is {}", share.bounds);
                findings.faults.push(Diagnostic::error(why, at).label(format!("for `{}`", share.written)));
                return None;
            }
            Some(repeat)
        }
        (Expect::Attempts(_), Some(_)) => {
            let before = findings.faults.len();
            if let Some(field) = view.get("repeat") {
                view.impossible(field, "`attempts` judges one session after the other", findings);
            }
            (findings.faults.len() == before).then_some(None)
        }
        _ => Some(repeat),
    }
}

pub(super) fn asks_who_closes(expect: &Expectations) -> bool {
    let closes = |stage: &StageExpect| stage.closes.is_some();
    let asks = |expect: &Expect| match expect {
        Expect::Stages(stages) => stages.stages.iter().any(|(_, stage)| closes(stage)),
        _ => false,
    };
    asks(&expect.session)
        || expect.transactions.iter().any(asks)
        || expect.steps.iter().any(|step| closes(&step.expect))
}
