//! What of a reply's text stays the same when the same thing is said again.
//!
//! ```text
//! 550 5.7.64 TenantAttribution; Relay Access Denied [AM4PEPF00027A62.eurprd04.prod.outlook.com 2026-01-29T12:31:01.197Z 08DE5971FB66165F]
//! 550 5.7.64 TenantAttribution; Relay Access Denied
//! ```
//!
//! Two texts that are the same after [`steady`] say the same; what is taken out is
//! listed in [`NOISE`], one rule an entry, each with the replies it was made for. A
//! text that none of them fits stays as it is: better a change too many than one that
//! nobody sees.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_lite::Regex;

/// One kind of thing that differs from session to session.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// What it is, in words.
    pub what: &'static str,
    /// What is in every text that the pattern finds something in, to pass over the many
    /// in which it finds nothing.
    mark: &'static str,
    /// How it looks, as a regular expression.
    pattern: &'static str,
    /// What takes its place; `$1` is what the first group found.
    with: &'static str,
    /// A text with it and what is left: of real servers.
    pub sample: (&'static str, &'static str),
}

/// Every rule, in the order in which they are applied.
pub const NOISE: &[Noise] = &[
    Noise {
        what: "server stamps of Exchange Online: host, time and session, wherever they stand",
        mark: "[",
        pattern: r" ?\[[\w.-]+\.[\w.-]+ \d{4}-\d\d-\d\dT[\d:.]+Z [0-9A-F]{16}\]",
        with: "",
        sample: (
            "Authentication unsuccessful, basic authentication is disabled. \
             [YT3PR01CA0122.CANPRD01.PROD.OUTLOOK.COM 2025-01-22T03:07:00.315Z 08DD393115E98C2B]",
            "Authentication unsuccessful, basic authentication is disabled.",
        ),
    },
    Noise {
        what: "its older stamps: a host in brackets at the end",
        mark: "[",
        pattern: r"( \[[\w-]+(\.[\w-]+)*\.[A-Za-z][\w-]*\])+$",
        with: "",
        sample: (
            "Unrecognized authentication type [MW4PR04CA0123.namprd03.prod.outlook.com]",
            "Unrecognized authentication type",
        ),
    },
    Noise {
        what: "session ids in brackets",
        mark: "[",
        pattern: r" ?\[[0-9A-F]{16}\]",
        with: "",
        sample: (
            "AMS0EPF0000019A.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at \
             Sun, 9 Mar 2025 19:25:28 +0000 [08DD59CA63652EED]",
            "AMS0EPF0000019A.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at <date>",
        ),
    },
    Noise {
        what: "dates and times",
        mark: ":",
        pattern: r"(\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?\b\d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4},? \d\d:\d\d(:\d\d)?( [+-]\d{4}\b)?( \(?[A-Z]{3,5}\)?)?",
        with: "<date>",
        sample: (
            "mail.example ESMTP Exim 4.96 Sat, 21 Nov 2026 20:34:53 +0000",
            "mail.example ESMTP Exim 4.96 <date>",
        ),
    },
    Noise {
        what: "dates and times as ISO 8601 has them",
        mark: ":",
        pattern: r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?([.,]\d+)?(Z\b| ?[+-]\d\d:?\d\d\b)?",
        with: "<date>",
        sample: ("mail.example ESMTP ready, 2026-11-21T20:34:53.120Z", "mail.example ESMTP ready, <date>"),
    },
    Noise {
        what: "internal tags of Exchange Online: AS(201806281), (AS3130), (S77714), AS761; not ATTR35",
        mark: "S",
        pattern: r" ?\(?\bA?S\(?\d{2,}\b\)*\.?",
        with: "",
        sample: (
            "Server busy. Please try again later from [2.56.250.16]. (S77714) \
             [DB1PEPF000509EF.eurprd03.prod.outlook.com 2025-09-06T02:41:15.886Z 08DDE524AD2CBD69]",
            "Server busy. Please try again later from [2.56.250.16].",
        ),
    },
    Noise {
        what: "sentences that only say where to read more",
        mark: "http",
        pattern: r"(?i) ?\b(for more information,? (please )?(see|go to|visit)|visit|see) +https?://[^\s]+( for more information)?\.?",
        with: "",
        sample: (
            "Recipient address rejected: Access denied. For more information see https://aka.ms/EXOSmtpErrors \
             [AM4PEPF00027A62.eurprd04.prod.outlook.com 2026-01-29T12:31:01.197Z 08DE5971FB66165F]",
            "Recipient address rejected: Access denied.",
        ),
    },
    Noise {
        what: "how Exchange queued a message: Message-ID, internal id, host, size, speed",
        mark: "InternalId=",
        pattern: r"<[^<>\s]*> \[InternalId=\d+, Hostname=[\w.-]+\] \d+ bytes in [\d.]+, [\d.]+ KB/sec",
        with: "<id>",
        sample: (
            "<1@app.contoso.com> [InternalId=10286446712210, Hostname=LV4PR05MB11200.namprd05.prod.outlook.com] \
             64654 bytes in 0.222, 284.250 KB/sec Queued mail for delivery",
            "<id> Queued mail for delivery",
        ),
    },
    Noise {
        what: "queue ids of Postfix",
        mark: " as ",
        pattern: r"\bqueued as [0-9A-Za-z.-]+",
        with: "queued as <id>",
        sample: ("Ok: queued as 4XyZ5k1Lq8z3Q", "Ok: queued as <id>"),
    },
    Noise {
        what: "message ids of Exim",
        mark: "id=",
        pattern: r"\bid=[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}\b",
        with: "id=<id>",
        sample: ("OK id=1tEabc-0003Xy-2f", "OK id=<id>"),
    },
    Noise {
        what: "session ids of Google, the time before them included",
        mark: " - gsmtp",
        pattern: r"(\b\d{9,11} )?\b[0-9A-Za-z][\w-]*\.\d+ - gsmtp",
        with: "<id> - gsmtp",
        sample: ("OK 1763757293 a640c23a62f3a-b7654fd7d14si7234567b.212 - gsmtp", "OK <id> - gsmtp"),
    },
    Noise {
        what: "queue ids of sendmail and OpenSMTPD",
        mark: "Message accepted for delivery",
        pattern: r"\b[0-9A-Za-z]{8,14} Message accepted for delivery",
        with: "<id> Message accepted for delivery",
        sample: ("5ALKYrXk012345 Message accepted for delivery", "<id> Message accepted for delivery"),
    },
    Noise {
        what: "UUIDs, and what Amazon SES makes of them",
        mark: "-",
        pattern: r"\b([0-9A-Fa-f]{16}-)?[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(-\d{6})?\b",
        with: "<id>",
        sample: ("Ok 0102018b7e0b3f5c-1b2c3d4e-5f60-4a7b-8c9d-0e1f2a3b4c5d-000000", "Ok <id>"),
    },
    Noise {
        what: "sixteen hexadecimal digits and more",
        mark: "",
        pattern: r"\b[0-9A-Fa-f]{16,}\b",
        with: "<id>",
        sample: ("Message queued, 3f2a9c0d1e4b5a6978", "Message queued, <id>"),
    },
    Noise {
        what: "ports behind an address",
        mark: ":",
        pattern: r"(\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b\]?):\d{1,5}\b",
        with: "${1}:<port>",
        sample: (
            "too many connections from [127.0.0.1]:51234",
            "too many connections from [127.0.0.1]:<port>",
        ),
    },
    Noise {
        what: "how long to wait still, as greylisting says it",
        mark: " ",
        pattern: r"(?i)\b(in|after|for) (\d+ ?(seconds?|secs?|s|minutes?|mins?)|\d\d:\d\d(:\d\d)?)(\s|$|[.,;)])",
        with: "$1 <time>$5",
        sample: ("Greylisted, try again in 297 seconds", "Greylisted, try again in <time>"),
    },
];

