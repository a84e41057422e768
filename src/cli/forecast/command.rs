//! What `forecast` does.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use chrono::NaiveDate;

use super::Args;
use crate::cli::lab::start_lab;
use crate::cli::manners::Manners;
use crate::cli::run::{Arrivals, Beside, Progress, check, drive, limits, listen, plan, room_for};
use crate::cli::tell::{BAD_INPUT, ERROR, FAILED, WELL, complain, put, stopped, tell};
use crate::exchange::{TIMELINE, Tenants};
use crate::report::{
    Compared, Detail, Forecast, World, forecast_as_json, forecast_as_text, timeline_as_text,
};
use crate::runner::{Job, Limits, Ready, Settings};
use crate::scenario::{Case, Expectations, Loaded, Place, Resolver, load};
use crate::simulator::Listen;
use crate::verdict::{Answers, CaseResult};
use crate::yaml::Diagnostic;

pub(in crate::cli) fn main(args: Args) -> ExitCode {
    let palette = args.telling.color.palette(&io::stdout());
    if args.timeline {
        let timeline = palette.symbols(timeline_as_text(TIMELINE, palette));
        return ExitCode::from(put(timeline.as_bytes(), "the timeline").err().unwrap_or(WELL));
    }
    let forecast = match forecast(&args) {
        Ok(forecast) => forecast,
        Err(status) => return ExitCode::from(status),
    };
    let written = match args.json {
        true => forecast_as_json(&forecast),
        false => palette.symbols(forecast_as_text(&forecast, args.telling.detail(), palette)).into_bytes(),
    };
    if let Err(status) = put(&written, "the forecast") {
        return ExitCode::from(status);
    }
    ExitCode::from(match (forecast.unreached(), forecast.changes()) {
        (0, 0) => WELL,
        (0, _) => FAILED,
        _ => ERROR,
    })
}

/// One of the two sides, before it is played.
struct Side {
    day: Option<NaiveDate>,
    world: World,
    tenants: Arc<Tenants>,
}

/// Loads, selects, plays twice and compares. What ends it early has been told, and is
/// the exit status.
fn forecast(args: &Args) -> Result<Forecast, u8> {
    let started = Instant::now();
    let colours = args.telling.color.wanted(&io::stderr());
    if args.from == args.to && args.before == args.after {
        let why = "both sides are the same; give --from and --to two days, or --before and --after two files";
        return Err(complain(why, BAD_INPUT));
    }
    let mut loaded = load(&args.cases.request()).map_err(|rejected| {
        tell(&rejected.diagnostics, &rejected.sources, colours);
        BAD_INPUT
    })?;
    let (cases, real) = select(args, &loaded).map_err(|why| complain(&why, BAD_INPUT))?;
    let (before, after, client_ca) = sides(args, &mut loaded, &cases).map_err(|faults| {
        tell(&faults, &loaded.sources, colours);
        BAD_INPUT
    })?;
    let progress = Progress::new(
        cases.len() * 2,
        args.telling.detail() > Detail::Quiet,
        Manners::of(args.telling.color, &io::stderr()),
    );
    let play = |side: &Side| {
        let resolver = Resolver::new(&loaded, Some(Arc::clone(&side.tenants)), true);
        play(args, side, &resolver, client_ca.clone(), &cases, &progress).map_err(|ended| match ended {
            Ended::Refused(faults) => {
                tell(&faults, &loaded.sources, colours);
                BAD_INPUT
            }
            Ended::Told(status) => status,
        })
    };
    let (mut was, mut is) = (play(&before)?, play(&after)?);
    progress.finish();
    let compared = |case: &Arc<Case>| {
        let before = was.remove(&case.id).unwrap_or_default();
        let after = is.remove(&case.id).unwrap_or_default();
        let case = Arc::clone(case);
        Compared { case, source_ip: before.source_ip, before: before.answers, after: after.answers }
    };
    let cases = cases.iter().map(compared).collect();
    let forecast =
        Forecast { before: before.world, after: after.world, cases, real, took: started.elapsed() };
    if forecast.played().next().is_none() {
        return Err(complain(
            "nothing was played: every case was skipped; `-v` says why each was",
            BAD_INPUT,
        ));
    }
    // As `run` does: what is odd about the files matters where something is found.
    if args.telling.detail() > Detail::Normal
        || args.telling.detail() == Detail::Normal && forecast.changes() > 0
    {
        tell(&loaded.warnings, &loaded.sources, colours);
    }
    Ok(forecast)
}

/// Both sides, and the CA for client certificates.
type Sides = (Side, Side, Option<Vec<u8>>);

/// Reads what the sides need.
fn sides(args: &Args, loaded: &mut Loaded, cases: &[Arc<Case>]) -> Result<Sides, Vec<Diagnostic>> {
    let client_ca = loaded.client_ca().map_err(|fault| {
        vec![fault.note("`relayprobe certs` mints the lab's certificates; `make certs` does it here")]
    })?;
    let mut own = None;
    let mut side = |day: Option<NaiveDate>, path: Option<&Path>| {
        let tenants = match (path, &own) {
            (Some(path), _) => tenants(path, loaded)?,
            (None, Some(own)) => Arc::clone(own),
            (None, None) => {
                let read = loaded.tenants()?.expect("a simulator's target comes with tenants");
                own = Some(Arc::clone(&read));
                read
            }
        };
        let world = World { days: days(cases, day), tenants: name(path, loaded) };
        Ok::<Side, Vec<Diagnostic>>(Side { day, world, tenants })
    };
    let before = side(args.from, args.before.as_deref())?;
    let after = side(args.to, args.after.as_deref())?;
    Ok((before, after, client_ca))
}

