//! The output of a monitoring plugin (Monitoring Plugins Development Guidelines): a
//! line for the list of services with performance data behind a bar, then a line a
//! case that did not pass.

use std::fmt::Write as _;

use super::Sheet;
use super::overview::{Overview, counts, wrong};
use crate::report::record::Record;
use crate::report::{Run, Summary};
use crate::smtp::visible;

/// So many cases are told; Nagios keeps 8 KiB.
const SHOWN: usize = 20;

/// The longest text of one case, in characters.
const LONGEST: usize = 240;

/// What a plugin says with its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginStatus {
    /// Every case passed, or there was none to play.
    Ok,
    /// Every case passed, some not at the first attempt.
    Warning,
    /// A case failed, or a server was not reached.
    Critical,
    /// Nothing can be said.
    Unknown,
}

impl PluginStatus {
    /// How a run that came out so is told.
    #[must_use]
    pub const fn of(summary: &Summary, interrupted: bool) -> Self {
        if summary.failed + summary.error > 0 {
            Self::Critical
        } else if summary.total == 0 && !interrupted {
            // An empty shard, or no failure to play again: not a run that went wrong.
            Self::Ok
        } else if interrupted || summary.played() == 0 {
            Self::Unknown
        } else if summary.flaky > 0 {
            Self::Warning
        } else {
            Self::Ok
        }
    }

    /// The exit status.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// The word in the first line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// The report while it grows.
#[derive(Default)]
pub(in crate::report) struct Nagios {
    overview: Overview,
    wrong: Vec<String>,
    more: usize,
    slowest: Slowest,
}

/// The longest of each, in milliseconds.
#[derive(Default)]
struct Slowest {
    connect: Option<f64>,
    tls: Option<f64>,
    session: Option<f64>,
}

impl Sheet for Nagios {
    fn case(&mut self, record: &Record<'_>, _out: &mut Vec<u8>) {
        self.overview.add(record);
        let timings = record.timings_ms;
        for (slowest, ms) in [
            (&mut self.slowest.connect, timings.connect),
            (&mut self.slowest.tls, timings.tls),
            (&mut self.slowest.session, timings.total),
        ] {
            *slowest = match (*slowest, ms) {
                (Some(before), Some(ms)) => Some(before.max(ms)),
                (before, ms) => before.or(ms),
            };
        }
        if record.outcome.is_wrong() {
            match self.wrong.len() < SHOWN {
                true => self.wrong.push(text(&format!("{}: {}", record.id, wrong(record)))),
                false => self.more += 1,
            }
        }
    }

    fn finish(&mut self, run: &Run, summary: &Summary, out: &mut Vec<u8>) {
        let status = PluginStatus::of(summary, run.interrupted);
        let mut told = format!("RELAYPROBE {} - ", status.as_str());
        if run.interrupted {
            told.push_str("interrupted: ");
        }
        let _ = write!(told, "{} ({})", counts(summary).join(", "), text(&self.overview.in_words(run)));
        if let [one] = &self.wrong[..] {
            let _ = write!(told, "; {one}");
        }
        let _ = writeln!(told, " | {}", self.performance(run, summary));
        if self.wrong.len() > 1 {
            self.wrong.iter().for_each(|line| {
                let _ = writeln!(told, "{line}");
            });
        }
        if self.more > 0 {
            let _ = writeln!(told, "and {} more", self.more);
        }
        for line in self.overview.expiring(run) {
            let _ = writeln!(told, "{}", text(&line));
        }
        out.extend_from_slice(told.as_bytes());
    }
}

impl Nagios {
    /// `'label'=value[UOM];[warn];[crit];[min];[max]`, separated by spaces.
    fn performance(&self, run: &Run, summary: &Summary) -> String {
        let Summary { total, passed, failed, error, skipped, flaky, .. } = *summary;
        let mut data = vec![
            format!("passed={passed};;;0;{total}"),
            // Above 0 is critical; of flaky ones a warning.
            format!("failed={failed};;0;0;{total}"),
            format!("error={error};;0;0;{total}"),
            format!("skipped={skipped};;;0;{total}"),
            format!("flaky={flaky};0;;0;{total}"),
            format!("time={:.3}s;;;0", run.duration.as_secs_f64()),
        ];
        let Slowest { connect, tls, session } = self.slowest;
        for (label, ms) in [("connect", connect), ("tls", tls), ("session", session)] {
            data.extend(ms.map(|ms| format!("{label}={:.5}s;;;0", ms / 1e3)));
        }
        data.join(" ")
    }
}

/// A text for a plugin's output: a bar would begin performance data.
fn text(text: &str) -> String {
    let text = visible(text).replace('|', "\\x7C");
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
