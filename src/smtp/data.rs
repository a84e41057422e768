//! The end of a message and its dots (RFC 5321 §4.5.2): the sending side.

/// Appends the message as DATA sends it: a dot doubled where a line starts with
/// one, a final CRLF where it lacks one, then the line that is a dot alone.
///
/// Lines end with CRLF and nothing else: a bare LF or CR in the message is sent
/// as it stands, with no dot added after it.
pub fn stuff(message: &[u8], out: &mut Vec<u8>) {
    out.reserve(message.len() + 8);
    let mut rest = message;
    if rest.first() == Some(&b'.') {
        out.push(b'.');
    }
    while let Some(at) = next_dot(rest) {
        out.extend_from_slice(&rest[..at]);
        out.push(b'.');
        rest = &rest[at..];
    }
    out.extend_from_slice(rest);
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
}

/// Where the next dot stands that is the first byte after a CRLF.
fn next_dot(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"\r\n.").map(|at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuffed(message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        stuff(message, &mut out);
        out
    }

    #[test]
    fn a_dot_is_doubled_at_the_start_of_a_line_and_nowhere_else() {
        assert_eq!(stuffed(b".a\r\nb.\r\n.\r\n..c\r\n"), b"..a\r\nb.\r\n..\r\n...c\r\n.\r\n");
        assert_eq!(stuffed(b"a\n.\nb\r.\r\n"), b"a\n.\nb\r.\r\n.\r\n");
    }

    #[test]
    fn the_last_line_always_ends() {
        assert_eq!(stuffed(b"a"), b"a\r\n.\r\n");
        assert_eq!(stuffed(b"a\n"), b"a\n\r\n.\r\n");
        assert_eq!(stuffed(b""), b".\r\n");
        assert_eq!(stuffed(b"."), b"..\r\n.\r\n");
    }
}
