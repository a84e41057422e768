//! Names of hosts and mail domains.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use hickory_proto::rr::Name;

/// The name of a host or a mail domain: letters, digits, hyphens and underscores in
/// labels of at most 63 octets, 253 in all, in lower case and without the final dot.
/// What is not ASCII is in the form that the DNS has it in (RFC 5891): `xn--…`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Arc<str>);

impl Domain {
    /// Reads a name as people write it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bare = text.strip_suffix('.').unwrap_or(text);
        if bare.parse::<IpAddr>().is_ok() {
            return Err(format!("`{text}` is an address, and a domain name is wanted"));
        }
        let known = |c: char| c.is_alphanumeric() || !c.is_ascii() || "-_.".contains(c);
        let name = Name::from_utf8(bare).ok().filter(|_| !bare.is_empty() && bare.chars().all(known));
        let name = name.ok_or_else(|| format!("`{text}` is no domain name"))?;
        Self::of(&name).ok_or_else(|| format!("`{text}` is no domain name"))
    }

    /// A name of the DNS, if a host can have it: most octets are allowed there.
    pub(super) fn of(name: &Name) -> Option<Self> {
        let text = name.to_lowercase().to_ascii();
        let text = text.strip_suffix('.').unwrap_or(&text);
        let label = |label: &str| {
            let known = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            known && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
        };
        (text.len() <= 253 && text.split('.').all(label)).then(|| Self(text.into()))
    }

    /// The name without the final dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, to be shared.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The name as the DNS asks for it.
    pub(super) fn name(&self) -> Name {
        let mut name = Name::from_ascii(&*self.0).expect("a domain is a name of the DNS");
        name.set_fqdn(true);
        name
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_people_write_them() {
        for (text, expected) in [
            ("contoso.com", "contoso.com"),
            ("Contoso.COM.", "contoso.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("_mta-sts.contoso.com", "_mta-sts.contoso.com"),
            ("localhost", "localhost"),
            ("1and1.example", "1and1.example"),
        ] {
            assert_eq!(Domain::parse(text).map(|domain| domain.to_string()), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn what_is_no_name_is_told() {
        let long = format!("{}.example", "a".repeat(64));
        let longer = "a.".repeat(130);
        let wrong =
            ["", ".", "a..b", "a b", "a/b", "a\\032b", "-a.example", "a\r\nb", "*.example", &long, &longer];
        for text in wrong {
            let why = Domain::parse(text).expect_err(text);
            assert!(why.contains("no domain name"), "{why}");
        }
        assert!(Domain::parse("192.0.2.1").expect_err("an address").contains("is an address"));
        assert!(Domain::parse("2001:db8::1").is_err());
    }
}
