//! The kinds of change.

use std::fmt;

/// What kind of thing changed. The order is that of reports: what hurts most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A case passed and does not any more, the server is not reached any more, or
    /// what was accepted is refused.
    Breaks,
    /// A case that was not there, or not played, does not pass.
    New,
    /// What was refused is accepted, and neither was expected otherwise.
    Opens,
    /// A case is not played any more.
    Lost,
    /// It is refused as before with another reply, another recipient is, or another
    /// expectation is not met.
    Reply,
    /// A case did not pass and does now.
    Mends,
    /// Another message arrived, or it was attributed otherwise.
    Arrived,
    /// The server shows another certificate, or the same one holds no more.
    Certificate,
    /// Another TLS version was agreed on.
    Tls,
    /// Another cipher suite was, of the same version.
    Cipher,
    /// The server asks for a client certificate, or asks no more.
    ClientCertificate,
    /// EHLO offers other extensions.
    Ehlo,
    /// It takes longer than the factor allows.
    Latency,
    /// The same refusal comes at another stage: no change for whoever sends.
    Moves,
    /// The file expects something else.
    Expected,
    /// The session was played further, or less far.
    Reach,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::Breaks,
        Self::New,
        Self::Opens,
        Self::Lost,
        Self::Reply,
        Self::Mends,
        Self::Arrived,
        Self::Certificate,
        Self::Tls,
        Self::Cipher,
        Self::ClientCertificate,
        Self::Ehlo,
        Self::Latency,
        Self::Moves,
        Self::Expected,
        Self::Reach,
    ];

    /// The name in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Breaks => "breaks",
            Self::New => "new",
            Self::Opens => "opens",
            Self::Lost => "lost",
            Self::Reply => "reply",
            Self::Mends => "mends",
            Self::Arrived => "arrived",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Cipher => "cipher",
            Self::ClientCertificate => "client_certificate",
            Self::Ehlo => "ehlo",
            Self::Latency => "latency",
            Self::Moves => "moves",
            Self::Expected => "expected",
            Self::Reach => "reach",
        }
    }

    /// Whether it is about how the case ended; of these a case has one at most.
    #[must_use]
    pub const fn is_of_the_end(self) -> bool {
        matches!(self, Self::Breaks | Self::New | Self::Opens | Self::Lost | Self::Reply | Self::Mends)
    }

    /// Whether it is worth knowing and no change.
    #[must_use]
    pub const fn is_note(self) -> bool {
        matches!(self, Self::Moves | Self::Expected | Self::Reach)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
