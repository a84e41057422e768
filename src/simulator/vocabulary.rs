//! Each catalogue entry that is marked as simulated is said by the simulator, here,
//! and no other is.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::SystemTime;

use super::front_end::FrontEnd;
use super::limits::Limits;
use super::luck::Luck;
use super::policy::{Ask, Facts, Fault, Policy};
use super::protocol::{Next, Protocol};
use super::store::Store;
use crate::exchange::catalogue::{self, Entry, positive, protocol, relay, reputation, submission};
use crate::exchange::{
    AcceptedDomain, BasicAuth, CasMailbox, ConnectorType, DomainName, DomainPattern, Endpoint, Faults,
    InboundConnector, Lab, Network, OrganizationConfig, RulesOn, Tenant, Tenants, TransportConfig,
};
use crate::secret::Secret;
use crate::tls::{Accepted, ClientChain, TlsVersion};

/// What is sent, and the entry whose reply is the last to come.
type Said = (Endpoint, Option<TlsVersion>, &'static str, &'static Entry);

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
pub(super) const CLEAR: Option<TlsVersion> = None;
pub(super) const TLS: Option<TlsVersion> = Some(TlsVersion::Tls12);
pub(super) const OLD: Option<TlsVersion> = Some(TlsVersion::Tls10);

macro_rules! five_rounds {
    () => {
        "Received: by a.prod.outlook.com|Received: by in1.signatures.example|\
         Received: by b.prod.outlook.com|Received: by in1.signatures.example|\
         Received: by c.prod.outlook.com|Received: by in1.signatures.example|\
         Received: by d.prod.outlook.com|Received: by in1.signatures.example|\
         Received: by e.prod.outlook.com|Received: by in1.signatures.example|"
    };
}

/// A message that an add-on service has sent back twenty times.
pub(super) const LOOP: &str = concat!(
    "EHLO x|MAIL FROM:<a@b.example>|RCPT TO:<info@contoso.com>|DATA|",
    five_rounds!(),
    five_rounds!(),
    five_rounds!(),
    five_rounds!(),
    "|."
);

