//! What the stream at hand can show.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use super::args::Color;
use crate::report::{Palette, WIDTH};

/// Narrower than this nothing of ours is wrapped.
const NARROW: usize = 40;

/// What a stream can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manners {
    /// Whether it is coloured.
    pub(super) colours: bool,
    /// Whether it shows more than ASCII.
    pub(super) unicode: bool,
    /// Where our own sentences are wrapped, in columns.
    pub(super) width: usize,
    /// Whether it can take back what it has shown.
    pub(super) draws: bool,
}

impl Manners {
    /// Of this stream, if colours are wanted so.
    pub(super) fn of(color: Color, stream: &(impl IsTerminal + AsFd)) -> Self {
        let columns = stream.is_terminal().then(|| {
            terminal_size::terminal_size_of(stream).map_or(WIDTH, |(columns, _)| usize::from(columns.0))
        });
        Self::from(color, columns, |name| std::env::var(name).ok())
    }

    /// The same for a terminal of so many columns, or for what is none.
    fn from(color: Color, columns: Option<usize>, environment: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_none_or(|term| term == "dumb");
        let colours = match color {
            Color::Always => true,
            Color::Never => false,
            // https://no-color.org and https://bixense.com/clicolors, in this order.
            Color::Auto if set("NO_COLOR").is_some() => false,
            Color::Auto if set("CLICOLOR_FORCE").is_some_and(|force| force != "0") => true,
            Color::Auto => columns.is_some() && !dumb && set("CLICOLOR").is_none_or(|wish| wish != "0"),
        };
        // POSIX, XBD §8.2: the first that is set decides.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        Self {
            colours,
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            width: columns.unwrap_or(WIDTH).clamp(NARROW, WIDTH),
            draws: columns.is_some() && !dumb,
        }
    }

    /// How results are shown on it.
    pub(super) const fn palette(self) -> Palette {
        Palette::fitting(self.colours, self.unicode, self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manners(color: Color, columns: Option<usize>, environment: &[(&str, &str)]) -> Manners {
        Manners::from(color, columns, |name| {
            environment.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colours_are_for_terminals_unless_somebody_says_otherwise() {
        let xterm = ("TERM", "xterm-256color");
        for (columns, environment, coloured) in [
            (Some(80), &[xterm][..], true),
            (None, &[xterm], false),
            (Some(80), &[], false),
            (Some(80), &[("TERM", "dumb")], false),
            (Some(80), &[xterm, ("NO_COLOR", "1")], false),
            (Some(80), &[xterm, ("NO_COLOR", "")], true),
            (Some(80), &[xterm, ("CLICOLOR", "0")], false),
            (Some(80), &[xterm, ("CLICOLOR", "1")], true),
            (None, &[("CLICOLOR_FORCE", "1")], true),
            (None, &[("CLICOLOR_FORCE", "0")], false),
            (None, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        ] {
            assert_eq!(manners(Color::Auto, columns, environment).colours, coloured, "{environment:?}");
            assert!(manners(Color::Always, columns, environment).colours);
            assert!(!manners(Color::Never, columns, environment).colours);
        }
    }

    #[test]
    fn symbols_are_as_the_locale_says() {
        for (environment, unicode) in [
            (&[("LANG", "en_GB.UTF-8")][..], true),
            (&[("LANG", "de_DE.utf8")], true),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")], false),
            (&[("LANG", "en_GB.ISO-8859-1"), ("LC_CTYPE", "C.UTF-8")], true),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "")], true),
            (&[], false),
        ] {
            assert_eq!(manners(Color::Auto, None, environment).unicode, unicode, "{environment:?}");
        }
    }

    #[test]
    fn lines_are_as_wide_as_the_terminal_within_reason() {
        for (columns, width) in [(None, WIDTH), (Some(300), WIDTH), (Some(72), 72), (Some(5), NARROW)] {
            assert_eq!(manners(Color::Auto, columns, &[]).width, width);
        }
        assert!(manners(Color::Auto, Some(80), &[("TERM", "vt100")]).draws);
        assert!(!manners(Color::Auto, Some(80), &[("TERM", "dumb")]).draws);
        assert!(!manners(Color::Auto, None, &[("TERM", "vt100")]).draws);
    }
}
