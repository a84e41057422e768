//! Sessions from elsewhere: swaks command lines, transcripts and logs as scenarios. One
//! file for a shell's words, one for swaks' options, one for how they are spelt out, one
//! each for the session, its security and its message, and one for what the command does.

mod data;
mod given;
mod line;
mod options;
mod play;
mod secured;
mod shell;

pub(super) use play::{main, wanted};
