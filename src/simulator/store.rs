//! What was accepted, kept within bounds: the newest messages, the beginning of
//! each. Nothing is passed on.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::accounts::Accounts;
use super::sessions::Sessions;
use crate::exchange::{Account, Attribution, Endpoint};
use crate::smtp::{ForwardPath, ReversePath};
use crate::tls::Accepted;

/// A message that was accepted.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// The id of the session it came in, as the greeting had it.
    pub session: String,
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
}

/// Most messages that are kept.
const MESSAGES: usize = 1_000;
/// Most bytes of them.
const BYTES: usize = 8 * 1024 * 1024;

impl Store {
    /// Keeps a message; the oldest go where it is too much.
    pub(super) fn keep(&self, message: Delivered) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += message.head.len();
        kept.messages.push_back(Arc::new(message));
        while kept.messages.len() > MESSAGES || kept.bytes > BYTES {
            let Some(oldest) = kept.messages.pop_front() else { break };
            kept.bytes -= oldest.head.len();
        }
    }

    /// What is kept of a session, in order.
    pub(super) fn of_session(&self, session: &str) -> Vec<Arc<Delivered>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.messages.iter().filter(|message| message.session == session).cloned().collect()
    }

    /// What is kept, oldest first.
    pub(super) fn all(&self) -> Vec<Arc<Delivered>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.messages.iter().cloned().collect()
    }
}
