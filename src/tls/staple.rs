//! OCSP responses that servers staple to their handshakes (RFC 6066 §8, RFC 6960).
//!
//! Both libraries ask for one; neither looks into it. What it says is read here, by
//! OpenSSL, and told; no session ends for it.

use std::fmt;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::ocsp::{OcspCertId, OcspCertStatus, OcspFlag, OcspResponse, OcspResponseStatus, OcspStatus};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509Ref};

use super::Trust;

/// What a stapled OCSP response came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staple {
    /// The server sent none.
    Absent,
    /// The certificate's issuer vouches for it, as of now.
    Good,
    /// The certificate was revoked.
    Revoked,
    /// The responder does not know the certificate.
    Unknown,
    /// The response's time is over.
    Expired,
    /// The response's time is still to come.
    NotYetValid,
    /// It is signed by nobody who may speak for the certificate's issuer, or the issuer
    /// is not known.
    Untrusted,
    /// It is about other certificates.
    Mismatched,
    /// The responder would not answer: an error took the place of a status.
    NoAnswer,
    /// It cannot be read.
    Unreadable,
}

/// How far the clocks of responder and client may differ, in seconds.
const SLACK: u32 = 300;

impl Staple {
    /// Every outcome, by its word in files and reports.
    pub const ALL: [(&'static str, Self); 10] = [
        ("absent", Self::Absent),
        ("good", Self::Good),
        ("revoked", Self::Revoked),
        ("unknown", Self::Unknown),
        ("expired", Self::Expired),
        ("not_yet_valid", Self::NotYetValid),
        ("untrusted", Self::Untrusted),
        ("mismatched", Self::Mismatched),
        ("no_answer", Self::NoAnswer),
        ("unreadable", Self::Unreadable),
    ];

    /// The word used in files and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, staple)| *staple == self).map_or("", |(word, _)| word)
    }

    /// Reads a response about the first certificate of a chain. The issuer is looked for
    /// in the chain, then among what is trusted.
    pub(super) fn read<'c>(
        response: &[u8],
        chain: impl ExactSizeIterator<Item = &'c [u8]>,
        trust: &Trust,
    ) -> Self {
        if response.is_empty() {
            return Self::Absent;
        }
        let Ok(response) = OcspResponse::from_der(response) else { return Self::Unreadable };
        if response.status() != OcspResponseStatus::SUCCESSFUL {
            return Self::NoAnswer;
        }
        let chain: Vec<X509> = chain.filter_map(|der| X509::from_der(der).ok()).collect();
        let Some((leaf, above)) = chain.split_first() else { return Self::Mismatched };
        let Some(issuer) = issuer(leaf, above, trust) else { return Self::Untrusted };
        judge(&response, leaf, &issuer).unwrap_or(Self::Unreadable)
    }
}

impl fmt::Display for Staple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

fn issuer(leaf: &X509Ref, above: &[X509], trust: &Trust) -> Option<X509> {
    let issued = |by: &X509Ref| {
        by.issued(leaf).as_raw() == 0 && by.public_key().is_ok_and(|key| leaf.verify(&key).unwrap_or(false))
    };
    let shown = above.iter().find(|by| issued(by)).cloned();
    let trusted = || {
        let all = trust.certificates().iter().filter_map(|der| X509::from_der(der).ok());
        all.into_iter().find(|by| issued(by))
    };
    shown.or_else(trusted).or_else(|| issued(leaf).then(|| leaf.to_owned()))
}

fn judge(response: &OcspResponse, leaf: &X509Ref, issuer: &X509Ref) -> Result<Staple, ErrorStack> {
    let basic = response.basic()?;
    // The responder names the certificate by hashes of the request's choice.
    let hashes = [MessageDigest::sha1(), MessageDigest::sha256()];
    let ids = hashes.map(|hash| OcspCertId::from_cert(hash, leaf, issuer));
    let status = ids.iter().flatten().find_map(|id| basic.find_status(id));
    let Some(status) = status else { return Ok(Staple::Mismatched) };
    // Signed by the issuer, or by one whom the issuer has delegated (RFC 6960 §4.2.2.2);
    // who vouches for the issuer is asked of the chain, not here.
    let mut store = X509StoreBuilder::new()?;
    store.add_cert(issuer.to_owned())?;
    store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
    let mut signers = Stack::new()?;
    signers.push(issuer.to_owned())?;
    if basic.verify(&signers, &store.build(), OcspFlag::empty()).is_err() {
        return Ok(Staple::Untrusted);
    }
    Ok(match status.status {
        OcspCertStatus::GOOD => in_time(&status),
        OcspCertStatus::REVOKED => Staple::Revoked,
        _ => Staple::Unknown,
    })
}

fn in_time(status: &OcspStatus<'_>) -> Staple {
    let Err(errors) = status.check_validity(SLACK, None) else { return Staple::Good };
    let early = errors.errors().iter().any(|error| error.reason() == Some("status not yet valid"));
    if early { Staple::NotYetValid } else { Staple::Expired }
}
