//! The result as people read it.

mod again;
mod block;
mod mail;
mod printer;
mod summary;

pub use again::Again;
pub(crate) use again::quoted;
pub use mail::NotifyOn;
pub use printer::{Detail, Terminal};
