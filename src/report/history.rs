//! What a run leaves for the next one, so that the next can tell what is new: which
//! cases did not pass, how, and since when.
//!
//! ```json
//! { "schema": 1, "tool": "relayprobe 0.1.0",
//!   "run": { "id": "…", "ended": "2026-11-21T03:00:04.120Z", "interrupted": false },
//!   "troubles": { "relay/the-erp": { "outcome": "failed", "decided": "550 5.7.64 at rcpt_to",
//!                                    "since": "2026-11-20T03:00:04.310Z" } } }
//! ```
//!
//! Cases that passed are left out: what is not here was well, or was never played.

use std::collections::BTreeMap;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::Run;
use super::record::Record;
use super::words::TOOL;
use crate::verdict::Outcome;

/// What later releases write differently gets another number.
const SCHEMA: u32 = 1;

/// How it stood when the last run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    schema: u32,
    tool: String,
    run: LastRun,
    /// By id.
    troubles: BTreeMap<String, Trouble>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LastRun {
    id: String,
    ended: String,
    interrupted: bool,
}

/// How a case did not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    outcome: String,
    /// Of a failure, what decided it, in short; of an error whatever came last.
    decided: String,
    /// When it was first seen so, RFC 3339 in UTC.
    since: String,
}

impl Trouble {
    fn of(record: &Record<'_>, now: &str) -> Self {
        Self {
            outcome: record.outcome.as_str().to_owned(),
            decided: record.decisive.as_ref().map_or_else(
                || "no reply".to_owned(),
                |decisive| format!("{} at {}", decisive.in_short(), decisive.stage),
            ),
            since: now.to_owned(),
        }
    }

    /// Whether it is the same verdict. A server that is not reached is not reached,
    /// whether it times out today and closed yesterday.
    fn is_same(&self, other: &Self) -> bool {
        self.outcome == other.outcome
            && (self.outcome == Outcome::Error.as_str() || self.decided == other.decided)
    }

    /// `failed since 2026-11-20 03:00 UTC: 550 5.7.64 at rcpt_to`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { outcome, decided, since } = self;
        // Only what this program has written is cut to the minute.
        let minute = since.get(..16).filter(|_| since.ends_with('Z')).map(|at| at.replace('T', " ") + " UTC");
        format!("{outcome} since {}: {decided}", minute.as_deref().unwrap_or(since))
    }
}

impl History {
    /// Before the first run.
    #[must_use]
    pub fn none() -> Self {
        let tool = TOOL.to_owned();
        Self { schema: SCHEMA, tool, run: LastRun::default(), troubles: BTreeMap::new() }
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// That a newer release wrote it, or what is wrong with it, in words.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
            tool: String,
        }
        let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
        let head: Head = serde_json::from_slice(bytes).map_err(damaged)?;
        if head.schema != SCHEMA {
            return Err(Unreadable::Newer(head.tool));
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }

    /// As a file of JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("texts and numbers have a form in JSON");
        bytes.push(b'\n');
        bytes
    }
}

/// Why there is nothing to go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// A later release, named here, wrote it in another form.
    Newer(String),
    /// It is not what was written.
    Damaged(String),
}

/// What is different from the last run, found case by case.
#[derive(Clone, Debug)]
pub struct Changes {
    before: History,
    now: BTreeMap<String, Trouble>,
    started: String,
    fresh: usize,
    recovered: Vec<(String, Trouble)>,
}

/// What one case is, next to the last run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It is as it was, or was not played.
    None,
    /// It does not pass, and did before or not in this way.
    Trouble,
    /// It passes, and did not before.
    Recovered,
}

impl Changes {
    /// Nothing has ended yet. `started` is when the run began.
    #[must_use]
    pub fn since(before: History, started: SystemTime) -> Self {
        let started = instant(started);
        Self { before, now: BTreeMap::new(), started, fresh: 0, recovered: Vec::new() }
    }

    /// Takes the end of one case.
    pub fn add(&mut self, record: &Record<'_>) -> News {
        let id = &*record.id;
        let before = self.before.troubles.get(id);
        match (record.outcome, before) {
            (Outcome::Passed, None) | (Outcome::Skipped, None) => News::None,
            (Outcome::Passed, Some(trouble)) => {
                self.recovered.push((id.to_owned(), trouble.clone()));
                News::Recovered
            }
            // Nothing was seen of it, so it stands as it stood.
            (Outcome::Skipped, Some(trouble)) => {
                self.now.insert(id.to_owned(), trouble.clone());
                News::None
            }
            (Outcome::Failed | Outcome::Error, before) => {
                let mut trouble = Trouble::of(record, &self.started);
                let same = before.filter(|before| before.is_same(&trouble));
                if let Some(before) = same {
                    trouble.since.clone_from(&before.since);
                }
                self.now.insert(id.to_owned(), trouble);
                self.fresh += usize::from(same.is_none());
                if same.is_some() { News::None } else { News::Trouble }
            }
        }
    }

    /// How many do not pass that did, or in another way.
    #[must_use]
    pub const fn fresh(&self) -> usize {
        self.fresh
    }

    /// What passes now and did not before, with what it was.
    #[must_use]
    pub fn recovered(&self) -> &[(String, Trouble)] {
        &self.recovered
    }

