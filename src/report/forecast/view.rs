//! What a forecast came to.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;

use crate::exchange::{Change, TIMELINE};
use crate::scenario::Case;
use crate::verdict::{Answers, Difference, difference};

/// Every case under both.
#[derive(Debug)]
pub struct Forecast {
    /// What it is compared with.
    pub before: World,
    /// What is forecast.
    pub after: World,
    /// The cases, in the order of the files.
    pub cases: Vec<Compared>,
    /// How many cases are played against real servers, of which nothing can be
    /// forecast.
    pub real: usize,
    /// How long it took.
    pub took: Duration,
}

/// Under which rules, for which organisations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// The days whose rules were followed: one where a flag says it, else those of
    /// the targets.
    pub days: BTreeSet<NaiveDate>,
    /// The tenants file, as it was named.
    pub tenants: String,
}

/// One case under both.
#[derive(Debug)]
pub struct Compared {
    /// The case.
    pub case: Arc<Case>,
    /// The address that the server saw, where the case says one.
    pub source_ip: Option<IpAddr>,
    /// How it was answered first.
    pub before: Answers,
    /// And then.
    pub after: Answers,
}

impl Compared {
    /// What is different.
    #[must_use]
    pub fn difference(&self) -> Difference {
        difference(&self.before, &self.after).0
    }

    /// Whether it was played.
    #[must_use]
    pub const fn was_played(&self) -> bool {
        self.before.skipped.is_none() && self.after.skipped.is_none()
    }
}

impl Forecast {
    /// How many cases differ so; those that were skipped do not count.
    #[must_use]
    pub fn count(&self, difference: Difference) -> usize {
        self.played().filter(|compared| compared.difference() == difference).count()
    }

    /// How many cases change, notes aside.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.played().filter(|compared| compared.difference().is_change()).count()
    }

    /// The cases that were played.
    pub fn played(&self) -> impl Iterator<Item = &Compared> {
        self.cases.iter().filter(|compared| compared.was_played())
    }

    /// How many sessions did not reach the simulator.
    #[must_use]
    pub fn unreached(&self) -> usize {
        self.played().filter(|compared| compared.before.unreached || compared.after.unreached).count()
    }

    /// What comes into force between the two days, where each side has one day.
    pub(super) fn in_between(&self) -> Vec<&'static Change> {
        let (mut before, mut after) = (self.before.days.iter(), self.after.days.iter());
        let (Some(before), None, Some(after), None) =
            (before.next(), before.next(), after.next(), after.next())
        else {
            return Vec::new();
        };
        let (first, last) = (before.min(after), before.max(after));
        TIMELINE
            .iter()
            .filter(|change| change.rule().is_some() && change.from > *first && change.from <= *last)
            .collect()
    }
}
