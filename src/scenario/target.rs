//! Servers to play against.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;

use crate::dns::{Domain, Family};
use crate::exchange::{Cloud, Endpoint, Faults};
use crate::plan::{MailHosts, ProxyVersion};
use crate::smtp::Stage;

/// A named server to play against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As the project file names it, or `host:port`.
    pub name: Arc<str>,
    /// Where it is.
    pub place: Place,
    /// The most connections at once; what is polite where absent.
    pub max_connections: Option<u32>,
    /// The most new connections in a time.
    pub rate: Option<Rate>,
    /// Nothing is played past this stage.
    pub up_to: Option<Stage>,
    /// Open connections with a PROXY header that announces `source_ip`.
    pub proxy: Option<ProxyVersion>,
    /// It speaks LMTP (RFC 2033).
    pub lmtp: bool,
    /// Of a real server: where what it passes on can be seen.
    pub deliveries: Option<Deliveries>,
}

/// Where what a server passes on can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliveries {
    /// The target of the simulator that it arrives at; it has a `listen`.
    pub at: Arc<Target>,
    /// From the end of the message to its arrival at most, where a case does not say.
    pub within: Duration,
}

/// Where a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An endpoint of the embedded simulator.
    Simulator {
        /// Which one.
        endpoint: Endpoint,
        /// Of which cloud, which has such an endpoint.
        cloud: Cloud,
        /// The rules of that day.
        as_of: NaiveDate,
        /// What goes wrong there on demand.
        faults: Faults,
        /// Where it listens; on a free port of loopback where absent.
        listen: Option<SocketAddr>,
    },
    /// A real server.
    Address {
        /// A name or an address without brackets.
        host: Arc<str>,
        /// The TCP port.
        port: u16,
        /// The family of addresses to choose from; whichever comes first where absent.
        family: Option<Family>,
    },
    /// The hosts that take mail for a domain.
    Mx {
        /// The domain.
        domain: Domain,
        /// Which of its hosts.
        hosts: MailHosts,
        /// The TCP port of all of them.
        port: u16,
        /// As for [`Place::Address`].
        family: Option<Family>,
    },
}

impl Place {
    /// Reads `host:port` as [`host_port`] does, and `mx:domain` and `mx:domain:port`: the
    /// first of the domain's hosts.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        let domain = text.strip_prefix("mx:").filter(|rest| !rest.bytes().all(|b| b.is_ascii_digit()));
        let Some(rest) = domain else {
            let (host, port) = host_port(text)?;
            return Ok(Self::Address { host: host.into(), port, family: None });
        };
        let (domain, port) = match rest.split_once(':') {
            Some((domain, port)) => (domain, port_of(port)?),
            None => (rest, 25),
        };
        Ok(Self::Mx { domain: Domain::parse(domain)?, hosts: MailHosts::First, port, family: None })
    }
}

/// So many in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many; at least 1.
    pub count: u32,
    /// In how long.
    pub per: Duration,
}

impl Target {
    /// Whether it is an endpoint of the simulator.
    #[must_use]
    pub const fn is_simulator(&self) -> bool {
        matches!(self.place, Place::Simulator { .. })
    }

    /// Whether what arrives there, or behind it, can be seen.
    pub(super) const fn shows_arrivals(&self) -> bool {
        self.is_simulator() || self.deliveries.is_some()
    }

    /// Where it listens, if that is the simulator's to say and was said.
    pub(super) const fn listens_on(&self) -> Option<SocketAddr> {
        match self.place {
            Place::Simulator { listen, .. } => listen,
            Place::Address { .. } | Place::Mx { .. } => None,
        }
    }

    /// What stands for a target whose name is not known yet.
    pub(super) fn unknown() -> Self {
        Self {
            name: "?".into(),
            place: Place::Address { host: "".into(), port: 0, family: None },
            max_connections: None,
            rate: None,
            up_to: None,
            proxy: None,
            lmtp: false,
            deliveries: None,
        }
    }

    /// A target that only a `host:port` or `mx:domain` names.
    ///
    /// # Errors
    ///
    /// As [`Place::read`].
    pub fn bare(text: &str) -> Result<Self, String> {
        Ok(Self {
            name: text.into(),
            place: Place::read(text)?,
            max_connections: None,
            rate: None,
            up_to: None,
            proxy: None,
            lmtp: false,
            deliveries: None,
        })
    }
}

