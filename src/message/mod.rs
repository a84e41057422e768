//! What goes inside DATA (floor 1).

/// A message still without its date and id.
#[derive(Clone, Debug)]
pub struct Draft {}
