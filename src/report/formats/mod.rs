//! What other programs read: each format takes records and gives bytes.

mod format;
mod json;
mod junit;
mod sheet;

pub use format::Format;
pub(super) use json::Json;
pub(super) use junit::Junit;
pub(super) use sheet::Sheet;
