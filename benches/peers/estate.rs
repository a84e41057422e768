//! An estate of 200 tenants, 2,000 connectors and 10,000 recipients, as exports: how
//! soon it is read, decided by, audited and forecast.
//!
//! It holds what makes a search dear: an address and a certificate that every tenant's
//! connectors have, wildcards, connectors of both types.

use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use relayprobe::exchange::relay::recipient;
use relayprobe::exchange::{Account, CertificateName, Peer, Presented, RulesOn, Tenants};
use relayprobe::smtp::{ForwardPath, ReversePath};
use relayprobe::yaml::Sources;

use crate::measure::{Bar, Table, median, timed_to};
use crate::works::{OURS, millis};

const TENANTS: u8 = 200;
const CONNECTORS: u8 = 10;
const RECIPIENTS: u8 = 50;
/// Rows of the inventory.
const ROWS: u32 = 5_000;
/// An address and a certificate of every tenant.
const SHARED: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 25);
const SHARED_NAME: &str = "smtp.signatures.example";

/// Measures everything in a folder of its own.
pub(crate) fn measure(folder: &Path, table: &mut Table) {
    let folder = folder.join("estate");
    write(&folder).expect("our folder is writable");
    let mut loads = Vec::new();
    let mut tenants = Tenants::default();
    for _ in 0..9 {
        let start = Instant::now();
        let loaded = Tenants::load(&folder.join("tenants"), &mut Sources::default());
        loads.push(start.elapsed());
        tenants = loaded.expect("the estate is sound").0;
    }
    let load = median(loads);
    let work = "200 tenants, 2,000 connectors, 10,000 recipients: load (s)";
    table.row(work, &millis(load), "", load.as_secs_f64(), Bar::AtMost(0.2));
    decisions(&tenants, table);
    let ours = |arguments: &[&str], status: i32| {
        let times = (0..5).map(|_| {
            let mut command = Command::new(OURS);
            command.current_dir(&folder).args(arguments);
            timed_to(&mut command, status)
        });
        median(times.collect())
    };
    let audit = ours(&["audit", "tenants"], 1);
    let work = "audit of them, whole process (s)";
    table.row(work, &millis(audit), "", audit.as_secs_f64(), Bar::AtMost(1.0));
    let forecast =
        ours(&["forecast", "inventory.yaml", "--from", "2023-10-31", "--to", "2023-11-01", "-q"], 1);
    let work = "forecast of an inventory of 5,000 rows (s)";
    table.row(work, &millis(forecast), "", forecast.as_secs_f64(), Bar::AtMost(10.0));
}

/// What the n-th tenant's server shows: its address and certificate.
type Server<'a> = dyn Fn(u8) -> (Ipv4Addr, Presented) + 'a;

/// RCPT TO, decided for every kind of peer: of one tenant, and of all of them.
fn decisions(tenants: &Tenants, table: &mut Table) {
    let rules = RulesOn::day("2026-11-01".parse().expect("a day"));
    let named = |name: &str| Presented::Names(vec![CertificateName::new(name).expect("a name")]);
    let of_one = |n: u8| {
        let certificate = match n % 4 {
            0 => named(&format!("host.t{n}.example")),
            1 => named(&format!("relay.t{n}.example")),
            _ => Presented::None,
        };
        (Ipv4Addr::new(10, n, 0, 1), certificate)
    };
    let of_all = |n: u8| {
        let certificate = if n.is_multiple_of(2) { named(SHARED_NAME) } else { Presented::None };
        (SHARED, certificate)
    };
    let shown: [(&str, &Server<'_>); 2] = [
        ("a decision at RCPT TO, of one tenant's server (µs)", &of_one),
        ("the same, of a server that every tenant lists (µs)", &of_all),
    ];
    for (work, of) in shown {
        let sessions: Vec<_> = (0..TENANTS)
            .map(|n| {
                let (address, certificate) = of(n);
                let peer = Peer { address: IpAddr::V4(address), tls: None, certificate };
                let mail_from = match n % 3 {
                    0 => String::new(),
                    1 => format!("app@t{n}.example"),
                    _ => "bounce@mailer.example".to_owned(),
                };
                let rcpt_to = match n % 5 {
                    0 => format!("u1@t{n}.example"),
                    1 => format!("nobody@t{n}.example"),
                    _ => "partner@outside.example".to_owned(),
                };
                let mail_from = ReversePath::parse(&mail_from).expect("an address");
                (peer, mail_from, ForwardPath::parse(&rcpt_to).expect("an address"))
            })
            .collect();
        let round = || {
            let start = Instant::now();
            for (peer, mail_from, rcpt_to) in &sessions {
                let why = &mut Account::default();
                std::hint::black_box(recipient(tenants, peer, mail_from, rcpt_to, rules, why));
            }
            start.elapsed() / u32::from(TENANTS)
        };
        let decision: Duration = median((0..101).map(|_| round()).collect());
        let micros = decision.as_secs_f64() * 1e6;
        table.row(work, &format!("{micros:.1} µs"), "", micros, Bar::AtMost(20.0));
    }
}

/// The exports, the inventory and a project that plays it.
fn write(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder.join("tenants"))?;
    for n in 0..TENANTS {
        fs::write(folder.join(format!("tenants/t{n}.json")), export(n))?;
    }
    let project = "simulator: { tenants: tenants, as_of: 2026-11-01 }\ntargets: { mx: { simulator: mx } }\n";
    fs::write(folder.join("relayprobe.yaml"), project)?;
    let scenario = "suite: inventory\nscenarios:\n  - name: $(device)\n    target: mx\n    source_ip: $(address)\n    tls: $(tls)\n    ehlo: device.example\n    mail_from: $(p1)\n    header_from: $(p2)\n    rcpt_to: $(to)\n    cases: { csv: devices.csv }\n";
    fs::write(folder.join("inventory.yaml"), scenario)?;
    let mut rows = String::from("device,address,tls,p1,p2,to\n");
    for n in 0..ROWS {
        let tenant = n % u32::from(TENANTS);
        let own = format!("device{n}@t{tenant}.example");
        let address = if n % 7 == 0 { SHARED.to_string() } else { format!("10.{tenant}.{}.1", n % 4) };
        let tls = if n.is_multiple_of(2) { "starttls" } else { "none" };
        let p1 = [&*own, "bounce@mailer.example", "<>"][n as usize % 3];
        let to = ["partner@outside.example", "u1@t0.example"][n as usize / 3 % 2];
        writeln!(rows, "device {n},{address},{tls},{p1},{own},{to}").expect("a text takes all");
    }
    fs::write(folder.join("devices.csv"), rows)
}

