//! The three ways to show the same findings.

use serde_json::Value;

use super::{Audited, audit_as_json, audit_as_sarif, audit_as_text};
use crate::exchange::Tenants;
use crate::exchange::audit::audit;
use crate::report::Palette;
use crate::yaml::Sources;

const TENANTS: &str = r#"tenants:
  - name: "Con\e[31mtoso"
    AcceptedDomain: { DomainName: contoso.com }
    InboundConnector:
      - Name: It's ours
        ConnectorType: OnPremises
        TlsSenderCertificateName: mail.service.example
"#;

fn shown<T>(show: impl Fn(&Audited<'_>) -> T) -> T {
    let folder = std::env::temp_dir();
    let path = folder.join(format!("relayprobe audit-{:016x}.yaml", fastrand::u64(..)));
    std::fs::write(&path, TENANTS).expect("a temporary file");
    let mut sources = Sources::default();
    let (tenants, _) = Tenants::load(&path, &mut sources).expect("good tenants");
    std::fs::remove_file(&path).expect("it was there");
    let findings = audit(&tenants);
    show(&Audited { findings: &findings, sources: &sources, tenants: 1, connectors: 1 })
}

#[test]
fn people_read_what_is_wrong_where_and_the_command() {
    let text = shown(|audited| audit_as_text(audited, Palette::new(false)));
    for part in [
        "error    certificate-domain-not-accepted",
        ".yaml:7  TlsSenderCertificateName",
        "    PS> Set-InboundConnector -Identity 'It''s ours' -TlsSenderCertificateName '<that name>'",
        "1 error, 1 note · 1 tenant, 1 inbound connector · offline, nobody was asked",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "nothing of a file steers the terminal\n{text}");
}

#[test]
fn programs_read_the_same() {
    let json: Value = serde_json::from_slice(&shown(audit_as_json)).expect("JSON");
    let first = &json["findings"][0];
    assert_eq!(first["id"], "certificate-domain-not-accepted");
    assert_eq!((&first["line"], &first["severity"]), (&Value::from(7), &Value::from("error")));
    assert_eq!(json["summary"]["error"], 1);
}

#[test]
fn code_scanning_finds_rule_level_and_place() {
    let json: Value = serde_json::from_slice(&shown(audit_as_sarif)).expect("JSON");
    assert_eq!(json["version"], "2.1.0");
    let run = &json["runs"][0];
    let result = &run["results"][0];
    let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["region"]["startLine"], 7);
    assert!(place["artifactLocation"]["uri"].as_str().is_some_and(|uri| !uri.contains(' ')));
}
