//! Expectations step by step.

use super::Failure;
use super::stages::{Judge, POSITIVE, failure, is_passed};
use super::view::{Scope, Seen, View};
use crate::plan::{Say, Step};
use crate::scenario::Expect;
use crate::session::Answer;
use crate::smtp::Stage;

/// Judges every step of a dialogue that is written out: by its own expectation; where it
/// has none it must be positive, unless `session` says what the session comes to. What
/// was never answered is never a pass.
pub(super) fn judge(view: View<'_>, session: &Expect, failures: &mut Vec<Failure>) {
    let Some(steps) = &view.plan.steps else { return };
    let mut own = view.expect.steps.iter().peekable();
    let mut answers = &view.observation.answers[..];
    // Whether the session has ended where it may, or as was complained of.
    let mut ended = ended_before(view);
    for (n, step) in (0..).zip(&steps.list) {
        let first = answers.iter().position(|answer| answer.step >= Some(n)).unwrap_or(answers.len());
        let count = answers[first..].iter().take_while(|answer| answer.step == Some(n)).count();
        let mine = &answers[first..first + count];
        answers = &answers[first + count..];
        let (stage, seen) = seen(view, n, step, mine);
        let label = format!("step {} ({}): ", n + 1, step.say.verb());
        if let Some(expect) = own.next_if(|own| own.step == n) {
            let missing = matches!(seen, Seen::Missing);
            if !missing || failures.is_empty() {
                let before = failures.len();
                Judge { view, scope: Scope::Whole, stage, seen, step: Some((n, label)), failures }
                    .judge(&expect.expect);
                ended |= failures.len() > before;
            }
            ended |= missing;
            continue;
        }
        let excused = match session {
            Expect::Decisive(_) | Expect::Attempts(_) | Expect::Shares(_) => true,
            Expect::Stages(map) => map.stages.iter().any(|(named, _)| *named == stage),
            Expect::Positive => false,
        };
        match seen {
            seen if is_passed(view, stage, seen) => continue,
            Seen::Missing if !ended && failures.is_empty() => {}
            Seen::Reply(..) | Seen::Event(_) if !ended && !excused => {}
            _ => {
                ended = true;
                continue;
            }
        }
        failures.push(failure(view, stage, format!("{label}{POSITIVE}"), seen));
        ended = true;
    }
}

/// Whether the session ended before the first step.
fn ended_before(view: View<'_>) -> bool {
    let seen = view.observation;
    let refused = |answer: &Answer| {
        !answer.stage.accepts(answer.reply.code()) && !view.is_borne(answer.stage, &answer.reply)
    };
    let mut opening = seen.answers.iter().take_while(|answer| answer.step.is_none());
    opening.any(|answer| answer.stage != Stage::Quit && refused(answer))
        || (seen.event.is_some() && seen.event_step.is_none())
}

