//! The observation as the judge reads it: what came at which stage, and what
//! was decisive.

use std::time::Duration;

use super::pattern::{self, Said};
use super::{DecidedBy, Decisive};
use crate::plan::{Plan, Transaction};
use crate::scenario::Expectations;
use crate::session::{Answer, Observation};
use crate::smtp::{Event, Reply, Stage};

/// Which part of a session an expectation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of it.
    Whole,
    /// What comes before the first transaction.
    Opening,
    /// One transaction, from 0.
    Transaction(u16),
}

impl Scope {
    /// Whether a transaction belongs to it.
    pub(super) const fn holds(self, transaction: u16) -> bool {
        match self {
            Self::Whole => true,
            Self::Opening => false,
            Self::Transaction(n) => n == transaction,
        }
    }
}

/// What came at a stage.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen<'a> {
    /// A reply, and how long it took.
    Reply(&'a Reply, Duration),
    /// An end that is no reply.
    Event(&'a Event),
    /// The stage has no reply of its own and was passed: connect, handshake.
    Passed,
    /// Nothing.
    Missing,
}

impl<'a> Seen<'a> {
    /// What a pattern can be held against.
    pub(super) fn said(self) -> Option<Said<'a>> {
        match self {
            Self::Reply(reply, _) => Some(Said::Reply(reply)),
            Self::Event(event) => Some(Said::Event(event)),
            Self::Passed | Self::Missing => None,
        }
    }
}

/// A plan, what is expected of it and what was seen of it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) plan: &'a Plan,
    pub(super) expect: &'a Expectations,
    pub(super) observation: &'a Observation,
}

impl<'a> View<'a> {
    /// The stages planned in a scope, in the order of the session; those of steps left
    /// out.
    pub(super) fn planned(self, scope: Scope) -> Vec<Stage> {
        let mut stages = self.plan.opening();
        match scope {
            Scope::Whole => {}
            Scope::Opening => stages.retain(|stage| *stage < Stage::MailFrom),
            Scope::Transaction(n) => {
                let transaction = self.plan.transactions.get(usize::from(n));
                stages.retain(|stage| transaction.is_some_and(|transaction| has(transaction, *stage)));
            }
        }
        stages
    }

