//! STARTTLS and implicit TLS with servers that break their rules, and servers
//! that refuse the client's certificate.

use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use tokio::io::{AsyncWriteExt as _, duplex};
use tokio_openssl::SslStream;

use super::scripted::Do::{self, Expect, Hang, Wait};
use super::scripted::{Played, follow, hear_out, plan, played, send};
use super::{play_on, unwatched};
use crate::plan::{Auth, Plan, TlsMode, TlsPlan};
use crate::secret::Secret;
use crate::smtp::{EventKind, Mechanism, Stage};
use crate::tls::mint::{Certificate, Key, KeyKind, Request};
use crate::tls::{
    ALERTS, Backend, Client, ClientCertificate, Identity, Settings, TlsVersion, Trust, Verify, VersionRange,
};

/// A self-signed certificate for `mx.test` with its key, as PEM.
static PAIR: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let key = Key::generate(KeyKind::Ecdsa).expect("a key");
    let day = Duration::from_secs(86_400);
    let request = Request {
        common_name: "mx.test",
        organization: "Test",
        names: &["mx.test".to_owned()],
        authority: false,
        not_before: SystemTime::now() - day,
        not_after: SystemTime::now() + day,
    };
    let certificate = Certificate::sign(&request, &key, None).expect("a certificate");
    (certificate.to_pem().expect("PEM"), key.to_pem().expect("PEM"))
});

/// Whether the server wants a client certificate; of those that it knows there is
/// none.
#[derive(Clone, Copy, PartialEq)]
enum Wants {
    Nothing,
    Anything,
    Known,
}

fn server(newest: SslVersion, wants: Wants) -> SslContext {
    let mut context = SslContext::builder(SslMethod::tls_server()).expect("a context");
    let x509 = X509::from_pem(&PAIR.0).expect("PEM");
    let key = PKey::private_key_from_pem(&PAIR.1).expect("PEM");
    context.set_certificate(&x509).expect("a certificate");
    context.set_private_key(&key).expect("its key");
    context.set_max_proto_version(Some(newest)).expect("a version");
    match wants {
        Wants::Nothing => {}
        Wants::Anything => context.set_verify_callback(SslVerifyMode::PEER, |_, _| true),
        Wants::Known => context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT),
    }
    context.build()
}

fn tls(verify: Verify, backend: Backend, identity: bool) -> TlsPlan {
    let identity = identity.then(|| Arc::new(Identity::from_pem(&PAIR.0, &PAIR.1).expect("a pair")));
    let settings = Settings {
        versions: VersionRange::default(),
        ciphers: None,
        groups: Vec::new(),
        resume: false,
        verify,
        trust: Arc::new(Trust::from_pem(&PAIR.0).expect("a certificate")),
        backend,
        identity,
    };
    let client = Client::new(&settings).expect("settings that can be met");
    TlsPlan { client: Arc::new(client), server_name: Some("mx.test".into()), resume: false }
}

fn starttls() -> Plan {
    Plan { tls: TlsMode::StartTls { tls: tls(Verify::Full, Backend::Auto, false), force: false }, ..plan() }
}

fn up_to_220() -> Vec<Do> {
    vec![
        send("220 mx\r\n"),
        Expect("EHLO app.test\r\n"),
        send("250-mx\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"),
        Expect("STARTTLS\r\n"),
    ]
}

/// Plays on a server that follows one script in clear, shakes hands, and follows
/// another; where the handshake fails, it closes.
async fn secured(plan: &Plan, before: Vec<Do>, context: SslContext, after: Vec<Do>) -> Played {
    let (client, mut far) = duplex(64 * 1024);
    let server = tokio::spawn(async move {
        follow(&mut far, before).await;
        let mut io = SslStream::new(Ssl::new(&context).expect("a session"), far).expect("a stream");
        if Pin::new(&mut io).accept().await.is_err() {
            let _ = io.get_mut().shutdown().await;
            return Vec::new();
        }
        let heard = follow(&mut io, after).await;
        hear_out(io, heard).await
    });
    let begun = tokio::time::Instant::now();
    let seen = play_on(plan, client, None, &mut unwatched).await;
    let took = begun.elapsed();
    let heard = server.await.expect("the server does not panic");
    Played { seen, heard: String::from_utf8_lossy(&heard).into_owned(), took }
}

