//! The ways in which the DNS can fail a sender, told apart.

use std::fmt;

/// Why a name led nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// There is no such name (NXDOMAIN, RFC 1035 §4.1.1).
    NotFound,
    /// The name is there, and has no address of the family that is asked for.
    NoAddress,
    /// The domain takes no mail and says so (RFC 7505).
    NullMx,
    /// An MX record names an alias (RFC 2181 §10.3, RFC 5321 §5.1).
    MxIsCname,
    /// An MX record names an address where a host's name belongs (RFC 1035 §3.3.9).
    MxIsAddress,
    /// An MX record names a host that is not there or has no address.
    MxNoAddress,
    /// The server could not find out (SERVFAIL): its upstream, or DNSSEC.
    ServerFailure,
    /// The server does not answer this client (REFUSED).
    Refused,
    /// No answer came in time.
    Timeout,
    /// Nothing listens where the server is to be.
    Unreachable,
    /// Aliases go round in a circle, or on for too long.
    CnameLoop,
    /// The answer cannot be read, or says what no answer may say.
    Malformed,
    /// Another code of RFC 1035 §4.1.1.
    Other,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::NotFound,
        Self::NoAddress,
        Self::NullMx,
        Self::MxIsCname,
        Self::MxIsAddress,
        Self::MxNoAddress,
        Self::ServerFailure,
        Self::Refused,
        Self::Timeout,
        Self::Unreachable,
        Self::CnameLoop,
        Self::Malformed,
        Self::Other,
    ];

    /// The word used in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NoAddress => "no_address",
            Self::NullMx => "null_mx",
            Self::MxIsCname => "mx_is_cname",
            Self::MxIsAddress => "mx_is_address",
            Self::MxNoAddress => "mx_no_address",
            Self::ServerFailure => "server_failure",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::CnameLoop => "cname_loop",
            Self::Malformed => "malformed",
            Self::Other => "other",
        }
    }

    /// Whether another server may know better.
    pub(super) const fn is_the_servers(self) -> bool {
        matches!(
            self,
            Self::ServerFailure
                | Self::Refused
                | Self::Timeout
                | Self::Unreachable
                | Self::Malformed
                | Self::Other
        )
    }
}

/// A look-up that led nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub reason: Reason,
    /// What happened, in words, with the name that was asked for. May hold names that
    /// a server sent, as ASCII with what is not printable escaped.
    pub detail: String,
}

impl Failure {
    /// A failure in words.
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Failure {}
