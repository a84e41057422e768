//! Two playings of one case, under rules that differ: what has changed?

use super::{DecidedBy, Decisive, Hint, Outcome, hint};
use crate::session::Observation;
use crate::smtp::{ReplyCode, Stage, steady};
use crate::verdict::CaseResult;

/// How a case was answered, expectations aside.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// What decided it; `None` where it was not played.
    pub decisive: Option<Told>,
    /// Every refusal, in order, those included that decided nothing.
    pub refusals: Vec<Told>,
    /// Why the simulator answered so, step by step.
    pub account: Vec<String>,
    /// Why it was not played.
    pub skipped: Option<String>,
    /// The server was not reached.
    pub unreached: bool,
}

/// A reply or an event, and what it means.
#[derive(Clone, Debug)]
pub struct Told {
    /// Where, and what.
    pub decisive: Decisive,
    /// What it means.
    pub hint: Hint,
    said: Said,
}

/// What a server said or did, without what varies from session to session: two of
/// these can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where.
    pub stage: Stage,
    /// Whether the server agreed.
    pub accepted: bool,
    /// Codes and text, or the event and its reason; of an acceptance the basic code
    /// alone, for whoever sends sees no more.
    pub words: String,
    /// Which transaction and which of its recipients, from 0.
    pub place: (u16, Option<u16>),
}

/// What is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// What was accepted is refused.
    Breaks,
    /// What was refused is accepted.
    Works,
    /// It is refused as before, with another reply; or another recipient is.
    Differs,
    /// The same refusal comes at another stage: no change for whoever sends.
    Moves,
    /// Nothing.
    Same,
}

impl Difference {
    /// The name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Breaks => "breaks",
            Self::Works => "works",
            Self::Differs => "differs",
            Self::Moves => "moves",
            Self::Same => "same",
        }
    }

    /// Whether it is more than a note.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Breaks | Self::Works | Self::Differs)
    }
}

impl Said {
    /// A reply, by its code, enhanced code and text. `own` is what [`steady`] takes
    /// it to be.
    #[must_use]
    pub fn reply(stage: Stage, code: u16, enhanced: Option<&str>, text: &str, own: &[(&str, &str)]) -> Self {
        let accepted = ReplyCode::new(code).is_some_and(|code| stage.accepts(code));
        let mut words = code.to_string();
        if !accepted {
            let text = steady(text, own);
            let parts = [enhanced.unwrap_or_default(), &text];
            for part in parts.into_iter().filter(|part| !part.is_empty()) {
                words.push(' ');
                words.push_str(part);
            }
        }
        Self { stage, accepted, words, place: (0, None) }
    }

    /// Something that is no reply.
    #[must_use]
    pub fn event(stage: Stage, event: String) -> Self {
        Self { stage, accepted: false, words: event, place: (0, None) }
    }

    /// The same of one transaction and of one of its recipients, from 0.
    #[must_use]
    pub fn at(self, transaction: u16, recipient: Option<u16>) -> Self {
        Self { place: (transaction, recipient), ..self }
    }

    /// What is different in what is said instead.
    #[must_use]
    pub fn difference(&self, after: &Self) -> Difference {
        match (self.accepted, after.accepted) {
            (true, false) => Difference::Breaks,
            (false, true) => Difference::Works,
            _ if self.words != after.words => Difference::Differs,
            (false, false) if self.stage != after.stage => Difference::Moves,
            _ => Difference::Same,
        }
    }
}

/// The first that only one side has, of each side.
#[must_use]
pub fn only<'a, T>(
    before: &'a [T],
    after: &'a [T],
    said: impl Fn(&T) -> &Said,
) -> (Option<&'a T>, Option<&'a T>) {
    let lacks = |side: &[T], one: &T| !side.iter().any(|two| said(two) == said(one));
    (before.iter().find(|one| lacks(after, one)), after.iter().find(|one| lacks(before, one)))
}

impl Answers {
    /// What of a result is to be compared.
    #[must_use]
    pub fn of(result: CaseResult) -> Self {
        let unreached = result.outcome == Outcome::Error;
        let Some(last) = result.attempts.into_iter().next_back() else {
            return Self { skipped: result.skipped_because, unreached, ..Self::default() };
        };
        let seen = last.observation;
        let told = |decisive: Decisive, place| Told::of(decisive, place, &seen);
        let refusals = refusals(&seen).map(|(decisive, place)| told(decisive, place)).collect();
        let decisive = last.verdict.decisive.map(|decisive| told(decisive, (0, None)));
        Self { decisive, refusals, account: seen.account, skipped: result.skipped_because, unreached }
    }
}

impl Told {
    fn of(decisive: Decisive, (transaction, recipient): (u16, Option<u16>), seen: &Observation) -> Self {
        let said = match &decisive.what {
            DecidedBy::Reply(reply) => {
                let enhanced = reply.enhanced().map(|enhanced| enhanced.to_string());
                Said::reply(decisive.stage, reply.code().get(), enhanced.as_deref(), &reply.text(), &[])
            }
            DecidedBy::Event(event) => Said::event(decisive.stage, event.to_string()),
        };
        Self { hint: hint(&decisive, seen), said: said.at(transaction, recipient), decisive }
    }

