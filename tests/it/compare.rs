//! `relayprobe compare`: what counts as a change between runs against real servers, and
//! how it is told.

use std::path::Path;

use serde_json::Value;

use crate::support::{CutOver, Dir, Lab, Pki, Program, Ran, golden, steady};

/// What the house relies on, each with the answer of the old relay.
const SUITE: &str = "\
suite: What the house relies on
defaults:
  target: mx
  tls: { mode: starttls, ca: ca.pem }
  ehlo: app01.contoso.example
  rcpt_to: someone@elsewhere.example
scenarios:
  - name: the $(application) relays
    mail_from: $(application)@contoso.example
    matrix: { application: [erp, crm] }
  - name: a scanner with $(version)
    tls: { mode: starttls, version: $(version), ca: ca.pem }
    mail_from: scanner@contoso.example
    rcpt_to: office@test
    matrix: { version: [TLSv1.0, TLSv1.2, TLSv1.3] }
  - name: a stranger does not relay
    mail_from: someone@stranger.example
    rcpt_to: sales@partner.example
    expect: 554 5.7.1
  - name: a known fault
    mail_from: someone@stranger.example
    expect: 250
";

/// A folder with the suite, its target being on this port.
fn house(port: u16) -> Dir {
    let dir = Dir::new();
    Pki::shared().write(&dir);
    dir.write("house.yaml", SUITE);
    dir.write("relayprobe.yaml", format!("targets: {{ mx: {{ address: \"127.0.0.1:{port}\" }} }}\n"));
    dir
}

fn call(dir: &Dir, arguments: &[&str]) -> Ran {
    Program::new(dir.path(), arguments).run()
}

/// Plays the suite into a report.
fn report(dir: &Dir, name: &str, arguments: &[&str]) -> Ran {
    let destination = format!("json={name}");
    call(dir, &[&["run", "house.yaml", "--report", &destination][..], arguments].concat())
}

/// What also differs from run to run here: digits of fingerprints, queue ids, days, and
/// with their lengths the widths of the columns beside them.
fn still(text: &str, dir: &Dir) -> String {
    let mut text = steady(text, dir.path());
    for (pattern, with) in [
        (r"sha256 [0-9a-f]{16}…", "sha256 DIGITS…"),
        (r"queued as [0-9A-Za-z]+ *( │|\n|$)", "queued as ID$1"),
        (r"\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?", "DAY"),
    ] {
        text = regex_lite::Regex::new(pattern).expect("it is valid").replace_all(&text, with).into_owned();
    }
    text
}

