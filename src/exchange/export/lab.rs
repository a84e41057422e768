//! `lab`: what an export cannot hold.

use std::collections::HashMap;

use crate::exchange::recipients::Recipients;
use crate::exchange::tenants::{BasicAuth, Lab};
use crate::secret::Secret;
use crate::yaml::{Diagnostic, Field, Value};

/// A tenant's `lab`. The recipients it names come on top of the exported ones.
pub(super) fn lab(
    field: Field<'_>,
    recipients: &mut Option<Recipients>,
    faults: &mut Vec<Diagnostic>,
) -> Lab {
    let Some(mut fields) = said(field).and_then(|field| field.fields(faults)) else { return Lab::default() };
    let mut take = |name| fields.take(name).and_then(said);
    let mut passwords = Vec::new();
    if let Some(field) = take("passwords") {
        for (user, secret) in pairs(field, faults) {
            let secret = secret.text(faults);
            passwords.extend(secret.map(|secret| (user.to_owned(), Secret::new(secret))));
        }
    }
    if let Some(field) = take("recipients") {
        let known = recipients.get_or_insert_default();
        for address in field.texts(faults) {
            known.add([address]);
        }
    }
    let texts = |field: Field<'_>, faults: &mut Vec<Diagnostic>| -> Vec<String> {
        field.texts(faults).into_iter().map(str::to_owned).collect()
    };
    let mut send_as = HashMap::new();
    if let Some(field) = take("send_as") {
        for (user, others) in pairs(field, faults) {
            send_as.insert(user.to_ascii_lowercase(), texts(others, faults));
        }
    }
    let mut policies = HashMap::new();
    if let Some(field) = take("policies") {
        for (user, policy) in pairs(field, faults) {
            policies.extend(policy.text(faults).map(|policy| (user.to_ascii_lowercase(), policy.to_owned())));
        }
    }
    let states = [("on", BasicAuth::On), ("off", BasicAuth::Off), ("retired", BasicAuth::Retired)];
    let kinds = [("both", false), ("subject", true)];
    let lab = Lab {
        passwords,
        blocked_connectors: take("blocked_connectors").map(|f| texts(f, faults)).unwrap_or_default(),
        other_region: take("other_region").and_then(|f| f.bool(faults)).unwrap_or(false),
        no_mail_subscription: take("no_mail_subscription").and_then(|f| f.bool(faults)).unwrap_or(false),
        enforce_require_tls: take("enforce_require_tls").and_then(|f| f.bool(faults)).unwrap_or(false),
        subject_only: take("certificate_names")
            .and_then(|f| f.word("kind of name", &kinds, faults))
            .unwrap_or(false),
        send_as,
        policies,
        security_defaults: take("security_defaults").and_then(|f| f.bool(faults)).unwrap_or(false),
        conditional_access: take("conditional_access").map(|f| texts(f, faults)).unwrap_or_default(),
        high_volume: take("high_volume").map(|f| texts(f, faults)).unwrap_or_default(),
        basic_auth: take("basic_auth").and_then(|f| f.word("state", &states, faults)),
        sessions: take("sessions")
            .and_then(|f| f.integer(1..=1_000, faults))
            .and_then(|most| u32::try_from(most).ok()),
    };
    fields.finish(faults);
    lab
}

/// The entries of a map, each value under its key's name.
fn pairs<'n>(field: Field<'n>, faults: &mut Vec<Diagnostic>) -> Vec<(&'n str, Field<'n>)> {
    let entries = field.entries(faults).unwrap_or_default();
    entries.iter().map(|(key, node)| (&*key.name, Field::new(&key.name, key.span, node))).collect()
}

/// A field with a value; null says as much as leaving the key out.
fn said(field: Field<'_>) -> Option<Field<'_>> {
    (!matches!(field.node().value, Value::Null)).then_some(field)
}
