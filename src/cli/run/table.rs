//! What is played against, and the playing.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::args::Args;
use super::descriptors::room_for;
use super::drive::{Beside, check, drive, plan};
use super::memory::Memory;
use super::progress::Progress;
use super::servers::Servers;
use crate::cli::manners::Manners;
use crate::cli::tell::{BAD_INPUT, ERROR, complain, tell};
use crate::exchange::Tenants;
use crate::report::{Detail, Reports};
use crate::runner::{Job, Ready, Settings, Stop};
use crate::scenario::{At, Case, Loaded, Resolver};
use crate::simulator::Lab;
use crate::verdict::{CaseResult, within_reach};
use crate::yaml::Diagnostic;

/// What is played against, and how plans are made.
pub(super) struct Table {
    pub(super) servers: Servers,
    /// The simulator, where it is played against; it runs as long as the table stands.
    lab: Option<Lab>,
    resolver: Resolver,
}

/// What playing came to.
pub(super) struct Played {
    pub(super) reports: Reports,
    /// Why it ended before its time.
    pub(super) stopped: Option<Stop>,
}

impl Table {
    /// Starts what the servers need and makes every plan once, so that what is missing
    /// shows before anything is sent.
    ///
    /// # Errors
    ///
    /// The exit status, the reason having been told.
    pub(super) fn set(
        args: &Args,
        mut servers: Servers,
        loaded: &mut Loaded,
        cases: &[Arc<Case>],
    ) -> Result<Self, u8> {
        let colours = args.color.wanted(&io::stderr());
        let (tenants, client_ca) = lab_files(&servers, loaded).map_err(|diagnostics| {
            tell(&diagnostics, &loaded.sources, colours);
            BAD_INPUT
        })?;
        let lab = match tenants.clone().filter(|_| servers.need_lab()) {
            Some(tenants) => Some(servers.start_lab(args, tenants, client_ca)?),
            None => None,
        };
        let resolver = Resolver::new(loaded, tenants, true);
        check(cases, &resolver, |case| servers.server(case).at(), args.strict).map_err(|diagnostics| {
            tell(&diagnostics, &loaded.sources, colours);
            BAD_INPUT
        })?;
        loaded.warnings.extend(resolver.take_warnings());
        Ok(Self { servers, lab, resolver })
    }

    /// Plays cases to their end, or until something ends them before.
    ///
    /// # Errors
    ///
    /// The exit status, the reason having been told.
    pub(super) fn play(
        &self,
        args: &Args,
        cases: &[Arc<Case>],
        reports: Reports,
        mut memory: Option<&mut Memory>,
        deadline: Option<Instant>,
    ) -> Result<Played, u8> {
        let Self { servers, lab, resolver } = self;
        let job = |case: &Arc<Case>| {
            let (lane, simulated) = (servers.index(case), servers.server(case).simulated);
            Job { case: Arc::clone(case), lane, simulated }
        };
        let jobs: Vec<Job> = cases.iter().map(job).collect();
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
        let arrivals = |case: &Case| servers.arrivals(lab.as_ref(), case);
        let beside = Beside { deadline, answer: &|| progress.answer() };
        let stopped = drive(&jobs, &limits, &settings, arrivals, &beside, prepare, take)
            .map_err(|error| complain(&format!("the run cannot start: {error}"), ERROR))?;
        progress.finish();
        Ok(Played { reports: reports.into_inner(), stopped })
    }
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
