//! A comparison as people read it: one sentence, then what breaks, old beside new,
//! then the lesser.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::facts::Spoken;
use super::words::{last_line, sentence};
use super::{Change, Comparison, Facts, Kind, Pair, Side};
use crate::report::prose::wrapped;
use crate::report::words::{count, tally};
use crate::report::{Detail, Palette};
use crate::smtp::{Stage, visible};
use crate::verdict::{Hint, Outcome, meaning};

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
/// nothing changed. The last line stands alone in a log.
#[must_use]
pub fn comparison_as_text(comparison: &Comparison, detail: Detail, palette: Palette) -> String {
    let page = Page { comparison, detail, palette, width: palette.width() };
    let mut out = String::new();
    if detail == Detail::Quiet && !comparison.has_changes() {
        return out;
    }
    let groups = Groups::of(comparison);
    if !groups.ends.is_empty() || !groups.lesser.is_empty() {
        line!(out, "{}", palette.strong(format!("{}.", sentence(comparison, groups.lesser.len()))));
        page.sides(&mut out);
        out.push('\n');
        page.ends(&groups.ends, &mut out);
        for group in &groups.lesser {
            page.lesser(group, &mut out);
        }
    }
    if detail > Detail::Quiet {
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

/// Cases with one and the same change, each of them once.
struct Group<'a> {
    change: &'a Change,
    stages: BTreeSet<Stage>,
    cases: Vec<&'a Pair>,
}

/// The changes that are not accepted, like to like.
struct Groups<'a> {
    ends: Vec<Group<'a>>,
    lesser: Vec<Group<'a>>,
    notes: Vec<Group<'a>>,
}

impl<'a> Groups<'a> {
    fn of(comparison: &'a Comparison) -> Self {
        let mut all: Vec<Group<'a>> = Vec::new();
        let mut places: HashMap<(Kind, String, String), usize> = HashMap::new();
        for case in &comparison.cases {
            for change in case.changes.iter().filter(|change| change.accepted.is_none()) {
                let key = match (change.kind.is_of_the_end(), comparison.before(case), comparison.after(case))
                {
                    (true, Some(before), Some(after)) => (change.kind, alike(before), alike(after)),
                    (true, ..) => (change.kind, String::new(), String::new()),
                    (false, ..) => (change.kind, change.before.clone(), change.after.clone()),
                };
                let at = *places.entry(key).or_insert(all.len());
                if at == all.len() {
                    all.push(Group { change, stages: BTreeSet::new(), cases: Vec::new() });
                }
                let group = &mut all[at];
                group.stages.extend(change.stage);
                // What changed in both EHLOs of a case is one change of one case.
                if !group.cases.last().is_some_and(|last| std::ptr::eq(*last, case)) {
                    group.cases.push(case);
                }
            }
        }
        // Stable: within a kind what concerns most cases first, then the files' order.
        all.sort_by_key(|group| (group.change.kind, std::cmp::Reverse(group.cases.len())));
        let (ends, rest): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|group| group.change.kind.is_of_the_end());
        let (notes, lesser) = rest.into_iter().partition(|group| group.change.kind.is_note());
        Self { ends, lesser, notes }
    }
}

