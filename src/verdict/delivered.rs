//! What arrived against what was to arrive.

use std::time::Duration;

use wildmatch::WildMatch;

use super::judge::parts;
use super::view::{Scope, View};
use super::{Failure, elapsed_in_words};
use crate::plan::Plan;
use crate::scenario::{Delivered, DeliveredTls, Delivery, Expect, Expectations, HeaderMatch};
use crate::session::{Answer, Arrived, Observation};
use crate::smtp::{ForwardPath, Stage};
use crate::tls::{Accepted, ClientChain};

/// Judges what arrived of the messages of a scope.
pub(super) fn judge(view: View<'_>, scope: Scope, expected: &Delivery, failures: &mut Vec<Failure>) {
    let mut fail = |(expected, actual): (String, String)| {
        failures.push(Failure { stage: Stage::Message, expected, actual });
    };
    let Some(all) = &view.observation.arrived else {
        return fail((words(expected), "what arrives cannot be seen here".to_owned()));
    };
    let (arrived, waited) = (of_scope(view, scope, all), view.observation.waited.as_ref());
    let wrong = match (expected, &arrived[..]) {
        (Delivery::Nothing, []) => Vec::new(),
        (Delivery::Nothing, [first, ..]) => vec![(words(expected), in_words(first))],
        (Delivery::Message(wanted), []) => vec![(words(expected), nothing(view, scope, wanted))],
        // Of several messages one must be it; what the nearest lacks is told.
        (Delivery::Message(wanted), all) => {
            let each = all.iter().map(|message| mismatches(view, scope, wanted, message));
            each.min_by_key(Vec::len).unwrap_or_default()
        }
    };
    // The simulator keeps the newest: of what is gone nothing can be said.
    let all_kept = match waited {
        None => all.len() >= view.observation.answers.iter().filter(accepted).count(),
        // What was awaited and came is enough.
        Some(waited) => waited.complete || matches!(expected, Delivery::Message(_)) && wrong.is_empty(),
    };
    match all_kept {
        true => wrong.into_iter().for_each(fail),
        false => fail((words(expected), "not all that was accepted could be kept".to_owned())),
    }
}

/// Whether what has arrived so far is all that matters: of what is expected of it,
/// nothing that is still to come could make the difference.
#[must_use]
pub fn is_settled(plan: &Plan, expect: &Expectations, observation: &Observation) -> bool {
    let view = View { plan, expect, observation };
    let Some(all) = &observation.arrived else { return true };
    let mut open = false;
    for (scope, expected) in deliveries(expect) {
        let arrived = of_scope(view, scope, all);
        let mut sent = observation.sent.iter().filter(|sent| scope.holds(sent.transaction));
        match expected {
            Delivery::Nothing if !arrived.is_empty() => return true,
            Delivery::Nothing => open |= sent.next().is_some(),
            Delivery::Message(wanted) => {
                let came = arrived.iter().any(|message| mismatches(view, scope, wanted, message).is_empty());
                open |= !came && sent.any(|sent| !refused(view, sent.transaction));
            }
        }
    }
    !open
}

/// How long arrivals are waited for at most: the longest that one of them is given,
/// `within` where it does not say.
#[must_use]
pub fn patience(expect: &Expectations, within: Duration) -> Duration {
    let own = deliveries(expect).map(|(_, expected)| match expected {
        Delivery::Message(wanted) => wanted.within.unwrap_or(within),
        Delivery::Nothing => within,
    });
    own.max().unwrap_or(within)
}

/// What is expected of what arrives, with what each is about.
fn deliveries(expect: &Expectations) -> impl Iterator<Item = (Scope, &Delivery)> {
    parts(expect).into_iter().filter_map(|(scope, expected)| match expected {
        Expect::Stages(map) => Some((scope, map.delivered.as_ref()?)),
        _ => None,
    })
}

