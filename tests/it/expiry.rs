//! Certificates that end: what is asserted of the server's, what is told of the client's.

use openssl::ssl::SslVersion;

use crate::support::{Conn, Dir, Leaf, Peer, Pki, Program};

/// A server that asks for a certificate after STARTTLS where it is `strict`.
fn starttls(conn: &mut Conn, strict: bool) -> std::io::Result<()> {
    conn.say("220 peer.test ESMTP\r\n")?;
    loop {
        let line = conn.line()?;
        match &line[..4] {
            "EHLO" => conn.say("250-peer.test\r\n250 STARTTLS\r\n")?,
            "STAR" => {
                conn.say("220 2.0.0 go\r\n")?;
                let pki = Pki::shared();
                let (old, new) = (SslVersion::TLS1_2, SslVersion::TLS1_3);
                conn.tls(&pki.server().acceptor_with(old, new, strict.then(|| pki.ca())))?;
            }
            "QUIT" => return conn.say("221 2.0.0 bye\r\n"),
            _ => conn.say("250 2.1.0 OK\r\n")?,
        }
    }
}

#[test]
fn a_servers_certificate_must_last_as_long_as_is_asked() {
    let (dir, peer) = (Dir::new(), Peer::play(|conn: &mut Conn| starttls(conn, false)));
    dir.write(
        "s.yaml",
        format!(
            "suite: s\ndefaults: {{ target: \"{}\", tls: {{ mode: starttls, verify: none }} }}\nscenarios:\n  \
             - {{ name: enough, expect: {{ tls: {{ peer: {{ expires_in: 21d }} }} }} }}\n  \
             - {{ name: too short, expect: {{ tls: {{ peer: {{ expires_in: 60d }} }} }} }}\n",
            peer.address()
        ),
    );
    let ran = Program::new(dir.path(), ["run", "s.yaml", "-v"]).run();
    ran.status(1).says("passed  s/enough").says("FAILED  s/too-short");
    ran.says("a server certificate that is valid for 60 days more").says(", in 29 days");
}

#[test]
fn a_clients_certificate_near_its_end_is_named_by_check_and_in_reports() {
    let (dir, peer) = (Dir::new(), Peer::play(|conn: &mut Conn| starttls(conn, true)));
    let leaf = Leaf { cn: "soon.test", dns: &["soon.test"], ip: &[], days: (-1, 10), ..Leaf::default() };
    let soon = Pki::shared().ca().issue(&leaf);
    dir.write("soon.pem", soon.cert.to_pem().expect("it encodes"));
    dir.write("soon.key", soon.key.private_key_to_pem_pkcs8().expect("it encodes"));
    dir.write(
        "s.yaml",
        format!(
            "suite: s\nscenarios:\n  - {{ name: a, target: \"{}\", tls: {{ mode: starttls, verify: none }}, \
             certificate: {{ cert: soon.pem, key: soon.key }} }}\n",
            peer.address()
        ),
    );
    let ran = Program::new(dir.path(), ["check", "s.yaml"]).run();
    ran.status(0)
        .says("soon.pem: the certificate expires on")
        .says(", in 9 days")
        .says("have another one by then");
    let ran = Program::new(dir.path(), ["run", "s.yaml", "--report", "json"]).run();
    let case = ran.status(0).json()["cases"][0].clone();
    assert_eq!(case["tls"]["client_certificate_subject"], "CN=soon.test");
    let note = case["notes"][0].as_str().expect("a note");
    assert!(note.starts_with("the client certificate CN=soon.test expires on "), "{note}");
    dir.write("report.json", &ran.stdout);
    for format in ["markdown", "github", "nagios"] {
        let told = Program::new(dir.path(), ["report", "-f", format, "report.json"]).run();
        assert!(told.status(0).stdout.contains("CN=soon.test"), "{format}: {}", told.stdout);
    }
}
