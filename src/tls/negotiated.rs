//! What a handshake came to.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::peer::rfc_3339;
use super::{Group, PeerCertificate, Staple, TlsVersion};

/// A certificate that is valid for less than this is near its end: three weeks, in which
/// another can be had and rolled out.
pub const NEAR_END: Duration = Duration::from_secs(21 * 86_400);

/// How long a certificate is still valid, in words: `expires on 2026-12-01, in 9 days`;
/// `None` where its end is not near.
#[must_use]
pub fn near_end(expires: SystemTime, now: SystemTime) -> Option<String> {
    let date = rfc_3339(expires);
    let date = date.split('T').next().unwrap_or_default();
    match expires.duration_since(now) {
        Ok(left) if left >= NEAR_END => None,
        Ok(left) => Some(match left.as_secs() / 86_400 {
            0 => format!("expires on {date}, in less than a day"),
            1 => format!("expires on {date}, in 1 day"),
            days => format!("expires on {date}, in {days} days"),
        }),
        Err(_) => Some(format!("expired on {date}")),
    }
}

/// What a handshake came to.
#[derive(Clone, Debug)]
pub struct Negotiated {
    /// The version agreed on.
    pub version: TlsVersion,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
    /// The group of the key exchange; `None` where the keys were not agreed on but sent
    /// (static RSA), or taken over from the session that was resumed.
    pub group: Option<Group>,
    /// Whether an earlier session was resumed. Then the server shows no certificate:
    /// what is told of it was seen in the first.
    pub resumed: bool,
    /// `rustls` or `openssl`.
    pub backend: &'static str,
    /// Whether the certificate held, chain and name, against the trust of the
    /// settings, whatever the mode asked for. Where a fingerprint was given, that
    /// alone counts.
    pub verified: Result<(), Untrusted>,
    /// The server's leaf certificate.
    pub peer: Option<Arc<PeerCertificate>>,
    /// What the server stapled to its certificate.
    pub staple: Staple,
    /// What became of the client's certificate.
    pub client_certificate: ClientCertificate,
    /// The client's certificate; `None` where none was sent.
    pub client: Option<Arc<Shown>>,
    /// When the handshake was finished.
    pub at: SystemTime,
}

/// The certificate that the client showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The subject, as `CN=relay.contoso.com, O=Contoso`.
    pub subject: String,
    /// The end of its validity.
    pub expires: SystemTime,
}

impl Shown {
    /// The end of its validity, RFC 3339 in UTC.
    #[must_use]
    pub fn not_after(&self) -> String {
        rfc_3339(self.expires)
    }
}

/// Why a server's certificate did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untrusted {
    /// One stable word: `expired`, `not_yet_valid`, `self_signed`,
    /// `unknown_issuer`, `name_mismatch`, `fingerprint`, `wrong_purpose`,
    /// `bad_signature`, `unsupported_algorithm`, `bad_encoding`, `revoked`,
    /// `not_a_leaf`, `other`.
    pub reason: &'static str,
    /// In words, for people.
    pub detail: String,
}

/// What became of the client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificate {
    /// The server did not ask.
    NotRequested,
    /// The server asked; the client had none.
    None,
    /// The server asked and got it.
    Sent,
}

impl ClientCertificate {
    /// The name used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRequested => "not_requested",
            Self::None => "none",
            Self::Sent => "sent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_near_its_end_for_three_weeks() {
        const DAY: Duration = Duration::from_secs(86_400);
        let now = SystemTime::UNIX_EPOCH + DAY * 20_000;
        assert_eq!(near_end(now + NEAR_END, now), None);
        let told = |left: Duration| near_end(now + left, now).unwrap_or_default();
        assert_eq!(told(NEAR_END - DAY / 2), "expires on 2024-10-24, in 20 days");
        assert_eq!(told(DAY), "expires on 2024-10-05, in 1 day");
        assert_eq!(told(DAY / 2), "expires on 2024-10-04, in less than a day");
        assert_eq!(near_end(now - DAY, now).as_deref(), Some("expired on 2024-10-03"));
    }
}
