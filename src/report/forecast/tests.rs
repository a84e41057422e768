//! Forecasts of cases whose answers are written down here.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveDate;

use super::{Compared, Forecast, World, forecast_as_json, forecast_as_text};
use crate::report::testing::{Cases, cases};
use crate::report::{Detail, Palette};
use crate::verdict::Answers;

const WELL: &[&str] = &["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "250 2.6.0 queued"];
const AT_RCPT: &[&str] = &["220 hi", "250 hi", "250 ok", "550 5.7.64 TenantAttribution [A.outlook.com]"];
const AT_MAIL: &[&str] = &["220 hi", "250 hi", "550 5.7.64 TenantAttribution [C.outlook.com]"];

fn world(day: &str) -> World {
    let day: NaiveDate = day.parse().expect("a day");
    World { days: BTreeSet::from([day]), tenants: "tenants.yaml".to_owned() }
}

/// A forecast in which each case is answered so before and after.
fn forecast(cases: &Cases, answers: &[(&[&str], &[&str])]) -> Forecast {
    let played = |n: usize, script: &[&str]| Answers::of(cases.simulate(n, script));
    let compared = answers.iter().enumerate().map(|(n, (before, after))| Compared {
        case: cases.cases[n].clone(),
        source_ip: None,
        before: played(n, before),
        after: played(n, after),
    });
    Forecast {
        before: world("2023-10-31"),
        after: world("2023-11-01"),
        cases: compared.collect(),
        real: 0,
        took: Duration::from_millis(12),
    }
}

fn text(forecast: &Forecast, detail: Detail) -> String {
    forecast_as_text(forecast, detail, Palette::new(false))
}

#[test]
fn a_refusal_that_only_moves_is_a_note_and_no_change() {
    let forecast = forecast(&cases(&["name: a"]), &[(AT_RCPT, AT_MAIL)]);
    assert_eq!(forecast.changes(), 0);
    let told = text(&forecast, Detail::Normal);
    assert!(told.starts_with("note    relay/a  "), "{told}");
    assert!(told.contains("550 5.7.64 TenantAttribution at rcpt_to, and then at mail_from"), "{told}");
    assert!(
        told.ends_with(
            "nothing changes for 1 case, 1 note · simulated, rules of 2023-10-31, then of 2023-11-01 · 12 ms\n"
        ),
        "{told}"
    );
    assert_eq!(text(&forecast, Detail::Quiet), "");
}

#[test]
fn what_breaks_stands_first_and_the_last_line_counts() {
    let cases = cases(&["name: a", "name: b", "name: c"]);
    let forecast = forecast(&cases, &[(AT_RCPT, WELL), (WELL, WELL), (WELL, AT_RCPT)]);
    let told = text(&forecast, Detail::Normal);
    let place = |what: &str| told.find(what).unwrap_or_else(|| panic!("{what}: {told}"));
    assert!(place("BREAKS  relay/c") < place("works   relay/a"));
    assert!(!told.contains("relay/b"));
    assert!(place("  2023-11-01  relay needs the certificate domain") > place("works"));
    assert!(told.contains("\n2 of 3 cases change: 1 breaks, 1 works · simulated"), "{told}");
}

#[test]
fn the_eleventh_of_a_kind_is_told_in_short() {
    let scenarios: Vec<String> = (0..12).map(|n| format!("name: c{n}")).collect();
    let scenarios: Vec<&str> = scenarios.iter().map(String::as_str).collect();
    let forecast = forecast(&cases(&scenarios), &[(WELL, AT_RCPT); 12]);
    let told = text(&forecast, Detail::Normal);
    let short = "  like others: 250 2.6.0 at message, then 550 5.7.64 at rcpt_to\n";
    assert_eq!((told.matches("BREAKS").count(), told.matches(short).count()), (12, 2), "{told}");
    assert_eq!(text(&forecast, Detail::Verbose).matches(short).count(), 0);
}

#[test]
fn what_was_not_played_is_not_counted() {
    let cases = cases(&["name: a", "name: b"]);
    let mut forecast = forecast(&cases, &[(WELL, AT_RCPT), (WELL, WELL)]);
    forecast.cases[0].before = Answers::of(cases.skip(0, "not today"));
    forecast.cases[0].after = Answers::of(cases.skip(0, "not today"));
    forecast.real = 2;
    let told = text(&forecast, Detail::Normal);
    assert!(told.contains("skipped 1: not today\nleft out 2 cases against real servers"), "{told}");
    assert!(told.contains("\nnothing changes for 1 case · "), "{told}");
    let json: serde_json::Value = serde_json::from_slice(&forecast_as_json(&forecast)).expect("JSON");
    assert_eq!((&json["summary"]["skipped"], &json["summary"]["played"]), (&1.into(), &1.into()));
    assert!(json["cases"][0]["difference"].is_null() && json["cases"][0]["before"].is_null());
    assert_eq!(json["cases"][1]["after"]["code"], 250);
}
