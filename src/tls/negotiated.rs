//! What a handshake came to.

use std::sync::Arc;

use super::{PeerCertificate, TlsVersion};

/// What a handshake came to.
#[derive(Clone, Debug)]
pub struct Negotiated {
    /// The version agreed on.
    pub version: TlsVersion,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
    /// `rustls` or `openssl`.
    pub backend: &'static str,
    /// Whether the certificate held, chain and name, against the trust of the
    /// settings, whatever the mode asked for. Where a fingerprint was given, that
    /// alone counts.
    pub verified: Result<(), Untrusted>,
    /// The server's leaf certificate.
    pub peer: Option<Arc<PeerCertificate>>,
    /// What became of the client's certificate.
    pub client_certificate: ClientCertificate,
    /// When the certificate that was sent expires, RFC 3339 in UTC; `None` where none
    /// was sent.
    pub client_not_after: Option<Arc<str>>,
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
