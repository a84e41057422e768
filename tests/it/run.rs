//! `run` as its users know it: what is selected, how far it goes, what it
//! prints, how it ends.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Conn, Dir, Peer, Program, Ran};

/// A server that refuses recipients named `no`, and with 450 those named
/// `later`; everything else it takes.
pub(super) fn relay(conn: &mut Conn) -> io::Result<()> {
    conn.say("220 peer.test ESMTP\r\n")?;
    loop {
        let line = conn.line()?.to_ascii_uppercase();
        match line.split([' ', ':']).next().unwrap_or_default() {
            "RCPT" if line.contains("<NO@") => conn.say("550 5.7.1 Relay access denied\r\n")?,
            "RCPT" if line.contains("<LATER@") => conn.say("450 4.2.0 Greylisted\r\n")?,
            "DATA" => {
                conn.say("354 go\r\n")?;
                conn.message()?;
                conn.say("250 2.6.0 Queued\r\n")?;
            }
            "QUIT" => return conn.say("221 2.0.0 bye\r\n"),
            _ => conn.say("250 2.1.0 OK\r\n")?,
        }
    }
}

/// Writes a scenario file of these scenarios, one a line, against a server.
pub(super) fn write(dir: &Dir, peer: &Peer, scenarios: &[&str]) {
    let mut text = format!(
        "suite: relay\ndefaults: {{ target: '{}', mail_from: a@x.test, rcpt_to: yes@x.test }}\nscenarios:\n",
        peer.address()
    );
    for scenario in scenarios {
        text += &format!("  - {{ {scenario} }}\n");
    }
    dir.write("relay.yaml", text);
}

pub(super) fn run(dir: &Dir, arguments: &[&str]) -> Ran {
    Program::new(dir.path(), ["run", "relay.yaml"].iter().chain(arguments)).run()
}

/// The ids of a JSON report on standard output.
pub(super) fn ids(ran: &Ran) -> BTreeSet<String> {
    let report = ran.json();
    let cases = report["cases"].as_array().expect("a list of cases").clone();
    cases.iter().map(|case| case["id"].as_str().expect("an id").to_owned()).collect()
}

const MIXED: [&str; 4] = [
    "name: good, expect: 250",
    "name: refused as expected, rcpt_to: no@x.test, expect: 550 5.7.1",
    "name: refused, rcpt_to: no@x.test, expect: 250, tags: [wrong]",
    "name: accepted, expect: 550, tags: [wrong, open]",
];

#[test]
fn the_status_says_how_it_ended() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    write(&dir, &peer, &MIXED);
    let ran = run(&dir, &[]);
    ran.status(1).says("FAILED  relay/refused ").says("FAILED  relay/accepted ");
    assert!(
        ran.stdout.lines().last().unwrap().starts_with("2 failed, 2 passed · against "),
        "{}",
        ran.stdout
    );
    run(&dir, &["--skip-tag", "wrong"]).status(0).says("2 passed");
    // A server that is not there weighs more than a failure.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = format!("name: away, target: '{free}'");
    let mut more = MIXED.to_vec();
    more.push(&away);
    write(&dir, &peer, &more);
    run(&dir, &[]).status(3).says("2 failed, 1 error, 2 passed");
}

#[test]
fn the_command_of_a_failure_plays_that_case_alone() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    dir.write("relayprobe.yaml", "targets: { elsewhere: { address: 'relay.invalid:25' } }\n");
    let scenarios = "suite: x\nvars: { who: nobody }\nscenarios:
  - { name: it's $(who), target: elsewhere, mail_from: a@x.test, rcpt_to: no@x.test, expect: 250 }
  - { name: other, target: elsewhere, mail_from: a@x.test, rcpt_to: yes@x.test, expect: 250 }\n";
    dir.write("relay.yaml", scenarios);
    let target = format!("elsewhere={}", peer.address());
    let ran = run(&dir, &["--target", &target, "--set", "who=some body", "--up-to", "rcpt_to"]);
    ran.status(1);
    let again = ran.stdout.lines().find_map(|line| line.strip_prefix("  again     relayprobe ")).unwrap();
    assert!(again.contains("--set 'who=some body'"), "{again}");
    let words = std::process::Command::new("sh")
        .args(["-c", &format!("printf '%s\\n' {again}")])
        .output()
        .expect("sh starts");
    let words = String::from_utf8(words.stdout).unwrap();
    let alone = Program::new(dir.path(), words.lines()).run();
    alone.status(1).says("1 failed · against elsewhere").says("relay/it-s-some-body");
}