/// `scan@contoso.com` and `right`, `wrong`; `off@contoso.com`, `inherits@contoso.com`.
const SAID: &[Said] = &[
    (Endpoint::Mx, CLEAR, "EHLO x|STARTTLS", &positive::READY_FOR_TLS),
    (Endpoint::Mx, CLEAR, "EHLO x|MAIL FROM:<a@b.example>", &positive::SENDER_OK),
    (
        Endpoint::Mx,
        CLEAR,
        "EHLO x|MAIL FROM:<a@b.example>|RCPT TO:<info@contoso.com>",
        &positive::RECIPIENT_OK,
    ),
    (
        Endpoint::Mx,
        CLEAR,
        "EHLO x|MAIL FROM:<a@b.example>|RCPT TO:<info@contoso.com>|DATA",
        &positive::START_MAIL_INPUT,
    ),
    (
        Endpoint::Mx,
        CLEAR,
        "EHLO x|MAIL FROM:<a@b.example>|RCPT TO:<info@contoso.com>|DATA|Subject: x||.",
        &positive::QUEUED,
    ),
    (Endpoint::Mx, CLEAR, LOOP, &relay::MAIL_LOOP),
    (
        Endpoint::Mx,
        CLEAR,
        "EHLO x|MAIL FROM:<a@b.example>|RCPT TO:<info@contoso.com>|BDAT 2|",
        &positive::CHUNK_OK,
    ),
    (Endpoint::Mx, CLEAR, "QUIT", &positive::CLOSING),
    (Endpoint::Mx, CLEAR, "RSET", &positive::RESET),
    (Endpoint::Mx, CLEAR, "NOOP", &positive::OK),
    (Endpoint::Mx, CLEAR, "VRFY info", &positive::CANNOT_VERIFY),
    (Endpoint::Submission, TLS, "EHLO x|AUTH LOGIN", &positive::PROMPT_USERNAME),
    (Endpoint::Submission, TLS, "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==", &positive::PROMPT_PASSWORD),
    (Endpoint::Submission, TLS, "EHLO x|AUTH XOAUTH2", &positive::PROMPT_EMPTY),
    (
        Endpoint::Submission,
        TLS,
        "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=",
        &positive::AUTHENTICATED,
    ),
    (Endpoint::Mx, CLEAR, "EHLO MacBook..", &protocol::INVALID_DOMAIN_NAME),
    (Endpoint::Mx, CLEAR, "MAIL FROM:<>", &protocol::HELLO_FIRST),
    (Endpoint::Mx, CLEAR, "EHLO x|DATA", &protocol::BAD_SEQUENCE),
    (Endpoint::Mx, CLEAR, "NOVEL", &protocol::UNRECOGNIZED_COMMAND),
    (Endpoint::Mx, CLEAR, "EHLO x|MAIL FROM:<> NOVEL=1", &protocol::INVALID_ARGUMENTS),
    (Endpoint::Mx, CLEAR, "EHLO x|MAIL FROM:a@b.example", &protocol::INVALID_SENDER),
    (Endpoint::Mx, CLEAR, "EHLO x|MAIL FROM:<>|RCPT TO:a@b.example", &protocol::INVALID_RECIPIENT),
    (Endpoint::Mx, CLEAR, "EHLO x|MAIL FROM:<ä@b.example>", &protocol::NEEDS_SMTPUTF8),
    (Endpoint::Mx, CLEAR, "EHLO x|MAIL FROM:<> SIZE=157286401", &protocol::TOO_LARGE),
    (Endpoint::Submission, TLS, "EHLO x|AUTH LOGIN|%", &protocol::BAD_BASE64),
    (Endpoint::Submission, TLS, "EHLO x|AUTH LOGIN|*", &protocol::AUTH_CANCELLED),
    (Endpoint::Mx, CLEAR, "EHLO x|MAIL FROM:<>|RCPT TO:<a@b.example>", &relay::RELAY_ACCESS_DENIED),
    (Endpoint::Mx, CLEAR, "EHLO x|MAIL FROM:<>|RCPT TO:<nobody@contoso.com>", &relay::UNKNOWN_RECIPIENT),
    (
        Endpoint::Mx,
        CLEAR,
        "EHLO x|MAIL FROM:<a@strict.example>|RCPT TO:<info@contoso.com>",
        &relay::PARTNER_CONNECTOR,
    ),
    (
        Endpoint::Mx,
        CLEAR,
        "EHLO x|MAIL FROM:<a@contoso.com>|RCPT TO:<info@contoso.com>",
        &relay::DIRECT_SEND_REJECTED,
    ),
    (Endpoint::Submission, CLEAR, "EHLO x|MAIL FROM:<scan@contoso.com>", &submission::NOT_AUTHENTICATED),
    (Endpoint::Submission, TLS, "EHLO x|AUTH PLAIN AGEAYg==", &submission::UNRECOGNIZED_MECHANISM),
    (
        Endpoint::Submission,
        TLS,
        "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|d3Jvbmc=",
        &submission::AUTHENTICATION_UNSUCCESSFUL,
    ),
    (
        Endpoint::Submission,
        TLS,
        "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|d3Jvbmc=|MAIL FROM:<scan@contoso.com>",
        &submission::NOT_AUTHENTICATED_AFTER_FAILURE,
    ),
    (
        Endpoint::Submission,
        TLS,
        "EHLO x|AUTH LOGIN b2ZmQGNvbnRvc28uY29t|cmlnaHQ=",
        &submission::DISABLED_FOR_MAILBOX,
    ),
    (
        Endpoint::Submission,
        TLS,
        "EHLO x|AUTH LOGIN aW5oZXJpdHNAY29udG9zby5jb20=|cmlnaHQ=",
        &submission::DISABLED_FOR_TENANT,
    ),
    (
        Endpoint::Submission,
        OLD,
        "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=",
        &submission::LEGACY_TLS_REFUSED,
    ),
    (
        Endpoint::Legacy,
        OLD,
        "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=",
        &submission::LEGACY_TLS_NOT_OPTED_IN,
    ),
];

/// What the tenant's `lab` brings about.
type Changed = (Endpoint, Option<TlsVersion>, &'static str, fn(&mut Tenant), &'static Entry);

const LOG_IN: &str = "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=";
const MAIL: &str = "EHLO x|MAIL FROM:<a@b.example>|RCPT TO:<info@contoso.com>";

