//! Tenants as Exchange Online's own objects describe them.
//!
//! The types carry what the rules and the audit ask for, under the names of the
//! cmdlets' own properties. Reading them from files is next door, in `export`.

use std::collections::HashMap;
use std::net::IpAddr;

use chrono::NaiveDate;

use super::domain::{DomainName, DomainPattern};
use super::index::Index;
use super::network::Network;
use super::peer::CertificateName;
use super::recipients::Recipients;
use crate::secret::Secret;
use crate::yaml::Span;

/// Every tenant that this Exchange Online serves, with an index over them: a
/// decision costs the same among two tenants and among two hundred.
#[derive(Clone, Debug, Default)]
pub struct Tenants {
    /// In the order of the files.
    pub(super) list: Vec<Tenant>,
    pub(super) index: Index,
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
    /// `Get-OutboundConnector`, disabled ones included.
    pub outbound_connectors: Vec<OutboundConnector>,
    /// `Get-TransportConfig`.
    pub transport: TransportConfig,
    /// `Get-OrganizationConfig`.
    pub organization: OrganizationConfig,
    /// `Get-CASMailbox`.
    pub mailboxes: Vec<CasMailbox>,
    /// `Get-AuthenticationPolicy`.
    pub authentication_policies: Vec<AuthenticationPolicy>,
    /// `Get-EXORecipient`, and `lab.recipients`; `None`: nobody listed them, so
    /// every recipient exists.
    pub recipients: Option<Recipients>,
    /// What the files do not hold of this tenant, empty lists aside.
    pub missing: Vec<Part>,
    /// Where the tenant and its parts stand, the parts by [`Part::as_str`].
    pub at: Places,
    /// What an export cannot hold.
    pub lab: Lab,
}

/// A part of a tenant's export: the output of one cmdlet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `Get-AcceptedDomain`.
    AcceptedDomain,
    /// `Get-InboundConnector`.
    InboundConnector,
    /// `Get-OutboundConnector`.
    OutboundConnector,
    /// `Get-TransportConfig`.
    TransportConfig,
    /// `Get-OrganizationConfig`.
    OrganizationConfig,
    /// `Get-CASMailbox`.
    CasMailbox,
    /// `Get-EXORecipient`.
    ExoRecipient,
    /// `Get-AuthenticationPolicy`.
    AuthenticationPolicy,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 8] = [
        Self::AcceptedDomain,
        Self::InboundConnector,
        Self::OutboundConnector,
        Self::TransportConfig,
        Self::OrganizationConfig,
        Self::CasMailbox,
        Self::ExoRecipient,
        Self::AuthenticationPolicy,
    ];

    /// Its key in a tenants file: the cmdlet's noun.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptedDomain => "AcceptedDomain",
            Self::InboundConnector => "InboundConnector",
            Self::OutboundConnector => "OutboundConnector",
            Self::TransportConfig => "TransportConfig",
            Self::OrganizationConfig => "OrganizationConfig",
            Self::CasMailbox => "CASMailbox",
            Self::ExoRecipient => "EXORecipient",
            Self::AuthenticationPolicy => "AuthenticationPolicy",
        }
    }
}

/// Where an object and its members stand in the files; nowhere, where it was not
/// read from one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    whole: Option<Span>,
    members: Vec<(&'static str, Span)>,
}

impl Places {
    /// The places of an object, without members so far.
    #[must_use]
    pub(super) const fn of(whole: Span) -> Self {
        Self { whole: Some(whole), members: Vec::new() }
    }

    /// Notes where a member stands.
    pub(super) fn add(&mut self, name: &'static str, at: Span) {
        self.members.push((name, at));
    }

    /// Where a member stands, else the object.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Span> {
        let member = self.members.iter().find(|(own, _)| *own == name);
        member.map(|(_, at)| *at).or(self.whole)
    }
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
    /// `CloudServicesMailEnabled`; `None` where the export does not say.
    pub cloud_services_mail_enabled: Option<bool>,
    /// `TreatMessagesAsInternal`; `None` where the export does not say.
    pub treat_messages_as_internal: Option<bool>,
    /// Where it stands.
    pub at: Places,
}

/// `ConnectorType` of a connector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectorType {
    /// The organisation's own servers: may relay.
    OnPremises,
    /// Another organisation: may be restricted, never relays.
    #[default]
    Partner,
}

/// An outbound connector. No rule of the front end asks for it; the audit does.
#[derive(Clone, Debug, Default)]
pub struct OutboundConnector {
    /// `Name`.
    pub name: String,
    /// `Enabled`.
    pub enabled: bool,
    /// `ConnectorType`.
    pub kind: ConnectorType,
    /// `SmartHosts`, as written.
    pub smart_hosts: Vec<String>,
    /// `TlsDomain`.
    pub tls_domain: Option<DomainPattern>,
    /// `CloudServicesMailEnabled`; `None` where the export does not say.
    pub cloud_services_mail_enabled: Option<bool>,
    /// `IsTransportRuleScoped`; `None` where the export does not say.
    pub is_transport_rule_scoped: Option<bool>,
    /// Where it stands.
    pub at: Places,
}

