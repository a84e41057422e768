//! TLS versions, settings, identities and handshakes (floor 0).

mod acceptor;
mod client;
#[cfg(test)]
mod facts;
mod failure;
mod group;
#[cfg(test)]
mod handshakes;
mod identity;
mod judged;
mod libraries;
mod memory;
pub mod mint;
mod negotiated;
mod openssl_client;
mod peer;
mod pem;
mod rustls_client;
mod settings;
mod staple;
mod stream;
mod tap;
mod trust;
mod version;

pub use acceptor::{AcceptError, Accepted, Acceptor, AcceptorSettings, ClientChain};
pub use client::{Client, SettingsError};
pub use failure::{ALERTS, TlsFailure, TlsFailureKind};
pub use group::Group;
pub use identity::{Identity, IdentityError};
pub use libraries::libraries;
pub use memory::Memory;
pub use negotiated::{ClientCertificate, NEAR_END, Negotiated, Shown, Untrusted, near_end};
pub use peer::PeerCertificate;
pub use settings::{Backend, Settings, Verify};
pub use staple::Staple;
pub use stream::Stream;
pub use trust::{Trust, TrustError};
pub use version::{TlsVersion, UnknownTlsVersion, VersionRange};
