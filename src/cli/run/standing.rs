//! How far a run is, in words.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::scenario::Case;
use crate::smtp::visible;

/// A case that runs shorter than this is not worth naming its time.
const LONG: Duration = Duration::from_secs(2);

/// Before so much has passed nobody can say how long the rest takes.
const SOON: Duration = Duration::from_secs(1);

/// How far a run is; several may look.
#[derive(Clone)]
pub(super) struct Standing(Arc<Mutex<Tally>>);

struct Tally {
    began: Instant,
    total: usize,
    ended: usize,
    failed: usize,
    /// What runs, by the place of the case in memory, and since when.
    running: HashMap<usize, (Arc<Case>, Instant)>,
}

impl Standing {
    /// So many cases, none of which has begun.
    pub(super) fn new(total: usize, began: Instant) -> Self {
        Self(Arc::new(Mutex::new(Tally { began, total, ended: 0, failed: 0, running: HashMap::new() })))
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A case has begun.
    pub(super) fn begun(&self, case: &Arc<Case>, now: Instant) {
        self.tally().running.insert(Arc::as_ptr(case).addr(), (Arc::clone(case), now));
    }

    /// One has ended; `failed` have so far.
    pub(super) fn ended(&self, case: &Arc<Case>, failed: usize) {
        let mut tally = self.tally();
        tally.running.remove(&Arc::as_ptr(case).addr());
        (tally.ended, tally.failed) = (tally.ended + 1, failed);
    }

    /// `3 not passed, about 40 s left, running relay/the-erp (12 s) and 3 more`; what
    /// there is nothing to say of is left out. The name, which may be cut off, is last.
    pub(super) fn in_words(&self, now: Instant) -> String {
        self.tally().in_words(now)
    }

    /// The same with how much is done: `120 of 400 cases, …`.
    pub(super) fn line(&self, now: Instant) -> String {
        let tally = self.tally();
        let rest = tally.in_words(now);
        let gone = seconds(now.saturating_duration_since(tally.began));
        let comma = if rest.is_empty() { "" } else { ", " };
        format!("{} of {} cases after {gone}{comma}{rest}", tally.ended, tally.total)
    }
}

impl Tally {
    fn in_words(&self, now: Instant) -> String {
        let mut parts = Vec::new();
        if self.failed > 0 {
            parts.push(format!("{} not passed", self.failed));
        }
        if let Some(left) = self.left(now) {
            parts.push(format!("about {} left", seconds(left)));
        }
        if let Some((case, since)) = self.running.values().min_by_key(|(case, since)| (*since, &case.id)) {
            let mut running = format!("running {}", visible(&case.id));
            let age = now.saturating_duration_since(*since);
            if age >= LONG {
                running += &format!(" ({})", seconds(age));
            }
            match self.running.len() - 1 {
                0 => {}
                more => running += &format!(" and {more} more"),
            }
            parts.push(running);
        }
        parts.join(", ")
    }

    /// How long the rest takes if it goes on as before.
    fn left(&self, now: Instant) -> Option<Duration> {
        let gone = now.saturating_duration_since(self.began);
        let rest = self.total.checked_sub(self.ended).filter(|rest| *rest > 0)?;
        (self.ended > 0 && gone >= SOON).then(|| gone.mul_f64(rest as f64 / self.ended as f64))
    }
}

/// `12 s`, `3 min`, `2 h`.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..100 => format!("{} s", seconds.max(1)),
        seconds @ ..6000 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Request, load};

    #[test]
    fn it_says_what_is_known_and_no_more() {
        let name = format!("relayprobe-standing-{}.yaml", std::process::id());
        let file = std::env::temp_dir().join(name);
        let text =
            "suite: x\ndefaults: { target: 'relay.example:25' }\nscenarios: [{ name: a }, { name: b }]\n";
        std::fs::write(&file, text).expect("the temporary folder is writable");
        let loaded = load(&Request { paths: vec![file.clone()], ..Request::default() });
        let _ = std::fs::remove_file(&file);
        let Ok(loaded) = loaded else { panic!("the scenarios are sound") };
        let [a, b] = &loaded.cases[..] else { panic!("two cases") };
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let standing = Standing::new(40, start);
        assert_eq!(standing.line(start), "0 of 40 cases after 1 s");
        standing.begun(a, start);
        standing.begun(b, start + second);
        let running = format!("running {} (3 s) and 1 more", a.id);
        assert_eq!(standing.in_words(start + 3 * second), running);
        standing.ended(a, 1);
        let line = format!("1 of 40 cases after 4 s, 1 not passed, about 2 min left, running {} (3 s)", b.id);
        assert_eq!(standing.line(start + 4 * second), line);
    }
}
