//! Tenants as Exchange Online's own objects describe them.
//!
//! The types carry what the rules ask for, under the names of the cmdlets' own
//! properties. Reading them from a file is next door, in `tenants_file`.

use std::net::IpAddr;

use super::domain::{DomainName, DomainPattern};
use super::network::Network;
use crate::secret::Secret;

/// Every tenant that this Exchange Online serves.
#[derive(Clone, Debug, Default)]
pub struct Tenants {
    /// In the order of the file.
    pub(super) list: Vec<Tenant>,
}

/// One organisation.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// What it is called, in files and accounts.
    pub name: String,
    /// `Get-AcceptedDomain`.
    pub accepted_domains: Vec<AcceptedDomain>,
    /// `Get-InboundConnector`, disabled ones included.
    pub inbound_connectors: Vec<InboundConnector>,
    /// `Get-TransportConfig`.
    pub transport: TransportConfig,
    /// `RejectDirectSend` of `Get-OrganizationConfig`; `None` where the export
    /// does not say.
    pub reject_direct_send: Option<bool>,
    /// `Get-CASMailbox`.
    pub mailboxes: Vec<CasMailbox>,
    /// What an export cannot hold.
    pub lab: Lab,
}

/// A domain that the organisation has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedDomain {
    /// `DomainName`.
    pub name: DomainName,
    /// `DomainType`.
    pub kind: DomainType,
    /// `MatchSubDomains`: mail for every sub-domain as well.
    pub match_subdomains: bool,
}

/// `DomainType` of an accepted domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DomainType {
    /// Every recipient is in the service: unknown ones are refused.
    #[default]
    Authoritative,
    /// Some recipients are elsewhere: unknown ones are passed on.
    InternalRelay,
}

/// An inbound connector.
#[derive(Clone, Debug, Default)]
pub struct InboundConnector {
    /// `Name`.
    pub name: String,
    /// `Enabled`; a disabled connector matches nothing.
    pub enabled: bool,
    /// `ConnectorType`.
    pub kind: ConnectorType,
    /// `TlsSenderCertificateName`: a name, or `*.` and a name.
    pub certificate_name: Option<DomainPattern>,
    /// `SenderIPAddresses`.
    pub addresses: Vec<Network>,
    /// `SenderDomains`, of which only Partner connectors take notice.
    pub sender_domains: Vec<DomainPattern>,
    /// `RestrictDomainsToIPAddresses`, Partner only.
    pub restrict_to_addresses: bool,
    /// `RestrictDomainsToCertificate`, Partner only.
    pub restrict_to_certificate: bool,
    /// `RequireTls`, Partner only.
    pub require_tls: bool,
}

/// `ConnectorType` of an inbound connector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectorType {
    /// The organisation's own servers: may relay.
    OnPremises,
    /// Another organisation: may be restricted, never relays.
    #[default]
    Partner,
}

/// What the rules ask of `Get-TransportConfig`. `None` is a switch never set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportConfig {
    /// `AllowLegacyTLSClients`.
    pub allow_legacy_tls_clients: Option<bool>,
    /// `SmtpClientAuthenticationDisabled`.
    pub smtp_client_authentication_disabled: Option<bool>,
}

/// What the rules ask of `Get-CASMailbox`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasMailbox {
    /// `PrimarySmtpAddress`.
    pub address: String,
    /// `SmtpClientAuthenticationDisabled`; `None` inherits from the tenant.
    pub smtp_client_authentication_disabled: Option<bool>,
}

/// Ours: what an export cannot hold.
#[derive(Clone, Debug, Default)]
pub struct Lab {
    /// Secrets by address: passwords for LOGIN, tokens for XOAUTH2.
    pub passwords: Vec<(String, Secret)>,
    /// Every recipient there is; `None`: whoever is written to exists.
    pub recipients: Option<Vec<String>>,
}

impl Tenants {
    /// Tenants from their descriptions, without a file.
    #[must_use]
    pub fn new(list: Vec<Tenant>) -> Self {
        Self { list }
    }

    /// Every tenant, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Tenant> {
        self.list.iter()
    }

    /// The tenant that takes mail for a domain, and the accepted domain that
    /// says so.
    #[must_use]
    pub fn of_domain(&self, domain: &DomainName) -> Option<(&Tenant, &AcceptedDomain)> {
        self.iter().find_map(|tenant| Some((tenant, tenant.accepts(domain)?)))
    }

    /// The lab secret of a user, whichever tenant has it.
    #[must_use]
    pub fn password(&self, user: &str) -> Option<&Secret> {
        self.iter().find_map(|tenant| tenant.password(user))
    }
}

impl Tenant {
    /// The accepted domain that covers a domain for mail: the domain itself
    /// first, then a parent with `MatchSubDomains`.
    #[must_use]
    pub fn accepts(&self, domain: &DomainName) -> Option<&AcceptedDomain> {
        let itself = self.accepted_domains.iter().find(|own| own.name == *domain);
        itself.or_else(|| {
            self.accepted_domains.iter().find(|own| own.match_subdomains && domain.is_below(&own.name))
        })
    }

    /// The lab secret of one of the tenant's users. Addresses compare without
    /// regard to case, as Exchange compares them.
    #[must_use]
    pub fn password(&self, user: &str) -> Option<&Secret> {
        let found = self.lab.passwords.iter().find(|(address, _)| address.eq_ignore_ascii_case(user));
        found.map(|(_, secret)| secret)
    }

    /// The mailbox with this address, where the export lists it.
    #[must_use]
    pub fn mailbox(&self, address: &str) -> Option<&CasMailbox> {
        self.mailboxes.iter().find(|mailbox| mailbox.address.eq_ignore_ascii_case(address))
    }

    /// Whether a recipient exists; `None` where the file does not list them.
    #[must_use]
    pub fn has_recipient(&self, address: &str) -> Option<bool> {
        let recipients = self.lab.recipients.as_ref()?;
        Some(recipients.iter().any(|known| known.eq_ignore_ascii_case(address)))
    }

    /// The enabled connectors of one type.
    pub fn connectors(&self, kind: ConnectorType) -> impl Iterator<Item = &InboundConnector> {
        self.inbound_connectors.iter().filter(move |connector| connector.enabled && connector.kind == kind)
    }
}

impl InboundConnector {
    /// Whether an address is among `SenderIPAddresses`.
    #[must_use]
    pub fn lists(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|network| network.contains(address))
    }
}
