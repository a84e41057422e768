//! Runs under virtual time, against servers that are closures.

use std::cell::{Cell, RefCell};
use std::fs;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Job, Limits, Ready, Settings, Stop, Turn, run};
use crate::scenario::{At, Case, Planned, Request, Resolver, load};
use crate::session::{Observation, PARTING};
use crate::verdict::testing::seen;
use crate::verdict::{CaseResult, Outcome};

/// What Ctrl-C does.
const INTERRUPTED: Stop = Stop::Signal(2);

/// The cases of a scenario file with this scenario under each of these names.
fn cases(names: &[String], scenario: &str) -> (Vec<Arc<Case>>, Resolver) {
    let name = format!("relayprobe-runner-{}-{:016x}", std::process::id(), fastrand::u64(..));
    let file = std::env::temp_dir().join(name).with_extension("yaml");
    let mut text = "suite: x\ndefaults: { target: \"relay.example:25\", mail_from: a@example.com, rcpt_to: \
                    b@example.com, stop_after: rcpt_to }\nscenarios:\n"
        .to_owned();
    for name in names {
        text.push_str(&format!("  - {{ name: {name}, {scenario} }}\n"));
    }
    fs::write(&file, text).expect("the scenario file");
    let loaded = load(&Request { paths: vec![file.clone()], ..Request::default() });
    let _ = fs::remove_file(&file);
    let loaded = loaded.unwrap_or_else(|rejected| {
        panic!("{}", crate::yaml::render(&rejected.diagnostics, &rejected.sources, false))
    });
    let resolver = Resolver::new(&loaded, None, false);
    (loaded.cases, resolver)
}

/// What a run of so many cases is to be.
struct Setup {
    names: Vec<String>,
    scenario: &'static str,
    lanes: usize,
    limits: Limits,
    settings: Settings,
    /// When signals come.
    signals: Vec<(Duration, Stop)>,
    /// How long each session waits for something when it is over.
    waits: Duration,
    /// Whether sessions go on although they are told to leave.
    deaf: bool,
}

impl Setup {
    fn of(cases: usize, scenario: &'static str) -> Self {
        Self {
            names: (0..cases).map(|n| format!("c{n}")).collect(),
            scenario,
            lanes: 1,
            limits: Limits::NONE,
            settings: Settings { jobs: 50, retries: 0, once: false, fail_fast: false },
            signals: Vec::new(),
            waits: Duration::ZERO,
            deaf: false,
        }
    }

    /// Runs it against a server that takes `long` over a session and answers RCPT
    /// TO as `answer` says of the session's number.
    async fn run(self, long: Duration, answer: impl Fn(usize) -> &'static str) -> Came {
        let (cases, resolver) = cases(&self.names, self.scenario);
        let jobs: Vec<_> = cases
            .into_iter()
            .enumerate()
            .map(|(n, case)| Job { case, lane: n % self.lanes, simulated: None })
            .collect();
        let (start, sessions, open, most) =
            (Instant::now(), Cell::new(0), Rc::new(Cell::new(0)), Cell::new(0));
        let starts = RefCell::new(Vec::new());
        let mut results = Vec::new();
        let prepare = |case: &Arc<Case>| match resolver.plan(case, &At::address("relay.example".into(), 25)) {
            Ok(Planned::Play(plan)) => Ok(Ready { plan: *plan, cut: None, source_ip: None }),
            other => panic!("no plan: {other:?}"),
        };
        let play = async |_: &Job, ready: &Ready, _: &crate::plan::Plan, turn: &Turn<'_>| -> Observation {
            let n = sessions.replace(sessions.get() + 1);
            starts.borrow_mut().push(start.elapsed());
            let place = Open::take(&open);
            most.set(most.get().max(open.get()));
            tokio::select! {
                () = sleep(long) => {}
                () = turn.to_leave(), if !self.deaf => {
                    return Observation { left: true, ..Observation::default() };
                }
            }
            drop(place);
            if !self.waits.is_zero() {
                turn.closed();
                sleep(self.waits).await;
            }
            seen(&ready.plan, &["220 hi", "250 hi", "250 ok", answer(n)])
        };
        let mut signals = self.signals.iter();
        let interrupt = async || match signals.next() {
            Some((at, why)) => {
                tokio::time::sleep_until(start + *at).await;
                *why
            }
            None => std::future::pending().await,
        };
        let limits = vec![self.limits; self.lanes];
        let stopped =
            run(&jobs, &limits, &self.settings, prepare, play, |result| results.push(result), interrupt)
                .await;
        Came { results, stopped, took: start.elapsed(), starts: starts.into_inner(), most: most.get() }
    }
}

/// A session that is open, until it ends or is dropped.
struct Open(Rc<Cell<usize>>);

