//! Our client against Postfix: a server that nobody here wrote.

use std::time::Duration;

use crate::support::{Dir, Pki, Played, Postfix, Program, play};

/// Plays scenarios whose `$PORT` is to be replaced, with the certificates of the
/// tests beside them.
fn against(port: u16, scenarios: &str) -> Played {
    let dir = Dir::new();
    Pki::shared().write(&dir);
    let head = "suite: Postfix\ndefaults:\n  ehlo: client.test\n  mail_from: a@client.test\n  rcpt_to: b@elsewhere.example\n  target: 127.0.0.1:";
    play(&dir, &format!("{head}{port}\nscenarios:\n{scenarios}"))
}

const VERSIONS: [&str; 4] = ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

#[test]
fn every_tls_version_and_kind_of_certificate_relays_by_fingerprint() {
    let Some(postfix) = Postfix::shared("every_tls_version_and_kind_of_certificate_relays_by_fingerprint")
    else {
        return;
    };
    for (mode, port) in [("starttls", postfix.open), ("implicit", postfix.implicit)] {
        let played = against(
            port,
            &format!(
                "
  - name: $(version) $(kind)
    tls: {{ mode: {mode}, version: $(version), ca: ca.pem }}
    certificate: {{ cert: client-$(kind).pem, key: client-$(kind).key }}
    matrix:
      version: [TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3]
      kind: [ec, rsa]
    expect:
      tls: {{ version: $(version), verified: true, peer: {{ name: mx.test }} }}
      message: 250 2.0.0 Ok
"
            ),
        );
        played.status(0);
        assert_eq!(played.cases().len(), 8);
        for version in VERSIONS {
            for kind in ["ec", "rsa"] {
                let case = played.case(&format!("{version} {kind}"));
                let tls = &case["tls"];
                assert_eq!(case["decisive"]["stage"], "message", "{mode} {version} {kind}");
                assert_eq!(tls["version"], version, "{mode} {kind}");
                assert_eq!(tls["client_certificate"], "sent", "{mode} {version} {kind}");
                assert_eq!(tls["verified"], true);
                let backend = if version < "TLSv1.2" { "openssl" } else { "rustls" };
                assert_eq!(tls["backend"], backend, "{mode} {version} {kind}");
            }
        }
    }
    let log = postfix.log();
    for version in ["TLSv1 ", "TLSv1.1 ", "TLSv1.2 ", "TLSv1.3 "] {
        let line = format!("Trusted TLS connection established from unknown[127.0.0.1]: {version}");
        assert!(log.contains(&line), "Postfix saw no {version}\n{log}");
    }
}

#[test]
fn openssl_can_be_asked_for_and_does_the_same() {
    let Some(postfix) = Postfix::shared("openssl_can_be_asked_for_and_does_the_same") else { return };
    let played = against(
        postfix.open,
        "
  - name: $(version)
    tls: { mode: starttls, version: $(version), ca: ca.pem, backend: openssl }
    certificate: { cert: client-ec.pem, key: client-ec.key }
    matrix: { version: [TLSv1.2, TLSv1.3] }
    expect: 250 2.0.0
",
    );
    played.status(0);
    for version in ["TLSv1.2", "TLSv1.3"] {
        assert_eq!(played.case(version)["tls"]["backend"], "openssl");
        assert_eq!(played.case(version)["tls"]["version"], version);
    }
}

#[test]
fn without_a_known_certificate_relaying_is_denied() {
    let Some(postfix) = Postfix::shared("without_a_known_certificate_relaying_is_denied") else { return };
    let played = against(
        postfix.open,
        "
  - name: in clear
    expect: '554 5.7.1 <b@elsewhere.example>: Relay access denied'
  - name: under TLS, no certificate
    tls: { mode: starttls, ca: ca.pem }
    expect: 554 5.7.1
  - name: a certificate of another CA
    tls: { mode: starttls, ca: ca.pem }
    certificate: { cert: stranger.pem, key: stranger.key }
    expect: 554 5.7.1
  - name: to the server's own domain
    rcpt_to: somebody@test
    expect: 250
  - name: one recipient of two
    rcpt_to: [somebody@test, { address: b@elsewhere.example, expect: 554 5.7.1 }]
    expect: 250
  - name: wrongly expected to relay
    expect: 250
",
    );
    played.status(1);
    let denied = "rcpt_to 554 5.7.1 <b@elsewhere.example>: Relay access denied";
    for name in ["in clear", "under TLS, no certificate", "a certificate of another CA"] {
        played.ended(name, &format!("passed {denied}"));
    }
    played.ended("to the server's own domain", "passed message 250 2.0.0");
    played.ended("one recipient of two", "passed message 250 2.0.0");
    played.ended("wrongly expected to relay", &format!("failed {denied}"));
    played.ran.says("1 failed, 5 passed");
}

