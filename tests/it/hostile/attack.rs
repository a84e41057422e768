//! One hostile server, and a group of them played.

use std::io;
use std::time::Duration;

use crate::support::{Conn, Dir, Peer, Pki, Played, ending, play_with};

/// One hostile server and what must come of it.
pub struct Attack {
    name: &'static str,
    keys: String,
    expected: &'static [&'static str],
    never_hears: &'static [&'static str],
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

    /// More time than the deadline of one reply.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }
}

/// Plays a group of hostile servers and judges the program.
pub fn assault(attacks: Vec<Attack>) -> Played {
    let dir = Dir::new();
    Pki::shared().write(&dir);
    dir.write("big.eml", "Subject: big\r\n\r\n".to_owned() + &"0123456789abcdef\r\n".repeat(1 << 20));
    let mut yaml = String::from(
        "suite: hostile\ndefaults:\n  ehlo: client.test\n  mail_from: a@client.test\n  rcpt_to: b@peer.test\n  subject: BODY-MARK\n  timeout: { connect: 1s, tls: 1s, reply: 1s, session: 3s }\nscenarios:\n",
    );
    for attack in &attacks {
        yaml +=
            &format!("  - name: {:?}\n    target: {}\n{}", attack.name, attack.peer.address(), attack.keys);
    }
    let played = play_with(&dir, &yaml, &["--deliver", "-j", "64"]);
    assert!(!played.ran.stderr.contains("panicked at"), "{}", played.ran.stderr);
    let mut wrong = Vec::new();
    for attack in &attacks {
        let case = played.case(attack.name);
        let end = ending(case);
        let (outcome, decisive) = end.split_once(' ').unwrap_or((&end, ""));
        let after_stage = decisive.split_once(' ').map_or("", |(_, rest)| rest);
        let fits = attack.expected.iter().any(|expected| match *expected {
            "passed" => outcome == "passed",
            expected => {
                outcome != "passed" && (decisive.starts_with(expected) || after_stage.starts_with(expected))
            }
        });
        if !fits {
            wrong.push(format!("{}: expected {}, got {end}", attack.name, attack.expected.join(" or ")));
        }
        let took = Duration::from_secs_f64(case["timings_ms"]["total"].as_f64().unwrap_or(0.0) / 1_000.0);
        if took > attack.within {
            wrong.push(format!("{}: took {took:?}, at most {:?}", attack.name, attack.within));
        }
        let heard = attack.peer.heard();
        for word in attack.never_hears {
            if heard.contains(word) {
                wrong.push(format!("{}: heard {word}:\n{heard}", attack.name));
            }
        }
        if attack.peer.connections() != 1 {
            wrong.push(format!("{}: {} connections", attack.name, attack.peer.connections()));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), played.ran.stderr);
    assert!(played.ran.peak_kib <= 64 * 1024, "{} KiB resident", played.ran.peak_kib);
    played
}
