//! `relayprobe schema`.

mod command;
mod extensions;
mod form;
mod project;
#[cfg(test)]
mod reference;
mod scenario;
mod steps;
mod tenants;
#[cfg(test)]
mod tests;

pub(super) use command::{Args, main};