impl Open {
    fn take(open: &Rc<Cell<usize>>) -> Self {
        open.set(open.get() + 1);
        Self(Rc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// What came of a run.
struct Came {
    results: Vec<CaseResult>,
    stopped: Option<Stop>,
    took: Duration,
    /// When each session started.
    starts: Vec<Duration>,
    /// The most sessions at once.
    most: usize,
}

impl Came {
    fn outcomes(&self) -> Vec<Outcome> {
        self.results.iter().map(|result| result.outcome).collect()
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn every_case_ends_once() {
    let came = Setup::of(200, "expect: 250").run(SECOND, |_| "250 ok").await;
    let mut ids: Vec<_> = came.results.iter().map(|result| result.case.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 200);
    assert!(came.outcomes().iter().all(|outcome| *outcome == Outcome::Passed));
    assert_eq!((came.most, came.took), (50, 4 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn no_server_gets_more_at_once_than_it_may() {
    let setup = Setup { limits: Limits { at_once: 4, ..Limits::NONE }, ..Setup::of(20, "expect: 250") };
    let came = setup.run(SECOND, |_| "250 ok").await;
    assert_eq!((came.most, came.took), (4, 5 * SECOND));
    let setup =
        Setup { limits: Limits { at_once: 4, ..Limits::NONE }, lanes: 2, ..Setup::of(20, "expect: 250") };
    let came = setup.run(SECOND, |_| "250 ok").await;
    assert_eq!((came.most, came.took), (8, 3 * SECOND), "two servers side by side");
}

#[tokio::test(start_paused = true)]
async fn connections_keep_their_distance() {
    let limits = Limits { spacing: SECOND / 5, ..Limits::NONE };
    let came = Setup { limits, ..Setup::of(11, "expect: 250") }.run(SECOND, |_| "250 ok").await;
    let expected: Vec<_> = (0..11).map(|n| SECOND / 5 * n).collect();
    for (start, expected) in came.starts.iter().zip(expected) {
        assert!(start.abs_diff(expected) <= Duration::from_millis(1), "{start:?}, not {expected:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_and_a_late_pass_is_flaky() {
    let scenario = "expect: 250, retry: { attempts: 3, delay: 5s, when: 4xx }";
    let came = Setup::of(1, scenario).run(SECOND, |n| if n < 2 { "450 later" } else { "250 ok" }).await;
    let [result] = &came.results[..] else { panic!("one result") };
    assert_eq!((result.outcome, result.attempts.len(), result.flaky), (Outcome::Passed, 3, true));
    assert_eq!(came.starts, [Duration::ZERO, 6 * SECOND, 12 * SECOND]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_for_what_it_is_for_and_no_more() {
    let scenario = "expect: 250, retry: { attempts: 3, delay: 5s, when: 4xx }";
    let refused = Setup::of(1, scenario).run(SECOND, |_| "550 no").await;
    assert_eq!((refused.outcomes(), refused.starts.len()), (vec![Outcome::Failed], 1));
    let never = Setup::of(1, scenario).run(SECOND, |_| "450 later").await;
    assert_eq!((never.outcomes(), never.starts.len()), (vec![Outcome::Failed], 3));
    let plain = Setup::of(1, "expect: 250").run(SECOND, |_| "450 later").await;
    assert_eq!(plain.starts.len(), 1, "no retry unless it is asked for");
}

#[tokio::test(start_paused = true)]
async fn attempts_in_order_are_played_until_one_fails() {
    let scenario = "expect: { attempts: [450, 450, 250] }, retry: { attempts: 3, delay: 60s }";
    let came = Setup::of(1, scenario).run(SECOND, |n| if n < 2 { "450 later" } else { "250 ok" }).await;
    let [result] = &came.results[..] else { panic!("one result") };
    assert_eq!((result.outcome, result.attempts.len(), result.flaky), (Outcome::Passed, 3, false));
    assert_eq!(came.starts, [Duration::ZERO, 61 * SECOND, 122 * SECOND]);
    let soon = Setup::of(1, scenario).run(SECOND, |n| if n < 1 { "450 later" } else { "250 ok" }).await;
    assert_eq!((soon.outcomes(), soon.starts.len()), (vec![Outcome::Failed], 2), "accepted too soon");
}

#[tokio::test(start_paused = true)]
async fn once_is_once_whatever_the_case_says() {
    for scenario in [
        "expect: 250, retry: { attempts: 3, delay: 5s }",
        "expect: { attempts: [450, 250] }, retry: { attempts: 2, delay: 60s }",
        "expect: 450, repeat: { times: 5 }",
    ] {
        let mut setup = Setup::of(1, scenario);
        setup.settings.once = true;
        assert_eq!(setup.run(SECOND, |_| "450 later").await.starts.len(), 1, "{scenario}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_case_that_waits_for_its_retry_holds_nobody_up() {
    let mut setup = Setup::of(3, "expect: 250, retry: { attempts: 2, delay: 60s }");
    setup.limits.at_once = 1;
    let came = setup.run(SECOND, |n| if n == 0 { "450 later" } else { "250 ok" }).await;
    assert_eq!(came.starts, [Duration::ZERO, SECOND, 2 * SECOND, 61 * SECOND]);
}

#[tokio::test(start_paused = true)]
async fn fail_fast_starts_nothing_more() {
    let mut setup = Setup::of(10, "expect: 250");
    setup.settings = Settings { jobs: 2, retries: 0, once: false, fail_fast: true };
    let came = setup.run(SECOND, |n| if n == 2 { "550 no" } else { "250 ok" }).await;
    assert_eq!(came.stopped, None);
    assert_eq!(came.starts.len(), 4, "the neighbour ends its session");
    let outcomes = came.outcomes();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Skipped).count(), 6);
    assert_eq!(outcomes.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_gives_running_sessions_a_moment_and_marks_the_rest() {
    let mut setup = Setup::of(6, "expect: 250");
    setup.settings.jobs = 2;
    setup.signals = vec![(Duration::from_millis(500), INTERRUPTED)];
    let came = setup.run(SECOND, |_| "250 ok").await;
    assert_eq!(came.stopped, Some(INTERRUPTED));
    assert_eq!(came.took, SECOND, "what was under way ended in time");
    let reasons: Vec<_> = came.results.iter().map(|result| result.skipped_because.as_deref()).collect();
    let left = Some("interrupted before it was played");
    assert_eq!(reasons, [None, None, left, left, left, left]);

    let mut setup = Setup::of(2, "expect: 250");
    setup.settings.jobs = 1;
    setup.signals = vec![(Duration::from_millis(500), INTERRUPTED)];
    let came = setup.run(60 * SECOND, |_| "250 ok").await;
    assert_eq!(came.took, 2 * SECOND);
    assert_eq!(came.results[0].skipped_because.as_deref(), Some("interrupted while it was played"));
    assert_eq!(came.results.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_does_not_leave_in_time_is_dropped() {
    let mut setup = Setup::of(1, "expect: 250");
    setup.signals = vec![(Duration::from_millis(500), INTERRUPTED)];
    setup.deaf = true;
    let came = setup.run(60 * SECOND, |_| "250 ok").await;
    assert_eq!(came.took, 2 * SECOND + PARTING);
    assert_eq!(came.results[0].skipped_because.as_deref(), Some("interrupted while it was played"));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_case_whose_sessions_are_left_is_skipped() {
    let mut setup = Setup::of(1, "expect: 250, repeat: { times: 3 }");
    setup.signals = vec![(SECOND * 3 / 2, Stop::Deadline)];
    let came = setup.run(SECOND, |_| "250 ok").await;
    assert_eq!(came.took, SECOND * 3 / 2);
    let why = came.results[0].skipped_because.as_deref();
    assert_eq!(why, Some("interrupted by --deadline when 1 of its 3 sessions had been played"));
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_ends_at_once() {
    let mut setup = Setup::of(1, "expect: 250");
    setup.signals =
        vec![(Duration::from_millis(500), INTERRUPTED), (Duration::from_millis(700), INTERRUPTED)];
    let came = setup.run(60 * SECOND, |_| "250 ok").await;
    assert_eq!(came.took, Duration::from_millis(700));
    assert_eq!(came.outcomes(), [Outcome::Skipped]);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_gives_no_moment_and_says_so() {
    let mut setup = Setup::of(3, "expect: 250");
    setup.settings.jobs = 1;
    setup.signals = vec![(SECOND * 3 / 2, Stop::Deadline)];
    let came = setup.run(SECOND, |_| "250 ok").await;
    assert_eq!((came.stopped, came.took), (Some(Stop::Deadline), SECOND * 3 / 2));
    let reasons: Vec<_> = came.results.iter().map(|result| result.skipped_because.as_deref()).collect();
    let [cut, left] =
        ["interrupted by --deadline while it was played", "interrupted by --deadline before it was played"];
    assert_eq!(reasons, [None, Some(cut), Some(left)]);

    let mut setup = Setup::of(1, "expect: 250, retry: { attempts: 2, delay: 60s }");
    setup.signals = vec![(5 * SECOND, Stop::Deadline)];
    let came = setup.run(SECOND, |_| "450 later").await;
    assert_eq!((came.took, came.outcomes()), (5 * SECOND, vec![Outcome::Failed]), "it had failed already");
}

#[tokio::test(start_paused = true)]
async fn an_interruption_between_attempts_does_not_wait_for_the_next() {
    let mut setup = Setup::of(1, "expect: 250, retry: { attempts: 2, delay: 60s }");
    setup.signals = vec![(5 * SECOND, INTERRUPTED)];
    let came = setup.run(SECOND, |_| "450 later").await;
    assert_eq!((came.took, came.outcomes()), (5 * SECOND, vec![Outcome::Failed]));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_case_is_one_case_of_many_sessions() {
    let scenario = "expect: 250, repeat: { times: 50 }";
    let came = Setup::of(1, scenario).run(SECOND, |_| "250 ok").await;
    let [result] = &came.results[..] else { panic!("one result") };
    assert_eq!((result.outcome, result.attempts.len(), result.flaky), (Outcome::Passed, 1, false));
    assert_eq!((came.starts.len(), came.most, came.took), (50, 1, 50 * SECOND), "one after the other");
    let sessions = result.attempts[0].sessions.as_ref().expect("a series");
    assert_eq!((sessions.played, sessions.failed, sessions.took), (50, 0, 50 * SECOND));

    let one = Setup::of(1, scenario).run(SECOND, |n| if n == 17 { "550 no" } else { "250 ok" }).await;
    assert_eq!((one.outcomes(), one.starts.len()), (vec![Outcome::Failed], 50), "all of them are seen");
}

#[tokio::test(start_paused = true)]
async fn sessions_are_parallel_as_far_as_server_and_run_bear_it() {
    let scenario = "expect: 250, repeat: { times: 40, parallel: 20 }";
    let came = Setup::of(1, scenario).run(SECOND, |_| "250 ok").await;
    assert_eq!((came.most, came.took), (20, 2 * SECOND));

    let mut polite = Setup::of(3, scenario);
    polite.limits.at_once = 4;
    let came = polite.run(SECOND, |_| "250 ok").await;
    assert_eq!((came.most, came.starts.len(), came.took), (4, 120, 30 * SECOND));

    let mut few = Setup::of(3, scenario);
    few.settings.jobs = 5;
    few.lanes = 3;
    let came = few.run(SECOND, |_| "250 ok").await;
    assert_eq!((came.most, came.starts.len(), came.took), (5, 120, 24 * SECOND));

    let mut slow = Setup::of(1, "expect: 250, repeat: { times: 11, parallel: 5 }");
    slow.limits.spacing = SECOND;
    let came = slow.run(SECOND / 10, |_| "250 ok").await;
    assert_eq!(came.took, 10 * SECOND + SECOND / 10);
}

#[tokio::test(start_paused = true)]
async fn a_share_is_judged_when_all_have_ended_and_a_retry_plays_all_again() {
    let scenario = "expect: { share: { 421: 10%..30%, 250: '>=70%' } }, repeat: { times: 10, parallel: 3 }, \
                    retry: { attempts: 2, delay: 5s }";
    let fifth = |n: usize| if n.is_multiple_of(5) { "421 later" } else { "250 ok" };
    let came = Setup::of(1, scenario).run(SECOND, fifth).await;
    assert_eq!((came.outcomes(), came.starts.len()), (vec![Outcome::Passed], 10));
    let came = Setup::of(1, scenario).run(SECOND, |n| if n < 10 { "250 ok" } else { fifth(n) }).await;
    let [result] = &came.results[..] else { panic!("one result") };
    assert_eq!((result.outcome, result.attempts.len(), result.flaky), (Outcome::Passed, 2, true));
    assert_eq!(came.starts.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_case_that_was_stopped_says_how_far_it_came() {
    let mut setup = Setup::of(1, "expect: 250, repeat: { times: 50 }");
    setup.signals = vec![(SECOND * 7 / 2, INTERRUPTED)];
    let came = setup.run(SECOND, |_| "250 ok").await;
    let reason = came.results[0].skipped_because.as_deref();
    assert_eq!(reason, Some("interrupted when 4 of its 50 sessions had been played"));

    let mut setup = Setup::of(1, "expect: 250, repeat: { times: 50 }");
    setup.signals = vec![(SECOND * 7 / 2, INTERRUPTED)];
    let came = setup.run(SECOND, |n| if n == 1 { "550 no" } else { "250 ok" }).await;
    assert_eq!(came.outcomes(), [Outcome::Failed], "what is left would not change it");
}

#[tokio::test(start_paused = true)]
async fn who_waits_after_the_session_takes_nobodys_place() {
    let mut setup = Setup::of(5, "expect: 250");
    setup.limits = Limits { at_once: 1, spacing: Duration::ZERO };
    setup.waits = SECOND * 60;
    let came = setup.run(SECOND, |_| "250 ok").await;
    assert_eq!(came.outcomes(), [Outcome::Passed; 5]);
    assert_eq!((came.most, came.took), (1, SECOND * 65));
}
