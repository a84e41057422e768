//! Which rules hold on which day.

use chrono::NaiveDate;

use super::Cloud;
use super::catalogue::Confidence;

/// A change of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The P2 sender no longer authorises relay.
    HeaderFromEnds,
    /// TLS 1.0 and 1.1 are refused for SMTP AUTH at the ordinary endpoint.
    LegacyTlsEnds,
    /// The same in the cloud that 21Vianet operates.
    LegacyTlsEnds21Vianet,
    /// A small part of the log-ins over TLS 1.0 and 1.1 is refused (`faults`).
    LegacyTlsSampled,
    /// Organisations created from this day on begin with SMTP AUTH off.
    SmtpAuthOffForNew,
    /// Basic authentication for SMTP AUTH is off unless switched on again.
    BasicAuthOff,
    /// High Volume Email reaches the organisation's own recipients alone.
    HighVolumeInternalOnly,
    /// Basic authentication ends for High Volume Email.
    HighVolumeBasicEnds,
}

/// A row of the timeline.
#[derive(Debug)]
pub struct Change {
    /// The first day it holds. Where the source knows only the month or the year, the
    /// day that stands for it.
    pub from: NaiveDate,
    /// How exactly the source knows it.
    pub precision: Precision,
    /// What is different from that day on.
    pub what: &'static str,
    /// Where this is known from.
    pub source: &'static str,
    /// How well.
    pub confidence: Confidence,
    /// What the simulator makes of it.
    pub simulated: Simulated,
}

/// How exactly a date is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// To the day.
    Day,
    /// To the month.
    Month,
    /// To the year.
    Year,
}

/// What the simulator makes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simulated {
    /// It follows this rule from that day on.
    ByDate(Rule),
    /// It does so on every day, earlier ones included.
    Always,
    /// It does so where the tenants file says so, whatever the day.
    BySwitch,
    /// Not at all.
    No,
}

impl Simulated {
    /// In words, short enough for a table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByDate(_) => "by date",
            Self::Always => "always",
            Self::BySwitch => "by switch",
            Self::No => "no",
        }
    }
}

impl Change {
    /// The date as far as it is known: `2023-11-01`, `2022-02`, `2025`.
    #[must_use]
    pub fn date(&self) -> String {
        let format = match self.precision {
            Precision::Day => "%Y-%m-%d",
            Precision::Month => "%Y-%m",
            Precision::Year => "%Y",
        };
        self.from.format(format).to_string()
    }

    /// The rule that the simulator follows from that day on, if it does.
    #[must_use]
    pub const fn rule(&self) -> Option<Rule> {
        match self.simulated {
            Simulated::ByDate(rule) => Some(rule),
            _ => None,
        }
    }
}

const TLS21: &str = "\"New opt-in endpoint available for SMTP AUTH clients still needing legacy TLS\", \
    techcommunity.microsoft.com 2659652";
const RELAY23: &str = "\"Updated Requirements for SMTP Relay through Exchange Online\", \
    techcommunity.microsoft.com 3851357";
const BASIC: &str = "\"Updated Exchange Online SMTP AUTH Basic Authentication Deprecation Timeline\", \
    techcommunity.microsoft.com 4489835, 2026-01-27";

const HVE: &str = "reports of Microsoft's announcements of High Volume Email (thewindowsupdate.com, \
    windowsnews.ai)";

