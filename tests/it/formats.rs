//! Reports as their readers read them: each format is made of one report full of
//! hostile text, kept as a golden file, and read back by a reader that is not ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pulldown_cmark::{Event, Options, Parser, Tag};
use regex_lite::Regex;
use serde_json::{Value, json};

use crate::support::{Dir, Program, Ran, golden, have};

/// The fixed report.
fn fixed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/reports/run.json")
}

fn cases() -> Vec<Value> {
    let report: Value = serde_json::from_slice(&fs::read(fixed()).expect("the report")).expect("JSON");
    report["cases"].as_array().expect("cases").clone()
}

fn rendered(format: &str) -> Ran {
    let file = fixed();
    Program::new(Path::new("/"), ["report", "--format", format, &file.display().to_string()]).run()
}

/// What a format makes of the fixed report, checked against its golden file.
fn kept(format: &str) -> String {
    let ran = rendered(format);
    ran.status(if format == "nagios" { 2 } else { 0 });
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    golden(&format!("reports/{format}"), &ran.stdout.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    let control = |c: char| c.is_control() && c != '\n' && !(c == '\r' && format == "csv");
    assert!(!ran.stdout.chars().any(control), "{}", ran.stdout);
    ran.stdout
}

/// What Python's standard library makes of a text.
fn python(test: &str, script: &str, text: &str) -> Option<Value> {
    if !have(test, &["python3"]) {
        return None;
    }
    let dir = Dir::new();
    let file = dir.write("report", text);
    let out = Command::new("python3").arg("-c").arg(script).arg(file).output().expect("python3 starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Some(serde_json::from_slice(&out.stdout).expect("JSON"))
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Everything in the report that a server said.
fn hostile() -> Vec<String> {
    let told = cases().iter().map(|case| text(case, "/decisive/text").to_owned()).collect::<Vec<_>>();
    told.into_iter().filter(|text| text.len() > 10).collect()
}

#[test]
fn golden_json_rendered_again_is_the_same_text() {
    let ran = rendered("json");
    let was = fs::read_to_string(fixed()).expect("the report");
    assert_eq!(ran.status(0).stdout.replace(env!("CARGO_PKG_VERSION"), "0.1.0"), was);
    let script = "import json,sys\nprint(json.dumps(json.load(open(sys.argv[1]))['cases']))";
    if let Some(read) = python("golden_json", script, &ran.stdout) {
        assert_eq!(read, json!(cases()));
    }
}

#[test]
fn golden_terminal_reads_as_the_run_did() {
    let text = kept("terminal");
    assert!(text.contains("FAILED  relay/only-the-p2-sender") && text.contains("  again     relayprobe run"));
    assert!(text.ends_with("simulated, rules as of 2026-11-01 · against onprem · 10.8 s\n"), "{text}");
}

#[test]
fn golden_ndjson_is_a_case_a_line_and_then_the_run() {
    let lines = kept("ndjson");
    let script = "import json,sys\nprint(json.dumps([json.loads(l) for l in open(sys.argv[1])]))";
    if let Some(read) = python("golden_ndjson", script, &lines) {
        let read = read.as_array().expect("lines");
        let (last, entries) = read.split_last().expect("a last line");
        assert_eq!(entries, cases());
        assert_eq!(last["summary"]["total"], 6);
    }
    let dir = Dir::new();
    let file = dir.write("r.ndjson", &lines);
    let ran = Program::new(dir.path(), ["report", "-f", "json", &file.display().to_string()]).run();
    assert_eq!(ran.status(0).stdout, rendered("json").stdout);
}

#[test]
fn golden_html_holds_what_servers_say_as_text() {
    let ran = rendered("html");
    let page = &ran.status(0).stdout;
    // Style and script have files of their own, the policy their hashes.
    let mut shown = page.replace(env!("CARGO_PKG_VERSION"), "VERSION").replace("><", ">\n<");
    for (pattern, with) in [
        ("(?s)<style>.*?</style>", "<style></style>"),
        ("(?s)<script>.*?</script>", "<script></script>"),
        ("sha256-[A-Za-z0-9+/=]+", "sha256-…"),
    ] {
        shown = Regex::new(pattern).expect("the pattern is valid").replace_all(&shown, with).into_owned();
    }
    golden("reports/html", &shown);
    let script = r"
import html.parser, json, sys
class Reader(html.parser.HTMLParser):
    texts, tags, odd = [], set(), []
    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.odd += [name for name, value in attributes if name.startswith('on') or name in ('style', 'src')]
    def handle_data(self, text):
        self.texts.append(text)
reader = Reader()
reader.feed(open(sys.argv[1], encoding='utf-8').read())
print(json.dumps({'text': ''.join(reader.texts), 'tags': sorted(reader.tags), 'odd': reader.odd}))";
    let Some(read) = python("golden_html", script, page) else { return };
    for said in hostile() {
        assert!(text(&read, "/text").contains(&said), "{said}");
    }
    assert_eq!(read["odd"], json!([]));
    for foreign in ["img", "iframe", "object", "link", "base", "svg:script"] {
        assert!(!read["tags"].as_array().expect("a list").contains(&json!(foreign)), "{foreign}");
    }
}

#[test]
fn golden_junit_is_read_by_an_xml_parser() {
    let script = r"
import json, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(json.dumps({'counts': root.attrib, 'cases': [
  [case.get('name'), case.get('file'), [(kind.tag, kind.get('message')) for kind in case if kind.tag != 'system-out']]
  for case in root.iter('testcase')]}))";
    let Some(read) = python("golden_junit", script, &kept("junit")) else { return };
    assert_eq!((&read["counts"]["failures"], &read["counts"]["errors"]), (&json!("1"), &json!("1")));
    for (case, read) in cases().iter().zip(read["cases"].as_array().expect("cases")) {
        assert_eq!((&read[0], &read[1]), (&case["id"], &case["source"]["file"]));
        let tag = match text(case, "/outcome") {
            "failed" => "failure",
            "error" => "error",
            "skipped" => "skipped",
            _ if case["flaky"] == true => "flakyFailure",
            _ => "",
        };
        assert_eq!(text(read, "/2/0/0"), tag);
        if tag == "failure" {
            assert!(text(read, "/2/0/1").ends_with(text(case, "/failures/0/actual")));
        }
    }
}

#[test]
fn golden_csv_is_read_by_a_csv_reader_and_holds_no_formula() {
    let script = "import csv,json,sys\nprint(json.dumps(list(csv.DictReader(open(sys.argv[1],newline='')))))";
    let Some(read) = python("golden_csv", script, &kept("csv")) else { return };
    let rows = read.as_array().expect("rows");
    assert_eq!(rows.len(), cases().len());
    for (case, row) in cases().iter().zip(rows) {
        assert_eq!((&row["id"], &row["outcome"]), (&case["id"], &case["outcome"]));
        let said = text(case, "/decisive/text");
        let lead = if said.starts_with('=') { "'" } else { "" };
        assert_eq!(text(row, "/text"), format!("{lead}{said}"));
        for (column, cell) in row.as_object().expect("a row") {
            let cell = cell.as_str().unwrap_or_else(|| panic!("{column} has no cell"));
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{column}: {cell}");
        }
    }
}

/// TAP 14's grammar (testanything.org/tap-version-14-specification.html), strictly.
#[test]
fn golden_tap_follows_its_grammar() {
    let tap = kept("tap");
    let point = Regex::new(r"^(ok|not ok) (\d+) - ((?:[^#\\]|\\.)*?)(?: # SKIP (.*))?$").unwrap();
    let mut lines = tap.lines().peekable();
    assert_eq!(lines.next(), Some("TAP version 14"));
    let mut points = Vec::new();
    let mut plan = None;
    while let Some(line) = lines.next() {
        if let Some(found) = point.captures(line) {
            assert_eq!(found[2].parse(), Ok(points.len() + 1), "{line}");
            let description = found[3].replace("\\#", "#").replace("\\\\", "\\");
            points.push((description, found[1].to_owned(), found.get(4).is_some()));
            if lines.next_if_eq(&"  ---").is_some() {
                let mut block = String::new();
                loop {
                    match lines.next().expect("the block ends") {
                        "  ..." => break,
                        line => block += &format!("{}\n", line.strip_prefix("  ").expect("indented")),
                    }
                }
                let yaml: Value = serde_yaml::from_str(&block).expect("YAML");
                let case = &cases()[points.len() - 1];
                assert!(text(&yaml, "/message").ends_with(text(case, "/failures/0/actual")), "{block}");
                let said = case["transcript"].as_array().expect("lines").iter();
                let said: Vec<_> =
                    said.map(|l| format!("{} {}", text(l, "/dir"), text(l, "/line"))).collect();
                assert_eq!(yaml["transcript"], json!(said));
            }
        } else if let Some(count) = line.strip_prefix("1..") {
            assert_eq!(plan.replace(count.to_owned()), None);
        } else {
            assert!(line.starts_with("# "), "{line}");
        }
    }
    assert_eq!(plan, Some(points.len().to_string()));
    let wanted = cases().into_iter().map(|case| {
        let wrong = ["failed", "error"].contains(&text(&case, "/outcome"));
        let ok = if wrong { "not ok" } else { "ok" };
        (text(&case, "/id").to_owned(), ok.to_owned(), text(&case, "/outcome") == "skipped")
    });
    assert_eq!(points, wanted.collect::<Vec<_>>());
}

#[test]
fn golden_markdown_shows_hostile_text_as_text() {
    let markdown = kept("markdown");
    let mut code = String::new();
    let mut inside = 0;
    for event in Parser::new_ext(&markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => inside += 1,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => inside -= 1,
            Event::Start(tag @ (Tag::Link { .. } | Tag::Image { .. } | Tag::BlockQuote(_))) => {
                panic!("{tag:?}\n{markdown}")
            }
            Event::Code(text) => code += &format!("{text}\n"),
            Event::Text(text) if inside > 0 => code += &text,
            Event::Text(text) => {
                for word in ["@", "#", "http:", "https:", "www.", "<", "`", "*", "_"] {
                    let known = ["rcpt_to", "mail_from"].contains(&&*text) || text.ends_with("at rcpt_to");
                    assert!(known || !text.contains(word), "{word} in {text}");
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let ours = ["<details><summary>Transcript</summary>", "</details>"];
                assert!(ours.contains(&html.trim()), "{html}");
            }
            _ => {}
        }
    }
    for text in hostile().iter().filter(|text| !text.starts_with('=')) {
        assert_eq!(code.matches(text.as_str()).count(), 2, "{text}\n{code}");
    }
}

/// A metric's name, its labels, its value.
type Sample = (String, Vec<(String, String)>, f64);

/// The exposition format's text (prometheus.io/docs/instrumenting/exposition_formats),
/// and what `promtool check metrics` asks on top of it.
fn samples(exposition: &str) -> Vec<Sample> {
    let name = Regex::new(r"^[a-z_][a-z0-9_]*$").unwrap();
    let sample = Regex::new(r"^([a-z_]+)(?:\{(.*)\})? (-?[0-9.]+)$").unwrap();
    let label = Regex::new(r#"^([a-z_]+)="((?:[^"\\]|\\[\\"n])*)"(,|$)"#).unwrap();
    assert!(exposition.ends_with('\n'));
    let mut families: Vec<String> = Vec::new();
    let mut all: Vec<Sample> = Vec::new();
    let mut lines = exposition.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (family, words) = help.split_once(' ').expect("help has words");
            assert!(name.is_match(family) && !words.is_empty() && !words.contains('\\'), "{line}");
            assert!(!families.iter().any(|known| known == family), "{family} is in two places");
            assert_eq!(lines.next(), Some(&*format!("# TYPE {family} gauge")));
            // What promtool's linter has against the name of a gauge.
            for end in ["_total", "_count", "_sum", "_bucket", "_milliseconds"] {
                assert!(!family.ends_with(end), "{family}");
            }
            families.push(family.to_owned());
            continue;
        }
        let found = sample.captures(line).unwrap_or_else(|| panic!("no sample: {line}"));
        assert_eq!(families.last().map(String::as_str), Some(&found[1]), "{line}");
        let mut rest = found.get(2).map_or("", |labels| labels.as_str());
        let mut labels: Vec<(String, String)> = Vec::new();
        while !rest.is_empty() {
            let found = label.captures(rest).unwrap_or_else(|| panic!("no label: {rest}"));
            let value = found[2].replace("\\\"", "\"").replace("\\\\", "\\");
            assert!(labels.iter().all(|(known, _)| *known != found[1]), "{line}");
            labels.push((found[1].to_owned(), value));
            rest = &rest[found[0].len()..];
        }
        let value = found[3].parse().expect("a number");
        assert!(
            !all.iter().any(|(family, known, _)| *family == found[1] && *known == labels),
            "twice: {line}"
        );
        all.push((found[1].to_owned(), labels, value));
    }
    all
}

#[test]
fn golden_prometheus_is_valid_and_says_how_each_case_came_out() {
    let samples = samples(&kept("prometheus"));
    for case in cases() {
        let own = samples.iter().filter(|(family, labels, value)| {
            family == "relayprobe_case_outcome"
                && *value == 1.0
                && labels.contains(&("case".to_owned(), text(&case, "/id").to_owned()))
        });
        let outcomes: Vec<_> = own.map(|(_, labels, _)| &labels.last().expect("labels").1).collect();
        assert_eq!(outcomes, [text(&case, "/outcome")]);
    }
    let subject = text(&cases()[0], "/tls/peer/subject").to_owned();
    let expires = samples.iter().find(|(family, _, _)| family.starts_with("relayprobe_peer_certificate"));
    let (_, labels, at) = expires.expect("the certificate's end");
    assert!(labels.contains(&("subject".to_owned(), subject)));
    assert_eq!(*at, 1_801_396_800.0);
}

#[test]
fn the_last_success_outlives_a_run_that_fails() {
    let dir = Dir::new();
    let report = |name: &str, started: &str, outcome: &str| {
        let mut case = cases()[0].clone();
        case["outcome"] = json!(outcome);
        let (passed, failed) = (u8::from(outcome == "passed"), u8::from(outcome == "failed"));
        let report = json!({ "schema": 1, "tool": "t", "cases": [case],
            "run": { "id": name, "started": started, "duration_ms": 1000, "interrupted": false },
            "summary": { "total": 1, "passed": passed, "failed": failed, "error": 0, "skipped": 0, "flaky": 0 } });
        dir.write(name, report.to_string());
        Program::new(dir.path(), ["report", "-f", "prometheus", "-o", "r.prom", name]).run().status(0);
        let text = fs::read_to_string(dir.join("r.prom")).expect("the metrics");
        let samples = samples(&text);
        let of = |family: &str| samples.iter().find(|(own, _, _)| own == family).map(|(_, _, value)| *value);
        [
            "relayprobe_case_last_success_timestamp_seconds",
            "relayprobe_last_success_timestamp_seconds",
            "relayprobe_run_timestamp_seconds",
        ]
        .map(of)
    };
    let (first, second) = (Some(1_793_534_401.0), Some(1_793_620_801.0));
    assert_eq!(report("a.json", "2026-11-01T12:00:00Z", "failed"), [None, None, first]);
    assert_eq!(report("a.json", "2026-11-01T12:00:00Z", "passed"), [first, first, first]);
    assert_eq!(report("b.json", "2026-11-02T12:00:00Z", "failed"), [first, first, second]);
    assert_eq!(report("b.json", "2026-11-02T12:00:00Z", "passed"), [second, second, second]);
}

#[test]
fn golden_nagios_is_the_output_of_a_plugin() {
    let out = kept("nagios");
    let (first, long) = out.split_once('\n').expect("more than a line");
    let (told, performance) = first.split_once(" | ").expect("performance data");
    assert!(told.starts_with("RELAYPROBE CRITICAL - 1 failed, 1 error, 3 passed"), "{told}");
    assert!(told.contains("simulated, rules as of 2026-11-01"), "{told}");
    let range = r"(?:;[0-9.]*){0,4}";
    let datum = Regex::new(&format!(r"^[a-z]+=[0-9.]+s?{range}$")).unwrap();
    assert!(performance.split(' ').all(|one| datum.is_match(one)), "{performance}");
    assert!(!out[first.len()..].contains('|') && !told.contains('|'), "{out}");
    assert_eq!(long.lines().count(), 2);
}

#[test]
fn a_plugin_ends_with_the_status_that_it_prints() {
    let dir = Dir::new();
    let wrong = |case: &Value| ["failed", "error"].contains(&text(case, "/outcome"));
    let report = |cases: Vec<Value>, interrupted: bool| {
        let report = json!({ "schema": 1, "tool": "t", "cases": cases,
            "run": { "id": "r", "started": "2026-11-01T12:00:00Z", "duration_ms": 1, "interrupted": interrupted },
            "summary": { "total": 0, "passed": 0, "failed": 0, "error": 0, "skipped": 0, "flaky": 0 } });
        dir.write("r.json", report.to_string());
        Program::new(dir.path(), ["report", "-f", "nagios", "r.json"]).run()
    };
    let well: Vec<_> = cases().into_iter().filter(|case| !wrong(case)).collect();
    let firm: Vec<_> = well.iter().filter(|case| case["flaky"] == false).cloned().collect();
    for (cases, interrupted, status, word) in [
        (firm.clone(), false, 0, "OK - 2 passed, 1 skipped"),
        (well, false, 1, "WARNING - 3 passed, 1 flaky"),
        (cases(), true, 2, "CRITICAL - interrupted: 1 failed"),
        (firm, true, 3, "UNKNOWN - interrupted: 2 passed"),
        (Vec::new(), false, 0, "OK - nothing to play"),
        (Vec::new(), true, 3, "UNKNOWN - interrupted: nothing to play"),
    ] {
        let ran = report(cases, interrupted);
        ran.status(status);
        assert!(ran.stdout.starts_with(&format!("RELAYPROBE {word}")), "{}", ran.stdout);
    }
    report(Vec::new(), false).status(0);
    Program::new(dir.path(), ["report", "--exit-status", "r.json"]).run().status(0);
    dir.write("r.json", "{}");
    let ran = Program::new(dir.path(), ["report", "-f", "nagios", "r.json"]).run();
    ran.status(3);
    assert!(ran.stdout.starts_with("RELAYPROBE UNKNOWN - r.json is no report"), "{}", ran.stdout);
}

/// Reads workflow commands as actions/runner does: a command a line, `%25`, `%0D`,
/// `%0A`, and in properties `%3A` and `%2C`, taken back.
#[test]
fn golden_github_annotations_name_file_and_line() {
    let command = Regex::new(r"^::(error|warning|notice) ([^:]*)::(.*)$").unwrap();
    let back = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":");
        text.replace("%2C", ",").replace("%25", "%")
    };
    let github = kept("github");
    let read: Vec<(String, String, String)> = github
        .lines()
        .map(|line| {
            let found = command.captures(line).unwrap_or_else(|| panic!("no command: {line}"));
            (found[1].to_owned(), found[2].to_owned(), back(&found[3]))
        })
        .collect();
    let failed = &cases()[1];
    let (level, properties, message) = &read[0];
    assert_eq!(level, "error");
    let properties: Vec<_> =
        properties.split(',').map(|one| back(one.split_once('=').expect("a value").1)).collect();
    let at = &failed["expected_at"];
    assert_eq!(properties, [text(at, "/file"), &at["line"].to_string(), text(failed, "/id")]);
    assert!(
        message.lines().next().expect("a line").ends_with(text(failed, "/failures/0/actual")),
        "{message}"
    );
    let levels: Vec<_> = read.iter().map(|(level, _, _)| level.as_str()).collect();
    assert_eq!(levels, ["error", "error", "warning", "notice"]);
}

