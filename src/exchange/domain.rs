//! Domain names and the patterns that connectors hold.

use std::borrow::Borrow;
use std::fmt;

/// A domain name, in lower case and without a final dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DomainName(Box<str>);

impl DomainName {
    /// A domain from its text; case and one final dot do not count. `None` for
    /// what cannot be one: nothing, an empty label, a space, a control or any
    /// other character that would make two names look alike in a match.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let label = |label: &str| {
            matches!(label.len(), 1..=63)
                && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c) || !c.is_ascii())
        };
        (text.len() <= 255 && text.split('.').all(label)).then(|| Self(text.to_lowercase().into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domains above it, nearest first.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.as_str();
        std::iter::from_fn(move || {
            rest = rest.split_once('.')?.1;
            Some(rest)
        })
    }

    /// Whether this is a sub-domain, at any depth, of the other.
    #[must_use]
    pub fn is_below(&self, parent: &Self) -> bool {
        self.0.strip_suffix(&*parent.0).is_some_and(|rest| rest.ends_with('.'))
    }
}

/// So that maps of domains can be asked without making one.
impl Borrow<str> for DomainName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Which domains a connector's parameter means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DomainPattern {
    /// `*`: every domain, the null sender's lack of one included.
    Any,
    /// `contoso.com`: this one.
    Exactly(DomainName),
    /// `*.contoso.com`: this one and every sub-domain.
    ///
    /// Source: Set-InboundConnector, `TlsSenderCertificateName`: a wildcard
    /// covers "a domain and all subdomains".
    WithSubdomains(DomainName),
}

impl DomainPattern {
    /// A pattern from its text; `None` where the star stands anywhere but in
    /// front.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("*.") {
            _ if text == "*" => Some(Self::Any),
            Some(domain) => DomainName::new(domain).map(Self::WithSubdomains),
            None => DomainName::new(text).map(Self::Exactly),
        }
    }

    /// Whether the pattern covers a domain.
    #[must_use]
    pub fn covers(&self, domain: &DomainName) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(own) => own == domain,
            Self::WithSubdomains(own) => own == domain || domain.is_below(own),
        }
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.pad("*"),
            Self::Exactly(domain) => domain.fmt(f),
            Self::WithSubdomains(domain) => write!(f, "*.{domain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DomainName {
        DomainName::new(text).expect("a domain")
    }

    #[test]
    fn a_wildcard_covers_the_domain_and_every_sub_domain() {
        let pattern = DomainPattern::parse("*.contoso.com").expect("a pattern");
        for (domain, covered) in [
            ("contoso.com", true),
            ("relay.contoso.com", true),
            ("a.b.contoso.com", true),
            ("Relay.CONTOSO.com.", true),
            ("notcontoso.com", false),
            ("contoso.com.evil.example", false),
            ("com", false),
        ] {
            assert_eq!(pattern.covers(&name(domain)), covered, "{domain}");
        }
    }

    #[test]
    fn a_plain_name_covers_itself_alone() {
        let pattern = DomainPattern::parse("contoso.com").expect("a pattern");
        assert!(pattern.covers(&name("CONTOSO.com")));
        assert!(!pattern.covers(&name("relay.contoso.com")));
    }

    #[test]
    fn a_star_stands_in_front_or_nowhere() {
        for text in
            ["mail.*.com", "contoso.*", "**.contoso.com", "*contoso.com", "", ".", "a..b", "a b", "a\0b"]
        {
            assert_eq!(DomainPattern::parse(text), None, "{text}");
        }
        assert_eq!(DomainPattern::parse("*"), Some(DomainPattern::Any));
    }
}
