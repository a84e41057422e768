//! The SMTP server that answers as Exchange Online would (floor 3).
//!
//! The protocol is a state machine without IO that asks a policy for every reply;
//! the policy of Exchange Online is the rules of [`crate::exchange`]. It keeps a
//! bounded number of the messages it accepted and never passes one on.

mod accounts;
#[cfg(test)]
mod captures;
mod front_end;
mod lab;
mod limits;
mod luck;
mod policy;
mod protocol;
mod proxy;
mod server;
mod sessions;
mod stamp;
mod store;
#[cfg(test)]
mod vocabulary;
mod watch;

pub use lab::{Lab, LabConfig, Listen};
pub use limits::Limits;
#[cfg(any(test, feature = "fuzz"))]
pub use protocol::properties;
pub use store::Delivered;
pub use watch::Watch;
