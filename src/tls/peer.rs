//! What a certificate says of itself, read by OpenSSL.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKeyRef, Public};
use openssl::x509::{X509, X509NameRef};

/// What a certificate says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The subject, as `CN=mx.contoso.com, O=Contoso`.
    pub subject: String,
    /// The issuer, likewise.
    pub issuer: String,
    /// The subject alternative names: DNS names and addresses.
    pub san: Vec<String>,
    /// The end of its validity, RFC 3339 in UTC.
    pub not_after: String,
    /// The kind of its key: `RSA-2048`, `ECDSA P-256`, `Ed25519`.
    pub key: String,
    /// The subjects of all certificates that the server showed, this one first, in the
    /// order shown.
    pub chain: Vec<String>,
    /// The SHA-256 of its DER.
    pub sha256: [u8; 32],
}

impl PeerCertificate {
    /// Reads a certificate and the names of those that were shown above it; what cannot
    /// be read stays empty.
    #[must_use]
    pub(super) fn from_der<'c>(der: &[u8], above: impl Iterator<Item = &'c [u8]>) -> Self {
        let subject = |der: &[u8]| X509::from_der(der).map(|x509| name(x509.subject_name()));
        let mut read = Self {
            subject: String::new(),
            issuer: String::new(),
            san: Vec::new(),
            not_after: String::new(),
            key: String::new(),
            chain: vec![String::new()],
            sha256: openssl::sha::sha256(der),
        };
        if let Ok(x509) = X509::from_der(der) {
            read.subject = name(x509.subject_name());
            read.chain[0].clone_from(&read.subject);
            read.issuer = name(x509.issuer_name());
            read.san = alternative_names(&x509);
            read.not_after = rfc_3339(system_time(x509.not_after()));
            read.key = x509.public_key().as_deref().map(kind_of_key).unwrap_or_default();
        }
        read.chain.extend(above.map(|der| subject(der).unwrap_or_default()));
        read
    }

    /// Whether the certificate names itself as its issuer.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

/// `RSA-2048`, `ECDSA P-256`, `Ed25519`; what has no name here, by OpenSSL's.
fn kind_of_key(key: &PKeyRef<Public>) -> String {
    match key.id() {
        Id::RSA => format!("RSA-{}", key.bits()),
        Id::RSA_PSS => format!("RSA-PSS-{}", key.bits()),
        Id::DSA => format!("DSA-{}", key.bits()),
        Id::ED25519 => "Ed25519".to_owned(),
        Id::ED448 => "Ed448".to_owned(),
        Id::EC => match key.ec_key().ok().and_then(|key| key.group().curve_name()) {
            Some(Nid::X9_62_PRIME256V1) => "ECDSA P-256".to_owned(),
            Some(Nid::SECP384R1) => "ECDSA P-384".to_owned(),
            Some(Nid::SECP521R1) => "ECDSA P-521".to_owned(),
            Some(curve) => format!("ECDSA {}", curve.short_name().unwrap_or("other")),
            None => "ECDSA".to_owned(),
        },
        _ => format!("other, {} bits", key.bits()),
    }
}

pub(super) fn alternative_names(x509: &X509) -> Vec<String> {
    let names = x509.subject_alt_names();
    let names = names.iter().flatten().filter_map(|name| {
        let address = |bytes: &[u8]| match bytes.len() {
            4 => <[u8; 4]>::try_from(bytes).ok().map(|octets| Ipv4Addr::from(octets).to_string()),
            16 => <[u8; 16]>::try_from(bytes).ok().map(|octets| Ipv6Addr::from(octets).to_string()),
            _ => None,
        };
        name.dnsname().map(str::to_owned).or_else(|| name.ipaddress().and_then(address))
    });
    names.collect()
}

/// `CN=mx.contoso.com, O=Contoso`: the most specific part first, as RFC 4514 has
/// it.
pub(super) fn name(name: &X509NameRef) -> String {
    let mut parts: Vec<String> = name
        .entries()
        .map(|entry| {
            let key = entry.object().nid().short_name().unwrap_or("OID");
            let value = entry.data().to_string().unwrap_or_default();
            format!("{key}={value}")
        })
        .collect();
    parts.reverse();
    parts.join(", ")
}

/// A time as reports tell it: RFC 3339 in UTC, whole seconds.
pub(super) fn rfc_3339(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A certificate's time as the system's; the epoch where it lies before or
/// cannot be read.
pub(super) fn system_time(time: &Asn1TimeRef) -> SystemTime {
    let since = Asn1Time::from_unix(0).and_then(|epoch| epoch.diff(time));
    let seconds = since.map_or(0, |diff| i64::from(diff.days) * 86_400 + i64::from(diff.secs));
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
