//! What `probe` does.

use std::cell::Cell;
use std::io::{self, Write};
use std::pin::pin;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::args::Args;
use super::{import, save, session, show};
use crate::cli::tell::{BAD_INPUT, ERROR, FAILED, WELL};
use crate::plan::Plan;
use crate::report::Palette;
use crate::scenario::Expectations;
use crate::session::{Line, Observation, play, route};
use crate::verdict::{Outcome, judge};

/// The exit status after each signal.
const SIGINT: u8 = 130;
const SIGTERM: u8 = 143;

/// Plays the session that the flags, or the line from elsewhere, describe.
pub(in crate::cli) fn main(args: Args) -> ExitCode {
    if import::wanted(&args) {
        return import::main(&args);
    }
    match prepared(&args) {
        Ok(plan) => played(&plan, &session::expectations(&args), &args),
        Err(why) => {
            eprintln!("error: {why}\n\nnothing was sent");
            ExitCode::from(BAD_INPUT)
        }
    }
}

/// Plays a session, shows it, and gives the exit status.
pub(super) fn played(plan: &Plan, expect: &Expectations, args: &Args) -> ExitCode {
    let palette = args.color.palette(&io::stdout());
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::from(ERROR);
        }
    };
    let played = runtime.block_on(watched(plan, palette));
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    let seen = match played {
        Ok(seen) => seen,
        Err(status) => {
            eprintln!("interrupted");
            return ExitCode::from(status);
        }
    };
    let verdict = judge(plan, expect, 0, &seen);
    // Who no longer listens is told nothing more; the exit status still counts.
    let mut text = Vec::new();
    let _ = show::result(&mut text, plan, &seen, &verdict, palette);
    let text = palette.symbols(String::from_utf8_lossy(&text).into_owned());
    let _ = io::stdout().lock().write_all(text.as_bytes());
    ExitCode::from(match verdict.outcome {
        Outcome::Passed => WELL,
        Outcome::Failed | Outcome::Skipped => FAILED,
        Outcome::Error => ERROR,
    })
}

/// The plan, once all that could be wrong has been looked at, and the scenario
/// file is written.
fn prepared(args: &Args) -> Result<Plan, String> {
    let mut warnings = Vec::new();
    let plan = session::plan(args, &mut warnings)?;
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
    if let Some(path) = &args.save {
        if session::is_taken(path) {
            return Err(format!("--save {}: a file of that name is there already", path.display()));
        }
        let text = save::scenario(args, path)?;
        std::fs::write(path, text).map_err(|error| format!("--save {}: {error}", path.display()))?;
    }
    Ok(plan)
}

/// Plays the plan and prints each line as it is spoken; the exit status where a
/// signal came first. The session is then left, and after a second signal the connection
/// closed in whatever state.
async fn watched(plan: &Plan, palette: Palette) -> Result<Observation, u8> {
    let mut print = |line: Line<'_>| {
        let _ = show::line(&mut io::stdout().lock(), line, palette);
        let _ = io::stdout().flush();
    };
    let first = Cell::new(None);
    let mut leave = pin!(async { first.set(Some(signals(1).await)) });
    let session = async {
        match route(plan, leave.as_mut()).await {
            Ok(plans) => play(plans.first().unwrap_or(plan), &mut print, leave).await,
            Err(unreached) => *unreached,
        }
    };
    let seen = tokio::select! {
        biased;
        seen = session => seen,
        status = signals(2) => return Err(status),
    };
    match first.get() {
        Some(status) if seen.left => Err(status),
        _ => Ok(seen),
    }
}

/// Waits for so many signals to end, and gives the exit status of the last.
async fn signals(times: usize) -> u8 {
    let listen = || Ok::<_, io::Error>((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?));
    let Ok((mut interrupt, mut terminate)) = listen() else { return std::future::pending().await };
    let mut status = SIGINT;
    for _ in 0..times {
        status = tokio::select! {
            _ = interrupt.recv() => SIGINT,
            _ = terminate.recv() => SIGTERM,
        };
    }
    status
}
