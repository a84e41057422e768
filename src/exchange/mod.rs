//! Exchange Online, as rules (floor 1): pure functions of the tenants, the date
//! and what a peer showed. No sockets, no clock.

mod account;
mod attribution;
pub mod audit;
mod author;
pub mod catalogue;
mod cloud;
mod connectors;
mod decision;
mod domain;
mod endpoint;
pub mod explain;
mod export;
mod faults;
mod firewall;
mod header;
pub mod high_volume;
mod inbound;
mod index;
mod loops;
mod network;
#[cfg(test)]
mod oracle_tests;
mod peer;
mod recipients;
pub mod relay;
#[cfg(test)]
mod relay_tests;
pub mod submission;
#[cfg(test)]
mod submission_oracle_tests;
#[cfg(test)]
mod submission_tests;
mod tenants;
mod timeline;

pub use account::Account;
pub use author::{author_addresses, author_domains};
pub use cloud::Cloud;
pub use decision::{AttributedBy, Attribution, Decision};
pub use domain::{DomainName, DomainPattern};
pub use endpoint::{Endpoint, UnknownEndpoint};
#[cfg(any(test, feature = "fuzz"))]
pub use export::properties;
pub use faults::Faults;
pub use firewall::header_firewall;
pub use header::{header_fields, message_id};
pub use loops::mail_loop;
pub use network::{Network, NetworkError};
pub use peer::{CertificateName, Peer, Presented};
pub use recipients::Recipients;
pub use tenants::{
    AcceptedDomain, AuthenticationPolicy, BasicAuth, CasMailbox, ConnectorType, DomainType, InboundConnector,
    Lab, OrganizationConfig, OutboundConnector, Part, Places, Tenant, Tenants, TransportConfig,
};
pub use timeline::{Change, Precision, Rule, RulesOn, Simulated, TIMELINE};
