//! What is told and asked of TLS, against servers that nobody here wrote: Postfix, and
//! OpenSSL's own.

use std::io::{self, BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::support::{Conn, Dir, Issued, Leaf, Ocsp, Peer, Pki, Postfix, Program, have, play};

const HEAD: &str = "
suite: TLS
defaults: { ehlo: client.test, mail_from: a@client.test }
scenarios:
";

#[test]
fn postfix_resumes_a_session_that_is_offered_and_no_other() {
    let Some(postfix) = Postfix::shared("postfix_resumes_a_session_that_is_offered_and_no_other") else {
        return;
    };
    for (mode, port) in [("starttls", postfix.open), ("implicit", postfix.implicit)] {
        let dir = Dir::new();
        Pki::shared().write(&dir);
        let played = play(
            &dir,
            &format!(
                "{HEAD}
  - name: $(version) $(resume)
    target: 127.0.0.1:{port}
    tls: {{ mode: {mode}, version: $(version), ca: ca.pem, resume: $(resume) }}
    certificate: {{ cert: client-ec.pem, key: client-ec.key }}
    rcpt_to: b@elsewhere.example
    matrix: {{ version: [TLSv1.2, TLSv1.3], resume: [true, false] }}
    expect:
      tls: {{ resumed: $(resume), verified: true, peer: {{ name: mx.test, chain: 2 }} }}
      message: 250 2.0.0
"
            ),
        );
        played.status(0);
        for version in ["TLSv1.2", "TLSv1.3"] {
            let plain = played.case(&format!("{version} false"));
            let case = played.case(&format!("{version} true"));
            assert_eq!(case["tls"]["resumed"], true, "{mode} {version}");
            // What Postfix made of the client's certificate is resumed as well.
            assert_eq!(case["tls"]["peer"], plain["tls"]["peer"]);
            let lines: Vec<String> =
                case["transcript"].as_array().expect("a transcript").iter().map(text).collect();
            let connected = |line: &&String| line.starts_with("connected to ");
            assert_eq!(lines.iter().filter(connected).count(), 2, "{lines:#?}");
            assert!(lines.iter().any(|line| line.starts_with("another connection, to resume")), "{lines:#?}");
        }
    }
}

fn text(line: &serde_json::Value) -> String {
    line["line"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn both_libraries_tell_the_same_of_postfix() {
    let Some(postfix) = Postfix::shared("both_libraries_tell_the_same_of_postfix") else { return };
    let dir = Dir::new();
    Pki::shared().write(&dir);
    let played = play(
        &dir,
        &format!(
            "{HEAD}
  - name: $(version) $(backend) $(group)
    target: 127.0.0.1:{}
    tls: {{ mode: starttls, version: $(version), ca: ca.pem, backend: $(backend), groups: [$(group)] }}
    matrix: {{ version: [TLSv1.2, TLSv1.3], backend: [rustls, openssl], group: [x25519, P-256, P-384] }}
    expect:
      tls:
        group: $(group)
        resumed: false
        verified: true
        peer: {{ issuer: relayprobe test CA, key: [ECDSA P-256, RSA-2048], chain: [mx.test, relayprobe test CA], ocsp: absent }}
  - name: another group
    target: 127.0.0.1:{}
    tls: {{ mode: starttls, ca: ca.pem, groups: [P-521, x25519] }}
    expect: {{ tls: {{ group: [P-521, x25519] }} }}
",
            postfix.open, postfix.open
        ),
    );
    played.status(0);
    for version in ["TLSv1.2", "TLSv1.3"] {
        for group in ["x25519", "P-256", "P-384"] {
            let case = |backend: &str| {
                let mut tls = played.case(&format!("{version} {backend} {group}"))["tls"].clone();
                assert_eq!(tls["backend"], backend);
                tls["backend"] = serde_json::Value::Null;
                // Each has its own order of preference.
                if let Some(tls) = tls.as_object_mut() {
                    tls.remove("cipher");
                }
                tls
            };
            // Which certificate a server shows may hang on the order of the client's
            // ciphers, so those cases alone are compared that show the same.
            let (one, two) = (case("rustls"), case("openssl"));
            if one["peer"]["key"] == two["peer"]["key"] {
                assert_eq!(one, two, "{version} {group}");
            }
        }
    }
    assert_eq!(played.case("another group")["tls"]["backend"], "openssl");
}

#[test]
fn what_is_expected_of_tls_in_vain_is_told() {
    let Some(postfix) = Postfix::shared("what_is_expected_of_tls_in_vain_is_told") else { return };
    let dir = Dir::new();
    Pki::shared().write(&dir);
    let played = play(
        &dir,
        &format!(
            "{HEAD}
  - name: in vain
    target: 127.0.0.1:{}
    tls: {{ mode: starttls, ca: ca.pem, groups: x25519 }}
    expect:
      tls:
        group: [P-*, none]
        resumed: true
        peer: {{ key: Ed25519, chain: [mx.test, Some CA], ocsp: [good, expired] }}
  - name: a shorter chain
    target: 127.0.0.1:{}
    tls: {{ mode: starttls, ca: ca.pem }}
    expect: {{ tls: {{ peer: {{ chain: 1 }} }} }}
",
            postfix.open, postfix.open
        ),
    );
    played.status(1);
    let failures = |name: &str| -> Vec<(String, String)> {
        let of =
            |failure: &serde_json::Value, key: &str| failure[key].as_str().unwrap_or_default().to_owned();
        let failures = played.case(name)["failures"].as_array().expect("failures");
        failures.iter().map(|failure| (of(failure, "expected"), of(failure, "actual"))).collect()
    };
    let own = |pair: (&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    let expected = [
        ("key exchange in group P-* or none", "x25519"),
        ("a resumed session", "the server began a new one"),
        ("a server certificate with a key of Ed25519", "ECDSA P-256"),
        ("the chain mx.test < Some CA", "2 certificates: CN=mx.test < CN=relayprobe test CA"),
        ("a stapled OCSP response: good or expired", "absent"),
    ];
    assert_eq!(failures("in vain"), expected.map(own));
    assert_eq!(
        failures("a shorter chain"),
        [own(("a chain of 1 certificate", "2 certificates: CN=mx.test < CN=relayprobe test CA"))]
    );
}

/// Greets, shakes hands with a stapled response, and takes its leave.
fn stapling(issued: Issued, response: Vec<u8>) -> Peer {
    Peer::play(move |conn: &mut Conn| -> io::Result<()> {
        conn.hello(&["STARTTLS"])?;
        conn.answer("STARTTLS", "220 go\r\n")?;
        conn.tls_stapling(&issued, 0, &response)?;
        conn.answer("EHLO", "250 peer.test\r\n")?;
        conn.answer("QUIT", "221 bye\r\n")?;
        Ok(())
    })
}

#[test]
fn a_stapled_response_is_told_for_what_it_says() {
    let pki = Pki::shared();
    let (ca, leaf) = (pki.ca(), pki.ca().issue(&Leaf::default()));
    let good = |ocsp: Ocsp| ocsp.about(&leaf.cert, ca.certificate(), ca.key());
    let other = pki.other_ca();
    let responses = [
        ("absent", Vec::new()),
        ("good", good(Ocsp::default())),
        ("good", good(Ocsp { sha256: true, ..Ocsp::default() })),
        ("revoked", good(Ocsp { status: "revoked", ..Ocsp::default() })),
        ("unknown", good(Ocsp { status: "unknown", ..Ocsp::default() })),
        ("expired", good(Ocsp { hours: (-48, -24), ..Ocsp::default() })),
        ("not_yet_valid", good(Ocsp { hours: (24, 48), ..Ocsp::default() })),
        ("untrusted", Ocsp::default().about(&leaf.cert, ca.certificate(), other.key())),
        ("mismatched", Ocsp::default().about(&pki.server().cert, ca.certificate(), ca.key())),
        ("no_answer", good(Ocsp { response: 3, ..Ocsp::default() })),
        ("unreadable", b"good".to_vec()),
    ];
    let peers: Vec<(&str, Peer)> =
        responses.into_iter().map(|(told, response)| (told, stapling(leaf.clone(), response))).collect();
    let dir = Dir::new();
    pki.write(&dir);
    let mut rows = String::new();
    for (n, (told, peer)) in peers.iter().enumerate() {
        rows += &format!("      - {{ id: '{n}', port: '{}', told: {told} }}\n", peer.port());
    }
    let played = play(
        &dir,
        &format!(
            "
suite: staples
scenarios:
  - name: $(told) $(backend) $(version)
    target: 127.0.0.1:$(port)
    tls: {{ mode: starttls, version: $(version), ca: ca.pem, backend: $(backend) }}
    cases:
{rows}    matrix: {{ backend: [rustls, openssl], version: [TLSv1.2, TLSv1.3] }}
    except:
      # OpenSSL looks whether it can be read, and ends the handshake.
      - {{ when: {{ told: unreadable, backend: openssl }}, expect: protocol_error tls }}
    expect: {{ tls: {{ verified: true, peer: {{ ocsp: $(told) }} }} }}
"
        ),
    );
    played.status(0);
    assert_eq!(played.cases().len(), 11 * 4);
}

/// `openssl s_server`, stopped when it is dropped.
struct Server {
    child: Child,
    _keyboard: ChildStdin,
    port: u16,
}

impl Server {
    fn start(dir: &Dir, arguments: &[&str]) -> Self {
        let mut child = Command::new("openssl")
            .current_dir(dir.path())
            .args(["s_server", "-accept", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl starts");
        let screen = BufReader::new(child.stdout.take().expect("it is piped"));
        let told = screen.lines().map_while(Result::ok).find(|line| line.starts_with("ACCEPT 127.0.0.1:"));
        let port = told.and_then(|line| line.rsplit(':').next()?.trim().parse().ok()).expect("a port");
        // What is typed goes to the client: the first word, for which it waits.
        let mut keyboard = child.stdin.take().expect("it is piped");
        keyboard.write_all(b"220 mx.test ESMTP\r\n").expect("openssl reads");
        Self { child, _keyboard: keyboard, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn openssls_own_server_and_responder_are_understood() {
    let test = "openssls_own_server_and_responder_are_understood";
    if !have(test, &["openssl"]) {
        return;
    }
    let (dir, pki) = (Dir::new(), Pki::shared());
    let over = pki.ca().intermediate("Intermediate");
    let leaf = over.issue(&Leaf { rsa: true, ..Leaf::default() });
    pki.write(&dir);
    over.write(&dir, "over");
    leaf.write(&dir, "leaf");
    let serial = leaf.cert.serial_number().to_bn().unwrap().to_hex_str().unwrap();
    dir.write("index.txt", format!("V\t401231235959Z\t\t{serial}\tunknown\t/CN=mx.test\n"));
    let answer = Command::new("openssl")
        .current_dir(dir.path())
        .args(
            "ocsp -index index.txt -rsigner over.pem -rkey over.key -CA over.pem -issuer over.pem".split(' '),
        )
        .args("-cert leaf.pem -ndays 1 -respout staple.der -CAfile ca.pem".split(' '))
        .output()
        .expect("openssl starts");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    for (backend, version) in [("rustls", "TLSv1.3"), ("openssl", "TLSv1.2"), ("auto", "TLSv1.1")] {
        let server = Server::start(
            &dir,
            &[
                "-cert",
                "leaf.pem",
                "-key",
                "leaf.key",
                "-cert_chain",
                "over.pem",
                "-status_file",
                "staple.der",
            ]
            .iter()
            .chain(&["-cipher", "DEFAULT:@SECLEVEL=0", "-curves", "P-384"])
            .copied()
            .collect::<Vec<_>>(),
        );
        dir.write(
            "case.yaml",
            format!(
                "
suite: s_server
scenarios:
  - name: it
    target: 127.0.0.1:{}
    tls: {{ mode: implicit, version: {version}, ca: ca.pem, backend: {backend} }}
    stop_after: tls
    expect:
      tls:
        group: P-384
        verified: true
        peer: {{ name: mx.test, key: RSA-2048, chain: [mx.test, Intermediate], ocsp: good }}
",
                server.port
            ),
        );
        Program::new(dir.path(), ["run", "case.yaml"]).run().status(0);
    }
}

#[test]
fn a_probe_tells_group_chain_key_and_staple_and_resumes() {
    let Some(postfix) = Postfix::shared("a_probe_tells_group_chain_key_and_staple_and_resumes") else {
        return;
    };
    let dir = Dir::new();
    Pki::shared().write(&dir);
    let server = format!("127.0.0.1:{}", postfix.open);
    let flags = ["probe", &server, "--tls", "starttls", "--ca", "ca.pem", "--groups", "P-384,P-256"];
    let ran = Program::new(dir.path(), flags.iter().chain(&["--resume", "--save", "saved.yaml"])).run();
    ran.status(0).says(", P-384, resumed (rustls)").says("ECDSA P-256, in a chain of 2, OCSP staple absent");
    let again = Program::new(dir.path(), ["run", "saved.yaml", "-vv"]).run();
    again.status(0).says("another connection, to resume the TLS session of the first");
    // Nothing of the kind without TLS, and no group that nobody knows.
    Program::new(dir.path(), ["probe", &server, "--resume"]).run().status(2).says("`--resume` needs TLS");
    Program::new(dir.path(), ["probe", &server, "--tls", "starttls", "--groups", "p256"])
        .run()
        .status(2)
        .says("the groups are P-256, P-384");
}

#[test]
fn what_a_pinned_library_cannot_do_is_an_error_of_the_file() {
    let dir = Dir::new();
    dir.write(
        "case.yaml",
        "
suite: pinned
defaults: { target: '127.0.0.1:25' }
scenarios:
  - name: group
    tls: { mode: starttls, backend: rustls, groups: P-521 }
  - name: resume by OpenSSL
    tls: { mode: starttls, backend: openssl, resume: true }
  - name: resume an old version
    tls: { mode: starttls, version: TLSv1.1, resume: true }
  - name: only of 1.3
    tls: { mode: starttls, version: TLSv1.2, groups: X25519MLKEM768 }
  - name: unknown
    tls: { mode: starttls, groups: [x25519, P-257] }
  - name: twice
    tls: { mode: starttls, groups: [x25519, x25519] }
",
    );
    let ran = Program::new(dir.path(), ["check", "case.yaml"]).run();
    ran.status(2).says("unknown group `P-257`").says("did you mean `P-256`?");
    dir.write("case.yaml", dir.read("case.yaml").split("  - name: unknown").next().unwrap_or_default());
    Program::new(dir.path(), ["check", "case.yaml"])
        .run()
        .status(2)
        .says("rustls does not have the group P-521; leave `backend` out, or say `openssl`")
        .says("only rustls resumes sessions here")
        .says("the groups belong to TLSv1.3")
        .says("4 errors");
}
