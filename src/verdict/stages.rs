//! Expectations stage by stage.

use std::net::IpAddr;
use std::time::Duration;

use super::Failure;
use super::view::{Scope, Seen, View};
use super::{delivered, elapsed_in_words, pattern};
use crate::scenario::{StageExpect, StageExpectations, TextMatch};
use crate::smtp::{EhloResponse, EventKind, Stage};

/// What every stage must be answered with where nothing else is written.
pub(super) const POSITIVE: &str = "a positive reply";

/// Judges a scope stage by stage: what is named by what it says; every other
/// planned stage must be positive, up to the first refusal that the map expects.
pub(super) fn judge(view: View<'_>, scope: Scope, map: &StageExpectations, failures: &mut Vec<Failure>) {
    let planned = view.planned(scope);
    // Whether the session has ended, as expected or as already complained of.
    let mut ended = false;
    let mut event_judged = false;
    for stage in &planned {
        let seen = view.at(*stage, scope);
        let named = map.stages.iter().find(|(named, _)| named == stage);
        let own_end = match stage {
            Stage::RcptTo => view.ended_by_recipients(scope),
            Stage::Message => view.told_by_recipients(scope),
            _ => false,
        };
        if let Some((_, expect)) = named {
            Judge { view, scope, stage: *stage, seen, step: None, failures }.judge(expect);
        } else if !ended && !own_end && !is_passed(view, *stage, seen) {
            failures.push(failure(view, *stage, POSITIVE, seen));
        }
        event_judged |= matches!(seen, Seen::Event(_)) && (named.is_some() || !ended);
        ended |= own_end || !is_passed(view, *stage, seen);
    }
    for (stage, expect) in map.stages.iter().filter(|(stage, _)| !planned.contains(stage)) {
        let may_come = *stage == Stage::Quit || view.plan.steps.is_some();
        let seen = if may_come { view.at(*stage, scope) } else { Seen::Missing };
        Judge { view, scope, stage: *stage, seen, step: None, failures }.judge(expect);
    }
    // An expected refusal of one recipient does not excuse what went wrong with
    // the rest of the session.
    if let Some((stage, event)) = view.event(scope)
        && !event_judged
        && view.observation.event_step.is_none()
    {
        failures.push(failure(view, stage, "nothing after the refusal", Seen::Event(event)));
    }
    if let Some(expected) = &map.delivered {
        delivered::judge(view, scope, expected, failures);
    }
    if let Some(bound) = map.total
        && view.observation.timings.total > bound
    {
        let stage = planned.last().copied().unwrap_or(Stage::Connect);
        failures.push(Failure {
            stage,
            expected: format!("the whole session within {}", elapsed_in_words(bound)),
            actual: elapsed_in_words(view.observation.timings.total),
        });
    }
}

/// Whether the stage was answered so that the session goes on.
pub(super) fn is_passed(view: View<'_>, stage: Stage, seen: Seen<'_>) -> bool {
    match seen {
        Seen::Reply(reply, _) => stage.accepts(reply.code()) || view.is_borne(stage, reply),
        Seen::Passed => true,
        Seen::Event(_) | Seen::Missing => false,
    }
}

/// A failure at a stage, what came instead in words.
pub(super) fn failure(view: View<'_>, stage: Stage, expected: impl Into<String>, seen: Seen<'_>) -> Failure {
    Failure { stage, expected: expected.into(), actual: words(view, stage, seen) }
}

/// What came, in words.
pub(super) fn words(view: View<'_>, stage: Stage, seen: Seen<'_>) -> String {
    match seen {
        Seen::Reply(reply, _) => reply.to_string(),
        Seen::Event(event) if event.detail.is_empty() => event.to_string(),
        Seen::Event(event) => format!("{event} ({})", event.detail),
        Seen::Passed => match (stage, &view.observation.tls) {
            (Stage::Tls, Some(tls)) => format!("the handshake passed ({}, {})", tls.version, tls.cipher),
            (Stage::Command, _) => "silence".to_owned(),
            _ => "connected".to_owned(),
        },
        Seen::Missing => view.why_missing(),
    }
}

/// One stage, or one step, against what is written for it.
pub(super) struct Judge<'a, 'f> {
    pub(super) view: View<'a>,
    pub(super) scope: Scope,
    pub(super) stage: Stage,
    pub(super) seen: Seen<'a>,
    /// Which step it is, from 0, and how a complaint about it begins.
    pub(super) step: Option<(u16, String)>,
    pub(super) failures: &'f mut Vec<Failure>,
}

impl Judge<'_, '_> {
    pub(super) fn judge(mut self, expect: &StageExpect) {
        if let Some(patterns) = &expect.reply {
            let holds = self.seen.said().is_some_and(|said| pattern::holds(patterns, said));
            if !holds {
                self.complain(&*patterns.written);
            }
            // What was not answered has none of the other properties; one
            // complaint says it.
            if !holds && matches!(self.seen, Seen::Missing | Seen::Event(_)) {
                return;
            }
        } else if matches!(self.seen, Seen::Missing)
            || (matches!(self.seen, Seen::Event(_)) && expect.closes != Some(true))
        {
            return self.complain(POSITIVE);
        } else if expect.text.is_none()
            && expect.closes != Some(true)
            && !is_passed(self.view, self.stage, self.seen)
        {
            self.complain(POSITIVE);
        }
        self.text(expect);
        self.within(expect.within);
        self.closes(expect.closes);
        self.extensions(expect);
        if let Some(wanted) = &expect.tls {
            self.tls(wanted);
        }
    }

