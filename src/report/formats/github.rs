//! GitHub's workflow commands: an annotation for each case that did not pass, at the
//! line where its expectation stands.

use super::Sheet;
use super::overview::{Overview, counts, wrong};
use crate::report::record::Record;
use crate::report::{Run, Summary};
use crate::smtp::visible;
use crate::verdict::Outcome;

/// The report while it grows.
#[derive(Default)]
pub(in crate::report) struct GitHub {
    overview: Overview,
}

impl Sheet for GitHub {
    fn streams(&self, outcome: Outcome) -> bool {
        outcome.is_wrong()
    }

    fn case(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        self.overview.add(record);
        if record.outcome.is_wrong() {
            let mut lines = vec![wrong(record)];
            if let Some(hint) = &record.hint {
                lines.push(visible(&hint.meaning).into_owned());
                lines.extend((!hint.fix.is_empty()).then(|| visible(&hint.fix).into_owned()));
            }
            lines.extend(record.command.as_ref().map(|command| format!("again: {}", visible(command))));
            annotation("error", record, &lines.join("\n"), out);
        } else if record.flaky {
            annotation("warning", record, &format!("flaky: passed at attempt {}", record.attempts), out);
        }
    }

    fn finish(&mut self, run: &Run, summary: &Summary, out: &mut Vec<u8>) {
        for told in self.overview.expiring(run) {
            out.extend_from_slice(format!("::warning title=relayprobe::{}\n", data(&told)).as_bytes());
        }
        let interrupted = if run.interrupted { "interrupted: " } else { "" };
        let told = format!("{interrupted}{} · {}", counts(summary).join(", "), self.overview.in_words(run));
        out.extend_from_slice(format!("::notice title=relayprobe::{}\n", data(&told)).as_bytes());
    }
}

fn annotation(level: &str, record: &Record<'_>, message: &str, out: &mut Vec<u8>) {
    let at = record.expected_at.as_ref().unwrap_or(&record.source);
    let (file, title) = (property(&visible(&at.file)), property(&visible(&record.id)));
    let line = format!("::{level} file={file},line={},title={title}::{}\n", at.line, data(message));
    out.extend_from_slice(line.as_bytes());
}

/// The message of a command, as actions/toolkit escapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command, likewise.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
