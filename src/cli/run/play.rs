//! What `run` does.

use std::cell::RefCell;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::args::Args;
use super::descriptors::room_for;
use super::drive::{Beside, check, drive, plan};
use super::memory::Memory;
use super::progress::Progress;
use super::select::{Selected, select};
use super::servers::Servers;
use crate::cli::manners::Manners;
use crate::cli::tell::{BAD_INPUT, ERROR, FAILED, WELL, complain, stopped, tell};
use crate::exchange::Tenants;
use crate::report::{Again, Destination, Detail, PluginStatus, Reports, Run, Summary, Terminal};
use crate::runner::{Job, Ready, Settings, Stop};
use crate::scenario::{At, Case, Loaded, Resolver, load};
use crate::simulator::Lab;
use crate::verdict::{CaseResult, within_reach};
use crate::yaml::Diagnostic;

pub(in crate::cli) fn main(args: Args) -> ExitCode {
    let status = run(&args).unwrap_or_else(|status| match args.is_plugin() {
        true => {
            // Monitoring shows what stands on standard output.
            let unknown = PluginStatus::Unknown;
            let _ =
                writeln!(io::stdout(), "RELAYPROBE {} - nothing was played: see stderr", unknown.as_str());
            unknown.code()
        }
        false => status,
    });
    ExitCode::from(status)
}

/// Loads, selects, checks, plays, reports. What ends it early has been told, and
/// is the exit status.
fn run(args: &Args) -> Result<u8, u8> {
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
    let mut servers = Servers::of(args, &loaded, &cases).map_err(|why| complain(&why, BAD_INPUT))?;
    let notify = args.unattended.notify_on().map_err(|why| complain(why, BAD_INPUT))?;
    let mut memory = match &args.unattended.state {
        Some(folder) => Some(Memory::open(folder)?),
        None => None,
    };
    args.unattended.wait();
    // What was waited for is not part of the run.
    let started =
        if args.unattended.jitter.is_some() { (SystemTime::now(), Instant::now()) } else { loading };
    let (tenants, client_ca) = lab_files(&servers, &mut loaded).map_err(|diagnostics| {
        tell(&diagnostics, &loaded.sources, colours);
        BAD_INPUT
    })?;
    let lab = match tenants.clone().filter(|_| servers.need_lab()) {
        Some(tenants) => Some(servers.start_lab(args, tenants, client_ca)?),
        None => None,
    };
    let resolver = Resolver::new(&loaded, tenants, true);
    check(&cases, &resolver, |case| servers.server(case).at(), args.strict).map_err(|diagnostics| {
        tell(&diagnostics, &loaded.sources, colours);
        BAD_INPUT
    })?;
    loaded.warnings.extend(resolver.take_warnings());
    let mut terminal = terminal(args);
    if let Some(memory) = &mut memory {
        terminal = terminal.remembering(memory.changes(started.0), notify);
    }
    let reports = open(args, terminal)?;
    let table = Table { servers: &servers, lab: lab.as_ref(), resolver: &resolver };
    let deadline = args.unattended.deadline.map(|most| started.1 + most);
    let played = play(args, &table, cases, reports, memory.as_mut(), deadline)
        .map_err(|error| complain(&format!("the run cannot start: {error}"), ERROR))?;
    drop(lab);
    let run = ended(&loaded, started, played.stopped.is_some());
    let (summary, unwritten) = finish(played.reports, &run);
    let status = status(&summary, played.stopped, unwritten);
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

fn open(args: &Args, terminal: Terminal) -> Result<Reports, u8> {
    for (n, (format, destination)) in args.reports.iter().enumerate() {
        if let Some((other, _)) = args.reports[..n].iter().find(|(_, other)| other == destination) {
            let (one, two) = (other.as_str(), format.as_str());
            let why = format!("--report {one} and --report {two} both go to {destination}; give each a file");
            return Err(complain(&why, BAD_INPUT));
        }
    }
    Reports::open(&args.reports, terminal).map_err(|error| complain(&error.to_string(), ERROR))
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
    let to_stdout = args.reports.iter().any(|(_, destination)| *destination == Destination::Stdout);
    if args.detail() > Detail::Quiet && !to_stdout {
        // Who does not read it does not miss it.
        let _ = writeln!(io::stdout(), "{why}");
    }
    let (summary, unwritten) = finish(open(args, terminal(args))?, &ended(loaded, started, false));
    let status = if unwritten { ERROR } else { WELL };
    Ok(as_plugin(args, &summary, false, unwritten).unwrap_or(status))
}

/// What the simulator needs, where it is played against. One that others have
/// started has its own CA.
type LabFiles = (Option<Arc<Tenants>>, Option<Vec<u8>>);

fn lab_files(servers: &Servers, loaded: &mut Loaded) -> Result<LabFiles, Vec<Diagnostic>> {
    let tenants = if servers.need_tenants() { loaded.tenants()? } else { None };
    if !servers.need_lab() {
        return Ok((tenants, None));
    }
    let client_ca = loaded.client_ca().map_err(|fault| {
        vec![fault.note("`relayprobe certs` mints the lab's certificates; `make certs` does it here")]
    })?;
    Ok((tenants, client_ca))
}

/// Contract §2: 130 and 143 before 2, before 3, before 1.
fn status(summary: &Summary, stop: Option<Stop>, unwritten: bool) -> u8 {
    if let Some(stop) = stop {
        return stopped(stop);
    }
    if summary.played() == 0 {
        return complain("nothing was played: every case was skipped", BAD_INPUT);
    }
    match (summary.error > 0 || unwritten, summary.failed > 0) {
        (true, _) => ERROR,
        (false, true) => FAILED,
        (false, false) => WELL,
    }
}

/// What playing came to.
struct Played {
    reports: Reports,
    /// Why it ended before its time.
    stopped: Option<Stop>,
}

/// What is played against, and how plans are made.
struct Table<'a> {
    servers: &'a Servers,
    lab: Option<&'a Lab>,
    resolver: &'a Resolver,
}

