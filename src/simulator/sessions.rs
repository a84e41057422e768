//! How many sessions of each mailbox are open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Sessions by mailbox, over every front door of the simulator.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: Mutex<HashMap<Box<str>, u32>>,
}

/// A session of a mailbox; it is counted until it is dropped.
#[derive(Debug)]
pub(super) struct Open {
    user: Box<str>,
    sessions: Arc<Sessions>,
}

impl Sessions {
    /// Counts one session more.
    pub(super) fn open(self: &Arc<Self>, user: &str) -> Open {
        let user: Box<str> = user.to_ascii_lowercase().into();
        *self.lock().entry(user.clone()).or_default() += 1;
        Open { user, sessions: Arc::clone(self) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Box<str>, u32>> {
        // Nothing panics while it holds the lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The mailbox.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// How many are open, this one included.
    pub(super) fn count(&self) -> u32 {
        self.sessions.lock().get(&self.user).copied().unwrap_or(1)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.sessions.lock();
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_count_until_they_are_dropped() {
        let sessions = Arc::new(Sessions::default());
        let (one, two) = (sessions.open("a@b.example"), sessions.open("A@b.example"));
        assert_eq!((one.count(), sessions.open("c@b.example").count()), (2, 1));
        drop(two);
        assert_eq!(one.count(), 1);
        drop(one);
        assert!(sessions.lock().is_empty());
    }
}
