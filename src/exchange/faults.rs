//! Faults on demand, so that retries and shares have something real to assert.

use std::time::Duration;

use super::{Endpoint, Rule, RulesOn};

/// What goes wrong at a front door, and how often. The same seed gives the same
/// faults: who comes with the same address, sender and recipient for the n-th time
/// meets the same fate in every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// What the draws begin with.
    pub seed: u64,
    /// Percent of log-ins over TLS 1.0 and 1.1 that get `421 4.7.66`, as from September
    /// 2021 until they were all refused.
    ///
    /// Source: techcommunity.microsoft.com 2659652 ("a small percentage"; no number).
    pub legacy_tls: u8,
    /// Percent of recipients that get `451 4.7.500`.
    ///
    /// Source: captured on 2025-09-06 at RCPT TO.
    pub busy: u8,
    /// How long each refusal is held back.
    ///
    /// Source: captures of 2025, where banner and error are 5.8 s apart.
    pub tarpit: Duration,
}

impl Faults {
    /// The longest `tarpit`.
    pub const LONGEST_TARPIT: Duration = Duration::from_secs(300);
    /// What to say of a longer one.
    pub const TOO_SLOW: &'static str = "a tarpit is at most 5m: no client waits longer";
    /// Where and when `legacy_tls` can strike, in words.
    pub const LEGACY_TLS: &'static str =
        "the submission endpoint, 2021-09-01 to 2022-01-31 (21vianet: to 2023-06-30)";

    /// Whether `legacy_tls` can strike at an endpoint under some rules.
    #[must_use]
    pub fn has_legacy_tls(endpoint: Endpoint, rules: RulesOn) -> bool {
        let in_time = rules.holds(Rule::LegacyTlsSampled) && !rules.legacy_tls_has_ended();
        endpoint == Endpoint::Submission && in_time
    }

    /// Reads a share of what is struck: `5%`.
    ///
    /// # Errors
    ///
    /// What it has to be.
    pub fn percent(text: &str) -> Result<u8, String> {
        let percent = text.strip_suffix('%').and_then(|number| number.parse().ok());
        let wrong = || format!("takes a whole percentage such as `5%`, not `{text}`");
        percent.filter(|percent| *percent <= 100).ok_or_else(wrong)
    }

    /// Whether the n-th draw for a key strikes, at so many percent.
    #[must_use]
    pub fn strike(&self, percent: u8, key: &str, n: u32) -> bool {
        // FNV-1a, then the finaliser of SplitMix64: the hash of the standard library
        // differs from run to run.
        let bytes = self.seed.to_le_bytes().into_iter().chain(n.to_le_bytes()).chain(key.bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 100 < u64::from(percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_come_as_often_as_asked_for_and_the_same_again() {
        let faults = Faults { seed: 7, ..Faults::default() };
        let count = |percent| (0..10_000).filter(|n| faults.strike(percent, "a", *n)).count();
        assert_eq!((count(0), count(100)), (0, 10_000));
        assert!((400..600).contains(&count(5)), "{}", count(5));
        assert_eq!(count(5), count(5));
        let of = |seed, key: &str| -> Vec<bool> {
            (0..100).map(|n| Faults { seed, ..faults }.strike(50, key, n)).collect()
        };
        assert_ne!(of(7, "a"), of(8, "a"));
        assert_ne!(of(7, "a"), of(7, "b"));
    }
}
