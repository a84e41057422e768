//! The mechanisms by name, and what each takes.

/// A SASL mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// draft-murchison-sasl-login: name and password to two prompts.
    Login,
    /// RFC 2195: a digest of the password and the server's challenge.
    CramMd5,
    /// RFC 5802 with SHA-1.
    ScramSha1,
    /// RFC 7677: both sides prove that they know the password.
    ScramSha256,
    /// Google's and Microsoft's bearer-token mechanism.
    XOAuth2,
    /// RFC 7628: the same, standardised.
    OAuthBearer,
    /// RFC 4422 appendix A: who the client is has been shown, by its certificate.
    External,
}

/// What a mechanism shows that the client is who it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A password.
    Password,
    /// A bearer token.
    Token,
    /// Something outside AUTH: the client certificate.
    Elsewhere,
}

impl Mechanism {
    /// Every mechanism.
    pub const ALL: [Self; 8] = [
        Self::Plain,
        Self::Login,
        Self::CramMd5,
        Self::ScramSha1,
        Self::ScramSha256,
        Self::XOAuth2,
        Self::OAuthBearer,
        Self::External,
    ];

    /// The name on the wire and in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::CramMd5 => "CRAM-MD5",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::XOAuth2 => "XOAUTH2",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::External => "EXTERNAL",
        }
    }

    /// What it takes.
    #[must_use]
    pub const fn credential(self) -> Credential {
        match self {
            Self::Plain | Self::Login | Self::CramMd5 | Self::ScramSha1 | Self::ScramSha256 => {
                Credential::Password
            }
            Self::XOAuth2 | Self::OAuthBearer => Credential::Token,
            Self::External => Credential::Elsewhere,
        }
    }

    /// Whether there is something to say before the server has asked: an initial response
    /// (RFC 4954 §4). LOGIN has none by its draft, but servers take the name so.
    #[must_use]
    pub const fn has_initial_response(self) -> bool {
        !matches!(self, Self::CramMd5)
    }

    /// Whether somebody else can be named than who logs in.
    #[must_use]
    pub const fn has_authzid(self) -> bool {
        matches!(self, Self::Plain | Self::ScramSha1 | Self::ScramSha256 | Self::External)
    }
}