#[test]
fn quiet_is_silent_when_all_is_well_and_only_then() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    write(&dir, &peer, &MIXED);
    let well = run(&dir, &["-q", "--skip-tag", "wrong"]);
    well.status(0);
    assert_eq!((&*well.stdout, &*well.stderr), ("", ""));
    run(&dir, &["-q"]).status(1).says("FAILED  relay/refused ").says("2 failed, 2 passed");
}

#[test]
fn nothing_but_the_result_is_printed_into_a_pipe() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    write(&dir, &peer, &["name: a", "name: b", "name: c"]);
    let ran = run(&dir, &[]);
    ran.status(0);
    assert_eq!(ran.stderr, "", "no progress into a pipe");
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'));
    assert!(run(&dir, &["--color", "always"]).stdout.contains('\u{1b}'));
}

#[test]
fn a_report_without_a_file_takes_the_place_of_the_result() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    write(&dir, &peer, &MIXED);
    let json = run(&dir, &["--report", "json", "--report", "junit=r.xml"]);
    json.status(1);
    assert_eq!(json.json()["summary"]["failed"], 2);
    assert_eq!(dir.read("r.xml").matches("<testcase ").count(), 4);
    let ndjson = run(&dir, &["--report", "ndjson"]);
    let lines: Vec<serde_json::Value> =
        ndjson.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[4]["summary"]["total"], 4);
    run(&dir, &["--report", "yaml"]).status(2).says("json, ndjson, html, junit");
    run(&dir, &["--report", "json", "--report", "ndjson"]).status(2).says("both go to standard output");
}

#[test]
fn only_what_failed_is_played_again() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    write(&dir, &peer, &MIXED);
    run(&dir, &["--report", "json=before.json"]).status(1);
    let again = run(&dir, &["--failed", "before.json", "--report", "json"]);
    again.status(1);
    assert_eq!(ids(&again), ["relay/accepted", "relay/refused"].map(str::to_owned).into());
    run(&dir, &["--skip-tag", "wrong", "--report", "json=well.json"]).status(0);
    run(&dir, &["--failed", "well.json"]).status(0).says("no case failed in well.json");
    run(&dir, &["--failed", "relay.yaml"]).status(2).says("relay.yaml is no report of a run");
    run(&dir, &["--failed", "nowhere.json"]).status(2).says("nowhere.json");
}

#[test]
fn what_an_interruption_cut_off_is_played_with_what_failed() {
    // It does not answer `wait` as long as nobody has interrupted.
    let patient = Arc::new(AtomicUsize::new(1));
    let hangs = Arc::clone(&patient);
    let peer = Peer::play(move |conn| {
        conn.say("220 peer.test ESMTP\r\n")?;
        loop {
            let line = conn.line()?.to_ascii_uppercase();
            match line.split([' ', ':']).next().unwrap_or_default() {
                "MAIL" if line.contains("<WAIT@") && hangs.load(Ordering::Acquire) > 0 => {
                    return conn.drain();
                }
                "RCPT" if line.contains("<NO@") => conn.say("550 5.7.1 Relay access denied\r\n")?,
                "QUIT" => return conn.say("221 2.0.0 bye\r\n"),
                _ => conn.say("250 2.1.0 OK\r\n")?,
            }
        }
    });
    let dir = Dir::new();
    let short = |scenario: &str| format!("{scenario}, stop_after: rcpt_to");
    let scenarios = [
        short("name: good"),
        short("name: bad, rcpt_to: no@x.test"),
        short("name: not yet, skip: the summer is over"),
        short("name: under way, mail_from: wait@x.test"),
        short("name: left"),
    ];
    write(&dir, &peer, &scenarios.each_ref().map(String::as_str));
    for report in ["json", "ndjson"] {
        patient.store(1, Ordering::Release);
        let seen = peer.heard().matches("<wait@").count();
        let report = format!("{report}=cut.{report}");
        let running = Program::new(dir.path(), ["run", "relay.yaml", "-j1", "--report", &report]).start();
        while peer.heard().matches("<wait@").count() == seen {
            std::thread::sleep(Duration::from_millis(5));
        }
        running.signal("INT");
        running.end().status(130);
        patient.store(0, Ordering::Release);
        let (_, file) = report.split_once('=').expect("format and file");
        let again = run(&dir, &["--failed", file, "--report", "json"]);
        again.status(1);
        let expected = ["relay/bad", "relay/left", "relay/under-way"].map(str::to_owned);
        assert_eq!(ids(&again), expected.into(), "{file}");
        assert_eq!(again.json()["summary"]["passed"], 2);
    }
}

