//! Which endpoints a cloud has.

use crate::support::{Dir, Program};

const TENANTS: &str = "tenants: [{ name: A, AcceptedDomain: [{ DomainName: a.example }] }]\n";

#[test]
fn an_endpoint_that_the_cloud_lacks_is_bad_input_and_says_why() {
    let dir = Dir::new();
    dir.write("tenants.yaml", TENANTS);
    let why = "customers in US Government clouds cannot opt in to TLS 1.0 and 1.1";
    let arguments = ["simulate", "tenants.yaml", "--cloud", "government", "--legacy", "0"];
    Program::new(dir.path(), arguments).run().status(2).says(why);
    for (cloud, targets) in [
        ("cloud: government, ", "{ old: { simulator: legacy } }"),
        ("", "{ old: { simulator: legacy, cloud: government } }"),
    ] {
        let simulator = format!("{{ {cloud}tenants: tenants.yaml, as_of: 2026-11-01 }}");
        dir.write("relayprobe.yaml", format!("simulator: {simulator}\ntargets: {targets}\n"));
        dir.write("case.yaml", "suite: s\nscenarios: [{ name: n, target: old }]\n");
        let ran = Program::new(dir.path(), ["check", "case.yaml"]).run();
        ran.status(2).says("the government cloud has no `legacy` endpoint").says(why);
    }
}

#[test]
fn the_endpoints_of_a_cloud_are_started_and_no_others() {
    let dir = Dir::new();
    dir.write("tenants.yaml", TENANTS);
    for (arguments, expected, told) in [
        (&["--cloud", "government"][..], &["mx", "submission"][..], "as of 2026-11-01, government cloud;"),
        (&["--cloud", "21vianet"], &["mx", "submission", "legacy"], "as of 2026-11-01, 21vianet cloud;"),
        (&["--hve", "0"], &["mx", "submission", "legacy", "hve"], "as of 2026-11-01;"),
    ] {
        let arguments = ["simulate", "tenants.yaml", "--as-of", "2026-11-01"].iter().chain(arguments);
        let running = Program::new(dir.path(), arguments).start();
        for endpoint in expected {
            let line = running.line();
            assert!(line.starts_with(&format!("{endpoint} 127.0.0.1:")), "{line}");
        }
        running.signal("TERM");
        let ended = running.end();
        ended.status(0).says(told);
        assert_eq!(ended.stdout.lines().count(), expected.len(), "{}", ended.stdout);
    }
}
