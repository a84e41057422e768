//! Which replies a dialogue of steps goes on after.

use super::super::spec::SaySpec;
use super::super::{Pattern, Patterns, StageExpect};
use crate::plan::{GoesOn, Say};
use crate::smtp::{CodePattern, ReplyPattern};

/// After which replies to a step the next is played.
pub(super) fn goes_on(say: &SaySpec, expect: Option<&StageExpect>) -> GoesOn {
    match expect {
        None => GoesOn::Positive,
        // The event of a handshake comes after 220.
        Some(StageExpect { reply: Some(patterns), .. }) if matches!(say, Say::StartTls) => {
            let event = patterns.any.iter().any(|pattern| matches!(pattern, Pattern::Event { .. }));
            let ready = event.then(|| ReplyPattern {
                code: Some(CodePattern([Some(2), Some(2), Some(0)])),
                ..ReplyPattern::default()
            });
            GoesOn::AnyOf(replies(patterns).chain(ready).collect())
        }
        Some(StageExpect { reply: Some(patterns), .. }) => GoesOn::AnyOf(replies(patterns).collect()),
        Some(StageExpect { text: Some(_), .. }) => GoesOn::Any,
        Some(_) => GoesOn::Positive,
    }
}

/// Whether what is expected may be a positive reply.
pub(super) fn may_be_positive(patterns: &Patterns) -> bool {
    patterns.any.iter().any(|pattern| match pattern {
        Pattern::Reply(reply) => reply.is_positive() || reply.code.is_some_and(|code| code.0[0].is_none()),
        Pattern::Event { .. } => false,
    })
}

/// The replies among alternatives.
fn replies(patterns: &Patterns) -> impl Iterator<Item = ReplyPattern> + '_ {
    patterns.any.iter().filter_map(|pattern| match pattern {
        Pattern::Reply(reply) => Some(reply.clone()),
        Pattern::Event { .. } => None,
    })
}
