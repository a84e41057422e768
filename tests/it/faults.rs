//! Faults on demand, and what the simulator says of its reasons, end to end.

use std::time::Duration;

use crate::support::{Lab, Program};

/// The shipped project with targets of the test's own.
fn run(name: &str, targets: &str, scenarios: &str, flags: &[&str]) -> crate::support::Ran {
    let lab = Lab::shared();
    let folder = lab.project(name);
    let project = folder.join("relayprobe.yaml");
    let text = std::fs::read_to_string(&project).expect("it is shipped");
    let text = text.replacen("\ntargets:\n", &format!("\ntargets:\n{targets}"), 1);
    std::fs::write(&project, text).expect("the folder is ours");
    std::fs::write(folder.join("faults.yaml"), scenarios).expect("the folder is ours");
    let file = format!("{name}/faults.yaml");
    Program::new(lab.path(), [&["run", &file][..], flags].concat()).run()
}

#[test]
fn a_retry_gets_past_a_busy_server_and_the_same_seed_says_when() {
    let targets = "  busy: { simulator: mx, faults: { seed: 3, busy: 60% } }\n";
    let scenarios = "suite: Busy\nscenarios:\n  - name: try again $(n)\n    target: busy\n    mail_from: a$(n)@mailer.example\n    \
                     rcpt_to: info@contoso.com\n    retry: { attempts: 10, delay: 10ms, when: 451 4.7.500 }\n    \
                     matrix: { n: [1, 2, 3, 4, 5, 6] }\n    expect: 250\n";
    let attempts = || {
        let ran = run("busy", targets, scenarios, &["--report", "json"]);
        ran.status(0);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let cases = report["cases"].as_array().expect("a list");
        let mut attempts: Vec<_> =
            cases.iter().map(|case| (case["id"].to_string(), case["attempts"].as_u64())).collect();
        attempts.sort();
        attempts
    };
    let first = attempts();
    assert!(first.iter().any(|(_, n)| *n > Some(1)), "{first:?}");
    assert_eq!(first, attempts(), "the seed decides");
}

