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
    let mut ended = failures.iter().any(|failure| failure.stage < Stage::MailFrom);
    for (n, step) in (0..).zip(&steps.list) {
        let first = answers.iter().position(|answer| answer.step >= Some(n)).unwrap_or(answers.len());
        let count = answers[first..].iter().take_while(|answer| answer.step == Some(n)).count();
        let mine = &answers[first..first + count];
        answers = &answers[first + count..];
        let (stage, seen) = seen(view, n, step, mine);
        let label = format!("step {} ({}): ", n + 1, step.say.verb());
        if let Some(expect) = own.next_if(|own| own.step == n) {
            let missing = matches!(seen, Seen::Missing);
            if !(missing && !failures.is_empty()) {
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
