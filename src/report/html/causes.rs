//! What went wrong, each cause once.

use std::cmp::Reverse;
use std::collections::HashMap;

use maud::{Markup, html};

use super::super::record::Record;
use crate::smtp::{Stage, visible};

/// Fewer cases need no list of causes: they are the list.
const FEW: usize = 4;

/// Past so many causes the rest is counted.
const CAUSES: usize = 20;

/// The causes of a run's failures.
#[derive(Default)]
pub(super) struct Causes {
    seen: HashMap<Key, Seen>,
    cases: usize,
}

/// Failures that differ in nothing but their case.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    expected: String,
    got: String,
    stage: Stage,
}

struct Seen {
    order: usize,
    times: usize,
    meaning: String,
    fix: String,
}

impl Causes {
    /// Counts a case that did not pass, and tells how many of the same cause came
    /// before.
    pub(super) fn add(&mut self, record: &Record<'_>) -> usize {
        self.cases += 1;
        let Some(failure) = record.failures.first() else { return 0 };
        // The reply without its text, which varies; of many sessions, what was counted.
        let decisive = record.decisive.as_ref().filter(|_| record.repeat.is_none());
        let got = match decisive {
            Some(decisive) if decisive.stage == failure.stage => decisive.in_short(),
            _ => visible(&failure.actual).into_owned(),
        };
        let key = Key { expected: visible(&failure.expected).into_owned(), got, stage: failure.stage };
        let order = self.seen.len();
        let seen = self.seen.entry(key).or_insert_with(|| {
            let hint = record.hint.as_ref();
            Seen {
                order,
                times: 0,
                meaning: hint.map_or_else(String::new, |hint| visible(&hint.meaning).into_owned()),
                fix: hint.map_or_else(String::new, |hint| visible(&hint.fix).into_owned()),
            }
        });
        seen.times += 1;
        seen.times - 1
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    /// The list; nothing where it would only repeat the cases.
    pub(super) fn draw(&self) -> Markup {
        if self.cases < FEW || self.cases == self.seen.len() {
            return html! {};
        }
        let mut causes: Vec<_> = self.seen.iter().collect();
        causes.sort_by_key(|(_, seen)| (Reverse(seen.times), seen.order));
        html! {
            ol.causes {
                @for (key, seen) in causes.iter().take(CAUSES) {
                    li {
                        b { (seen.times) "×" }
                        div {
                            p { "expected " code { (key.expected) } ", got " code.got { (key.got) } " at " (key.stage.as_str()) }
                            @if !seen.meaning.is_empty() { p.soft { (seen.meaning) } }
                            @if !seen.fix.is_empty() { p.todo { (seen.fix) } }
                        }
                    }
                }
                @if causes.len() > CAUSES { li.soft { b {} div { "and " (causes.len() - CAUSES) " other causes" } } }
            }
        }
    }
}
