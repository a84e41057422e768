//! `relayprobe probe --swaks`: the same line, played by swaks and by us against the same
//! server, says the same to it.

use std::collections::BTreeMap;
use std::io;
use std::process::Command;

use crate::support::{Conn, Dir, Peer, Pki, Program, Ran, have};

/// A server that takes everything, and offers what swaks can use.
fn obliging(conn: &mut Conn) -> io::Result<()> {
    conn.say("220 peer.test ESMTP\r\n")?;
    talk(conn, "250-STARTTLS\r\n")
}

fn talk(conn: &mut Conn, starttls: &str) -> io::Result<()> {
    loop {
        let line = conn.line()?.to_ascii_uppercase();
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" => conn.say(format!(
                "250-peer.test\r\n250-PIPELINING\r\n250-XCLIENT NAME ADDR HELO PORT\r\n{starttls}250 AUTH PLAIN LOGIN CRAM-MD5\r\n"
            ))?,
            "XCLIENT" => conn.say("220 peer.test ESMTP\r\n")?,
            "STARTTLS" => {
                conn.say("220 go\r\n")?;
                conn.tls(&Pki::shared().acceptor())?;
                return talk(conn, "");
            }
            "AUTH" if line == "AUTH LOGIN" => {
                conn.say("334 VXNlcm5hbWU6\r\n")?;
                conn.line()?;
                conn.say("334 UGFzc3dvcmQ6\r\n")?;
                conn.line()?;
                conn.say("235 2.7.0 welcome\r\n")?;
            }
            "AUTH" if line == "AUTH CRAM-MD5" => {
                conn.say("334 PDEyMzQuNTY3OEBwZWVyLnRlc3Q+\r\n")?;
                conn.line()?;
                conn.say("235 2.7.0 welcome\r\n")?;
            }
            "AUTH" => conn.say("235 2.7.0 welcome\r\n")?,
            "DATA" => {
                conn.say("354 go\r\n")?;
                conn.message()?;
                conn.say("250 2.6.0 queued\r\n")?;
            }
            "QUIT" => return conn.say("221 2.0.0 bye\r\n"),
            _ => conn.say("250 2.1.0 ok\r\n")?,
        }
    }
}

/// Commands outside messages, and the messages.
fn parted(heard: &str) -> (Vec<String>, Vec<String>) {
    let (mut commands, mut messages) = (Vec::new(), Vec::new());
    let mut lines = heard.split_inclusive("\r\n");
    while let Some(line) = lines.next() {
        commands.push(line.to_owned());
        if line == "DATA\r\n" {
            let message: String = lines.by_ref().take_while(|line| *line != ".\r\n").collect();
            messages.push(message);
        }
    }
    (commands, messages)
}

/// The fields of a message by name, less those that each program makes by itself, and
/// its text without empty lines at the end.
fn read(message: &str, asked: &[&str]) -> (BTreeMap<String, Vec<String>>, String) {
    let (head, body) = message.split_once("\r\n\r\n").unwrap_or((message, ""));
    let mut fields = BTreeMap::<String, Vec<String>>::new();
    for line in head.replace("\r\n ", " ").split("\r\n") {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if asked.iter().any(|asked| asked.eq_ignore_ascii_case(name)) {
            fields.entry(name.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
        }
    }
    (fields, body.trim_end().to_owned())
}

/// What a server heard of a line from swaks itself, and from us. The line is split by a
/// shell for swaks, and by us.
fn both(dir: &Dir, line: &str, flags: &[&str]) -> (String, String) {
    let peer = Peer::play(obliging);
    let line = line.replace("SERVER", &peer.address());
    let ran =
        Command::new("/bin/sh").args(["-c", &line]).current_dir(dir.path()).output().expect("sh is here");
    let theirs = peer.heard();
    assert!(ran.status.success(), "{line}\n{}", String::from_utf8_lossy(&ran.stdout));
    let arguments = ["probe", "--swaks", &line].into_iter().chain(flags.iter().copied());
    probe(dir, arguments).status(0);
    let all = peer.heard();
    (theirs.clone(), all[theirs.len()..].to_owned())
}

fn probe<'a>(dir: &Dir, arguments: impl IntoIterator<Item = &'a str>) -> Ran {
    Program::new(dir.path(), arguments).env("SCAN_PASSWORD", "correct horse").env("OTHER", "hay stack").run()
}

