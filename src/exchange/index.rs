//! The index over all tenants: by domain, by certificate name, by address.
//!
//! Some hundreds of tenants are found in as many steps as one, so that a decision
//! costs microseconds whatever the exports hold. Only enabled connectors are in it.

use std::collections::HashMap;
use std::net::IpAddr;

use super::connectors::Match;
use super::domain::{DomainName, DomainPattern};
use super::network::Network;
use super::peer::Peer;
use super::tenants::{AcceptedDomain, CasMailbox, ConnectorType, InboundConnector, Tenant};
use crate::secret::Secret;

/// Where to find what in a list of tenants.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Accepted domains by their very name.
    domains: HashMap<DomainName, Slot>,
    /// OnPremises connectors by a certificate name written out.
    certificates: HashMap<DomainName, Vec<Slot>>,
    /// OnPremises connectors by the domain of a wildcard.
    wildcards: HashMap<DomainName, Vec<Slot>>,
    /// OnPremises connectors by the /24 of an address: no prefix is wider.
    addresses: HashMap<u32, Vec<(Network, Slot)>>,
    /// Partner connectors by tenant and sender domain.
    partners: HashMap<(u32, DomainPattern), Vec<u32>>,
    /// Mailboxes by address in lower case.
    mailboxes: HashMap<Box<str>, Slot>,
    /// Lab secrets by address in lower case.
    passwords: HashMap<Box<str>, Slot>,
}

/// An item of a tenant: the tenant's place in the list, and the item's in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    tenant: u32,
    item: u32,
}

impl Index {
    /// The index of a list.
    pub(super) fn of(list: &[Tenant]) -> Self {
        let mut index = Self::default();
        for (at, tenant) in (0..).zip(list) {
            let slot = |item| Slot { tenant: at, item };
            for (item, domain) in (0..).zip(&tenant.accepted_domains) {
                index.domains.entry(domain.name.clone()).or_insert(slot(item));
            }
            for (item, connector) in (0..).zip(&tenant.inbound_connectors) {
                if connector.enabled {
                    index.connector(slot(item), connector);
                }
            }
            for (item, mailbox) in (0..).zip(&tenant.mailboxes) {
                index.mailboxes.entry(mailbox.address.to_ascii_lowercase().into()).or_insert(slot(item));
            }
            for (item, (user, _)) in (0..).zip(&tenant.lab.passwords) {
                index.passwords.entry(user.to_ascii_lowercase().into()).or_insert(slot(item));
            }
        }
        index
    }

    fn connector(&mut self, slot: Slot, connector: &InboundConnector) {
        if connector.kind == ConnectorType::Partner {
            for pattern in &connector.sender_domains {
                self.partners.entry((slot.tenant, pattern.clone())).or_default().push(slot.item);
            }
            return;
        }
        match &connector.certificate_name {
            Some(DomainPattern::Exactly(name)) => {
                self.certificates.entry(name.clone()).or_default().push(slot);
            }
            Some(DomainPattern::WithSubdomains(name)) => {
                self.wildcards.entry(name.clone()).or_default().push(slot);
            }
            Some(DomainPattern::Any) | None => {}
        }
        for network in &connector.addresses {
            self.addresses.entry(network.slash_24()).or_default().push((*network, slot));
        }
    }

    pub(super) fn of_domain<'a>(
        &self,
        list: &'a [Tenant],
        domain: &DomainName,
    ) -> Option<(&'a Tenant, &'a AcceptedDomain)> {
        let found = |slot: &Slot| {
            let tenant = &list[slot.tenant as usize];
            (tenant, &tenant.accepted_domains[slot.item as usize])
        };
        if let Some(slot) = self.domains.get(domain) {
            return Some(found(slot));
        }
        let parents = domain.parents().filter_map(|parent| self.domains.get(parent));
        parents.map(found).find(|(_, accepted)| accepted.match_subdomains)
    }

    pub(super) fn owner<'a>(&self, list: &'a [Tenant], domain: &DomainName) -> Option<&'a Tenant> {
        self.domains.get(domain).map(|slot| &list[slot.tenant as usize])
    }

    pub(super) fn password<'a>(&self, list: &'a [Tenant], user: &str) -> Option<&'a Secret> {
        let slot = self.passwords.get(&*user.to_ascii_lowercase())?;
        Some(&list[slot.tenant as usize].lab.passwords[slot.item as usize].1)
    }

    pub(super) fn mailbox<'a>(&self, list: &'a [Tenant], address: &str) -> Option<&'a CasMailbox> {
        let slot = self.mailboxes.get(&*address.to_ascii_lowercase())?;
        Some(&list[slot.tenant as usize].mailboxes[slot.item as usize])
    }

    /// The OnPremises connectors that a peer matches: tenant by tenant in the
    /// order of the files, in each by certificate before by address.
    pub(super) fn on_premises<'a>(&self, list: &'a [Tenant], peer: &'a Peer) -> Vec<Match<'a>> {
        // Tenant, by address, connector, which name.
        let mut found: Vec<(u32, bool, u32, usize)> = Vec::new();
        for (n, name) in peer.certificate.names().iter().enumerate() {
            let domain = name.domain();
            let exact = self.certificates.get(domain).filter(|_| !name.is_wildcard());
            let itself = self.wildcards.get(domain);
            let above = domain.parents().filter_map(|parent| self.wildcards.get(parent));
            let slots = exact.into_iter().chain(itself).chain(above).flatten();
            let slots = slots.filter(|slot| list[slot.tenant as usize].counts(name));
            found.extend(slots.map(|slot| (slot.tenant, false, slot.item, n)));
        }
        if let IpAddr::V4(address) = peer.address.to_canonical() {
            let near = self.addresses.get(&(u32::from(address) >> 8)).into_iter().flatten();
            let inside = near.filter(|(network, _)| network.contains(address.into()));
            found.extend(inside.map(|(_, slot)| (slot.tenant, true, slot.item, 0)));
        }
        found.sort_unstable();
        // One connector may match by several names, of which the first is told.
        found.dedup_by_key(|(tenant, by_address, connector, _)| (*tenant, *by_address, *connector));
        let matches = found.into_iter().map(|(tenant, by_address, connector, name)| {
            let tenant = &list[tenant as usize];
            Match {
                tenant,
                connector: &tenant.inbound_connectors[connector as usize],
                certificate: (!by_address).then(|| &peer.certificate.names()[name]),
            }
        });
        matches.collect()
    }

    /// The Partner connectors of a tenant whose `SenderDomains` cover a domain
    /// most narrowly; the null sender is covered by `*` alone.
    pub(super) fn partners<'a>(
        &self,
        list: &'a [Tenant],
        tenant: &Tenant,
        sender: Option<&DomainName>,
    ) -> Vec<&'a InboundConnector> {
        // The tenant is one of the list.
        let Some(at) = list.iter().position(|other| std::ptr::eq(other, tenant)) else { return Vec::new() };
        let tenant = u32::try_from(at).unwrap_or(u32::MAX);
        let exact = sender.map(|domain| DomainPattern::Exactly(domain.clone()));
        let below = sender.into_iter().flat_map(|domain| {
            let parents = domain.parents().filter_map(DomainName::new);
            std::iter::once(domain.clone()).chain(parents).map(DomainPattern::WithSubdomains)
        });
        let mut widening = exact.into_iter().chain(below).chain([DomainPattern::Any]);
        let narrowest = widening.find_map(|pattern| self.partners.get(&(tenant, pattern)));
        let connectors = narrowest.into_iter().flatten();
        connectors.map(|item| &list[at].inbound_connectors[*item as usize]).collect()
    }
}
