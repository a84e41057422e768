//! The schemas against the readers: a key that one knows, the other knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::command::Kind;
use super::scenario;
use crate::exchange::Tenants;
use crate::scenario::{Request, load, scenario_keys};
use crate::yaml::{Sources, asked, render};

/// Every key of every map, once; nothing is played.
const SCENARIOS: &str = r#"
suite: everything
description: d
tags: [a]
vars: { v: 1 }
defaults: { target: "h:25", ehlo: a.test }
scenarios:
  - name: mail
    tls: { mode: starttls, version: { min: TLSv1.2, max: TLSv1.3 }, verify: { sha256: "SHA" } }
    auth: { mechanism: LOGIN, username: u, password: { env: X }, insecure: true }
    mail_from: { address: a@b.test, params: { SIZE: 1 } }
    rcpt_to: [{ address: c@d.test, params: {}, expect: 250 }]
    timeout: { connect: 1s }
    retry: { attempts: 2 }
    except: [{ when: { c: y }, expect: 250 }]
    subject: $(c)
    cases: [{ c: x }]
    expect:
      greeting: { reply: 220 }
      ehlo_tls: { offers: SIZE }
      tls: { peer: { name: x } }
      total: { within: 9s }
  - { name: file, mail_from: a@b.test, rcpt_to: c@d.test, message: { file: m.eml } }
  - { name: rows, subject: $(n), mail_from: a@b.test, rcpt_to: c@d.test, cases: { csv: rows.csv } }
  - { name: repeated, repeat: { times: 2 }, expect: { share: { 220: 50% } } }
  - { name: two, transactions: [{ mail_from: a@b.test, rcpt_to: c@d.test, expect: 250 }] }
  - name: arrives
    target: sim
    mail_from: a@b.test
    rcpt_to: c@d.test
    expect: { delivered: { tls: { version: TLSv1.3 } } }
  - name: extended
    mail_from: a@b.test
    rcpt_to: c@d.test
    extensions: { dsn: { notify: never }, xclient: { addr: 192.0.2.1 }, xforward: { ident: x } }
  - { name: certificate, tls: starttls, certificate: { cert: a.pem, key: a.key } }
"#;

const PROJECT: &str = r#"
simulator: { tenants: tenants.yaml, as_of: 2026-11-01 }
targets:
  sim: { simulator: mx, faults: { tarpit: 1ms }, listen: 2526 }
  real: { address: "h:25" }
deliveries: { real: { at: sim, within: 1s } }
certificates: { c: { cert: a.pem, key: a.key } }
accounts: { u: { username: u, password: { env: X }, targets: [real] } }
sources: { 192.0.2.1: { bind: 127.0.0.1 } }
dns: { server: 127.0.0.1 }
trust: { ca: a.pem }
"#;

const TENANTS: &str = r#"
tenants:
  - name: a
    AcceptedDomain: { DomainName: a.test }
    InboundConnector: { Name: i, ConnectorType: OnPremises }
    OutboundConnector: { Name: o }
    TransportConfig: {}
    OrganizationConfig: {}
    CASMailbox: { PrimarySmtpAddress: a@a.test }
    EXORecipient: { PrimarySmtpAddress: a@a.test }
    AuthenticationPolicy: { Name: p }
    lab: { sessions: 3 }
"#;

/// A folder of its own, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("relayprobe-schema-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a new folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("the folder is ours");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The keys that each map was asked for while the files were read.
fn asked_by_the_readers() -> BTreeSet<asked::Keys> {
    asked::take();
    let folder = Folder::new();
    folder.write("relayprobe.yaml", PROJECT);
    folder.write("rows.csv", "n\n1\n");
    folder.write("m.eml", "Subject: x\r\n\r\nx\r\n");
    let scenarios = SCENARIOS.replace("SHA", &"a".repeat(64));
    let file = folder.write("s.yaml", &scenarios);
    let loaded = load(&Request { paths: vec![file], ..Request::default() });
    loaded.unwrap_or_else(|rejected| panic!("{}", render(&rejected.diagnostics, &rejected.sources, false)));
    let (tenants, mut sources) = (folder.write("tenants.yaml", TENANTS), Sources::default());
    let read = Tenants::load(&tenants, &mut sources);
    read.unwrap_or_else(|faults| panic!("{}", render(&faults, &sources, false)));
    asked::take()
}

/// The keys of every map of a schema that takes no others, or of every map.
fn maps(schema: &Value, open: bool, out: &mut BTreeSet<BTreeSet<String>>) {
    match schema {
        Value::Object(members) => {
            let closed = members.get("additionalProperties") == Some(&Value::Bool(false));
            if let (Some(Value::Object(properties)), true) = (members.get("properties"), closed || open) {
                out.insert(properties.keys().cloned().collect());
            }
            members.values().for_each(|value| maps(value, open, out));
        }
        Value::Array(items) => items.iter().for_each(|item| maps(item, open, out)),
        _ => {}
    }
}

