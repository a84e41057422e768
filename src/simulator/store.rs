//! What was accepted, kept within bounds: the newest messages, the beginning of
//! each. Nothing is passed on.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::mpsc;

use super::accounts::Accounts;
use super::sessions::Sessions;
use crate::exchange::{Account, Attribution, Endpoint};
use crate::smtp::{ForwardPath, ReversePath};
use crate::tls::Accepted;

/// A message that was accepted.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// The front door it came in by, by its index in the configuration.
    pub door: usize,
    /// The id of the session it came in, as the greeting had it.
    pub session: String,
    /// Its Message-ID, angle brackets included.
    pub message_id: Option<String>,
    /// When it had been accepted.
    pub at: Instant,
    /// Where it came in.
    pub endpoint: Endpoint,
    /// Where it came from.
    pub address: IpAddr,
    /// The TLS it came in with.
    pub tls: Option<Accepted>,
    /// The P1 sender.
    pub mail_from: ReversePath,
    /// The recipients that were accepted.
    pub rcpt_to: Vec<ForwardPath>,
    /// Whom it was attributed to, with the last recipient.
    pub attribution: Option<Attribution>,
    /// The steps that led to its acceptance.
    pub account: Account,
    /// The beginning of the message, header first, as the header firewall left it: at
    /// most 64 KiB.
    pub head: Vec<u8>,
    /// Bytes of the whole message.
    pub size: u64,
}

/// The newest messages, who is here, and why each was answered as it was.
#[derive(Debug, Default)]
pub(super) struct Store {
    kept: Mutex<Kept>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) accounts: Accounts,
}

#[derive(Debug, Default)]
struct Kept {
    messages: VecDeque<Arc<Delivered>>,
    bytes: usize,
    /// When the newest of those that had to go had arrived.
    lost: Option<Instant>,
    watchers: Vec<Watcher>,
}

/// Who wants to know of messages.
#[derive(Debug)]
struct Watcher {
    door: usize,
    ids: Vec<String>,
    to: mpsc::Sender<Arc<Delivered>>,
}

impl Watcher {
    fn tell(&self, message: &Arc<Delivered>) {
        if message.door == self.door && message.message_id.as_ref().is_some_and(|id| self.ids.contains(id)) {
            // Of a message that comes in so many copies the first ones will do.
            let _ = self.to.try_send(Arc::clone(message));
        }
    }
}

/// Most messages that are kept.
const MESSAGES: usize = 1_000;
/// Most bytes of them.
const BYTES: usize = 8 * 1024 * 1024;

impl Store {
    /// Keeps a message; the oldest go where it is too much.
    pub(super) fn keep(&self, message: Delivered) {
        let mut kept = self.lock();
        kept.bytes += message.head.len();
        let message = Arc::new(message);
        kept.watchers.iter().for_each(|watcher| watcher.tell(&message));
        kept.messages.push_back(message);
        while kept.messages.len() > MESSAGES || kept.bytes > BYTES {
            let Some(oldest) = kept.messages.pop_front() else { break };
            kept.bytes -= oldest.head.len();
            kept.lost = Some(oldest.at);
        }
    }

    /// Sends on what is kept from `since` on and what is going to be, until
    /// [`Store::forget`] or the receiver's end. Says whether something may have been lost
    /// before this was called.
    pub(super) fn watch(
        &self,
        door: usize,
        ids: &[String],
        since: Instant,
        to: mpsc::Sender<Arc<Delivered>>,
    ) -> bool {
        let mut kept = self.lock();
        let watcher = Watcher { door, ids: ids.to_vec(), to };
        kept.messages.iter().filter(|message| message.at >= since).for_each(|message| watcher.tell(message));
        kept.watchers.push(watcher);
        kept.lost.is_some_and(|at| at >= since)
    }

    /// Ends the watches of those that are gone.
    pub(super) fn forget(&self) {
        self.lock().watchers.retain(|watcher| !watcher.to.is_closed());
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it holds the lock.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a session, in order.
    pub(super) fn of_session(&self, session: &str) -> Vec<Arc<Delivered>> {
        let kept = self.lock();
        kept.messages.iter().filter(|message| message.session == session).cloned().collect()
    }

    /// What is kept, oldest first.
    pub(super) fn all(&self) -> Vec<Arc<Delivered>> {
        let kept = self.lock();
        kept.messages.iter().cloned().collect()
    }
}
