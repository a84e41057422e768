//! Many sessions of one case, judged as one. Each is taken up as it ends and let
//! go: what is kept does not grow with their number.

use std::cmp::Ordering;
use std::time::Duration;

use super::judge::{expected, holds, is_unreached};
use super::{Attempt, Decisive, Failure, Outcome, Sessions};
use crate::plan::Plan;
use crate::scenario::{Expect, Expectations, Share};
use crate::smtp::Stage;

/// The most kinds of ends that are counted apart: a server that answers every
/// session otherwise costs no more.
const KINDS: usize = 16;

/// What the rest is counted as.
const OTHERS: &str = "others";

/// The sessions of one case so far.
#[derive(Debug)]
pub struct Series<'e> {
    expect: &'e Expectations,
    sessions: Sessions,
    /// Sessions whose server was not reached.
    unreached: u32,
    /// Sessions that failed although their server was reached.
    refuted: u32,
    /// One session of each kind that matters: the first that failed, then the
    /// first of each share, then the first that no share is about.
    failed: Option<Attempt>,
    examples: Vec<Option<Attempt>>,
}

impl<'e> Series<'e> {
    /// Begins a series of so many sessions.
    #[must_use]
    pub fn new(expect: &'e Expectations, planned: u32) -> Self {
        let shares = shares(expect).iter().map(|share| (format!("{}: {}", share.written, share.bounds), 0));
        let shares: Vec<_> = shares.collect();
        Self {
            expect,
            examples: vec![None; shares.len() + 1],
            sessions: Sessions { planned, shares, ..Sessions::default() },
            unreached: 0,
            refuted: 0,
            failed: None,
        }
    }

    /// Takes up a session that was played and judged by itself.
    pub fn add(&mut self, plan: &Plan, session: Attempt) {
        let verdict = &session.verdict;
        self.sessions.played += 1;
        let kind = verdict.decisive.as_ref().map_or_else(|| "no reply".to_owned(), Decisive::in_short);
        count(&mut self.sessions.seen, kind);
        if verdict.decisive.as_ref().is_some_and(is_unreached) {
            self.unreached += 1;
        }
        if verdict.outcome != Outcome::Passed {
            self.sessions.failed += 1;
            self.refuted += u32::from(verdict.outcome != Outcome::Error);
            self.failed.get_or_insert(session);
            return;
        }
        let mut first = None;
        for (n, share) in shares(self.expect).iter().enumerate() {
            if holds(plan, self.expect, &share.expect, &session.observation) {
                self.sessions.shares[n].1 += 1;
                first.get_or_insert(n);
            }
        }
        let last = self.examples.len() - 1;
        self.examples[first.unwrap_or(last)].get_or_insert(session);
    }

    /// How many sessions were taken up.
    #[must_use]
    pub const fn played(&self) -> u32 {
        self.sessions.played
    }

    /// Whether the rest cannot change that it has failed.
    #[must_use]
    pub const fn is_decided(&self) -> bool {
        self.sessions.failed > 0
    }

