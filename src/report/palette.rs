//! How results are shown: colours, symbols and width, as far as they are wanted.
//! Colour says nothing that a word does not say as well.

use std::fmt;

use super::prose::WIDTH;

/// Our symbols, and what stands for them where there is only ASCII.
const SYMBOLS: [(char, &str); 7] =
    [('·', "-"), ('…', "..."), ('×', "x"), ('→', "->"), ('§', "section "), ('–', "-"), ('│', "|")];

/// How the terminal's result is shown.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    coloured: bool,
    unicode: bool,
    width: usize,
}

impl Palette {
    /// With colours or without, in Unicode and lines of the usual length.
    #[must_use]
    pub const fn new(coloured: bool) -> Self {
        Self::fitting(coloured, true, WIDTH)
    }

    /// With colours or without, in Unicode or ASCII, in lines of at most so many
    /// columns where they are our own sentences.
    #[must_use]
    pub const fn fitting(coloured: bool, unicode: bool, width: usize) -> Self {
        Self { coloured, unicode, width }
    }

    /// Where our own sentences are wrapped.
    #[must_use]
    pub const fn width(self) -> usize {
        self.width
    }

    /// A finished text with the symbols that can be shown. Names and texts of others
    /// stay as they are but for these.
    #[must_use]
    pub fn symbols(self, text: String) -> String {
        if self.unicode || text.is_ascii() {
            return text;
        }
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match SYMBOLS.iter().find(|(symbol, _)| *symbol == c) {
                Some((_, ascii)) => out.push_str(ascii),
                None => out.push(c),
            }
        }
        out
    }

    /// What went well.
    #[must_use]
    pub fn good<T: fmt::Display>(self, text: T) -> Styled<T> {
        self.styled("32", text)
    }

    /// What went wrong.
    #[must_use]
    pub fn bad<T: fmt::Display>(self, text: T) -> Styled<T> {
        self.styled("1;31", text)
    }

    /// What needs a second look.
    #[must_use]
    pub fn doubtful<T: fmt::Display>(self, text: T) -> Styled<T> {
        self.styled("33", text)
    }

    /// What is to be found first.
    #[must_use]
    pub fn strong<T: fmt::Display>(self, text: T) -> Styled<T> {
        self.styled("1", text)
    }

    /// What may be overlooked.
    #[must_use]
    pub fn faint<T: fmt::Display>(self, text: T) -> Styled<T> {
        self.styled("2", text)
    }

    fn styled<T: fmt::Display>(self, style: &'static str, text: T) -> Styled<T> {
        Styled { style: self.coloured.then_some(style), text }
    }
}

/// A text with its style (ECMA-48 §8.3.117).
pub struct Styled<T> {
    style: Option<&'static str>,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            Some(style) => write!(f, "\x1b[{style}m{}\x1b[0m", self.text),
            None => self.text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_unicode_our_symbols_are_ascii_and_names_stay() {
        let ascii = Palette::fitting(false, false, 80);
        let text = "3× relay/café → 1 failed · RFC 3463 §3 …";
        assert_eq!(ascii.symbols(text.to_owned()), "3x relay/café -> 1 failed - RFC 3463 section 3 ...");
        assert_eq!(Palette::new(false).symbols(text.to_owned()), text);
    }
}