#[test]
fn shards_and_reruns_become_one_report() {
    let dir = Dir::new();
    let all = "suite: s\ntags: [t]\ndefaults: { target: mx, tls: starttls, rcpt_to: x@fabrikam.example, \
               stop_after: rcpt_to }\nscenarios:\n  - { name: a, mail_from: a@contoso.com, expect: 250 }\n  \
               - { name: b, mail_from: b@contoso.com, expect: $(b) }\n  \
               - { name: c, mail_from: c@contoso.com, expect: 250 }\n";
    dir.write("s.yaml", format!("{all}vars: {{ b: 250 }}\n"));
    dir.write(
        "relayprobe.yaml",
        "simulator: { tenants: t.yaml, as_of: 2026-11-01 }\ntargets: { mx: { simulator: mx } }\n",
    );
    dir.write(
        "t.yaml",
        "tenants:\n  - { name: C, AcceptedDomain: [{ DomainName: contoso.com, DomainType: Authoritative }], \
         lab: { recipients: [a@contoso.com] } }\n",
    );
    let run = |args: &[&str]| Program::new(dir.path(), [&["run", "s.yaml", "-q"], args].concat()).run();
    for (shard, file) in [("0/2", "json=0.json"), ("1/2", "ndjson=1.ndjson")] {
        run(&["--shard", shard, "--report", file]).status(1);
    }
    let report = |args: &[&str]| Program::new(dir.path(), [&["report"], args].concat()).run();
    let merged = report(&["-f", "json", "0.json", "1.ndjson", "-o", "all.json"]);
    assert!(merged.status(0).stdout.is_empty());
    let all: Value = serde_json::from_slice(&fs::read(dir.join("all.json")).unwrap()).expect("JSON");
    assert_eq!(
        all["summary"],
        json!({ "total": 3, "passed": 0, "failed": 3, "error": 0, "skipped": 0, "flaky": 0 })
    );
    report(&["-f", "csv", "--exit-status", "all.json"]).status(1);
    run(&["--failed", "all.json", "--set", "b=550", "--report", "json=again.json"]).status(1);
    let merged = report(&["-f", "json", "again.json", "all.json"]);
    let merged = merged.status(0).json();
    assert_eq!(
        merged["summary"],
        json!({ "total": 3, "passed": 1, "failed": 2, "error": 0, "skipped": 0, "flaky": 0, "reruns": 3 })
    );
    let b = merged["cases"].as_array().expect("cases").iter().find(|case| case["name"] == "b").expect("b");
    assert_eq!((&b["outcome"], &b["attempts"], &b["reruns"]), (&json!("passed"), &json!(2), &json!(1)));
    assert_eq!(b["earlier"][0]["outcome"], "failed");
    report(&["-f", "json", "0.json", "0.json"]).status(2).says("are reports of the same run");
}

