//! The run: from cases to results.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use futures_util::future::join_all;
use tokio::sync::Notify;

use super::lanes::{Lanes, Limits};
use super::turn::Turn;
use crate::plan::{Endpoint, Mx, Plan, Route};
use crate::scenario::{Case, Expect, Expectations, Repeat, Retry, written_place};
use crate::session::{self, Observation, PARTING};
use crate::smtp::Stage;
use crate::verdict::{
    Attempt, CaseResult, Outcome, Series, Verdict, cut_short, expected, hint, judge, matches, over_hosts,
};

/// How long sessions that are under way may take to end after an interruption.
const GRACE: Duration = Duration::from_millis(1500);

/// Between two attempts where nothing says how long.
const DELAY: Duration = Duration::from_secs(1);

/// What the reason begins with why a case was skipped that an interruption cut off.
const INTERRUPTED: &str = "interrupted ";

/// Whether this is why a case was skipped that an interruption cut off, of a run that was
/// interrupted.
#[must_use]
pub fn was_interrupted(reason: &str) -> bool {
    reason.starts_with(INTERRUPTED)
}

/// How a run is done.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most sessions at once, over all servers.
    pub jobs: usize,
    /// How often a case that does not pass is played again where it does not say
    /// so itself.
    pub retries: u32,
    /// Play each case once, whatever it says of retries, attempts or repetition.
    pub once: bool,
    /// Start nothing more after the first case that does not pass.
    pub fail_fast: bool,
}

/// A case to play.
#[derive(Clone, Debug)]
pub struct Job {
    /// The case.
    pub case: Arc<Case>,
    /// Which of the run's servers it is played against.
    pub lane: usize,
    /// The day whose rules the simulator follows; `None` for a real server.
    pub simulated: Option<NaiveDate>,
}

/// What to play and how to judge it.
#[derive(Debug)]
pub struct Ready {
    /// The session.
    pub plan: Plan,
    /// Where the session must not be played to its end: the last stage that is
    /// played, and what can be judged of it.
    pub cut: Option<(Stage, Expectations)>,
    /// The address that the server should see.
    pub source_ip: Option<IpAddr>,
}

impl Ready {
    /// A session, and where it must not be played to its end what can be judged of it.
    #[must_use]
    pub fn new(plan: Plan, cut: Option<(Stage, Expectations)>) -> Self {
        let source_ip = plan.endpoint.proxy.map(|proxy| proxy.source.ip()).or(plan.endpoint.bind);
        Self { plan, cut, source_ip }
    }

    /// What is judged.
    #[must_use]
    pub fn expect<'r>(&'r self, case: &'r Case) -> &'r Expectations {
        self.cut.as_ref().map_or(&*case.expect, |(_, expect)| expect)
    }

    /// What was judged on less is told as it was written.
    fn told_as_written(&self, case: &Case, attempt: usize, verdict: &mut Verdict) {
        if let Some((last, _)) = &self.cut {
            verdict.expected = expected(&case.expect, attempt);
            cut_short(verdict, *last);
        }
    }
}

/// Why a run ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A signal of this number came.
    Signal(u8),
    /// The time for the whole run is over.
    Deadline,
}

impl Stop {
    /// In words that fit before "before it was played"; all begin with `INTERRUPTED`.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Signal(_) => "interrupted",
            Self::Deadline => "interrupted by --deadline",
        }
    }
}

