//! SIGINT and SIGTERM.

use std::cell::Cell;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for the signals that end a run.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Starts listening; from here on neither signal ends the process by itself.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next signal. The first that comes gives the exit status: 128
    /// and its number.
    pub(super) async fn next(&mut self, status: &Cell<Option<u8>>) {
        let this = tokio::select! {
            Some(()) = self.interrupt.recv() => 130,
            Some(()) = self.terminate.recv() => 143,
            else => std::future::pending().await,
        };
        if status.get().is_none() {
            status.set(Some(this));
        }
    }
}
