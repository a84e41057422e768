//! Exchange Online, as rules (floor 1): pure functions of the tenants, the date
//! and what a peer showed. No sockets, no clock.

pub mod catalogue;
mod domain;
mod endpoint;
mod network;
mod tenants;

pub use domain::{DomainName, DomainPattern};
pub use endpoint::{Endpoint, UnknownEndpoint};
pub use network::{Network, NetworkError};
pub use tenants::{
    AcceptedDomain, CasMailbox, ConnectorType, DomainType, InboundConnector, Lab, Tenant, Tenants,
    TransportConfig,
};