    /// Whether the server agreed.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        self.said.accepted
    }

    /// What was said, without what varies from session to session; of an acceptance
    /// the codes are left.
    #[must_use]
    pub fn steady(&self) -> String {
        match self.said.accepted {
            true => self.decisive.in_short(),
            false => self.said.words.clone(),
        }
    }
}

/// Every reply that refuses, with its transaction and recipient.
fn refusals(seen: &Observation) -> impl Iterator<Item = (Decisive, (u16, Option<u16>))> + '_ {
    let refused = seen
        .answers
        .iter()
        .filter(|answer| answer.stage != Stage::Quit && !answer.stage.accepts(answer.reply.code()));
    refused.map(|answer| {
        let what = DecidedBy::Reply(answer.reply.clone());
        let decisive = Decisive { stage: answer.stage, what, elapsed: Some(answer.elapsed) };
        (decisive, (answer.transaction, answer.recipient.or(answer.step)))
    })
}

/// What is different, and the two replies that show it; `None` stands for no refusal.
#[must_use]
pub fn difference<'a>(
    before: &'a Answers,
    after: &'a Answers,
) -> (Difference, Option<&'a Told>, Option<&'a Told>) {
    let (Some(was), Some(is)) = (&before.decisive, &after.decisive) else {
        return (Difference::Same, before.decisive.as_ref(), after.decisive.as_ref());
    };
    let kind = was.said.difference(&is.said);
    if kind != Difference::Same {
        return (kind, Some(was), Some(is));
    }
    // Nothing that decided; but of several recipients another may be refused.
    match only(&before.refusals, &after.refusals, |told| &told.said) {
        (None, None) => (Difference::Same, Some(was), Some(is)),
        (was, is) => (Difference::Differs, was, is),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Expectations;
    use crate::verdict::judge;
    use crate::verdict::testing::{plan, seen, with_message};

    /// How a session of so many recipients was answered.
    fn answers(recipients: usize, replies: &[&str]) -> Answers {
        let plan = with_message(plan(recipients));
        let observation = seen(&plan, replies);
        let verdict = judge(&plan, &Expectations::default(), 0, &observation);
        let told = |decisive: Decisive, place| Told::of(decisive, place, &observation);
        Answers {
            refusals: refusals(&observation).map(|(decisive, place)| told(decisive, place)).collect(),
            decisive: verdict.decisive.map(|decisive| told(decisive, (0, None))),
            ..Answers::default()
        }
    }

    const WELL: [&str; 6] = ["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "250 2.6.0 <a@b> queued"];

    fn kind(before: &[&str], after: &[&str]) -> Difference {
        difference(&answers(1, before), &answers(1, after)).0
    }

    #[test]
    fn what_is_accepted_and_what_is_not_is_told_apart() {
        let refused = ["220 hi", "250 hi", "250 ok", "550 5.7.64 no [A.outlook.com]"];
        assert_eq!(kind(&WELL, &refused), Difference::Breaks);
        assert_eq!(kind(&refused, &WELL), Difference::Works);
        assert_eq!(kind(&WELL, &WELL), Difference::Same);
    }

    #[test]
    fn what_varies_from_session_to_session_is_no_change() {
        let one = ["220 hi", "250 hi", "250 ok", "550 5.7.64 no [A.outlook.com]"];
        let two = ["220 hi", "250 hi", "250 ok", "550 5.7.64 no [C.D.outlook.com]"];
        assert_eq!(kind(&one, &two), Difference::Same);
        let mut later = WELL;
        later[5] = "250 2.6.0 <c@d> queued";
        assert_eq!(kind(&WELL, &later), Difference::Same);
    }

    #[test]
    fn another_refusal_is_a_change_and_the_same_elsewhere_a_note() {
        let at_rcpt = ["220 hi", "250 hi", "250 ok", "550 5.7.64 no [A.outlook.com]"];
        let at_mail = ["220 hi", "250 hi", "550 5.7.64 no [A.outlook.com]"];
        let other = ["220 hi", "250 hi", "250 ok", "550 5.7.64 never [A.outlook.com]"];
        assert_eq!(kind(&at_rcpt, &at_mail), Difference::Moves);
        assert_eq!(kind(&at_rcpt, &other), Difference::Differs);
        assert!(!Difference::Moves.is_change() && Difference::Differs.is_change());
    }

    #[test]
    fn another_recipient_that_is_refused_is_a_change() {
        let one = ["220 hi", "250 hi", "250 ok", "550 no", "250 ok", "354 go", "250 ok"];
        let both = ["220 hi", "250 hi", "250 ok", "550 no", "550 no"];
        let (before, after) = (answers(2, &one), answers(2, &both));
        let (kind, was, is) = difference(&before, &after);
        assert_eq!(kind, Difference::Differs);
        assert!(was.is_none());
        assert_eq!(is.map(Told::steady).as_deref(), Some("550 no"));
    }
}
