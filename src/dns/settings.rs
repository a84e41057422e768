//! Which name servers are asked.
//!
//! Of `resolv.conf(5)` the servers alone count: names are asked for as they are
//! written, so no search list applies, and a time-out is the project's to set.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The port of the DNS.
const PORT: u16 = 53;

/// As many servers of `resolv.conf(5)` count.
const MOST: usize = 3;

/// Which name servers are asked, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The servers, in the order in which they are asked; at least one.
    pub servers: Vec<SocketAddr>,
    /// From a question to its answer at most, whichever servers are asked and
    /// however often.
    pub timeout: Duration,
}

impl Settings {
    /// How long a question may take where nothing says so.
    pub const TIMEOUT: Duration = Duration::from_secs(5);

    /// The servers of this system: those of `/etc/resolv.conf`, or the one on this
    /// host where the file names none, as resolv.conf(5) has it.
    #[must_use]
    pub fn system() -> Self {
        let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        let mut servers = servers(&text);
        if servers.is_empty() {
            servers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
        }
        Self { servers, timeout: Self::TIMEOUT }
    }

    /// Reads a server: `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`,
    /// `[2001:db8::53]:5353`.
    ///
    /// # Errors
    ///
    /// What is wrong, in words. A name is refused: somebody would have to resolve it.
    pub fn server(text: &str) -> Result<SocketAddr, String> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let address = bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
        match address.or_else(|_| text.parse::<SocketAddr>()) {
            Ok(address) if address.port() > 0 => Ok(address),
            _ => {
                Err(format!("`{text}` is no address of a name server; write `192.0.2.53` or `192.0.2.53:53`"))
            }
        }
    }
}

/// The servers that `resolv.conf(5)` names. One with a zone (`fe80::1%eth0`) is passed
/// over: the standard library knows no interface by its name.
fn servers(text: &str) -> Vec<SocketAddr> {
    let server = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address = words.next().filter(|word| *word == "nameserver").and_then(|_| words.next())?;
        Some(SocketAddr::new(address.parse().ok()?, PORT))
    };
    text.lines().filter_map(server).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolv_conf_names_the_servers() {
        let text = "# comment\nsearch example\nnameserver 192.0.2.1\n  nameserver 2001:db8::1 \n\
                    nameserver fe80::1%eth0\n;nameserver 192.0.2.9\nnameserver\nnameserver 192.0.2.2\n\
                    nameserver 192.0.2.3\noptions timeout:1";
        let shown: Vec<_> = servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.2:53"]);
    }

    #[test]
    fn a_server_is_an_address() {
        for (text, expected) in [
            ("127.0.0.1", "127.0.0.1:53"),
            ("127.0.0.1:5353", "127.0.0.1:5353"),
            ("::1", "[::1]:53"),
            ("[::1]", "[::1]:53"),
            ("[::1]:5353", "[::1]:5353"),
        ] {
            assert_eq!(Settings::server(text).map(|address| address.to_string()), Ok(expected.to_owned()));
        }
        for text in ["", "dns.example", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:", "[127.0.0.1"] {
            assert!(Settings::server(text).is_err(), "{text}");
        }
    }
}
