//! The formats, result by result.

use serde_json::{Value, json};

use super::formats::{Json, Junit, Sheet};
use super::record::Record;
use super::testing::{Cases, cases, run};
use super::{Again, Detail, Palette, Run, Summary, Terminal};
use crate::smtp::visible;
use crate::verdict::CaseResult;

const ACCEPTED: [&str; 7] =
    ["220 hi", "250 hi", "250 2.1.0 ok", "250 2.1.5 Recipient OK", "354 go", "250 2.6.0 Queued", "221 bye"];
const REFUSED: [&str; 4] = ["220 hi", "250 hi", "250 2.1.0 ok", "550 5.7.1 no"];
const GREYLISTED: [&str; 4] = ["220 hi", "250 hi", "250 2.1.0 ok", "450 4.2.0 later"];

fn summary(results: &[CaseResult]) -> Summary {
    let mut summary = Summary::default();
    for result in results {
        summary.add(result.outcome, result.flaky);
    }
    summary
}

fn shown(results: &[CaseResult], detail: Detail, run: &Run) -> String {
    let mut terminal = Terminal::new(detail, Palette::new(false), Again::default());
    let mut out = Vec::new();
    for result in results {
        terminal.case(&commanded(result), &mut out);
    }
    terminal.finish(run, &summary(results), &mut out);
    String::from_utf8(out).expect("text")
}

/// A record as reports get it.
fn commanded(result: &CaseResult) -> Record<'_> {
    let command = result.outcome.is_wrong().then(|| Again::default().command(&result.case).into());
    Record { command, ..Record::of(result) }
}

fn entry(result: &CaseResult) -> Value {
    let mut out = Vec::new();
    Json::lines().case(&Record::of(result), &mut out);
    serde_json::from_slice(&out).expect("JSON")
}

fn written(sheet: &mut dyn Sheet, results: &[CaseResult]) -> Vec<u8> {
    let mut out = Vec::new();
    sheet.head(&mut out);
    for result in results {
        sheet.case(&Record::of(result), &mut out);
    }
    sheet.finish(&run(), &summary(results), &mut out);
    out
}

fn whole(results: &[CaseResult]) -> Value {
    serde_json::from_slice(&written(&mut Json::object(), results)).expect("JSON")
}

fn junit(results: &[CaseResult]) -> quick_junit::Report {
    let out = written(&mut Junit::default(), results);
    quick_junit::Report::deserialize(&out[..]).expect("JUnit XML")
}

#[test]
fn an_entry_has_the_fields_of_the_contract() {
    let cases = cases(&["name: only the P2 sender is ours, expect: 550 5.7.64"]);
    let value = entry(&cases.simulate(0, &ACCEPTED));
    let expected = json!({
        "id": "relay/only-the-p2-sender-is-ours", "suite": "The relay",
        "name": "only the P2 sender is ours", "tags": ["relay"],
        "target": { "name": "relay.example:25", "address": "192.0.2.1:25", "simulator": true, "as_of": "2026-11-01" },
        "outcome": "failed", "expected": "550 5.7.64",
        "decisive": { "stage": "message", "code": 250, "enhanced": "2.6.0", "text": "Queued", "event": null, "reason": null, "ms": 3.0 },
        "failures": [{ "stage": "message", "expected": "550 5.7.64", "actual": "250 2.6.0 Queued" }],
        "tls": null, "timings_ms": { "connect": null, "tls": null, "total": 9.0 },
        "attempts": 1, "flaky": false, "skipped_because": null,
    });
    for (name, wanted) in expected.as_object().unwrap() {
        assert_eq!(&value[name], wanted, "{name}");
    }
    assert_eq!(value["source"]["line"], 4);
    assert_eq!(
        value["replies"][3],
        json!({ "stage": "rcpt_to", "code": 250, "enhanced": "2.1.5", "text": "Recipient OK", "ms": 3.0, "at_ms": 12.0, "recipient": 0 })
    );
    assert_eq!(value["transcript"][1], json!({ "at_ms": 1.0, "dir": "<", "line": "220 hi" }));
    assert!(value["hint"]["meaning"].is_string());
}

#[test]
fn an_event_has_a_reason_and_no_code() {
    let cases = cases(&["name: x, expect: 250"]);
    let value = entry(&cases.play(0, &[&["!timeout reply"]]));
    assert_eq!(value["outcome"], "error");
    assert_eq!(
        value["decisive"],
        json!({ "stage": "greeting", "code": null, "enhanced": null, "text": null, "event": "timeout", "reason": "reply" })
    );
}

#[test]
fn a_report_of_any_number_of_cases_is_one_object() {
    let cases = cases(&["name: x, expect: 250"]);
    for n in 0..3 {
        let value = whole(&vec![cases.play(0, &[&ACCEPTED]); n]);
        assert_eq!(value["schema"], 1);
        assert_eq!(value["tool"], format!("relayprobe {}", env!("CARGO_PKG_VERSION")));
        assert_eq!(
            value["run"],
            json!({ "id": "20261101T120000Z-abcdef", "started": "2026-11-01T12:00:00.250Z", "duration_ms": 812, "interrupted": false })
        );
        assert_eq!(
            value["summary"],
            json!({ "total": n, "passed": n, "failed": 0, "error": 0, "skipped": 0, "flaky": 0 })
        );
        assert_eq!(value["cases"].as_array().map(Vec::len), Some(n));
    }
}

