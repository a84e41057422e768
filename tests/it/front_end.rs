//! The simulator over loopback, asked by a client that shares nothing with it:
//! literal bytes, and OpenSSL's own handshakes.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use relayprobe::exchange::{Endpoint, Tenants};
use relayprobe::simulator::{Lab, LabConfig, Limits, Listen};
use relayprobe::yaml::Sources;

use crate::support::{Dir, Program};

const TENANTS: &str = r#"
tenants:
  - name: Contoso
    AcceptedDomain: [{ DomainName: contoso.com, DomainType: Authoritative }]
    InboundConnector:
      - { Name: Hybrid, Enabled: true, ConnectorType: OnPremises, TlsSenderCertificateName: "*.contoso.com" }
      - { Name: By address, Enabled: true, ConnectorType: OnPremises, SenderIPAddresses: [203.0.113.10] }
    TransportConfig: { AllowLegacyTLSClients: false, SmtpClientAuthenticationDisabled: true }
    CASMailbox:
      - { PrimarySmtpAddress: scan@contoso.com, SmtpClientAuthenticationDisabled: false }
      - { PrimarySmtpAddress: printer@contoso.com, SmtpClientAuthenticationDisabled: null }
    lab:
      passwords: { scan@contoso.com: correct horse, printer@contoso.com: battery }
      recipients: [scan@contoso.com]
  - name: Fabrikam
    AcceptedDomain: [{ DomainName: fabrikam.com, DomainType: Authoritative }]
    TransportConfig: { AllowLegacyTLSClients: true }
    lab: { passwords: { scan@fabrikam.com: green lamp } }
"#;

/// The lab of this run of the tests: its certificates, and one simulator with the
/// doors mx, submission, legacy and mx as of 2023-10-31.
struct Stage {
    lab: Lab,
    /// The minted files by name. The folder itself is gone: what is static is
    /// never dropped, and would leave it behind.
    files: HashMap<String, Vec<u8>>,
}

const MX: usize = 0;
const SUBMISSION: usize = 1;
const LEGACY: usize = 2;
const MX_2023: usize = 3;

impl Stage {
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Stage> = OnceLock::new();
        SHARED.get_or_init(|| {
            let folder = Dir::new();
            folder.write("lab.yaml", include_str!("../../certs/lab.yaml"));
            let ran = Program::new(folder.path(), ["certs", "lab.yaml"]).run();
            assert_eq!(ran.status, 0, "{}", ran.stderr);
            let files = std::fs::read_dir(folder.path()).expect("a folder").map(|entry| {
                let path = entry.expect("an entry").path();
                let name = path.file_name().expect("a file").to_string_lossy().into_owned();
                (name, std::fs::read(path).expect("a file"))
            });
            let files: HashMap<_, _> = files.collect();
            Self { lab: lab(&folder, &files), files }
        })
    }

    fn connect(&self, door: usize) -> Client<TcpStream> {
        Client::connect(self.lab.address(door))
    }

    /// Shakes hands after EHLO and STARTTLS, then says EHLO again.
    fn secure(
        &self,
        door: usize,
        version: SslVersion,
        certificate: Option<&str>,
    ) -> Client<SslStream<TcpStream>> {
        let mut client = self.connect(door);
        client.ask("EHLO client.test");
        assert_eq!(client.ask("STARTTLS"), "220 2.0.0 SMTP server ready");
        let mut client = client.handshake(&self.context(version, certificate));
        client.ask("EHLO client.test");
        client
    }

    fn context(&self, version: SslVersion, certificate: Option<&str>) -> SslContext {
        let mut builder = SslContext::builder(SslMethod::tls_client()).expect("a context");
        builder.set_cipher_list("DEFAULT:@SECLEVEL=0").expect("ciphers");
        builder.set_min_proto_version(Some(version)).expect("a version");
        builder.set_max_proto_version(Some(version)).expect("a version");
        let ca = X509::from_pem(self.lab.ca_pem()).expect("the simulator's CA");
        builder.cert_store_mut().add_cert(ca).expect("a CA");
        builder.set_verify(SslVerifyMode::PEER);
        if let Some(name) = certificate {
            let chain = X509::stack_from_pem(&self.files[&format!("{name}.pem")]).expect("a chain");
            let key = PKey::private_key_from_pem(&self.files[&format!("{name}.key")]).expect("a key");
            builder.set_certificate(&chain[0]).expect("a certificate");
            builder.set_private_key(&key).expect("its key");
            for certificate in &chain[1..] {
                builder.add_extra_chain_cert(certificate.clone()).expect("a chain");
            }
        }
        builder.build()
    }
}

