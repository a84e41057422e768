//! `relayprobe compare`: one file for the flags, one for what is accepted, one for what
//! it does.

mod accept;
mod args;
mod command;

pub(super) use args::Args;
pub(super) use command::main;
