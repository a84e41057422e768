//! `relayprobe man`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Command;
use clap_mangen::Man;

use crate::cli::tell::{BAD_INPUT, ERROR, complain, put};
use crate::report::replace;
use crate::yaml::nearest;

/// Print manual pages
///
/// One page to standard output: the program's, or a command's. With --out every page
/// into a folder: relayprobe.1, relayprobe-run.1 and so on.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The command whose page is wanted; the program's own without it
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    page: Option<String>,
    /// Write every page into this folder, which is made where it is not there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Args {
    /// Prints or writes the pages of this command line.
    pub(in crate::cli) fn main(&self, command: Command) -> ExitCode {
        ExitCode::from(self.run(command).map_or_else(|status| status, |()| 0))
    }

    fn run(&self, command: Command) -> Result<(), u8> {
        let mut command = command.disable_help_subcommand(true);
        command.build();
        match (&self.out, &self.page) {
            (Some(folder), _) => {
                let failed = |error: io::Error| {
                    let why =
                        format!("--out {}: {error}; name a folder that can be written", folder.display());
                    complain(&why, ERROR)
                };
                std::fs::create_dir_all(folder).map_err(failed)?;
                for (name, page) in pages(&command) {
                    replace(&folder.join(name), &page).map_err(failed)?;
                }
                Ok(())
            }
            (None, page) => {
                let wanted =
                    page.as_deref().map_or("relayprobe.1".to_owned(), |page| format!("relayprobe-{page}.1"));
                let Some((_, page)) = pages(&command).into_iter().find(|(name, _)| *name == wanted) else {
                    return Err(complain(&unknown(page.as_deref().unwrap_or_default(), &command), BAD_INPUT));
                };
                put(&page, "the page")
            }
        }
    }
}

/// Every page with the name of its file.
fn pages(command: &Command) -> Vec<(String, Vec<u8>)> {
    let subs = command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned();
    let of = |command: Command| {
        let man = Man::new(command).manual("relayprobe");
        let mut page = Vec::new();
        man.render(&mut page).expect("a page in memory can be written");
        (man.get_filename(), page)
    };
    std::iter::once(command.clone()).chain(subs).map(of).collect()
}

fn unknown(page: &str, command: &Command) -> String {
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let hint = match nearest(page, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the commands are {}", names.join(", ")),
    };
    format!("no command is named `{page}`; {hint}")
}
