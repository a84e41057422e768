//! The flags of `run`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::ArgAction;

use super::comparing::Comparing;
use super::unattended::Unattended;
use crate::cli::args::{Color, report, timeout};
use crate::cli::cases::{CaseArgs, WHICH};
use crate::report::{Destination, Detail, Format};
use crate::scenario::{Selection, Shard, host_port, written_place};
use crate::smtp::Stage;

/// Under which the flags stand in the help.
const WHERE: &str = "Where and how far";
const HOW: &str = "How";
const TOLD: &str = "What is told";

/// Play scenarios.
///
/// Exit status: 0 every case passed, 1 a case failed, 2 bad input (nothing was
/// sent), 3 a server was not reached, a report could not be written or --deadline
/// came, 130 and 143 interrupted. With --baseline or --versus 0 means that nothing changed, and 1 that
/// something did.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    pub(super) cases: CaseArgs,

    /// Only cases that failed, ended in error, or were cut off by an interruption in this
    /// JSON or NDJSON report.
    #[arg(long, value_name = "REPORT.json", help_heading = WHICH)]
    pub(super) failed: Option<PathBuf>,

    /// Only part I of N, counted from 0; every case is in one part, always the
    /// same.
    #[arg(long, value_name = "I/N", help_heading = WHICH)]
    shard: Option<Shard>,

    /// Balance the parts of --shard by how long the cases took in this report; every
    /// part must be given the same.
    #[arg(long, value_name = "REPORT", requires = "shard", help_heading = WHICH)]
    pub(super) shard_by: Option<PathBuf>,

    /// Point a target of the project file somewhere else, or name a server once
    /// for all its cases.
    #[arg(long = "target", value_name = "NAME=HOST:PORT", value_parser = pointed, help_heading = WHERE)]
    pub(super) targets: Vec<Pointed>,

    /// Verify the servers that --target points to against the certificates of this
    /// file, such as the one of `simulate --ca-out`.
    #[arg(long, value_name = "FILE", requires = "targets", help_heading = WHERE)]
    pub(super) ca: Option<PathBuf>,

    /// Play nothing past this stage.
    ///
    /// Cases that expect something later are skipped. See also `up_to` in the
    /// project file, which holds as well.
    #[arg(long, value_name = "STAGE", value_parser = stage, conflicts_with = "deliver", help_heading = WHERE)]
    pub(super) up_to: Option<Stage>,

    /// Allow simulator targets that --target points at a real server to be
    /// played to the end, deliveries included.
    #[arg(long, help_heading = WHERE)]
    pub(super) deliver: bool,

    /// Send the bytes of `raw` steps to servers that are neither the simulator nor
    /// this host.
    #[arg(long)]
    pub(super) allow_malformed: bool,

    /// How many sessions at once. Real servers get 4 at a time unless the project
    /// file says otherwise.
    #[arg(short, long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = HOW)]
    pub(super) jobs: u32,

    /// The most that a session may take, such as `30s`; shortens what the files
    /// say.
    #[arg(long, value_name = "DURATION", value_parser = timeout, help_heading = HOW)]
    pub(super) timeout: Option<Duration>,

    /// Play a case that did not pass up to so many times more, unless it has a
    /// `retry` of its own.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = HOW)]
    pub(super) retry: u32,

    /// Start nothing more after the first case that does not pass.
    #[arg(long, help_heading = HOW)]
    pub(super) fail_fast: bool,

    /// Treat a case that cannot be played from this host as bad input.
    #[arg(long, help_heading = HOW)]
    pub(super) strict: bool,

    /// Write a report: terminal, json, ndjson, html, junit, tap, csv, markdown, prometheus, nagios
    /// or github, to a file or to standard output (then in place of the result).
    /// Repeatable.
    ///
    /// With `nagios` on standard output the exit status is that of a monitoring
    /// plugin: 0 well, 1 flaky, 2 a case did not pass, 3 nothing can be said.
    #[arg(long = "report", value_name = "FORMAT[=FILE]", value_parser = report, help_heading = TOLD)]
    pub(super) reports: Vec<(Format, Destination)>,

    /// Show a line a case, why the simulator answered so, and the transcripts of
    /// those that fail; twice, of all.
    #[arg(short, long, action = ArgAction::Count, help_heading = TOLD)]
    verbose: u8,

    /// Print nothing when all is well.
    #[arg(short, long, conflicts_with = "verbose", help_heading = TOLD)]
    quiet: bool,

    /// When to use colours.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, help_heading = TOLD)]
    pub(super) color: Color,

    #[command(flatten)]
    pub(super) comparing: Comparing,

    #[command(flatten)]
    pub(super) unattended: Unattended,
}

