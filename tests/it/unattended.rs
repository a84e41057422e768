//! Runs that nobody watches: what cron mails, what is remembered, what a kill leaves.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Conn, Dir, Peer, Program, Ran, Running};

/// How the server is disposed at the moment.
const WELL: u8 = 0;
const REFUSES: u8 = 1;
const REFUSES_OTHERWISE: u8 = 2;
const HANGS: u8 = 3;

/// The mood of a server, and how many clients it keeps waiting or has.
#[derive(Default)]
struct Mood {
    now: AtomicU8,
    kept: AtomicUsize,
}

impl Mood {
    fn is(&self, mood: u8) {
        self.now.store(mood, Ordering::Release);
    }
}

/// A server whose mood a test sets; recipients named `no` it always refuses.
fn moody() -> (Peer, Arc<Mood>) {
    let mood = Arc::new(Mood::default());
    let shared = Arc::clone(&mood);
    (Peer::play(move |conn| session(conn, &shared)), mood)
}

fn session(conn: &mut Conn, mood: &Mood) -> io::Result<()> {
    conn.say("220 peer.test ESMTP\r\n")?;
    loop {
        let line = conn.line()?.to_ascii_uppercase();
        match line.split([' ', ':']).next().unwrap_or_default() {
            "RCPT" if line.contains("<NO@") => conn.say("550 5.7.1 never\r\n")?,
            "RCPT" => match mood.now.load(Ordering::Acquire) {
                WELL => conn.say("250 2.1.5 ok\r\n")?,
                REFUSES => conn.say("550 5.7.64 TenantAttribution; Relay Access Denied\r\n")?,
                REFUSES_OTHERWISE => conn.say("451 4.7.0 later\r\n")?,
                _ => {
                    mood.kept.fetch_add(1, Ordering::AcqRel);
                    return conn.drain();
                }
            },
            "QUIT" => return conn.say("221 2.0.0 bye\r\n"),
            _ => conn.say("250 2.1.0 ok\r\n")?,
        }
    }
}

/// Two cases, of which the server's mood decides about the first.
fn two_cases(peer: &Peer) -> Dir {
    let dir = Dir::new();
    let text = format!(
        "suite: relay\ndefaults: {{ target: '{}', mail_from: a@x.test, stop_after: rcpt_to }}\nscenarios:\n\
         \x20 - {{ name: may relay, rcpt_to: yes@x.test, expect: 250 }}\n\
         \x20 - {{ name: may not, rcpt_to: no@x.test, expect: 550 }}\n",
        peer.address()
    );
    dir.write("relay.yaml", text);
    dir
}

fn program(dir: &Dir, arguments: &[&str]) -> Program {
    Program::new(dir.path(), ["run", "relay.yaml"].iter().chain(arguments))
}

fn run(dir: &Dir, arguments: &[&str]) -> Ran {
    program(dir, arguments).run()
}

/// Starts a run that the server will keep waiting, and returns when it waits.
fn hanging(dir: &Dir, mood: &Mood, arguments: &[&str]) -> Running {
    mood.is(HANGS);
    let (before, start) = (mood.kept.load(Ordering::Acquire), Instant::now());
    let running = program(dir, arguments).start();
    while mood.kept.load(Ordering::Acquire) == before {
        assert!(start.elapsed() < Duration::from_secs(30), "the run never got as far as RCPT TO");
        sleep(Duration::from_millis(5));
    }
    running
}

const ON_CHANGE: [&str; 5] = ["-q", "--state", "state", "--notify-on", "change"];