fn lab(folder: &Dir, files: &HashMap<String, Vec<u8>>) -> Lab {
    let path = folder.write("tenants.yaml", TENANTS);
    let read = Tenants::load(&path, &mut Sources::default());
    let (tenants, warnings) = read.expect("good tenants");
    assert_eq!(warnings, []);
    let listen = |endpoint, as_of: &str| Listen {
        faults: relayprobe::exchange::Faults::default(),
        endpoint,
        cloud: relayprobe::exchange::Cloud::Worldwide,
        as_of: as_of.parse().expect("a day"),
        address: ([127, 0, 0, 1], 0).into(),
    };
    let config = LabConfig {
        tenants: Arc::new(tenants),
        client_ca: Some(files["lab-ca.pem"].clone()),
        listen: vec![
            listen(Endpoint::Mx, "2026-11-01"),
            listen(Endpoint::Submission, "2026-11-01"),
            listen(Endpoint::Legacy, "2026-11-01"),
            listen(Endpoint::Mx, "2023-10-31"),
        ],
        limits: Limits::default(),
    };
    Lab::start(config).expect("a simulator")
}

struct Client<S> {
    stream: S,
    greeting: String,
}

impl Client<TcpStream> {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the simulator listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a deadline");
        let mut client = Self { stream, greeting: String::new() };
        client.greeting = client.read();
        client
    }

    fn handshake(self, context: &SslContext) -> Client<SslStream<TcpStream>> {
        let mut ssl = Ssl::new(context).expect("a session");
        ssl.set_hostname("lab.mail.protection.outlook.com").expect("a name");
        let stream = ssl.connect(self.stream).expect("the handshake ends well");
        Client { stream, greeting: self.greeting }
    }
}

impl<S: Read + Write> Client<S> {
    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the simulator reads");
    }

    /// One reply, its lines parted by `|`, the stamp taken off.
    fn read(&mut self) -> String {
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                let mut byte = [0];
                if self.stream.read(&mut byte).unwrap_or(0) == 0 {
                    assert!(line.is_empty(), "cut off: {}", line.escape_ascii());
                    return "closed".to_owned();
                }
                line.push(byte[0]);
            }
            let line = String::from_utf8(line).expect("text").trim_end_matches("\r\n").to_owned();
            let last = line.as_bytes()[3] == b' ';
            lines.push(line);
            if last {
                break;
            }
        }
        let reply = lines.join("|");
        match reply.rsplit_once(" [") {
            Some((text, stamp)) if reply.starts_with(['4', '5']) => {
                let words: Vec<&str> = stamp.trim_end_matches(']').split(' ').collect();
                assert_eq!(words.len(), 3, "host, time, session: {reply}");
                assert!(words[1].ends_with('Z') && words[2].len() == 16, "{reply}");
                text.to_owned()
            }
            _ => reply,
        }
    }

    fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        self.read()
    }

    /// MAIL and RCPT, then the reply to RCPT.
    fn envelope(&mut self, from: &str, to: &str) -> String {
        assert_eq!(self.ask(&format!("MAIL FROM:<{from}>")), "250 2.1.0 Sender OK");
        self.ask(&format!("RCPT TO:<{to}>"))
    }
}

const OUTSIDE: &str = "partner@fourthcoffee.example";
const OK: &str = "250 2.1.5 Recipient OK";
const DENIED: &str = "550 5.7.64 TenantAttribution; Relay Access Denied";
const VERSIONS: [SslVersion; 4] =
    [SslVersion::TLS1, SslVersion::TLS1_1, SslVersion::TLS1_2, SslVersion::TLS1_3];

