//! What people read, kept as files: every error of a scenario file once, every
//! failed expectation once.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::{Conn, Dir, Peer, Pki, Program, golden, steady};

/// Copies a folder of the golden files beside this one.
fn copy(from: &str, dir: &Dir) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(from);
    for entry in fs::read_dir(folder).expect("the golden folder is there") {
        let path = entry.expect("its entries are readable").path();
        dir.write(&path.file_name().unwrap().to_string_lossy(), fs::read(&path).unwrap());
    }
}

#[test]
fn golden_every_error_of_a_scenario_file() {
    let dir = Dir::new();
    copy("errors", &dir);
    let ran = Program::new(dir.path(), ["check", "."]).run();
    ran.status(2);
    golden("errors", &steady(&ran.stderr, dir.path()));
}

#[test]
fn golden_every_error_of_what_cases_need() {
    let dir = Dir::new();
    copy("needs", &dir);
    Pki::shared().write(&dir);
    let open = dir.write("open.secret", "hunter2\n");
    fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let ran = Program::new(dir.path(), ["check", "needs.yaml"]).run();
    ran.status(2);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    golden("needs", &steady(&ran.stderr, dir.path()));
}

#[test]
fn golden_every_failed_expectation() {
    let dir = Dir::new();
    copy("failures", &dir);
    Pki::shared().write(&dir);
    let peer = Peer::play(obliging);
    let target = format!("peer={}", peer.address());
    // One at a time: in the order of the file.
    let ran = Program::new(dir.path(), ["run", "failures.yaml", "--target", &target, "-j", "1"]).run();
    ran.status(1);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    golden("failures", &steady(&ran.stdout, dir.path()));
}

/// A server whose reply to RCPT TO is what the local part says: `550=5.7.64=no`
/// is answered `550 5.7.64 no`; `close` closes, `slow` takes its time.
fn obliging(conn: &mut Conn) -> std::io::Result<()> {
    conn.say("220 peer.test ESMTP\r\n")?;
    loop {
        let line = conn.line()?;
        match line.to_ascii_uppercase().split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => conn.say(
                "250-peer.test Hello [198.51.100.7]\r\n250-STARTTLS\r\n250-AUTH LOGIN\r\n250 SIZE 1000\r\n",
            )?,
            "STARTTLS" => {
                conn.say("220 2.0.0 go\r\n")?;
                conn.tls(&Pki::shared().acceptor())?;
            }
            "RCPT" => {
                let local = line.split(['<', '@']).nth(1).unwrap_or_default();
                match local {
                    "close" => return Ok(()),
                    "slow" => {
                        conn.wait(Duration::from_millis(60));
                        conn.say("250 2.1.5 at last\r\n")?;
                    }
                    local if local.starts_with(|c: char| c.is_ascii_digit()) => {
                        conn.say(format!("{}\r\n", local.replace('=', " ")))?;
                    }
                    _ => conn.say("250 2.1.5 Recipient OK\r\n")?,
                }
            }
            "DATA" => {
                conn.say("354 go\r\n")?;
                conn.message()?;
                conn.say("250 2.6.0 Queued\r\n")?;
            }
            "QUIT" => return conn.say("221 2.0.0 bye\r\n"),
            _ => conn.say("250 2.1.0 OK\r\n")?,
        }
    }
}
