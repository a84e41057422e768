//! What the program says of itself: help in groups, examples, the version, shell
//! completions and manual pages, all from the one description of its flags.

mod completions;
mod examples;
mod manual;
mod screen;

pub(super) use completions::Args as Completions;
pub(super) use examples::EXAMPLES;
pub(super) use manual::Args as Manual;
pub(super) use screen::{described, version};
