//! `relayprobe init`: one file for its flags and questions, one for what it writes.

mod command;
mod files;

pub(super) use command::{Args, main};
