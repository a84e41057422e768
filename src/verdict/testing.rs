//! Plans, observations and expectations for the tests of this room.

use std::sync::Arc;
use std::time::Duration;

use crate::message::Draft;
use crate::plan::{
    Auth, Endpoint, Extensions, Hello, HelloVerb, Plan, Recipient, Timeouts, TlsMode, Transaction,
};
use crate::scenario::{Expect, Expectations, Patterns, StageExpect, StageExpectations};
use crate::secret::Secret;
use crate::session::{Answer, Observation};
use crate::smtp::{
    Event, EventKind, ForwardPath, Mechanism, Reply, ReplyDecoder, ReplyLimits, ReversePath, Stage,
};

/// A reply from its text; lines are separated by CRLF.
pub(crate) fn reply(text: &str) -> Reply {
    let mut decoder = ReplyDecoder::default();
    decoder.push(format!("{text}\r\n").as_bytes()).expect("a legal reply").expect("a whole reply")
}

pub(crate) fn event(kind: EventKind, reason: &'static str) -> Event {
    Event::new(kind, reason)
}

/// Patterns from their text, alternatives separated by ` or `.
pub(crate) fn patterns(text: &str) -> Patterns {
    let any = text
        .split(" or ")
        .flat_map(|one| Patterns::parse(one).unwrap_or_else(|error| panic!("{one}: {error}")).any)
        .collect();
    Patterns { any, written: text.into() }
}

/// What a session is expected to come to as a whole.
pub(crate) fn expect(text: &str) -> Expectations {
    let session = if text.is_empty() { Expect::Positive } else { Expect::Decisive(patterns(text)) };
    Expectations { session, ..Expectations::default() }
}

/// A stage map of replies, `mail_from: 250, rcpt_to: 550`.
pub(crate) fn stages(text: &str) -> Expectations {
    let stages = text.split(", ").map(|entry| {
        let (stage, written) = entry.split_once(": ").expect("stage: pattern");
        let expect = StageExpect { reply: Some(patterns(written)), ..StageExpect::default() };
        (stage.parse().expect("a stage"), expect)
    });
    map(stages.collect())
}

/// A stage map.
pub(crate) fn map(stages: Vec<(Stage, StageExpect)>) -> Expectations {
    let session = Expect::Stages(Box::new(StageExpectations { stages, ..StageExpectations::default() }));
    Expectations { session, ..Expectations::default() }
}

/// A session in clear text: one transaction, so many recipients, no message.
pub(crate) fn plan(recipients: usize) -> Plan {
    Plan {
        endpoint: Endpoint::new("mx.example".into(), 25),
        tls: TlsMode::None,
        hello: Hello { verb: HelloVerb::Ehlo, name: "client.example".into() },
        auth: None,
        transactions: vec![transaction(recipients)],
        steps: None,
        lmtp: false,
        extensions: Extensions::default(),
        stop_after: None,
        hold_quit: false,
        timeouts: Timeouts::default(),
        limits: ReplyLimits::default(),
        case_id: "a/case".into(),
    }
}

pub(crate) fn transaction(recipients: usize) -> Transaction {
    let recipient = |n| Recipient {
        path: ForwardPath::parse(&format!("r{n}@example.com")).expect("an address"),
        params: "".into(),
    };
    Transaction {
        mail_from: ReversePath::parse("a@example.com").expect("an address"),
        mail_params: "".into(),
        recipients: (1..=recipients).map(recipient).collect(),
        message: None,
    }
}

/// The same plan with a message in each transaction.
pub(crate) fn with_message(mut plan: Plan) -> Plan {
    for transaction in &mut plan.transactions {
        transaction.message = Some(Arc::new(Draft::verbatim(&b"Subject: x\r\n\r\nx\r\n"[..])));
    }
    plan
}

/// The same plan with a log-in whose failure does not end it.
pub(crate) fn with_ignored_login(mut plan: Plan) -> Plan {
    let auth = Auth::new(Mechanism::Login, "scan@example.com", Some(Secret::new("correct horse")));
    plan.auth = Some(Auth { continue_on_failure: true, insecure: true, ..auth });
    plan
}

/// What is seen when the steps of a clear-text plan are answered in order, from
/// the greeting on: a reply, `!closed eof` for an event, which ends it.
pub(crate) fn seen(plan: &Plan, script: &[&str]) -> Observation {
    let mut steps = vec![(Stage::Greeting, 0, None), (Stage::Ehlo, 0, None)];
    steps.extend(plan.auth.iter().map(|_| (Stage::Auth, 0, None)));
    for (n, transaction) in (0..).zip(&plan.transactions) {
        steps.push((Stage::MailFrom, n, None));
        steps.extend((0..).zip(&transaction.recipients).map(|(r, _)| (Stage::RcptTo, n, Some(r))));
        if transaction.message.is_some() {
            steps.extend([(Stage::Data, n, None), (Stage::Message, n, None)]);
        }
    }
    steps.push((Stage::Quit, 0, None));
    let mut observation = Observation { peer: Some(([127, 0, 0, 1], 25).into()), ..Observation::default() };
    observation.timings.total = Duration::from_millis(9);
    assert!(script.len() <= steps.len(), "the script is longer than the session");
    for (line, (stage, transaction, recipient)) in script.iter().zip(steps) {
        if let Some(event) = line.strip_prefix('!') {
            observation.event = Some((stage, parse_event(event)));
            break;
        }
        let elapsed = Duration::from_millis(3);
        let at = elapsed * u32::try_from(observation.answers.len() + 1).expect("few steps");
        observation.answers.push(Answer {
            stage,
            transaction,
            recipient,
            step: None,
            reply: reply(line),
            elapsed,
            at,
        });
    }
    observation
}

/// What is seen when the session ends before the greeting.
pub(crate) fn unreached(stage: Stage, text: &str) -> Observation {
    Observation { event: Some((stage, parse_event(text))), ..Observation::default() }
}

fn parse_event(text: &str) -> Event {
    let (kind, reason) = text.split_once(' ').expect("an event and its reason");
    Event { kind: kind.parse().expect("an event"), reason: reason.to_owned().into(), detail: String::new() }
}
