//! A run against an earlier one: `--baseline`; and the flags of both comparisons.

use std::io;
use std::path::PathBuf;

use super::args::{Args, Pointed, pointed};
use crate::cli::compare::TermsArgs;
use crate::cli::tell::{BAD_INPUT, complain, put, tell};
use crate::report::record::Document;
use crate::report::{
    Again, Comparison, Destination, Detail, Facts, Run, Side, Summary, Terms, Told, compare,
    comparison_as_text,
};
use crate::yaml::{self, Sources};

/// With what a run is compared.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Compared with what")]
pub(super) struct Comparing {
    /// Compare with this earlier report: only what changed is told, and counts.
    ///
    /// A case that failed there and fails now in the same way is no reason for status 1;
    /// one that passes now is a change, as is everything else that `compare` finds.
    #[arg(long, value_name = "REPORT.json")]
    pub(super) baseline: Option<PathBuf>,

    /// Play every case of this target twice, where the project file or --target says and
    /// then here, and compare: the cut-over in one command. Repeatable.
    ///
    /// Both servers get what the scenarios say, within the same bounds: --up-to,
    /// --deliver, accounts and rates hold for both. Cases of other targets are left out.
    /// --report writes the comparison, as json or html.
    #[arg(long, value_name = "NAME=HOST:PORT", value_parser = pointed)]
    pub(super) versus: Vec<Pointed>,

    #[command(flatten)]
    terms: TermsArgs,
}

impl Comparing {
    /// By which terms it is compared.
    ///
    /// # Errors
    ///
    /// The exit status, the reason having been told.
    pub(super) fn terms(&self, args: &Args) -> Result<Terms, u8> {
        if self.baseline.is_none() && self.versus.is_empty() {
            let given = [
                (self.terms.accept.is_some(), "--accept"),
                (self.terms.latency_factor.is_some(), "--latency-factor"),
            ];
            if let Some((_, flag)) = given.into_iter().find(|(given, _)| *given) {
                let why = format!(
                    "{flag} is about a comparison: add --baseline REPORT.json or --versus NAME=HOST:PORT"
                );
                return Err(complain(&why, BAD_INPUT));
            }
        }
        let mut sources = Sources::default();
        self.terms.read(&mut sources).map_err(|faults| {
            tell(&faults, &sources, args.color.wanted(&io::stderr()));
            BAD_INPUT
        })
    }
}

/// What a run is compared with when it is over.
pub(super) struct Baseline {
    before: Side,
    terms: Terms,
}

impl Baseline {
    /// Reads the earlier report, if one was named.
    ///
    /// # Errors
    ///
    /// The exit status, the reason having been told.
    pub(super) fn read(args: &Args) -> Result<Option<Self>, u8> {
        let terms = args.comparing.terms(args)?;
        let Some(path) = &args.comparing.baseline else { return Ok(None) };
        let document =
            Document::read(path).map_err(|error| complain(&format!("--baseline: {error}"), BAD_INPUT))?;
        // Who selects some cases does not miss the others.
        let terms = Terms { partial: !args.conditions().is_empty(), ..terms };
        Ok(Some(Self { before: Side::of(yaml::shown(path), &document), terms }))
    }

    /// What changed since.
    pub(super) fn compare(self, run: &Run, summary: Summary, cases: Vec<Facts>) -> Comparison {
        let after = Side { name: "this run".to_owned(), run: run.clone(), summary, cases };
        let mut comparison = compare(self.before, after, self.terms);
        comparison.took = Some(run.duration);
        comparison
    }
}

/// A result that is kept, to be compared.
pub(super) fn kept(args: &Args, run: &str) -> Told {
    Told::Kept { again: Again { flags: args.again() }, run: run.to_owned() }
}

/// Prints a comparison in place of the result, unless a report goes to standard output.
///
/// # Errors
///
/// The exit status, the reason having been told.
pub(super) fn show(args: &Args, comparison: &Comparison) -> Result<(), u8> {
    if args.reports.iter().any(|(_, destination)| *destination == Destination::Stdout) {
        return Ok(());
    }
    let palette = args.color.palette(&io::stdout());
    let detail = match args.detail() {
        // The status is 3, and somebody will ask why.
        Detail::Quiet if comparison.unreached() > 0 => Detail::Normal,
        detail => detail,
    };
    let text = palette.symbols(comparison_as_text(comparison, detail, palette));
    put(text.as_bytes(), "the comparison")
}
