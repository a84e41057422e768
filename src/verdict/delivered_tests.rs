//! What arrived against what was to arrive: every property, and what is waited for.

use std::time::Duration;

use super::testing::{plan, seen, transaction, with_message};
use super::{expected, is_settled, judge as judged, patience};
use crate::plan::Plan;
use crate::scenario::{
    Delivered, DeliveredTls, Delivery, Expect, Expectations, HeaderMatch, StageExpectations,
};
use crate::session::{Answer, Arrived, Observation, Sent, Waited};
use crate::smtp::{ForwardPath, ReversePath, Stage};
use crate::tls::{Accepted, ClientChain, TlsVersion};

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
        passed_on: None,
        authors: vec!["app@contoso.com".to_owned()],
        fields: vec![
            ("From".to_owned(), "App <app@contoso.com>".to_owned()),
            ("X-Loop".to_owned(), "one".to_owned()),
            ("X-Loop".to_owned(), "two".to_owned()),
        ],
    }
}

fn expects(delivery: Delivery) -> Expect {
    Expect::Stages(Box::new(StageExpectations { delivered: Some(delivery), ..StageExpectations::default() }))
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
        ["message: delivered with client certificate relay.contoso.com → client certificate none, for that \
          which was sent does not hold: certificate has expired"]
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
            Expect::Decisive(super::testing::patterns("550")),
            expects(to("three@example.com")),
        ],
        ..Expectations::default()
    };
    assert_eq!(judged(&plan, &expect, 0, &observation).failures, []);
    expect.transactions[2] = expects(to("one@example.com"));
    assert_eq!(judged(&plan, &expect, 0, &observation).failures.len(), 1);
}

/// Two messages of one session, the first of which has arrived behind another server.
fn behind(first: Option<Arrived>, complete: bool) -> (Plan, Observation) {
    let mut plan = plan(1);
    plan.transactions.push(transaction(1));
    let plan = with_message(plan);
    let script =
        ["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "250 queued", "250 ok", "250 ok", "354 go"];
    let mut observation = seen(&plan, &[&script[..], &["250 queued", "221 bye"]].concat());
    let sent = |transaction| Sent { transaction, message_id: "1@test".to_owned(), at: Duration::ZERO };
    observation.sent = vec![sent(0), sent(1)];
    observation.waited = Some(Waited { at: "back".into(), within: Duration::from_secs(10), complete });
    let passed_on = Some((0, Duration::from_secs(3)));
    observation.arrived = Some(first.into_iter().map(|message| Arrived { passed_on, ..message }).collect());
    (plan, observation)
}

/// What each of two transactions expects.
fn of_two(first: Delivery, second: Option<Delivery>) -> Expectations {
    let second = second.map_or(Expect::Positive, expects);
    Expectations { transactions: vec![expects(first), second], ..Expectations::default() }
}

#[test]
fn behind_another_server_messages_belong_to_their_transactions() {
    let (plan, observation) = behind(Some(message("one@example.com")), true);
    let to = |address: &str| wanted(|d| d.rcpt_to = Some(vec![forward(address)]));
    let failures = |expect: &Expectations| {
        let failures = judged(&plan, expect, 0, &observation).failures;
        failures.into_iter().map(|failure| failure.actual).collect::<Vec<_>>()
    };
    let none = Vec::<String>::new();
    assert_eq!(failures(&of_two(to("one@example.com"), Some(Delivery::Nothing))), none);
    assert_eq!(
        failures(&of_two(to("one@example.com"), Some(to("one@example.com")))),
        ["nothing arrived at back within 10 s"]
    );
    let late = wanted(|d| d.within = Some(Duration::from_secs(2)));
    assert_eq!(failures(&of_two(late, None)), ["3 s"]);
    let in_time = wanted(|d| d.within = Some(Duration::from_secs(4)));
    assert_eq!(failures(&of_two(in_time, None)), none);
}

#[test]
fn what_may_have_been_lost_behind_another_server_never_passes_for_absence() {
    let (plan, observation) = behind(Some(message("one@example.com")), false);
    let to = |address: &str| wanted(|d| d.rcpt_to = Some(vec![forward(address)]));
    let told = |expect: &Expectations| judged(&plan, expect, 0, &observation).failures.len();
    assert_eq!(told(&of_two(to("one@example.com"), None)), 0, "it came");
    assert_eq!(told(&of_two(to("one@example.com"), Some(Delivery::Nothing))), 1);
    assert_eq!(told(&of_two(to("two@example.com"), None)), 1);
}

#[test]
fn arrivals_are_waited_for_until_nothing_more_could_matter() {
    let to = |address: &str| wanted(|d| d.rcpt_to = Some(vec![forward(address)]));
    let (one, two) = (to("one@example.com"), to("two@example.com"));
    let (plan, mut observation) = behind(Some(message("one@example.com")), true);
    for (expect, settled) in [
        (of_two(one.clone(), None), true),
        (of_two(one.clone(), Some(two.clone())), false),
        (of_two(one.clone(), Some(Delivery::Nothing)), false),
        // It has failed whatever else comes.
        (of_two(Delivery::Nothing, Some(two.clone())), true),
        // Another copy may be what is wanted.
        (of_two(two.clone(), None), false),
    ] {
        assert_eq!(is_settled(&plan, &expect, &observation), settled, "{}", expected(&expect, 0));
    }
    // What never went out whole, or was refused, does not come.
    observation.sent.pop();
    assert!(is_settled(&plan, &of_two(one.clone(), Some(Delivery::Nothing)), &observation));
    assert!(is_settled(&plan, &of_two(one.clone(), Some(two.clone())), &observation));
    let refused = Answer { reply: super::testing::reply("554 no"), ..observation.answers[5].clone() };
    assert_eq!((refused.stage, refused.transaction), (Stage::Message, 0));
    observation.answers[5] = refused;
    assert!(is_settled(&plan, &of_two(two, None), &observation));
}

#[test]
fn the_longest_wait_is_what_one_of_the_messages_is_given() {
    let (short, long) = (Duration::from_secs(1), Duration::from_secs(60));
    let within = |within| wanted(|d| d.within = Some(within));
    assert_eq!(patience(&of_two(within(short), None), long), short);
    assert_eq!(patience(&of_two(within(short), Some(Delivery::Nothing)), long), long);
    assert_eq!(patience(&of_two(within(long), Some(within(short))), short), long);
    assert_eq!(patience(&Expectations::default(), short), short);
}
