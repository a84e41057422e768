//! From the replies to what they mean.

use super::pasted::{Found, replies};
use crate::exchange::catalogue::{self, Entry, Known};

/// A reply with what is known about it.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The reply as it was pasted.
    pub found: Found,
    /// What the catalogue has for it.
    pub known: Known,
    /// What its codes mean by themselves; `None` where the text said enough.
    pub general: Option<General>,
}

/// What a code means by the RFCs alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct General {
    /// In one sentence.
    pub meaning: &'static str,
    /// What to do; empty where nothing is wrong.
    pub fix: &'static str,
    /// The RFC.
    pub source: &'static str,
}

/// How many different replies are explained.
const MOST: usize = 12;

/// Explains the replies in a text, each once and in order; empty where the text has
/// none and no known reply's words either.
#[must_use]
pub fn explain(pasted: &str) -> Vec<Explanation> {
    let mut explained: Vec<Explanation> = Vec::new();
    for found in replies(pasted) {
        let known = catalogue::look_up(found.code, found.enhanced, &found.text, found.stage);
        let is_told = |other: &Explanation| {
            let same = (other.found.code, other.found.enhanced) == (found.code, found.enhanced);
            same && match (&other.known, &known) {
                (Known::Text(one), Known::Text(other)) => std::ptr::eq(*one, *other),
                (Known::Text(_), _) | (_, Known::Text(_)) => false,
                _ => true,
            }
        };
        if explained.iter().any(is_told) {
            continue;
        }
        let general = match known {
            Known::Text(_) => None,
            // Of a vendor's own code the registry knows nothing.
            Known::Codes(_) if found.enhanced.is_some_and(|status| status.detail > 30) => None,
            _ => general(&found),
        };
        explained.push(Explanation { found, known, general });
        if explained.len() == MOST {
            break;
        }
    }
    if explained.is_empty() {
        explained.extend(by_words(pasted));
    }
    explained
}

impl Explanation {
    /// The entries that the reply can be, the likeliest first.
    #[must_use]
    pub fn candidates(&self) -> &[&'static Entry] {
        match &self.known {
            Known::Text(entry) => std::slice::from_ref(entry),
            Known::Codes(entries) => entries,
            Known::Nothing => &[],
        }
    }

    /// The entry that the reply is, as far as that can be said. Of several that the
    /// codes fit, all of one server, it is the one that the simulator gives: the
    /// wording of today.
    #[must_use]
    pub fn best(&self) -> Option<&'static Entry> {
        let candidates = self.candidates();
        if let [only] = candidates {
            return Some(only);
        }
        let (first, others) = candidates.split_first()?;
        let mut simulated = candidates.iter().filter(|entry| entry.simulated);
        let of_today = simulated.next().filter(|_| simulated.next().is_none())?;
        others.iter().all(|entry| entry.server == first.server).then_some(of_today)
    }

    /// Whether the codes fit several entries and nothing tells them apart.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.candidates().len() > 1 && self.best().is_none()
    }
}

fn general(found: &Found) -> Option<General> {
    if let Some((meaning, fix)) =
        found.enhanced.filter(|status| status.class != 2).and_then(catalogue::by_status)
    {
        return Some(General { meaning, fix, source: "RFC 3463 §3 and the registry that continues it" });
    }
    let code = found.code.or_else(|| found.enhanced.map(|status| u16::from(status.class) * 100))?;
    let (meaning, fix) = match code {
        200..=299 => ("it was accepted", ""),
        300..=399 => ("it was accepted so far; the server waits for more", ""),
        _ => catalogue::by_code(code, found.stage),
    };
    Some(General { meaning, fix, source: "RFC 5321 §4.2" })
}

/// The entry whose words stand in a text without codes, as Exim's `rejected RCPT
/// <…>: relay not permitted`.
fn by_words(pasted: &str) -> Option<Explanation> {
    let pasted = pasted.to_lowercase();
    let telling = |entry: &&'static Entry| {
        let words = entry.text.split('*').max_by_key(|piece| piece.len()).unwrap_or_default().trim();
        words.len() >= TELLING && words.contains(' ') && pasted.contains(&words.to_lowercase())
    };
    let entry = catalogue::all().filter(telling).max_by_key(|entry| entry.text.len())?;
    let found = Found { code: None, enhanced: None, text: entry.text.to_owned(), stage: None, inside: false };
    Some(Explanation { found, known: Known::Text(entry), general: None })
}

/// From how many bytes on words are telling without any code.
const TELLING: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::catalogue::{Server, exim, outbound, relay, submission};

    fn texts(pasted: &str) -> Vec<&'static Entry> {
        let entry = |explanation: &Explanation| match explanation.known {
            Known::Text(entry) => Some(entry),
            _ => None,
        };
        explain(pasted).iter().filter_map(entry).collect()
    }

    fn assert_are(found: &[&Entry], expected: &[&Entry]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!(std::ptr::eq(*found, *expected), "{} is not {}", found.text, expected.text);
        }
    }

    #[test]
    fn a_reply_and_the_one_inside_it_are_both_explained() {
        let trace = "450 4.4.317 Cannot connect to remote server [Message=451 5.7.3 STARTTLS is required to send \
                     mail] [LastAttemptedServerName=mail.contoso.com]";
        assert_are(&texts(trace), &[&outbound::CANNOT_CONNECT, &submission::STARTTLS_REQUIRED]);
    }

    #[test]
    fn a_code_that_two_servers_use_is_said_to_be_ambiguous() {
        let explained = explain("550 5.7.30");
        assert!(explained[0].is_ambiguous());
        let servers: Vec<Server> = explained[0].candidates().iter().map(|entry| entry.server).collect();
        assert_eq!(servers, [Server::ExchangeOnline, Server::Google]);
        let told = explain("550 5.7.30 Basic authentication is not supported for Client Submission.");
        assert!(!told[0].is_ambiguous());
    }

    #[test]
    fn of_several_wordings_of_one_server_todays_is_the_best() {
        let explained = explain("550 5.7.64");
        assert!(explained[0].best().is_some_and(|entry| std::ptr::eq(entry, &relay::RELAY_ACCESS_DENIED)));
        assert_eq!(explained[0].candidates().len(), 2);
        assert!(explain("535 5.7.139")[0].is_ambiguous(), "eight reasons, none of them likelier");
    }

    #[test]
    fn a_code_without_the_basic_one_is_found() {
        let explained = explain("dsn=5.7.68");
        assert!(std::ptr::eq(explained[0].candidates()[0], &relay::DIRECT_SEND_REJECTED));
    }

    #[test]
    fn what_nobody_knows_is_explained_by_its_class() {
        let explained = explain("550 5.1.1 <a@b.example>: no such user in our small shop");
        assert!(explained[0].candidates().is_empty());
        assert_eq!(explained[0].general.map(|general| general.meaning), Some("there is no such mailbox"));
        assert_eq!(explain("452 4.99.1 x")[0].general.map(|general| general.source), Some("RFC 5321 §4.2"));
    }

    #[test]
    fn words_without_a_code_are_recognised() {
        let line = "2026-11-20 10:00:01 H=(x) [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: relay not permitted";
        assert_are(&texts(line), &[&exim::EXIM_RELAY_NOT_PERMITTED]);
        assert!(explain("good morning").is_empty());
    }

    #[test]
    fn the_same_reply_twice_is_explained_once() {
        let line = "550 5.7.64 TenantAttribution; Relay Access Denied [a]";
        assert_eq!(explain(&format!("{line}\n{line}\nRemote Server returned '{line}'")).len(), 1);
    }
}
