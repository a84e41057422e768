//! What the program says of itself: help, examples, version, completions, man pages.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use crate::support::{Dir, Program, find, have};

/// The commands, as the help lists them.
fn commands() -> Vec<String> {
    let dir = Dir::new();
    let help = Program::new(dir.path(), ["--help"]).run();
    help.status(0);
    let lines = help.stdout.lines().take_while(|line| *line != "Options:");
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split("  ").next());
    names.filter(|name| !name.is_empty() && !name.contains(' ')).map(str::to_owned).collect()
}

#[test]
fn every_command_is_in_a_group_and_its_examples_parse() {
    let dir = Dir::new();
    let commands = commands();
    assert!(commands.len() >= 10 && commands.contains(&"run".to_owned()), "{commands:?}");
    let whole = Program::new(dir.path(), ["--help"]).run();
    assert!(!whole.stdout.contains("\nMore:\n"), "each command belongs to a group\n{}", whole.stdout);
    for command in commands.iter().filter(|command| *command != "help") {
        let help = Program::new(dir.path(), [command, "--help"]).run();
        let (_, examples) = help.status(0).stdout.split_once("Examples:\n").unwrap_or_else(|| {
            panic!("`{command} --help` has no examples");
        });
        let lines: Vec<_> = examples.lines().filter_map(|line| line.strip_prefix("  relayprobe ")).collect();
        assert!(!lines.is_empty(), "{examples}");
        for line in lines {
            assert!(line.len() <= 83, "the help would wrap: {line}");
            let line = line.split([">", "|"].map(|c| c.chars().next().expect("one")).as_slice()).next();
            let line = line.expect("there is a first part");
            assert!(line.starts_with(command.as_str()), "{line} under {command}");
            let script = format!("exec \"$0\" {line} --help");
            let parsed = Command::new("sh")
                .current_dir(dir.path())
                .args(["-c", &script, env!("CARGO_BIN_EXE_relayprobe")])
                .stdin(Stdio::null())
                .output()
                .expect("sh starts");
            assert!(parsed.status.success(), "{line}\n{}", String::from_utf8_lossy(&parsed.stderr));
        }
    }
}

#[test]
fn flags_of_run_stand_under_headings() {
    let dir = Dir::new();
    let help = Program::new(dir.path(), ["run", "-h"]).run();
    for heading in ["Which cases:", "Where and how far:", "How:", "What is told:", "From cron:"] {
        help.status(0).says(&format!("\n{heading}\n"));
    }
}

#[test]
fn the_version_names_the_libraries_that_speak_tls() {
    let dir = Dir::new();
    for flag in ["--version", "-V"] {
        let version = Program::new(dir.path(), [flag]).run();
        let lines: Vec<&str> = version.status(0).stdout.lines().collect();
        assert_eq!(lines[0], concat!("relayprobe ", env!("CARGO_PKG_VERSION")));
        assert!(lines[1].starts_with("rustls 0.") && lines[2].starts_with("OpenSSL "), "{}", version.stdout);
    }
}

#[test]
fn completions_are_scripts_that_their_shells_take() {
    let dir = Dir::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Program::new(dir.path(), ["completions", shell]).run();
        assert!(script.status(0).stdout.contains("notify-on"), "{shell}");
        dir.write(shell, &script.stdout);
    }
    // The other shells are rarely here.
    let test = "completions_are_scripts_that_their_shells_take";
    if have(test, &["bash"]) {
        let script = "source ./bash; COMP_WORDS=(relayprobe run --shar); COMP_CWORD=2; \
                      _relayprobe relayprobe --shar run; echo \"${COMPREPLY[@]}\"";
        let offered = Command::new("bash").current_dir(dir.path()).args(["-c", script]).output().unwrap();
        let offered = String::from_utf8_lossy(&offered.stdout).trim().to_owned();
        assert_eq!(offered, "--shard --shard-by");
    }
    Program::new(dir.path(), ["completions", "command.com"]).run().status(2).says("zsh");
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let dir = Dir::new();
    Program::new(dir.path(), ["man", "--out", "man1"]).run().status(0);
    let written: BTreeSet<String> = std::fs::read_dir(dir.join("man1"))
        .expect("the folder was made")
        .map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned())
        .collect();
    let mut expected: BTreeSet<String> =
        commands().iter().filter(|name| *name != "help").map(|name| format!("relayprobe-{name}.1")).collect();
    expected.insert("relayprobe.1".to_owned());
    assert_eq!(written, expected);
    let page = Program::new(dir.path(), ["man", "run"]).run();
    assert_eq!(page.status(0).stdout, dir.read("man1/relayprobe-run.1"));
    assert!(page.stdout.contains("\\-\\-notify\\-on") && page.stdout.contains("Examples"), "{}", page.stdout);
    Program::new(dir.path(), ["man", "runn"]).run().status(2).says("did you mean `run`?");
    // A formatter that knows the language finds nothing wrong with them.
    if find("man").is_none() {
        eprintln!("not here, so the pages are not formatted: man");
    } else {
        for name in &written {
            let shown = Command::new("man")
                .current_dir(dir.join("man1"))
                .args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", name])
                .env("MANWIDTH", "80")
                .stdin(Stdio::null())
                .output()
                .expect("man starts");
            let complaints = String::from_utf8_lossy(&shown.stderr);
            assert!(shown.status.success() && complaints.is_empty(), "{name}: {complaints}");
        }
    }
}
