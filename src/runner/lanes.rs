//! Which case may start when: so many at once per server, so many in a time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// What a server may be asked to bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most connections at once.
    pub at_once: usize,
    /// The least time between the starts of two connections.
    pub spacing: Duration,
}

impl Limits {
    /// No limit but that of the run as a whole.
    pub const NONE: Self = Self { at_once: usize::MAX, spacing: Duration::ZERO };

    /// The stricter of each.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { at_once: self.at_once.min(other.at_once), spacing: self.spacing.max(other.spacing) }
    }
}

/// The cases that wait, a lane a server.
pub(super) struct Lanes {
    state: RefCell<State>,
    /// A place became free, or everything was stopped.
    changed: Notify,
    stop: Notify,
}

struct State {
    lanes: Vec<Lane>,
    /// How many run, over all lanes, and may.
    running: usize,
    most: usize,
    stopped: bool,
}

struct Lane {
    /// Indices of jobs, in order.
    waiting: VecDeque<u32>,
    limits: Limits,
    running: usize,
    next_start: Option<Instant>,
}

impl State {
    /// When a connection may start in a lane.
    fn opens(&self, lane: usize, now: Instant) -> Opens {
        if self.running >= self.most { Opens::AfterAnother } else { self.lanes[lane].opens(now) }
    }

    fn start(&mut self, lane: usize, now: Instant) {
        self.running += 1;
        self.lanes[lane].start(now);
    }
}

impl Lane {
    /// When a connection may start: at once, at that time, or not before another
    /// has ended.
    fn opens(&self, now: Instant) -> Opens {
        if self.running >= self.limits.at_once {
            return Opens::AfterAnother;
        }
        match self.next_start {
            Some(at) if at > now => Opens::At(at),
            _ => Opens::Now,
        }
    }

    fn start(&mut self, now: Instant) {
        self.running += 1;
        self.next_start = Some(now + self.limits.spacing);
    }
}

enum Opens {
    Now,
    At(Instant),
    AfterAnother,
}

impl Lanes {
    /// Lanes with their limits, and how many may run over all of them; each job
    /// names its lane, and jobs start in order as far as their lanes allow.
    pub(super) fn new(limits: &[Limits], most: usize, jobs: impl Iterator<Item = usize>) -> Self {
        let mut lanes: Vec<_> = limits
            .iter()
            .map(|limits| Lane { waiting: VecDeque::new(), limits: *limits, running: 0, next_start: None })
            .collect();
        for (job, lane) in (0..).zip(jobs) {
            lanes[lane].waiting.push_back(job);
        }
        let state = RefCell::new(State { lanes, running: 0, most, stopped: false });
        Self { state, changed: Notify::new(), stop: Notify::new() }
    }

    /// The next job, with its place taken in its lane; `None` when no job is left
    /// or everything was stopped.
    pub(super) async fn next(&self) -> Option<usize> {
        loop {
            let mut wake_at = None;
            {
                let mut state = self.state.borrow_mut();
                if state.stopped {
                    return None;
                }
                let now = Instant::now();
                let mut best: Option<(u32, usize)> = None;
                let mut waiting = false;
                for (n, lane) in state.lanes.iter().enumerate() {
                    let Some(head) = lane.waiting.front().copied() else { continue };
                    waiting = true;
                    match state.opens(n, now) {
                        Opens::Now if best.is_none_or(|(least, _)| head < least) => best = Some((head, n)),
                        Opens::At(at) => wake_at = Some(wake_at.map_or(at, |least| at.min(least))),
                        Opens::Now | Opens::AfterAnother => {}
                    }
                }
                if let Some((head, n)) = best {
                    state.lanes[n].waiting.pop_front();
                    state.start(n, now);
                    return Some(head as usize);
                }
                if !waiting {
                    // Whoever else waits for a place has nothing left to start
                    // either.
                    self.changed.notify_waiters();
                    return None;
                }
            }
            self.wait(wake_at).await;
        }
    }

    /// The most places that one lane can have.
    pub(super) fn places(&self, lane: usize) -> usize {
        let state = self.state.borrow();
        state.most.min(state.lanes[lane].limits.at_once)
    }

    /// Takes a place in a lane again, for another attempt or session. Says whether there was
    /// one before everything was stopped.
    pub(super) async fn again(&self, lane: usize) -> bool {
        loop {
            let wake_at = {
                let mut state = self.state.borrow_mut();
                if state.stopped {
                    return false;
                }
                let now = Instant::now();
                match state.opens(lane, now) {
                    Opens::Now => {
                        state.start(lane, now);
                        return true;
                    }
                    Opens::At(at) => Some(at),
                    Opens::AfterAnother => None,
                }
            };
            self.wait(wake_at).await;
        }
    }

    /// Gives a place back.
    pub(super) fn release(&self, lane: usize) {
        {
            let mut state = self.state.borrow_mut();
            state.running -= 1;
            state.lanes[lane].running -= 1;
        }
        // All of them: the first to be woken need not be one that waits for this
        // lane.
        self.changed.notify_waiters();
    }

    /// Lets nothing more start.
    pub(super) fn stop(&self) {
        self.state.borrow_mut().stopped = true;
        self.changed.notify_waiters();
        self.stop.notify_waiters();
    }

    /// Sleeps, unless everything is stopped meanwhile; says whether it slept to
    /// the end.
    pub(super) async fn sleep(&self, delay: Duration) -> bool {
        let stopped = self.stop.notified();
        if self.state.borrow().stopped {
            return false;
        }
        tokio::select! {
            () = stopped => false,
            () = tokio::time::sleep(delay) => true,
        }
    }

    /// The jobs that never started, in order.
    pub(super) fn left(&self) -> Vec<usize> {
        let state = self.state.borrow();
        let mut left: Vec<_> =
            state.lanes.iter().flat_map(|lane| lane.waiting.iter().map(|job| *job as usize)).collect();
        left.sort_unstable();
        left
    }

    async fn wait(&self, until: Option<Instant>) {
        match until {
            None => self.changed.notified().await,
            Some(until) => tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(until) => {}
            },
        }
    }
}
