//! The front doors of Exchange Online that this crate knows.

use std::fmt;
use std::str::FromStr;

/// A front door of Exchange Online.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `<initial-domain>.mail.protection.outlook.com`, port 25: inbound mail,
    /// Direct Send and relay by connector.
    Mx,
    /// `smtp.office365.com`, port 587: client submission with SMTP AUTH.
    Submission,
    /// `smtp-legacy.office365.com`, port 587: the same for clients that still
    /// speak TLS 1.0 or 1.1, where the tenant opted in.
    Legacy,
    /// `smtp-hve.office365.com`, port 587: High Volume Email, mail in bulk to the
    /// organisation's own recipients.
    HighVolume,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 4] = [Self::Mx, Self::Submission, Self::Legacy, Self::HighVolume];

    /// The name used in files and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mx => "mx",
            Self::Submission => "submission",
            Self::Legacy => "legacy",
            Self::HighVolume => "hve",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownEndpoint;

impl FromStr for Endpoint {
    type Err = UnknownEndpoint;

    fn from_str(text: &str) -> Result<Self, UnknownEndpoint> {
        Self::ALL.into_iter().find(|endpoint| endpoint.as_str() == text).ok_or(UnknownEndpoint)
    }
}
