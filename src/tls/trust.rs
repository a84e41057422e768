//! What servers' certificates are checked against.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use openssl::x509::X509;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::pem;

/// A set of trusted certificates.
pub struct Trust {
    /// `None`: the system's, read when they are first needed.
    given: Option<Vec<CertificateDer<'static>>>,
    system: OnceLock<Vec<CertificateDer<'static>>>,
    webpki: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
}

/// Why a file is no set of trusted certificates.
#[derive(Debug)]
pub enum TrustError {
    /// It could not be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no certificate in it.
    NoCertificate,
    /// The PEM, or a certificate in it, is broken.
    BadCertificate {
        /// Why.
        detail: String,
    },
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Self::NoCertificate => f.write_str("there is no PEM certificate in the CA file"),
            Self::BadCertificate { detail } => write!(f, "the CA file is broken: {detail}"),
        }
    }
}

impl std::error::Error for TrustError {}

impl Trust {
    /// The certificates of a PEM file.
    ///
    /// # Errors
    ///
    /// [`TrustError`].
    pub fn from_pem_file(path: &Path) -> Result<Self, TrustError> {
        let pem =
            std::fs::read(path).map_err(|error| TrustError::Unreadable { path: path.to_owned(), error })?;
        Self::from_pem(&pem)
    }

    /// The certificates of PEM in memory.
    ///
    /// # Errors
    ///
    /// [`TrustError`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, TrustError> {
        let certificates = pem::certificates(pem).map_err(|detail| TrustError::BadCertificate { detail })?;
        if certificates.is_empty() {
            return Err(TrustError::NoCertificate);
        }
        for certificate in &certificates {
            X509::from_der(certificate)
                .map_err(|error| TrustError::BadCertificate { detail: super::identity::reason(&error) })?;
        }
        Ok(Self { given: Some(certificates), system: OnceLock::new(), webpki: OnceLock::new() })
    }

    /// The system's roots, read once, when they are first needed. Where there are
    /// none, nothing verifies.
    #[must_use]
    pub const fn system() -> Self {
        Self { given: None, system: OnceLock::new(), webpki: OnceLock::new() }
    }

    /// Whether these are the system's roots.
    #[must_use]
    pub const fn is_system(&self) -> bool {
        self.given.is_none()
    }

    /// The certificates themselves.
    pub(super) fn certificates(&self) -> &[CertificateDer<'static>] {
        let system = || self.system.get_or_init(|| rustls_native_certs::load_native_certs().certs);
        self.given.as_ref().unwrap_or_else(system)
    }

    /// rustls' verifier; `None` where there is not one certificate to trust.
    pub(super) fn webpki(&self) -> Option<&Arc<WebPkiServerVerifier>> {
        let make = || {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(self.certificates().iter().cloned());
            let provider = super::rustls_client::provider();
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()
        };
        self.webpki.get_or_init(make).as_ref()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.given {
            Some(given) => write!(f, "Trust({} certificates)", given.len()),
            None => f.write_str("Trust(system)"),
        }
    }
}
