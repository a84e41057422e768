//! The help of the program as a whole, and its version.

use std::fmt::Write as _;

use clap::Command;

use super::EXAMPLES;
use crate::tls::libraries;

/// Which commands belong together; one that is in none of them follows at the end.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Play", &["run", "watch", "check", "probe"]),
    ("Ask before it happens", &["audit", "forecast", "compare", "explain"]),
    ("Read results", &["report"]),
    ("Set up", &["init", "simulate", "certs", "schema", "completions", "man"]),
];

/// The command line with its commands in groups and their examples.
pub(in crate::cli) fn described(command: Command) -> Command {
    let template = template(&command);
    EXAMPLES.iter().fold(command.help_template(template), |command, (name, examples)| {
        match command.find_subcommand(name) {
            Some(_) => command.mut_subcommand(name, |sub| sub.after_help(*examples)),
            None => command,
        }
    })
}

fn template(command: &Command) -> String {
    let mut out = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    let width = command.get_subcommands().map(|sub| sub.get_name().len()).max().unwrap_or(0);
    let grouped = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name));
    let mut group = |heading: &str, names: &mut dyn Iterator<Item = &str>| {
        let mut subs = names.filter_map(|name| command.find_subcommand(name)).peekable();
        if subs.peek().is_some() {
            let _ = write!(out, "\n{heading}:\n");
        }
        for sub in subs {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            let about = about.trim_end_matches('.');
            let _ = writeln!(out, "  {:width$}  {about}", sub.get_name());
        }
    };
    for (heading, names) in GROUPS {
        group(heading, &mut names.iter().copied());
    }
    let mut rest = command.get_subcommands().map(Command::get_name).filter(|name| !grouped(name));
    group("More", &mut rest);
    out.push_str(
        "\nOptions:\n{options}\n\n\
         `relayprobe COMMAND --help` explains one of them with examples; to begin: relayprobe init\n",
    );
    out
}

/// What `--version` prints: this program, and the libraries that speak TLS.
pub(in crate::cli) fn version() -> String {
    let mut out = format!("relayprobe {}\n", env!("CARGO_PKG_VERSION"));
    for library in libraries() {
        let _ = writeln!(out, "{library}");
    }
    out
}