    /// The judgement over all of them, which took so long, with the session that
    /// shows it best. `None` if there was none.
    #[must_use]
    pub fn finish(mut self, took: Duration) -> Option<Attempt> {
        self.sessions.took = took;
        self.sessions.seen.sort_by_key(|(kind, count)| (kind == OTHERS, std::cmp::Reverse(*count)));
        let played = self.sessions.played;
        let unmet = shares(self.expect).iter().enumerate().find_map(|(n, share)| {
            let order = share.bounds.compare(self.sessions.shares[n].1, played);
            order.is_ne().then_some((n, order))
        });
        let mut shown = match (self.failed.take(), unmet) {
            (Some(failed), _) => failed,
            (None, Some((n, Ordering::Greater))) => self.examples[n].take()?,
            // Too few: one of those that came instead, rather one that no share
            // is about.
            (None, Some((n, _))) => {
                let mut others = (0..self.examples.len()).rev().filter(|other| *other != n);
                let other = others.find(|other| self.examples[*other].is_some());
                self.examples[other.unwrap_or(n)].take()?
            }
            (None, None) => self.examples.iter_mut().find_map(Option::take)?,
        };
        let verdict = &mut shown.verdict;
        if let Some(failure) = verdict.failures.first_mut() {
            let failed = self.sessions.failed;
            failure.actual.push_str(&format!("; {failed} of {}", self.sessions.in_words()));
        }
        let stage = verdict.decisive.as_ref().map_or(Stage::Connect, |decisive| decisive.stage);
        for (share, (_, seen)) in shares(self.expect).iter().zip(&self.sessions.shares) {
            if share.bounds.compare(*seen, played).is_ne() {
                verdict.failures.push(Failure {
                    stage,
                    expected: format!("{} in {} of the sessions", share.written, share.bounds),
                    actual: format!("{seen} of {}", self.sessions.in_words()),
                });
            }
        }
        // A server that was not reached is an error as long as nothing else is
        // wrong: with shares, if it was never reached.
        verdict.outcome = match (verdict.failures.is_empty(), unmet.is_some()) {
            (true, _) => Outcome::Passed,
            (false, true) if self.unreached < played => Outcome::Failed,
            (false, false) if self.refuted > 0 => Outcome::Failed,
            (false, _) => Outcome::Error,
        };
        verdict.expected = expected(self.expect, 0);
        shown.sessions = Some(Box::new(self.sessions));
        Some(shown)
    }
}

fn shares(expect: &Expectations) -> &[Share] {
    match &expect.session {
        Expect::Shares(shares) => shares,
        _ => &[],
    }
}

