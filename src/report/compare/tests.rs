//! Comparisons of runs that are written down here.

use std::borrow::Cow;
use std::time::Duration;

use super::*;
use crate::report::record::{Arrived, ArrivedTls, Document, Peer, Record, Tls};
use crate::report::testing::{Cases, cases, run};
use crate::report::{Detail, Palette, Summary};
use crate::verdict::{CaseResult, Outcome};

const WELL: &[&str] = &[
    "220 mx1.relay.example ESMTP",
    "250-mx1.relay.example\r\n250-SIZE 1000\r\n250 DSN",
    "250 ok",
    "250 ok",
    "354 go",
    "250 2.6.0 queued as 4XyZ",
];
const DENIED: &[&str] = &[
    "220 mx2.relay.example ESMTP",
    "250 mx2.relay.example",
    "250 ok",
    "554 5.7.1 <b@example.com>: Relay access denied",
];
const DOWN: &[&str] = &["!refused connect"];

/// One run: each case is what a script, or a hand, made of it.
fn side(records: Vec<Record<'_>>) -> Side {
    let mut summary = Summary::default();
    for record in &records {
        summary.total += 1;
        match record.outcome {
            Outcome::Passed => summary.passed += 1,
            Outcome::Failed => summary.failed += 1,
            Outcome::Error => summary.error += 1,
            Outcome::Skipped => summary.skipped += 1,
        }
    }
    let run = run();
    let cases = records.iter().map(|record| Facts::of(record, &run.id)).collect();
    Side { name: "report.json".to_owned(), run, summary, cases }
}

/// Two playings of the first case of these scenarios, changed by hand.
fn changed(
    scenario: &str,
    (before, after): (&[&str], &[&str]),
    edit: impl Fn(&mut Record<'_>, &mut Record<'_>),
) -> Vec<(Kind, String, String)> {
    let cases = cases(&[scenario]);
    let (one, two) = (cases.play(0, &[before]), cases.play(0, &[after]));
    let (mut one, mut two) = (Record::of(&one), Record::of(&two));
    edit(&mut one, &mut two);
    let terms = Terms { slower: Some(Slower { factor: 3.0, floor_ms: 100.0 }), ..Terms::default() };
    let comparison = compare(side(vec![one]), side(vec![two]), terms);
    let changes = comparison.cases.into_iter().flat_map(|case| case.changes);
    changes.map(|change| (change.kind, change.before, change.after)).collect()
}

fn kinds(scenario: &str, before: &[&str], after: &[&str]) -> Vec<Kind> {
    changed(scenario, (before, after), |_, _| {}).into_iter().map(|(kind, ..)| kind).collect()
}

fn text(comparison: &Comparison, detail: Detail, width: usize) -> String {
    comparison_as_text(comparison, detail, Palette::fitting(false, true, width))
}

const ANY: &str = "name: a, expect: [250, '550', '554', '450']";

#[test]
fn a_verdict_that_changes_breaks_or_mends() {
    assert_eq!(kinds("name: a", WELL, DENIED), [Kind::Breaks]);
    assert_eq!(kinds("name: a", DENIED, WELL), [Kind::Mends]);
    // The door that was shut is open.
    assert_eq!(kinds("name: a, expect: '554'", DENIED, WELL), [Kind::Breaks]);
    assert_eq!(kinds("name: a, expect: '554'", WELL, DENIED), [Kind::Mends]);
    let down: &[&str] = &["!closed eof"];
    assert_eq!(kinds("name: a", WELL, down), [Kind::Breaks]);
}

#[test]
fn without_a_change_of_verdict_the_reply_counts() {
    let other: &[&str] = &["220 x.y ESMTP", "250 x", "250 ok", "550 5.7.1 no"];
    assert_eq!(kinds(ANY, WELL, DENIED), [Kind::Breaks]);
    assert_eq!(kinds(ANY, DENIED, WELL), [Kind::Opens]);
    assert_eq!(kinds(ANY, DENIED, other), [Kind::Reply]);
    let at_mail: &[&str] = &["220 x.y ESMTP", "250 x", "554 5.7.1 <b@example.com>: Relay access denied"];
    assert_eq!(kinds(ANY, DENIED, at_mail), [Kind::Moves]);
    let kept: &[&str] = &["220 x.y ESMTP", "250 x", "250 ok", "251 ok", "354 go", "251 2.6.0 forwarded"];
    assert_eq!(
        kinds(
            "name: a, expect: 2xx",
            &WELL[..1].iter().chain(&["250 x"]).chain(&WELL[2..]).copied().collect::<Vec<_>>(),
            kept
        ),
        [Kind::Reply]
    );
}