#[test]
fn flags_that_do_not_go_together_say_why_and_what_to_do() {
    let (dir, peer) = (Dir::new(), Peer::unvisited());
    write(&dir, &peer, &["name: one"]);
    let versus = ["--versus", "relay=127.0.0.1:1"];
    for (flags, says) in [
        ([versus[0], versus[1], "--state", "s"], "run it without --state"),
        ([versus[0], versus[1], "--baseline", "b.json"], "give one of them"),
        (["--baseline", "b.json", "--state", "s"], "give one of them"),
        ([versus[0], versus[1], "--fail-fast", "-v"], "leave --fail-fast out"),
        (["--failed", "r.json", "--state", "s"], "run --failed without --state"),
    ] {
        run(&dir, &flags).status(2).says(says);
    }
}

#[test]
fn a_thousand_cases_get_by_with_few_open_files() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    let peer_address = peer.address();
    dir.write(
        "relayprobe.yaml",
        format!("targets: {{ t: {{ address: '{peer_address}', max_connections: 500 }} }}\n"),
    );
    let axis: Vec<_> = (0..1000).map(|n| n.to_string()).collect();
    dir.write(
        "relay.yaml",
        format!(
            "suite: x\nscenarios:\n  - {{ name: case $(n), target: t, mail_from: a$(n)@x.test, matrix: {{ n: [{}] }} }}\n",
            axis.join(", ")
        ),
    );
    let program = env!("CARGO_BIN_EXE_relayprobe");
    let out = std::process::Command::new("sh")
        .current_dir(dir.path())
        .args(["-c", &format!("ulimit -n 64; {program} run relay.yaml -j 500")])
        .output()
        .expect("sh starts");
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(said.contains("1000 passed"), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn nothing_is_played_past_up_to() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    write(
        &dir,
        &peer,
        &[
            "name: plain, expect: 250",
            "name: at rcpt, rcpt_to: no@x.test, expect: 550",
            "name: by stage, expect: { message: 250 2.6.0 }",
            "name: by text, expect: 250 2.6.0 Queued",
            "name: never comes, expect: 554",
        ],
    );
    let ran = run(&dir, &["--up-to", "rcpt_to"]);
    ran.status(1).says("FAILED  relay/never-comes ").says("when up_to ended the session at rcpt_to");
    ran.says("1 failed, 2 passed, 2 skipped").says("past up_to: rcpt_to");
    assert!(!peer.heard().contains("DATA"), "{}", peer.heard());
    run(&dir, &["--up-to", "rctp_to"]).status(2).says("rcpt_to");
}

