//! `--versus`: the same cases against two servers, and what differs.

use std::io;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::args::{Args, Pointed};
use super::comparing::{kept, show};
use super::servers::{Server, Servers};
use super::table::Table;
use crate::cli::compare;
use crate::cli::tell::{BAD_INPUT, ERROR, FAILED, WELL, complain, stopped, tell};
use crate::report::{self, Detail, Reports, Run, Side};
use crate::runner::Stop;
use crate::scenario::{Case, Loaded, written_place};

/// Plays both sides, one after the other, and compares.
///
/// # Errors
///
/// The exit status of what ended it early, the reason having been told.
pub(super) fn versus(
    args: &Args,
    mut loaded: Loaded,
    cases: Vec<Arc<Case>>,
    started: Instant,
) -> Result<u8, u8> {
    let terms = args.comparing.terms(args)?;
    let mut newer = args.clone();
    newer.targets.extend(args.comparing.versus.iter().cloned());
    let sides = [args, &newer];
    let servers = |args: &Args, cases: &[Arc<Case>]| {
        Servers::of(args, &loaded, cases).map_err(|why| {
            // What --target names was right for the first side.
            let ours = args.targets.len() > sides[0].targets.len();
            let why = if ours { why.replacen("--target", "--versus", 1) } else { why };
            complain(&why, BAD_INPUT)
        })
    };
    let [old, new] = [servers(args, &cases)?, servers(&newer, &cases)?];
    let all = cases.len();
    let cases: Vec<Arc<Case>> =
        cases.into_iter().filter(|case| !old.server(case).is_same(new.server(case))).collect();
    if cases.is_empty() {
        let why =
            format!("nothing to play: none of {all} cases has another server on the other side of --versus");
        return Err(complain(&why, BAD_INPUT));
    }
    let [old, new] = [servers(args, &cases)?, servers(&newer, &cases)?];
    args.unattended.wait();
    // Both before anything is sent.
    let tables = [Table::set(args, old, &mut loaded, &cases)?, Table::set(&newer, new, &mut loaded, &cases)?];
    let reports = compare::Reports::open(&args.reports)?;
    let deadline = args.unattended.deadline.map(|most| started + most);
    let (mut played, mut ended) = (Vec::with_capacity(2), None);
    for (args, table) in sides.into_iter().zip(&tables) {
        let (side, stop) = play(args, table, &loaded, &cases, deadline)?;
        played.push(side);
        ended = stop;
        if stop.is_some() {
            break;
        }
    }
    let (Some(after), Some(before)) = (played.pop(), played.pop()) else {
        let status = ended.map_or(ERROR, stopped);
        return Err(complain(
            "interrupted before the second server was played: nothing can be compared",
            status,
        ));
    };
    if before.summary.played() + after.summary.played() == 0 {
        return Err(complain("nothing was played: every case was skipped", BAD_INPUT));
    }
    let unreached = before.summary.error + after.summary.error > 0;
    let mut comparison = report::compare(before, after, terms);
    comparison.left_out = all - cases.len();
    comparison.took = Some(started.elapsed());
    let unwritten = !reports.write(&comparison);
    show(args, &comparison)?;
    let status = match (ended, unreached || unwritten, comparison.has_changes()) {
        (Some(stop), ..) => stopped(stop),
        (None, true, _) => ERROR,
        (None, false, true) => FAILED,
        (None, false, false) => WELL,
    };
    if args.detail() > Detail::Normal || args.detail() == Detail::Normal && status != WELL {
        tell(&loaded.warnings, &loaded.sources, args.color.wanted(&io::stderr()));
    }
    Ok(status)
}

/// One side, and what ended it before its time.
fn play(
    args: &Args,
    table: &Table,
    loaded: &Loaded,
    cases: &[Arc<Case>],
    deadline: Option<Instant>,
) -> Result<(Side, Option<Stop>), u8> {
    let (started, clock) = (SystemTime::now(), Instant::now());
    let opened = Reports::open(&[], kept(args, &loaded.run_id));
    let reports = opened.map_err(|error| complain(&error.to_string(), ERROR))?;
    let mut played = table.play(args, cases, reports, None, deadline)?;
    let cases = played.reports.take_kept();
    let interrupted = played.stopped.is_some();
    let run = Run { id: loaded.run_id.to_string(), started, duration: clock.elapsed(), interrupted };
    let (summary, _) = played.reports.finish(&run);
    Ok((Side { name: named(args, table), run, summary, cases }, played.stopped))
}

/// What a side is known by: the servers that `--versus` is about.
fn named(args: &Args, table: &Table) -> String {
    let mut names: Vec<&str> = Vec::new();
    for Pointed { name, .. } in &args.comparing.versus {
        if !names.contains(&&**name) {
            names.push(name);
        }
    }
    let servers = names.into_iter().filter_map(|name| Some((name, table.servers.named(name)?)));
    let words = servers.map(|(name, server)| match server.simulated {
        Some(_) => format!("{name} at the simulator"),
        None => format!("{name} at {}", place(server)),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// `relay.example:25`.
fn place(server: &Server) -> String {
    let at = server.at();
    written_place(&at.host, at.port)
}
