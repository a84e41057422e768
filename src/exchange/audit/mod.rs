//! The faults of tenants and their connectors, found without asking anybody.
//!
//! One finding, one place: a rule of the table has its id, severity, reason and
//! source beside the function that looks for it. A rule says nothing where the
//! export lacks what it needs; that something is lacking is a finding of its own.

mod addresses;
mod certificates;
mod connectors;
#[cfg(test)]
mod connectors_tests;
mod estate;
mod finding;
mod run;
mod settings;
#[cfg(test)]
mod testing;

pub use finding::{Finding, Fix, Other, Rule, Severity, UnknownSeverity};
pub use run::{audit, rules};
