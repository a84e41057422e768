//! Reading patterns: `550 5.7.64 TenantAttribution`, `5.7.*`, `tls_refused
//! protocol_version`.

use std::str::FromStr;
use std::sync::Arc;

use super::{Pattern, Patterns};
use crate::smtp::{CodePattern, EnhancedPattern, EventKind, ReplyPattern};
use crate::yaml::nearest;

impl Patterns {
    /// Reads one pattern: `CODE [ENHANCED] [text]`, `ENHANCED [text]` or `EVENT
    /// [reason]`. In codes `x` and `*` stand for anything.
    ///
    /// # Errors
    ///
    /// What is wrong, in words, with the nearest right spelling where there is
    /// one.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { any: vec![pattern(text)?], written: text.trim().into() })
    }

    /// Alternatives as one: any of them will do.
    #[must_use]
    pub fn any_of(alternatives: Vec<Self>) -> Option<Self> {
        if alternatives.len() < 2 {
            return alternatives.into_iter().next();
        }
        let written: Vec<&str> = alternatives.iter().map(|patterns| &*patterns.written).collect();
        let written: Arc<str> = written.join(" or ").into();
        Some(Self { any: alternatives.into_iter().flat_map(|patterns| patterns.any).collect(), written })
    }
}

fn pattern(text: &str) -> Result<Pattern, String> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err("a control character stands in the pattern; no reply's text holds one".to_owned());
    }
    let (first, rest) = split_word(text);
    if first.is_empty() {
        return Err(
            "the pattern is empty; write a code such as `250`, or an event such as `closed`".to_owned()
        );
    }
    if let Some(code) = code(first)? {
        let (second, tail) = split_word(rest);
        let enhanced = enhanced(second)?;
        if let (CodePattern([Some(code), ..]), Some(EnhancedPattern([Some(class), ..]))) = (code, enhanced)
            && u16::from(code) != class
            && (code < 4 || class < 4)
        {
            // Exchange Online does pair 451 with 5.7.3, so 4 and 5 may mix.
            return Err(format!(
                "no reply is `{text}`: a {code}yz reply carries a {code}.y.z code (RFC 2034)"
            ));
        }
        let text = if enhanced.is_some() { tail } else { rest };
        return Ok(Pattern::Reply(ReplyPattern { code: Some(code), enhanced, text: some_text(text) }));
    }
    if let Some(enhanced) = enhanced(first)? {
        return Ok(Pattern::Reply(ReplyPattern {
            code: None,
            enhanced: Some(enhanced),
            text: some_text(rest),
        }));
    }
    if let Ok(kind) = EventKind::from_str(first) {
        if !rest.is_empty() && !kind.reasons().iter().any(|reason| reason.eq_ignore_ascii_case(rest)) {
            return Err(no_reason(kind, rest));
        }
        return Ok(Pattern::Event { kind, reason: some_text(rest) });
    }
    Err(match nearest(first, EventKind::ALL.iter().map(|kind| kind.as_str())) {
        Some(near) => format!("`{first}` is neither a code nor an event; did you mean `{near}`?"),
        None => {
            format!("`{first}` is neither a code such as `550` or `5.7.64` nor an event such as `closed`")
        }
    })
}

/// What to say of a reason that an event never has: nothing could meet it.
fn no_reason(kind: EventKind, reason: &str) -> String {
    /// More are not read in one go.
    const SHOWN: usize = 6;
    let known = kind.reasons();
    match nearest(reason, known.iter().copied()) {
        Some(near) => format!("`{kind}` never has the reason `{reason}`; did you mean `{near}`?"),
        None => {
            let (some, more) = (&known[..known.len().min(SHOWN)], known.len() > SHOWN);
            let more = if more { ", and more, which docs/scenarios.md lists" } else { "" };
            format!("`{kind}` never has the reason `{reason}`; its reasons are `{}`{more}", some.join("`, `"))
        }
    }
}

fn split_word(text: &str) -> (&str, &str) {
    text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Three digits or wildcards; `None` for another word.
fn code(word: &str) -> Result<Option<CodePattern>, String> {
    let digits = word.bytes().all(|b| b.is_ascii_digit());
    let wild = word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit() || b"xX*".contains(&b));
    if !wild {
        return match digits {
            true => Err(format!("`{word}` is no reply code: it has three digits, such as `250` or `2xx`")),
            false => Ok(None),
        };
    }
    let mut places = [None; 3];
    for (place, byte) in places.iter_mut().zip(word.bytes()) {
        *place = byte.is_ascii_digit().then(|| byte - b'0');
    }
    // RFC 5321 §4.2: the first digit is 2 to 5, the second 0 to 5.
    if !matches!(places[0], None | Some(2..=5)) || !matches!(places[1], None | Some(0..=5)) {
        return Err(format!("`{word}` is no reply code: they go from 200 to 559"));
    }
    Ok(Some(CodePattern(places)))
}