/// Whether a host is this one by its name or address alone; nothing is looked
/// up.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.starts_with("unix:")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// `host:port` as it is written: an IPv6 address in brackets, a socket without a port.
#[must_use]
pub fn written_place(host: &str, port: u16) -> String {
    if host.starts_with("unix:") {
        host.to_owned()
    } else if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Reads `host:port`, `192.0.2.1:25`, `[2001:db8::1]:25`; port 25 where none is
/// written. The host comes without brackets. `unix:/path`, a socket of this host, stands
/// for itself and has the port 0.
///
/// # Errors
///
/// What is wrong, in words.
pub fn host_port(text: &str) -> Result<(&str, u16), String> {
    if let Some(path) = text.strip_prefix("unix:") {
        // As much as the kernel takes (unix(7)).
        let good = path.starts_with('/') && path.len() < 108 && !path.contains(char::is_control);
        let why = || format!("`{path}` is no path of a socket: it begins with `/` and has at most 107 bytes");
        return good.then_some((text, 0)).ok_or_else(why);
    }
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(|| format!("`{text}`: the `[` is not closed"))?;
        // A zone names an interface of this host: `fe80::1%eth0`.
        if host.split('%').next().unwrap_or_default().parse::<Ipv6Addr>().is_err() {
            return Err(format!("`{host}` is no IPv6 address"));
        }
        let port = match rest {
            "" => None,
            _ => Some(rest.strip_prefix(':').ok_or_else(|| format!("`{text}`: a `:` follows the `]`"))?),
        };
        (host, port)
    } else {
        match text.split_once(':') {
            Some((_, rest)) if rest.contains(':') => {
                return Err(format!("an IPv6 address stands in brackets: `[{text}]:25`"));
            }
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let good = !host.is_empty()
        && host.len() <= 255
        && host.chars().all(|c| c.is_alphanumeric() || "-_.:%".contains(c))
        && !host.starts_with(['-', '.']);
    if !good {
        return Err(format!("`{host}` is no host name"));
    }
    let port = match port {
        None => 25,
        Some(port) => port_of(port)?,
    };
    Ok((host, port))
}

fn port_of(text: &str) -> Result<u16, String> {
    match text.parse::<u16>() {
        Ok(number) if number > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(number),
        _ => Err(format!("`{text}` is no port: they go from 1 to 65535")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_told_apart() {
        for (text, expected) in [
            ("relay.example:2525", ("relay.example", 2525)),
            ("relay.example", ("relay.example", 25)),
            ("192.0.2.1:25", ("192.0.2.1", 25)),
            ("[2001:db8::1]:587", ("2001:db8::1", 587)),
            ("[::1]", ("::1", 25)),
            ("relay.example.:25", ("relay.example.", 25)),
            ("unix:/run/dovecot/lmtp", ("unix:/run/dovecot/lmtp", 0)),
        ] {
            assert_eq!(host_port(text), Ok(expected));
        }
    }

    #[test]
    fn what_is_no_address_is_told() {
        for (text, words) in [
            ("::1", "brackets"),
            ("unix:run/lmtp", "no path"),
            ("unix:/a\nb", "no path"),
            ("[::1", "not closed"),
            ("[x]:25", "no IPv6"),
            ("relay:0", "no port"),
            ("relay:65536", "no port"),
            ("relay:+25", "no port"),
            (":25", "no host"),
            ("a b:25", "no host"),
            ("a\r\nb:25", "no host"),
        ] {
            let why = host_port(text).expect_err(text);
            assert!(why.contains(words), "{text}: {why}");
        }
    }

    #[test]
    fn a_mail_domain_is_told_from_a_host() {
        let read = |text: &str| match Place::read(text) {
            Ok(Place::Mx { domain, port, .. }) => format!("MX of {domain}, {port}"),
            Ok(Place::Address { host, port, .. }) => format!("{host}, {port}"),
            Ok(Place::Simulator { .. }) => "the simulator".to_owned(),
            Err(why) => why,
        };
        assert_eq!(read("mx:contoso.com"), "MX of contoso.com, 25");
        assert_eq!(read("mx:contoso.com:2525"), "MX of contoso.com, 2525");
        assert_eq!(read("mx:2525"), "mx, 2525");
        assert_eq!(read("mx"), "mx, 25");
        assert!(read("mx:192.0.2.1").contains("is an address"));
        assert!(read("mx:contoso.com:0").contains("no port"));
        assert!(read("mx:a b").contains("no domain name"));
    }

    #[test]
    fn loopback_is_known_by_its_spelling() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "192.0.2.1", "::2"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