#[test]
fn greeting_and_ehlo_look_as_captured() {
    let stage = Stage::shared();
    for (door, host, auth) in [
        (MX, "RP1LAB01FT001.mail.protection.outlook.com", ""),
        (SUBMISSION, "RP1P282CA0001.outlook.office365.com", "250-AUTH LOGIN XOAUTH2|"),
        (LEGACY, "RP1P282CA0002.outlook.office365.com", "250-AUTH LOGIN XOAUTH2|"),
    ] {
        let mut client = stage.connect(door);
        let start = format!("220 {host} Microsoft ESMTP MAIL Service ready at ");
        assert!(client.greeting.starts_with(&start) && client.greeting.ends_with(']'), "{}", client.greeting);
        let list = |slot: &str| {
            format!(
                "250-{host} Hello [127.0.0.1]|250-SIZE 157286400|250-PIPELINING|250-DSN|\
                 250-ENHANCEDSTATUSCODES|{slot}250-8BITMIME|250-BINARYMIME|250-CHUNKING|250 SMTPUTF8"
            )
        };
        assert_eq!(client.ask("EHLO client.test"), list("250-STARTTLS|"));
        assert_eq!(client.ask("HELO client.test"), format!("250 {host} Hello [127.0.0.1]"));
        assert_eq!(client.ask("EHLO MacBook.."), "501 5.5.4 Invalid domain name");
        client.ask("STARTTLS");
        let mut client = client.handshake(&stage.context(SslVersion::TLS1_3, None));
        assert_eq!(client.ask("EHLO client.test"), list(auth));
        assert_eq!(client.ask("QUIT"), "221 2.0.0 Service closing transmission channel");
        assert_eq!(client.read(), "closed");
    }
}

#[test]
fn a_certificate_carries_the_null_sender_in_every_version_of_tls() {
    let stage = Stage::shared();
    for version in VERSIONS {
        for certificate in ["contoso", "contoso-ecdsa"] {
            let mut client = stage.secure(MX, version, Some(certificate));
            assert_eq!(client.envelope("", OUTSIDE), OK, "{certificate} {version:?}");
        }
        let mut client = stage.secure(MX, version, None);
        assert_eq!(client.envelope("", OUTSIDE), DENIED, "{version:?}");
    }
}

#[test]
fn a_certificate_that_does_not_hold_counts_as_none_and_the_handshake_passes() {
    let stage = Stage::shared();
    for (certificate, reply) in [
        ("wildcard-contoso", OK),
        ("cn-only", OK),
        ("expired", DENIED),
        ("self-signed", DENIED),
        ("other-ca", DENIED),
        ("no-intermediate", DENIED),
        ("fabrikam", DENIED),
    ] {
        for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
            let mut client = stage.secure(MX, version, Some(certificate));
            assert_eq!(client.envelope("", OUTSIDE), reply, "{certificate} {version:?}");
        }
    }
}

#[test]
fn an_announced_address_relays_for_the_p1_sender_of_its_tenant() {
    let stage = Stage::shared();
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x0a\x7f\0\0\x01\x9c\x40\0\x19";
    for header in [&v2[..], b"PROXY TCP4 203.0.113.10 127.0.0.1 40000 25\r\n"] {
        let mut client = stage.connect(MX);
        client.send(header);
        assert!(client.ask("EHLO client.test").contains("Hello [203.0.113.10]"));
        assert_eq!(client.envelope("app@contoso.com", OUTSIDE), OK);
        assert_eq!(client.ask("RCPT TO:<nobody@contoso.com>"), UNKNOWN);
        assert_eq!(client.ask("RCPT TO:<scan@contoso.com>"), OK);
        client.ask("RSET");
        assert_eq!(client.envelope("bounce@mailer.example", OUTSIDE), DENIED);
        assert_eq!(client.ask("RCPT TO:<scan@contoso.com>"), OK, "per recipient");
    }
    let mut client = stage.connect(MX);
    client.ask("EHLO client.test");
    assert_eq!(client.envelope("app@contoso.com", OUTSIDE), DENIED, "nobody announced anything");
}

const UNKNOWN: &str = "550 5.4.1 Recipient address rejected: Access denied. For more information see https://aka.ms/EXOSmtpErrors";

#[test]
fn until_2023_10_31_the_header_decides_after_data() {
    let stage = Stage::shared();
    let queued = "250 2.6.0 <m1@contoso.com> [InternalId=";
    for (from, reply) in [("App <app@contoso.com>", queued), ("x@mailer.example", DENIED)] {
        let mut client = stage.connect(MX_2023);
        client.send(b"PROXY TCP4 203.0.113.10 127.0.0.1 40000 25\r\n");
        client.ask("EHLO client.test");
        assert_eq!(client.envelope("bounce@mailer.example", OUTSIDE), OK, "{from}");
        assert_eq!(client.ask("DATA"), "354 Start mail input; end with <CRLF>.<CRLF>");
        let said = client.ask(&format!("From: {from}\r\nMessage-ID: <m1@contoso.com>\r\n\r\ntext\r\n."));
        assert!(said.starts_with(reply), "{from}: {said}");
    }
}

