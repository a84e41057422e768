//! The commands, and which one was asked for.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Error, FromArgMatches};

use super::guard::guard;
use super::{
    audit, certs, check, compare, explain, forecast, help, init, probe, report, run, schema, simulate, watch,
};

/// A command: its name, its flags, and what it does.
struct Command {
    name: &'static str,
    describe: fn(clap::Command) -> clap::Command,
    main: fn(&ArgMatches) -> Result<ExitCode, Error>,
}

macro_rules! commands {
    ($($name:literal: $args:ty => $main:expr),* $(,)?) => {
        [$(Command {
            name: $name,
            describe: <$args>::augment_args,
            main: |matches| <$args>::from_arg_matches(matches).map($main),
        }),*]
    };
}

static COMMANDS: [Command; 15] = commands! {
    "run": run::Args => run::main,
    "watch": watch::Args => watch::main,
    "check": check::Args => check::main,
    "probe": probe::Args => probe::main,
    "simulate": simulate::Args => simulate::main,
    "audit": audit::Args => audit::main,
    "forecast": forecast::Args => forecast::main,
    "report": report::Args => report::main,
    "compare": compare::Args => compare::main,
    "explain": explain::Args => explain::main,
    "init": init::Args => init::main,
    "certs": certs::Args => certs::main,
    "schema": schema::Args => schema::main,
    "completions": help::Completions => |args| args.main(described(&COMMANDS)),
    "man": help::Manual => |args| args.main(described(&COMMANDS)),
};

/// Reads the command line, does what it says and gives the exit status of the
/// contract: 0, 1, 2, 3, 130 or 143.
#[must_use]
pub fn main() -> ExitCode {
    guard();
    // Where a command is named in full, the flags of the others are not even
    // described: a quarter of the instructions of a short run went there.
    let first = std::env::args_os().nth(1).unwrap_or_default();
    let named = COMMANDS.iter().position(|command| first == command.name);
    let known = named.map_or(&COMMANDS[..], |at| &COMMANDS[at..=at]);
    match described(known).try_get_matches().and_then(|matches| play(known, &matches)) {
        Ok(status) => status,
        // Asking the libraries is left until somebody wants to know.
        Err(error) if error.kind() == ErrorKind::DisplayVersion => {
            // Who no longer listens knows enough.
            let _ = io::stdout().write_all(help::version().as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => error.exit(),
    }
}

fn play(known: &[Command], matches: &ArgMatches) -> Result<ExitCode, Error> {
    let asked = matches.subcommand().and_then(|(name, matches)| {
        known.iter().find(|command| command.name == name).map(|command| (command, matches))
    });
    match asked {
        Some((command, matches)) => (command.main)(matches),
        None => Err(described(known).error(ErrorKind::MissingSubcommand, "a command is missing")),
    }
}

/// The command line with these commands.
fn described(commands: &[Command]) -> clap::Command {
    let program = clap::Command::new("relayprobe")
        .version(env!("CARGO_PKG_VERSION"))
        .about("SMTP test harness and probe client")
        .max_term_width(100)
        .subcommand_required(true)
        .arg_required_else_help(true);
    let subcommands = commands.iter().map(|command| (command.describe)(clap::Command::new(command.name)));
    help::described(program.subcommands(subcommands))
}
