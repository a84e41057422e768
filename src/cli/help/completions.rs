//! `relayprobe completions`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;

use crate::cli::tell::{ERROR, complain};

/// Print completions for a shell
///
/// Where a shell looks for them differs; the examples are for the usual places.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Args {
    /// Prints the completions of this command line.
    pub(in crate::cli) fn main(&self, mut command: Command) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "relayprobe", &mut script);
        match io::stdout().write_all(&script) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let why =
                    format!("the completions cannot be written: {error}; give the shell a file that can");
                ExitCode::from(complain(&why, ERROR))
            }
        }
    }
}
