//! The simulator against clients that nobody here wrote, each a process: what arrived is,
//! byte for byte, what they were given to send.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use relayprobe::exchange::{Cloud, Endpoint, Faults, Tenants};
use relayprobe::simulator::{Delivered, Lab, LabConfig, Limits, Listen};
use relayprobe::yaml::Sources;

use crate::support::{Dir, Leaf, Pki, find, have, skip};

const TENANTS: &str = "\
tenants:
  - name: Contoso
    AcceptedDomain: [{ DomainName: contoso.com, DomainType: Authoritative }]
    InboundConnector:
      - { Name: From on-premises, Enabled: true, ConnectorType: OnPremises, TlsSenderCertificateName: '*.contoso.com' }
    TransportConfig: { SmtpClientAuthenticationDisabled: false }
    CASMailbox:
      - { PrimarySmtpAddress: scan@contoso.com, SmtpClientAuthenticationDisabled: false }
    lab:
      passwords: { scan@contoso.com: correct horse }
      recipients: [scan@contoso.com, info@contoso.com]
";

/// What hurts on the way: dots, bytes past ASCII, long lines, empty ones.
fn message() -> Vec<u8> {
    let head = "From: scan@contoso.com\r\nTo: info@contoso.com\r\nSubject: m\r\nDate: Sat, 21 Nov 2026 17:46:53 +0000\r\nMessage-ID: <1@contoso.com>\r\n\r\n";
    let body: &[u8] = b".\r\n..\r\n.two\r\n\r\ngr\xc3\xbc\xc3\x9fe\r\n \ttail \r\n.\r\n\r\n";
    [head.as_bytes(), body, &[b'x'; 980], b"\r\nend\r\n"].concat()
}

/// The simulator, a folder with its CA, a client's certificate and the message.
struct Bench {
    lab: Lab,
    dir: Dir,
}

