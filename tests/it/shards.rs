//! A run in parts.

use std::collections::BTreeSet;
use std::time::Duration;

use super::run::{ids, relay, run, write};
use crate::support::{Dir, Peer};

#[test]
fn shards_are_disjoint_and_together_the_whole() {
    let (dir, peer) = (Dir::new(), Peer::play(relay));
    let scenarios: Vec<_> = (0..9).map(|n| format!("name: case {n}")).collect();
    write(&dir, &peer, &scenarios.iter().map(String::as_str).collect::<Vec<_>>());
    let mut all = BTreeSet::new();
    let mut sum = 0;
    for n in 0..3 {
        let ran = run(&dir, &["--shard", &format!("{n}/3"), "--report", "json=r.json"]);
        ran.status(0);
        let report: serde_json::Value = serde_json::from_str(&dir.read("r.json")).unwrap();
        let cases = report["cases"].as_array().unwrap();
        sum += cases.len();
        all.extend(cases.iter().map(|case| case["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!((sum, all.len()), (9, 9));
    // One case can be in one shard of a hundred only; the others are empty.
    let empty = |n: usize| run(&dir, &["--filter", "relay/case-0", "--shard", &format!("{n}/100")]);
    let ran = (0..2).map(empty).find(|ran| ran.stdout.contains("shard")).expect("one of two is empty");
    ran.status(0).says("this shard is empty");
    run(&dir, &["--shard", "3/3"]).status(2).says("from 0 to 2");
}

#[test]
fn shards_balanced_by_a_report_are_disjoint_and_together_the_whole() {
    let peer = Peer::play(|conn| {
        conn.hello(&[])?;
        let slow = conn.answer("MAIL", "250 2.1.0 ok\r\n")?.contains("slow@");
        conn.line()?;
        conn.wait(Duration::from_millis(if slow { 400 } else { 1 }));
        conn.say("250 2.1.5 ok\r\n")?;
        conn.bye()
    });
    let dir = Dir::new();
    let mut scenarios: Vec<_> = (0..8).map(|n| format!("name: case {n}, stop_after: rcpt_to")).collect();
    scenarios.push("name: long, mail_from: slow@x.test, stop_after: rcpt_to".to_owned());
    write(&dir, &peer, &scenarios.iter().map(String::as_str).collect::<Vec<_>>());
    run(&dir, &["--report", "json=last.json"]).status(0);
    let part = |n: usize| {
        let shard = format!("{n}/3");
        ids(run(&dir, &["--shard", &shard, "--shard-by", "last.json", "--report", "json"]).status(0))
    };
    let parts = [part(0), part(1), part(2)];
    assert_eq!(parts.iter().map(BTreeSet::len).sum::<usize>(), 9);
    assert_eq!(parts.iter().flatten().collect::<BTreeSet<_>>().len(), 9);
    let long = parts.iter().find(|part| part.contains("relay/long")).expect("it is in one of them");
    assert_eq!(long.len(), 1, "it takes as long as all others together");
    run(&dir, &["--shard-by", "last.json"]).status(2).says("--shard");
    run(&dir, &["--shard", "0/2", "--shard-by", "relay.yaml"]).status(2).says("--shard-by: relay.yaml");
}

#[test]
fn an_empty_shard_is_well_in_every_format() {
    let (dir, peer) = (Dir::new(), Peer::unvisited());
    write(&dir, &peer, &["name: one"]);
    let empty = (0..2).map(|n| format!("{n}/100")).find(|shard| {
        run(&dir, &["--shard", shard, "--up-to", "connect"]).stdout.contains("this shard is empty")
    });
    let shard = empty.expect("one of two shards is empty");
    for (format, says) in [
        ("terminal", "nothing to play: this shard is empty"),
        ("nagios", "RELAYPROBE OK - nothing to play"),
        ("json", "\"total\":0"),
        ("ndjson", "\"total\":0"),
        ("junit", "tests=\"0\""),
        ("tap", "1..0"),
        ("csv", "id,suite"),
        ("markdown", "nothing to play"),
        ("github", "::notice title=relayprobe::nothing to play"),
        ("prometheus", "relayprobe_cases{outcome=\"failed\"} 0"),
        ("html", "Nothing was played"),
    ] {
        let ran = run(&dir, &["--shard", &shard, "--report", format]);
        assert!(ran.status(0).stdout.contains(says), "{format}: {}", ran.stdout);
    }
    dir.write("well.json", run(&dir, &["--shard", &shard, "--report", "json"]).stdout);
    let ran = run(&dir, &["--failed", "well.json", "--report", "nagios"]);
    assert!(ran.status(0).stdout.starts_with("RELAYPROBE OK - nothing to play"), "{}", ran.stdout);
}

#[test]
fn an_empty_shard_has_an_empty_report() {
    let (dir, peer) = (Dir::new(), Peer::unvisited());
    write(&dir, &peer, &["name: one"]);
    let empty = (0..2).find_map(|n| {
        let shard = format!("{n}/100");
        let ran = run(
            &dir,
            &["--shard", &shard, "--report", "json=r.json", "--report", "junit=r.xml", "--up-to", "connect"],
        );
        ran.stdout.contains("empty").then_some(ran)
    });
    empty.expect("one of two shards is empty").status(0);
    let report: serde_json::Value = serde_json::from_str(&dir.read("r.json")).unwrap();
    assert_eq!((&report["summary"]["total"], &report["cases"]), (&0.into(), &serde_json::json!([])));
    assert!(dir.read("r.xml").contains("<testsuites"));
}
