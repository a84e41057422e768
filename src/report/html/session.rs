//! One session drawn: its stages on a time axis, and beside them what was said.

use std::fmt::Write as _;

use maud::{Markup, Render, html};

use super::super::record::{Line, Record};
use super::pack::CUT;
use super::steps::{End, Step, steps};
use crate::session::Direction;
use crate::smtp::{Stage, visible};

/// The waterfall and the transcript of a session, line by line linked with its bars;
/// nothing where nothing was said.
pub(in crate::report) fn session(record: &Record<'_>) -> Markup {
    if record.transcript.is_empty() {
        return html! {};
    }
    let (steps, total) = steps(record);
    let decided = |step: &Step| {
        let Some(decisive) = &record.decisive else { return false };
        step.stage == decisive.stage
            && match step.end_with {
                End::Reply(code) => decisive.code == Some(code),
                End::Event => decisive.code.is_none(),
                End::Done => false,
            }
    };
    // Of several transactions the last may have decided, never the one before a refusal.
    let decisive = steps.iter().rposition(decided);
    html! {
        div.session {
            ol.fall {
                @for (n, step) in steps.iter().enumerate() {
                    (bar(n, step, total, decisive == Some(n)))
                }
                li.scale aria-hidden="true" { (scale(total)) b { "ms" } }
            }
            ol.said {
                @for (n, step) in steps.iter().enumerate() {
                    li data-s=(n) { (said(&record.transcript[step.lines.clone()])) }
                }
            }
        }
    }
}

/// The lines of a step; the time stands where it is another than before.
fn said(lines: &[Line<'_>]) -> Markup {
    let mut before = None;
    let mut told = |line: &Line<'_>| {
        let new = before.is_none_or(|before: f64| (line.at_ms - before).abs() >= 0.1);
        before = Some(line.at_ms);
        new
    };
    html! {
        @for line in lines {
            @let class = match line.dir {
                Direction::Received => "in",
                Direction::Sent => "out",
                Direction::Note => "note",
            };
            p.(class) {
                @if told(line) {
                    b { (CUT) (Short(line.at_ms)) (CUT) } i { (line.dir.as_str()) } span { (CUT) (visible(&line.line)) (CUT) }
                } @else {
                    b {} i { (line.dir.as_str()) } span { (visible(&line.line)) }
                }
            }
        }
    }
}

fn bar(n: usize, step: &Step, total: f64, decisive: bool) -> Markup {
    let percent = |ms: f64| if total > 0.0 { ms / total * 100.0 } else { 0.0 };
    let class = match (step.end_with, step.stage) {
        (End::Event, _) => "event",
        (_, Stage::Connect | Stage::Tls) => "link",
        (End::Reply(code), stage) if !accepted(stage, code) => "refused",
        _ => "reply",
    };
    let came = match step.end_with {
        End::Reply(code) => code.to_string(),
        End::Done | End::Event => String::new(),
    };
    html! {
        li.(class).decisive[decisive] data-s=(n) {
            span { (step.stage.as_str()) }
            svg aria-hidden="true" {
                rect x={ (CUT) (Percent(percent(step.start))) (CUT) "%" } y="4" height="8"
                    width={ (CUT) (Percent(percent(step.end - step.start).max(0.4))) (CUT) "%" } {}
            }
            b { (CUT) (Short(step.end - step.start)) (CUT) } i { (came) }
        }
    }
}

/// Whether a reply lets the session go on.
fn accepted(stage: Stage, code: u16) -> bool {
    match stage {
        Stage::Data => code == 354,
        Stage::StartTls => code == 220,
        _ => code / 100 == 2,
    }
}

/// The numbers below the bars: at most five, at round times.
fn scale(total: f64) -> Markup {
    // What is finer than a tenth is not told.
    let step = round_step((total / 4.0).max(0.1));
    let ticks = (0..=5).map(|n| f64::from(n) * step).take_while(|at| *at <= total);
    html! {
        svg {
            @for at in ticks {
                @let (x, near_end) = (at / total.max(0.001) * 100.0, at > total * 0.9);
                text y="11" x={ (CUT) (Percent(x)) (CUT) "%" } text-anchor=[near_end.then_some("end")] {
                    (CUT) (Short(at)) (CUT)
                }
            }
        }
    }
}

/// The nearest of 1, 2, 5, 10, 20 … that is not below.
fn round_step(at_least: f64) -> f64 {
    let base = 10f64.powf(at_least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|times| times * base).into_iter().find(|step| *step >= at_least).unwrap_or(base)
}

/// A number with as many digits as tell something.
pub(super) struct Short(pub(super) f64);

impl Render for Short {
    fn render_to(&self, out: &mut String) {
        let digits = usize::from(self.0 < 9.95);
        // Writing to a String cannot fail.
        let _ = write!(out, "{:.digits$}", self.0);
        if out.ends_with(".0") {
            out.truncate(out.len() - 2);
        }
    }
}

/// A hundredth part, to a tenth.
struct Percent(f64);

impl Render for Percent {
    fn render_to(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(out, "{:.1}", self.0);
    }
}

/// Milliseconds with their unit.
pub(super) struct Ms(pub(super) f64);

impl Render for Ms {
    fn render_to(&self, out: &mut String) {
        let (number, unit) = if self.0 < 9_999.5 { (self.0, " ms") } else { (self.0 / 1e3, " s") };
        Short(number).render_to(out);
        out.push_str(unit);
    }
}
