//! relayprobe: an SMTP test harness and probe client.
//!
//! YAML scenarios say who connects, what is sent and which replies must come
//! back; a driver plays each one against a target server; a verdict says whether
//! it came out so. See `docs/architecture.md` for the floors of the house: each
//! module imports only from the floors below its own.

pub mod cli;
pub mod dns;
pub mod exchange;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod message;
pub mod plan;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod secret;
pub mod session;
pub mod simulator;
pub mod smtp;
pub mod tls;
pub mod verdict;
pub mod yaml;
