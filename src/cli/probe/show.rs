//! What `probe` prints: the dialogue as it happens, then what came of it.

use std::io::{self, Write};

use crate::plan::Plan;
use crate::report::{Palette, wrapped};
use crate::session::{Direction, Line, Observation};
use crate::smtp::{Stage, visible};
use crate::tls::{ClientCertificate, Negotiated};
use crate::verdict::{DecidedBy, Outcome, Verdict, elapsed_in_words, hint};

/// A line of the dialogue. What the server says is escaped: nothing of it steers
/// the terminal.
pub(super) fn line(out: &mut impl Write, line: Line<'_>, palette: Palette) -> io::Result<()> {
    let text = visible(line.text);
    match line.direction {
        Direction::Sent => writeln!(out, "  {} {}", palette.strong(">"), palette.strong(text)),
        Direction::Received => writeln!(out, "  {} {text}", palette.faint("<")),
        Direction::Note => writeln!(out, "  {}", palette.faint(format_args!("* {text}"))),
    }
}

/// What came of it, from what TLS negotiated to the meaning of the result.
pub(super) fn result(
    out: &mut impl Write,
    plan: &Plan,
    seen: &Observation,
    verdict: &Verdict,
    palette: Palette,
) -> io::Result<()> {
    writeln!(out)?;
    if let Some(tls) = &seen.tls {
        negotiated(out, tls, palette)?;
    }
    if let Some(decisive) = &verdict.decisive {
        let got = match &decisive.what {
            DecidedBy::Reply(reply) => reply.to_string(),
            DecidedBy::Event(event) => event.to_string(),
        };
        let after = decisive.elapsed.map(|elapsed| format!(", after {}", elapsed_in_words(elapsed)));
        let at = format!("at {}{}", decisive.stage, after.unwrap_or_default());
        if verdict.outcome != Outcome::Passed {
            field(out, "expected", &verdict.expected)?;
        }
        field(out, "got", &format!("{}   {}", visible(&got), palette.faint(at)))?;
        if let DecidedBy::Event(event) = &decisive.what
            && !event.detail.is_empty()
        {
            field(out, "", &visible(&event.detail))?;
        }
        let hint = hint(decisive, seen);
        prose(out, palette, "meaning", &visible(&hint.meaning))?;
        if !hint.fix.is_empty() && verdict.outcome != Outcome::Passed {
            prose(out, palette, "to do", &visible(&hint.fix))?;
        }
    }
    for note in &seen.notes {
        field(out, "note", &visible(note))?;
    }
    writeln!(out)?;
    let word = match verdict.outcome {
        Outcome::Passed => palette.good("passed"),
        Outcome::Failed => palette.bad("failed"),
        Outcome::Error => palette.bad("not reached"),
        Outcome::Skipped => palette.doubtful("not played"),
    };
    let total = elapsed_in_words(seen.timings.total);
    writeln!(out, "{word}{} · {total}", ended(plan, seen))
}

fn negotiated(out: &mut impl Write, tls: &Negotiated, palette: Palette) -> io::Result<()> {
    let backend = palette.faint(format!("({})", tls.backend));
    let group = tls.group.map(|group| format!(", {group}")).unwrap_or_default();
    let resumed = if tls.resumed { ", resumed" } else { "" };
    field(out, "tls", &format!("{}, {}{group}{resumed} {backend}", tls.version, tls.cipher))?;
    if let Some(peer) = &tls.peer {
        field(out, "server", &format!("{}, issued by {}", visible(&peer.subject), visible(&peer.issuer)))?;
        let names = if peer.san.is_empty() { "no names".to_owned() } else { shortened(&peer.san) };
        field(out, "", &format!("for {}, until {}", visible(&names), peer.not_after))?;
        let chain = match peer.chain.len() {
            0 | 1 => "no other certificate shown".to_owned(),
            _ => format!("in a chain of {}", peer.chain.len()),
        };
        field(out, "", &format!("{}, {chain}, OCSP staple {}", peer.key, tls.staple))?;
    }
    match &tls.verified {
        Ok(()) => field(out, "", &palette.good("verified").to_string())?,
        Err(untrusted) => {
            let why = format!("not verified: {} ({})", untrusted.reason, visible(&untrusted.detail));
            field(out, "", &palette.doubtful(why).to_string())?;
        }
    }
    match tls.client_certificate {
        ClientCertificate::NotRequested => Ok(()),
        ClientCertificate::None => field(out, "client", "a certificate was asked for; none was sent"),
        ClientCertificate::Sent => field(out, "client", "a certificate was asked for and sent"),
    }
}

/// Some of the names; a certificate may carry thousands.
fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// How far it went, where that needs saying: nothing was delivered by a probe
/// that was not told to.
fn ended(plan: &Plan, seen: &Observation) -> &'static str {
    let accepted = |stage: Stage| {
        seen.answers.iter().any(|answer| answer.stage == stage && stage.accepts(answer.reply.code()))
    };
    if accepted(Stage::Message) {
        " · the message was delivered to the server"
    } else if plan.transactions.iter().all(|transaction| transaction.message.is_none())
        && accepted(Stage::RcptTo)
    {
        " · stopped after RCPT TO, nothing was delivered (--deliver sends a message)"
    } else {
        ""
    }
}

fn field(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "  {name:<9} {value}")
}

/// Words of ours, wrapped.
fn prose(out: &mut impl Write, palette: Palette, mut name: &str, text: &str) -> io::Result<()> {
    for line in wrapped(text, palette.width() - 12) {
        field(out, std::mem::take(&mut name), &line)?;
    }
    Ok(())
}
