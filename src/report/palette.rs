//! Colours, where they are wanted.

use std::fmt;

/// The colours of the terminal's result, or none.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    coloured: bool,
}

impl Palette {
    /// With colours or without.
    #[must_use]
    pub const fn new(coloured: bool) -> Self {
        Self { coloured }
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
