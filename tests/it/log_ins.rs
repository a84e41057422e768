//! Our client against Dovecot, which knows every mechanism that we do; several log-ins in
//! one session, against Postfix.

use crate::support::{Dir, Dovecot, Pki, Played, Postfix, Program, play};

/// Plays scenarios with the certificates of the tests beside them. Those that fail come
/// from an address of their own each: who fails is made to wait at the next try.
fn against(port: u16, scenarios: &str) -> Played {
    let dir = Dir::new();
    Pki::shared().write(&dir);
    let head = format!(
        "suite: log-ins\ndefaults: {{ ehlo: client.test, target: '127.0.0.1:{port}', tls: {{ mode: starttls, ca: ca.pem }} }}\nscenarios:\n"
    );
    play(&dir, &format!("{head}{scenarios}"))
}

#[test]
fn every_mechanism_of_dovecot_is_spoken_as_it_wants_it() {
    let Some(dovecot) = Dovecot::shared("every_mechanism_of_dovecot_is_spoken_as_it_wants_it") else {
        return;
    };
    let played = against(
        dovecot.port,
        "
  - name: $(mechanism), initial response $(initial)
    auth: { mechanism: $(mechanism), username: probe@test, password: secret, initial_response: $(initial) }
    matrix:
      mechanism: [PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256]
      initial: [true, false]
      exclude: [{ mechanism: CRAM-MD5, initial: true }]
    expect: { auth: 235 2.7.0 }
  - name: $(mechanism) by token, initial response $(initial)
    auth: { mechanism: $(mechanism), username: probe@test, token: secret, initial_response: $(initial) }
    matrix: { mechanism: [XOAUTH2, OAUTHBEARER], initial: [true, false] }
    expect: { auth: 235 2.7.0 }
  - name: EXTERNAL, initial response $(initial)
    certificate: { cert: client-ec.pem, key: client-ec.key }
    auth: { mechanism: EXTERNAL, initial_response: $(initial) }
    matrix: { initial: [true, false] }
    expect: { auth: 235 2.7.0 }
  - name: EXTERNAL on its own behalf
    certificate: { cert: client-ec.pem, key: client-ec.key }
    auth: { mechanism: EXTERNAL, authzid: client.test }
    expect: { auth: 235 2.7.0 }
",
    );
    played.status(0);
    assert_eq!(played.cases().len(), 16);
}

#[test]
fn what_dovecot_does_not_believe_is_a_refusal_and_nothing_else() {
    let Some(dovecot) = Dovecot::shared("what_dovecot_does_not_believe_is_a_refusal_and_nothing_else") else {
        return;
    };
    let played = against(
        dovecot.port,
        "
  - name: $(mechanism), a wrong password
    source_ip: 127.0.3.$(n)
    auth: { mechanism: $(mechanism), username: probe@test, password: guessed }
    cases:
      - { mechanism: PLAIN, n: 1 }
      - { mechanism: LOGIN, n: 2 }
      - { mechanism: CRAM-MD5, n: 3 }
      - { mechanism: SCRAM-SHA-1, n: 4 }
      - { mechanism: SCRAM-SHA-256, n: 5 }
    expect: { auth: 535 5.7.8 }
  - name: $(mechanism), a wrong token
    source_ip: 127.0.3.$(n)
    auth: { mechanism: $(mechanism), username: probe@test, token: guessed }
    cases:
      - { mechanism: XOAUTH2, n: 6 }
      - { mechanism: OAUTHBEARER, n: 7 }
    expect: { auth: 535 5.7.8 }
  - name: EXTERNAL on behalf of another
    source_ip: 127.0.3.8
    certificate: { cert: client-ec.pem, key: client-ec.key }
    auth: { mechanism: EXTERNAL, authzid: probe@test }
    expect: { auth: 535 5.7.8 }
  - name: EXTERNAL by nothing
    source_ip: 127.0.3.9
    auth: { mechanism: EXTERNAL, force: true }
    expect: { auth: 535 5.7.8 }
  - name: $(mechanism), given up
    auth: { mechanism: $(mechanism), cancel: true, continue_on_failure: true }
    mail_from: a@client.test
    stop_after: mail_from
    matrix: { mechanism: [PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256, XOAUTH2, OAUTHBEARER, EXTERNAL] }
    expect: { auth: 501 5.5.2, mail_from: 530 5.7.0 }
",
    );
    played.status(0);
    assert_eq!(played.cases().len(), 17);
    for (mechanism, why) in
        [("XOAUTH2", "\"status\":\"401\""), ("OAUTHBEARER", "\"status\":\"invalid_token\"")]
    {
        let notes = played.case(&format!("{mechanism}, a wrong token"))["notes"].to_string();
        assert!(notes.contains(&why.replace('"', "\\\"")), "{mechanism}: {notes}");
    }
}