/// Plays the jobs and hands each result on as it ends; says why it ended before its
/// time, if it did.
///
/// `prepare` makes a plan when a case's turn comes, or says why it cannot be
/// played, so that waiting cases cost nothing; `play` plays one session, may be
/// dropped at any time, and is told when to leave; `interrupt` is ready whenever
/// the run is to stop. After the first signal nothing more starts, and what is under way
/// has `GRACE` to end, at the deadline none. Then sessions are left, with QUIT, for which
/// there is time enough; after the second signal all ends at once. What was not played to
/// its end is handed on as skipped.
pub async fn run<Prepare, Play, Take, Interrupt>(
    jobs: &[Job],
    limits: &[Limits],
    settings: &Settings,
    prepare: Prepare,
    play: Play,
    take: Take,
    mut interrupt: Interrupt,
) -> Option<Stop>
where
    Prepare: Fn(&Arc<Case>) -> Result<Ready, String>,
    Play: AsyncFn(&Job, &Ready, &Plan, &Turn<'_>) -> Observation,
    Take: FnMut(CaseResult),
    Interrupt: AsyncFnMut() -> Stop,
{
    let run = Run {
        jobs,
        settings,
        lanes: Lanes::new(limits, settings.jobs.max(1), jobs.iter().map(|job| job.lane)),
        under_way: RefCell::default(),
        failed_fast: Cell::new(false),
        stopped: Cell::new(None),
        leave: Notify::new(),
        prepare,
        play,
        take: RefCell::new(take),
    };
    let workers = settings.jobs.clamp(1, jobs.len().max(1));
    {
        // One task for all sessions: the budget that tokio gives a task is not
        // meant for so many.
        let mut crew = std::pin::pin!(tokio::task::unconstrained(join_all((0..workers).map(|_| run.work()))));
        tokio::select! {
            biased;
            why = interrupt() => {
                run.stopped.set(Some(why));
                run.lanes.stop();
                let grace = if why == Stop::Deadline { Duration::ZERO } else { GRACE };
                let patience = async {
                    tokio::time::sleep(grace).await;
                    run.leave.notify_waiters();
                    tokio::time::sleep(PARTING).await;
                };
                tokio::select! {
                    biased;
                    // First, so that a case that waits for its retry ends as it stands.
                    _ = &mut crew => {}
                    _ = interrupt() => {}
                    () = patience => {}
                }
            }
            _ = &mut crew => {}
        }
    }
    run.tell_the_rest();
    run.stopped.get()
}

struct Run<'a, Prepare, Play, Take> {
    jobs: &'a [Job],
    settings: &'a Settings,
    lanes: Lanes,
    /// Jobs that have started and not ended.
    under_way: RefCell<BTreeSet<usize>>,
    failed_fast: Cell<bool>,
    stopped: Cell<Option<Stop>>,
    /// Told when sessions are to be left.
    leave: Notify,
    prepare: Prepare,
    play: Play,
    take: RefCell<Take>,
}

