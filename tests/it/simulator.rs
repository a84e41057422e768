//! Our simulator, as a process of its own, against clients that nobody here
//! wrote: swaks, Python's smtplib and OpenSSL's s_client.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{Dir, Leaf, Pki, Program, Running, have};

const TENANTS: &str = "\
tenants:
  - name: Contoso
    AcceptedDomain: [{ DomainName: contoso.com, DomainType: Authoritative }]
    InboundConnector:
      - { Name: From on-premises, Enabled: true, ConnectorType: OnPremises, TlsSenderCertificateName: '*.contoso.com' }
    TransportConfig: { AllowLegacyTLSClients: true, SmtpClientAuthenticationDisabled: false }
    CASMailbox:
      - { PrimarySmtpAddress: scan@contoso.com, SmtpClientAuthenticationDisabled: false }
    lab:
      passwords: { scan@contoso.com: correct horse }
      recipients: [scan@contoso.com, info@contoso.com]
";

/// The simulator with its certificates in a folder of the test's own.
struct Simulator {
    running: Option<Running>,
    dir: Dir,
    ports: Vec<(String, u16)>,
}

impl Simulator {
    fn start() -> Self {
        let dir = Dir::new();
        let pki = Pki::shared();
        pki.write(&dir);
        let leaf = Leaf { cn: "app01.contoso.com", dns: &["app01.contoso.com"], ip: &[], ..Leaf::default() };
        pki.ca().issue(&leaf).write(&dir, "contoso");
        dir.write("tenants.yaml", TENANTS);
        dir.write(
            "relayprobe.yaml",
            "simulator: { tenants: tenants.yaml, as_of: 2026-11-01, client_ca: ca.pem }\ntargets: { mx: { simulator: mx } }\n",
        );
        let arguments =
            ["simulate", "tenants.yaml", "--project", "relayprobe.yaml", "--ca-out", "sim-ca.pem"];
        let running = Program::new(dir.path(), arguments).start();
        let ports = [(); 3].map(|()| {
            let line = running.line();
            let (endpoint, address) = line.split_once(' ').expect("`mx 127.0.0.1:40025`");
            let port = address.rsplit_once(':').expect("an address has a port").1;
            (endpoint.to_owned(), port.parse().expect("a port is a number"))
        });
        Self { running: Some(running), dir, ports: ports.into() }
    }

    fn port(&self, endpoint: &str) -> String {
        let found = self.ports.iter().find(|(name, _)| name == endpoint);
        found.unwrap_or_else(|| panic!("no {endpoint} in {:?}", self.ports)).1.to_string()
    }

    /// Runs a client in the simulator's folder; its status, and all it said.
    fn client(&self, program: &str, arguments: &[&str], input: &str) -> (i32, String) {
        let mut child = Command::new(program)
            .current_dir(self.dir.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        // A client that ends early reads no further; that is for the test to see.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it is our child");
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
        (output.status.code().unwrap_or(-1), said.concat())
    }

    fn swaks(&self, endpoint: &str, arguments: &[&str]) -> (i32, String) {
        let port = self.port(endpoint);
        let head = ["--server", "127.0.0.1", "--port", &port, "--ehlo", "app01.contoso.com"];
        self.client("swaks", &[&head, arguments].concat(), "")
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.signal("TERM");
            let ran = running.end();
            if !std::thread::panicking() {
                assert!(!ran.stderr.contains("panicked at"), "{}", ran.stderr);
                assert!(ran.elapsed.as_secs() < 60);
            }
        }
    }
}

#[test]
fn swaks_relays_with_a_certificate_and_is_told_550_5_7_64_without() {
    if !have("swaks_relays_with_a_certificate_and_is_told_550_5_7_64_without", &["swaks"]) {
        return;
    }
    let simulator = Simulator::start();
    let outward = ["--from", "bounce@mailer.example", "--to", "partner@fabrikam.example", "-tls"];
    let (status, said) = simulator.swaks("mx", &outward);
    assert_eq!(status, 24, "refused at RCPT TO\n{said}");
    assert!(said.contains("550 5.7.64"), "{said}");
    assert!(said.contains("<-  220 ") && said.contains("TLS started with cipher TLSv1.3"), "{said}");

    let with: Vec<&str> =
        outward.into_iter().chain(["--tls-cert", "contoso.pem", "--tls-key", "contoso.key"]).collect();
    let (status, said) = simulator.swaks("mx", &with);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("<~  354 ") && said.contains("<~  250 2.6.0"), "the message is taken\n{said}");

    let (status, said) = simulator
        .swaks("mx", &["--from", "a@fabrikam.example", "--to", "nobody@contoso.com", "--quit-after", "RCPT"]);
    assert_eq!(status, 24, "{said}");
    assert!(said.contains("550 5.4.1"), "{said}");

    // Nobody showed PROXY here, and the recipient is known: direct mail.
    let (status, said) = simulator.swaks("mx", &["--from", "a@fabrikam.example", "--to", "info@contoso.com"]);
    assert_eq!(status, 0, "{said}");
}

