//! `relayprobe simulate`.

use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::faults::FaultArgs;
use crate::cli::args::date;
use crate::cli::run::room_for;
use crate::exchange::{Cloud, Endpoint, RulesOn, Tenants};
use crate::scenario::{Loaded, Rejected, Request, load, nearest_project};
use crate::simulator::{Lab, LabConfig, Limits, Listen};
use crate::yaml::{self, Diagnostic, Severity, Sources};

/// Run the simulator as SMTP servers until interrupted
///
/// Prints one line `mx 127.0.0.1:40025` per endpoint when it is ready. The tenants
/// file, the day and the CA for client certificates come from the project file
/// where no flag says otherwise. It keeps what it accepts and never relays it.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The tenants file, or a folder of exports
    tenants: Option<PathBuf>,
    /// Use this project file (default: beside the tenants file or ./scenarios, or above)
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
    /// Where the MX endpoint listens; a port alone is one of 127.0.0.1, 0 any free one
    #[arg(long, value_name = "ADDR", value_parser = address, default_value = "127.0.0.1:0")]
    mx: SocketAddr,
    /// Where the submission endpoint listens
    #[arg(long, value_name = "ADDR", value_parser = address, default_value = "127.0.0.1:0")]
    submission: SocketAddr,
    /// Where the legacy endpoint listens (default: 127.0.0.1:0, where the cloud has one)
    #[arg(long, value_name = "ADDR", value_parser = address)]
    legacy: Option<SocketAddr>,
    /// Where the endpoint of High Volume Email listens (default: it is left out)
    #[arg(long, value_name = "ADDR", value_parser = address)]
    hve: Option<SocketAddr>,
    /// Whose endpoints: worldwide, 21vianet (China) or government (US) (default: the
    /// project file's, else worldwide)
    #[arg(long, value_name = "CLOUD", value_parser = cloud)]
    cloud: Option<Cloud>,
    /// The rules of this day (default: the project file's, else today's)
    #[arg(long, value_name = "DATE", value_parser = date)]
    as_of: Option<NaiveDate>,
    /// Write the CA of the server certificates here
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    /// Listen on addresses that other hosts can reach
    #[arg(long)]
    allow_remote: bool,
    /// Ask more or less of clients than usual, such as connections=100 or command=5s
    /// (repeatable; --limits names them all)
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Print how much a client may ask of the simulator, and how long, and do nothing else
    #[arg(long)]
    limits: bool,
    #[command(flatten)]
    faults: FaultArgs,
    /// Print a PowerShell script that exports an organisation for the simulator, and
    /// do nothing else; it reads, and changes nothing
    #[arg(long, exclusive = true)]
    export_script: bool,
}

/// What `--export-script` prints.
const EXPORT_SCRIPT: &str = include_str!("export.ps1");

/// Contract §2: bad input, and what went wrong with the machine.
const BAD_INPUT: u8 = 2;
const ERROR: u8 = 3;

pub(in crate::cli) fn main(args: Args) -> ExitCode {
    if args.export_script {
        return match io::stdout().write_all(EXPORT_SCRIPT.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => ExitCode::from(complain(&error.to_string(), ERROR)),
        };
    }
    if args.limits {
        let printed = limits(&args).and_then(|limits| {
            let written = io::stdout().write_all(limits.in_words().as_bytes());
            written.map_err(|error| complain(&error.to_string(), ERROR))
        });
        return printed.map_or_else(ExitCode::from, |()| ExitCode::SUCCESS);
    }
    match run(&args) {
        // Being told to stop is how a server ends well, so SIGINT and SIGTERM are
        // no failure here; 130 and 143 belong to runs that were cut short.
        Ok(()) => ExitCode::SUCCESS,
        Err(status) => ExitCode::from(status),
    }
}

