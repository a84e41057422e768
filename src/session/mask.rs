//! Striking secrets out of whatever comes back.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::plan::Auth;
use crate::smtp::Reply;

/// What stands in a secret's place.
pub(super) const MASKED: &str = "********";

/// The forms in which a secret might come back: as it is, in hexadecimal, with
/// percent signs, and in base64 by itself or inside a longer text.
#[derive(Debug, Default)]
pub(super) struct Mask {
    /// The longest first, so that a whole is struck out before its parts.
    forms: Vec<Vec<u8>>,
}

impl Mask {
    /// The mask for a log-in; one without any form where there is none.
    pub(super) fn new(auth: Option<&Auth>) -> Self {
        let Some(secret) = auth.map(|auth| auth.secret.expose()).filter(|secret| !secret.is_empty()) else {
            return Self::default();
        };
        let bytes = secret.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = bytes
            .iter()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(*byte).to_string()
                }
                byte => format!("%{byte:02X}"),
            })
            .collect();
        let mut forms =
            vec![bytes.to_vec(), STANDARD.encode(bytes).into_bytes(), hex.to_uppercase().into_bytes()];
        forms.extend([hex.into_bytes(), percent.into_bytes()]);
        for shift in 0..3 {
            forms.extend([inside(bytes, shift, &STANDARD_NO_PAD), inside(bytes, shift, &URL_SAFE_NO_PAD)]);
        }
        // Fewer characters would strike out half of what a server says.
        forms.retain(|form| form.len() >= 4);
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms }
    }

    /// The text without the secret.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.bytes(text.as_bytes()) {
            Some(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
            None => Cow::Borrowed(text),
        }
    }

    /// The reply without the secret.
    pub(super) fn reply(&self, reply: Reply) -> Reply {
        if self.forms.is_empty() {
            return reply;
        }
        let found = reply.lines().any(|line| self.forms.iter().any(|form| find(line, form).is_some()));
        if !found {
            return reply;
        }
        reply.with_text(|text| self.bytes(text).unwrap_or_else(|| text.to_vec()))
    }

    /// The bytes without the secret; `None` if it is not in them.
    fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut masked: Option<Vec<u8>> = None;
        for form in &self.forms {
            let mut from = 0;
            while let Some(at) = find(&masked.as_deref().unwrap_or(bytes)[from..], form) {
                let text = masked.get_or_insert_with(|| bytes.to_vec());
                text.splice(from + at..from + at + form.len(), MASKED.bytes());
                from += at + MASKED.len();
            }
        }
        masked
    }
}

/// What base64 makes of the secret where `shift` bytes (modulo 3) stand before
/// it: only the characters that depend on the secret alone.
fn inside(secret: &[u8], shift: usize, alphabet: &impl base64::Engine) -> Vec<u8> {
    let padded = [&[0, 0][..shift], secret].concat();
    let encoded = alphabet.encode(&padded).into_bytes();
    let first = (shift * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    encoded.get(first..end).unwrap_or_default().to_vec()
}

fn find(text: &[u8], form: &[u8]) -> Option<usize> {
    text.windows(form.len()).position(|window| window == form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Mechanism;
    use crate::secret::Secret;

    fn mask() -> Mask {
        Mask::new(Some(&Auth {
            mechanism: Mechanism::Plain,
            username: "scan@contoso.com".into(),
            secret: Secret::new("correct horse"),
            continue_on_failure: false,
            force: false,
            insecure: false,
        }))
    }

    #[test]
    fn a_secret_is_struck_out_raw_and_in_every_encoding() {
        let secret = "correct horse";
        for text in [
            secret.to_owned(),
            STANDARD.encode(secret),
            STANDARD.encode(format!("\0scan@contoso.com\0{secret}")),
            STANDARD.encode(format!("user=scan\x01auth=Bearer {secret}\x01\x01")),
            STANDARD.encode(format!("x{secret}y")),
            URL_SAFE_NO_PAD.encode(format!("xy{secret}")),
            "636f727265637420686f727365".to_owned(),
            "correct%20horse".to_owned(),
        ] {
            let masked = mask().text(&format!("535 no {text} twice {text}.")).into_owned();
            assert_eq!(masked.matches(MASKED).count(), 2, "{text}: {masked}");
            assert!(!masked.contains(secret) && !masked.contains(&STANDARD.encode(secret)), "{masked}");
        }
    }

    #[test]
    fn what_holds_no_secret_is_not_touched() {
        assert!(matches!(mask().text("250 2.1.0 Sender OK"), Cow::Borrowed(_)));
        assert!(matches!(Mask::new(None).text("correct horse"), Cow::Borrowed(_)));
    }
}
