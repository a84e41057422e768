//! The flags of a run that nobody watches.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::cli::args::timeout;
use crate::report;

/// Cron, timers, schedulers.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "From cron")]
pub(super) struct Unattended {
    /// Remember in this folder how the cases came out, and let no other run of the same
    /// folder run at once.
    ///
    /// What is printed under -q then says what is new. The folder is made where it is
    /// not there. Give every job one of its own.
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,

    /// When to print anything; `change` wants --state. Implies -q.
    #[arg(long, value_name = "WHEN", value_enum, conflicts_with = "verbose")]
    notify_on: Option<NotifyOn>,

    /// The most that the whole run may take, such as `10m`; what has not ended then is
    /// skipped, and the exit status is 3.
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    pub(super) deadline: Option<Duration>,

    /// Wait for a random time up to this before the first session, so that many hosts
    /// do not begin in the same second.
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    pub(super) jitter: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum NotifyOn {
    /// Whenever a case does not pass
    Failure,
    /// When a case does not pass that did, or in another way, and once when it passes
    /// again
    Change,
}

impl Unattended {
    /// Whether these flags alone ask for `-q`.
    pub(super) const fn is_quiet(&self) -> bool {
        self.notify_on.is_some()
    }

    /// When to print anything.
    ///
    /// # Errors
    ///
    /// Changes are asked for, and nothing to tell them by.
    pub(super) fn notify_on(&self) -> Result<report::NotifyOn, &'static str> {
        match (self.notify_on, &self.state) {
            (Some(NotifyOn::Change), None) => {
                Err("--notify-on change goes by the last run: add --state DIR, where it is remembered")
            }
            (Some(NotifyOn::Change), Some(_)) => Ok(report::NotifyOn::Change),
            (Some(NotifyOn::Failure) | None, _) => Ok(report::NotifyOn::Failure),
        }
    }

    /// Waits as long as `--jitter` says.
    pub(super) fn wait(&self) {
        if let Some(most) = self.jitter {
            std::thread::sleep(most.mul_f64(fastrand::f64()));
        }
    }
}
