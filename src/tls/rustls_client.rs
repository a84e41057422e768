//! Handshakes by rustls: TLS 1.2 and 1.3.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use openssl::hash::MessageDigest;
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};
use openssl::x509::X509;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{ResolvesClientCert, Resumption, verify_server_name};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, SupportedKxGroup, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, HandshakeKind, ProtocolVersion,
    SignatureScheme, version,
};

use super::client::{LONGEST_CHAIN, Outcome, Policy};
use super::failure::TlsFailure;
use super::peer::system_time;
use super::tap::Tap;
use super::{
    ClientCertificate, Group, Memory, PeerCertificate, Staple, Stream, TlsVersion, Untrusted, VersionRange,
};

/// The algorithms, built once.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));
    Arc::clone(&PROVIDER)
}

fn kx_group(group: Group) -> Option<&'static dyn SupportedKxGroup> {
    ring::ALL_KX_GROUPS.iter().copied().find(|known| group == Group::Named(known.name().into()))
}

/// Whether rustls has a group.
pub(super) fn has(group: Group) -> bool {
    kx_group(group).is_some()
}

/// Handshakes by rustls. What is the same for every connection is in `base`; who
/// verifies and who shows the client's certificate is set anew for each, because
/// both have something to tell about that one handshake.
pub(super) struct RustlsClient {
    base: ClientConfig,
    certified: Option<Arc<CertifiedKey>>,
    policy: Arc<Policy>,
}

impl RustlsClient {
    /// The caller has seen to it that the range holds 1.2 or 1.3.
    pub(super) fn new(
        versions: VersionRange,
        groups: &[Group],
        certified: Option<Arc<CertifiedKey>>,
        policy: Arc<Policy>,
    ) -> Result<Self, String> {
        let known = [(TlsVersion::Tls12, &version::TLS12), (TlsVersion::Tls13, &version::TLS13)];
        let offered: Vec<_> = known
            .iter()
            .filter(|(version, _)| versions.contains(*version))
            .map(|(_, known)| *known)
            .collect();
        let watch = Arc::new(Watch::new(Arc::clone(&policy), None));
        let mut provider = provider();
        if !groups.is_empty() {
            let kx_groups = groups.iter().filter_map(|group| kx_group(*group)).collect();
            provider = Arc::new(CryptoProvider { kx_groups, ..(*provider).clone() });
        }
        let mut base = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&offered)
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&watch) as Arc<dyn ServerCertVerifier>)
            .with_client_cert_resolver(watch);
        // Every session is to show what a first connection meets, unless it brings a memory.
        base.resumption = Resumption::disabled();
        Ok(Self { base, certified, policy })
    }

    pub(super) async fn connect<S>(
        &self,
        stream: S,
        name: ServerName<'static>,
        memory: Option<&Memory>,
    ) -> Result<(Stream<S>, Outcome), TlsFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let new = || Arc::new(Watch::new(Arc::clone(&self.policy), self.certified.clone()));
        let mut config = self.base.clone();
        let watch = match memory {
            None => new(),
            Some(memory) => {
                config.resumption = Resumption::store(Arc::clone(&memory.store) as _);
                let watch = Arc::clone(memory.watch.get_or_init(new));
                watch.begin();
                watch
            }
        };
        config.dangerous().set_certificate_verifier(Arc::clone(&watch) as Arc<dyn ServerCertVerifier>);
        config.client_auth_cert_resolver = Arc::clone(&watch) as Arc<dyn ResolvesClientCert>;
        let connector = TlsConnector::from(Arc::new(config));
        let mut tls = match connector.connect(name, Tap::new(stream)).into_fallible().await {
            Ok(tls) => tls,
            Err((error, mut tap)) => {
                let heard = tap.finish();
                return Err(match heard.clear_text() {
                    Some(bytes) => TlsFailure::not_tls(bytes),
                    None => watch.failure(TlsFailure::of(&error)),
                });
            }
        };
        let (tap, session) = tls.get_mut();
        tap.finish();
        let version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
            _ => TlsVersion::Tls12,
        };
        let cipher =
            session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or_default();
        let shown = session.peer_certificates().unwrap_or_default().iter().map(AsRef::as_ref);
        let group = session.negotiated_key_exchange_group().map(|group| Group::Named(group.name().into()));
        let outcome = Outcome {
            version,
            // IANA's names of the TLS 1.3 suites carry no version.
            cipher: cipher.replacen("TLS13_", "TLS_", 1),
            group,
            resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
            verified: watch.verified(),
            peer: self.policy.peer(shown.clone()),
            staple: watch.staple(shown),
            client_certificate: watch.client_certificate(),
        };
        Ok((Stream::Rustls(Box::new(tls)), outcome))
    }
}

