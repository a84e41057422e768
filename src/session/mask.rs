//! Striking secrets out of whatever comes back.
//!
//! A server may give a secret back in any dress: raw, in base64 by itself or inside a
//! longer text, in hexadecimal, with percent signs, and one of these inside another. So
//! what might be dressed is undressed, as long as it could hide a secret, and looked at.

use std::borrow::Cow;
use std::ops::Range;

use crate::smtp::Reply;

/// What stands in a secret's place.
pub(super) const MASKED: &str = "********";

/// Fewer characters would strike out half of what a server says.
const SHORTEST: usize = 4;

/// What escapes begin with: those of URLs, those of quoted-printable.
const MARKS: [u8; 2] = [b'%', b'='];

/// How many encodings inside each other are looked through.
const LAYERS: u8 = 3;

/// The secrets of a session.
#[derive(Default)]
pub(super) struct Mask {
    secrets: Vec<Box<[u8]>>,
    /// The length of the shortest of them.
    shortest: usize,
}

impl Mask {
    /// The mask for these secrets.
    pub(super) fn new<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mut mask = Self::default();
        for secret in secrets {
            mask.add(secret);
        }
        mask
    }

    /// One more that must not show.
    pub(super) fn add(&mut self, secret: &str) {
        let known = self.secrets.iter().any(|known| **known == *secret.as_bytes());
        if secret.len() >= SHORTEST && !known {
            self.shortest =
                if self.secrets.is_empty() { secret.len() } else { self.shortest.min(secret.len()) };
            self.secrets.push(secret.as_bytes().into());
        }
    }

    /// The text without the secrets.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.bytes(text.as_bytes()) {
            Some(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
            None => Cow::Borrowed(text),
        }
    }

    /// The reply without the secrets.
    pub(super) fn reply(&self, reply: Reply) -> Reply {
        if self.secrets.is_empty() || reply.lines().all(|line| self.found(line).is_empty()) {
            return reply;
        }
        reply.with_text(|text| self.bytes(text).unwrap_or_else(|| text.to_vec()))
    }

    /// The bytes without the secrets; `None` if there is none in them.
    fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut found = self.found(bytes);
        if found.is_empty() {
            return None;
        }
        found.sort_unstable_by_key(|range| range.start);
        let mut masked = Vec::with_capacity(bytes.len());
        let mut end = 0;
        for range in found {
            if range.start >= end {
                masked.extend_from_slice(&bytes[end..range.start]);
                masked.extend_from_slice(MASKED.as_bytes());
            }
            end = end.max(range.end);
        }
        masked.extend_from_slice(&bytes[end..]);
        Some(masked)
    }

    /// Where secrets are, in whatever dress.
    fn found(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.secrets.is_empty() {
            return found;
        }
        self.naked(bytes, |range| found.push(range));
        // A secret with a space in it is several words of what is written with escapes.
        for mark in MARKS.into_iter().filter(|mark| bytes.contains(mark)) {
            let (plain, places) = escaped(bytes, mark);
            self.naked(&plain, |range| found.push(places[range.start]..places[range.end]));
        }
        for (dress, word) in self.dressed(bytes) {
            if self.undressed(dress, &bytes[word.clone()], LAYERS) {
                let padding = bytes[word.end..].iter().take_while(|byte| **byte == b'=').count();
                found.push(word.start..word.end + padding);
            }
        }
        found
    }

    /// Every place of a secret as it is.
    fn naked(&self, bytes: &[u8], mut at: impl FnMut(Range<usize>)) {
        for secret in &self.secrets {
            let mut from = 0;
            while let Some(next) = find(&bytes[from..], secret) {
                at(from + next..from + next + secret.len());
                from += next + secret.len();
            }
        }
    }

    /// Whether a secret is in it, in at most so many layers.
    fn holds(&self, bytes: &[u8], layers: u8) -> bool {
        let naked = |bytes: &[u8]| self.secrets.iter().any(|secret| find(bytes, secret).is_some());
        naked(bytes)
            || MARKS.iter().any(|mark| bytes.contains(mark) && naked(&escaped(bytes, *mark).0))
            || (layers > 0
                && self.dressed(bytes).any(|(dress, word)| self.undressed(dress, &bytes[word], layers)))
    }

    /// Whether a secret is in one of the things that a word may stand for. Where a group of
    /// four begins, or of two digits, is not known.
    fn undressed(&self, dress: Dress, word: &[u8], layers: u8) -> bool {
        let holds = |bytes: Vec<u8>| bytes.len() >= self.shortest && self.holds(&bytes, layers - 1);
        match dress {
            Dress::Base64 => (0..4).any(|skip| holds(base64(&word[skip.min(word.len())..]))),
            Dress::Hexadecimal => (0..2).any(|skip| holds(hexadecimal(&word[skip.min(word.len())..]))),
            Dress::Escaped(mark) => holds(escaped(word, mark).0),
        }
    }

    /// The words that are long enough to hold a secret, by what they may be.
    fn dressed<'b>(&self, bytes: &'b [u8]) -> impl Iterator<Item = (Dress, Range<usize>)> + use<'b> {
        let shortest = self.shortest;
        let of = move |dress: Dress| {
            let (length, is_of_it): (usize, fn(u8) -> bool) = match dress {
                Dress::Base64 => ((shortest * 4).div_ceil(3), |byte| sextet(byte).is_some()),
                Dress::Hexadecimal => (shortest * 2, |byte| byte.is_ascii_hexdigit()),
                Dress::Escaped(_) => (shortest + 1, |byte| !byte.is_ascii_whitespace()),
            };
            let words = words(bytes, is_of_it).filter(move |word| word.len() >= length);
            words.map(move |word| (dress, word))
        };
        let marked = move |mark: u8| {
            let words = of(Dress::Escaped(mark));
            words.filter(move |(_, word)| bytes[word.clone()].contains(&mark))
        };
        of(Dress::Base64).chain(of(Dress::Hexadecimal)).chain(MARKS.into_iter().flat_map(marked))
    }
}

