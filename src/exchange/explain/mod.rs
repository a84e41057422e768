//! What a reply means that somebody pastes: by itself, in a log line, in a bounce.

#[cfg(test)]
mod captures;
mod explanation;
mod lines;
mod pasted;
mod scan;

pub use explanation::{Explanation, General, explain};
pub use pasted::Found;