#[test]
fn a_simulator_target_goes_to_a_real_server_only_with_leave() {
    let dir = Dir::new();
    dir.write(
        "relayprobe.yaml",
        "simulator: { tenants: tenants.yaml, as_of: 2026-11-01 }\ntargets: { mx: { simulator: mx } }\n",
    );
    dir.write(
        "tenants.yaml",
        "tenants: [{ name: Contoso, AcceptedDomain: [{ DomainName: contoso.com }] }]\n",
    );
    dir.write(
        "relay.yaml",
        "suite: x\nscenarios:\n  - { name: forged, target: mx, mail_from: a@contoso.com, rcpt_to: b@contoso.com }\n",
    );
    // TEST-NET-1: nobody is there, and with --timeout nobody waits.
    let away = ["--target", "mx=192.0.2.1:25", "--timeout", "50ms"];
    let ran = run(&dir, &away);
    ran.status(2).says("--up-to rcpt_to").says("--deliver").says("nothing was sent");
    for leave in [&["--up-to", "rcpt_to"][..], &["--deliver"]] {
        run(&dir, &[&away, leave].concat()).status(3).says("connect");
    }
    let peer = Peer::play(relay);
    run(&dir, &["--target", &format!("mx={}", peer.address())]).status(0).says("against mx");
    run(&dir, &["--project", "nope.yaml"]).status(2).says("nope.yaml: no such file").says("1 error;");
    run(&dir, &["--timeout", "0s"]).status(2).says("no server answers in no time");
    run(&dir, &["--target", "xm=127.0.0.1:25"]).status(2).says("did you mean `mx`?");
    run(&dir, &[]).status(0).says("1 passed · simulated, rules as of 2026-11-01");
}

#[test]
fn a_simulator_that_runs_elsewhere_on_this_host_is_given_the_passwords_of_the_lab() {
    let dir = Dir::new();
    dir.write(
        "relayprobe.yaml",
        "simulator: { tenants: tenants.yaml, as_of: 2026-11-01 }\ntargets: { submission: { simulator: submission } }\n\
         accounts: { scan: { username: scan@contoso.com, targets: submission } }\n",
    );
    dir.write(
        "tenants.yaml",
        "tenants: [{ name: Contoso, lab: { passwords: { scan@contoso.com: correct horse } } }]\n",
    );
    dir.write(
        "relay.yaml",
        "scenarios: [{ name: a, target: submission, auth: { mechanism: PLAIN, account: scan, force: true } }]\n",
    );
    let peer = Peer::play(relay);
    run(&dir, &["--target", &format!("submission={}", peer.address())]).status(0);
    // \0scan@contoso.com\0correct horse
    assert!(
        peer.heard().contains("AUTH PLAIN AHNjYW5AY29udG9zby5jb20AY29ycmVjdCBob3JzZQ==\r\n"),
        "{}",
        peer.heard()
    );
}

#[test]
fn a_retry_that_was_asked_for_makes_a_late_pass_flaky() {
    let sessions = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sessions);
    let peer = Peer::play(move |conn| {
        let nth = count.fetch_add(1, Ordering::AcqRel);
        conn.hello(&[])?;
        conn.answer("MAIL", "250 2.1.0 ok\r\n")?;
        conn.answer("RCPT", if nth.is_multiple_of(2) { "450 4.2.0 later\r\n" } else { "250 2.1.5 ok\r\n" })?;
        conn.bye()
    });
    let dir = Dir::new();
    write(
        &dir,
        &peer,
        &["name: x, stop_after: rcpt_to, expect: 250, retry: { attempts: 2, delay: 10ms, when: 4xx }"],
    );
    let ran = run(&dir, &["--report", "json=r.json", "--report", "junit=r.xml"]);
    ran.status(0).says("1 passed, 1 flaky");
    let report: serde_json::Value = serde_json::from_str(&dir.read("r.json")).unwrap();
    assert_eq!((&report["cases"][0]["attempts"], &report["cases"][0]["flaky"]), (&2.into(), &true.into()));
    assert!(dir.read("r.xml").contains("<flakyFailure"));

    write(&dir, &peer, &["name: x, stop_after: rcpt_to, expect: 250"]);
    run(&dir, &[]).status(1);
    assert_eq!(sessions.load(Ordering::Acquire), 3, "no retry unless it is asked for");
    run(&dir, &["--retry", "1"]).status(0);
    write(
        &dir,
        &peer,
        &[
            "name: greylisting, stop_after: rcpt_to, expect: { attempts: [450, 250] }, retry: { attempts: 2, delay: 1ms }",
        ],
    );
    let ran = run(&dir, &[]);
    ran.status(0).says("1 passed");
    assert!(!ran.stdout.contains("flaky"), "{}", ran.stdout);
}

