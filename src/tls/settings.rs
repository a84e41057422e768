//! What a client's handshake is to be like, before any library hears of it.

use std::sync::Arc;

use super::{Group, Identity, Trust, VersionRange};

/// How far the server's certificate is checked. The result is recorded in every
/// mode; only what the mode asks for ends the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    /// Chain and name.
    #[default]
    Full,
    /// The chain alone.
    Chain,
    /// Nothing.
    None,
    /// The SHA-256 of the leaf certificate's DER.
    Fingerprint([u8; 32]),
}

/// Which library does the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Backend {
    /// rustls where it can, OpenSSL for TLS 1.0 and 1.1, for cipher lists and for groups
    /// that rustls has not.
    #[default]
    Auto,
    /// rustls: TLS 1.2 and 1.3.
    Rustls,
    /// OpenSSL: TLS 1.0 to 1.3.
    OpenSsl,
}

/// What a client's handshake is to be like.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The versions offered.
    pub versions: VersionRange,
    /// An OpenSSL cipher list (TLS 1.2 and older) or TLS 1.3 suite names.
    pub ciphers: Option<String>,
    /// The groups offered, the best first; empty: the library's own.
    pub groups: Vec<Group>,
    /// Whether sessions can be resumed: by [`super::Memory`], with rustls alone.
    pub resume: bool,
    /// How far the server's certificate is checked.
    pub verify: Verify,
    /// What it is checked against.
    pub trust: Arc<Trust>,
    /// Which library.
    pub backend: Backend,
    /// What the client shows where it is asked for a certificate.
    pub identity: Option<Arc<Identity>>,
}
