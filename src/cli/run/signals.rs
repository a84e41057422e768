//! What ends a run early, and what asks how far it is.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use crate::runner::Stop;

/// Their numbers are the same on every Unix (POSIX, `kill`).
const SIGINT: u8 = 2;
const SIGTERM: u8 = 15;

/// Listens for the signals that concern a run, and for its deadline.
pub(in crate::cli) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    asks: Asks,
    deadline: Option<Instant>,
}

impl Signals {
    /// Starts listening; from here on none of the signals ends the process by itself.
    /// The deadline comes once.
    pub(in crate::cli) fn listen(deadline: Option<Instant>) -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            asks: Asks::listen()?,
            deadline,
        })
    }

    /// Waits for what is to end the run. Whenever somebody asks meanwhile, `answer`
    /// says how far it is.
    pub(in crate::cli) async fn next(&mut self, answer: impl Fn()) -> Stop {
        loop {
            let deadline = self.deadline;
            let due = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(()) = self.interrupt.recv() => return Stop::Signal(SIGINT),
                Some(()) = self.terminate.recv() => return Stop::Signal(SIGTERM),
                () = self.asks.next() => answer(),
                () = due => {
                    self.deadline = None;
                    return Stop::Deadline;
                }
            }
        }
    }
}

/// SIGUSR1, and SIGINFO (Ctrl-T) where there is one.
struct Asks {
    user: Signal,
    #[cfg(any(target_os = "macos", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd"))]
    info: Signal,
}

impl Asks {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            user: signal(SignalKind::user_defined1())?,
            #[cfg(any(
                target_os = "macos",
                target_os = "freebsd",
                target_os = "netbsd",
                target_os = "openbsd"
            ))]
            info: signal(SignalKind::info())?,
        })
    }

    #[cfg(any(target_os = "macos", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd"))]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.user.recv() => {}
            _ = self.info.recv() => {}
        }
    }

    #[cfg(not(any(
        target_os = "macos",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    )))]
    async fn next(&mut self) {
        self.user.recv().await;
    }
}
