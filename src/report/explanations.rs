//! What replies mean, for `relayprobe explain`.

use std::fmt::Write as _;

use serde::Serialize;

use super::Palette;
use super::prose::{field, wrapped};
use crate::exchange::catalogue::{Entry, Known, all};
use crate::exchange::explain::{Explanation, Found};
use crate::report::words::{TOOL, in_json};
use crate::smtp::visible;

/// How much of a pasted reply is shown; the longest known has 1,600 characters.
const SHOWN: usize = 240;

/// For people: a block for each reply, one below the other.
#[must_use]
pub fn explanations_as_text(explanations: &[Explanation], palette: Palette) -> String {
    let mut out = String::new();
    for (n, explanation) in explanations.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        block(explanation, palette, &mut out);
    }
    out
}

fn block(explanation: &Explanation, palette: Palette, out: &mut String) {
    let found = &explanation.found;
    if found.inside {
        let _ = writeln!(out, "{}", palette.faint("inside it:"));
    }
    for line in wrapped(&shown(found), palette.width()) {
        let _ = writeln!(out, "{}", palette.strong(line));
    }
    out.push('\n');
    let candidates = explanation.candidates();
    match explanation.best() {
        Some(best) => {
            whole(best, palette, out);
            if matches!(explanation.known, Known::Codes(_)) {
                let known_by = match found.text.is_empty() {
                    true => "its codes",
                    false => "its codes; the text is none that is on record",
                };
                field(2, "known by", known_by, palette, out);
            }
        }
        None if !candidates.is_empty() => {
            let mut label = palette.doubtful("unclear ").to_string();
            let several =
                format!("the codes alone fit {} known replies; the text tells which it is", candidates.len());
            for line in wrapped(&several, palette.width() - 12) {
                let _ = writeln!(out, "  {label}  {line}");
                label = " ".repeat(8);
            }
        }
        None => {}
    }
    let is_best = |entry: &Entry| explanation.best().is_some_and(|best| std::ptr::eq(best, entry));
    for entry in candidates.iter().filter(|entry| !is_best(entry)) {
        out.push('\n');
        short(entry, palette, out);
    }
    if let Some(general) = &explanation.general {
        if !candidates.is_empty() {
            out.push('\n');
            let _ = writeln!(out, "  {}", palette.faint("by the RFCs alone"));
        }
        field(2, "meaning", general.meaning, palette, out);
        if !general.fix.is_empty() {
            field(2, "to do", general.fix, palette, out);
        }
        field(2, "source", general.source, palette, out);
    }
    if let (Some(code), None, true) = (found.code, found.enhanced, found.text.is_empty()) {
        let known = all().filter(|entry| entry.code == Some(code)).count();
        let more = format!("{known} known replies begin so; paste the whole line to know which it is");
        field(2, "more", &more, palette, out);
    }
}

/// Everything that an entry says.
fn whole(entry: &Entry, palette: Palette, out: &mut String) {
    field(2, "said by", &said_by(entry), palette, out);
    field(2, "meaning", entry.meaning, palette, out);
    field(2, "cause", entry.cause, palette, out);
    if !entry.fix.is_empty() {
        field(2, "to do", entry.fix, palette, out);
    }
    field(2, "source", &format!("{} ({})", entry.source, entry.confidence.as_str()), palette, out);
}

/// An entry among others.
fn short(entry: &Entry, palette: Palette, out: &mut String) {
    let text = if entry.has_text() { entry.text } else { "(the text varies)" };
    for line in wrapped(&format!("{}: {}{text}", entry.server.as_str(), codes_of(entry)), palette.width() - 2)
    {
        let _ = writeln!(out, "  {}", palette.strong(line));
    }
    field(4, "meaning", entry.meaning, palette, out);
    if !entry.fix.is_empty() {
        field(4, "to do", entry.fix, palette, out);
    }
}

/// `Exchange Online, at rcpt_to or message; the simulator says it too`.
fn said_by(entry: &Entry) -> String {
    let stages: Vec<&str> = entry.stages.iter().map(|stage| stage.as_str()).collect();
    let at = if stages.is_empty() { String::new() } else { format!(", at {}", stages.join(" or ")) };
    let simulated = if entry.simulated { "; the simulator says it too" } else { "" };
    format!("{}{at}{simulated}", entry.server.as_str())
}

fn codes_of(entry: &Entry) -> String {
    let code = entry.code.map_or(String::new(), |code| format!("{code} "));
    match (entry.enhanced, entry.last_detail) {
        (Some(enhanced), Some(last)) => {
            format!("{code}{enhanced} to {}.{}.{last} ", enhanced.class, enhanced.subject)
        }
        (Some(enhanced), None) => format!("{code}{enhanced} "),
        (None, _) => code,
    }
}

