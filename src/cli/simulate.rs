//! `relayprobe simulate`.

use std::process::ExitCode;

/// Run the simulator as SMTP servers.
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn main(_args: Args) -> ExitCode {
    ExitCode::from(2)
}
