//! How much, and how long.

use std::time::Duration;

/// How much a client may ask of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Longest command line in bytes, CRLF included. RFC 4954 §4 wants 12,288 for
    /// AUTH.
    pub(super) line: usize,
    /// Largest message in bytes, as EHLO announces it.
    pub(super) size: u64,
    /// How much of a message is kept, in bytes.
    pub(super) head: usize,
    /// Recipients of one message.
    pub(super) recipients: usize,
    /// Commands of one session.
    pub(super) commands: u32,
    /// Faulty commands of one session.
    pub(super) errors: u32,
    /// Failed log-ins of one session.
    pub(super) log_ins: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 12 * 1024,
            size: 157_286_400,
            head: 64 * 1024,
            recipients: 1_000,
            commands: 10_000,
            errors: 50,
            log_ins: 5,
        }
    }
}

/// Deadlines; bytes never extend the session's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadlines {
    /// Waiting for a client's next bytes.
    pub(super) read: Duration,
    /// Waiting for a client to take what was said.
    pub(super) write: Duration,
    /// The TLS handshake.
    pub(super) handshake: Duration,
    /// The session as a whole.
    pub(super) session: Duration,
    /// Before a refusal is sent.
    pub(super) tarpit: Duration,
    /// After the last reply, waiting for the client to close.
    pub(super) linger: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            read: Duration::from_secs(60),
            write: Duration::from_secs(30),
            handshake: Duration::from_secs(15),
            session: Duration::from_secs(600),
            tarpit: Duration::ZERO,
            linger: Duration::from_secs(2),
        }
    }
}

/// Connections that are open at once, over one listener.
pub(super) const CONNECTIONS: usize = 4_000;
