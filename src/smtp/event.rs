//! Ends of a session that are no reply.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// What kind of end it was. A refusal by reply is not among them: that is data
/// of the dialogue, see [`Reply`](super::Reply).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The host's name did not resolve.
    DnsFailure,
    /// TCP said no.
    Refused,
    /// A deadline passed.
    Timeout,
    /// The peer closed the connection.
    Closed,
    /// The handshake ended with an alert, or the client certificate was refused.
    TlsRefused,
    /// The server's certificate did not verify.
    TlsUntrusted,
    /// STARTTLS, AUTH or an extension that the case needs was not offered.
    NotOffered,
    /// The peer broke SMTP.
    ProtocolError,
    /// A reply that nobody asked for, or plaintext injected before TLS.
    Desync,
    /// The peer exceeded a bound.
    Limit,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::DnsFailure,
        Self::Refused,
        Self::Timeout,
        Self::Closed,
        Self::TlsRefused,
        Self::TlsUntrusted,
        Self::NotOffered,
        Self::ProtocolError,
        Self::Desync,
        Self::Limit,
    ];

    /// Every reason that such an end can have.
    #[must_use]
    pub const fn reasons(self) -> &'static [&'static str] {
        match self {
            Self::DnsFailure => &[
                "not_found",
                "no_address",
                "null_mx",
                "mx_is_cname",
                "mx_is_address",
                "mx_no_address",
                "temporary",
                "server_failure",
                "refused",
                "timeout",
                "unreachable",
                "cname_loop",
                "malformed",
                "too_many_hosts",
                "other",
            ],
            Self::Refused => &[
                "connection_refused",
                "reset",
                "network_unreachable",
                "host_unreachable",
                "address_not_available",
                "permission_denied",
                "other",
            ],
            Self::Timeout => &["connect", "tls", "reply", "write", "session"],
            Self::Closed => &["eof", "reset", "network"],
            Self::TlsRefused => &TLS_REFUSED,
            Self::TlsUntrusted => &[
                "expired",
                "not_yet_valid",
                "name_mismatch",
                "unknown_issuer",
                "self_signed",
                "revoked",
                "wrong_purpose",
                "not_a_leaf",
                "bad_signature",
                "bad_encoding",
                "unsupported_algorithm",
                "fingerprint",
                "unverified",
                "other",
            ],
            Self::NotOffered => &NOT_OFFERED,
            Self::ProtocolError => &[
                "unexpected_code",
                "bad_code",
                "bad_separator",
                "code_changes",
                "empty_line",
                "bare_lf",
                "bare_cr",
                "nul",
                "bad_base64",
                "challenge_too_long",
                "bad_challenge",
                "bad_nonce",
                "bad_server_signature",
                "no_server_signature",
                "not_tls",
                "tls",
                "downgrade",
                "local",
            ],
            Self::Desync => &["unasked", "plaintext_before_tls", "auth"],
            Self::Limit => &["line", "lines", "reply", "challenges", "iterations", "handshake", "chain"],
        }
    }

    /// The name used in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DnsFailure => "dns_failure",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::TlsRefused => "tls_refused",
            Self::TlsUntrusted => "tls_untrusted",
            Self::NotOffered => "not_offered",
            Self::ProtocolError => "protocol_error",
            Self::Desync => "desync",
            Self::Limit => "limit",
        }
    }
}

/// What may be wanted and not offered; `TLS` is no keyword: without it, or without a
/// verified server, something is not said.
const NOT_OFFERED: [&str; 18] = [
    "STARTTLS",
    "AUTH",
    "TLS",
    "SMTPUTF8",
    "PIPELINING",
    "CHUNKING",
    "SIZE",
    "8BITMIME",
    "BINARYMIME",
    "DSN",
    "REQUIRETLS",
    "DELIVERBY",
    "MT-PRIORITY",
    "FUTURERELEASE",
    "RRVS",
    "PRDR",
    "XCLIENT",
    "XFORWARD",
];

/// A refused client certificate, an alert without a name, and the alerts of IANA's
/// registry but for `close_notify`, which is a kind of `closed`.
const TLS_REFUSED: [&str; 35] = [
    "client_certificate",
    "protocol_version",
    "handshake_failure",
    "insufficient_security",
    "certificate_required",
    "no_certificate",
    "bad_certificate",
    "unsupported_certificate",
    "certificate_revoked",
    "certificate_expired",
    "certificate_unknown",
    "unknown_ca",
    "access_denied",
    "unrecognized_name",
    "internal_error",
    "unexpected_message",
    "bad_record_mac",
    "decryption_failed",
    "record_overflow",
    "decompression_failure",
    "illegal_parameter",
    "decode_error",
    "decrypt_error",
    "export_restriction",
    "inappropriate_fallback",
    "user_canceled",
    "no_renegotiation",
    "missing_extension",
    "unsupported_extension",
    "certificate_unobtainable",
    "bad_certificate_status_response",
    "bad_certificate_hash_value",
    "unknown_psk_identity",
    "no_application_protocol",
    "alert",
];

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownEvent;

impl FromStr for EventKind {
    type Err = UnknownEvent;

    fn from_str(text: &str) -> Result<Self, UnknownEvent> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownEvent)
    }
}

/// An end of a session that is no reply, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What kind of end.
    pub kind: EventKind,
    /// Why, as one stable word that patterns may name: `protocol_version`,
    /// `expired`, `STARTTLS`. Never empty.
    pub reason: Cow<'static, str>,
    /// Why, in words, for people; may hold what the peer sent, so it is escaped
    /// before it is shown. Empty where the reason says it all.
    pub detail: String,
}

impl Event {
    /// An event whose reason, one of [`EventKind::reasons`], says it all.
    #[must_use]
    pub fn new(kind: EventKind, reason: &'static str) -> Self {
        debug_assert!(kind.reasons().contains(&reason), "{kind} has no reason {reason}");
        Self { kind, reason: Cow::Borrowed(reason), detail: String::new() }
    }

    /// The same event with words for people.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

impl fmt::Display for Event {
    /// `tls_refused protocol_version`: the form that patterns are written in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.reason)
    }
}
