//! What arrived at the simulator, as scenarios ask for it.

use std::fs;

use crate::support::{Lab, Program, Ran};

/// Plays scenarios, one a line, in a copy of the shipped project.
fn run(name: &str, scenarios: &[&str], arguments: &[&str]) -> Ran {
    let lab = Lab::shared();
    let mut text =
        "suite: arrivals\ndefaults: { target: mx, source_ip: 203.0.113.10, mail_from: app@contoso.com, \
                    rcpt_to: someone@elsewhere.example }\nscenarios:\n"
            .to_owned();
    for scenario in scenarios {
        text += &format!("  - {{ {scenario} }}\n");
    }
    fs::write(lab.project(name).join("arrivals.yaml"), text).expect("the folder is ours");
    let file = format!("{name}/arrivals.yaml");
    Program::new(lab.path(), [&["run", &file][..], arguments].concat()).run()
}

#[test]
fn what_arrived_is_held_against_what_was_to_arrive() {
    let ran = run(
        "delivered-holds",
        &[
            "name: own, expect: { delivered: { tenant: Contoso, direction: originating, mail_from: app@contoso.com, \
             rcpt_to: someone@elsewhere.example, header_from: app@contoso.com, within: 10s } }",
            "name: incoming, mail_from: x@mailer.example, rcpt_to: info@contoso.com, source_ip: 192.0.2.77, \
             expect: { message: 250, delivered: { tenant: Contoso, connector: none, direction: incoming } }",
            "name: refused, mail_from: x@mailer.example, source_ip: 192.0.2.77, expect: { rcpt_to: 550 5.7.64, \
             delivered: false }",
            "name: certified, tls: { mode: starttls, version: TLSv1.2 }, certificate: contoso, expect: { delivered: { \
             tls: { version: [TLSv1.2, TLSv1.3], cipher: TLS_ECDHE_*, certificate: relay.contoso.com } } }",
            "name: not certified, tls: starttls, expect: { delivered: { tls: { version: TLSv1.3, cipher: TLS_AES_*, \
             certificate: none } } }",
            "name: expired, tls: starttls, certificate: expired, expect: { delivered: { tls: { certificate: none } } }",
            "name: clear, expect: { delivered: { tls: none } }",
            "name: many, repeat: { times: 20, parallel: 5 }, expect: { delivered: { mail_from: app@contoso.com } }",
        ],
        &[],
    );
    ran.status(0).says("8 passed");
}

#[test]
fn a_failure_says_what_arrived_instead() {
    let ran = run(
        "delivered-fails",
        &[
            "name: other, expect: { delivered: { tenant: Fabrikam, headers: { X-None: true } } }",
            "name: clear text, expect: { delivered: { tls: { version: TLSv1.3 } } }",
            "name: certified, tls: starttls, certificate: contoso, expect: { delivered: { tls: { version: TLSv1.2, \
             certificate: none } } }",
            "name: against expectation, expect: { message: 250, delivered: false }",
        ],
        &[],
    );
    ran.status(1)
        .says("delivered with tenant Fabrikam")
        .says("tenant Contoso")
        .says("delivered with header X-None: present")
        .says("delivered with tls in use")
        .says("delivered with tls TLSv1.2")
        .says("delivered with client certificate none")
        .says("client certificate relay.contoso.com")
        .says("a message arrived from <app@contoso.com> for <someone@elsewhere.example>");
}

#[test]
fn where_arrivals_cannot_be_seen_nothing_is_judged() {
    let away = "name: away, target: \"127.0.0.1:9\", source_ip: none, expect: { delivered: false }";
    let ran = run("delivered-away", &[away], &[]);
    ran.status(2);
    assert!(ran.stderr.contains("only where arrivals can be seen: simulator targets"), "{}", ran.stderr);

    let short = "name: short, stop_after: rcpt_to, expect: { delivered: { tenant: Contoso } }";
    let ran = run("delivered-short", &[short], &[]);
    ran.status(2);
    assert!(ran.stderr.contains("this session sends no message"), "{}", ran.stderr);

    let pointed = "name: pointed, expect: { delivered: { tenant: Contoso } }";
    let ran = run("delivered-pointed", &[pointed], &["--target", "mx=127.0.0.1:9", "-v"]);
    ran.status(2).says("what arrives at mx cannot be seen there");
    let ran = run("delivered-up-to", &[pointed], &["--up-to", "rcpt_to", "-v"]);
    ran.status(2).says("past up_to: rcpt_to");
}
