//! What a session that may not be played to its end (`up_to`) leaves of the
//! expectations.

use std::borrow::Cow;

use super::{DecidedBy, Decisive, Verdict, delivered, pattern};
use crate::scenario::{Expect, Expectations, Patterns};
use crate::smtp::Stage;

/// The expectations as they can be judged when nothing past `last` is played,
/// of a plan whose stages would be `full`. A plain code of success is then the
/// success of every stage that is played; a refusal stays what it is.
///
/// # Errors
///
/// Why the case cannot be judged that way, as the reason to skip it: it expects
/// something of a later stage.
pub fn within_reach<'a>(
    full: &[Stage],
    last: Stage,
    expect: &'a Expectations,
) -> Result<Cow<'a, Expectations>, String> {
    let end = full.iter().position(|stage| *stage == last).map_or(full.len(), |at| at + 1);
    let lost = &full[end..];
    if lost.is_empty() {
        return Ok(Cow::Borrowed(expect));
    }
    if lost.contains(&Stage::RcptTo) && !expect.recipients.is_empty() {
        return Err(too_late(Stage::RcptTo, &expect.recipients[0].patterns.written, last));
    }
    let mut expect = Cow::Borrowed(expect);
    for n in 0..=expect.transactions.len() {
        let part = n.checked_sub(1).map_or(&expect.session, |n| &expect.transactions[n]);
        match part {
            Expect::Stages(map) => {
                if let Some(expected) = map.delivered.as_ref().filter(|_| lost.contains(&Stage::Message)) {
                    return Err(too_late(Stage::Message, &delivered::words(expected), last));
                }
                if let Some((stage, named)) = map.stages.iter().find(|(stage, _)| lost.contains(stage)) {
                    let written = named.reply.as_ref().map_or("what is written", |reply| &*reply.written);
                    return Err(too_late(*stage, written, last));
                }
            }
            Expect::Decisive(patterns) if patterns.any.iter().all(pattern::is_positive) => {
                success(patterns, full, last)?;
                let capped = expect.to_mut();
                *n.checked_sub(1).map_or(&mut capped.session, |n| &mut capped.transactions[n]) =
                    Expect::Positive;
            }
            Expect::Shares(shares) => {
                let mut shares = shares.clone();
                for share in &mut shares {
                    if let Expect::Decisive(patterns) = &share.expect
                        && patterns.any.iter().all(pattern::is_positive)
                    {
                        success(patterns, full, last)?;
                        share.expect = Expect::Positive;
                    }
                }
                // Shares are the session's alone.
                expect.to_mut().session = Expect::Shares(shares);
            }
            Expect::Attempts(lists) if !lists.iter().all(may_come_early) => {
                let at = full.last().copied().unwrap_or(last);
                return Err(too_late(at, "a success at the end", last));
            }
            Expect::Decisive(_) | Expect::Positive | Expect::Attempts(_) => {}
        }
    }
    Ok(expect)
}

/// Says in a verdict on a session that was not played past `last` that the
/// refusal which was expected might have come later.
pub fn cut_short(verdict: &mut Verdict, last: Stage) {
    let refused = match &verdict.decisive {
        Some(Decisive { stage, what: DecidedBy::Reply(reply), .. }) => !stage.accepts(reply.code()),
        Some(Decisive { what: DecidedBy::Event(_), .. }) => true,
        None => false,
    };
    if !refused {
        for failure in verdict.failures.iter_mut().filter(|failure| failure.stage == last) {
            failure
                .actual
                .push_str(&format!("; nothing had been refused when up_to ended the session at {last}"));
        }
    }
}

/// Whether patterns of success ask for no more than the success of every stage
/// that is played.
fn success(patterns: &Patterns, full: &[Stage], last: Stage) -> Result<(), String> {
    if patterns.any.iter().any(pattern::is_code_alone) {
        return Ok(());
    }
    let at = full.last().copied().unwrap_or(last);
    Err(too_late(at, &patterns.written, last))
}

/// Whether a pattern asks for something that can come before the last stage.
fn may_come_early(patterns: &Patterns) -> bool {
    patterns.any.iter().any(|pattern| !pattern::is_positive(pattern) || pattern::is_code_alone(pattern))
}

fn too_late(stage: Stage, written: &str, last: Stage) -> String {
    format!("expects {written} at {stage}, which is past up_to: {last}")
}