#[test]
fn junit_tells_failure_error_skip_and_flake_apart() {
    let cases = cases(&["name: a, expect: 250", "name: b, expect: 250"]);
    let results = [
        cases.play(0, &[&REFUSED]),
        cases.play(0, &[&["!closed eof"]]),
        cases.skip(1, "not from this host"),
        cases.play(1, &[&GREYLISTED, &ACCEPTED]),
        cases.play(1, &[&GREYLISTED, &REFUSED]),
    ];
    let report = junit(&results);
    assert_eq!((report.tests, report.failures, report.errors, report.skipped), (5, 2, 1, 1));
    let [suite] = &report.test_suites[..] else { panic!("one suite") };
    let status = |n: usize| &suite.test_cases[n].status;
    use quick_junit::TestCaseStatus::{NonSuccess, Skipped, Success};
    let NonSuccess { message: Some(message), ty: Some(ty), .. } = status(0) else { panic!("a failure") };
    assert_eq!(message.as_str(), "expected 250 at rcpt_to, got 550 5.7.1 no");
    assert_eq!(ty.as_str(), "550 5.7.1");
    assert!(matches!(status(1), NonSuccess { kind: quick_junit::NonSuccessKind::Error, .. }));
    assert!(matches!(status(2), Skipped { message: Some(why), .. } if why.as_str() == "not from this host"));
    assert!(matches!(status(3), Success { flaky_runs } if flaky_runs.len() == 1));
    assert!(matches!(status(4), NonSuccess { reruns, .. } if reruns.runs.len() == 1));
}

#[test]
fn attempts_that_were_expected_to_be_refused_are_no_flake() {
    let cases = cases(&["name: greylisting, expect: { attempts: [450, 250] }"]);
    let result = CaseResult { flaky: false, ..cases.play(0, &[&GREYLISTED, &ACCEPTED]) };
    let report = junit(&[result]);
    let status = &report.test_suites[0].test_cases[0].status;
    assert!(matches!(status, quick_junit::TestCaseStatus::Success { flaky_runs } if flaky_runs.is_empty()));
}

/// Whatever a server says, every format gives the same visible text back, and
/// nothing that steers a terminal.
#[test]
fn any_text_comes_back_from_every_format() {
    let cases = cases(&["name: x, expect: 250"]);
    let nasty = [
        "]]>",
        "<script>",
        "&amp;",
        "\"",
        "'",
        "\\",
        "\u{1b}[31m",
        "\u{1b}]52;c;x\u{7}",
        "\u{9b}2J",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\u{fffe}",
        "\u{feff}",
        "\t",
        "é",
        "用户",
        "::error::",
        "=cmd()",
        "{}",
        "%s",
        "\u{0}",
        "\u{7f}",
        "  ",
        "\u{1f4e7}",
        "-->",
        "]]&gt;",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..300 {
        let words: Vec<_> = (0..random.usize(1..6)).map(|_| nasty[random.usize(..nasty.len())]).collect();
        // NUL never gets into a reply, and a reply's text does not end in blanks
        // that a pattern could ask for.
        let text = format!("a{}z", words.concat().replace('\0', ""));
        let line = format!("550 {text}");
        let result = cases.play(0, &[&["220 hi", "250 hi", "250 ok", &line]]);
        let wanted = visible(&text).into_owned();

        let value = entry(&result);
        assert_eq!(value["decisive"]["text"], *wanted, "JSON, round {round}");
        assert_eq!(value["replies"][3]["text"], *wanted, "JSON, round {round}");

        let report = junit(std::slice::from_ref(&result));
        let quick_junit::TestCaseStatus::NonSuccess { message: Some(message), .. } =
            &report.test_suites[0].test_cases[0].status
        else {
            panic!("a failure")
        };
        assert_eq!(
            message.as_str(),
            format!("expected 250 at rcpt_to, got 550 {wanted}"),
            "JUnit, round {round}"
        );

        let terminal = shown(&[result], Detail::Everything, &run());
        assert!(
            terminal.contains(&format!("got       550 {wanted}")),
            "terminal, round {round}:\n{terminal}"
        );
        assert!(!terminal.chars().any(|c| c.is_control() && c != '\n'), "round {round}");
    }
}

#[test]
fn ndjson_is_one_record_a_line_whatever_the_text() {
    let cases = cases(&["name: x, expect: 250"]);
    let line = "550 a\u{2028}b\rc";
    let mut out = Vec::new();
    let observation_line = line.replace('\r', "\u{85}");
    let result = cases.play(0, &[&["220 hi", "250 hi", "250 ok", &observation_line]]);
    Json::lines().case(&Record::of(&result), &mut out);
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 1);
}

