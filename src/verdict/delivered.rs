//! What arrived against what was to arrive.

use wildmatch::WildMatch;

use super::view::{Scope, View};
use super::{Failure, elapsed_in_words};
use crate::scenario::{Delivered, DeliveredTls, Delivery, HeaderMatch};
use crate::session::{Answer, Arrived};
use crate::smtp::{ForwardPath, Stage};
use crate::tls::{Accepted, ClientChain};

/// Judges what arrived of the messages of a scope.
pub(super) fn judge(view: View<'_>, scope: Scope, expected: &Delivery, failures: &mut Vec<Failure>) {
    let mut fail = |expected: String, actual: String| {
        failures.push(Failure { stage: Stage::Message, expected, actual });
    };
    let Some(all) = &view.observation.arrived else {
        return fail(words(expected), "what arrives cannot be seen here".to_owned());
    };
    // The simulator keeps the newest: of what is gone nothing can be said.
    if all.len() < view.observation.answers.iter().filter(accepted).count() {
        return fail(words(expected), "not all that was accepted could be kept".to_owned());
    }
    let arrived = match scope {
        Scope::Transaction(n) => nth(view, all, n),
        Scope::Whole | Scope::Opening => &all[..],
    };
    match (expected, arrived) {
        (Delivery::Nothing, []) => {}
        (Delivery::Nothing, [first, ..]) => fail(words(expected), in_words(first)),
        (Delivery::Message(_), []) => fail(words(expected), "nothing arrived".to_owned()),
        (Delivery::Message(wanted), all) => {
            // Of several messages one must be it; what the nearest lacks is told.
            let nearest = all.iter().map(|message| mismatches(wanted, message)).min_by_key(Vec::len);
            for (wanted, came) in nearest.unwrap_or_default() {
                fail(format!("delivered with {wanted}"), came);
            }
            if let Some(bound) = wanted.within {
                match view.elapsed(Stage::Message, scope) {
                    Some(took) if took <= bound => {}
                    took => fail(
                        format!("delivered within {}", elapsed_in_words(bound)),
                        took.map_or_else(|| "no reply to the message".to_owned(), elapsed_in_words),
                    ),
                }
            }
        }
    }
}

/// What arrived of one transaction: each that was accepted before it brought one
/// message.
fn nth<'a>(view: View<'a>, all: &'a [Arrived], transaction: u16) -> &'a [Arrived] {
    let answers = view.observation.answers.iter().filter(accepted);
    let before = answers.filter(|answer| answer.transaction < transaction).count();
    // It may have arrived although the reply to it was lost.
    let mut own = view.observation.answers.iter().filter(|answer| answer.transaction == transaction);
    let sent =
        own.clone().any(|answer| answer.stage == Stage::Data && answer.stage.accepts(answer.reply.code()));
    let refused = own.any(|answer| answer.stage == Stage::Message && !accepted(&answer));
    match all.get(before) {
        Some(message) if sent && !refused => std::slice::from_ref(message),
        _ => &[],
    }
}

fn accepted(answer: &&Answer) -> bool {
    answer.stage == Stage::Message && answer.stage.accepts(answer.reply.code())
}

