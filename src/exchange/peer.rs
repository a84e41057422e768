//! What a connecting server or client shows of itself.
//!
//! The name given in EHLO is deliberately absent: it plays no part in any rule
//! here. One published reading of the rules of 2023 says it must be
//! "authenticated"; the rule it quotes does not.

use std::fmt;
use std::net::IpAddr;

use super::domain::{DomainName, DomainPattern};
use crate::tls::TlsVersion;

/// What a connecting server or client shows of itself.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The address that the connection comes from.
    pub address: IpAddr,
    /// The TLS version in use; `None` in clear text.
    pub tls: Option<TlsVersion>,
    /// The client certificate.
    pub certificate: Presented,
}

/// A client certificate, as far as Exchange Online takes notice of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Presented {
    /// None was sent.
    #[default]
    None,
    /// One was sent that counts as none: self-signed, expired, of an unknown CA,
    /// or without its intermediates. The handshake completes all the same.
    ///
    /// Source: learn.microsoft.com, "450 4.4.317 UntrustedRoot" ("Exchange
    /// Online doesn't fetch intermediate certificates on-demand") and KB 3212877,
    /// where a missing chain shows as 550 5.7.64; that the handshake completes is
    /// inferred from this.
    Unusable {
        /// Why, in words.
        reason: String,
    },
    /// One that holds, with its names: CN and SAN both count.
    ///
    /// Source: KB 3169958.
    Names(Vec<CertificateName>),
}

impl Presented {
    /// The names that count.
    #[must_use]
    pub fn names(&self) -> &[CertificateName] {
        match self {
            Self::Names(names) => names,
            Self::None | Self::Unusable { .. } => &[],
        }
    }
}

/// One name of a certificate: a host, or every host right below a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateName {
    domain: DomainName,
    wildcard: bool,
    subject: bool,
}

impl CertificateName {
    /// A name as CN or SAN has it, taken for the CN's; `None` for what is no name of a host, such as
    /// a CN in words.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (domain, wildcard) = match text.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (text, false),
        };
        // A single label is what people are called, not hosts.
        let domain = DomainName::new(domain).filter(|domain| domain.as_str().contains('.'))?;
        Some(Self { domain, wildcard, subject: true })
    }

    /// The same as a subject alternative name that is not the CN.
    #[must_use]
    pub const fn alternative(mut self) -> Self {
        self.subject = false;
        self
    }

    /// Whether the subject's CN says it.
    #[must_use]
    pub const fn is_subject(&self) -> bool {
        self.subject
    }

    /// The certificate domain: the name, less the star of a wildcard.
    #[must_use]
    pub const fn domain(&self) -> &DomainName {
        &self.domain
    }

    /// Whether it stands for every host right below its domain.
    #[must_use]
    pub const fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// Whether a `TlsSenderCertificateName` covers this name. A wildcard
    /// certificate is covered by a wildcard parameter alone: that it would match
    /// a single host's name is stated nowhere.
    #[must_use]
    pub fn is_covered_by(&self, pattern: &DomainPattern) -> bool {
        pattern.covers(&self.domain) && !(self.wildcard && matches!(pattern, DomainPattern::Exactly(_)))
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.wildcard {
            f.write_str("*.")?;
        }
        self.domain.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_name_is_covered_by_the_patterns_that_say_so() {
        for (name, pattern, covered) in [
            ("relay.contoso.com", "relay.contoso.com", true),
            ("relay.contoso.com", "*.contoso.com", true),
            ("contoso.com", "*.contoso.com", true),
            ("relay.contoso.com", "contoso.com", false),
            ("*.contoso.com", "*.contoso.com", true),
            ("*.eu.contoso.com", "*.contoso.com", true),
            ("*.contoso.com", "contoso.com", false),
            ("*.contoso.com", "relay.contoso.com", false),
            ("RELAY.Contoso.com", "relay.contoso.com", true),
        ] {
            let pattern = DomainPattern::parse(pattern).expect("a pattern");
            let parsed = CertificateName::new(name).expect("a name");
            assert_eq!(parsed.is_covered_by(&pattern), covered, "{name} by {pattern}");
        }
    }

    #[test]
    fn what_is_no_name_of_a_host_is_none() {
        for name in
            ["Contoso Mail Gateway", "localhost", "relay.contoso.com\0.evil.example", "", "*", "a.*.b"]
        {
            assert_eq!(CertificateName::new(name), None, "{name}");
        }
    }
}
