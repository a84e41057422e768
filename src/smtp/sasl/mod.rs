//! AUTH (RFC 4954) without lines or IO: what to answer to which challenge, a file a
//! mechanism. Absent on purpose: security layers, channel bindings, and mechanisms that
//! servers of mail hardly ask for any more (see `docs/decisions.md`).

mod bearer;
mod client;
mod cram;
mod error;
mod login;
mod mechanism;
mod plain;
mod saslprep;
mod scram;
mod server;

pub use client::{SaslAnswer, SaslClient, SaslLogin};
pub use error::SaslError;
pub use mechanism::{Credential, Mechanism};
pub use scram::{MOST_ITERATIONS, fresh_nonce};
pub use server::{SaslServer, SaslStep};
