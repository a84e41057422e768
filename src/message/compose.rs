//! Messages from their parts.
//!
//! lettre encodes body and subject. The fields that a test is about (From above
//! all) are written here, because no library that builds good messages will
//! write a repeated, a missing or a malformed one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use lettre::message::SinglePart;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers};

use super::draft::{Composed, Slot};

/// The parts of a message.
#[derive(Clone, Debug, Default)]
pub struct Composition<'a> {
    /// One value for each From field, verbatim; empty: no From field.
    pub header_from: Vec<Cow<'a, str>>,
    /// Addresses for the To field; empty: no To field.
    pub to: Vec<&'a str>,
    /// The subject as people read it, encoded where it must be (RFC 2047).
    /// `None`: one that names the case.
    pub subject: Option<&'a str>,
    /// More fields, in order and verbatim. One of a name that would have been
    /// written anyway (Date, Message-ID, Subject, To, MIME-Version …) takes its
    /// place.
    pub headers: &'a [(String, String)],
    /// The text. Its line ends become CRLF; the encoding is chosen for it, unless
    /// `headers` has a Content-Transfer-Encoding: then it is sent as it stands.
    /// `None`: one that names the case.
    pub body: Option<Body>,
}

/// The text of a message, encoded once for all that carry it.
#[derive(Clone, Debug)]
pub struct Body {
    text: Arc<str>,
    /// The value of Content-Transfer-Encoding.
    encoding: Arc<str>,
    encoded: Arc<[u8]>,
}

impl Body {
    /// Encodes a text by lettre, in the encoding that suits it.
    #[must_use]
    pub fn new(text: Arc<str>) -> Self {
        let part = single_part(&text);
        let encoding = part.headers().get_raw("Content-Transfer-Encoding").unwrap_or("7bit").into();
        Self { encoding, encoded: part.raw_body().into(), text }
    }

    /// A text beyond ASCII as it stands, for a session that takes it so: `8bit`, or
    /// `binary`. What may not be (RFC 2045 §2.8: NUL, a bare CR, a line of more than
    /// 998 octets in 8bit) is encoded all the same.
    #[must_use]
    pub fn unencoded(text: Arc<str>, encoding: &'static str) -> Self {
        let lines = crlf(&text);
        let fits = |line: &str| line.len() <= 998 && !line.contains(['\r', '\0']);
        if text.is_ascii() || (encoding == "8bit" && !lines.split("\r\n").all(fits)) {
            return Self::new(text);
        }
        Self { encoding: encoding.into(), encoded: lines.into_bytes().into(), text }
    }

    /// Whether this was made of that very text.
    #[must_use]
    pub fn is_of(&self, text: &Arc<str>) -> bool {
        Arc::ptr_eq(&self.text, text)
    }
}

/// What cannot be part of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftError {
    /// A field's name is empty or holds a colon.
    BadName {
        /// The name.
        name: String,
    },
    /// A control character in a field: a line end would smuggle in another.
    Control {
        /// The field.
        name: String,
    },
}

impl fmt::Display for DraftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName { name } if name.is_empty() => f.write_str("a header without a name"),
            Self::BadName { name } => write!(f, "a colon in the header name `{name}`"),
            Self::Control { name } => write!(f, "a control character in the header `{name}`"),
        }
    }
}

impl std::error::Error for DraftError {}

