//! Many cases: how many at once, how fast, how often, and how it all ends
//! (floor 5).

mod crew;
mod lanes;
mod run;

pub use lanes::Limits;
pub use run::{Job, Ready, Settings, run};
