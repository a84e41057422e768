//! An add-on service between Exchange Online and Exchange Online: a Postfix that
//! takes mail from an outbound connector and returns it to the simulator.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use relayprobe::exchange::{Endpoint, Faults, Tenants};
use relayprobe::simulator::{Delivered, Lab, LabConfig, Limits, Listen};
use relayprobe::yaml::Sources;

use super::keeper::{Shared, free_ports};
use super::mta::Mta;
use super::{Dir, Issued, Leaf, Pki, Played, play};

/// The service and the simulator behind it, stopped when the last test that holds
/// them lets go.
///
/// The service knows Exchange Online by the fingerprint of its certificate and by
/// its address. Its entries are targets of the scenarios it plays:
///
/// * `contoso`, `fabrikam`: a smart host for each customer, who returns with a
///   certificate of its own;
/// * `shared`: one for all, returning with a certificate that is nobody's;
/// * `taken`: one for all, returning with a certificate that is Fabrikam's;
/// * `by_sender`: one for all, returning with the certificate of the P1 sender's
///   customer;
/// * `unguarded`: as `contoso`, without the header of the loop guard;
/// * `trusting`: as `contoso`, for whoever connects;
/// * `mx`: the simulator itself.
pub struct AddOn {
    mta: Mta,
    lab: Lab,
    exchange_online: Issued,
    project: String,
}

/// Entries of the service: name, how it returns, what is different.
const ENTRIES: [(&str, &str, &str); 7] = [
    ("contoso", "contoso", ""),
    ("fabrikam", "fabrikam", ""),
    ("shared", "shared", ""),
    ("taken", "taken", ""),
    (
        "by_sender",
        "shared",
        "-o { smtpd_sender_restrictions = check_sender_access texthash:$D/etc/by_sender }",
    ),
    ("unguarded", "contoso", "-o cleanup_service_name=unguarded"),
    (
        "trusting",
        "contoso",
        "-o smtpd_client_restrictions= -o mynetworks=127.0.0.0/8 \
         -o { smtpd_relay_restrictions = permit_mynetworks, reject }",
    ),
];

/// Certificates that the service returns with.
const RETURNS: [(&str, &str); 4] = [
    ("contoso", "c7q2vx9k.smtp.signatures.example"),
    ("fabrikam", "f4m8zt1p.smtp.signatures.example"),
    ("shared", "smtp.shared-signatures.example"),
    ("taken", "smtp.one-for-all.example"),
];

impl AddOn {
    /// The one that the tests share; `None` where it cannot be had and the tests
    /// are skipped.
    pub fn shared(test: &str) -> Option<Arc<Self>> {
        static SHARED: Shared<AddOn> = Shared::new();
        if !Mta::is_here(test, &[]) {
            return None;
        }
        Some(SHARED.get(Self::start))
    }

    fn start() -> Self {
        let dir = Dir::new();
        let pki = Pki::shared();
        pki.write(&dir);
        let issue = |cn| pki.ca().issue(&Leaf { cn, dns: &[cn], ip: &[], ..Leaf::default() });
        for (name, domain) in RETURNS {
            issue(domain).write(&dir, &format!("return-{name}"));
        }
        let exchange_online = issue("mail.protection.outlook.com");
        let lab = lab(&dir);
        let mx = lab.address(0).port();

        let fingerprint = exchange_online.fingerprint();
        dir.write("etc/relay_clientcerts", format!("{fingerprint} Exchange Online\n"));
        dir.write("etc/exchange_online", "127.0.0.40/32 DUNNO\n0.0.0.0/0 REJECT\n");
        dir.write("etc/guard", "/^From:/ PREPEND X-Signature-Added: yes\n");
        let customers = |before: &str| {
            let line = |name| format!("{name}.com {before}return-{name}:[127.0.0.1]:{mx}\n");
            ["contoso", "fabrikam"].map(line).concat()
        };
        dir.write("etc/by_sender", customers("FILTER "));
        // What Postfix itself has to say to a customer's sender.
        dir.write("etc/transport", customers(""));

        let ports: [u16; ENTRIES.len()] = free_ports();
        let mut services = "unguarded unix n - n - 0 cleanup -o header_checks=\n".to_owned();
        let mut project = PROJECT.to_owned();
        for ((name, returns, options), port) in ENTRIES.into_iter().zip(ports) {
            services += &format!(
                "127.0.0.1:{port} inet n - n - - smtpd -o content_filter=return-{returns}:[127.0.0.1]:{mx} {options}\n"
            );
            project += &format!("  {name}: {{ address: '127.0.0.1:{port}' }}\n");
        }
        project += &format!("  mx: {{ address: '127.0.0.1:{mx}' }}\n");
        for (name, _) in RETURNS {
            services += &format!(
                "return-{name} unix - - n - - smtp -o smtp_tls_cert_file=$D/return-{name}.pem -o smtp_tls_key_file=$D/return-{name}.key\n"
            );
        }
        let mta = Mta::start(dir, MAIN, &services, "", &ports);
        Self { mta, lab, exchange_online, project }
    }

    /// Plays scenarios as Exchange Online's outbound connector: its certificate,
    /// address and EHLO name, unless a scenario says otherwise. `message` is there
    /// as `m.eml`.
    pub fn play(&self, scenarios: &str, message: &str) -> Played {
        let dir = Dir::new();
        Pki::shared().write(&dir);
        self.exchange_online.write(&dir, "exchange-online");
        dir.write("relayprobe.yaml", &self.project);
        dir.write("m.eml", message);
        play(&dir, &format!("{SUITE}{scenarios}"))
    }

