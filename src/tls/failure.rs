//! Why a handshake, or a connection under TLS, came to an end.

use std::io;

use openssl::ssl;
use tokio_rustls::rustls::{Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

/// Why a handshake, or a connection under TLS, came to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFailure {
    /// What kind of end.
    pub kind: TlsFailureKind,
    /// One stable word, such as `protocol_version` or `expired`.
    pub reason: &'static str,
    /// In words, for people. May hold what the peer sent.
    pub detail: String,
}

/// What kind of end it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFailureKind {
    /// The peer said no, by an alert or by a version that was not offered.
    Refused,
    /// The peer's certificate did not hold.
    Untrusted,
    /// The peer closed the connection, or it was reset.
    Closed,
    /// What came is not TLS at all.
    NotTls,
    /// The peer broke TLS.
    Broken,
    /// The peer exceeded a bound.
    Limit,
}

impl TlsFailure {
    pub(super) fn new(kind: TlsFailureKind, reason: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, reason, detail: detail.into() }
    }

    pub(super) fn untrusted(untrusted: super::Untrusted) -> Self {
        Self { kind: TlsFailureKind::Untrusted, reason: untrusted.reason, detail: untrusted.detail }
    }

    pub(super) fn chain_too_long() -> Self {
        let most = super::client::LONGEST_CHAIN;
        Self::new(TlsFailureKind::Limit, "chain", format!("the server shows more than {most} certificates"))
    }

    /// The server's first bytes are no TLS records.
    pub(super) fn not_tls(bytes: &[u8]) -> Self {
        // ESC and its like are escaped where this is shown; here only the length
        // is cut, at the end of the first line.
        let line = bytes.split(|b| *b == b'\r' || *b == b'\n').next().unwrap_or_default();
        let text = String::from_utf8_lossy(line.get(..200).unwrap_or(line));
        Self::new(
            TlsFailureKind::NotTls,
            "not_tls",
            format!("the server does not speak TLS here; it said: {text}"),
        )
    }

    /// The same failure, of a handshake in which the server did (or did not) ask
    /// for a client certificate: where it did, what it dislikes is that.
    pub(super) fn after_request(self, asked: bool) -> Self {
        let about = self.is_about_client_certificate()
            || (self.kind == TlsFailureKind::Refused && self.reason == "handshake_failure");
        if asked && about { self.of_client_certificate() } else { self }
    }

    /// The same failure, told as what it is about.
    #[must_use]
    pub fn of_client_certificate(self) -> Self {
        let detail = format!("the client certificate, or the lack of one, was refused: {}", self.detail);
        Self { kind: TlsFailureKind::Refused, reason: "client_certificate", detail }
    }

    /// What an error of reading or writing means; under TLS an alert, a broken
    /// record or a plain error of the network.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        let inner = error.get_ref();
        if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<Error>()) {
            return of_rustls(error);
        }
        if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<ssl::Error>()) {
            return of_openssl(error);
        }
        if let Some(limit) = inner.and_then(|inner| inner.downcast_ref::<HandshakeTooLong>()) {
            return Self::new(TlsFailureKind::Limit, "handshake", limit.to_string());
        }
        of_network(error)
    }

    /// Whether this is how a server says that it does not like the client's
    /// certificate, or the lack of one.
    #[must_use]
    pub fn is_about_client_certificate(&self) -> bool {
        self.kind == TlsFailureKind::Refused && ABOUT_CERTIFICATES.contains(&self.reason)
    }
}

/// The handshake passed its bound of bytes.
#[derive(Debug)]
pub(super) struct HandshakeTooLong(pub(super) usize);

impl std::fmt::Display for HandshakeTooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the handshake is longer than {} KiB", self.0 / 1024)
    }
}

impl std::error::Error for HandshakeTooLong {}

fn of_network(error: &io::Error) -> TlsFailure {
    use io::ErrorKind as Kind;
    // Not the network's: rustls keeps no more than so much of messages in pieces.
    if error.kind() == Kind::InvalidData {
        let detail = format!("the server sends more at once than TLS takes: {error}");
        return TlsFailure::new(TlsFailureKind::Limit, "handshake", detail);
    }
    let reason = match error.kind() {
        Kind::ConnectionReset | Kind::BrokenPipe | Kind::ConnectionAborted => "reset",
        Kind::UnexpectedEof => "eof",
        _ => "network",
    };
    TlsFailure::new(TlsFailureKind::Closed, reason, error.to_string())
}

