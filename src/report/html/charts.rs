//! What many cases have in common: how long each stage took, and which replies
//! decided how often.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::record::Record;
use super::super::words::count;
use super::cases::Mark;
use super::session::Short;
use crate::smtp::Stage;

/// Bars of a distribution.
const BINS: usize = 40;

/// The most replies that are listed.
const REPLIES: usize = 16;

/// What was measured and counted.
#[derive(Default)]
pub(super) struct Charts {
    latency: BTreeMap<Stage, Vec<f32>>,
    /// How often each reply was decisive, by how the case came out.
    replies: BTreeMap<String, [usize; Mark::ALL.len()]>,
}

impl Charts {
    pub(super) fn add(&mut self, record: &Record<'_>, mark: Mark) {
        let timings = record.timings_ms;
        let ends = [(Stage::Connect, timings.connect), (Stage::Tls, timings.tls)];
        let ends = ends.into_iter().filter_map(|(stage, ms)| Some((stage, ms?)));
        let replies = record.replies.iter().map(|reply| (reply.stage, reply.ms));
        for (stage, ms) in ends.chain(replies) {
            #[expect(clippy::cast_possible_truncation, reason = "a chart needs no more than seven digits")]
            self.latency.entry(stage).or_default().push(ms as f32);
        }
        if let Some(decisive) = &record.decisive {
            self.replies.entry(decisive.in_short()).or_default()[mark as usize] += 1;
        }
    }

    /// The charts.
    pub(super) fn draw(&mut self) -> Markup {
        html! {
            div.charts {
                @if !self.latency.is_empty() { (self.latency()) }
                @if !self.replies.is_empty() { (self.replies()) }
            }
        }
    }