const CHANGED: &[Changed] = &[
    (
        Endpoint::Submission,
        TLS,
        LOG_IN,
        |t| t.lab.basic_auth = Some(BasicAuth::Off),
        &submission::BASIC_AUTH_DISABLED,
    ),
    (
        Endpoint::Submission,
        TLS,
        LOG_IN,
        |t| t.lab.basic_auth = Some(BasicAuth::Retired),
        &submission::BASIC_AUTH_RETIRED,
    ),
    (Endpoint::Submission, TLS, LOG_IN, |t| t.lab.security_defaults = true, &submission::SECURITY_DEFAULTS),
    (
        Endpoint::Submission,
        TLS,
        LOG_IN,
        |t| t.lab.conditional_access = vec!["scan@contoso.com".into()],
        &submission::CRITERIA_NOT_MET,
    ),
    (
        Endpoint::Submission,
        TLS,
        "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=|MAIL FROM:<scan@contoso.com>",
        |t| t.lab.sessions = Some(0),
        &submission::TOO_MANY_SESSIONS,
    ),
    (
        Endpoint::Submission,
        TLS,
        "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=|MAIL FROM:<scan@contoso.com>|RCPT TO:<a@b.example>|\
         DATA|From: boss@contoso.com||.",
        |_| {},
        &submission::SEND_AS,
    ),
    (
        Endpoint::HighVolume,
        TLS,
        "EHLO x|AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==|cmlnaHQ=|MAIL FROM:<scan@contoso.com>|RCPT TO:<a@b.example>",
        |t| t.lab.high_volume = vec!["scan@contoso.com".into()],
        &submission::HIGH_VOLUME_INTERNAL_ONLY,
    ),
    (Endpoint::Mx, CLEAR, MAIL, |t| t.lab.other_region = true, &relay::WRONG_REGION),
    (Endpoint::Mx, CLEAR, MAIL, |t| t.lab.no_mail_subscription = true, &relay::NO_MAIL_SUBSCRIPTION),
    (
        Endpoint::Mx,
        CLEAR,
        "EHLO x|MAIL FROM:<a@contoso.com>|RCPT TO:<a@b.example>",
        |t| {
            t.inbound_connectors[0].kind = ConnectorType::OnPremises;
            t.inbound_connectors[0].addresses = vec![Network::parse("198.51.100.7").expect("a network")];
            t.lab.blocked_connectors = vec!["Strict".into()];
        },
        &relay::BAD_CONNECTOR,
    ),
    (
        Endpoint::Mx,
        CLEAR,
        "EHLO x|MAIL FROM:<a@strict.example>|RCPT TO:<info@contoso.com>",
        |t| {
            t.inbound_connectors[0].restrict_to_addresses = false;
            t.inbound_connectors[0].require_tls = true;
            t.lab.enforce_require_tls = true;
        },
        &submission::STARTTLS_REQUIRED,
    ),
];

/// What takes many lines, a long one, silence or a full house.
const FAULTS: &[(Fault, &Entry)] = &[
    (Fault::TooManyRecipients, &relay::TOO_MANY_RECIPIENTS),
    (Fault::LineTooLong, &protocol::LINE_TOO_LONG),
    (Fault::TooManyErrors, &protocol::TOO_MANY_ERRORS),
    (Fault::TooManyConnections, &protocol::TOO_MANY_CONNECTIONS),
    (Fault::TimedOut, &protocol::TIMED_OUT),
];

#[test]
fn every_entry_is_said_by_the_simulator_or_marked_documented_only() {
    let mut said: Vec<&'static Entry> = Vec::new();
    for (endpoint, tls, lines, entry) in SAID {
        let reply = last_reply(*endpoint, *tls, lines, tenant());
        assert_is(&reply, entry, lines);
        said.push(entry);
    }
    for (endpoint, tls, lines, change, entry) in CHANGED {
        let mut tenant = tenant();
        change(&mut tenant);
        assert_is(&last_reply(*endpoint, *tls, lines, tenant), entry, lines);
        said.push(entry);
    }
    let busy = replies_when_busy().pop().expect("a greeting at least");
    assert_is(&busy, &reputation::SERVER_BUSY, MAIL);
    said.push(&reputation::SERVER_BUSY);
    for (fault, entry) in FAULTS {
        let mut policy = front_end(Endpoint::Mx, tenant(), Faults::default());
        let mut reply = Vec::new();
        let facts = Facts { address: PEER, tls: None, now: SystemTime::now() };
        policy.answer(Ask::Fault(*fault), &facts).write(&mut reply);
        assert_is(&String::from_utf8_lossy(&reply), entry, "a fault");
        said.push(entry);
    }
    let is_said = |entry: &Entry| said.iter().any(|other| std::ptr::eq(*other, entry));
    for entry in catalogue::all() {
        assert_eq!(entry.simulated, is_said(entry), "simulated or not: {:?} {}", entry.code, entry.text);
    }
}