impl<Prepare, Play, Take> Run<'_, Prepare, Play, Take>
where
    Prepare: Fn(&Arc<Case>) -> Result<Ready, String>,
    Play: AsyncFn(&Job, &Ready, &Plan, &Turn<'_>) -> Observation,
    Take: FnMut(CaseResult),
{
    /// Plays one case after the other until none is left.
    async fn work(&self) {
        while let Some(n) = self.lanes.next().await {
            self.under_way.borrow_mut().insert(n);
            let result = self.play_case(&self.jobs[n]).await;
            self.under_way.borrow_mut().remove(&n);
            if self.settings.fail_fast && matches!(result.outcome, Outcome::Failed | Outcome::Error) {
                self.failed_fast.set(true);
                self.lanes.stop();
            }
            (self.take.borrow_mut())(result);
        }
    }

    /// Plays one case as often as it takes. Its place in the lane is taken when
    /// this is called and given back by it.
    async fn play_case(&self, job: &Job) -> CaseResult {
        let case = &job.case;
        let ready = match (self.prepare)(case) {
            Ok(ready) => ready,
            Err(reason) => {
                self.lanes.release(job.lane);
                return skipped(job, reason);
            }
        };
        let schedule = Schedule::of(case, ready.expect(case), self.settings);
        let mut attempts: Vec<Attempt> = Vec::with_capacity(1);
        loop {
            let attempt = match ready.plan.endpoint.route {
                Route::Host | Route::Mx(_) => self.attempt(job, &ready, &ready.plan, attempts.len()).await,
                Route::Domain(_) => self.hosts(job, &ready, attempts.len()).await,
            };
            match attempt {
                Ok(attempt) => attempts.push(attempt),
                Err(reason) => return skipped(job, reason),
            }
            if !schedule.goes_on(&attempts)
                || !self.lanes.sleep(schedule.delay).await
                || !self.lanes.again(job.lane).await
            {
                break;
            }
        }
        let last = attempts.last().expect("there was one attempt at least");
        let outcome = match &schedule.in_order {
            // Stopped between two attempts: what was expected of the rest never came.
            Some(wanted) if attempts.len() < *wanted && last.verdict.outcome == Outcome::Passed => {
                return skipped(job, format!("{} after attempt {}", self.stopped(), attempts.len()));
            }
            _ => last.verdict.outcome,
        };
        // What was decisive explains a failure at its own stage alone: that the
        // message was accepted says nothing of a missing extension.
        let explains = |stage| last.verdict.failures.iter().any(|failure| failure.stage == stage);
        let hint = match &last.verdict.decisive {
            Some(decisive) if explains(decisive.stage) => Some(hint(decisive, &last.observation)),
            _ => None,
        };
        CaseResult {
            case: Arc::clone(case),
            outcome,
            address: Some(address(&ready.plan, last)),
            simulated: job.simulated,
            source_ip: ready.source_ip,
            flaky: outcome == Outcome::Passed && attempts.len() > 1 && schedule.in_order.is_none(),
            attempts,
            skipped_because: None,
            hint,
        }
    }

    /// Plays a case once against one server, which may be many sessions. The place in the
    /// lane is taken before and given back.
    ///
    /// # Errors
    ///
    /// As [`Self::series`].
    async fn attempt(&self, job: &Job, ready: &Ready, plan: &Plan, nth: usize) -> Result<Attempt, String> {
        match job.case.repeat.filter(|_| !self.settings.once) {
            None => match self.session(job, ready, plan, nth).await {
                attempt if attempt.observation.left => Err(self.cut_off()),
                attempt => Ok(attempt),
            },
            Some(repeat) => self.series(job, ready, plan, repeat).await,
        }
    }

    /// Plays a case once against the hosts of a mail domain, one after the other. The
    /// place in the lane is taken before and given back.
    ///
    /// # Errors
    ///
    /// Why nothing can be said of the case, where everything was stopped.
    async fn hosts(&self, job: &Job, ready: &Ready, nth: usize) -> Result<Attempt, String> {
        let plans = match session::route(&ready.plan, self.leave.notified()).await {
            Ok(plans) => plans,
            Err(observation) => {
                self.lanes.release(job.lane);
                if observation.left {
                    return Err(self.cut_off());
                }
                return Ok(self.judged(job, ready, &ready.plan, nth, *observation));
            }
        };
        let mut ends: Vec<(Mx, Arc<str>, Attempt)> = Vec::with_capacity(plans.len());
        let count = plans.len();
        for plan in plans {
            if !ends.is_empty() && !self.lanes.again(job.lane).await {
                if ends.iter().any(|(.., end)| end.verdict.outcome == Outcome::Failed) {
                    break;
                }
                let (why, played) = (self.why_stopped(), ends.len());
                return Err(format!("{why} when {played} of {count} MX hosts had been played"));
            }
            let end = self.attempt(job, ready, &plan, nth).await?;
            let Endpoint { host, route: Route::Mx(mx), .. } = plan.endpoint else {
                unreachable!("a domain's hosts are reached by its MX records")
            };
            ends.push((mx, host, end));
        }
        Ok(over_hosts(ends).expect("a domain has one host at least"))
    }

    /// Plays one session and judges it by itself; gives its place back.
    async fn session(&self, job: &Job, ready: &Ready, plan: &Plan, nth: usize) -> Attempt {
        let closed = Cell::new(false);
        let release = || {
            if !closed.replace(true) {
                self.lanes.release(job.lane);
            }
        };
        let turn = Turn { close: &release, leave: &self.leave };
        let observation = (self.play)(job, ready, plan, &turn).await;
        release();
        self.judged(job, ready, plan, nth, observation)
    }

    /// A session with its verdict.
    fn judged(&self, job: &Job, ready: &Ready, plan: &Plan, nth: usize, seen: Observation) -> Attempt {
        let mut verdict = judge(plan, ready.expect(&job.case), nth, &seen);
        ready.told_as_written(&job.case, nth, &mut verdict);
        Attempt::new(seen, verdict)
    }

    /// Plays all sessions of a repeated case, so many at once as it says and its
    /// lane bears. The first has its place already; all are given back.
    ///
    /// # Errors
    ///
    /// Why nothing can be said of the case, where everything was stopped.
    async fn series(&self, job: &Job, ready: &Ready, plan: &Plan, repeat: Repeat) -> Result<Attempt, String> {
        let series = RefCell::new(Series::new(ready.expect(&job.case), repeat.times));
        let (started, left) = (tokio::time::Instant::now(), Cell::new(repeat.times - 1));
        let crew = self.lanes.places(job.lane).min(repeat.parallel.min(repeat.times) as usize);
        join_all((0..crew).map(async |n| {
            let mut placed = n == 0;
            loop {
                if !placed {
                    let Some(fewer) = left.get().checked_sub(1) else { return };
                    left.set(fewer);
                    if !self.lanes.again(job.lane).await {
                        return;
                    }
                }
                placed = false;
                let session = self.session(job, ready, plan, 0).await;
                if session.observation.left {
                    return;
                }
                series.borrow_mut().add(plan, session);
            }
        }))
        .await;
        let series = series.into_inner();
        let played = series.played();
        if played < repeat.times && !series.is_decided() {
            let why = self.why_stopped();
            return Err(format!("{why} when {played} of its {} sessions had been played", repeat.times));
        }
        let mut attempt = series.finish(started.elapsed()).expect("the first session is always played");
        if ready.cut.is_some() {
            attempt.verdict.expected = expected(&job.case.expect, 0);
        }
        Ok(attempt)
    }

    /// The same where a case has begun.
    fn why_stopped(&self) -> &'static str {
        if self.failed_fast.get() { "--fail-fast, and another case had not passed," } else { self.stopped() }
    }

    /// Why nothing more starts, in words.
    fn stopped(&self) -> &'static str {
        self.stopped.get().map_or("interrupted", Stop::as_str)
    }

    /// Why nothing is known of a case that was being played.
    fn cut_off(&self) -> String {
        format!("{} while it was played", self.stopped())
    }

    /// Hands on what was never played, or not to its end.
    fn tell_the_rest(&self) {
        let cut = self.under_way.borrow().iter().copied().collect::<Vec<_>>();
        let stopped = self.stopped();
        let why_left = match (self.stopped.get(), self.failed_fast.get()) {
            (None, true) => "not played: --fail-fast, and another case had not passed".to_owned(),
            _ => format!("{stopped} before it was played"),
        };
        let cut = cut.into_iter().map(|n| (n, self.cut_off()));
        let left = self.lanes.left().into_iter().map(|n| (n, why_left.clone()));
        for (n, reason) in cut.chain(left) {
            (self.take.borrow_mut())(skipped(&self.jobs[n], reason));
        }
    }
}

