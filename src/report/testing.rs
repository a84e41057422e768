//! Results for the tests of this room, made as the program makes them: cases
//! from a file, plans from the cases, verdicts from what a script says was seen.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::NaiveDate;

use super::Run;
use crate::plan::Plan;
use crate::scenario::{At, Case, Planned, Request, Resolver, load};
use crate::session::{Direction, Observation};
use crate::verdict::testing::seen;
use crate::verdict::{Attempt, CaseResult, Outcome, hint, judge};

/// The cases of a scenario file and how to plan them.
pub(super) struct Cases {
    pub(super) cases: Vec<Arc<Case>>,
    resolver: Resolver,
}

/// Reads a scenario file with these scenarios, one a line, all against one
/// server.
pub(super) fn cases(scenarios: &[&str]) -> Cases {
    let name = format!("relayprobe-report-{}-{:016x}", std::process::id(), fastrand::u64(..));
    let folder = std::env::temp_dir().join(name);
    fs::create_dir(&folder).expect("a new folder");
    let mut text = "suite: The relay\ndefaults: { target: \"relay.example:25\", mail_from: a@example.com, \
                    rcpt_to: b@example.com, tags: [relay] }\nscenarios:\n"
        .to_owned();
    for scenario in scenarios {
        text.push_str(&format!("  - {{ {scenario} }}\n"));
    }
    let file = folder.join("relay.yaml");
    fs::write(&file, text).expect("the scenario file");
    let loaded = load(&Request { paths: vec![file], ..Request::default() });
    let _ = fs::remove_dir_all(&folder);
    let loaded = loaded.unwrap_or_else(|rejected| {
        panic!("{}", crate::yaml::render(&rejected.diagnostics, &rejected.sources, false))
    });
    Cases { resolver: Resolver::new(&loaded, None, false), cases: loaded.cases }
}

impl Cases {
    fn plan(&self, n: usize) -> Plan {
        match self.resolver.plan(&self.cases[n], &At::address("relay.example".into(), 25)) {
            Ok(Planned::Play(plan)) => *plan,
            other => panic!("no plan: {other:?}"),
        }
    }

    /// What comes of a case when its attempts go so; see [`seen`].
    pub(super) fn play(&self, n: usize, attempts: &[&[&str]]) -> CaseResult {
        let case = Arc::clone(&self.cases[n]);
        let plan = self.plan(n);
        let attempts: Vec<Attempt> = attempts
            .iter()
            .enumerate()
            .map(|(nth, script)| {
                let observation = spoken(seen(&plan, script));
                Attempt {
                    verdict: judge(&plan, &case.expect, nth, &observation),
                    observation,
                    sessions: None,
                    hosts: Vec::new(),
                }
            })
            .collect();
        let last = attempts.last().expect("one attempt at least");
        let outcome = last.verdict.outcome;
        let hint = last
            .verdict
            .decisive
            .as_ref()
            .filter(|_| outcome != Outcome::Passed)
            .map(|decisive| hint(decisive, &last.observation));
        CaseResult {
            case,
            outcome,
            address: Some("192.0.2.1:25".to_owned()),
            simulated: None,
            source_ip: None,
            flaky: outcome == Outcome::Passed && attempts.len() > 1,
            attempts,
            skipped_because: None,
            hint,
        }
    }

    /// The same by the simulator.
    pub(super) fn simulate(&self, n: usize, script: &[&str]) -> CaseResult {
        CaseResult { simulated: NaiveDate::from_ymd_opt(2026, 11, 1), ..self.play(n, &[script]) }
    }

    /// A case that is not played.
    pub(super) fn skip(&self, n: usize, why: &str) -> CaseResult {
        CaseResult {
            case: Arc::clone(&self.cases[n]),
            outcome: Outcome::Skipped,
            address: None,
            simulated: None,
            source_ip: None,
            attempts: Vec::new(),
            flaky: false,
            skipped_because: Some(why.to_owned()),
            hint: None,
        }
    }
}

/// Writes the transcript that goes with the answers.
fn spoken(mut observation: Observation) -> Observation {
    for answer in observation.answers.clone() {
        let at = Duration::from_millis(1);
        observation.transcript.push(at, Direction::Sent, &answer.stage.as_str().to_uppercase());
        for line in answer.reply.wire_lines() {
            observation.transcript.push(at, Direction::Received, &crate::smtp::lossless(line));
        }
    }
    observation
}

/// A run that ended in order.
pub(super) fn run() -> Run {
    Run {
        id: "20261101T120000Z-abcdef".to_owned(),
        started: SystemTime::UNIX_EPOCH + Duration::from_millis(1_793_534_400_250),
        duration: Duration::from_millis(812),
        interrupted: false,
    }
}
