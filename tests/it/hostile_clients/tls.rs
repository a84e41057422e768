//! What is odd in a client's TLS: certificates that do not hold, no SNI, ALPN of another
//! protocol, another handshake in mid-session.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use openssl::ssl::{SslConnector, SslMethod, SslStream, SslVerifyMode};
use openssl::x509::X509;

use super::{TENANTS, Victim, codes, rest};
use crate::support::{Dir, Issued, Issuer, Leaf, Pki, Program, have};

/// Contoso's connector takes whoever shows a certificate of its domain.
const CONNECTOR: &str = "    InboundConnector:
      - { Name: by certificate, Enabled: true, ConnectorType: OnPremises,
          TlsSenderCertificateName: \"*.contoso.com\" }
";

/// A simulator to which the tests' CA is a public one.
fn with_clients() -> Victim {
    let dir = Dir::new();
    dir.write(
        "tenants.yaml",
        TENANTS.replace("    TransportConfig", &format!("{CONNECTOR}    TransportConfig")),
    );
    Pki::shared().write(&dir);
    dir.write(
        "relayprobe.yaml",
        "simulator: { tenants: tenants.yaml, as_of: 2026-11-01, client_ca: ca.pem }\n",
    );
    let arguments = ["simulate", "--project", "relayprobe.yaml", "--ca-out", "simulator.pem"];
    Victim::of(dir, |dir| Program::with_descriptors(1_024, dir.path(), arguments).start())
}

fn connector(shown: Option<(&Issued, &[&X509])>) -> SslConnector {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).expect("a context");
    connector.set_verify(SslVerifyMode::NONE);
    if let Some((issued, above)) = shown {
        connector.set_certificate(&issued.cert).expect("a certificate");
        connector.set_private_key(&issued.key).expect("its key");
        for above in above {
            connector.add_extra_chain_cert((*above).clone()).expect("a chain");
        }
    }
    connector.build()
}

/// A connection that is about to begin TLS.
fn ready(victim: &Victim) -> TcpStream {
    let mut stream = victim.connect();
    victim.starttls(&mut stream, b"EHLO x.example\r\nSTARTTLS\r\n");
    stream
}

/// Whether mail for strangers is taken from it, which nothing but the certificate can
/// bring about.
fn relays(mut tls: SslStream<TcpStream>) -> bool {
    let outward = "EHLO x.example\r\nMAIL FROM:<>\r\nRCPT TO:<b@fabrikam.example>\r\nQUIT\r\n";
    tls.write_all(outward.as_bytes()).expect("written");
    match &*codes(&rest(tls)) {
        "250 250 250 221" => true,
        "250 250 550 221" => false,
        told => panic!("{told}"),
    }
}

