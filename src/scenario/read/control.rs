//! Keys that steer the playing: `source_ip`, `stop_after`, `timeout`, `retry`,
//! `repeat`, `skip`, `tags`.

use std::net::IpAddr;
use std::time::Duration;

use super::super::project::{address, stage};
use super::super::view::{Findings, View};
use super::super::{Repeat, Retry};
use super::expect::patterns;
use crate::plan::Timeouts;
use crate::smtp::Stage;
use crate::yaml::{Diagnostic, Span};

/// The most sessions of one case.
const MAX_SESSIONS: u64 = 100_000;

/// The most of them at once, as for `--jobs`.
const MAX_PARALLEL: u64 = 10_000;

/// Reads `source_ip`. The outer `None` means that something is wrong.
pub(in super::super) fn source_ip(
    view: &View<'_>,
    findings: &mut Findings,
) -> Option<Option<(IpAddr, Span)>> {
    let Some(field) = view.get_some("source_ip") else { return Some(None) };
    address(field, &mut findings.faults).map(|address| Some((address, field.span())))
}

/// Reads `stop_after`, which must be one of the stages planned.
pub(in super::super) fn stop_after(
    view: &View<'_>,
    planned: &[Stage],
    findings: &mut Findings,
) -> Option<Option<Stage>> {
    let Some(field) = view.get_some("stop_after") else { return Some(None) };
    if view.get("steps").is_some() {
        let before = findings.faults.len();
        view.impossible(field, "`steps` say where the session ends", findings);
        return (findings.faults.len() == before).then_some(None);
    }
    let last = stage(field, &mut findings.faults)?;
    if !planned.contains(&last) {
        let before = findings.faults.len();
        view.impossible(field, &format!("this session never reaches `{last}`"), findings);
        return (findings.faults.len() == before).then_some(None);
    }
    Some(Some(last))
}

/// Reads `timeout`.
pub(in super::super) fn timeouts(view: &View<'_>, findings: &mut Findings) -> Option<Timeouts> {
    let mut timeouts = Timeouts::default();
    let Some(field) = view.get("timeout") else { return Some(timeouts) };
    let faults = &mut findings.faults;
    let before = faults.len();
    let set = |to: &mut Duration, field: crate::yaml::Field<'_>, faults: &mut Vec<Diagnostic>| {
        if let Some(duration) = field.duration(faults) {
            if duration.is_zero() {
                faults.push(field.error("no server answers in no time"));
            }
            *to = duration;
        }
    };
    if field.node().as_str().is_some() {
        set(&mut timeouts.session, field, faults);
    } else {
        let mut fields = field.fields(faults)?;
        let keys = [
            ("connect", &mut timeouts.connect),
            ("tls", &mut timeouts.tls),
            ("reply", &mut timeouts.reply),
            ("session", &mut timeouts.session),
        ];
        for (key, to) in keys {
            if let Some(field) = fields.take(key) {
                set(to, field, faults);
            }
        }
        fields.finish(faults);
    }
    (faults.len() == before).then_some(timeouts)
}

/// Reads `retry`. The outer `None` means that something is wrong.
pub(in super::super) fn retry(view: &View<'_>, findings: &mut Findings) -> Option<Option<Retry>> {
    let Some(field) = view.get_some("retry") else { return Some(None) };
    let faults = &mut findings.faults;
    let before = faults.len();
    let mut fields = field.fields(faults)?;
    let attempts = fields.require("attempts", field.key_span(), faults);
    let attempts = attempts.and_then(|field| field.integer(1..=100, faults));
    let delay = fields.take("delay").map(|field| field.duration(faults));
    let when = fields.take("when").and_then(|field| patterns(field, faults));
    fields.finish(faults);
    if faults.len() > before {
        return None;
    }
    let delay = delay.flatten().unwrap_or_default();
    Some(Some(Retry { attempts: attempts? as u32, delay, when }))
}

/// Reads `repeat`. The outer `None` means that something is wrong.
pub(in super::super) fn repeat(view: &View<'_>, findings: &mut Findings) -> Option<Option<Repeat>> {
    let Some(field) = view.get_some("repeat") else { return Some(None) };
    let faults = &mut findings.faults;
    let before = faults.len();
    let mut fields = field.fields(faults)?;
    let times = fields.require("times", field.key_span(), faults);
    let times = times.and_then(|field| field.integer(1..=MAX_SESSIONS, faults));
    let parallel = fields.take("parallel").and_then(|field| field.integer(1..=MAX_PARALLEL, faults));
    fields.finish(faults);
    if faults.len() > before {
        return None;
    }
    Some(Some(Repeat { times: times? as u32, parallel: parallel.unwrap_or(1) as u32 }))
}

/// Reads `skip`: the reason.
pub(in super::super) fn skip(view: &View<'_>, findings: &mut Findings) -> Option<Option<String>> {
    let Some(field) = view.get("skip") else { return Some(None) };
    let text = field.text(&mut findings.faults)?;
    if text.trim().is_empty() || text == "true" {
        let fault = field.error("`skip` takes the reason");
        findings.faults.push(fault.label("say why, for whoever reads the report"));
        return None;
    }
    // An inherited skip is taken back as `skip: false`.
    Some((text != "false").then(|| text.to_owned()))
}

/// Reads `tags`.
pub(in super::super) fn tags(view: &View<'_>, findings: &mut Findings) -> Vec<String> {
    let Some(field) = view.get("tags") else { return Vec::new() };
    field.texts(&mut findings.faults).into_iter().map(str::to_owned).collect()
}