#[test]
fn a_cut_over_between_two_postfixes_is_told_by_what_it_breaks() {
    let Some(relays) = CutOver::start("a_cut_over_between_two_postfixes_is_told_by_what_it_breaks") else {
        return;
    };
    let dir = house(relays.old);
    let at = |port: u16| format!("mx=127.0.0.1:{port}");
    let versus = |arguments: &[&str]| {
        let both = ["run", "house.yaml", "--target", &at(relays.old), "--versus", &at(relays.new)];
        call(&dir, &[&both[..], arguments].concat())
    };
    let told = versus(&["--report", "json=versus.json", "--report", "html=versus.html"]);
    assert!(told.stderr.is_empty(), "{}", told.stderr);
    let told = still(&told.status(1).stdout, &dir);
    golden("versus", &told);
    assert!(dir.read("versus.html").contains("3 of 7 cases break, 3 lesser changes"));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/cut-over.md");
    let page = std::fs::read_to_string(page).expect("it can be read");
    let shown = page.split("\n$ relayprobe run house.yaml ").nth(1).expect("the guide shows it");
    let shown =
        shown.split_once('\n').and_then(|(_, shown)| shown.split_once("\n```")).expect("a block ends");
    assert_eq!(still(&format!("{}\n", shown.0), &dir), told, "docs/guide/cut-over.md shows another result");

    report(&dir, "before.json", &[]).status(1);
    report(&dir, "again.json", &[]).status(1);
    report(&dir, "after.json", &["--target", &at(relays.new)]).status(1);
    let same = call(&dir, &["compare", "before.json", "again.json"]);
    same.status(0).says("nothing changes in 7 cases · 1 failed as before · before.json, then again.json\n");
    assert_eq!(same.stdout.lines().count(), 1, "{}", same.stdout);
    assert_eq!(call(&dir, &["compare", "-q", "before.json", "again.json"]).status(0).stdout, "");

    // The two ways to the same question have the same answer.
    let json = call(&dir, &["compare", "--json", "before.json", "after.json"]).status(1).json();
    let written: Value = serde_json::from_str(&dir.read("versus.json")).expect("JSON");
    assert_eq!(json["summary"], written["summary"]);
    let counted = ["compared", "same", "breaks", "certificate", "cipher", "ehlo", "failed_as_before"];
    let counted = counted.map(|name| json["summary"][name].as_u64().expect(name));
    assert_eq!(counted, [7, 0, 3, 6, 1, 13, 1], "{json:#}");

    let accept = "accept:
  - case: '*'
    change: [certificate, cipher, ehlo]
    because: the new host is another product
  - case: house/a-scanner-with-tlsv1-0
    change: breaks
    because: that scanner is replaced
    until: 2099-12-31
  - { case: house/the-crm-relays, change: breaks, because: x, until: 2020-01-01 }
  - { case: '*', change: mends, because: nothing does }
";
    dir.write("accepted/accept.yaml", accept);
    versus(&["--accept", "accepted/accept.yaml"])
        .status(1)
        .says("2 of 7 cases break.\n")
        .says("accepted 20 changes, certificate, cipher, ehlo of *: the new host is another product (accepted/accept.yaml:2)")
        .says("that scanner is replaced, until 2099-12-31")
        .says("expired breaks of house/the-crm-relays: accepted until 2020-01-01")
        .says("unused mends of *: no such change (accepted/accept.yaml:");
    let rest = ["--accept", "accepted/accept.yaml", "-q", "--filter", "*scanner*"];
    assert_eq!(versus(&rest).status(0).stdout, "");
}

