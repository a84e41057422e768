//! What `relayprobe audit` found: for people, as JSON, as SARIF.

mod json;
mod sarif;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use json::audit_as_json;
pub use sarif::audit_as_sarif;
pub use text::audit_as_text;
pub use view::Audited;
