//! Our own sentences in lines, and named fields, as several results show them.

use std::fmt::Write as _;

use super::Palette;

/// Where our own sentences are wrapped unless a terminal is narrower.
pub(crate) const WIDTH: usize = 100;

/// A text in lines of at most so many characters, broken between words.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one from the start");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// A named value, wrapped, indented by so many spaces.
pub(super) fn field(indent: usize, name: &str, text: &str, palette: Palette, out: &mut String) {
    let mut label = palette.faint(format!("{name:<8}")).to_string();
    for line in wrapped(text, palette.width() - indent - 10) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{:indent$}{label}  {line}", "");
        label = " ".repeat(8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_breaks_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a-word-too-long for it", 6), ["a-word-too-long", "for it"]);
        assert_eq!(wrapped("", 6), [""]);
    }
}
