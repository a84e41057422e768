//! Several reports as one: the shards of a run, and what was played again.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::Run;
use super::record::{Attempt, Document, Record};

/// What merged runs leave behind for a case that a signal kept from being played.
const CUT: &str = "interrupted";

/// Merges reports into one run and its cases, each once, in the order in which the
/// reports were given. Of a case that is in several, the playing of the latest run
/// counts; those before are told as earlier attempts and counted as reruns. That a case
/// was skipped never hides that it was played.
///
/// # Errors
///
/// Where two are reports of one and the same run: which two, from 0.
pub fn merge(documents: Vec<Document>) -> Result<(Run, Vec<Record<'static>>), (usize, usize)> {
    for (n, document) in documents.iter().enumerate() {
        let same = |other: &Document| other.run == document.run && !document.records.is_empty();
        if let Some(before) = documents[..n].iter().position(same) {
            return Err((before, n));
        }
    }
    let runs: Vec<Run> = documents.iter().map(|document| document.run.clone()).collect();
    let mut all: Vec<Vec<(usize, Record<'static>)>> = Vec::new();
    let mut places: HashMap<Cow<'static, str>, usize> = HashMap::new();
    for (n, document) in documents.into_iter().enumerate() {
        for record in document.records {
            let place = *places.entry(record.id.clone()).or_insert_with(|| {
                all.push(Vec::with_capacity(1));
                all.len() - 1
            });
            all[place].push((n, record));
        }
    }
    let records: Vec<_> = all.into_iter().filter_map(|played| last(played, &runs)).collect();
    let run = match &runs[..] {
        [run] => run.clone(),
        runs => one(runs, &records),
    };
    Ok((run, records))
}

/// What counts of a case, what was played before told with it.
fn last(mut all: Vec<(usize, Record<'static>)>, runs: &[Run]) -> Option<Record<'static>> {
    // Of runs that began at once, that which was given later: the sort is stable.
    all.sort_by_key(|(n, record)| (was_played(record), runs[*n].started));
    let (_, mut last) = all.pop()?;
    let mut earlier = Vec::new();
    for (_, record) in all.into_iter().filter(|(_, record)| was_played(record)) {
        last.attempts = last.attempts.saturating_add(record.attempts);
        last.reruns = last.reruns.saturating_add(record.reruns).saturating_add(1);
        earlier.extend(before(record));
    }
    earlier.append(&mut last.earlier);
    last.earlier = earlier;
    Some(last)
}

fn was_played(record: &Record<'_>) -> bool {
    record.skipped_because.is_none()
}

/// Its attempts, the last of them made one like the others.
fn before(record: Record<'static>) -> Vec<Attempt<'static>> {
    let total = record.repeat.as_ref().map_or(record.timings_ms.total, |repeat| Some(repeat.took_ms));
    let mut attempts = record.earlier;
    attempts.push(Attempt {
        outcome: record.outcome,
        decisive: record.decisive,
        failures: record.failures,
        total_ms: total.unwrap_or(0.0),
        transcript: record.transcript,
    });
    attempts
}

/// Several runs as one: since the first began, as long as any was going on, with the
/// name of the latest.
fn one(runs: &[Run], records: &[Record<'_>]) -> Run {
    let cut = |record: &Record<'_>| record.skipped_because.as_ref().is_some_and(|why| why.starts_with(CUT));
    Run {
        id: runs.iter().max_by_key(|run| run.started).map_or_else(String::new, |run| run.id.clone()),
        started: runs.iter().map(|run| run.started).min().unwrap_or(SystemTime::UNIX_EPOCH),
        duration: covered(runs),
        // Where all that was cut off has been played since, nothing is missing.
        interrupted: runs.iter().any(|run| run.interrupted) && records.iter().any(cut),
    }
}

/// The time in which at least one of them was going on.
fn covered(runs: &[Run]) -> Duration {
    let mut spans: Vec<_> = runs
        .iter()
        .map(|run| (run.started, run.started.checked_add(run.duration).unwrap_or(run.started)))
        .collect();
    spans.sort_unstable();
    let mut total = Duration::ZERO;
    let mut until = SystemTime::UNIX_EPOCH;
    for (start, end) in spans {
        total += end.duration_since(start.max(until)).unwrap_or_default();
        until = until.max(end);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Summary;
    use crate::report::testing::{cases, run};
    use crate::verdict::{CaseResult, Outcome};

    const ACCEPTED: [&str; 6] =
        ["220 hi", "250 hi", "250 2.1.0 ok", "250 2.1.5 ok", "354 go", "250 2.6.0 Queued"];
    const REFUSED: [&str; 4] = ["220 hi", "250 hi", "250 2.1.0 ok", "550 5.7.1 no"];

    /// A report of a run that began so many seconds after the first and took two.
    fn report(after: u64, results: &[CaseResult]) -> Document {
        let run = Run {
            id: format!("run-{after}"),
            started: run().started + Duration::from_secs(after),
            duration: Duration::from_secs(2),
            interrupted: false,
        };
        let records: Vec<String> =
            results.iter().map(|result| serde_json::to_string(&Record::of(result)).expect("JSON")).collect();
        let text = format!(
            r#"{{"schema":1,"tool":"t","cases":[{}],"run":{},"summary":{}}}"#,
            records.join(","),
            serde_json::to_string(&run).expect("JSON"),
            serde_json::to_string(&Summary::default()).expect("JSON"),
        );
        Document::parse(text.as_bytes()).expect("a report")
    }

    fn told(records: &[Record<'_>]) -> Vec<String> {
        let told = |r: &Record<'_>| format!("{} {} {}/{}", r.name, r.outcome.as_str(), r.attempts, r.reruns);
        records.iter().map(told).collect()
    }

    #[test]
    fn shards_are_put_one_after_the_other() {
        let cases = cases(&["name: a, expect: 250", "name: b, expect: 250", "name: c, expect: 250"]);
        let first = report(1, &[cases.play(0, &[&ACCEPTED]), cases.play(2, &[&ACCEPTED])]);
        let second = report(0, &[cases.play(1, &[&REFUSED])]);
        let (run, records) = merge(vec![first, second]).expect("different runs");
        assert_eq!(told(&records), ["a passed 1/0", "c passed 1/0", "b failed 1/0"]);
        assert_eq!((run.id.as_str(), run.duration), ("run-1", Duration::from_secs(3)));
    }

    #[test]
    fn what_was_played_later_counts_whatever_the_order_in_which_it_is_given() {
        let cases = cases(&["name: a, expect: 250", "name: b, expect: 250"]);
        let first =
            || report(0, &[cases.play(0, &[&ACCEPTED]), cases.play(1, &[&["!timeout reply"], &REFUSED])]);
        let again = || report(60, &[cases.play(1, &[&REFUSED, &ACCEPTED])]);
        for reports in [vec![first(), again()], vec![again(), first()]] {
            let (run, mut records) = merge(reports).expect("different runs");
            records.sort_by_key(|record| record.name.clone());
            assert_eq!(told(&records), ["a passed 1/0", "b passed 4/1"]);
            let earlier = records[1].earlier.iter().map(|attempt| attempt.outcome);
            assert_eq!(earlier.collect::<Vec<_>>(), [Outcome::Error, Outcome::Failed, Outcome::Failed]);
            assert_eq!(run.duration, Duration::from_secs(4));
        }
    }

    #[test]
    fn a_skip_hides_nothing_that_was_played() {
        let cases = cases(&["name: a, expect: 250"]);
        let played = || report(0, &[cases.play(0, &[&REFUSED])]);
        let skipped = |after| report(after, &[cases.skip(0, "interrupted before it was played")]);
        let (run, records) = merge(vec![played(), skipped(5)]).expect("different runs");
        assert_eq!(told(&records), ["a failed 1/0"]);
        assert!(!run.interrupted);
        let cut = |after| Document { run: Run { interrupted: true, ..skipped(after).run }, ..skipped(after) };
        assert!(merge(vec![skipped(0), cut(5)]).expect("different runs").0.interrupted);
        assert!(!merge(vec![cut(5), played()]).expect("different runs").0.interrupted);
    }

    #[test]
    fn one_report_stays_as_it_is_and_given_twice_is_a_mistake() {
        let cases = cases(&["name: a, expect: 250"]);
        let one = report(0, &[cases.play(0, &[&ACCEPTED])]);
        let (run, records) = merge(vec![one.clone()]).expect("one");
        assert_eq!((run, records), (one.run.clone(), one.records.clone()));
        assert_eq!(merge(vec![report(1, &[]), one.clone(), one]).expect_err("the same"), (1, 2));
        assert!(merge(Vec::new()).expect("nothing").1.is_empty());
    }
}