#[test]
fn a_tarpit_holds_refusals_back_and_nothing_else() {
    let targets = "  slow: { simulator: mx, faults: { tarpit: 700ms } }\n";
    let scenarios = "suite: Slow\ndefaults: { target: slow, mail_from: a@mailer.example }\nscenarios:\n  - name: a refusal is slow\n    \
                     rcpt_to: partner@fourthcoffee.example\n    expect: { rcpt_to: 5.7.64, total: { within: 20s } }\n  - name: a refusal is not fast\n    \
                     rcpt_to: partner@fourthcoffee.example\n    expect: { rcpt_to: { reply: 5.7.64, within: 600ms } }\n  - name: the rest is fast\n    \
                     rcpt_to: info@contoso.com\n    expect: { rcpt_to: { reply: 250, within: 600ms } }\n";
    let ran = run("slow", targets, scenarios, &["-v"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("1 failed, 2 passed"), "{}", ran.stdout);
    assert!(ran.stdout.contains("FAILED  faults/a-refusal-is-not-fast"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("  account   no client certificate; P1 sender domain mailer.example"),
        "{}",
        ran.stdout
    );
}

#[test]
fn some_of_the_old_tls_sessions_were_refused_in_september_2021() {
    let targets =
        "  early: { simulator: submission, as_of: 2021-09-15, faults: { seed: 1, legacy_tls: 50% } }\n";
    let scenarios = "suite: Old TLS\nscenarios:\n  - name: a scanner $(n)\n    target: early\n    tls: { mode: starttls, version: TLSv1.0 }\n    \
                     source_ip: 203.0.113.$(n)\n    auth: { mechanism: LOGIN, username: scan@fabrikam.com, password: green lamp }\n    mail_from: scan@fabrikam.com\n    \
                     rcpt_to: info@fabrikam.com\n    matrix: { n: [1, 2, 3, 4, 5, 6, 7, 8] }\n    expect: [250, 421 4.7.66]\n";
    let ran = run("early", targets, scenarios, &["-v"]);
    ran.status(0);
    assert!(
        ran.stdout.contains("421 4.7.66 at auth") && ran.stdout.contains("250 2.6.0 at message"),
        "{}",
        ran.stdout
    );
}

#[test]
fn faults_that_could_never_strike_are_errors() {
    let targets = "  a: { simulator: mx, faults: { legacy_tls: 5%, busy: 101%, tarpit: 6m, sed: 1 } }\n  \
                   b: { simulator: submission, faults: { busy: 5% } }\n  c: { address: \"relay.example:25\", faults: { busy: 5% } }\n";
    let scenarios = "suite: s\nscenarios: [{ name: a, target: mx, stop_after: ehlo }]\n";
    let ran = run("never", targets, scenarios, &[]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    for told in [
        "`legacy_tls` is of the submission endpoint, 2021-09-01 to 2022-01-31",
        "`busy` takes a whole percentage such as `5%`, not `101%`",
        "a tarpit is at most 5m",
        "unknown key `sed`",
        "`busy` is of the MX endpoint",
        "`faults` are the simulator's",
    ] {
        assert!(ran.stderr.contains(told), "{told}\n{}", ran.stderr);
    }
}

#[test]
fn a_simulator_that_stands_alone_has_the_faults_that_its_flags_say() {
    let lab = Lab::shared();
    let simulate = ["simulate", "scenarios/tenants.yaml", "--as-of", "2021-09-15"];
    let faults = ["--busy", "100%", "--legacy-tls", "100%", "--tarpit", "300ms", "--seed", "7"];
    let simulator = Program::new(lab.path(), simulate.iter().chain(&faults)).start();
    let doors = [simulator.line(), simulator.line(), simulator.line()];
    let targets = doors.map(|door| door.replacen(' ', "=", 1));
    let old = "tls: { mode: starttls, version: TLSv1.0, verify: none }, auth: { mechanism: LOGIN, account: \
               fabrikam-scan }, mail_from: scan@fabrikam.com, rcpt_to: info@fabrikam.com";
    let scenarios = [
        "name: busy, target: mx, mail_from: a@mailer.example, rcpt_to: info@contoso.com, expect: 451 4.7.500 Server \
         busy"
        .to_owned(),
        format!("name: sampled, target: submission, {old}, expect: {{ auth: 421 4.7.66 }}"),
        format!("name: not sampled there, target: legacy, {old}, expect: 250"),
    ];
    let mut text = "suite: Alone\nscenarios:\n".to_owned();
    for scenario in scenarios {
        text += &format!("  - {{ {scenario} }}\n");
    }
    std::fs::write(lab.project("alone").join("alone.yaml"), text).expect("the folder is ours");
    let run = ["run", "alone/alone.yaml", "-v"].map(str::to_owned);
    let pointed = targets.into_iter().flat_map(|target| ["--target".to_owned(), target]);
    let ran = Program::new(lab.path(), run.into_iter().chain(pointed)).run();
    ran.status(0).says("3 passed");
    assert!(ran.elapsed >= Duration::from_millis(300), "refusals are held back: {:?}", ran.elapsed);
    simulator.signal("TERM");
    simulator.end().status(0).says("faults: ");
}

#[test]
fn flags_of_faults_that_could_never_strike_are_errors() {
    let lab = Lab::shared();
    for (flags, told) in [
        (&["--legacy-tls", "5%", "--as-of", "2022-02-01"][..], "these are the rules of 2022-02-01"),
        (&["--seed", "1", "--tarpit", "1s"], "--seed draws for --busy and --legacy-tls; neither is given"),
    ] {
        let arguments = ["simulate", "scenarios/tenants.yaml"].iter().chain(flags);
        Program::new(lab.path(), arguments).run().status(2).says(told);
    }
}
