//! Host names, session ids and the stamp at the end of a refusal.
//!
//! ```text
//! 220 RP1P282CA0001.outlook.office365.com Microsoft ESMTP MAIL Service ready at Sat, 26 Apr 2025 18:06:30 +0000 [08DD842467C8274D]
//! 501 5.5.4 Invalid domain name [RP1P282CA0001.LABPRD01.PROD.OUTLOOK.COM 2025-04-26T18:06:35.781Z 08DD842467C8274D]
//! ```
//!
//! One server has two names, the MX hosts write theirs in lower case, and the
//! session's id stands in both places. Source: wire captures, 2023 to 2026. `RP`
//! and `LABPRD01` are the simulator's own: no real host is meant.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

use crate::exchange::{Cloud, Endpoint};

/// A session's id: 16 hexadecimal digits that look like a count of 100 ns since
/// the year 1, and are one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SessionId(u64);

/// The count at 1970-01-01.
const EPOCH: u64 = 621_355_968_000_000_000;

impl SessionId {
    /// An id that no other session of this process has.
    pub(super) fn next(now: SystemTime) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let wanted = EPOCH.saturating_add(u64::try_from(since.as_nanos() / 100).unwrap_or(0));
        let last = LAST.fetch_max(wanted, Ordering::Relaxed);
        if wanted > last { Self(wanted) } else { Self(LAST.fetch_add(1, Ordering::Relaxed) + 1) }
    }

    /// The id at the end of a greeting.
    pub(super) fn of_greeting(text: &str) -> Option<Self> {
        let (_, id) = text.strip_suffix(']')?.rsplit_once('[')?;
        u64::from_str_radix(id, 16).ok().map(Self)
    }

    /// The number, for ids made from it.
    pub(super) const fn number(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

/// The name in the greeting and after EHLO. No capture shows 21Vianet's hosts; theirs
/// are made after its endpoints.
pub(super) const fn public_host((cloud, endpoint): (Cloud, Endpoint)) -> &'static str {
    match (cloud, endpoint) {
        (Cloud::Vianet21, Endpoint::Mx) => "RP1LAB01FT001.mail.protection.partner.outlook.cn",
        (Cloud::Vianet21, Endpoint::Legacy) => "RP1P282CA0002.partner.outlook.cn",
        (Cloud::Vianet21, Endpoint::Submission | Endpoint::HighVolume) => "RP1P282CA0001.partner.outlook.cn",
        (_, Endpoint::Mx) => "RP1LAB01FT001.mail.protection.outlook.com",
        (_, Endpoint::Submission) => "RP1P282CA0001.outlook.office365.com",
        (_, Endpoint::Legacy) => "RP1P282CA0002.outlook.office365.com",
        (_, Endpoint::HighVolume) => "RP1P282CA0003.outlook.office365.com",
    }
}

/// The name in the stamp.
pub(super) const fn internal_host((cloud, endpoint): (Cloud, Endpoint)) -> &'static str {
    match (cloud, endpoint) {
        (Cloud::Vianet21, Endpoint::Mx) => "RP1PEPF00000001.labprd01.prod.partner.outlook.cn",
        (Cloud::Vianet21, Endpoint::Legacy) => "RP1P282CA0002.LABPRD01.PROD.PARTNER.OUTLOOK.CN",
        (Cloud::Vianet21, Endpoint::Submission | Endpoint::HighVolume) => {
            "RP1P282CA0001.LABPRD01.PROD.PARTNER.OUTLOOK.CN"
        }
        (_, Endpoint::Mx) => "RP1PEPF00000001.labprd01.prod.outlook.com",
        (_, Endpoint::Submission) => "RP1P282CA0001.LABPRD01.PROD.OUTLOOK.COM",
        (_, Endpoint::Legacy) => "RP1P282CA0002.LABPRD01.PROD.OUTLOOK.COM",
        (_, Endpoint::HighVolume) => "RP1P282CA0003.LABPRD01.PROD.OUTLOOK.COM",
    }
}

/// The greeting's text.
pub(super) fn greeting(door: (Cloud, Endpoint), now: SystemTime, id: SessionId) -> String {
    // The day of the month has no leading zero. [wire, 2022]
    let date = DateTime::<Utc>::from(now).format("%a, %-d %b %Y %H:%M:%S +0000");
    format!("{} Microsoft ESMTP MAIL Service ready at {date} [{id}]", public_host(door))
}

/// The stamp, brackets included.
pub(super) fn stamp(door: (Cloud, Endpoint), now: SystemTime, id: SessionId) -> String {
    let time = DateTime::<Utc>::from(now).format("%Y-%m-%dT%H:%M:%S%.3fZ");
    format!("[{} {time} {id}]", internal_host(door))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn greeting_and_stamp_have_the_captured_shapes() {
        // 2025-04-06T08:06:05.081Z
        let now = UNIX_EPOCH + Duration::from_millis(1_743_926_765_081);
        let id = SessionId(0x08DD_8424_67C8_274D);
        assert_eq!(
            greeting((Cloud::Worldwide, Endpoint::Submission), now, id),
            "RP1P282CA0001.outlook.office365.com Microsoft ESMTP MAIL Service ready at Sun, 6 Apr 2025 \
             08:06:05 +0000 [08DD842467C8274D]"
        );
        assert_eq!(
            stamp((Cloud::Worldwide, Endpoint::Mx), now, id),
            "[RP1PEPF00000001.labprd01.prod.outlook.com 2025-04-06T08:06:05.081Z 08DD842467C8274D]"
        );
    }

    #[test]
    fn no_two_sessions_have_one_id() {
        let now = SystemTime::now();
        let mut ids: Vec<u64> = (0..1000).map(|_| SessionId::next(now).number()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 1000);
        assert!(SessionId::next(now).to_string().starts_with("08D"), "as those of this decade do");
    }
}