/// The text without what [`NOISE`] lists, its spaces single. `own` are names that
/// belong to this session alone, and what is put in their place: the server's own name
/// as its greeting has it, the id of the run.
#[must_use]
pub fn steady(text: &str, own: &[(&str, &str)]) -> String {
    static RULES: LazyLock<Vec<(Regex, &Noise)>> = LazyLock::new(|| {
        let rule = |noise: &'static Noise| (Regex::new(noise.pattern).expect("a test compiles it"), noise);
        NOISE.iter().map(rule).collect()
    });
    let mut text = named(text.split_ascii_whitespace().collect::<Vec<_>>().join(" "), own);
    for (pattern, noise) in RULES.iter() {
        if text.contains(noise.mark)
            && let Cow::Owned(changed) = pattern.replace_all(&text, noise.with)
        {
            text = changed;
        }
    }
    text.trim().to_owned()
}

/// The text with these names replaced by what stands beside them; a name of fewer than
/// four characters is left, for it is part of too many words.
#[must_use]
pub fn named(mut text: String, own: &[(&str, &str)]) -> String {
    for (name, with) in own.iter().filter(|(name, _)| name.len() >= SHORTEST) {
        if text.contains(name) {
            text = text.replace(name, with);
        }
    }
    text
}

const SHORTEST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_does_what_its_sample_says() {
        for noise in NOISE {
            let (text, left) = noise.sample;
            assert!(Regex::new(noise.pattern).expect(noise.what).is_match(text), "{}", noise.what);
            assert!(text.contains(noise.mark), "{}", noise.what);
            assert_eq!(steady(text, &[]), left, "{}", noise.what);
            assert_eq!(steady(left, &[]), left, "{}: once is enough", noise.what);
        }
    }

    /// Said twice, hours apart, by hosts of one pool: Exchange Online, Postfix, Exim,
    /// Google and others as they are on record.
    #[test]
    fn the_same_said_again_is_the_same() {
        for (one, two) in [
            (
                "TenantAttribution; Relay Access Denied [AM4PEPF00027A62.eurprd04.prod.outlook.com 2026-01-29T12:31:01.197Z 08DE5971FB66165F]",
                "TenantAttribution; Relay Access Denied [DB6P18901CA0015.EURP189.PROD.OUTLOOK.COM]",
            ),
            (
                "Access denied, sending domain [EXAMPLE.JP] does not pass DMARC verification and has a DMARC policy of reject. [TYCP286MB3363.JPNP286.PROD.OUTLOOK.COM 2024-06-11T09:04:02.679Z 08DC8850F12E1502] [MW4PR04CA0381.namprd04.prod.outlook.com 2024-06-11T09:04:03.006Z 08DC87B9F5CB1E02]",
                "Access denied, sending domain [EXAMPLE.JP] does not pass DMARC verification and has a DMARC policy of reject. [CO1PEPF000066EC.namprd05.prod.outlook.com 2026-01-11T09:04:02.679Z 08DC8850F12E1502]",
            ),
            (
                "Recipient address rejected: Access denied. AS(201806281) [AM4PEPF00027A62.eurprd04.prod.outlook.com 2024-01-29T12:31:01.197Z 08DE5971FB66165F]",
                "Recipient address rejected: Access denied. For more information see https://aka.ms/EXOSmtpErrors [DU2PEPF00028D0A.eurprd03.prod.outlook.com 2026-01-29T12:31:01.197Z 08DE5971FB66165F]",
            ),
            (
                "Access denied, banned sending IP [1.2.3.4]. To request removal from this list please visit https://sender.office.com/ and follow the directions. For more information please go to  http://go.microsoft.com/fwlink/?LinkID=526655 (AS16012609) [x.prod.outlook.com]",
                "Access denied, banned sending IP [1.2.3.4]. To request removal from this list please visit https://sender.office.com/ and follow the directions. For more information please go to http://go.microsoft.com/fwlink/?LinkID=526655 AS(1430) [y.prod.outlook.com 2026-01-29T12:31:01.197Z 08DE5971FB66165F]",
            ),
            ("Ok: queued as 4XyZ5k1Lq8z3Q", "Ok: queued as 1F3B5A0C12"),
            (
                "2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4XyZ5k1Lq8z3Q",
                "2.0.0 from MTA(smtp:[127.0.0.1]:10026): 250 2.0.0 Ok: queued as 9A",
            ),
            ("OK id=1tEabc-0003Xy-2f", "OK id=1tEabd-00000001Gx2-1qQ8"),
            (
                "mx.google.com ESMTP a640c23a62f3a-b7654fd7d14si7234567b.212 - gsmtp",
                "mx.google.com ESMTP 5b1f17b1804b1-477bf3aecacsm133.7 - gsmtp",
            ),
            (
                "This mail has been blocked because the sender is unauthenticated. 4fb4d7f45d1cf-6453643d7ecsi1.9 - gsmtp",
                "This mail has been blocked because the sender is unauthenticated. a1-20020a170906si2.41 - gsmtp",
            ),
            (
                "2.0.0: 4a1c2b3d Message accepted for delivery",
                "2.0.0: ffee0011 Message accepted for delivery",
            ),
            (
                "<b@c.example>: Recipient address rejected: Greylisted, please try again in 300 seconds",
                "<b@c.example>: Recipient address rejected: Greylisted, please try again in 12 seconds",
            ),
            (
                "<1@a> [InternalId=1, Hostname=A.b.outlook.com] 6 bytes in 0.222, 284.250 KB/sec Queued mail for delivery",
                "<2@a> [InternalId=22, Hostname=C.b.outlook.com] 7 bytes in 1.2, 0.25 KB/sec Queued mail for delivery",
            ),
        ] {
            assert_eq!(steady(one, &[]), steady(two, &[]));
        }
    }

    #[test]
    fn what_is_meant_is_kept() {
        for (one, two) in [
            ("TenantAttribution; Relay Access Denied", "Relay Access Denied ATTR36."),
            ("wrong Office 365 region. ATTR35.", "wrong Office 365 region. ATTR5"),
            (
                "Connecting Exchange server version is out-of-date; throttled for 5 mins/hr.",
                "Connecting Exchange server version is out-of-date; throttled for 10 mins/hr.",
            ),
            (
                "SmtpClientAuthentication is disabled for the Tenant.",
                "SmtpClientAuthentication is disabled for the Mailbox.",
            ),
            ("<a@b.example>: Relay access denied", "<c@b.example>: Relay access denied"),
            ("Access denied, banned sending IP [192.0.2.1]", "Access denied, banned sending IP [192.0.2.2]"),
            ("sending domain [contoso.com] is no good", "sending domain [fabrikam.com] is no good"),
            ("Peak SMTP relay limit exceeded - gsmtp", "Try again later, closing connection. - gsmtp"),
            ("message size 1000 exceeds the limit", "message size 2000 exceeds the limit"),
        ] {
            assert_ne!(steady(one, &[]), steady(two, &[]));
        }
    }

    #[test]
    fn names_of_the_session_itself_are_noise() {
        let one = steady(
            "mx1.pool.example Error: too many errors in 20261121T1-ab",
            &[("mx1.pool.example", "<host>"), ("20261121T1-ab", "<run>")],
        );
        assert_eq!(one, "<host> Error: too many errors in <run>");
        assert_eq!(steady("a mx error", &[("mx", "<host>")]), "a mx error");
    }
}
