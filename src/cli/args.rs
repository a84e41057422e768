//! Argument values that several commands share.

use std::io::IsTerminal;
use std::time::Duration;

use chrono::NaiveDate;
use clap::ValueEnum;

use crate::yaml;

/// When to use colours.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to colour what goes to this stream.
    pub(super) fn wanted(self, stream: &impl IsTerminal) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            // https://no-color.org: set and not empty.
            Self::Auto => {
                stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
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