/// One handshake's verifier and certificate resolver, and what they saw.
pub(super) struct Watch {
    policy: Arc<Policy>,
    certified: Option<Arc<CertifiedKey>>,
    verdict: Mutex<Option<Verdict>>,
    /// The OCSP response as it came; empty: none.
    staple: Mutex<Vec<u8>>,
    asked: AtomicBool,
    sent: AtomicBool,
}

/// What became of the server's certificate.
#[derive(Clone)]
enum Verdict {
    Judged(Result<(), Untrusted>),
    /// Longer than [`LONGEST_CHAIN`].
    ChainTooLong,
}

impl Watch {
    fn new(policy: Arc<Policy>, certified: Option<Arc<CertifiedKey>>) -> Self {
        let (verdict, staple, asked, sent) = Default::default();
        Self { policy, certified, verdict, staple, asked, sent }
    }

    /// Begins another handshake. If that resumes a session, no certificate is shown, and
    /// what was found of it before still holds.
    fn begin(&self) {
        self.asked.store(false, Ordering::Relaxed);
        self.sent.store(false, Ordering::Relaxed);
    }

    fn staple<'c>(&self, chain: impl ExactSizeIterator<Item = &'c [u8]>) -> Staple {
        let response = self.staple.lock().unwrap_or_else(PoisonError::into_inner);
        Staple::read(&response, chain, &self.policy.trust)
    }

    fn set(&self, verdict: Verdict) {
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
    }

    fn get(&self) -> Option<Verdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn verified(&self) -> Result<(), Untrusted> {
        match self.get() {
            Some(Verdict::Judged(result)) => result,
            Some(Verdict::ChainTooLong) | None => {
                Err(Untrusted { reason: "other", detail: "no certificate was shown".to_owned() })
            }
        }
    }

    fn client_certificate(&self) -> ClientCertificate {
        match (self.asked.load(Ordering::Relaxed), self.sent.load(Ordering::Relaxed)) {
            (false, _) => ClientCertificate::NotRequested,
            (true, false) => ClientCertificate::None,
            (true, true) => ClientCertificate::Sent,
        }
    }

    /// What a failed handshake was about: our own refusal of the server's
    /// certificate, the server's of ours, or what the library says.
    fn failure(&self, failure: TlsFailure) -> TlsFailure {
        match self.get() {
            Some(Verdict::ChainTooLong) => TlsFailure::chain_too_long(),
            Some(Verdict::Judged(Err(untrusted))) if !self.policy.permits(&untrusted) => {
                TlsFailure::untrusted(untrusted)
            }
            _ => failure.after_request(self.asked.load(Ordering::Relaxed)),
        }
    }

    /// Chain and name by rustls' own verifier.
    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Untrusted> {
        if let Some(matched) = self.policy.fingerprint(leaf) {
            return matched;
        }
        let shown: Vec<&[u8]> = std::iter::once(leaf).chain(intermediates).map(AsRef::as_ref).collect();
        let peer = self.policy.peer(shown.into_iter()).unwrap_or_default();
        let Some(webpki) = self.policy.trust.webpki() else {
            let reason = if peer.is_self_issued() { "self_signed" } else { "unknown_issuer" };
            return Err(Untrusted { reason, detail: "there is no trusted root at all".to_owned() });
        };
        let Err(error) = webpki.verify_server_cert(leaf, intermediates, name, &[], now) else {
            return Ok(());
        };
        let fault = untrusted(&error, &peer);
        if fault.reason != "self_signed" || !self.policy.trust.certificates().contains(leaf) {
            return Err(fault);
        }
        // A server's own certificate that is trusted by name. webpki takes one
        // that says `CA:TRUE` (`openssl req -x509` writes that) for no leaf.
        let parsed = ParsedCertificate::try_from(leaf).map_err(|error| untrusted(&error, &peer))?;
        verify_server_name(&parsed, name).map_err(|error| untrusted(&error, &peer))?;
        validity(leaf)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Watch {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if intermediates.len() >= LONGEST_CHAIN {
            self.set(Verdict::ChainTooLong);
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        *self.staple.lock().unwrap_or_else(PoisonError::into_inner) = ocsp_response.to_vec();
        let result = self.policy.judged.or_judge(end_entity, intermediates, server_name, now, || {
            self.judge(end_entity, intermediates, server_name, now)
        });
        self.set(Verdict::Judged(result.clone()));
        match result {
            Err(untrusted) if !self.policy.permits(&untrusted) => Err(alert_for(untrusted.reason).into()),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.policy.algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
            .or_else(|error| by_openssl(message, cert, dss, error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.policy.algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
            .or_else(|error| by_openssl(message, cert, dss, error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.policy.algorithms.supported_schemes();
        schemes.push(SignatureScheme::ECDSA_NISTP521_SHA512);
        schemes
    }
}

impl ResolvesClientCert for Watch {
    fn resolve(&self, _hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        // Shown whatever issuers the server hints at: whether it likes the
        // certificate is what is to be found out.
        let certified = self.certified.as_ref()?;
        certified.key.choose_scheme(schemes)?;
        self.sent.store(true, Ordering::Relaxed);
        Some(Arc::clone(certified))
    }

    fn has_certs(&self) -> bool {
        self.certified.is_some()
    }
}

/// Whether now lies in the certificate's time.
fn validity(leaf: &CertificateDer<'_>) -> Result<(), Untrusted> {
    let fault = |reason, words: &str| Err(Untrusted { reason, detail: words.to_owned() });
    let Ok(x509) = X509::from_der(leaf) else {
        return fault("bad_encoding", "the certificate cannot be read");
    };
    let now = SystemTime::now();
    if now > system_time(x509.not_after()) {
        return fault("expired", "the certificate has expired");
    }
    if now < system_time(x509.not_before()) {
        return fault("not_yet_valid", "the certificate is not valid yet");
    }
    Ok(())
}

/// A second opinion on a handshake's signature, by OpenSSL: rustls will not look
/// into X.509 v1 certificates, RSA keys below 2048 bits and P-521. Whether such a
/// certificate holds is another question, answered by [`Watch::judge`].
fn by_openssl(
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
    error: Error,
) -> Result<HandshakeSignatureValid, Error> {
    use SignatureScheme as S;
    let digest = match dss.scheme {
        S::RSA_PSS_SHA256 | S::RSA_PKCS1_SHA256 | S::ECDSA_NISTP256_SHA256 => MessageDigest::sha256(),
        S::RSA_PSS_SHA384 | S::RSA_PKCS1_SHA384 | S::ECDSA_NISTP384_SHA384 => MessageDigest::sha384(),
        S::RSA_PSS_SHA512 | S::RSA_PKCS1_SHA512 | S::ECDSA_NISTP521_SHA512 => MessageDigest::sha512(),
        _ => return Err(error),
    };
    let pss = matches!(dss.scheme, S::RSA_PSS_SHA256 | S::RSA_PSS_SHA384 | S::RSA_PSS_SHA512);
    let verify = || {
        let key = X509::from_der(cert)?.public_key()?;
        let mut verifier = Verifier::new(digest, &key)?;
        if pss {
            verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
        verifier.verify_oneshot(dss.signature(), message)
    };
    match verify() {
        Ok(true) => Ok(HandshakeSignatureValid::assertion()),
        Ok(false) | Err(_) => Err(error),
    }
}

/// What the verifier's error is called here.
fn untrusted(error: &Error, peer: &PeerCertificate) -> Untrusted {
    use CertificateError as E;
    let Error::InvalidCertificate(certificate) = error else {
        return Untrusted { reason: "other", detail: error.to_string() };
    };
    let reason = match certificate {
        E::Expired | E::ExpiredContext { .. } => "expired",
        E::NotValidYet | E::NotValidYetContext { .. } => "not_yet_valid",
        E::NotValidForName | E::NotValidForNameContext { .. } => "name_mismatch",
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => "wrong_purpose",
        // A certificate that vouches for itself is not of an unknown issuer, and
        // with `CA:TRUE` in it the library would call it no leaf.
        E::UnknownIssuer | E::Other(_) if peer.is_self_issued() => "self_signed",
        E::UnknownIssuer => "unknown_issuer",
        E::BadSignature => "bad_signature",
        E::UnsupportedSignatureAlgorithmContext { .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => "unsupported_algorithm",
        E::BadEncoding => "bad_encoding",
        E::Revoked => "revoked",
        E::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => "not_a_leaf",
        _ => "other",
    };
    let detail = match certificate {
        E::NotValidForNameContext { expected, presented } if presented.is_empty() => {
            format!(
                "the certificate of {} names no host in its subjectAltName; {} is wanted",
                peer.subject,
                expected.to_str()
            )
        }
        E::NotValidForNameContext { expected, .. } => {
            format!("the certificate is for {}; {} is wanted", shortened(&peer.san), expected.to_str())
        }
        E::Expired | E::ExpiredContext { .. } => {
            format!("the certificate of {} ended on {}", peer.subject, peer.not_after)
        }
        _ if reason == "self_signed" => format!("the certificate of {} is signed by itself", peer.subject),
        E::UnknownIssuer => {
            format!("no trusted certificate vouches for {}, issued by {}", peer.subject, peer.issuer)
        }
        other => other.to_string(),
    };
    Untrusted { reason, detail }
}

/// Some of the names; a certificate may carry thousands.
fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

/// The error that makes rustls send the right alert.
fn alert_for(reason: &str) -> CertificateError {
    match reason {
        "expired" => CertificateError::Expired,
        "not_yet_valid" => CertificateError::NotValidYet,
        "unknown_issuer" | "self_signed" => CertificateError::UnknownIssuer,
        "name_mismatch" => CertificateError::NotValidForName,
        "wrong_purpose" => CertificateError::InvalidPurpose,
        _ => CertificateError::ApplicationVerificationFailure,
    }
}
