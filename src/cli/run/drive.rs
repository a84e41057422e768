//! From cases to sessions: what `run` and `forecast` have in common.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::signals::Signals;
use crate::exchange::{Attribution, author_addresses, header_fields};
use crate::plan::Plan;
use crate::runner::{self, Job, Limits, Ready, Settings};
use crate::scenario::{At, Case, Planned, Resolver};
use crate::session::{self, Arrived};
use crate::simulator::{Delivered, Lab};
use crate::smtp::Stage;
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
    for case in cases.iter().filter(|case| case.skip.is_none()) {
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

/// Plays jobs to their end or until a signal comes, whose exit status is given back.
/// Sessions with the simulator of this process come with its account.
pub(in crate::cli) fn drive(
    jobs: &[Job],
    limits: &[Limits],
    settings: &Settings,
    lab: Option<&Lab>,
    prepare: impl Fn(&Arc<Case>) -> Result<Ready, String>,
    take: impl FnMut(CaseResult),
) -> io::Result<Option<u8>> {
    let interrupted = Cell::new(None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let play = async |plan: &Plan| {
            let mut seen = session::play(plan, &mut session::unwatched).await;
            let greeting = seen.answers.first().filter(|answer| answer.stage == Stage::Greeting);
            if let (Some(lab), Some(greeting)) = (lab, greeting) {
                let greeting = greeting.reply.text();
                seen.account = lab.account(&greeting);
                // Asked at once, while the messages are among the newest.
                seen.arrived = Some(lab.arrived(&greeting).iter().map(|message| arrived(message)).collect());
            }
            seen
        };
        runner::run(jobs, limits, settings, prepare, play, take, async || signals.next(&interrupted).await)
            .await;
        io::Result::Ok(())
    })?;
    Ok(interrupted.get())
}

/// A message of the simulator as verdicts take it.
fn arrived(message: &Delivered) -> Arrived {
    let attribution = message.attribution.as_ref();
    Arrived {
        tenant: attribution.map(|attribution| attribution.tenant.clone()),
        connector: attribution.and_then(|attribution| attribution.connector.clone()),
        direction: attribution.map(Attribution::direction),
        tls: message.tls.clone(),
        mail_from: message.mail_from.clone(),
        rcpt_to: message.rcpt_to.clone(),
        authors: author_addresses(&message.head),
        fields: header_fields(&message.head),
    }
}
