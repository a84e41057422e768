//! A forecast as people read it.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::{Compared, Forecast, World};
use crate::report::prose::{field, wrapped};
use crate::report::words::{count, decided_in_short};
use crate::report::{Detail, Palette};
use crate::smtp::visible;
use crate::verdict::{Answers, Difference, Told, difference, elapsed_in_words};

/// How often one and the same change is shown in full unless `-v` asks for all.
const IN_FULL: usize = 10;

/// Where the target stands in a heading.
const TARGET_COLUMN: usize = 64;

/// Writing to a `String` cannot fail, so what `write!` gives is not looked at.
macro_rules! line {
    ($out:expr, $($format:tt)*) => {
        let _ = writeln!($out, $($format)*);
    };
}

/// What breaks first, then what begins to work, then what is refused otherwise, then
/// the notes; the last line stands alone in a log.
#[must_use]
pub fn forecast_as_text(forecast: &Forecast, detail: Detail, palette: Palette) -> String {
    let mut out = String::new();
    if detail == Detail::Quiet && forecast.changes() + forecast.unreached() == 0 {
        return out;
    }
    let mut cases: Vec<_> = forecast.played().map(|compared| (compared.difference(), compared)).collect();
    // Stable: within a kind the order of the files stays.
    cases.sort_by_key(|(kind, _)| *kind);
    let mut seen: HashMap<(Difference, String, String), usize> = HashMap::new();
    for (kind, compared) in cases {
        match kind {
            Difference::Same if detail >= Detail::Verbose => same(compared, palette, &mut out),
            Difference::Same => {}
            Difference::Moves if detail > Detail::Quiet => moves(compared, palette, &mut out),
            Difference::Moves => {}
            _ => {
                let (_, was, is) = difference(&compared.before, &compared.after);
                let times = seen.entry((kind, in_short(was), in_short(is))).or_default();
                *times += 1;
                heading(kind, compared, palette, "", &mut out);
                if *times <= IN_FULL || detail >= Detail::Verbose {
                    side("before", was, &compared.before, palette, &mut out);
                    side("after", is, &compared.after, palette, &mut out);
                    if let Some(is) = is.filter(|is| !is.is_accepted() && !is.hint.fix.is_empty()) {
                        field(2, "to do", &visible(&is.hint.fix), palette, &mut out);
                    }
                    out.push('\n');
                } else {
                    line!(out, "  like others: {}, then {}", in_short(was), in_short(is));
                }
            }
        }
    }
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
    if detail > Detail::Quiet {
        skipped(forecast, palette, &mut out);
        between(forecast, palette, &mut out);
    }
    last_line(forecast, palette, &mut out);
    out
}

/// `BREAKS  estate/erp    mx  203.0.113.10`.
fn heading(kind: Difference, compared: &Compared, palette: Palette, more: &str, out: &mut String) {
    let id = visible(&compared.case.id);
    let (word, id) = match kind {
        Difference::Breaks => (palette.bad("BREAKS  "), palette.strong(&id)),
        Difference::Works => (palette.good("works   "), palette.strong(&id)),
        Difference::Differs => (palette.doubtful("differs "), palette.strong(&id)),
        Difference::Moves => (palette.faint("note    "), palette.faint(&id)),
        Difference::Same => (palette.faint("same    "), palette.faint(&id)),
    };
    let used = 8 + visible(&compared.case.id).chars().count();
    let pad = TARGET_COLUMN.saturating_sub(used).max(2);
    let source = compared.source_ip.map_or_else(String::new, |ip| format!("  {ip}"));
    let target = visible(&compared.case.target.name);
    line!(out, "{word}{id}{:pad$}{target}{source}{more}", "");
}

/// How one side answered, what it means, and why.
fn side(name: &str, told: Option<&Told>, answers: &Answers, palette: Palette, out: &mut String) {
    let Some(told) = told else {
        field(2, name, "no refusal", palette, out);
        return account(answers, palette, out);
    };
    let reply = visible(&told.steady()).into_owned();
    field(2, name, &format!("{reply} at {}", told.decisive.stage), palette, out);
    field(2, "meaning", &visible(&told.hint.meaning), palette, out);
    account(answers, palette, out);
}

fn account(answers: &Answers, palette: Palette, out: &mut String) {
    if !answers.account.is_empty() {
        field(2, "account", &visible(&answers.account.join("; ")), palette, out);
    }
}

