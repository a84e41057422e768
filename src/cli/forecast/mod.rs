//! `relayprobe forecast`: one file for its flags, one for what it does.

mod args;
mod command;

pub(super) use args::Args;
pub(super) use command::main;
