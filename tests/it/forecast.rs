//! `relayprobe forecast`: what changes, under which rules, and how it ends.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{Lab, Program, Ran};

fn forecast(lab: &Arc<Lab>, arguments: &[&str]) -> Ran {
    Program::new(lab.path(), ["forecast"].iter().chain(arguments)).run()
}

/// The differences by id, as a JSON forecast has them; what stays the same is left out.
fn changes(ran: &Ran) -> BTreeMap<String, String> {
    let json = ran.json();
    let cases = json["cases"].as_array().expect("it holds cases").iter();
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    cases
        .map(|case| (text(&case["id"]), text(&case["difference"])))
        .filter(|(_, difference)| difference != "same")
        .collect()
}

fn expected<const N: usize>(changes: [(&str, &str); N]) -> BTreeMap<String, String> {
    changes.into_iter().map(|(id, difference)| (format!("estate/{id}"), difference.to_owned())).collect()
}

const ESTATE: &str = "scenarios/estate.yaml";

#[test]
fn each_day_breaks_what_its_rule_is_about() {
    let lab = Lab::shared();
    let p2 = forecast(&lab, &[ESTATE, "--from", "2023-10-31", "--to", "2023-11-01", "--json"]);
    let relay = [
        ("erp-with-a-p1-of-its-vendor", "breaks"),
        ("ticket-system-s-ndrs", "breaks"),
        ("newsletter-service-that-sends-as-us", "breaks"),
    ];
    assert_eq!(changes(p2.status(1)), expected(relay));
    let tls = forecast(&lab, &[ESTATE, "--from", "2022-01-31", "--to", "2022-02-01", "--json"]);
    assert_eq!(changes(tls.status(1)), expected([("scanner-from-2012", "breaks")]));
    // Over TLS 1.0 nobody gets as far as a password, and tokens are not touched.
    let passwords = [("scanner-from-2012-at-the-legacy-endpoint", "breaks"), ("scanner-from-2020", "breaks")];
    let basic = forecast(&lab, &[ESTATE, "--to", "2026-12-31", "--json"]);
    assert_eq!(changes(basic.status(1)), expected(passwords));
    let entry = &p2.json()["cases"][0];
    assert_eq!((&entry["before"]["code"], &entry["before"]["stage"]), (&250.into(), &"message".into()));
    assert_eq!(
        (&entry["after"]["enhanced"], &entry["after"]["stage"]),
        (&"5.7.64".into(), &"rcpt_to".into())
    );
    for side in ["before", "after"] {
        assert!(!entry[side]["account"].as_array().expect("an account").is_empty(), "{side}");
        assert!(!entry[side]["meaning"].as_str().expect("a meaning").is_empty(), "{side}");
    }
    assert_eq!(p2.json()["in_between"][0]["date"], "2023-11-01");
}

#[test]
fn going_back_in_time_mends_what_the_day_broke() {
    let lab = Lab::shared();
    let ran = forecast(&lab, &[ESTATE, "--from", "2023-11-01", "--to", "2023-10-31"]);
    ran.status(1)
        .says("works   estate/ticket-system-s-ndrs")
        .says("3 of 11 cases change: 3 work · simulated");
}