#[test]
fn nothing_is_taken_before_starttls_where_it_is_a_must() {
    let Some(postfix) = Postfix::shared("nothing_is_taken_before_starttls_where_it_is_a_must") else {
        return;
    };
    let played = against(
        postfix.must_tls,
        "
  - name: in clear
    expect: { mail_from: 530 5.7.0 Must issue a STARTTLS command first }
  - name: with STARTTLS
    tls: { mode: starttls, ca: ca.pem }
    rcpt_to: somebody@test
    expect: 250
",
    );
    played.status(0).ended("in clear", "passed mail_from 530 5.7.0 Must issue a STARTTLS command first");
}

#[test]
fn a_floor_of_tls_1_2_refuses_the_older_handshakes() {
    let Some(postfix) = Postfix::shared("a_floor_of_tls_1_2_refuses_the_older_handshakes") else { return };
    let played = against(
        postfix.floor,
        "
  - name: $(version)
    tls: { mode: starttls, version: $(version), ca: ca.pem }
    rcpt_to: somebody@test
    matrix: { version: [TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3] }
    expect: 250
    except:
      - { when: { version: [TLSv1.0, TLSv1.1] }, expect: tls_refused protocol_version }
",
    );
    played.status(0);
    played.ended("TLSv1.0", "passed tls tls_refused protocol_version");
    played.ended("TLSv1.1", "passed tls tls_refused protocol_version");
    played.ended("TLSv1.2", "passed message 250");
    played.ended("TLSv1.3", "passed message 250");
}

#[test]
fn a_missing_client_certificate_shows_as_421_after_the_handshake() {
    let Some(postfix) = Postfix::shared("a_missing_client_certificate_shows_as_421_after_the_handshake")
    else {
        return;
    };
    let played = against(
        postfix.certified,
        "
  - name: $(version)
    tls: { mode: implicit, version: $(version), ca: ca.pem }
    matrix: { version: [TLSv1.2, TLSv1.3] }
    expect: 421 4.7.1
",
    );
    played.status(0);
    for version in ["TLSv1.2", "TLSv1.3"] {
        played.ended(version, "passed greeting 421 4.7.1");
        let case = played.case(version);
        assert!(
            case["decisive"]["text"].as_str().unwrap().contains("No client certificate presented"),
            "{case:#}"
        );
        assert_eq!(case["tls"]["client_certificate"], "none");
    }
}

#[test]
fn a_server_that_is_not_trusted_ends_the_session_with_its_reason() {
    let Some(postfix) = Postfix::shared("a_server_that_is_not_trusted_ends_the_session_with_its_reason")
    else {
        return;
    };
    let played = against(
        postfix.open,
        "
  - name: no CA of ours
    tls: { mode: starttls, ca: client-ec.pem }
    expect: tls_untrusted unknown_issuer
  - name: another name, $(version)
    tls: { mode: starttls, ca: ca.pem, sni: other.test, version: $(version) }
    matrix: { version: [TLSv1.1, TLSv1.3] }
    expect: tls_untrusted name_mismatch
  - name: not looked at
    tls: { mode: starttls, ca: ca.pem, sni: other.test, verify: none }
    rcpt_to: somebody@test
    expect: { tls: { verified: false } }
  - name: chain alone
    tls: { mode: starttls, ca: ca.pem, sni: other.test, verify: chain }
    rcpt_to: somebody@test
    expect: 250
",
    );
    played.status(0).ended("another name, TLSv1.1", "passed tls tls_untrusted name_mismatch");
    assert_eq!(played.case("not looked at")["tls"]["verified"], false);
}

