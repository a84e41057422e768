//! Expectations against an observation (floor 4).

mod delivered;
#[cfg(test)]
mod delivered_tests;
mod difference;
mod elapsed;
mod hint;
mod hosts;
mod judge;
mod outcome;
mod pattern;
mod reach;
mod series;
mod stages;
mod steps;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tls;
mod view;

pub use delivered::{is_settled, patience};
pub use difference::{Answers, Difference, Said, Told, difference, only};
pub use elapsed::elapsed_in_words;
pub use hint::{hint, meaning};
pub use hosts::over_hosts;
pub use judge::{expected, judge};
pub use outcome::{
    Attempt, CaseResult, DecidedBy, Decisive, Failure, Hint, HostEnd, Outcome, Sessions, Verdict,
};
pub use pattern::matches;
pub use reach::{cut_short, within_reach};
pub use series::Series;
