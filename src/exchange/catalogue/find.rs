//! From a reply to its entry.

use super::{
    Entry, exchange_server, exim, google, outbound, positive, postfix, protocol, relay, reports, reputation,
    ses, submission,
};
use crate::smtp::{EnhancedStatus, Stage};

/// Every entry, topic by topic.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    let topics: [&'static [&'static Entry]; 12] = [
        relay::ALL,
        submission::ALL,
        protocol::ALL,
        reputation::ALL,
        reports::ALL,
        outbound::ALL,
        positive::ALL,
        exchange_server::ALL,
        postfix::ALL,
        exim::ALL,
        google::ALL,
        ses::ALL,
    ];
    topics.into_iter().flatten().copied()
}

/// What the catalogue has for a reply.
#[derive(Clone, Debug)]
pub enum Known {
    /// The text is an entry's.
    Text(&'static Entry),
    /// Only the codes are those of one or several entries, the likeliest first.
    Codes(Vec<&'static Entry>),
    /// Nothing.
    Nothing,
}

/// What is known of a reply, or of as much of it as was seen: the basic code and
/// the stage may be missing, the text empty.
///
/// Code, enhanced code and text must agree where both sides have them; of several
/// entries the one with the longest text wins, then the one of the reply's stage.
/// Where no text fits, a code of the vendor's own numbering (`5.7.64`) is enough; a
/// registered one (`5.7.1`) says too little by itself once there is a text.
#[must_use]
pub fn look_up(
    code: Option<u16>,
    enhanced: Option<EnhancedStatus>,
    text: &str,
    stage: Option<Stage>,
) -> Known {
    let of_code = |entry: &&'static Entry| code.is_none() || entry.code.is_none() || entry.code == code;
    let of_status = |entry: &&'static Entry| match enhanced {
        Some(status) => entry.has_enhanced(status),
        None => entry.enhanced.is_none(),
    };
    let at_stage = |entry: &&'static Entry| stage.is_some_and(|stage| entry.stages.contains(&stage));
    let by_text = |entry: &&'static Entry| entry.has_text() && entry.matches_text(text);
    let rank = |entry: &&'static Entry| (entry.text.len(), at_stage(entry), entry.code.is_some());
    let fits = || all().filter(of_code).filter(of_status);
    if let Some(entry) = fits().filter(by_text).max_by_key(rank) {
        return Known::Text(entry);
    }
    let Some(status) = enhanced else {
        // Some loggers leave the enhanced code out; the text has to say enough.
        let telling = all().filter(of_code).filter(|entry| entry.text.len() >= TELLING).filter(by_text);
        return telling.max_by_key(rank).map_or(Known::Nothing, Known::Text);
    };
    let mut candidates: Vec<_> =
        fits().filter(|entry| text.is_empty() || !entry.has_text() || is_vendors(status)).collect();
    // Stable: what the catalogue names first stays first.
    candidates.sort_by_key(|entry| std::cmp::Reverse((at_stage(entry), entry.code.is_some())));
    if candidates.is_empty() { Known::Nothing } else { Known::Codes(candidates) }
}

/// From how many bytes on a text is telling without an enhanced code.
const TELLING: usize = 12;

/// IANA's registry of enhanced codes ends at X.7.30; what lies past it is the
/// vendor's own.
fn is_vendors(status: EnhancedStatus) -> bool {
    status.detail > 30
}

/// The entry that fits a reply best, as far as that is safe to say.
#[must_use]
pub fn find(code: u16, enhanced: Option<EnhancedStatus>, text: &str, stage: Stage) -> Option<&'static Entry> {
    // 451 5.7.3: the class disagrees with the code, so the reader left the
    // enhanced code in the text.
    let (enhanced, text) = match enhanced {
        Some(_) => (enhanced, text),
        None => match EnhancedStatus::split(text.as_bytes()) {
            Some((own, _)) => (Some(own), text.split_once(' ').map_or("", |(_, rest)| rest)),
            None => (None, text),
        },
    };
    match look_up(Some(code), enhanced, text, Some(stage)) {
        Known::Text(entry) => Some(entry),
        Known::Codes(candidates) => candidates.first().copied().filter(|_| enhanced.is_some_and(is_vendors)),
        Known::Nothing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning_of(line: &str, stage: Stage) -> Option<&'static Entry> {
        let (code, rest) = line.split_once(' ')?;
        let (enhanced, text) = match EnhancedStatus::split(rest.as_bytes()) {
            Some((code, _)) => (Some(code), rest.split_once(' ').map_or("", |(_, text)| text)),
            None => (None, rest),
        };
        find(code.parse().ok()?, enhanced, text, stage)
    }

