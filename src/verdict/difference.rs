//! Two playings of one case, under rules that differ: what has changed?

use super::{DecidedBy, Decisive, Hint, Outcome, hint};
use crate::session::Observation;
use crate::smtp::{Reply, Stage};
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
    /// Which transaction and which of its recipients, from 0.
    place: (u16, Option<u16>),
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

impl Answers {
    /// What of a result is to be compared.
    #[must_use]
    pub fn of(result: CaseResult) -> Self {
        let unreached = result.outcome == Outcome::Error;
        let Some(last) = result.attempts.into_iter().next_back() else {
            return Self { skipped: result.skipped_because, unreached, ..Self::default() };
        };
        let seen = last.observation;
        let told = |decisive: Decisive, place| Told { hint: hint(&decisive, &seen), decisive, place };
        let refusals = refusals(&seen).map(|(decisive, place)| told(decisive, place)).collect();
        let decisive = last.verdict.decisive.map(|decisive| told(decisive, (0, None)));
        Self { decisive, refusals, account: seen.account, skipped: result.skipped_because, unreached }
    }
}

impl Told {
    /// Whether the server agreed.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        match &self.decisive.what {
            DecidedBy::Reply(reply) => self.decisive.stage.accepts(reply.code()),
            DecidedBy::Event(_) => false,
        }
    }

    /// What was said, without what varies from session to session: a refusal loses
    /// the server's stamp, which stands last and in brackets; of an acceptance the
    /// codes are left.
    #[must_use]
    pub fn steady(&self) -> String {
        match &self.decisive.what {
            DecidedBy::Event(event) => event.to_string(),
            DecidedBy::Reply(reply) => steady(reply, self.is_accepted()),
        }
    }

    fn is_said_of_the_same(&self, other: &Self) -> bool {
        self.decisive.stage == other.decisive.stage
            && self.place == other.place
            && self.steady() == other.steady()
    }
}

fn steady(reply: &Reply, accepted: bool) -> String {
    let codes = match reply.enhanced() {
        Some(enhanced) => format!("{} {enhanced}", reply.code()),
        None => reply.code().to_string(),
    };
    let text = reply.text();
    let text =
        text.rsplit_once(" [").filter(|(_, stamp)| stamp.ends_with(']')).map_or(&*text, |(text, _)| text);
    match accepted || text.is_empty() {
        true => codes,
        false => format!("{codes} {text}"),
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
        (decisive, (answer.transaction, answer.recipient))
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
    let kind = match (was.is_accepted(), is.is_accepted()) {
        (true, false) => Difference::Breaks,
        (false, true) => Difference::Works,
        (true, true) => Difference::Same,
        (false, false) if was.steady() != is.steady() => Difference::Differs,
        (false, false) if was.decisive.stage != is.decisive.stage => Difference::Moves,
        (false, false) => Difference::Same,
    };
    if kind != Difference::Same {
        return (kind, Some(was), Some(is));
    }
    // Nothing that decided; but of several recipients another may be refused.
    let only = |of: &'a [Told], other: &[Told]| {
        of.iter().find(|one| !other.iter().any(|two| one.is_said_of_the_same(two)))
    };
    match (only(&before.refusals, &after.refusals), only(&after.refusals, &before.refusals)) {
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
        let told = |decisive: Decisive, place| Told { hint: hint(&decisive, &observation), decisive, place };
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
        let refused = ["220 hi", "250 hi", "250 ok", "550 5.7.64 no [A 1 B]"];
        assert_eq!(kind(&WELL, &refused), Difference::Breaks);
        assert_eq!(kind(&refused, &WELL), Difference::Works);
        assert_eq!(kind(&WELL, &WELL), Difference::Same);
    }

    #[test]
    fn what_varies_from_session_to_session_is_no_change() {
        let one = ["220 hi", "250 hi", "250 ok", "550 5.7.64 no [A 1 B]"];
        let two = ["220 hi", "250 hi", "250 ok", "550 5.7.64 no [C 2 D]"];
        assert_eq!(kind(&one, &two), Difference::Same);
        let mut later = WELL;
        later[5] = "250 2.6.0 <c@d> queued";
        assert_eq!(kind(&WELL, &later), Difference::Same);
    }

    #[test]
    fn another_refusal_is_a_change_and_the_same_elsewhere_a_note() {
        let at_rcpt = ["220 hi", "250 hi", "250 ok", "550 5.7.64 no [A 1 B]"];
        let at_mail = ["220 hi", "250 hi", "550 5.7.64 no [A 1 B]"];
        let other = ["220 hi", "250 hi", "250 ok", "550 5.7.64 never [A 1 B]"];
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
