//! A comparison as people read it: one sentence, then what breaks, old beside new,
//! then the lesser.

use std::fmt::Write as _;

use super::groups::{Group, Groups, answer, heading, hint, told};
use super::words::{came_to, capital, last_line, sentence};
use super::{Comparison, Facts, Kind, Pair, Side};
use crate::report::prose::wrapped;
use crate::report::words::count;
use crate::report::{Detail, Palette};
use crate::smtp::visible;
use crate::verdict::Outcome;

/// So many ids are named of a group unless `-v` asks for all.
const NAMED: usize = 5;

/// So many groups are shown in full unless `-v` asks for all.
const IN_FULL: usize = 20;

/// Where the text of a named line begins.
const INDENT: usize = 10;

/// Between two columns.
const GAP: &str = " │ ";

/// Writing to a `String` cannot fail, so what `write!` gives is not looked at.
macro_rules! line {
    ($out:expr, $($format:tt)*) => {
        let _ = writeln!($out, $($format)*);
    };
}

/// The comparison as the palette can show it; nothing for [`Detail::Quiet`] where
/// nothing changed in a run that came to its end. The last line stands alone in a log.
#[must_use]
pub fn comparison_as_text(comparison: &Comparison, detail: Detail, palette: Palette) -> String {
    let page = Page { comparison, detail, palette, width: palette.width() };
    let mut out = String::new();
    if detail == Detail::Quiet && !comparison.has_changes() && !comparison.is_cut_off() {
        return out;
    }
    let groups = Groups::of(comparison);
    if !groups.ends.is_empty() || !groups.lesser.is_empty() {
        line!(out, "{}", palette.strong(format!("{}.", capital(&sentence(comparison, groups.lesser.len())))));
        page.sides(&mut out);
        out.push('\n');
        page.ends(&groups.ends, &mut out);
        for group in &groups.lesser {
            page.lesser(group, &mut out);
        }
    }
    if detail > Detail::Quiet {
        if out.is_empty() && comparison.added().next().is_some() {
            page.sides(&mut out);
            out.push('\n');
        }
        for group in &groups.notes {
            page.lesser(group, &mut out);
        }
        page.others(&mut out);
    }
    page.rules(&mut out);
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
    last_line(comparison, groups.lesser.len(), palette, &mut out);
    out
}

struct Page<'a> {
    comparison: &'a Comparison,
    detail: Detail,
    palette: Palette,
    width: usize,
}