/// Every change that concerns relay and submission, oldest first.
pub static TIMELINE: &[Change] = &[
    Change {
        from: day(2017, 7, 5),
        precision: Precision::Day,
        what: "relay needs a sender domain registered with the organisation, or a connector by certificate \
            (announced for 2017-02-01; the refusal is ATTR36)",
        source: "\"Configure a certificate-based connector to relay email messages through Office 365\", \
            KB3169958",
        confidence: Confidence::Verbatim,
        simulated: Simulated::Always,
    },
    Change {
        from: day(2018, 9, 1),
        precision: Precision::Day,
        what: "at most three sessions of one mailbox at once in client submission (`lab.sessions`)",
        source: "\"Changes in message store and throttling for concurrent connections\"",
        confidence: Confidence::Verbatim,
        simulated: Simulated::BySwitch,
    },
    Change {
        // "Created after January 2020".
        from: day(2020, 2, 1),
        precision: Precision::Day,
        what: "organisations created after January 2020 begin with SmtpClientAuthenticationDisabled true",
        source: "Set-TransportConfig, SmtpClientAuthenticationDisabled",
        confidence: Confidence::Verbatim,
        simulated: Simulated::ByDate(Rule::SmtpAuthOffForNew),
    },
    Change {
        from: day(2020, 10, 1),
        precision: Precision::Month,
        what: "TLS 1.0 and 1.1 are no longer supported in Exchange Online; SMTP AUTH still takes them",
        source: TLS21,
        confidence: Confidence::Verbatim,
        simulated: Simulated::No,
    },
    Change {
        from: day(2021, 8, 18),
        precision: Precision::Day,
        what: "smtp-legacy.office365.com is announced: TLS 1.0 and 1.1 for SMTP AUTH where \
            AllowLegacyTLSClients is true",
        source: TLS21,
        confidence: Confidence::Verbatim,
        simulated: Simulated::Always,
    },
    Change {
        // "September 2021" and "a small percentage"; the first of the month stands for
        // it, and how many is for `faults` of the target to say.
        from: day(2021, 9, 1),
        precision: Precision::Month,
        what: "a small percentage of SMTP AUTH over TLS 1.0 is refused at smtp.office365.com with 421 4.7.66 \
            (`faults` of the target)",
        source: TLS21,
        confidence: Confidence::Verbatim,
        simulated: Simulated::ByDate(Rule::LegacyTlsSampled),
    },
    Change {
        // The post says "Feb 2022" without a day, and the disablement came in
        // stages; the simulator knows before and after only.
        from: day(2022, 2, 1),
        precision: Precision::Month,
        what: "SMTP AUTH over TLS 1.0 and 1.1 is refused at smtp.office365.com with 421 4.7.66",
        source: TLS21,
        confidence: Confidence::Verbatim,
        simulated: Simulated::ByDate(Rule::LegacyTlsEnds),
    },
    Change {
        from: day(2023, 3, 1),
        precision: Precision::Month,
        what: "mail from Exchange servers that are out of date is announced to be throttled, then blocked \
            (450 4.7.230, then 5.7.230), on a 90-day cycle; Exchange 2007 first, 2013 from 2024-02",
        source: "blog.icewolf.ch on transport-based enforcement",
        confidence: Confidence::Paraphrased,
        simulated: Simulated::No,
    },
    Change {
        from: day(2023, 6, 19),
        precision: Precision::Day,
        what: "the P2 sender domain begins to lose its say over relay, in stages until 2023-11-01",
        source: RELAY23,
        confidence: Confidence::Verbatim,
        simulated: Simulated::No,
    },
    Change {
        // "No longer supported after June 30, 2023".
        from: day(2023, 7, 1),
        precision: Precision::Day,
        what: "SMTP AUTH over TLS 1.0 and 1.1 is refused in the cloud that 21Vianet operates (`cloud: \
            21vianet`)",
        source: TLS21,
        confidence: Confidence::Verbatim,
        simulated: Simulated::ByDate(Rule::LegacyTlsEnds21Vianet),
    },
    Change {
        from: day(2023, 11, 1),
        precision: Precision::Day,
        what: "relay needs the certificate domain or the P1 sender domain to be an accepted domain; the P2 \
            sender domain no longer counts",
        source: RELAY23,
        confidence: Confidence::Verbatim,
        simulated: Simulated::ByDate(Rule::HeaderFromEnds),
    },
    Change {
        from: day(2024, 4, 1),
        precision: Precision::Day,
        what: "High Volume Email in preview: accounts of its own (`lab.high_volume`) at smtp-hve.office365.com",
        source: HVE,
        confidence: Confidence::Paraphrased,
        simulated: Simulated::Always,
    },
    Change {
        from: day(2025, 1, 1),
        precision: Precision::Year,
        what: "RejectDirectSend: an organisation may refuse mail in its own name that no connector vouches for",
        source: "\"Introducing more control over Direct Send in Exchange Online\", \
            techcommunity.microsoft.com 4408790",
        confidence: Confidence::Verbatim,
        simulated: Simulated::BySwitch,
    },
    Change {
        from: day(2025, 4, 3),
        precision: Precision::Day,
        what: "the tenant's limit of external recipients in 24 hours (TERRL), by size of tenant until \
            2025-05-01: 500 × licences^0.7 + 9500",
        source: "MC1023294",
        confidence: Confidence::Verbatim,
        simulated: Simulated::No,
    },
    Change {
        from: day(2025, 5, 5),
        precision: Precision::Day,
        what: "consumer Outlook refuses senders of high volume without SPF, DKIM and DMARC (550 5.7.515)",
        source: "several reports of the announcement",
        confidence: Confidence::Paraphrased,
        simulated: Simulated::No,
    },
    Change {
        from: day(2025, 6, 1),
        precision: Precision::Month,
        what: "High Volume Email reaches the organisation's own recipients alone",
        source: HVE,
        confidence: Confidence::Paraphrased,
        simulated: Simulated::ByDate(Rule::HighVolumeInternalOnly),
    },
    Change {
        from: day(2026, 2, 4),
        precision: Precision::Day,
        what: "guidance on connectors: by certificate rather than by address, its domain an accepted domain",
        source: "MC1226222",
        confidence: Confidence::Verbatim,
        simulated: Simulated::No,
    },
    Change {
        from: day(2026, 7, 1),
        precision: Precision::Day,
        what: "TLS 1.0 and 1.1 begin to end for POP3 and IMAP4, until 2026-12-31; of smtp-legacy nothing was \
            announced",
        source: "techcommunity.microsoft.com 4515201, MC1293480",
        confidence: Confidence::Verbatim,
        simulated: Simulated::No,
    },
    Change {
        // "End of December 2026"; the last day stands for it.
        from: day(2026, 12, 31),
        precision: Precision::Month,
        what: "basic authentication for SMTP AUTH is off by default; administrators may switch it on again \
            (`lab.basic_auth: on`). It supersedes the dates of 2025 and of spring 2026",
        source: BASIC,
        confidence: Confidence::Verbatim,
        simulated: Simulated::ByDate(Rule::BasicAuthOff),
    },
    Change {
        from: day(2027, 7, 1),
        precision: Precision::Year,
        what: "in the second half of the year the day is announced on which basic authentication for SMTP \
            AUTH ends for good (`lab.basic_auth: retired`)",
        source: BASIC,
        confidence: Confidence::Verbatim,
        simulated: Simulated::BySwitch,
    },
    Change {
        // "Until September 2028"; the first of the month stands for it.
        from: day(2028, 9, 1),
        precision: Precision::Month,
        what: "basic authentication ends for High Volume Email, which the end for SMTP AUTH does not touch",
        source: HVE,
        confidence: Confidence::Paraphrased,
        simulated: Simulated::ByDate(Rule::HighVolumeBasicEnds),
    },
];

