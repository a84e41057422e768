//! Keys of a case to what they mean.

mod auth;
mod control;
mod delivered;
mod deliveries;
mod expect;
mod extensions;
mod faults;
mod goes_on;
mod mail;
mod order;
mod place;
mod stages;
mod steps;
mod target;
mod tls;
mod told;

pub(super) use auth::auth;
pub(super) use control::{repeat, retry, skip, source_ip, stop_after, tags, timeouts};
pub(super) use deliveries::{deliveries, listen, unknown};
pub(super) use expect::expectation;
pub(super) use extensions::extensions;
pub(super) use faults::faults;
pub(super) use mail::{Mail, hello, mail};
pub(super) use place::{PlaceFields, dns};
pub use steps::VERBS as STEP_VERBS;
pub(super) use steps::{ReadSteps, steps};
pub(super) use target::target;
pub(super) use tls::{certificate, tls};
