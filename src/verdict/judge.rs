//! The judgement: does what was seen hold against what was expected?

use std::borrow::Cow;

use super::delivered;
use super::stages::{self, POSITIVE};
use super::view::{Scope, Seen, View};
use super::{DecidedBy, Decisive, Failure, Outcome, Verdict, elapsed_in_words, pattern, steps};
use crate::plan::Plan;
use crate::scenario::{Expect, Expectations, Patterns, RecipientExpect, StageExpectations};
use crate::session::Observation;
use crate::smtp::{EventKind, Stage};

/// Judges one attempt, counted from 0. Pure: the same input gives the same
/// verdict.
///
/// A missing reply is never a pass, whatever was expected.
#[must_use]
pub fn judge(plan: &Plan, expect: &Expectations, attempt: usize, observation: &Observation) -> Verdict {
    let view = View { plan, expect, observation };
    let mut failures = Vec::new();
    for (scope, expect) in parts(expect) {
        part(view, scope, expect, attempt, &mut failures);
    }
    for own in &expect.recipients {
        recipient(view, own, &mut failures);
    }
    steps::judge(view, &expect.session, &mut failures);
    let decisive = view.decisive(Scope::Whole);
    let outcome = match &decisive {
        _ if failures.is_empty() => Outcome::Passed,
        Some(decisive) if is_unreached(decisive) => Outcome::Error,
        _ => Outcome::Failed,
    };
    Verdict { outcome, decisive, expected: expected(expect, attempt), failures }
}

/// What is expected of a scope against what was seen of it.
fn part(view: View<'_>, scope: Scope, expect: &Expect, attempt: usize, failures: &mut Vec<Failure>) {
    match expect {
        Expect::Positive => stages::judge(view, scope, &StageExpectations::default(), failures),
        Expect::Stages(map) => stages::judge(view, scope, map, failures),
        Expect::Decisive(patterns) => decisive(view, scope, patterns, failures),
        Expect::Attempts(list) => match list.get(attempt).or(list.last()) {
            Some(patterns) => decisive(view, scope, patterns, failures),
            None => stages::judge(view, scope, &StageExpectations::default(), failures),
        },
        // Judged over all sessions: see `Series`.
        Expect::Shares(_) => {}
    }
}

/// Whether a session as a whole is of the kind that a share is about.
pub(super) fn holds(plan: &Plan, expect: &Expectations, share: &Expect, observation: &Observation) -> bool {
    let mut failures = Vec::new();
    part(View { plan, expect, observation }, Scope::Whole, share, 0, &mut failures);
    failures.is_empty()
}

/// The expectations with what each is about. Where transactions have their own,
/// what is expected of the session covers what comes before them, unless it is
/// written out: then it covers all, and a transaction that says nothing is
/// content with it.
pub(super) fn parts(expect: &Expectations) -> Vec<(Scope, &Expect)> {
    if expect.transactions.is_empty() {
        return vec![(Scope::Whole, &expect.session)];
    }
    let written = !matches!(expect.session, Expect::Positive);
    let mut parts = vec![(if written { Scope::Whole } else { Scope::Opening }, &expect.session)];
    for (n, own) in (0..).zip(&expect.transactions) {
        if !(written && matches!(own, Expect::Positive)) {
            parts.push((Scope::Transaction(n), own));
        }
    }
    parts
}

/// A pattern against what was decisive.
fn decisive(view: View<'_>, scope: Scope, patterns: &Patterns, failures: &mut Vec<Failure>) {
    let decided = view.decisive(scope);
    let seen = match &decided {
        Some(Decisive { what: DecidedBy::Reply(reply), elapsed, .. }) => {
            Seen::Reply(reply, elapsed.unwrap_or_default())
        }
        Some(Decisive { what: DecidedBy::Event(event), .. }) => Seen::Event(event),
        None => Seen::Missing,
    };
    let planned = view.planned(scope);
    let last = planned.last().copied().unwrap_or(Stage::Connect);
    let stage = decided.as_ref().map_or(last, |decided| decided.stage);
    if !seen.said().is_some_and(|said| pattern::holds(patterns, said)) {
        let seen = if decided.is_none() { view.at(last, scope) } else { seen };
        failures.push(stages::failure(view, stage, &*patterns.written, seen));
        return;
    }
    if let Some(answer) = view.misfit(scope)
        && matches!(seen, Seen::Reply(..))
    {
        let seen = Seen::Reply(&answer.reply, answer.elapsed);
        failures.push(stages::failure(view, answer.stage, POSITIVE, seen));
    }
    // A refusal was expected and came, but the session did not end in order: a
    // reply is missing, or one came that nobody asked for.
    if let Some((at, event)) = view.event(scope)
        && matches!(seen, Seen::Reply(..))
        && !view.event_judged_alone()
    {
        failures.push(stages::failure(view, at, "nothing after the refusal", Seen::Event(event)));
    }
}

