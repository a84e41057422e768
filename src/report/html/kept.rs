//! What the page keeps of each case until all are known: drawn already, and small.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::cases::Mark;
use super::order::natural;

/// Texts that recur, each stored once.
#[derive(Default)]
pub(super) struct Names {
    numbers: HashMap<Box<str>, Name>,
    all: Vec<Box<str>>,
}

/// A text that recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(u32);

impl Names {
    pub(super) fn number(&mut self, text: &str) -> Name {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = Name(u32::try_from(self.all.len()).expect("fewer texts than 2³²"));
        self.numbers.insert(text.into(), number);
        self.all.push(text.into());
        number
    }

    pub(super) fn text(&self, name: Name) -> &str {
        &self.all[name.0 as usize]
    }
}

/// What is kept of a case.
pub(super) struct Kept {
    pub(super) id: Box<str>,
    pub(super) name: Box<str>,
    pub(super) suite: Name,
    pub(super) file: Name,
    pub(super) line: u32,
    /// Its place among the cases of the files.
    pub(super) order: u32,
    /// Names and values.
    pub(super) variables: Vec<(Name, Name)>,
    pub(super) mark: Mark,
    /// Whether a positive reply was decisive.
    pub(super) accepted: bool,
    /// What was decisive, in short.
    pub(super) short: Name,
    /// What was expected, of a case that did not pass.
    pub(super) expected: Option<Name>,
    /// The numbers of its tags, as the script reads them.
    pub(super) tags: Name,
    /// Whether it stands open.
    pub(super) open: bool,
    /// Its row.
    pub(super) row: Box<str>,
    /// What was expected and what came, of a case that did not pass.
    pub(super) contrast: Box<str>,
    /// All the rest.
    pub(super) body: Body,
}

/// The body of a case.
pub(super) enum Body {
    /// As it was drawn.
    Drawn(String),
    /// Its number in the pack.
    Packed(usize),
}

impl Kept {
    /// What tells two looks apart in a grid.
    pub(super) fn face(&self) -> u64 {
        let expected = self.expected.map_or(0, |name| u64::from(name.0) + 1);
        (expected << 40) | (u64::from(self.short.0) << 8) | (self.mark as u64)
    }

    /// The order of the page: that of the files. In which order cases end differs from
    /// run to run.
    pub(super) fn order(&self, other: &Self, names: &Names) -> Ordering {
        natural(names.text(self.file), names.text(other.file))
            .then_with(|| names.text(self.suite).cmp(names.text(other.suite)))
            .then_with(|| self.line.cmp(&other.line))
            .then_with(|| self.order.cmp(&other.order))
            .then_with(|| natural(&self.id, &other.id))
    }
}
