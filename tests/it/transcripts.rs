//! `relayprobe probe --from-transcript`: what took place elsewhere takes place again, with
//! the same replies.

use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Conn, Dir, Mta, Peer, Pki, Program, Ran, free_ports, have};

/// What a server answers, by the beginnings of commands; the first that fits counts.
type Answers = &'static [(&'static str, &'static str)];

/// Takes everything but what `answers` says otherwise; an empty answer closes.
fn server(answers: Answers) -> Peer {
    Peer::play(move |conn| {
        conn.say("220 peer.test ESMTP\r\n")?;
        talk(conn, answers, true)
    })
}

fn talk(conn: &mut Conn, answers: Answers, clear: bool) -> io::Result<()> {
    loop {
        let line = conn.line()?;
        if let Some((_, answer)) = answers.iter().find(|(lead, _)| line.starts_with(lead)) {
            if answer.is_empty() {
                return Ok(());
            }
            conn.say(format!("{answer}\r\n"))?;
            continue;
        }
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" if clear => conn.say("250-peer.test\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n")?,
            "EHLO" => conn.say("250-peer.test\r\n250 AUTH PLAIN LOGIN\r\n")?,
            "STARTTLS" => {
                conn.say("220 2.0.0 go\r\n")?;
                conn.tls(&Pki::shared().acceptor())?;
                return talk(conn, answers, false);
            }
            "AUTH" if line == "AUTH LOGIN" => {
                for prompt in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                    conn.say(prompt)?;
                    conn.line()?;
                }
                conn.say("235 2.7.0 welcome\r\n")?;
            }
            "AUTH" => conn.say("235 2.7.0 welcome\r\n")?,
            "DATA" => {
                conn.say("354 go\r\n")?;
                conn.message()?;
                conn.say("250-2.6.0 message\r\n250 2.6.0 queued\r\n")?;
            }
            "QUIT" => return conn.say("221 2.0.0 bye\r\n"),
            _ => conn.say("250 2.1.0 ok\r\n")?,
        }
    }
}

fn program(dir: &Dir, arguments: &[&str]) -> Ran {
    Program::new(dir.path(), arguments).env("SCAN_PASSWORD", "correct horse").run()
}

/// Plays a line by swaks and makes a scenario of what it prints, with these lines in it.
fn transcribed(dir: &Dir, peer: &Peer, line: &str, flags: &[&str], lines: &[&str]) -> String {
    let line = format!("swaks -s {} {line} 2>&1", peer.address());
    let ran = Command::new("/bin/sh").args(["-c", &line]).output().expect("sh is here");
    dir.write("transcript", &ran.stdout);
    let _ = std::fs::remove_file(dir.path().join("seen.yaml"));
    let arguments = [&["probe", "--from-transcript", "transcript", "--save", "seen.yaml"], flags].concat();
    program(dir, &arguments).status(0).says("nothing was sent");
    let saved = dir.read("seen.yaml");
    for expected in lines {
        assert!(saved.lines().any(|line| line.trim() == *expected), "{line}: {expected}\n{saved}");
    }
    saved
}

