//! `faults` of a simulator's target.

use crate::exchange::{Endpoint, Faults, RulesOn};
use crate::yaml::{Diagnostic, Field};

/// What goes wrong at an endpoint on demand. What cannot happen there or on that day
/// is an error: it would never strike.
pub(in crate::scenario) fn faults(
    field: Field<'_>,
    endpoint: Endpoint,
    rules: RulesOn,
    diagnostics: &mut Vec<Diagnostic>,
) -> Faults {
    let Some(mut fields) = field.fields(diagnostics) else { return Faults::default() };
    let seed = fields.take("seed").and_then(|f| f.integer(0..=u64::MAX, diagnostics)).unwrap_or(0);
    let legacy_tls = fields.take("legacy_tls");
    if let Some(legacy_tls) = legacy_tls.filter(|_| !Faults::has_legacy_tls(endpoint, rules)) {
        let why = format!("`legacy_tls` is of {}", Faults::LEGACY_TLS);
        let fault = Diagnostic::error(why, legacy_tls.key_span());
        diagnostics.push(fault.label("say `simulator: submission` and an `as_of` of that time"));
    }
    let busy = fields.take("busy");
    if let Some(busy) = busy.filter(|_| endpoint != Endpoint::Mx) {
        let fault = Diagnostic::error("`busy` is of the MX endpoint", busy.key_span());
        diagnostics.push(fault.label("say `simulator: mx`"));
    }
    let tarpit = fields.take("tarpit").and_then(|f| f.duration(diagnostics)).unwrap_or_default();
    if tarpit > Faults::LONGEST_TARPIT {
        diagnostics.push(field.error(Faults::TOO_SLOW));
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
    let wrong = |why| diagnostics.push(field.error(format!("`{}` {why}", field.name())));
    Faults::percent(text).map_err(wrong).ok()
}
