//! Every combination of endpoint, cloud, day, TLS version, switches and mechanism, against
//! an oracle that was written from the text of the rules and calls none of them.

use super::submission::{LogIn, log_in};
use super::{
    AcceptedDomain, Account, BasicAuth, CasMailbox, Cloud, DomainName, DomainType, Endpoint, Lab, RulesOn,
    Tenant, Tenants, TransportConfig,
};
use crate::secret::Secret;
use crate::tls::TlsVersion;

/// A day: the worldwide cloud's old TLS has ended, 21Vianet's has, passwords have, High
/// Volume Email's have.
type Day = (&'static str, bool, bool, bool, bool);

const DAYS: [Day; 8] = [
    ("2021-08-31", false, false, false, false),
    ("2022-01-31", false, false, false, false),
    ("2022-02-01", true, false, false, false),
    ("2023-06-30", true, false, false, false),
    ("2023-07-01", true, true, false, false),
    ("2026-12-30", true, true, false, false),
    ("2026-12-31", true, true, true, false),
    ("2028-09-01", true, true, true, true),
];

const SWITCH: [Option<bool>; 3] = [None, Some(false), Some(true)];
const BASIC: [Option<BasicAuth>; 4] =
    [None, Some(BasicAuth::On), Some(BasicAuth::Off), Some(BasicAuth::Retired)];

/// What a log-in with the right secret shows, and under which switches.
#[derive(Clone, Copy, Debug)]
struct Shown {
    endpoint: Endpoint,
    cloud: Cloud,
    version: TlsVersion,
    password: bool,
    /// `AllowLegacyTLSClients`.
    legacy: Option<bool>,
    /// `SmtpClientAuthenticationDisabled` of the organisation.
    organisation: Option<bool>,
    /// And of the mailbox.
    mailbox: Option<bool>,
    basic: Option<BasicAuth>,
}

/// Enhanced code, and how the text goes on where the code alone says too little.
fn oracle(shown: Shown, (_, worldwide, china, passwords, bulk): Day) -> (&'static str, &'static str) {
    let old = matches!(shown.version, TlsVersion::Tls10 | TlsVersion::Tls11);
    // The US Government's cloud: no day of its own is known.
    let ended = if shown.cloud == Cloud::Vianet21 { china } else { worldwide };
    let refused = match (shown.endpoint, shown.legacy) {
        // "Opt-in": never set is no.
        (Endpoint::Legacy, Some(true)) => None,
        (Endpoint::Legacy, _) => Some("5.7.67"),
        _ if ended => Some("4.7.66"),
        // "For customers who would like to force the use of TLS 1.2 early".
        (_, Some(false)) => Some("5.7.67"),
        _ => None,
    };
    if let Some(code) = refused.filter(|_| old) {
        return (code, "");
    }
    if shown.endpoint != Endpoint::HighVolume {
        // The mailbox's own switch outranks the organisation's; null inherits.
        match (shown.mailbox, shown.organisation) {
            (Some(true), _) => return ("5.7.139", "for the Mailbox"),
            (None, Some(true)) => return ("5.7.139", "for the Tenant"),
            _ => {}
        }
    }
    let off = ("5.7.139", "basic authentication is disabled");
    match (shown.password, shown.endpoint, shown.basic) {
        (false, ..) => ("2.7.0", ""),
        (true, Endpoint::HighVolume, _) if bulk => off,
        (true, Endpoint::HighVolume, _) | (true, _, Some(BasicAuth::On)) => ("2.7.0", ""),
        (true, _, Some(BasicAuth::Off)) => off,
        (true, _, Some(BasicAuth::Retired)) => ("5.7.30", ""),
        (true, _, None) if passwords => off,
        (true, _, None) => ("2.7.0", ""),
    }
}

fn tenants(shown: Shown) -> Tenants {
    let user = "scan@contoso.com".to_owned();
    Tenants::new(vec![Tenant {
        name: "Contoso".into(),
        accepted_domains: vec![AcceptedDomain {
            name: DomainName::new("contoso.com").expect("a domain"),
            kind: DomainType::Authoritative,
            match_subdomains: false,
        }],
        transport: TransportConfig {
            allow_legacy_tls_clients: shown.legacy,
            smtp_client_authentication_disabled: shown.organisation,
        },
        mailboxes: vec![CasMailbox {
            address: user.clone(),
            smtp_client_authentication_disabled: shown.mailbox,
        }],
        lab: Lab {
            passwords: vec![(user.clone(), Secret::new("right"))],
            high_volume: vec![user],
            basic_auth: shown.basic,
            ..Lab::default()
        },
        ..Tenant::default()
    }])
}

fn check(shown: Shown) {
    let tenants = tenants(shown);
    for day in DAYS {
        let rules = RulesOn::day(day.0.parse().expect("a day")).in_cloud(shown.cloud);
        let credentials = LogIn {
            user: "scan@contoso.com",
            secret: "right",
            basic: shown.password,
            tls: Some(shown.version),
        };
        let mut why = Account::default();
        let decision = log_in(&tenants, shown.endpoint, credentials, rules, &mut why);
        let (code, text) = oracle(shown, day);
        let got = decision.entry.enhanced.map(|code| code.to_string()).unwrap_or_default();
        assert!(
            got == code && decision.entry.text.contains(text),
            "{shown:?} on {}: {got} {}, not {code} {text}: {why}",
            day.0,
            decision.entry.text
        );
    }
}

#[test]
fn every_log_in_falls_as_the_text_of_the_rules_has_it() {
    let mut combinations = 0;
    for cloud in Cloud::ALL {
        for endpoint in [Endpoint::Submission, Endpoint::Legacy, Endpoint::HighVolume] {
            if cloud.lacks(endpoint).is_some() {
                continue;
            }
            for version in [TlsVersion::Tls10, TlsVersion::Tls11, TlsVersion::Tls12, TlsVersion::Tls13] {
                for legacy in SWITCH {
                    for (organisation, mailbox) in SWITCH.iter().flat_map(|of| SWITCH.map(|own| (*of, own))) {
                        for basic in BASIC {
                            for password in [true, false] {
                                check(Shown {
                                    endpoint,
                                    cloud,
                                    version,
                                    password,
                                    legacy,
                                    organisation,
                                    mailbox,
                                    basic,
                                });
                                combinations += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    // Worldwide three endpoints, 21Vianet two, the US Government's cloud one.
    assert_eq!(combinations, (3 + 2 + 1) * 4 * 3 * 9 * 4 * 2);
}