const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day of the calendar, checked when compiled")
}

/// The rules of one day in one cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesOn {
    day: NaiveDate,
    cloud: Cloud,
}

impl RulesOn {
    /// The rules of a day in the worldwide cloud.
    #[must_use]
    pub const fn day(day: NaiveDate) -> Self {
        Self { day, cloud: Cloud::Worldwide }
    }

    /// The same day's in a cloud.
    #[must_use]
    pub const fn in_cloud(self, cloud: Cloud) -> Self {
        Self { cloud, ..self }
    }

    /// The cloud.
    #[must_use]
    pub const fn cloud(self) -> Cloud {
        self.cloud
    }

    /// Whether TLS 1.0 and 1.1 are no longer taken for SMTP AUTH at the ordinary
    /// endpoint.
    #[must_use]
    pub fn legacy_tls_has_ended(self) -> bool {
        self.holds(self.cloud.legacy_tls_ends())
    }

    /// Whether a change has come into force.
    #[must_use]
    pub fn holds(self, rule: Rule) -> bool {
        TIMELINE.iter().any(|change| change.rule() == Some(rule) && change.from <= self.day)
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
    fn old_tls_ended_on_another_day_at_21vianet() {
        let on = |year, month, last| RulesOn::day(day(year, month, last));
        for (rules, worldwide, china) in
            [(on(2022, 1, 31), false, false), (on(2023, 6, 30), true, false), (on(2023, 7, 1), true, true)]
        {
            assert_eq!(rules.legacy_tls_has_ended(), worldwide, "{rules:?}");
            assert_eq!(rules.in_cloud(Cloud::Government).legacy_tls_has_ended(), worldwide, "{rules:?}");
            assert_eq!(rules.in_cloud(Cloud::Vianet21).legacy_tls_has_ended(), china, "{rules:?}");
        }
    }

    #[test]
    fn the_timeline_runs_forward() {
        assert!(TIMELINE.is_sorted_by_key(|change| change.from));
    }

    #[test]
    fn every_rule_has_one_row() {
        for rule in [
            Rule::HeaderFromEnds,
            Rule::LegacyTlsEnds,
            Rule::LegacyTlsSampled,
            Rule::SmtpAuthOffForNew,
            Rule::BasicAuthOff,
            Rule::LegacyTlsEnds21Vianet,
            Rule::HighVolumeInternalOnly,
            Rule::HighVolumeBasicEnds,
        ] {
            assert_eq!(TIMELINE.iter().filter(|change| change.rule() == Some(rule)).count(), 1, "{rule:?}");
        }
    }

    #[test]
    fn a_date_is_shown_as_far_as_it_is_known() {
        let shown = |rule| TIMELINE.iter().find(|change| change.rule() == Some(rule)).map(Change::date);
        assert_eq!(shown(Rule::HeaderFromEnds).as_deref(), Some("2023-11-01"));
        assert_eq!(shown(Rule::LegacyTlsEnds).as_deref(), Some("2022-02"));
    }
}
