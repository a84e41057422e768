//! Foreign text made fit to be shown.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text that can be shown on a terminal and in a log: one line, and nothing in
/// it moves the cursor, changes colours, reorders what stands beside it or is
/// invisible. What would is shown as `\t`, `\r`, `\n`, `\x1B` or `\u{202E}`; a
/// backslash stays as it is.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) || !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            // Writing to a String cannot fail.
            c if is_hidden(c) && u32::from(c) < 0x100 => {
                let _ = write!(out, "\\x{:02X}", u32::from(c));
            }
            c if is_hidden(c) => {
                let _ = write!(out, "\\u{{{:04X}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Control characters (C0, DEL, C1), and what Unicode has for the same mischief:
/// bidirectional controls (UAX #9 §2), zero-width and other format characters,
/// line and paragraph separators, noncharacters.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'
            | '\u{FDD0}'..='\u{FDEF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_mischief_is_not_copied() {
        for text in ["", "250 ok", "naïve 用户 \\x1B"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        assert_eq!(visible("\u{1b}]52;c;AAAA\u{7}"), "\\x1B]52;c;AAAA\\x07");
        assert_eq!(visible("a\u{9b}2Jb"), "a\\x9B2Jb");
        assert_eq!(visible("gpj.\u{202e}exe"), "gpj.\\u{202E}exe");
        assert_eq!(visible("a\tb\r\nc\u{2028}d\u{fffe}"), "a\\tb\\r\\nc\\u{2028}d\\u{FFFE}");
    }
}
