//! Enhanced status codes (RFC 3463, carried in replies as of RFC 2034).

use std::fmt;

/// An enhanced status code such as `5.7.64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedStatus {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub class: u8,
    /// At most three digits.
    pub subject: u16,
    /// At most three digits.
    pub detail: u16,
}

impl EnhancedStatus {
    /// A code from its three numbers.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// The code at the start of a reply's text and the text after it, less one
    /// space; `None` where there is none. RFC 3463 §2: class 2, 4 or 5, then
    /// one to three digits each, no leading zeros.
    #[must_use]
    pub fn split(text: &[u8]) -> Option<(Self, &[u8])> {
        let end = text.iter().position(|b| *b == b' ').unwrap_or(text.len());
        let code = Self::parse(&text[..end])?;
        Some((code, text.get(end + 1..).unwrap_or_default()))
    }

    /// The code that the whole text is.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut parts = text.split(|b| *b == b'.');
        let class = match parts.next()? {
            b"2" => 2,
            b"4" => 4,
            b"5" => 5,
            _ => return None,
        };
        let subject = number(parts.next()?)?;
        let detail = number(parts.next()?)?;
        parts.next().is_none().then_some(Self { class, subject, detail })
    }
}

/// One to three digits without a leading zero.
fn number(digits: &[u8]) -> Option<u16> {
    let plain = matches!(digits.len(), 1..=3)
        && digits.iter().all(u8::is_ascii_digit)
        && (digits.len() == 1 || digits[0] != b'0');
    plain.then(|| digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0')))
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_at_the_start_of_a_text_is_split_off() {
        assert_eq!(
            EnhancedStatus::split(b"5.7.64 TenantAttribution; Relay"),
            Some((EnhancedStatus::new(5, 7, 64), &b"TenantAttribution; Relay"[..]))
        );
        assert_eq!(EnhancedStatus::split(b"2.1.0"), Some((EnhancedStatus::new(2, 1, 0), &b""[..])));
    }

    #[test]
    fn what_rfc_3463_does_not_allow_is_text() {
        for text in ["3.0.0 x", "5.7 x", "5.7.1.1 x", "5.07.1 x", "5.7.1000 x", "5..1 x", "5.7.x", "", "250"]
        {
            assert_eq!(EnhancedStatus::split(text.as_bytes()), None, "{text}");
        }
    }
}
