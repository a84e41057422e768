//! `relayprobe report`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use super::tell::{BAD_INPUT, ERROR, FAILED, WELL, complain};
use crate::report::record::Document;
use crate::report::{Destination, Format, PluginStatus, Summary, merge, render};

/// Render JSON reports again, in any format; several are merged.
///
/// Of a case that is in several reports, what was played latest counts; what was
/// played before is told as earlier attempts and counted as reruns. So the shards of
/// a run become one report, and `run --failed` mends the report that it was given.
///
/// Exit status: 0 the report was written, 2 a file is no report, 3 the report could
/// not be written; with --exit-status as `run` would have ended; with `nagios` that of
/// a monitoring plugin.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Reports as `run --report json=FILE` or `ndjson=FILE` wrote them.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The format: terminal, json, ndjson, junit, tap, csv, markdown, html, prometheus,
    /// nagios or github.
    #[arg(short, long, value_name = "FORMAT", default_value = "terminal", value_parser = Format::named)]
    format: Format,

    /// Write to a file instead of standard output; whole or not at all.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// End with 1 where a case failed, with 3 where one ended in error or the run was
    /// interrupted.
    #[arg(long)]
    exit_status: bool,
}

pub(super) fn main(args: Args) -> ExitCode {
    let status = run(&args).unwrap_or_else(|(why, status)| {
        if args.is_plugin() {
            // Monitoring shows what stands on standard output.
            let unknown = PluginStatus::Unknown;
            let _ = writeln!(io::stdout(), "RELAYPROBE {} - {why}", unknown.as_str());
            return unknown.code();
        }
        complain(&why, status)
    });
    ExitCode::from(status)
}

impl Args {
    fn is_plugin(&self) -> bool {
        self.format == Format::Nagios && self.output.is_none()
    }
}

/// The exit status, or why there is no report and the status for that.
fn run(args: &Args) -> Result<u8, (String, u8)> {
    let documents = args.files.iter().map(|path| Document::read(path)).collect::<Result<Vec<_>, _>>();
    let documents = documents.map_err(|error| (error.to_string(), BAD_INPUT))?;
    let (run, records) = merge(documents).map_err(|(one, two)| {
        let (one, two) = (args.files[one].display(), args.files[two].display());
        (format!("{one} and {two} are reports of the same run: give one of them"), BAD_INPUT)
    })?;
    let destination = args.output.clone().map_or(Destination::Stdout, Destination::File);
    let summary = match render(args.format, &destination, &run, &records) {
        Ok(summary) => summary,
        // Who closes the pipe has seen enough.
        Err(error) if error.source.kind() == io::ErrorKind::BrokenPipe => return Ok(WELL),
        Err(error) => return Err((error.to_string(), ERROR)),
    };
    Ok(match (args.is_plugin(), args.exit_status) {
        (true, _) => PluginStatus::of(&summary, run.interrupted).code(),
        (false, true) => status(&summary, run.interrupted),
        (false, false) => WELL,
    })
}

/// As the run would have ended; what was interrupted is not known to be well.
fn status(summary: &Summary, interrupted: bool) -> u8 {
    match (summary.error > 0 || interrupted, summary.failed > 0) {
        (true, _) => ERROR,
        (false, true) => FAILED,
        (false, false) => WELL,
    }
}
