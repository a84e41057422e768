//! What servers say, and what it means: one entry a reply, one place an entry.
//!
//! The simulator takes its replies from here, hints and explanations look theirs
//! up here, so text, meaning and source cannot drift apart.

mod entry;
mod find;
pub mod others;
pub mod positive;
pub mod postfix;
pub mod protocol;
pub mod relay;
pub mod reputation;
pub mod submission;

pub use entry::{Confidence, Entry, Server};
pub use find::{all, find};
