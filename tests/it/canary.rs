//! A unique secret in a run, and a search for it in everything that came out, in
//! every encoding a careless program might leave it in.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

use crate::support::{Conn, Dir, Peer, Program};

/// A server that echoes every credential, raw and as it came, in its refusals.
fn gossip(conn: &mut Conn) -> std::io::Result<()> {
    conn.hello(&["AUTH PLAIN LOGIN XOAUTH2"])?;
    let auth = conn.line()?;
    let mut said = vec![auth.split(' ').nth(2).unwrap_or_default().to_owned()];
    if auth.to_uppercase().starts_with("AUTH LOGIN") {
        if said[0].is_empty() {
            conn.say("334 VXNlcm5hbWU6\r\n")?;
            said.push(conn.line()?);
        }
        conn.say("334 UGFzc3dvcmQ6\r\n")?;
        said.push(conn.line()?);
    }
    conn.say("535-5.7.8 you said\r\n")?;
    for word in &said {
        let raw = STANDARD.decode(word).unwrap_or_default();
        let raw = String::from_utf8_lossy(&raw).replace(['\0', '\u{1}'], " ");
        conn.say(format!("535-5.7.8 {word}\r\n535-5.7.8 that is {raw}\r\n"))?;
    }
    conn.say("535 5.7.8 which is wrong\r\n")?;
    conn.drain()
}

#[test]
fn a_secret_is_in_no_output_in_any_encoding() {
    let secret = format!("Canary-{}-k4n4r13nv0g3l?&=<", std::process::id());
    let (dir, peer) = (Dir::new(), Peer::play(gossip));
    let mut yaml = format!(
        "suite: canary\ndefaults: {{ target: '{}', mail_from: a@x.test }}\nscenarios:\n",
        peer.address()
    );
    for (mechanism, key) in [("PLAIN", "password"), ("LOGIN", "password"), ("XOAUTH2", "token")] {
        yaml += &format!(
            "  - name: {mechanism}\n    auth: {{ mechanism: {mechanism}, username: probe@x.test, {key}: {{ env: CANARY }} }}\n"
        );
    }
    dir.write("case.yaml", yaml);
    let reports = ["--report", "json=r.json", "--report", "ndjson=r.ndjson", "--report", "junit=r.xml"];
    let ran = Program::new(dir.path(), ["run", "case.yaml", "-vv"].iter().chain(&reports))
        .env("CANARY", &secret)
        .run();
    ran.status(1).says("535 5.7.8");
    let heard = peer.heard();
    assert!(heard.contains(&STANDARD.encode(&secret)), "the secret did go out\n{heard}");

    let probe =
        ["--auth", "LOGIN", "--user", "probe@x.test", "--password-env", "CANARY", "--save", "saved.yaml"];
    let address = peer.address();
    let arguments = ["probe", &address, "--from", "a@x.test", "--to", "b@x.test"].into_iter().chain(probe);
    let probed = Program::new(dir.path(), arguments).env("CANARY", &secret).run();
    probed.status(1).says("535");

    let mut outputs = vec![
        ("run stdout".to_owned(), ran.stdout),
        ("run stderr".to_owned(), ran.stderr),
        ("probe stdout".to_owned(), probed.stdout),
        ("probe stderr".to_owned(), probed.stderr),
    ];
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            outputs.push((path.display().to_string(), text));
        }
    }
    assert!(outputs.len() >= 8, "the reports are there");
    for (place, text) in &outputs {
        for (encoding, needle) in encodings(&secret) {
            assert!(!text.contains(&needle), "{place} holds the secret {encoding}:\n{text}");
        }
    }
}

/// The secret as it might show: raw, escaped, base64 alone and within each
/// mechanism's response, at every alignment, hexadecimal, percent-encoded.
fn encodings(secret: &str) -> Vec<(&'static str, String)> {
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;");
    let percent: String =
        secret
            .bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
    let mut found = vec![
        ("raw", secret.to_owned()),
        ("in part", secret[..20].to_owned()),
        ("as XML", xml),
        ("in base64", STANDARD_NO_PAD.encode(secret)),
        ("in URL-safe base64", URL_SAFE.encode(secret)),
        ("percent-encoded", percent),
        ("in hexadecimal", secret.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("reversed", secret.chars().rev().collect()),
    ];
    for shift in 0..3 {
        // What stands before the secret shifts its base64; the first and the last
        // few characters depend on the neighbours.
        let shifted = STANDARD_NO_PAD.encode("x".repeat(shift) + secret);
        found.push(("in base64 within something", shifted[4..shifted.len() - 4].to_owned()));
    }
    found
}
