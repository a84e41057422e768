//! Markdown for tickets and pull requests (CommonMark; folded transcripts where a
//! reader knows `<details>`).
//!
//! Texts of servers stand in code spans and fenced blocks alone, whose fences are longer
//! than any in them: there they mean nothing, mention nobody and link nowhere.

use std::fmt::Write as _;

use super::Sheet;
use super::overview::{Overview, counts};
use crate::report::record::Record;
use crate::report::words::count;
use crate::report::{Run, Summary};
use crate::smtp::visible;
use crate::verdict::Outcome;

/// So many cases are told in full; GitHub takes 64 KiB a comment.
const IN_FULL: usize = 25;

/// So many more by their ids.
const BY_ID: usize = 200;

/// The most lines of a transcript: the last ones.
const LINES: usize = 40;

/// The longest code span, in characters.
const LONGEST: usize = 400;

/// The report while it grows.
#[derive(Default)]
pub(in crate::report) struct Markdown {
    overview: Overview,
    failures: String,
    told: usize,
    ids: Vec<String>,
    more: usize,
    skipped: Vec<(String, usize)>,
    flaky: Vec<String>,
}

impl Sheet for Markdown {
    fn case(&mut self, record: &Record<'_>, _out: &mut Vec<u8>) {
        self.overview.add(record);
        if record.outcome.is_wrong() {
            self.told += 1;
            match self.told {
                ..=IN_FULL => failure(record, &mut self.failures),
                told if told <= IN_FULL + BY_ID => self.ids.push(code(&record.id)),
                _ => self.more += 1,
            }
        }
        if let Some(reason) = &record.skipped_because {
            let reason = code(reason);
            match self.skipped.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, times)) => *times += 1,
                None => self.skipped.push((reason, 1)),
            }
        }
        if record.flaky {
            self.flaky.push(code(&record.id));
        }
    }

    fn finish(&mut self, run: &Run, summary: &Summary, out: &mut Vec<u8>) {
        let wrong = summary.failed + summary.error;
        let mut text = match (run.interrupted, wrong, summary.played()) {
            (true, ..) => "## ⚠️ Interrupted: ".to_owned(),
            (_, 1.., _) => "## ❌ ".to_owned(),
            (_, 0, 0) => "## ⚠️ ".to_owned(),
            _ => "## ✅ ".to_owned(),
        };
        let _ = writeln!(text, "{}\n", counts(summary).join(", "));
        let _ = writeln!(text, "{}, run {}\n", prose(&self.overview.in_words(run)), code(&run.id));
        let _ = writeln!(text, "| total | passed | failed | error | skipped | flaky |");
        let _ = writeln!(text, "|---:|---:|---:|---:|---:|---:|");
        let Summary { total, passed, failed, error, skipped, flaky, .. } = *summary;
        let _ = writeln!(text, "| {total} | {passed} | {failed} | {error} | {skipped} | {flaky} |\n");
        text.push_str(&self.failures);
        if !self.ids.is_empty() {
            let _ = writeln!(text, "### Failed as well\n");
            for id in &self.ids {
                let _ = writeln!(text, "- {id}");
            }
            if self.more > 0 {
                let _ = writeln!(text, "- and {} more", self.more);
            }
            text.push('\n');
        }
        if !self.flaky.is_empty() {
            let _ = writeln!(text, "### Flaky\n");
            self.flaky.iter().take(BY_ID).for_each(|id| {
                let _ = writeln!(text, "- {id}");
            });
            text.push('\n');
        }
        if !self.skipped.is_empty() {
            let _ = writeln!(text, "### Skipped\n");
            self.skipped.iter().take(BY_ID).for_each(|(reason, times)| {
                let _ = writeln!(text, "- {times}: {reason}");
            });
            text.push('\n');
        }
        let expiring = self.overview.expiring(run);
        if !expiring.is_empty() {
            let _ = writeln!(text, "### Certificates\n");
            expiring.iter().for_each(|told| {
                let _ = writeln!(text, "- {}", prose(told));
            });
        }
        out.extend_from_slice(text.trim_end().as_bytes());
        out.push(b'\n');
    }
}

/// A case that did not pass.
fn failure(record: &Record<'_>, out: &mut String) {
    let what = if record.outcome == Outcome::Error { "Error" } else { "Failed" };
    let _ = writeln!(out, "### {what}: {}\n", code(&record.id));
    for failure in &record.failures {
        let _ = writeln!(out, "- **expected** {}", code(&failure.expected));
        let _ = writeln!(out, "- **got** {} at {}", code(&failure.actual), failure.stage);
    }
    if record.failures.is_empty()
        && let Some(decisive) = &record.decisive
    {
        let _ = writeln!(out, "- **got** {} at {}", code(&decisive.in_full()), decisive.stage);
    }
    if let Some(hint) = &record.hint {
        let _ = writeln!(out, "- **meaning** {}", prose(&hint.meaning));
        if !hint.fix.is_empty() {
            let _ = writeln!(out, "- **to do** {}", prose(&hint.fix));
        }
    }
    let at = record.expected_at.as_ref().unwrap_or(&record.source);
    let simulated = if record.target.simulator { " (simulated)" } else { "" };
    let _ = writeln!(out, "- **target** {}{simulated}", code(&record.target.name));
    let _ = writeln!(out, "- **written** {}", code(&format!("{}:{}", at.file, at.line)));
    if let Some(command) = &record.command {
        let _ = writeln!(out, "- **again** {}", code(command));
    }
    if record.transcript.is_empty() {
        out.push('\n');
        return;
    }
    let skipped = record.transcript.len().saturating_sub(LINES);
    let mut lines = Vec::new();
    if skipped > 0 {
        lines.push(format!("… {} before", count(skipped, "line")));
    }
    let said = record.transcript[skipped..].iter();
    lines.extend(said.map(|line| format!("{} {}", line.dir.as_str(), visible(&line.line))));
    let lines = lines.join("\n");
    let fence = "`".repeat(longest_run(&lines).max(2) + 1);
    let _ = writeln!(out, "\n<details><summary>Transcript</summary>\n");
    let _ = writeln!(out, "{fence}text\n{lines}\n{fence}\n\n</details>\n");
}

/// A code span (CommonMark §6.1), in which nothing means anything.
fn code(text: &str) -> String {
    let text = visible(text);
    let text = match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.into_owned(),
    };
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // One space is taken off on either side, and is needed beside a backtick.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Sentences of ours, into which words of others may have got: a word with anything in
/// it that Markdown or its readers could take for markup, a name to be told or an address
/// stands in a code span.
fn prose(text: &str) -> String {
    let plain = |word: &&str| {
        let c = |c: char| c.is_alphanumeric() || ".,;:'()/-?%+·=".contains(c) || c == '"';
        word.chars().all(c)
            && !word.contains("://")
            && word.matches(':').count() < 2
            && !word.to_ascii_lowercase().contains("www.")
    };
    let text = visible(text);
    let words = text.split(' ').filter(|word| !word.is_empty());
    words.map(|word| if plain(&word) { word.to_owned() } else { code(word) }).collect::<Vec<_>>().join(" ")
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
