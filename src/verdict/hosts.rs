//! The hosts of one mail domain, judged as one.

use std::sync::Arc;

use super::{Attempt, HostEnd, Outcome};
use crate::plan::Mx;

/// The judgement over a domain's hosts, each with what was played against it; passed if
/// all did. A failure says at which host. `None` if there was none.
#[must_use]
pub fn over_hosts(ends: Vec<(Mx, Arc<str>, Attempt)>) -> Option<Attempt> {
    let several = ends.len() > 1;
    let worst = |outcome: Outcome| ends.iter().position(|(.., end)| end.verdict.outcome == outcome);
    let shown = worst(Outcome::Failed).or_else(|| worst(Outcome::Error)).unwrap_or_default();
    let outcome = ends.get(shown)?.2.verdict.outcome;
    let mut hosts = Vec::with_capacity(ends.len());
    let (mut failures, mut others) = (Vec::new(), Vec::new());
    let mut whole = None;
    for (nth, (mx, host, end)) in ends.into_iter().enumerate() {
        let Attempt { observation, verdict, sessions, .. } = &end;
        for failure in &verdict.failures {
            let mut failure = failure.clone();
            if several {
                failure.actual.push_str(&format!("; {host}"));
            }
            if nth == shown { &mut failures } else { &mut others }.push(failure);
        }
        hosts.push(HostEnd {
            preference: mx.preference,
            address: observation.peer,
            outcome: verdict.outcome,
            decisive: verdict.decisive.clone(),
            failures: verdict.failures.clone(),
            took: sessions.as_ref().map_or(observation.timings.total, |sessions| sessions.took),
            host,
        });
        if nth == shown {
            whole = Some(end);
        }
    }
    failures.extend(others);
    let mut whole = whole?;
    (whole.verdict.outcome, whole.verdict.failures, whole.hosts) = (outcome, failures, hosts);
    Some(whole)
}
