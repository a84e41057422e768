//! `relayprobe audit`.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use super::args::Color;
use crate::exchange::audit::{Severity, audit};
use crate::exchange::{Tenant, Tenants};
use crate::report::{Audited, audit_as_json, audit_as_sarif, audit_as_text};
use crate::yaml::{self, Diagnostic, Sources};

/// Find the faults of tenants' connectors, offline
///
/// Reads tenants files or folders of exports and says what is wrong in each tenant and
/// between them: why it matters, and the command that mends it. Nobody is asked. The
/// exit status is 1 where something as bad as --fail-on was found.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Tenants files, or folders of exports
    #[arg(required = true)]
    tenants: Vec<PathBuf>,
    /// How to print what was found
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
    /// How bad a finding must be for the exit status to be 1
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = FailOn::Warning)]
    fail_on: FailOn,
    /// Colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Whatever was found
    Note,
    /// What is wrong, or may soon be
    Warning,
    /// What makes mail be refused or attributed to somebody else
    Error,
    /// Nothing: the status says only whether the files could be read
    Never,
}

impl FailOn {
    const fn severity(self) -> Option<Severity> {
        match self {
            Self::Note => Some(Severity::Note),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
            Self::Never => None,
        }
    }
}

/// Contract §2: something was found, bad input, the result could not be written.
const FOUND: u8 = 1;
const BAD_INPUT: u8 = 2;
const ERROR: u8 = 3;

pub(super) fn main(args: Args) -> ExitCode {
    let mut sources = Sources::default();
    let tenants = match load(&args.tenants, &mut sources) {
        Ok((tenants, warnings)) => {
            tell(&warnings, &sources, args.color);
            tenants
        }
        Err(faults) => {
            tell(&faults, &sources, args.color);
            return ExitCode::from(BAD_INPUT);
        }
    };
    let findings = audit(&tenants);
    let audited = Audited {
        findings: &findings,
        sources: &sources,
        tenants: tenants.iter().count(),
        connectors: tenants.iter().map(|tenant| tenant.inbound_connectors.len()).sum(),
    };
    let stdout = io::stdout();
    let bytes = match args.format {
        Format::Text => {
            let palette = args.color.palette(&stdout);
            palette.symbols(audit_as_text(&audited, palette)).into_bytes()
        }
        Format::Json => audit_as_json(&audited),
        Format::Sarif => audit_as_sarif(&audited),
    };
    let mut out = stdout.lock();
    if let Err(error) = out.write_all(&bytes).and_then(|()| out.flush()) {
        eprintln!("error: cannot write the findings: {error}; send them to a file that can be written");
        return ExitCode::from(ERROR);
    }
    let fails = args.fail_on.severity();
    match fails.is_some_and(|fails| findings.iter().any(|finding| finding.rule.severity >= fails)) {
        true => ExitCode::from(FOUND),
        false => ExitCode::SUCCESS,
    }
}

/// The tenants of all paths, as if they stood in one.
fn load(paths: &[PathBuf], sources: &mut Sources) -> Result<(Tenants, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (mut list, mut warnings, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        match Tenants::load(path, sources) {
            Ok((tenants, odd)) => {
                list.extend(tenants.iter().cloned());
                warnings.extend(odd);
            }
            Err(wrong) => faults.extend(wrong),
        }
    }
    faults.extend(doubles(&list));
    if faults.is_empty() { Ok((Tenants::new(list), warnings)) } else { Err(faults) }
}

/// What two paths both claim; within one the reader has seen to it.
fn doubles(list: &[Tenant]) -> Vec<Diagnostic> {
    let (mut names, mut domains) = (HashMap::new(), HashMap::new());
    let mut faults = Vec::new();
    for (at, tenant) in list.iter().enumerate() {
        if *names.entry(tenant.name.as_str()).or_insert(at) != at {
            faults
                .push(Diagnostic::general(format!("two of the paths have a tenant named `{}`", tenant.name)));
        }
        for domain in tenant.accepted_domains.iter().map(|own| &own.name) {
            let owner = *domains.entry(domain.as_str()).or_insert(at);
            if owner != at {
                let message = format!(
                    "{domain} is an accepted domain of `{}` and of `{}`: one of the exports is out of date",
                    list[owner].name, tenant.name
                );
                faults.push(Diagnostic::general(message));
            }
        }
    }
    faults
}

fn tell(faults: &[Diagnostic], sources: &Sources, color: Color) {
    let stderr = io::stderr();
    if !faults.is_empty() {
        let text = yaml::render(faults, sources, color.wanted(&stderr));
        // There is nobody left to tell that stderr is closed.
        let _ = stderr.lock().write_all(text.as_bytes());
    }
}
