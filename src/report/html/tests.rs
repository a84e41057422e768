//! The page as a whole, and its colours.

use super::Html;
use crate::report::formats::Sheet;
use crate::report::record::Record;
use crate::report::testing::{cases, run};
use crate::report::{Run, Summary};
use crate::verdict::CaseResult;

const ACCEPTED: [&str; 7] =
    ["220 hi", "250 hi", "250 2.1.0 ok", "250 2.1.5 Recipient OK", "354 go", "250 2.6.0 Queued", "221 bye"];
const REFUSED: [&str; 4] = ["220 hi", "250 hi", "250 2.1.0 ok", "550 5.7.1 no"];

fn page(results: &[CaseResult], run: &Run) -> String {
    let (mut html, mut summary, mut out) = (Html::default(), Summary::default(), Vec::new());
    for result in results {
        summary.add(result.outcome, result.flaky);
        html.case(&Record::of(result), &mut out);
    }
    assert!(out.is_empty(), "a page is written in the end");
    html.finish(run, &summary, &mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn of_a_large_run_the_sessions_that_passed_are_packed_and_the_failures_are_not() {
    let cases = cases(&["name: a, expect: 250"]);
    let said = |page: &str| page.matches("<span>MAIL_FROM</span>").count();
    let mut results = vec![cases.play(0, &[&ACCEPTED]); 300];
    let small = page(&results, &run());
    assert_eq!(said(&small), 300);
    assert!(!small.contains("data-n=") && !small.contains("text/plain"));

    results.extend([cases.play(0, &[&ACCEPTED]), cases.play(0, &[&REFUSED])]);
    let large = page(&results, &run());
    assert_eq!(large.matches("data-n=").count(), 301);
    assert_eq!(said(&large), 1, "of the failure");
    assert!(large.len() < small.len() / 2, "{} {}", large.len(), small.len());
}

#[test]
fn cases_stand_in_the_order_of_the_files_whatever_the_order_in_which_they_ended() {
    let cases = cases(&["name: one, expect: 250", "name: two, expect: 250", "name: three, expect: 250"]);
    let mut results: Vec<_> = (0..3).map(|n| cases.play(n, &[&ACCEPTED])).collect();
    let there = page(&results, &run());
    results.reverse();
    assert_eq!(page(&results, &run()), there);
    let at = |name: &str| there.find(&format!("id=\"relay/{name}\"")).expect(name);
    assert!(at("one") < at("two") && at("two") < at("three"));
}

#[test]
fn a_run_of_nothing_has_a_page() {
    let empty = page(&[], &Run { interrupted: true, ..run() });
    assert!(empty.contains("Interrupted. Nothing was played"), "{empty}");
}

/// The colours of a scheme by their names.
fn colours(scheme: &str) -> impl Fn(&str) -> [f64; 3] {
    let style = include_str!("style.css");
    let start = match scheme {
        "dark" => style.find("prefers-color-scheme: dark").expect("there is a dark scheme"),
        _ => 0,
    };
    let scheme = style[start..].split("\n  }\n}").next().expect("it has an end").to_owned();
    move |name| {
        let named =
            scheme.split(&format!("--{name}: #")).nth(1).unwrap_or_else(|| panic!("no colour {name}"));
        let digits = named.split(';').next().expect("it has an end");
        let digits: String = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => digits.to_owned(),
        };
        let value = u32::from_str_radix(&digits, 16).expect("hexadecimal");
        [16, 8, 0].map(|shift| f64::from(value >> shift & 0xFF) / 255.0).map(|part| match part {
            // Linear light (IEC 61966-2-1).
            low if low <= 0.040_45 => low / 12.92,
            high => ((high + 0.055) / 1.055).powf(2.4),
        })
    }
}

fn luminance([r, g, b]: [f64; 3]) -> f64 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// WCAG 2.2, "contrast ratio".
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    if a > b { a / b } else { b / a }
}

#[test]
fn every_colour_of_text_stands_out_from_what_it_is_written_on() {
    for scheme in ["light", "dark"] {
        let colour = colours(scheme);
        let marks = ["passed", "failed", "error", "flaky", "skipped"];
        for ink in ["ink", "soft", "accent"].iter().chain(&marks) {
            for paper in ["paper", "wash"] {
                let ratio = contrast(colour(ink), colour(paper));
                assert!(ratio >= 4.5, "{scheme}: {ink} on {paper}: {ratio:.2}");
            }
        }
        for mark in marks {
            let ratio = contrast(colour(mark), colour(&format!("{mark}-wash")));
            assert!(ratio >= 4.5, "{scheme}: {mark} on its own: {ratio:.2}");
            // What is no text, but told by its colour (1.4.11): the frame of a cell.
            let ratio = contrast(colour(&format!("{mark}-line")), colour("paper"));
            assert!(
                ratio >= if mark == "skipped" { 1.5 } else { 2.0 },
                "{scheme}: the frame of {mark}: {ratio:.2}"
            );
        }
    }
}

#[test]
fn who_sees_no_red_or_no_green_tells_passed_from_failed() {
    // Linear RGB as protanopes and deuteranopes see it (Viénot, Brettel, Mollon 1999).
    let protan = [[0.112_38, 0.887_61, 0.0], [0.112_38, 0.887_61, 0.0], [0.004, -0.004, 1.0]];
    let deutan = [[0.292_75, 0.707_25, 0.0], [0.292_75, 0.707_25, 0.0], [-0.022_34, 0.022_34, 1.0]];
    let seen = |m: [[f64; 3]; 3], c: [f64; 3]| {
        m.map(|row| row.iter().zip(c).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0))
    };
    // A difference of 20 in CIE Lab is plain at a glance; 2 is just to be seen.
    let lab = |[r, g, b]: [f64; 3]| {
        let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.950_47);
        let (y, z) = (f(luminance([r, g, b])), f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.088_83));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    };
    for scheme in ["light", "dark"] {
        let colour = colours(scheme);
        for (eye, matrix) in [("protan", protan), ("deutan", deutan)] {
            for (a, b) in [("passed-line", "failed-line"), ("passed-wash", "failed-wash")] {
                let (a, b) = (lab(seen(matrix, colour(a))), lab(seen(matrix, colour(b))));
                let apart = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                assert!(apart >= 12.0, "{scheme}, {eye}: {apart:.1}");
            }
        }
    }
}
