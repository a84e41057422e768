//! The header of a message, field by field (RFC 5322 §2.2), as it came.

use std::borrow::Cow;

/// A field as it came, folded lines and line ends included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a>(&'a [u8]);

/// The fields of a message, and what follows them from the empty line on. A line
/// that starts with white space goes on with the field before (RFC 5322 §2.2.3).
pub(super) fn split(message: &[u8]) -> (Vec<Field<'_>>, &[u8]) {
    let mut fields = Vec::new();
    let (mut begin, mut at) = (0, 0);
    for line in message.split_inclusive(|b| *b == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
        if at > begin && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            fields.push(Field(&message[begin..at]));
            begin = at;
        }
        at += line.len();
    }
    if at > begin {
        fields.push(Field(&message[begin..at]));
    }
    (fields, &message[at..])
}

/// The fields of a message's header, name and unfolded value, in order. What is no
/// field is left out.
#[must_use]
pub fn header_fields(message: &[u8]) -> Vec<(String, String)> {
    let fields = split(message).0.into_iter().filter(|field| !field.name().is_empty());
    fields.map(|field| (field.name().to_owned(), field.value().trim().to_owned())).collect()
}

/// The value of a message's Message-ID, unfolded; `None` where it has none or an empty
/// one. Of several it is the first.
#[must_use]
pub fn message_id(message: &[u8]) -> Option<String> {
    let id = split(message).0.into_iter().find(|field| field.name().eq_ignore_ascii_case("Message-ID"))?;
    Some(id.value().trim().to_owned()).filter(|id| !id.is_empty())
}

impl<'a> Field<'a> {
    /// As it came.
    pub(super) const fn raw(self) -> &'a [u8] {
        self.0
    }

    /// Its name; empty where it has none that is printable ASCII (RFC 5322 §2.2).
    pub(super) fn name(self) -> &'a str {
        let end = self.0.iter().position(|b| *b == b':').unwrap_or(0);
        let name = self.0[..end].trim_ascii_end();
        if !name.iter().all(u8::is_ascii_graphic) {
            return "";
        }
        str::from_utf8(name).unwrap_or_default()
    }

    /// What stands behind the colon, unfolded.
    pub(super) fn value(self) -> Cow<'a, str> {
        let begin = self.0.iter().position(|b| *b == b':').map_or(self.0.len(), |colon| colon + 1);
        let value = String::from_utf8_lossy(self.0[begin..].trim_ascii_end());
        match value.contains('\n') {
            true => Cow::Owned(value.replace("\r\n", "").replace('\n', "")),
            false => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_folded_lines_and_end_at_the_empty_line() {
        let message = b"A: 1\r\nB : 2\r\n\t3\r\nno colon\r\n\xC3\xA4: 4\r\n\r\nC: 5\r\n";
        let (fields, rest) = split(message);
        let names: Vec<_> = fields.iter().map(|field| field.name()).collect();
        assert_eq!(names, ["A", "B", "", ""]);
        assert_eq!(fields[1].raw(), b"B : 2\r\n\t3\r\n");
        assert_eq!(fields[1].value(), " 2\t3");
        assert_eq!(rest, b"\r\nC: 5\r\n");
        let whole: Vec<u8> = fields.iter().flat_map(|field| field.raw()).chain(rest).copied().collect();
        assert_eq!(whole, message);
    }

    #[test]
    fn the_message_id_may_be_folded_and_its_name_in_any_case() {
        let id = |message: &[u8]| message_id(message);
        assert_eq!(id(b"A: 1\r\nMESSAGE-id:\r\n <1@a.test>\r\n\r\n").as_deref(), Some("<1@a.test>"));
        assert_eq!(id(b"Message-ID: <1@a>\r\nMessage-ID: <2@a>\r\n\r\n").as_deref(), Some("<1@a>"));
        assert_eq!(id(b"Message-ID: \r\n\r\n"), None);
        assert_eq!(id(b"A: 1\r\n\r\nMessage-ID: <1@a>\r\n"), None);
    }

    #[test]
    fn a_message_may_be_empty_all_header_or_all_body() {
        assert!(split(b"").0.is_empty());
        assert_eq!(split(b"\r\nA: 1").1, b"\r\nA: 1");
        let (fields, rest) = split(b"A: 1\nB: 2");
        assert_eq!((fields.len(), rest.len()), (2, 0));
        assert_eq!(split(b" folded: first\r\n").0.len(), 1);
    }
}
