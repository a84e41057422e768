//! Servers that break the rules, each played by the real program as a process of its
//! own: what it concludes, how long that takes, how much memory, and that none passes.
//!
//! The table is [`TABLE`]; a row is a line or a few in one of its sections. `cargo test
//! --test it hostile:: -- --nocapture` prints each row with its end, time and memory.

mod attack;
mod auth;
mod certificates;
mod framing;
mod output;
mod sasl;
mod synchronisation;
mod tls;

use attack::{Attack, assault};

use crate::hostile_clients;

type Section = (&'static str, fn() -> Vec<Attack>);

/// Every hostile server, by section.
const TABLE: [Section; 6] = [
    ("framing", framing::rows),
    ("synchronisation", synchronisation::rows),
    ("tls", tls::rows),
    ("certificates", certificates::rows),
    ("auth", auth::rows),
    ("sasl", sasl::rows),
];

fn play(section: &str) {
    let (_, rows) = TABLE.iter().find(|(name, _)| *name == section).expect("a section of the table");
    assault(&rows());
}

#[test]
fn replies_that_break_the_grammar_or_never_end_are_never_a_pass() {
    play("framing");
}

#[test]
fn replies_out_of_turn_or_missing_are_never_a_pass() {
    play("synchronisation");
}

#[test]
fn who_cheats_around_or_inside_tls_is_never_a_pass() {
    play("tls");
}

#[test]
fn a_certificate_that_does_not_hold_is_refused_with_its_reason() {
    play("certificates");
}

#[test]
fn who_plays_with_auth_gets_no_secret_that_it_should_not_have() {
    play("auth");
}

#[test]
fn who_plays_with_the_mechanisms_of_auth_learns_nothing_and_passes_for_nobody() {
    play("sasl");
}

fn names() -> Vec<&'static str> {
    TABLE.iter().flat_map(|(_, rows)| rows()).map(|row| row.name()).collect()
}

#[test]
fn every_test_that_the_page_of_defects_names_exists() {
    let page = include_str!("../../docs/defects.md");
    let known = [names(), hostile_clients::names()].concat();
    let sources = [include_str!("hostile.rs"), include_str!("hostile_clients.rs")].concat();
    let rows: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| The mistake")).collect();
    assert!(rows.len() >= 10, "{rows:?}");
    for row in rows {
        let test = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap().trim().trim_matches('`');
        assert!(
            known.contains(&test) || sources.contains(&format!("\nfn {test}() {{")),
            "no test is named {test}"
        );
    }
}

#[test]
fn every_row_has_a_name_of_its_own() {
    let mut names = names();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(all >= 150, "{all} rows");
}
