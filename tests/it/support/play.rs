//! Scenarios played by the program, and what its report says of them.

use std::time::Duration;

use serde_json::Value;

use super::{Dir, Program, Ran};

/// A run of scenarios.
pub struct Played {
    /// The call itself.
    pub ran: Ran,
    /// The JSON report; null where none was written.
    pub report: Value,
}

/// Writes `scenarios` into a file of the folder and plays it.
pub fn play(dir: &Dir, scenarios: &str) -> Played {
    play_with(dir, scenarios, &[])
}

/// The same with further arguments.
pub fn play_with(dir: &Dir, scenarios: &str, arguments: &[&str]) -> Played {
    dir.write("case.yaml", scenarios);
    let report = dir.join("report.json");
    let _ = std::fs::remove_file(&report);
    let ran = Program::new(
        dir.path(),
        ["run", "case.yaml", "--report", "json=report.json"].iter().chain(arguments),
    )
    .within(Duration::from_secs(120))
    .run();
    let report = std::fs::read(&report).ok().and_then(|json| serde_json::from_slice(&json).ok());
    Played { ran, report: report.unwrap_or_default() }
}

impl Played {
    /// Fails the test, everything shown, unless the run ended with this status.
    pub fn status(&self, expected: i32) -> &Self {
        self.ran.status(expected);
        self
    }

    /// Every case of the report.
    pub fn cases(&self) -> &[Value] {
        self.report["cases"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The report on the case with this name.
    pub fn case(&self, name: &str) -> &Value {
        self.cases()
            .iter()
            .find(|case| case["name"] == name)
            .unwrap_or_else(|| panic!("no case is named {name}\n{}\n{}", self.ran.stdout, self.ran.stderr))
    }

    /// What decided the case with this name, after its outcome, as
    /// `failed rcpt_to 554 5.7.1 <b@x>: Relay access denied` or
    /// `error greeting timeout`.
    pub fn end(&self, name: &str) -> String {
        ending(self.case(name))
    }

    /// Fails the test unless the case with this name ended so; only the start is
    /// compared.
    pub fn ended(&self, name: &str, expected: &str) -> &Self {
        let end = self.end(name);
        assert!(
            end.starts_with(expected),
            "{name}: expected {expected}\n       got {end}\n{:#}\n{}",
            self.case(name),
            self.ran.stderr
        );
        self
    }
}

/// What decided a case, after its outcome.
pub fn ending(case: &Value) -> String {
    let decisive = &case["decisive"];
    let parts = [
        &case["outcome"],
        &decisive["stage"],
        &decisive["code"],
        &decisive["enhanced"],
        &decisive["text"],
        &decisive["event"],
        &decisive["reason"],
    ];
    let words: Vec<String> = parts
        .into_iter()
        .filter_map(|part| match part {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    words.join(" ")
}
