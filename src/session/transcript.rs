//! The dialogue as it was, secrets masked.
//!
//! Secrets are masked twice: by the state of the protocol (what a client sends
//! in an AUTH exchange is never written down) and by value (the secret, raw or in
//! base64, is struck out wherever it comes back).

use std::time::Duration;

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client.
    Sent,
    /// The server.
    Received,
    /// Neither: what happened between the lines, such as a handshake.
    Note,
}

impl Direction {
    /// `>`, `<` or `*`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => ">",
            Self::Received => "<",
            Self::Note => "*",
        }
    }

    /// The direction that reports mark so.
    #[must_use]
    pub fn from_mark(mark: &str) -> Option<Self> {
        [Self::Sent, Self::Received, Self::Note].into_iter().find(|direction| direction.as_str() == mark)
    }
}

/// The dialogue as it was, secrets masked. One buffer for all lines: a session
/// costs few allocations however long it is.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    text: String,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Duration,
    direction: Direction,
    end: u32,
}

/// One line of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Since the session began.
    pub at: Duration,
    /// Who said it.
    pub direction: Direction,
    /// The line without its CRLF. What is not UTF-8 stands as `\xNN`; control
    /// characters are still in it.
    pub text: &'a str,
}

impl Transcript {
    /// Makes room for so many bytes of text in so many lines.
    pub(super) fn reserve(&mut self, text: usize, lines: usize) {
        self.text.reserve(text);
        self.entries.reserve(lines);
    }

    /// Adds a line.
    pub fn push(&mut self, at: Duration, direction: Direction, line: &str) {
        self.text.push_str(line);
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.entries.push(Entry { at, direction, end });
    }

    /// The lines, in order.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = Line<'_>> + Clone {
        self.entries.iter().enumerate().map(|(n, entry)| {
            let start = n.checked_sub(1).map_or(0, |before| self.entries[before].end);
            Line {
                at: entry.at,
                direction: entry.direction,
                text: &self.text[start as usize..entry.end as usize],
            }
        })
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
