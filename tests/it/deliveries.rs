//! What arrived behind another server: `deliveries` of the project file, with a real
//! Postfix in between.

use std::net::TcpListener;
use std::time::Duration;

use crate::support::{Dir, Program, Ran, Relay};

#[test]
fn what_a_real_server_passes_on_is_held_against_what_was_to_arrive() {
    let Some(way) = Relay::way("what_a_real_server_passes_on_is_held_against_what_was_to_arrive") else {
        return;
    };
    way.write("m.eml", "From: anna@contoso.com\r\nMessage-ID:\r\n <verbatim@test>\r\n\r\nAs it is.\r\n");
    let ran = way.play(
        &[
            "name: back with its certificate, tls: starttls, expect: { message: 250 2.0.0 Ok, delivered: { tenant: \
             Contoso, connector: Contoso's return, direction: originating, tls: { version: TLSv1.3, certificate: \
             c7q2vx9k.smtp.signatures.example }, mail_from: anna@contoso.com, rcpt_to: \
             partner@fourthcoffee.example, header_from: anna@contoso.com, headers: { Received: '/by \
             smtp.signatures.example \\(Postfix\\)/' }, within: 20s } }",
            "name: a verbatim file, message: { file: m.eml }, expect: { delivered: { headers: { Message-ID: \
             <verbatim@test> } } }",
            "name: an id of its own, headers: [{ Message-ID: <own@test> }], expect: { delivered: { tenant: Contoso } }",
            "name: many sessions, repeat: { times: 12, parallel: 4 }, expect: { delivered: { tenant: Contoso } }",
            "name: taken apart, rcpt_to: [apart@contoso.com, info@contoso.com], expect: { delivered: { rcpt_to: \
             info@contoso.com } }",
            "name: straight to the simulator, target: back, source_ip: 192.0.2.7, mail_from: ben@mailer.example, \
             rcpt_to: info@contoso.com, expect: { delivered: { direction: incoming, connector: none, tls: none } }",
        ],
        &["-v"],
    );
    assert!(ran.status == 0, "{}{}{}", ran.stdout, ran.stderr, way.log());
    ran.says("6 passed");

    let ran =
        way.play(&["name: for programs, expect: { delivered: { tenant: Contoso } }"], &["--report", "json"]);
    let case = &ran.json()["cases"][0];
    assert_eq!(
        (&case["target"]["simulator"], &case["arrived"][0]["tenant"]),
        (&false.into(), &"Contoso".into())
    );
    assert!(case["arrived"][0]["after_ms"].as_f64().is_some_and(|after| after > 0.0), "{case}");
    let account = case["account"][0].as_str().expect("the rules that led to it");
    assert!(account.starts_with("at back: certificate name c7q2vx9k.smtp.signatures.example"), "{account}");
}

#[test]
fn what_does_not_arrive_is_waited_for_and_told() {
    let Some(way) = Relay::way("what_does_not_arrive_is_waited_for_and_told") else { return };
    // Nobody at the simulator but the connector's peers may relay: Postfix is refused.
    let ran = way.play(
        &[
            "name: swallowed, target: hasty, rcpt_to: swallowed@contoso.com, expect: { delivered: false }",
            "name: unknown there, target: hasty, mail_from: a@mailer.example, rcpt_to: nobody@contoso.com, \
             expect: { message: 250, delivered: false }",
            "name: one of two, target: hasty, transactions: [{ mail_from: a@contoso.com, rcpt_to: info@contoso.com, \
             expect: { delivered: { mail_from: a@contoso.com } } }, { mail_from: b@contoso.com, rcpt_to: \
             swallowed@contoso.com, expect: { delivered: false } }]",
        ],
        &[],
    );
    assert!(ran.status == 0, "{}{}{}", ran.stdout, ran.stderr, way.log());
    assert!(ran.elapsed >= Duration::from_millis(1500), "absence is waited for: {:?}", ran.elapsed);

    let ran = way.play(
        &[
            "name: another tenant, target: hasty, expect: { delivered: { tenant: Fabrikam } }",
            "name: never, rcpt_to: swallowed@contoso.com, expect: { delivered: { tenant: Contoso, within: 1s } }",
            "name: yet it came, expect: { message: 250, delivered: false }",
            "name: late, expect: { delivered: { within: 1ms } }",
        ],
        &["-v"],
    );
    assert!(ran.status == 1, "{}{}{}", ran.stdout, ran.stderr, way.log());
    ran.says("4 failed")
        .says("delivered with tenant Fabrikam")
        .says("tenant Contoso")
        .says("at back: certificate name c7q2vx9k.smtp.signatures.example matches connector")
        .says("nothing arrived at back within 1 s")
        .says("a message arrived from <anna@contoso.com> for <partner@fourthcoffee.example>, attributed to Contoso")
        .says("nothing arrived at back within 1 ms");
    assert!(ran.elapsed < Duration::from_secs(20), "what came is not waited for: {:?}", ran.elapsed);
}

#[test]
fn where_the_simulator_cannot_listen_nothing_is_sent() {
    let Some(way) = Relay::way("where_the_simulator_cannot_listen_nothing_is_sent") else { return };
    let taken = TcpListener::bind(("127.0.0.1", way.simulator)).expect("the port is the test's own");
    let asks = "name: not sent, rcpt_to: info@contoso.com, expect: { delivered: false }";
    let ran = way.play(&[asks], &[]);
    ran.status(3)
        .says(&format!("the simulator does not start: cannot listen on 127.0.0.1:{}", way.simulator));
    assert!(!way.log().contains("to=<info@contoso.com>, relay=none"), "{}", way.log());
    drop(taken);

    // Pointed elsewhere, nobody here sees what arrives.
    let ran = way.play(&[asks], &["--target", "back=127.0.0.1:9", "-v"]);
    ran.status(2).says("what arrives at back cannot be seen there: --target points it away");
    // What must not be played to its end is not.
    let ran = way.play(&[asks], &["--up-to", "rcpt_to", "-v"]);
    ran.status(2).says("past up_to: rcpt_to");
}