fn run(args: &Args) -> Result<(), u8> {
    let mut limits = limits(args)?;
    let given = [
        (Endpoint::Mx, Some(args.mx)),
        (Endpoint::Submission, Some(args.submission)),
        (Endpoint::Legacy, args.legacy),
        (Endpoint::HighVolume, args.hve),
    ];
    let remote = |address: &SocketAddr| !address.ip().is_loopback() && !args.allow_remote;
    if let Some((endpoint, address)) =
        given.iter().find_map(|(endpoint, address)| Some((endpoint, address.filter(remote)?)))
    {
        return Err(complain(
            &format!(
                "--{endpoint} {address} is no loopback address: other hosts could reach the simulator; say \
                 --allow-remote if they are to"
            ),
            BAD_INPUT,
        ));
    }
    let setup = setup(args)?;
    let cloud = args.cloud.unwrap_or(setup.cloud);
    let doors = doors(args, cloud).map_err(|why| complain(&why, BAD_INPUT))?;
    let as_of = args
        .as_of
        .or(setup.as_of)
        .unwrap_or_else(|| DateTime::<Utc>::from(std::time::SystemTime::now()).date_naive());
    if let Some(why) = args.faults.in_vain(as_of, RulesOn::day(as_of).in_cloud(cloud)) {
        return Err(complain(&why, BAD_INPUT));
    }
    let listen = doors.into_iter().map(|(endpoint, address)| Listen {
        endpoint,
        cloud,
        as_of,
        faults: args.faults.of(endpoint),
        address,
    });
    let listen: Vec<_> = listen.collect();
    // Whoever comes when no descriptor is left waits in vain; who is told 421 knows where
    // it stands.
    limits.connections = (room_for(limits.connections * listen.len(), 1) / listen.len()).max(1);
    let config =
        LabConfig { tenants: setup.tenants, client_ca: setup.client_ca, listen: listen.clone(), limits };
    let lab = Lab::start(config).map_err(|error| complain(&error.to_string(), ERROR))?;
    if let Some(path) = &args.ca_out {
        std::fs::write(path, lab.ca_pem())
            .map_err(|error| complain(&format!("{}: {error}", path.display()), ERROR))?;
    }
    // Heard before anybody is told that the servers are ready.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| complain(&error.to_string(), ERROR))?;
    let stop = runtime.block_on(async { Stop::listen() });
    let mut stop = stop.map_err(|error| complain(&error.to_string(), ERROR))?;
    let faults = args.faults.in_words();
    let which = match cloud {
        Cloud::Worldwide => String::new(),
        Cloud::Vianet21 | Cloud::Government => format!(", {} cloud", cloud.as_str()),
    };
    eprintln!("simulated, rules as of {as_of}{which}{faults}; stop with Ctrl-C");
    announce(&lab, &listen).map_err(|error| complain(&error.to_string(), ERROR))?;
    runtime.block_on(stop.wait());
    Ok(())
}

/// The limits, as they are set.
fn limits(args: &Args) -> Result<Limits, u8> {
    let mut limits = Limits::default();
    for text in &args.set {
        limits.set(text).map_err(|why| complain(&format!("--limit {text}: {why}"), BAD_INPUT))?;
    }
    Ok(limits)
}

/// The endpoints that are started, and where.
fn doors(args: &Args, cloud: Cloud) -> Result<Vec<(Endpoint, SocketAddr)>, String> {
    let mut doors = vec![(Endpoint::Mx, args.mx), (Endpoint::Submission, args.submission)];
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    for (endpoint, given, default) in
        [(Endpoint::Legacy, args.legacy, Some(free)), (Endpoint::HighVolume, args.hve, None)]
    {
        match (cloud.lacks(endpoint), given) {
            (Some(why), Some(_)) => {
                return Err(format!(
                    "--{endpoint}: the {} cloud has no such endpoint: {why}",
                    cloud.as_str()
                ));
            }
            (Some(_), None) => {}
            (None, given) => doors.extend(given.or(default).map(|address| (endpoint, address))),
        }
    }
    Ok(doors)
}

fn announce(lab: &Lab, listen: &[Listen]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (n, listen) in listen.iter().enumerate() {
        writeln!(out, "{} {}", listen.endpoint, lab.address(n))?;
    }
    out.flush()
}