impl Bench {
    fn start() -> Self {
        let dir = Dir::new();
        let pki = Pki::shared();
        pki.write(&dir);
        let leaf = Leaf { cn: "app01.contoso.com", dns: &["app01.contoso.com"], ip: &[], ..Leaf::default() };
        pki.ca().issue(&leaf).write(&dir, "contoso");
        dir.write("tenants.yaml", TENANTS);
        let loaded = Tenants::load(&dir.join("tenants.yaml"), &mut Sources::default());
        let tenants = Arc::new(loaded.expect("the tenants are sound").0);
        let listen = [Endpoint::Mx, Endpoint::Submission].map(|endpoint| Listen {
            endpoint,
            cloud: Cloud::Worldwide,
            as_of: NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day"),
            faults: Faults::default(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        });
        let client_ca = Some(dir.read("ca.pem").into_bytes());
        let config = LabConfig { tenants, client_ca, listen: listen.into(), limits: Limits::default() };
        let lab = Lab::start(config).expect("the simulator starts");
        dir.write("sim-ca.pem", lab.ca_pem());
        dir.write("m.eml", message());
        // Postfix' programs want one, whatever it says.
        dir.write("main.cf", "compatibility_level = 3.6\n");
        Self { lab, dir }
    }

    fn port(&self, door: usize) -> String {
        self.lab.address(door).port().to_string()
    }

    /// Runs a client in the folder, `MX` and `SUBMISSION` in its arguments being ports; all
    /// it said. It must end well.
    fn client(&self, program: &str, arguments: &[&str], input: &[u8]) -> String {
        let filled =
            |argument: &&str| argument.replace("SUBMISSION", &self.port(1)).replace("MX", &self.port(0));
        let arguments: Vec<String> = arguments.iter().map(filled).collect();
        let mut child = Command::new(find(program).expect("it was found before"))
            .current_dir(self.dir.path())
            .env("NODE_PATH", MODULES)
            .env("HOME", self.dir.path())
            .env("MAIL_CONFIG", self.dir.path())
            .args(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        // A client that ends early reads no further; its status tells.
        let _ = child.stdin.take().expect("it is piped").write_all(input);
        let output = child.wait_with_output().expect("it is our child");
        let said =
            [&output.stdout[..], &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
        assert!(output.status.success(), "{program} {arguments:?}\n{}", said.concat());
        said.concat()
    }

    /// The one message that has arrived since `before`, which is as it was sent.
    fn arrived(&self, before: usize, what: &str) -> Arc<Delivered> {
        let begun = Instant::now();
        while self.lab.delivered().len() <= before {
            assert!(begun.elapsed() < Duration::from_secs(10), "{what}: nothing arrived");
            std::thread::sleep(Duration::from_millis(5));
        }
        let all = self.lab.delivered();
        assert_eq!(all.len(), before + 1, "{what}");
        let arrived = Arc::clone(&all[before]);
        let (sent, got) = (message(), &arrived.head);
        assert!(*got == sent, "{what}\n{}\n--- sent\n{}", got.escape_ascii(), sent.escape_ascii());
        assert_eq!(arrived.size, sent.len() as u64, "{what}");
        arrived
    }

    /// Plays clients one after the other, and compares what arrived of each.
    fn each(&self, program: &str, calls: &[(&str, &[&str])], input: &[u8]) {
        for (way, arguments) in calls {
            let before = self.lab.delivered().len();
            let said = self.client(program, arguments, input);
            let arrived = self.arrived(before, &format!("{program} {way}\n{said}"));
            let tls = arrived.tls.is_some();
            assert_eq!(tls, *way != "in clear text", "{program} {way}");
            let door = if way.starts_with("logs in") { Endpoint::Submission } else { Endpoint::Mx };
            assert_eq!(arrived.endpoint, door, "{program} {way}");
            if *way == "shows a certificate" {
                let whose = arrived.attribution.as_ref().map(|attribution| attribution.to_owned());
                assert!(whose.is_some(), "{program}: the certificate counted for nobody");
            }
        }
    }
}

/// Where Debian keeps what Node loads.
const MODULES: &str = "/usr/share/nodejs";

#[test]
fn curl_delivers_byte_for_byte() {
    if !have("curl_delivers_byte_for_byte", &["curl"]) {
        return;
    }
    let bench = Bench::start();
    let mx =
        ["-sS", "smtp://127.0.0.1:MX/app01.contoso.com", "-T", "m.eml", "--mail-from", "scan@contoso.com"];
    let submission = [
        "-sS",
        "smtp://127.0.0.1:SUBMISSION",
        "-T",
        "m.eml",
        "--mail-from",
        "scan@contoso.com",
        "--ssl-reqd",
        "--cacert",
        "sim-ca.pem",
        "--mail-rcpt",
        "info@contoso.com",
    ];
    let inside = ["--mail-rcpt", "info@contoso.com"];
    let outside = ["--mail-rcpt", "partner@fabrikam.example"];
    let tls = ["--ssl-reqd", "--cacert", "sim-ca.pem"];
    let certificate = ["--cert", "contoso.pem", "--key", "contoso.key"];
    let login = ["--user", "scan@contoso.com:correct horse", "--login-options", "AUTH=LOGIN"];
    let bearer =
        ["--user", "scan@contoso.com", "--oauth2-bearer", "correct horse", "--login-options", "AUTH=XOAUTH2"];
    bench.each(
        "curl",
        &[
            ("in clear text", &[&mx[..], &inside].concat()),
            ("over TLS", &[&mx[..], &inside, &tls].concat()),
            ("shows a certificate", &[&mx[..], &outside, &tls, &certificate].concat()),
            ("logs in by LOGIN", &[&submission[..], &login].concat()),
            ("logs in by XOAUTH2", &[&submission[..], &bearer].concat()),
        ],
        b"",
    );
}

#[test]
fn msmtp_delivers_byte_for_byte() {
    if !have("msmtp_delivers_byte_for_byte", &["msmtp"]) {
        return;
    }
    let bench = Bench::start();
    let common =
        ["--file=/dev/null", "--host=127.0.0.1", "--from=scan@contoso.com", "--domain=app01.contoso.com"];
    let tls = ["--tls=on", "--tls-trust-file=sim-ca.pem"];
    let login = ["--auth=login", "--user=scan@contoso.com", "--passwordeval=echo correct horse"];
    let bearer = ["--auth=xoauth2", "--user=scan@contoso.com", "--passwordeval=echo correct horse"];
    let certificate = ["--tls-cert-file=contoso.pem", "--tls-key-file=contoso.key"];
    // It takes lines, and ends each with CRLF itself.
    let lines = String::from_utf8(message()).expect("it is UTF-8").replace("\r\n", "\n");
    bench.each(
        "msmtp",
        &[
            ("in clear text", &[&common[..], &["--port=MX", "--tls=off", "--", "info@contoso.com"]].concat()),
            ("over TLS", &[&common[..], &tls, &["--port=MX", "--", "info@contoso.com"]].concat()),
            (
                "shows a certificate",
                &[&common[..], &tls, &certificate, &["--port=MX", "--", "partner@fabrikam.example"]].concat(),
            ),
            (
                "logs in by LOGIN",
                &[&common[..], &tls, &login, &["--port=SUBMISSION", "--", "info@contoso.com"]].concat(),
            ),
            (
                "logs in by XOAUTH2",
                &[&common[..], &tls, &bearer, &["--port=SUBMISSION", "--", "info@contoso.com"]].concat(),
            ),
        ],
        lines.as_bytes(),
    );
}

#[test]
fn nodemailer_delivers_byte_for_byte() {
    let test = "nodemailer_delivers_byte_for_byte";
    if !have(test, &["node"]) {
        return;
    }
    let look = Command::new("node").env("NODE_PATH", MODULES).args(["-e", "require('nodemailer')"]).output();
    if !look.is_ok_and(|looked| looked.status.success()) {
        skip(test, "without Node's nodemailer");
        return;
    }
    let bench = Bench::start();
    let script = r#"
const fs = require("fs");
const [port, to, how] = process.argv.slice(2);
const options = { host: "127.0.0.1", port: Number(port), secure: false, name: "app01.contoso.com" };
if (how === "clear") {
  options.ignoreTLS = true;
} else {
  options.requireTLS = true;
  options.tls = { ca: fs.readFileSync("sim-ca.pem") };
}
if (how === "certificate") {
  options.tls.cert = fs.readFileSync("contoso.pem");
  options.tls.key = fs.readFileSync("contoso.key");
}
const user = "scan@contoso.com";
if (how === "login") options.auth = { user, pass: "correct horse", method: "LOGIN" };
if (how === "oauth2") options.auth = { type: "OAuth2", user, accessToken: "correct horse" };
require("nodemailer").createTransport(options)
  .sendMail({ envelope: { from: user, to: [to] }, raw: fs.readFileSync("m.eml") })
  .catch((error) => { console.error(error); process.exit(1); });
"#;
    bench.dir.write("send.js", script);
    bench.each(
        "node",
        &[
            ("in clear text", &["send.js", "MX", "info@contoso.com", "clear"]),
            ("over TLS", &["send.js", "MX", "info@contoso.com", "tls"]),
            ("shows a certificate", &["send.js", "MX", "partner@fabrikam.example", "certificate"]),
            ("logs in by LOGIN", &["send.js", "SUBMISSION", "info@contoso.com", "login"]),
            ("logs in by XOAUTH2", &["send.js", "SUBMISSION", "info@contoso.com", "oauth2"]),
        ],
        b"",
    );
}

#[test]
fn smtplib_delivers_byte_for_byte() {
    if !have("smtplib_delivers_byte_for_byte", &["python3"]) {
        return;
    }
    let bench = Bench::start();
    let script = r#"
import smtplib, ssl, sys
port, to, how = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port), "app01.contoso.com", timeout=10) as peer:
    if how != "clear":
        context = ssl.create_default_context(cafile="sim-ca.pem")
        if how == "certificate":
            context.load_cert_chain("contoso.pem", "contoso.key")
        peer.starttls(context=context)
    if how == "login":
        peer.login("scan@contoso.com", "correct horse")
    assert peer.sendmail("scan@contoso.com", [to], open("m.eml", "rb").read()) == {}
"#;
    bench.dir.write("send.py", script);
    bench.each(
        "python3",
        &[
            ("in clear text", &["send.py", "MX", "info@contoso.com", "clear"]),
            ("over TLS", &["send.py", "MX", "info@contoso.com", "tls"]),
            ("shows a certificate", &["send.py", "MX", "partner@fabrikam.example", "certificate"]),
            ("logs in by LOGIN", &["send.py", "SUBMISSION", "info@contoso.com", "login"]),
        ],
        b"",
    );
}

#[test]
fn swaks_delivers_byte_for_byte() {
    if !have("swaks_delivers_byte_for_byte", &["swaks"]) {
        return;
    }
    let bench = Bench::start();
    // It puts an end of line behind what it is given.
    let given = message();
    bench.dir.write("less.eml", given.strip_suffix(b"\r\n").expect("it ends with one"));
    let common = ["-s", "127.0.0.1", "-h", "app01.contoso.com", "-f", "scan@contoso.com", "-d", "@less.eml"];
    let certificate = ["--tls-cert", "contoso.pem", "--tls-key", "contoso.key"];
    let login = ["-a", "LOGIN", "-au", "scan@contoso.com", "-ap", "correct horse"];
    bench.each(
        "swaks",
        &[
            ("in clear text", &[&common[..], &["-p", "MX", "-t", "info@contoso.com"]].concat()),
            (
                "over TLS, pipelined",
                &[&common[..], &["-p", "MX", "-t", "info@contoso.com", "-tls", "--pipeline"]].concat(),
            ),
            (
                "shows a certificate",
                &[&common[..], &["-p", "MX", "-t", "partner@fabrikam.example", "-tls"], &certificate]
                    .concat(),
            ),
            (
                "logs in by LOGIN",
                &[&common[..], &["-p", "SUBMISSION", "-t", "info@contoso.com", "-tls"], &login].concat(),
            ),
        ],
        b"",
    );
}

#[test]
fn smtp_source_delivers_byte_for_byte_however_many_it_sends_at_once() {
    if !have("smtp_source_delivers_byte_for_byte_however_many_it_sends_at_once", &["smtp-source"]) {
        return;
    }
    let bench = Bench::start();
    // It takes lines, ends each with CRLF itself, and puts an empty one behind the last.
    let expected = [message(), b"\r\n".to_vec()].concat();
    bench.dir.write("lines.eml", String::from_utf8(message()).expect("it is UTF-8").replace("\r\n", "\n"));
    for reuse in [&["-d"][..], &[]] {
        let before = bench.lab.delivered().len();
        let arguments = [
            "-s",
            "10",
            "-m",
            "60",
            "-F",
            "lines.eml",
            "-f",
            "scan@contoso.com",
            "-t",
            "info@contoso.com",
            "127.0.0.1:MX",
        ];
        bench.client("smtp-source", &[reuse, &arguments].concat(), b"");
        let all = bench.lab.delivered();
        assert_eq!(all.len(), before + 60);
        assert!(all.iter().all(|arrived| arrived.head == expected), "{}", all[0].head.escape_ascii());
    }
}

#[test]
fn s_client_delivers_byte_for_byte() {
    if !have("s_client_delivers_byte_for_byte", &["openssl"]) {
        return;
    }
    let bench = Bench::start();
    // Under `-quiet` nothing that is typed is a command to it; the dots are ours to double.
    let doubled = String::from_utf8(message()).expect("it is UTF-8").replace("\r\n.", "\r\n..");
    let dialogue = format!(
        "EHLO app01.contoso.com\r\nMAIL FROM:<scan@contoso.com>\r\nRCPT TO:<info@contoso.com>\r\nDATA\r\n{doubled}.\r\nQUIT\r\n"
    );
    let arguments = [
        "s_client",
        "-quiet",
        "-starttls",
        "smtp",
        "-connect",
        "127.0.0.1:MX",
        "-CAfile",
        "sim-ca.pem",
        "-verify_return_error",
    ];
    for version in ["-tls1_2", "-tls1_3"] {
        bench.each("openssl", &[("over TLS", &[&arguments[..], &[version]].concat())], dialogue.as_bytes());
    }
}

#[test]
fn posttls_finger_verifies_the_simulator() {
    if !have("posttls_finger_verifies_the_simulator", &["posttls-finger"]) {
        return;
    }
    let bench = Bench::start();
    for (door, level) in [("MX", "verify"), ("SUBMISSION", "verify"), ("MX", "encrypt")] {
        let server = format!("[127.0.0.1]:{door}");
        let certificate = ["-k", "contoso.pem", "-K", "contoso.key"];
        let arguments = ["-c", "-L", "summary", "-l", level, "-F", "sim-ca.pem", &server, "localhost"];
        let said = bench.client("posttls-finger", &[&certificate[..], &arguments].concat(), b"");
        assert!(said.contains("TLS connection established"), "{level}\n{said}");
        assert_eq!(said.contains("Verified TLS connection"), level == "verify", "{said}");
        assert!(said.contains("TLSv1.3"), "{said}");
    }
    assert_eq!(bench.lab.delivered().len(), 0);
}
