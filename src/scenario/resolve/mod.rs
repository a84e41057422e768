//! Cases to plans: certificates, secrets and message files are read here, for
//! the cases that are played, each once.

mod messages;
mod once;
mod resolver;
mod secrets;
mod tls;

pub use resolver::{At, Planned, Resolver};
