//! Plays a plan (floor 3).

mod observation;
mod transcript;

pub use observation::{Answer, Observation, Timings};
pub use transcript::{Direction, Line, Transcript};
