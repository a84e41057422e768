//! What a rule comes to.

use super::catalogue::Entry;

/// What a rule comes to: a reply, and what it rests on.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The reply.
    pub entry: &'static Entry,
    /// What the entry's `*` stands for here.
    pub fill: String,
    /// Whom the mail was attributed to, where it was.
    pub attribution: Option<Attribution>,
    /// Positive for now: the P2 sender, seen after DATA, decides.
    pub awaits_header: bool,
}

/// Whose mail it is, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// The tenant's name.
    pub tenant: String,
    /// The connector's name, where one matched.
    pub connector: Option<String>,
    /// What settled it.
    pub by: AttributedBy,
}

impl Attribution {
    /// Whether the mail counts as the tenant's own (`originating`: sent by its servers,
    /// devices or mailboxes) or as mail to it (`incoming`).
    ///
    /// Source: X-MS-Exchange-Organization-MessageDirectionality has these two values;
    /// that they follow from what settled the attribution is inferred.
    #[must_use]
    pub const fn direction(&self) -> &'static str {
        match self.by {
            AttributedBy::Certificate | AttributedBy::MailFrom | AttributedBy::HeaderFrom => "originating",
            AttributedBy::Recipient => "incoming",
        }
    }
}

/// What settles whose mail it is, in the order of precedence.
///
/// Source: MC1226222, "attribution is determined using the following priority
/// order: the domain on the TLS certificate, the P1 MailFrom domain, the P1
/// RcptTo domain".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttributedBy {
    /// The certificate domain.
    Certificate,
    /// The P1 sender's domain.
    MailFrom,
    /// The P2 sender's domain, until 2023-10-31.
    HeaderFrom,
    /// The recipient's domain.
    Recipient,
}

impl AttributedBy {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "the certificate domain",
            Self::MailFrom => "the P1 sender domain",
            Self::HeaderFrom => "the P2 sender domain",
            Self::Recipient => "the recipient domain",
        }
    }
}

impl Decision {
    /// The reply alone.
    #[must_use]
    pub const fn reply(entry: &'static Entry) -> Self {
        Self { entry, fill: String::new(), attribution: None, awaits_header: false }
    }

    /// The same with what its `*` stands for.
    #[must_use]
    pub fn fill(mut self, fill: impl Into<String>) -> Self {
        self.fill = fill.into();
        self
    }

    /// The same, attributed.
    #[must_use]
    pub fn attributed(mut self, attribution: Attribution) -> Self {
        self.attribution = Some(attribution);
        self
    }

    /// Whether the client may go on.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.entry.code.is_some_and(|code| code < 400)
    }
}