#[test]
fn what_is_accepted_is_kept_with_its_attribution() {
    let stage = Stage::shared();
    let mut client = stage.secure(MX, SslVersion::TLS1_3, Some("contoso"));
    let session =
        client.greeting.rsplit_once('[').expect("the session's id").1.trim_end_matches(']').to_owned();
    assert_eq!(client.envelope("", OUTSIDE), OK);
    client.send(b"BDAT 12\r\nSubject: x\r\n");
    assert_eq!(client.read(), "250 2.0.0 12 octets received");
    client.send(b"BDAT 8 LAST\r\n\r\n\n.\n.\r\n");
    let said = client.read();
    assert!(said.starts_with("250 2.6.0 <") && said.ends_with(" KB/sec Queued mail for delivery"), "{said}");
    let kept = stage.lab.delivered();
    let mine: Vec<_> = kept.iter().filter(|message| message.session == session).collect();
    let [message] = &mine[..] else { panic!("one message") };
    assert_eq!((message.size, &message.head[..]), (20, &b"Subject: x\r\n\r\n\n.\n.\r\n"[..]));
    let attribution = message.attribution.as_ref().expect("attributed");
    assert_eq!((attribution.tenant.as_str(), attribution.connector.as_deref()), ("Contoso", Some("Hybrid")));
    assert!(message.account.to_string().contains("attributed to Contoso by the certificate domain"));
}

#[test]
fn submission_wants_a_log_in_and_says_why_it_failed() {
    let stage = Stage::shared();
    let mut client = stage.connect(SUBMISSION);
    client.ask("EHLO client.test");
    assert_eq!(client.ask("AUTH LOGIN"), "504 5.7.4 Unrecognized authentication type", "before TLS");
    assert_eq!(
        client.ask("MAIL FROM:<scan@contoso.com>"),
        "530 5.7.57 Client not authenticated to send mail."
    );

    let mut client = stage.secure(SUBMISSION, SslVersion::TLS1_2, None);
    assert_eq!(client.ask("AUTH PLAIN AGEAYg=="), "504 5.7.4 Unrecognized authentication type");
    client.send(b"MAIL FROM:<scan@contoso.com>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n");
    for command in ["MAIL", "RCPT", "DATA"] {
        assert_eq!(client.read(), "530 5.7.57 Client not authenticated to send mail.", "{command}");
    }

    // printer@contoso.com, battery
    let disabled = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. \
                    Visit https://aka.ms/smtp_auth_disabled for more information.";
    assert_eq!(client.ask("AUTH LOGIN"), "334 VXNlcm5hbWU6");
    assert_eq!(client.ask("cHJpbnRlckBjb250b3NvLmNvbQ=="), "334 UGFzc3dvcmQ6");
    assert_eq!(client.ask("YmF0dGVyeQ=="), disabled);
    assert_eq!(
        client.ask("MAIL FROM:<printer@contoso.com>"),
        format!("530 5.7.57 Client not authenticated to send mail. Error: {disabled}")
    );

    // scan@contoso.com, wrong; then the right one
    client.ask("AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==");
    assert_eq!(client.ask("d3Jvbmc="), "535 5.7.3 Authentication unsuccessful");
    client.ask("AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==");
    assert_eq!(client.ask("Y29ycmVjdCBob3JzZQ=="), "235 2.7.0 Authentication successful");
    assert_eq!(client.envelope("scan@contoso.com", OUTSIDE), OK);
}

#[test]
fn a_token_logs_in_as_a_password_does() {
    let mut client = Stage::shared().secure(SUBMISSION, SslVersion::TLS1_3, None);
    assert_eq!(client.ask("AUTH XOAUTH2"), "334 ");
    // user=scan@contoso.com^Aauth=Bearer correct horse^A^A
    let blob = "dXNlcj1zY2FuQGNvbnRvc28uY29tAWF1dGg9QmVhcmVyIGNvcnJlY3QgaG9yc2UBAQ==";
    assert_eq!(client.ask(blob), "235 2.7.0 Authentication successful");
}