/// A reply as pasted, fit to be shown and cut where it gets long.
fn shown(found: &Found) -> String {
    let mut shown = found.code.map_or(String::new(), |code| format!("{code} "));
    if let Some(enhanced) = found.enhanced {
        let _ = write!(shown, "{enhanced} ");
    }
    let text = visible(&found.text);
    shown.extend(text.chars().take(SHOWN));
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown.trim_end().to_owned()
}

/// For programs: one object, its fields as `docs/report.md` has them.
#[must_use]
pub fn explanations_as_json(explanations: &[Explanation]) -> Vec<u8> {
    let document = Document { schema: 1, tool: TOOL, replies: explanations.iter().map(Reply::of).collect() };
    in_json(&document)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: &'static str,
    replies: Vec<Reply<'a>>,
}

#[derive(Serialize)]
struct Reply<'a> {
    code: Option<u16>,
    enhanced: Option<String>,
    text: String,
    stage: Option<&'static str>,
    inside: bool,
    known_by: &'static str,
    ambiguous: bool,
    best: Option<Candidate<'a>>,
    candidates: Vec<Candidate<'a>>,
    general: Option<General<'a>>,
}

#[derive(Serialize)]
struct Candidate<'a> {
    server: &'static str,
    code: Option<u16>,
    enhanced: Option<String>,
    text: Option<&'a str>,
    stages: Vec<&'static str>,
    meaning: &'a str,
    cause: &'a str,
    fix: &'a str,
    source: &'a str,
    confidence: &'static str,
    simulated: bool,
}

#[derive(Serialize)]
struct General<'a> {
    meaning: &'a str,
    fix: &'a str,
    source: &'a str,
}

impl<'a> Reply<'a> {
    fn of(explanation: &'a Explanation) -> Self {
        let found = &explanation.found;
        Self {
            code: found.code,
            enhanced: found.enhanced.map(|enhanced| enhanced.to_string()),
            text: visible(&found.text).into_owned(),
            stage: found.stage.map(|stage| stage.as_str()),
            inside: found.inside,
            known_by: match explanation.known {
                Known::Text(_) => "text",
                Known::Codes(_) => "code",
                Known::Nothing => "class",
            },
            ambiguous: explanation.is_ambiguous(),
            best: explanation.best().map(Candidate::of),
            candidates: explanation.candidates().iter().map(|entry| Candidate::of(entry)).collect(),
            general: explanation.general.as_ref().map(|general| General {
                meaning: general.meaning,
                fix: general.fix,
                source: general.source,
            }),
        }
    }
}

impl<'a> Candidate<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            server: entry.server.as_str(),
            code: entry.code,
            enhanced: entry.enhanced.map(|enhanced| enhanced.to_string()),
            text: entry.has_text().then_some(entry.text),
            stages: entry.stages.iter().map(|stage| stage.as_str()).collect(),
            meaning: entry.meaning,
            cause: entry.cause,
            fix: entry.fix,
            source: entry.source,
            confidence: entry.confidence.as_str(),
            simulated: entry.simulated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::explain::explain;

    fn text(pasted: &str) -> String {
        explanations_as_text(&explain(pasted), Palette::new(false))
    }

    #[test]
    fn nothing_that_was_pasted_steers_the_terminal() {
        let said = text("550 5.7.64 TenantAttribution; Relay Access Denied \u{1b}[2J\u{7}\u{202e}");
        assert!(said.contains("\\x1B[2J\\x07\\u{202E}"), "{said}");
        assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said}");
        let json = explanations_as_json(&explain("550 no \u{1b}[2J\u{9b}x"));
        assert!(!json.contains(&0x1b) && !String::from_utf8_lossy(&json).contains('\u{9b}'));
    }

    #[test]
    fn no_line_of_our_own_is_longer_than_a_hundred_characters() {
        for entry in crate::exchange::catalogue::all() {
            let said = text(&format!("{}{}", codes_of(entry), entry.filled("x")));
            for line in said.lines() {
                // A word that is longer cannot be broken.
                assert!(
                    line.chars().count() <= crate::report::WIDTH
                        || line.split(' ').any(|word| word.len() > 80),
                    "{line}"
                );
            }
        }
    }

    #[test]
    fn a_long_reply_is_cut_where_it_is_shown_and_whole_in_json() {
        let pasted = format!("550 5.7.64 {}", "x".repeat(1_000));
        assert!(text(&pasted).lines().next().is_some_and(|line| line.ends_with('…') || line.len() < 300));
        assert!(
            String::from_utf8_lossy(&explanations_as_json(&explain(&pasted))).contains(&"x".repeat(1_000))
        );
    }
}