#[test]
fn what_is_no_report_is_told_and_nothing_is_written() {
    let dir = Dir::new();
    let report = |args: &[&str]| Program::new(dir.path(), [&["report"], args].concat()).run();
    dir.write("out", "the previous one");
    dir.write("no.json", "{\"schema\":1}");
    dir.write("new.json", "{\"schema\":7,\"run\":{}}");
    report(&["-f", "tap", "no.json", "-o", "out"]).status(2).says("error: no.json is no report of a run");
    report(&["-f", "tap", "new.json", "-o", "out"]).status(2).says("schema 7");
    report(&["-f", "tap", "none.json"]).status(2).says("none.json");
    report(&["-f", "tap", "."]).status(2).says("a folder");
    report(&["-f", "word", "no.json"]).status(2).says("the formats are terminal, json, ndjson");
    report(&["-f", "tap"]).status(2).says("<FILE>");
    let fixed = fixed().display().to_string();
    report(&["-f", "tap", &fixed, "-o", "no/such/folder"]).status(3).says("cannot write the tap report");
    assert_eq!(fs::read_to_string(dir.join("out")).unwrap(), "the previous one");
}

#[test]
fn all_formats_come_of_one_run() {
    let dir = Dir::new();
    dir.write("s.yaml", "suite: s\nscenarios:\n  - { name: a, target: \"127.0.0.1:1\", expect: refused }\n");
    let formats =
        ["json", "ndjson", "html", "junit", "tap", "csv", "markdown", "prometheus", "nagios", "github"];
    let mut args = vec!["run".to_owned(), "s.yaml".to_owned()];
    args.extend(formats.iter().map(|format| format!("--report={format}={format}.out")));
    let ran = Program::new(dir.path(), &args).run();
    ran.status(0).says("1 passed · against 127.0.0.1:1");
    for format in formats {
        let of_run = fs::read_to_string(dir.join(&format!("{format}.out"))).expect(format);
        let again = Program::new(dir.path(), ["report", "-f", format, "json.out"]).run();
        assert_eq!(again.status(0).stdout, of_run, "{format}");
    }
    let plugin = Program::new(dir.path(), ["run", "s.yaml", "--report", "nagios"]).run();
    assert!(
        plugin.status(0).stdout.starts_with("RELAYPROBE OK - 1 passed (against 127.0.0.1:1"),
        "{}",
        plugin.stdout
    );
    dir.write("s.yaml", "suite: s\nscenarios:\n  - { name: a, target: \"127.0.0.1:1\", expect: 250 }\n");
    let plugin = Program::new(dir.path(), ["run", "s.yaml", "--report", "nagios"]).run();
    assert!(plugin.status(2).stdout.starts_with("RELAYPROBE CRITICAL - 1 error"), "{}", plugin.stdout);
    dir.write("s.yaml", "suites: s\n");
    let plugin = Program::new(dir.path(), ["run", "s.yaml", "--report", "nagios"]).run();
    assert!(plugin.status(3).stdout.starts_with("RELAYPROBE UNKNOWN"), "{}", plugin.stdout);
}
