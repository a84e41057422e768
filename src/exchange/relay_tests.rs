//! The relay rules, row by row.

use chrono::NaiveDate;

use super::catalogue::{positive, relay};
use super::relay::{header_from, recipient};
use super::{
    AcceptedDomain, Account, AttributedBy, Decision, DomainName, DomainPattern, Peer, RulesOn, Tenant,
    Tenants,
};
use crate::exchange::catalogue::Entry;
use crate::exchange::tenants::{ConnectorType, DomainType, InboundConnector, OrganizationConfig};
use crate::exchange::{CertificateName, Network, Presented};
use crate::smtp::{ForwardPath, ReversePath};

const TODAY: RulesOn = RulesOn::day(NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day"));
const BEFORE: RulesOn = RulesOn::day(NaiveDate::from_ymd_opt(2023, 10, 31).expect("a day"));

const OK: &Entry = &positive::RECIPIENT_OK;
const DENIED: &Entry = &relay::RELAY_ACCESS_DENIED;
const UNKNOWN: &Entry = &relay::UNKNOWN_RECIPIENT;
const PARTNER: &Entry = &relay::PARTNER_CONNECTOR;
const DIRECT: &Entry = &relay::DIRECT_SEND_REJECTED;

const LISTED: &str = "203.0.113.10";
const SHARED: &str = "198.51.100.25";
const UNLISTED: &str = "203.0.113.99";
const OUTSIDE: &str = "partner@fourthcoffee.example";

fn domain(name: &str) -> AcceptedDomain {
    AcceptedDomain {
        name: DomainName::new(name).expect("a domain"),
        kind: DomainType::Authoritative,
        match_subdomains: false,
    }
}

fn connector(name: &str, certificate: Option<&str>, addresses: &[&str]) -> InboundConnector {
    InboundConnector {
        name: name.into(),
        enabled: true,
        kind: ConnectorType::OnPremises,
        certificate_name: certificate.and_then(DomainPattern::parse),
        addresses: addresses.iter().map(|a| Network::parse(a).expect("a network")).collect(),
        ..InboundConnector::default()
    }
}

fn contoso() -> Tenant {
    let disabled = InboundConnector { enabled: false, ..connector("old", None, &["203.0.113.200"]) };
    Tenant {
        name: "Contoso".into(),
        accepted_domains: vec![
            domain("contoso.com"),
            AcceptedDomain { kind: DomainType::InternalRelay, ..domain("plant.contoso.com") },
            AcceptedDomain { match_subdomains: true, ..domain("contoso.example") },
        ],
        inbound_connectors: vec![
            connector("hybrid", Some("*.contoso.com"), &[]),
            connector("applications", None, &[LISTED, SHARED]),
            connector("tickets", Some("mail.ticketservice.example"), &[]),
            disabled,
        ],
        recipients: Some(["info@contoso.com"].into_iter().collect()),
        ..Tenant::default()
    }
}

fn fabrikam() -> Tenant {
    Tenant {
        name: "Fabrikam".into(),
        accepted_domains: vec![domain("fabrikam.com"), domain("mail.fabrikam.com")],
        inbound_connectors: vec![
            connector("gateway", Some("mail.fabrikam.com"), &[]),
            connector("shared", None, &[SHARED]),
            connector("exact", Some("relay.fabrikam.com"), &[]),
        ],
        ..Tenant::default()
    }
}

fn peer(certificate: &[&str], address: &str) -> Peer {
    let names: Vec<_> = certificate.iter().map(|name| CertificateName::new(name).expect("a name")).collect();
    Peer {
        address: address.parse().expect("an address"),
        tls: None,
        certificate: if names.is_empty() { Presented::None } else { Presented::Names(names) },
    }
}

fn ask(tenants: &Tenants, peer: &Peer, p1: &str, rcpt: &str, rules: RulesOn) -> (Decision, Account) {
    let mut why = Account::default();
    let p1 = ReversePath::parse(p1).expect("an address");
    let rcpt = ForwardPath::parse(rcpt).expect("an address");
    (recipient(tenants, peer, &p1, &rcpt, rules, &mut why), why)
}

/// Section by section the decision table that was put together from the
/// sources: certificate names, address, P1, recipient; reply and tenant.
#[test]
fn the_decision_table_holds() {
    use AttributedBy::{Certificate, MailFrom, Recipient};
    const OWN: &str = "app@contoso.com";
    const FOREIGN: &str = "bounce@mailer.example";
    let tenants = Tenants::new(vec![contoso(), fabrikam()]);
    type Row<'a> = (&'a [&'a str], &'a str, &'a str, &'a str, &'a Entry, Option<(&'a str, AttributedBy)>);
    let rows: &[Row<'_>] = &[
        // A certificate that matches and is accepted carries everything.
        (&["relay.contoso.com"], UNLISTED, OWN, OUTSIDE, OK, Some(("Contoso", Certificate))),
        (&["relay.contoso.com"], UNLISTED, FOREIGN, OUTSIDE, OK, Some(("Contoso", Certificate))),
        (&["relay.contoso.com"], UNLISTED, "", OUTSIDE, OK, Some(("Contoso", Certificate))),
        (&["contoso.com"], UNLISTED, "", OUTSIDE, OK, Some(("Contoso", Certificate))),
        (&["*.contoso.com"], UNLISTED, "", OUTSIDE, OK, Some(("Contoso", Certificate))),
        (&["a.b.contoso.com"], UNLISTED, "", OUTSIDE, OK, Some(("Contoso", Certificate))),
        (&["x.example", "relay.contoso.com"], UNLISTED, "", OUTSIDE, OK, Some(("Contoso", Certificate))),
        // It outranks address and P1 sender of another tenant.
        (&["mail.fabrikam.com"], LISTED, OWN, OUTSIDE, OK, Some(("Fabrikam", Certificate))),
        (&["mail.fabrikam.com"], LISTED, FOREIGN, OUTSIDE, OK, Some(("Fabrikam", Certificate))),
        // It matches a connector, but its name is no accepted domain: P1 decides.
        (&["mail.ticketservice.example"], UNLISTED, OWN, OUTSIDE, OK, Some(("Contoso", MailFrom))),
        (&["mail.ticketservice.example"], UNLISTED, FOREIGN, OUTSIDE, DENIED, None),
        (&["mail.ticketservice.example"], UNLISTED, "", OUTSIDE, DENIED, None),
        (&["relay.fabrikam.com"], UNLISTED, "", OUTSIDE, DENIED, None),
        (&["relay.fabrikam.com"], UNLISTED, "x@fabrikam.com", OUTSIDE, OK, Some(("Fabrikam", MailFrom))),
        // It matches nothing: as good as none.
        (&["mail.fourthcoffee.example"], UNLISTED, OWN, OUTSIDE, DENIED, None),
        // The accepted domain on the certificate, the connector by address.
        (&["mail.fabrikam.com"], SHARED, "", OUTSIDE, OK, Some(("Fabrikam", Certificate))),
        (&["contoso.example"], LISTED, "", OUTSIDE, OK, Some(("Contoso", Certificate))),
        // By address: P1 decides.
        (&[], LISTED, OWN, OUTSIDE, OK, Some(("Contoso", MailFrom))),
        (&[], LISTED, "x@sub.contoso.example", OUTSIDE, OK, Some(("Contoso", MailFrom))),
        (&[], LISTED, "x@sub.contoso.com", OUTSIDE, DENIED, None),
        (&[], LISTED, FOREIGN, OUTSIDE, DENIED, None),
        (&[], LISTED, "", OUTSIDE, DENIED, None),
        (&[], LISTED, "x@fabrikam.com", OUTSIDE, DENIED, None),
        (&[], SHARED, OWN, OUTSIDE, OK, Some(("Contoso", MailFrom))),
        (&[], SHARED, "x@fabrikam.com", OUTSIDE, OK, Some(("Fabrikam", MailFrom))),
        (&[], SHARED, FOREIGN, OUTSIDE, DENIED, None),
        // From nowhere in particular.
        (&[], UNLISTED, OWN, OUTSIDE, DENIED, None),
        (&[], UNLISTED, FOREIGN, OUTSIDE, DENIED, None),
        (&[], "203.0.113.200", OWN, OUTSIDE, DENIED, None),
        // The tenant's own recipients.
        (&[], UNLISTED, FOREIGN, "info@contoso.com", OK, Some(("Contoso", Recipient))),
        (&[], UNLISTED, "", "INFO@contoso.com", OK, Some(("Contoso", Recipient))),
        (&[], UNLISTED, OWN, "info@contoso.com", OK, Some(("Contoso", Recipient))),
        (&[], LISTED, FOREIGN, "info@contoso.com", OK, Some(("Contoso", Recipient))),
        (&[], LISTED, OWN, "info@contoso.com", OK, Some(("Contoso", MailFrom))),
        (&[], UNLISTED, FOREIGN, "nobody@contoso.com", UNKNOWN, Some(("Contoso", Recipient))),
        (&[], LISTED, OWN, "nobody@contoso.com", UNKNOWN, Some(("Contoso", MailFrom))),
        (&[], UNLISTED, FOREIGN, "nobody@plant.contoso.com", OK, Some(("Contoso", Recipient))),
        (&[], UNLISTED, FOREIGN, "anybody@fabrikam.com", OK, Some(("Fabrikam", Recipient))),
        // Another tenant's recipient is outside for the one who relays.
        (&[], LISTED, OWN, "anybody@fabrikam.com", OK, Some(("Contoso", MailFrom))),
        (&[], LISTED, "x@fabrikam.com", "anybody@fabrikam.com", OK, Some(("Fabrikam", Recipient))),
    ];
    for (n, (certificate, address, p1, rcpt, entry, tenant)) in rows.iter().enumerate() {
        let (decision, why) = ask(&tenants, &peer(certificate, address), p1, rcpt, TODAY);
        let row = format!("row {n}: {certificate:?} {address} <{p1}> {rcpt}: {why}");
        assert!(std::ptr::eq(decision.entry, *entry), "{row}: {}", decision.entry.text);
        let got = decision.attribution.as_ref().map(|a| (a.tenant.as_str(), a.by));
        assert_eq!(got, *tenant, "{row}");
        assert!(!decision.awaits_header, "{row}");
    }
}