/// What is asked of `Get-TransportConfig`. `None` is a switch never set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportConfig {
    /// `AllowLegacyTLSClients`.
    pub allow_legacy_tls_clients: Option<bool>,
    /// `SmtpClientAuthenticationDisabled`.
    pub smtp_client_authentication_disabled: Option<bool>,
}

/// What is asked of `Get-OrganizationConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganizationConfig {
    /// `RejectDirectSend`; `None` where the export does not say.
    pub reject_direct_send: Option<bool>,
    /// `DefaultAuthenticationPolicy`: the policy of every user without one.
    pub default_authentication_policy: Option<String>,
    /// `WhenCreatedUTC`: organisations of different age have different defaults.
    pub created: Option<NaiveDate>,
}

/// What is asked of `Get-CASMailbox`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasMailbox {
    /// `PrimarySmtpAddress`.
    pub address: String,
    /// `SmtpClientAuthenticationDisabled`; `None` inherits from the tenant.
    pub smtp_client_authentication_disabled: Option<bool>,
}

/// What is asked of `Get-AuthenticationPolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationPolicy {
    /// `Name`.
    pub name: String,
    /// `AllowBasicAuthSmtp`; `None` where the export does not say.
    pub allow_basic_auth_smtp: Option<bool>,
}

/// Ours: what an export cannot hold. Every key is a switch of the lab; without it
/// the service behaves as most organisations see it.
#[derive(Clone, Debug, Default)]
pub struct Lab {
    /// Secrets by address: passwords for LOGIN, tokens for XOAUTH2.
    pub passwords: Vec<(String, Secret)>,
    /// Connectors that the service has blocked as compromised, by name.
    pub blocked_connectors: Vec<String>,
    /// Another region serves this tenant.
    pub other_region: bool,
    /// No mail-enabled subscription: mail that no connector vouches for is refused.
    pub no_mail_subscription: bool,
    /// Refuse clear text where a Partner connector has `RequireTls`. Inferred.
    pub enforce_require_tls: bool,
    /// Only the CN of a certificate counts, not its alternative names.
    pub subject_only: bool,
    /// Addresses that a user may send as, his own aside.
    pub send_as: HashMap<String, Vec<String>>,
    /// The authentication policy that a user was given, by name.
    pub policies: HashMap<String, String>,
    /// Security defaults of Entra are on.
    pub security_defaults: bool,
    /// Users whose basic authentication Conditional Access stops.
    pub conditional_access: Vec<String>,
    /// Basic authentication for SMTP AUTH; `None`: by the timeline.
    pub basic_auth: Option<BasicAuth>,
    /// Accounts of High Volume Email.
    pub high_volume: Vec<String>,
    /// Most sessions of one mailbox that may send at once; `None`: any number.
    pub sessions: Option<u32>,
}

/// Basic authentication for SMTP AUTH, as the organisation has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasicAuth {
    /// An administrator has switched it on again.
    On,
    /// It is off.
    Off,
    /// It is gone for good, as announced for a day that is not set yet.
    Retired,
}

impl Tenants {
    /// Tenants from their descriptions, without a file.
    #[must_use]
    pub fn new(list: Vec<Tenant>) -> Self {
        Self { index: Index::of(&list), list }
    }

    /// Every tenant, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Tenant> {
        self.list.iter()
    }

    /// The tenant that takes mail for a domain, and the accepted domain that
    /// says so: the domain itself first, then the nearest parent with
    /// `MatchSubDomains`.
    #[must_use]
    pub fn of_domain(&self, domain: &DomainName) -> Option<(&Tenant, &AcceptedDomain)> {
        self.index.of_domain(&self.list, domain)
    }

    /// The tenant that one of whose accepted domains is this very name.
    #[must_use]
    pub fn owner(&self, domain: &DomainName) -> Option<&Tenant> {
        self.index.owner(&self.list, domain)
    }

    /// The lab secret of a user, whichever tenant has it.
    #[must_use]
    pub fn password(&self, user: &str) -> Option<&Secret> {
        self.index.password(&self.list, user)
    }

    /// The mailbox with this address, where an export lists it.
    #[must_use]
    pub fn mailbox(&self, address: &str) -> Option<&CasMailbox> {
        self.index.mailbox(&self.list, address)
    }
}

impl Tenant {
    /// Whether a recipient exists; `None` where nobody listed them.
    #[must_use]
    pub fn has_recipient(&self, address: &str) -> Option<bool> {
        self.recipients.as_ref().map(|recipients| recipients.has(address))
    }

    /// Whether a name of a certificate counts for this tenant.
    ///
    /// Source: KB 3169958 (CN or SAN); the guide of 2023-10-04, "it refers to the
    /// certificate CN", is behind `lab.certificate_names`.
    #[must_use]
    pub const fn counts(&self, name: &CertificateName) -> bool {
        name.is_subject() || !self.lab.subject_only
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
