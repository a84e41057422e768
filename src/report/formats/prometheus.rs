//! Prometheus' text exposition format, for node_exporter's textfile collector.
//!
//! A case that does not pass keeps the time of its last success: it is read from the
//! file that this one replaces.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;

use super::Sheet;
use crate::report::record::Record;
use crate::report::{Run, Summary};
use crate::smtp::{Stage, visible};
use crate::verdict::Outcome;

/// A metric: name, what it says. All are gauges.
type Metric = (&'static str, &'static str);

const OUTCOME: Metric =
    ("relayprobe_case_outcome", "Whether the case came out so in the last run (1) or otherwise (0).");
const LAST_SUCCESS: Metric = (
    "relayprobe_case_last_success_timestamp_seconds",
    "End of the last run in which the case passed; absent where none is known.",
);
const STAGE: Metric = (
    "relayprobe_case_stage_seconds",
    "How long the server took to answer at a stage, connect and handshake included; of several replies the longest.",
);
const SESSION: Metric = ("relayprobe_case_session_seconds", "How long the session took as a whole.");
const PEER: Metric = (
    "relayprobe_peer_certificate_expiry_timestamp_seconds",
    "End of validity of the server's certificate; of several the earliest.",
);
const CLIENT: Metric = (
    "relayprobe_client_certificate_expiry_timestamp_seconds",
    "End of validity of the certificate that the client sent; of several the earliest.",
);
const CASES: Metric = ("relayprobe_cases", "Cases of the last run by how they came out.");
const FLAKY: Metric = ("relayprobe_flaky_cases", "Cases that passed, but not at the first attempt.");
const ENDED: Metric = ("relayprobe_run_timestamp_seconds", "End of the last run.");
const DURATION: Metric = ("relayprobe_run_duration_seconds", "How long the last run took.");
const INTERRUPTED: Metric = ("relayprobe_run_interrupted", "Whether a signal ended the last run.");
const RUN_SUCCESS: Metric = (
    "relayprobe_last_success_timestamp_seconds",
    "End of the last run in which every case passed; absent where none is known.",
);
const BUILD: Metric = ("relayprobe_build_info", "The version of relayprobe.");

/// The report while it grows.
#[derive(Default)]
pub(in crate::report) struct Prometheus {
    /// When cases and the run last succeeded, by their series.
    before: HashMap<String, String>,
    outcomes: String,
    stages: String,
    sessions: String,
    /// The series of each case and whether it passed this time.
    successes: Vec<(String, bool)>,
    peers: BTreeMap<String, i64>,
    clients: BTreeMap<String, i64>,
}

impl Prometheus {
    /// A report that takes the place of this one, if there is one.
    pub(in crate::report) fn after(previous: Option<&str>) -> Self {
        let kept = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            let kept = [LAST_SUCCESS.0, RUN_SUCCESS.0].iter().any(|name| {
                series.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
            });
            let number = value.parse::<f64>().is_ok_and(f64::is_finite);
            (kept && number).then(|| (series.to_owned(), value.to_owned()))
        };
        Self { before: previous.unwrap_or_default().lines().filter_map(kept).collect(), ..Self::default() }
    }

    fn certificates(&mut self, record: &Record<'_>) {
        let Some(tls) = &record.tls else { return };
        if let Some(peer) = &tls.peer {
            let labels = labels(&[("target", &record.target.name), ("subject", &peer.subject)]);
            earliest(&mut self.peers, labels, &peer.not_after);
        }
        if let Some(expires) = &tls.client_certificate_expires {
            earliest(&mut self.clients, labels(&[("target", &record.target.name)]), expires);
        }
    }
}

impl Sheet for Prometheus {
    fn case(&mut self, record: &Record<'_>, _out: &mut Vec<u8>) {
        let simulator = if record.target.simulator { "true" } else { "false" };
        let target = ("target", &*record.target.name);
        let own = [("case", &*record.id), ("suite", &record.suite), target, ("simulator", simulator)];
        let with = |name, value| labels(&[own[0], own[1], own[2], own[3], (name, value)]);
        for outcome in Outcome::ALL {
            let value = u8::from(outcome == record.outcome);
            let labels = with("outcome", outcome.as_str());
            let _ = writeln!(self.outcomes, "{}{labels} {value}", OUTCOME.0);
        }
        let series = format!("{}{}", LAST_SUCCESS.0, labels(&own));
        self.successes.push((series, record.outcome == Outcome::Passed));
        for (stage, ms) in stages(record) {
            let _ = writeln!(self.stages, "{}{} {}", STAGE.0, with("stage", stage.as_str()), seconds(ms));
        }
        if let Some(total) = record.timings_ms.total {
            let _ = writeln!(self.sessions, "{}{} {}", SESSION.0, labels(&own), seconds(total));
        }
        self.certificates(record);
    }