#[test]
fn what_swaks_printed_is_played_again_and_answered_alike() {
    if !have("what_swaks_printed_is_played_again_and_answered_alike", &["swaks"]) {
        return;
    }
    let dir = Dir::new();
    Pki::shared().write(&dir);
    let mail = "-h app.test -f a@x.test -t b@y.test";
    for (answers, line, flags, lines) in [
        (
            &[][..],
            format!("{mail} -q rcpt"),
            &[][..],
            &["ehlo: app.test", "rcpt_to: 250 2.1.0", "stop_after: rcpt_to"][..],
        ),
        (
            &[("RCPT", "550 5.7.64 TenantAttribution; Relay Access Denied")],
            mail.to_owned(),
            &[],
            &["rcpt_to: 550 5.7.64", "mail_from: a@x.test"],
        ),
        (&[("MAIL", "530-5.7.57 a\r\n530 5.7.57 b")], mail.to_owned(), &[], &["mail_from: 530 5.7.57"]),
        (&[("EHLO", "421 4.7.0 later")], mail.to_owned(), &[], &["helo: app.test", "ehlo: 250 2.1.0"]),
        (&[("MAIL", "")], mail.to_owned(), &[], &["mail_from: closed"]),
        (&[("RCPT", "")], mail.to_owned(), &[], &["rcpt_to: closed"]),
        (
            &[("RCPT TO:<c@y.test>", "550 5.1.1 no")],
            "-h app.test -f '<>' -t b@y.test,c@y.test --h-From 'Boss <ceo@x.test>' --h-Subject nightly"
                .to_owned(),
            &["--deliver"],
            &[
                "expect: 550 5.1.1",
                "expect: 250 2.1.0",
                "- Boss <ceo@x.test>",
                "subject: nightly",
                "message: 250 2.6.0",
            ],
        ),
        (
            &[],
            format!("{mail} -tls -a LOGIN -au scan@x.test -ap 'correct horse' -n"),
            &["--deliver"],
            &[
                "mechanism: LOGIN",
                "username: scan@x.test",
                "env: SCAN_PASSWORD",
                "version: TLSv1.3",
                "auth: 235 2.7.0",
            ],
        ),
        (
            &[("AUTH", "535 5.7.3 no")],
            format!("{mail} -tls -a PLAIN -au scan@x.test -ap 'correct horse' -apt"),
            &[],
            &["mechanism: PLAIN", "username: scan@x.test", "auth: 535 5.7.3"],
        ),
        (&[("EHLO", "250 peer.test")], format!("{mail} -tls"), &[], &["starttls: not_offered STARTTLS"]),
        (&[], "-h app.test -q helo".to_owned(), &[], &["ehlo: '250'"]),
        (&[], format!("{mail} --protocol SMTP -q mail"), &[], &["helo: app.test", "mail_from: 250 2.1.0"]),
    ] {
        let peer = server(answers);
        let saved = transcribed(&dir, &peer, &line, flags, lines);
        assert!(!saved.contains("horse") && !saved.contains("Y29ycmVjdCBob3JzZQ"), "{saved}");
        // The certificate of the test's own CA.
        let tls = saved.replace("mode: starttls", "mode: starttls\n    ca: ca.pem");
        dir.write("seen.yaml", tls);
        program(&dir, &["run", "seen.yaml"]).status(0);
    }
    // Nobody listens.
    let free = free_ports::<1>()[0];
    let line = format!("swaks -s 127.0.0.1:{free} {mail} 2>&1");
    let ran = Command::new("/bin/sh").args(["-c", &line]).output().expect("sh is here");
    dir.write("transcript", &ran.stdout);
    let printed = program(&dir, &["probe", "--from-transcript", "transcript"]);
    dir.write("nobody.yaml", &printed.status(0).stdout);
    program(&dir, &["run", "nobody.yaml"]).status(0);
    assert!(printed.stdout.contains("connect: refused connection_refused"), "{}", printed.stdout);
}

#[test]
fn our_own_transcript_does_as_well() {
    let (dir, peer) = (Dir::new(), server(&[("RCPT", "550 5.7.64 no")]));
    let arguments =
        ["probe", &peer.address(), "--from", "a@x.test", "--to", "b@y.test", "--ehlo", "app.test"];
    dir.write("transcript", &program(&dir, &arguments).status(1).stdout);
    let printed = program(&dir, &["probe", "--from-transcript", "transcript"]);
    dir.write("seen.yaml", &printed.status(0).stdout);
    program(&dir, &["run", "seen.yaml"]).status(0);
    assert!(printed.stdout.contains("rcpt_to: 550 5.7.64"), "{}", printed.stdout);
    assert!(peer.heard().ends_with(&peer.heard()[..peer.heard().len() / 2]), "{}", peer.heard());
}

