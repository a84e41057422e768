//! `faults` of a simulator's target.

use std::time::Duration;

use chrono::NaiveDate;

use crate::exchange::{Endpoint, Faults, Rule, RulesOn};
use crate::yaml::{Diagnostic, Field};

/// What goes wrong at an endpoint on demand. What cannot happen there or on that day
/// is an error: it would never strike.
pub(in crate::scenario) fn faults(
    field: Field<'_>,
    endpoint: Endpoint,
    as_of: NaiveDate,
    diagnostics: &mut Vec<Diagnostic>,
) -> Faults {
    let Some(mut fields) = field.fields(diagnostics) else { return Faults::default() };
    let seed = fields.take("seed").and_then(|f| f.integer(0..=u64::MAX, diagnostics)).unwrap_or(0);
    let rules = RulesOn::day(as_of);
    let legacy_tls = fields.take("legacy_tls");
    let in_time = rules.holds(Rule::LegacyTlsSampled) && !rules.holds(Rule::LegacyTlsEnds);
    if let Some(legacy_tls) = legacy_tls.filter(|_| endpoint != Endpoint::Submission || !in_time) {
        diagnostics.push(
            Diagnostic::error(
                "`legacy_tls` is of the submission endpoint, 2021-09-01 to 2022-01-31",
                legacy_tls.key_span(),
            )
            .label("say `simulator: submission` and an `as_of` of that time"),
        );
    }
    let busy = fields.take("busy");
    if let Some(busy) = busy.filter(|_| endpoint != Endpoint::Mx) {
        let fault = Diagnostic::error("`busy` is of the MX endpoint", busy.key_span());
        diagnostics.push(fault.label("say `simulator: mx`"));
    }
    let tarpit = fields.take("tarpit").and_then(|f| f.duration(diagnostics)).unwrap_or_default();
    if tarpit > Duration::from_secs(300) {
        diagnostics.push(field.error("`tarpit` is at most 5m: no client waits longer"));
    }
    let read = Faults {
        seed,
        legacy_tls: legacy_tls.and_then(|f| percent(f, diagnostics)).unwrap_or(0),
        busy: busy.and_then(|f| percent(f, diagnostics)).unwrap_or(0),
        tarpit,
    };
    fields.finish(diagnostics);
    read
}

fn percent(field: Field<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<u8> {
    let text = field.text(diagnostics)?;
    let percent =
        text.strip_suffix('%').and_then(|number| number.parse().ok()).filter(|percent| *percent <= 100);
    if percent.is_none() {
        diagnostics.push(
            field.error(format!("`{}` takes a whole percentage such as `5%`, not `{text}`", field.name())),
        );
    }
    percent
}
