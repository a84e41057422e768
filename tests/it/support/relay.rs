//! A Postfix that passes mail on to a simulator which each test starts by itself, as
//! a part of a run of the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::keeper::{Shared, free_ports};
use super::mta::Mta;
use super::{Dir, Leaf, Pki, Program, Ran};

/// The server, stopped when the last test that holds it lets go.
///
/// What it takes for `swallowed@contoso.com` it throws away, what it takes for
/// `apart@contoso.com` and others it passes on one recipient at a time.
pub struct Relay {
    mta: Mta,
    /// Where it listens, and where it passes on to.
    ways: [(u16, u16); WAYS],
    next: AtomicUsize,
}

/// More than there are tests that ask for one.
const WAYS: usize = 4;

/// The name in the certificate that it shows to the simulator.
const OWN_NAME: &str = "c7q2vx9k.smtp.signatures.example";

/// A project whose `relay` passes on to `back`, where the simulator listens.
pub struct Way {
    relay: Arc<Relay>,
    dir: Dir,
    /// Where the simulator is to listen.
    pub simulator: u16,
}

impl Relay {
    /// A way through the one that the tests share; `None` where it cannot be had and
    /// the test is skipped.
    pub fn way(test: &str) -> Option<Way> {
        static SHARED: Shared<Relay> = Shared::new();
        if !Mta::is_here(test, &[]) {
            return None;
        }
        let relay = SHARED.get(Self::start);
        let (entry, simulator) = relay.ways[relay.next.fetch_add(1, Ordering::Relaxed)];
        let dir = Dir::new();
        Pki::shared().write(&dir);
        dir.write("tenants.yaml", TENANTS);
        let project = PROJECT.replace("ENTRY", &entry.to_string()).replace("PORT", &simulator.to_string());
        dir.write("relayprobe.yaml", project);
        Some(Way { relay, dir, simulator })
    }

    fn start() -> Self {
        let dir = Dir::new();
        let pki = Pki::shared();
        pki.write(&dir);
        pki.ca()
            .issue(&Leaf { cn: OWN_NAME, dns: &[OWN_NAME], ip: &[], ..Leaf::default() })
            .write(&dir, "own");
        let (entries, simulators): ([u16; WAYS], [u16; WAYS]) = (free_ports(), free_ports());
        let mut services = String::new();
        let client = "smtp -o smtp_tls_cert_file=$D/own.pem -o smtp_tls_key_file=$D/own.key";
        services += &format!("onwards unix - - n - - {client}\napart unix - - n - - {client}\n");
        for (n, (entry, simulator)) in entries.into_iter().zip(simulators).enumerate() {
            let nexthop = format!("[127.0.0.1]:{simulator}");
            let access =
                format!("swallowed@contoso.com FILTER discard:\napart@contoso.com FILTER apart:{nexthop}\n");
            dir.write(&format!("etc/access-{n}"), access);
            services += &format!(
                "127.0.0.1:{entry} inet n - n - - smtpd -o content_filter=onwards:{nexthop} -o {{ \
                 smtpd_recipient_restrictions = check_recipient_access texthash:$D/etc/access-{n} }}\n"
            );
        }
        let mta = Mta::start(dir, MAIN, &services, "", &entries);
        let mut ways = [(0, 0); WAYS];
        ways.iter_mut().zip(entries.into_iter().zip(simulators)).for_each(|(way, ports)| *way = ports);
        Self { mta, ways, next: AtomicUsize::new(0) }
    }
}

impl Way {
    /// Plays scenarios, each one line of a map, with these further arguments.
    pub fn play(&self, scenarios: &[&str], arguments: &[&str]) -> Ran {
        let mut text = SUITE.to_owned();
        for scenario in scenarios {
            text += &format!("  - {{ {scenario} }}\n");
        }
        self.dir.write("case.yaml", text);
        let arguments = ["run", "case.yaml"].iter().chain(arguments);
        Program::new(self.dir.path(), arguments).within(Duration::from_secs(120)).run()
    }

    /// Writes a file beside the scenarios.
    pub fn write(&self, name: &str, content: &str) {
        self.dir.write(name, content);
    }

    /// What Postfix has logged.
    pub fn log(&self) -> String {
        self.relay.mta.log()
    }
}

const PROJECT: &str = "\
simulator: { tenants: tenants.yaml, as_of: 2026-11-01, client_ca: ca.pem }
targets:
  relay: { address: 127.0.0.1:ENTRY }
  hasty: { address: 127.0.0.1:ENTRY }
  back: { simulator: mx, listen: PORT }
deliveries:
  relay: { at: back, within: 30s }
  hasty: { at: back, within: 1500ms }
trust: { ca: ca.pem }
";

const SUITE: &str = "\
suite: through a server
defaults: { target: relay, mail_from: anna@contoso.com, rcpt_to: partner@fourthcoffee.example }
scenarios:
";

const TENANTS: &str = "\
tenants:
  - name: Contoso
    AcceptedDomain: [{ DomainName: contoso.com }, { DomainName: c7q2vx9k.smtp.signatures.example }]
    InboundConnector:
      - { Name: Contoso's return, Enabled: true, ConnectorType: OnPremises, RequireTls: true,
          TlsSenderCertificateName: c7q2vx9k.smtp.signatures.example, CloudServicesMailEnabled: true }
    lab: { recipients: [info@contoso.com, apart@contoso.com] }
";

const MAIN: &str = "\
myhostname = smtp.signatures.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_chain_files = $D/server-ec.key, $D/server-ec.pem
smtp_tls_security_level = encrypt
smtp_dns_support_level = disabled
smtp_connection_cache_on_demand = no
apart_destination_recipient_limit = 1
";
