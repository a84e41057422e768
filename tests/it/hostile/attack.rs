//! One row of the table, and how rows are played.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Conn, Dir, Peer, Pki, Program, ending};

/// One hostile server and what must come of it.
pub struct Attack {
    name: &'static str,
    keys: String,
    expected: &'static [&'static str],
    never_hears: &'static [&'static str],
    says: Vec<&'static str>,
    hides: &'static [&'static str],
    check: Option<fn(&Value)>,
    within: Duration,
    peer: Peer,
}

impl Attack {
    /// A server with this script. It must end as one of `expected`:
    /// `STAGE EVENT [REASON]`, `STAGE CODE …`, the same without stage, or `passed`.
    pub fn new(
        name: &'static str,
        expected: &'static [&'static str],
        script: impl Fn(&mut Conn) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            keys: String::new(),
            expected,
            never_hears: &[],
            says: Vec::new(),
            hides: &[],
            check: None,
            // The deadline of a reply below, and one second.
            within: Duration::from_millis(2_000),
            peer: Peer::play(script),
        }
    }

    /// Further keys of the scenario, one line each.
    pub fn keys(mut self, keys: &str) -> Self {
        for line in keys.lines() {
            self.keys += &format!("    {}\n", line.trim_start());
        }
        self
    }

    /// What the server must not get to hear.
    pub fn never_hears(mut self, words: &'static [&'static str]) -> Self {
        self.never_hears = words;
        self
    }

    /// What the user must be told.
    pub fn says(mut self, words: &'static str) -> Self {
        self.says.push(words);
        self
    }

    /// What must stand in no output.
    pub fn hides(mut self, words: &'static [&'static str]) -> Self {
        self.hides = words;
        self
    }

    /// More that must hold of the case in the report.
    pub fn check(mut self, check: fn(&Value)) -> Self {
        self.check = Some(check);
        self
    }

    /// More time than the deadline of one reply.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// Its name in the table.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Plays it in a process of its own; everything that is wrong about it.
    fn play(&self, dir: &Dir, number: usize) -> Vec<String> {
        let (yaml, json) = (format!("row-{number}.yaml"), format!("row-{number}.json"));
        let scenario = format!(
            "suite: hostile\ndefaults:\n  ehlo: client.test\n  mail_from: a@client.test\n  rcpt_to: b@peer.test\n  subject: BODY-MARK\n  timeout: {{ connect: 1s, tls: 1s, reply: 1s, session: 3s }}\nscenarios:\n  - name: {:?}\n    target: {}\n{}",
            self.name,
            self.peer.address(),
            self.keys
        );
        dir.write(&yaml, scenario);
        let report = format!("json={json}");
        let ran = Program::new(dir.path(), ["run", &yaml, "--deliver", "-vv", "--report", &report]).run();
        let written: Value = serde_json::from_str(&dir.read(&json)).expect("the report is JSON");
        let case = &written["cases"][0];
        let said = format!("{}\n{}\n{case}", ran.stdout, ran.stderr);
        let end = ending(case);
        let mut wrong = Vec::new();
        let mut complain = |what: String| wrong.push(format!("{}: {what}", self.name));

        let (outcome, decisive) = end.split_once(' ').unwrap_or((&end, ""));
        let after_stage = decisive.split_once(' ').map_or("", |(_, rest)| rest);
        let fits = self.expected.iter().any(|expected| match *expected {
            "passed" => outcome == "passed",
            expected => {
                outcome != "passed" && (decisive.starts_with(expected) || after_stage.starts_with(expected))
            }
        });
        if !fits {
            complain(format!("expected {}, got {end}", self.expected.join(" or ")));
        }
        if (ran.status == 0) != (outcome == "passed") || ran.stderr.contains("panicked at") {
            complain(format!("status {}\n{said}", ran.status));
        }
        let took = Duration::from_secs_f64(case["timings_ms"]["total"].as_f64().unwrap_or(0.0) / 1_000.0);
        if took > self.within {
            complain(format!("took {took:?}, at most {:?}", self.within));
        }
        if ran.peak_kib > 64 * 1024 {
            complain(format!("{} KiB resident", ran.peak_kib));
        }
        let heard = self.peer.heard();
        for word in self.never_hears.iter().filter(|word| heard.contains(**word)) {
            complain(format!("heard {word}:\n{heard}"));
        }
        for word in self.says.iter().filter(|word| !said.contains(**word)) {
            complain(format!("does not say {word}\n{said}"));
        }
        for word in self.hides.iter().filter(|word| said.contains(**word)) {
            complain(format!("shows {word}\n{said}"));
        }
        if self.peer.connections() != 1 {
            complain(format!("{} connections", self.peer.connections()));
        }
        if let Some(check) = self.check {
            check(case);
        }
        println!("{:<60} {end:.50} · {took:.1?} · {} KiB", self.name, ran.peak_kib);
        wrong
    }
}

/// Plays rows of the table, a few at a time, and judges the program.
pub fn assault(attacks: &[Attack]) {
    let dir = Dir::new();
    Pki::shared().write(&dir);
    dir.write("big.eml", "Subject: big\r\n\r\n".to_owned() + &"0123456789abcdef\r\n".repeat(1 << 20));
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        // Most of them wait for a deadline.
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some((number, attack)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, attacks.get(n)?)))
                {
                    let found = attack.play(&dir, number);
                    wrong.lock().expect("no row panics").extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no row panics");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
