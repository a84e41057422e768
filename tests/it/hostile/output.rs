//! Replies that mean to hurt whoever reads the result.

use std::time::Duration;

use crate::support::{Dir, Peer, Program, play_with};

const HOSTILE: &str = "550 5.7.1 \u{1b}]52;c;cm0gLXJm\u{7} \u{1b}[31m ]]> <script>alert(1)</script> \u{85}\u{9b}31m \u{202e}txt.exe \u{fffe} ::error:: =cmd()|' /C calc'!A0 a\u{2028}b\r\n";

fn peer() -> Peer {
    Peer::play(|conn| {
        conn.hello(&[])?;
        conn.answer("MAIL", HOSTILE)?;
        conn.bye()
    })
}

/// Characters that steer a terminal or turn the direction of text.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}')
}

#[test]
fn no_control_character_of_a_reply_reaches_a_terminal_or_a_report() {
    let (dir, peer) = (Dir::new(), peer());
    let yaml = format!(
        "suite: output\nscenarios:\n  - name: hostile text\n    target: {}\n    mail_from: a@x.test\n    rcpt_to: b@x.test\n    expect: 250\n",
        peer.address()
    );
    let played =
        play_with(&dir, &yaml, &["-vv", "--report", "junit=report.xml", "--report", "ndjson=report.ndjson"]);
    played.status(1).ended("hostile text", "failed mail_from 550 5.7.1");
    let shown = played.ran.stdout.clone() + &played.ran.stderr;
    assert!(shown.contains("550 5.7.1"), "{shown}");
    assert!(!shown.contains(steers), "{shown:?}");

    let text = played.case("hostile text")["decisive"]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("]]> <script>") && text.contains("::error::"), "{text}");
    let ndjson = dir.read("report.ndjson");
    assert_eq!(ndjson.lines().count(), 2, "one line a record\n{ndjson}");
    let line: serde_json::Value = serde_json::from_str(ndjson.lines().next().unwrap()).unwrap();
    assert_eq!(line["decisive"]["text"], *text);

    let xml = dir.read("report.xml");
    assert!(
        !xml.contains("<script>") && !xml.contains(|c: char| c.is_control() && !"\n\r\t".contains(c)),
        "{xml}"
    );
    assert!(!xml.contains('\u{fffe}'), "U+FFFE is no XML character");
}

#[test]
fn probe_shows_no_control_character_either() {
    let (dir, peer) = (Dir::new(), peer());
    let ran =
        Program::new(dir.path(), ["probe", &peer.address(), "--from", "a@x.test", "--to", "b@x.test"]).run();
    ran.status(1).says("550 5.7.1");
    assert!(!ran.stdout.contains(steers), "{:?}", ran.stdout);
}

#[test]
fn a_pattern_that_explodes_elsewhere_takes_no_time_however_long_the_reply() {
    let peer = Peer::play(|conn| {
        conn.hello(&[])?;
        let line = "a".repeat(1_000);
        conn.answer("MAIL", &(format!("250-{line}\r\n").repeat(60) + "250 !\r\n"))?;
        conn.bye()
    });
    let yaml = format!(
        "scenarios:\n  - name: pattern\n    target: {}\n    mail_from: a@x.test\n    expect: {{ mail_from: {{ text: '/^(a+ ?)+$/' }} }}\n",
        peer.address()
    );
    let played = play_with(&Dir::new(), &yaml, &[]);
    played.status(1).ended("pattern", "failed mail_from 250");
    assert!(played.ran.elapsed < Duration::from_secs(10), "{:?}", played.ran.elapsed);
    assert!(played.ran.peak_kib < 64 * 1024, "{} KiB", played.ran.peak_kib);
}
