//! What is expected of a handshake.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use wildmatch::WildMatch;

use super::stages::{Judge, words};
use crate::scenario::{ChainExpect, PeerExpect, TlsExpect};
use crate::tls::{Negotiated, PeerCertificate};

impl Judge<'_, '_> {
    /// Judges what the handshake came to.
    pub(super) fn tls(&mut self, expect: &TlsExpect) {
        let Some(tls) = &self.view.observation.tls else {
            return self.fail("a finished handshake", words(self.view, self.stage, self.seen));
        };
        if let Some(versions) = &expect.version
            && !versions.contains(&tls.version)
        {
            let wanted: Vec<_> = versions.iter().map(|version| version.as_str()).collect();
            self.fail(wanted.join(" or "), tls.version.as_str());
        }
        if let Some(cipher) = &expect.cipher
            && !matches(cipher, &tls.cipher)
        {
            self.fail(format!("cipher {cipher}"), tls.cipher.clone());
        }
        if let Some(groups) = &expect.group {
            let actual = tls.group.map_or_else(|| "none".to_owned(), |group| group.to_string());
            if !groups.iter().any(|group| matches(group, &actual)) {
                self.fail(format!("key exchange in group {}", groups.join(" or ")), actual);
            }
        }
        match (expect.resumed, tls.resumed) {
            (Some(true), false) => self.fail("a resumed session", "the server began a new one"),
            (Some(false), true) => self.fail("a new session", "the server resumed an earlier one"),
            _ => {}
        }
        match (expect.verified, &tls.verified) {
            (Some(true), Err(why)) => {
                self.fail("a verified server certificate", format!("{}: {}", why.reason, why.detail));
            }
            (Some(false), Ok(())) => {
                self.fail("a server certificate that does not verify", "it verified");
            }
            _ => {}
        }
        self.peer(&expect.peer, tls);
    }

    fn peer(&mut self, expect: &PeerExpect, tls: &Negotiated) {
        let peer = tls.peer.as_deref();
        let told = |tell: fn(&PeerCertificate) -> &str| peer.map_or("no certificate", tell);
        if let Some(name) = &expect.name {
            let names: Vec<String> = peer.map(|peer| names(&peer.subject, &peer.san)).unwrap_or_default();
            if !names.iter().any(|own| own.eq_ignore_ascii_case(name)) {
                let actual = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
                self.fail(format!("a server certificate for {name}"), actual);
            }
        }
        if let Some(issuer) = &expect.issuer {
            let actual = told(|peer| &peer.issuer);
            if !contains(actual, issuer) {
                self.fail(format!("a server certificate issued by {issuer}"), actual);
            }
        }
        if let Some(least) = expect.expires_in {
            let left = peer.and_then(|peer| left(&peer.not_after, tls.at));
            if left.is_none_or(|left| left < TimeDelta::from_std(least).unwrap_or(TimeDelta::MAX)) {
                let actual = match (peer, left) {
                    (None, _) => "no certificate".to_owned(),
                    (Some(peer), None) => format!("no date that can be read: `{}`", peer.not_after),
                    (Some(peer), Some(left)) => ends(&peer.not_after, left),
                };
                let least = period(TimeDelta::from_std(least).unwrap_or(TimeDelta::MAX));
                self.fail(format!("a server certificate that is valid for {least} more"), actual);
            }
        }
        if let Some(kinds) = &expect.key {
            let actual = told(|peer| &peer.key);
            if !kinds.iter().any(|kind| matches(kind, actual)) {
                self.fail(format!("a server certificate with a key of {}", kinds.join(" or ")), actual);
            }
        }
        if let Some(chain) = &expect.chain {
            self.chain(chain, peer.map_or(&[], |peer| &peer.chain));
        }
        if let Some(wanted) = &expect.ocsp
            && !wanted.contains(&tls.staple)
        {
            let wanted: Vec<_> = wanted.iter().map(|staple| staple.as_str()).collect();
            self.fail(format!("a stapled OCSP response: {}", wanted.join(" or ")), tls.staple.as_str());
        }
    }

    fn chain(&mut self, expect: &ChainExpect, shown: &[String]) {
        let (holds, expected) = match expect {
            ChainExpect::Length(length) => {
                (shown.len() == usize::from(*length), format!("a chain of {}", certificates(*length)))
            }
            ChainExpect::Subjects(wanted) => (
                shown.len() == wanted.len()
                    && shown.iter().zip(wanted).all(|(shown, wanted)| contains(shown, wanted)),
                format!("the chain {}", wanted.join(" < ")),
            ),
        };
        if !holds {
            let length = u16::try_from(shown.len()).unwrap_or(u16::MAX);
            self.fail(expected, format!("{}: {}", certificates(length), shown.join(" < ")));
        }
    }
}

fn certificates(n: u16) -> String {
    format!("{n} certificate{}", if n == 1 { "" } else { "s" })
}

fn matches(pattern: &str, actual: &str) -> bool {
    WildMatch::new_case_insensitive(pattern).matches(actual)
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// How long is left until a date of a certificate; negative where it is over.
fn left(not_after: &str, now: SystemTime) -> Option<TimeDelta> {
    let end = DateTime::parse_from_rfc3339(not_after).ok()?;
    Some(end.to_utc() - DateTime::<Utc>::from(now))
}

/// `it expires on 2026-12-01, in 9 days`; `it expired on 2026-11-01, 20 days ago`.
fn ends(not_after: &str, left: TimeDelta) -> String {
    let date = not_after.split('T').next().unwrap_or_default();
    match left < TimeDelta::zero() {
        true => format!("it expired on {date}, {} ago", period(-left)),
        false => format!("it expires on {date}, in {}", period(left)),
    }
}

/// The largest unit that says it: `21 days`, `6 hours`, `30 minutes`.
fn period(delta: TimeDelta) -> String {
    let (n, unit) = match (delta.num_days(), delta.num_hours(), delta.num_minutes()) {
        (0, 0, minutes) => (minutes, "minute"),
        (0, hours, _) => (hours, "hour"),
        (days, hours, _) if days * 24 == hours || days > 2 => (days, "day"),
        (_, hours, _) => (hours, "hour"),
    };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// The names that a certificate carries: its CN and its alternative names.
fn names(subject: &str, san: &[String]) -> Vec<String> {
    let common = subject.split(", ").filter_map(|part| part.strip_prefix("CN=")).map(str::to_owned);
    let mut names: Vec<String> = common.collect();
    for name in san {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_told_in_the_unit_that_fits() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * 86_400);
        let told = |date: &str| left(date, now).map(|left| ends(date, left));
        assert_eq!(told("2024-10-25T00:00:00Z").as_deref(), Some("it expires on 2024-10-25, in 21 days"));
        assert_eq!(told("2024-10-04T06:00:00Z").as_deref(), Some("it expires on 2024-10-04, in 6 hours"));
        assert_eq!(told("2024-10-04T00:01:00Z").as_deref(), Some("it expires on 2024-10-04, in 1 minute"));
        assert_eq!(told("2024-10-03T00:00:00Z").as_deref(), Some("it expired on 2024-10-03, 1 day ago"));
        assert_eq!(told(""), None);
    }
}