/// The message, with places for what differs from session to session.
pub(super) fn compose(composition: &Composition<'_>) -> Result<Composed, DraftError> {
    let Composition { header_from, to, subject, headers, body } = composition;
    let given = |name: &str| headers.iter().any(|(own, _)| own.trim().eq_ignore_ascii_case(name));
    let mut out = Writer(Composed { text: Vec::with_capacity(512), ..Composed::default() });
    for value in header_from {
        out.field("From", value)?;
    }
    if !to.is_empty() && !given("To") {
        out.field("To", &to.join(", "))?;
    }
    if !given("Subject") {
        match subject {
            Some(subject) => out.subject(subject)?,
            None => {
                out.text("Subject: relayprobe ");
                out.slot(Slot::CaseId);
                out.text("\r\n");
            }
        }
    }
    if !given("Date") {
        out.text("Date: ");
        out.slot(Slot::Date);
        out.text("\r\n");
    }
    if !given("Message-ID") {
        out.text("Message-ID: ");
        out.slot(Slot::MessageId);
        out.text("\r\n");
    }
    if !given("Auto-Submitted") {
        // RFC 3834 §5: nobody is to answer a test with a vacation notice.
        out.text("Auto-Submitted: auto-generated\r\n");
    }
    for (name, value) in *headers {
        out.field(name, value)?;
    }
    if !given("MIME-Version") {
        out.text("MIME-Version: 1.0\r\n");
    }
    if !given("Content-Type") {
        out.text("Content-Type: text/plain; charset=utf-8\r\n");
    }
    let encoded = !given("Content-Transfer-Encoding");
    match body {
        Some(body) if encoded => {
            out.field("Content-Transfer-Encoding", &body.encoding)?;
            out.text("\r\n");
            out.0.body = Arc::clone(&body.encoded);
        }
        Some(body) => {
            out.text("\r\n");
            out.text(&crlf(&body.text));
        }
        None => {
            if encoded {
                out.field("Content-Transfer-Encoding", "7bit")?;
            }
            // A case's id is shown in ASCII.
            out.text("\r\nSent by relayprobe, case ");
            out.slot(Slot::CaseId);
            out.text(".\r\n");
        }
    }
    Ok(out.0)
}

struct Writer(Composed);

impl Writer {
    fn text(&mut self, text: &str) {
        self.0.text.extend_from_slice(text.as_bytes());
    }

    fn slot(&mut self, slot: Slot) {
        self.0.slots.push((self.0.text.len(), slot));
    }

    /// A field as it was asked for.
    fn field(&mut self, name: &str, value: &str) -> Result<(), DraftError> {
        if name.is_empty() || name.contains(':') {
            return Err(DraftError::BadName { name: name.to_owned() });
        }
        if [name, value].iter().any(|text| text.chars().any(|c| c.is_control() && c != '\t')) {
            return Err(DraftError::Control { name: name.to_owned() });
        }
        self.text(name);
        // `Subject: ` and nothing more is a field whose body is a space; without
        // the space an empty value stays empty.
        self.text(if value.is_empty() { ":" } else { ": " });
        self.text(value);
        self.text("\r\n");
        Ok(())
    }

    /// The subject, encoded and folded by lettre.
    fn subject(&mut self, subject: &str) -> Result<(), DraftError> {
        if subject.chars().any(char::is_control) {
            return Err(DraftError::Control { name: "Subject".to_owned() });
        }
        let mut headers = Headers::new();
        let name = HeaderName::new_from_ascii_str("Subject");
        headers.insert_raw(HeaderValue::new(name, subject.to_owned()));
        self.text(&headers.to_string());
        Ok(())
    }
}