#[test]
fn a_server_hears_the_same_commands_from_swaks_and_from_us() {
    if !have("a_server_hears_the_same_commands_from_swaks_and_from_us", &["swaks"]) {
        return;
    }
    let dir = Dir::new();
    Pki::shared().write(&dir);
    let certificate = "--tls-cert client-ec.pem --tls-key client-ec.key";
    for line in [
        "swaks -s SERVER -h app.test -f a@x.test -t b@y.test -q rcpt",
        "swaks --server=SERVER --ehlo=app.test --from='' --to b@y.test --quit-after=TO --from '<>'",
        "LANG=C /usr/bin/swaks -s SERVER -ehlo app.test -f a@x.test -t b@y.test,c@y.test -quit rcpt 2>&1 >/dev/null",
        "SWAKS_OPT_from=a@x.test SWAKS_OPT_to=b@y.test swaks -s SERVER --helo 'app.test' --quit-af mail",
        "swaks -s SERVER --protocol SMTP -h app.test -f a@x.test -q mail",
        "swaks -s SERVER --helo app.test -q first-helo",
        "swaks -s SERVER --helo app.test -q helo",
        "swaks -s SERVER --helo app.test -q banner",
        "swaks -s SERVER --helo app.test -q auth",
        "swaks -s SERVER -tls --helo app.test -q helo --tls-protocol tlsv1_2",
        "swaks -s SERVER -tls --helo app.test -q tls --tls-protocol no_tlsv1,no_tlsv1_1,no_sslv3",
        "swaks -s SERVER -tls --helo app.test -q auth",
        "swaks -s SERVER -tls --helo app.test -q first-helo",
        "swaks -s SERVER --protocol ESMTPS --helo app.test -f a@x.test -q mail --tls-cipher ECDHE-ECDSA-AES256-GCM-SHA384 --tls-protocol tlsv1_2",
        "swaks -s SERVER -tls --helo app.test -f a@x.test -q mail --tls-verify --tls-ca-path ca.pem --tls-sni mx.test",
        &format!("swaks -s SERVER -tls {certificate} --helo app.test -f a@x.test -q mail"),
        "swaks -s SERVER --helo app.test -a PLAIN -au scan@x.test -ap 'correct horse' -f a@x.test -q mail",
        "swaks -s SERVER --helo app.test -a LOGIN -au scan@x.test -ap 'correct horse' -q auth --auth-plaintext",
        "swaks -s SERVER --protocol ESMTPA -a CRAM-MD5 -au scan@x.test -ap \"correct horse\" -h a.test -q auth -ahp",
        "swaks -s SERVER --helo app.test -a NTLM,PLAIN -au scan@x.test -ap 'correct horse' -f a@x.test -q auth",
        "swaks -s SERVER --helo app.test -ao PLAIN -au scan@x.test -ap correct\\ horse -f a@x.test -q mail",
        "swaks -s SERVER --helo app.test --drop-after connect",
        "swaks -s SERVER --helo app.test --drop-after first-helo",
        "swaks -s SERVER --helo app.test -f a@x.test -da mail",
        "swaks -s SERVER --helo app.test -f a@x.test -t b@y.test -da rcpt",
        "swaks -s SERVER --helo app.test -tls --drop-after tls",
        "swaks -s SERVER --helo app.test -tls --drop-after helo",
        "swaks -s SERVER --helo app.test -f a@x.test -t b@y.test,c@y.test --pipeline -q rcpt",
        "swaks -s SERVER --helo app.test -tls --xclient-name 'a b' --xclient-addr 192.0.2.7 --xclient-helo h+x -f a@x.test -q mail",
        "swaks -s SERVER --helo app.test --xclient 'NAME=x+2By ADDR=IPV6:2001:db8::1' -f a@x.test -q mail",
        "swaks -s SERVER --helo app.test --xclient-login me --xclient-no-verify -f a@x.test -q mail",
        "swaks -s SERVER --helo app.test -f a@x.test -t b@y.test -q rcpt -tls --no-tls --timeout 5 -S 2 -n -stl",
    ] {
        let (theirs, ours) = both(&dir, line, &[]);
        assert!(!theirs.is_empty() || line.contains("connect"), "{line}");
        assert_eq!(ours, theirs, "{line}");
    }
}

