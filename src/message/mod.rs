//! What goes inside DATA (floor 1): composed, or verbatim from a file.

mod compose;
mod draft;

pub use compose::{Composition, DraftError};
pub use draft::{Draft, Stamp};
