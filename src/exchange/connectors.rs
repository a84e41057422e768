//! Which inbound connectors a peer matches.

use super::domain::DomainName;
use super::peer::{CertificateName, Peer};
use super::tenants::{ConnectorType, InboundConnector, Tenant};
use super::{Account, DomainPattern};

/// A connector that a peer matches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match<'a> {
    /// The connector.
    pub(super) connector: &'a InboundConnector,
    /// The name of the certificate that it matches by; `None` where it matches by
    /// address.
    pub(super) certificate: Option<&'a CertificateName>,
}

/// The enabled connectors of type OnPremises that a peer matches, by certificate
/// first, then by address.
///
/// Source: "Updated Requirements for SMTP Relay through Exchange Online": "The
/// sending host's IP address or certificate domain on the SMTP connection matches
/// your organization's Inbound Connector of OnPremises type."
pub(super) fn on_premises<'a>(tenant: &'a Tenant, peer: &'a Peer) -> impl Iterator<Item = Match<'a>> {
    let connectors = || tenant.connectors(ConnectorType::OnPremises);
    let by_certificate = connectors().filter_map(|connector| {
        let name = certificate_match(connector, peer)?;
        Some(Match { connector, certificate: Some(name) })
    });
    let by_address = connectors()
        .filter(|connector| connector.lists(peer.address))
        .map(|connector| Match { connector, certificate: None });
    by_certificate.chain(by_address)
}

/// The name of the peer's certificate that a connector's
/// `TlsSenderCertificateName` covers.
pub(super) fn certificate_match<'a>(
    connector: &InboundConnector,
    peer: &'a Peer,
) -> Option<&'a CertificateName> {
    let pattern = connector.certificate_name.as_ref()?;
    peer.certificate.names().iter().find(|name| name.is_covered_by(pattern))
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
    tenant: &Tenant,
    matched: &Match<'a>,
    peer: &'a Peer,
) -> Option<&'a CertificateName> {
    let is_accepted = |domain: &DomainName| tenant.accepted_domains.iter().any(|own| own.name == *domain);
    let Some(name) = matched.certificate else {
        return peer.certificate.names().iter().find(|name| is_accepted(name.domain()));
    };
    let by_wildcard = match &matched.connector.certificate_name {
        Some(DomainPattern::WithSubdomains(domain)) => is_accepted(domain),
        _ => false,
    };
    (by_wildcard || is_accepted(name.domain())).then_some(name)
}

impl Match<'_> {
    /// Writes down what matched.
    pub(super) fn tell(&self, tenant: &Tenant, peer: &Peer, why: &mut Account) {
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
