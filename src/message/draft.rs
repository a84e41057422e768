//! A message still without its date and id.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::compose::{self, Composition, DraftError};

/// A message still without its date and id: built once, rendered for each
/// session.
#[derive(Clone, Debug)]
pub struct Draft(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// Sent byte for byte.
    Verbatim(Arc<[u8]>),
    Composed(Composed),
}

/// A composed message.
#[derive(Clone, Debug, Default)]
pub(super) struct Composed {
    /// What is the same in every session.
    pub(super) text: Vec<u8>,
    /// What is not, and where in `text` it belongs, in order.
    pub(super) slots: Vec<(usize, Slot)>,
    /// Stands after it; many messages may have the same.
    pub(super) body: Arc<[u8]>,
}

/// A place in a composed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The date of RFC 5322 §3.3.
    Date,
    /// The id, angle brackets included.
    MessageId,
    /// The id of the case.
    CaseId,
}

/// What differs from session to session.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Goes into `Date`, in UTC.
    pub date: SystemTime,
    /// Goes into `Message-ID`, without angle brackets: `left@right`.
    pub message_id: &'a str,
    /// Goes into subject and body where the scenario gives none.
    pub case_id: &'a str,
}

/// An id that no other message has: sixteen digits, and the name given in EHLO.
#[must_use]
pub fn new_message_id(name: &str) -> String {
    format!("{:016x}.relayprobe@{name}", fastrand::u64(..))
}

impl Draft {
    /// A message as it is, byte for byte. On the wire only dots are doubled and a
    /// missing final CRLF is added, as DATA needs (RFC 5321 §4.1.1.4).
    #[must_use]
    pub fn verbatim(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(Kind::Verbatim(bytes.into()))
    }

    /// A message from its parts.
    ///
    /// # Errors
    ///
    /// What in it cannot be part of a header.
    pub fn compose(composition: &Composition<'_>) -> Result<Self, DraftError> {
        Ok(Self(Kind::Composed(compose::compose(composition)?)))
    }

    /// The message, before dots are doubled.
    #[must_use]
    pub fn render(&self, stamp: &Stamp<'_>) -> Cow<'_, [u8]> {
        let composed = match &self.0 {
            Kind::Verbatim(bytes) => return Cow::Borrowed(bytes),
            Kind::Composed(composed) => composed,
        };
        let Composed { text, slots, body } = composed;
        // Room for what comes into the slots, and for doubled dots.
        let mut out = Vec::with_capacity(text.len() + body.len() + 256);
        let mut done = 0;
        for (at, slot) in slots {
            out.extend_from_slice(&text[done..*at]);
            done = *at;
            match slot {
                Slot::Date => out.extend_from_slice(rfc_5322_date(stamp.date).as_bytes()),
                Slot::MessageId => {
                    out.push(b'<');
                    out.extend_from_slice(stamp.message_id.as_bytes());
                    out.push(b'>');
                }
                Slot::CaseId => {
                    out.extend(stamp.case_id.bytes().map(|b| if b.is_ascii_graphic() { b } else { b'?' }));
                }
            }
        }
        out.extend_from_slice(&text[done..]);
        out.extend_from_slice(body);
        Cow::Owned(out)
    }

    /// Whether its Message-ID is another in every session: [`Stamp::message_id`].
    #[must_use]
    pub fn is_numbered(&self) -> bool {
        matches!(&self.0, Kind::Composed(composed)
            if composed.slots.iter().any(|(_, slot)| *slot == Slot::MessageId))
    }

    /// How many LF without CR before them a verbatim message has: a file with
    /// Unix line ends is seldom meant to be sent as it is.
    #[must_use]
    pub fn bare_newlines(&self) -> usize {
        match &self.0 {
            Kind::Composed(_) => 0,
            Kind::Verbatim(bytes) => {
                let all = bytes.iter().filter(|b| **b == b'\n').count();
                all - bytes.windows(2).filter(|pair| pair == b"\r\n").count()
            }
        }
    }
}

/// `Sat, 21 Nov 2026 17:46:53 +0000`.
fn rfc_5322_date(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc2822()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_verbatim_message_is_not_touched() {
        let wire = b"From: a\n\n.\r\nno end";
        let draft = Draft::verbatim(&wire[..]);
        let stamp = Stamp { date: UNIX_EPOCH, message_id: "x@y", case_id: "c" };
        assert_eq!(*draft.render(&stamp), wire[..]);
        assert_eq!(draft.bare_newlines(), 2);
    }

    #[test]
    fn a_message_is_numbered_unless_it_brings_its_own_id() {
        let composed = |headers: &[(&str, &str)]| {
            let headers: Vec<(String, String)> =
                headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            Draft::compose(&Composition { headers: &headers, ..Composition::default() }).expect("a message")
        };
        assert!(composed(&[("X-A", "1")]).is_numbered());
        assert!(!composed(&[("message-id", "<1@a>")]).is_numbered());
        assert!(!Draft::verbatim(&b"Message-ID: <1@a>\r\n\r\n"[..]).is_numbered());
    }

    #[test]
    fn dates_are_written_as_rfc_5322_has_them() {
        let time = UNIX_EPOCH + Duration::from_secs(1_795_283_213);
        assert_eq!(rfc_5322_date(time), "Sat, 21 Nov 2026 17:46:53 +0000");
    }
}