    fn finish(&mut self, run: &Run, summary: &Summary, out: &mut Vec<u8>) {
        let ended = timestamp(run.started.checked_add(run.duration).unwrap_or(run.started));
        let well = summary.failed + summary.error == 0 && summary.passed > 0 && !run.interrupted;
        let mut text = String::new();
        let mut family = |(name, help): Metric, samples: &str| {
            if !samples.is_empty() {
                let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{samples}");
            }
        };
        let one = |(name, _): Metric, value: &str| format!("{name} {value}\n");
        let version = labels(&[("version", env!("CARGO_PKG_VERSION"))]);
        family(BUILD, &format!("{}{version} 1\n", BUILD.0));
        family(ENDED, &one(ENDED, &ended));
        family(DURATION, &one(DURATION, &format!("{:.3}", run.duration.as_secs_f64())));
        family(INTERRUPTED, &one(INTERRUPTED, if run.interrupted { "1" } else { "0" }));
        let last = if well { Some(&ended) } else { self.before.get(RUN_SUCCESS.0) };
        family(RUN_SUCCESS, &last.map_or_else(String::new, |last| one(RUN_SUCCESS, last)));
        let Summary { passed, failed, error, skipped, flaky, .. } = *summary;
        let counts = Outcome::ALL.into_iter().zip([passed, failed, error, skipped]);
        let counts = counts
            .map(|(outcome, n)| format!("{}{} {n}\n", CASES.0, labels(&[("outcome", outcome.as_str())])));
        family(CASES, &counts.collect::<String>());
        family(FLAKY, &one(FLAKY, &flaky.to_string()));
        family(OUTCOME, &self.outcomes);
        let successes = self.successes.iter().filter_map(|(series, passed)| {
            let last = if *passed { Some(&ended) } else { self.before.get(series) };
            last.map(|last| format!("{series} {last}\n"))
        });
        family(LAST_SUCCESS, &successes.collect::<String>());
        family(STAGE, &self.stages);
        family(SESSION, &self.sessions);
        for (metric, all) in [(PEER, &self.peers), (CLIENT, &self.clients)] {
            let samples = all.iter().map(|(labels, at)| format!("{}{labels} {at}\n", metric.0));
            family(metric, &samples.collect::<String>());
        }
        out.extend_from_slice(text.as_bytes());
    }
}

fn earliest(all: &mut BTreeMap<String, i64>, labels: String, date: &str) {
    // What cannot be read was no certificate's date.
    if let Ok(date) = DateTime::parse_from_rfc3339(date) {
        let at = date.timestamp();
        all.entry(labels).and_modify(|before| *before = at.min(*before)).or_insert(at);
    }
}

/// How long each stage took: connect, handshake, and of each reply's stage the longest.
fn stages(record: &Record<'_>) -> Vec<(Stage, f64)> {
    let timings = record.timings_ms;
    let mut all: Vec<(Stage, f64)> = Vec::new();
    all.extend(timings.connect.map(|ms| (Stage::Connect, ms)));
    all.extend(timings.tls.map(|ms| (Stage::Tls, ms)));
    for reply in &record.replies {
        match all.iter_mut().find(|(stage, _)| *stage == reply.stage) {
            Some((_, longest)) => *longest = longest.max(reply.ms),
            None => all.push((reply.stage, reply.ms)),
        }
    }
    all
}

/// `{case="a",target="mx"}`.
fn labels(all: &[(&str, &str)]) -> String {
    let label = |(name, value): &(&str, &str)| {
        let value = visible(value).replace('\\', "\\\\").replace('"', "\\\"");
        format!("{name}=\"{value}\"")
    };
    format!("{{{}}}", all.iter().map(label).collect::<Vec<_>>().join(","))
}

/// Milliseconds as seconds, to ten microseconds.
fn seconds(ms: f64) -> String {
    format!("{:.5}", ms / 1e3)
}

fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    format!("{:.3}", since.as_secs_f64())
}