#[test]
fn what_a_postfix_was_told_is_told_to_us_as_well() {
    let test = "what_a_postfix_was_told_is_told_to_us_as_well";
    if !Mta::is_here(test, &[]) {
        return;
    }
    let peer = server(&[
        ("RCPT TO:<stranger@", "550 5.7.64 TenantAttribution; Relay Access Denied"),
        ("RCPT TO:<busy@", "451 4.7.500 Server busy"),
    ]);
    let [port] = free_ports();
    let main = format!(
        "myhostname = relay.test\nmydestination =\nrelayhost = [127.0.0.1]:{}\n\
         smtpd_relay_restrictions = permit_inet_interfaces, reject\n\
         smtpd_recipient_restrictions = check_recipient_access inline:{{refused@y.test=REJECT}}\n\
         smtp_tls_security_level = may\nsmtp_tls_loglevel = 1\nsmtp_dns_support_level = disabled\n\
         header_checks = regexp:$D/etc/headers\n",
        peer.port()
    );
    let dir = Dir::new();
    dir.write("etc/headers", "/^From:/ INFO\n");
    let services = format!("127.0.0.1:{port} inet n - n - - smtpd\nsmtp unix - - n - - smtp\n");
    let mta = Mta::start(dir, &main, &services, "", &[port]);
    let dir = Dir::new();
    let relay = format!("127.0.0.1:{port}");
    let from = ["--from", "app@x.test", "--header-from", "Boss <ceo@x.test>", "--deliver"];
    let to = ["--to", "stranger@y.test", "--to", "busy@y.test", "--to", "info@y.test"];
    program(&dir, &[&["probe", &relay][..], &from, &to].concat()).status(0);
    program(&dir, &["probe", &relay, "--from", "app@x.test", "--to", "refused@y.test"]).status(1);
    let begun = Instant::now();
    while mta.log().matches("status=").count() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", mta.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    dir.write("mail.log", mta.log());
    let printed = program(&dir, &["probe", "--from-transcript", "mail.log", "--deliver"]);
    let saved = printed.status(0).stdout.clone();
    for expected in [
        &format!("target: 127.0.0.1:{}", peer.port()),
        "mail_from: app@x.test",
        "- Boss <ceo@x.test>",
        "expect: 550 5.7.64",
        "expect: 451 4.7.500",
        "message: 250 2.6.0",
        "version: TLSv1.3",
        "verify: none",
        "rcpt_to: 554 5.7.1",
        "source_ip: 127.0.0.1",
    ] {
        assert!(saved.lines().any(|line| line.trim() == expected), "{expected}\n{saved}\n{}", mta.log());
    }
    // Postfix itself is on another port here than a log can tell.
    let line =
        saved.lines().find(|line| line.ends_with(":25") && line.contains("target")).expect("a refusal");
    dir.write("seen.yaml", saved.replace(line, &format!("  target: {relay}")));
    program(&dir, &["run", "seen.yaml"]).status(0);
}

#[test]
fn what_shows_no_session_is_refused_and_what_is_odd_upsets_nobody() {
    let dir = Dir::new();
    for (text, words) in [
        ("", "no line bears a mark"),
        ("hello\n", "no line bears a mark"),
        ("<-  220 x\n -> EHLO y\n", "which server"),
        ("Nov 20 10:00:01 h postfix/qmgr[7]: 4X: from=<a@b.test>, size=1\n", "no delivery"),
    ] {
        dir.write("t", text);
        program(&dir, &["probe", "--from-transcript", "t"]).status(2).says(words);
    }
    dir.write("t", "<-  220 x\n -> EHLO y\n<-  250 y\n");
    program(&dir, &["probe", "mx.test:2525", "--from-transcript", "t"])
        .status(0)
        .says("target: mx.test:2525");
    program(&dir, &["probe", "--from-transcript", "absent"]).status(2).says("absent");
    let pieces = [
        "=== Trying h:25...",
        "<-  ",
        "<~* ",
        " -> ",
        "~> ",
        "*** ",
        "220 x",
        "334 ",
        "354 ",
        "250-",
        "AUTH LOGIN",
        "AUTH",
        "MAIL FROM:<",
        "RCPT TO:",
        "DATA",
        ".",
        "5 lines sent",
        "\u{1b}[31m",
        "\0",
        "=== TLS started with cipher ",
        "Error connecting",
        "postfix/smtp[9]: ",
        "Nov 1 h ",
        "A: to=<",
        "relay=[",
        "]:25",
        "status=bounced (",
        "said: ",
        "\"",
        "$(x)",
        ": reject: RCPT from ",
        "; from=<",
        "postfix/smtpd[1]: ",
        "#",
        "- ",
        "\n",
        "\n",
        "\n",
        " ",
    ];
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..60 {
        let text: String = (0..random.usize(..60)).map(|_| pieces[random.usize(..pieces.len())]).collect();
        dir.write("t", &text);
        let ran = program(&dir, &["probe", "h.test", "--from-transcript", "t"]);
        assert!([0, 2].contains(&ran.status) && !ran.stderr.contains("panicked"), "{text}\n{}", ran.stderr);
    }
}
