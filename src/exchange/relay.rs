//! The MX endpoint: may this recipient be written to by this peer?

use super::Account;
use super::attribution::{Attributed, by_header_from, of_sender};
use super::catalogue::{positive, relay};
use super::connectors::{Match, certificate_match, on_premises};
use super::decision::{AttributedBy, Attribution, Decision};
use super::domain::{DomainName, DomainPattern};
use super::peer::Peer;
use super::tenants::{ConnectorType, DomainType, InboundConnector, Tenant, Tenants};
use super::timeline::{Rule, RulesOn};
use crate::smtp::{ForwardPath, ReversePath};

/// Whether a recipient is accepted at the MX endpoint.
///
/// Since 2023-11-01 mail for other organisations leaves only where two things
/// hold: an OnPremises connector matches by certificate or address, and the
/// certificate's domain or the P1 sender's domain is an accepted domain. Before
/// that day the P2 sender's domain would do as well, which can only be seen after
/// DATA: the decision then says that it awaits the header. A tenant's own
/// recipients take mail from anybody whom its Partner connectors and
/// `RejectDirectSend` let in. The name given in EHLO plays no part.
///
/// Source: "Updated Requirements for SMTP Relay through Exchange Online"; that
/// the refusal comes at RCPT TO and for one recipient: KB 4051495 and wire logs.
#[must_use]
pub fn recipient(
    tenants: &Tenants,
    peer: &Peer,
    mail_from: &ReversePath,
    rcpt_to: &ForwardPath,
    rules: RulesOn,
    why: &mut Account,
) -> Decision {
    let Some(domain) = rcpt_to.domain() else {
        // RFC 5321 §4.5.1: postmaster without a domain must be accepted.
        why.step("postmaster without a domain; whose it is is not modelled");
        return Decision::reply(&positive::RECIPIENT_OK);
    };
    let owner = DomainName::new(domain).and_then(|domain| tenants.of_domain(&domain));
    let sender = of_sender(tenants, peer, mail_from, why);
    match (sender, owner) {
        (Some(sender), Some((tenant, accepted))) if std::ptr::eq(sender.tenant, tenant) => {
            if is_weak(&sender) {
                why.step(
                    "the connector's certificate name is no accepted domain, so the tenant's own recipients \
                     are judged as inbound mail",
                );
                return inbound(tenant, accepted.kind, peer, mail_from, rcpt_to, why);
            }
            why.step(format!("{domain} is the tenant's own"));
            existing(tenant, accepted.kind, rcpt_to, sender.by_name(), why)
        }
        (Some(sender), owner) => {
            match owner {
                Some((tenant, _)) => why.step(format!("{domain} belongs to {}: relay", tenant.name)),
                None => why.step(format!("{domain} is outside: relay")),
            }
            why.step("both conditions hold; relay allowed");
            Decision::reply(&positive::RECIPIENT_OK).attributed(sender.by_name())
        }
        (None, Some((tenant, accepted))) => {
            why.step(format!("attributed to {} by the recipient domain {domain}", tenant.name));
            inbound(tenant, accepted.kind, peer, mail_from, rcpt_to, why)
        }
        (None, None) => {
            why.step(format!("{domain} is outside: relay"));
            unattributed_relay(tenants, peer, rules, why)
        }
    }
}

/// Relay for a sender who was attributed to nobody: refused, or, before
/// 2023-11-01, left to the P2 sender where a connector matches.
fn unattributed_relay(tenants: &Tenants, peer: &Peer, rules: RulesOn, why: &mut Account) -> Decision {
    if rules.holds(Rule::HeaderFromEnds) {
        why.step("neither the certificate nor the P1 sender authorises relay; relay refused");
        return Decision::reply(&relay::RELAY_ACCESS_DENIED);
    }
    let matched = tenants.iter().find_map(|tenant| Some((tenant, on_premises(tenant, peer).next()?)));
    let Some((tenant, matched)) = matched else {
        why.step("no OnPremises connector matches, so the P2 sender cannot help; relay refused");
        return Decision::reply(&relay::RELAY_ACCESS_DENIED);
    };
    matched.tell(tenant, peer, why);
    why.step("until 2023-10-31 the P2 sender decides, after DATA");
    Decision { awaits_header: true, ..Decision::reply(&positive::RECIPIENT_OK) }
}

