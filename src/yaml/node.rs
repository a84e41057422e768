//! The tree that a file means, every node with its place.

use std::sync::Arc;

use super::Span;

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands. A node that a variable brought in stands where the
    /// variable was used.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// What a node is. A scalar is its source text: the key it stands under gives it
/// its type.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing: an empty plain scalar, `~` or `null`.
    Null,
    /// Text, quotes and escapes resolved.
    Scalar(Arc<str>),
    /// A list.
    Sequence(Vec<Node>),
    /// A map, in the order of the file; keys are unique.
    Mapping(Vec<(Key, Node)>),
}

/// The key of a map's entry.
#[derive(Clone, Debug)]
pub struct Key {
    /// Where it stands.
    pub span: Span,
    /// Its text.
    pub name: Arc<str>,
}

impl Node {
    /// The text of a scalar.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for messages: `nothing`, `a text`, `a list`, `a map`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a text",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
        }
    }
}
