//! What the documentation shows works: its scenarios are sound, those marked
//! `play` pass against the simulator, its commands parse and its links lead
//! somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use relayprobe::smtp::EventKind;

use crate::support::{Dir, Lab, Program, steady as unnumbered};

/// A fenced block of a page.
struct Block {
    /// The page and the line of the fence.
    place: String,
    /// What stands behind the opening fence: `yaml play`.
    info: String,
    text: String,
}

/// How a block begins that shows what comes of the example before it.
const SHOWN: &str = "$ relayprobe run -v scenarios/";

#[test]
fn every_example_is_sound_and_those_marked_play_pass() {
    let lab = Lab::shared();
    let folder = lab.project("examples");
    let mut plays = 0;
    let mut blocks = blocks().into_iter().peekable();
    while let Some(block) = blocks.next() {
        match block.info.as_str() {
            "csv" => fs::write(folder.join("devices.csv"), &block.text).expect("the folder is ours"),
            "yaml" | "yaml play" => {
                // The page may show what comes of it, and then names the file.
                let shown = blocks.next_if(|next| next.text.starts_with(SHOWN));
                let name = shown.as_ref().map_or("example.yaml", |shown| {
                    shown.text[SHOWN.len()..].lines().next().expect("a command has a line")
                });
                fs::write(folder.join(name), &block.text).expect("the folder is ours");
                let file = format!("examples/{name}");
                let checked = Program::new(lab.path(), ["check", &file]).run();
                assert_eq!(checked.status, 0, "{}\n{}{}", block.place, checked.stdout, checked.stderr);
                if block.info == "yaml play" {
                    let ran = Program::new(lab.path(), ["run", "-v", &file]).run();
                    assert_eq!(ran.status, 0, "{}\n{}{}", block.place, ran.stdout, ran.stderr);
                    if let Some(shown) = shown {
                        let (_, shown_result) = shown.text.split_once('\n').expect("a result follows");
                        assert_eq!(steady(&ran.stdout), steady(shown_result), "{}", shown.place);
                    }
                    plays += 1;
                }
            }
            _ => {}
        }
    }
    assert!(plays >= 8, "{plays} examples were played");
}

/// `make golden` writes what is printed into the page.
#[test]
fn golden_the_failures_shown_are_the_failures() {
    let lab = Lab::shared();
    let folder = lab.project("failures");
    let session = Regex::new(r"\[\w+\.\w+\.PROD\.OUTLOOK\.COM [^\]]*\]").expect("the pattern is valid");
    let alike = |text: &str| session.replace_all(&unnumbered(text, lab.path()), "[session]").into_owned();
    let (mut blocks, mut shown) = (blocks().into_iter(), 0);
    while let Some(block) = blocks.next() {
        if block.info != "yaml fails" {
            continue;
        }
        let result = blocks.next().expect("its result follows");
        let (command, was) = result.text.split_once('\n').expect("a result has lines");
        let name = command.strip_prefix("$ relayprobe run scenarios/").expect("it is played");
        fs::write(folder.join(name), &block.text).expect("the folder is ours");
        let ran = Program::new(lab.path(), ["run", &format!("failures/{name}")]).run();
        let now = ran.status(1).stdout.replace("failures/", "scenarios/");
        if alike(&now) != alike(was) {
            assert!(std::env::var_os("UPDATE_GOLDEN").is_some(), "{}: `make golden`\n{now}", result.place);
            let page = result.place.rsplit_once(':').expect("a line follows").0;
            let text = fs::read_to_string(page).expect("it can be read");
            fs::write(page, text.replace(was, &now)).expect("the pages are writable");
        }
        shown += 1;
    }
    assert!(shown >= 1, "{shown} failures are shown");
}

#[test]
fn the_result_in_the_readme_is_the_result() {
    let lab = Lab::shared();
    let shown = blocks().into_iter().find(|block| block.info == "text" && block.place.contains("README"));
    let shown = shown.expect("the README shows the result of `make run`");
    let ran = Program::new(lab.path(), ["run", "scenarios"]).run();
    assert_eq!(steady(&ran.status(0).stdout), steady(&shown.text), "{}", shown.place);
}