#[test]
fn a_quiet_run_is_silent_or_one_plain_text_with_all_that_is_needed() {
    let (peer, mood) = moody();
    let dir = two_cases(&peer);
    let well = run(&dir, &["-q"]);
    well.status(0);
    assert_eq!((&*well.stdout, &*well.stderr), ("", ""));
    mood.is(REFUSES);
    let bad = run(&dir, &["-q"]);
    bad.status(1).says("1 of 2 cases does not pass\n\nFAILED  relay/may-relay ");
    for part in [
        "  expected  250",
        "  got       550 5.7.64",
        "  meaning ",
        "  to do ",
        "  again     relayprobe run relay.yaml --filter relay/may-relay",
    ] {
        bad.says(part);
    }
    assert!(bad.stdout.ends_with(" ms\n") && !bad.stdout.contains('\u{1b}'), "{}", bad.stdout);
    // As cron has it: no locale at all, so nothing but ASCII.
    let cron = program(&dir, &["-q"]).env("LC_ALL", "C").run();
    cron.status(1).says("1 failed, 1 passed - against ");
    assert!(cron.stdout.is_ascii(), "{}", cron.stdout);
}

#[test]
fn a_change_is_told_once_and_recovery_once() {
    let (peer, mood) = moody();
    let dir = two_cases(&peer);
    let told = |to: u8, status: i32| {
        mood.is(to);
        let ran = run(&dir, &ON_CHANGE);
        ran.status(status);
        assert_eq!(ran.stderr, "");
        ran.stdout
    };
    assert_eq!(told(WELL, 0), "");
    let first = told(REFUSES, 1);
    assert!(first.starts_with("1 of 2 cases does not pass: 1 new, 0 as before\n\nFAILED"), "{first}");
    assert_eq!(told(REFUSES, 1), "");
    assert_eq!(told(REFUSES, 1), "");
    assert!(told(REFUSES_OTHERWISE, 1).contains("got       451 4.7.0 later"));
    assert_eq!(told(REFUSES_OTHERWISE, 1), "");
    let well = told(WELL, 0);
    assert!(well.starts_with("every case that was played passes; 1 well again\n"), "{well}");
    assert!(
        well.contains("  relay/may-relay\n      failed since 20") && well.contains("451 4.7.0"),
        "{well}"
    );
    assert_eq!(told(WELL, 0), "");
}

#[test]
fn a_killed_run_takes_no_news_with_it() {
    let (peer, mood) = moody();
    let dir = two_cases(&peer);
    let killed = || {
        let running = hanging(&dir, &mood, &ON_CHANGE);
        running.signal("KILL");
        assert_eq!(running.end().status, -1);
    };
    run(&dir, &ON_CHANGE).status(0);
    killed();
    mood.is(REFUSES);
    run(&dir, &ON_CHANGE).status(1).says("1 new, 0 as before");
    killed();
    killed();
    mood.is(REFUSES);
    let silent = run(&dir, &ON_CHANGE);
    assert_eq!(silent.status(1).stdout, "");
    killed();
    mood.is(WELL);
    run(&dir, &ON_CHANGE).status(0).says("1 well again");
}

#[test]
fn what_a_terminated_run_did_not_play_stands_as_it_stood() {
    let (peer, mood) = moody();
    let dir = two_cases(&peer);
    mood.is(REFUSES);
    run(&dir, &ON_CHANGE).status(1);
    let running = hanging(&dir, &mood, &ON_CHANGE);
    running.signal("TERM");
    running.end().status(143).says("interrupted");
    mood.is(WELL);
    run(&dir, &ON_CHANGE).status(0).says("1 well again");
}

#[test]
fn two_runs_of_one_state_do_not_overlap() {
    let (peer, mood) = moody();
    let dir = two_cases(&peer);
    let first = hanging(&dir, &mood, &["-q", "--state", "state"]);
    let sessions = peer.connections();
    let second = run(&dir, &["-q", "--state", "state"]);
    second.status(3).says("--state state: another run is going on (process ").says("nothing was sent");
    assert_eq!(peer.connections(), sessions);
    first.signal("KILL");
    first.end();
    mood.is(WELL);
    run(&dir, &["-q", "--state", "state"]).status(0);
}