    /// What does not pass in the way it did not before.
    pub fn lasting(&self) -> impl Iterator<Item = (&String, &Trouble)> {
        self.now.iter().filter(|(_, trouble)| trouble.since != self.started)
    }

    /// What did not pass before and is not among the cases any more, in a run that has
    /// come to its end.
    pub fn gone(&self) -> impl Iterator<Item = (&String, &Trouble)> {
        let recovered = |id: &String| self.recovered.iter().any(|(other, _)| other == id);
        self.before.troubles.iter().filter(move |(id, _)| !self.now.contains_key(*id) && !recovered(id))
    }

    /// Whether the run came to another end than the last.
    #[must_use]
    pub fn is_news(&self, interrupted: bool) -> bool {
        self.fresh > 0
            || !self.recovered.is_empty()
            || self.gone().next().is_some()
            || interrupted != self.before.run.interrupted
    }

    /// What to leave for the next run.
    #[must_use]
    pub fn into_history(self, run: &Run) -> History {
        let ended = instant(run.started + run.duration);
        let run = LastRun { id: run.id.clone(), ended, interrupted: run.interrupted };
        History { run, troubles: self.now, ..History::none() }
    }
}

/// RFC 3339 in UTC.
fn instant(at: SystemTime) -> String {
    DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cases, run};
    use super::*;
    use crate::verdict::CaseResult;

    const ACCEPTED: [&str; 4] = ["220 hi", "250 hi", "250 ok", "250 2.1.5 ok"];
    const REFUSED: [&str; 4] = ["220 hi", "250 hi", "250 ok", "550 5.7.1 no"];
    const OTHERWISE: [&str; 4] = ["220 hi", "250 hi", "250 ok", "450 4.2.0 later"];

    fn after(before: History, at: u64, results: &[CaseResult]) -> (Changes, Vec<News>) {
        let started = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_793_534_400 + at);
        let mut changes = Changes::since(before, started);
        let news = results.iter().map(|result| changes.add(&Record::of(result))).collect();
        (changes, news)
    }

    #[test]
    fn a_verdict_is_news_once_and_so_is_its_end() {
        let cases = cases(&["name: a, stop_after: rcpt_to", "name: b, stop_after: rcpt_to"]);
        let [bad, worse, good] = [&REFUSED, &OTHERWISE, &ACCEPTED].map(|script| cases.play(0, &[script]));
        let well = cases.play(1, &[&ACCEPTED]);

        let (first, news) = after(History::none(), 0, &[bad.clone(), well.clone()]);
        assert_eq!((news, first.is_news(false)), (vec![News::Trouble, News::None], true));
        let history = first.into_history(&run());

        let (second, news) = after(history, 60, &[bad, well.clone()]);
        assert_eq!((news, second.is_news(false)), (vec![News::None, News::None], false));
        let lasting: Vec<_> = second.lasting().map(|(_, trouble)| trouble.in_words()).collect();
        assert_eq!(lasting, ["failed since 2026-11-01 12:00 UTC: 550 5.7.1 at rcpt_to"]);
        let history = second.into_history(&run());

        let (third, news) = after(history, 120, &[worse, well.clone()]);
        assert_eq!((news, third.is_news(false)), (vec![News::Trouble, News::None], true));
        let history = third.into_history(&run());

        let (fourth, news) = after(history, 180, &[good.clone(), well.clone()]);
        assert_eq!((news, fourth.is_news(false)), (vec![News::Recovered, News::None], true));
        assert_eq!(fourth.recovered()[0].0, "relay/a");
        let history = fourth.into_history(&run());
        assert!(!after(history, 240, &[good, well]).0.is_news(false));
    }

    #[test]
    fn what_was_not_played_stands_as_it_stood_and_what_is_gone_is_told() {
        let cases = cases(&["name: a, stop_after: rcpt_to"]);
        let (first, _) = after(History::none(), 0, &[cases.play(0, &[&REFUSED])]);
        let history = first.into_history(&run());

        let (cut, news) = after(history.clone(), 60, &[cases.skip(0, "interrupted before it was played")]);
        assert_eq!(news, [News::None]);
        assert!(!cut.is_news(false) && cut.is_news(true), "an interruption is news by itself");
        assert_eq!(cut.into_history(&run()).troubles, history.troubles);

        let (without, _) = after(history, 60, &[]);
        assert_eq!(without.gone().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["relay/a"]);
        assert!(without.is_news(false));
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let cases = cases(&["name: a, stop_after: rcpt_to"]);
        let (changes, _) = after(History::none(), 0, &[cases.play(0, &[&REFUSED])]);
        let history = changes.into_history(&run());
        let bytes = history.to_bytes();
        assert_eq!(History::read(&bytes), Ok(history));
        let newer = br#"{"schema": 2, "tool": "relayprobe 9.0.0", "cases": []}"#;
        assert_eq!(History::read(newer), Err(Unreadable::Newer("relayprobe 9.0.0".to_owned())));
        for cut in [0, 1, bytes.len() / 2, bytes.len() - 3] {
            assert!(matches!(History::read(&bytes[..cut]), Err(Unreadable::Damaged(_))), "{cut} bytes");
        }
    }
}