#[test]
fn what_differs_from_run_to_run_is_no_change() {
    let twice = |last: [&str; 2]| {
        let script = |host: &str, last: &str| {
            [
                format!("220 {host} ESMTP ready at Sat, 21 Nov 2026 20:34:53 +0000"),
                format!("250 {host}"),
                "250 ok".to_owned(),
                last.to_owned(),
            ]
        };
        let (one, two) = (script("mx1.a.example", last[0]), script("mx2.a.example", last[1]));
        let words = |script: &[String; 4]| -> Vec<String> { script.to_vec() };
        let (one, two) = (words(&one), words(&two));
        let borrow = |script: &'_ [String]| -> Vec<&'static str> {
            script.iter().map(|line| &*Box::leak(line.clone().into_boxed_str())).collect()
        };
        kinds(ANY, &borrow(&one), &borrow(&two))
    };
    for pair in [
        [
            "550 5.7.64 TenantAttribution; Relay Access Denied [AM4PEPF00027A62.eurprd04.prod.outlook.com 2026-01-29T12:31:01.197Z 08DE5971FB66165F]",
            "550 5.7.64 TenantAttribution; Relay Access Denied [DB6P18901CA0015.EURP189.PROD.OUTLOOK.COM 2026-02-01T00:00:00.001Z 08DE5971FB661660]",
        ],
        [
            "450 4.2.0 <b@x>: Greylisted, try again in 300 seconds",
            "450 4.2.0 <b@x>: Greylisted, try again in 2 seconds",
        ],
        ["450 mx1.a.example: too many errors", "450 mx2.a.example: too many errors"],
        [
            "550-5.7.26 blocked a640c23a62f3a-b7si72.212 - gsmtp\r\n550 5.7.26 x a640c23a62f3a-b7si72.212 - gsmtp",
            "550-5.7.26 blocked 5b1f-477b.9 - gsmtp\r\n550 5.7.26 x 5b1f-477b.9 - gsmtp",
        ],
        ["550 no, 20261101T120000Z-abcdef", "550  no,  20261101T120000Z-abcdef"],
    ] {
        assert_eq!(twice(pair), [], "{pair:?}");
    }
    let queued = |id: &'static str| -> Vec<&'static str> { WELL[..5].iter().copied().chain([id]).collect() };
    assert_eq!(
        kinds("name: a", &queued("250 2.0.0 Ok: queued as 4XyZ"), &queued("250 OK id=1tEabc-0003Xy-2f")),
        []
    );
}

#[test]
fn another_recipient_that_is_refused_is_a_change() {
    let two = "name: a, rcpt_to: [a@x.example, b@x.example, { address: c@x.example, expect: [250, '550'] }]";
    let script =
        |third: &'static str| ["220 x.y", "250 x", "250 ok", "250 ok", "250 ok", third, "354 go", "250 ok"];
    assert_eq!(kinds(two, &script("250 ok"), &script("550 no")), [Kind::Reply]);
    assert_eq!(kinds(two, &script("550 no"), &script("550 no")), []);
}

#[test]
fn a_failure_for_another_reason_is_a_change() {
    let scenario =
        "name: a, expect: { rcpt_to: { reply: 250, text: hello }, message: { reply: 250, text: bye } }";
    let told = |rcpt: &'static str, end: &'static str| ["220 x.y", "250 x", "250 ok", rcpt, "354 go", end];
    assert_eq!(kinds(scenario, &told("250 hello", "250 no"), &told("250 hello", "250 nay")), []);
    assert_eq!(kinds(scenario, &told("250 hello", "250 no"), &told("250 ok", "250 bye")), [Kind::Reply]);
}