#[test]
fn where_nothing_changes_it_says_so() {
    let lab = Lab::shared();
    let days = ["--from", "2024-01-01", "--to", "2024-06-01"];
    let ran = forecast(&lab, &[&[ESTATE][..], &days].concat());
    ran.status(0);
    assert!(ran.stdout.starts_with("nothing changes for 11 cases · simulated, rules of 2024-01-01, then"));
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    let quiet = forecast(&lab, &[&[ESTATE, "-q"][..], &days].concat());
    assert_eq!((quiet.status(0).stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let verbose = forecast(&lab, &[&[ESTATE, "-v"][..], &days].concat());
    assert_eq!(verbose.status(0).stdout.matches("same    estate/").count(), 11);
}

#[test]
fn a_planned_change_of_the_tenants_is_forecast_as_a_day_is() {
    let lab = Lab::shared();
    let folder = lab.project("planned");
    for file in ["estate.yaml", "estate-relay.csv", "estate-login.csv"] {
        fs::copy(lab.path().join("scenarios").join(file), folder.join(file)).expect("it is shipped");
    }
    let tenants = fs::read_to_string(folder.join("tenants.yaml")).expect("it was just copied");
    let planned = tenants
        .replacen("RejectDirectSend: false", "RejectDirectSend: true", 1)
        .replacen("AllowLegacyTLSClients: true", "AllowLegacyTLSClients: false", 1)
        .replacen("SenderIPAddresses: [203.0.113.10,", "SenderIPAddresses: [203.0.113.9,", 1);
    fs::write(lab.path().join("planned.yaml"), planned).expect("the folder is ours");
    let ran = forecast(&lab, &["planned", "--after", "planned.yaml", "--json"]);
    let switches = [
        ("crm-in-the-cloud-that-writes-to-our-people-as-us", "breaks"),
        ("erp-s-warehouse-module", "breaks"),
        ("scanner-from-2012-at-the-legacy-endpoint", "breaks"),
    ];
    assert_eq!(changes(ran.status(1)), expected(switches));
    // Both kinds at once.
    let both = ["planned", "--after", "planned.yaml", "--from", "2026-11-01", "--to", "2026-12-31"];
    let ran = forecast(&lab, &both);
    ran.status(1).says(
        "rules of 2026-11-01, then of 2026-12-31, tenants of planned/tenants.yaml, then of planned.yaml",
    );
    ran.says("BREAKS  estate/scanner-from-2020").says("4 of 11 cases change: 4 break");
}

#[test]
fn expectations_and_retries_play_no_part() {
    let lab = Lab::shared();
    let folder = lab.project("recipients");
    let scenario = "suite: x\ndefaults: { target: mx, source_ip: 203.0.113.10 }\nscenarios:
  - { name: one of two, mail_from: a@contoso.com, rcpt_to: [nobody@contoso.com, { address: gone@contoso.com, expect: '550' }] }
  - { name: attempts, mail_from: a@contoso.com, rcpt_to: gone@contoso.com, retry: { attempts: 3, delay: 1h }, expect: { attempts: [450, 450, 250] } }
  - { name: skipped, skip: not today, mail_from: a@contoso.com, rcpt_to: info@contoso.com }
  - { name: real, target: 'relay.invalid:25' }\n";
    fs::write(folder.join("x.yaml"), scenario).expect("the folder is ours");
    let tenants = fs::read_to_string(folder.join("tenants.yaml")).expect("it was just copied");
    let planned = tenants.replacen(
        "recipients: [info@contoso.com,",
        "recipients: [gone@contoso.com, info@contoso.com,",
        1,
    );
    fs::write(folder.join("planned.yaml"), planned).expect("the folder is ours");
    let text = fs::read_to_string(folder.join("relayprobe.yaml")).expect("it was just copied");
    let text = text.replace("tenants: tenants.yaml\n", "tenants: before.yaml\n");
    fs::rename(folder.join("tenants.yaml"), folder.join("before.yaml")).expect("the folder is ours");
    let text = text.replacen("simulator:\n", "# planned.yaml is a tenants file\nsimulator:\n", 1);
    fs::write(folder.join("relayprobe.yaml"), text).expect("the folder is ours");
    let ran = forecast(&lab, &["recipients/x.yaml", "--after", "recipients/planned.yaml"]);
    ran.status(1).says("differs x/one-of-two").says("after     no refusal").says("works   x/attempts");
    ran.says("skipped 1: not today")
        .says("1 case against real servers")
        .says("2 of 2 cases change: 1 works, 1 differs");
}

#[test]
fn what_cannot_be_forecast_is_bad_input() {
    let lab = Lab::shared();
    forecast(&lab, &[ESTATE]).status(2).says("--from");
    forecast(&lab, &[ESTATE, "--from", "2023-11-01", "--to", "2023-11-01"]).status(2).says("the same");
    forecast(&lab, &[ESTATE, "--to", "tomorrow"]).status(2).says("such as 2026-11-01");
    forecast(&lab, &[ESTATE, "--after", "nobody.yaml"]).status(2).says("nobody.yaml: no such file");
    forecast(&lab, &[ESTATE, "--to", "2026-12-31", "--tag", "nothing"]).status(2).says("meant by --tag");
    forecast(&lab, &["scenarios/live", "--to", "2026-12-31"]).status(2).says("against the simulator");
    forecast(&lab, &["--timeline", "--json"]).status(2);
}

#[test]
fn the_timeline_is_printed_with_dates_sources_and_what_is_simulated() {
    let lab = Lab::shared();
    let ran = forecast(&lab, &["--timeline"]);
    ran.status(0)
        .says("2017-07-05  ")
        .says("2023-11-01  ")
        .says("2022-02     ")
        .says("KB3169958")
        .says("by date");
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ran.stdout);
}

/// The bar is 5,000 rows in 10 s on two cores. A debug build takes ten times as long,
/// and other tests run beside this one: a tenth of the rows, and more patience.
#[test]
fn a_large_inventory_is_forecast_in_time() {
    let (rows, most) = if cfg!(debug_assertions) { (500, 60) } else { (5_000, 10) };
    let lab = Lab::shared();
    let folder = lab.project("large");
    fs::copy(lab.path().join(ESTATE), folder.join("estate.yaml")).expect("it is shipped");
    let mut relay = "sender,address,certificate,p1,p2,to,want\n".to_owned();
    let mut login = "sender,endpoint,tls,mechanism,account,p1,want\n".to_owned();
    for n in 0..rows * 4 / 5 {
        let certificate = if n % 4 == 0 { "contoso" } else { "" };
        let p1 = ["app@contoso.com", "bounce@erp-vendor.example", "<>"][n % 3];
        let address = 64 + n % 16;
        let _ = writeln!(
            relay,
            "r{n},203.0.113.{address},{certificate},{p1},app@contoso.com,a@fourthcoffee.example,250"
        );
    }
    for n in 0..rows / 5 {
        let version = ["TLSv1.0", "TLSv1.2"][n % 2];
        let _ = writeln!(login, "l{n},submission,{version},LOGIN,contoso-scan,scan@contoso.com,250");
    }
    fs::write(folder.join("estate-relay.csv"), relay).expect("the folder is ours");
    fs::write(folder.join("estate-login.csv"), login).expect("the folder is ours");
    let start = Instant::now();
    let ran =
        Program::new(lab.path(), ["forecast", "large", "--from", "2023-10-31", "--to", "2023-11-01"]).run();
    // Two of three senders without a certificate rely on their P2 sender.
    let breaking = rows * 2 / 5;
    ran.status(1).says(&format!("{breaking} of {rows} cases change: {breaking} break"));
    assert!(start.elapsed() < Duration::from_secs(most), "{:?}", start.elapsed());
}

#[test]
fn a_simulator_that_is_not_reached_is_status_3_and_weighs_more_than_a_change() {
    let lab = Lab::shared();
    let name = "a_simulator_that_is_not_reached_is_status_3_and_weighs_more_than_a_change";
    let arguments = ["forecast", ESTATE, "--from", "2023-10-31", "--to", "2023-11-01"];
    let Some(program) = Program::without_network(name, lab.path(), arguments) else { return };
    program.run().status(3).says("11 cases did not reach the simulator");
    let json = arguments.iter().chain(&["--json"]);
    let Some(program) = Program::without_network(name, lab.path(), json) else { return };
    let ran = program.run();
    ran.status(3);
    assert_eq!(ran.json()["summary"]["unreached"], 11);
    // What cannot be played is bad input, and that comes before anything is sent.
    let arguments = ["forecast", "nowhere.yaml", "--from", "2023-10-31", "--to", "2023-11-01"];
    let Some(program) = Program::without_network(name, lab.path(), arguments) else { return };
    program.run().status(2);
}