fn assert_is(reply: &str, entry: &Entry, lines: &str) {
    let enhanced = entry.enhanced.map_or(String::new(), |enhanced| format!("{enhanced} "));
    let start = format!("{} {enhanced}", entry.code.expect("what is said has a code"));
    let text = reply.strip_prefix(&start).unwrap_or_else(|| panic!("{lines}: {reply}"));
    assert!(entry.matches_text(text), "{lines}: {reply}");
}

fn front_end(endpoint: Endpoint, tenant: Tenant, faults: Faults) -> FrontEnd {
    let rules = RulesOn::day("2026-11-01".parse().expect("a day"));
    FrontEnd::new(
        Arc::new(Tenants::new(vec![tenant])),
        0,
        endpoint,
        rules,
        Arc::new(Store::default()),
        Arc::new(Luck::new(faults)),
        SystemTime::now(),
    )
}

fn protocol_for(tls: Option<TlsVersion>) -> Protocol {
    let mut protocol = Protocol::new(PEER, SystemTime::now(), false, Limits::default());
    if let Some(version) = tls {
        protocol.secured(Accepted { version, cipher: String::new(), client: ClientChain::None });
    }
    protocol
}

/// The last reply to lines parted by `|`.
fn last_reply(endpoint: Endpoint, tls: Option<TlsVersion>, lines: &str, tenant: Tenant) -> String {
    all_replies(endpoint, tls, lines, tenant).pop().expect("a greeting at least")
}

/// The greeting, and what each line of the client, parted by `|`, is answered.
pub(super) fn all_replies(
    endpoint: Endpoint,
    tls: Option<TlsVersion>,
    lines: &str,
    tenant: Tenant,
) -> Vec<String> {
    replies_of(front_end(endpoint, tenant, Faults::default()), tls, lines)
}

/// What becomes of [`SAID`]'s ordinary mail where the server is always busy.
pub(super) fn replies_when_busy() -> Vec<String> {
    let faults = Faults { busy: 100, ..Faults::default() };
    replies_of(front_end(Endpoint::Mx, tenant(), faults), CLEAR, MAIL)
}

fn replies_of(mut policy: FrontEnd, tls: Option<TlsVersion>, lines: &str) -> Vec<String> {
    let mut protocol = protocol_for(tls);
    let mut out = Vec::new();
    let mut next = protocol.greet(&mut policy, &mut out);
    let text = |out: &[u8]| String::from_utf8_lossy(out).trim_end_matches("\r\n").to_owned();
    let mut replies = vec![text(&out)];
    for line in lines.split('|').filter(|_| !lines.is_empty()) {
        assert_eq!(next, Next::Read, "the session goes on: {lines}");
        out.clear();
        next = protocol.receive(format!("{line}\r\n").as_bytes(), SystemTime::now(), &mut policy, &mut out);
        replies.push(text(&out));
    }
    replies
}

pub(super) fn tenant() -> Tenant {
    let domain = |name| DomainName::new(name).expect("a domain");
    let mailbox = |name: &str, off| CasMailbox {
        address: format!("{name}@contoso.com"),
        smtp_client_authentication_disabled: off,
    };
    let password = |name: &str| (format!("{name}@contoso.com"), Secret::new("right"));
    Tenant {
        name: "Contoso".into(),
        accepted_domains: vec![AcceptedDomain {
            name: domain("contoso.com"),
            kind: Default::default(),
            match_subdomains: false,
        }],
        inbound_connectors: vec![InboundConnector {
            name: "Strict".into(),
            enabled: true,
            kind: ConnectorType::Partner,
            addresses: vec![Network::parse("203.0.113.1").expect("a network")],
            sender_domains: vec![DomainPattern::Exactly(domain("strict.example"))],
            restrict_to_addresses: true,
            ..InboundConnector::default()
        }],
        transport: TransportConfig {
            allow_legacy_tls_clients: None,
            smtp_client_authentication_disabled: Some(true),
        },
        organization: OrganizationConfig { reject_direct_send: Some(true), ..OrganizationConfig::default() },
        mailboxes: vec![mailbox("scan", Some(false)), mailbox("off", Some(true)), mailbox("inherits", None)],
        recipients: Some(["info@contoso.com"].into_iter().collect()),
        lab: Lab {
            passwords: vec![password("scan"), password("off"), password("inherits")],
            ..Lab::default()
        },
        ..Tenant::default()
    }
}