/// Three numbers or wildcards between dots; `None` for another word.
fn enhanced(word: &str) -> Result<Option<EnhancedPattern>, String> {
    let looks_like = word.contains('.')
        && word.starts_with(|c: char| c.is_ascii_digit() || c == 'x' || c == '*')
        && word.bytes().all(|b| b.is_ascii_digit() || b".xX*".contains(&b));
    if !looks_like {
        return Ok(None);
    }
    let bad = || format!("`{word}` is no enhanced code: it has three numbers, such as `5.7.64` or `5.7.*`");
    let mut places = [None; 3];
    let mut parts = word.split('.');
    for place in &mut places {
        *place = match parts.next().ok_or_else(bad)? {
            "x" | "X" | "*" => None,
            number if matches!(number.len(), 1..=3) => Some(number.parse().map_err(|_| bad())?),
            _ => return Err(bad()),
        };
    }
    // RFC 3463 §2: the class is 2, 4 or 5.
    if parts.next().is_some() || !matches!(places[0], None | Some(2 | 4 | 5)) {
        return Err(bad());
    }
    Ok(Some(EnhancedPattern(places)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Pattern {
        Patterns::parse(text).expect(text).any.remove(0)
    }

    fn reply(
        code: Option<[Option<u8>; 3]>,
        enhanced: Option<[Option<u16>; 3]>,
        text: Option<&str>,
    ) -> Pattern {
        Pattern::Reply(ReplyPattern {
            code: code.map(CodePattern),
            enhanced: enhanced.map(EnhancedPattern),
            text: text.map(str::to_owned),
        })
    }

    #[test]
    fn codes_enhanced_codes_and_texts_are_told_apart() {
        assert_eq!(one("250"), reply(Some([Some(2), Some(5), Some(0)]), None, None));
        assert_eq!(one("4xx"), reply(Some([Some(4), None, None]), None, None));
        assert_eq!(
            one("550 relay not permitted"),
            reply(Some([Some(5), Some(5), Some(0)]), None, Some("relay not permitted"))
        );
        assert_eq!(
            one("550 5.7.64 TenantAttribution"),
            reply(
                Some([Some(5), Some(5), Some(0)]),
                Some([Some(5), Some(7), Some(64)]),
                Some("TenantAttribution")
            )
        );
        assert_eq!(one("5.7.*"), reply(None, Some([Some(5), Some(7), None]), None));
        assert_eq!(one("x.7.1 no"), reply(None, Some([None, Some(7), Some(1)]), Some("no")));
    }

    #[test]
    fn events_carry_a_reason() {
        let kind = EventKind::TlsRefused;
        assert_eq!(one("tls_refused"), Pattern::Event { kind, reason: None });
        assert_eq!(
            one("tls_refused protocol_version"),
            Pattern::Event { kind, reason: Some("protocol_version".into()) }
        );
    }

    #[test]
    fn every_reason_of_every_event_may_be_named_in_any_case() {
        for kind in EventKind::ALL {
            for reason in kind.reasons() {
                assert!(Patterns::parse(&format!("{kind} {reason}")).is_ok(), "{kind} {reason}");
            }
        }
        assert!(Patterns::parse("not_offered starttls").is_ok());
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        for (text, words) in [
            ("", "empty"),
            ("25", "three digits"),
            ("2500", "three digits"),
            ("199", "200 to 559"),
            ("5.7", "three numbers"),
            ("550 5.7", "three numbers"),
            ("3.7.1", "three numbers"),
            ("250 5.7.64", "RFC 2034"),
            ("tls_refuse", "did you mean `tls_refused`?"),
            ("tls_refused protocol", "did you mean `protocol_version`?"),
            ("tls_refused protocol_version now", "`tls_refused` never has the reason"),
            ("tls_untrusted expird", "did you mean `expired`?"),
            ("timeout whenever", "its reasons are `connect`, `tls`, `reply`, `write`, `session`"),
            ("tls_refused bogus", "`certificate_required`, `no_certificate`, and more"),
            ("accepted", "neither a code"),
            ("550 a\rb", "control"),
        ] {
            let why = Patterns::parse(text).expect_err(text);
            assert!(why.contains(words), "{text}: {why}");
        }
    }
}
