//! What a session and the run that it is part of tell each other.

use tokio::sync::Notify;

/// A session's place in the run.
pub struct Turn<'r> {
    pub(super) close: &'r dyn Fn(),
    pub(super) leave: &'r Notify,
}

impl Turn<'_> {
    /// The connection is closed, though there is more to wait for: another session may
    /// take its place.
    pub fn closed(&self) {
        (self.close)();
    }

    /// Ready when the session is to be left.
    pub async fn to_leave(&self) {
        self.leave.notified().await;
    }
}
