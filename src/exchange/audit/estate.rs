//! The tenants with what the rules look things up by, so that no rule compares
//! every connector with every other.

use std::collections::{BTreeMap, HashMap};

use super::finding::{Finding, Fix, Other, Rule};
use crate::exchange::{
    ConnectorType, DomainName, DomainPattern, InboundConnector, Network, Part, Tenant, Tenants,
};

/// A connector and whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owned<'a> {
    /// The tenant's place in the list.
    pub(super) number: usize,
    pub(super) tenant: &'a Tenant,
    pub(super) connector: &'a InboundConnector,
}

/// Every tenant, indexed.
#[derive(Debug)]
pub(super) struct Estate<'a> {
    pub(super) tenants: &'a Tenants,
    /// The enabled OnPremises connectors, in the order of the files.
    pub(super) on_premises: Vec<Owned<'a>>,
    /// Of each tenant one of them by a certificate name written out.
    pub(super) names: HashMap<&'a str, BTreeMap<usize, Owned<'a>>>,
    /// Of each tenant one of them by the domain of a wildcard.
    pub(super) wildcards: HashMap<&'a str, BTreeMap<usize, Owned<'a>>>,
    /// One connector a tenant by network, and one by each wider network that the
    /// network lies in.
    listed: HashMap<Network, BTreeMap<usize, Owned<'a>>>,
    inside: HashMap<Network, BTreeMap<usize, Owned<'a>>>,
}

/// How many others a finding names; the message says how many there are.
const NAMED: usize = 3;

impl<'a> Estate<'a> {
    pub(super) fn new(tenants: &'a Tenants) -> Self {
        let mut estate = Self {
            tenants,
            on_premises: Vec::new(),
            names: HashMap::new(),
            wildcards: HashMap::new(),
            listed: HashMap::new(),
            inside: HashMap::new(),
        };
        for (number, tenant) in tenants.iter().enumerate() {
            for connector in tenant.connectors(ConnectorType::OnPremises) {
                estate.add(Owned { number, tenant, connector });
            }
        }
        estate
    }

    fn add(&mut self, owned: Owned<'a>) {
        self.on_premises.push(owned);
        match &owned.connector.certificate_name {
            Some(DomainPattern::Exactly(name)) => {
                self.names.entry(name.as_str()).or_default().entry(owned.number).or_insert(owned);
            }
            Some(DomainPattern::WithSubdomains(name)) => {
                self.wildcards.entry(name.as_str()).or_default().entry(owned.number).or_insert(owned);
            }
            Some(DomainPattern::Any) | None => {}
        }
        for network in owned.connector.addresses.iter().map(|network| network.masked()) {
            self.listed.entry(network).or_default().entry(owned.number).or_insert(owned);
            for wider in network.wider() {
                self.inside.entry(wider).or_default().entry(owned.number).or_insert(owned);
            }
        }
    }

    /// A connector each of the other tenants that list addresses of this network.
    pub(super) fn sharing(&self, network: Network, own: usize) -> Vec<Owned<'a>> {
        let mut found: BTreeMap<usize, Owned<'a>> = BTreeMap::new();
        let network = network.masked();
        let covering =
            std::iter::once(network).chain(network.wider()).filter_map(|wide| self.listed.get(&wide));
        for owned in covering.chain(self.inside.get(&network)).flat_map(BTreeMap::values) {
            if owned.number != own {
                found.entry(owned.number).or_insert(*owned);
            }
        }
        found.into_values().collect()
    }

    /// The tenants whose export has a part; a rule that needs it says nothing of
    /// the others.
    pub(super) fn with(&self, part: Part) -> impl Iterator<Item = &'a Tenant> + use<'a> {
        self.tenants.iter().filter(move |tenant| has(tenant, part))
    }
}

/// Whether a tenant's export has a part.
pub(super) fn has(tenant: &Tenant, part: Part) -> bool {
    !tenant.missing.contains(&part)
}

/// Whether this very name is one of the tenant's accepted domains. That
/// `MatchSubDomains` counts for certificates is stated nowhere.
pub(super) fn accepts(tenants: &Tenants, tenant: &Tenant, name: &DomainName) -> bool {
    tenants.owner(name).is_some_and(|owner| std::ptr::eq(owner, tenant))
}

/// Whether mail with the connector's certificate is attributed to the tenant: the
/// name is an accepted domain, or a wildcard's domain or a name below it is.
pub(super) fn is_attributed(tenants: &Tenants, owned: &Owned<'_>) -> bool {
    match &owned.connector.certificate_name {
        Some(DomainPattern::Exactly(name)) => accepts(tenants, owned.tenant, name),
        Some(pattern @ DomainPattern::WithSubdomains(_)) => {
            owned.tenant.accepted_domains.iter().any(|own| pattern.covers(&own.name))
        }
        Some(DomainPattern::Any) | None => false,
    }
}

impl<'a> Owned<'a> {
    /// A finding about this connector.
    pub(super) fn finding(
        &self,
        rule: &'static Rule,
        property: &'static str,
        message: String,
        fix: impl Into<Fix>,
        others: &[Owned<'a>],
    ) -> Finding {
        Finding {
            rule,
            tenant: self.tenant.name.clone(),
            object: self.object(),
            property,
            at: self.connector.at.find(property),
            message,
            fix: fix.into(),
            others: others.iter().take(NAMED).map(|other| other.as_other(property)).collect(),
        }
    }

    fn object(&self) -> String {
        format!("InboundConnector \"{}\"", self.connector.name)
    }

    fn as_other(&self, property: &str) -> Other {
        Other {
            tenant: self.tenant.name.clone(),
            object: self.object(),
            at: self.connector.at.find(property),
        }
    }

    /// `Set-InboundConnector -Identity '…'` and what is to be set.
    pub(super) fn set(&self, what: &str) -> String {
        format!("Set-InboundConnector -Identity {} {what}", quoted(&self.connector.name))
    }
}

/// A finding about a tenant's part, such as its TransportConfig.
pub(super) fn of_part(
    rule: &'static Rule,
    tenant: &Tenant,
    part: Part,
    property: &'static str,
    message: String,
    fix: impl Into<Fix>,
) -> Finding {
    Finding {
        rule,
        tenant: tenant.name.clone(),
        object: part.as_str().to_owned(),
        property,
        at: tenant.at.find(part.as_str()),
        message,
        fix: fix.into(),
        others: Vec::new(),
    }
}

/// Names for a message: `Contoso, Fabrikam and 12 more`.
pub(super) fn listed(names: impl ExactSizeIterator<Item = impl AsRef<str>>) -> String {
    let all = names.len();
    let first: Vec<String> = names.take(NAMED).map(|name| name.as_ref().to_owned()).collect();
    match (first.split_last(), all - first.len()) {
        (_, more @ 1..) => format!("{} and {more} more", first.join(", ")),
        (Some((last, rest)), _) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => first.join(", "),
    }
}

/// A text as PowerShell takes it literally: in single quotes, doubled inside
/// (about_Quoting_Rules). PowerShell takes typographic quotes for quotes as well.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}') {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("From o'er there"), "'From o''er there'");
        assert_eq!(quoted("x’; Remove-Everything; ‘"), "'x’’; Remove-Everything; ‘‘'");
    }

    #[test]
    fn many_names_are_counted() {
        assert_eq!(listed(["A"].iter()), "A");
        assert_eq!(listed(["A", "B"].iter()), "A and B");
        assert_eq!(listed(["A", "B", "C"].iter()), "A, B and C");
        assert_eq!(listed(["A", "B", "C", "D", "E"].iter()), "A, B, C and 2 more");
    }
}
