//! What `compare` does.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::Args;
use crate::cli::tell::{BAD_INPUT, ERROR, FAILED, WELL, complain, tell};
use crate::report::record::Document;
use crate::report::{Comparison, Side, compare, comparison_as_json, comparison_as_text};
use crate::yaml::{self, Sources};

pub(in crate::cli) fn main(args: Args) -> ExitCode {
    ExitCode::from(run(&args).unwrap_or_else(|status| status))
}

fn run(args: &Args) -> Result<u8, u8> {
    let mut sources = Sources::default();
    let terms = args.terms.read(&mut sources).map_err(|faults| {
        tell(&faults, &sources, args.color.wanted(&io::stderr()));
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
    let bytes = match args.json {
        true => comparison_as_json(&comparison),
        false => {
            let palette = args.color.palette(&io::stdout());
            let text = comparison_as_text(&comparison, args.detail(), palette);
            palette.symbols(text).into_bytes()
        }
    };
    shown(&bytes)?;
    Ok(status(&comparison))
}

/// Writes a comparison to standard output.
///
/// # Errors
///
/// The exit status, the reason having been told.
pub(in crate::cli) fn shown(bytes: &[u8]) -> Result<(), u8> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // Who closes the pipe has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(complain(&format!("cannot write the comparison: {error}"), ERROR))
        }
        _ => Ok(()),
    }
}

fn status(comparison: &Comparison) -> u8 {
    if comparison.has_changes() { FAILED } else { WELL }
}