/// One recipient against its own expectation.
fn recipient(view: View<'_>, own: &RecipientExpect, failures: &mut Vec<Failure>) {
    let asked = |answer: &&crate::session::Answer| {
        answer.stage == Stage::RcptTo && answer.transaction == own.transaction
    };
    let answers = || view.observation.answers.iter().filter(asked);
    // Where the message is answered for each recipient, that is the reply that counts.
    let of_message = |answer: &&crate::session::Answer| {
        answer.stage == Stage::Message && answer.transaction == own.transaction
    };
    let mut later = view.observation.answers.iter().filter(of_message);
    let own_reply = |answer: &&crate::session::Answer| answer.recipient == Some(own.recipient);
    let answer = later.find(own_reply).or_else(|| answers().find(own_reply));
    let stage = answer.map_or(Stage::RcptTo, |answer| answer.stage);
    let seen = match answer {
        Some(answer) => Seen::Reply(&answer.reply, answer.elapsed),
        None => match view.event(Scope::Transaction(own.transaction)) {
            // The event belongs to the recipient that was being asked.
            Some((Stage::RcptTo, event)) if answers().count() == usize::from(own.recipient) => {
                Seen::Event(event)
            }
            _ => Seen::Missing,
        },
    };
    if !seen.said().is_some_and(|said| pattern::holds(&own.patterns, said)) {
        let who = view
            .plan
            .transactions
            .get(usize::from(own.transaction))
            .and_then(|transaction| transaction.recipients.get(usize::from(own.recipient)))
            .map_or(Cow::Borrowed(""), |recipient| format!(" for <{}>", recipient.path.as_str()).into());
        let expected = format!("{}{who}", own.patterns.written);
        failures.push(stages::failure(view, stage, expected, seen));
    }
}

/// Whether the server was not reached: contract §2, exit status 3.
pub(super) fn is_unreached(decisive: &Decisive) -> bool {
    matches!(decisive.stage, Stage::Connect | Stage::Greeting)
        && matches!(&decisive.what, DecidedBy::Event(event) if matches!(
            event.kind,
            EventKind::DnsFailure | EventKind::Refused | EventKind::Timeout | EventKind::Closed
        ))
}

/// What is expected of an attempt, on one line, as written where it was written.
#[must_use]
pub fn expected(expect: &Expectations, attempt: usize) -> String {
    let session = summary(&expect.session, attempt);
    let mut out = match (&expect.session, expect.transactions.is_empty()) {
        (Expect::Positive, false) => String::new(),
        _ => session.into_owned(),
    };
    for (n, own) in expect.transactions.iter().enumerate() {
        let separator = if out.is_empty() { "" } else { "; " };
        out.push_str(&format!("{separator}transaction {}: {}", n + 1, summary(own, attempt)));
    }
    for own in &expect.recipients {
        out.push_str(&format!("; recipient {}", own.recipient + 1));
        if expect.transactions.len() > 1 {
            out.push_str(&format!(" of transaction {}", own.transaction + 1));
        }
        out.push_str(&format!(": {}", own.patterns.written));
    }
    for own in &expect.steps {
        out.push_str(&format!("; step {} ({}): {}", own.step + 1, own.verb, own.written));
    }
    out
}

fn summary(expect: &Expect, attempt: usize) -> Cow<'_, str> {
    match expect {
        Expect::Positive => "every stage positive".into(),
        Expect::Decisive(patterns) => (&*patterns.written).into(),
        Expect::Attempts(list) => {
            let list: Vec<_> = list.iter().map(|patterns| &*patterns.written).collect();
            format!("{} (attempt {})", list.join(", then "), attempt + 1).into()
        }
        Expect::Shares(shares) => {
            let shares = shares.iter().map(|share| format!("{}: {}", share.written, share.bounds));
            shares.collect::<Vec<_>>().join(", ").into()
        }
        Expect::Stages(map) => {
            let mut parts: Vec<_> = map
                .stages
                .iter()
                .map(|(stage, expect)| match &expect.reply {
                    Some(patterns) => format!("{stage}: {}", patterns.written),
                    None => format!("{stage}: as written"),
                })
                .collect();
            parts.extend(map.delivered.as_ref().map(delivered::words));
            if let Some(total) = map.total {
                parts.push(format!("total within {}", elapsed_in_words(total)));
            }
            if parts.is_empty() { POSITIVE.into() } else { parts.join(", ").into() }
        }
    }
}
