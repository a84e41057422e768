//! The named points of a session.

use std::fmt;
use std::str::FromStr;

use super::ReplyCode;

/// A named point of a session: what a reply answers, or where an event fell.
///
/// The order of the variants is the order of a session with STARTTLS. With
/// implicit TLS the handshake comes before the greeting; ask
/// [`Plan::stages`](crate::plan::Plan::stages) for the order of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Name look-up and TCP connect.
    Connect,
    /// The server's first reply (RFC 5321 §3.1).
    Greeting,
    /// EHLO or HELO, in clear text or under implicit TLS.
    Ehlo,
    /// The reply to STARTTLS (RFC 3207).
    StartTls,
    /// The TLS handshake.
    Tls,
    /// The EHLO after STARTTLS.
    EhloTls,
    /// The final reply of the AUTH exchange (RFC 4954).
    Auth,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO.
    RcptTo,
    /// The reply to DATA.
    Data,
    /// The reply to the end of the data.
    Message,
    /// QUIT; never decisive.
    Quit,
    /// A step that has no stage of its own: RSET, NOOP, VRFY, EXPN, HELP, a chunk that
    /// is not the last, raw bytes, a pause. No plan stops at it.
    Command,
}

impl Stage {
    /// Every stage that a session can be stopped at, in the order of one with STARTTLS.
    pub const ALL: [Self; 12] = [
        Self::Connect,
        Self::Greeting,
        Self::Ehlo,
        Self::StartTls,
        Self::Tls,
        Self::EhloTls,
        Self::Auth,
        Self::MailFrom,
        Self::RcptTo,
        Self::Data,
        Self::Message,
        Self::Quit,
    ];

    /// The name used in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Ehlo => "ehlo",
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::EhloTls => "ehlo_tls",
            Self::Auth => "auth",
            Self::MailFrom => "mail_from",
            Self::RcptTo => "rcpt_to",
            Self::Data => "data",
            Self::Message => "message",
            Self::Quit => "quit",
            Self::Command => "command",
        }
    }

    /// Whether a reply with this code lets the session go on from here: 354 for
    /// DATA, 220 for STARTTLS (RFC 3207 §4), else 2yz; what raw bytes ask for may be
    /// 3yz as well.
    #[must_use]
    pub const fn accepts(self, code: ReplyCode) -> bool {
        match self {
            Self::Data => code.get() == 354,
            Self::StartTls => code.get() == 220,
            Self::Command => code.is_positive(),
            _ => code.severity() == 2,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownStage;

impl FromStr for Stage {
    type Err = UnknownStage;

    fn from_str(text: &str) -> Result<Self, UnknownStage> {
        Self::ALL.into_iter().chain([Self::Command]).find(|stage| stage.as_str() == text).ok_or(UnknownStage)
    }
}
