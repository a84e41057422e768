//! From cases to sessions: what `run` and `forecast` have in common.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::arrivals::{Arrivals, behind, here};
use super::signals::Signals;
use crate::plan::Plan;
use crate::runner::{self, Job, Limits, Ready, Settings, Stop, Turn};
use crate::scenario::{At, Case, Planned, Resolver};
use crate::session;
use crate::verdict::CaseResult;
use crate::yaml::Diagnostic;

/// Makes every plan once and throws it away, so that what is missing shows before
/// anything is sent. `strict` refuses what cannot be played from this host as well.
pub(in crate::cli) fn check<'a>(
    cases: &[Arc<Case>],
    resolver: &Resolver,
    at: impl Fn(&Case) -> &'a At,
    strict: bool,
) -> Result<(), Vec<Diagnostic>> {
    let mut all: Vec<Diagnostic> = Vec::new();
    let played = |case: &&Arc<Case>| case.skip.is_none() && beyond(case, at(case)).is_none();
    for case in cases.iter().filter(played) {
        match resolver.plan(case, at(case)) {
            Ok(Planned::Skip(why)) if strict => {
                all.push(Diagnostic::general(format!("{}: {why} (--strict)", case.id)));
            }
            Ok(Planned::Play(_) | Planned::Skip(_)) => {}
            Err(diagnostics) => all.extend(diagnostics),
        }
    }
    if all.is_empty() { Ok(()) } else { Err(all) }
}

/// Why steps are not played: they go further than they may.
fn beyond(case: &Case, at: &At) -> Option<String> {
    case.limit(at.up_to).and_then(|limit| case.beyond(limit))
}

/// The plan of a case whose turn has come, no deadline longer than `most`; or why it
/// is skipped.
pub(in crate::cli) fn plan(
    case: &Case,
    at: &At,
    resolver: &Resolver,
    most: Option<Duration>,
) -> Result<Plan, String> {
    if let Some(why) = &case.skip {
        return Err(why.clone());
    }
    if let Some(why) = beyond(case, at) {
        return Err(why);
    }
    let mut plan = match resolver.plan(case, at) {
        Ok(Planned::Play(plan)) => *plan,
        Ok(Planned::Skip(why)) => return Err(why),
        // The same plan was made before the run began; a file that has gone
        // since is the only way here.
        Err(diagnostics) => {
            let all: Vec<_> = diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect();
            return Err(all.join("; "));
        }
    };
    if let Some(most) = most {
        let timeouts = &mut plan.timeouts;
        for timeout in [&mut timeouts.connect, &mut timeouts.tls, &mut timeouts.reply, &mut timeouts.session]
        {
            *timeout = most.min(*timeout);
        }
    }
    Ok(plan)
}

/// What goes on beside the sessions.
pub(in crate::cli) struct Beside<'a> {
    /// When everything ends, whatever is under way.
    pub(in crate::cli) deadline: Option<std::time::Instant>,
    /// Tells whoever asks by a signal how far it is.
    pub(in crate::cli) answer: &'a dyn Fn(),
}

/// Plays jobs to their end, or until something ends them before, which is given back.
/// Sessions come with what arrived of them, where that can be seen.
pub(in crate::cli) fn drive<'a>(
    jobs: &[Job],
    limits: &[Limits],
    settings: &Settings,
    arrivals: impl Fn(&Case) -> Arrivals<'a>,
    beside: &Beside<'_>,
    prepare: impl Fn(&Arc<Case>) -> Result<Ready, String>,
    take: impl FnMut(CaseResult),
) -> io::Result<Option<Stop>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen(beside.deadline.map(Into::into))?;
        let play = async |job: &Job, ready: &Ready, plan: &Plan, turn: &Turn<'_>| {
            let began = Instant::now();
            let mut seen = session::play(plan, &mut session::unwatched, turn.to_leave()).await;
            if seen.left {
                return seen;
            }
            let expect = ready.expect(&job.case);
            match arrivals(&job.case) {
                Arrivals::Here(lab) => here(lab, &mut seen),
                Arrivals::Behind(way) if expect.asks_what_arrives() => {
                    turn.closed();
                    behind(&way, plan, expect, began, &mut seen).await;
                }
                Arrivals::Behind(_) | Arrivals::Unseen => {}
            }
            seen
        };
        let stop = async || signals.next(beside.answer).await;
        Ok(runner::run(jobs, limits, settings, prepare, play, take, stop).await)
    })
}
