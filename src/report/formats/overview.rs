//! What stands over a report as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use chrono::DateTime;

use crate::report::record::Record;
use crate::report::words::{against, count, simulated};
use crate::report::{Run, Summary};
use crate::smtp::visible;
use crate::tls::near_end;
use crate::verdict::elapsed_in_words;

/// Whose answers a run is about: the simulator's or real servers'.
#[derive(Default)]
pub(in crate::report) struct Overview {
    dates: BTreeSet<String>,
    real: BTreeSet<String>,
    /// The client's certificates that were sent, and when they end.
    clients: BTreeMap<String, SystemTime>,
}

impl Overview {
    /// Takes a case; of one that was not played nothing is known.
    pub(in crate::report) fn add(&mut self, record: &Record<'_>) {
        if record.skipped_because.is_some() {
            return;
        }
        let (names, name) = match &record.target.as_of {
            Some(date) => (&mut self.dates, date),
            None => (&mut self.real, &record.target.name),
        };
        let name = visible(name);
        if !names.contains(&*name) {
            names.insert(name.into_owned());
        }
        if let Some(tls) = &record.tls
            && let (Some(subject), Some(expires)) =
                (&tls.client_certificate_subject, &tls.client_certificate_expires)
            && !self.clients.contains_key(&**subject)
            && let Ok(expires) = DateTime::parse_from_rfc3339(expires)
        {
            self.clients.insert(subject.clone().into_owned(), expires.into());
        }
    }

    /// The client's certificates that are near their end or past it, a sentence each.
    pub(in crate::report) fn expiring(&self, run: &Run) -> Vec<String> {
        let told = |(subject, expires): (&String, &SystemTime)| {
            let when = near_end(*expires, run.started)?;
            Some(format!("the client certificate {} {when}", visible(subject)))
        };
        self.clients.iter().filter_map(told).collect()
    }

    /// `simulated, rules as of 2026-11-01 · against mx · 0.8 s`.
    pub(in crate::report) fn in_words(&self, run: &Run) -> String {
        let parts = [
            simulated(&self.dates),
            against(self.real.iter().map(|name| &**name)),
            Some(elapsed_in_words(run.duration)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

/// `1 failed, 83 passed`; what is wrong stands first.
pub(in crate::report) fn counts(summary: &Summary) -> Vec<String> {
    let Summary { total, passed, failed, error, skipped, flaky, .. } = *summary;
    let nothing = total == 0;
    let parts = [
        (nothing, "nothing to play".to_owned()),
        (failed > 0, format!("{failed} failed")),
        (error > 0, count(error, "error")),
        (passed > 0, format!("{passed} passed")),
        (flaky > 0, format!("{flaky} flaky")),
        (skipped > 0, format!("{skipped} skipped")),
    ];
    parts.into_iter().filter_map(|(told, part)| told.then_some(part)).collect()
}

/// What went wrong, in a line: `expected 550 5.7.64 at rcpt_to, got 250 2.1.5 OK`.
pub(in crate::report) fn wrong(record: &Record<'_>) -> String {
    match (record.failures.first(), &record.decisive) {
        (Some(failure), _) => {
            let (expected, actual) = (visible(&failure.expected), visible(&failure.actual));
            format!("expected {expected} at {}, got {actual}", failure.stage)
        }
        (None, Some(decisive)) => format!("got {} at {}", decisive.in_full(), decisive.stage),
        (None, None) => "no reply".to_owned(),
    }
}
