//! The schemas as editors use them: judged by a validator that is not ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Dir, Program, have_python};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What Python's `jsonschema` has against each document: the places, none where it is
/// valid.
fn judged(kind: &str, documents: &[Value]) -> Vec<Vec<String>> {
    let dir = Dir::new();
    let schema = Path::new(ROOT).join(format!("docs/schema/{kind}.json"));
    let input = dir.write("documents.json", json!(documents).to_string());
    let script = "
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
judge = jsonschema.Draft7Validator(schema)
print(json.dumps([['/'.join(map(str, e.absolute_path)) + ': ' + e.message[:200] for e in judge.iter_errors(d)]
                  for d in json.load(open(sys.argv[2]))]))";
    let out = Command::new("python3").arg("-c").arg(script).arg(schema).arg(input).output().expect("python3");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

/// A YAML file as editors read it (YAML 1.2).
fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn shipped() -> Vec<(PathBuf, &'static str)> {
    let mut files = Vec::new();
    for folder in ["scenarios", "scenarios/live"] {
        for entry in fs::read_dir(Path::new(ROOT).join(folder)).expect("the shipped files") {
            let path = entry.expect("an entry").path();
            let kind = match path.file_name().and_then(|name| name.to_str()) {
                Some("relayprobe.yaml") => "project",
                Some("tenants.yaml") => "tenants",
                Some(name) if name.ends_with(".yaml") => "scenario",
                _ => continue,
            };
            files.push((path, kind));
        }
    }
    files.sort();
    assert!(files.len() >= 15, "{files:?}");
    files
}

#[test]
fn the_shipped_files_name_their_schema_and_are_valid() {
    if !have_python("the_shipped_files_name_their_schema_and_are_valid", "jsonschema") {
        return;
    }
    for kind in ["scenario", "project", "tenants"] {
        let files: Vec<_> = shipped().into_iter().filter(|(_, own)| *own == kind).collect();
        let mut documents = Vec::new();
        for (path, _) in &files {
            let text = fs::read_to_string(path).expect("it can be read");
            let named = text.lines().find_map(|line| line.strip_prefix("# yaml-language-server: $schema="));
            let named = named.unwrap_or_else(|| panic!("{} names no schema", path.display()));
            let schema = path.with_file_name("").join(named).canonicalize().expect("the schema is there");
            assert_eq!(schema, Path::new(ROOT).join(format!("docs/schema/{kind}.json")));
            documents.push(yaml(&text));
        }
        for ((path, _), faults) in files.iter().zip(judged(kind, &documents)) {
            assert!(faults.is_empty(), "{}: {faults:?}", path.display());
        }
    }
}

#[test]
fn every_example_in_a_schema_is_valid_where_it_stands() {
    if !have_python("every_example_in_a_schema_is_valid_where_it_stands", "jsonschema") {
        return;
    }
    let script = "
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
seen = 0
def look(node, path):
    global seen
    if isinstance(node, dict):
        # What stands beside a reference counts for this validator only without it.
        for example in node.get('examples', []) if not path.endswith('/properties') else []:
            judge = jsonschema.Draft7Validator({'definitions': schema['definitions'], **node})
            for error in judge.iter_errors(example):
                sys.exit(f'{path}: {example!r}: {error.message[:200]}')
            seen += 1
        for key, value in node.items():
            look(value, path + '/' + key)
    elif isinstance(node, list):
        for item in node:
            look(item, path)
look(schema, '')
print(seen)";
    for (kind, least) in [("scenario", 30), ("project", 8)] {
        let schema = Path::new(ROOT).join(format!("docs/schema/{kind}.json"));
        let out = Command::new("python3").arg("-c").arg(script).arg(schema).output().expect("python3");
        assert!(out.status.success(), "{kind}{}", String::from_utf8_lossy(&out.stderr));
        let seen: usize = String::from_utf8_lossy(&out.stdout).trim().parse().expect("a number");
        assert!(seen >= least, "{kind}: {seen} examples");
    }
}

#[test]
fn what_check_accepts_with_variables_everywhere_the_schema_accepts() {
    if !have_python("what_check_accepts_with_variables_everywhere_the_schema_accepts", "jsonschema") {
        return;
    }
    let text = "suite: s
vars: { port: 25, t: { mode: starttls, version: TLSv1.2 }, list: [a, b], n: 3, d: 5s, yes: true, to: [c@d.test, e@f.test],
  par: { SIZE: 1 }, h: { X-A: b }, e: { within: 2s }, none: none, stage: data, offers: [SIZE] }
scenarios:
  - name: all of $(port)
    tags: $(list)
    target: h:$(port)
    tls: $(t)
    mail_from: { address: a@b.test, params: $(par) }
    rcpt_to: $(to)
    headers: [$(h)]
    retry: { attempts: $(n), delay: $(d) }
    timeout: $(d)
    stop_after: $(stage)
    certificate: $(none)
    expect: { ehlo: { offers: $(offers), within: $(d), closes: $(no) }, total: $(e) }
    cases: [{ no: false }]
";
    let dir = Dir::new();
    dir.write("s.yaml", text);
    Program::new(dir.path(), ["check", "s.yaml"]).run().status(0);
    assert_eq!(judged("scenario", &[yaml(text)]), [Vec::<String>::new()]);
}

/// Files that `check` refuses for one unknown key.
const UNKNOWN: [(&str, &str); 14] = [
    ("scenario", "scenarios: [{ name: a, target: 'h:25', expct: 250 }]"),
    ("scenario", "defalts: {}\nscenarios: [{ name: a, target: 'h:25' }]"),
    ("scenario", "defaults: { targt: x }\nscenarios: [{ name: a, target: 'h:25' }]"),
    ("scenario", "scenarios: [{ name: a, target: 'h:25', steps: [{ noop: x, expct: 250 }] }]"),
    ("scenario", "scenarios: [{ name: a, target: 'h:25', tls: { mode: starttls, versoin: TLSv1.2 } }]"),
    ("scenario", "scenarios: [{ name: a, target: 'h:25', expect: { rcpt: 250 } }]"),
    ("scenario", "scenarios: [{ name: a, target: 'h:25', expect: { ehlo: { ofers: SIZE } } }]"),
    ("scenario", "scenarios: [{ name: a, target: 'h:25', expect: { greeting: { offers: SIZE } } }]"),
    ("scenario", "scenarios: [{ name: a, target: 'h:25', retry: { attempts: 2, dealy: 1s } }]"),
    (
        "scenario",
        "scenarios: [{ name: a, target: 'h:25', mail_from: a@b.test, rcpt_to: [{ adress: c@d.test, address: c@d.test }] }]",
    ),
    ("project", "simulater: { tenants: t.yaml }"),
    ("project", "targets: { mx: { address: 'h:25', max_conections: 2 } }"),
    ("project", "targets: { mx: { address: 'h:25' } }\ndeliveries: { mx: { att: x, at: x } }"),
    ("tenants", "tenants: [{ name: a, AcceptedDomains: [] }]"),
];

#[test]
fn what_check_refuses_for_an_unknown_key_the_schema_refuses() {
    if !have_python("what_check_refuses_for_an_unknown_key_the_schema_refuses", "jsonschema") {
        return;
    }
    for (kind, text) in UNKNOWN {
        let dir = Dir::new();
        let scenario = "scenarios: [{ name: a, target: sim }]\n";
        match kind {
            "scenario" => drop(dir.write("s.yaml", text)),
            "project" => {
                dir.write("relayprobe.yaml", text);
                dir.write("s.yaml", scenario.replace("sim", "'h:25'"));
            }
            _ => {
                let project = "simulator: { tenants: t.yaml, as_of: 2026-11-01 }\ntargets: { sim: { simulator: mx } }\n";
                dir.write("relayprobe.yaml", project);
                dir.write("t.yaml", text);
                dir.write("s.yaml", scenario);
            }
        }
        let ran = Program::new(dir.path(), ["check", "s.yaml"]).run();
        ran.status(2);
        let told = ["unknown key", "unknown stage", "is not supported yet"];
        assert!(told.iter().any(|words| ran.stderr.contains(words)), "{text}\n{}", ran.stderr);
        assert!(!judged(kind, &[yaml(text)])[0].is_empty(), "the schema accepts\n{text}");
    }
}

#[test]
fn the_command_prints_what_is_committed() {
    let dir = Dir::new();
    for kind in ["scenario", "project", "tenants"] {
        let ran = Program::new(dir.path(), ["schema", kind]).run();
        let kept =
            fs::read_to_string(Path::new(ROOT).join(format!("docs/schema/{kind}.json"))).expect("kept");
        assert_eq!(ran.status(0).stdout, kept);
    }
    let ran = Program::new(dir.path(), ["schema"]).run();
    assert_eq!(ran.status(0).json()["title"], "relayprobe scenario file");
    Program::new(dir.path(), ["schema", "word"]).run().status(2);
}