fn tls(version: &'static str, cipher: &'static str, digits: &'static str) -> Option<Tls<'static>> {
    Some(Tls {
        version: version.into(),
        cipher: cipher.into(),
        group: Some("x25519".into()),
        resumed: false,
        backend: "rustls".into(),
        verified: true,
        untrusted: None,
        peer: Some(Peer {
            subject: "CN=mx".into(),
            issuer: "CN=ca".into(),
            san: Vec::new(),
            not_after: "2027-01-31T00:00:00Z".into(),
            key: "ECDSA P-256".into(),
            chain: Vec::new(),
            ocsp: "good".into(),
            sha256: digits.into(),
        }),
        client_certificate: "none".into(),
        client_certificate_subject: None,
        client_certificate_expires: None,
    })
}

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbb";

#[test]
fn tls_and_the_certificate_are_compared() {
    let with = |one: Option<Tls<'static>>, two: Option<Tls<'static>>| {
        changed("name: a", (WELL, WELL), |before, after| {
            (before.tls, after.tls) = (one.clone(), two.clone());
        })
    };
    assert_eq!(with(tls("TLSv1.3", "X", A), tls("TLSv1.3", "X", A)), []);
    let found = with(tls("TLSv1.2", "Y", A), tls("TLSv1.3", "X", A));
    assert_eq!(found, [(Kind::Tls, "TLSv1.2".to_owned(), "TLSv1.3".to_owned())]);
    let found = with(tls("TLSv1.3", "Y", A), tls("TLSv1.3", "X", A));
    assert_eq!(found, [(Kind::Cipher, "Y".to_owned(), "X".to_owned())]);
    let mut other = tls("TLSv1.3", "X", A);
    other.iter_mut().for_each(|tls| tls.group = Some("P-256".into()));
    let found = with(other, tls("TLSv1.3", "X", A));
    assert_eq!(found, [(Kind::Cipher, "X, P-256".to_owned(), "X, x25519".to_owned())]);
    let found = with(tls("TLSv1.3", "X", A), tls("TLSv1.3", "X", B));
    assert_eq!(found[0].0, Kind::Certificate);
    assert_eq!(found[0].2, "CN=mx, issued by CN=ca, until 2027-01-31, sha256 bbbbbbbbbbbbbbbb…, verified");
    let mut expired = tls("TLSv1.3", "X", A);
    if let Some(tls) = &mut expired {
        (tls.verified, tls.untrusted) = (false, Some("expired".into()));
        tls.client_certificate = "not_requested".into();
    }
    let found = with(tls("TLSv1.3", "X", A), expired);
    assert_eq!(
        found.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(),
        [Kind::Certificate, Kind::ClientCertificate]
    );
    assert!(found[0].2.ends_with("not trusted: expired"));
    assert_eq!(with(tls("TLSv1.3", "X", A), None), [(Kind::Tls, "TLSv1.3".to_owned(), "no TLS".to_owned())]);
    // What ended before the handshake says so by its end.
    let found = changed("name: a", (WELL, DOWN), |before, _| before.tls = tls("TLSv1.3", "X", A));
    assert_eq!(found.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), [Kind::Breaks]);
    // The simulator mints a certificate at each start.
    let found = changed("name: a", (WELL, WELL), |before, after| {
        (before.tls, after.tls) = (tls("TLSv1.3", "X", A), tls("TLSv1.3", "X", B));
        (before.target.as_of, after.target.as_of) = (Some("2026-11-01".into()), Some("2026-11-01".into()));
    });
    assert_eq!(found, []);
}

