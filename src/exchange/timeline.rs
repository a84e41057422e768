//! Which rules hold on which day.

use chrono::NaiveDate;

/// A change of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The P2 sender no longer authorises relay.
    HeaderFromEnds,
    /// TLS 1.0 and 1.1 are refused for SMTP AUTH at the ordinary endpoint.
    LegacyTlsEnds,
    /// A small part of the log-ins over TLS 1.0 and 1.1 is refused (`faults`).
    LegacyTlsSampled,
    /// Organisations created from this day on begin with SMTP AUTH off.
    SmtpAuthOffForNew,
    /// Basic authentication for SMTP AUTH is off unless switched on again.
    BasicAuthOff,
}

/// A row of the timeline.
#[derive(Debug)]
pub struct Change {
    /// Which rule.
    pub rule: Rule,
    /// The first day it holds.
    pub from: NaiveDate,
    /// What is different from that day on.
    pub what: &'static str,
    /// Where this is known from.
    pub source: &'static str,
}

/// Every change of the rules, oldest first.
pub static TIMELINE: [Change; 5] = [
    Change {
        rule: Rule::SmtpAuthOffForNew,
        from: day(2020, 2, 1),
        what: "organisations created after January 2020 begin with SmtpClientAuthenticationDisabled true",
        source: "Set-TransportConfig, SmtpClientAuthenticationDisabled",
    },
    Change {
        rule: Rule::LegacyTlsSampled,
        // "September 2021" and "a small percentage"; the first of the month stands for
        // it, and how many is for `faults` of the target to say.
        from: day(2021, 9, 1),
        what: "a small percentage of SMTP AUTH over TLS 1.0 and 1.1 is refused at smtp.office365.com with \
            421 4.7.66",
        source: "\"New opt-in endpoint available for SMTP AUTH clients still needing legacy TLS\", \
            techcommunity.microsoft.com 2659652",
    },
    Change {
        rule: Rule::LegacyTlsEnds,
        // The post says "Feb 2022" without a day, and the disablement came in
        // stages; the simulator knows before and after only.
        from: day(2022, 2, 1),
        what: "SMTP AUTH over TLS 1.0 and 1.1 is refused at smtp.office365.com with 421 4.7.66",
        source: "\"New opt-in endpoint available for SMTP AUTH clients still needing legacy TLS\", \
            techcommunity.microsoft.com 2659652, update of February 2022",
    },
    Change {
        rule: Rule::HeaderFromEnds,
        from: day(2023, 11, 1),
        what: "relay needs the certificate domain or the P1 sender domain to be an accepted domain; the P2 \
            sender domain no longer counts",
        source: "\"Updated Requirements for SMTP Relay through Exchange Online\", \
            techcommunity.microsoft.com 3851357",
    },
    Change {
        rule: Rule::BasicAuthOff,
        // "End of December 2026"; the last day stands for it.
        from: day(2026, 12, 31),
        what: "basic authentication for SMTP AUTH is off by default; administrators may switch it on again",
        source: "\"Updated Exchange Online SMTP AUTH Basic Authentication Deprecation Timeline\", \
            techcommunity.microsoft.com 4489835, 2026-01-27",
    },
];

const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day of the calendar, checked when compiled")
}

/// The rules of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesOn(NaiveDate);

impl RulesOn {
    /// The rules of a day.
    #[must_use]
    pub const fn day(day: NaiveDate) -> Self {
        Self(day)
    }

    /// The day.
    #[must_use]
    pub const fn date(self) -> NaiveDate {
        self.0
    }

    /// Whether a change has come into force.
    #[must_use]
    pub fn holds(self, rule: Rule) -> bool {
        TIMELINE.iter().any(|change| change.rule == rule && change.from <= self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_holds_from_its_first_day_on() {
        assert!(!RulesOn::day(day(2023, 10, 31)).holds(Rule::HeaderFromEnds));
        assert!(RulesOn::day(day(2023, 11, 1)).holds(Rule::HeaderFromEnds));
        assert!(!RulesOn::day(day(2022, 1, 31)).holds(Rule::LegacyTlsEnds));
        assert!(RulesOn::day(day(2026, 11, 1)).holds(Rule::LegacyTlsEnds));
    }

    #[test]
    fn the_timeline_runs_forward() {
        assert!(TIMELINE.is_sorted_by_key(|change| change.from));
    }
}