#[test]
fn a_server_gets_the_same_message_from_swaks_and_from_us() {
    if !have("a_server_gets_the_same_message_from_swaks_and_from_us", &["swaks"]) {
        return;
    }
    let dir = Dir::new();
    dir.write("m.eml", "From: Boss <ceo@x.test>\r\nSubject: whole\r\n\r\n.\r\n..two\r\nbye\r\n");
    dir.write("unix.eml", "From x@y Mon Jan  1\nFrom: a@x.test\nSubject: lf\n\none\n\n.leading\n");
    dir.write(
        "template",
        "Date: %DATE%\nTo: %TO_ADDRESS%\nFrom: %FROM_ADDRESS%\nSubject: t\n%NEW_HEADERS%\n%BODY%\n",
    );
    dir.write("a.bin", [0, 255, 13, 10, 46].repeat(40));
    let head = "swaks -s SERVER --helo app.test -f a@x.test -t b@y.test ";
    let all = ["From", "To", "Cc", "Subject", "X-A", "X-B", "Reply-To"];
    for (rest, asked) in [
        ("", &["From", "To"][..]),
        ("--h-Subject 'it is \"here\"' --body 'one\\ntwo\\n.three'", &all),
        (
            "--header 'Subject: a\\nX-A: b' --add-header 'X-B: c' --ah 'X-B: d' --header-Reply-To r@x.test --body x",
            &all,
        ),
        ("--h-From 'Boss <ceo@x.test>' --body 'from %FROM_ADDRESS% to %TO_ADDRESS%'", &["From", "To"]),
        ("--data 'From: z@x.test\\nSubject: s\\n\\nbody\\n.\\nmore\\n'", &all),
        ("--data @m.eml", &all),
        ("--data @unix.eml", &all),
        ("--data - < m.eml", &all),
        ("--data @template --body 'in it' --ah 'X-A: 1'", &all),
        ("--data 'From: z@x.test\\n%NEW_HEADERS%\\n%BODY%' --header 'X-A: 1'", &all),
        ("--pipeline --h-Subject p --body q", &all),
    ] {
        let line = format!("{head}{rest}");
        let (theirs, ours) = both(&dir, &line, &["--deliver"]);
        let (their_commands, their_messages) = parted(&theirs);
        let (our_commands, our_messages) = parted(&ours);
        assert_eq!(our_commands, their_commands, "{line}");
        let (their_fields, their_body) = read(&their_messages[0], asked);
        let (our_fields, our_body) = read(&our_messages[0], asked);
        assert_eq!(our_fields, their_fields, "{line}");
        if line.contains("--body") || line.contains("--data") {
            assert_eq!(our_body, their_body, "{line}");
        }
    }
    // Boundaries are each program's own: what Python makes of both is the same.
    if !have("a_server_gets_the_same_message_from_swaks_and_from_us", &["python3"]) {
        return;
    }
    let line = format!(
        "{head} --attach-type image/png --attach @./a.bin --attach-name other --attach 'plain\\ntext' \
         --attach-body '@m.eml' --attach-type text/html --attach-body '<p>hi'"
    );
    let (theirs, ours) = both(&dir, &line, &["--deliver"]);
    for (name, heard) in [("theirs.eml", &theirs), ("ours.eml", &ours)] {
        dir.write(name, &parted(heard).1[0]);
    }
    let script = "import email, sys\nfor part in email.message_from_file(open(sys.argv[1], newline='')).walk():\n    \
                  print(part.get_content_type(), part.get_filename(), part.get_payload(decode=True))";
    let parts = |name: &str| {
        let ran = Command::new("python3").args(["-c", script, name]).current_dir(dir.path()).output();
        let ran = ran.expect("python is here");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).into_owned()
    };
    assert!(parts("theirs.eml").lines().count() >= 5, "{}", parts("theirs.eml"));
    assert_eq!(parts("ours.eml"), parts("theirs.eml"));
}

#[test]
fn a_line_delivers_only_when_that_is_asked_for() {
    let (dir, peer) = (Dir::new(), Peer::play(obliging));
    for end in ["", " --drop-after data", " --drop-after dot", " --pipeline"] {
        let line = format!("swaks -s {} -f a@x.test -t b@y.test{end}", peer.address());
        let ran = probe(&dir, ["probe", "--swaks", &line]);
        ran.status(0).says("`--deliver` sends the message");
    }
    assert!(peer.heard().contains("RCPT TO") && !peer.heard().contains("DATA"), "{}", peer.heard());
}