#[test]
fn auth_plain_and_login_are_accepted_and_refused() {
    let Some(postfix) = Postfix::shared("auth_plain_and_login_are_accepted_and_refused") else { return };
    let played = against(
        postfix.open,
        "
  - name: PLAIN good
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: PLAIN, username: probe@test, password: secret }
    expect: { auth: 235 2.7.0, message: 250 }
  - name: LOGIN good
    tls: { mode: starttls, ca: ca.pem, version: TLSv1.0 }
    auth: { mechanism: LOGIN, username: probe@test, password: secret }
    expect: { auth: 235 2.7.0, message: 250 }
  - name: $(mechanism) bad
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: $(mechanism), username: probe@test, password: wrong }
    matrix: { mechanism: [PLAIN, LOGIN] }
    expect: { auth: 535 5.7.8 }
  - name: bad, and on regardless
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: LOGIN, username: probe@test, password: wrong, continue_on_failure: true }
    expect: { rcpt_to: 554 5.7.1 }
  - name: XOAUTH2
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: XOAUTH2, username: probe@test, token: t0ken }
    expect: { auth: not_offered }
  - name: before TLS
    auth: { mechanism: PLAIN, username: probe@test, password: secret }
    expect: { auth: not_offered }
",
    );
    played.status(0);
    played.ended("PLAIN good", "passed message 250 2.0.0");
    played.ended("LOGIN good", "passed message 250 2.0.0");
    played.ended("PLAIN bad", "passed auth 535 5.7.8");
    played.ended("LOGIN bad", "passed auth 535 5.7.8");
    played.ended("XOAUTH2", "passed auth not_offered");
    played.ended("before TLS", "passed auth not_offered");
}

#[test]
fn every_mechanism_of_cyrus_sasl_is_spoken_as_it_wants_it() {
    let Some(postfix) = Postfix::shared("every_mechanism_of_cyrus_sasl_is_spoken_as_it_wants_it") else {
        return;
    };
    let played = against(
        postfix.open,
        "
  - name: $(mechanism) $(initial) good
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: $(mechanism), username: probe@test, password: secret, initial_response: $(initial) }
    matrix:
      mechanism: [PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256]
      initial: [true, false]
      exclude: [{ mechanism: CRAM-MD5, initial: true }]
    expect: { auth: 235 2.7.0, message: 250 }
  - name: $(mechanism) bad
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: $(mechanism), username: probe@test, password: wrong }
    matrix: { mechanism: [PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256] }
    expect: { auth: 535 5.7.8 }
  - name: $(mechanism) on behalf of $(whom)
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: $(mechanism), username: probe@test, authzid: $(whom), password: secret }
    matrix:
      mechanism: [PLAIN, SCRAM-SHA-256]
      whom: [probe@test, boss@test]
    expect: { auth: 235 }
    except: [{ when: { whom: boss@test }, expect: { auth: 535 } }]
  - name: $(mechanism) cancelled
    tls: { mode: starttls, ca: ca.pem }
    auth: { mechanism: $(mechanism), cancel: true, continue_on_failure: true }
    matrix: { mechanism: [PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256] }
    expect: { auth: 501 5.7.0, rcpt_to: 554 5.7.1 }
",
    );
    played.status(0);
    assert_eq!(played.cases().len(), 23);
    played.ended("SCRAM-SHA-256 true good", "passed message 250 2.0.0");
}

#[test]
fn probe_shows_the_dialogue_and_stops_before_the_message() {
    let Some(postfix) = Postfix::shared("probe_shows_the_dialogue_and_stops_before_the_message") else {
        return;
    };
    let dir = Dir::new();
    Pki::shared().write(&dir);
    let server = format!("127.0.0.1:{}", postfix.open);
    let certificate =
        ["--tls", "starttls", "--ca", "ca.pem", "--cert", "client-rsa.pem", "--key", "client-rsa.key"];
    let addresses = ["--from", "a@client.test", "--to", "b@elsewhere.example"];
    let probe = |more: &[&str]| {
        let arguments = ["probe", &server].into_iter().chain(addresses).chain(more.iter().copied());
        Program::new(dir.path(), arguments).within(Duration::from_secs(20)).run()
    };
    probe(&[]).status(1).says("554 5.7.1").says("Relay access denied");
    probe(&["--expect", "554 5.7.1"]).status(0);
    let relayed = probe(&certificate);
    relayed.status(0).says("TLSv1.3").says("RCPT TO:<b@elsewhere.example>").says("250 2.1.5 Ok");
    assert!(!relayed.stdout.contains("> DATA"), "{}", relayed.stdout);

    let save: Vec<&str> = certificate.into_iter().chain(["--save", "saved.yaml"]).collect();
    probe(&save).status(0);
    Program::new(dir.path(), ["run", "saved.yaml"]).run().status(0);
}
