//! PROXY protocol headers (haproxy `doc/proxy-protocol.txt`, §2).

use std::net::{IpAddr, SocketAddr};

use crate::plan::{Proxy, ProxyVersion};

/// The header that announces the plan's source on a connection to `target`.
pub(super) fn header(proxy: &Proxy, target: SocketAddr) -> Vec<u8> {
    let (source, target) = same_family(proxy.source, target);
    match proxy.version {
        ProxyVersion::V1 => v1(source, target),
        ProxyVersion::V2 => v2(source, target),
    }
}

/// Both addresses in one family, as the header wants them: IPv4 is mapped into
/// IPv6 where the other is IPv6.
fn same_family(source: SocketAddr, target: SocketAddr) -> (SocketAddr, SocketAddr) {
    let mapped = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    };
    if source.is_ipv4() == target.is_ipv4() { (source, target) } else { (mapped(source), mapped(target)) }
}

fn v1(source: SocketAddr, target: SocketAddr) -> Vec<u8> {
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = (source.ip(), target.ip());
    format!("PROXY {family} {from} {to} {} {}\r\n", source.port(), target.port()).into_bytes()
}

fn v2(source: SocketAddr, target: SocketAddr) -> Vec<u8> {
    const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
    /// Version 2, command PROXY.
    const VERSION_COMMAND: u8 = 0x21;
    let mut addresses = Vec::with_capacity(36);
    // 0x11: TCP over IPv4; 0x21: TCP over IPv6.
    let family = match (source.ip(), target.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            addresses.extend_from_slice(&from.octets());
            addresses.extend_from_slice(&to.octets());
            0x11
        }
        (from, to) => {
            for ip in [from, to] {
                let ip = match ip {
                    IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                    IpAddr::V6(ip) => ip,
                };
                addresses.extend_from_slice(&ip.octets());
            }
            0x21
        }
    };
    addresses.extend_from_slice(&source.port().to_be_bytes());
    addresses.extend_from_slice(&target.port().to_be_bytes());
    // At most 36 bytes.
    let length = addresses.len() as u8;
    [SIGNATURE, &[VERSION_COMMAND, family, 0, length][..], &addresses].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(version: ProxyVersion, source: &str, target: &str) -> Vec<u8> {
        let source = source.parse().expect("an address");
        header(&Proxy { version, source }, target.parse().expect("an address"))
    }

    #[test]
    fn version_1_is_a_line_of_text() {
        assert_eq!(
            made(ProxyVersion::V1, "203.0.113.10:4711", "127.0.0.1:25"),
            b"PROXY TCP4 203.0.113.10 127.0.0.1 4711 25\r\n"
        );
        assert_eq!(
            made(ProxyVersion::V1, "[2001:db8::1]:1", "127.0.0.1:25"),
            b"PROXY TCP6 2001:db8::1 ::ffff:127.0.0.1 1 25\r\n"
        );
    }

    #[test]
    fn version_2_is_binary() {
        assert_eq!(
            made(ProxyVersion::V2, "203.0.113.10:258", "127.0.0.1:25"),
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x0a\x7f\x00\x00\x01\x01\x02\x00\x19"
        );
        let six = made(ProxyVersion::V2, "[2001:db8::1]:1", "[::1]:25");
        assert_eq!((six[13], six[15], six.len()), (0x21, 36, 16 + 36));
    }
}
