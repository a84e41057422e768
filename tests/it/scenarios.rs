//! The shipped scenarios, played as a reader plays them.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Dir, Lab, Pki, Postfix, Program};

#[test]
fn every_shipped_scenario_passes_against_the_simulator() {
    let lab = Lab::shared();
    Program::new(lab.path(), ["run", "scenarios", "--report", "json=all.json"]).run().status(0);
    let report = fs::read_to_string(lab.path().join("all.json")).expect("the report is written");
    let report: Value = serde_json::from_str(&report).expect("it is JSON");
    let cases = report["cases"].as_array().expect("it holds cases");
    assert!(cases.len() >= 80, "{} cases", cases.len());
    for case in cases {
        assert_eq!(case["outcome"], "passed", "{}", case["id"]);
        assert_eq!(case["target"]["simulator"], true, "{}", case["id"]);
    }
    let ids: HashSet<&str> = cases.iter().filter_map(|case| case["id"].as_str()).collect();
    assert_eq!(ids.len(), cases.len(), "ids are unique");
    assert!(!ids.iter().any(|id| id.starts_with("live/")), "checks of real servers are another project");
}

#[test]
fn under_the_old_rules_the_removal_of_the_p2_sender_shows() {
    let lab = Lab::shared();
    let old = lab.project("old-rules");
    let project = fs::read_to_string(old.join("relayprobe.yaml")).expect("it was just copied");
    fs::write(old.join("relayprobe.yaml"), project.replace("as_of: 2026-11-01", "as_of: 2023-10-31"))
        .expect("the folder is ours");
    fs::copy(lab.path().join("scenarios/p2-sender.yaml"), old.join("p2-sender.yaml")).expect("it is shipped");
    let ran = Program::new(lab.path(), ["run", "old-rules", "--report", "json"]).run();
    let report = ran.status(1).json();
    let failed: Vec<&str> = report["cases"]
        .as_array()
        .expect("it holds cases")
        .iter()
        .filter(|case| case["outcome"] == "failed")
        .filter_map(|case| case["id"].as_str())
        .collect();
    assert!(failed.contains(&"p2-sender/only-the-p2-sender-is-ours-under-mx"), "{failed:?}");
    assert!(!failed.iter().any(|id| id.contains("certificate")), "{failed:?}");
}

#[test]
fn a_tenant_without_connectors_relays_nothing_from_outside() {
    let lab = Lab::shared();
    let bare = lab.project("no-connectors");
    let tenants = fs::read_to_string(bare.join("tenants.yaml")).expect("it was just copied");
    fs::write(bare.join("tenants.yaml"), tenants.replace("Enabled: true", "Enabled: false"))
        .expect("the folder is ours");
    fs::create_dir_all(bare.join("messages")).expect("the folder is ours");
    let files = [
        "attribution.yaml",
        "certificates.yaml",
        "add-on-service.yaml",
        "messages/looped.eml",
        "messages/returned.eml",
    ];
    for file in files {
        fs::copy(lab.path().join("scenarios").join(file), bare.join(file)).expect("it is shipped");
    }
    let report =
        Program::new(lab.path(), ["run", "no-connectors", "--report", "json"]).run().status(1).json();
    for case in report["cases"].as_array().expect("it holds cases") {
        let relayed = case["decisive"]["code"] == 250 && case["decisive"]["stage"] == "message";
        let ours = ["last-comes-the-recipient", "to-a-colleague"];
        let inbound = ours.iter().any(|part| case["id"].as_str().is_some_and(|id| id.contains(part)));
        assert_eq!(relayed, inbound, "{}", case["id"]);
    }
}

#[test]
fn the_live_checks_are_sound_and_end_at_rcpt_to() {
    let lab = Lab::shared();
    let listed = Program::new(lab.path(), ["check", "scenarios/live", "--list"]).run();
    let cases =
        listed.status(0).stdout.lines().filter(|line| line.contains("relay/") || line.contains("tenant/"));
    assert!(cases.count() >= 10, "{}", listed.stdout);
    let project =
        fs::read_to_string(lab.path().join("scenarios/live/relayprobe.yaml")).expect("it is shipped");
    let targets = project.matches("address: ").count() + project.matches("mx: ").count();
    assert_eq!(project.matches("up_to: rcpt_to").count(), targets, "every target is bounded");
}

#[test]
fn the_live_checks_of_a_relay_pass_against_postfix() {
    let Some(postfix) = Postfix::shared("the_live_checks_of_a_relay_pass_against_postfix") else { return };
    let dir = Dir::new();
    Pki::shared().write(&dir);
    let live = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/live");
    fs::copy(live.join("relay.yaml"), dir.join("relay.yaml")).expect("it is shipped");
    let project = fs::read_to_string(live.join("relayprobe.yaml")).expect("it is shipped");
    let project = project.replace("relay.contoso.example:25", &format!("127.0.0.1:{}", postfix.floor));
    dir.write("relayprobe.yaml", project + "\ntrust: { ca: ca.pem }\n");
    let arguments = ["run", ".", "--set", "outside=someone@test", "--report", "json"];
    let report = Program::new(dir.path(), arguments).run().status(0).json();
    let summary = &report["summary"];
    assert_eq!((&summary["passed"], &summary["skipped"]), (&Value::from(6), &Value::from(1)), "{summary}");
    for case in report["cases"].as_array().expect("it holds cases") {
        assert_ne!(case["decisive"]["stage"], "message", "{} sends no message", case["id"]);
    }
}

#[test]
fn every_shipped_file_says_what_it_shows_and_by_which_source() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut read = 0;
    for folder in [scenarios.clone(), scenarios.join("live")] {
        for entry in fs::read_dir(folder).expect("it is shipped") {
            let path = entry.expect("it can be listed").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !name.ends_with(".yaml") || matches!(name, "relayprobe.yaml" | "tenants.yaml") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("it can be read");
            let file: serde_yaml::Value = serde_yaml::from_str(&text).expect("it is YAML");
            let description = file["description"].as_str().unwrap_or_default();
            assert!(file["suite"].is_string(), "{name} names its suite");
            assert!(description.contains("Source"), "{name} names its source");
            read += 1;
        }
    }
    assert!(read >= 8, "{read} files");
}