/// What arrived of a scope's messages.
fn of_scope<'a>(view: View<'_>, scope: Scope, all: &'a [Arrived]) -> Vec<&'a Arrived> {
    match scope {
        Scope::Transaction(n) if view.observation.waited.is_none() => nth(view, all, n),
        _ => all
            .iter()
            .filter(|message| message.passed_on.is_none_or(|(transaction, _)| scope.holds(transaction)))
            .collect(),
    }
}

/// What arrived of one transaction: each that was accepted before it brought one
/// message.
fn nth<'a>(view: View<'_>, all: &'a [Arrived], transaction: u16) -> Vec<&'a Arrived> {
    let answers = view.observation.answers.iter().filter(accepted);
    let before = answers.filter(|answer| answer.transaction < transaction).count();
    // It may have arrived although the reply to it was lost.
    let mut own = view.observation.answers.iter().filter(|answer| answer.transaction == transaction);
    let sent = own.any(|answer| answer.stage == Stage::Data && answer.stage.accepts(answer.reply.code()));
    all.get(before).filter(|_| sent && !refused(view, transaction)).into_iter().collect()
}

/// Whether the message of a transaction was refused when it had gone out.
fn refused(view: View<'_>, transaction: u16) -> bool {
    let mut own = view.observation.answers.iter().filter(|answer| answer.transaction == transaction);
    own.any(|answer| answer.stage == Stage::Message && !accepted(&answer))
}

fn accepted(answer: &&Answer) -> bool {
    answer.stage == Stage::Message && answer.stage.accepts(answer.reply.code())
}

/// That nothing arrived, and where and how long it was waited for.
fn nothing(view: View<'_>, scope: Scope, wanted: &Delivered) -> String {
    let mut sent = view.observation.sent.iter().filter(|sent| scope.holds(sent.transaction));
    match &view.observation.waited {
        Some(waited) if sent.any(|sent| !refused(view, sent.transaction)) => {
            let within = elapsed_in_words(wanted.within.unwrap_or(waited.within));
            format!("nothing arrived at {} within {within}", waited.at)
        }
        _ => "nothing arrived".to_owned(),
    }
}

/// What does not hold of a message: what was wanted, and what came.
fn mismatches(view: View<'_>, scope: Scope, wanted: &Delivered, message: &Arrived) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let or_none = |text: Option<&str>| text.unwrap_or("none").to_owned();
    let mut compare = |name: &str, wanted: String, came: String, same: bool| {
        if !same {
            out.push((format!("delivered with {name} {wanted}"), format!("{name} {came}")));
        }
    };
    if let Some(tenant) = &wanted.tenant {
        let came = message.tenant.as_deref();
        compare("tenant", tenant.clone(), or_none(came), came == Some(tenant));
    }
    if let Some(connector) = &wanted.connector {
        let came = message.connector.as_deref();
        compare("connector", or_none(connector.as_deref()), or_none(came), came == connector.as_deref());
    }
    if let Some(direction) = wanted.direction {
        let came = message.direction;
        compare("direction", direction.to_owned(), or_none(came), came == Some(direction));
    }
    match (&wanted.tls, &message.tls) {
        (None, _) | (Some(None), None) => {}
        (Some(None), Some(came)) => compare("tls", "none".to_owned(), came.version.to_string(), false),
        (Some(Some(_)), None) => compare("tls", "in use".to_owned(), "none".to_owned(), false),
        (Some(Some(wanted)), Some(came)) => tls(wanted, came, &mut compare),
    }
    if let Some(path) = &wanted.mail_from {
        let came = &message.mail_from;
        compare("mail_from", format!("<{}>", path.as_str()), format!("<{}>", came.as_str()), path == came);
    }
    if let Some(paths) = &wanted.rcpt_to {
        let same = paths.len() == message.rcpt_to.len()
            && paths.iter().all(|path| message.rcpt_to.iter().any(|came| came == path));
        compare("rcpt_to", list(paths), list(&message.rcpt_to), same);
    }
    if let Some(authors) = &wanted.header_from {
        let came: Vec<_> = values(message, "From").collect();
        // Each as it is written in the field, or by its address alone.
        let same = match authors.as_slice() {
            [] => came.is_empty(),
            all if all.len() == came.len() => all.iter().all(|author| {
                came.contains(&author.as_str())
                    || message.authors.iter().any(|came| came.eq_ignore_ascii_case(author))
            }),
            _ => false,
        };
        let none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
        compare("header_from", none(authors.join(", ")), none(came.join(", ")), same);
    }
    for (name, wanted) in &wanted.headers {
        let came: Vec<_> = values(message, name).collect();
        let (wanted, same) = match wanted {
            HeaderMatch::Present => ("present".to_owned(), !came.is_empty()),
            HeaderMatch::Absent => ("absent".to_owned(), came.is_empty()),
            HeaderMatch::Is(value) => (value.clone(), came.contains(&value.as_str())),
            HeaderMatch::Matches(regex) => {
                (format!("/{}/", regex.as_str()), came.iter().any(|value| regex.is_match(value)))
            }
        };
        let came = if came.is_empty() { "absent".to_owned() } else { came.join(" and ") };
        compare(&format!("header {name}:"), wanted, came, same);
    }
    if let Some(bound) = wanted.within {
        let took = match message.passed_on {
            Some((_, took)) => Some(took),
            None => view.elapsed(Stage::Message, scope),
        };
        if took.is_none_or(|took| took > bound) {
            let took = took.map_or_else(|| "no reply to the message".to_owned(), elapsed_in_words);
            out.push((format!("delivered within {}", elapsed_in_words(bound)), took));
        }
    }
    out
}

