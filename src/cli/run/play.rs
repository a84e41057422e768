//! What `run` does.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use super::args::Args;
use super::comparing::{Baseline, kept, show};
use super::memory::Memory;
use super::select::{Selected, select};
use super::servers::Servers;
use super::table::Table;
use super::versus::versus;
use crate::cli::tell::{BAD_INPUT, ERROR, FAILED, WELL, complain, stopped, tell};
use crate::report::{
    Again, Comparison, Destination, Detail, Format, PluginStatus, Reports, Run, Summary, Terminal, Told,
};
use crate::runner::Stop;
use crate::scenario::{Loaded, load};

pub(in crate::cli) fn main(args: Args) -> ExitCode {
    ExitCode::from(once(&args))
}

/// Plays it all once and gives the exit status.
pub(in crate::cli) fn once(args: &Args) -> u8 {
    run(args).unwrap_or_else(|status| match args.is_plugin() {
        true => {
            // Monitoring shows what stands on standard output.
            let unknown = PluginStatus::Unknown;
            let _ =
                writeln!(io::stdout(), "RELAYPROBE {} - nothing was played: see stderr", unknown.as_str());
            unknown.code()
        }
        false => status,
    })
}

/// Loads, selects, checks, plays, reports. What ends it early has been told, and
/// is the exit status.
fn run(args: &Args) -> Result<u8, u8> {
    if let Some(why) = args.at_odds() {
        return Err(complain(why, BAD_INPUT));
    }
    let loading = (SystemTime::now(), Instant::now());
    let colours = args.color.wanted(&io::stderr());
    let mut loaded = load(&args.cases.request()).map_err(|rejected| {
        tell(&rejected.diagnostics, &rejected.sources, colours);
        BAD_INPUT
    })?;
    let cases = match select(args, &loaded).map_err(|why| complain(&why, BAD_INPUT))? {
        Selected::Cases(cases) => cases,
        Selected::NothingToDo(why) => return nothing_to_do(args, &loaded, loading, &why),
    };
    if !args.comparing.versus.is_empty() {
        return versus(args, loaded, cases, loading.1);
    }
    let baseline = Baseline::read(args)?;
    let servers = Servers::of(args, &loaded, &cases).map_err(|why| complain(&why, BAD_INPUT))?;
    let notify = args.unattended.notify_on().map_err(|why| complain(why, BAD_INPUT))?;
    let mut memory = match &args.unattended.state {
        Some(folder) => Some(Memory::open(folder)?),
        None => None,
    };
    args.unattended.wait();
    // What was waited for is not part of the run.
    let started =
        if args.unattended.jitter.is_some() { (SystemTime::now(), Instant::now()) } else { loading };
    let table = Table::set(args, servers, &mut loaded, &cases)?;
    let told = match (&mut memory, &baseline) {
        (Some(memory), _) => {
            let terminal = terminal(args).remembering(memory.changes(started.0), notify);
            Told::Terminal(Box::new(terminal))
        }
        (None, Some(_)) => kept(args, &loaded.run_id),
        (None, None) => Told::Terminal(Box::new(terminal(args))),
    };
    let reports = open(args, told)?;
    let deadline = args.unattended.deadline.map(|most| started.1 + most);
    let mut played = table.play(args, &cases, reports, memory.as_mut(), deadline)?;
    drop(table);
    let run = ended(&loaded, started, played.stopped.is_some());
    let cases = played.reports.take_kept();
    let (summary, unwritten) = finish(played.reports, &run);
    let comparison = baseline.map(|baseline| baseline.compare(&run, summary, cases));
    if let Some(comparison) = &comparison {
        show(args, comparison)?;
    }
    let wrong = comparison.as_ref().map_or(summary.failed > 0, Comparison::has_changes);
    let status = status(&summary, wrong, played.stopped, unwritten);
    if let Some(memory) = memory {
        let folder = memory.folder();
        memory.leave(&run).map_err(|error| {
            let why = format!("--state {}: cannot be written: {error}", folder.display());
            complain(&format!("{why}; the next run will tell again what this one has told"), ERROR)
        })?;
    }
    // Beside a result in which all is well a warning is noise: that a certificate
    // has expired may be the point of its case. `check` always shows them.
    if args.detail() > Detail::Normal || args.detail() == Detail::Normal && status != WELL {
        tell(&loaded.warnings, &loaded.sources, colours);
    }
    Ok(as_plugin(args, &summary, played.stopped.is_some(), unwritten).unwrap_or(status))
}

/// The exit status where standard output is a monitoring plugin's.
fn as_plugin(args: &Args, summary: &Summary, interrupted: bool, unwritten: bool) -> Option<u8> {
    let status = if unwritten { PluginStatus::Unknown } else { PluginStatus::of(summary, interrupted) };
    args.is_plugin().then(|| status.code())
}

/// The result as people read it.
fn terminal(args: &Args) -> Terminal {
    Terminal::new(args.detail(), args.color.palette(&io::stdout()), Again { flags: args.again() })
}

fn open(args: &Args, told: Told) -> Result<Reports, u8> {
    for (n, (format, destination)) in args.reports.iter().enumerate() {
        if let Some((other, _)) = args.reports[..n].iter().find(|(_, other)| other == destination) {
            let (one, two) = (other.as_str(), format.as_str());
            let why = format!("--report {one} and --report {two} both go to {destination}; give each a file");
            return Err(complain(&why, BAD_INPUT));
        }
    }
    Reports::open(&args.reports, told).map_err(|error| complain(&error.to_string(), ERROR))
}

/// The run, which ends now.
fn ended(loaded: &Loaded, started: (SystemTime, Instant), interrupted: bool) -> Run {
    let (began, clock) = started;
    Run { id: loaded.run_id.to_string(), started: began, duration: clock.elapsed(), interrupted }
}

/// Ends the reports; says whether one could not be written.
fn finish(reports: Reports, run: &Run) -> (Summary, bool) {
    let (summary, unwritten) = reports.finish(run);
    for error in &unwritten {
        complain(&error.to_string(), ERROR);
    }
    (summary, !unwritten.is_empty())
}

/// An empty shard, or no failure to play again: said so, in empty reports too.
fn nothing_to_do(args: &Args, loaded: &Loaded, started: (SystemTime, Instant), why: &str) -> Result<u8, u8> {
    // As a text it is this very line.
    let to_stdout =
        args.reports.iter().any(|(format, to)| *to == Destination::Stdout && *format != Format::Terminal);
    if args.detail() > Detail::Quiet && !to_stdout {
        // Who does not read it does not miss it.
        let _ = writeln!(io::stdout(), "{why}");
    }
    let (summary, unwritten) =
        finish(open(args, Told::Terminal(Box::new(terminal(args))))?, &ended(loaded, started, false));
    let status = if unwritten { ERROR } else { WELL };
    Ok(as_plugin(args, &summary, false, unwritten).unwrap_or(status))
}

/// Contract §2: 130 and 143 before 2, before 3, before 1; `wrong` is what 1 stands for:
/// a failed case or, of a comparison, a change.
fn status(summary: &Summary, wrong: bool, stop: Option<Stop>, unwritten: bool) -> u8 {
    if let Some(stop) = stop {
        return stopped(stop);
    }
    if summary.played() == 0 {
        return complain("nothing was played: every case was skipped; `-v` says why each was", BAD_INPUT);
    }
    match (summary.error > 0 || unwritten, wrong) {
        (true, _) => ERROR,
        (false, true) => FAILED,
        (false, false) => WELL,
    }
}