#[test]
fn several_log_ins_in_one_session_are_each_their_own() {
    let Some(postfix) = Postfix::shared("several_log_ins_in_one_session_are_each_their_own") else { return };
    let played = against(
        postfix.open,
        "
  - name: by one mechanism after the other
    steps:
      - ehlo
      - { auth: { mechanism: PLAIN, username: probe@test, password: secret, force: true, expect: 5xx } }
      - starttls
      - ehlo
      - { auth: { mechanism: SCRAM-SHA-256, username: probe@test, password: guessed, expect: 535 } }
      - { auth: { mechanism: LOGIN, cancel: true, expect: 501 } }
      - { auth: { mechanism: CRAM-MD5, username: probe@test, password: secret, expect: 235 } }
      - { auth: { mechanism: PLAIN, username: probe@test, password: secret, violate: true, expect: 5xx } }
  - name: first a stranger, then the scenario's own
    auth: { mechanism: SCRAM-SHA-1, username: probe@test, password: secret }
    steps: [ehlo, starttls, ehlo, { auth: { mechanism: LOGIN, username: x@test, password: str4nger, expect: 535 } }, auth]
  - name: wrongly expected
    auth: { mechanism: LOGIN, username: probe@test, password: secret, continue_on_failure: true }
    steps: [ehlo, starttls, ehlo, { auth: { mechanism: LOGIN, username: x@test, password: str4nger } }, { auth: { violate: true } }]
",
    );
    played.status(1);
    played.ended("by one mechanism after the other", "passed ehlo_tls 250");
    played.ended("first a stranger, then the scenario's own", "passed auth 235");
    played.ended("wrongly expected", "failed auth 535");
    let said = format!("{}{}", played.ran.stdout, played.report);
    for secret in ["guessed", "str4nger"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn probe_logs_in_by_any_mechanism() {
    let Some(dovecot) = Dovecot::shared("probe_logs_in_by_any_mechanism") else { return };
    let dir = Dir::new();
    Pki::shared().write(&dir);
    let server = format!("127.0.0.1:{}", dovecot.port);
    let probe = |more: &[&str]| {
        let flags = ["probe", &server, "--tls", "starttls", "--ca", "ca.pem"];
        Program::new(dir.path(), flags.iter().chain(more)).env("SECRET", "secret").run()
    };
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"] {
        let flags = ["--auth", mechanism, "--user", "probe@test", "--password-env", "SECRET"];
        probe(&flags).status(0).says("235 2.7.0");
    }
    for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
        let flags = ["--auth", mechanism, "--user", "probe@test", "--token-env", "SECRET"];
        probe(&[&flags[..], &["--initial-response", "false"]].concat()).status(0).says("235 2.7.0");
    }
    let certificate = ["--cert", "client-ec.pem", "--key", "client-ec.key"];
    let external = [&certificate[..], &["--auth", "EXTERNAL", "--save", "saved.yaml"]].concat();
    probe(&external).status(0).says("AUTH EXTERNAL =").says("235 2.7.0");
    Program::new(dir.path(), ["run", "saved.yaml"]).run().status(0);
}
