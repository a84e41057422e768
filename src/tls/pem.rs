//! PEM files to DER. The only file that uses `rustls-pemfile`, which is frozen
//! (RUSTSEC-2025-0134) and a thin layer over `rustls-pki-types`.

use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a private key's PEM came to.
pub(super) enum KeyPem {
    /// A key.
    Key(PrivateKeyDer<'static>),
    /// A key that needs a passphrase.
    Encrypted,
    /// No key at all.
    Missing,
}

/// Every certificate, in the order of the file; other sections are passed over.
///
/// # Errors
///
/// What breaks the PEM, in words.
pub(super) fn certificates(mut pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    rustls_pemfile::certs(&mut pem).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// The first private key.
///
/// # Errors
///
/// What breaks the PEM, in words.
pub(super) fn private_key(mut pem: &[u8]) -> Result<KeyPem, String> {
    // `BEGIN ENCRYPTED PRIVATE KEY` (PKCS #8) and `Proc-Type: 4,ENCRYPTED` (the
    // older form); the library passes over the one and stumbles over the other.
    let encrypted = pem.windows(9).any(|window| window == b"ENCRYPTED");
    match rustls_pemfile::private_key(&mut pem) {
        Ok(Some(key)) => Ok(KeyPem::Key(key)),
        Ok(None) | Err(_) if encrypted => Ok(KeyPem::Encrypted),
        Ok(None) => Ok(KeyPem::Missing),
        Err(error) => Err(error.to_string()),
    }
}