fn offered() -> Vec<Do> {
    let mut steps = up_to_220();
    steps.push(send("220 go\r\n"));
    steps
}

/// What a server says under TLS that takes everything up to RCPT and refuses
/// that.
fn refusing() -> Vec<Do> {
    vec![
        Expect("EHLO app.test\r\n"),
        send("250-mx\r\n250 SIZE 10\r\n"),
        Expect("MAIL"),
        send("250 ok\r\n"),
        Expect("RCPT"),
        send("550 5.7.64 no\r\n"),
        Expect("QUIT"),
        send("221 bye\r\n"),
    ]
}

#[tokio::test]
async fn a_session_goes_on_under_tls_and_only_its_own_ehlo_counts() {
    let played =
        secured(&starttls(), offered(), server(SslVersion::TLS1_3, Wants::Nothing), refusing()).await;
    assert_eq!(
        played.end(),
        "greeting 220, ehlo 250, starttls 220, ehlo_tls 250, mail_from 250, rcpt_to 550, quit 221"
    );
    let seen = &played.seen;
    assert!(seen.ehlo.as_ref().is_some_and(|ehlo| ehlo.offers("STARTTLS")));
    assert!(seen.ehlo_tls.as_ref().is_some_and(|ehlo| ehlo.offers("SIZE") && !ehlo.offers("STARTTLS")));
    let tls = seen.tls.as_ref().expect("a handshake");
    assert_eq!((tls.version, &tls.verified), (TlsVersion::Tls13, &Ok(())));
    assert!(seen.timings.tls.is_some());
}

#[tokio::test]
async fn implicit_tls_comes_before_the_greeting() {
    for backend in [Backend::Rustls, Backend::OpenSsl] {
        let plan = Plan { tls: TlsMode::Implicit(tls(Verify::Full, backend, false)), ..plan() };
        let mut after = vec![send("220 mx\r\n")];
        after.extend(refusing());
        let played = secured(&plan, vec![], server(SslVersion::TLS1_3, Wants::Nothing), after).await;
        assert_eq!(played.end(), "greeting 220, ehlo 250, mail_from 250, rcpt_to 550, quit 221");
        assert!(played.seen.ehlo.is_some() && played.seen.ehlo_tls.is_none());
    }
}

#[tokio::test]
async fn auth_that_was_offered_before_tls_alone_is_not_offered() {
    let mut plan = starttls();
    plan.auth = Some(Auth::new(Mechanism::Plain, "scan", Some(Secret::new("correct horse"))));
    let after = vec![Expect("EHLO"), send("250 mx\r\n")];
    let played = secured(&plan, offered(), server(SslVersion::TLS1_3, Wants::Nothing), after).await;
    assert_eq!(played.end(), "auth not_offered AUTH");
    assert!(!played.heard.contains("AUTH"), "{}", played.heard);
}

