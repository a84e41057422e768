//! Handshakes by OpenSSL: TLS 1.0 and 1.1, cipher lists, or on request.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslMode, SslOptions, SslVerifyMode, SslVersion, StatusType};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{X509, X509VerifyResult};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_openssl::SslStream;

use super::client::{LONGEST_CHAIN, Outcome, Policy};
use super::failure::{self, TlsFailure, TlsFailureKind};
use super::identity::{Identity, reason};
use super::tap::Tap;
use super::{ClientCertificate, Group, Staple, Stream, TlsVersion, Untrusted, VersionRange};

/// Handshakes by OpenSSL.
pub(super) struct OpenSslClient {
    context: SslContext,
    policy: Arc<Policy>,
}

/// What a cipher list asks for, in OpenSSL's two terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CipherList {
    /// TLS 1.2 and older; empty: none was named.
    pub(super) list: String,
    /// TLS 1.3; empty: none was named.
    pub(super) suites: String,
}

impl CipherList {
    /// Sorts the names: those of TLS 1.3 begin with `TLS_` and have no `_WITH_`.
    pub(super) fn parse(text: &str) -> Self {
        let names = text.split([':', ',', ' ']).filter(|name| !name.is_empty());
        let (suites, list): (Vec<_>, Vec<_>) =
            names.partition(|name| name.starts_with("TLS_") && !name.contains("_WITH_"));
        Self { list: list.join(":"), suites: suites.join(":") }
    }
}

impl OpenSslClient {
    pub(super) fn new(
        versions: VersionRange,
        ciphers: Option<&CipherList>,
        groups: &[Group],
        identity: Option<&Identity>,
        policy: Arc<Policy>,
    ) -> Result<Self, String> {
        let context =
            context(versions, ciphers, groups, identity, &policy).map_err(|error| reason(&error))?;
        Ok(Self { context, policy })
    }

    pub(super) async fn connect<S>(&self, stream: S, name: &str) -> Result<(Stream<S>, Outcome), TlsFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let found = Arc::new(Mutex::new(None));
        let local = |error: ErrorStack| TlsFailure::new(TlsFailureKind::Broken, "local", reason(&error));
        let ssl = self.ssl(name, Arc::clone(&found)).map_err(local)?;
        let mut tls = SslStream::new(ssl, Tap::attentive(stream)).map_err(local)?;
        let connected = Pin::new(&mut tls).connect().await;
        if connected.is_err() {
            tls.get_mut().hear_out().await;
        }
        let heard = tls.get_mut().finish();
        let untrusted: Option<Untrusted> = found.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (asked, sent) = heard.client_certificate();
        if let Err(error) = connected {
            if let Some(bytes) = heard.clear_text() {
                return Err(TlsFailure::not_tls(bytes));
            }
            return Err(match untrusted {
                Some(untrusted) if untrusted.reason == CHAIN_TOO_LONG => TlsFailure::chain_too_long(),
                Some(untrusted) if !self.policy.permits(&untrusted) => TlsFailure::untrusted(untrusted),
                _ => failure::of_openssl(&error).after_request(asked),
            });
        }
        let ssl = tls.ssl();
        if ssl.peer_cert_chain().is_some_and(|chain| chain.len() > LONGEST_CHAIN) {
            return Err(TlsFailure::chain_too_long());
        }
        // A client's chain has the server's own certificate in it.
        let shown = ssl.peer_cert_chain().into_iter().flatten().filter_map(|x509| x509.to_der().ok());
        let shown: Vec<Vec<u8>> = shown.collect();
        let chain = shown.iter().map(Vec::as_slice);
        let peer = self.policy.peer(chain.clone());
        let staple = ssl.ocsp_status().unwrap_or_default();
        let version = match ssl.version2() {
            Some(SslVersion::TLS1) => TlsVersion::Tls10,
            Some(SslVersion::TLS1_1) => TlsVersion::Tls11,
            Some(SslVersion::TLS1_3) => TlsVersion::Tls13,
            _ => TlsVersion::Tls12,
        };
        let cipher =
            ssl.current_cipher().map(|cipher| cipher.standard_name().unwrap_or_else(|| cipher.name()));
        let cipher = cipher.unwrap_or_default();
        let outcome = Outcome {
            version,
            cipher: cipher.to_owned(),
            group: heard.group(cipher),
            resumed: ssl.session_reused(),
            verified: untrusted.map_or(Ok(()), Err),
            peer,
            staple: Staple::read(staple, chain, &self.policy.trust),
            client_certificate: match (asked, sent) {
                (false, _) => ClientCertificate::NotRequested,
                (true, false) => ClientCertificate::None,
                (true, true) => ClientCertificate::Sent,
            },
        };
        Ok((Stream::OpenSsl(Box::new(tls)), outcome))
    }

    /// One handshake: its name, and a verifier that writes down what it finds.
    fn ssl(&self, name: &str, found: Arc<Mutex<Option<Untrusted>>>) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        ssl.set_status_type(StatusType::OCSP)?;
        let param = ssl.param_mut();
        // As rustls has it: names stand in the subjectAltName, and SHA-1 and RSA
        // below 1024 bits do not count, for all that `@SECLEVEL=0` lets through.
        param.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT);
        param.set_auth_level(1);
        match name.parse::<IpAddr>() {
            Ok(address) => param.set_ip(address)?,
            Err(_) => {
                param.set_host(name)?;
                ssl.set_hostname(name)?;
            }
        }
        let policy = Arc::clone(&self.policy);
        // Called for each fault, and for each certificate that holds; the leaf is
        // the last of these.
        ssl.set_verify_callback(SslVerifyMode::PEER, move |held, context| {
            if held && context.error_depth() > 0 {
                return true;
            }
            let leaf = context.chain().and_then(|chain| chain.get(0)).or(context.current_cert());
            let fault = match leaf.and_then(|leaf| by_fingerprint(&policy, leaf)) {
                Some(Ok(())) => return true,
                Some(Err(mismatch)) => mismatch,
                None if held => return true,
                None => untrusted(context.error(), leaf),
            };
            let permitted = policy.permits(&fault);
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            // The first fault is the one that is told, unless a later one ends it.
            if found.is_none() || !permitted {
                *found = Some(fault);
            }
            permitted
        });
        Ok(ssl)
    }
}

