//! What `compare` does.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use super::{Args, Reports};
use crate::cli::tell::{BAD_INPUT, ERROR, FAILED, WELL, complain, put, tell};
use crate::report::record::Document;
use crate::report::{Destination, Side, compare, comparison_as_text};
use crate::yaml::{self, Sources};

pub(in crate::cli) fn main(args: Args) -> ExitCode {
    ExitCode::from(run(&args).unwrap_or_else(|status| status))
}

fn run(args: &Args) -> Result<u8, u8> {
    let wanted = args.reports();
    let mut sources = Sources::default();
    let terms = args.terms.read(&mut sources).map_err(|faults| {
        tell(&faults, &sources, args.telling.color.wanted(&io::stderr()));
        BAD_INPUT
    })?;
    let side = |path: &Path| {
        let document = Document::read(path).map_err(|error| complain(&error.to_string(), BAD_INPUT))?;
        Ok::<Side, u8>(Side::of(yaml::shown(path), &document))
    };
    let comparison = compare(side(&args.before)?, side(&args.after)?, terms);
    if comparison.cases.is_empty() {
        return Err(complain("nothing to compare: neither report holds a case", BAD_INPUT));
    }
    let reports = Reports::open(&wanted)?;
    let unwritten = !reports.write(&comparison);
    if wanted.iter().all(|(_, destination)| *destination != Destination::Stdout) {
        let palette = args.telling.color.palette(&io::stdout());
        let text = comparison_as_text(&comparison, args.telling.detail(), palette);
        put(palette.symbols(text).as_bytes(), "the comparison")?;
    }
    // Of a run that was cut off nobody knows whether nothing changed.
    Ok(match (unwritten || comparison.is_cut_off(), comparison.has_changes()) {
        (true, _) => ERROR,
        (false, true) => FAILED,
        (false, false) => WELL,
    })
}