    fn latency(&mut self) -> Markup {
        for values in self.latency.values_mut() {
            values.sort_by(f32::total_cmp);
        }
        let longest = self.latency.values().filter_map(|values| values.last()).copied().fold(0.1, f32::max);
        let axis = Axis::up_to(longest);
        html! {
            figure.latency {
                figcaption { "Time by stage" small { "milliseconds, on a logarithmic axis" } }
                table {
                    thead { tr {
                        th scope="col" { "stage" }
                        th { svg.axis aria-hidden="true" {
                            @for decade in 0..=axis.decades {
                                @let x = axis.percent(0.1 * 10f32.powi(decade));
                                text y="11" x={ (x) "%" } text-anchor=(axis.anchor(decade)) { (Short(f64::from(0.1 * 10f32.powi(decade)))) }
                            }
                        } }
                        th scope="col" { "median" } th scope="col" { "95 %" } th scope="col" { "longest" } th scope="col" { "replies" }
                    } }
                    tbody {
                        @for (stage, values) in &self.latency {
                            tr {
                                th scope="row" { (stage.as_str()) }
                                td { (distribution(values, &axis)) }
                                td { (Short(f64::from(share(values, 0.5)))) }
                                td { (Short(f64::from(share(values, 0.95)))) }
                                td { (Short(f64::from(share(values, 1.0)))) }
                                td.soft { (values.len()) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn replies(&self) -> Markup {
        let mut all: Vec<_> = self
            .replies
            .iter()
            .map(|(reply, counts)| (reply, counts, counts.iter().sum::<usize>()))
            .collect();
        all.sort_by_key(|(_, _, sum)| std::cmp::Reverse(*sum));
        let most = all.first().map_or(1, |(_, _, sum)| *sum).max(1);
        let rest = all.iter().skip(REPLIES).map(|(_, _, sum)| sum).sum::<usize>();
        html! {
            figure.replies {
                figcaption { "What decided" small { "cases by decisive reply" } }
                table {
                    tbody {
                        @for (reply, counts, sum) in all.iter().take(REPLIES) {
                            tr {
                                th scope="row" { a href={ "#?q=" (encoded(reply)) } { code { (reply) } } }
                                td { (stacked(**counts, most)) }
                                td { (sum) }
                            }
                        }
                        @if rest > 0 {
                            tr.soft { th scope="row" { (count(all.len() - REPLIES, "other")) } td {} td { (rest) } }
                        }
                    }
                }
            }
        }
    }
}

/// A logarithmic axis from 0.1 ms over so many decades.
struct Axis {
    decades: i32,
}

impl Axis {
    fn up_to(longest: f32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a few decades")]
        let decades = (longest / 0.1).log10().ceil() as i32;
        Self { decades: decades.clamp(2, 9) }
    }

    /// Where a value stands, from 0 to 1.
    fn place(&self, ms: f32) -> f32 {
        ((ms.max(0.1) / 0.1).log10() / self.decades as f32).min(1.0)
    }

    fn percent(&self, ms: f32) -> f32 {
        (self.place(ms) * 1000.0).round() / 10.0
    }

    fn anchor(&self, decade: i32) -> &'static str {
        match decade {
            0 => "start",
            last if last == self.decades => "end",
            _ => "middle",
        }
    }
}

/// A histogram; the highest bar is as high as there is room.
fn distribution(values: &[f32], axis: &Axis) -> Markup {
    let mut bins = [0u32; BINS];
    for value in values {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to BINS")]
        let bin = (axis.place(*value) * BINS as f32) as usize;
        bins[bin.min(BINS - 1)] += 1;
    }
    let highest = bins.iter().copied().max().unwrap_or(1).max(1);
    html! {
        svg.hist viewBox={ "0 0 " (BINS * 8) " 24" } preserveAspectRatio="none" aria-hidden="true" {
            @for (n, bin) in bins.iter().enumerate().filter(|(_, bin)| **bin > 0) {
                @let height = (f64::from(*bin) / f64::from(highest) * 22.0).max(1.5);
                rect x=(n * 8) y=(format!("{:.1}", 24.0 - height)) width="7" height=(format!("{height:.1}")) {}
            }
        }
    }
}

/// Below which value this share of them lies.
fn share(sorted: &[f32], share: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let at = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or_default()
}

/// A bar of parts, one an outcome.
pub(super) fn stacked(counts: [usize; Mark::ALL.len()], whole: usize) -> Markup {
    let percent = |n: usize| n as f64 / whole.max(1) as f64 * 100.0;
    let mut from = 0;
    let parts = Mark::ALL.into_iter().zip(counts).filter(|(_, n)| *n > 0).map(|(mark, n)| {
        let start = from;
        from += n;
        (mark, start, n)
    });
    html! {
        svg.stack aria-hidden="true" {
            @for (mark, start, n) in parts {
                rect.(mark.word()) x=(format!("{:.2}%", percent(start))) width=(format!("{:.2}%", percent(n))) height="100%" {}
            }
        }
    }
}

/// A text as a part of an address (RFC 3986 §2.1).
pub(super) fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_values_lies_below_it() {
        let values: Vec<f32> = (1..=100).map(|n| n as f32).collect();
        assert_eq!([0.5, 0.95, 1.0].map(|part| share(&values, part)), [50.0, 95.0, 100.0]);
        assert_eq!(share(&[7.0], 0.5), 7.0);
        assert_eq!(share(&[], 0.5), 0.0);
    }

    #[test]
    fn a_link_holds_nothing_but_what_addresses_may() {
        assert_eq!(encoded("relay/a b\"<ü"), "relay/a%20b%22%3C%C3%BC");
    }

    #[test]
    fn the_axis_ends_behind_the_longest() {
        for (longest, decades) in [(0.0, 2), (8.0, 2), (12.0, 3), (30_000.0, 6)] {
            let axis = Axis::up_to(longest);
            assert_eq!(axis.decades, decades, "{longest}");
            assert!((0.0..=1.0).contains(&axis.place(longest)), "{longest}");
        }
    }
}
