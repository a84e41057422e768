//! From a reply to its entry.

use super::{Entry, others, positive, postfix, protocol, relay, reputation, submission};
use crate::smtp::{EnhancedStatus, Stage};

/// Every entry, topic by topic.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    [relay::ALL, submission::ALL, protocol::ALL, reputation::ALL, positive::ALL, postfix::ALL, others::ALL]
        .into_iter()
        .flatten()
        .copied()
}

/// The entry that fits a reply best: code, enhanced code and text must agree
/// where both sides have them, and of several the one with the longest text wins,
/// then the one whose stage is the reply's. Where no text fits, a code of the
/// vendor's own numbering (`5.7.64`) is enough; a registered one (`5.7.1`) says
/// too little by itself.
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
    let fits =
        |entry: &&'static Entry| entry.code.is_none_or(|own| own == code) && entry.enhanced == enhanced;
    let rank =
        |entry: &&'static Entry| (entry.text.len(), entry.stages.contains(&stage), entry.code.is_some());
    let by_text = all().filter(fits).filter(|entry| entry.matches_text(text)).max_by_key(rank);
    by_text.or_else(|| {
        // IANA's registry of enhanced codes ends at X.7.30; what lies past it is
        // the vendor's own.
        enhanced.filter(|enhanced| enhanced.detail > 30)?;
        all().filter(fits).max_by_key(|entry| (entry.stages.contains(&stage), entry.code.is_some()))
    })
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
            ("550 relay not permitted", Stage::RcptTo, &others::EXIM_RELAY_NOT_PERMITTED),
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
