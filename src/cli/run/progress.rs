//! How far a run is, on a terminal.

use std::io::{self, IsTerminal, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::standing::Standing;
use crate::cli::manners::Manners;
use crate::scenario::Case;

/// How often the bar is drawn at most, in hertz, and how often although nothing ends.
const DRAWN: u8 = 10;
const AT_LEAST: Duration = Duration::from_millis(500);

/// Columns of the bar itself, where there is room.
const BAR: usize = 24;

/// A narrower terminal has no room for a bar beside the numbers.
const ROOM: usize = 60;

/// How far a run is: a bar on a terminal's stderr, nothing elsewhere, so that no log
/// and no cron mail holds it; and a line for whoever asks by a signal.
pub(in crate::cli) struct Progress {
    standing: Standing,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// For so many cases; with a bar unless there is one only, which would be gone
    /// before it was seen.
    pub(in crate::cli) fn new(cases: usize, wanted: bool, manners: Manners) -> Self {
        let standing = Standing::new(cases, Instant::now());
        let drawn = wanted && cases > 1 && manners.draws && io::stderr().is_terminal();
        Self { bar: drawn.then(|| bar(cases, standing.clone(), manners)), standing }
    }

    /// A case has begun.
    pub(in crate::cli) fn begun(&self, case: &Arc<Case>) {
        self.standing.begun(case, Instant::now());
    }

    /// One has ended; `failed` have so far.
    pub(in crate::cli) fn ended(&self, case: &Arc<Case>, failed: usize) {
        self.standing.ended(case, failed);
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// Tells whoever asks.
    pub(in crate::cli) fn answer(&self) {
        let line = format!("relayprobe: {}\n", self.standing.line(Instant::now()));
        // There is nobody left to tell that stderr is closed.
        self.aside(|| drop(io::stderr().write_all(line.as_bytes())));
    }

    /// Does what may write to the terminal, with the bar out of its way.
    pub(super) fn aside<T>(&self, writes: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(writes),
            None => writes(),
        }
    }

    /// Takes the bar away.
    pub(in crate::cli) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(cases: usize, standing: Standing, manners: Manners) -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(DRAWN);
    let bar = ProgressBar::with_draw_target(Some(cases as u64), target);
    let wide = manners.width >= ROOM;
    let template = if wide { "{bar:24} {pos}/{len} {standing}" } else { "{pos}/{len} {standing}" };
    let taken = 2 * cases.to_string().len() + 3 + if wide { BAR + 1 } else { 0 };
    // And room for the `^C` of whoever interrupts it, which would else begin a line.
    let room = manners.width.saturating_sub(taken + 2);
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars(if manners.unicode { "█░" } else { "#." })
        .with_key("standing", move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
            let words = standing.in_words(Instant::now());
            // A line that is too long would be wrapped, and the bar leave traces.
            let cut = words.char_indices().nth(room).map_or(words.len(), |(at, _)| at);
            let _ = out.write_str(&words[..cut]);
        });
    bar.set_style(style);
    bar.enable_steady_tick(AT_LEAST);
    bar
}
