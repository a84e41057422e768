//! `relayprobe schema`.

mod command;
mod form;
mod project;
mod scenario;
mod tenants;
#[cfg(test)]
mod tests;

pub(super) use command::{Args, main};