/// `host:port` of the server that an attempt shows, or the domain whose hosts were not
/// found.
fn address(plan: &Plan, shown: &Attempt) -> String {
    let Endpoint { host, port, route, .. } = &plan.endpoint;
    let wrong = shown.hosts.iter().find(|host| host.outcome == shown.verdict.outcome);
    match (wrong, route) {
        (Some(end), _) => format!("{}:{port}", end.host),
        (None, Route::Domain(_)) => format!("mx:{host}"),
        (None, _) => written_place(host, *port),
    }
}

/// The end of a case that was not played.
fn skipped(job: &Job, reason: String) -> CaseResult {
    CaseResult {
        case: Arc::clone(&job.case),
        outcome: Outcome::Skipped,
        address: None,
        simulated: job.simulated,
        source_ip: None,
        attempts: Vec::new(),
        flaky: false,
        skipped_because: Some(reason),
        hint: None,
    }
}

/// How often a case is played.
struct Schedule<'a> {
    /// At most.
    attempts: usize,
    delay: Duration,
    retry: Option<&'a Retry>,
    /// `expect: { attempts: … }`: so many, each judged by its own.
    in_order: Option<usize>,
}

impl<'a> Schedule<'a> {
    fn of(case: &'a Case, expect: &Expectations, settings: &Settings) -> Self {
        if settings.once {
            return Self { attempts: 1, delay: Duration::ZERO, retry: None, in_order: None };
        }
        let retry = case.retry.as_ref();
        let delay = retry.map_or(DELAY, |retry| retry.delay);
        if let Expect::Attempts(list) = &expect.session {
            return Self { attempts: list.len(), delay, retry, in_order: Some(list.len()) };
        }
        let attempts = retry.map_or(settings.retries.saturating_add(1), |retry| retry.attempts);
        Self { attempts: attempts as usize, delay, retry, in_order: None }
    }

    /// Whether another attempt follows.
    fn goes_on(&self, attempts: &[Attempt]) -> bool {
        let Some(last) = attempts.last() else { return true };
        if attempts.len() >= self.attempts {
            return false;
        }
        if self.in_order.is_some() {
            return last.verdict.outcome == Outcome::Passed;
        }
        last.verdict.outcome != Outcome::Passed
            && match (self.retry.and_then(|retry| retry.when.as_ref()), &last.verdict.decisive) {
                (None, _) => true,
                (Some(when), Some(decisive)) => matches(when, decisive),
                (Some(_), None) => false,
            }
    }
}
