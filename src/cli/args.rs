//! Argument values that several commands share.

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::time::Duration;

use chrono::NaiveDate;
use clap::ValueEnum;

use super::manners::Manners;
use crate::report::{Destination, Detail, Format, Palette};
use crate::yaml;

/// When to use colours.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR, CLICOLOR or TERM says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to colour what goes to this stream.
    pub(super) fn wanted(self, stream: &(impl IsTerminal + AsFd)) -> bool {
        Manners::of(self, stream).colours
    }

    /// How results are shown on this stream.
    pub(super) fn palette(self, stream: &(impl IsTerminal + AsFd)) -> Palette {
        Manners::of(self, stream).palette()
    }
}

/// How much is shown of what changes: the flags of `compare` and `forecast`.
#[derive(Debug, clap::Args)]
pub(super) struct Telling {
    /// Show every change with every case, and what stays the same as well where it is known.
    #[arg(short, long, conflicts_with = "json")]
    verbose: bool,

    /// Print nothing when nothing changes.
    #[arg(short, long, conflicts_with_all = ["verbose", "json"])]
    quiet: bool,

    /// When to use colours.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
}

impl Telling {
    pub(super) const fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (false, true) => Detail::Verbose,
            (false, false) => Detail::Normal,
        }
    }
}

/// Reads `NAME=VALUE`; the value may be empty.
pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// A time-out; none at all leaves no server the time to answer.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    match yaml::duration(text)? {
        Duration::ZERO => Err("no server answers in no time".to_owned()),
        timeout => Ok(timeout),
    }
}

/// A day as the project file has it.
pub(super) fn date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "wants a day, such as 2026-11-01".to_owned())
}

/// Reads `FORMAT[=FILE]`: a report, and where it goes.
pub(super) fn report(text: &str) -> Result<(Format, Destination), String> {
    let (format, file) = text.split_once('=').map_or((text, None), |(format, file)| (format, Some(file)));
    let format = Format::named(format)?;
    match file {
        None | Some("-") => Ok((format, Destination::Stdout)),
        Some("") => Err("the file has no name".to_owned()),
        Some(file) => Ok((format, Destination::File(file.into()))),
    }
}