#[test]
fn a_saved_line_is_a_scenario_that_says_the_same() {
    let dir = Dir::new();
    let peer = Peer::play(obliging);
    let line = format!(
        "*/5 * * * * root swaks -s {} --helo app.test -tls --tls-verify --tls-ca-path ca.pem -f a@x.test \
         -t b@y.test -a PLAIN -au scan@x.test -ap 'correct horse' --data 'Subject: s\\n\\n50\\% off' || mail root",
        peer.address()
    );
    Pki::shared().write(&dir);
    probe(&dir, ["probe", "--swaks", &line, "--deliver"]).status(0).says("the message was delivered");
    let first = peer.heard();
    assert!(first.contains("\r\nSubject: s\r\n\r\n50% off\r\n.\r\n"), "{first}");
    let ran = probe(&dir, ["probe", "--swaks", &line, "--deliver", "--save", "relay.yaml"]);
    ran.status(0)
        .says("nothing was sent")
        .says("SCAN_PASSWORD is to hold it")
        .says("`|| mail …` is left out");
    assert_eq!(peer.heard(), first, "saving connects nowhere");
    let saved = dir.read("relay.yaml");
    assert!(saved.contains("env: SCAN_PASSWORD") && saved.starts_with("# made of a swaks line\n"), "{saved}");
    probe(&dir, ["run", "relay.yaml"]).status(0);
    assert_eq!(peer.heard(), format!("{first}{first}"), "{saved}");
    // Neither it nor its message is written over.
    probe(&dir, ["probe", "--swaks", &line, "--save", "relay.yaml"]).status(2).says("relay.eml");
    std::fs::remove_file(dir.path().join("relay.eml")).expect("it was written");
    probe(&dir, ["probe", "--swaks", &line, "--save", "relay.yaml"]).status(2).says("relay.yaml");
    assert_eq!(dir.read("relay.yaml"), saved);
}

#[test]
fn no_password_of_a_line_is_ever_shown_or_kept() {
    let (dir, peer) = (Dir::new(), Peer::play(obliging));
    let secret = "Tr0ub4dor";
    for line in [
        format!("swaks -s SERVER -f a@x.test -t b@y.test -a PLAIN -au scan@x.test -ap {secret}"),
        format!("swaks -s SERVER -f a@x.test -t b@y.test -au scan@x.test --auth-password={secret} -a LOGIN"),
        format!(
            "SWAKS_OPT_ap={secret} swaks -s SERVER -f a@x.test -t b@y.test -au scan@x.test -ahp {secret}"
        ),
        // Wrong lines, in which it stands where it does not belong.
        format!("swaks -s SERVER -t b@y.test -au scan@x.test -ap two {secret}"),
        format!("swaks -s SERVER -t b@y.test --auth-pass {secret} --frm x -tlso"),
        format!("swaks -s SERVER -t b@y.test -ap {secret} | curl -u me:{secret} x"),
        format!("PASSWORD={secret} swaks -s SERVER -t b@y.test -ap $PASSWORD"),
        format!("swaks -s SERVER -t b@y.test -au u -ap '{secret}"),
    ] {
        let line = line.replace("SERVER", &peer.address());
        let played = probe(&dir, ["probe", "--swaks", &line]);
        let saved = probe(&dir, ["probe", "--swaks", &line, "--save", "-"]);
        for text in [&played.stdout, &played.stderr, &saved.stdout, &saved.stderr] {
            assert!(!text.contains(secret), "{line}\n{text}");
        }
    }
    assert!(!peer.heard().contains(secret));
    // What is set is used, under the name that was asked for.
    let line =
        format!("swaks -s {} -f a@x.test -a PLAIN -au scan@x.test -ap {secret} -q auth", peer.address());
    probe(&dir, ["probe", "--swaks", &line, "--password-env", "OTHER"]).status(0);
    assert!(peer.heard().contains("AUTH PLAIN AHNjYW5AeC50ZXN0AGhheSBzdGFjaw==\r\n"), "{}", peer.heard());
    probe(&dir, ["probe", "--swaks", &line, "--password-env", "NOT_SET_ANYWHERE"])
        .status(2)
        .says("NOT_SET_ANYWHERE");
}