/// A tenant's export, with the members that Exchange Online writes and nobody asks for.
fn export(n: u8) -> String {
    let connectors: Vec<String> = (0..CONNECTORS).map(|c| connector(n, c)).collect();
    let recipients: Vec<String> = (0..RECIPIENTS)
        .map(|r| {
            format!(
                r#"{{"PrimarySmtpAddress":"u{r}@t{n}.example","EmailAddresses":["SMTP:u{r}@t{n}.example","smtp:alias{r}@t{n}.example"],"RecipientTypeDetails":"UserMailbox"}}"#
            )
        })
        .collect();
    format!(
        r#"{{"name":"Tenant {n}",
"AcceptedDomain":[{{"DomainName":"t{n}.example","DomainType":"Authoritative","MatchSubDomains":false,"Default":true}},{{"DomainName":"relay.t{n}.example","DomainType":"InternalRelay"}}],
"InboundConnector":[{}],"OutboundConnector":[],
"TransportConfig":[{{"SmtpClientAuthenticationDisabled":true,"AllowLegacyTLSClients":null}}],
"OrganizationConfig":[{{"RejectDirectSend":{},"WhenCreatedUTC":"2019-07-23T22:55:13.0000000Z"}}],
"CASMailbox":[],"AuthenticationPolicy":[],
"EXORecipient":[{}]}}"#,
        connectors.join(",\n"),
        n.is_multiple_of(2),
        recipients.join(",\n")
    )
}

/// A connector: four by address, the first with the shared one as well; three by
/// certificate, the last the shared one; three of partners.
fn connector(n: u8, c: u8) -> String {
    let (kind, addresses, certificate, domain) = match c {
        0 => ("OnPremises", format!(r#""10.{n}.{c}.1","{SHARED}""#), "null".to_owned(), "*".to_owned()),
        1..4 => {
            ("OnPremises", format!(r#""10.{n}.{c}.1","10.{n}.{c}.64/28""#), "null".to_owned(), "*".to_owned())
        }
        4 => ("OnPremises", String::new(), format!(r#""*.t{n}.example""#), "*".to_owned()),
        5 => ("OnPremises", String::new(), format!(r#""relay.t{n}.example""#), "*".to_owned()),
        6 => ("OnPremises", String::new(), format!(r#""{SHARED_NAME}""#), "*".to_owned()),
        _ => ("Partner", format!(r#""192.0.2.{n}""#), "null".to_owned(), format!("partner{c}.example")),
    };
    let restricts = kind == "Partner";
    format!(
        r#"{{"Enabled":true,"ConnectorType":"{kind}","ConnectorSource":"AdminUI","Comment":"a connector of the estate",
"SenderIPAddresses":[{addresses}],"SenderDomains":["smtp:{domain};1"],"TrustedOrganizations":[],"ClientHostNames":[],
"AssociatedAcceptedDomains":[],"RequireTls":true,"RestrictDomainsToIPAddresses":{restricts},"RestrictDomainsToCertificate":false,
"CloudServicesMailEnabled":false,"TreatMessagesAsInternal":false,"TlsSenderCertificateName":{certificate},"EFTestMode":false,
"ScanAndDropRecipients":[],"EFSkipLastIP":false,"EFSkipIPs":[],"EFUsers":[],"Name":"Connector {c}","Identity":"Connector {c}",
"WhenChangedUTC":"2026-07-23T22:55:13.0000000Z","IsValid":true}}"#
    )
}
