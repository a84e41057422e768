//! TAP, version 14 (testanything.org): one test point a case, in the order in which
//! they end; of what went wrong a YAML block tells more. Its scalars are written as
//! JSON, which is YAML, so no text gets out of its quotes.

use std::borrow::Cow;

use serde_json::json;

use super::Sheet;
use super::overview::{Overview, wrong};
use crate::report::record::Record;
use crate::report::{Run, Summary};
use crate::smtp::visible;
use crate::verdict::Outcome;

/// The report while it grows.
#[derive(Default)]
pub(in crate::report) struct Tap {
    points: usize,
    overview: Overview,
}

impl Sheet for Tap {
    fn head(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"TAP version 14\n");
    }

    fn streams(&self, _outcome: Outcome) -> bool {
        true
    }

    fn case(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        self.points += 1;
        self.overview.add(record);
        let ok = if record.outcome.is_wrong() { "not ok" } else { "ok" };
        let mut lines = vec![format!("{ok} {} - {}", self.points, escaped(&record.id))];
        if let Some(reason) = &record.skipped_because {
            lines[0] += &format!(" # SKIP {}", visible(reason));
        }
        if record.outcome.is_wrong() {
            lines.extend(block(record));
        } else if record.flaky {
            lines.push(format!("# flaky: passed at attempt {}", record.attempts));
        }
        for line in lines {
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
    }

    fn finish(&mut self, run: &Run, _summary: &Summary, out: &mut Vec<u8>) {
        let plan = match self.points {
            0 => "1..0 # SKIP nothing to play\n".to_owned(),
            points => format!("1..{points}\n"),
        };
        out.extend_from_slice(format!("{plan}# {}\n", self.overview.in_words(run)).as_bytes());
        for told in self.overview.expiring(run) {
            out.extend_from_slice(format!("# {told}\n").as_bytes());
        }
        if run.interrupted {
            out.extend_from_slice(b"Bail out! interrupted\n");
        }
    }
}

/// What went wrong, as YAML.
fn block(record: &Record<'_>) -> Vec<String> {
    let mut lines = vec!["  ---".to_owned()];
    let mut add = |name: &str, value: &str| {
        lines.push(format!("  {name}: {}", json!(visible(value))));
    };
    add("message", &wrong(record));
    add("severity", if record.outcome == Outcome::Error { "error" } else { "fail" });
    add("suite", &record.suite);
    add("target", &record.target.name);
    let at = record.expected_at.as_ref().unwrap_or(&record.source);
    add("at", &format!("{}:{}", at.file, at.line));
    if let Some(hint) = &record.hint {
        add("meaning", &hint.meaning);
        if !hint.fix.is_empty() {
            add("to do", &hint.fix);
        }
    }
    if let Some(command) = &record.command {
        add("again", command);
    }
    if let Some(total) = record.timings_ms.total {
        lines.push(format!("  duration_ms: {}", json!(total)));
    }
    if !record.transcript.is_empty() {
        lines.push("  transcript:".to_owned());
        let said = record.transcript.iter();
        let said = said.map(|line| json!(format!("{} {}", line.dir.as_str(), visible(&line.line))));
        lines.extend(said.map(|line| format!("    - {line}")));
    }
    lines.push("  ...".to_owned());
    lines
}

/// A description: `#` would begin a directive, and `\` escapes it.
fn escaped(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    match text.contains(['\\', '#']) {
        true => Cow::Owned(text.replace('\\', "\\\\").replace('#', "\\#")),
        false => text,
    }
}
