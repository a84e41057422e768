//! The command.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use super::folder::{self, Done};
use super::spec::Spec;
use crate::yaml::{self, Diagnostic, Sources};

/// Mint the lab CA and its certificates
///
/// Mints what the spec describes and is missing or about to expire, beside the
/// spec. Keys that are there are used again; a certificate that was not minted
/// here is never overwritten.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to mint.
    #[arg(default_value = "certs/lab.yaml")]
    spec: PathBuf,
}

pub(crate) fn main(args: Args) -> ExitCode {
    let mut sources = Sources::default();
    match run(&args.spec, &mut sources) {
        Ok(report) => {
            // A closed pipe loses the report, not the certificates.
            let _ = std::io::stdout().write_all(report.as_bytes());
            ExitCode::SUCCESS
        }
        Err(faults) => {
            let color = std::io::IsTerminal::is_terminal(&std::io::stderr());
            eprint!("{}", yaml::render(&faults, &sources, color));
            ExitCode::from(2)
        }
    }
}

/// Does it and says what was done, a line each.
fn run(path: &Path, sources: &mut Sources) -> Result<String, Vec<Diagnostic>> {
    let file = yaml::read_file(path, sources).map_err(|fault| {
        vec![match path.exists() {
            true => fault,
            false => fault.note("name the file that says what to mint; the shipped one is certs/lab.yaml"),
        }]
    })?;
    let spec = Spec::read(&yaml::parse(sources, file)?)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let done = folder::mint(&spec, folder, SystemTime::now())
        .map_err(|error| vec![Diagnostic::general(error.to_string())])?;
    let minted: Vec<_> = done.iter().filter(|done| done.minted).collect();
    let mut report = String::new();
    for Done { name, says, .. } in &minted {
        report.push_str(&format!("minted {:<22} {says}\n", format!("{name}.pem")));
    }
    let kept = done.len() - minted.len();
    if kept > 0 {
        report.push_str(&format!("{kept} of {} in {} are up to date\n", done.len(), shown(folder)));
    }
    Ok(report)
}

fn shown(folder: &Path) -> String {
    match folder.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => folder.display().to_string(),
    }
}
