//! The commands, and which one was asked for.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::{audit, certs, check, compare, explain, forecast, probe, report, run, simulate};

/// SMTP test harness and probe client.
#[derive(Parser)]
#[command(name = "relayprobe", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one of it, parsed once")]
enum Command {
    Run(run::Args),
    Check(check::Args),
    Probe(probe::Args),
    Simulate(simulate::Args),
    Audit(audit::Args),
    Forecast(forecast::Args),
    Report(report::Args),
    Compare(compare::Args),
    Explain(explain::Args),
    Certs(certs::Args),
}

/// Reads the command line, does what it says and gives the exit status of the
/// contract: 0, 1, 2, 3, 130 or 143.
#[must_use]
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run(args) => run::main(args),
        Command::Check(args) => check::main(args),
        Command::Probe(args) => probe::main(args),
        Command::Simulate(args) => simulate::main(args),
        Command::Audit(args) => audit::main(args),
        Command::Forecast(args) => forecast::main(args),
        Command::Report(args) => report::main(args),
        Command::Compare(args) => compare::main(args),
        Command::Explain(args) => explain::main(args),
        Command::Certs(args) => certs::main(args),
    }
}
