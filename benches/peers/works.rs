//! What is measured, one function a work.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use crate::measure::{Bar, Server, Table, find, free_port, median, peak_of, timed};
use crate::{estate, simulator, tls};

pub(crate) const OURS: &str = env!("CARGO_BIN_EXE_relayprobe");

/// Sessions of the large run.
const SESSIONS: u32 = 20_000;

/// Measures everything and prints the table.
pub(crate) fn all() -> ExitCode {
    let folder = std::env::temp_dir().join(format!("relayprobe-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    tls::mint(&folder);
    let bench = Bench { folder: folder.clone() };
    let mut table = Table::new();
    bench.probes(&mut table);
    bench.matrix(&mut table);
    bench.handshakes(&mut table);
    bench.check(&mut table);
    estate::measure(&folder, &mut table);
    simulator::measure(&folder, &mut table);
    table.end();
    let _ = fs::remove_dir_all(folder);
    ExitCode::SUCCESS
}

struct Bench {
    folder: PathBuf,
}

impl Bench {
    fn ours(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(OURS);
        command.current_dir(&self.folder).args(arguments);
        command
    }

    /// A scenario file, and a project file that lifts the politeness of four
    /// connections at once.
    fn write(&self, port: u16, scenario: &str) {
        let project =
            format!("targets: {{ sink: {{ address: '127.0.0.1:{port}', max_connections: 50 }} }}\n");
        fs::write(self.folder.join("relayprobe.yaml"), project).expect("our folder is writable");
        let head = "suite: bench\ndefaults:\n  target: sink\n  ehlo: client.test\n  mail_from: a@client.test\n  rcpt_to: b@sink.test\nscenarios:\n";
        fs::write(self.folder.join("case.yaml"), head.to_owned() + scenario).expect("our folder is writable");
    }

    fn tls_server(&self, core: Option<&str>) -> (Server, u16) {
        let port = free_port();
        fs::write(self.folder.join("address"), format!("127.0.0.1:{port}")).expect("our folder is writable");
        let mut command = helper(core, "serve", &self.folder);
        (Server::start(&mut command, port), port)
    }

    /// One case, whole process, against one swaks probe.
    fn probes(&self, table: &mut Table) {
        let clear = "one clear-text case to RCPT TO, whole process, vs swaks";
        let starttls = "one STARTTLS case to RCPT TO, whole process, vs swaks";
        let Some(swaks) = find("swaks") else {
            return table.skipped(clear, "swaks is missing");
        };
        let mut probe = |work: &str, port: u16, scenario: &str, tls: &[&str], most: f64| {
            self.write(port, scenario);
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..25 {
                let mut peer = Command::new(&swaks);
                peer.args(["--server", "127.0.0.1", "--port", &port.to_string(), "--ehlo", "client.test"]);
                peer.args(["--from", "a@client.test", "--to", "b@sink.test", "--quit-after", "RCPT"])
                    .args(tls);
                theirs.push(timed(&mut peer));
                ours.push(timed(&mut self.ours(&["run", "case.yaml"])));
            }
            let (ours, theirs) = (median(ours), median(theirs));
            table.row(work, &millis(ours), &millis(theirs), ratio(ours, theirs), Bar::AtMost(most));
        };
        if let Some((_sink, port)) = sink() {
            probe(clear, port, "  - { name: one, stop_after: rcpt_to, expect: 250 }\n", &[], 0.08);
        }
        let (_server, port) = self.tls_server(None);
        let scenario =
            "  - { name: one, stop_after: rcpt_to, tls: { mode: starttls, ca: ca.pem }, expect: 250 }\n";
        probe(starttls, port, scenario, &["-tls"], 0.12);
    }

    /// A matrix of 20,000 cases to smtp-sink, against smtp-source with a
    /// connection each.
    fn matrix(&self, table: &mut Table) {
        let work = "20,000 cases, 50 at once, NDJSON, vs smtp-source (sessions/s)";
        let (Some(source), Some((_sink, port))) = (find("smtp-source"), sink()) else {
            return table.skipped(work, "smtp-source and smtp-sink are missing");
        };
        let axis = |count: u32| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
        self.write(
            port,
            &format!(
                "  - name: $(a) $(b)\n    subject: case $(a) $(b)\n    body: {}\n    matrix: {{ a: [{}], b: [{}] }}\n    expect: 250\n",
                body(),
                axis(SESSIONS / 100),
                axis(100)
            ),
        );
        let arguments = ["run", "case.yaml", "--deliver", "-j", "50", "--report", "ndjson=out.ndjson"];
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let mut peer = Command::new(&source);
            peer.args(["-s", "50", "-m", &SESSIONS.to_string(), "-l", "1024"]);
            peer.args(["-f", "a@client.test", "-t", "b@sink.test", &format!("127.0.0.1:{port}")]);
            theirs.push(timed(&mut peer));
            ours.push(timed(&mut self.ours(&arguments)));
            let lines = fs::read_to_string(self.folder.join("out.ndjson")).expect("the report is there");
            let passed = lines.matches("\"outcome\":\"passed\"").count();
            assert_eq!(passed, SESSIONS as usize, "every case is played, asserted and reported");
        }
        let (ours, theirs) = (median(ours), median(theirs));
        table.row(work, &rate(ours), &rate(theirs), ratio(theirs, ours), Bar::AtLeast(1.0));
        // A run of its own: looking takes processor time, and two cores have none to
        // spare.
        let resident = (peak_of(&mut self.ours(&arguments)) * 1_024) as f64 / 1e6;
        table.row(
            "resident memory of that run (MB)",
            &format!("{resident:.1}"),
            "",
            resident,
            Bar::AtMost(80.0),
        );
    }

    /// TLS 1.3 with a client certificate on one core, the server included, against
    /// both ends of the bare handshake on the same core.
    fn handshakes(&self, table: &mut Table) {
        const CASES: u32 = 4_000;
        let work = "TLS 1.3 + client certificate, one core, vs bare handshake (/s)";
        if find("taskset").is_none() {
            return table.skipped(work, "taskset (util-linux) is missing");
        }
        let (_server, port) = self.tls_server(Some("0"));
        self.write(
            port,
            &format!(
                "  - name: $(n)\n    tls: {{ mode: starttls, version: TLSv1.3, ca: ca.pem }}\n    certificate: {{ cert: client.pem, key: client.key }}\n    stop_after: rcpt_to\n    matrix: {{ n: [{}] }}\n    expect: {{ tls: {{ version: TLSv1.3, verified: true }} }}\n",
                (0..CASES).map(|n| n.to_string()).collect::<Vec<_>>().join(", ")
            ),
        );
        let (mut sessions, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let output = helper(Some("0"), "handshakes", &self.folder).stdin(Stdio::null()).output();
            let output = output.expect("the helper starts").stdout;
            bare.push(
                String::from_utf8_lossy(&output).trim().parse::<f64>().expect("the helper prints a rate"),
            );
            let mut ours = Command::new("taskset");
            ours.current_dir(&self.folder).args(["-c", "0", OURS, "run", "case.yaml", "-j", "50"]);
            sessions.push(f64::from(CASES) / timed(&mut ours).as_secs_f64());
        }
        bare.sort_unstable_by(f64::total_cmp);
        sessions.sort_unstable_by(f64::total_cmp);
        let (ours, theirs) = (sessions[1], bare[1]);
        table.row(work, &format!("{ours:.0}"), &format!("{theirs:.0}"), ours / theirs, Bar::AtLeast(0.75));
    }

    /// `check` of 10,000 and 20,000 cases.
    fn check(&self, table: &mut Table) {
        let time = |cases: u32| {
            let axis = |count: u32| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
            self.write(
                25,
                &format!(
                    "  - name: case $(a) $(b)\n    subject: $(a) and $(b)\n    mail_from: a$(a)@client.test\n    matrix: {{ a: [{}], b: [{}] }}\n    expect: 250\n",
                    axis(cases / 100),
                    axis(100)
                ),
            );
            timed(&mut self.ours(&["check", "case.yaml"]))
        };
        // In turn, and the quickest of each, for a machine's speed wanders.
        let (mut one, mut two) = (Duration::MAX, Duration::MAX);
        for _ in 0..9 {
            one = one.min(time(10_000));
            two = two.min(time(20_000));
        }
        let figure = one.as_secs_f64();
        table.row("check of 10,000 cases (s)", &millis(one), "", figure, Bar::AtMost(0.3));
        table.row(
            "check of 20,000 cases against 10,000",
            &millis(two),
            &millis(one),
            ratio(two, one),
            Bar::AtMost(2.2),
        );
    }
}

/// smtp-sink, where it is installed.
pub(crate) fn sink() -> Option<(Server, u16)> {
    let port = free_port();
    let mut command = Command::new(find("smtp-sink")?);
    if fs::metadata("/proc/self").is_ok_and(|ours| std::os::unix::fs::MetadataExt::uid(&ours) == 0) {
        command.args(["-u", "nobody"]);
    }
    command.arg(format!("127.0.0.1:{port}")).arg("1000");
    Some((Server::start(&mut command, port), port))
}

/// A body of 1 KiB, line ends included, as a YAML scalar; smtp-source adds its
/// header fields to as much.
fn body() -> String {
    let line = "x".repeat(62) + "\\n";
    format!("\"{}\"", line.repeat(16))
}

fn helper(core: Option<&str>, task: &str, folder: &Path) -> Command {
    let this = std::env::current_exe().expect("this program has a path");
    let mut command = match core {
        Some(core) => {
            let mut command = Command::new("taskset");
            command.args(["-c", core]).arg(this);
            command
        }
        None => Command::new(this),
    };
    command.arg(task).arg(folder);
    command
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

fn rate(time: Duration) -> String {
    format!("{:.0}", f64::from(SESSIONS) / time.as_secs_f64())
}

fn ratio(time: Duration, other: Duration) -> f64 {
    time.as_secs_f64() / other.as_secs_f64()
}