#[test]
fn a_failure_reads_as_people_need_it() {
    let cases = cases(&["name: only the P2 sender is ours, expect: 550 5.7.64"]);
    let text = shown(&[cases.simulate(0, &ACCEPTED)], Detail::Normal, &run());
    let text = text.replace(&*cases.cases[0].source.file, "relay.yaml");
    let expected = "\
FAILED  relay/only-the-p2-sender-is-ours                        relay.example:25
  expected  550 5.7.64                       relay.yaml:4
  got       250 2.6.0 Queued                 at message, after 3 ms
  meaning   the message was accepted for delivery

    … 6 lines before
    > RCPT_TO
    < 250 2.1.5 Recipient OK
    > DATA
    < 354 go
    > MESSAGE
    < 250 2.6.0 Queued

  again     relayprobe run relay.yaml --filter relay/only-the-p2-sender-is-ours

1 failed · simulated, rules as of 2026-11-01 · 812 ms
";
    assert_eq!(text, expected);
}

#[test]
fn what_the_simulator_went_by_is_told() {
    let cases = cases(&["name: one, expect: 550"]);
    let mut failed = cases.simulate(0, &ACCEPTED);
    failed.attempts[0].observation.account = vec!["no client certificate".into(), "relay allowed".into()];
    let text = shown(std::slice::from_ref(&failed), Detail::Normal, &run());
    assert!(text.contains("\n  account   no client certificate; relay allowed\n"), "{text}");
    assert_eq!(entry(&failed)["account"], json!(["no client certificate", "relay allowed"]));
}

#[test]
fn a_result_of_the_simulator_never_reads_as_a_bare_pass() {
    let cases = cases(&["name: x, expect: 250"]);
    let simulated = cases.simulate(0, &ACCEPTED);
    for detail in [Detail::Normal, Detail::Verbose, Detail::Everything] {
        let text = shown(std::slice::from_ref(&simulated), detail, &run());
        for line in text.lines().filter(|line| line.contains("passed")) {
            assert!(line.contains("simulated"), "{line}");
        }
        assert!(text.ends_with("1 passed · simulated, rules as of 2026-11-01 · 812 ms\n"), "{text}");
    }
    let both = [simulated, cases.play(0, &[&ACCEPTED])];
    let text = shown(&both, Detail::Normal, &run());
    assert_eq!(text, "2 passed · simulated, rules as of 2026-11-01 · against relay.example:25 · 812 ms\n");
}

#[test]
fn quiet_says_nothing_unless_something_is_wrong() {
    let cases = cases(&["name: x, expect: 250"]);
    assert_eq!(shown(&[cases.play(0, &[&ACCEPTED])], Detail::Quiet, &run()), "");
    let text = shown(&[cases.play(0, &[&REFUSED])], Detail::Quiet, &run());
    assert!(
        text.starts_with("1 of 1 case does not pass\n\nFAILED  relay/x") && text.contains("1 failed"),
        "{text}"
    );
    let interrupted = Run { interrupted: true, ..run() };
    let text = shown(&[cases.play(0, &[&ACCEPTED])], Detail::Quiet, &interrupted);
    assert!(text.starts_with("interrupted: 1 passed"), "{text}");
}

#[test]
fn the_same_failure_again_and_again_is_told_once_in_full_measure() {
    let cases = cases(&["name: x, expect: 250"]);
    let results: Vec<_> = (0..40).map(|_| cases.play(0, &[&REFUSED])).collect();
    let text = shown(&results, Detail::Normal, &run());
    assert_eq!(text.matches("  again ").count(), 10);
    assert_eq!(text.matches("as before: expected 250, got 550 5.7.1 at rcpt_to").count(), 30);
    assert!(text.contains("  40×  expected 250, got 550 5.7.1 at rcpt_to"), "{text}");
    let everything = shown(&results, Detail::Verbose, &run());
    assert_eq!(everything.matches("  again ").count(), 40);
}

#[test]
fn transcripts_of_passes_are_for_those_who_ask_twice() {
    let cases = cases(&["name: x, expect: 250"]);
    let result = [cases.play(0, &[&ACCEPTED])];
    assert!(!shown(&result, Detail::Normal, &run()).contains("relay/x"));
    let verbose = shown(&result, Detail::Verbose, &run());
    assert!(verbose.contains("passed  relay/x") && !verbose.contains("354 go"), "{verbose}");
    assert!(shown(&result, Detail::Everything, &run()).contains("< 354 go"));
}

#[test]
fn skipped_cases_are_counted_by_their_reason() {
    let cases: Cases = cases(&["name: a, expect: 250", "name: b, expect: 250"]);
    let results = [cases.skip(0, "because"), cases.skip(1, "because"), cases.play(0, &[&ACCEPTED])];
    let text = shown(&results, Detail::Normal, &run());
    assert!(text.contains("skipped 2: because\n"), "{text}");
    assert!(text.ends_with("1 passed, 2 skipped · against relay.example:25 · 812 ms\n"), "{text}");
}