#[test]
fn until_the_end_of_october_2023_the_header_decides_where_a_connector_matches() {
    let tenants = Tenants::new(vec![contoso(), fabrikam()]);
    for (certificate, address, p1, awaits) in [
        (&[][..], LISTED, "bounce@mailer.example", true),
        (&[], LISTED, "", true),
        (&["mail.ticketservice.example"], UNLISTED, "", true),
        (&[], LISTED, "app@contoso.com", false),
        (&["relay.contoso.com"], UNLISTED, "", false),
    ] {
        let (decision, why) = ask(&tenants, &peer(certificate, address), p1, OUTSIDE, BEFORE);
        assert!(std::ptr::eq(decision.entry, OK), "{why}");
        assert_eq!(decision.awaits_header, awaits, "{why}");
    }
    let (decision, why) = ask(&tenants, &peer(&[], UNLISTED), "app@contoso.com", OUTSIDE, BEFORE);
    assert!(std::ptr::eq(decision.entry, DENIED), "no connector matches: {why}");
    for (author, entry) in
        [("contoso.com", &positive::QUEUED), ("fabrikam.com", DENIED), ("mailer.example", DENIED)]
    {
        let authors = [DomainName::new(author).expect("a domain")];
        let decision = header_from(&tenants, &peer(&[], LISTED), &authors, &mut Account::default());
        assert!(std::ptr::eq(decision.entry, entry), "{author}");
    }
    let none = header_from(&tenants, &peer(&[], LISTED), &[], &mut Account::default());
    assert!(std::ptr::eq(none.entry, DENIED));
}

