//! What steps need of a connection beyond a command and its reply.

use std::borrow::Cow;
use std::time::Duration;

use super::dialogue::Dialogue;
use super::drive::{Drive, End, count};
use super::link::{Link, Silence};
use super::mask::MASKED;
use super::silence::{delivery_unknown, unasked};
use super::wire::Wire;
use super::{Direction, Sent};
use crate::message::Draft;
use crate::plan::{Chunks, Close};
use crate::smtp::{Reply, Stage, lossless};

/// A piece of a message on its way.
pub(super) struct Piece {
    /// Its bytes in the message.
    from: usize,
    to: usize,
    /// The whole message is out when it is, and the server knows.
    ends: Option<String>,
}

impl<'a> Drive<'a> {
    /// Writes down that what comes next is nobody's command but the plan's own bytes.
    pub(super) fn tell_raw(&mut self, dialogue: &Dialogue<'_>) {
        if dialogue.is_raw() {
            let size = self.out.len();
            let end = if self.out.ends_with(b"\r\n") { "" } else { ", not ended by CRLF" };
            self.line(Direction::Note, &format!("raw, {size} byte{}{end}", if size == 1 { "" } else { "s" }));
        }
    }

    /// Writes down what is sent, a line each, without what belongs to nobody's eyes.
    pub(super) fn spoken(&mut self, secret: bool, out: &[u8]) {
        let text = lossless(out);
        let mut secret = secret;
        for line in text.strip_suffix("\r\n").unwrap_or(&text).split("\r\n") {
            // Only raw bytes can hold more than the one line of a log-in.
            secret |= begins_log_in(line);
            self.line(Direction::Sent, &if secret { without_secret(line) } else { Cow::Borrowed(line) });
        }
    }

    /// Writes what is in the buffer; no reply is due. A 421 may be there before it.
    pub(super) async fn write<S: Wire>(
        &mut self,
        secret: bool,
        link: &mut Link<S>,
        stage: Stage,
    ) -> Result<Option<Reply>, End> {
        if let Some(reply) = self.quiet(link, stage).await? {
            return Ok(Some(reply));
        }
        let out = std::mem::take(&mut self.out);
        self.spoken(secret, &out);
        let written = link.write(&out).await;
        self.out = out;
        match written {
            Ok(()) => Ok(None),
            Err(_) => self.hear(written, link, stage).await.map(Some),
        }
    }

    /// Listens for so long; the 421 that came, if one did.
    pub(super) async fn wait<S: Wire>(
        &mut self,
        time: Duration,
        link: &mut Link<S>,
        stage: Stage,
    ) -> Result<Option<Reply>, End> {
        self.line(Direction::Note, &format!("waiting for {} ms", time.as_millis()));
        link.allow(time);
        match link.read().await {
            Ok(reply) => {
                self.received(&reply);
                if reply.code().get() == 421 { Ok(Some(reply)) } else { Err((stage, unasked(&reply))) }
            }
            Err(Silence::Timeout { .. }) if link.deadline_name("wait") == "wait" => Ok(None),
            Err(silence) => Err(self.silence(silence, link, stage)),
        }
    }

    /// Ends the connection.
    pub(super) async fn close<S: Wire>(&mut self, close: Close, link: &mut Link<S>) {
        let how = match close {
            Close::Graceful if link.is_tls() => "closed, with close_notify",
            Close::Abrupt if link.is_tls() => "closed, without close_notify",
            Close::Graceful | Close::Abrupt => "closed",
            Close::Reset => "reset",
        };
        match close {
            Close::Graceful => link.close().await,
            Close::Abrupt => {}
            Close::Reset => link.reset(),
        }
        self.line(Direction::Note, how);
    }

    /// Cuts the next piece off a message and puts its BDAT into the buffer.
    pub(super) fn piece(
        &mut self,
        message: &Draft,
        chunks: &Chunks,
        nth: usize,
        last: bool,
        dialogue: &mut Dialogue<'_>,
    ) -> Piece {
        if nth == 0 {
            let id = self.message_id();
            self.pieces = (message.render(&self.stamp(&id)).into_owned(), 0);
            self.piece_id = id;
        }
        let (whole, from) = (self.pieces.0.len(), self.pieces.1);
        let (size, ends) = chunks.piece(nth, whole - from);
        dialogue.chunk_ends(ends);
        self.pieces.1 = from + size;
        self.out.clear();
        let word = if ends && last { " LAST" } else { "" };
        self.out.extend_from_slice(format!("BDAT {size}{word}\r\n").as_bytes());
        let ends = (ends && last).then(|| std::mem::take(&mut self.piece_id));
        Piece { from, to: from + size, ends }
    }

    /// Writes a piece with its BDAT, and reads the reply (RFC 3030 §2).
    pub(super) async fn chunk<S: Wire>(
        &mut self,
        piece: Piece,
        transaction: usize,
        link: &mut Link<S>,
        stage: Stage,
    ) -> Result<Reply, End> {
        if let Some(reply) = self.quiet(link, stage).await? {
            return Ok(reply);
        }
        let mut out = std::mem::take(&mut self.out);
        self.spoken(false, &out);
        let size = piece.to - piece.from;
        self.line(Direction::Note, &format!("a chunk of {size} bytes"));
        out.extend_from_slice(&self.pieces.0[piece.from..piece.to]);
        let written = link.write(&out).await;
        self.out = out;
        let Some(message_id) = piece.ends.filter(|_| written.is_ok()) else {
            return self.hear(written, link, stage).await;
        };
        self.seen.sent.push(Sent { transaction: count(transaction), message_id, at: self.started.elapsed() });
        self.read(link, stage).await.map_err(delivery_unknown)
    }
}

/// Whether a log-in begins in this line of raw bytes, which may hold bare line ends.
fn begins_log_in(line: &str) -> bool {
    line.split(['\r', '\n']).any(|part| part.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case("AUTH")))
}

/// A line of an AUTH exchange as it may be shown.
fn without_secret(line: &str) -> Cow<'_, str> {
    let mut words = line.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        // Nothing of anybody's is in an empty line, or in giving up.
        (Some("" | "*"), None, None) | (Some("AUTH"), Some(_), Some("=")) => Cow::Borrowed(line),
        (Some("AUTH"), Some(mechanism), Some(_)) => Cow::Owned(format!("AUTH {mechanism} {MASKED}")),
        (Some("AUTH"), Some(_), None) => Cow::Borrowed(line),
        _ => Cow::Borrowed(MASKED),
    }
}
