//! What servers say, and what it means: one entry a reply, one place an entry.
//!
//! The simulator takes its replies from here, hints and explanations look theirs
//! up here, so text, meaning and source cannot drift apart.

mod classes;
mod entry;
pub mod exchange_server;
pub mod exim;
mod find;
pub mod google;
pub mod outbound;
pub mod positive;
pub mod postfix;
pub mod protocol;
pub mod relay;
pub mod reports;
pub mod reputation;
pub mod ses;
pub mod submission;

pub use classes::{by_code, by_status};
pub use entry::{Confidence, Entry, Server};
pub use find::{Known, all, find, look_up};
