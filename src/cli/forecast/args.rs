//! The flags of `forecast`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::ArgGroup;

use crate::cli::args::{Telling, date};
use crate::cli::cases::CaseArgs;

/// Show what a day, or a change of your tenants, changes for your scenarios.
///
/// Plays every case of the simulator twice, under two dates, two tenants files or
/// both, and compares the answers; expectations are not judged. What a flag does not
/// say is as the project file has it. A date replaces the `as_of` of every target.
///
/// Exit status: 0 nothing changes, 1 something does, 2 bad input, 3 the simulator was
/// not reached, 130 and 143 interrupted.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("sides").args(["from", "to", "before", "after", "timeline"]).multiple(true).required(true)))]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    pub(super) cases: CaseArgs,

    /// The rules of this day first.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(super) from: Option<NaiveDate>,

    /// And then of this day.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(super) to: Option<NaiveDate>,

    /// These tenants first: a file, or a folder of exports.
    #[arg(long, value_name = "TENANTS")]
    pub(super) before: Option<PathBuf>,

    /// And then these.
    #[arg(long, value_name = "TENANTS")]
    pub(super) after: Option<PathBuf>,

    /// Print every change of the rules that is known, with its date and source, and do
    /// nothing else.
    #[arg(long, exclusive = true)]
    pub(super) timeline: bool,

    /// How many sessions at once.
    #[arg(short, long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) jobs: u32,

    /// Print JSON, for programs.
    #[arg(long)]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) telling: Telling,
}
