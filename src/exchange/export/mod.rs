//! Tenants from files: exports of Exchange Online's own objects under their own
//! property names, or YAML by hand in the same words.
//!
//! Exports carry dozens of members that nobody asks for; they are passed over.
//! Null is a switch never set. What is ours (`tenants`, `name`, `lab`) is read
//! strictly.

mod lab;
mod load;
mod object;
mod objects;
#[cfg(any(test, feature = "fuzz"))]
pub mod properties;
#[cfg(test)]
mod tests;
