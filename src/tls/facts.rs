//! What is told of a handshake: the same by both libraries, in every version.

use openssl::ssl::{SslContext, SslMethod, SslVersion};

use super::TlsVersion::{Tls12, Tls13};
use super::handshakes::{Ask, Odd, Pair, all, ca, ecdsa, mint, rsa, server, settings, shake, shake_with};
use super::*;

const BOTH: [Backend; 2] = [Backend::Auto, Backend::OpenSsl];

fn group(name: &str) -> Group {
    Group::ALL.iter().find(|(known, _)| *known == name).expect("a known group").1
}

fn choosing(pair: &Pair, groups: &str, ciphers: &str) -> SslContext {
    let make = || {
        let mut context = SslContext::builder(SslMethod::tls_server())?;
        context.set_cipher_list(ciphers)?;
        context.set_groups_list(groups)?;
        context.set_tmp_dh(&*openssl::dh::Dh::get_2048_256()?)?;
        context.set_certificate(&pair.x509)?;
        context.set_private_key(&pair.key)?;
        Ok::<_, openssl::error::ErrorStack>(context.build())
    };
    make().expect("a server")
}

#[tokio::test]
async fn the_group_is_told_alike_by_both_libraries() {
    let ca = ca();
    let leaf = mint(rsa(2048), "mx.test", Some(&ca), &Odd::default());
    // The second of each is what the server takes, in TLS 1.3 after a HelloRetryRequest.
    for (offered, taken) in
        [("x25519", "x25519"), ("P-256", "P-256"), ("P-256", "P-384"), ("x25519", "P-256")]
    {
        for version in [Tls12, Tls13] {
            for backend in BOTH {
                let groups = vec![group(offered), group(taken)];
                let groups = if offered == taken { vec![group(taken)] } else { groups };
                let settings = Settings { groups, backend, ..settings(&ca, version) };
                let server = choosing(&leaf, taken, "DEFAULT:@SECLEVEL=0");
                let tls = shake(&settings, &server, "mx.test").await.0.expect("a handshake");
                assert_eq!(tls.group, Some(group(taken)), "{version} {backend:?} {offered}");
                assert!(!tls.resumed);
            }
        }
    }
    // What rustls has not.
    for (version, taken) in
        [(Tls12, "P-521"), (Tls12, "x448"), (Tls13, "ffdhe2048"), (Tls13, "X25519MLKEM768")]
    {
        let settings = Settings { groups: vec![group(taken)], ..settings(&ca, version) };
        let server = choosing(&leaf, taken, "DEFAULT:@SECLEVEL=0");
        let tls = shake(&settings, &server, "mx.test").await.0.expect("a handshake");
        assert_eq!((tls.group, tls.backend), (Some(group(taken)), "openssl"), "{version}");
    }
    // Groups of TLS 1.2 that have no name, and none at all.
    for (cipher, told) in [("DHE-RSA-AES128-GCM-SHA256", Some("DH-2048")), ("AES128-SHA", None)] {
        let settings = Settings { ciphers: Some(cipher.to_owned()), ..settings(&ca, Tls12) };
        let server = choosing(&leaf, "P-256", "DEFAULT:@SECLEVEL=0");
        let tls = shake(&settings, &server, "mx.test").await.0.expect("a handshake");
        assert_eq!(tls.group.map(|group| group.to_string()).as_deref(), told);
    }
}

#[tokio::test]
async fn a_group_that_the_server_has_not_is_refused() {
    let ca = ca();
    let leaf = mint(rsa(2048), "mx.test", Some(&ca), &Odd::default());
    for backend in BOTH {
        let settings = Settings { groups: vec![group("P-256")], backend, ..settings(&ca, Tls13) };
        let server = choosing(&leaf, "X25519", "DEFAULT");
        let failure = shake(&settings, &server, "mx.test").await.0.expect_err("no group in common");
        assert_eq!((failure.kind, failure.reason), (TlsFailureKind::Refused, "handshake_failure"));
    }
}

#[tokio::test]
async fn key_and_chain_are_told_alike_by_both_libraries() {
    let ca = ca();
    let over = mint(ecdsa(), "Intermediate", Some(&ca), &Odd { san: &[], ca: true, ..Odd::default() });
    for (key, told) in [(rsa(2048), "RSA-2048"), (rsa(3072), "RSA-3072"), (ecdsa(), "ECDSA P-256")] {
        let leaf = mint(key, "mx.test", Some(&over), &Odd::default());
        let server = server(&leaf, &[&over, &ca], all(), Ask::No);
        for version in TlsVersion::ALL {
            for backend in BOTH {
                let settings = Settings { backend, ..settings(&ca, version) };
                let tls = shake(&settings, &server, "mx.test").await.0.expect("a handshake");
                let peer = tls.peer.expect("the server's certificate");
                assert_eq!(peer.key, told, "{version} {backend:?}");
                assert_eq!(peer.chain, ["CN=mx.test", "CN=Intermediate", "CN=Lab CA"]);
                assert_eq!((tls.staple, tls.resumed), (Staple::Absent, false));
            }
        }
    }
}

#[tokio::test]
async fn a_session_is_resumed_with_a_memory_and_with_nothing_else() {
    let ca = ca();
    let leaf = mint(ecdsa(), "mx.test", Some(&ca), &Odd::default());
    for version in [Tls12, Tls13] {
        let server = server(&leaf, &[], (SslVersion::TLS1_2, SslVersion::TLS1_3), Ask::No);
        let settings = Settings { resume: true, ..settings(&ca, version) };
        let client = Client::new(&settings).expect("settings that can be met");
        let memory = Memory::default();
        let mut resumed = Vec::new();
        for memory in [Some(&memory), None, Some(&memory), Some(&memory)] {
            let tls = shake_with(&client, &server, "mx.test", memory).await.0.expect("a handshake");
            resumed.push(tls.resumed);
            // What was found of the certificate holds for the sessions that resume it.
            assert_eq!((tls.verified, tls.version), (Ok(()), version));
            assert_eq!(tls.peer.expect("the first session's").subject, "CN=mx.test");
        }
        assert_eq!(resumed, [false, false, true, true], "{version}");
        assert!(memory.holds_session());
    }
}

#[tokio::test]
async fn what_a_session_was_trusted_for_is_asked_again_where_nothing_is_resumed() {
    let ca = ca();
    let leaf = mint(ecdsa(), "mx.test", Some(&ca), &Odd::default());
    let other = mint(ecdsa(), "mx.test", None, &Odd::default());
    let versions = (SslVersion::TLS1_2, SslVersion::TLS1_3);
    let client = Client::new(&Settings { resume: true, ..settings(&ca, Tls13) }).expect("settings");
    let memory = Memory::default();
    let good = server(&leaf, &[], versions, Ask::No);
    shake_with(&client, &good, "mx.test", Some(&memory)).await.0.expect("a handshake");
    // Another server knows no such session, and shows a certificate of its own.
    let bad = server(&other, &[], versions, Ask::No);
    let failure = shake_with(&client, &bad, "mx.test", Some(&memory)).await.0.expect_err("untrusted");
    assert_eq!((failure.kind, failure.reason), (TlsFailureKind::Untrusted, "self_signed"));
}