#[test]
fn swaks_logs_in_fails_and_is_told_530_5_7_57_at_submission() {
    if !have("swaks_logs_in_fails_and_is_told_530_5_7_57_at_submission", &["swaks"]) {
        return;
    }
    let simulator = Simulator::start();
    let mail = ["--from", "scan@contoso.com", "--to", "partner@fabrikam.example", "-tls"];
    let login = |password: &'static str| {
        let auth = ["-a", "LOGIN", "-au", "scan@contoso.com", "-ap", password];
        mail.into_iter().chain(auth).collect::<Vec<&str>>()
    };
    let (status, said) = simulator.swaks("submission", &mail);
    assert_eq!(status, 23, "refused at MAIL FROM\n{said}");
    assert!(said.contains("530 5.7.57"), "{said}");
    let (status, said) = simulator.swaks("submission", &login("correct horse"));
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("235 2.7.0"), "{said}");
    let (status, said) = simulator.swaks("submission", &login("wrong"));
    assert_eq!(status, 28, "refused at AUTH\n{said}");
    assert!(said.contains("535 5.7.3"), "{said}");
    // AUTH is hidden until TLS.
    let (_, said) = simulator.swaks("submission", &["--quit-after", "EHLO"]);
    assert!(said.contains("STARTTLS") && !said.contains("AUTH"), "{said}");
}

#[test]
fn smtplib_talks_to_every_endpoint() {
    if !have("smtplib_talks_to_every_endpoint", &["python3"]) {
        return;
    }
    let simulator = Simulator::start();
    let script = r#"
import smtplib, ssl, sys
mx, submission, legacy = map(int, sys.argv[1:])
def context(cert=None):
    made = ssl.create_default_context(cafile="sim-ca.pem")
    made.check_hostname = False
    if cert:
        made.load_cert_chain(cert + ".pem", cert + ".key")
    return made
def refused(code, enhanced, call):
    try:
        call()
    except smtplib.SMTPRecipientsRefused as error:
        got, text = next(iter(error.recipients.values()))
    except smtplib.SMTPResponseException as error:
        got, text = error.smtp_code, error.smtp_error
    else:
        sys.exit("not refused: %s %s" % (code, enhanced))
    if got != code or not text.startswith(enhanced):
        sys.exit("wanted %s %s, got %s %s" % (code, enhanced, got, text))
message = "Subject: x\r\n\r\n..two dots\r\n.\r\nbody\r\n"
with smtplib.SMTP("127.0.0.1", mx, timeout=10) as peer:
    peer.starttls(context=context("contoso"))
    assert peer.sock.version() == "TLSv1.3", peer.sock.version()
    assert peer.sendmail("", ["partner@fabrikam.example", "info@contoso.com"], message) == {}
    refused(550, b"5.4.1", lambda: peer.sendmail("a@contoso.com", ["nobody@contoso.com"], message))
with smtplib.SMTP("127.0.0.1", mx, timeout=10) as peer:
    peer.ehlo()
    assert peer.has_extn("starttls") and peer.has_extn("size") and peer.has_extn("pipelining")
    refused(550, b"5.7.64", lambda: peer.sendmail("a@mailer.example", ["partner@fabrikam.example"], message))
with smtplib.SMTP("127.0.0.1", submission, timeout=10) as peer:
    peer.ehlo()
    assert not peer.has_extn("auth"), "hidden until TLS"
    peer.starttls(context=context())
    peer.ehlo()
    assert peer.esmtp_features["auth"].split() == ["LOGIN", "XOAUTH2"], peer.esmtp_features
    refused(530, b"5.7.57", lambda: peer.sendmail("scan@contoso.com", ["info@contoso.com"], message))
with smtplib.SMTP("127.0.0.1", submission, timeout=10) as peer:
    peer.starttls(context=context())
    refused(535, b"5.7.3", lambda: peer.login("scan@contoso.com", "wrong"))
with smtplib.SMTP("127.0.0.1", submission, timeout=10) as peer:
    peer.starttls(context=context())
    peer.login("scan@contoso.com", "correct horse")
    assert peer.sendmail("scan@contoso.com", ["partner@fabrikam.example"], message) == {}
with smtplib.SMTP("127.0.0.1", legacy, timeout=10) as peer:
    old = context()
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    peer.starttls(context=old)
    assert peer.sock.version() == "TLSv1", peer.sock.version()
    peer.login("scan@contoso.com", "correct horse")
with smtplib.SMTP("127.0.0.1", submission, timeout=10) as peer:
    peer.starttls(context=old)
    refused(421, b"4.7.66", lambda: peer.login("scan@contoso.com", "correct horse"))
print("done")
"#;
    let ports = ["mx", "submission", "legacy"].map(|endpoint| simulator.port(endpoint));
    let (status, said) =
        simulator.client("python3", &["-W", "ignore", "-", &ports[0], &ports[1], &ports[2]], script);
    assert_eq!((status, said.trim_end()), (0, "done"), "{said}");
}