/// What came of a step, and at which stage.
fn seen<'a>(view: View<'a>, n: u16, step: &Step, mine: &'a [Answer]) -> (Stage, Seen<'a>) {
    if matches!(step.say, Say::Quit) {
        return (Stage::Quit, view.at(Stage::Quit, Scope::Whole));
    }
    let reply = |answer: &'a Answer| (answer.stage, Seen::Reply(&answer.reply, answer.elapsed));
    if let Some(refused) = mine.iter().find(|answer| !answer.stage.accepts(answer.reply.code())) {
        return reply(refused);
    }
    if let (Some((stage, event)), true) = (&view.observation.event, view.observation.event_step == Some(n)) {
        return (*stage, Seen::Event(event));
    }
    let played = n < view.observation.steps;
    match mine.last() {
        // Of a STARTTLS that was not to be accepted there is no handshake.
        Some(last) if played || matches!(step.say, Say::StartTls) => reply(last),
        _ if played && step.say.is_silent() => (Stage::Command, Seen::Passed),
        _ => (mine.last().map_or(step.say.stage(), |answer| answer.stage), Seen::Missing),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::testing::{event, expect, patterns, plan, reply, stages};
    use super::super::{DecidedBy, Outcome, Verdict, judge};
    use crate::plan::{Auth, GoesOn, Plan, Say, Step, Steps, StepsAfter};
    use crate::scenario::{Expectations, StageExpect, StepExpect};
    use crate::secret::Secret;
    use crate::session::{Answer, Observation};
    use crate::smtp::{EventKind, Mechanism, ReversePath, Stage};

    fn step(say: Say) -> Step {
        Step { say, violate: false, with_next: false, goes_on: GoesOn::Positive }
    }

    /// `noop mail noop`, after the greeting.
    fn three() -> Plan {
        let mail = Say::Mail { path: ReversePath::Null, params: "".into() };
        let list = vec![step(Say::Noop("".into())), step(mail), step(Say::Noop("".into()))];
        Plan { transactions: Vec::new(), steps: Some(Steps { after: StepsAfter::Greeting, list }), ..plan(0) }
    }

    fn own(step: u16, written: &str) -> StepExpect {
        let expect = StageExpect { reply: Some(patterns(written)), ..StageExpect::default() };
        StepExpect { step, verb: "x", written: Arc::from(written), expect }
    }

    /// The greeting, then a reply a step; `!` is a connection that was closed.
    fn seen(plan: &Plan, replies: &[&str]) -> Observation {
        let mut seen = Observation { peer: Some(([127, 0, 0, 1], 25).into()), ..Observation::default() };
        let answer = |stage, step, line: &str| {
            let elapsed = Duration::from_millis(1);
            Answer { stage, transaction: 0, recipient: None, step, reply: reply(line), elapsed, at: elapsed }
        };
        seen.answers.push(answer(Stage::Greeting, None, "220 hi"));
        let steps = &plan.steps.as_ref().expect("steps").list;
        for (n, (line, step)) in (0..).zip(replies.iter().zip(steps)) {
            if *line == "!" {
                seen.event = Some((step.say.stage(), event(EventKind::Closed, "eof")));
                seen.event_step = Some(n);
                break;
            }
            if !line.is_empty() {
                seen.answers.push(answer(step.say.stage(), Some(n), line));
            }
            seen.steps = n + 1;
        }
        seen
    }

    fn verdict(session: Expectations, steps: Vec<StepExpect>, replies: &[&str]) -> Verdict {
        let plan = three();
        judge(&plan, &Expectations { steps, ..session }, 0, &seen(&plan, replies))
    }

    fn failures(verdict: &Verdict) -> Vec<String> {
        verdict.failures.iter().map(|f| format!("{} | {}", f.expected, f.actual)).collect()
    }

    #[test]
    fn a_step_that_says_nothing_must_be_positive() {
        assert_eq!(verdict(expect(""), vec![], &["250 ok", "250 ok", "250 ok"]).outcome, Outcome::Passed);
        let refused = verdict(expect(""), vec![], &["250 ok", "550 no"]);
        assert_eq!(failures(&refused), ["step 2 (mail_from): a positive reply | 550 no"]);
        assert_eq!(refused.decisive.map(|decisive| decisive.stage), Some(Stage::MailFrom));
    }

    #[test]
    fn a_steps_own_expectation_judges_that_step_alone() {
        let replies = ["250 ok", "550 no", "250 bye"];
        let passed = verdict(expect("250 bye"), vec![own(1, "550")], &replies);
        assert_eq!((passed.outcome, failures(&passed)), (Outcome::Passed, vec![]));
        let other = verdict(expect(""), vec![own(1, "551")], &replies[..2]);
        assert_eq!(failures(&other), ["step 2 (mail_from): 551 | 550 no"]);
        let positive = verdict(expect(""), vec![own(1, "550")], &["250 ok", "250 ok"]);
        assert_eq!(failures(&positive), ["step 2 (mail_from): 550 | 250 ok"]);
    }

    #[test]
    fn the_scenarios_own_expectation_holds_for_what_was_decisive() {
        assert_eq!(verdict(expect("550"), vec![], &["250 ok", "550 no"]).outcome, Outcome::Passed);
        assert_eq!(verdict(stages("mail_from: 550"), vec![], &["250 ok", "550 no"]).outcome, Outcome::Passed);
        assert_eq!(verdict(expect("551"), vec![], &["250 ok", "550 no"]).outcome, Outcome::Failed);
        let last = verdict(expect("251"), vec![], &["250 ok", "250 ok", "251 ok"]);
        assert!(
            matches!(last.decisive.map(|d| d.what), Some(DecidedBy::Reply(reply)) if reply.code().get() == 251)
        );
    }

    #[test]
    fn what_one_log_in_bears_another_need_not() {
        let log_in = |bears| {
            let auth = Auth::new(Mechanism::Plain, "a", Some(Secret::new("correct horse")));
            Auth { continue_on_failure: bears, ..auth }
        };
        for (bears, outcome) in [(true, Outcome::Passed), (false, Outcome::Failed)] {
            let list = vec![step(Say::Auth(Arc::new(log_in(bears)))), step(Say::Noop("".into()))];
            let steps = Some(Steps { after: StepsAfter::Greeting, list });
            let plan = Plan { transactions: Vec::new(), auth: Some(log_in(true)), steps, ..plan(0) };
            for session in [expect(""), stages("command: 250")] {
                let seen = seen(&plan, &["535 no", "250 ok"]);
                let verdict = judge(&plan, &session, 0, &seen);
                assert_eq!(verdict.outcome, outcome, "{bears}: {:?}", failures(&verdict));
            }
        }
    }

    #[test]
    fn what_was_never_answered_is_no_pass() {
        for (session, steps) in [
            (expect(""), vec![]),
            (expect("250"), vec![]),
            (expect("250"), vec![own(2, "250")]),
            (expect(""), vec![own(1, "250 or 421"), own(2, "250")]),
            (stages("mail_from: 250"), vec![]),
        ] {
            let cut = verdict(session, steps, &["250 ok", "250 ok"]);
            assert_eq!(cut.outcome, Outcome::Failed, "{:?}", failures(&cut));
            assert_eq!(cut.failures.len(), 1, "{:?}", failures(&cut));
        }
        // The refusal that was expected came, and a step that says more never did.
        assert_eq!(
            verdict(expect("550"), vec![own(2, "250")], &["250 ok", "550 no"]).outcome,
            Outcome::Failed
        );
    }

    #[test]
    fn a_session_that_ends_before_its_first_step_is_judged_by_that() {
        let plan = three();
        let refused = Observation {
            event: Some((Stage::Connect, event(EventKind::Refused, "connection_refused"))),
            ..Observation::default()
        };
        let passed = judge(&plan, &expect("refused"), 0, &refused);
        assert_eq!((passed.outcome, failures(&passed)), (Outcome::Passed, vec![]));
        assert_eq!(judge(&plan, &expect(""), 0, &refused).outcome, Outcome::Error);
        let mut busy = seen(&plan, &[]);
        busy.answers[0].reply = reply("554 no");
        assert_eq!(judge(&plan, &expect("554"), 0, &busy).outcome, Outcome::Passed);
        let failed = judge(&plan, &expect(""), 0, &busy);
        assert_eq!(failures(&failed).len(), 1, "{:?}", failures(&failed));
        // The step's own expectation was never met.
        let own = Expectations { steps: vec![own(0, "250")], ..expect("554") };
        assert_eq!(judge(&plan, &own, 0, &busy).outcome, Outcome::Failed);
    }

    #[test]
    fn an_event_fails_the_step_that_it_fell_into_unless_that_expects_it() {
        let closed = verdict(expect(""), vec![], &["250 ok", "250 ok", "!"]);
        assert_eq!(failures(&closed), ["step 3 (noop): a positive reply | closed eof"]);
        assert_eq!(
            verdict(expect(""), vec![own(2, "closed")], &["250 ok", "250 ok", "!"]).outcome,
            Outcome::Passed
        );
        assert_eq!(verdict(expect("250"), vec![], &["250 ok", "250 ok", "!"]).outcome, Outcome::Failed);
        assert_eq!(verdict(expect("closed"), vec![], &["250 ok", "250 ok", "!"]).outcome, Outcome::Passed);
    }
}