#[test]
fn the_forecasts_shown_are_the_forecasts() {
    let lab = Lab::shared();
    let folder = lab.project("forecasts");
    let (mut shown, mut example) = (0, String::new());
    for block in blocks() {
        if block.info == "yaml play" {
            example = block.text;
            continue;
        }
        let Some((command, result)) = block.text.split_once('\n') else { continue };
        if !command.starts_with("$ relayprobe forecast ") || result.is_empty() {
            continue;
        }
        let mut words = split(command);
        // A file that is not shipped is the example before it.
        if !lab.path().join(&words[3]).exists() {
            let name = words[3].rsplit('/').next().expect("a path has a name");
            fs::write(folder.join(name), &example).expect("the folder is ours");
            words[3] = format!("forecasts/{name}");
        }
        let ran = Program::new(lab.path(), &words[2..]).run();
        assert_eq!(steady(&ran.status(1).stdout), steady(result), "{}", block.place);
        shown += 1;
    }
    assert!(shown >= 3, "{shown} forecasts are shown");
}

#[test]
fn the_reports_shown_are_the_reports() {
    let dir = Dir::new();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/reports");
    dir.write("report.json", fs::read(golden.join("sample.json")).expect("the report is kept"));
    let mut shown = 0;
    for block in blocks().into_iter().filter(|block| block.text.starts_with("$ relayprobe report ")) {
        let (command, result) = block.text.split_once('\n').expect("a command has a line");
        if result.is_empty() || result.starts_with('$') {
            continue;
        }
        let ran = Program::new(dir.path(), &split(command)[2..]).run();
        assert!(ran.stderr.is_empty(), "{}: {}", block.place, ran.stderr);
        // `…` stands for any number of lines.
        let stdout = ran.stdout.replace('\r', "");
        let mut rest = stdout.as_str();
        for part in result.split("…\n") {
            let at = rest.find(part).unwrap_or_else(|| panic!("{}: {part}\nis not in\n{rest}", block.place));
            rest = &rest[at + part.len()..];
        }
        assert!(rest.is_empty() || result.ends_with("…\n"), "{}: left out: {rest}", block.place);
        shown += 1;
    }
    assert!(shown >= 7, "{shown} reports are shown");
}

#[test]
fn the_readers_own_tenants_and_project_file_play() {
    let lab = Lab::shared();
    let folder = lab.path().join("own");
    fs::create_dir_all(&folder).expect("the folder is ours");
    for block in blocks() {
        match block.info.as_str() {
            "yaml tenants" => fs::write(folder.join("tenants.yaml"), block.text).expect("the folder is ours"),
            "yaml project" => {
                fs::write(folder.join("relayprobe.yaml"), block.text).expect("the folder is ours")
            }
            _ => {}
        }
    }
    let scenario = "scenarios:\n  - name: the connector relays\n    target: mx\n    source_ip: 203.0.113.10\n    \
                    mail_from: app@example.com\n    rcpt_to: someone@elsewhere.example\n    expect: 250\n";
    fs::write(folder.join("first.yaml"), scenario).expect("the folder is ours");
    Program::new(lab.path(), ["run", "own"]).run().status(0);
}

#[test]
fn the_files_of_accepted_differences_are_sound() {
    let lab = Lab::shared();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/compare");
    let [before, after] = ["before.json", "after.json"].map(|name| golden.join(name).display().to_string());
    let mut read = 0;
    for block in blocks().into_iter().filter(|block| block.info == "yaml accept") {
        fs::write(lab.path().join("accepted.yaml"), &block.text).expect("the folder is ours");
        let ran = Program::new(lab.path(), ["compare", &before, &after, "--accept", "accepted.yaml"]).run();
        assert_eq!(ran.status, 1, "{}\n{}", block.place, ran.stderr);
        read += 1;
    }
    assert!(read >= 2, "{read} files are shown");
}

#[test]
fn every_kind_of_noise_and_of_change_is_listed() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.md");
    let page = fs::read_to_string(page).expect("it can be read");
    for noise in relayprobe::smtp::NOISE {
        assert!(page.contains(&format!("\n* {}\n", noise.what)), "{}", noise.what);
    }
    for kind in relayprobe::report::Kind::ALL {
        assert!(page.contains(&format!("`{kind}`")), "{kind}");
    }
}

