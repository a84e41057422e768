//! Scenario files to cases: merging, variables, tables, ids, folders, plans.

use std::sync::Arc;
use std::time::Duration;

use relayprobe::message::Stamp;
use relayprobe::plan::{HelloVerb, Plan, ProxyVersion, TlsMode};
use relayprobe::scenario::{At, Case, Expect, Loaded, Planned, Request, Resolver, load};
use relayprobe::smtp::Stage;
use relayprobe::yaml::render;

use crate::support::{Dir, Program};

/// Loads what stands in the folder.
fn load_in(dir: &Dir, names: &[&str], set: &[(&str, &str)]) -> Result<Loaded, String> {
    let request = Request {
        paths: names.iter().map(|name| dir.join(name)).collect(),
        set: set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..Request::default()
    };
    load(&request).map_err(|rejected| render(&rejected.diagnostics, &rejected.sources, false))
}

/// The cases of one file, `t.yaml`.
fn cases(text: &str) -> Loaded {
    let dir = Dir::new();
    dir.write("t.yaml", text);
    load_in(&dir, &["t.yaml"], &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

fn errors(text: &str) -> String {
    let dir = Dir::new();
    dir.write("t.yaml", text);
    load_in(&dir, &["t.yaml"], &[]).map(|loaded| loaded.cases.len()).expect_err("refused")
}

fn ids(loaded: &Loaded) -> Vec<&str> {
    loaded.cases.iter().map(|case| case.id.as_str()).collect()
}

fn plan(loaded: &Loaded, case: &Case, up_to: Option<Stage>) -> Plan {
    let resolver = Resolver::new(loaded, None, true);
    let at = At { up_to, ..At::of(&case.target).expect("a real target") };
    match resolver.plan(case, &at) {
        Ok(Planned::Play(plan)) => *plan,
        Ok(Planned::Skip(why)) => panic!("{}: skipped: {why}", case.id),
        Err(faults) => panic!("{}", render(&faults, &loaded.sources, false)),
    }
}

fn plans(text: &str) -> Vec<Plan> {
    let loaded = cases(text);
    loaded.cases.iter().map(|case| plan(&loaded, case, None)).collect()
}

fn message(plan: &Plan) -> String {
    let draft = plan.transactions[0].message.as_ref().expect("a message");
    let stamp = Stamp { date: std::time::UNIX_EPOCH, message_id: "id@test", case_id: plan.case_id.as_ref() };
    String::from_utf8(draft.render(&stamp).into_owned()).expect("ASCII")
}

const ONE: &str = "suite: s\ndefaults: { target: '127.0.0.1:25' }\nscenarios:\n";

#[test]
fn defaults_merge_under_each_scenario() {
    let plans = plans(
        "suite: s
defaults:
  target: '127.0.0.1:25'
  ehlo: a.test
  mail_from: a@x.test
  rcpt_to: [b@x.test, c@x.test]
  timeout: { connect: 1s, session: 2s }
  source_ip: 127.0.0.1
  stop_after: rcpt_to
scenarios:
  - name: as the defaults
  - name: its own
    ehlo: b.test
    rcpt_to: d@x.test
    timeout: { session: 3s }
    source_ip: none
    stop_after: none
  - name: short form
    timeout: 4s
",
    );
    let recipients = |plan: &Plan| {
        let all = plan.transactions[0].recipients.iter();
        all.map(|recipient| recipient.path.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(&*plans[0].hello.name, "a.test");
    assert_eq!(recipients(&plans[0]), "<b@x.test> <c@x.test>");
    assert_eq!(plans[0].stop_after, Some(Stage::RcptTo));
    assert_eq!(plans[0].endpoint.bind, Some([127, 0, 0, 1].into()));
    assert_eq!(&*plans[1].hello.name, "b.test");
    assert_eq!(recipients(&plans[1]), "<d@x.test>");
    assert_eq!((plans[1].stop_after, plans[1].endpoint.bind), (None, None));
    let seconds = |plan: &Plan| (plan.timeouts.connect.as_secs(), plan.timeouts.session.as_secs());
    assert_eq!(plans.iter().map(seconds).collect::<Vec<_>>(), [(1, 2), (1, 3), (1, 4)]);
}

#[test]
fn an_inherited_key_that_cannot_hold_is_dropped_and_noted() {
    let loaded = cases(
        "suite: s
defaults:
  target: '127.0.0.1:25'
  tls: { mode: starttls, sni: mx.test }
  certificate: { cert: a.pem, key: a.key }
  mail_from: a@x.test
  rcpt_to: b@x.test
  subject: hello
scenarios:
  - name: clear text
    tls: none
  - name: a file
    message: { file: m.eml }
    tls: none
  - name: by another name
    helo: b.test
    tls: none
  - name: transactions
    tls: none
    transactions: [{ mail_from: c@x.test, rcpt_to: d@x.test }]
",
    );
    let notes = |n: usize| loaded.cases[n].notes.join("; ");
    assert!(notes(0).contains("`sni`") && notes(0).contains("`certificate`"), "{}", notes(0));
    assert!(notes(1).contains("inherited `subject` dropped: the message is a file"), "{}", notes(1));
    assert!(notes(3).contains("`mail_from`") && notes(3).contains("`rcpt_to`"), "{}", notes(3));
    assert!(matches!(plan(&loaded, &loaded.cases[0], None).tls, TlsMode::None));
    assert_eq!(plan(&loaded, &loaded.cases[2], None).hello.verb, HelloVerb::Helo);
    assert_eq!(plan(&loaded, &loaded.cases[3], None).transactions.len(), 1);
}

#[test]
fn of_several_values_the_one_of_the_highest_rank_counts() {
    let dir = Dir::new();
    dir.write("relayprobe.yaml", "vars: { a: project, b: project, c: project, d: project, e: project }\n");
    dir.write(
        "t.yaml",
        "suite: s
vars: { b: file, c: file, d: file, e: file }
scenarios:
  - name: $(a) $(b) $(c) $(d) $(e)
    target: 127.0.0.1:25
    vars: { c: scenario, d: scenario, e: scenario }
    cases: [{ d: row, e: row }]
",
    );
    let loaded = load_in(&dir, &["t.yaml"], &[("e", "set")]).unwrap();
    assert_eq!(loaded.cases[0].name, "project file scenario row set");
}

#[test]
fn a_whole_variable_brings_lists_and_maps_and_two_dollars_are_one() {
    let plans = plans(
        "suite: s
vars:
  domain: x.test
  all: [b@$(domain), c@x.test]
  wait: { reply: 7s }
scenarios:
  - name: one
    target: 127.0.0.1:25
    mail_from: a@$(domain)
    rcpt_to: $(all)
    timeout: $(wait)
    subject: 5 $$ for $(case.id) and $(hostname), $
    header_from: $(case.id) <x@x.test>
",
    );
    assert_eq!(plans[0].transactions[0].recipients[0].path.to_string(), "<b@x.test>");
    assert_eq!(plans[0].timeouts.reply, Duration::from_secs(7));
    let message = message(&plans[0]);
    assert!(message.contains("Subject: 5 $ for t/one and "), "{message}");
    assert!(message.contains("From: t/one <x@x.test>"), "{message}");
}

#[test]
fn a_name_of_set_that_nothing_uses_is_an_error() {
    let dir = Dir::new();
    dir.write("t.yaml", format!("{ONE}  - name: x\n    ehlo: $(name)\n    vars: {{ name: a }}\n"));
    let why = load_in(&dir, &["t.yaml"], &[("nme", "b")]).map(|_| ()).unwrap_err();
    assert!(why.contains("no file uses `$(nme)`") && why.contains("did you mean `name`?"), "{why}");
    assert!(load_in(&dir, &["t.yaml"], &[("name", "b")]).is_ok());
}

#[test]
fn rows_and_axes_multiply_and_exclude_takes_out() {
    let loaded = cases(&format!(
        "{ONE}  - name: $(who) $(a)$(b)
    cases: [{{ who: x }}, {{ who: y }}]
    matrix: {{ a: [1, 2], b: [3, 4], exclude: [{{ who: y, a: 1 }}, {{ b: [4], a: 2 }}] }}
"
    ));
    assert_eq!(ids(&loaded), ["t/x-13", "t/x-14", "t/x-23", "t/y-23"]);
}

#[test]
fn a_column_that_another_cell_takes_is_used() {
    let loaded = cases(&format!(
        "{ONE}  - name: $(who)
    mail_from: $(p1)
    cases: [{{ who: x, domain: a.test, p1: app@$(domain) }}]
"
    ));
    let plan = plan(&loaded, &loaded.cases[0], None);
    assert_eq!(plan.transactions[0].mail_from.to_string(), "<app@a.test>");
}

#[test]
fn ids_come_of_path_and_name_and_differ_by_row_or_axis() {
    let dir = Dir::new();
    dir.write("relayprobe.yaml", "{}\n");
    dir.write(
        "lab/deep/t.yaml",
        format!(
            "{ONE}  - name: Größe & Maß!
  - name: by id
    cases: [{{ id: first one, p: a@x.test }}, {{ id: second, p: a@x.test }}]
    mail_from: $(p)
  - name: by column
    cases: [{{ p: a@x.test, want: 250 }}, {{ p: b@x.test, want: 250 }}]
    mail_from: $(p)
    expect: $(want)
  - name: by axis
    matrix: {{ p: [c@x.test, d@x.test] }}
    mail_from: $(p)
"
        ),
    );
    let expected = [
        "lab/deep/t/größe-maß",
        "lab/deep/t/by-id/first-one",
        "lab/deep/t/by-id/second",
        "lab/deep/t/by-column/a-x-test",
        "lab/deep/t/by-column/b-x-test",
        "lab/deep/t/by-axis/c-x-test",
        "lab/deep/t/by-axis/d-x-test",
    ];
    // The same by the folder, by the file, and by an absolute path.
    for path in ["", "lab/deep/t.yaml", "lab"] {
        assert_eq!(ids(&load_in(&dir, &[path], &[]).unwrap()), expected, "{path}");
    }
    let ran = Program::new(&dir.join("lab/deep"), ["check", "--list", "t.yaml"]).run();
    ran.status(0).says("lab/deep/t/by-id/first-one");
}

#[test]
fn a_csv_file_is_data_and_its_empty_cells_leave_their_key_out() {
    let dir = Dir::new();
    dir.write(
        "devices.csv",
        "\u{FEFF}id,ehlo,sender,unused\r\nscanner, scan.test ,a$(b)@x.test,1\r\n\"printer, old\",,<>,2\r\n",
    );
    dir.write(
        "t.yaml",
        "suite: s
defaults: { target: 127.0.0.1:25, ehlo: default.test }
scenarios:
  - name: device $(id)
    ehlo: $(ehlo)
    mail_from: $(sender)
    cases: { csv: devices.csv }
",
    );
    let loaded = load_in(&dir, &["t.yaml"], &[])
        .map_err(|errors| assert!(errors.contains("a$(b)@x.test"), "{errors}"));
    assert!(loaded.is_err(), "the cell is taken as it is, and is no address");
    dir.write("devices.csv", "id,ehlo,sender\r\nscanner, scan.test ,a@x.test\r\n\"printer, old\",,<>\r\n");
    let loaded = load_in(&dir, &["t.yaml"], &[]).unwrap();
    assert_eq!(ids(&loaded), ["t/device-scanner", "t/device-printer-old"]);
    let names: Vec<String> =
        loaded.cases.iter().map(|case| plan(&loaded, case, None).hello.name.to_string()).collect();
    assert_eq!(names, ["scan.test", "default.test"]);
}

#[test]
fn control_characters_do_not_come_in_by_variable_or_csv() {
    let keys = "    ehlo: $(x)\n    mail_from: $(y)\n    rcpt_to: { address: b@x.test, params: { A: $(x) } }\n    headers: [{ X: $(x) }]\n    subject: $(x)\n";
    let inline = format!("{ONE}  - name: n\n    vars: {{ x: \"a\\r\\nb\", y: \"a\\r\\n@x.test\" }}\n{keys}");
    let why = errors(&inline);
    // The values stand in line 5, the subject's fault in that of the headers.
    assert!(why.contains("t.yaml:5:") && why.contains("control character"), "{why}");
    let dir = Dir::new();
    dir.write("t.csv", "x,y\n\"a\r\nb\",\"a\r\n@x.test\"\n");
    dir.write("t.yaml", format!("{ONE}  - name: n\n    cases: {{ csv: t.csv }}\n{keys}"));
    let why = load_in(&dir, &["t.yaml"], &[]).map(|_| ()).unwrap_err();
    assert!(why.contains("t.csv:2:1") && why.contains("control character"), "{why}");
    dir.write("t.yaml", format!("{ONE}  - name: n\n{keys}"));
    let why = load_in(&dir, &["t.yaml"], &[("x", "a\nb"), ("y", "a\n@x.test")]).map(|_| ()).unwrap_err();
    assert!(why.contains("--set"), "{why}");
}

#[test]
fn a_folder_leaves_out_what_is_no_scenario_of_its_project() {
    let dir = Dir::new();
    let scenario = |name: &str| format!("{ONE}  - name: {name}\n");
    dir.write("p/relayprobe.yaml", "simulator: { tenants: t/tenants.yaml, as_of: 2026-11-01 }\n");
    dir.write("p/t/tenants.yaml", "tenants: []\n");
    dir.write("p/a.yaml", scenario("one"));
    dir.write("p/sub/b.yml", scenario("two"));
    dir.write("p/notes.txt", "no yaml");
    dir.write("p/live/relayprobe.yaml", "{}\n");
    dir.write("p/live/c.yaml", scenario("three"));
    assert_eq!(ids(&load_in(&dir, &["p"], &[]).unwrap()), ["a/one", "sub/b/two"]);
    assert_eq!(ids(&load_in(&dir, &["p/live"], &[]).unwrap()), ["c/three"]);
    // A file that is named twice is read once.
    assert_eq!(ids(&load_in(&dir, &["p/a.yaml", "p", "p/./a.yaml"], &[]).unwrap()), ["a/one", "sub/b/two"]);
    let why = load_in(&dir, &["p", "p/live"], &[]).map(|_| ()).unwrap_err();
    assert!(why.contains("two projects") && why.contains("1 error; nothing was sent"), "{why}");
    for own in ["p/relayprobe.yaml", "p/t/tenants.yaml"] {
        let why = load_in(&dir, &["p/a.yaml", own], &[]).map(|_| ()).unwrap_err();
        assert!(why.contains("a project's own file") && why.contains("1 error;"), "{why}");
    }
}

#[test]
fn paths_are_relative_to_the_file_that_holds_them() {
    let dir = Dir::new();
    dir.write("relayprobe.yaml", "vars: { mail: { file: mails/m.eml } }\n");
    dir.write("mails/m.eml", "From: a@x.test\r\n\r\nproject\r\n");
    dir.write("sub/own.eml", "From: a@x.test\r\n\r\nscenario\r\n");
    dir.write(
        "sub/t.yaml",
        "suite: s
defaults: { target: 127.0.0.1:25, mail_from: a@x.test, rcpt_to: b@x.test }
scenarios:
  - { name: one, message: $(mail) }
  - { name: two, message: { file: own.eml } }
",
    );
    let loaded = load_in(&dir, &["sub"], &[]).unwrap();
    let texts: Vec<String> = loaded.cases.iter().map(|case| message(&plan(&loaded, case, None))).collect();
    assert!(texts[0].contains("project") && texts[1].contains("scenario"), "{texts:?}");
}

#[test]
fn the_author_is_the_sender_unless_the_scenario_says_otherwise() {
    let plans = plans(
        "suite: s
defaults: { target: 127.0.0.1:25, ehlo: app.test, mail_from: a@x.test, rcpt_to: b@x.test }
scenarios:
  - { name: default }
  - { name: null sender, mail_from: \"\" }
  - { name: absent, header_from: none }
  - { name: repeated, header_from: [a@x.test, b@x.test] }
  - { name: odd, header_from: 'no <address' }
",
    );
    let from = |plan: &Plan| {
        let message = message(plan);
        message.lines().filter(|line| line.starts_with("From:")).collect::<Vec<_>>().join("|")
    };
    assert_eq!(
        plans.iter().map(from).collect::<Vec<_>>(),
        [
            "From: a@x.test",
            "From: postmaster@app.test",
            "",
            "From: a@x.test|From: b@x.test",
            "From: no <address"
        ]
    );
}

#[test]
fn parameters_are_sent_as_written() {
    let plans = plans(&format!(
        "{ONE}  - name: n
    mail_from: {{ address: <>, params: {{ SIZE: 0100, BODY: 8BITMIME, SMTPUTF8: true }} }}
    rcpt_to: {{ address: b@x.test, params: {{ NOTIFY: NEVER, ORCPT: rfc822;b+3D@x.test }} }}
"
    ));
    let transaction = &plans[0].transactions[0];
    assert_eq!(transaction.mail_from.to_string(), "<>");
    assert_eq!(&*transaction.mail_params, "SIZE=0100 BODY=8BITMIME SMTPUTF8");
    assert_eq!(&*transaction.recipients[0].params, "NOTIFY=NEVER ORCPT=rfc822;b+3D@x.test");
}

#[test]
fn the_first_exception_that_matches_replaces_the_expectation() {
    let loaded = cases(&format!(
        "{ONE}  - name: $(v) $(w)
    matrix: {{ v: [1, 2], w: [a, b] }}
    expect: 250
    except:
      - {{ when: {{ v: [1, 3], w: a }}, expect: 421 }}
      - {{ when: {{ v: 1 }}, expect: {{ ehlo: 550 }} }}
"
    ));
    let shown = |case: &Arc<Case>| match &case.expect.session {
        Expect::Decisive(patterns) => patterns.written.to_string(),
        Expect::Stages(stages) => stages.stages[0].0.to_string(),
        _ => panic!("{}", case.id),
    };
    assert_eq!(loaded.cases.iter().map(shown).collect::<Vec<_>>(), ["421", "ehlo", "250", "250"]);
    let lines: Vec<u32> = loaded.cases.iter().map(|case| case.expect.at.line).collect();
    assert_eq!(lines, [8, 9, 6, 6], "where the expectation stands");
}

#[test]
fn conditions_look_at_the_value_that_counts() {
    let dir = Dir::new();
    dir.write(
        "t.yaml",
        format!(
            "{ONE}  - name: case
    matrix: {{ v: [1, 2] }}
    ehlo: v$(v).test
    expect: 250
    except: [{{ when: {{ v: 3 }}, expect: 550 }}]
"
        ),
    );
    let loaded = load_in(&dir, &["t.yaml"], &[("v", "3")]).unwrap();
    let refused = |case: &Arc<Case>| matches!(&case.expect.session, Expect::Decisive(patterns) if &*patterns.written == "550");
    assert_eq!(ids(&loaded), ["t/case/1", "t/case/2"], "the ids stay those of the file");
    assert!(loaded.cases.iter().all(refused));
}

#[test]
fn nothing_is_played_past_up_to() {
    let loaded = cases(
        "suite: s
defaults: { target: 127.0.0.1:25, mail_from: a@x.test, rcpt_to: b@x.test }
scenarios:
  - { name: to the end }
  - { name: earlier, stop_after: ehlo }
",
    );
    let up_to = Some(Stage::RcptTo);
    let stops: Vec<Option<Stage>> =
        loaded.cases.iter().take(2).map(|case| plan(&loaded, case, up_to).stop_after).collect();
    assert_eq!(stops, [up_to, Some(Stage::Ehlo)]);
    // A stage that the session does not have: it stops before it.
    assert_eq!(plan(&loaded, &loaded.cases[0], Some(Stage::Auth)).stop_after, Some(Stage::Ehlo));
}

#[test]
fn a_source_address_is_announced_bound_mapped_or_not_here() {
    let dir = Dir::new();
    dir.write(
        "relayprobe.yaml",
        "targets:
  plain: { address: 127.0.0.1:25 }
  proxied: { address: 127.0.0.1:25, proxy: v1 }
sources: { 203.0.113.1: { bind: 127.0.0.9 }, 203.0.113.2: here }
",
    );
    dir.write(
        "t.yaml",
        "suite: s
defaults: { target: plain }
scenarios:
  - { name: announced, target: proxied, source_ip: 203.0.113.9 }
  - { name: mapped, source_ip: 203.0.113.1 }
  - { name: here, source_ip: 203.0.113.2 }
  - { name: own, source_ip: 127.0.0.1 }
  - { name: elsewhere, source_ip: 203.0.113.9 }
",
    );
    let loaded = load_in(&dir, &["t.yaml"], &[]).unwrap();
    let resolver = Resolver::new(&loaded, None, true);
    let endpoint = |n: usize| {
        let case = &loaded.cases[n];
        match resolver.plan(case, &At::of(&case.target).unwrap()).unwrap() {
            Planned::Play(plan) => Ok(plan.endpoint),
            Planned::Skip(why) => Err(why),
        }
    };
    let proxy = endpoint(0).unwrap().proxy.unwrap();
    assert_eq!((proxy.version, proxy.source.ip()), (ProxyVersion::V1, [203, 0, 113, 9].into()));
    assert_eq!(endpoint(1).unwrap().bind, Some([127, 0, 0, 9].into()));
    assert_eq!(endpoint(2).unwrap().bind, None);
    assert_eq!(endpoint(3).unwrap().bind, Some([127, 0, 0, 1].into()));
    assert!(endpoint(4).unwrap_err().contains("203.0.113.9 is not an address of this host"));
}

#[test]
fn only_what_the_selected_cases_use_is_read() {
    let dir = Dir::new();
    dir.write(
        "relayprobe.yaml",
        "targets: { relay: { address: 127.0.0.1:25 } }
certificates: { lost: { cert: lost.pem, key: lost.key } }
accounts: { scan: { username: a, password: { env: RELAYPROBE_NO_SUCH_VARIABLE }, targets: [relay] } }
vars: { lost: { env: RELAYPROBE_NO_SUCH_VARIABLE } }
",
    );
    dir.write(
        "t.yaml",
        "suite: s
defaults: { target: relay }
scenarios:
  - { name: free, tags: [lab] }
  - { name: certificate, tls: starttls, certificate: lost }
  - { name: account, auth: { mechanism: LOGIN, account: scan } }
  - { name: variable, ehlo: $(lost) }
",
    );
    Program::new(dir.path(), ["check", "--tag", "lab"]).run().status(2);
    Program::new(dir.path(), ["check", "t.yaml", "--tag", "lab"]).run().status(0).says("1 of 4 cases");
    let ran = Program::new(dir.path(), ["check", "t.yaml"]).run();
    ran.status(2).says("lost.pem").says("relayprobe.yaml:4:22");
    let ran = Program::new(dir.path(), ["check", "t.yaml", "--filter", "t/variable"])
        .env("RELAYPROBE_NO_SUCH_VARIABLE", "a.test")
        .run();
    ran.status(0);
}

#[test]
fn a_case_keeps_the_axes_and_columns_that_make_it_and_not_what_is_expected_of_it() {
    let text = "suite: s\ndefaults: { target: \"h:25\" }\nscenarios:\n  - name: one\n    tls: $(tls)\n    \
                mail_from: $(p1)\n    ehlo: $(host)\n    cases:\n      \
                - { p1: \"\", domain: x.example, host: \"\", want: 250 }\n      \
                - { p1: a@$(domain), domain: y.example, want: 550 }\n    matrix:\n      \
                tls: [none, { mode: starttls, version: TLSv1.2 }]\n      when: [a, b]\n    \
                expect: $(want)\n    except: [{ when: { when: b }, expect: 5xx }]\n";
    let text = text.replace(", host: \"\"", ", host: h1").replace("550 }", "550, host: h2 }");
    let told = |loaded: &Loaded, n: usize| {
        let words = loaded.cases[n].variables.iter().map(|(name, value)| format!("{name}={value}"));
        words.collect::<Vec<_>>().join("; ")
    };
    let loaded = cases(&text);
    assert_eq!(told(&loaded, 0), "p1=; domain=x.example; host=h1; tls=none");
    assert_eq!(
        told(&loaded, 6),
        "p1=a@y.example; domain=y.example; host=h2; tls=mode: starttls, version: TLSv1.2"
    );
    let dir = Dir::new();
    dir.write("t.yaml", &text);
    let set = load_in(&dir, &["t.yaml"], &[("domain", "z.example")]).expect("sound");
    assert_eq!(told(&set, 6).split("; ").next(), Some("p1=a@z.example"));
}
