//! Addresses and prefixes, as `SenderIPAddresses` holds them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// One IPv4 address, or a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    base: Ipv4Addr,
    prefix: u8,
}

/// Why a text is no [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkError {
    /// Neither an address nor `address/prefix`.
    Syntax,
    /// IPv6, which connectors do not support.
    Ipv6,
    /// A prefix outside /24 to /32.
    Prefix,
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "neither an IPv4 address nor `address/prefix`",
            Self::Ipv6 => "connectors do not support IPv6",
            Self::Prefix => "the prefix must be /24 to /32",
        })
    }
}

impl Network {
    /// An address or a prefix.
    ///
    /// Source: Set-InboundConnector, `SenderIPAddresses`: "single IP or CIDR /24
    /// to /32"; IPv6 is not supported.
    ///
    /// # Errors
    ///
    /// What Exchange Online would not take.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, prefix.parse().map_err(|_| NetworkError::Syntax)?),
            None => (text, 32),
        };
        match address.parse() {
            Ok(IpAddr::V4(_)) if !(24..=32).contains(&prefix) => Err(NetworkError::Prefix),
            Ok(IpAddr::V4(base)) => Ok(Self { base, prefix }),
            Ok(IpAddr::V6(_)) => Err(NetworkError::Ipv6),
            Err(_) => Err(NetworkError::Syntax),
        }
    }

    /// The first 24 bits of it, which every address in it shares.
    pub(super) fn slash_24(self) -> u32 {
        u32::from(self.base) >> 8
    }

    /// The same with nothing behind the prefix: two that mean the same addresses are
    /// equal.
    #[must_use]
    pub(super) fn masked(self) -> Self {
        let mask = u32::MAX << (32 - u32::from(self.prefix));
        Self { base: Ipv4Addr::from(u32::from(self.base) & mask), prefix: self.prefix }
    }

    /// The wider networks that it lies in, up to the widest that a connector takes.
    pub(super) fn wider(self) -> impl Iterator<Item = Self> {
        (24..self.prefix).rev().map(move |prefix| Self { prefix, ..self }.masked())
    }

    /// Whether every address of the other lies in it.
    #[must_use]
    pub(super) fn covers(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.base.into())
    }

    /// Whether an address lies in it. An IPv4 address in IPv6 clothes counts as
    /// what it is.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address.to_canonical() else { return false };
        let mask = u32::MAX << (32 - u32::from(self.prefix));
        (u32::from(address) ^ u32::from(self.base)) & mask == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix {
            32 => self.base.fmt(f),
            prefix => write!(f, "{}/{prefix}", self.base),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_its_prefix_alone() {
        for (network, address, inside) in [
            ("203.0.113.10", "203.0.113.10", true),
            ("203.0.113.10", "203.0.113.11", false),
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("203.0.113.8/30", "203.0.113.11", true),
            ("203.0.113.8/30", "203.0.113.12", false),
            ("203.0.113.10", "::ffff:203.0.113.10", true),
            ("203.0.113.10", "2001:db8::1", false),
        ] {
            let parsed = Network::parse(network).expect("a network");
            let address = address.parse().expect("an address");
            assert_eq!(parsed.contains(address), inside, "{address} in {network}");
            assert_eq!(parsed.to_string(), network);
        }
    }

    #[test]
    fn what_connectors_do_not_take_is_named() {
        for (text, error) in [
            ("203.0.113.0/23", NetworkError::Prefix),
            ("203.0.113.0/33", NetworkError::Prefix),
            ("2001:db8::1", NetworkError::Ipv6),
            ("203.0.113", NetworkError::Syntax),
            ("203.0.113.1-203.0.113.9", NetworkError::Syntax),
            ("", NetworkError::Syntax),
        ] {
            assert_eq!(Network::parse(text), Err(error), "{text}");
        }
    }
}