#[test]
fn what_has_no_meaning_here_is_refused_by_name_and_all_at_once() {
    let (dir, peer) = (Dir::new(), Peer::unvisited());
    let line = format!(
        "swaks -s {} -t b@y.test -tlso --prdr --xclient-optional --pipe 'x' --config f",
        peer.address()
    );
    let ran = probe(&dir, ["probe", "--swaks", &line]);
    ran.status(2).says("nothing was sent");
    for name in ["--tls-optional", "--prdr", "--xclient-optional", "--pipe", "--config"] {
        assert!(ran.stderr.contains(&format!("  `{name}`: ")), "{}", ran.stderr);
    }
    for (line, words) in [
        ("swaks -q ehlo", "neither `--server` nor `--to`"),
        ("swaks -s x.test", "no `--to`"),
        ("swaks -6 -t a@b.test", "the family belongs to the target"),
        ("swaks -s x.test -t", "`--to` without a value"),
        ("swaks -s x.test -q data -t a@b.test", "`--quit-after data`"),
        ("swaks -s x.test -t a@b.test -a NTLM -au u", "the mechanisms here are"),
        ("swaks -s x.test -t a@b.test -a", "no `--auth-user`"),
        ("swaks -s x.test -p nosuch -t a@b.test", "write the number"),
        ("swaks -s x.test -4 -t a@b.test", "give the address itself"),
        ("swaks -s x.test -li eth0 -t a@b.test", "write the address"),
        ("swaks -s x.test -t a@b.test --protocol LMTP", "LMTP"),
        ("swaks -s x.test -t a@b.test -tls --tls-protocol tlsv1,tlsv1_2", "cannot be left out"),
        ("swaks -s x.test -t a@b.test -tls --tls-cert c.pem", "need each other"),
        ("swaks -s x.test -t a@b.test --timeout 0", "`--timeout 0`"),
        ("swaks -s x.test -t a@b.test --body @absent", "absent"),
        ("swaks -s x.test -t a@b.test --data -", "standard input"),
        ("swaks -s x.test -t 'a b@b.test' -f a@b.test", "no address"),
        ("swaks -s 'x y' -t a@b.test", "no host name"),
    ] {
        let ran = probe(&dir, ["probe", "--swaks", line]);
        assert!(ran.status == 2 && ran.stderr.contains(words), "{line}: {} {}", ran.status, ran.stderr);
    }
    for (line, target) in [
        ("swaks -t a@b.test,c@d.test", "mx:d.test:25"),
        ("swaks -t a@b.test --copy-routing e.test -p 587", "mx:e.test:587"),
        ("swaks -t a@b.test -tlsc", "mx:b.test:465"),
    ] {
        let saved = probe(&dir, ["probe", "--swaks", line, "--save", "-"]);
        assert!(
            saved.status(0).stdout.contains(&format!("  target: {target}\n")),
            "{line}\n{}",
            saved.stdout
        );
    }
    for flags in [&["mx.test"][..], &["--from", "a@b.test"], &["--tls", "starttls"], &["--timeout", "5s"]] {
        let arguments =
            ["probe", "--swaks", "swaks -s x.test -t a@b.test"].into_iter().chain(flags.iter().copied());
        assert_eq!(probe(&dir, arguments).status, 2, "{flags:?}");
    }
    assert_eq!(peer.connections(), 0);
}

#[test]
fn the_guide_shows_what_becomes_of_a_line_and_of_a_log() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/swaks.md");
    let page = std::fs::read_to_string(page).expect("it can be read");
    let blocks: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    let [line, line_yaml, log, log_command, log_yaml] = blocks[..] else { panic!("{} blocks", blocks.len()) };
    let dir = Dir::new();
    let run = |command: &str| {
        let command = command.strip_prefix("console\n$ ").expect("a command");
        let ran = Command::new("/bin/sh")
            .args(["-c", &command.replace("relayprobe", "\"$RELAYPROBE\"")])
            .current_dir(dir.path())
            .env("RELAYPROBE", env!("CARGO_BIN_EXE_relayprobe"))
            .output()
            .expect("sh is here");
        [ran.stderr, ran.stdout].map(|said| String::from_utf8_lossy(&said).into_owned()).concat()
    };
    let (command, told) = line.split_once("\nnote: ").expect("notes follow the command");
    assert_eq!(run(command), format!("note: {told}"));
    let saved = dir.read("relay.yaml");
    let scenario = saved.split_once("\nsuite: ").expect("comments come first").1;
    assert_eq!(format!("yaml\nsuite: {scenario}"), line_yaml);
    dir.write("mail.log", log.strip_prefix("text\n").expect("a log"));
    assert_eq!(format!("yaml\n{}", run(log_command)), log_yaml);
}
