//! Servers that break the rules, each played by the real program: what it
//! concludes, how long that takes and how much memory, and that none passes.
//!
//! The servers of a group are played in one run, at once, so that the bound on
//! memory holds for all of them together.

mod attack;
mod auth;
mod framing;
mod output;
mod synchronisation;
mod tls;

pub use attack::{Attack, assault};
