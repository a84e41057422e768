//! One case drawn: a row that tells how it ended, and behind it everything else.

use maud::{Markup, html};

use super::super::record::{Decisive, Record};
use super::pack::CUT;
use super::session::{Ms, session};
use crate::smtp::visible;
use crate::verdict::Outcome;

/// How a case came out, as it is shown: by a word, a symbol and a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Mark {
    Failed,
    Error,
    Flaky,
    Skipped,
    Passed,
}

impl Mark {
    pub(super) const ALL: [Self; 5] = [Self::Failed, Self::Error, Self::Flaky, Self::Skipped, Self::Passed];

    pub(super) fn of(record: &Record<'_>) -> Self {
        match record.outcome {
            Outcome::Failed => Self::Failed,
            Outcome::Error => Self::Error,
            Outcome::Skipped => Self::Skipped,
            Outcome::Passed if record.flaky => Self::Flaky,
            Outcome::Passed => Self::Passed,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Flaky => "flaky",
            Self::Skipped => "skipped",
            Self::Passed => "passed",
        }
    }

    /// Text, so that it is there without the style, and in what is copied.
    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Failed => "✗",
            Self::Error => "!",
            Self::Flaky => "≈",
            Self::Skipped => "–",
            Self::Passed => "✓",
        }
    }

    pub(super) const fn wrong(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }
}

/// What stands in the row of a case, less what is around it.
pub(super) fn row(record: &Record<'_>, mark: Mark) -> Markup {
    let decisive = record.decisive.as_ref();
    html! {
        i { (mark.symbol()) }
        span { (visible(&record.name)) }
        @match &record.repeat {
            Some(repeat) => code { (repeat.played) " sessions" },
            None => code { (decisive.map(Decisive::in_short).unwrap_or_default()) },
        }
        span { (decisive.map_or("", |decisive| decisive.stage.as_str())) }
        span { (visible(&record.target.name)) }
        b { @if let Some(total) = record.timings_ms.total { (Ms(total)) } }
    }
}

/// What was expected and what came, of a case that did not pass.
pub(super) fn contrast(record: &Record<'_>) -> Markup {
    html! {
        dl.contrast {
            @for failure in &record.failures {
                dt { "expected" } dd { code { (visible(&failure.expected)) } }
                dt { "got" } dd { code.got { (visible(&failure.actual)) } " at " (failure.stage.as_str()) }
            }
        }
    }
}

/// Everything there is to say of a case.
pub(super) fn body(record: &Record<'_>, mark: Mark) -> Markup {
    html! {
        dl.remedy {
            @if mark.wrong() { (remedy(record)) }
            @if !record.account.is_empty() {
                (CUT)
                dt { "account" }
                dd { ol.account { @for step in &record.account { li { (visible(step)) } (CUT) } } }
            }
        }
        (CUT)
        (session(record))
        (CUT)
        dl.facts { (facts(record, mark)) }
        @for (nth, earlier) in record.earlier.iter().enumerate() {
            p.earlier {
                "attempt " (nth + 1) ": " (earlier.outcome.as_str())
                @if let Some(decisive) = &earlier.decisive { ", " code { (decisive.in_short()) } " at " (decisive.stage.as_str()) }
            }
        }
    }
}

/// What it means and what to do.
fn remedy(record: &Record<'_>) -> Markup {
    let hint = record.hint.as_ref();
    html! {
        @if let Some(decisive) = &record.decisive
            && record.failures.iter().all(|failure| failure.stage != decisive.stage) {
            dt { "decisive" } dd { code { (decisive.in_full()) } " at " (decisive.stage.as_str()) }
        }
        @if let Some(hint) = hint {
            dt { "meaning" } dd { (visible(&hint.meaning)) }
            @if !hint.fix.is_empty() { dt { "to do" } dd.todo { (visible(&hint.fix)) } }
            @if !hint.source.is_empty() { dt { "source" } dd.soft { (visible(&hint.source)) } }
        }
        @if let Some(command) = &record.command {
            dt { "again" } dd { code.command { (visible(command)) } }
        }
    }
}

