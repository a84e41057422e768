//! How far a run is, on a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the bar is drawn at most, in hertz.
const DRAWN: u8 = 10;

/// A bar on a terminal's stderr; nothing elsewhere, so that no log and no cron
/// mail holds it.
pub(in crate::cli) struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar for so many cases; for one it would be gone before it was seen.
    pub(in crate::cli) fn new(cases: usize, wanted: bool) -> Self {
        if !wanted || cases < 2 || !io::stderr().is_terminal() {
            return Self(None);
        }
        let target = ProgressDrawTarget::stderr_with_hz(DRAWN);
        let bar = ProgressBar::with_draw_target(Some(cases as u64), target);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self(Some(bar))
    }

    /// One case more has ended; `failed` have so far.
    pub(in crate::cli) fn step(&self, failed: usize) {
        if let Some(bar) = &self.0 {
            if failed > 0 {
                bar.set_message(format!("{failed} not passed"));
            }
            bar.inc(1);
        }
    }

    /// Does what may write to the terminal, with the bar out of its way.
    pub(super) fn aside<T>(&self, writes: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(writes),
            None => writes(),
        }
    }

    /// Takes the bar away.
    pub(in crate::cli) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
