//! Which cases a run is about.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::args::Args;
use super::balance::{Took, balanced};
use crate::report::record::Document;
use crate::runner::was_interrupted;
use crate::scenario::{Case, Loaded, Selection};
use crate::verdict::Outcome;

/// What a selection comes to.
pub(super) enum Selected {
    /// Some cases.
    Cases(Vec<Arc<Case>>),
    /// None, and rightly so, for this reason.
    NothingToDo(String),
}

/// Selects the cases that the flags mean.
///
/// # Errors
///
/// A report that cannot be read; a selection that means nothing, which is a typo
/// more often than not.
pub(super) fn select(args: &Args, loaded: &Loaded) -> Result<Selected, String> {
    let failed = match &args.failed {
        Some(path) => Some(failed(path)?),
        None => None,
    };
    if let (Some(ids), Some(path)) = (&failed, &args.failed)
        && ids.is_empty()
    {
        return Ok(Selected::NothingToDo(format!("nothing to play: no case failed in {}", path.display())));
    }
    let all = loaded.cases.len();
    let selection = args.selection(failed);
    let whole = args.whole(&selection);
    let of = |selection: &Selection| -> Vec<Arc<Case>> {
        let meant = selection.predicate();
        loaded.cases.iter().filter(|case| meant(case)).cloned().collect()
    };
    let cases = match (args.part(), &args.shard_by) {
        (Some(shard), Some(path)) => {
            let report = Document::read(path).map_err(|error| format!("--shard-by: {error}"))?;
            balanced(of(&whole), &Took::of(&report), shard)
        }
        _ => of(&selection),
    };
    if !cases.is_empty() {
        return Ok(Selected::Cases(cases));
    }
    if args.part().is_some() && loaded.cases.iter().any(|case| whole.predicate()(case)) {
        return Ok(Selected::NothingToDo("nothing to play: this shard is empty".to_owned()));
    }
    Err(match all {
        0 => "nothing to play: the files hold no case".to_owned(),
        _ => format!(
            "nothing to play: of {all} cases none is meant by {}; `relayprobe check --list` shows them",
            args.conditions()
        ),
    })
}

/// The ids of the cases that failed, were in error, or were cut off by an interruption
/// in a JSON or NDJSON report.
fn failed(path: &Path) -> Result<HashSet<String>, String> {
    let report = Document::read(path).map_err(|error| format!("--failed: {error}"))?;
    let interrupted = report.run.interrupted;
    let again = report.records.into_iter().filter(|case| match case.outcome {
        Outcome::Failed | Outcome::Error => true,
        Outcome::Passed => false,
        Outcome::Skipped => interrupted && case.skipped_because.as_deref().is_some_and(was_interrupted),
    });
    Ok(again.map(|case| case.id.into_owned()).collect())
}
