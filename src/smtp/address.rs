//! Mailboxes and paths (RFC 5321 §4.1.2, with the UTF-8 of RFC 6531 §3.3).
//!
//! Absent on purpose: source routes. RFC 5321 §4.1.1.3 says to ignore them; a
//! probe that wants one sends it in a `raw` step.

use std::fmt;

/// `local-part@domain`, checked against the grammar of RFC 5321 §4.1.2, its
/// spelling kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mailbox {
    text: Box<str>,
    at: usize,
}

impl Mailbox {
    /// Checks and keeps an address.
    ///
    /// # Errors
    ///
    /// What is wrong with it, the first thing only.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        // The last @ outside quotes; a quoted local part may hold others.
        let at = text.rfind('@').ok_or(AddressError::NoDomain)?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        local_part(local)?;
        domain_part(domain)?;
        Ok(Self { text: text.into(), at })
    }

    /// What stands before the @, quotes kept.
    #[must_use]
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// What stands after the @; an address literal keeps its brackets.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The address as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// What MAIL FROM names: a mailbox, or nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// `<>`, as notifications have it (RFC 5321 §4.5.5).
    Null,
    /// `<user@domain>`.
    Mailbox(Mailbox),
}

impl ReversePath {
    /// An address, with or without angle brackets; empty or `<>` for nobody.
    ///
    /// # Errors
    ///
    /// As [`Mailbox::parse`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        match unbracketed(text) {
            "" => Ok(Self::Null),
            address => Mailbox::parse(address).map(Self::Mailbox),
        }
    }

    /// The domain, where there is one.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox.domain()),
        }
    }

    /// The address, empty for nobody.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

impl fmt::Display for ReversePath {
    /// With its angle brackets, as the command has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.as_str())
    }
}

/// What RCPT TO names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ForwardPath {
    /// `<Postmaster>` without a domain (RFC 5321 §4.1.1.3), its spelling kept.
    Postmaster(Box<str>),
    /// `<user@domain>`.
    Mailbox(Mailbox),
}

impl ForwardPath {
    /// An address, with or without angle brackets.
    ///
    /// # Errors
    ///
    /// As [`Mailbox::parse`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let address = unbracketed(text);
        if address.eq_ignore_ascii_case("postmaster") {
            return Ok(Self::Postmaster(address.into()));
        }
        Mailbox::parse(address).map(Self::Mailbox)
    }

    /// The domain, where there is one.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        match self {
            Self::Postmaster(_) => None,
            Self::Mailbox(mailbox) => Some(mailbox.domain()),
        }
    }

    /// The address as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Postmaster(text) => text,
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

impl fmt::Display for ForwardPath {
    /// With its angle brackets, as the command has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.as_str())
    }
}

fn unbracketed(text: &str) -> &str {
    text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text)
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// No @.
    NoDomain,
    /// Nothing before the @.
    EmptyLocalPart,
    /// More than 64 octets before the @ (RFC 5321 §4.5.3.1.1).
    LocalPartTooLong,
    /// A character that needs quotes, a dot out of place, or open quotes.
    BadLocalPart,
    /// No domain, or a label that is empty, too long, or has a character that no
    /// domain has.
    BadDomain,
    /// More than 255 octets after the @ (RFC 5321 §4.5.3.1.2).
    DomainTooLong,
    /// A control character.
    Control,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDomain => "no `@` in the address",
            Self::EmptyLocalPart => "nothing stands before the `@`",
            Self::LocalPartTooLong => "more than 64 octets stand before the `@`",
            Self::BadLocalPart => "what stands before the `@` is neither a dot-string nor quoted",
            Self::BadDomain => "what stands after the `@` is no domain",
            Self::DomainTooLong => "more than 255 octets stand after the `@`",
            Self::Control => "a control character stands in the address",
        })
    }
}

fn local_part(local: &str) -> Result<(), AddressError> {
    if local.is_empty() {
        return Err(AddressError::EmptyLocalPart);
    }
    if local.len() > 64 {
        return Err(AddressError::LocalPartTooLong);
    }
    if local.chars().any(char::is_control) {
        return Err(AddressError::Control);
    }
    let good = match local.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').is_some_and(quoted_content),
        None => local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext)),
    };
    good.then_some(()).ok_or(AddressError::BadLocalPart)
}

/// RFC 5321 §4.1.2 `QcontentSMTP`: anything printable, `"` and `\` behind a `\`.
fn quoted_content(content: &str) -> bool {
    let mut chars = content.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next().is_none() => return false,
            '"' => return false,
            _ => {}
        }
    }
    true
}

/// RFC 5322 §3.2.3 `atext`, with the UTF-8 of RFC 6531 §3.3.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

fn domain_part(domain: &str) -> Result<(), AddressError> {
    if domain.len() > 255 {
        return Err(AddressError::DomainTooLong);
    }
    if domain.chars().any(char::is_control) {
        return Err(AddressError::Control);
    }
    let good = match domain.strip_prefix('[') {
        Some(literal) => literal.strip_suffix(']').is_some_and(address_literal),
        None => domain.split('.').all(label),
    };
    good.then_some(()).ok_or(AddressError::BadDomain)
}