/// With every line end as CRLF.
fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// The text in the encoding that suits it. NUL and a CR that ends no line are not
/// for 7bit or 8bit (RFC 2045 §2.7, §2.8), which lettre would choose: some servers
/// take them for the end of a line.
fn single_part(body: &str) -> SinglePart {
    if body.contains('\0') || body.replace("\r\n", "").contains('\r') {
        let part = SinglePart::builder().header(ContentType::TEXT_PLAIN);
        return part.header(ContentTransferEncoding::Base64).body(body.to_owned());
    }
    SinglePart::plain(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Draft, Stamp};
    use std::time::UNIX_EPOCH;

    fn rendered(composition: Composition<'_>) -> String {
        let draft = Draft::compose(&composition).expect("a message");
        let stamp = Stamp { date: UNIX_EPOCH, message_id: "1@app.test", case_id: "relay/p1" };
        String::from_utf8(draft.render(&stamp).into_owned()).expect("ASCII")
    }

    fn text(text: &str) -> Option<Body> {
        Some(Body::new(text.into()))
    }

    #[test]
    fn a_message_has_what_a_message_needs() {
        let message = rendered(Composition {
            header_from: vec!["app@contoso.com".into()],
            to: vec!["a@b.example", "c@d.example"],
            ..Composition::default()
        });
        assert_eq!(
            message,
            "From: app@contoso.com\r\nTo: a@b.example, c@d.example\r\nSubject: relayprobe relay/p1\r\n\
             Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <1@app.test>\r\n\
             Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
             Sent by relayprobe, case relay/p1.\r\n"
        );
    }

    #[test]
    fn from_is_absent_repeated_or_malformed_as_asked() {
        let from = |header_from: &[&str]| {
            let header_from = header_from.iter().map(|from| Cow::Borrowed(*from)).collect();
            let message = rendered(Composition { header_from, ..Composition::default() });
            message.lines().filter(|line| line.starts_with("From")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(from(&[]), Vec::<String>::new());
        assert_eq!(from(&["a@x", "b@y"]), ["From: a@x", "From: b@y"]);
        assert_eq!(from(&["<<broken@@", ""]), ["From: <<broken@@", "From:"]);
    }

    #[test]
    fn headers_stand_in_order_and_verbatim_and_take_the_place_of_ours() {
        let message = rendered(Composition {
            headers: &[
                ("X-B".into(), " two  spaces".into()),
                ("date".into(), "yesterday".into()),
                ("X-A".into(), "=?utf-8?q?x?=".into()),
                ("X-B".into(), "again".into()),
            ],
            ..Composition::default()
        });
        assert!(
            message.contains("X-B:  two  spaces\r\ndate: yesterday\r\nX-A: =?utf-8?q?x?=\r\nX-B: again\r\n")
        );
        assert!(!message.contains("Date: "));
    }

    #[test]
    fn text_beyond_ascii_is_encoded_in_subject_and_body() {
        let message = rendered(Composition {
            subject: Some("Prüfung"),
            body: text("Größe\nzwei\n"),
            ..Composition::default()
        });
        assert!(message.contains("Subject: =?utf-8?b?"), "{message}");
        assert!(
            message.contains("Content-Transfer-Encoding: base64\r\n\r\nR3LDtsOfZQ0KendlaQ0K"),
            "{message}"
        );
    }

    #[test]
    fn no_bare_line_end_and_no_nul_leaves_in_a_body() {
        for body in ["a\rb", "\r.\r\n", "a\n\r.\n", "nul\0"] {
            let message = rendered(Composition { body: text(body), ..Composition::default() });
            assert!(message.contains("Content-Transfer-Encoding: base64\r\n"), "{message}");
            assert!(!message.replace("\r\n", "").contains(['\r', '\n', '\0']), "{message:?}");
        }
        let message = rendered(Composition { body: text("a\r\nb\n"), ..Composition::default() });
        assert!(message.ends_with("Content-Transfer-Encoding: 7bit\r\n\r\na\r\nb\r\n"), "{message}");
    }

    #[test]
    fn a_text_goes_unencoded_where_it_may() {
        let message = |text: &str, encoding| {
            let body = Some(Body::unencoded(text.into(), encoding));
            rendered(Composition { body, ..Composition::default() })
        };
        assert!(
            message("Größe\n", "8bit").ends_with("Content-Transfer-Encoding: 8bit\r\n\r\nGröße\r\n"),
            "{}",
            message("Größe\n", "8bit")
        );
        assert!(message("plain\n", "8bit").contains("Content-Transfer-Encoding: 7bit\r\n"));
        assert!(message("ä\0", "8bit").contains("Content-Transfer-Encoding: base64\r\n"));
        assert!(message(&"ä".repeat(500), "8bit").contains("Content-Transfer-Encoding: base64\r\n"));
        assert!(message("ä\0", "binary").ends_with("Content-Transfer-Encoding: binary\r\n\r\nä\0"));
    }

    #[test]
    fn a_content_transfer_encoding_of_ones_own_leaves_the_body_alone() {
        let message = rendered(Composition {
            headers: &[("Content-Transfer-Encoding".into(), "base64".into())],
            body: text("SGk=\n"),
            ..Composition::default()
        });
        assert!(message.ends_with("Content-Type: text/plain; charset=utf-8\r\n\r\nSGk=\r\n"));
    }

    #[test]
    fn a_line_end_never_gets_into_a_header() {
        let compose = |name: &str, value: &str| {
            let headers = [(name.to_owned(), value.to_owned())];
            Draft::compose(&Composition { headers: &headers, ..Composition::default() }).map(|_| ())
        };
        assert_eq!(compose("X", "a\r\nBcc: b"), Err(DraftError::Control { name: "X".into() }));
        assert_eq!(compose("X:Y", "a"), Err(DraftError::BadName { name: "X:Y".into() }));
        assert_eq!(compose("X", "a\tb"), Ok(()));
    }
}
