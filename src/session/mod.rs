//! Plays a plan (floor 3).

mod dial;
mod dialogue;
mod drive;
mod each;
mod ending;
#[cfg(test)]
mod extended;
mod extending;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod hostile_auth;
#[cfg(test)]
mod hostile_tls;
mod leaving;
mod link;
mod log_in;
mod mailing;
mod mask;
mod observation;
mod play;
#[cfg(any(test, feature = "fuzz"))]
pub mod properties;
mod proxy;
mod route;
#[cfg(test)]
mod scripted;
mod silence;
mod socket;
#[cfg(test)]
mod stepped;
mod stepping;
mod steps;
mod transcript;
mod wire;

pub use drive::Watch;
pub use leaving::PARTING;
pub use observation::{Answer, Arrived, Observation, Sent, Timings, Waited};
pub use play::{play, play_on, unwatched};
pub use route::route;
pub use transcript::{Direction, Line, Transcript};
pub use wire::Wire;