/// What TLS came to on the way in.
fn tls(wanted: &DeliveredTls, came: &Accepted, compare: &mut impl FnMut(&str, String, String, bool)) {
    if let Some(versions) = &wanted.version {
        let list: Vec<_> = versions.iter().map(|version| version.as_str()).collect();
        compare("tls", list.join(" or "), came.version.to_string(), versions.contains(&came.version));
    }
    if let Some(cipher) = &wanted.cipher {
        let same = WildMatch::new_case_insensitive(cipher).matches(&came.cipher);
        compare("tls cipher", cipher.clone(), came.cipher.clone(), same);
    }
    if let Some(certificate) = &wanted.certificate {
        // One that does not hold counts as none: that is how the service takes it.
        let (names, shown) = match &came.client {
            ClientChain::None => (&[][..], "none".to_owned()),
            ClientChain::Bad { reason } => {
                (&[][..], format!("none, for that which was sent does not hold: {reason}"))
            }
            ClientChain::Good { names, .. } => (&names[..], names.join(", ")),
        };
        let same = match certificate {
            None => !matches!(came.client, ClientChain::Good { .. }),
            Some(wanted) => names.iter().any(|name| name.eq_ignore_ascii_case(wanted)),
        };
        compare("client certificate", certificate.as_deref().unwrap_or("none").to_owned(), shown, same);
    }
}

/// The values of a field, as often as it is there.
fn values<'a>(message: &'a Arrived, name: &str) -> impl Iterator<Item = &'a str> {
    let fields = message.fields.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name));
    fields.map(|(_, value)| value.trim()).collect::<Vec<_>>().into_iter()
}

fn list(paths: &[ForwardPath]) -> String {
    paths.iter().map(|path| format!("<{}>", path.as_str())).collect::<Vec<_>>().join(", ")
}

/// What is expected, in words.
pub(super) fn words(expected: &Delivery) -> String {
    match expected {
        Delivery::Nothing => "nothing delivered".to_owned(),
        Delivery::Message(_) => "delivered as written".to_owned(),
    }
}

/// A message that arrived, in words.
fn in_words(message: &Arrived) -> String {
    let attributed = match (&message.tenant, &message.connector) {
        (Some(tenant), Some(connector)) => format!(", attributed to {tenant} by connector \"{connector}\""),
        (Some(tenant), None) => format!(", attributed to {tenant}"),
        (None, _) => String::new(),
    };
    format!(
        "a message arrived from <{}> for {}{attributed}",
        message.mail_from.as_str(),
        list(&message.rcpt_to)
    )
}
