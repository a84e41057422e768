//! Files to cases (floor 3).

mod case;
mod expectation;

pub use case::Case;
pub use expectation::{
    CodePattern, EnhancedPattern, Expect, Expectations, Pattern, Patterns, RecipientExpect, SourceLine,
    StageExpect, StageExpectations, TextMatch,
};
