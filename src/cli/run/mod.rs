//! `relayprobe run`: one file for its flags, one for where its targets are, one
//! for what it does.

mod args;
mod descriptors;
mod drive;
mod play;
mod progress;
mod select;
mod servers;
mod signals;

pub(super) use args::Args;
pub(super) use play::main;
