//! Our client against Postfix' smtp-sink: under each of its options that misbehave, the
//! right conclusion; and what it keeps of a message is what was sent.

use std::collections::HashMap;
use std::net::TcpStream;

use serde_json::Value;

use crate::support::{Dir, Keeper, Program, free_ports, have, is_root};

/// A sink under these options.
fn sink(dir: Dir, port: u16, options: &[&str]) -> Keeper {
    let at = format!("127.0.0.1:{port}");
    // It does not serve as root.
    let user: &[&str] = if is_root() { &["-u", "postfix"] } else { &[] };
    Keeper::run(dir, "smtp-sink", &[user, options, &[&at, "16"]].concat(), &[port], &[])
}

/// What is delivered where a row says nothing of mail.
const MAIL: &str = "mail_from: a@x.test, rcpt_to: b@y.test";

/// A row: options (`_` is a space in a word), keys of the scenario beside the mail, and
/// what decides: the stage, and the reply's codes or the event with its reason.
type Row = (&'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    ("", "", "message 250 2.0.0"),
    ("-4", "", "message 250 2.0.0"),
    ("-8", "extensions: { body: 8bitmime }", "mail_from not_offered 8BITMIME"),
    ("-a", "auth: { mechanism: PLAIN, username: u, password: p }", "auth not_offered AUTH"),
    ("", "auth: { mechanism: PLAIN, username: u, password: p }", "message 250 2.0.0"),
    // It says yes before it has heard who logs in.
    ("", "auth: { mechanism: LOGIN, username: u, password: p }", "auth desync auth"),
    // Refused before the end of the message, or after it.
    ("-A 0", "", "message desync unasked"),
    ("-A 1", "timeout: { reply: 5s }", "message 550"),
    ("-b 452_4.3.1_full -r RCPT", "", "rcpt_to 452 4.3.1"),
    ("-B 554_5.7.1_never -f MAIL", "", "mail_from 554 5.7.1"),
    ("-f RCPT -r MAIL", "", "mail_from 450 4.3.0"),
    ("-c", "", "message 250 2.0.0"),
    ("-C", "extensions: { xclient: { name: x } }", "command not_offered XCLIENT"),
    ("", "extensions: { xclient: { name: x } }", "message 250 2.0.0"),
    ("-F", "extensions: { xforward: { name: x } }", "command not_offered XFORWARD"),
    ("", "extensions: { xforward: { name: x } }", "message 250 2.0.0"),
    ("-e", "", "ehlo 500 5.5.1"),
    ("-e", "helo: app.test", "message 250 2.0.0"),
    ("-P", "", "ehlo 500 5.5.1"),
    ("-P", "helo: app.test", "message 250 2.0.0"),
    ("-E", "", "message 250 2.0.0"),
    ("-N", "extensions: { dsn: { notify: never } }", "mail_from not_offered DSN"),
    ("", "extensions: { dsn: { notify: never } }", "message 250 2.0.0"),
    ("-p", "extensions: { pipelining: true }", "mail_from not_offered PIPELINING"),
    ("", "extensions: { pipelining: true }", "message 250 2.0.0"),
    ("", "extensions: { chunking: true }", "mail_from not_offered CHUNKING"),
    ("-h mx.sink.test", "expect: { greeting: 220 mx.sink.test ESMTP, message: 250 }", "message 250 2.0.0"),
    ("-H 2", "", "message timeout reply"),
    ("-w 2", "", "data timeout reply"),
    ("-t 1", "steps: [ehlo, { wait: 3s }]", "command closed eof"),
    ("-n 1", "", "message 250 2.0.0"),
    // It ends with the message, unanswered.
    ("-M 1", "", "message closed eof"),
    ("-m 8", "", "message 250 2.0.0"),
    // Somebody else is there.
    ("-m 1", "", "greeting timeout reply"),
    ("-T 1024", "", "message 250 2.0.0"),
    ("-s MAIL,RCPT", "", "message 250 2.0.0"),
    ("-v", "", "message 250 2.0.0"),
    ("-R DIR", "", "message 250 2.0.0"),
    ("-L", "", "ehlo 500 5.5.1"),
];

/// The commands that a sink can be told to fail, with the session that says them and
/// the stage that they are.
const COMMANDS: &[Row] = &[
    ("CONNECT", "", "greeting"),
    ("EHLO", "", "ehlo"),
    ("HELO", "helo: app.test", "ehlo"),
    ("MAIL", "", "mail_from"),
    ("RCPT", "", "rcpt_to"),
    ("DATA", "", "data"),
    (".", "", "message"),
    ("RSET", "steps: [ehlo, rset]", "command"),
    ("NOOP", "steps: [ehlo, noop]", "command"),
    ("VRFY", "steps: [ehlo, { vrfy: x }]", "command"),
];

