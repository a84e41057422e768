//! TLS versions, settings, identities and handshakes (floor 0).

mod client;
mod identity;
mod negotiated;
mod settings;
mod trust;
mod version;

pub use client::Client;
pub use identity::Identity;
pub use negotiated::{ClientCertificate, Negotiated, PeerCertificate, Untrusted};
pub use settings::{Backend, Settings, Verify};
pub use trust::Trust;
pub use version::{TlsVersion, UnknownTlsVersion, VersionRange};