#[test]
fn every_bound_of_the_simulator_is_listed_with_its_value() {
    let page = include_str!("../../docs/scenarios.md");
    let dir = Dir::new();
    let ran = Program::new(dir.path(), ["simulate", "--limits"]).run();
    let mut listed = 0;
    for line in ran.status(0).stdout.lines() {
        let mut words = line.split_ascii_whitespace();
        let (name, value) = (words.next().expect("a name"), words.next().expect("a value"));
        assert!(page.contains(&format!("\n| `{name}` | {value} | ")), "{line}");
        listed += 1;
    }
    assert!(listed >= 14, "{listed} bounds");
}

#[test]
fn every_command_parses() {
    let lab = Lab::shared();
    let commands = commands();
    assert!(commands.len() >= 10, "{} commands were found", commands.len());
    for (place, command) in commands {
        let mut words = split(&command);
        // Help ends the program once everything before it has been understood.
        words.push("--help".to_owned());
        let ran = Program::new(lab.path(), &words[1..]).run();
        assert_eq!(ran.status, 0, "{place}: {command}\n{}", ran.stderr);
    }
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("it can be read");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name("").join(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !anchor.is_empty() {
                let target = fs::read_to_string(&target).expect("it can be read");
                let known = target.lines().filter_map(|line| line.strip_prefix('#')).map(slug);
                assert!(known.into_iter().any(|known| known == anchor), "{}: {link}", page.display());
            }
        }
    }
}

/// Every page that a reader is sent to.
#[test]
fn every_reason_of_every_event_is_documented() {
    let page = include_str!("../../docs/scenarios.md");
    let (_, events) = page.split_once("\n## Events\n").expect("the page has the chapter");
    let (events, _) = events.split_once("\n## ").expect("another chapter follows");
    let (table, alerts) = events.split_once("\n### Alerts\n").expect("alerts have their own");
    for kind in EventKind::ALL {
        let row = table.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).expect("a row");
        for reason in kind.reasons() {
            let told = row.contains(&format!("`{reason}`"))
                || kind == EventKind::TlsRefused && alerts.contains(&format!("`{reason}`"));
            assert!(told, "{kind} {reason}");
        }
    }
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md"), root.join("CHANGELOG.md"), root.join("deploy/README.md")];
    for folder in ["docs", "docs/guide"] {
        for entry in fs::read_dir(root.join(folder)).expect("docs are shipped") {
            pages.push(entry.expect("it can be listed").path());
        }
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("it can be read");
        let mut open: Option<Block> = None;
        for (number, line) in text.lines().enumerate() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(info), None) => {
                    let place = format!("{}:{}", page.display(), number + 1);
                    open = Some(Block { place, info: info.to_owned(), text: String::new() });
                }
                (None, Some(block)) => {
                    block.text += line;
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{} ends inside a block", page.display());
    }
    blocks
}

/// Each `relayprobe …` of the pages: in shell blocks and between backticks.
fn commands() -> Vec<(String, String)> {
    let mut commands = Vec::new();
    for block in blocks().into_iter().filter(|block| matches!(block.info.as_str(), "console" | "sh")) {
        let text = block.text.replace("\\\n", "");
        for line in text.lines().filter(|line| block.info == "sh" || line.starts_with("$ ")) {
            if let Some(at) = line.find("relayprobe ").filter(|_| !line.starts_with('#')) {
                commands.push((block.place.clone(), line[at..].to_owned()));
            }
        }
    }
    for page in pages() {
        let text = fs::read_to_string(&page).expect("it can be read");
        for span in text.split('`').skip(1).step_by(2).filter(|span| span.starts_with("relayprobe ")) {
            if !span.contains('…') && !span.contains('\n') && !span.contains("0.1") {
                commands.push((page.display().to_string(), span.to_owned()));
            }
        }
    }
    commands
}

/// Words as a shell makes them, as far as the pages need it: spaces, quotes.
fn split(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(String::new()),
            (c, _) => words.last_mut().expect("it starts with one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A result without what differs from run to run: the order in which cases end,
/// and how long it took.
fn steady(result: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = result.lines().filter(|line| !line.is_empty()).collect();
    if let Some(last) = lines.last_mut() {
        *last = last.rsplit_once(" · ").map_or(*last, |(rest, _)| rest);
    }
    lines.sort_unstable();
    lines
}

/// The anchor that a heading gets.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
