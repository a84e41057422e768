//! How a session ends: QUIT, or waiting to see whether the server closes first.

use std::time::Duration;

use tokio::time::Instant;

use super::drive::{Drive, End};
use super::link::{Link, Silence};
use super::silence::unasked;
use super::wire::Wire;
use super::{Answer, Direction};
use crate::smtp::{EventKind, Stage};
use crate::tls::TlsFailureKind;

/// How long a server may take over QUIT.
pub(super) const QUIT: Duration = Duration::from_secs(2);
/// How long QUIT is held back to see whether the server closes.
const HOLD: Duration = Duration::from_secs(5);

impl Drive<'_> {
    /// The end of the plan, or a refusal: QUIT where it is in order.
    pub(super) async fn end<S: Wire>(&mut self, quit: bool, link: &mut Link<S>) -> Result<(), End> {
        // Replies that nobody asked for show that those before were not what they
        // seemed; nothing else that happens from here on changes anything.
        let last = self.seen.answers.last().map_or(Stage::Greeting, |answer| answer.stage);
        if self.plan.hold_quit && self.hold(link, last).await? {
            return Ok(());
        }
        if !quit {
            return Ok(());
        }
        link.allow(QUIT);
        self.out.clear();
        self.out.extend_from_slice(b"QUIT\r\n");
        self.said_quit = true;
        let reply = match self.say(false, link, Stage::Quit).await {
            Ok(reply) => reply,
            Err((Stage::Tls, event)) => return Err((Stage::Tls, event)),
            Err((_, event)) if event.kind == EventKind::Desync => return Err((last, event)),
            Err((_, event)) => {
                self.line(Direction::Note, &format!("QUIT: {event}"));
                return Ok(());
            }
        };
        let code = reply.code();
        let answer = Answer {
            stage: Stage::Quit,
            transaction: self.seen.answers.last().map_or(0, |answer| answer.transaction),
            recipient: None,
            step: None,
            reply: self.mask.reply(reply),
            elapsed: link.elapsed(),
            at: self.started.elapsed(),
        };
        self.seen.answers.push(answer);
        let late = code.is_positive() && code.get() != 221;
        if (late || link.has_bytes())
            && let Ok(reply) = link.read().await
        {
            self.received(&reply);
            return Err((last, unasked(&reply)));
        }
        link.close().await;
        Ok(())
    }

    /// Holds QUIT back; whether the server closed meanwhile. A 421 may come first.
    async fn hold<S: Wire>(&mut self, link: &mut Link<S>, last: Stage) -> Result<bool, End> {
        let begun = Instant::now();
        link.allow(HOLD);
        loop {
            match link.read().await {
                Ok(reply) => {
                    self.received(&reply);
                    if reply.code().get() != 421 {
                        return Err((last, unasked(&reply)));
                    }
                }
                Err(Silence::Timeout { .. }) => return Ok(false),
                Err(Silence::Malformed(_)) => return Err((last, self.unasked_bytes(link))),
                Err(Silence::Failed(failure)) => {
                    if link.is_tls() && failure.kind == TlsFailureKind::Closed && !failure.detail.is_empty() {
                        self.note(&format!("the server closed: {}", failure.detail));
                    }
                    self.seen.peer_closed = Some(begun.elapsed());
                    return Ok(true);
                }
            }
        }
    }
}