fn facts(record: &Record<'_>, mark: Mark) -> Markup {
    let target = &record.target;
    html! {
        dt { "id" } dd { (CUT) code { (visible(&record.id)) } (CUT) }
        @if let Some(why) = &record.skipped_because { dt { "skipped" } dd { (visible(why)) } }
        @if let (Some(expected), false) = (&record.expected, mark.wrong()) {
            dt { "expected" } dd { code { (visible(expected)) } }
        }
        @if let (Some(decisive), false) = (&record.decisive, mark.wrong()) {
            dt { "got" } dd { code { (CUT) (decisive.in_full()) (CUT) } }
        }
        @if let Some(repeat) = &record.repeat {
            dt { "sessions" } dd { (repeat.in_words()) "; one of them is shown" }
        }
        (CUT)
        dt { "target" }
        dd {
            (visible(&target.name))
            @if let Some(address) = target.address.as_ref().filter(|address| **address != target.name) { " " (CUT) (visible(address)) (CUT) }
            @if let Some(as_of) = &target.as_of { ", simulated, rules as of " (visible(as_of)) }
            @if let Some(from) = record.source_ip { ", from " (from) }
        }
        @for host in &record.hosts {
            dt { "MX host" }
            dd { (host.name()) ": " (host.in_words()) @if let Some(address) = &host.address { ", " (CUT) (visible(address)) (CUT) } }
        }
        @if let Some(tls) = &record.tls {
            (CUT)
            dt { "TLS" }
            dd {
                (visible(&tls.version)) ", " (visible(&tls.cipher))
                @if let Some(group) = &tls.group { ", " (visible(group)) }
                @if tls.resumed { ", resumed" }
                @match (&tls.untrusted, tls.verified) {
                    (Some(why), _) => { ", not trusted: " (visible(why)) },
                    (None, true) => ", verified",
                    (None, false) => ", not verified",
                }
                @if let Some(peer) = &tls.peer {
                    "; " (visible(&peer.subject))
                    @if !peer.key.is_empty() { ", " (visible(&peer.key)) }
                    @if peer.chain.len() > 1 { ", in a chain of " (peer.chain.len()) }
                    @if !matches!(&*peer.ocsp, "" | "absent") { ", OCSP " (visible(&peer.ocsp)) }
                    ", until " (visible(day(&peer.not_after)))
                }
                @match &*tls.client_certificate {
                    "sent" => "; client certificate sent",
                    "none" => "; a client certificate was asked for, none sent",
                    _ => "",
                }
                @if let Some(until) = &tls.client_certificate_expires { ", until " (visible(day(until))) }
            }
        }
        @for arrived in record.arrived.iter().flatten() {
            (CUT)
            dt { "arrived" }
            dd {
                "from " code { "<" (visible(&arrived.mail_from)) ">" }
                " for " @for (n, to) in arrived.rcpt_to.iter().enumerate() { @if n > 0 { ", " } code { (visible(to)) } }
                @if let Some(tenant) = &arrived.tenant { ", as mail of " (visible(tenant)) }
                @if let Some(direction) = &arrived.direction { ", " (visible(direction)) }
                @if let Some(connector) = &arrived.connector { ", by connector “" (visible(connector)) "”" }
            }
        }
        @for note in &record.notes { dt { "note" } dd { (visible(note)) } }
        @if record.attempts > 1 { dt { "attempts" } dd { (record.attempts) "; the last is shown" } }
        @if !record.tags.is_empty() { (CUT) dt { "tags" } dd { (visible(&record.tags.join(", "))) } }
        dt { "written" } dd { code { (visible(&record.source.file)) ":" (record.source.line) } }
    }
}

/// The day of a time in RFC 3339.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}
