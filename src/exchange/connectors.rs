//! Which inbound connectors a peer matches.

use super::peer::{CertificateName, Peer};
use super::tenants::{InboundConnector, Tenant, Tenants};
use super::{Account, DomainPattern};

/// A connector that a peer matches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match<'a> {
    /// Whose it is.
    pub(super) tenant: &'a Tenant,
    /// The connector.
    pub(super) connector: &'a InboundConnector,
    /// The name of the certificate that it matches by; `None` where it matches by
    /// address.
    pub(super) certificate: Option<&'a CertificateName>,
}

/// The enabled connectors of type OnPremises that a peer matches: tenant by tenant,
/// in each by certificate first, then by address.
///
/// Source: "Updated Requirements for SMTP Relay through Exchange Online": "The
/// sending host's IP address or certificate domain on the SMTP connection matches
/// your organization's Inbound Connector of OnPremises type."
#[derive(Clone, Debug)]
pub(super) struct Matches<'a>(Vec<Match<'a>>);

impl<'a> Matches<'a> {
    /// What a peer matches.
    pub(super) fn of(tenants: &'a Tenants, peer: &'a Peer) -> Self {
        Self(tenants.index.on_premises(&tenants.list, peer))
    }

    /// Every match.
    pub(super) fn all(&self) -> &[Match<'a>] {
        &self.0
    }

    /// Those of one tenant.
    pub(super) fn of_tenant(&self, tenant: &Tenant) -> impl Iterator<Item = Match<'a>> {
        self.0.iter().copied().filter(move |matched| std::ptr::eq(matched.tenant, tenant))
    }
}

/// The name of the peer's certificate that a connector's
/// `TlsSenderCertificateName` covers.
pub(super) fn certificate_match<'a>(
    tenant: &Tenant,
    connector: &InboundConnector,
    peer: &'a Peer,
) -> Option<&'a CertificateName> {
    let pattern = connector.certificate_name.as_ref()?;
    peer.certificate.names().iter().find(|name| tenant.counts(name) && name.is_covered_by(pattern))
}

/// Whose accepted domain each name of a peer's certificate is. Asked once: a peer may
/// match the connectors of every tenant.
pub(super) fn owners<'a>(tenants: &'a Tenants, peer: &Peer) -> Vec<Option<&'a Tenant>> {
    peer.certificate.names().iter().map(|name| tenants.owner(name.domain())).collect()
}

/// Whether the certificate domain is an accepted domain of the tenant: the name
/// itself is, or the connector matched it by a wildcard whose domain is. The
/// accepted domain must be the very name; that `MatchSubDomains` counts for
/// certificates is stated nowhere.
///
/// Source: Exchange team reply 3855525 on the post of 2023: with certificate
/// `webmail.domain.com` and accepted domain `domain.com`, "the safest way is to
/// add the subdomain to the accepted domain. Alternatively, in the connector, you
/// can use *.domain.com".
pub(super) fn accepted_certificate_domain<'a>(
    tenants: &Tenants,
    owners: &[Option<&Tenant>],
    matched: &Match<'a>,
    peer: &'a Peer,
) -> Option<&'a CertificateName> {
    let is_its = |owner: Option<&Tenant>| owner.is_some_and(|owner| std::ptr::eq(owner, matched.tenant));
    let mut accepted = peer
        .certificate
        .names()
        .iter()
        .zip(owners)
        .filter(|(_, owner)| is_its(**owner))
        .map(|(name, _)| name);
    let Some(name) = matched.certificate else { return accepted.find(|name| matched.tenant.counts(name)) };
    let by_wildcard = match &matched.connector.certificate_name {
        Some(DomainPattern::WithSubdomains(domain)) => is_its(tenants.owner(domain)),
        _ => false,
    };
    (by_wildcard || accepted.any(|other| std::ptr::eq(other, name))).then_some(name)
}

impl Match<'_> {
    /// Writes down what matched.
    pub(super) fn tell(&self, peer: &Peer, why: &mut Account) {
        let tenant = self.tenant;
        let connector = &self.connector.name;
        match (self.certificate, &self.connector.certificate_name) {
            (Some(name), Some(pattern)) => why.step(format!(
                "certificate name {name} matches connector \"{connector}\" of {} by {pattern}",
                tenant.name
            )),
            _ => why.step(format!(
                "address {} matches connector \"{connector}\" of {}",
                peer.address, tenant.name
            )),
        }
    }
}
