//! Handshakes with an OpenSSL server in the same process: each version, each
//! kind of certificate, each way to say no.

use std::pin::Pin;
use std::sync::Arc;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_openssl::SslStream;

use super::TlsVersion::{Tls10, Tls11, Tls12, Tls13};
use super::*;

/// A certificate with its key.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) x509: X509,
    pub(super) key: PKey<Private>,
}

/// What is odd about a certificate; the default is a good one for `mx.test`.
pub(super) struct Odd {
    pub(super) san: &'static [&'static str],
    pub(super) days: (i64, i64),
    pub(super) ca: bool,
    pub(super) client_only: bool,
    pub(super) version: i32,
    pub(super) digest: MessageDigest,
}

impl Default for Odd {
    fn default() -> Self {
        let digest = MessageDigest::sha256();
        Self { san: &["mx.test"], days: (-1, 1), ca: false, client_only: false, version: 2, digest }
    }
}

pub(super) fn ecdsa() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a known curve");
    PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key")
}

pub(super) fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).expect("a key")).expect("a key")
}

pub(super) fn mint(key: PKey<Private>, name: &str, issuer: Option<&Pair>, odd: &Odd) -> Pair {
    let make = || {
        let mut subject = X509NameBuilder::new()?;
        subject.append_entry_by_text("CN", name)?;
        let subject = subject.build();
        let mut x509 = X509::builder()?;
        x509.set_version(odd.version)?;
        let serial = BigNum::from_u32(fastrand::u32(1..))?.to_asn1_integer()?;
        x509.set_serial_number(&serial)?;
        x509.set_subject_name(&subject)?;
        x509.set_issuer_name(issuer.map_or(&*subject, |issuer| issuer.x509.subject_name()))?;
        x509.set_pubkey(&key)?;
        let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs() as i64);
        x509.set_not_before(&*Asn1Time::from_unix(now + odd.days.0 * 86_400)?)?;
        x509.set_not_after(&*Asn1Time::from_unix(now + odd.days.1 * 86_400)?)?;
        if odd.version == 2 {
            let constraints = BasicConstraints::new();
            let mut constraints = constraints;
            if odd.ca {
                constraints.ca();
            }
            x509.append_extension(constraints.critical().build()?)?;
            if odd.client_only {
                x509.append_extension(ExtendedKeyUsage::new().client_auth().build()?)?;
            }
            if !odd.san.is_empty() {
                let mut san = SubjectAlternativeName::new();
                for name in odd.san {
                    if name.parse::<std::net::IpAddr>().is_ok() {
                        san.ip(name)
                    } else {
                        san.dns(name)
                    };
                }
                let san = san.build(&x509.x509v3_context(None, None))?;
                x509.append_extension(san)?;
            }
        }
        x509.sign(issuer.map_or(&key, |issuer| &issuer.key), odd.digest)?;
        Ok::<_, openssl::error::ErrorStack>(x509.build())
    };
    let x509 = make().expect("a certificate");
    Pair { x509, key }
}

pub(super) fn ca() -> Pair {
    mint(ecdsa(), "Lab CA", None, &Odd { san: &[], ca: true, ..Odd::default() })
}

fn trust(ca: &Pair) -> Arc<Trust> {
    Arc::new(Trust::from_pem(&ca.x509.to_pem().expect("PEM")).expect("a CA"))
}

fn identity(pairs: &[&Pair]) -> Arc<Identity> {
    let chain: Vec<u8> = pairs.iter().flat_map(|pair| pair.x509.to_pem().expect("PEM")).collect();
    let key = pairs[0].key.private_key_to_pem_pkcs8().expect("PEM");
    Arc::new(Identity::from_pem(&chain, &key).expect("they belong together"))
}

pub(super) fn settings(ca: &Pair, version: TlsVersion) -> Settings {
    Settings {
        versions: VersionRange::only(version),
        ciphers: None,
        groups: Vec::new(),
        resume: false,
        verify: Verify::Full,
        trust: trust(ca),
        backend: Backend::Auto,
        identity: None,
    }
}

/// How the server feels about client certificates.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ask {
    No,
    /// Takes any, or none.
    Any,
    /// Wants one, and takes any.
    Required,
    /// Wants one of a CA that it knows, which none is.
    Known,
}

