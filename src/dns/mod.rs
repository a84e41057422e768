//! What the DNS says of a mail domain (floor 0).

mod answer;
mod domain;
mod failure;
mod mail;
#[cfg(any(test, feature = "fuzz"))]
pub mod properties;
mod resolver;
mod settings;

pub use domain::Domain;
pub use failure::{Failure, Reason};
pub use mail::{Family, MailHost};
pub use resolver::{Addresses, Resolver};
pub use settings::Settings;
