//! `relayprobe probe`: one file for its flags, one for the plan they make, one
//! for what is printed, one for `--save` and one for the file it writes, one for what it
//! does; and a room for sessions that are described elsewhere.

mod args;
mod file;
mod import;
mod play;
mod save;
mod session;
mod show;

pub(super) use args::Args;
pub(super) use play::main;
