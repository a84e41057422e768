//! Exchange Online, as rules (floor 1): pure functions of the tenants, the date
//! and what a peer showed. No sockets, no clock.

mod account;
mod attribution;
mod author;
pub mod catalogue;
mod connectors;
mod decision;
mod domain;
mod endpoint;
pub mod explain;
mod network;
mod peer;
pub mod relay;
pub mod submission;
mod tenants;
mod tenants_file;
mod timeline;

pub use account::Account;
pub use author::author_domains;
pub use decision::{AttributedBy, Attribution, Decision};
pub use domain::{DomainName, DomainPattern};
pub use endpoint::{Endpoint, UnknownEndpoint};
pub use network::{Network, NetworkError};
pub use peer::{CertificateName, Peer, Presented};
pub use tenants::{
    AcceptedDomain, CasMailbox, ConnectorType, DomainType, InboundConnector, Lab, Tenant, Tenants,
    TransportConfig,
};
pub use timeline::{Change, Rule, RulesOn, TIMELINE};