/// What becomes of a message whose relay awaited the P2 sender.
///
/// Source: "Updated Requirements for SMTP Relay through Exchange Online", the old
/// condition 1c. The stage is inferred: nothing earlier shows the header.
#[must_use]
pub fn header_from(tenants: &Tenants, peer: &Peer, authors: &[DomainName], why: &mut Account) -> Decision {
    match by_header_from(tenants, peer, authors, why) {
        Some(sender) => {
            why.step(format!(
                "attributed to {} by {}; relay allowed",
                sender.tenant.name,
                sender.by.as_str()
            ));
            Decision::reply(&positive::QUEUED).attributed(sender.by_name())
        }
        None => {
            why.step("relay refused");
            Decision::reply(&relay::RELAY_ACCESS_DENIED)
        }
    }
}

/// Whether mail was attributed by P1 through a connector whose certificate name
/// is written out in full and is no accepted domain: it relays, but for the
/// tenant's own recipients it falls back to the recipient's domain.
///
/// Source: Microsoft Japan support blog on renewing a hybrid server's certificate
/// (5.7.51 for own recipients unless the name is an accepted domain or a
/// wildcard).
fn is_weak(sender: &Attributed<'_>) -> bool {
    sender.by == AttributedBy::MailFrom && names_one_host(&sender.matched)
}

fn names_one_host(matched: &Match<'_>) -> bool {
    matched.certificate.is_some()
        && matches!(matched.connector.certificate_name, Some(DomainPattern::Exactly(_)))
}

/// Mail for a tenant's own recipient that its recipient's domain attributed.
fn inbound(
    tenant: &Tenant,
    kind: DomainType,
    peer: &Peer,
    mail_from: &ReversePath,
    rcpt_to: &ForwardPath,
    why: &mut Account,
) -> Decision {
    let attribution = |connector: Option<&InboundConnector>| Attribution {
        tenant: tenant.name.clone(),
        connector: connector.map(|connector| connector.name.clone()),
        by: AttributedBy::Recipient,
    };
    if let Some(matched) = on_premises(tenant, peer).find(|matched| !names_one_host(matched)) {
        matched.tell(tenant, peer, why);
        return existing(tenant, kind, rcpt_to, attribution(Some(matched.connector)), why);
    }
    let domain = mail_from.domain().and_then(DomainName::new);
    let partner = match partner_connector(tenant, peer, domain.as_ref(), why) {
        Ok(partner) => partner,
        Err(refused) => return refused,
    };
    let known = partner.is_some_and(|connector| shows_itself(connector, peer));
    if tenant.reject_direct_send == Some(true)
        && !known
        && domain.as_ref().is_some_and(|domain| tenant.accepts(domain).is_some())
    {
        // Source: Set-OrganizationConfig, RejectDirectSend; the P2 sender is not
        // looked at (techcommunity.microsoft.com 4408790).
        why.step(format!(
            "the P1 sender is {}'s own, no connector matched, and RejectDirectSend is on",
            tenant.name
        ));
        return Decision::reply(&relay::DIRECT_SEND_REJECTED);
    }
    existing(tenant, kind, rcpt_to, attribution(partner), why)
}