/// A server that turns every fifth session away with 421 at RCPT TO.
fn turns_some_away() -> Peer {
    let sessions = AtomicUsize::new(0);
    Peer::play(move |conn| {
        let nth = sessions.fetch_add(1, Ordering::AcqRel);
        conn.hello(&[])?;
        conn.answer("MAIL", "250 2.1.0 ok\r\n")?;
        match nth % 5 {
            0 => conn.answer("RCPT", "421 4.7.66 not now\r\n").map(drop),
            _ => {
                conn.answer("RCPT", "250 2.1.5 ok\r\n")?;
                conn.bye()
            }
        }
    })
}

#[test]
fn a_repeated_case_is_judged_by_its_shares() {
    let (dir, peer) = (Dir::new(), turns_some_away());
    let repeated = |expect: &str| {
        format!("name: x, stop_after: rcpt_to, repeat: {{ times: 20, parallel: 8 }}, {expect}")
    };
    write(&dir, &peer, &[&repeated("expect: { share: { 421 4.7.66: 1%..20%, 250: '>=80%' } }")]);
    let ran = run(&dir, &["-v", "--report", "json=r.json", "--report", "junit=r.xml"]);
    ran.status(0).says("1 passed").says("20 sessions (250 2.1.5: 16, 80%; 421 4.7.66: 4, 20%)");
    let report: serde_json::Value = serde_json::from_str(&dir.read("r.json")).unwrap();
    let case = &report["cases"][0];
    assert_eq!((&report["summary"]["total"], &case["attempts"]), (&1.into(), &1.into()));
    assert_eq!((&case["repeat"]["played"], &case["repeat"]["failed"]), (&20.into(), &0.into()));
    assert_eq!(case["repeat"]["seen"][1], serde_json::json!({ "decisive": "421 4.7.66", "sessions": 4 }));
    assert_eq!(case["repeat"]["shares"][0]["sessions"], 4);

    write(&dir, &peer, &[&repeated("expect: { share: { 421: <=10% } }")]);
    run(&dir, &["--report", "json=r.json"])
        .status(1)
        .says("421 in <=10% of the sessions")
        .says("4 of 20 sessions (250 2.1.5: 16, 80%; 421 4.7.66: 4, 20%)")
        .says("< 421 4.7.66 not now");
    run(&dir, &["--failed", "r.json"]).status(1).says("1 failed");
}

#[test]
fn without_shares_every_session_of_a_repeated_case_must_pass() {
    let (dir, peer) = (Dir::new(), turns_some_away());
    write(&dir, &peer, &["name: x, stop_after: rcpt_to, expect: 250, repeat: { times: 10 }"]);
    run(&dir, &[])
        .status(1)
        .says("421 4.7.66 not now; 2 of 10 sessions (250 2.1.5: 8, 80%; 421 4.7.66: 2, 20%)");
}

#[test]
fn what_cannot_go_with_repeat_is_told() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    for (scenario, fault) in [
        ("name: x, expect: { share: { 250: 5% } }", "`share` without `repeat`"),
        ("name: x, repeat: { times: 3 }, expect: { share: { 250: 50% } }", "no number of 3 sessions is 50%"),
        ("name: x, repeat: { times: 3 }, expect: { attempts: [250] }", "`attempts` judges one session after"),
        ("name: x, repeat: { parallel: 3 }", "`times`"),
        ("name: x, repeat: { times: 0 }", "a whole number from 1 to 100000"),
        ("name: x, repeat: { times: 3 }, expect: { share: { 250: 80 } }", "`80` is no share"),
    ] {
        write(&dir, &peer, &[scenario]);
        let ran = run(&dir, &[]);
        ran.status(2);
        assert!(ran.stderr.contains(fault), "{}", ran.stderr);
    }
}

