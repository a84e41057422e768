//! The protocol, server side, without IO.

mod machine;
mod mail;
#[cfg(any(test, feature = "fuzz"))]
pub mod properties;
#[cfg(any(test, feature = "fuzz"))]
mod script;
#[cfg(test)]
mod tests;

pub(super) use machine::{Next, Protocol};