    #[test]
    fn every_entry_is_found_by_its_own_text() {
        for entry in all() {
            let stage = entry.stages.first().copied().unwrap_or(Stage::Message);
            let text = entry.filled("example");
            if !entry.has_text() {
                let Known::Codes(found) = look_up(entry.code, entry.enhanced, &text, None) else {
                    panic!("{} finds nothing by its code", entry.meaning)
                };
                assert!(found.iter().any(|found| std::ptr::eq(*found, entry)), "{}", entry.meaning);
                continue;
            }
            let found = find(entry.code.unwrap_or(550), entry.enhanced, &text, stage);
            assert!(
                found.is_some_and(|found| std::ptr::eq(found, entry)),
                "{:?} {:?} {text} finds {:?}",
                entry.code,
                entry.enhanced,
                found.map(|found| (found.code, found.text))
            );
        }
    }

    #[test]
    fn replies_seen_on_the_wire_are_recognised() {
        let seen: [(&str, Stage, &Entry); 6] = [
            (
                "550 5.7.64 TenantAttribution; Relay Access Denied [AM4.eurprd04.prod.outlook.com]",
                Stage::RcptTo,
                &relay::RELAY_ACCESS_DENIED,
            ),
            (
                "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [x.prod.outlook.com]",
                Stage::RcptTo,
                &relay::UNKNOWN_RECIPIENT,
            ),
            (
                "530 5.7.57 Client not authenticated to send mail. Error: 535 5.7.139 Authentication \
                 unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
                Stage::MailFrom,
                &submission::NOT_AUTHENTICATED_AFTER_FAILURE,
            ),
            ("554 5.7.1 <a@b.example>: Relay access denied", Stage::RcptTo, &postfix::POSTFIX_RELAY_DENIED),
            (
                "451 5.7.3 STARTTLS is required to send mail [x]",
                Stage::MailFrom,
                &submission::STARTTLS_REQUIRED,
            ),
            ("550 relay not permitted", Stage::RcptTo, &exim::EXIM_RELAY_NOT_PERMITTED),
        ];
        for (line, stage, entry) in seen {
            let found = meaning_of(line, stage);
            assert!(
                found.is_some_and(|found| std::ptr::eq(found, entry)),
                "{line}: {:?}",
                found.map(|f| f.text)
            );
        }
    }

    #[test]
    fn a_vendor_code_is_enough_and_a_registered_one_is_not() {
        assert!(meaning_of("550 5.7.64 in other words", Stage::RcptTo).is_some());
        assert!(meaning_of("550 5.7.1 in other words", Stage::RcptTo).is_none());
    }

    #[test]
    fn a_code_that_two_servers_use_is_told_apart_by_its_text() {
        let microsoft = meaning_of(
            "550 5.7.30 Basic authentication is not supported for Client Submission.",
            Stage::Auth,
        );
        assert!(microsoft.is_some_and(|entry| std::ptr::eq(entry, &submission::BASIC_AUTH_RETIRED)));
        let Known::Codes(both) = look_up(Some(550), Some(EnhancedStatus::new(5, 7, 30)), "", None) else {
            panic!("the code alone says too little")
        };
        assert_eq!(both.len(), 2);
    }

    #[test]
    fn a_range_of_codes_is_one_entry() {
        for detail in [606, 620, 649] {
            let found = meaning_of(
                &format!("550 5.7.{detail} Access denied, banned sending IP [192.0.2.1]. To"),
                Stage::RcptTo,
            );
            assert!(found.is_some_and(|entry| std::ptr::eq(entry, &reputation::BANNED_IP)), "{detail}");
        }
        assert!(
            meaning_of("550 5.7.650 Access denied, banned sending IP [192.0.2.1]. To", Stage::RcptTo)
                .is_none()
        );
    }

    #[test]
    fn what_is_tried_again_is_the_same_entry_with_class_4() {
        for line in
            ["450 4.7.322 certificate-expired: Destination", "550 5.7.322 certificate-expired: Destination"]
        {
            let found = meaning_of(line, Stage::Message);
            assert!(found.is_some_and(|entry| std::ptr::eq(entry, &outbound::CERTIFICATE_EXPIRED)), "{line}");
        }
    }

    #[test]
    fn entries_say_what_they_must() {
        for entry in all() {
            assert!(!entry.meaning.is_empty() && !entry.cause.is_empty(), "{}", entry.text);
            assert!(!entry.source.is_empty(), "{}", entry.text);
            assert!(entry.code.is_some_and(|code| code < 400) || !entry.fix.is_empty(), "{}", entry.text);
            assert!(entry.code.is_some() || entry.enhanced.is_some(), "{}", entry.text);
        }
    }
}
