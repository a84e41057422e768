//! Why each session was answered as it was, kept until somebody asks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::stamp::SessionId;
use crate::exchange::Account;

/// Most sessions whose accounts are kept; the oldest go.
const SESSIONS: usize = 16_384;

/// The accounts of the newest sessions.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_session: HashMap<SessionId, Vec<String>>,
    order: VecDeque<SessionId>,
}

impl Accounts {
    /// Adds steps to a session's account. What it holds already is not repeated:
    /// every recipient goes through the same rules.
    pub(super) fn add(&self, session: SessionId, steps: &[String]) {
        if steps.is_empty() {
            return;
        }
        let mut kept = self.lock();
        if !kept.by_session.contains_key(&session) {
            kept.order.push_back(session);
            while kept.order.len() > SESSIONS {
                let oldest = kept.order.pop_front();
                oldest.and_then(|oldest| kept.by_session.remove(&oldest));
            }
        }
        let account = kept.by_session.entry(session).or_default();
        for step in steps {
            if account.len() < Account::MOST && !account.contains(step) {
                account.push(step.clone());
            }
        }
    }

    /// Takes a session's account out.
    pub(super) fn take(&self, session: SessionId) -> Vec<String> {
        // Its place in the order goes with time.
        self.lock().by_session.remove(&session).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it holds the lock.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn an_account_is_kept_once_and_taken_once() {
        let accounts = Accounts::default();
        let (one, other) = (SessionId::next(SystemTime::now()), SessionId::next(SystemTime::now()));
        accounts.add(one, &["a".into(), "b".into()]);
        accounts.add(other, &["c".into()]);
        accounts.add(one, &["a".into(), "d".into()]);
        assert_eq!(accounts.take(one), ["a", "b", "d"]);
        assert!(accounts.take(one).is_empty());
        assert_eq!(accounts.take(other), ["c"]);
    }

    #[test]
    fn the_oldest_accounts_go() {
        let accounts = Accounts::default();
        let sessions: Vec<_> = (0..=SESSIONS).map(|_| SessionId::next(SystemTime::now())).collect();
        for session in &sessions {
            accounts.add(*session, &["x".into()]);
        }
        assert!(accounts.take(sessions[0]).is_empty());
        assert_eq!(accounts.take(sessions[1]), ["x"]);
    }
}