/// Checks scenarios, one a line, under a project with these targets and deliveries.
fn check(targets: &str, deliveries: &str, scenarios: &[&str]) -> Ran {
    let dir = Dir::new();
    dir.write(
        "tenants.yaml",
        "tenants: [{ name: Contoso, AcceptedDomain: [{ DomainName: contoso.com }] }]\n",
    );
    dir.write(
        "relayprobe.yaml",
        format!(
            "simulator: {{ tenants: tenants.yaml, as_of: 2026-11-01 }}\ntargets:\n{targets}\ndeliveries: {deliveries}\n"
        ),
    );
    dir.write("m.eml", "From: a@contoso.com\r\n\r\nNo id.\r\n");
    dir.write("same.eml", "Message-ID: <same@test>\r\nFrom: a@contoso.com\r\n\r\nx\r\n");
    let mut text = "suite: s\ndefaults: { target: relay, mail_from: a@contoso.com, rcpt_to: b@contoso.com }\nscenarios:\n"
        .to_owned();
    for scenario in scenarios {
        text += &format!("  - {{ {scenario} }}\n");
    }
    dir.write("case.yaml", text);
    Program::new(dir.path(), ["check", "case.yaml"]).run()
}

const TARGETS: &str = "  mx: { simulator: mx, listen: 127.0.0.1:2526 }\n  deaf: { simulator: mx }\n  \
                       relay: { address: relay.example:25 }\n  other: { address: other.example:25 }";

#[test]
fn deliveries_that_cannot_be_seen_are_errors() {
    let asks = "name: asks, expect: { delivered: false }";
    check(TARGETS, "{ relay: mx }", &[asks]).status(0);
    check(TARGETS, "{ relay: { at: mx, within: 1m } }", &[asks]).status(0);
    for (deliveries, told) in [
        ("{ relax: mx }", "did you mean `relay`?"),
        ("{ relay: mix }", "did you mean `mx`?"),
        ("{ relay: other }", "`other` is a real server"),
        ("{ relay: deaf }", "`deaf` listens nowhere that a server could be told"),
        ("{ deaf: mx }", "`deaf` is the simulator itself"),
        ("{ relay: { within: 5s } }", "`at`"),
        ("{ relay: { at: mx, within: 2h } }", "`within` is at most 1h"),
        ("{ relay: { at: mx, wthin: 2s } }", "did you mean `within`?"),
        ("{ other: mx }", "only where arrivals can be seen: simulator targets"),
    ] {
        check(TARGETS, deliveries, &[asks]).status(2).says(told);
    }
    for (target, told) in [
        ("{ simulator: mx, listen: 2526 }", "`mx` listens on 127.0.0.1:2526 already"),
        ("{ simulator: mx, listen: 0 }", "`0` is no address with its port"),
        ("{ simulator: mx, listen: relay.example:25 }", "is no address with its port"),
        ("{ simulator: mx, listen: 0.0.0.0:2527 }", "add `allow_remote: true`"),
        ("{ simulator: mx, allow_remote: true }", "`allow_remote` without `listen`"),
        ("{ address: a.example:25, listen: 2527 }", "`listen` is the simulator's"),
    ] {
        check(&format!("{TARGETS}\n  more: {target}"), "{ relay: mx }", &[asks]).status(2).says(told);
    }
    let remote = format!("{TARGETS}\n  more: {{ simulator: mx, listen: 0.0.0.0:2527, allow_remote: true }}");
    check(&remote, "{ relay: more }", &[asks]).status(0);
}

#[test]
fn messages_that_could_not_be_told_apart_are_errors() {
    let own = "name: own, headers: [{ Message-ID: <$(case.id)@test> }], expect: { delivered: false }";
    let more = "name: more, headers: [{ Message-ID: <$(case.id)@test> }], expect: { delivered: false }";
    check(TARGETS, "{ relay: mx }", &[own, more]).status(0);
    let same = "message: { file: same.eml }, expect: { delivered: false }";
    for (scenarios, told) in [
        (vec!["name: none, message: { file: m.eml }, expect: { delivered: false }".to_owned()], "no Message-ID"),
        (
            vec![format!("name: one, {same}"), format!("name: two, {same}")],
            "case/one has the Message-ID <same@test> as well",
        ),
        (
            vec![format!("name: repeated, repeat: {{ times: 2 }}, {same}")],
            "every session of this case has the Message-ID <same@test>",
        ),
        (
            vec![
                "name: twice, transactions: [{ mail_from: a@contoso.com, rcpt_to: b@contoso.com, message: { file: \
                 same.eml } }, { mail_from: a@contoso.com, rcpt_to: b@contoso.com, message: { file: same.eml }, \
                 expect: { delivered: false } }]"
                    .to_owned(),
            ],
            "another message of this case has the Message-ID <same@test> as well",
        ),
    ] {
        let scenarios: Vec<&str> = scenarios.iter().map(String::as_str).collect();
        check(TARGETS, "{ relay: mx }", &scenarios).status(2).says(told);
    }
    // Who does not ask what arrives may send it as often as it pleases.
    let plain = "message: { file: same.eml }";
    let plain = [format!("name: one, {plain}"), format!("name: two, repeat: {{ times: 2 }}, {plain}")];
    check(TARGETS, "{ relay: mx }", &plain.each_ref().map(String::as_str)).status(0);
}
