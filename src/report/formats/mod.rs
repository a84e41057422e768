//! What other programs read: each format takes records and gives bytes.

mod csv;
mod format;
mod github;
mod json;
mod junit;
mod markdown;
mod nagios;
mod overview;
mod prometheus;
mod sheet;
mod tap;

pub use format::Format;
#[cfg(test)]
pub(super) use json::Json;
#[cfg(test)]
pub(super) use junit::Junit;
pub use nagios::PluginStatus;
pub(super) use overview::Overview;
pub(super) use sheet::Sheet;