    /// The answers in a scope, QUIT's left out.
    fn answers(self, scope: Scope) -> impl DoubleEndedIterator<Item = &'a Answer> + Clone {
        self.observation.answers.iter().filter(move |answer| {
            answer.stage != Stage::Quit
                && match scope {
                    Scope::Whole => true,
                    Scope::Opening => answer.stage < Stage::MailFrom,
                    Scope::Transaction(n) => answer.stage >= Stage::MailFrom && answer.transaction == n,
                }
        })
    }

    /// The event, where it fell into the scope.
    pub(super) fn event(self, scope: Scope) -> Option<(Stage, &'a Event)> {
        let (stage, event) = self.observation.event.as_ref()?;
        let inside = match scope {
            Scope::Whole => true,
            Scope::Opening => *stage < Stage::MailFrom,
            Scope::Transaction(n) => *stage >= Stage::MailFrom && self.transaction_of_event(*stage) == n,
        };
        inside.then_some((*stage, event))
    }

    /// The transaction that an event at `stage` ended: the one that was under
    /// way, or the next where MAIL itself had no answer. After the last MAIL of
    /// all there is no next.
    fn transaction_of_event(self, stage: Stage) -> u16 {
        let all = self.plan.transactions.len();
        match self.answers(Scope::Whole).rfind(|answer| answer.stage >= Stage::MailFrom) {
            Some(last) if stage == Stage::MailFrom && usize::from(last.transaction) + 1 < all => {
                last.transaction + 1
            }
            Some(last) => last.transaction,
            None => 0,
        }
    }

    /// Whether this recipient, or this step, has an expectation of its own.
    fn judged_alone(self, answer: &Answer) -> bool {
        if let Some(step) = answer.step {
            return self.step_judged_alone(step);
        }
        matches!(answer.stage, Stage::RcptTo | Stage::Message)
            && self
                .expect
                .recipients
                .iter()
                .any(|own| own.transaction == answer.transaction && Some(own.recipient) == answer.recipient)
    }

    fn step_judged_alone(self, step: u16) -> bool {
        self.expect.steps.binary_search_by_key(&step, |own| own.step).is_ok()
    }

    /// Whether the step that an event fell into expects it of its own.
    pub(super) fn event_judged_alone(self) -> bool {
        let own = self.observation.event_step.and_then(|step| {
            let at = self.expect.steps.binary_search_by_key(&step, |own| own.step).ok()?;
            self.expect.steps[at].expect.reply.as_ref()
        });
        match (own, &self.observation.event) {
            (Some(own), Some((_, event))) => pattern::holds(own, Said::Event(event)),
            _ => false,
        }
    }

    /// Whether this refusal, one of the observation's, is one that the plan goes on after
    /// by its own will. After 421 nobody goes on (RFC 5321 §3.8).
    pub(super) fn is_borne(self, stage: Stage, reply: &Reply) -> bool {
        stage == Stage::Auth
            && reply.code().get() != 421
            && self.plan.log_in(self.step_of(reply)).is_some_and(|auth| auth.continue_on_failure)
    }

    /// The step that this reply was given to; the same words may have been said twice.
    fn step_of(self, reply: &Reply) -> Option<usize> {
        let own = self.observation.answers.iter().find(|answer| std::ptr::eq(&answer.reply, reply));
        own.and_then(|answer| answer.step).map(usize::from)
    }

    /// Whether an answer is a refusal that can decide a session.
    fn decides(self, answer: &Answer) -> bool {
        is_refusal(answer) && !self.is_borne(answer.stage, &answer.reply) && !self.judged_alone(answer)
    }

    /// A positive reply of the wrong kind, such as 354 to MAIL: the driver ends a
    /// session there, and no verdict looks past it either.
    pub(super) fn misfit(self, scope: Scope) -> Option<&'a Answer> {
        self.answers(scope).find(|answer| !answer.stage.accepts(answer.reply.code()) && !is_refusal(answer))
    }

    /// Where every recipient of a transaction was refused: the last refusal.
    fn all_refused(self, transaction: u16) -> Option<&'a Answer> {
        let planned = self.plan.transactions.get(usize::from(transaction))?.recipients.len();
        let mut answers = self
            .answers(Scope::Transaction(transaction))
            .filter(|answer| answer.stage == Stage::RcptTo && is_refusal(answer));
        (answers.clone().count() == planned).then(|| answers.next_back()).flatten()
    }

    /// The first refusal of a scope, or of one stage of it, that can decide; the
    /// last refusal where all recipients were refused.
    fn refusal(self, scope: Scope, stage: Option<Stage>) -> Option<&'a Answer> {
        let first = self
            .answers(scope)
            .find(|answer| stage.is_none_or(|stage| answer.stage == stage) && self.decides(answer))?;
        match first.stage {
            Stage::RcptTo => self.all_refused(first.transaction).or(Some(first)),
            _ => Some(first),
        }
    }

    /// Whether all recipients were refused and each of them has an expectation
    /// of its own: the transaction ended there, and not by surprise.
    pub(super) fn ended_by_recipients(self, scope: Scope) -> bool {
        let mut answers = self.answers(scope).filter(|answer| answer.stage == Stage::RcptTo).peekable();
        answers.peek().is_some_and(|first| self.all_refused(first.transaction).is_some())
            && answers.all(|answer| self.judged_alone(answer))
    }

    /// Whether the message was answered for each recipient, and each has an expectation
    /// of its own.
    pub(super) fn told_by_recipients(self, scope: Scope) -> bool {
        let mut answers = self.answers(scope).filter(|answer| answer.stage == Stage::Message).peekable();
        answers.peek().is_some() && answers.all(|answer| self.judged_alone(answer))
    }

    /// What came at a stage: the first refusal, else the event, else the last
    /// reply.
    pub(super) fn at(self, stage: Stage, scope: Scope) -> Seen<'a> {
        if let Some(answer) = self.refusal(scope, Some(stage)) {
            return Seen::Reply(&answer.reply, answer.elapsed);
        }
        if let Some((at, event)) = self.event(scope)
            && at == stage
        {
            return Seen::Event(event);
        }
        match stage {
            Stage::Connect if self.is_connected() => Seen::Passed,
            Stage::Tls if self.observation.tls.is_some() => Seen::Passed,
            Stage::Quit => self.quit(),
            _ => self.last_answer(stage, scope).map_or(Seen::Missing, |a| Seen::Reply(&a.reply, a.elapsed)),
        }
    }

    fn quit(self) -> Seen<'a> {
        let answer = self.observation.answers.iter().find(|answer| answer.stage == Stage::Quit);
        answer.map_or(Seen::Missing, |answer| Seen::Reply(&answer.reply, answer.elapsed))
    }

    fn is_connected(self) -> bool {
        self.observation.peer.is_some()
            || !self.observation.answers.is_empty()
            || self.observation.event.as_ref().is_some_and(|(stage, _)| *stage != Stage::Connect)
    }

    /// The last answer at a stage. A recipient that is judged alone speaks for
    /// the stage only where no other does.
    fn last_answer(self, stage: Stage, scope: Scope) -> Option<&'a Answer> {
        let answers = self.answers(scope).filter(move |answer| answer.stage == stage);
        if stage == Stage::RcptTo && !self.is_complete(scope) {
            return None;
        }
        answers
            .clone()
            .rfind(|answer| !self.judged_alone(answer))
            .or_else(|| answers.clone().rfind(|answer| stage.accepts(answer.reply.code())))
            .or_else(|| answers.clone().next_back())
    }

    /// Whether every recipient planned in the scope has been answered.
    fn is_complete(self, scope: Scope) -> bool {
        let answered = self.answers(scope).filter(|answer| answer.stage == Stage::RcptTo).count();
        let transactions = &self.plan.transactions;
        let planned: usize = match scope {
            Scope::Transaction(n) => transactions.get(usize::from(n)).map_or(0, |t| t.recipients.len()),
            _ => transactions.iter().map(|t| t.recipients.len()).sum(),
        };
        answered >= planned
    }

    /// What decided the scope, as the contract has it: the first refusal or
    /// event, else the reply to the last planned stage. Where a session ended
    /// by a refusal that would not decide (a recipient's own, AUTH's), that is
    /// the end of it all the same.
    pub(super) fn decisive(self, scope: Scope) -> Option<Decisive> {
        if let Some(answer) = self.refusal(scope, None) {
            return Some(decided(answer));
        }
        let event = self.event(scope).map(|(stage, event)| Decisive {
            stage,
            what: DecidedBy::Event(event.clone()),
            elapsed: None,
        });
        if event.is_some() && !self.event_judged_alone() {
            return event;
        }
        if self.plan.steps.is_some() {
            let steps = self.answers(scope).filter(|answer| answer.step.is_some());
            let free = steps.clone().rfind(|answer| !self.judged_alone(answer));
            let last = free.or_else(|| steps.clone().next_back());
            return last.map(decided).or(event);
        }
        let last = *self.planned(scope).last()?;
        let inner = match scope {
            Scope::Whole if last >= Stage::MailFrom => {
                Scope::Transaction(u16::try_from(self.plan.transactions.len()).ok()?.checked_sub(1)?)
            }
            scope => scope,
        };
        if let Some(answer) = self.last_answer(last, inner) {
            return Some(decided(answer));
        }
        self.answers(scope).rfind(|answer| is_refusal(answer)).map(decided)
    }

    /// How long a stage took; for a stage of several replies the slowest. Where
    /// it was not measured because an event ended it, the whole session is an
    /// upper bound.
    pub(super) fn elapsed(self, stage: Stage, scope: Scope) -> Option<Duration> {
        let timings = &self.observation.timings;
        let measured = match stage {
            Stage::Connect => timings.connect,
            Stage::Tls => timings.tls,
            Stage::Quit => match self.quit() {
                Seen::Reply(_, elapsed) => Some(elapsed),
                _ => None,
            },
            _ => self.answers(scope).filter(|answer| answer.stage == stage).map(|a| a.elapsed).max(),
        };
        match self.observation.event {
            Some((at, _)) if at == stage => Some(timings.total),
            _ => measured,
        }
    }

    /// How long a step took; of several replies the slowest.
    pub(super) fn elapsed_of_step(self, step: u16) -> Option<Duration> {
        if self.observation.event_step == Some(step) {
            return Some(self.observation.timings.total);
        }
        let answers = self.observation.answers.iter().filter(|answer| answer.step == Some(step));
        answers.map(|answer| answer.elapsed).max()
    }

    /// Whether a later step was answered.
    pub(super) fn went_on_after_step(self, step: u16) -> Option<Stage> {
        let later = self.observation.answers.iter().find(|answer| answer.step > Some(step));
        later.map(|answer| answer.stage)
    }

    /// Whether something was said or happened after a stage.
    pub(super) fn went_on_after(self, stage: Stage) -> Option<Stage> {
        let stages = self.plan.stages();
        let place = |stage: Stage| stages.iter().position(|planned| *planned == stage);
        let at = place(stage)?;
        self.observation
            .answers
            .iter()
            .map(|answer| answer.stage)
            .find(|other| *other != Stage::Quit && place(*other).is_some_and(|place| place > at))
    }

    /// Why a stage was never answered, in words.
    pub(super) fn why_missing(self) -> String {
        if let Some((stage, event)) = &self.observation.event {
            return format!("nothing: the session had ended at {stage} with {event}");
        }
        let refusal = self
            .answers(Scope::Whole)
            .rfind(|answer| is_refusal(answer) && !self.is_borne(answer.stage, &answer.reply));
        match refusal {
            Some(answer) => {
                format!("nothing: the session had ended at {} with {}", answer.stage, answer.reply)
            }
            None => "no reply".to_owned(),
        }
    }
}

fn decided(answer: &Answer) -> Decisive {
    Decisive {
        stage: answer.stage,
        what: DecidedBy::Reply(answer.reply.clone()),
        elapsed: Some(answer.elapsed),
    }
}

fn has(transaction: &Transaction, stage: Stage) -> bool {
    match stage {
        Stage::MailFrom => true,
        Stage::RcptTo => !transaction.recipients.is_empty(),
        Stage::Data | Stage::Message => transaction.message.is_some(),
        _ => false,
    }
}

/// Whether a reply is a refusal: 4yz or 5yz, for STARTTLS everything but 220
/// (RFC 3207 §4). What else does not let the session go on, such as 250 to DATA,
/// is no refusal but an event: the peer broke the protocol.
fn is_refusal(answer: &Answer) -> bool {
    let code = answer.reply.code();
    !code.is_positive() || (answer.stage == Stage::StartTls && !answer.stage.accepts(code))
}
