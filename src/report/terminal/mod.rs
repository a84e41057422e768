//! The result as people read it.

mod again;
mod block;
mod printer;
mod summary;

pub use again::Again;
pub use printer::{Detail, Terminal};