pub(super) fn server(
    pair: &Pair,
    chain: &[&Pair],
    versions: (SslVersion, SslVersion),
    ask: Ask,
) -> SslContext {
    let make = || {
        let mut context = SslContext::builder(SslMethod::tls_server())?;
        context.set_cipher_list("ALL:@SECLEVEL=0")?;
        context.set_min_proto_version(Some(versions.0))?;
        context.set_max_proto_version(Some(versions.1))?;
        context.set_certificate(&pair.x509)?;
        context.set_private_key(&pair.key)?;
        for above in chain {
            context.add_extra_chain_cert(above.x509.clone())?;
        }
        context.set_session_id_context(b"test")?;
        match ask {
            Ask::No => {}
            Ask::Any => context.set_verify_callback(SslVerifyMode::PEER, |_, _| true),
            Ask::Required => context
                .set_verify_callback(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT, |_, _| true),
            Ask::Known => context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT),
        }
        Ok::<_, openssl::error::ErrorStack>(context.build())
    };
    make().expect("a server")
}

pub(super) fn all() -> (SslVersion, SslVersion) {
    (SslVersion::TLS1, SslVersion::TLS1_3)
}

/// Shakes hands, and reads the one line that the server then says. How many
/// certificates the client showed comes second.
pub(super) async fn shake(
    settings: &Settings,
    context: &SslContext,
    name: &str,
) -> (Result<Negotiated, TlsFailure>, usize) {
    let client = Client::new(settings).expect("settings that can be met");
    shake_with(&client, context, name, None).await
}

pub(super) async fn shake_with(
    client: &Client,
    context: &SslContext,
    name: &str,
    memory: Option<&Memory>,
) -> (Result<Negotiated, TlsFailure>, usize) {
    let (near, far) = duplex(64 * 1024);
    let ssl = Ssl::new(context).expect("a session");
    let accept = tokio::spawn(accept(ssl, far));
    let shaken = match client.connect(near, name, memory).await {
        Ok((mut stream, negotiated)) => {
            let mut line = [0; 5];
            match stream.read_exact(&mut line).await {
                Ok(_) => {
                    stream.write_all(b"x").await.expect("the server reads");
                    stream.flush().await.expect("the server reads");
                    Ok(negotiated)
                }
                Err(error) => Err(TlsFailure::of(&error)),
            }
        }
        Err(failure) => Err(failure),
    };
    (shaken, accept.await.expect("the server does not panic"))
}

async fn accept(ssl: Ssl, io: DuplexStream) -> usize {
    let mut stream = SslStream::new(ssl, io).expect("a stream");
    if Pin::new(&mut stream).accept().await.is_err() {
        let _ = stream.get_mut().shutdown().await;
        return 0;
    }
    let _ = stream.write_all(b"220 \n").await;
    let _ = stream.read_u8().await;
    stream
        .ssl()
        .peer_certificate()
        .map_or(0, |_| 1 + stream.ssl().peer_cert_chain().map_or(0, |chain| chain.len()))
}

fn reason(shaken: Result<Negotiated, TlsFailure>) -> String {
    match shaken {
        Ok(negotiated) => match negotiated.verified {
            Ok(()) => "verified".to_owned(),
            Err(untrusted) => format!("permitted {}", untrusted.reason),
        },
        Err(failure) => failure.reason.to_owned(),
    }
}