fn play(
    args: &Args,
    table: &Table<'_>,
    cases: Vec<Arc<Case>>,
    reports: Reports,
    mut memory: Option<&mut Memory>,
    deadline: Option<Instant>,
) -> io::Result<Played> {
    let Table { servers, lab, resolver } = *table;
    let job = |case: Arc<Case>| {
        let (lane, simulated) = (servers.index(&case), servers.server(&case).simulated);
        Job { case, lane, simulated }
    };
    let jobs: Vec<Job> = cases.into_iter().map(job).collect();
    // The simulator's end of each connection is in this process as well.
    let jobs_at_once = room_for(args.jobs as usize, if servers.need_lab() { 2 } else { 1 });
    let settings =
        Settings { jobs: jobs_at_once, retries: args.retry, once: false, fail_fast: args.fail_fast };
    let manners = Manners::of(args.color, &io::stderr());
    let progress = Progress::new(jobs.len(), args.detail() > Detail::Quiet, manners);
    let reports = RefCell::new(reports);
    let take = |result: CaseResult| {
        if let Some(memory) = &mut memory {
            memory.add(&result);
        }
        let mut reports = reports.borrow_mut();
        match reports.will_print(&result) {
            true => progress.aside(|| reports.case(&result)),
            false => reports.case(&result),
        }
        let summary = reports.summary();
        progress.ended(&result.case, summary.failed + summary.error);
    };
    let limits = servers.limits();
    let prepare = |case: &Arc<Case>| {
        progress.begun(case);
        let server = servers.server(case);
        if case.expect.asks_what_arrives() {
            servers.shows_arrivals(case)?;
        }
        ready(args, server.at(), resolver, case)
    };
    let arrivals = |case: &Case| servers.arrivals(lab, case);
    let beside = Beside { deadline, answer: &|| progress.answer() };
    let stopped = drive(&jobs, &limits, &settings, arrivals, &beside, prepare, take)?;
    progress.finish();
    Ok(Played { reports: reports.into_inner(), stopped })
}

/// Makes a case ready when its turn comes, or says why it is skipped.
fn ready(args: &Args, at: &At, resolver: &Resolver, case: &Case) -> Result<Ready, String> {
    let plan = plan(case, at, resolver, args.timeout)?;
    let (full, played) = (case.stages(), plan.stages());
    let cut = match played.last() {
        Some(last) if full.last() != Some(last) => {
            Some((*last, within_reach(&full, *last, &case.expect)?.into_owned()))
        }
        _ => None,
    };
    Ok(Ready::new(plan, cut))
}