    fn complain(&mut self, expected: impl Into<String>) {
        let expected = self.of_step(expected.into());
        self.failures.push(failure(self.view, self.stage, expected, self.seen));
    }

    fn of_step(&self, expected: String) -> String {
        match &self.step {
            Some((_, label)) => format!("{label}{expected}"),
            None => expected,
        }
    }

    pub(super) fn fail(&mut self, expected: impl Into<String>, actual: impl Into<String>) {
        let (expected, actual) = (self.of_step(expected.into()), actual.into());
        self.failures.push(Failure { stage: self.stage, expected, actual });
    }

    fn text(&mut self, expect: &StageExpect) {
        let Some(wanted) = &expect.text else { return };
        let text = match self.seen {
            Seen::Reply(reply, _) => Some(reply.text()),
            _ => None,
        };
        let (holds, expected) = match wanted {
            TextMatch::Contains(part) => (
                text.is_some_and(|text| text.to_lowercase().contains(&part.to_lowercase())),
                format!("a text with \"{part}\""),
            ),
            TextMatch::Regex(regex) => (
                text.is_some_and(|text| regex.is_match(&text)),
                format!("a text that matches /{}/", regex.as_str()),
            ),
        };
        if !holds {
            self.complain(expected);
        }
    }

    fn within(&mut self, bound: Option<Duration>) {
        let Some(bound) = bound else { return };
        let elapsed = match &self.step {
            Some((step, _)) => self.view.elapsed_of_step(*step),
            None => self.view.elapsed(self.stage, self.scope),
        };
        match elapsed {
            Some(elapsed) if elapsed <= bound => {}
            Some(elapsed) => self.fail(
                format!("within {}", elapsed_in_words(bound)),
                format!("after {}", elapsed_in_words(elapsed)),
            ),
            None => {
                self.fail(format!("within {}", elapsed_in_words(bound)), "no reply whose time could be taken")
            }
        }
    }

    fn closes(&mut self, wanted: Option<bool>) {
        let Some(wanted) = wanted else { return };
        let closed_by_event = matches!(self.seen, Seen::Event(event) if event.kind == EventKind::Closed);
        let observation = self.view.observation;
        let went_on = match &self.step {
            Some((step, _)) => self.view.went_on_after_step(*step),
            None => self.view.went_on_after(self.stage),
        };
        match (wanted, went_on) {
            (true, _) if closed_by_event => {}
            (true, Some(later)) => {
                self.fail("the peer closes the connection", format!("the session went on to {later}"));
            }
            (true, None) if observation.peer_closed.is_none() => {
                let reason = match self.seen {
                    Seen::Missing => self.view.why_missing(),
                    _ => "still open after 5 s".to_owned(),
                };
                self.fail("the peer closes the connection", reason);
            }
            (false, None) if closed_by_event => self.complain("the connection stays open"),
            (false, None) => {
                if let Some(after) = observation.peer_closed {
                    self.fail(
                        "the connection stays open",
                        format!("the peer closed it after {}", elapsed_in_words(after)),
                    );
                }
            }
            (true, None) | (false, Some(_)) => {}
        }
    }

    fn extensions(&mut self, expect: &StageExpect) {
        if expect.offers.is_empty() && expect.lacks.is_empty() && expect.sees.is_none() {
            return;
        }
        let own = match (&self.step, self.seen) {
            (Some(_), Seen::Reply(reply, _)) => Some(EhloResponse::parse(reply)),
            _ => None,
        };
        let response = match self.stage {
            _ if self.step.is_some() => &own,
            Stage::EhloTls => &self.view.observation.ehlo_tls,
            _ => &self.view.observation.ehlo,
        };
        let Some(response) = response else {
            return self.complain("a list of extensions");
        };
        for line in expect.offers.iter().filter(|line| !response.offers(line)) {
            let actual = match response.find(line.split(' ').next().unwrap_or_default()) {
                Some(keyword) => keyword.line.to_owned(),
                None => offered(response),
            };
            self.fail(format!("offers {line}"), actual);
        }
        for line in expect.lacks.iter().filter(|line| response.offers(line)) {
            self.fail(format!("lacks {line}"), format!("it offers {line}"));
        }
        if let Some(wanted) = &expect.sees {
            match response.sees() {
                Some(seen) if same_address(seen, wanted) => {}
                Some(seen) => self.fail(format!("sees {wanted}"), format!("it sees {seen}")),
                None => self.fail(
                    format!("sees {wanted}"),
                    format!("no address in the greeting \"{}\"", response.greeting()),
                ),
            }
        }
    }
}

fn offered(response: &crate::smtp::EhloResponse) -> String {
    let keywords: Vec<_> = response.keywords().map(|keyword| keyword.name).collect();
    if keywords.is_empty() {
        "it offers nothing".to_owned()
    } else {
        format!("it offers {}", keywords.join(", "))
    }
}

/// Two spellings of one address are one address: `IPv6:2001:db8::1`,
/// `2001:DB8:0::1`.
fn same_address(seen: &str, wanted: &str) -> bool {
    let parse = |text: &str| {
        let bare = text.get(..5).filter(|tag| tag.eq_ignore_ascii_case("ipv6:")).map_or(text, |_| &text[5..]);
        bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
    };
    match (parse(seen), parse(wanted)) {
        (Some(seen), Some(wanted)) => seen == wanted,
        _ => seen.eq_ignore_ascii_case(wanted),
    }
}
