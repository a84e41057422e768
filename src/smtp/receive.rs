//! Receiving what follows DATA: dot-unstuffing and the one true ending
//! (RFC 5321 §4.5.2, §4.1.1.4).
//!
//! Only CR LF `.` CR LF ends a message. Everything that merely looks like it,
//! with bare line feeds or carriage returns, is content: a server that reads such
//! an ending lets clients smuggle a second message into the first.

/// Takes the bytes after `354` as they arrive.
#[derive(Debug, Default)]
pub struct DataReceiver {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// After CRLF, or at the very start: RFC 5321 §4.1.1.4 counts the CRLF of the
    /// DATA command itself.
    #[default]
    LineStart,
    /// A dot at the start of a line, not yet known to be more.
    Dot,
    /// A dot and a CR at the start of a line.
    DotCr,
    /// Inside a line.
    Text,
    /// After a CR inside a line.
    Cr,
}

impl DataReceiver {
    /// Takes the next bytes and gives content to `sink`, stuffed dots taken off,
    /// the ending left out. Returns how many bytes belong to the message where it
    /// has ended; what follows is not touched.
    pub fn push(&mut self, bytes: &[u8], mut sink: impl FnMut(&[u8])) -> Option<usize> {
        // Content is passed on in runs; `from` is where the open run began.
        let mut from = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            self.state = match (self.state, byte) {
                (State::LineStart, b'.') => {
                    sink(&bytes[from..at]);
                    from = at + 1;
                    State::Dot
                }
                (State::Dot, b'\r') => {
                    from = at + 1;
                    State::DotCr
                }
                (State::DotCr, b'\n') => {
                    self.state = State::LineStart;
                    return Some(at + 1);
                }
                (State::DotCr, _) => {
                    // The CR was content after all, the dot was stuffed.
                    sink(b"\r");
                    from = at;
                    if byte == b'\r' { State::Cr } else { State::Text }
                }
                (State::LineStart | State::Text | State::Cr, b'\r') => State::Cr,
                (State::Cr, b'\n') => State::LineStart,
                _ => State::Text,
            };
        }
        sink(&bytes[from..]);
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::smtp::properties::receive;

    #[test]
    fn dots_are_unstuffed_and_the_ending_is_found_however_it_is_split() {
        let wire = b"a\r\n..b\r\n.c\r\n\r\n...\r\nd.\r\n.\r\nMAIL FROM:<>\r\n";
        let expected = (b"a\r\n.b\r\nc\r\n\r\n..\r\nd.\r\n".to_vec(), Some(b"MAIL FROM:<>\r\n".to_vec()));
        for first in 0..=wire.len() {
            for second in first..=wire.len() {
                let pieces = [&wire[..first], &wire[first..second], &wire[second..]];
                assert_eq!(receive(&pieces), expected, "split at {first} and {second}");
            }
        }
    }

    #[test]
    fn a_lone_dot_ends_an_empty_message() {
        assert_eq!(receive(&[b".\r\n"]), (Vec::new(), Some(Vec::new())));
        assert_eq!(receive(&[b"..\r\n.\r\n"]), (b".\r\n".to_vec(), Some(Vec::new())));
    }

    #[test]
    fn endings_with_bare_line_ends_end_nothing() {
        let endings: [&[u8]; 11] = [
            b"\n.\n",
            b"\r.\r",
            b"\r.\n",
            b"\n.\r",
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r\n",
            b"\r\n.\r",
            b"\r\n\0.\r\n",
            b"\r\n.\0\r\n",
            b"\r\n.\r\r\n",
        ];
        for ending in endings {
            let mut wire = b"text".to_vec();
            wire.extend_from_slice(ending);
            wire.extend_from_slice(b"MAIL FROM:<evil@x.example>\r\n");
            for at in 0..=wire.len() {
                let (content, rest) = receive(&[&wire[..at], &wire[at..]]);
                assert_eq!(rest, None, "{} split at {at}", ending.escape_ascii());
                assert!(content.ends_with(b"MAIL FROM:<evil@x.example>\r\n"), "{}", ending.escape_ascii());
            }
        }
    }

    #[test]
    fn a_stuffed_dot_before_a_bare_cr_is_still_stuffed() {
        assert_eq!(receive(&[b".\rx\r\n.\r\n"]), (b"\rx\r\n".to_vec(), Some(Vec::new())));
        assert_eq!(receive(&[b".\r\r\n.\r\n"]), (b"\r\r\n".to_vec(), Some(Vec::new())));
    }
}
