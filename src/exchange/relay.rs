//! The MX endpoint: may this recipient be written to by this peer?

use super::Account;
use super::attribution::{Attributed, by_header_from, of_sender};
use super::catalogue::{positive, relay};
use super::connectors::{Match, Matches};
use super::decision::{AttributedBy, Decision};
use super::domain::{DomainName, DomainPattern};
use super::inbound;
use super::peer::Peer;
use super::tenants::{AcceptedDomain, Tenant, Tenants};
use super::timeline::{Rule, RulesOn};
use crate::smtp::{ForwardPath, ReversePath};

/// One recipient of one message, and all that a decision about it rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery<'a> {
    pub(super) tenants: &'a Tenants,
    pub(super) peer: &'a Peer,
    pub(super) matches: &'a Matches<'a>,
    pub(super) mail_from: &'a ReversePath,
    pub(super) rcpt_to: &'a ForwardPath,
    pub(super) rules: RulesOn,
}

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
    let matches = Matches::of(tenants, peer);
    let delivery = Delivery { tenants, peer, matches: &matches, mail_from, rcpt_to, rules };
    let owner = DomainName::new(domain).and_then(|domain| tenants.of_domain(&domain));
    if let Some(refused) = served_elsewhere(owner, why) {
        return refused;
    }
    let sender = of_sender(tenants, peer, &matches, mail_from, why);
    if let Some(sender) = &sender
        && sender.tenant.lab.blocked_connectors.contains(&sender.matched.connector.name)
    {
        why.step(format!("connector \"{}\" is blocked (lab)", sender.matched.connector.name));
        return Decision::reply(&relay::BAD_CONNECTOR).attributed(sender.by_name());
    }
    match (sender, owner) {
        (Some(sender), Some((tenant, accepted))) if std::ptr::eq(sender.tenant, tenant) => {
            if is_weak(&sender) {
                why.step(
                    "the connector's certificate name is no accepted domain, so the tenant's own recipients \
                     are judged as inbound mail",
                );
                return inbound::recipient(delivery, tenant, accepted.kind, why);
            }
            why.step(format!("{domain} is the tenant's own"));
            inbound::existing(tenant, accepted.kind, rcpt_to, sender.by_name(), why)
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
            inbound::recipient(delivery, tenant, accepted.kind, why)
        }
        (None, None) => {
            why.step(format!("{domain} is outside: relay"));
            unattributed_relay(delivery, why)
        }
    }
}

/// A recipient whose tenant another region serves.
///
/// Source: "Wrong Office 365 region" (ATTR35) and the multi-geo page of
/// learn.microsoft.com; that it answers RCPT TO is inferred.
fn served_elsewhere(owner: Option<(&Tenant, &AcceptedDomain)>, why: &mut Account) -> Option<Decision> {
    let (tenant, _) = owner.filter(|(tenant, _)| tenant.lab.other_region)?;
    why.step(format!("{} is served by another region (lab)", tenant.name));
    Some(Decision::reply(&relay::WRONG_REGION))
}

/// Relay for a sender who was attributed to nobody: refused, or, before
/// 2023-11-01, left to the P2 sender where a connector matches.
fn unattributed_relay(delivery: Delivery<'_>, why: &mut Account) -> Decision {
    if delivery.rules.holds(Rule::HeaderFromEnds) {
        why.step("neither the certificate nor the P1 sender authorises relay; relay refused");
        return Decision::reply(&relay::RELAY_ACCESS_DENIED);
    }
    let Some(matched) = delivery.matches.all().first() else {
        why.step("no OnPremises connector matches, so the P2 sender cannot help; relay refused");
        return Decision::reply(&relay::RELAY_ACCESS_DENIED);
    };
    matched.tell(delivery.peer, why);
    why.step("until 2023-10-31 the P2 sender decides, after DATA");
    Decision { awaits_header: true, ..Decision::reply(&positive::RECIPIENT_OK) }
}

/// What becomes of a message whose relay awaited the P2 sender.
///
/// Source: "Updated Requirements for SMTP Relay through Exchange Online", the old
/// condition 1c. The stage is inferred: nothing earlier shows the header.
#[must_use]
pub fn header_from(tenants: &Tenants, peer: &Peer, authors: &[DomainName], why: &mut Account) -> Decision {
    match by_header_from(tenants, peer, &Matches::of(tenants, peer), authors, why) {
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

/// Whether a connector matched by a certificate name that is written out in full.
pub(super) fn names_one_host(matched: &Match<'_>) -> bool {
    matched.certificate.is_some()
        && matches!(matched.connector.certificate_name, Some(DomainPattern::Exactly(_)))
}