/// How it fails them, and what is to be concluded.
const FAULTS: &[(&str, &str, &str)] = &[
    ("-f", "", "500 5.3.0"),
    ("-r", "", "450 4.3.0"),
    ("-q", "", "closed eof"),
    ("-Q", "", "421 4.0.0"),
    ("-W", ":2", "timeout reply"),
];

/// What decided, in words: `rcpt_to 550 5.7.1`, `mail_from closed eof`.
fn decisive(case: &Value) -> String {
    let decisive = &case["decisive"];
    let code = decisive["code"].as_u64().map(|code| code.to_string());
    let text = |key: &str| decisive[key].as_str().unwrap_or_default().to_owned();
    let words = [text("stage"), code.unwrap_or_default(), text("enhanced"), text("event"), text("reason")];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What becomes of a case that expects nothing, by what decided it: a server that was
/// never heard was not reached.
fn outcome(decisive: &str) -> &'static str {
    let event = decisive.contains("closed") || decisive.contains("timeout") || decisive.contains("refused");
    match decisive {
        "message 250 2.0.0" => "passed",
        _ if event && decisive.starts_with(['c', 'g']) && !decisive.starts_with("command") => "error",
        _ => "failed",
    }
}

#[test]
fn every_fault_of_a_sink_is_concluded_upon() {
    if !have("every_fault_of_a_sink_is_concluded_upon", &["smtp-sink"]) {
        return;
    }
    let row = |(options, keys, expected): &Row| (options.to_string(), *keys, expected.to_string());
    let mut rows: Vec<(String, &str, String)> = ROWS.iter().map(row).collect();
    for (fault, behind, conclusion) in FAULTS {
        for (command, keys, stage) in COMMANDS {
            rows.push((format!("{fault} {command}{behind}"), keys, format!("{stage} {conclusion}")));
        }
        // The end of a session decides nothing.
        rows.push((format!("{fault} QUIT{behind}"), "", "message 250 2.0.0".to_owned()));
    }
    rows.retain(|(options, ..)| !options.starts_with("-R") || is_root());
    let mut text =
        String::from("defaults: { ehlo: app.test, timeout: { reply: 700ms, session: 20s } }\nscenarios:\n");
    let (mut sinks, mut guests) = (Vec::new(), Vec::new());
    for (n, (options, keys, _)) in rows.iter().enumerate() {
        let ([port], folder) = (free_ports(), Dir::new());
        let path = folder.path().display().to_string();
        let words = options.split(' ').filter(|word| !word.is_empty());
        let words: Vec<String> = words.map(|word| word.replace('_', " ").replace("DIR", &path)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        sinks.push(sink(folder, port, &words));
        if options == "-m 1" {
            guests.push(TcpStream::connect(("127.0.0.1", port)).expect("it listens"));
        }
        let comma = if keys.is_empty() { "" } else { ", " };
        let mail = if keys.contains("steps") { "" } else { MAIL };
        text += &format!("  - {{ name: row {n}, target: \"127.0.0.1:{port}\", {keys}{comma}{mail} }}\n");
    }
    let dir = Dir::new();
    dir.write("sinks.yaml", &text);
    let ran = Program::new(dir.path(), ["run", "sinks.yaml", "-j", "64", "--report", "json"]).run();
    let report = ran.json();
    let cases = report["cases"].as_array().expect("a list");
    let cases: HashMap<&str, &Value> =
        cases.iter().filter_map(|case| Some((case["name"].as_str()?, case))).collect();
    let mut wrong = String::new();
    for (n, (options, keys, expected)) in rows.iter().enumerate() {
        let case = cases.get(&*format!("row {n}")).unwrap_or_else(|| panic!("{options}: {}", ran.stderr));
        let (got, ended) = (decisive(case), case["outcome"].as_str().unwrap_or_default());
        if got != *expected || ended != outcome(expected) {
            wrong += &format!("smtp-sink {options} {{ {keys} }}: wanted {expected}, got {got} ({ended})\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    drop(guests);
}

/// A sink's file without what it writes above each message (smtp-sink(1), "Dump file
/// format"): messages, each with the empty line behind it.
fn messages(dump: &[u8], start: &[u8]) -> Vec<Vec<u8>> {
    let head = [start, b"X-Client-Addr: "].concat();
    let at: Vec<usize> = (0..dump.len()).filter(|at| dump[*at..].starts_with(&head)).collect();
    let ends = at.iter().skip(1).copied().chain([dump.len()]);
    let parts = at.iter().zip(ends).map(|(from, to)| &dump[*from..to]);
    let stripped = parts.map(|part| {
        let mut lines = part.split_inclusive(|b| *b == b'\n');
        let received = lines.by_ref().find(|line| line.starts_with(b"Received: "));
        assert!(received.is_some(), "{}", String::from_utf8_lossy(part));
        // It goes on for two lines.
        lines.skip(2).collect::<Vec<_>>().concat()
    });
    stripped.collect()
}

#[test]
fn a_sink_keeps_what_was_sent_byte_for_byte() {
    if !have("a_sink_keeps_what_was_sent_byte_for_byte", &["smtp-sink"]) {
        return;
    }
    let mut random = fastrand::Rng::with_seed(5);
    let mut noise: Vec<u8> = (0..20_000).map(|_| random.u8(..)).filter(|b| !b"\r\n\0".contains(b)).collect();
    for at in (70..noise.len()).step_by(72) {
        noise[at..at + 2].copy_from_slice(b"\r\n");
    }
    noise.extend_from_slice(b"\r\n");
    let long = [
        b"Subject: long\r\n\r\n".to_vec(),
        vec![b'x'; 990],
        b"\r\n.".to_vec(),
        vec![b'y'; 1900],
        b"\r\n".to_vec(),
    ];
    let all: Vec<(&str, Vec<u8>)> = vec![
        ("dots", b"Subject: dots\r\n\r\n.\r\n..\r\n...x\r\n.x\r\n x.\r\n.\r\n".to_vec()),
        ("8bit", b"Subject: gr\xc3\xbc\xc3\x9fe\r\n\r\n\xff\xfe \x80 na\xefve\r\n".to_vec()),
        ("long", long.concat()),
        ("no-end", b"Subject: no end\r\n\r\nlast line".to_vec()),
        ("dot-at-the-end", b"Subject: x\r\n\r\nlast\r\n.".to_vec()),
        ("empty", Vec::new()),
        ("one-dot", b".".to_vec()),
        ("empty-lines", b"\r\n\r\n\r\n.\r\n\r\n".to_vec()),
        ("no-head", b"no head at all\r\n".to_vec()),
        ("controls", b"Subject: c\r\n\r\n\x01\x07\x08\x0b\x0c\x1a\x1b\x7f\r\n".to_vec()),
        ("noise", [b"Subject: n\r\n\r\n".to_vec(), noise].concat()),
        (
            "large",
            [b"Subject: l\r\n\r\n".to_vec(), b".0123456789 0123456789 0123456789\r\n".repeat(40_000)]
                .concat(),
        ),
    ];
    for (option, start, extensions) in [
        ("-d", "", ""),
        ("-D", "", ""),
        ("-D", "== \\\"a\\\" ==\\n", ", extensions: { pipelining: true }"),
        ("-d", "", ", timeout: { reply: 20s }, extensions: { body: 8bitmime }"),
    ] {
        let (folder, [port]) = (Dir::new(), free_ports());
        std::fs::create_dir(folder.path().join("kept")).expect("the folder is ours");
        let template = folder.path().join(if option == "-d" { "kept/m." } else { "kept/all" });
        let template = template.display().to_string();
        // Whoever the sink serves as writes there.
        let opened = std::process::Command::new("chmod").arg("-R").arg("777").arg(folder.path()).status();
        assert!(opened.expect("chmod is here").success());
        let options = [option, &template, "-S", start];
        let sink = sink(folder, port, if start.is_empty() { &options[..2] } else { &options });
        let dir = Dir::new();
        // One after the other, so that what is appended is in order.
        let mut text = String::from("scenarios:\n");
        for (name, bytes) in &all {
            dir.write(&format!("{name}.eml"), bytes);
            text += &format!(
                "  - {{ name: {name}, target: \"127.0.0.1:{port}\", mail_from: {name}@x.test, rcpt_to: b@y.test, message: \
                 {{ file: {name}.eml }}, expect: 250{extensions} }}\n"
            );
        }
        dir.write("mails.yaml", text);
        Program::new(dir.path(), ["run", "mails.yaml", "-j", "1"]).run().status(0);
        let start = start.replace("\\\"", "\"").replace("\\n", "\n");
        let files = sink.files("kept");
        assert_eq!(files.len(), if option == "-d" { all.len() } else { 1 });
        for (name, bytes) in &all {
            let args = format!("X-Mail-Args: <{name}@x.test>");
            let has = |file: &&Vec<u8>| file.windows(args.len()).any(|part| part == args.as_bytes());
            let file = files.iter().find(has).unwrap_or_else(|| panic!("{name} is not kept"));
            let kept = messages(file, start.as_bytes());
            let nth = if option == "-d" {
                0
            } else {
                all.iter().position(|(own, _)| own == name).expect("it is there")
            };
            // It writes lines: `\n` for each CRLF, and an empty one at the end.
            let mut wire = bytes.clone();
            if !wire.is_empty() && !wire.ends_with(b"\r\n") {
                wire.extend_from_slice(b"\r\n");
            }
            let mut lines: Vec<u8> = Vec::new();
            for line in wire.split_inclusive(|b| *b == b'\n') {
                lines.extend_from_slice(line.strip_suffix(b"\r\n").unwrap_or(line));
                lines.push(b'\n');
            }
            lines.push(b'\n');
            assert!(
                kept[nth] == lines,
                "{option} {name}:\n{}\n--- sent\n{}",
                shown(&kept[nth]),
                shown(&lines)
            );
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(400)].escape_ascii().to_string()
}
