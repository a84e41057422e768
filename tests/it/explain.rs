//! `relayprobe explain`: what goes in by arguments and by standard input, and what
//! comes out.

use crate::support::{Dir, Program, Ran};

fn explain(arguments: &[&str]) -> Ran {
    let folder = Dir::new();
    Program::new(folder.path(), ["explain"].iter().chain(arguments)).run()
}

#[test]
fn a_code_is_answered_with_what_it_means_today() {
    let ran = explain(&["550", "5.7.64"]);
    ran.status(0).says("the sender was attributed to no tenant that may relay").says("wording of 2017");
    explain(&["550 5.7.30"]).status(0).says("unclear").says("Google").says("Exchange Online");
}

#[test]
fn a_bounce_is_read_from_standard_input() {
    let folder = Dir::new();
    let bounce = "Status: 5.7.51\r\nDiagnostic-Code: smtp;550 5.7.51 TenantInboundAttribution; There is a partner\r\n \
                  connector configured that matched the message's recipient domain.\r\n";
    let ran =
        Program::new(folder.path(), ["explain", "-", "--json"]).stdin(&folder.write("pasted", bounce)).run();
    let json = ran.status(0).json();
    assert_eq!(json["replies"][0]["known_by"], "text");
    assert_eq!(json["replies"][0]["best"]["server"], "Exchange Online");
    assert_eq!(json["replies"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_status_says_whether_anything_was_explained() {
    explain(&["good morning"]).status(1).says("nothing in it is a reply");
    assert_eq!(
        explain(&["good morning", "--json"]).status(1).json()["replies"].as_array().map(Vec::len),
        Some(0)
    );
    explain(&[" "]).status(2).says("nothing to explain");
    explain(&[]).status(2);
    let folder = Dir::new();
    let ran = Program::new(folder.path(), ["explain", "-"])
        .stdin(&folder.write("pasted", "x".repeat(5 << 20)))
        .run();
    ran.status(2).says("more than 4 MiB");
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let ran = explain(&["550 5.7.64 \u{1b}[31mred\u{9b}2J\u{7}", "--color", "never"]);
    assert!(!ran.status(0).stdout.contains(['\u{1b}', '\u{9b}', '\u{7}']), "{}", ran.stdout);
}

#[test]
fn a_long_paste_is_read_at_once() {
    let folder = Dir::new();
    let line = "550 5.7.1 [Message=550 5.7.1 ' -> 550 5.7.1 ".repeat(1 << 16);
    let ran = Program::new(folder.path(), ["explain", "-"]).stdin(&folder.write("pasted", line)).run();
    ran.status(0);
    assert!(ran.elapsed.as_secs() < 10, "{:?}", ran.elapsed);
}

#[test]
fn the_guide_shows_what_is_printed() {
    let guide = include_str!("../../docs/guide/explain.md");
    let mut shown = 0;
    for block in guide.split("```console\n$ relayprobe explain '").skip(1) {
        let (reply, rest) = block.split_once("'\n").expect("the quote closes");
        let (answer, _) = rest.split_once("```").expect("the block ends");
        assert_eq!(explain(&[reply]).status(0).stdout, answer);
        shown += 1;
    }
    assert_eq!(shown, 2);
}
