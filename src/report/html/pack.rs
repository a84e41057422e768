//! Many bodies of HTML that have most of their text in common, in little space.
//!
//! The sessions of a run say nearly the same, case after case. So a body is kept as
//! the pieces that it is made of, every piece stored once, and a few lines of script
//! put it together when somebody opens the case. [`CUT`] stands where a template
//! changes from what recurs to what does not.

use std::collections::HashMap;
use std::fmt::Write as _;

/// Where a piece ends; it is left out of what a browser reads. No text that is shown
/// holds it, for control characters are made visible.
pub(super) const CUT: char = '\u{1F}';

/// A shorter piece is stored where it stands.
const SHORTEST: usize = 10;

/// Bodies in the order in which they came.
#[derive(Default)]
pub(super) struct Pack {
    numbers: HashMap<Box<str>, usize>,
    pieces: String,
    bodies: String,
    len: usize,
}

impl Pack {
    /// Takes a body and tells its number.
    pub(super) fn add(&mut self, body: &str) -> usize {
        for (n, piece) in body.split(CUT).enumerate() {
            if n > 0 {
                self.bodies.push('\t');
            }
            if piece.len() < SHORTEST {
                self.bodies.push('=');
                self.bodies.push_str(piece);
                continue;
            }
            let number = match self.numbers.get(piece) {
                Some(number) => *number,
                None => {
                    self.pieces.push_str(piece);
                    self.pieces.push('\n');
                    self.numbers.insert(piece.into(), self.numbers.len());
                    self.numbers.len() - 1
                }
            };
            // Writing to a String cannot fail.
            let _ = write!(self.bodies, "{number}");
        }
        self.bodies.push('\n');
        self.len += 1;
        self.len - 1
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every piece, a line each, in the order of their numbers.
    pub(super) fn pieces(&self) -> &str {
        &self.pieces
    }

    /// Every body, a line each: its pieces, between tabs, as numbers, or as they are
    /// behind an equals sign.
    pub(super) fn bodies(&self) -> &str {
        &self.bodies
    }
}

/// A body as it stands in a page.
pub(super) fn plain(mut body: String) -> String {
    body.retain(|c| c != CUT);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the script does.
    fn unpacked(pack: &Pack, n: usize) -> String {
        let pieces: Vec<_> = pack.pieces().lines().collect();
        let body = pack.bodies().lines().nth(n).expect("there is one");
        body.split('\t')
            .map(|piece| {
                piece.strip_prefix('=').unwrap_or_else(|| pieces[piece.parse::<usize>().expect("a number")])
            })
            .collect()
    }

    #[test]
    fn what_was_packed_comes_out_again() {
        let bodies = [
            "<li>250-SIZE 157286400</li>\u{1F}0.4\u{1F}<li>250-SIZE 157286400</li>",
            "",
            "<li>250-SIZE 157286400</li>\u{1F}0.5",
            "=5\u{1F}7\u{1F}<li>a longer piece</li>",
        ];
        let mut pack = Pack::default();
        for (n, body) in bodies.iter().enumerate() {
            assert_eq!(pack.add(body), n);
        }
        for (n, body) in bodies.iter().enumerate() {
            assert_eq!(unpacked(&pack, n), plain((*body).to_owned()), "{n}");
        }
        assert_eq!(pack.pieces().matches("250-SIZE").count(), 1);
    }
}
