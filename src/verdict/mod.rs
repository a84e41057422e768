//! Expectations against an observation (floor 4).

mod outcome;

pub use outcome::{Attempt, CaseResult, DecidedBy, Decisive, Failure, Hint, Outcome, Verdict};
