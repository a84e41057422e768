//! Mail that the recipient's domain attributed: inbound mail and Direct Send.

use super::Account;
use super::catalogue::{positive, relay, submission};
use super::connectors::certificate_match;
use super::decision::{AttributedBy, Attribution, Decision};
use super::domain::DomainName;
use super::peer::Peer;
use super::relay::{Delivery, names_one_host};
use super::tenants::{DomainType, InboundConnector, Tenant};
use crate::smtp::ForwardPath;

/// Mail for a tenant's own recipient that its recipient's domain attributed.
pub(super) fn recipient(
    delivery: Delivery<'_>,
    tenant: &Tenant,
    kind: DomainType,
    why: &mut Account,
) -> Decision {
    let Delivery { tenants, peer, rcpt_to, .. } = delivery;
    let attribution = |connector: Option<&InboundConnector>| Attribution {
        tenant: tenant.name.clone(),
        connector: connector.map(|connector| connector.name.clone()),
        by: AttributedBy::Recipient,
    };
    if let Some(matched) = delivery.matches.of_tenant(tenant).find(|matched| !names_one_host(matched)) {
        matched.tell(peer, why);
        return existing(tenant, kind, rcpt_to, attribution(Some(matched.connector)), why);
    }
    if tenant.lab.no_mail_subscription {
        // Source: captured in 2026-08; the stage is inferred.
        why.step(format!("{} has no mail-enabled subscription (lab)", tenant.name));
        return Decision::reply(&relay::NO_MAIL_SUBSCRIPTION);
    }
    let domain = delivery.mail_from.domain().and_then(DomainName::new);
    let partner = match partner_connector(delivery, tenant, domain.as_ref(), why) {
        Ok(partner) => partner,
        Err(refused) => return refused,
    };
    let known = partner.is_some_and(|connector| shows_itself(tenant, connector, peer));
    let is_own =
        |domain: &DomainName| tenants.of_domain(domain).is_some_and(|(owner, _)| std::ptr::eq(owner, tenant));
    if tenant.organization.reject_direct_send == Some(true) && !known && domain.as_ref().is_some_and(is_own) {
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
    delivery: Delivery<'a>,
    tenant: &Tenant,
    sender: Option<&DomainName>,
    why: &mut Account,
) -> Result<Option<&'a InboundConnector>, Decision> {
    let Delivery { tenants, peer, .. } = delivery;
    let candidates = tenants.index.partners(&tenants.list, tenant, sender);
    let Some(first) = candidates.first() else { return Ok(None) };
    let Some(connector) = candidates.iter().find(|connector| meets_restrictions(tenant, connector, peer))
    else {
        why.step(format!(
            "Partner connector \"{}\" takes this mail only from its own addresses or certificate",
            first.name
        ));
        return Err(Decision::reply(&relay::PARTNER_CONNECTOR));
    };
    why.step(format!("Partner connector \"{}\" covers the sender", connector.name));
    if connector.require_tls && peer.tls.is_none() {
        if tenant.lab.enforce_require_tls {
            // Inferred: no source shows the reply; this is the one that Exchange
            // gives elsewhere to mail that wants STARTTLS.
            why.step("it requires TLS, and the session is in clear text (lab: enforce_require_tls)");
            return Err(Decision::reply(&submission::STARTTLS_REQUIRED));
        }
        why.step("it requires TLS; the refusal is known from no source and not modelled");
    }
    Ok(Some(connector))
}

fn meets_restrictions(tenant: &Tenant, connector: &InboundConnector, peer: &Peer) -> bool {
    let address = !connector.restrict_to_addresses || connector.lists(peer.address);
    let certificate =
        !connector.restrict_to_certificate || certificate_match(tenant, connector, peer).is_some();
    address && certificate
}

fn shows_itself(tenant: &Tenant, connector: &InboundConnector, peer: &Peer) -> bool {
    connector.lists(peer.address) || certificate_match(tenant, connector, peer).is_some()
}

/// Accepts a recipient of the tenant if it exists.
///
/// Source: "Use Directory-Based Edge Blocking to reject messages sent to invalid
/// recipients": authoritative domains only.
pub(super) fn existing(
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
