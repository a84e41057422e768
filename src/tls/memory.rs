//! What a client keeps of one session so that the next can resume it.
//!
//! rustls' own store is for many servers and all connections of a configuration; here a
//! memory is for two sessions, one after the other, and forgets with them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio_rustls::rustls::NamedGroup;
use tokio_rustls::rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use tokio_rustls::rustls::pki_types::ServerName;

use super::rustls_client::Watch;

/// Most tickets that are kept; servers send one to four.
const TICKETS: usize = 4;

/// What a client keeps of a session with a server, so that another with the same server
/// can resume it.
#[derive(Clone, Default)]
pub struct Memory {
    pub(super) store: Arc<Store>,
    /// The library resumes only under the verifier that saw the certificate.
    pub(super) watch: Arc<OnceLock<Arc<Watch>>>,
}

impl Memory {
    /// Whether the server gave anything that a session could be resumed by.
    #[must_use]
    pub fn holds_session(&self) -> bool {
        let kept = self.store.kept();
        kept.session.is_some() || !kept.tickets.is_empty()
    }
}

impl fmt::Debug for Memory {
    /// Never the secrets in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("holds_session", &self.holds_session()).finish_non_exhaustive()
    }
}

/// The library's side of it.
#[derive(Default)]
pub(super) struct Store(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    group: Option<NamedGroup>,
    /// TLS 1.2: by session id or ticket.
    session: Option<Tls12ClientSessionValue>,
    /// TLS 1.3; each good for one session.
    tickets: Vec<Tls13ClientSessionValue>,
}

impl Store {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl ClientSessionStore for Store {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        self.kept().group = Some(group);
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept().group
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.kept().session = Some(value);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.kept().session.clone()
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.kept().session = None;
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        let tickets = &mut self.kept().tickets;
        if tickets.len() < TICKETS {
            tickets.push(value);
        }
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.kept().tickets.pop()
    }
}