/// What cases have in common that ended alike: the outcome, and what was said but for
/// the addresses in it.
fn alike(facts: &Facts) -> String {
    let mut key = facts.outcome.as_str().to_owned();
    if let Some(Spoken { said, .. }) = &facts.decisive {
        let _ = write!(key, " {} ", said.stage);
        let mut inside = false;
        for c in said.words.chars() {
            inside = (inside || c == '<') && c != '>';
            if !inside {
                key.push(c);
            }
        }
    }
    key
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
            let broken = if side.run.interrupted { ", interrupted" } else { "" };
            let text = format!(
                "{}{:gap$}  {day} UTC  {}{broken}",
                visible(&side.name),
                "",
                tally(Palette::new(false), &side.summary, false),
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
        for line in wrapped(&self.told(change, before, after), self.width - 8) {
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

    /// What happened, in one line.
    fn told(&self, change: &Change, before: Option<&Facts>, after: Option<&Facts>) -> String {
        let (Some(before), Some(after)) = (before, after) else {
            return match (change.kind, after) {
                (Kind::New, Some(after)) => format!("no such case before; {} now", after.outcome.as_str()),
                _ => "no such case any more".to_owned(),
            };
        };
        let words = |facts: &Facts| match facts.outcome {
            Outcome::Error => "not reached",
            outcome => outcome.as_str(),
        };
        let (was, is) = (words(before), words(after));
        let outcome = match was == is {
            true => format!("{is} as before"),
            false => format!("{was} before, {is} now"),
        };
        let accepts = |facts: &Facts| facts.decisive.as_ref().map(|decisive| decisive.said.accepted);
        let answer = match (accepts(before), accepts(after)) {
            _ if before.outcome == Outcome::Error || after.outcome == Outcome::Error => "",
            (Some(true), Some(false)) => "; accepted before, refused now",
            (Some(false), Some(true)) => "; refused before, accepted now",
            (Some(false), Some(false)) if change.kind == Kind::Reply => ", with another reply",
            _ => "",
        };
        format!("{outcome}{answer}")
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
        let Group { change, stages, cases } = group;
        let stages: Vec<&str> = stages.iter().map(|stage| stage.as_str()).collect();
        let at = if stages.is_empty() { String::new() } else { format!(" at {}", stages.join(" and ")) };
        let what = format!("{}{at}", described(change.kind));
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
            let most = if self.detail >= Detail::Verbose { usize::MAX } else { NAMED };
            let mut ids: Vec<String> = Vec::new();
            ids.extend(
                cases.iter().take(most).map(|case| visible(&self.comparison.facts(case).id).into_owned()),
            );
            let more = cases.len() - ids.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let how_many =
                if cases.len() > 1 { format!("{}: ", count(cases.len(), "case")) } else { String::new() };
            format!("{how_many}{}{more}", ids.join(", "))
        };
        for line in wrapped(&text, self.width - indent) {
            line!(out, "{:indent$}{line}", "");
        }
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
            line!(out, "{} {}", self.palette.doubtful("added"), count(added.len(), "case"));
            self.ids(&added, 2, out);
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
            let what = format!("{} of {}", kinds.join(", "), visible(&rule.case));
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

/// The reply, and where; why it was not played otherwise.
fn answer(facts: &Facts) -> Vec<String> {
    match (&facts.decisive, &facts.skipped_because) {
        (_, Some(why)) => vec![visible(&format!("skipped: {why}")).into_owned()],
        (Some(decisive), None) => {
            // Of a refusal what was compared: stamps and ids would hide the difference.
            let said = match decisive.said.accepted {
                true => decisive.in_words(),
                false => visible(&decisive.said.words).into_owned(),
            };
            let mut lines = vec![said, format!("at {}", decisive.said.stage)];
            // It can fail for another reason than what decided it.
            let elsewhere = facts.failures.iter().filter(|(stage, ..)| *stage != decisive.said.stage);
            lines.extend(elsewhere.map(|(stage, expected, actual)| {
                visible(&format!("expected {expected} at {stage}, got {actual}")).into_owned()
            }));
            lines
        }
        (None, None) => vec![facts.outcome.as_str().to_owned()],
    }
}

/// What the answer means, from the report or, of a case that passed, from what is
/// known of replies.
pub(super) fn hint(facts: &Facts) -> Option<Hint> {
    if let Some(hint) = &facts.hint {
        let [meaning, fix, source] = [&hint.meaning, &hint.fix, &hint.source].map(ToString::to_string);
        return Some(Hint { meaning, fix, source });
    }
    let shown = &facts.decisive.as_ref()?.shown;
    meaning(shown.stage, shown.code?, shown.enhanced, shown.text.as_deref().unwrap_or_default())
}

const fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Breaks => "BREAKS",
        Kind::New => "NEW",
        Kind::Opens => "OPENS",
        Kind::Lost => "lost",
        Kind::Mends => "mends",
        _ => "differs",
    }
}

const fn described(kind: Kind) -> &'static str {
    match kind {
        Kind::Arrived => "what arrives",
        Kind::Certificate => "the server's certificate",
        Kind::Tls => "the TLS version",
        Kind::Cipher => "the cipher suite",
        Kind::ClientCertificate => "a client certificate",
        Kind::Ehlo => "the extensions",
        Kind::Latency => "it takes longer",
        Kind::Moves => "the same refusal at another stage",
        Kind::Expected => "the file expects something else",
        Kind::Reach => "played to another stage",
        Kind::Breaks | Kind::New | Kind::Opens | Kind::Lost | Kind::Reply | Kind::Mends => heading(kind),
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