/// RFC 5321 §4.1.3: an IPv4 address, `IPv6:` and an address, or a tagged text.
fn address_literal(literal: &str) -> bool {
    match literal.split_once(':') {
        None => literal.parse::<std::net::Ipv4Addr>().is_ok(),
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6") => {
            address.parse::<std::net::Ipv6Addr>().is_ok()
        }
        Some((tag, text)) => {
            label(tag)
                && !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_graphic() && !b"[\\]".contains(&b))
        }
    }
}

fn label(label: &str) -> bool {
    // RFC 1035 §2.3.4: at most 63 octets. The underscore is no host name's, but
    // domains in use have it.
    matches!(label.len(), 1..=63)
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || !c.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_grammar_are_kept_as_written() {
        for text in [
            "app@contoso.com",
            "a.b+c@x.example",
            "\"a b@c\"@contoso.com",
            "user@[192.0.2.1]",
            "\"a\\\"b\\\\\"@contoso.com",
            "user@[IPv6:2001:db8::1]",
            "user@[ipv6:::1]",
            "user@[x-tag:a.text]",
            "user@_dmarc.x-y.example",
            "用户@例子.example",
            "O'Neil@contoso.com",
        ] {
            assert_eq!(Mailbox::parse(text).map(|m| m.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_the_grammar_forbids_is_named() {
        let long = format!("{}@contoso.com", "a".repeat(65));
        for (text, error) in [
            ("app", AddressError::NoDomain),
            ("@contoso.com", AddressError::EmptyLocalPart),
            (long.as_str(), AddressError::LocalPartTooLong),
            ("a..b@contoso.com", AddressError::BadLocalPart),
            ("a b@contoso.com", AddressError::BadLocalPart),
            ("\"a\"b\"@contoso.com", AddressError::BadLocalPart),
            ("app@", AddressError::BadDomain),
            ("app@contoso..com", AddressError::BadDomain),
            ("app@-x.com", AddressError::BadDomain),
            ("app@con toso.com", AddressError::BadDomain),
            ("\"a\\\"@contoso.com", AddressError::BadLocalPart),
            ("app@x-.com", AddressError::BadDomain),
            ("app@[300.1.1.1]", AddressError::BadDomain),
            ("app@[IPv6:2001]", AddressError::BadDomain),
            ("app@[x-tag:]", AddressError::BadDomain),
            ("app@[x-tag:a b]", AddressError::BadDomain),
            ("app@[x-tag:a[b]", AddressError::BadDomain),
            ("app@[x tag:a]", AddressError::BadDomain),
            ("app\r\n@contoso.com", AddressError::Control),
            ("app@contoso.com\r\nRSET", AddressError::Control),
        ] {
            assert_eq!(Mailbox::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn lengths_are_allowed_up_to_the_last_octet() {
        let local = |octets: usize| format!("{}@x.example", "a".repeat(octets));
        assert!(Mailbox::parse(&local(64)).is_ok());
        assert_eq!(Mailbox::parse(&local(65)), Err(AddressError::LocalPartTooLong));
        let domain = |octets: usize| format!("a@{}", "b".repeat(50) + &".x".repeat((octets - 50) / 2));
        assert!(Mailbox::parse(&domain(254)).is_ok());
        assert!(Mailbox::parse(&domain(254).replace("bb.x", "bbb.x")).is_ok());
        assert_eq!(Mailbox::parse(&domain(256)), Err(AddressError::DomainTooLong));
        assert!(Mailbox::parse(&format!("a@{}", "b".repeat(63))).is_ok());
        assert_eq!(Mailbox::parse(&format!("a@{}", "b".repeat(64))), Err(AddressError::BadDomain));
    }

    #[test]
    fn an_address_has_two_parts_and_every_path_its_domain() {
        let mailbox = Mailbox::parse("\"a@b\"@contoso.com").expect("an address");
        assert_eq!((mailbox.local_part(), mailbox.domain()), ("\"a@b\"", "contoso.com"));
        let reverse = ReversePath::parse("<a@contoso.com>").expect("an address");
        assert_eq!((reverse.domain(), ReversePath::Null.domain()), (Some("contoso.com"), None));
        let forward = ForwardPath::parse("<a@contoso.com>").expect("an address");
        assert_eq!((forward.domain(), forward.as_str()), (Some("contoso.com"), "a@contoso.com"));
        let postmaster = ForwardPath::parse("<PostMaster>").expect("RFC 5321 §4.1.1.3");
        assert_eq!((postmaster.domain(), postmaster.to_string()), (None, "<PostMaster>".to_owned()));
    }

    #[test]
    fn every_fault_says_where_to_look() {
        for (error, words) in [
            (AddressError::NoDomain, "`@`"),
            (AddressError::EmptyLocalPart, "before"),
            (AddressError::LocalPartTooLong, "64"),
            (AddressError::BadLocalPart, "quoted"),
            (AddressError::BadDomain, "domain"),
            (AddressError::DomainTooLong, "255"),
            (AddressError::Control, "control"),
        ] {
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn the_null_path_has_two_spellings() {
        assert_eq!(ReversePath::parse(""), Ok(ReversePath::Null));
        assert_eq!(ReversePath::parse("<>"), Ok(ReversePath::Null));
        assert_eq!(ReversePath::Null.to_string(), "<>");
    }
}
