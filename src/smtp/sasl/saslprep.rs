//! SASLprep (RFC 4013): names and passwords in one form, however they were typed.
//!
//! Absent on purpose: what the profile forbids (controls, private use, mixed directions)
//! is sent as it was written. Refusing that is for the server, and to be seen.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// The text in the form that both sides hash.
pub(super) fn prepared(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mapped: String = text.chars().filter(|c| !is_nothing(*c)).map(spaced).collect();
    Cow::Owned(ComposingNormalizerBorrowed::new_nfkc().normalize(&mapped).into_owned())
}

/// RFC 3454 table C.1.2: what is a space, though not the one of ASCII.
const fn spaced(c: char) -> char {
    match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200b}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        c => c,
    }
}

/// RFC 3454 table B.1: what is mapped to nothing. U+200B is in both tables; here it is the
/// space that RFC 4013 §2.1 makes of it first.
const fn is_nothing(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{1806}' | '\u{180b}'..='\u{180d}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4013_come_out_as_they_stand_there() {
        // §3: soft hyphen, plain, case kept, ª and Ⅸ.
        for (typed, form) in
            [("I\u{ad}X", "IX"), ("user", "user"), ("USER", "USER"), ("\u{aa}", "a"), ("\u{2168}", "IX")]
        {
            assert_eq!(prepared(typed), form, "{typed}");
        }
    }

    #[test]
    fn a_letter_typed_in_two_pieces_is_the_same_letter() {
        assert_eq!(prepared("scho\u{308}n"), "schön");
        assert_eq!(prepared("a\u{a0}b"), "a b");
    }
}