#[tokio::test]
async fn every_version_works_with_rsa_and_ecdsa_client_certificates() {
    let ca = ca();
    let leaf = mint(ecdsa(), "mx.test", Some(&ca), &Odd::default());
    let over = mint(ecdsa(), "Intermediate", Some(&ca), &Odd { san: &[], ca: true, ..Odd::default() });
    for key in [rsa(2048), ecdsa()] {
        let own = mint(key, "app.test", Some(&over), &Odd::default());
        for version in TlsVersion::ALL {
            for backend in [Backend::Auto, Backend::OpenSsl] {
                let settings =
                    Settings { identity: Some(identity(&[&own, &over])), backend, ..settings(&ca, version) };
                let (shaken, chain) = shake(&settings, &server(&leaf, &[], all(), Ask::Any), "mx.test").await;
                let tls = shaken.expect("a handshake");
                assert_eq!((tls.version, chain), (version, 2), "{version} {backend:?}");
                assert_eq!(tls.client_certificate, ClientCertificate::Sent, "{version} {backend:?}");
                assert_eq!(tls.verified, Ok(()), "{version} {backend:?}");
                let expected =
                    if version < Tls12 || backend == Backend::OpenSsl { "openssl" } else { "rustls" };
                assert_eq!(tls.backend, expected);
                assert!(tls.cipher.starts_with("TLS_"), "{}", tls.cipher);
                let peer = tls.peer.expect("the server's certificate");
                assert_eq!((peer.subject.as_str(), peer.issuer.as_str()), ("CN=mx.test", "CN=Lab CA"));
                assert_eq!(peer.san, ["mx.test"]);
            }
        }
    }
}

