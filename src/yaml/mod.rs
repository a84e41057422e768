//! YAML files as trees with places, and the messages about them (floor 0).

mod diagnostic;
mod node;

pub use diagnostic::{Diagnostic, FileId, Severity, Source, Sources, Span};
pub use node::{Key, Node, Value};
