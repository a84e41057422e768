//! `relayprobe compare`: what counts as a change between runs against real servers, and
//! how it is told.

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
    report(&dir, "before.json", &[]).status(1);
    report(&dir, "again.json", &[]).status(1);
    let at = format!("mx=127.0.0.1:{}", relays.new);
    report(&dir, "after.json", &["--target", &at]).status(1);

    let same = call(&dir, &["compare", "before.json", "again.json"]);
    same.status(0).says("nothing changes in 7 cases · 1 failed as before · before.json, then again.json\n");
    assert_eq!(same.stdout.lines().count(), 1, "{}", same.stdout);
    assert_eq!(call(&dir, &["compare", "-q", "before.json", "again.json"]).status(0).stdout, "");

    let ran = call(&dir, &["compare", "before.json", "after.json"]);
    golden("compare", &still(&ran.status(1).stdout, &dir));

    let json = call(&dir, &["compare", "--json", "before.json", "after.json"]).status(1).json();
    let counted = ["compared", "same", "breaks", "certificate", "cipher", "ehlo", "failed_as_before"];
    let counted = counted.map(|name| json["summary"][name].as_u64().expect(name));
    assert_eq!(counted, [7, 0, 3, 6, 1, 13, 1], "{json:#}");

    dir.write(
        "accepted/accept.yaml",
        "accept:\n  - case: '*'\n    change: [certificate, cipher, ehlo]\n    because: the new host is another product\n  \
         - case: house/a-scanner-with-tlsv1-0\n    change: breaks\n    because: that scanner is replaced\n    until: 2099-12-31\n  \
         - { case: house/the-crm-relays, change: breaks, because: x, until: 2020-01-01 }\n  \
         - { case: '*', change: mends, because: nothing does }\n",
    );
    let accept = ["compare", "before.json", "after.json", "--accept", "accepted/accept.yaml"];
    let ran = call(&dir, &accept);
    ran.status(1)
        .says("2 of 7 cases break.\n")
        .says("accepted 20 changes, certificate, cipher, ehlo of *: the new host is another product (accepted/accept.yaml:2)")
        .says("that scanner is replaced, until 2099-12-31")
        .says("expired breaks of house/the-crm-relays: accepted until 2020-01-01")
        .says("unused mends of *: no such change (accepted/accept.yaml:");
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
}
