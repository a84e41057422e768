//! PROXY protocol headers (haproxy, `doc/proxy-protocol.txt`): who is meant to
//! have connected. The server takes one from loopback alone, and only as the very
//! first bytes; since SMTP servers speak first, the greeting is not held back for
//! it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// Not a header.
    None,
    /// Perhaps the beginning of one.
    Incomplete,
    /// A header of so many bytes, and the client it announces; `None` where the
    /// header says that the connection is its sender's own.
    Whole(usize, Option<IpAddr>),
    /// A broken header.
    Bad,
}

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, CRLF included (§2.1).
const LONGEST_V1: usize = 107;
/// Addresses and extensions of version 2: the longest are 216 bytes (§2.2), the
/// rest is room for a few extensions.
const LONGEST_V2: usize = 512;

/// Reads the first bytes of a connection.
pub(super) fn read(bytes: &[u8]) -> Header {
    let begins = |start: &[u8]| {
        let common = start.len().min(bytes.len());
        start[..common] == bytes[..common]
    };
    match () {
        () if bytes.is_empty() => Header::Incomplete,
        () if begins(SIGNATURE) => version_2(bytes),
        () if begins(b"PROXY ") => version_1(bytes),
        () => Header::None,
    }
}

fn version_1(bytes: &[u8]) -> Header {
    let Some(end) = bytes.windows(2).take(LONGEST_V1 - 1).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < LONGEST_V1 { Header::Incomplete } else { Header::Bad };
    };
    let line = std::str::from_utf8(&bytes[..end]).unwrap_or("");
    let words: Vec<&str> = line.split(' ').collect();
    let announced = match words[..] {
        ["PROXY", "UNKNOWN", ..] => Some(None),
        ["PROXY", "TCP4", source, target, from, to] => {
            let source = source.parse::<Ipv4Addr>().ok().filter(|_| target.parse::<Ipv4Addr>().is_ok());
            source.filter(|_| ports(from, to)).map(|source| Some(IpAddr::V4(source)))
        }
        ["PROXY", "TCP6", source, target, from, to] => {
            let source = source.parse::<Ipv6Addr>().ok().filter(|_| target.parse::<Ipv6Addr>().is_ok());
            source.filter(|_| ports(from, to)).map(|source| Some(IpAddr::V6(source)))
        }
        _ => None,
    };
    announced.map_or(Header::Bad, |announced| Header::Whole(end + 2, announced))
}

fn ports(from: &str, to: &str) -> bool {
    from.parse::<u16>().is_ok() && to.parse::<u16>().is_ok()
}

fn version_2(bytes: &[u8]) -> Header {
    let Some(fixed) = bytes.get(..16) else { return Header::Incomplete };
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > LONGEST_V2 {
        return Header::Bad;
    }
    let Some(body) = bytes.get(16..16 + length) else { return Header::Incomplete };
    let whole = |announced| Header::Whole(16 + length, announced);
    let v4 = |body: &[u8]| body.get(..12).and_then(|body| <[u8; 4]>::try_from(&body[..4]).ok());
    let v6 = |body: &[u8]| body.get(..36).and_then(|body| <[u8; 16]>::try_from(&body[..16]).ok());
    match (fixed[12], fixed[13]) {
        // LOCAL: a health check of the proxy's own.
        (0x20, _) => whole(None),
        (0x21, 0x11) => v4(body).map_or(Header::Bad, |octets| whole(Some(octets.into()))),
        (0x21, 0x21) => v6(body).map_or(Header::Bad, |octets| whole(Some(octets.into()))),
        _ => Header::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x0a\x7f\0\0\x01\x9c\x40\0\x19";

    #[test]
    fn both_versions_announce_the_client() {
        let client = Some("203.0.113.10".parse().expect("an address"));
        assert_eq!(read(V2), Header::Whole(28, client));
        let v1 = b"PROXY TCP4 203.0.113.10 127.0.0.1 40000 25\r\nEHLO x\r\n";
        assert_eq!(read(v1), Header::Whole(44, client));
        let v1 = b"PROXY TCP6 2001:db8::1 ::1 40000 25\r\n";
        assert_eq!(read(v1), Header::Whole(37, "2001:db8::1".parse().ok()));
        assert_eq!(read(b"PROXY UNKNOWN\r\n"), Header::Whole(15, None));
        assert_eq!(read(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"), Header::Whole(16, None));
    }

    #[test]
    fn a_header_cut_anywhere_is_waited_for() {
        for at in 0..V2.len() {
            assert_eq!(read(&V2[..at]), Header::Incomplete, "cut at {at}");
        }
        let v1 = b"PROXY TCP4 203.0.113.10 127.0.0.1 40000 25\r\n";
        for at in 0..v1.len() {
            assert_eq!(read(&v1[..at]), Header::Incomplete, "cut at {at}");
        }
    }

    #[test]
    fn what_is_no_header_is_left_alone_and_a_broken_one_is_told() {
        for bytes in [&b"EHLO x\r\n"[..], b"P\r\n", b"PROXYX", b"\r\nEHLO", b"\x16\x03\x01"] {
            assert_eq!(read(bytes), Header::None, "{}", bytes.escape_ascii());
        }
        let long = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat();
        let huge = [&V2[..14], b"\xff\xff"].concat();
        for bytes in [
            &b"PROXY TCP4 203.0.113.10 127.0.0.1 40000\r\n"[..],
            b"PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
            b"PROXY TCP4 203.0.113.10 127.0.0.1 99999 25\r\n",
            b"PROXY \xff\r\n",
            &long,
            &huge,
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04abcd",
        ] {
            assert_eq!(read(bytes), Header::Bad, "{}", bytes.escape_ascii());
        }
    }
}