#[test]
fn against_a_baseline_only_changes_count() {
    let Some(relays) = CutOver::start("against_a_baseline_only_changes_count") else { return };
    let dir = house(relays.old);
    report(&dir, "known.json", &[]).status(1).says("1 failed, 6 passed");
    let against = |arguments: &[&str]| {
        call(&dir, &[&["run", "house.yaml", "--baseline", "known.json"][..], arguments].concat())
    };
    // A known fault is told and is no reason to wake anybody.
    against(&[])
        .status(0)
        .says("nothing changes in 7 cases · 1 failed as before · known.json, then this run");
    let quiet = against(&["-q", "--report", "json=now.json"]);
    assert_eq!((quiet.status(0).stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let now: Value = serde_json::from_str(&dir.read("now.json")).expect("JSON");
    assert_eq!(now["summary"]["failed"], 1, "the report is the run's own");
    // Some cases alone: the others are not lost.
    against(&["--filter", "*relays"]).status(0).says("not played 5 cases of the earlier run");

    let new = format!("mx=127.0.0.1:{}", relays.new);
    against(&["--target", &new]).status(1).says("3 of 7 cases break").says("1 failed as before");
    against(&["--target", "mx=127.0.0.1:1"]).status(3).says("7 of 7 cases break");
    dir.write("house.yaml", SUITE.replace("    expect: 250\n", "    expect: 554\n"));
    against(&[]).status(1).says("nothing breaks in 7 cases, 1 mends").says("the file expects something else");
    dir.write("house.yaml", SUITE.replace("name: a known fault", "name: a new fault"));
    against(&[]).status(1).says("1 new case fails, 1 is lost");

    call(&dir, &["run", "house.yaml", "--baseline", "none.json"])
        .status(2)
        .says("none.json: no such file")
        .says("relayprobe run --report json=FILE");
    // It is no advice to write a report over that.
    let other = call(&dir, &["run", "house.yaml", "--baseline", "house.yaml"]);
    other.status(2).says("house.yaml is no report of a run");
    assert!(!other.stderr.contains("json=house.yaml"), "{}", other.stderr);
    call(&dir, &["run", "house.yaml", "--accept", "x.yaml"]).status(2).says("--accept is about a comparison");
}

#[test]
fn the_bounds_of_a_target_hold_for_both_sides_of_versus() {
    let Some(relays) = CutOver::start("the_bounds_of_a_target_hold_for_both_sides_of_versus") else { return };
    let dir = house(relays.old);
    let port = relays.old;
    let project = format!(
        "targets:\n  mx: {{ address: \"127.0.0.1:{port}\", up_to: mail_from }}\n  other: {{ address: \"127.0.0.1:{port}\" }}\n"
    );
    dir.write("relayprobe.yaml", project);
    let suite = "scenarios:\n  - { name: a, target: mx, mail_from: erp@contoso.example, rcpt_to: office@test }\n  - { name: b, target: other, stop_after: ehlo }\n";
    dir.write("two.yaml", suite);
    let versus = format!("mx=127.0.0.1:{}", relays.new);
    let ran = call(&dir, &["run", "two.yaml", "--versus", &versus, "--report", "json=versus.json"]);
    ran.status(1).says("left out 1 case of targets that --versus does not name");
    let json: Value = serde_json::from_str(&dir.read("versus.json")).expect("JSON");
    let [case] = json["cases"].as_array().expect("a list").as_slice() else { panic!("{json:#}") };
    assert_eq!(
        (&case["before"]["stage"], &case["after"]["stage"]),
        (&"mail_from".into(), &"mail_from".into())
    );
    assert_eq!(case["changes"][0]["kind"], "ehlo");

    let lab = Lab::shared();
    let forged = |arguments: &[&str]| {
        let run = ["run", "scenarios/recipients.yaml", "--versus", "mx=192.0.2.1:25"];
        Program::new(lab.path(), run.iter().chain(arguments)).run()
    };
    forged(&[]).status(2).says("--versus mx=192.0.2.1:25 points a simulator target").says("--up-to rcpt_to");
    forged(&["--up-to", "ehlo", "--report", "junit=x.xml"]).status(2).says("written as json or html");
    call(&dir, &["run", "two.yaml", "--versus", &format!("mx=127.0.0.1:{port}")])
        .status(2)
        .says("none of 2 cases has another server");
    call(&dir, &["run", "two.yaml", "--versus", "my=127.0.0.1:25"]).status(2).says("did you mean `mx`?");
}

#[test]
fn a_run_against_the_simulator_is_as_its_rerun() {
    let lab = Lab::shared();
    let folder = lab.project("twice");
    for file in ["one.json", "two.ndjson"] {
        let format = file.split('.').next_back().expect("it has an ending");
        let report = format!("{format}={}", folder.join(file).display());
        Program::new(lab.path(), ["run", "scenarios", "--report", &report]).run().status(0);
    }
    let ran = Program::new(&folder, ["compare", "one.json", "two.ndjson", "-v"]).run();
    let ran = ran.status(0);
    assert!(ran.stdout.starts_with("nothing changes in "), "{}", ran.stdout);
    ran.says(" · one.json, then two.ndjson · simulated, rules as of 10 days from ");
    let again = ["run", "scenarios/recipients.yaml", "--baseline", "one.json", "--filter", "recipients/*"];
    let one = folder.join("one.json").display().to_string();
    let again = again.map(|word| if word == "one.json" { one.as_str() } else { word });
    Program::new(lab.path(), again).run().status(0).says("this run · before simulated, rules as of 10 days");
    let broken = ["run", "scenarios/recipients.yaml", "--versus", "mx=127.0.0.1:1", "--report", "json"];
    let ran = Program::new(lab.path(), broken).run();
    let told = ran.status(3).json();
    assert_eq!(told["before"]["as_of"], serde_json::json!(["2026-11-01"]), "{told:#}");
    assert_eq!(told["after"]["as_of"], serde_json::json!([]), "{told:#}");
}

#[test]
fn a_server_that_was_not_reached_before_either_is_told_even_quietly() {
    let dir = house(1);
    report(&dir, "down.json", &[]).status(3);
    let again = call(&dir, &["run", "house.yaml", "--baseline", "down.json", "-q"]);
    again
        .status(3)
        .says("nothing changes in 7 cases · 7 failed as before · 7 cases did not reach the server");
}

#[test]
fn a_later_run_that_was_cut_off_is_no_proof_that_nothing_changed() {
    let dir = house(1);
    report(&dir, "whole.json", &[]).status(3);
    let cut = dir.read("whole.json").replace(r#""interrupted":false"#, r#""interrupted":true"#);
    dir.write("cut.json", cut);
    let ran = call(&dir, &["compare", "-q", "whole.json", "cut.json"]);
    ran.status(3).says("nothing changes in 7 cases").says("the later run was interrupted");
    call(&dir, &["compare", "cut.json", "whole.json"]).status(0).says("the earlier run was interrupted");
}

#[test]
fn golden_every_kind_of_change_hostile_text_included() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/compare");
    let terms = ["before.json", "after.json", "--latency-factor", "3", "--accept", "accept.yaml"];
    let ran = Program::new(&folder, ["compare"].iter().chain(&terms)).run();
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{202e}'));
    golden("compare-kinds", &ran.status(1).stdout);
    let ran = Program::new(&folder, ["compare", "--json"].iter().chain(&terms)).run();
    golden("compare-json", &ran.status(1).stdout);
    let ran = Program::new(&folder, ["compare", "--report", "html"].iter().chain(&terms)).run();
    let page = &ran.status(1).stdout;
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    for told in [
        "BREAKS",
        "OPENS",
        "hostile/it-mends",
        "not trusted: expired",
        "the old &quot;&lt;queue&gt;&quot; is gone",
    ] {
        assert!(page.contains(told), "{told}\n{page}");
    }
    // What the server said is text, and nothing in the page runs or is fetched.
    assert!(page.contains("&lt;script&gt;alert(") && !page.contains("<script"), "{page}");
    assert!(page.contains("script-src 'none'") && !page.contains("http://") && !page.contains("src="));
    assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
}

#[test]
fn what_cannot_be_compared_is_bad_input() {
    let dir = Dir::new();
    dir.write("no.json", "{ \"schema\": 1 }");
    dir.write("accept.yaml", "accept:\n  - { case: a, change: ehlo }\n");
    call(&dir, &["compare", "none.json", "no.json"]).status(2).says("none.json: no such file");
    call(&dir, &["compare", "no.json", "no.json"]).status(2).says("no.json is no report of a run");
    let ran = call(&dir, &["compare", "no.json", "no.json", "--accept", "accept.yaml"]);
    ran.status(2).says("`because` is missing").says("accept.yaml:2");
    call(&dir, &["compare", "no.json", "no.json", "--latency-factor", "1"])
        .status(2)
        .says("a number above 1");
    let empty = "{ \"schema\": 1, \"tool\": \"x\", \"run\": { \"id\": \"x\", \"started\": \"2026-11-01T12:00:00Z\", \
                 \"duration_ms\": 1, \"interrupted\": false }, \"summary\": { \"total\": 0, \"passed\": 0, \"failed\": 0, \
                 \"error\": 0, \"skipped\": 0, \"flaky\": 0 }, \"cases\": [] }";
    dir.write("empty.json", empty);
    call(&dir, &["compare", "empty.json", "empty.json"]).status(2).says("nothing to compare");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/compare");
    let twice = ["compare", "before.json", "after.json", "--report", "json", "--report", "html"];
    Program::new(&golden, twice).run().status(2).says("two reports go to standard output");
    let nowhere = ["compare", "before.json", "after.json", "--report", "html=/no/such/folder/x.html"];
    Program::new(&golden, nowhere).run().status(3).says("cannot write the comparison");
}
