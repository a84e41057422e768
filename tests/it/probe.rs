//! `relayprobe probe`, as its users run it.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use crate::support::{Conn, Dir, Peer, Pki, Program, Ran};

/// Takes every command of a session in clear text.
fn take_all(conn: &mut Conn) -> io::Result<()> {
    conn.say("220 peer.test ESMTP\r\n")?;
    loop {
        let line = conn.line()?.to_ascii_uppercase();
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" => conn.say("250-peer.test\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n")?,
            "STARTTLS" => {
                conn.say("220 go\r\n")?;
                conn.tls(&Pki::shared().acceptor())?;
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

fn probe(dir: &Dir, server: &str, flags: &[&str]) -> Ran {
    let arguments = ["probe", server].into_iter().chain(flags.iter().copied());
    Program::new(dir.path(), arguments).env("SECRET", "correct horse").run()
}

#[test]
fn a_saved_session_is_played_by_run_word_for_word() {
    let secret = ["--auth", "plain", "--user", "s$can", "--password-env", "SECRET"];
    let starttls =
        ["--tls", "starttls", "--ca", "ca.pem", "--cert", "client-ec.pem", "--key", "client-ec.key"];
    for flags in [
        vec!["--from", "a@x.test", "--to", "b@x.test", "--to", "c@x.test", "--ehlo", "app.test"],
        vec!["--from", "", "--to", "b@x.test", "--helo", "app.test", "--expect", "250"],
        vec!["--from", "a$b@x.test", "--stop-after", "mail_from", "--timeout", "20s"],
        [&["--from", "a@x.test", "--to", "b@x.test", "--expect", "2xx", "--expect", "5.7.64"][..], &secret]
            .concat(),
        [&["--from", "a@x.test", "--tls-version", "TLSv1.2..TLSv1.3"][..], &starttls, &secret].concat(),
        [&["--verify", "none", "--sni", "other.test", "--source-ip", "127.0.0.1"][..], &starttls].concat(),
    ] {
        let (dir, peer) = (Dir::new(), Peer::play(take_all));
        Pki::shared().write(&dir);
        let address = peer.address();
        let saved = [&flags[..], &["--save", "saved.yaml"]].concat();
        probe(&dir, &address, &saved).status(0);
        let first = peer.heard();
        assert!(first.ends_with("QUIT\r\n"), "{first}");
        Program::new(dir.path(), ["run", "saved.yaml"]).env("SECRET", "correct horse").run().status(0);
        let both = peer.heard();
        assert_eq!(both, format!("{first}{first}"), "{}", dir.read("saved.yaml"));
    }
}

#[test]
fn a_saved_message_has_the_author_that_the_probe_gave_it() {
    for (flags, author) in [
        (&["--header-from", "none"][..], ""),
        (&["--header-from", "Boss <$(ceo)@x.test>"], "From: Boss <$(ceo)@x.test>\r\n"),
        (&["--header-from", "none", "--header-from", "a@x.test"], "From: none\r\nFrom: a@x.test\r\n"),
    ] {
        let (dir, peer) = (Dir::new(), Peer::play(take_all));
        let deliver = ["--from", "a@x.test", "--to", "b@x.test", "--deliver", "--save", "saved.yaml"];
        probe(&dir, &peer.address(), &[&deliver, flags].concat()).status(0);
        Program::new(dir.path(), ["run", "saved.yaml"]).run().status(0);
        let start = format!("DATA\r\n{author}To: b@x.test\r\n");
        assert_eq!(peer.heard().matches(&start).count(), 2, "{}\n{}", peer.heard(), dir.read("saved.yaml"));
    }
}

#[test]
fn a_probe_delivers_only_when_told_to() {
    let (dir, peer) = (Dir::new(), Peer::play(take_all));
    let flags = ["--from", "a@x.test", "--to", "b@x.test"];
    probe(&dir, &peer.address(), &flags).status(0).says("nothing was delivered");
    assert!(!peer.heard().contains("DATA"), "{}", peer.heard());
    let flags = ["--from", "a@x.test", "--to", "b@x.test", "--deliver", "--header-from", "Boss <ceo@x.test>"];
    probe(&dir, &peer.address(), &flags).status(0).says("the message was delivered");
    assert!(peer.heard().contains("From: Boss <ceo@x.test>\r\n"), "{}", peer.heard());
}

#[test]
fn what_is_wrong_with_the_flags_is_said_before_anything_is_sent() {
    let (dir, peer) = (Dir::new(), Peer::unvisited());
    Pki::shared().write(&dir);
    dir.write("taken.yaml", "mine");
    for (flags, words) in [
        (&["--from", "no address"][..], "no `@`"),
        (&["--from", "a@x.test\r\nRSET"], "control character"),
        (&["--ehlo", "a b"], "a space"),
        (&["--cert", "client-ec.pem"], "--tls starttls"),
        (&["--tls", "starttls", "--cert", "absent.pem"], "absent.pem"),
        (&["--tls", "starttls", "--cert", "client-ec.pem", "--key", "client-rsa.key"], "not that of"),
        (&["--tls", "starttls", "--ca", "client-ec.key"], "no PEM certificate"),
        (&["--tls", "starttls", "--tls-version", "TLSv1.4"], "TLSv1.3"),
        (&["--auth", "PLAIN", "--user", "u"], "--password-env"),
        (&["--auth", "PLAIN", "--user", "u", "--password-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
        (&["--auth", "DIGEST-MD5", "--user", "u"], "PLAIN, LOGIN, CRAM-MD5"),
        (&["--auth", "PLAIN", "--password-env", "PATH"], "--user"),
        (&["--auth", "CRAM-MD5", "--user", "u", "--token-env", "PATH"], "--password-env"),
        (&["--auth", "OAUTHBEARER", "--user", "u", "--password-env", "PATH"], "--token-env"),
        (&["--auth", "CRAM-MD5", "--user", "u", "--initial-response", "true"], "the server begins"),
        (&["--auth", "LOGIN", "--user", "u", "--authzid", "v"], "no authorization identity"),
        (&["--auth", "EXTERNAL"], "--cert"),
        (&["--auth", "EXTERNAL", "--user", "u"], "--authzid"),
        (&["--from", "a@x.test", "--to", "b@x.test", "--stop-after", "message"], "--deliver"),
        (&["--expect", "25"], "25"),
        (&["--save", "taken.yaml"], "taken.yaml"),
    ] {
        let ran = probe(&dir, &peer.address(), flags);
        assert!(ran.status == 2 && ran.stderr.contains(words), "{flags:?}: {} {}", ran.status, ran.stderr);
    }
    assert_eq!(peer.connections(), 0);
    assert_eq!(dir.read("taken.yaml"), "mine");
}

#[test]
fn a_server_that_is_not_there_is_no_failure_but_an_error() {
    let dir = Dir::new();
    // A port that was free a moment ago: nobody listens.
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let nobody = free.expect("a loopback port is free").to_string();
    probe(&dir, &nobody, &[]).status(3).says("refused connection_refused");
    probe(&dir, &nobody, &["--expect", "refused"]).status(0);
    probe(&dir, "no-such-host.invalid", &[]).status(3).says("dns_failure");
    let silent = Peer::play(|conn| conn.drain());
    probe(&dir, &silent.address(), &["--timeout", "1s"]).status(3).says("timeout session");
}

#[test]
fn a_signal_ends_a_probe_at_once() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let (dir, silent) = (Dir::new(), Peer::play(|conn| conn.drain()));
        let running = Program::new(dir.path(), ["probe", &silent.address()]).start();
        // The connection stands, and with it the handler.
        assert!(running.line().contains("connected"));
        running.signal(signal);
        let ran = running.end();
        ran.status(status);
        assert!(ran.elapsed < Duration::from_secs(5), "{:?}", ran.elapsed);
    }
}
