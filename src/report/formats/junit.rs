//! JUnit XML, by quick-junit: failures and errors apart, reruns told.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, Utc};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::Sheet;
use crate::report::record::{Attempt, Decisive, Failure, Line, Record, joined, of_ms};
use crate::report::{Run, Summary};
use crate::smtp::visible;
use crate::verdict::Outcome;

/// The report while it grows. JUnit counts before it lists, so the cases are
/// kept; those that passed are a name and a time.
#[derive(Default)]
pub(in crate::report) struct Junit {
    suites: Vec<TestSuite>,
    /// Of each suite, by whose rules the simulator answered.
    simulated: Vec<BTreeSet<String>>,
    by_name: HashMap<String, usize>,
}

impl Sheet for Junit {
    fn case(&mut self, record: &Record<'_>, _out: &mut Vec<u8>) {
        let at = match self.by_name.get(&*record.suite) {
            Some(at) => *at,
            None => {
                self.suites.push(TestSuite::new(visible(&record.suite)));
                self.simulated.push(BTreeSet::new());
                self.by_name.insert(record.suite.clone().into_owned(), self.suites.len() - 1);
                self.suites.len() - 1
            }
        };
        self.suites[at].add_test_case(test_case(record));
        let date = record.target.as_of.as_deref().filter(|_| record.skipped_because.is_none());
        if let Some(date) = date.filter(|date| !self.simulated[at].contains(*date)) {
            self.simulated[at].insert(date.to_owned());
        }
    }

    fn finish(&mut self, run: &Run, _summary: &Summary, out: &mut Vec<u8>) {
        let mut report = Report::new(format!("relayprobe {}", visible(&run.id)));
        report.set_timestamp(DateTime::<Utc>::from(run.started));
        report.set_time(run.duration);
        for (mut suite, dates) in std::mem::take(&mut self.suites).into_iter().zip(&self.simulated) {
            suite.set_time(suite.test_cases.iter().filter_map(|case| case.time).sum());
            if !dates.is_empty() {
                let dates = dates.iter().map(|date| visible(date)).collect::<Vec<_>>().join(", ");
                suite.add_property(("simulated, rules as of", dates.as_str()));
            }
            if run.interrupted {
                suite.add_property(("interrupted", "true"));
            }
            report.add_test_suite(suite);
        }
        // Texts were made fit for XML when they came in; memory takes the rest.
        report.serialize(out).expect("clean text in memory");
    }
}

fn test_case(record: &Record<'_>) -> TestCase {
    let mut entry = TestCase::new(visible(&record.id), status(record));
    entry.set_classname(visible(&record.suite));
    entry.set_time(took(record) + record.earlier.iter().map(time).sum::<Duration>());
    entry.extra.insert("file".into(), visible(&record.source.file).as_ref().into());
    entry.extra.insert("line".into(), record.source.line.to_string().into());
    if record.outcome != Outcome::Passed && record.attempts > 0 {
        entry.set_system_out(transcript(&record.transcript));
    }
    entry
}

fn status(record: &Record<'_>) -> TestCaseStatus {
    let mut status = match record.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Skipped => TestCaseStatus::skipped(),
        Outcome::Failed | Outcome::Error => TestCaseStatus::non_success(kind(record.outcome)),
    };
    if let Some(reason) = &record.skipped_because {
        status.set_message(visible(reason));
    } else if record.outcome != Outcome::Passed {
        let (message, ty) = message(&record.failures, record.decisive.as_ref());
        status.set_message(message).set_type(ty).set_description(description(record));
    }
    // Attempts that were expected to fail (`expect: { attempts: … }`) passed, and
    // are no flakes.
    let unexpected = record.earlier.iter().filter(|attempt| attempt.outcome != Outcome::Passed);
    status.add_reruns(unexpected.map(|attempt| {
        let (message, ty) = message(&attempt.failures, attempt.decisive.as_ref());
        let mut rerun = TestRerun::new(kind(attempt.outcome));
        rerun.set_message(message).set_type(ty).set_time(time(attempt));
        rerun.set_system_out(transcript(&attempt.transcript));
        rerun
    }));
    status
}

const fn kind(outcome: Outcome) -> NonSuccessKind {
    match outcome {
        Outcome::Error => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    }
}

fn took(record: &Record<'_>) -> Duration {
    let total = record.repeat.as_ref().map_or(record.timings_ms.total, |repeat| Some(repeat.took_ms));
    of_ms(total.unwrap_or(0.0))
}

fn time(attempt: &Attempt<'_>) -> Duration {
    of_ms(attempt.total_ms)
}

/// The message, and the type to group by.
fn message(failures: &[Failure<'_>], decisive: Option<&Decisive<'_>>) -> (String, String) {
    let ty = decisive.map_or_else(|| "nothing".to_owned(), Decisive::in_short);
    let message = match (failures.first(), decisive) {
        (Some(failure), _) => {
            format!("expected {} at {}, got {}", failure.expected, failure.stage, failure.actual)
        }
        (None, Some(decisive)) => format!("got {}", decisive.in_full()),
        (None, None) => "no reply".to_owned(),
    };
    (visible(&message).into_owned(), ty)
}

fn description(record: &Record<'_>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for failure in &record.failures {
        lines.push(format!("expected  {}", visible(&failure.expected)));
        lines.push(format!("got       {} at {}", visible(&failure.actual), failure.stage));
    }
    if let Some(hint) = &record.hint {
        lines.push(format!("meaning   {}", visible(&hint.meaning)));
        if !hint.fix.is_empty() {
            lines.push(format!("to do     {}", visible(&hint.fix)));
        }
    }
    if !record.account.is_empty() {
        lines.push(format!("account   {}", joined(&record.account, "; ")));
    }
    lines.push(format!("written   {}:{}", visible(&record.source.file), record.source.line));
    lines.join("\n")
}

fn transcript(lines: &[Line<'_>]) -> String {
    lines.iter().map(|line| format!("{} {}\n", line.dir.as_str(), visible(&line.line))).collect()
}
