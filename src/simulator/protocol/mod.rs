//! The protocol, server side, without IO.

mod machine;
mod mail;
#[cfg(test)]
mod tests;

pub(super) use machine::{Next, Protocol};