fn of_rustls(error: &Error) -> TlsFailure {
    use TlsFailureKind::{Broken, Limit, Refused};
    match error {
        Error::AlertReceived(alert) => of_alert(u8::from(*alert)),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::Tls12NotOffered,
        )
        | Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => {
            TlsFailure::new(Refused, "protocol_version", "the server chose a version that was not offered")
        }
        Error::InvalidMessage(
            InvalidMessage::CertificatePayloadTooLarge
            | InvalidMessage::HandshakePayloadTooLarge
            | InvalidMessage::MessageTooLarge,
        ) => TlsFailure::new(Limit, "handshake", error.to_string()),
        Error::PeerMisbehaved(PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported) => {
            TlsFailure::new(Broken, "downgrade", error.to_string())
        }
        Error::PeerIncompatible(_) => TlsFailure::new(Refused, "handshake_failure", error.to_string()),
        _ => TlsFailure::new(Broken, "tls", error.to_string()),
    }
}

/// OpenSSL's numbers (`include/openssl/sslerr.h`).
mod openssl_reason {
    pub(super) const UNSUPPORTED_PROTOCOL: i32 = 258;
    pub(super) const WRONG_SSL_VERSION: i32 = 266;
    pub(super) const WRONG_VERSION_NUMBER: i32 = 267;
    pub(super) const UNEXPECTED_EOF: i32 = 294;
    pub(super) const EXCESSIVE_MESSAGE_SIZE: i32 = 152;
    pub(super) const INAPPROPRIATE_FALLBACK_DETECTED: i32 = 373;
    /// An alert is this and its number.
    pub(super) const ALERT: i32 = 1000;
}

pub(super) fn of_openssl(error: &ssl::Error) -> TlsFailure {
    use TlsFailureKind::{Broken, Closed, Limit, Refused};
    if let Some(error) = error.io_error() {
        // The tap's bound comes wrapped in the error of the stream.
        return TlsFailure::of(error);
    }
    let Some(first) = error.ssl_error().and_then(|stack| stack.errors().first()) else {
        return TlsFailure::new(Closed, "eof", "the connection ended without close_notify");
    };
    let words = || first.reason().unwrap_or("OpenSSL gives no reason").to_owned();
    match first.reason_code() {
        alert @ openssl_reason::ALERT..=1255 => {
            of_alert(u8::try_from(alert - openssl_reason::ALERT).unwrap_or(u8::MAX))
        }
        openssl_reason::UNSUPPORTED_PROTOCOL
        | openssl_reason::WRONG_SSL_VERSION
        | openssl_reason::WRONG_VERSION_NUMBER => {
            TlsFailure::new(Refused, "protocol_version", "the server chose a version that was not offered")
        }
        openssl_reason::UNEXPECTED_EOF => {
            TlsFailure::new(Closed, "eof", "the connection ended without close_notify")
        }
        openssl_reason::EXCESSIVE_MESSAGE_SIZE => TlsFailure::new(Limit, "handshake", words()),
        openssl_reason::INAPPROPRIATE_FALLBACK_DETECTED => TlsFailure::new(Broken, "downgrade", words()),
        _ => TlsFailure::new(Broken, "tls", words()),
    }
}

/// An alert received (RFC 8446 §6).
fn of_alert(number: u8) -> TlsFailure {
    match ALERTS.iter().find(|(code, _)| *code == number) {
        // A peer that takes its leave in the middle of things.
        Some((0, _)) => TlsFailure::new(TlsFailureKind::Closed, "eof", "the server sent close_notify"),
        Some((_, name)) => TlsFailure::new(
            TlsFailureKind::Refused,
            name,
            format!("the server sent the TLS alert {name} ({number})"),
        ),
        None => TlsFailure::new(
            TlsFailureKind::Refused,
            "alert",
            format!("the server sent the TLS alert {number}, which has no name"),
        ),
    }
}

/// The alerts that speak of the other side's certificate.
const ABOUT_CERTIFICATES: [&str; 9] = [
    "no_certificate",
    "bad_certificate",
    "unsupported_certificate",
    "certificate_revoked",
    "certificate_expired",
    "certificate_unknown",
    "unknown_ca",
    "access_denied",
    "certificate_required",
];

/// IANA's TLS Alerts registry: number and name.
pub const ALERTS: [(u8, &str); 34] = [
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_rustls::rustls::AlertDescription;

    #[test]
    fn alerts_are_named_as_the_registry_has_them() {
        for (number, reason) in [
            (40, "handshake_failure"),
            (42, "bad_certificate"),
            (48, "unknown_ca"),
            (49, "access_denied"),
            (70, "protocol_version"),
            (90, "user_canceled"),
            (116, "certificate_required"),
            (120, "no_application_protocol"),
        ] {
            let error = io::Error::new(
                io::ErrorKind::InvalidData,
                Error::AlertReceived(AlertDescription::from(number)),
            );
            let failure = TlsFailure::of(&error);
            assert_eq!((failure.kind, failure.reason), (TlsFailureKind::Refused, reason));
        }
    }
}
