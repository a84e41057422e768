//! Minting certificates: for the lab's files, and for the simulator's own server.
//!
//! X.509 by OpenSSL. What is deliberately absent is any notion of revocation.

use std::fmt;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509KeyUsage, X509Name, X509NameBuilder};

use super::identity::reason;
use super::peer::{alternative_names, system_time};

/// What kind of key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA over P-256: minted in a millisecond.
    #[default]
    Ecdsa,
    /// RSA of 2048 bits: takes a tenth of a second or more.
    Rsa,
}

impl KeyKind {
    /// The name used in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ecdsa => "ecdsa",
            Self::Rsa => "rsa",
        }
    }
}

/// A private key.
#[derive(Clone)]
pub struct Key(PKey<Private>);

impl Key {
    /// Makes a new one.
    ///
    /// # Errors
    ///
    /// Where OpenSSL cannot.
    pub fn generate(kind: KeyKind) -> Result<Self, MintError> {
        let key = match kind {
            KeyKind::Rsa => PKey::from_rsa(Rsa::generate(2048)?)?,
            KeyKind::Ecdsa => {
                let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
                PKey::from_ec_key(EcKey::generate(&group)?)?
            }
        };
        Ok(Self(key))
    }

    /// Reads an unencrypted key.
    ///
    /// # Errors
    ///
    /// Where the PEM holds none.
    pub fn from_pem(pem: &[u8]) -> Result<Self, MintError> {
        // The empty passphrase keeps OpenSSL from asking the terminal for one.
        Ok(Self(PKey::private_key_from_pem_passphrase(pem, b"")?))
    }

    /// What kind it is; `None` for a kind that this module does not make.
    #[must_use]
    pub fn kind(&self) -> Option<KeyKind> {
        match self.0.id() {
            Id::RSA => Some(KeyKind::Rsa),
            Id::EC => Some(KeyKind::Ecdsa),
            _ => None,
        }
    }

    /// The key as PKCS #8 PEM, without a passphrase.
    ///
    /// # Errors
    ///
    /// Where OpenSSL cannot.
    pub fn to_pem(&self) -> Result<Vec<u8>, MintError> {
        Ok(self.0.private_key_to_pem_pkcs8()?)
    }
}

impl fmt::Debug for Key {
    /// Never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What a certificate is to say.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// CN of the subject.
    pub common_name: &'a str,
    /// O of the subject.
    pub organization: &'a str,
    /// Subject alternative names: DNS names, wildcards, addresses. None where
    /// empty.
    pub names: &'a [String],
    /// A CA, or a leaf for servers and clients alike.
    pub authority: bool,
    /// First moment of validity.
    pub not_before: SystemTime,
    /// Last moment of validity.
    pub not_after: SystemTime,
}

/// A certificate.
#[derive(Clone)]
pub struct Certificate(X509);

impl Certificate {
    /// Signs a request: by an issuer, or with its own key.
    ///
    /// # Errors
    ///
    /// Where OpenSSL refuses: a name of more than 64 characters, a time before
    /// 1970.
    pub fn sign(
        request: &Request<'_>,
        key: &Key,
        issuer: Option<(&Certificate, &Key)>,
    ) -> Result<Self, MintError> {
        let subject = subject(request)?;
        let mut builder = X509::builder()?;
        builder.set_version(2)?;
        let mut serial = BigNum::new()?;
        serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
        builder.set_serial_number(&*serial.to_asn1_integer()?)?;
        builder.set_subject_name(&subject)?;
        builder.set_issuer_name(issuer.map_or(&*subject, |(certificate, _)| certificate.0.subject_name()))?;
        builder.set_pubkey(&key.0)?;
        builder.set_not_before(&*time(request.not_before)?)?;
        builder.set_not_after(&*time(request.not_after)?)?;
        if request.authority {
            builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
            builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        } else {
            builder.append_extension(BasicConstraints::new().critical().build()?)?;
            let usage = KeyUsage::new().critical().digital_signature().key_encipherment().build()?;
            builder.append_extension(usage)?;
            let purposes = ExtendedKeyUsage::new().server_auth().client_auth().build()?;
            builder.append_extension(purposes)?;
        }
        let above = issuer.map(|(certificate, _)| certificate.0.as_ref());
        let extension = SubjectKeyIdentifier::new().build(&builder.x509v3_context(above, None))?;
        builder.append_extension(extension)?;
        if above.is_some() {
            let context = builder.x509v3_context(above, None);
            let extension = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
            builder.append_extension(extension)?;
        }
        if !request.names.is_empty() {
            let mut names = SubjectAlternativeName::new();
            for name in request.names {
                match name.parse::<IpAddr>() {
                    Ok(_) => names.ip(name),
                    Err(_) => names.dns(name),
                };
            }
            let extension = names.build(&builder.x509v3_context(above, None))?;
            builder.append_extension(extension)?;
        }
        builder.sign(issuer.map_or(&key.0, |(_, key)| &key.0), MessageDigest::sha256())?;
        Ok(Self(builder.build()))
    }

    /// Every certificate of a PEM file, in its order.
    ///
    /// # Errors
    ///
    /// Where the PEM is broken.
    pub fn all_from_pem(pem: &[u8]) -> Result<Vec<Self>, MintError> {
        Ok(X509::stack_from_pem(pem)?.into_iter().map(Self).collect())
    }