#[test]
fn extensions_are_a_set() {
    let with = |one: &[&'static str], two: &[&'static str]| {
        let lines =
            |lines: &[&'static str]| lines.iter().map(|line| Cow::Borrowed(*line)).collect::<Vec<_>>();
        changed("name: a", (WELL, WELL), |before, after| {
            (before.ehlo, after.ehlo) = (lines(one), lines(two));
        })
    };
    assert_eq!(with(&["SIZE 1000", "AUTH LOGIN PLAIN"], &["auth PLAIN LOGIN", "SIZE 1000"]), []);
    assert_eq!(
        with(&["SIZE 1000", "DSN"], &["SIZE 2000", "DSN", "CHUNKING"]),
        [(Kind::Ehlo, "SIZE 1000".to_owned(), "CHUNKING, SIZE 2000".to_owned())]
    );
    assert_eq!(with(&["DSN"], &[]), [(Kind::Ehlo, "DSN".to_owned(), "nothing".to_owned())]);
}

#[test]
fn what_arrived_is_compared() {
    let message = |tenant: &'static str| Arrived {
        tenant: Some(tenant.into()),
        connector: Some("Hybrid".into()),
        direction: Some("originating".into()),
        mail_from: "20261101T120000Z-abcdef@a.example".into(),
        rcpt_to: vec!["b@example.com".into()],
        header_from: vec!["a@a.example".into()],
        tls: Some(ArrivedTls {
            version: "TLSv1.3".into(),
            cipher: "X".into(),
            certificate: vec!["a.example".into()],
        }),
        after_ms: None,
    };
    let with = |one: Vec<Arrived<'static>>, two: Option<Vec<Arrived<'static>>>| {
        changed("name: a", (WELL, WELL), |before, after| {
            (before.arrived, after.arrived) = (Some(one.clone()), two.clone());
        })
    };
    assert_eq!(with(vec![message("Contoso")], Some(vec![message("Contoso")])), []);
    assert_eq!(with(vec![message("Contoso")], None), []);
    let found = with(vec![message("Contoso")], Some(vec![message("Fabrikam")]));
    assert_eq!(found[0].0, Kind::Arrived);
    assert_eq!(
        found[0].2,
        "Fabrikam, connector \"Hybrid\", originating, from <<run>@a.example> to <b@example.com>, \
         From: a@a.example, TLSv1.3, certificate a.example"
    );
    assert_eq!(with(vec![message("Contoso")], Some(Vec::new()))[0].2, "nothing");
}

#[test]
fn slower_is_a_change_past_factor_and_floor() {
    let with = |was: f64, is: f64| {
        changed("name: a", (WELL, WELL), |before, after| {
            (before.replies[3].ms, after.replies[3].ms) = (was, is);
        })
    };
    assert_eq!(with(1.0, 90.0), [], "below the floor");
    assert_eq!(with(100.0, 290.0), [], "below the factor");
    assert_eq!(with(4000.0, 1.0), [], "faster");
    assert_eq!(
        with(10.0, 4000.0),
        [(Kind::Latency, "rcpt_to in 10 ms".to_owned(), "rcpt_to in 4 s".to_owned())]
    );
}

#[test]
fn a_changed_expectation_is_a_note() {
    let cases = cases(&["name: a, expect: 250", "name: b, expect: 2xx"]);
    let (one, two) = (cases.play(0, &[WELL]), cases.play(1, &[WELL]));
    let (one, mut two) = (Record::of(&one), Record::of(&two));
    two.id = one.id.clone();
    let comparison = compare(side(vec![one]), side(vec![two]), Terms::default());
    assert_eq!(comparison.cases[0].changes[0].kind, Kind::Expected);
    assert!(!comparison.has_changes());
}

/// Three cases: what each came to before and after.
fn three(cases: &Cases, before: [&[&str]; 3], after: [&[&str]; 3]) -> (Vec<CaseResult>, Vec<CaseResult>) {
    let play = |scripts: [&[&str]; 3]| {
        scripts.iter().enumerate().map(|(n, script)| cases.play(n, &[script])).collect()
    };
    (play(before), play(after))
}

#[test]
fn cases_that_come_and_go_are_said() {
    let cases = cases(&["name: a", "name: b", "name: c"]);
    let (before, after) = three(&cases, [WELL; 3], [WELL, DENIED, WELL]);
    let records = |all: &[&CaseResult]| side(all.iter().map(|one| Record::of(one)).collect());
    let told = |before: &[&CaseResult], after: &[&CaseResult], partial: bool| {
        let comparison = compare(records(before), records(after), Terms { partial, ..Terms::default() });
        let changes = comparison.unaccepted().map(|(_, change)| change.kind).collect::<Vec<_>>();
        (changes, comparison.added().count(), comparison.not_played())
    };
    assert_eq!(told(&[&before[0]], &[&after[0], &after[2]], false), (vec![], 1, 0), "a new one that passes");
    assert_eq!(told(&[&before[0]], &[&after[0], &after[1]], false), (vec![Kind::New], 1, 0));
    assert_eq!(told(&[&before[0], &before[2]], &[&after[0]], false), (vec![Kind::Lost], 0, 0));
    assert_eq!(told(&[&before[0], &before[2]], &[&after[0]], true), (vec![], 0, 1));
    let skipped = cases.skip(0, "not today");
    assert_eq!(told(&[&before[0]], &[&skipped], false).0, [Kind::Lost]);
    assert_eq!(told(&[&skipped], &[&after[0]], false).0, []);
    assert_eq!(told(&[&skipped], &[&skipped], false).0, []);
}