#[test]
fn s_client_shakes_hands_in_every_version_and_verifies_the_chain() {
    if !have("s_client_shakes_hands_in_every_version_and_verifies_the_chain", &["openssl"]) {
        return;
    }
    let simulator = Simulator::start();
    for endpoint in ["mx", "submission", "legacy"] {
        let server = format!("127.0.0.1:{}", simulator.port(endpoint));
        for (flag, version) in
            [("-tls1", "TLSv1"), ("-tls1_1", "TLSv1.1"), ("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")]
        {
            let arguments = ["s_client", "-starttls", "smtp", "-connect", &server, flag];
            let more = ["-CAfile", "sim-ca.pem", "-cipher", "DEFAULT:@SECLEVEL=0", "-ign_eof", "-crlf"];
            let dialogue = "EHLO app01.contoso.com\nQUIT\n";
            let (_, said) = simulator.client("openssl", &[&arguments[..], &more].concat(), dialogue);
            assert!(said.contains("Verify return code: 0 (ok)"), "{endpoint} {flag}\n{said}");
            assert!(
                said.contains(&format!("{version}\n")) || said.contains(&format!("{version},")),
                "{flag}\n{said}"
            );
            assert!(said.contains("221 2.0.0"), "{endpoint} {flag}\n{said}");
        }
    }
    let server = format!("127.0.0.1:{}", simulator.port("mx"));
    let arguments =
        ["s_client", "-starttls", "smtp", "-connect", &server, "-CAfile", "sim-ca.pem", "-ign_eof", "-crlf"];
    let certificate = ["-cert", "contoso.pem", "-key", "contoso.key"];
    let (_, said) = simulator.client(
        "openssl",
        &[&arguments[..], &certificate].concat(),
        "EHLO x.contoso.com\nMAIL FROM:<>\nRCPT TO:<partner@fabrikam.example>\nQUIT\n",
    );
    assert!(said.contains("250 2.1.0") && said.contains("250 2.1.5"), "{said}");
}

#[test]
fn the_simulator_ends_on_a_signal_within_two_seconds() {
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let mut simulator = Simulator::start();
        let running = simulator.running.take().expect("it has just started");
        let sent = std::time::Instant::now();
        running.signal(name);
        let ran = running.end();
        assert!([0, status].contains(&ran.status), "{}\n{}", ran.status, ran.stderr);
        assert!(sent.elapsed().as_secs() < 2, "took {:?}", sent.elapsed());
    }
}

#[test]
fn scenarios_play_against_a_simulator_that_stands_alone_once_its_ca_is_named() {
    let simulator = Simulator::start();
    let scenario = "scenarios:\n  - name: the connector does not relay for strangers\n    target: mx\n    tls: starttls\n    mail_from: bounce@mailer.example\n    rcpt_to: partner@fabrikam.example\n    expect: 550 5.7.64\n";
    simulator.dir.write("relay.yaml", scenario);
    let target = format!("mx=127.0.0.1:{}", simulator.port("mx"));
    let run = |flags: &[&str]| {
        let arguments = [&["run", "relay.yaml", "--target", &target], flags].concat();
        Program::new(simulator.dir.path(), &arguments).run()
    };
    run(&["--ca", "sim-ca.pem"]).status(0);
    let unknown = run(&[]);
    assert_eq!(unknown.status, 1, "{}", unknown.stdout);
    assert!(unknown.stdout.contains("tls_untrusted unknown_issuer"), "{}", unknown.stdout);
    let missing = run(&["--ca", "nowhere.pem"]);
    assert_eq!(missing.status, 2, "{}", missing.stdout);
    assert!(missing.stderr.contains("--ca nowhere.pem: "), "{}", missing.stderr);
}