/// The simulator's cases among those selected, and how many others there are.
fn select(args: &Args, loaded: &Loaded) -> Result<(Vec<Arc<Case>>, usize), String> {
    let selection = args.cases.selection();
    let meant = selection.predicate();
    let all: Vec<_> = loaded.cases.iter().filter(|case| meant(case)).cloned().collect();
    let selected = all.len();
    let cases: Vec<_> = all.into_iter().filter(|case| case.target.is_simulator()).collect();
    match (cases.is_empty(), selected, loaded.cases.len()) {
        (false, ..) => {
            let real = selected - cases.len();
            Ok((cases, real))
        }
        (true, _, 0) => Err("nothing to forecast: the files hold no case".to_owned()),
        (true, 0, all) => Err(format!(
            "nothing to forecast: of {all} cases none is meant by {}; `relayprobe check --list` shows them",
            args.cases.conditions().join(" and ")
        )),
        (true, ..) => Err("nothing to forecast: no case is played against the simulator, and only the \
                           simulator knows another day; see `targets` of the project file"
            .to_owned()),
    }
}

/// The tenants of a file that a flag names.
fn tenants(path: &Path, loaded: &mut Loaded) -> Result<Arc<Tenants>, Vec<Diagnostic>> {
    let (tenants, warnings) = Tenants::load(path, &mut loaded.sources)?;
    loaded.warnings.extend(warnings);
    Ok(Arc::new(tenants))
}

/// How the tenants of a side are called: as the flag or the project file names them.
fn name(path: Option<&Path>, loaded: &Loaded) -> String {
    let own = loaded.project.simulator.as_ref().map(|setup| &*setup.tenants);
    path.or(own).map_or_else(String::new, |path| path.display().to_string())
}

/// The days whose rules a side follows.
fn days(cases: &[Arc<Case>], day: Option<NaiveDate>) -> BTreeSet<NaiveDate> {
    let own = |case: &Arc<Case>| match case.target.place {
        Place::Simulator { as_of, .. } => Some(day.unwrap_or(as_of)),
        Place::Address { .. } | Place::Mx { .. } => None,
    };
    cases.iter().filter_map(own).collect()
}

/// Why a side was not played to its end.
enum Ended {
    /// What is wrong, not told yet.
    Refused(Vec<Diagnostic>),
    /// It was told.
    Told(u8),
}

/// What became of one case on one side.
#[derive(Default)]
struct Played {
    source_ip: Option<std::net::IpAddr>,
    answers: Answers,
}

/// Plays every case once under the rules of one side.
fn play(
    args: &Args,
    side: &Side,
    resolver: &Resolver,
    client_ca: Option<Vec<u8>>,
    cases: &[Arc<Case>],
    progress: &Progress,
) -> Result<HashMap<String, Played>, Ended> {
    let mut doors: Vec<(Listen, Limits)> = Vec::new();
    let mut lanes: Vec<usize> = Vec::with_capacity(cases.len());
    for case in cases {
        let door = listen(&case.target.place, side.day).expect("only cases of the simulator are selected");
        let own = limits(&case.target, usize::MAX);
        let lane = doors.iter().position(|(known, _)| *known == door).unwrap_or(doors.len());
        match doors.get_mut(lane) {
            Some((_, limits)) => *limits = limits.and(own),
            None => doors.push((door, own)),
        }
        lanes.push(lane);
    }
    let (listen, limits): (Vec<_>, Vec<_>) = doors.into_iter().unzip();
    let (lab, at) = start_lab(listen, Arc::clone(&side.tenants), client_ca, None).map_err(Ended::Told)?;
    let lane_of: HashMap<&str, usize> =
        cases.iter().map(|case| &*case.id).zip(lanes.iter().copied()).collect();
    check(cases, resolver, |case| &at[lane_of[&*case.id]], false).map_err(Ended::Refused)?;
    let job =
        |(case, lane): (&Arc<Case>, &usize)| Job { case: Arc::clone(case), lane: *lane, simulated: None };
    let jobs: Vec<Job> = cases.iter().zip(&lanes).map(job).collect();
    // The simulator's end of each connection is in this process as well.
    let settings =
        Settings { jobs: room_for(args.jobs as usize, 2), retries: 0, once: true, fail_fast: false };
    let prepare = |case: &Arc<Case>| {
        progress.begun(case);
        let plan = plan(case, &at[lane_of[&*case.id]], resolver, None)?;
        // Compared, not judged: what the case expects, of one recipient or all, must
        // not decide what was decisive.
        let cut = plan.stages().last().map(|last| (*last, Expectations::default()));
        Ok(Ready::new(plan, cut))
    };
    let mut played = HashMap::with_capacity(cases.len());
    let take = |result: CaseResult| {
        progress.ended(&result.case, 0);
        let (id, source_ip) = (result.case.id.clone(), result.source_ip);
        played.insert(id, Played { source_ip, answers: Answers::of(result) });
    };
    let told = |error: io::Error| Ended::Told(complain(&format!("the run cannot start: {error}"), ERROR));
    let beside = Beside { deadline: None, answer: &|| progress.answer() };
    match drive(&jobs, &limits, &settings, |_| Arrivals::Here(&lab), &beside, prepare, take).map_err(told)? {
        Some(stop) => Err(Ended::Told(complain("interrupted: nothing can be compared", stopped(stop)))),
        None => Ok(played),
    }
}
