//! Why an exchange cannot go on.

use super::scram::MOST_ITERATIONS;
use crate::smtp::{Event, EventKind};

/// Why an exchange cannot go on. Where the server waits for an answer the client then
/// sends `*` (RFC 4954 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslError {
    /// The challenge is not base64.
    NotBase64,
    /// The challenge is longer than 12,288 bytes.
    TooLong,
    /// A challenge more than the mechanism has.
    TooMany,
    /// The challenge is none of this mechanism; why.
    NotOurs(&'static str),
    /// The server's nonce does not begin with the client's (RFC 5802 §5.1, `r`).
    Nonce,
    /// More rounds of hashing than are done for a server; how many.
    Iterations(u64),
    /// The server does not know the password: its signature is wrong (RFC 5802 §5.1, `v`).
    ServerSignature,
    /// A success before everything was said that the server needs for one.
    Early,
    /// A success without the proof that the server knows the password.
    Unproven,
}

impl SaslError {
    /// The end of the session that it is.
    #[must_use]
    pub fn event(self) -> Event {
        let broken = |reason| Event::new(EventKind::ProtocolError, reason);
        match self {
            Self::NotBase64 => broken("bad_base64").with_detail("the challenge is not base64"),
            Self::TooLong => broken("challenge_too_long")
                .with_detail("the challenge is longer than 12,288 bytes (RFC 4954 §4)"),
            Self::NotOurs(why) => broken("bad_challenge").with_detail(why),
            Self::Nonce => {
                broken("bad_nonce").with_detail("the server's nonce does not begin with ours (RFC 5802 §5.1)")
            }
            Self::ServerSignature => broken("bad_server_signature")
                .with_detail("the server does not know the password: its signature is wrong"),
            Self::Unproven => broken("no_server_signature")
                .with_detail("a success without proof that the server knows the password (RFC 5802 §3)"),
            Self::TooMany => Event::new(EventKind::Limit, "challenges")
                .with_detail("the server asks for more than the mechanism has to say"),
            Self::Iterations(wanted) => Event::new(EventKind::Limit, "iterations").with_detail(format!(
                "the server wants {wanted} rounds of hashing; at most {MOST_ITERATIONS} are done"
            )),
            Self::Early => Event::new(EventKind::Desync, "auth")
                .with_detail("a success before the credentials were sent"),
        }
    }
}