#[tokio::test]
async fn whether_the_server_asked_for_a_certificate_is_seen_in_every_version() {
    let ca = ca();
    let leaf = mint(ecdsa(), "mx.test", Some(&ca), &Odd::default());
    for version in TlsVersion::ALL {
        for backend in [Backend::Auto, Backend::OpenSsl] {
            let settings = Settings { backend, ..settings(&ca, version) };
            for (ask, expected) in
                [(Ask::No, ClientCertificate::NotRequested), (Ask::Any, ClientCertificate::None)]
            {
                let (shaken, _) = shake(&settings, &server(&leaf, &[], all(), ask), "mx.test").await;
                let tls = shaken.expect("a handshake");
                assert_eq!(tls.client_certificate, expected, "{version} {backend:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_refused_client_certificate_is_told_in_the_handshake_or_on_the_first_read() {
    let ca = ca();
    let leaf = mint(ecdsa(), "mx.test", Some(&ca), &Odd::default());
    let own = mint(ecdsa(), "app.test", None, &Odd::default());
    for version in TlsVersion::ALL {
        for backend in [Backend::Auto, Backend::OpenSsl] {
            let none = Settings { backend, ..settings(&ca, version) };
            let some = Settings { identity: Some(identity(&[&own])), ..none.clone() };
            for (settings, ask) in [(none, Ask::Required), (some, Ask::Known)] {
                let (shaken, _) = shake(&settings, &server(&leaf, &[], all(), ask), "mx.test").await;
                let failure = shaken.expect_err("refused");
                if version == Tls13 {
                    assert!(failure.is_about_client_certificate(), "{failure:?}");
                } else {
                    assert_eq!(failure.reason, "client_certificate", "{version} {backend:?} {failure:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_server_without_the_version_refuses() {
    let ca = ca();
    let leaf = mint(ecdsa(), "mx.test", Some(&ca), &Odd::default());
    for (version, floor, ceiling) in [
        (Tls10, SslVersion::TLS1_2, SslVersion::TLS1_3),
        (Tls11, SslVersion::TLS1_2, SslVersion::TLS1_2),
        (Tls12, SslVersion::TLS1_3, SslVersion::TLS1_3),
        (Tls12, SslVersion::TLS1, SslVersion::TLS1_1),
        (Tls13, SslVersion::TLS1_2, SslVersion::TLS1_2),
    ] {
        for backend in [Backend::Auto, Backend::OpenSsl] {
            let settings = Settings { backend, ..settings(&ca, version) };
            let context = server(&leaf, &[], (floor, ceiling), Ask::No);
            let failure = shake(&settings, &context, "mx.test").await.0.expect_err("refused");
            assert_eq!(
                (failure.kind, failure.reason),
                (TlsFailureKind::Refused, "protocol_version"),
                "{version} {backend:?}"
            );
        }
    }
}

#[tokio::test]
async fn each_fault_of_a_servers_certificate_has_its_reason() {
    let ca = ca();
    let other = mint(ecdsa(), "Other CA", None, &Odd { san: &[], ca: true, ..Odd::default() });
    let over = mint(ecdsa(), "Intermediate", Some(&ca), &Odd { san: &[], ca: true, ..Odd::default() });
    let leaf = |issuer: Option<&Pair>, odd: &Odd| mint(ecdsa(), "mx.test", issuer, odd);
    let good = leaf(Some(&ca), &Odd::default());
    let cases = [
        (good, "verified"),
        (leaf(Some(&ca), &Odd { days: (-3, -1), ..Odd::default() }), "expired"),
        (leaf(Some(&ca), &Odd { days: (1, 3), ..Odd::default() }), "not_yet_valid"),
        (leaf(None, &Odd::default()), "self_signed"),
        (leaf(None, &Odd { ca: true, ..Odd::default() }), "self_signed"),
        (leaf(Some(&other), &Odd::default()), "unknown_issuer"),
        (leaf(Some(&over), &Odd::default()), "unknown_issuer"),
        (leaf(Some(&ca), &Odd { san: &["other.test"], ..Odd::default() }), "name_mismatch"),
        (leaf(Some(&ca), &Odd { san: &[], ..Odd::default() }), "name_mismatch"),
        (leaf(Some(&ca), &Odd { client_only: true, ..Odd::default() }), "wrong_purpose"),
        (leaf(Some(&ca), &Odd { digest: MessageDigest::sha1(), ..Odd::default() }), "unsupported_algorithm"),
    ];
    for (pair, expected) in &cases {
        for (version, backend) in [
            (Tls12, Backend::Rustls),
            (Tls13, Backend::Rustls),
            (Tls13, Backend::OpenSsl),
            (Tls10, Backend::Auto),
        ] {
            let context = server(pair, &[], all(), Ask::No);
            let full = Settings { backend, ..settings(&ca, version) };
            let came = reason(shake(&full, &context, "mx.test").await.0);
            assert_eq!(came, *expected, "{version} {backend:?}");
            // The same is recorded where nothing is asked for.
            let none = Settings { verify: Verify::None, ..full.clone() };
            let recorded =
                if *expected == "verified" { "verified".to_owned() } else { format!("permitted {expected}") };
            assert_eq!(reason(shake(&none, &context, "mx.test").await.0), recorded, "{version} {backend:?}");
            // The chain alone forgives the name alone.
            let chain = Settings { verify: Verify::Chain, ..full };
            let forgiven = if *expected == "name_mismatch" { recorded } else { (*expected).to_owned() };
            assert_eq!(reason(shake(&chain, &context, "mx.test").await.0), forgiven, "{version} {backend:?}");
        }
    }
}

#[tokio::test]
async fn a_fingerprint_is_all_that_counts_where_one_is_given() {
    let ca = ca();
    let pair = mint(ecdsa(), "odd", None, &Odd { days: (-3, -1), ..Odd::default() });
    let right = openssl::sha::sha256(&pair.x509.to_der().expect("DER"));
    for backend in [Backend::Rustls, Backend::OpenSsl] {
        for (fingerprint, expected) in [(right, "verified"), ([7; 32], "fingerprint")] {
            let settings =
                Settings { backend, verify: Verify::Fingerprint(fingerprint), ..settings(&ca, Tls13) };
            let context = server(&pair, &[], all(), Ask::No);
            assert_eq!(reason(shake(&settings, &context, "mx.test").await.0), expected, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn a_servers_own_certificate_can_be_trusted_by_itself() {
    for authority in [false, true] {
        let make = |days| mint(ecdsa(), "mx.test", None, &Odd { ca: authority, days, ..Odd::default() });
        for (pair, name, expected) in [
            (make((-1, 1)), "mx.test", "verified"),
            (make((-1, 1)), "other.test", "name_mismatch"),
            (make((-3, -1)), "mx.test", "expired"),
            (make((1, 3)), "mx.test", "not_yet_valid"),
        ] {
            for backend in [Backend::Rustls, Backend::OpenSsl] {
                let settings = Settings { backend, ..settings(&pair, Tls13) };
                let context = server(&pair, &[], all(), Ask::No);
                let came = reason(shake(&settings, &context, name).await.0);
                assert_eq!(came, expected, "{backend:?}, CA:{authority}");
            }
        }
    }
}

#[tokio::test]
async fn a_wildcard_stands_for_one_label() {
    let ca = ca();
    let pair = mint(ecdsa(), "odd", Some(&ca), &Odd { san: &["*.contoso.test"], ..Odd::default() });
    for backend in [Backend::Rustls, Backend::OpenSsl] {
        for (name, expected) in [("mx.contoso.test", "verified"), ("a.mx.contoso.test", "name_mismatch")] {
            let settings = Settings { backend, ..settings(&ca, Tls13) };
            let context = server(&pair, &[], all(), Ask::No);
            assert_eq!(reason(shake(&settings, &context, name).await.0), expected, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn an_address_is_verified_as_an_address() {
    let ca = ca();
    for backend in [Backend::Rustls, Backend::OpenSsl] {
        for (san, expected) in [(&["127.0.0.1"][..], "verified"), (&["mx.test"][..], "name_mismatch")] {
            let pair = mint(ecdsa(), "mx.test", Some(&ca), &Odd { san, ..Odd::default() });
            let settings = Settings { backend, ..settings(&ca, Tls13) };
            let context = server(&pair, &[], all(), Ask::No);
            assert_eq!(reason(shake(&settings, &context, "127.0.0.1").await.0), expected, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn rustls_speaks_with_servers_whose_certificates_it_would_not_read() {
    let ca = ca();
    let short = mint(rsa(1024), "mx.test", Some(&ca), &Odd::default());
    let old = mint(ecdsa(), "mx.test", Some(&ca), &Odd { version: 0, ..Odd::default() });
    for pair in [&short, &old] {
        for version in [Tls12, Tls13] {
            let settings = Settings { verify: Verify::None, ..settings(&ca, version) };
            let (shaken, _) = shake(&settings, &server(pair, &[], all(), Ask::No), "mx.test").await;
            assert_eq!(shaken.expect("a handshake").backend, "rustls");
        }
    }
}

#[tokio::test]
async fn a_chain_past_its_bound_is_a_limit() {
    let ca = ca();
    let leaf = mint(ecdsa(), "mx.test", Some(&ca), &Odd::default());
    let chain = vec![&ca; 100];
    for backend in [Backend::Rustls, Backend::OpenSsl] {
        let settings = Settings { backend, verify: Verify::None, ..settings(&ca, Tls13) };
        let failure =
            shake(&settings, &server(&leaf, &chain, all(), Ask::No), "mx.test").await.0.expect_err("a limit");
        assert_eq!((failure.kind, failure.reason), (TlsFailureKind::Limit, "chain"), "{backend:?}");
    }
}

#[tokio::test]
async fn a_port_that_answers_in_clear_text_is_no_tls() {
    let ca = ca();
    for (version, text) in
        [(Tls13, "220 mx.test ESMTP\r\n"), (Tls10, "220 mx.test ESMTP\r\n"), (Tls13, "HTTP/1.1 400\r\n")]
    {
        let client = Client::new(&settings(&ca, version)).expect("settings that can be met");
        let (near, mut far) = duplex(1024);
        far.write_all(text.as_bytes()).await.expect("room");
        let failure = client.connect(near, "mx.test", None).await.expect_err("no handshake");
        assert_eq!((failure.kind, failure.reason), (TlsFailureKind::NotTls, "not_tls"));
        assert!(failure.detail.ends_with(text.trim_end()), "{}", failure.detail);
    }
}

#[tokio::test]
async fn ciphers_are_those_that_were_named() {
    let ca = ca();
    let leaf = mint(rsa(2048), "mx.test", Some(&ca), &Odd::default());
    let context = server(&leaf, &[], all(), Ask::No);
    for (ciphers, version, cipher) in [
        ("ECDHE-RSA-AES128-SHA", Tls12, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
        ("TLS_CHACHA20_POLY1305_SHA256", Tls13, "TLS_CHACHA20_POLY1305_SHA256"),
    ] {
        let settings = Settings {
            ciphers: Some(ciphers.to_owned()),
            versions: VersionRange::default(),
            ..settings(&ca, Tls12)
        };
        let tls = shake(&settings, &context, "mx.test").await.0.expect("a handshake");
        assert_eq!((tls.version, tls.cipher.as_str()), (version, cipher));
    }
}