fn rule(case: &str, kinds: &[Kind], until: Option<&str>) -> Rule {
    Rule {
        after: None,
        case: case.to_owned(),
        kinds: kinds.to_vec(),
        because: "it was asked for".to_owned(),
        until: until.map(|day| day.parse().expect("a day")),
        file: "accept.yaml".to_owned(),
        line: 2,
    }
}

#[test]
fn what_is_accepted_does_not_count_until_its_day_has_passed() {
    let cases = cases(&["name: a", "name: b", "name: c"]);
    let (before, after) = three(&cases, [WELL, WELL, DENIED], [DENIED, WELL, DENIED]);
    let with = |rules: Vec<Rule>| {
        let records = |all: &[CaseResult]| side(all.iter().map(Record::of).collect());
        let accepted = Accepted { rules, today: Some("2026-12-01".parse().expect("a day")) };
        compare(records(&before), records(&after), Terms { accepted, ..Terms::default() })
    };
    let breaks = &[Kind::Breaks];
    assert!(with(vec![rule("relay/b", breaks, None)]).has_changes());
    assert!(with(vec![rule("relay/*", &[Kind::Reply], None)]).has_changes());
    for until in [None, Some("2026-12-01")] {
        let comparison = with(vec![rule("relay/*", breaks, until)]);
        assert!(!comparison.has_changes());
        assert_eq!((comparison.count_accepted(), comparison.failed_as_before()), (1, 1));
        let text = text(&comparison, Detail::Normal, 100);
        assert!(text.contains("accepted 1 change, breaks of relay/*: it was asked for"), "{text}");
        assert!(
            text.contains("\nnothing that is not accepted changes in 3 cases · 1 failed as before"),
            "{text}"
        );
    }
    // Only where it answers so afterwards.
    let then = |after: &str| vec![Rule { after: Some(after.to_owned()), ..rule("relay/*", breaks, None) }];
    assert!(!with(then("*: 554 5.7.1 at *")).has_changes());
    let narrow = with(then("*: 421*"));
    assert!(narrow.has_changes());
    let told = text(&narrow, Detail::Normal, 100);
    assert!(told.contains("unused breaks of relay/*, then *: 421*: no such change"), "{told}");

    let comparison = with(vec![rule("relay/*", breaks, Some("2026-11-30")), rule("x", &[Kind::Ehlo], None)]);
    assert!(comparison.has_changes());
    let text = text(&comparison, Detail::Normal, 100);
    assert!(text.contains("expired breaks of relay/*: accepted until 2026-11-30 (accept.yaml:2)"), "{text}");
    assert!(text.contains("unused ehlo of x: no such change (accept.yaml:2)"), "{text}");
}

#[test]
fn cases_that_are_new_are_named_with_what_came_of_them_and_of_which_runs() {
    let cases = cases(&["name: a", "name: b", "name: c, skip: not today"]);
    let all = [cases.play(0, &[WELL]), cases.play(1, &[WELL]), cases.skip(2, "not today")];
    let records = |all: &[CaseResult]| side(all.iter().map(Record::of).collect());
    let comparison = compare(records(&all[..1]), records(&all), Terms::default());
    let text = text(&comparison, Detail::Normal, 100);
    assert!(text.starts_with("  before "), "{text}");
    let added =
        "\nadded 2 cases that the earlier run does not have, 1 passed, 1 skipped\n  relay/b, relay/c\n";
    assert!(text.contains(added), "{text}");
}