/// Counts one more of a kind.
fn count(seen: &mut Vec<(String, u32)>, kind: String) {
    let at = seen.iter().position(|(known, _)| *known == kind);
    match at.or_else(|| (seen.len() >= KINDS).then(|| seen.len() - 1)) {
        Some(at) => seen[at].1 += 1,
        None if seen.len() + 1 == KINDS => seen.push((OTHERS.to_owned(), 1)),
        None => seen.push((kind, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge;
    use super::super::testing::{event, expect, patterns, plan, seen, unreached};
    use super::*;
    use crate::scenario::Bounds;
    use crate::session::Observation;
    use crate::smtp::EventKind;

    fn share(text: &str) -> Expectations {
        let shares = text.split(", ").map(|entry| {
            let (pattern, bounds) = entry.split_once(": ").expect("pattern: bounds");
            Share {
                expect: Expect::Decisive(patterns(pattern)),
                written: pattern.into(),
                bounds: Bounds::parse(bounds).expect("bounds"),
            }
        });
        Expectations { session: Expect::Shares(shares.collect()), ..Expectations::default() }
    }

    fn play(expect: &Expectations, sessions: &[(usize, Observation)]) -> Attempt {
        let plan = plan(1);
        let planned = sessions.iter().map(|(times, _)| *times).sum::<usize>();
        let mut series = Series::new(expect, planned as u32);
        for (times, observation) in sessions {
            for _ in 0..*times {
                let verdict = judge(&plan, expect, 0, observation);
                series.add(&plan, Attempt::new(observation.clone(), verdict));
            }
        }
        series.finish(Duration::from_secs(1)).expect("sessions")
    }

    fn ending(reply: &str) -> Observation {
        seen(
            &plan(1),
            &["220 hi", "250 hi", "250 ok", reply, "221 bye"][..if reply.starts_with('!') { 4 } else { 5 }],
        )
    }

    fn judged(expect: &Expectations, sessions: &[(usize, Observation)]) -> String {
        let verdict = play(expect, sessions).verdict;
        let failures =
            verdict.failures.iter().map(|f| format!("; {}: {} → {}", f.stage, f.expected, f.actual));
        format!("{}{}", verdict.outcome.as_str(), failures.collect::<String>())
    }

    #[test]
    fn without_shares_every_session_must_pass() {
        let all = expect("250");
        assert_eq!(judged(&all, &[(50, ending("250 ok"))]), "passed");
        assert_eq!(
            judged(&all, &[(40, ending("250 ok")), (10, ending("421 4.7.66 old"))]),
            "failed; rcpt_to: 250 → 421 4.7.66 old; 10 of 50 sessions (250: 40, 80%; 421 4.7.66: 10, 20%)"
        );
    }

    #[test]
    fn shares_are_judged_over_all_sessions() {
        let wanted = share("421 4.7.66: 1%..20%, 250: >=80%");
        let some = |refused| [(50 - refused, ending("250 ok")), (refused, ending("421 4.7.66 old"))];
        assert_eq!(judged(&wanted, &some(1)), "passed");
        assert_eq!(judged(&wanted, &some(10)), "passed");
        assert_eq!(
            judged(&wanted, &some(0)[..1]),
            "failed; rcpt_to: 421 4.7.66 in 1%..20% of the sessions → 0 of 50 sessions (250: 50, 100%)"
        );
        assert_eq!(
            judged(&wanted, &some(11)),
            "failed; rcpt_to: 421 4.7.66 in 1%..20% of the sessions → 11 of 50 sessions (250: 39, 78%; 421 \
             4.7.66: 11, 22%); rcpt_to: 250 in >=80% of the sessions → 39 of 50 sessions (250: 39, 78%; 421 \
             4.7.66: 11, 22%)"
        );
    }

    #[test]
    fn a_session_that_broke_off_is_of_no_share_that_names_a_reply() {
        let wanted = share("250: >=80%");
        let mut broken = ending("250 ok");
        broken.event = Some((Stage::RcptTo, event(EventKind::Desync, "unasked")));
        assert_eq!(judged(&wanted, &[(8, ending("250 ok")), (2, broken.clone())]), "passed");
        let shown = play(&wanted, &[(7, ending("250 ok")), (3, broken)]);
        assert_eq!(shown.verdict.outcome, Outcome::Failed);
        assert!(shown.observation.event.is_some(), "the session that shows why");
    }

    #[test]
    fn the_session_shown_is_one_of_those_that_are_wrong() {
        let wanted = share("421: <=10%, 250: >=10%");
        let shown = play(&wanted, &[(5, ending("250 ok")), (5, ending("421 later"))]);
        assert_eq!(shown.verdict.decisive.map(|decisive| decisive.in_short()).as_deref(), Some("421"));
        let shown = play(&wanted, &[(1, ending("421 later")), (9, ending("550 no"))]);
        assert_eq!(shown.verdict.decisive.map(|decisive| decisive.in_short()).as_deref(), Some("550"));
    }

    #[test]
    fn a_server_that_was_not_reached_is_an_error_where_nothing_else_is_wrong() {
        let away = unreached(Stage::Connect, "refused connection_refused");
        let all = expect("250");
        assert_eq!(play(&all, &[(3, ending("250 ok")), (2, away.clone())]).verdict.outcome, Outcome::Error);
        let mixed = [(2, away.clone()), (1, ending("550 no"))];
        assert_eq!(play(&all, &mixed).verdict.outcome, Outcome::Failed);
        let wanted = share("250: >=80%");
        assert_eq!(play(&wanted, &[(5, away.clone())]).verdict.outcome, Outcome::Error);
        assert_eq!(
            play(&wanted, &[(3, ending("250 ok")), (2, away.clone())]).verdict.outcome,
            Outcome::Failed
        );
        assert_eq!(judged(&share("refused: 100%"), &[(5, away)]), "passed");
    }

    #[test]
    fn what_is_kept_does_not_grow_with_the_kinds_of_ends() {
        let wanted = share("250: <=100%");
        let many: Vec<_> = (0..500).map(|n| (1, ending(&format!("550 5.1.{n} no")))).collect();
        let sessions = play(&wanted, &many).sessions.expect("a series");
        assert_eq!(sessions.seen.len(), KINDS);
        assert_eq!(sessions.seen.last(), Some(&(OTHERS.to_owned(), 485)));
        assert_eq!(sessions.seen.iter().map(|(_, count)| count).sum::<u32>(), 500);
    }
}
