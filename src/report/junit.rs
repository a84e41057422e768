//! JUnit XML, by quick-junit: failures and errors apart, reruns told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::Run;
use super::words::{attempt, decided};
use crate::smtp::visible;
use crate::verdict::{Attempt, CaseResult, Outcome};

/// The report while it grows. JUnit counts before it lists, so the cases are
/// kept; those that passed are a name and a time.
#[derive(Default)]
pub(super) struct Junit {
    suites: Vec<TestSuite>,
    by_name: HashMap<Arc<str>, usize>,
}

impl Junit {
    pub(super) fn add(&mut self, result: &CaseResult) {
        let suite = &result.case.suite;
        let at = *self.by_name.entry(Arc::clone(suite)).or_insert_with(|| {
            self.suites.push(TestSuite::new(visible(suite)));
            self.suites.len() - 1
        });
        self.suites[at].add_test_case(test_case(result));
    }

    pub(super) fn finish(self, run: &Run, out: &mut Vec<u8>) {
        let mut report = Report::new(format!("relayprobe {}", run.id));
        report.set_timestamp(DateTime::<Utc>::from(run.started));
        report.set_time(run.duration);
        for mut suite in self.suites {
            suite.set_time(suite.test_cases.iter().filter_map(|case| case.time).sum());
            if run.interrupted {
                suite.add_property(("interrupted", "true"));
            }
            report.add_test_suite(suite);
        }
        // Texts were made fit for XML when they came in; memory takes the rest.
        report.serialize(out).expect("clean text in memory");
    }
}

fn test_case(result: &CaseResult) -> TestCase {
    let case = &*result.case;
    let mut entry = TestCase::new(visible(&case.id), status(result));
    entry.set_classname(visible(&case.suite));
    entry.set_time(result.attempts.iter().map(time).sum::<Duration>());
    entry.extra.insert("file".into(), visible(&case.source.file).as_ref().into());
    entry.extra.insert("line".into(), case.source.line.to_string().into());
    if result.outcome != Outcome::Passed
        && let Some(last) = attempt(result)
    {
        entry.set_system_out(transcript(last));
    }
    entry
}

fn status(result: &CaseResult) -> TestCaseStatus {
    let (last, before) = match result.attempts.split_last() {
        Some((last, before)) => (Some(last), before),
        None => (None, &[][..]),
    };
    let mut status = match result.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Skipped => TestCaseStatus::skipped(),
        Outcome::Failed | Outcome::Error => TestCaseStatus::non_success(kind(result.outcome)),
    };
    if let Some(reason) = &result.skipped_because {
        status.set_message(visible(reason));
    }
    if let Some(last) = last
        && result.outcome != Outcome::Passed
    {
        let (message, ty) = message(last);
        status.set_message(message).set_type(ty).set_description(description(result, last));
    }
    // Attempts that were expected to fail (`expect: { attempts: … }`) passed, and
    // are no flakes.
    let unexpected = before.iter().filter(|attempt| attempt.verdict.outcome != Outcome::Passed);
    status.add_reruns(unexpected.map(|attempt| {
        let (message, ty) = message(attempt);
        let mut rerun = TestRerun::new(kind(attempt.verdict.outcome));
        rerun.set_message(message).set_type(ty).set_time(time(attempt)).set_system_out(transcript(attempt));
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

fn time(attempt: &Attempt) -> Duration {
    attempt.sessions.as_ref().map_or(attempt.observation.timings.total, |sessions| sessions.took)
}

/// The message, and the type to group by.
fn message(attempt: &Attempt) -> (String, String) {
    let verdict = &attempt.verdict;
    let ty = verdict.decisive.as_ref().map_or_else(|| "nothing".to_owned(), super::words::decided_in_short);
    let message = match (verdict.failures.first(), &verdict.decisive) {
        (Some(failure), _) => {
            format!("expected {} at {}, got {}", failure.expected, failure.stage, failure.actual)
        }
        (None, Some(decisive)) => format!("got {}", decided(decisive)),
        (None, None) => "no reply".to_owned(),
    };
    (visible(&message).into_owned(), ty)
}

fn description(result: &CaseResult, last: &Attempt) -> String {
    let case = &result.case;
    let mut lines: Vec<String> = Vec::new();
    for failure in &last.verdict.failures {
        lines.push(format!("expected  {}", visible(&failure.expected)));
        lines.push(format!("got       {} at {}", visible(&failure.actual), failure.stage));
    }
    if let Some(hint) = &result.hint {
        lines.push(format!("meaning   {}", visible(&hint.meaning)));
        if !hint.fix.is_empty() {
            lines.push(format!("to do     {}", hint.fix));
        }
    }
    if !last.observation.account.is_empty() {
        lines.push(format!("account   {}", visible(&last.observation.account.join("; "))));
    }
    lines.push(format!("written   {}:{}", case.source.file, case.source.line));
    lines.join("\n")
}

fn transcript(attempt: &Attempt) -> String {
    let lines = attempt.observation.transcript.lines();
    lines.map(|line| format!("{} {}\n", line.direction.as_str(), visible(line.text))).collect()
}
