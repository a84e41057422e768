//! The flags of `compare`, and those about comparing that `run` has as well.

use std::path::PathBuf;
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::accept;
use crate::cli::args::{Telling, report};
use crate::report::{Accepted, Destination, Format, Slower, Terms};
use crate::yaml::{Diagnostic, Sources};

/// More than the factor, and more by this many milliseconds: below it lies what two
/// runs in a row differ by.
const FLOOR_MS: f64 = 100.0;

/// Compare two reports: what changed, case by case.
///
/// Reads what `run --report json=FILE` (or ndjson) has written. Verdicts, replies,
/// extensions, TLS, certificates and what arrived are compared by what they mean: time
/// stamps, queue ids, session ids and the like are no change. See `run --baseline` to
/// compare a run with an earlier report at once, and `run --versus` to play the same
/// cases against two servers.
///
/// Exit status: 0 nothing changed that is not accepted, 1 something did, 2 bad input, 3
/// the later run was interrupted, or the result could not be written.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The earlier report.
    #[arg(value_name = "BEFORE.json")]
    pub(super) before: PathBuf,

    /// The later one.
    #[arg(value_name = "AFTER.json")]
    pub(super) after: PathBuf,

    #[command(flatten)]
    pub(super) terms: TermsArgs,

    /// Print JSON, for programs; the same as `--report json`.
    #[arg(long, conflicts_with = "reports")]
    json: bool,

    /// Write the comparison as json or html, to a file or to standard output (then in
    /// place of the result). Repeatable.
    #[arg(long = "report", value_name = "FORMAT[=FILE]", value_parser = report)]
    reports: Vec<(Format, Destination)>,

    #[command(flatten)]
    pub(super) telling: Telling,
}

impl Args {
    /// The reports to be written.
    pub(super) fn reports(&self) -> Vec<(Format, Destination)> {
        match self.json {
            true => vec![(Format::Json, Destination::Stdout)],
            false => self.reports.clone(),
        }
    }
}

/// By which terms runs are compared.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct TermsArgs {
    /// Differences that are accepted, and why.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) accept: Option<PathBuf>,

    /// Count it as a change where a reply takes so many times as long as before, and
    /// 100 ms longer at least.
    #[arg(long, value_name = "N", value_parser = factor)]
    pub(in crate::cli) latency_factor: Option<f64>,
}

impl TermsArgs {
    /// The terms, the file of accepted differences being read.
    ///
    /// # Errors
    ///
    /// What is wrong with that file.
    pub(in crate::cli) fn read(&self, sources: &mut Sources) -> Result<Terms, Vec<Diagnostic>> {
        let rules = match &self.accept {
            Some(path) => accept::read(path, sources)?,
            None => Vec::new(),
        };
        let today = DateTime::<Utc>::from(SystemTime::now()).date_naive();
        Ok(Terms {
            slower: self.latency_factor.map(|factor| Slower { factor, floor_ms: FLOOR_MS }),
            accepted: Accepted { rules, today: Some(today) },
            partial: false,
        })
    }
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| factor.is_finite() && *factor > 1.0);
    factor.ok_or_else(|| "wants a number above 1, such as 3".to_owned())
}
