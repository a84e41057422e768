//! Processes timed, and the table.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a command takes to its end, which must be a success.
pub(crate) fn timed(command: &mut Command) -> Duration {
    timed_to(command, 0)
}

/// How long a command takes to its end, which must have this status.
pub(crate) fn timed_to(command: &mut Command, expected: i32) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    // Cargo's, for the libraries of a build: nobody starts a program with it, and
    // the search through those folders is a tenth of a short one's time.
    command.env_remove("LD_LIBRARY_PATH");
    let start = Instant::now();
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let elapsed = start.elapsed();
    assert_eq!(status.code(), Some(expected), "{command:?}: {status}");
    elapsed
}

/// Most memory that a command has resident, in KiB: the kernel's own mark, read now
/// and then.
pub(crate) fn peak_of(command: &mut Command) -> u64 {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut peak = 0;
    let status = loop {
        peak = peak.max(high_water(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().expect("it is our child") {
            break status;
        }
        thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{command:?}: {status}");
    peak
}

fn high_water(process: u32) -> Option<u64> {
    account(process, "VmHWM:")
}

/// Memory that a process has resident now, in KiB.
pub(crate) fn resident(process: u32) -> Option<u64> {
    account(process, "VmRSS:")
}

/// A line of the kernel's account, in KiB.
fn account(process: u32, what: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// The middle one of these times.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A server process, ended when dropped.
pub(crate) struct Server(Child);

impl Server {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Starts it and waits until the port answers.
    pub(crate) fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let server = Self(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(10), "{command:?} does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    listener.local_addr().expect("it is bound").port()
}

/// Where a program is, system folders included.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(|folder| Path::new(folder).to_owned()))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Which side of its bar a figure must be on.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

/// The table: a row as soon as it is known.
pub(crate) struct Table {
    met: usize,
    rows: usize,
}

impl Table {
    pub(crate) fn new() -> Self {
        println!("{:<58} {:>16} {:>16} {:>8}  {:<9}", "work", "relayprobe", "peer", "figure", "bar");
        Self { met: 0, rows: 0 }
    }

    pub(crate) fn row(&mut self, work: &str, ours: &str, peer: &str, figure: f64, bar: Bar) {
        let (met, bar) = match bar {
            Bar::AtMost(most) => (figure <= most, format!("≤ {most}")),
            Bar::AtLeast(least) => (figure >= least, format!("≥ {least}")),
        };
        self.rows += 1;
        self.met += usize::from(met);
        let verdict = if met { "met" } else { "not met" };
        let figure = if figure >= 10.0 { format!("{figure:.1}") } else { format!("{figure:.3}") };
        println!("{work:<58} {ours:>16} {peer:>16} {figure:>8}  {bar:<9} {verdict}");
    }

    pub(crate) fn skipped(&self, work: &str, why: &str) {
        println!("{work:<58} not measured: {why}");
    }

    pub(crate) fn end(&self) {
        println!("{} of {} bars met", self.met, self.rows);
    }
}