    /// What has arrived at the simulator under this Message-ID so far.
    pub fn kept(&self, id: &str) -> Vec<Arc<Delivered>> {
        let mut kept = self.lab.delivered();
        kept.retain(|message| field(message, "Message-ID").as_deref() == Some(id));
        kept
    }

    /// The message that arrived at the simulator under this Message-ID, awaited.
    pub fn arrived(&self, id: &str) -> Arc<Delivered> {
        self.awaited(id, || self.kept(id).pop())
    }

    /// What `look` finds, tried until it does or Postfix has had its time.
    pub fn awaited<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "never came: {what}\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Everything that arrived, oldest first.
    pub fn delivered(&self) -> Vec<Arc<Delivered>> {
        self.lab.delivered()
    }

    /// What Postfix has logged.
    pub fn log(&self) -> String {
        self.mta.log()
    }
}

/// The value of the first header field with this name.
pub fn field(message: &Delivered, name: &str) -> Option<String> {
    fields(message, name).into_iter().next()
}

/// The values of all header fields with this name, unfolded.
pub fn fields(message: &Delivered, name: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(&message.head);
    let header = text.split_once("\r\n\r\n").map_or(&*text, |(header, _)| header);
    let unfolded = header.replace("\r\n ", " ").replace("\r\n\t", " ");
    let named = unfolded.split("\r\n").filter_map(|field| field.split_once(':'));
    let wanted = named.filter(|(own, _)| own.eq_ignore_ascii_case(name));
    wanted.map(|(_, value)| value.trim().to_owned()).collect()
}

fn lab(dir: &Dir) -> Lab {
    let path = dir.write("tenants.yaml", TENANTS);
    let (tenants, warnings) = Tenants::load(&path, &mut Sources::default()).expect("good tenants");
    assert_eq!(warnings, []);
    let listen = Listen {
        endpoint: Endpoint::Mx,
        cloud: Default::default(),
        as_of: "2026-11-01".parse().expect("a day"),
        faults: Faults::default(),
        address: ([127, 0, 0, 1], 0).into(),
    };
    let config = LabConfig {
        tenants: Arc::new(tenants),
        client_ca: Some(dir.read("ca.pem").into_bytes()),
        listen: vec![listen],
        limits: Limits::default(),
    };
    Lab::start(config).expect("a simulator")
}

const TENANTS: &str = "\
tenants:
  - name: Contoso
    AcceptedDomain: [{ DomainName: contoso.com }, { DomainName: c7q2vx9k.smtp.signatures.example }]
    InboundConnector:
      - { Name: Contoso's return, Enabled: true, ConnectorType: OnPremises, RequireTls: true,
          TlsSenderCertificateName: c7q2vx9k.smtp.signatures.example, CloudServicesMailEnabled: true }
      - { Name: Signatures for everyone, Enabled: true, ConnectorType: OnPremises,
          TlsSenderCertificateName: smtp.shared-signatures.example }
      - { Name: One for all, Enabled: true, ConnectorType: OnPremises,
          TlsSenderCertificateName: smtp.one-for-all.example }
  - name: Fabrikam
    AcceptedDomain:
      - { DomainName: fabrikam.com }
      - { DomainName: f4m8zt1p.smtp.signatures.example }
      - { DomainName: smtp.one-for-all.example }
    InboundConnector:
      - { Name: Fabrikam's return, Enabled: true, ConnectorType: OnPremises, RequireTls: true,
          TlsSenderCertificateName: f4m8zt1p.smtp.signatures.example, CloudServicesMailEnabled: false }
      - { Name: Signatures for everyone, Enabled: true, ConnectorType: OnPremises,
          TlsSenderCertificateName: smtp.shared-signatures.example }
      - { Name: One for all, Enabled: true, ConnectorType: OnPremises,
          TlsSenderCertificateName: smtp.one-for-all.example }
";

const PROJECT: &str = "\
certificates:
  exchange-online: { cert: exchange-online.pem, key: exchange-online.key }
  stranger: { cert: client-ec.pem, key: client-ec.key }
sources:
  40.107.22.40: { bind: 127.0.0.40 }
  198.51.100.66: { bind: 127.0.0.66 }
trust: { ca: ca.pem }
targets:
";

const SUITE: &str = "\
suite: the outbound connector
defaults:
  tls: starttls
  certificate: exchange-online
  source_ip: 40.107.22.40
  ehlo: mail-db8eur05on2040.outbound.protection.outlook.com
  mail_from: anna@contoso.com
  rcpt_to: partner@fourthcoffee.example
scenarios:
";

const MAIN: &str = "\
myhostname = smtp.signatures.example
mydestination =
transport_maps = texthash:$D/etc/transport
header_checks = regexp:$D/etc/guard
smtpd_client_restrictions = check_client_access cidr:$D/etc/exchange_online
smtpd_relay_restrictions = permit_tls_clientcerts, reject_unauth_destination
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = $D/server-ec.key, $D/server-ec.pem
smtpd_tls_CAfile = $D/ca.pem
smtpd_tls_ask_ccert = yes
smtpd_tls_fingerprint_digest = sha256
relay_clientcerts = texthash:$D/etc/relay_clientcerts
smtp_tls_security_level = encrypt
smtp_dns_support_level = disabled
smtp_connection_cache_on_demand = no
";