/// What is to be simulated.
struct Setup {
    tenants: Arc<Tenants>,
    client_ca: Option<Vec<u8>>,
    as_of: Option<NaiveDate>,
    cloud: Cloud,
}

fn setup(args: &Args) -> Result<Setup, u8> {
    let start = match &args.tenants {
        Some(tenants) => tenants.clone(),
        None if Path::new("scenarios").is_dir() => "scenarios".into(),
        None => ".".into(),
    };
    let project = args.project.clone().or_else(|| nearest_project(&start));
    // Without paths nothing but the project file is read.
    let mut loaded = match project {
        Some(project) => {
            Some(load(&Request { paths: Vec::new(), project: Some(project), ..Request::default() }).map_err(
                |Rejected { diagnostics, sources }| {
                    tell(&diagnostics, &sources);
                    BAD_INPUT
                },
            )?)
        }
        None => None,
    };
    let tenants = match (&args.tenants, &mut loaded) {
        (Some(path), _) => {
            let mut sources = Sources::default();
            let read = Tenants::load(path, &mut sources);
            let (tenants, warnings) = read.map_err(|faults| {
                tell(&faults, &sources);
                BAD_INPUT
            })?;
            tell(&warnings, &sources);
            Some(Arc::new(tenants))
        }
        (None, Some(loaded)) => loaded.tenants().map_err(|faults| {
            tell(&faults, &loaded.sources);
            BAD_INPUT
        })?,
        (None, None) => None,
    };
    let Some(tenants) = tenants else {
        return Err(complain("name a tenants file, or a project file that sets a simulator up", BAD_INPUT));
    };
    let Some(loaded) = loaded else {
        return Ok(Setup { tenants, client_ca: None, as_of: None, cloud: Cloud::default() });
    };
    let Loaded { warnings, sources, project, .. } = &loaded;
    tell(warnings, sources);
    let client_ca = loaded.client_ca().map_err(|fault| {
        tell(&[fault.note("`relayprobe certs` mints the lab's certificates")], sources);
        BAD_INPUT
    })?;
    let own = project.simulator.as_ref();
    let (as_of, cloud) = own.map_or((None, Cloud::default()), |setup| (setup.as_of, setup.cloud));
    Ok(Setup { tenants, client_ca, as_of, cloud })
}

fn tell(diagnostics: &[Diagnostic], sources: &Sources) {
    if !diagnostics.is_empty() {
        eprint!("{}", yaml::render(diagnostics, sources, io::stderr().is_terminal()));
    }
}

/// Says what is wrong and gives the status back.
fn complain(what: &str, status: u8) -> u8 {
    let fault = Diagnostic { severity: Severity::Error, ..Diagnostic::general(what) };
    tell(&[fault], &Sources::default());
    status
}

/// An address with its port, or a port of loopback.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse().map_err(|_| "wants ADDRESS:PORT, such as 127.0.0.1:2525, or a port".to_owned())
}

fn cloud(text: &str) -> Result<Cloud, String> {
    let known = Cloud::ALL.into_iter().find(|cloud| cloud.as_str() == text);
    known.ok_or_else(|| "one of worldwide, 21vianet, government".to_owned())
}

/// The signals that end the servers.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    /// Must be called inside a runtime.
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(not(unix))]
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        // Without the signal there is nothing to wait for.
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_export_script_reads_and_is_plain_ascii() {
        assert!(EXPORT_SCRIPT.is_ascii(), "Windows PowerShell reads a script in the machine's code page");
        let code = EXPORT_SCRIPT.lines().filter(|line| !line.trim_start().starts_with('#'));
        let code =
            code.collect::<Vec<_>>().join("\n").replace("New-Object", "").replace("Install-Module", "");
        for verb in
            ["Set-", "New-", "Remove-", "Add-", "Enable-", "Disable-", "Update-", "Invoke-", "Install-"]
        {
            assert!(!code.contains(verb), "{verb}");
        }
        for part in crate::exchange::Part::ALL {
            assert!(code.contains(&format!("Part {} {{\n", part.as_str())), "{}", part.as_str());
        }
        assert!(code.contains("Get-EXORecipient -ResultSize Unlimited"));
    }
}
