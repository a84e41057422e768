//! The program itself, run as its users run it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::need::have;

/// A call of the program, to be made.
pub struct Program {
    command: Command,
    limit: Duration,
}

/// What a call of the program came to.
#[derive(Debug)]
pub struct Ran {
    /// The exit status; -1 where a signal ended it.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// From start to end.
    pub elapsed: Duration,
    /// The most memory that was resident, in KiB, as the kernel counts it.
    pub peak_kib: u64,
}

/// A call of the program that is going on.
pub struct Running {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    lines: mpsc::Receiver<String>,
    started: Instant,
    limit: Duration,
    peak_kib: u64,
}

impl Program {
    /// The program with these arguments, in this folder.
    pub fn new<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Self {
        Self::of(Command::new(env!("CARGO_BIN_EXE_relayprobe")), folder, arguments)
    }

    /// The same with room for so many descriptors (`ulimit -n`).
    pub fn with_descriptors<S: AsRef<OsStr>>(
        most: usize,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            &format!("ulimit -n {most} && exec \"$0\" \"$@\""),
            env!("CARGO_BIN_EXE_relayprobe"),
        ]);
        Self::of(command, folder, arguments)
    }

    /// The same where nothing can be reached, not even this very host; `None` where that
    /// cannot be had and the test is skipped.
    pub fn without_network<S: AsRef<OsStr>>(
        test: &str,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Option<Self> {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net"]);
        let allowed = || Command::new("unshare").args(["--map-root-user", "--net", "true"]).status();
        if !have(test, &["unshare"]) {
            return None;
        }
        // The host's choice, which nothing that could be installed would change: no
        // failure in CI.
        if !allowed().is_ok_and(|status| status.success()) {
            eprintln!("skipped: {test}: namespaces are not allowed here");
            return None;
        }
        command.arg(env!("CARGO_BIN_EXE_relayprobe"));
        Some(Self::of(command, folder, arguments))
    }

    /// A shell with the program as `$RELAYPROBE`.
    pub fn shell(folder: &Path, script: &str) -> Self {
        let program = Self::of(Command::new("sh"), folder, ["-ec", script]);
        program.env("RELAYPROBE", env!("CARGO_BIN_EXE_relayprobe"))
    }

    /// A shell that may mount, with the program as `$RELAYPROBE`; `None` where that cannot
    /// be had and the test is skipped.
    pub fn with_mounts(test: &str, folder: &Path, script: &str) -> Option<Self> {
        let shell = ["--map-root-user", "--mount", "sh", "-ec"];
        let allowed = || {
            let mount = "mount -t tmpfs none /tmp";
            Command::new("unshare").args(shell).arg(mount).stderr(Stdio::null()).status()
        };
        if !have(test, &["unshare", "mount"]) {
            return None;
        }
        if !allowed().is_ok_and(|status| status.success()) {
            eprintln!("skipped: {test}: mounts are not allowed here");
            return None;
        }
        let program = Self::of(Command::new("unshare"), folder, shell.into_iter().chain([script]));
        Some(program.env("RELAYPROBE", env!("CARGO_BIN_EXE_relayprobe")))
    }

    fn of<S: AsRef<OsStr>>(
        mut command: Command,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        command.current_dir(folder).args(arguments).env_remove("RUST_BACKTRACE");
        // What is shown depends on these; each test says so where it is the subject.
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command, limit: Duration::from_secs(60) }
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Lets it read this file as standard input.
    pub fn stdin(mut self, file: &Path) -> Self {
        self.command.stdin(std::fs::File::open(file).expect("the file is there"));
        self
    }

    /// Ends it, and fails the test, after this long instead of a minute.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts it and waits for its end.
    pub fn run(self) -> Ran {
        self.start().end()
    }

    /// Starts it.
    pub fn start(mut self) -> Running {
        let mut child = self.command.spawn().expect("the program starts");
        let (sender, lines) = mpsc::channel();
        let out = child.stdout.take().expect("it is piped");
        let mut err = child.stderr.take().expect("it is piped");
        let stdout = thread::spawn(move || {
            let mut whole = String::new();
            for line in BufReader::new(out).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                whole += &line;
                whole.push('\n');
                let _ = sender.send(line);
            }
            whole
        });
        let stderr = thread::spawn(move || {
            let mut whole = Vec::new();
            let _ = err.read_to_end(&mut whole);
            String::from_utf8_lossy(&whole).into_owned()
        });
        Running { child, stdout, stderr, lines, started: Instant::now(), limit: self.limit, peak_kib: 0 }
    }
}

impl Running {
    /// The next line of standard output.
    pub fn line(&self) -> String {
        self.lines.recv_timeout(self.limit).expect("the program prints a line in time")
    }

    /// How much memory is resident now, in KiB.
    pub fn resident_kib(&self) -> u64 {
        memory(self.child.id(), "VmRSS:").expect("it is running")
    }

    /// The most memory that was resident so far, in KiB.
    pub fn peak_kib(&self) -> u64 {
        memory(self.child.id(), "VmHWM:").expect("it is running")
    }

    /// How many descriptors are open now.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it is running").count()
    }

    /// What the kernel has of it under this name in `/proc`, such as `cmdline`.
    pub fn proc(&self, name: &str) -> String {
        let bytes = std::fs::read(format!("/proc/{}/{name}", self.child.id())).expect("it is running");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Memory in KiB and descriptors, if it is still running.
    pub fn size(&self) -> Option<(u64, usize)> {
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).ok()?.count();
        Some((memory(self.child.id(), "VmRSS:")?, descriptors))
    }

    /// Whether it has ended.
    pub fn is_over(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends it a signal by name: `INT`, `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh starts").success(), "{kill}");
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        let status = loop {
            self.peak_kib = self.peak_kib.max(memory(self.child.id(), "VmHWM:").unwrap_or(0));
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            if self.started.elapsed() > self.limit {
                let _ = self.child.kill();
                let _ = self.child.wait();
                let (out, err) = (self.stdout.join(), self.stderr.join());
                panic!("not over after {:?}\n{}\n{}", self.limit, out.unwrap(), err.unwrap());
            }
            thread::sleep(Duration::from_millis(2));
        };
        Ran {
            status: status.code().unwrap_or(-1),
            elapsed: self.started.elapsed(),
            stdout: self.stdout.join().expect("reading does not panic"),
            stderr: self.stderr.join().expect("reading does not panic"),
            peak_kib: self.peak_kib,
        }
    }
}

/// A line of the kernel's account, in KiB. `VmHWM:` is its own high-water mark, so a
/// look now and then misses nothing but the last moments.
fn memory(process: u32, what: &str) -> Option<u64> {
    // A child is told of before its exec is through: until then this would be ours.
    if std::fs::read_link(format!("/proc/{process}/exe")).ok() == std::env::current_exe().ok() {
        return None;
    }
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

impl Ran {
    /// Fails the test, both outputs shown, unless it ended with this status.
    pub fn status(&self, expected: i32) -> &Self {
        assert_eq!(self.status, expected, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked at"), "{}", self.stderr);
        self
    }

    /// Fails the test unless one of the outputs holds this text.
    pub fn says(&self, text: &str) -> &Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "nothing says: {text}\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }
}
