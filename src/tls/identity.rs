//! Certificates with their keys.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::negotiated::Shown;
use super::peer::system_time;
use super::pem::{self, KeyPem};

/// A certificate chain and its key, checked to belong together. The chain is
/// shown to servers as the file has it: nothing is added, sorted or left out.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    x509: Vec<X509>,
    pkey: PKey<Private>,
    not_after: SystemTime,
    /// What rustls makes of it; `None` where it cannot use the key.
    certified: OnceLock<Option<Arc<CertifiedKey>>>,
}

/// Why files are no identity.
#[derive(Debug)]
pub enum IdentityError {
    /// A file could not be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no certificate in what should hold one.
    NoCertificate,
    /// The PEM, or a certificate in it, is broken.
    BadCertificate {
        /// Why.
        detail: String,
    },
    /// There is no private key in what should hold one.
    NoKey,
    /// The key needs a passphrase.
    EncryptedKey,
    /// The PEM of the key, or the key, is broken.
    BadKey {
        /// Why.
        detail: String,
    },
    /// The key is not that of the first certificate.
    Mismatch {
        /// The certificate's subject.
        subject: String,
    },
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Self::NoCertificate => f.write_str("there is no PEM certificate in the certificate file"),
            Self::BadCertificate { detail } => write!(f, "the certificate file is broken: {detail}"),
            Self::NoKey => f.write_str("there is no PEM private key in the key file"),
            Self::EncryptedKey => f.write_str(
                "the private key is encrypted; take the passphrase off with `openssl pkey -in KEY -out PLAIN`",
            ),
            Self::BadKey { detail } => write!(f, "the private key is broken: {detail}"),
            Self::Mismatch { subject } => {
                write!(f, "the private key is not that of the first certificate ({subject})")
            }
        }
    }
}

impl std::error::Error for IdentityError {}

impl Identity {
    /// Reads a chain (the client's own certificate first) and its key from PEM
    /// files; both may be one file.
    ///
    /// # Errors
    ///
    /// [`IdentityError`]; an expired certificate is none, see
    /// [`Self::not_after`].
    pub fn load(cert: &Path, key: &Path) -> Result<Self, IdentityError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|error| IdentityError::Unreadable { path: path.to_owned(), error })
        };
        Self::from_pem(&read(cert)?, &read(key)?)
    }

    /// The same from PEM in memory.
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    pub fn from_pem(cert: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let bad_certificate = |detail: String| IdentityError::BadCertificate { detail };
        let chain = pem::certificates(cert).map_err(bad_certificate)?;
        let x509 = chain
            .iter()
            .map(|der| X509::from_der(der))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| bad_certificate(reason(&error)))?;
        let leaf = x509.first().ok_or(IdentityError::NoCertificate)?;
        let key = match pem::private_key(key).map_err(|detail| IdentityError::BadKey { detail })? {
            KeyPem::Key(key) => key,
            KeyPem::Encrypted => return Err(IdentityError::EncryptedKey),
            KeyPem::Missing => return Err(IdentityError::NoKey),
        };
        let pkey = PKey::private_key_from_der(key.secret_der())
            .map_err(|error| IdentityError::BadKey { detail: reason(&error) })?;
        let public = leaf.public_key().map_err(|error| bad_certificate(reason(&error)))?;
        if !public.public_eq(&pkey) {
            return Err(IdentityError::Mismatch { subject: super::peer::name(leaf.subject_name()) });
        }
        let not_after = system_time(leaf.not_after());
        Ok(Self { chain, key, x509, pkey, not_after, certified: OnceLock::new() })
    }

    /// The end of the first certificate's validity.
    #[must_use]
    pub const fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// What reports tell of it.
    pub(super) fn shown(&self) -> Shown {
        let subject = self.x509.first().map(|leaf| super::peer::name(leaf.subject_name()));
        Shown { subject: subject.unwrap_or_default(), expires: self.not_after }
    }

    /// The chain as DER, the client's own certificate first.
    pub fn chain_der(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.chain.iter().map(AsRef::as_ref)
    }

    /// For OpenSSL: the chain and the key.
    pub(super) fn openssl(&self) -> (&[X509], &PKey<Private>) {
        (&self.x509, &self.pkey)
    }

    /// For rustls, where it can use the key (ring: RSA of 2048 bits or more,
    /// P-256, P-384, Ed25519).
    pub(super) fn rustls(&self) -> Option<&Arc<CertifiedKey>> {
        let make = || {
            let key = tokio_rustls::rustls::crypto::ring::sign::any_supported_type(&self.key).ok()?;
            Some(Arc::new(CertifiedKey::new(self.chain.clone(), key)))
        };
        self.certified.get_or_init(make).as_ref()
    }
}

impl fmt::Debug for Identity {
    /// Never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

/// The first reason of OpenSSL's, in words.
pub(super) fn reason(error: &openssl::error::ErrorStack) -> String {
    let first = error.errors().first().and_then(openssl::error::Error::reason);
    first.unwrap_or("OpenSSL gives no reason").to_owned()
}
