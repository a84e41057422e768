//! Two reports against each other: what changed in meaning, case by case.

mod accept;
mod changes;
mod comparison;
mod facts;
mod groups;
mod html;
mod json;
mod kind;
#[cfg(test)]
mod tests;
mod text;
mod words;

pub use accept::{Accepted, Allowance, Rule};
pub use changes::{Change, Slower};
pub use comparison::{Comparison, Pair, Side, Terms, compare};
pub use facts::Facts;
pub use html::comparison_as_html;
pub use json::comparison_as_json;
pub use kind::Kind;
pub use text::comparison_as_text;