/// What a word may be.
#[derive(Clone, Copy)]
enum Dress {
    Base64,
    Hexadecimal,
    /// As in a URL, with `%`, or in quoted-printable, with `=`.
    Escaped(u8),
}

/// The longest stretches of such bytes.
fn words(bytes: &[u8], is_of_it: impl Fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|byte| is_of_it(*byte))?;
        let length = bytes[start..].iter().position(|byte| !is_of_it(*byte)).unwrap_or(bytes.len() - start);
        at = start + length;
        Some(start..at)
    })
}

/// What a character of base64 stands for, in either alphabet (RFC 4648 §4, §5).
const fn sextet(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    } as u32)
}

/// What the characters of base64 at the beginning stand for, as far as they make whole
/// bytes.
fn base64(word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(word.len());
    let (mut bits, mut count) = (0, 0);
    for sextet in word.iter().map_while(|byte| sextet(*byte)) {
        (bits, count) = (bits << 6 | sextet, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

/// What pairs of hexadecimal digits at the beginning stand for.
fn hexadecimal(word: &[u8]) -> Vec<u8> {
    word.chunks_exact(2).map_while(|pair| octet(pair[0], pair[1])).collect()
}

/// The text without the escapes of a URL (`%20`) or of quoted-printable (`=20`), and where
/// each byte of it began, the end included.
fn escaped(word: &[u8], mark: u8) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut places) = (Vec::with_capacity(word.len()), Vec::with_capacity(word.len() + 1));
    let mut at = 0;
    while let Some(&byte) = word.get(at) {
        places.push(at);
        let octet = match word.get(at + 1..at + 3) {
            Some(pair) if byte == mark => octet(pair[0], pair[1]),
            _ => None,
        };
        bytes.push(octet.unwrap_or(byte));
        at += if octet.is_some() { 3 } else { 1 };
    }
    places.push(at);
    (bytes, places)
}

fn octet(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}

/// Where a secret begins; a server that shouts it gives it away as well.
fn find(text: &[u8], secret: &[u8]) -> Option<usize> {
    text.windows(secret.len()).position(|window| window.eq_ignore_ascii_case(secret))
}

#[cfg(test)]
mod tests {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

    use super::*;

    const SECRET: &str = "correct horse";

    fn mask() -> Mask {
        Mask::new([SECRET])
    }

    /// What each way of writing makes of a text.
    fn dresses(text: &str) -> Vec<String> {
        let hex = |upper: bool| {
            text.bytes()
                .map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") })
                .collect::<String>()
        };
        let escaped = |mark: char| {
            text.bytes()
                .map(|byte| match byte.is_ascii_alphanumeric() {
                    true => char::from(byte).to_string(),
                    false => format!("{mark}{byte:02X}"),
                })
                .collect::<String>()
        };
        vec![
            text.to_owned(),
            STANDARD.encode(text),
            URL_SAFE.encode(text),
            STANDARD_NO_PAD.encode(format!("\0scan@contoso.com\0{text}")),
            STANDARD.encode(format!("user=scan\x01auth=Bearer {text}\x01\x01")),
            STANDARD.encode(format!("x{text}y")),
            URL_SAFE_NO_PAD.encode(format!("xy{text}")),
            hex(true),
            hex(false),
            escaped('%'),
            escaped('='),
            text.to_uppercase(),
        ]
    }

    #[test]
    fn a_secret_is_struck_out_raw_and_in_every_encoding() {
        for text in dresses(SECRET) {
            let masked = mask().text(&format!("535 no {text} twice {text}.")).into_owned();
            assert_eq!(masked.matches(MASKED).count(), 2, "{text}: {masked}");
            assert!(masked.len() < 45, "{text}: {masked}");
        }
    }

    #[test]
    fn an_encoding_inside_another_hides_nothing() {
        for inner in dresses(SECRET).iter().filter(|inner| !inner.starts_with("CORRECT")) {
            for outer in dresses(inner).iter().filter(|outer| **outer != inner.to_uppercase()) {
                let masked = mask().text(&format!("535 {outer} no")).into_owned();
                assert_eq!(masked, format!("535 {MASKED} no"), "{inner}, {outer}");
            }
        }
        let thrice = STANDARD.encode(STANDARD.encode(STANDARD.encode(SECRET)));
        assert_eq!(mask().text(&thrice), MASKED);
    }

    #[test]
    fn a_secret_that_no_bound_of_bytes_can_hide_is_found_at_every_place() {
        for before in 0..8 {
            for behind in 0..8 {
                let text = format!("{}{SECRET}{}", "x".repeat(before), "y".repeat(behind));
                let coded = STANDARD_NO_PAD.encode(STANDARD_NO_PAD.encode(&text));
                assert_eq!(mask().text(&coded), MASKED, "{before} {behind}");
            }
        }
    }

    #[test]
    fn a_space_is_no_end_of_what_is_written_with_escapes() {
        let mask = Mask::new(["correct=horse ?"]);
        for said in ["correct=3Dhorse ?", "correct%3dhorse ?", "correct=3Dhorse=20?"] {
            assert_eq!(mask.text(&format!("535 no {said} in 100%")), format!("535 no {MASKED} in 100%"));
            let coded = STANDARD.encode(format!("you said {said}"));
            assert_eq!(mask.text(&coded), MASKED, "{said}");
        }
    }

    #[test]
    fn every_secret_of_a_session_is_struck_out() {
        let mut mask = Mask::new(["first-secret", "second-one"]);
        mask.add("b913a602c7eda7a495b4e6e7334d3890");
        mask.add("b913a602c7eda7a495b4e6e7334d3890");
        assert_eq!(mask.secrets.len(), 3);
        let proof = STANDARD.encode("tim b913a602c7eda7a495b4e6e7334d3890");
        let said = format!("no first-secret, no second-one, no {proof}");
        assert_eq!(mask.text(&said), format!("no {MASKED}, no {MASKED}, no {MASKED}"));
    }

    #[test]
    fn what_holds_no_secret_is_not_touched() {
        let long = "250-ENHANCEDSTATUSCODES AUTH=LOGIN 4bXyz1234567890abcdef1234567890 100%25 =20";
        for text in ["250 2.1.0 Sender OK", long] {
            assert!(matches!(mask().text(text), Cow::Borrowed(_)));
        }
        assert!(matches!(Mask::default().text("correct horse"), Cow::Borrowed(_)));
        // Too short to be told from what servers say anyway.
        assert!(matches!(Mask::new(["ok!"]).text("ok! ok!"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_server_cannot_make_looking_expensive() {
        let mut text = "A".repeat(64 * 1024);
        for _ in 0..3 {
            text = STANDARD_NO_PAD.encode(&text);
            text.truncate(64 * 1024);
        }
        let begun = std::time::Instant::now();
        assert!(matches!(mask().text(&text), Cow::Borrowed(_)));
        assert!(begun.elapsed().as_millis() < 1_000, "{:?}", begun.elapsed());
    }
}
