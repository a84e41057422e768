//! Many cases: how many at once, how fast, how often, and how it all ends
//! (floor 5).

mod lanes;
mod run;
#[cfg(test)]
mod tests;
mod turn;

pub use lanes::Limits;
pub use run::{Job, Ready, Settings, Stop, run, was_interrupted};
pub use turn::Turn;
