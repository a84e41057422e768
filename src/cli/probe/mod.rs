//! `relayprobe probe`: one file for its flags, one for the plan they make, one
//! for what is printed, one for `--save`, one for what it does.

mod args;
mod play;
mod save;
mod session;
mod show;

pub(super) use args::Args;
pub(super) use play::main;
