//! Sessions from elsewhere as scenarios. Of a swaks command line: one file for a shell's
//! words, one for swaks' options, one for how they are spelt out, one each for the
//! session, its security and its message. Of what was seen: one for transcripts, one for
//! logs, one for the scenario that both make. And one for what the command does.

mod data;
mod given;
mod line;
mod maillog;
mod observed;
mod options;
mod play;
mod secured;
mod shell;
mod transcript;

pub(super) use play::{main, wanted};
