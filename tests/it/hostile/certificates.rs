//! Servers whose certificates do not hold, each with its reason, and some that do.

use openssl::x509::X509;

use super::Attack;
use super::tls::{STARTTLS, session};
use crate::support::{Issued, Issuer, Leaf, Pki};

const OPENSSL: &str = "tls: { mode: starttls, ca: ca.pem, backend: openssl }";
const BY_NAME: &str = "tls: { mode: starttls, ca: ca.pem, sni: mx.test }";

/// A server that shows this, and these above it.
fn shows(
    name: &'static str,
    expected: &'static [&'static str],
    keys: &str,
    issued: &Issued,
    above: &[&X509],
) -> Attack {
    let acceptor = issued.acceptor_showing(above);
    let row = Attack::new(name, expected, move |conn| session(conn, &acceptor)).keys(keys);
    if expected == ["passed"] { row } else { row.never_hears(&["MAIL"]) }
}

/// The rows of this section.
pub fn rows() -> Vec<Attack> {
    let pki = Pki::shared();
    let (ca, leaf) = (pki.ca(), Leaf::default);
    let expired = ca.issue(&Leaf { days: (-20, -10), ..leaf() });
    let early = ca.issue(&Leaf { days: (10, 20), ..leaf() });
    let other = pki.other_ca().issue(&leaf());
    let elsewhere = ca.issue(&Leaf { dns: &["elsewhere.test"], ip: &["192.0.2.1"], ..leaf() });
    let common = ca.issue(&Leaf { cn: "mx.test", dns: &[], ip: &[], ..leaf() });
    let address = ca.issue(&Leaf { dns: &["127.0.0.1"], ip: &[], ..leaf() });
    let wildcard = ca.issue(&Leaf { dns: &["*.peer.test"], ip: &[], ..leaf() });
    let sha1 = ca.issue(&Leaf { sha1: true, ..leaf() });
    let client = ca.issue(&Leaf { for_clients: true, ..leaf() });
    let authority = ca.issue(&Leaf { authority: true, ..leaf() });
    let names: Vec<String> = (0..10_000).map(|n| format!("host-{n}.peer.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = ca.issue(&Leaf { dns: &names[..1_000], ..leaf() });
    let too_many = ca.issue(&Leaf { dns: &names, ..leaf() });
    let between = ca.intermediate("between");
    let below = between.issue(&leaf());
    // Each issued the next.
    let mut links = vec![ca.intermediate("link 0")];
    for n in 1..100 {
        links.push(links[n - 1].intermediate(&format!("link {n}")));
    }
    let deep = links[99].issue(&leaf());
    let chain: Vec<&X509> = links.iter().rev().map(Issuer::certificate).collect();
    // The same issuer again and again.
    let repeated = vec![between.certificate(); 100];

    let none: &[&X509] = &[];
    let name = |name: &str| format!("tls: {{ mode: starttls, ca: ca.pem, sni: {name} }}");
    let self_signed = &[
        "tls tls_untrusted self_signed",
        "tls tls_untrusted unknown_issuer",
        "tls tls_untrusted not_a_leaf",
    ];
    let not_a_leaf = &["tls tls_untrusted not_a_leaf"];
    let sha_1 = &["tls tls_untrusted unsupported_algorithm", "tls tls_untrusted bad_signature"];
    let length = &["tls limit"];
    let mismatch = &["tls tls_untrusted name_mismatch"];
    vec![
        shows("the right one", &["passed"], STARTTLS, pki.server(), none),
        shows("expired", &["tls tls_untrusted expired"], STARTTLS, &expired, none),
        shows("expired, by OpenSSL", &["tls tls_untrusted expired"], OPENSSL, &expired, none),
        shows("not yet valid", &["tls tls_untrusted not_yet_valid"], STARTTLS, &early, none),
        shows("not yet valid, by OpenSSL", &["tls tls_untrusted not_yet_valid"], OPENSSL, &early, none),
        shows("another root", &["tls tls_untrusted unknown_issuer"], STARTTLS, &other, none),
        shows("another root, by OpenSSL", &["tls tls_untrusted unknown_issuer"], OPENSSL, &other, none),
        shows("self-signed", self_signed, STARTTLS, &Issued::self_signed(), none),
        shows("another name", mismatch, STARTTLS, &elsewhere, none),
        shows("another name, by OpenSSL", mismatch, OPENSSL, &elsewhere, none),
        shows("the name only in CN", mismatch, BY_NAME, &common, none),
        shows("an address as a DNS name", mismatch, STARTTLS, &address, none),
        shows("a wildcard", &["passed"], &name("mx.peer.test"), &wildcard, none),
        shows("a wildcard for two labels", mismatch, &name("a.mx.peer.test"), &wildcard, none),
        shows("a wildcard for no label", mismatch, &name("peer.test"), &wildcard, none),
        shows("the intermediate", &["passed"], STARTTLS, &below, &[between.certificate()]),
        shows("the intermediate missing", &["tls tls_untrusted unknown_issuer"], STARTTLS, &below, none),
        shows(
            "the intermediate missing, by OpenSSL",
            &["tls tls_untrusted unknown_issuer"],
            OPENSSL,
            &below,
            none,
        ),
        shows("SHA-1", sha_1, STARTTLS, &sha1, none),
        shows("SHA-1, by OpenSSL", sha_1, OPENSSL, &sha1, none),
        shows("for clients only", &["tls tls_untrusted wrong_purpose"], STARTTLS, &client, none),
        shows("for clients only, by OpenSSL", &["tls tls_untrusted wrong_purpose"], OPENSSL, &client, none),
        shows("a CA as a leaf", not_a_leaf, STARTTLS, &authority, none),
        shows("1,000 names", &["passed"], &name("host-999.peer.test"), &many, none),
        shows("10,000 names", length, STARTTLS, &too_many, none),
        shows("10,000 names, by OpenSSL", length, OPENSSL, &too_many, none),
        shows("a chain of 100", length, STARTTLS, &deep, &chain),
        shows("a chain of 100, by OpenSSL", length, OPENSSL, &deep, &chain),
        shows("one intermediate 100 times", length, STARTTLS, &below, &repeated),
        shows("one intermediate 100 times, by OpenSSL", length, OPENSSL, &below, &repeated),
        shows(
            "the right one, pinned",
            &["passed"],
            &format!("tls: {{ mode: starttls, verify: {{ sha256: {} }} }}", fingerprint(pki.server())),
            pki.server(),
            none,
        ),
        shows(
            "another one than the pinned",
            &["tls tls_untrusted fingerprint"],
            &format!("tls: {{ mode: starttls, verify: {{ sha256: {} }} }}", "00".repeat(32)),
            pki.server(),
            none,
        ),
    ]
}

fn fingerprint(issued: &Issued) -> String {
    issued.fingerprint().replace(':', "").to_lowercase()
}
