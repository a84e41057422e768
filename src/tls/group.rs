//! Groups of the key exchange.

use std::fmt;

/// What the keys were exchanged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// A group by its number in IANA's registry "TLS Supported Groups".
    Named(u16),
    /// Diffie-Hellman of TLS 1.2 and older, where the server makes the group up: the
    /// bits of its prime.
    Prime(u16),
}

/// A group that can be asked for.
struct Known {
    number: u16,
    /// In files and reports.
    name: &'static str,
    /// As OpenSSL has it.
    openssl: &'static str,
}

const fn known(number: u16, name: &'static str, openssl: &'static str) -> Known {
    Known { number, name, openssl }
}

/// RFC 8446 §4.2.7, RFC 7919, draft-ietf-tls-ecdhe-mlkem.
const KNOWN: [Known; 11] = [
    known(23, "P-256", "P-256"),
    known(24, "P-384", "P-384"),
    known(25, "P-521", "P-521"),
    known(29, "x25519", "X25519"),
    known(30, "x448", "X448"),
    known(256, "ffdhe2048", "ffdhe2048"),
    known(257, "ffdhe3072", "ffdhe3072"),
    known(258, "ffdhe4096", "ffdhe4096"),
    known(4587, "SecP256r1MLKEM768", "SecP256r1MLKEM768"),
    known(4588, "X25519MLKEM768", "X25519MLKEM768"),
    known(4589, "SecP384r1MLKEM1024", "SecP384r1MLKEM1024"),
];

/// Elliptic curves end here; what comes after is of TLS 1.3 alone in both libraries.
const LAST_CURVE: u16 = 30;

impl Group {
    /// The groups that can be asked for, by the names of files and reports.
    pub const ALL: [(&'static str, Self); KNOWN.len()] = {
        let mut all = [("", Self::Named(0)); KNOWN.len()];
        let mut n = 0;
        while n < KNOWN.len() {
            all[n] = (KNOWN[n].name, Self::Named(KNOWN[n].number));
            n += 1;
        }
        all
    };

    fn known(self) -> Option<&'static Known> {
        let Self::Named(number) = self else { return None };
        KNOWN.iter().find(|known| known.number == number)
    }

    /// OpenSSL's name; empty where it has none.
    pub(super) fn openssl(self) -> &'static str {
        self.known().map_or("", |known| known.openssl)
    }

    /// Whether TLS 1.2 can agree on it.
    pub(super) const fn is_of_tls_1_2(self) -> bool {
        match self {
            Self::Named(number) => number <= LAST_CURVE,
            Self::Prime(_) => true,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.known(), self) {
            (Some(known), _) => f.pad(known.name),
            (None, Self::Named(number)) => write!(f, "0x{number:04x}"),
            (None, Self::Prime(bits)) => write!(f, "DH-{bits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_one_name_everywhere() {
        assert_eq!(Group::Named(29).to_string(), "x25519");
        assert_eq!(Group::Named(0x11ec).to_string(), "X25519MLKEM768");
        assert_eq!(Group::Named(0x2a2a).to_string(), "0x2a2a");
        assert_eq!(Group::Prime(2048).to_string(), "DH-2048");
        for (name, group) in Group::ALL {
            assert_eq!(group.to_string(), name);
            assert!(!group.openssl().is_empty());
        }
    }
}
