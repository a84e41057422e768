//! `relayprobe compare`, and what `run --baseline` and `run --versus` share with it: one
//! file for the flags, one for what is accepted, one for what it does.

mod accept;
mod args;
mod command;
mod reports;

pub(super) use args::{Args, TermsArgs};
pub(super) use command::main;
pub(super) use reports::Reports;