#[test]
fn a_certificate_that_does_not_hold_is_as_good_as_none() {
    let tenants = Tenants::new(vec![contoso()]);
    let certificate = Presented::Unusable { reason: "certificate has expired".into() };
    let peer = Peer { certificate, ..peer(&[], LISTED) };
    let (decision, why) = ask(&tenants, &peer, "", OUTSIDE, TODAY);
    assert!(std::ptr::eq(decision.entry, DENIED));
    assert!(why.to_string().contains("counts as none: certificate has expired"), "{why}");
    let (decision, _) = ask(&tenants, &peer, "app@contoso.com", OUTSIDE, TODAY);
    assert!(std::ptr::eq(decision.entry, OK));
}

#[test]
fn a_restricting_partner_connector_keeps_strangers_out() {
    let partner = |name: &str, domain: &str, restrict: bool| InboundConnector {
        kind: ConnectorType::Partner,
        sender_domains: vec![DomainPattern::parse(domain).expect("a pattern")],
        restrict_to_addresses: restrict,
        ..connector(name, None, &["192.0.2.40"])
    };
    let mut tenant = contoso();
    tenant.inbound_connectors.push(partner("gateway only", "*", true));
    tenant.inbound_connectors.push(partner("friend", "friend.example", false));
    let tenants = Tenants::new(vec![tenant]);
    for (certificate, address, p1, entry) in [
        (&[][..], UNLISTED, "x@mailer.example", PARTNER),
        (&[], UNLISTED, "", PARTNER),
        (&[], UNLISTED, "app@contoso.com", PARTNER),
        (&[], "192.0.2.40", "x@mailer.example", OK),
        (&[], UNLISTED, "x@friend.example", OK),
        (&[], LISTED, "x@mailer.example", OK),
        (&["relay.contoso.com"], UNLISTED, "", OK),
        // A hybrid server whose full certificate name is no accepted domain.
        (&["mail.ticketservice.example"], UNLISTED, "app@contoso.com", PARTNER),
    ] {
        let (decision, why) = ask(&tenants, &peer(certificate, address), p1, "info@contoso.com", TODAY);
        assert!(std::ptr::eq(decision.entry, entry), "{certificate:?} {address} <{p1}>: {why}");
    }
    let stranger = peer(&[], UNLISTED);
    let (decision, _) = ask(&tenants, &stranger, "x@mailer.example", OUTSIDE, TODAY);
    assert!(std::ptr::eq(decision.entry, DENIED), "a Partner connector never relays");
}