/// The same refusal, elsewhere.
fn moves(compared: &Compared, palette: Palette, out: &mut String) {
    heading(Difference::Moves, compared, palette, "", out);
    let (_, was, is) = difference(&compared.before, &compared.after);
    if let (Some(was), Some(is)) = (was, is) {
        let text = format!(
            "the same refusal at another stage: {} at {}, and then at {}",
            visible(&was.steady()),
            was.decisive.stage,
            is.decisive.stage
        );
        for line in wrapped(&text, palette.width() - 2) {
            line!(out, "  {line}");
        }
    }
}

fn same(compared: &Compared, palette: Palette, out: &mut String) {
    let told = compared.after.decisive.as_ref();
    heading(Difference::Same, compared, palette, &format!("  {}", in_short(told)), out);
}

/// `550 5.7.64 at rcpt_to`.
fn in_short(told: Option<&Told>) -> String {
    told.map_or_else(
        || "no refusal".to_owned(),
        |told| format!("{} at {}", decided_in_short(&told.decisive), told.decisive.stage),
    )
}

/// Why cases were not played, each reason once.
fn skipped(forecast: &Forecast, palette: Palette, out: &mut String) {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    let skipped = forecast.cases.iter().filter(|compared| !compared.was_played());
    for reason in skipped.filter_map(|one| one.before.skipped.as_ref().or(one.after.skipped.as_ref())) {
        match reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, times)) => *times += 1,
            None => reasons.push((reason, 1)),
        }
    }
    for (reason, times) in &reasons {
        line!(out, "{} {times}: {}", palette.doubtful("skipped"), visible(reason));
    }
    if forecast.real > 0 {
        let left = count(forecast.real, "case");
        line!(
            out,
            "{} {left} against real servers: only the simulator knows another day",
            palette.doubtful("left out")
        );
    }
    if !reasons.is_empty() || forecast.real > 0 {
        out.push('\n');
    }
}

/// Which rules changed between the days.
fn between(forecast: &Forecast, palette: Palette, out: &mut String) {
    let changes = forecast.in_between();
    if changes.is_empty() {
        return;
    }
    line!(out, "{}", palette.strong("What comes into force between the two days"));
    for change in changes {
        let mut date = format!("{:10}", change.date());
        for line in wrapped(change.what, palette.width() - 14) {
            line!(out, "  {date}  {line}");
            date = " ".repeat(10);
        }
    }
    out.push('\n');
}

/// `3 of 12 cases change: 2 break, 1 works · simulated, rules of …, then of …`.
fn last_line(forecast: &Forecast, palette: Palette, out: &mut String) {
    let (played, changes) = (forecast.played().count(), forecast.changes());
    let unreached = forecast.unreached();
    if unreached > 0 {
        let _ = write!(
            out,
            "{}, ",
            palette.bad(format!("{} did not reach the simulator", count(unreached, "case")))
        );
    }
    if changes == 0 {
        let _ = write!(out, "{} for {}", palette.good("nothing changes"), count(played, "case"));
    } else {
        let one = changes == 1;
        let kinds: Vec<String> = [
            (Difference::Breaks, "breaks", "break"),
            (Difference::Works, "works", "work"),
            (Difference::Differs, "differs", "differ"),
        ]
        .into_iter()
        .filter_map(|(kind, singular, plural)| match forecast.count(kind) {
            0 => None,
            1 => Some(format!("1 {singular}")),
            n => Some(format!("{n} {plural}")),
        })
        .collect();
        let of = format!("{changes} of {} {}", count(played, "case"), if one { "changes" } else { "change" });
        let _ = write!(out, "{}: {}", palette.bad(of), kinds.join(", "));
    }
    match forecast.count(Difference::Moves) {
        0 => {}
        n => {
            let _ = write!(out, ", {}", count(n, "note"));
        }
    }
    line!(
        out,
        " · simulated, {} · {}",
        worlds(&forecast.before, &forecast.after),
        elapsed_in_words(forecast.took)
    );
}

/// What differs between the worlds, and what they share.
fn worlds(before: &World, after: &World) -> String {
    let days = |world: &World| world.days.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut out = match before.days == after.days {
        true => format!("rules of {}", days(after)),
        false => format!("rules of {}, then of {}", days(before), days(after)),
    };
    if before.tenants != after.tenants {
        let _ = write!(out, ", tenants of {}, then of {}", visible(&before.tenants), visible(&after.tenants));
    }
    out
}
