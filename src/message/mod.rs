//! What goes inside DATA (floor 1): composed, or verbatim from a file.

mod compose;
mod draft;

pub use compose::{Body, Composition, DraftError};
pub use draft::{Draft, Stamp, new_message_id};