#[test]
fn direct_send_can_be_switched_off() {
    let tenants = Tenants::new(vec![Tenant {
        organization: OrganizationConfig { reject_direct_send: Some(true), ..OrganizationConfig::default() },
        ..contoso()
    }]);
    for (address, p1, entry) in [
        (UNLISTED, "app@contoso.com", DIRECT),
        (UNLISTED, "x@mailer.example", OK),
        (UNLISTED, "", OK),
        (LISTED, "app@contoso.com", OK),
    ] {
        let (decision, why) = ask(&tenants, &peer(&[], address), p1, "info@contoso.com", TODAY);
        assert!(std::ptr::eq(decision.entry, entry), "{address} <{p1}>: {why}");
    }
}

#[test]
fn the_account_tells_the_chain_of_rules() {
    let tenants = Tenants::new(vec![contoso()]);
    let (_, why) = ask(&tenants, &peer(&["relay.contoso.com"], UNLISTED), "", OUTSIDE, TODAY);
    assert_eq!(
        why.to_string(),
        "certificate name relay.contoso.com matches connector \"hybrid\" of Contoso by *.contoso.com; \
         certificate name relay.contoso.com is covered by an accepted domain of Contoso; attributed to \
         Contoso by the certificate domain; fourthcoffee.example is outside: relay; both conditions hold; \
         relay allowed"
    );
}

#[test]
fn the_alternative_names_of_a_certificate_count_unless_the_lab_says_otherwise() {
    let name = |text: &str| CertificateName::new(text).expect("a name");
    let names = vec![name("elsewhere.example"), name("relay.contoso.com").alternative()];
    let peer = Peer { certificate: Presented::Names(names), ..peer(&[], UNLISTED) };
    for (subject_only, entry) in [(false, OK), (true, DENIED)] {
        let mut tenant = contoso();
        tenant.lab.subject_only = subject_only;
        let (decision, why) = ask(&Tenants::new(vec![tenant]), &peer, "", OUTSIDE, TODAY);
        assert!(std::ptr::eq(decision.entry, entry), "{why}");
    }
}