#[tokio::test(start_paused = true)]
async fn clear_text_before_the_handshake_is_desync_and_no_handshake_begins() {
    for injected in ["220 go\r\n250 injected\r\n", "220 go\r\n2", "220 go\r\n250-a\r\n250-b\r\n"] {
        let mut steps = up_to_220();
        steps.extend([send(injected), Hang]);
        let played = played(&starttls(), steps).await;
        assert_eq!(played.end(), "tls desync plaintext_before_tls", "{injected:?}");
        assert!(played.heard.ends_with("STARTTLS\r\n"), "{injected:?}: {}", played.heard);
    }
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_220_is_told_apart() {
    let wait = Wait(Duration::from_millis(50));
    for (then, end) in [
        (vec![wait.clone(), send("250 late\r\n"), Hang], "tls protocol_error not_tls"),
        (vec![Hang], "tls timeout tls"),
        (vec![wait], "tls closed eof"),
    ] {
        let mut steps = offered();
        steps.extend(then);
        let played = played(&starttls(), steps).await;
        assert_eq!(played.end(), end);
        assert!(played.took <= Duration::from_secs(16), "{:?}", played.took);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_220_nothing_is_sent_in_clear() {
    for (reply, codes) in [
        ("454 not now\r\n", "greeting 220, ehlo 250, starttls 454"),
        ("502 no\r\n", "greeting 220, ehlo 250, starttls 502"),
        ("354 go\r\n", "greeting 220, ehlo 250, starttls 354"),
        ("221 bye\r\n", "greeting 220, ehlo 250, starttls 221"),
    ] {
        let mut steps = up_to_220();
        steps.extend([send(reply), Expect("QUIT")]);
        let played = played(&starttls(), steps).await;
        assert_eq!(played.end(), codes);
        assert!(!played.heard.contains("MAIL"), "{}", played.heard);
    }
    for ehlo in ["250 mx\r\n", "250-mx\r\n250 XXXXXXXA\r\n"] {
        let played = played(&starttls(), vec![send("220 mx\r\n"), Expect("EHLO"), send(ehlo), Hang]).await;
        assert_eq!(played.end(), "starttls not_offered STARTTLS");
        assert!(!played.heard.contains("STARTTLS") && !played.heard.contains("MAIL"), "{}", played.heard);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unoffered_starttls_is_tried_where_the_plan_says_so() {
    let mut plan = starttls();
    if let TlsMode::StartTls { force, .. } = &mut plan.tls {
        *force = true;
    }
    let steps =
        vec![send("220 mx\r\n"), Expect("EHLO"), send("250 mx\r\n"), Expect("STARTTLS"), send("502 no\r\n")];
    assert_eq!(played(&plan, steps).await.end(), "greeting 220, ehlo 250, starttls 502");
}

#[tokio::test(start_paused = true)]
async fn smtp_in_clear_on_an_implicit_port_is_named() {
    let plan = Plan { tls: TlsMode::Implicit(tls(Verify::Full, Backend::Auto, false)), ..plan() };
    let played = played(&plan, vec![send("220 mx.test ESMTP\r\n"), Hang]).await;
    assert_eq!(played.end(), "tls protocol_error not_tls");
    let (_, event) = played.seen.event.expect("an event");
    assert!(event.detail.ends_with("220 mx.test ESMTP"), "{}", event.detail);
}

#[tokio::test]
async fn a_server_that_does_not_verify_gets_no_secret() {
    let mut plan = starttls();
    let other = TlsPlan { server_name: Some("other.test".into()), ..tls(Verify::None, Backend::Auto, false) };
    plan.tls = TlsMode::StartTls { tls: other, force: false };
    plan.auth = Some(Auth::new(Mechanism::Plain, "scan", Some(Secret::new("correct horse"))));
    let (client, mut far) = duplex(64 * 1024);
    let context = server(SslVersion::TLS1_3, Wants::Nothing);
    let server = tokio::spawn(async move {
        follow(&mut far, offered()).await;
        let mut io = SslStream::new(Ssl::new(&context).expect("a session"), far).expect("a stream");
        Pin::new(&mut io).accept().await.expect("a handshake");
        let heard = follow(&mut io, vec![Expect("EHLO"), send("250-mx\r\n250 AUTH PLAIN\r\n")]).await;
        hear_out(io, heard).await
    });
    let seen = play_on(&plan, client, "192.0.2.1:25".parse().ok(), &mut unwatched).await;
    let (stage, event) = seen.event.expect("an event");
    assert_eq!((stage, event.to_string().as_str()), (Stage::Auth, "tls_untrusted unverified"));
    assert!(!String::from_utf8_lossy(&server.await.expect("no panic")).contains("AUTH"));
}

#[tokio::test]
async fn a_client_certificate_refused_is_told_at_tls_in_every_version() {
    for newest in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        for backend in [Backend::Rustls, Backend::OpenSsl] {
            for identity in [true, false] {
                for implicit in [true, false] {
                    let tls = tls(Verify::Full, backend, identity);
                    let mut plan = starttls();
                    let before = if implicit { vec![] } else { offered() };
                    plan.tls = if implicit {
                        TlsMode::Implicit(tls)
                    } else {
                        TlsMode::StartTls { tls, force: false }
                    };
                    let played = secured(&plan, before, server(newest, Wants::Known), vec![Hang]).await;
                    assert_eq!(played.end(), "tls tls_refused client_certificate", "{newest:?} {backend:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_bare_close_after_the_handshake_means_the_certificate_only_if_one_was_asked_for() {
    for (newest, wants, end) in [
        (SslVersion::TLS1_3, Wants::Anything, "tls tls_refused client_certificate"),
        (SslVersion::TLS1_3, Wants::Nothing, "ehlo_tls closed eof"),
        (SslVersion::TLS1_2, Wants::Anything, "ehlo_tls closed eof"),
    ] {
        let played = secured(&starttls(), offered(), server(newest, wants), vec![]).await;
        assert_eq!(played.end(), end);
    }
}

#[tokio::test]
async fn a_421_after_the_handshake_is_a_reply() {
    let plan = Plan { tls: TlsMode::Implicit(tls(Verify::Full, Backend::Auto, false)), ..plan() };
    let after = vec![send("421 4.7.1 no certificate\r\n")];
    let played = secured(&plan, vec![], server(SslVersion::TLS1_3, Wants::Anything), after).await;
    assert_eq!(played.end(), "greeting 421");
    let tls = played.seen.tls.expect("a handshake");
    assert_eq!(tls.client_certificate, ClientCertificate::None);
}

#[tokio::test]
async fn stop_after_tls_still_hears_that_the_certificate_is_refused() {
    for implicit in [true, false] {
        for (wants, event) in [(Wants::Known, true), (Wants::Anything, false)] {
            let tls = tls(Verify::Full, Backend::Auto, true);
            let mut plan = starttls();
            plan.stop_after = Some(Stage::Tls);
            let before = if implicit { vec![] } else { offered() };
            plan.tls =
                if implicit { TlsMode::Implicit(tls) } else { TlsMode::StartTls { tls, force: false } };
            let after =
                if implicit { vec![send("220 mx\r\n")] } else { vec![Expect("QUIT"), send("221 bye\r\n")] };
            let played = secured(&plan, before, server(SslVersion::TLS1_3, wants), after).await;
            assert_eq!(played.seen.event.is_some(), event, "{}", played.end());
        }
    }
}

#[tokio::test]
async fn a_broken_record_in_mid_session_is_an_error() {
    for backend in [Backend::Rustls, Backend::OpenSsl] {
        let (client, mut far) = duplex(64 * 1024);
        let context = server(SslVersion::TLS1_3, Wants::Nothing);
        let server = tokio::spawn(async move {
            follow(&mut far, offered()).await;
            let mut io = SslStream::new(Ssl::new(&context).expect("a session"), far).expect("a stream");
            Pin::new(&mut io).accept().await.expect("a handshake");
            follow(&mut io, vec![Expect("EHLO")]).await;
            let record = [&[23, 3, 3, 0, 32][..], &[7; 32]].concat();
            io.get_mut().write_all(&record).await.expect("the client reads");
            hear_out(io, Vec::new()).await
        });
        let tls = TlsMode::StartTls { tls: tls(Verify::Full, backend, false), force: false };
        let seen = play_on(&Plan { tls, ..plan() }, client, None, &mut unwatched).await;
        let (stage, event) = seen.event.expect("an event");
        assert_eq!(
            (stage, event.to_string().as_str()),
            (Stage::EhloTls, "protocol_error tls"),
            "{backend:?}"
        );
        server.await.expect("the server does not panic");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_message_past_its_bound_is_a_limit() {
    // A ServerHello that announces 16 MiB.
    let record = [&[22, 3, 3, 0x10, 0, 2, 0xff, 0xff, 0xff, 3, 3][..], &[0; 4090]].concat();
    for backend in [Backend::Rustls, Backend::OpenSsl] {
        let plan = Plan { tls: TlsMode::Implicit(tls(Verify::Full, backend, false)), ..plan() };
        let played = played(&plan, vec![Do::Send(record.clone()), Hang]).await;
        assert_eq!(played.end(), "tls limit handshake", "{backend:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn alerts_in_the_handshake_are_named() {
    for (alert, reason) in [
        (0, "closed eof"),
        (40, "tls_refused handshake_failure"),
        (70, "tls_refused protocol_version"),
        (80, "tls_refused internal_error"),
        (112, "tls_refused unrecognized_name"),
    ] {
        for backend in [Backend::Rustls, Backend::OpenSsl] {
            let plan = Plan { tls: TlsMode::Implicit(tls(Verify::Full, backend, false)), ..plan() };
            let level = if alert == 0 { 1 } else { 2 };
            let played = played(&plan, vec![Do::Send(vec![21, 3, 3, 0, 2, level, alert])]).await;
            assert_eq!(played.end(), format!("tls {reason}"), "{backend:?}");
        }
    }
}

#[test]
fn every_alert_is_a_reason_that_patterns_may_name() {
    for (number, name) in ALERTS {
        let known = EventKind::TlsRefused.reasons().contains(&name);
        assert_eq!(known, name != "close_notify", "{number} {name}");
    }
}