fn by_fingerprint(policy: &Policy, leaf: &openssl::x509::X509Ref) -> Option<Result<(), Untrusted>> {
    leaf.to_der().ok().and_then(|der| policy.fingerprint(&der))
}

fn context(
    versions: VersionRange,
    ciphers: Option<&CipherList>,
    groups: &[Group],
    identity: Option<&Identity>,
    policy: &Policy,
) -> Result<SslContext, ErrorStack> {
    // Not `SslConnector::builder`, which reads the system's bundle (38 ms).
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    // Before any certificate: SECLEVEL 0 lets TLS 1.0 and 1.1 sign with SHA-1,
    // and lets certificates of small keys be loaded.
    let list = ciphers.map_or("", |ciphers| ciphers.list.as_str());
    let list = if list.is_empty() { "DEFAULT" } else { list };
    builder.set_cipher_list(&format!("{list}:@SECLEVEL=0"))?;
    if let Some(ciphers) = ciphers.filter(|ciphers| !ciphers.suites.is_empty()) {
        builder.set_ciphersuites(&ciphers.suites)?;
    }
    if !groups.is_empty() {
        let names: Vec<_> = groups.iter().map(|group| group.openssl()).collect();
        builder.set_groups_list(&names.join(":"))?;
    }
    builder.set_min_proto_version(Some(openssl_version(versions.min)))?;
    builder.set_max_proto_version(Some(openssl_version(versions.max)))?;
    // SSL_OP_LEGACY_SERVER_CONNECT: servers of before RFC 5746 are among those
    // that a test wants to reach; renegotiation itself is off.
    let legacy = SslOptions::from_bits_retain(0x4);
    builder.set_options(SslOptions::NO_RENEGOTIATION | SslOptions::NO_COMPRESSION | legacy);
    // The chain as the file has it: OpenSSL would add what it finds among the
    // trusted certificates.
    builder.set_mode(SslMode::NO_AUTO_CHAIN);
    for certificate in policy.trust.certificates() {
        builder.cert_store_mut().add_cert(X509::from_der(certificate)?)?;
    }
    if let Some(identity) = identity {
        let (chain, key) = identity.openssl();
        if let Some((leaf, others)) = chain.split_first() {
            builder.set_certificate(leaf)?;
            for certificate in others {
                builder.add_extra_chain_cert(certificate.clone())?;
            }
        }
        builder.set_private_key(key)?;
    }
    Ok(builder.build())
}

const fn openssl_version(version: TlsVersion) -> SslVersion {
    match version {
        TlsVersion::Tls10 => SslVersion::TLS1,
        TlsVersion::Tls11 => SslVersion::TLS1_1,
        TlsVersion::Tls12 => SslVersion::TLS1_2,
        TlsVersion::Tls13 => SslVersion::TLS1_3,
    }
}

const CHAIN_TOO_LONG: &str = "chain_too_long";

/// What the verifier's result is called here. The numbers are OpenSSL's
/// (`include/openssl/x509_vfy.h`).
fn untrusted(result: X509VerifyResult, leaf: Option<&openssl::x509::X509Ref>) -> Untrusted {
    let reason = match result.as_raw() {
        2 | 19 | 20 | 21 | 27 => "unknown_issuer",
        7 => "bad_signature",
        9 => "not_yet_valid",
        10 => "expired",
        18 => "self_signed",
        22 => CHAIN_TOO_LONG,
        23 => "revoked",
        24 | 79 => "not_a_leaf",
        26 => "wrong_purpose",
        62 | 64 => "name_mismatch",
        66..=68 => "unsupported_algorithm",
        _ => "other",
    };
    let subject = leaf.map(|leaf| super::peer::name(leaf.subject_name())).unwrap_or_default();
    Untrusted { reason, detail: format!("the certificate of {subject}: {}", result.error_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cipher_names_are_sorted_by_the_version_they_belong_to() {
        assert_eq!(
            CipherList::parse("ECDHE-RSA-AES128-SHA:TLS_AES_128_GCM_SHA256:!aNULL"),
            CipherList {
                list: "ECDHE-RSA-AES128-SHA:!aNULL".into(),
                suites: "TLS_AES_128_GCM_SHA256".into()
            }
        );
    }
}
