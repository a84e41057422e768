//! Whether a pattern holds for a reply or an event.

use super::{DecidedBy, Decisive};
use crate::scenario::{Pattern, Patterns};
use crate::smtp::{Event, Reply, ReplyPattern};

/// What a pattern is held against.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said<'a> {
    /// A reply.
    Reply(&'a Reply),
    /// An end that is no reply.
    Event(&'a Event),
}

/// Whether one of the alternatives holds for what was decisive.
#[must_use]
pub fn matches(patterns: &Patterns, decisive: &Decisive) -> bool {
    holds(
        patterns,
        match &decisive.what {
            DecidedBy::Reply(reply) => Said::Reply(reply),
            DecidedBy::Event(event) => Said::Event(event),
        },
    )
}

/// Whether one of the alternatives holds.
pub(super) fn holds(patterns: &Patterns, said: Said<'_>) -> bool {
    patterns.any.iter().any(|pattern| one(pattern, said))
}

fn one(pattern: &Pattern, said: Said<'_>) -> bool {
    match (pattern, said) {
        (Pattern::Reply(pattern), Said::Reply(reply)) => pattern.holds(reply),
        (Pattern::Event { kind, reason }, Said::Event(event)) => {
            *kind == event.kind
                && reason.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(&event.reason))
        }
        _ => false,
    }
}

/// Whether a pattern asks for success.
pub(super) fn is_positive(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::Reply(pattern) if pattern.is_positive())
}

/// Whether a pattern says no more than a basic code.
pub(super) fn is_code_alone(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::Reply(ReplyPattern { enhanced: None, text: None, .. }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{event, patterns, reply};
    use super::*;
    use crate::smtp::EventKind;

    #[track_caller]
    fn check(pattern: &str, line: &str, wanted: bool) {
        assert_eq!(
            holds(&patterns(pattern), Said::Reply(&reply(line))),
            wanted,
            "`{pattern}` against `{line}`"
        );
    }

    #[test]
    fn a_reply_pattern_holds_for_what_it_says_and_no_more() {
        let refused = "550 5.7.64 TenantAttribution; Relay Access Denied";
        for pattern in [
            "550",
            "5xx",
            "xxx",
            "5x0",
            "550 5.7.64",
            "550 5.7.*",
            "5.7.64",
            "5.*.*",
            "550 5.7.64 TenantAttribution",
            "550 5.7.64 tenantATTRIBUTION; relay access denied",
            "550 tenant",
            "5.7.64 tenant",
        ] {
            check(pattern, refused, true);
        }
        for pattern in ["250", "551", "4xx", "550 5.7.6", "5.7.640", "550 5.1.*", "550 Relay", "550 5.7.64 x"]
        {
            check(pattern, refused, false);
        }
    }

    #[test]
    fn an_enhanced_code_is_never_assumed() {
        check("550 5.7.1", "550 relay not permitted", false);
        check("550 relay not", "550 relay not permitted", true);
    }

    #[test]
    fn the_odd_pair_that_some_servers_send_is_matched_as_written() {
        let odd = "451 5.7.3 STARTTLS is required to send mail";
        check("451 5.7.3", odd, true);
        check("451 5.7.3 starttls is", odd, true);
        check("4.7.3", odd, false);
    }

    #[test]
    fn text_may_run_over_the_lines_of_a_reply() {
        check("550 5.7.26 this mail has been", "550-5.7.26 This mail\r\n550 5.7.26 has been blocked", true);
    }

    #[test]
    fn any_alternative_will_do() {
        check("450 or 550", "550 no", true);
        check("450 or 451", "550 no", false);
    }

    #[test]
    fn an_event_pattern_holds_for_its_kind_and_its_reason() {
        let refused = event(EventKind::TlsRefused, "protocol_version");
        for (pattern, wanted) in [
            ("tls_refused", true),
            ("tls_refused protocol_version", true),
            ("tls_refused PROTOCOL_VERSION", true),
            ("tls_refused unknown_ca", false),
            ("tls_refused client_certificate", false),
            ("tls_untrusted", false),
            ("550", false),
        ] {
            assert_eq!(holds(&patterns(pattern), Said::Event(&refused)), wanted, "{pattern}");
        }
    }

    #[test]
    fn an_event_pattern_never_holds_for_a_reply() {
        check("closed", "421 4.7.66 closing", false);
    }
}