/// The Partner connector that judges mail from a domain: of those whose
/// `SenderDomains` cover it, the narrowest. Where it restricts to addresses or a
/// certificate that the peer does not show, the mail is refused.
///
/// Source: Set-InboundConnector, `RestrictDomainsToIPAddresses` and
/// `RestrictDomainsToCertificate`; the reply from the Microsoft Japan support
/// blog. That the narrowest connector judges is inferred.
fn partner_connector<'a>(
    tenant: &'a Tenant,
    peer: &Peer,
    sender: Option<&DomainName>,
    why: &mut Account,
) -> Result<Option<&'a InboundConnector>, Decision> {
    let reach = |connector: &InboundConnector| {
        let covering = connector.sender_domains.iter().filter(|pattern| match sender {
            Some(domain) => pattern.covers(domain),
            None => **pattern == DomainPattern::Any,
        });
        covering.map(narrowness).max()
    };
    let covering: Vec<_> =
        tenant.connectors(ConnectorType::Partner).filter_map(|c| Some((reach(c)?, c))).collect();
    let narrowest = covering.iter().map(|(reach, _)| *reach).max();
    let mut candidates = covering.iter().filter(|(reach, _)| Some(*reach) == narrowest).map(|(_, c)| *c);
    let Some(first) = candidates.clone().next() else { return Ok(None) };
    if let Some(connector) = candidates.find(|connector| meets_restrictions(connector, peer)) {
        why.step(format!("Partner connector \"{}\" covers the sender", connector.name));
        if connector.require_tls && peer.tls.is_none() {
            why.step("it requires TLS; the refusal is known from no source and not modelled");
        }
        return Ok(Some(connector));
    }
    why.step(format!(
        "Partner connector \"{}\" takes this mail only from its own addresses or certificate",
        first.name
    ));
    Err(Decision::reply(&relay::PARTNER_CONNECTOR))
}

/// Longer patterns are narrower, exact ones narrowest.
fn narrowness(pattern: &DomainPattern) -> (u8, usize) {
    match pattern {
        DomainPattern::Any => (0, 0),
        DomainPattern::WithSubdomains(domain) => (1, domain.as_str().len()),
        DomainPattern::Exactly(domain) => (2, domain.as_str().len()),
    }
}

fn meets_restrictions(connector: &InboundConnector, peer: &Peer) -> bool {
    let address = !connector.restrict_to_addresses || connector.lists(peer.address);
    let certificate = !connector.restrict_to_certificate || certificate_match(connector, peer).is_some();
    address && certificate
}

fn shows_itself(connector: &InboundConnector, peer: &Peer) -> bool {
    connector.lists(peer.address) || certificate_match(connector, peer).is_some()
}

/// Accepts a recipient of the tenant if it exists.
///
/// Source: "Use Directory-Based Edge Blocking to reject messages sent to invalid
/// recipients": authoritative domains only.
fn existing(
    tenant: &Tenant,
    kind: DomainType,
    rcpt_to: &ForwardPath,
    attribution: Attribution,
    why: &mut Account,
) -> Decision {
    match (tenant.has_recipient(rcpt_to.as_str()), kind) {
        (Some(false), DomainType::Authoritative) => {
            why.step(format!("{} has no recipient {}", tenant.name, rcpt_to.as_str()));
            return Decision::reply(&relay::UNKNOWN_RECIPIENT).attributed(attribution);
        }
        (Some(false), DomainType::InternalRelay) => {
            why.step("unknown, but the domain is an internal relay domain: accepted");
        }
        (Some(true), _) => why.step("the recipient exists"),
        (None, _) => why.step("the recipients are not listed, so every one exists (not modelled)"),
    }
    Decision::reply(&positive::RECIPIENT_OK).attributed(attribution)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::exchange::catalogue::Entry;
    use crate::exchange::tenants::{AcceptedDomain, Lab};
    use crate::exchange::{CertificateName, Network, Presented};

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
            lab: Lab { passwords: Vec::new(), recipients: Some(vec!["info@contoso.com".into()]) },
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
        let names: Vec<_> =
            certificate.iter().map(|name| CertificateName::new(name).expect("a name")).collect();
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
        let tenants = Tenants::new(vec![Tenant { reject_direct_send: Some(true), ..contoso() }]);
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
}
