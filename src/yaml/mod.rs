//! YAML files as trees with places, and the messages about them (floor 0).
//!
//! Two parsers read each file. `serde_yaml` alone says what a scalar means;
//! `saphyr-parser` says where it stands, what shape it has and whether a key
//! comes twice, none of which serde_yaml tells (`docs/architecture.md`). Where
//! they disagree on the shape, the file is refused. JSON, which exports are in, has a
//! reader of its own.

mod conceal;
mod diagnostic;
mod fields;
mod json;
mod node;
mod outline;
mod parse;
mod read;
mod render;

pub use diagnostic::{Diagnostic, FileId, Severity, Source, Sources, Span};
#[cfg(test)]
pub(crate) use fields::asked;
pub use fields::{Field, Fields, duration, nearest};
pub use json::parse_json;
pub use node::{Key, Node, Value};
pub use parse::{parse, parse_as_far_as_possible};
pub use read::{MAX_FILE, read_any_unicode, read_bytes, read_file, shown};
pub use render::render;
