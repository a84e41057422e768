//! Where the replies are in a line.

use crate::smtp::EnhancedStatus;

/// A reply's codes in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Where it begins.
    pub(super) at: usize,
    /// Where its text begins.
    pub(super) text_at: usize,
    /// The basic code; `None` for an enhanced code by itself.
    pub(super) code: Option<u16>,
    /// The enhanced code.
    pub(super) enhanced: Option<EnhancedStatus>,
    /// A hyphen behind the code: more lines of the same reply follow.
    pub(super) goes_on: bool,
}

/// Every reply in a line: `550 5.7.64 …`, `550-5.7.26 …`, `550;5.7.711 …`, `421,
/// "4.7.0", …`; a basic code alone only where a reply can begin; an enhanced code
/// alone, as in `dsn=5.7.64`.
pub(super) fn scan(line: &str) -> Vec<Hit> {
    let bytes = line.as_bytes();
    let (mut hits, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        match bytes[at].is_ascii_digit().then(|| hit(line, at)).flatten() {
            Some(hit) => {
                at = hit.text_at.max(at + 1);
                hits.push(hit);
            }
            None => {
                // On to the end of this number, so that no part of it is taken for
                // another.
                let inside = |b: &u8| b.is_ascii_alphanumeric() || *b == b'.';
                let word = bytes[at..].iter().take_while(|b| inside(b)).count();
                at += word.max(1);
            }
        }
    }
    hits
}

fn hit(line: &str, at: usize) -> Option<Hit> {
    let bytes = line.as_bytes();
    if at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || b"._".contains(&bytes[at - 1])) {
        return None;
    }
    let Some(code) = basic(&bytes[at..]) else {
        let (enhanced, length) = enhanced(&line[at..])?;
        // `swaks-4.3.2` and `3.4.5-6` are versions.
        let is_version = at > 0 && bytes[at - 1] == b'-' || bytes.get(at + length) == Some(&b'-');
        let text_at = past_punctuation(line, at + length);
        return (!is_version).then_some(Hit {
            at,
            text_at,
            code: None,
            enhanced: Some(enhanced),
            goes_on: false,
        });
    };
    let rest = &line[at + 3..];
    let goes_on = rest.starts_with('-');
    let mut gap = rest.len() - rest.trim_start_matches(|c| " \t,;:\"'#-".contains(c)).len();
    // Python shows replies as `(550, b'5.7.64 …')`.
    if rest[gap..].starts_with("b'") {
        gap += 2;
    }
    if let Some((enhanced, length)) = enhanced(&rest[gap..]).filter(|_| matches!(gap, 1..=4)) {
        let text_at = past_punctuation(line, at + 3 + gap + length);
        return Some(Hit { at, text_at, code: Some(code), enhanced: Some(enhanced), goes_on });
    }
    let begins = at == 0 || LEADS.iter().any(|lead| line[..at].ends_with(lead));
    let ends = rest.is_empty() && at == 0 || rest.starts_with([' ', '-']);
    let text_at = (at + 4).min(line.len());
    (begins && ends).then_some(Hit { at, text_at, code: Some(code), enhanced: None, goes_on })
}

/// What a basic code without an enhanced one must stand behind: anything else is a
/// port, a size or a delay.
const LEADS: [&str; 10] = [": ", "; ", "smtp;", "'", "\"", "[Message=", "{LED=", "LED=", "-> ", "{"];

/// Three digits of a reply code (RFC 5321 §4.2) and the end of the word.
fn basic(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.get(..3)?;
    let plausible = matches!(digits[0], b'2'..=b'5') && matches!(digits[1], b'0'..=b'5');
    let ends = bytes.get(3).is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'.');
    (plausible && digits[2].is_ascii_digit() && ends)
        .then(|| digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')))
}

/// An enhanced code at the start, and how long it is.
fn enhanced(text: &str) -> Option<(EnhancedStatus, usize)> {
    let run = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    // `5.7.1. Unable To Relay` has a full stop behind it.
    let code = text[..run].strip_suffix('.').unwrap_or(&text[..run]);
    let ends = text[run..].chars().next().is_none_or(|c| !c.is_alphanumeric());
    Some((EnhancedStatus::parse(code.as_bytes()).filter(|_| ends)?, code.len()))
}

fn past_punctuation(line: &str, at: usize) -> usize {
    line.len() - line[at..].trim_start_matches(|c| " \t,;.:\"'-".contains(c)).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<(String, &str)> {
        let tell = |hit: &Hit| match (hit.code, hit.enhanced) {
            (Some(code), Some(enhanced)) => format!("{code} {enhanced}"),
            (Some(code), None) => code.to_string(),
            (None, enhanced) => enhanced.map_or(String::new(), |enhanced| enhanced.to_string()),
        };
        scan(line).iter().map(|hit| (tell(hit), &line[hit.text_at..])).collect()
    }

    #[test]
    fn codes_are_found_in_every_dress() {
        for (line, codes, text) in [
            ("550 5.7.64 TenantAttribution", "550 5.7.64", "TenantAttribution"),
            ("550;5.7.711 Access denied", "550 5.7.711", "Access denied"),
            ("421, \"4.7.0\", IP not in whitelist", "421 4.7.0", "IP not in whitelist"),
            ("550-5.7.26 This mail", "550 5.7.26", "This mail"),
            ("{'a@b.example': (550, b'5.7.64 Tenant')}", "550 5.7.64", "Tenant')}"),
            ("#550 5.7.1 no ##", "550 5.7.1", "no ##"),
            ("smtp;550 5.1.10 RESOLVER", "550 5.1.10", "RESOLVER"),
            ("5.7.1. Unable To Relay", "5.7.1", "Unable To Relay"),
            ("dsn=5.7.64, status=bounced", "5.7.64", "status=bounced"),
            ("host x [192.0.2.1]: 550 relay not permitted", "550", "relay not permitted"),
            ("550", "550", ""),
            ("Remote Server returned '550 no'", "550", "no'"),
        ] {
            assert_eq!(found(line), [(codes.to_owned(), text)], "{line}");
        }
    }

    #[test]
    fn addresses_ports_sizes_delays_and_versions_are_no_codes() {
        for line in [
            "relay=mx[104.47.0.36]:25, delay=250, delays=0/0/0.2/0.3",
            "10.5.7.1 5.7.1.1 15.7.64",
            "swaks-4.3.2 and 4.2.0-1",
            "size=550 nrcpt=1",
            "at 12:250 on 2024-421",
            "a550 550b 550.",
        ] {
            assert_eq!(found(line), [], "{line}");
        }
    }
}
