//! The command that plays one case alone.

use std::borrow::Cow;

use crate::scenario::Case;

/// How a case is played alone: the flags of this run that say where and as what
/// it was played.
#[derive(Clone, Debug, Default)]
pub struct Again {
    /// Flags and their values, unquoted, in order: `--target`, `mx=localhost:25`.
    pub flags: Vec<String>,
}

impl Again {
    /// The command for a case, quoted for a POSIX shell.
    #[must_use]
    pub fn command(&self, case: &Case) -> String {
        let mut words = vec![Cow::Borrowed("relayprobe"), "run".into(), quoted(&case.source.file)];
        words.extend(self.flags.iter().map(|flag| quoted(flag)));
        words.extend(["--filter".into(), quoted(&case.id)]);
        words.join(" ")
    }
}

/// A word for a POSIX shell (XCU §2.2.2): as it is where nothing in it means
/// anything to a shell, else in single quotes.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        for (word, shown) in [
            ("relay/only-the-p2", "relay/only-the-p2"),
            ("--target", "--target"),
            ("mx=127.0.0.1:25", "mx=127.0.0.1:25"),
            ("my files/a.yaml", "'my files/a.yaml'"),
            ("a*", "'a*'"),
            ("it's", r"'it'\''s'"),
            ("$(x)", "'$(x)'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }
}
