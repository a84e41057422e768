//! `relayprobe audit`: what it finds in the shipped tenants, and what it ends with.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::support::{Dir, Program, Ran};

fn audit(folder: &Path, arguments: &[&str]) -> Ran {
    Program::new(folder, ["audit"].iter().chain(arguments)).run()
}

fn scenarios() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

#[test]
fn the_shipped_tenants_have_the_faults_that_their_comments_tell_of() {
    let json = audit(&scenarios(), &["tenants.yaml", "--format", "json"]).status(1).json();
    let findings = json["findings"].as_array().expect("a list");
    let found = |id: &str, object: &str| {
        findings.iter().any(|finding| {
            finding["id"] == id && finding["object"] == format!("InboundConnector \"{object}\"")
        })
    };
    for (id, object) in [
        ("certificate-domain-not-accepted", "Ticket system"),
        ("certificate-domain-not-accepted", "Hybrid server"),
        ("certificate-shared", "Signatures for everyone"),
        ("address-shared", "Web shop at the shared host"),
        ("address-shared", "Shop at the shared host"),
        ("own-mail-falls-to-partner", "Hybrid server"),
        ("address-without-certificate", "Applications by address"),
    ] {
        assert!(found(id, object), "{id}: {object}");
    }
    assert!(!found("certificate-domain-not-accepted", "Signature service, return"));
    assert!(findings.iter().all(|finding| finding["line"].is_u64()), "every one has its place");
}

#[test]
fn the_status_is_what_fail_on_asks_for() {
    let folder = Dir::new();
    folder.write("note.yaml", "tenants: { name: A, AcceptedDomain: { DomainName: a.example } }\n");
    folder
        .write("wrong.yaml", "tenants: { name: A, InboundConnector: { Name: x, ConnectorType: Neither } }\n");
    for (arguments, status) in [
        (&["note.yaml"][..], 0),
        (&["note.yaml", "--fail-on", "note"], 1),
        (&["wrong.yaml"], 2),
        (&["absent.yaml"], 2),
        (&["note.yaml", "note.yaml"], 2),
        (&[], 2),
    ] {
        let ran = audit(folder.path(), arguments);
        assert_eq!(ran.status, status, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
    }
    for (level, status) in [("error", 1), ("warning", 1), ("never", 0)] {
        assert_eq!(audit(&scenarios(), &["tenants.yaml", "--fail-on", level]).status, status, "{level}");
    }
    audit(folder.path(), &["note.yaml", "note.yaml"]).says("two of the paths have a tenant named `A`");
}

#[test]
fn sarif_has_what_code_scanning_asks_for() {
    let json = audit(&scenarios(), &["tenants.yaml", "--format", "sarif"]).json();
    assert_eq!(json["version"], "2.1.0");
    let run = &json["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert!(!results.is_empty());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "tenants.yaml");
        assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line > 0));
        assert!(result["partialFingerprints"].is_object());
    }
}

#[test]
fn two_hundred_tenants_are_audited_at_once() {
    let folder = Dir::new();
    let mut text = String::from("tenants:\n");
    for n in 0..200 {
        let _ = write!(
            text,
            "  - name: T{n}\n    AcceptedDomain: {{ DomainName: t{n}.example }}\n    InboundConnector:\n"
        );
        for c in 0..10 {
            let _ = writeln!(
                text,
                "      - {{ Name: c{c}, ConnectorType: OnPremises, SenderIPAddresses: [10.{n}.{c}.0/24], \
                 TlsSenderCertificateName: c{c}.t{n}.example }}"
            );
        }
    }
    folder.write("tenants.yaml", text);
    let ran = Program::new(folder.path(), ["audit", "tenants.yaml"]).within(Duration::from_secs(30)).run();
    ran.status(1).says("200 tenants, 2000 inbound connectors");
    // Unoptimised, reading included, on a busy machine; the bar is a second.
    assert!(ran.elapsed < Duration::from_secs(10), "{:?}", ran.elapsed);
}

#[test]
fn every_finding_is_in_the_documentation() {
    let page = include_str!("../../docs/exchange-online.md");
    for rule in relayprobe::exchange::audit::rules() {
        let row = format!("| `{}` | {} | {} |", rule.id, rule.severity, rule.title);
        assert!(page.contains(&row), "docs/exchange-online.md lacks\n{row}");
    }
}

#[test]
fn the_guide_shows_what_is_printed() {
    let guide = include_str!("../../docs/guide/audit.md");
    let block =
        guide.split("```console\n$ relayprobe audit tailspin.yaml\n").nth(1).expect("the guide shows it");
    let (shown, _) = block.split_once("```").expect("the block ends");
    let source = guide.split("```yaml tailspin\n").nth(1).expect("the guide has the file");
    let (file, _) = source.split_once("```").expect("the block ends");
    let folder = Dir::new();
    folder.write("tailspin.yaml", file);
    assert_eq!(audit(folder.path(), &["tailspin.yaml"]).status(1).stdout, shown);
}