const KINDS: [Kind; 3] = [Kind::Scenario, Kind::Project, Kind::Tenants];

#[test]
fn what_a_reader_asks_a_map_for_is_what_the_schema_of_that_map_has() {
    let (mut all, mut closed) = (BTreeSet::new(), BTreeSet::new());
    for kind in KINDS {
        maps(&kind.schema(), true, &mut all);
        maps(&kind.schema(), false, &mut closed);
    }
    let asked: BTreeSet<BTreeSet<String>> = asked_by_the_readers()
        .into_iter()
        .map(|keys| keys.into_iter().map(str::to_owned).collect())
        .collect();
    for keys in &asked {
        assert!(all.contains(keys), "no schema has a map of the keys {keys:?}");
    }
    // The other way round: nothing is in the schema that no reader asks for. Scenarios,
    // their defaults, stages and the root of tenants files are read by other means.
    let otherwise = |keys: &BTreeSet<String>| {
        ["name", "target", "rcpt_to", "tenants"].iter().any(|key| keys.contains(*key))
            && !keys.contains("username")
            && !keys.contains("path")
            || keys.contains("starttls")
    };
    for keys in closed.iter().filter(|keys| !otherwise(keys)) {
        assert!(asked.contains(keys), "no reader asks for the keys {keys:?}");
    }
}

#[test]
fn every_key_of_a_scenario_is_described() {
    let described: Vec<_> = scenario_keys().filter(|key| scenario::key(key).is_none()).collect();
    assert!(described.is_empty(), "without a schema: {described:?}");
    let schema = Kind::Scenario.schema();
    let keys = |path: &str| -> BTreeSet<String> {
        let map = schema.pointer(path).and_then(Value::as_object).expect("a map");
        map.keys().cloned().collect()
    };
    let own: BTreeSet<_> = scenario_keys().map(str::to_owned).collect();
    assert_eq!(keys("/definitions/scenario/properties"), own);
    let mut inherited = own;
    inherited.remove("name");
    assert_eq!(keys("/definitions/defaults/properties"), inherited);
}

#[test]
fn the_examples_of_a_scenarios_keys_are_read() {
    let folder = Folder::new();
    folder.write("m.eml", "Subject: x\r\n\r\nx\r\n");
    folder.write("devices.csv", "c\n1\n");
    folder.write(
        "relayprobe.yaml",
        "targets: { mx: { address: 'h:25' } }\naccounts: { scan: { username: u, password: { env: X }, targets: mx } }\n",
    );
    let mut read = 0;
    for name in scenario_keys() {
        let (_, takes) = scenario::key(name).expect("it is described");
        for example in takes["examples"].as_array().into_iter().flatten() {
            let mut written = json!({ "name": "a", "target": "mx" });
            if !["target", "stop_after", "expect", "cases", "matrix"].contains(&name) {
                written["tls"] = json!({ "mode": "starttls", "verify": "none" });
                written["mail_from"] = json!("a@b.test");
                written["rcpt_to"] = json!("c@d.test");
            }
            // A column that nothing uses would be an error.
            match name {
                "cases" => written["ehlo"] = json!("$(p1)$(c)"),
                "matrix" => written["tls"] = json!({ "mode": "starttls", "version": "$(version)" }),
                _ => {}
            }
            written[name] = example.clone();
            // A row of the example has one of the two.
            let vars = json!({ "p1": "a", "c": "b" });
            let text = json!({ "vars": vars, "scenarios": [written] }).to_string();
            let file = folder.write("s.yaml", &text);
            if let Err(rejected) = load(&Request { paths: vec![file], ..Request::default() }) {
                panic!("{text}\n{}", render(&rejected.diagnostics, &rejected.sources, false));
            }
            read += 1;
        }
    }
    assert!(read >= 20, "{read} examples were read");
}

#[test]
fn the_committed_schemas_are_what_the_command_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
    for (kind, name) in KINDS.into_iter().zip(["scenario", "project", "tenants"]) {
        let path = folder.join(format!("{name}.json"));
        let now = format!("{:#}\n", kind.schema());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &now).expect("the folder is writable");
        }
        let was = fs::read_to_string(&path).unwrap_or_default();
        assert!(now == was, "docs/schema/{name}.json is not what `relayprobe schema {name}` prints");
    }
}

#[test]
fn every_key_has_a_description() {
    fn look(schema: &Value, path: &str) {
        if let Some(Value::Object(properties)) = schema.get("properties") {
            for (name, takes) in properties {
                let described =
                    takes.get("description").and_then(Value::as_str).is_some_and(|d| !d.is_empty());
                assert!(described, "{path}/{name}");
            }
        }
        match schema {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| look(value, &format!("{path}/{name}")));
            }
            Value::Array(items) => items.iter().for_each(|item| look(item, path)),
            _ => {}
        }
    }
    KINDS.into_iter().for_each(|kind| look(&kind.schema(), ""));
}