#[test]
fn old_tls_is_refused_to_the_credentials_and_the_connection_closed() {
    let stage = Stage::shared();
    let refused = "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support \
                   TLS 1.2. Visit https://aka.ms/smtp_auth_tls.";
    let not_opted_in = "550 5.7.67 TLS 1.0 and 1.1 are not supported by your organization.";
    // scan@contoso.com, correct horse; scan@fabrikam.com, green lamp
    let contoso = ["c2NhbkBjb250b3NvLmNvbQ==", "Y29ycmVjdCBob3JzZQ=="];
    let fabrikam = ["c2NhbkBmYWJyaWthbS5jb20=", "Z3JlZW4gbGFtcA=="];
    for version in VERSIONS {
        let old = version == SslVersion::TLS1 || version == SslVersion::TLS1_1;
        for (door, [user, password], answer) in [
            (SUBMISSION, contoso, refused),
            (SUBMISSION, fabrikam, refused),
            (LEGACY, contoso, not_opted_in),
            (LEGACY, fabrikam, "235 2.7.0 Authentication successful"),
        ] {
            let mut client = stage.secure(door, version, None);
            assert_eq!(client.ask("AUTH LOGIN"), "334 VXNlcm5hbWU6");
            assert_eq!(client.ask(user), "334 UGFzc3dvcmQ6");
            let said = client.ask(password);
            let expected = if old { answer } else { "235 2.7.0 Authentication successful" };
            assert_eq!(said, expected, "{version:?} at {door} as {user}");
            if said.starts_with("421") {
                assert_eq!(client.read(), "closed");
            }
        }
    }
}

#[test]
fn commands_in_the_segment_of_starttls_are_dropped() {
    let stage = Stage::shared();
    let mut client = stage.connect(MX);
    client.ask("EHLO client.test");
    client.send(b"STARTTLS\r\nEHLO evil.test\r\nMAIL FROM:<evil@x.example>\r\n");
    assert_eq!(client.read(), "220 2.0.0 SMTP server ready");
    let mut client = client.handshake(&stage.context(SslVersion::TLS1_3, None));
    assert_eq!(client.ask("MAIL FROM:<a@b.example>"), "503 5.5.2 Send hello first");
}

#[test]
fn a_smuggled_message_stays_inside_the_first() {
    let stage = Stage::shared();
    let mut client = stage.connect(MX);
    let session =
        client.greeting.rsplit_once('[').expect("the session's id").1.trim_end_matches(']').to_owned();
    client.ask("EHLO client.test");
    assert_eq!(client.envelope("a@b.example", "scan@contoso.com"), OK);
    client.ask("DATA");
    client.send(b"first\n.\nMAIL FROM:<evil@x.example>\r\n\r.\rRCPT TO:<scan@contoso.com>\r\n.\n\r\n");
    assert!(client.ask(".").starts_with("250 2.6.0 "));
    assert_eq!(client.ask("NOOP"), "250 2.0.0 OK");
    let kept = stage.lab.delivered();
    assert_eq!(kept.iter().filter(|message| message.session == session).count(), 1);
}

#[test]
fn a_simulator_that_is_dropped_lets_its_ports_go() {
    let stage = Stage::shared();
    let second = lab(&Dir::new(), &stage.files);
    let address = second.address(MX);
    let mut open = Client::connect(address);
    drop(second);
    assert_eq!(open.read(), "closed");
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn simulate_refuses_what_it_cannot_stand_for() {
    let folder = Dir::new();
    folder.write("tenants.yaml", TENANTS);
    folder
        .write("wrong.yaml", "tenants:\n  - name: Contoso\n    AcceptedDomain: { DomainNam: contoso.com }\n");
    folder.write(
        "relayprobe.yaml",
        "simulator: { tenants: tenants.yaml, as_of: 2026-11-01, client_ca: missing.pem }\n",
    );
    for (arguments, complaint) in [
        (&["simulate", "tenants.yaml", "--mx", "0.0.0.0:0"][..], "say --allow-remote"),
        (&["simulate", "tenants.yaml", "--hve", "0.0.0.0:0"], "--hve 0.0.0.0:0 is no loopback address"),
        (&["simulate", "tenants.yaml", "--mx", "nowhere"], "127.0.0.1:2525"),
        (&["simulate", "tenants.yaml", "--as-of", "2026-13-01"], "such as 2026-11-01"),
        (&["simulate", "tenants.yaml", "--busy", "20"], "takes a whole percentage such as `5%`"),
        (&["simulate", "tenants.yaml", "--tarpit", "6m"], "a tarpit is at most 5m"),
        (&["simulate", "wrong.yaml"], "did you mean `DomainName`?"),
        (&["simulate", "absent.yaml"], "absent.yaml: no such file"),
        (&["simulate"], "missing.pem: no such file"),
    ] {
        let ran = Program::new(folder.path(), arguments.iter().copied()).run();
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(complaint), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}