impl Args {
    /// Why two of the flags do not go together, and what to do.
    pub(super) fn at_odds(&self) -> Option<&'static str> {
        let (baseline, versus) = (self.comparing.baseline.is_some(), !self.comparing.versus.is_empty());
        let state = self.unattended.state.is_some();
        let all = [
            (
                versus && baseline,
                "--versus and --baseline: both are what the run is compared with; give one of them",
            ),
            (
                versus && state,
                "--versus and --state: a comparison of two servers has no last run to remember; run it without \
                 --state, and each server with a --state of its own",
            ),
            (
                baseline && state,
                "--baseline and --state: the run is compared with one report, the baseline or that of the last \
                 run; give one of them",
            ),
            (
                (versus || baseline) && self.fail_fast,
                "--fail-fast with a comparison: what it leaves out would count as lost; leave --fail-fast out, \
                 or select fewer cases with --filter or --tag",
            ),
            (
                state && self.failed.is_some(),
                "--state and --failed: what is remembered would be of the failures alone; run --failed without \
                 --state",
            ),
        ];
        all.into_iter().find_map(|(at_odds, why)| at_odds.then_some(why))
    }

    /// Which cases are meant, `ids` being those that failed before.
    pub(super) fn selection(&self, ids: Option<HashSet<String>>) -> Selection {
        Selection { ids, shard: self.shard, ..self.cases.selection() }
    }

    /// The same selection without its part.
    pub(super) fn whole(&self, selection: &Selection) -> Selection {
        Selection { shard: None, ..selection.clone() }
    }

    /// The flags that select, as they are called.
    pub(super) fn conditions(&self) -> String {
        let mut given = self.cases.conditions();
        let more = [(self.failed.is_some(), "--failed"), (self.shard.is_some(), "--shard")];
        given.extend(more.into_iter().filter_map(|(given, flag)| given.then_some(flag)));
        given.join(" and ")
    }

    /// The part that is asked for, which may be empty.
    pub(super) const fn part(&self) -> Option<Shard> {
        self.shard
    }

    pub(super) const fn detail(&self) -> Detail {
        match (self.quiet || self.unattended.is_quiet(), self.verbose) {
            (true, _) => Detail::Quiet,
            (false, 0) => Detail::Normal,
            (false, 1) => Detail::Verbose,
            (false, _) => Detail::Everything,
        }
    }

    /// Whether standard output and exit status are those of a monitoring plugin.
    pub(super) fn is_plugin(&self) -> bool {
        self.reports.contains(&(Format::Nagios, Destination::Stdout))
    }

    /// What is played.
    pub(in crate::cli) fn paths(&self) -> &[PathBuf] {
        &self.cases.paths
    }

    /// The project file that was named.
    pub(in crate::cli) fn project(&self) -> Option<&Path> {
        self.cases.project.as_deref()
    }

    /// What a run writes itself.
    pub(in crate::cli) fn outputs(&self) -> Vec<PathBuf> {
        let files = self.reports.iter().filter_map(|(_, destination)| match destination {
            Destination::File(path) => Some(path.clone()),
            Destination::Stdout => None,
        });
        files.chain(self.unattended.state.clone()).collect()
    }

    /// The flags that say where and as what a case is played, as they were given,
    /// for the command that plays one alone.
    pub(super) fn again(&self) -> Vec<String> {
        let mut flags = Vec::new();
        let mut add = |flag: &str, value: String| flags.extend([flag.to_owned(), value]);
        if let Some(project) = &self.cases.project {
            add("--project", project.display().to_string());
        }
        for (name, value) in &self.cases.set {
            add("--set", format!("{name}={value}"));
        }
        for target in &self.targets {
            add("--target", target.to_string());
        }
        if let Some(ca) = &self.ca {
            add("--ca", ca.display().to_string());
        }
        if let Some(stage) = self.up_to {
            add("--up-to", stage.to_string());
        }
        if self.deliver {
            flags.push("--deliver".to_owned());
        }
        if self.allow_malformed {
            flags.push("--allow-malformed".to_owned());
        }
        flags
    }
}

/// A target pointed somewhere else.
#[derive(Clone, Debug)]
pub(super) struct Pointed {
    pub(super) name: String,
    pub(super) host: Arc<str>,
    pub(super) port: u16,
}

impl std::fmt::Display for Pointed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, host, port } = self;
        write!(f, "{name}={}", written_place(host, *port))
    }
}

pub(super) fn pointed(text: &str) -> Result<Pointed, String> {
    let (name, address) = text.split_once('=').ok_or("it is written NAME=HOST:PORT")?;
    let (host, port) = host_port(address)?;
    if name.is_empty() {
        return Err("it is written NAME=HOST:PORT".to_owned());
    }
    Ok(Pointed { name: name.to_owned(), host: host.into(), port })
}

fn stage(text: &str) -> Result<Stage, String> {
    Stage::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or_else(|| {
        let all: Vec<_> = Stage::ALL.iter().map(|stage| stage.as_str()).collect();
        format!("the stages are {}", all.join(", "))
    })
}
