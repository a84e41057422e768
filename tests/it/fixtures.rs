//! The fixtures hold on their own, so that a failure elsewhere is the program's.

use std::process::{Command, Stdio};

use crate::support::{Dir, Peer, Pki, Postfix, have};

#[test]
fn our_postfix_answers_swaks_with_and_without_tls() {
    let test = "our_postfix_answers_swaks_with_and_without_tls";
    let (Some(postfix), true) = (Postfix::shared(test), have(test, &["swaks"])) else { return };
    let dir = Dir::new();
    Pki::shared().write(&dir);
    for (port, tls) in [(postfix.open, "-tls"), (postfix.implicit, "-tlsc"), (postfix.certified, "-tlsc")] {
        let output = Command::new("swaks")
            .current_dir(dir.path())
            .args(["--server", "127.0.0.1", "--port", &port.to_string(), "--from", "a@x.test"])
            .args(["--to", "b@elsewhere.example", "--quit-after", "RCPT", tls])
            .args(["--tls-cert", "client-rsa.pem", "--tls-key", "client-rsa.key"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{text}\n{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            postfix.log()
        );
    }
}

#[test]
fn a_scripted_peer_hears_what_was_said() {
    use std::io::{Read, Write};
    let peer = Peer::play(|conn| {
        conn.hello(&["SIZE 1000"])?;
        conn.bye()
    });
    let mut stream = std::net::TcpStream::connect(peer.address()).unwrap();
    stream.write_all(b"EHLO x\r\nQUIT\r\n").unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    assert!(heard.ends_with("250-SIZE 1000\r\n250 HELP\r\n221 2.0.0 bye\r\n"), "{heard}");
    assert_eq!((peer.connections(), peer.heard().as_str()), (1, "EHLO x\r\nQUIT\r\n"));
}