#[test]
fn a_real_server_gets_four_connections_at_once() {
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let peer = {
        let (open, most) = (Arc::clone(&open), Arc::clone(&most));
        Peer::play(move |conn| {
            most.fetch_max(open.fetch_add(1, Ordering::AcqRel) + 1, Ordering::AcqRel);
            conn.wait(Duration::from_millis(30));
            conn.hello(&[])?;
            open.fetch_sub(1, Ordering::AcqRel);
            conn.bye()
        })
    };
    let dir = Dir::new();
    let names: Vec<_> = (0..16).map(|n| format!("name: case {n}, stop_after: ehlo")).collect();
    write(&dir, &peer, &names.iter().map(String::as_str).collect::<Vec<_>>());
    run(&dir, &["-j", "16"]).status(0).says("16 passed");
    assert_eq!(most.load(Ordering::Acquire), 4);
}

#[test]
fn fail_fast_leaves_the_rest_unplayed() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    let mut scenarios = vec!["name: refused, rcpt_to: no@x.test, expect: 250"];
    let rest: Vec<_> = (0..8).map(|n| format!("name: case {n}")).collect();
    scenarios.extend(rest.iter().map(String::as_str));
    write(&dir, &peer, &scenarios);
    let ran = run(&dir, &["-j", "1", "--fail-fast"]);
    ran.status(1).says("1 failed, 8 skipped").says("--fail-fast");
    assert_eq!(peer.connections(), 1);
}

#[test]
fn a_case_from_another_hosts_address_is_skipped_or_with_strict_bad_input() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    write(&dir, &peer, &["name: here", "name: elsewhere, source_ip: 203.0.113.10"]);
    run(&dir, &[]).status(0).says("1 passed, 1 skipped").says("203.0.113.10 is not an address of this host");
    let before = peer.connections();
    run(&dir, &["--strict"]).status(2).says("203.0.113.10").says("relay/elsewhere");
    assert_eq!(peer.connections(), before, "nothing was sent");
    write(&dir, &peer, &["name: elsewhere, source_ip: 203.0.113.10"]);
    run(&dir, &[]).status(2).says("nothing was played");
}

#[test]
fn a_report_that_breaks_off_is_status_3_and_the_others_are_whole() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    write(&dir, &peer, &["name: good"]);
    let ran = run(&dir, &["--report", "json=/dev/full", "--report", "ndjson=r.ndjson"]);
    ran.status(3).says("cannot write the json report to /dev/full").says("1 passed");
    assert_eq!(dir.read("r.ndjson").lines().count(), 2);
    // A reader that leaves before anything is written has seen enough of a result; a
    // report that nobody got is none.
    let program = env!("CARGO_BIN_EXE_relayprobe");
    for (report, status) in [("", '0'), ("--report json", '3')] {
        let script = format!("{{ sleep 0.2; {program} run relay.yaml {report}; echo $? >&2; }} | true");
        let out = std::process::Command::new("sh")
            .current_dir(dir.path())
            .args(["-c", &script])
            .output()
            .expect("sh");
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(said.trim_end().ends_with(status) && !said.contains("panicked"), "{report}: {said}");
    }
}

#[test]
fn a_second_signal_ends_a_run_at_once() {
    let silent = Peer::play(|conn| {
        conn.hello(&[])?;
        conn.drain()
    });
    let dir = Dir::new();
    write(&dir, &silent, &["name: hangs", "name: hangs too"]);
    let running = Program::new(dir.path(), ["run", "relay.yaml", "--report", "json=r.json"]).start();
    while silent.heard().matches("MAIL").count() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let start = std::time::Instant::now();
    running.signal("INT");
    std::thread::sleep(Duration::from_millis(100));
    running.signal("INT");
    running.end().status(130).says("interrupted");
    assert!(start.elapsed() < Duration::from_millis(900), "took {:?}", start.elapsed());
    let report: serde_json::Value = serde_json::from_str(&dir.read("r.json")).unwrap();
    assert_eq!((&report["run"]["interrupted"], &report["summary"]["skipped"]), (&true.into(), &2.into()));
}