#[test]
fn a_report_compared_with_itself_has_no_change() {
    let cases = cases(&["name: a", "name: b", "name: c, expect: '554'", "name: d, skip: not today"]);
    let results = [
        cases.play(0, &[WELL]),
        cases.play(1, &[DENIED, DOWN]),
        cases.simulate(2, DENIED),
        cases.skip(3, "x"),
    ];
    let records: Vec<Record<'_>> = results.iter().map(Record::of).collect();
    let json = serde_json::json!({
        "schema": 1, "tool": "relayprobe", "run": run(), "summary": Summary::default(), "cases": records,
    });
    let document = Document::parse(json.to_string().as_bytes()).expect("a report");
    let read = || Side::of("a.json".to_owned(), &document);
    for (before, after) in [(read(), read()), (side(records.clone()), read())] {
        let comparison = compare(before, after, Terms::default());
        assert!(comparison.cases.iter().all(|case| case.changes.is_empty()));
        assert_eq!(comparison.in_both().count(), 4);
        assert_eq!(text(&comparison, Detail::Quiet, 80), "");
        let text = text(&comparison, Detail::Normal, 80);
        assert!(text.starts_with("nothing changes in 4 cases · 1 failed as before · "), "{text}");
    }
}

#[test]
fn what_breaks_stands_first_old_beside_new_and_fits_the_width() {
    let cases = cases(&["name: a", "name: b", "name: c, expect: '554'"]);
    let (before, after) = three(&cases, [WELL, DENIED, DENIED], [DENIED, WELL, WELL]);
    let mut records: Vec<Record<'_>> = before.iter().map(Record::of).collect();
    let before = side(records.clone());
    records = after.iter().map(Record::of).collect();
    records[1].ehlo.push("XCLIENT \u{1b}[31m".into());
    let mut comparison = compare(before, side(records), Terms::default());
    comparison.took = Some(Duration::from_millis(812));
    for width in [60, 80, 120] {
        let text = text(&comparison, Detail::Normal, width);
        let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
        assert!(text.starts_with("2 of 3 cases break, 1 mends"), "{text}");
        assert!(place("BREAKS") < place("mends   failed before, passed now"), "{text}");
        let flowing = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        for told in ["accepted before, refused now", "refused before, accepted now"] {
            assert!(flowing.contains(told), "{text}");
        }
        let last = text.lines().next_back().expect("a line");
        assert!(last.starts_with("2 of 3 cases break, 1 mends"), "{last}");
        assert!(!text.contains('\u{1b}'));
        for line in text.lines().filter(|line| *line != last) {
            assert!(line.chars().count() <= width && line.trim_end() == line, "{width}: {line}");
        }
    }
}

#[test]
fn the_json_has_every_change_and_what_accepts_it() {
    let cases = cases(&["name: a", "name: b", "name: c"]);
    let (before, after) = three(&cases, [WELL, WELL, DENIED], [DENIED, WELL, DENIED]);
    let records = |all: &'_ [CaseResult]| -> Vec<Record<'static>> {
        let json = serde_json::to_vec(&all.iter().map(Record::of).collect::<Vec<_>>()).expect("plain data");
        serde_json::from_slice(&json).expect("what was written")
    };
    let (before, mut after) = (records(&before), records(&after));
    after[0].ehlo.push("DSN".into());
    let accepted = Accepted { rules: vec![rule("relay/a", &[Kind::Ehlo], None)], today: None };
    let comparison = compare(side(before), side(after), Terms { accepted, ..Terms::default() });
    let json: serde_json::Value = serde_json::from_slice(&comparison_as_json(&comparison)).expect("JSON");
    assert_eq!(json["summary"]["compared"], 3);
    assert_eq!(json["summary"]["breaks"], 1);
    assert_eq!(json["summary"]["accepted"], 1);
    let [case] = json["cases"].as_array().expect("a list").as_slice() else { panic!("{json:#}") };
    assert_eq!(
        (&case["id"], &case["before"]["outcome"], &case["after"]["outcome"]),
        (&"relay/a".into(), &"passed".into(), &"failed".into())
    );
    assert_eq!(
        (&case["changes"][0]["kind"], &case["changes"][0]["accepted"]),
        (&"breaks".into(), &serde_json::Value::Null)
    );
    assert_eq!(
        (&case["changes"][1]["kind"], &case["changes"][1]["accepted"]),
        (&"ehlo".into(), &"it was asked for".into())
    );
    assert_eq!((&case["after"]["code"], &case["after"]["accepted"]), (&554.into(), &false.into()));
    assert!(!case["after"]["meaning"].as_str().expect("a text").is_empty());
    assert_eq!(json["accepted"][0]["used"], 1);
}
