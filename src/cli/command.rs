//! The commands, and which one was asked for.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::{
    audit, certs, check, compare, explain, forecast, help, init, probe, report, run, schema, simulate, watch,
};

/// SMTP test harness and probe client.
#[derive(Parser)]
#[command(name = "relayprobe", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Args),
    Watch(watch::Args),
    Check(check::Args),
    Probe(probe::Args),
    Simulate(simulate::Args),
    Audit(audit::Args),
    Forecast(forecast::Args),
    Report(report::Args),
    Compare(compare::Args),
    Explain(explain::Args),
    Init(init::Args),
    Certs(certs::Args),
    Schema(schema::Args),
    Completions(help::Completions),
    Man(help::Manual),
}

/// Reads the command line, does what it says and gives the exit status of the
/// contract: 0, 1, 2, 3, 130 or 143.
#[must_use]
pub fn main() -> ExitCode {
    let parsed = described().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let command = match parsed {
        Ok(cli) => cli.command,
        // Asking the libraries is left until somebody wants to know.
        Err(error) if error.kind() == ErrorKind::DisplayVersion => {
            // Who no longer listens knows enough.
            let _ = io::stdout().write_all(help::version().as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(error) => error.exit(),
    };
    match command {
        Command::Run(args) => run::main(args),
        Command::Watch(args) => watch::main(args),
        Command::Check(args) => check::main(args),
        Command::Probe(args) => probe::main(args),
        Command::Simulate(args) => simulate::main(args),
        Command::Audit(args) => audit::main(args),
        Command::Forecast(args) => forecast::main(args),
        Command::Report(args) => report::main(args),
        Command::Compare(args) => compare::main(args),
        Command::Explain(args) => explain::main(args),
        Command::Init(args) => init::main(args),
        Command::Certs(args) => certs::main(args),
        Command::Schema(args) => schema::main(args),
        Command::Completions(args) => args.main(described()),
        Command::Man(args) => args.main(described()),
    }
}

fn described() -> clap::Command {
    help::described(Cli::command())
}