    /// The certificate as PEM.
    ///
    /// # Errors
    ///
    /// Where OpenSSL cannot.
    pub fn to_pem(&self) -> Result<Vec<u8>, MintError> {
        Ok(self.0.to_pem()?)
    }

    /// The end of its validity.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        system_time(self.0.not_after())
    }

    /// O of the subject; empty where it has none.
    #[must_use]
    pub fn organization(&self) -> String {
        self.entry(Nid::ORGANIZATIONNAME)
    }

    /// Whether it says what a request asks for, its times aside, for this key and
    /// from this issuer.
    #[must_use]
    pub fn fulfils(&self, request: &Request<'_>, key: &Key, issuer: Option<(&Certificate, &Key)>) -> bool {
        let signer = issuer.map_or(&key.0, |(_, key)| &key.0);
        let from = issuer.map_or(self, |(certificate, _)| certificate);
        let is_authority =
            self.0.key_usage().is_some_and(|usage| usage.contains(X509KeyUsage::KEY_CERT_SIGN));
        self.entry(Nid::COMMONNAME) == request.common_name
            && self.organization() == request.organization
            && alternative_names(&self.0) == request.names
            && is_authority == request.authority
            && self.0.public_key().is_ok_and(|public| public.public_eq(&key.0))
            && self.0.issuer_name().try_cmp(from.0.subject_name()).is_ok_and(std::cmp::Ordering::is_eq)
            && self.0.verify(signer).unwrap_or(false)
    }

    fn entry(&self, nid: Nid) -> String {
        let entry = self.0.subject_name().entries_by_nid(nid).next();
        entry.and_then(|entry| entry.data().to_string().ok()).unwrap_or_default()
    }

    pub(super) fn x509(&self) -> &X509 {
        &self.0
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        matches!((self.0.to_der(), other.0.to_der()), (Ok(a), Ok(b)) if a == b)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", super::peer::name(self.0.subject_name()))
    }
}

impl Key {
    pub(super) fn pkey(&self) -> &PKey<Private> {
        &self.0
    }
}

fn subject(request: &Request<'_>) -> Result<X509Name, MintError> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, request.organization)?;
    name.append_entry_by_nid(Nid::COMMONNAME, request.common_name)?;
    Ok(name.build())
}

fn time(time: SystemTime) -> Result<Asn1Time, MintError> {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Ok(Asn1Time::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))?)
}

/// OpenSSL could not mint or read something.
#[derive(Debug)]
pub struct MintError(ErrorStack);

impl From<ErrorStack> for MintError {
    fn from(error: ErrorStack) -> Self {
        Self(error)
    }
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&reason(&self.0))
    }
}

impl std::error::Error for MintError {}

impl From<MintError> for std::io::Error {
    fn from(error: MintError) -> Self {
        Self::other(error)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn request<'a>(common_name: &'a str, names: &'a [String], authority: bool) -> Request<'a> {
        let now = SystemTime::now();
        Request {
            common_name,
            organization: "test",
            names,
            authority,
            not_before: now - Duration::from_secs(60),
            not_after: now + Duration::from_secs(3600),
        }
    }

    #[test]
    fn a_certificate_fulfils_the_request_it_was_minted_for_and_no_other() {
        let (ca_key, key) = (Key::generate(KeyKind::Ecdsa), Key::generate(KeyKind::Ecdsa));
        let (ca_key, key) = (ca_key.expect("a key"), key.expect("a key"));
        let ca = Certificate::sign(&request("CA", &[], true), &ca_key, None).expect("a CA");
        let names = ["mail.test".to_owned(), "*.test".to_owned(), "127.0.0.1".to_owned()];
        let wanted = request("mail.test", &names, false);
        let issuer = Some((&ca, &ca_key));
        let leaf = Certificate::sign(&wanted, &key, issuer).expect("a certificate");
        let read = Certificate::all_from_pem(&leaf.to_pem().expect("PEM")).expect("certificates");
        assert_eq!(read, std::slice::from_ref(&leaf));
        assert!(leaf.fulfils(&wanted, &key, issuer));
        assert!(ca.fulfils(&request("CA", &[], true), &ca_key, None));
        assert!(!leaf.fulfils(&wanted, &ca_key, issuer), "another key");
        assert!(!leaf.fulfils(&wanted, &key, Some((&ca, &key))), "another issuer's key");
        assert!(!leaf.fulfils(&wanted, &key, None), "not self-signed");
        assert!(!leaf.fulfils(&request("mail.test", &names[..2], false), &key, issuer), "other names");
        assert!(!leaf.fulfils(&request("x.test", &names, false), &key, issuer), "another CN");
        assert!(!leaf.fulfils(&request("mail.test", &names, true), &key, issuer), "no CA");
    }

    #[test]
    fn a_key_survives_its_file() {
        for kind in [KeyKind::Ecdsa, KeyKind::Rsa] {
            let key = Key::generate(kind).expect("a key");
            let read = Key::from_pem(&key.to_pem().expect("PEM")).expect("a key");
            assert_eq!(read.kind(), Some(kind));
        }
        assert!(Key::from_pem(b"nothing").is_err());
    }
}