#[test]
fn only_names_of_certificates_that_hold_are_matched() {
    let victim = with_clients();
    let (pki, ours) = (Pki::shared(), "app.contoso.com");
    let (ca, names) = (pki.ca(), [ours]);
    let leaf = || Leaf { cn: ours, dns: &names, ip: &[], ..Leaf::default() };
    let between = ca.intermediate("between");
    let below = between.issue(&leaf());
    let mut links = vec![ca.intermediate("link 0")];
    for n in 1..12 {
        links.push(links[n - 1].intermediate(&format!("link {n}")));
    }
    let deep = links[11].issue(&leaf());
    let chain: Vec<&X509> = links.iter().rev().map(Issuer::certificate).collect();
    let named = |cn, dns| ca.issue(&Leaf { cn, dns, ..leaf() });
    let rows: [(&str, Issued, &[&X509], bool); 20] = [
        ("the right one", ca.issue(&leaf()), &[], true),
        ("RSA", ca.issue(&Leaf { rsa: true, ..leaf() }), &[], true),
        ("for clients", ca.issue(&Leaf { for_clients: true, ..leaf() }), &[], true),
        ("expired", ca.issue(&Leaf { days: (-20, -10), ..leaf() }), &[], false),
        ("not yet valid", ca.issue(&Leaf { days: (10, 20), ..leaf() }), &[], false),
        ("self-signed", Issued::self_signed_for(ours), &[], false),
        ("of another CA", pki.other_ca().issue(&leaf()), &[], false),
        (
            "of another CA, which is shown",
            pki.other_ca().issue(&leaf()),
            &[pki.other_ca().certificate()],
            false,
        ),
        ("below an intermediate", below.clone(), &[between.certificate()], true),
        ("without the intermediate", below, &[], false),
        ("twelve deep", deep, &chain, false),
        ("CN without SAN", named(ours, &[]), &[], true),
        ("SAN without CN", named("an application", &names), &[], true),
        ("NUL in the CN", named("app.contoso.com\0.evil.example", &[]), &[], false),
        (
            "our name in front",
            named("app.contoso.com.evil.example", &["app.contoso.com.evil.example"]),
            &[],
            false,
        ),
        ("our name glued on", named("evilcontoso.com", &["evilcontoso.com"]), &[], false),
        ("a wildcard", named("*.contoso.com", &["*.contoso.com"]), &[], true),
        ("a wildcard for the world", named("*.com", &["*.com"]), &[], false),
        ("a wildcard inside", named("a*.contoso.com", &["a*.contoso.com"]), &[], false),
        ("IDN", named("xn--rksmrgs-5wao1o.contoso.com", &["xn--rksmrgs-5wao1o.contoso.com"]), &[], true),
    ];
    assert!(!relays(connector(None).connect("localhost", ready(&victim)).expect("a handshake")), "none");
    for (name, issued, above, expected) in rows {
        let tls = connector(Some((&issued, above))).connect("localhost", ready(&victim));
        assert_eq!(relays(tls.unwrap_or_else(|error| panic!("{name}: {error}"))), expected, "{name}");
    }
    victim.is_as_before("odd certificates");
}

#[test]
fn without_sni_and_with_odd_alpn_a_session_is_as_any_other() {
    let victim = Victim::start(&["linger=100ms"]);
    let greets = |mut tls: SslStream<TcpStream>| {
        tls.write_all(b"EHLO x.example\r\nQUIT\r\n").expect("written");
        codes(&rest(tls))
    };
    let bare = connector(None).configure().expect("a client").use_server_name_indication(false);
    assert_eq!(greets(bare.connect("localhost", ready(&victim)).expect("a handshake")), "250 221");
    for name in ["mx.other.example", "xn--rksmrgs-5wao1o.example", &format!("{}.example", "a".repeat(60))] {
        let tls = connector(None).connect(name, ready(&victim)).expect("a handshake");
        assert_eq!(greets(tls), "250 221", "{name}");
    }
    for protocols in [&b"\x02h2\x08http/1.1"[..], b"\x04smtp", &[&[255][..], &[b'x'; 255]].concat()] {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).expect("a context");
        builder.set_verify(SslVerifyMode::NONE);
        builder.set_alpn_protos(protocols).expect("protocols");
        let tls = builder.build().connect("localhost", ready(&victim)).expect("a handshake");
        assert_eq!(tls.ssl().selected_alpn_protocol(), None);
        assert_eq!(greets(tls), "250 221");
    }
    victim.is_as_before("odd names and protocols");
}

#[test]
fn a_client_that_wants_another_handshake_gets_none() {
    let test = "a_client_that_wants_another_handshake_gets_none";
    if !have(test, &["openssl"]) {
        return;
    }
    let victim = Victim::start(&["linger=100ms"]);
    let mut client = Command::new("openssl")
        .args(["s_client", "-connect", &victim.mx, "-starttls", "smtp", "-tls1_2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl starts");
    let mut keyboard = client.stdin.take().expect("it is piped");
    let typing = thread::spawn(move || {
        let begun = Instant::now();
        // Until it is gone, or has long been refused.
        while begun.elapsed() < Duration::from_secs(3) && keyboard.write_all(b"R\n").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let out = client.wait_with_output().expect("openssl ends");
    typing.join().expect("typing does not panic");
    let screen = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(screen.contains("RENEGOTIATING"), "{screen}");
    assert!(screen.contains("no renegotiation"), "{screen}");
    victim.is_as_before("renegotiation");
}
