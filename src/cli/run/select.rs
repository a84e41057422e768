//! Which cases a run is about.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::args::Args;
use crate::scenario::{Case, Loaded};
use crate::yaml::{MAX_FILE, read_bytes};

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
    let meant = selection.predicate();
    let cases: Vec<_> = loaded.cases.iter().filter(|case| meant(case)).cloned().collect();
    if !cases.is_empty() {
        return Ok(Selected::Cases(cases));
    }
    let whole = args.whole(&selection);
    if args.is_part() && loaded.cases.iter().any(|case| whole.predicate()(case)) {
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

/// The ids of the cases that failed or were in error in a JSON report.
fn failed(path: &Path) -> Result<HashSet<String>, String> {
    #[derive(Deserialize)]
    struct Report {
        schema: u32,
        cases: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
        outcome: String,
    }
    // A report of very many cases is larger than any scenario file.
    let bytes = read_bytes(path, 64 * MAX_FILE).map_err(|fault| format!("--failed: {}", fault.message))?;
    let report: Report = serde_json::from_slice(&bytes)
        .map_err(|error| format!("--failed: {} is no JSON report of relayprobe: {error}", path.display()))?;
    if report.schema != 1 {
        return Err(format!("--failed: {} has schema {}, not 1", path.display(), report.schema));
    }
    let wrong = report.cases.into_iter().filter(|case| matches!(&*case.outcome, "failed" | "error"));
    Ok(wrong.map(|case| case.id).collect())
}
