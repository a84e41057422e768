//! `relayprobe check`.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use super::args::Color;
use super::cases::CaseArgs;
use super::tell::{WELL, put};
use crate::exchange::Cloud;
use crate::plan::MailHosts;
use crate::scenario::{At, Case, Delivery, Expect, Loaded, Place, Resolver, load};
use crate::smtp::visible;
use crate::tls::Trust;
use crate::yaml::{self, Diagnostic, Severity, Sources};

/// Read everything, connect nowhere.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    cases: CaseArgs,
    /// Print the expanded cases with their ids
    #[arg(long)]
    list: bool,
    /// Colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    color: Color,
}

pub(super) fn main(args: Args) -> ExitCode {
    let mut loaded = match load(&args.cases.request()) {
        Ok(loaded) => loaded,
        Err(rejected) => return refuse(&rejected.diagnostics, &rejected.sources, args.color),
    };
    let selection = args.cases.selection();
    let meant = selection.predicate();
    let selected: Vec<Arc<Case>> = loaded.cases.iter().filter(|case| meant(case)).cloned().collect();
    let mut out = String::new();
    if args.list {
        list(&selected, &mut out);
        out.push('\n');
    }
    let mut faults = prepare(&mut loaded, &selected);
    if selected.is_empty() {
        let message =
            format!("--tag, --skip-tag and --filter leave none of the {} cases", loaded.cases.len());
        faults.push(Diagnostic::general(message).label("`check --list` without them shows what there is"));
    }
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        let _ = put(out.as_bytes(), "the cases");
        return refuse(&faults, &loaded.sources, args.color);
    }
    tell(&faults, &loaded.sources, args.color);
    count(&loaded, &selected, &mut out);
    ExitCode::from(put(out.as_bytes(), "the result").err().unwrap_or(WELL))
}

/// Reads what the cases need, as far as that needs no connection and runs no
/// program.
fn prepare(loaded: &mut Loaded, selected: &[Arc<Case>]) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let simulator = selected
        .iter()
        .any(|case| (case.target.is_simulator() || case.target.deliveries.is_some()) && case.skip.is_none());
    let mut tenants = None;
    if simulator {
        match loaded.tenants() {
            Ok(read) => tenants = read,
            Err(errors) => return errors,
        }
        faults.extend(loaded.client_ca().err());
    }
    faults.append(&mut loaded.warnings);
    let resolver = Resolver::new(loaded, tenants, false);
    let trust = Arc::new(Trust::system());
    for case in selected.iter().filter(|case| case.skip.is_none()) {
        // Nothing is sent, so nothing needs leave.
        let real = At::of(&case.target).map(|at| At { malformed: true, ..at });
        let at = real.unwrap_or_else(|| At {
            lab: true,
            trust: Some(Arc::clone(&trust)),
            ..At::address("127.0.0.1".into(), 0)
        });
        faults.extend(resolver.plan(case, &at).err().into_iter().flatten());
    }
    faults.extend(resolver.take_warnings());
    faults
}

fn refuse(faults: &[Diagnostic], sources: &Sources, color: Color) -> ExitCode {
    tell(faults, sources, color);
    ExitCode::from(2)
}

fn tell(faults: &[Diagnostic], sources: &Sources, color: Color) {
    let stderr = std::io::stderr();
    if !faults.is_empty() {
        let text = yaml::render(faults, sources, color.wanted(&stderr));
        // There is nobody left to tell that stderr is closed.
        let _ = stderr.lock().write_all(text.as_bytes());
    }
}

/// `84 cases of 23 scenarios in 7 files`.
fn count(loaded: &Loaded, selected: &[Arc<Case>], out: &mut String) {
    let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let cases = match selected.len() == loaded.cases.len() {
        true => plural(selected.len(), "case"),
        false => format!("{} of {}", selected.len(), plural(loaded.cases.len(), "case")),
    };
    let scenarios = plural(loaded.scenarios, "scenario");
    let files = plural(loaded.files, "file");
    let _ = writeln!(out, "{cases} from {scenarios} in {files}: no errors; nothing was sent");
}

/// One line a case: id, target, expectation; then what was dropped from it.
fn list(cases: &[Arc<Case>], out: &mut String) {
    let width = |of: &dyn Fn(&Case) -> usize| cases.iter().map(|case| of(case)).max().unwrap_or(0).min(72);
    let ids = width(&|case| case.id.chars().count());
    let targets = width(&|case| target(case).chars().count());
    for case in cases {
        let expected = match &case.skip {
            Some(reason) => format!("skipped: {reason}"),
            None if !case.expect.steps.is_empty() => {
                let steps = case.expect.steps.len();
                let plural = if steps == 1 { "" } else { "s" };
                format!("{}, {steps} step{plural} as written", expected(&case.expect.session))
            }
            None => match case.repeat {
                Some(repeat) => format!("{} ({} sessions)", expected(&case.expect.session), repeat.times),
                None => expected(&case.expect.session),
            },
        };
        let line = format!("{:ids$}  {:targets$}  {expected}", case.id, target(case));
        let _ = writeln!(out, "{}", visible(line.trim_end()));
        let mut told = HashSet::new();
        for note in case.notes.iter().filter(|note| told.insert(note.as_str())) {
            let _ = writeln!(out, "  note: {}", visible(note));
        }
    }
}

fn target(case: &Case) -> String {
    match &case.target.place {
        Place::Simulator { as_of, cloud: Cloud::Worldwide, .. } => {
            format!("{} (simulated, {as_of})", case.target.name)
        }
        Place::Simulator { as_of, cloud, .. } => {
            format!("{} (simulated, {}, {as_of})", case.target.name, cloud.as_str())
        }
        Place::Mx { hosts: MailHosts::Each, .. } => format!("{} (each MX host)", case.target.name),
        Place::Address { .. } | Place::Mx { .. } => case.target.name.to_string(),
    }
}

/// The expectation in a few words.
fn expected(expect: &Expect) -> String {
    match expect {
        Expect::Positive => "every stage positive".to_owned(),
        Expect::Decisive(patterns) => patterns.written.to_string(),
        Expect::Attempts(attempts) => {
            let attempts: Vec<&str> = attempts.iter().map(|patterns| &*patterns.written).collect();
            attempts.join(", then ")
        }
        Expect::Shares(shares) => {
            let shares = shares.iter().map(|share| format!("{}: {}", share.written, share.bounds));
            shares.collect::<Vec<_>>().join(", ")
        }
        Expect::Stages(stages) => {
            let delivered = stages.delivered.as_ref().map(|delivery| match delivery {
                Delivery::Nothing => "nothing delivered",
                Delivery::Message(_) => "delivered as written",
            });
            let stages = stages.stages.iter().map(|(stage, expect)| match &expect.reply {
                Some(patterns) => format!("{stage}: {}", patterns.written),
                None => stage.to_string(),
            });
            stages.chain(delivered.map(str::to_owned)).collect::<Vec<_>>().join(", ")
        }
    }
}