impl Page<'_> {
    /// Which two runs these are: the wrong file is a common mistake.
    fn sides(&self, out: &mut String) {
        let sides = [("before", &self.comparison.before), ("after", &self.comparison.after)];
        let name = |side: &Side| visible(&side.name).chars().count();
        let pad = sides.iter().map(|(_, side)| name(side)).max().unwrap_or(0);
        for (label, side) in sides {
            let started = side.run.started_text();
            let day = started.get(..16).unwrap_or(&started).replacen('T', " ", 1);
            let text = format!(
                "{}{:gap$}  {day} UTC  {}",
                visible(&side.name),
                "",
                came_to(side),
                gap = pad - name(side)
            );
            self.named(label, &text, out);
        }
    }

    fn ends(&self, groups: &[Group<'_>], out: &mut String) {
        let most = if self.detail >= Detail::Verbose { usize::MAX } else { IN_FULL };
        for group in groups.iter().take(most) {
            self.end(group, out);
        }
        if let Some(rest) = groups.get(most..).filter(|rest| !rest.is_empty()) {
            let cases = rest.iter().map(|group| group.cases.len()).sum();
            line!(out, "and {} in {}: -v shows them\n", count(rest.len(), "other way"), count(cases, "case"));
        }
    }

    /// A change of how cases ended, shown with the first of them.
    fn end(&self, group: &Group<'_>, out: &mut String) {
        let Group { change, cases, .. } = group;
        let palette = self.palette;
        let word = format!("{:<8}", heading(change.kind));
        let word = match change.kind {
            Kind::Breaks | Kind::New | Kind::Opens => palette.bad(word).to_string(),
            Kind::Mends => palette.good(word).to_string(),
            _ => palette.doubtful(word).to_string(),
        };
        let (before, after) = (self.comparison.before(cases[0]), self.comparison.after(cases[0]));
        let mut word = word;
        for line in wrapped(&told(change, before, after), self.width - 8) {
            line!(out, "{word}{}", palette.strong(line));
            word = " ".repeat(8);
        }
        self.ids(cases, 2, out);
        match (before, after) {
            (Some(_), Some(_)) if change.stage.is_some() => {
                self.columns(&[visible(&change.before).into()], &[visible(&change.after).into()], out);
            }
            (Some(before), Some(after)) => self.columns(&answer(before), &answer(after), out),
            (one, two) => {
                for line in one.or(two).map(answer).unwrap_or_default() {
                    for line in wrapped(&line, self.width - 2) {
                        line!(out, "  {line}");
                    }
                }
            }
        }
        if let Some(after) = after.filter(|_| !matches!(change.kind, Kind::Mends | Kind::Lost)) {
            self.explained(after, out);
        }
        out.push('\n');
    }

    /// What the later answer means, why it came, what to do and how to see it again.
    fn explained(&self, after: &Facts, out: &mut String) {
        let hint = hint(after);
        if let Some(hint) = &hint {
            self.named("meaning", &visible(&hint.meaning), out);
        }
        if !after.account.is_empty() {
            self.named("account", &visible(&after.account.join("; ")), out);
        }
        if let Some(hint) = hint.filter(|hint| !hint.fix.is_empty()) {
            self.named("to do", &visible(&hint.fix), out);
        }
        if let Some(command) = &after.command {
            // Not wrapped: it is there to be copied.
            line!(out, "  {}  {}", self.palette.faint("again   "), visible(command));
        }
    }

    /// A change beside how it ended: certificate, TLS, EHLO and the like.
    fn lesser(&self, group: &Group<'_>, out: &mut String) {
        let Group { change, cases, .. } = group;
        let what = group.described();
        let what = match change.kind.is_note() {
            true => self.palette.faint(format!("note: {what}")),
            false => self.palette.doubtful(what),
        };
        line!(out, "{what}");
        self.ids(cases, 2, out);
        self.named("before", &visible(&change.before), out);
        self.named("after", &visible(&change.after), out);
        out.push('\n');
    }

    /// The ids of a group, or that it is all of them.
    fn ids(&self, cases: &[&Pair], indent: usize, out: &mut String) {
        let all = self.comparison.in_both().count();
        let text = if cases.len() == all && all > NAMED && self.detail < Detail::Verbose {
            format!("all {all} cases")
        } else {
            let how_many =
                if cases.len() > 1 { format!("{}: ", count(cases.len(), "case")) } else { String::new() };
            format!("{how_many}{}", self.names(cases))
        };
        for line in wrapped(&text, self.width - indent) {
            line!(out, "{:indent$}{line}", "");
        }
    }

    /// The ids alone: how many they are has been said.
    fn named_ids(&self, cases: &[&Pair], indent: usize, out: &mut String) {
        for line in wrapped(&self.names(cases), self.width - indent) {
            line!(out, "{:indent$}{line}", "");
        }
    }

    /// `a, b and 3 more`.
    fn names(&self, cases: &[&Pair]) -> String {
        let most = if self.detail >= Detail::Verbose { usize::MAX } else { NAMED };
        let ids = cases.iter().take(most).map(|case| visible(&self.comparison.facts(case).id));
        let ids: Vec<_> = ids.collect();
        let more = cases.len() - ids.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", ids.join(", "))
    }

    /// Two texts beside each other.
    fn columns(&self, before: &[String], after: &[String], out: &mut String) {
        let one = (self.width - 2 - GAP.chars().count()) / 2;
        let fit = |texts: &[String]| -> Vec<String> {
            texts.iter().flat_map(|text| wrapped(text, one)).flat_map(|line| broken(&line, one)).collect()
        };
        let (before, after) = (fit(before), fit(after));
        let faint = |word: &str| self.palette.faint(format!("{word:<one$}")).to_string();
        line!(out, "  {}{GAP}{}", faint("before"), self.palette.faint("after"));
        for n in 0..before.len().max(after.len()) {
            let cell = |side: &[String]| side.get(n).cloned().unwrap_or_default();
            let (left, right) = (cell(&before), cell(&after));
            let pad = one.saturating_sub(left.chars().count());
            line!(out, "{}", format!("  {left}{:pad$}{GAP}{right}", "").trim_end());
        }
    }

    /// A named value, wrapped.
    fn named(&self, name: &str, text: &str, out: &mut String) {
        let mut label = self.palette.faint(format!("{name:<8}")).to_string();
        for line in wrapped(text, self.width - INDENT - 2) {
            line!(out, "  {label}  {line}");
            label = " ".repeat(8);
        }
    }

    /// What was not compared.
    fn others(&self, out: &mut String) {
        let comparison = self.comparison;
        let added: Vec<&Pair> = comparison.added().collect();
        if !added.is_empty() {
            let mut came = String::new();
            for outcome in Outcome::ALL {
                let cases = added.iter().filter(|case| comparison.facts(case).outcome == outcome).count();
                if cases > 0 {
                    let _ = write!(came, ", {cases} {}", outcome.as_str());
                }
            }
            let how_many = count(added.len(), "case");
            line!(
                out,
                "{} {how_many} that the earlier run does not have{came}",
                self.palette.doubtful("added")
            );
            self.named_ids(&added, 2, out);
        }
        if comparison.not_played() > 0 {
            let left = count(comparison.not_played(), "case");
            line!(out, "{} {left} of the earlier run", self.palette.doubtful("not played"));
        }
        if comparison.left_out > 0 {
            let left = count(comparison.left_out, "case");
            line!(out, "{} {left} of targets that --versus does not name", self.palette.doubtful("left out"));
        }
    }

    /// What was accepted, and what of the file does nothing any more.
    fn rules(&self, out: &mut String) {
        for allowance in &self.comparison.accepted {
            let rule = &allowance.rule;
            let kinds: Vec<&str> = rule.kinds.iter().map(|kind| kind.as_str()).collect();
            let after =
                rule.after.as_ref().map_or_else(String::new, |after| format!(", then {}", visible(after)));
            let what = format!("{} of {}{after}", kinds.join(", "), visible(&rule.case));
            let place = format!("{}:{}", visible(&rule.file), rule.line);
            let because = visible(&rule.because);
            let text = match (allowance.used, allowance.expired, rule.until) {
                (0, 1.., Some(until)) => {
                    format!("{} {what}: accepted until {until} ({place})", self.palette.bad("expired"))
                }
                (0, ..) if self.comparison.partial => continue,
                (0, ..) => format!("{} {what}: no such change ({place})", self.palette.doubtful("unused")),
                _ if self.detail == Detail::Quiet => continue,
                (used, ..) => {
                    let until = rule.until.map_or_else(String::new, |until| format!(", until {until}"));
                    let changes = count(used, "change");
                    format!(
                        "{} {changes}, {what}: {because}{until} ({place})",
                        self.palette.faint("accepted")
                    )
                }
            };
            line!(out, "{text}");
        }
    }
}

/// A line in pieces that fit; words longer than a column are cut.
fn broken(line: &str, width: usize) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    match chars.is_empty() {
        true => vec![String::new()],
        false => chars.chunks(width.max(1)).map(|piece| piece.iter().collect()).collect(),
    }
}