/// What does not hold of a message: what was wanted, and what came.
fn mismatches(wanted: &Delivered, message: &Arrived) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let or_none = |text: Option<&str>| text.unwrap_or("none").to_owned();
    let mut compare = |name: &str, wanted: String, came: String, same: bool| {
        if !same {
            out.push((format!("{name} {wanted}"), format!("{name} {came}")));
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

#[cfg(test)]
mod tests {
    use super::super::judge as judged;
    use super::super::testing::{plan, seen, transaction, with_message};
    use super::*;
    use crate::scenario::{Expect, Expectations, StageExpectations};
    use crate::session::Observation;
    use crate::smtp::ReversePath;
    use crate::tls::TlsVersion;

    fn forward(address: &str) -> ForwardPath {
        ForwardPath::parse(address).expect("an address")
    }

    fn message(to: &str) -> Arrived {
        Arrived {
            tenant: Some("Contoso".to_owned()),
            connector: Some("From on-premises".to_owned()),
            direction: Some("originating"),
            tls: Some(Accepted {
                version: TlsVersion::Tls12,
                cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384".to_owned(),
                client: ClientChain::Good { names: vec!["relay.contoso.com".to_owned()], common: 1 },
            }),
            mail_from: ReversePath::parse("a@example.com").expect("an address"),
            rcpt_to: vec![forward(to)],
            authors: vec!["app@contoso.com".to_owned()],
            fields: vec![
                ("From".to_owned(), "App <app@contoso.com>".to_owned()),
                ("X-Loop".to_owned(), "one".to_owned()),
                ("X-Loop".to_owned(), "two".to_owned()),
            ],
        }
    }

    fn expects(delivery: Delivery) -> Expect {
        Expect::Stages(Box::new(StageExpectations {
            delivered: Some(delivery),
            ..StageExpectations::default()
        }))
    }

    fn accepted(arrived: Option<Vec<Arrived>>) -> Observation {
        let plan = with_message(plan(1));
        let replies = ["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "250 queued", "221 bye"];
        Observation { arrived, ..seen(&plan, &replies) }
    }

    fn failures(delivery: Delivery, observation: &Observation) -> Vec<String> {
        let expect = Expectations { session: expects(delivery), ..Expectations::default() };
        let verdict = judged(&with_message(plan(1)), &expect, 0, observation);
        verdict.failures.iter().map(|f| format!("{}: {} → {}", f.stage, f.expected, f.actual)).collect()
    }

    fn wanted(change: impl FnOnce(&mut Delivered)) -> Delivery {
        let mut wanted = Delivered::default();
        change(&mut wanted);
        Delivery::Message(Box::new(wanted))
    }

    #[test]
    fn every_property_is_compared() {
        let arrived = accepted(Some(vec![message("r1@example.com")]));
        type Change = fn(&mut Delivered);
        let pairs: [(Change, Change, &str); 7] = [
            (
                |d| d.tenant = Some("Contoso".into()),
                |d| d.tenant = Some("Fabrikam".into()),
                "tenant Fabrikam → tenant Contoso",
            ),
            (
                |d| d.connector = Some(Some("From on-premises".into())),
                |d| d.connector = Some(None),
                "connector none → connector From on-premises",
            ),
            (
                |d| d.direction = Some("originating"),
                |d| d.direction = Some("incoming"),
                "direction incoming → direction originating",
            ),
            (
                |d| d.mail_from = ReversePath::parse("a@example.com").ok(),
                |d| d.mail_from = Some(ReversePath::Null),
                "mail_from <> → mail_from <a@example.com>",
            ),
            (
                |d| d.rcpt_to = Some(vec![forward("r1@example.com")]),
                |d| d.rcpt_to = Some(vec![forward("r1@example.com"), forward("x@example.com")]),
                "rcpt_to <r1@example.com>, <x@example.com> → rcpt_to <r1@example.com>",
            ),
            (
                |d| d.header_from = Some(vec!["APP@contoso.com".into()]),
                |d| d.header_from = Some(vec![]),
                "header_from none → header_from App <app@contoso.com>",
            ),
            (
                |d| {
                    d.headers = vec![
                        ("x-loop".into(), HeaderMatch::Is("two".into())),
                        ("X-LOOP".into(), HeaderMatch::Present),
                        ("X-Other".into(), HeaderMatch::Absent),
                    ];
                },
                |d| d.headers = vec![("X-Loop".into(), HeaderMatch::Absent)],
                "header X-Loop: absent → header X-Loop: one and two",
            ),
        ];
        for (good, bad, told) in pairs {
            assert_eq!(failures(wanted(good), &arrived), Vec::<String>::new());
            assert_eq!(failures(wanted(bad), &arrived), [format!("message: delivered with {told}")]);
        }
    }

    #[test]
    fn tls_is_compared_version_by_version_and_certificate_by_name() {
        let arrived = |change: fn(&mut Arrived)| {
            let mut message = message("r1@example.com");
            change(&mut message);
            accepted(Some(vec![message]))
        };
        let tls = |version: &[TlsVersion], cipher: &str, certificate: Option<&str>| {
            let tls = DeliveredTls {
                version: Some(version.to_vec()),
                cipher: Some(cipher.to_owned()),
                certificate: Some(certificate.map(str::to_owned)),
            };
            wanted(|d| d.tls = Some(Some(tls)))
        };
        let right = tls(&[TlsVersion::Tls12, TlsVersion::Tls13], "tls_ecdhe_*", Some("RELAY.contoso.com"));
        let wrong = tls(&[TlsVersion::Tls13], "TLS_AES_*", None);
        let with_tls = arrived(|_| {});
        assert_eq!(failures(right.clone(), &with_tls), Vec::<String>::new());
        assert_eq!(
            failures(wrong, &with_tls),
            [
                "message: delivered with tls TLSv1.3 → tls TLSv1.2",
                "message: delivered with tls cipher TLS_AES_* → tls cipher TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "message: delivered with client certificate none → client certificate relay.contoso.com",
            ]
        );
        let expired = arrived(|message| {
            let tls = message.tls.as_mut().expect("it came in with TLS");
            tls.client = ClientChain::Bad { reason: "certificate has expired".to_owned() };
        });
        assert_eq!(failures(tls(&[TlsVersion::Tls12], "*", None), &expired), Vec::<String>::new());
        assert_eq!(
            failures(tls(&[TlsVersion::Tls12], "*", Some("relay.contoso.com")), &expired),
            [
                "message: delivered with client certificate relay.contoso.com → client certificate none, for that \
              which was sent does not hold: certificate has expired"
            ]
        );
        let clear = arrived(|message| message.tls = None);
        let none = wanted(|d| d.tls = Some(None));
        assert_eq!(failures(none.clone(), &clear), Vec::<String>::new());
        assert_eq!(failures(none, &with_tls), ["message: delivered with tls none → tls TLSv1.2"]);
        assert_eq!(failures(right, &clear), ["message: delivered with tls in use → tls none"]);
    }

    #[test]
    fn nothing_is_nothing_and_what_cannot_be_seen_never_passes() {
        let came = accepted(Some(vec![message("r1@example.com")]));
        let told = "message: nothing delivered → a message arrived from <a@example.com> for <r1@example.com>, \
                    attributed to Contoso by connector \"From on-premises\"";
        assert_eq!(failures(Delivery::Nothing, &came), [told]);
        let unseen = accepted(None);
        assert_eq!(
            failures(Delivery::Nothing, &unseen),
            ["message: nothing delivered → what arrives cannot be seen here"]
        );
        // Accepted, and gone before anybody asked.
        let lost = accepted(Some(vec![]));
        assert_eq!(failures(Delivery::Nothing, &lost).len(), 1);
        assert_eq!(failures(wanted(|_| {}), &lost).len(), 1);
    }

    #[test]
    fn each_transaction_is_judged_by_its_own_message() {
        let mut plan = plan(1);
        plan.transactions.extend([transaction(1), transaction(1)]);
        let plan = with_message(plan);
        let mut observation = seen(
            &plan,
            &[
                "220 hi",
                "250 hi",
                "250 ok",
                "250 ok",
                "354 go",
                "250 queued",
                "250 ok",
                "250 ok",
                "354 go",
                "550 no",
                "250 ok",
                "250 ok",
                "354 go",
                "250 queued",
                "221 bye",
            ],
        );
        observation.arrived = Some(vec![message("one@example.com"), message("three@example.com")]);
        let to = |address: &str| wanted(|d| d.rcpt_to = Some(vec![forward(address)]));
        let mut expect = Expectations {
            transactions: vec![
                expects(to("one@example.com")),
                Expect::Decisive(super::super::testing::patterns("550")),
                expects(to("three@example.com")),
            ],
            ..Expectations::default()
        };
        assert_eq!(judged(&plan, &expect, 0, &observation).failures, []);
        expect.transactions[2] = expects(to("one@example.com"));
        assert_eq!(judged(&plan, &expect, 0, &observation).failures.len(), 1);
    }
}