#[test]
fn what_is_remembered_is_versioned_and_its_loss_is_no_silence() {
    let (peer, mood) = moody();
    let dir = two_cases(&peer);
    mood.is(REFUSES);
    run(&dir, &ON_CHANGE).status(1);
    let state: serde_json::Value = serde_json::from_str(&dir.read("state/last.json")).unwrap();
    assert_eq!(
        (&state["schema"], &state["troubles"]["relay/may-relay"]["outcome"]),
        (&1.into(), &"failed".into())
    );
    dir.write("state/last.json", "{ \"schema\": 1, \"tool\": ");
    run(&dir, &ON_CHANGE).status(1).says("last.json: damaged").says("1 new, 0 as before");
    assert_eq!(run(&dir, &ON_CHANGE).status(1).stdout, "");
    dir.write("state/last.json", "{ \"schema\": 2, \"tool\": \"relayprobe 9.1.0\", \"cases\": {} }");
    run(&dir, &ON_CHANGE).status(2).says("written by a later release (relayprobe 9.1.0)");
    run(&dir, &["--notify-on", "change"]).status(2).says("add --state DIR");
    dir.write("file", "");
    run(&dir, &["--state", "file/below"]).status(3).says("the folder cannot be made");
}

#[test]
fn a_deadline_ends_the_run_and_is_told() {
    let (peer, mood) = moody();
    let dir = two_cases(&peer);
    mood.is(HANGS);
    let start = Instant::now();
    let ran = run(&dir, &["-q", "--deadline", "700ms", "--report", "json=r.json"]);
    ran.status(3)
        .says("interrupted: 1 passed, 1 skipped")
        .says("interrupted by --deadline while it was played");
    assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
    let report: serde_json::Value = serde_json::from_str(&dir.read("r.json")).unwrap();
    assert_eq!(report["run"]["interrupted"], true);
    run(&dir, &["--deadline", "soon"]).status(2);
}

#[test]
fn jitter_spreads_the_starts() {
    let (peer, _) = moody();
    let dir = two_cases(&peer);
    let all: Vec<Running> = (0..8).map(|_| program(&dir, &["-q", "--jitter", "2s"]).start()).collect();
    let longest = all.into_iter().map(|running| running.end().status(0).elapsed).max();
    assert!(
        longest > Some(Duration::from_millis(400)),
        "eight waits of up to 2 s came to {longest:?} at most"
    );
}

#[test]
fn a_killed_run_leaves_the_previous_report() {
    let (peer, mood) = moody();
    let dir = two_cases(&peer);
    let reports = ["--report", "json=r.json", "--report", "ndjson=r.ndjson", "--report", "junit=r.xml"];
    run(&dir, &reports).status(0);
    let read = || ["r.json", "r.ndjson", "r.xml"].map(|name| dir.read(name));
    let before = read();
    let running = hanging(&dir, &mood, &reports);
    running.signal("KILL");
    running.end();
    assert_eq!(read(), before);
    mood.is(WELL);
    run(&dir, &reports).status(0);
    assert_ne!(read(), before, "the next run writes its own");
}

#[test]
fn whoever_asks_by_a_signal_is_told_how_far_it_is() {
    let (peer, mood) = moody();
    let dir = two_cases(&peer);
    let running = hanging(&dir, &mood, &["-q", "--deadline", "3s"]);
    running.signal("USR1");
    let ran = running.end();
    ran.status(3);
    let line = ran.stderr.lines().next().unwrap_or_default();
    let whole = line.starts_with("relayprobe: ")
        && line.contains(" of 2 cases after 1 s")
        && line.contains(" running relay/");
    assert!(whole && line.contains("relay/may-relay"), "{}", ran.stderr);
}

#[test]
fn a_state_that_is_a_file_is_refused_before_anything_is_sent() {
    let (peer, _) = moody();
    let dir = two_cases(&peer);
    dir.write("notes", "mine");
    let ran = run(&dir, &["-q", "--state", "notes"]);
    ran.status(2).says("--state notes: this is no folder");
    assert_eq!((peer.connections(), &*dir.read("notes")), (0, "mine"));
}
