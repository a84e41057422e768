//! The submission rules, row by row.

use super::catalogue::{Entry, positive, submission};
use super::submission::{LogIn, log_in, send_as, unauthenticated};
use super::timeline::RulesOn;
use super::{Account, DomainName, Endpoint, Tenant, Tenants};
use crate::exchange::tenants::{
    AcceptedDomain, AuthenticationPolicy, BasicAuth, CasMailbox, DomainType, Lab, OrganizationConfig,
    TransportConfig,
};
use crate::secret::Secret;
use crate::tls::TlsVersion;
use chrono::NaiveDate;

const TODAY: RulesOn = RulesOn::day(NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day"));
const EARLY_2022: RulesOn = RulesOn::day(NaiveDate::from_ymd_opt(2022, 1, 31).expect("a day"));

fn tenants(legacy: Option<bool>, tenant_off: Option<bool>, mailbox_off: Option<bool>) -> Tenants {
    Tenants::new(vec![Tenant {
        name: "Contoso".into(),
        accepted_domains: vec![AcceptedDomain {
            name: DomainName::new("contoso.com").expect("a domain"),
            kind: DomainType::Authoritative,
            match_subdomains: false,
        }],
        transport: TransportConfig {
            allow_legacy_tls_clients: legacy,
            smtp_client_authentication_disabled: tenant_off,
        },
        mailboxes: vec![CasMailbox {
            address: "scan@contoso.com".into(),
            smtp_client_authentication_disabled: mailbox_off,
        }],
        lab: Lab { passwords: vec![("scan@contoso.com".into(), Secret::new("right"))], ..Lab::default() },
        ..Tenant::default()
    }])
}

fn reply(tenants: &Tenants, endpoint: Endpoint, tls: TlsVersion, rules: RulesOn) -> &'static Entry {
    let credentials = LogIn { user: "Scan@Contoso.com", secret: "right", basic: true, tls: Some(tls) };
    log_in(tenants, endpoint, credentials, rules, &mut Account::default()).entry
}

#[test]
fn a_mailbox_switch_outranks_the_tenants_and_null_inherits() {
    let (on, tenant, mailbox) =
        (&positive::AUTHENTICATED, &submission::DISABLED_FOR_TENANT, &submission::DISABLED_FOR_MAILBOX);
    for (tenant_off, mailbox_off, expected) in [
        (Some(true), Some(true), mailbox),
        (Some(true), Some(false), on),
        (Some(true), None, tenant),
        (Some(false), Some(true), mailbox),
        (Some(false), Some(false), on),
        (Some(false), None, on),
        (None, Some(true), mailbox),
        (None, Some(false), on),
        (None, None, on),
    ] {
        let tenants = tenants(None, tenant_off, mailbox_off);
        let got = reply(&tenants, Endpoint::Submission, TlsVersion::Tls12, TODAY);
        assert!(std::ptr::eq(got, expected), "{tenant_off:?} {mailbox_off:?}: {}", got.text);
    }
}

#[test]
fn old_tls_is_refused_by_endpoint_day_and_switch() {
    let (on, refused, not_opted_in) =
        (&positive::AUTHENTICATED, &submission::LEGACY_TLS_REFUSED, &submission::LEGACY_TLS_NOT_OPTED_IN);
    use Endpoint::{Legacy, Submission};
    for (endpoint, switch, day, old, new) in [
        (Submission, Some(true), TODAY, refused, on),
        (Submission, Some(false), TODAY, refused, on),
        (Submission, None, TODAY, refused, on),
        (Legacy, Some(true), TODAY, on, on),
        (Legacy, Some(false), TODAY, not_opted_in, on),
        (Legacy, None, TODAY, not_opted_in, on),
        (Submission, Some(true), EARLY_2022, on, on),
        (Submission, None, EARLY_2022, on, on),
        (Submission, Some(false), EARLY_2022, not_opted_in, on),
    ] {
        let tenants = tenants(switch, Some(false), None);
        for (version, expected) in [
            (TlsVersion::Tls10, old),
            (TlsVersion::Tls11, old),
            (TlsVersion::Tls12, new),
            (TlsVersion::Tls13, new),
        ] {
            let got = reply(&tenants, endpoint, version, day);
            assert!(std::ptr::eq(got, expected), "{endpoint} {switch:?} {version}: {}", got.text);
        }
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_read_the_same() {
    let tenants = tenants(None, Some(false), None);
    for (user, secret) in [
        ("scan@contoso.com", "wrong"),
        ("nobody@contoso.com", "right"),
        ("scan@x.example", "right"),
        ("", ""),
    ] {
        let credentials = LogIn { user, secret, basic: true, tls: Some(TlsVersion::Tls13) };
        let decision = log_in(&tenants, Endpoint::Submission, credentials, TODAY, &mut Account::default());
        assert!(std::ptr::eq(decision.entry, &submission::AUTHENTICATION_UNSUCCESSFUL), "{user}");
    }
}

#[test]
fn mail_after_a_failed_log_in_repeats_the_failure() {
    let why = &mut Account::default();
    let decision = unauthenticated(Some(&submission::DISABLED_FOR_TENANT), why);
    assert_eq!(
        decision.entry.filled(&decision.fill),
        "Client not authenticated to send mail. Error: 535 5.7.139 Authentication unsuccessful, \
             SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled \
             for more information."
    );
    assert!(std::ptr::eq(unauthenticated(None, why).entry, &submission::NOT_AUTHENTICATED));
}

/// A tenant whose SMTP AUTH is on, changed.
fn changed(change: impl FnOnce(&mut Tenant)) -> Tenants {
    let mut list: Vec<Tenant> = tenants(None, Some(false), None).iter().cloned().collect();
    change(&mut list[0]);
    Tenants::new(list)
}

#[test]
fn basic_authentication_may_be_refused_and_tokens_are_not() {
    let policy = |tenant: &mut Tenant, allow| {
        let name = "Block".to_owned();
        tenant.authentication_policies = vec![AuthenticationPolicy { name, allow_basic_auth_smtp: allow }];
    };
    let on = &positive::AUTHENTICATED;
    let after: RulesOn = RulesOn::day(NaiveDate::from_ymd_opt(2026, 12, 31).expect("a day"));
    type Change<'a> = &'a dyn Fn(&mut Tenant);
    let rows: [(RulesOn, Change<'_>, &Entry); 12] = [
        (TODAY, &|_| {}, on),
        (TODAY, &|t| t.lab.basic_auth = Some(BasicAuth::Off), &submission::BASIC_AUTH_DISABLED),
        (TODAY, &|t| t.lab.basic_auth = Some(BasicAuth::Retired), &submission::BASIC_AUTH_RETIRED),
        (after, &|_| {}, &submission::BASIC_AUTH_DISABLED),
        (after, &|t| t.lab.basic_auth = Some(BasicAuth::On), on),
        (TODAY, &|t| policy(t, Some(false)), on),
        (
            TODAY,
            &|t| {
                policy(t, Some(false));
                t.organization.default_authentication_policy = Some("Block".into());
            },
            &submission::BASIC_AUTH_DISABLED,
        ),
        (
            TODAY,
            &|t| {
                policy(t, Some(false));
                t.lab.policies.insert("scan@contoso.com".into(), "Block".into());
            },
            &submission::BASIC_AUTH_DISABLED,
        ),
        (
            TODAY,
            &|t| {
                policy(t, Some(true));
                t.organization.default_authentication_policy = Some("Block".into());
            },
            on,
        ),
        (TODAY, &|t| t.organization.default_authentication_policy = Some("Lost".into()), on),
        (TODAY, &|t| t.lab.security_defaults = true, &submission::SECURITY_DEFAULTS),
        (
            TODAY,
            &|t| t.lab.conditional_access = vec!["scan@contoso.com".into()],
            &submission::CRITERIA_NOT_MET,
        ),
    ];
    for (n, (rules, change, expected)) in rows.into_iter().enumerate() {
        let tenants = changed(change);
        assert!(
            std::ptr::eq(reply(&tenants, Endpoint::Submission, TlsVersion::Tls13, rules), expected),
            "row {n}"
        );
        let token =
            LogIn { user: "scan@contoso.com", secret: "right", basic: false, tls: Some(TlsVersion::Tls13) };
        let decision = log_in(&tenants, Endpoint::Submission, token, rules, &mut Account::default());
        assert!(std::ptr::eq(decision.entry, on), "row {n}: a token");
    }
}

#[test]
fn an_organisation_made_after_january_2020_begins_with_smtp_auth_off() {
    for (day, off) in [("2020-01-31", false), ("2020-02-01", true), ("2026-01-01", true)] {
        let created = Some(day.parse().expect("a day"));
        let tenants = changed(|t| {
            t.organization = OrganizationConfig { created, ..OrganizationConfig::default() };
            t.transport.smtp_client_authentication_disabled = None;
        });
        let got = reply(&tenants, Endpoint::Submission, TlsVersion::Tls13, TODAY);
        assert_eq!(std::ptr::eq(got, &submission::DISABLED_FOR_TENANT), off, "{day}");
    }
}

#[test]
fn a_user_sends_as_his_own_addresses_and_those_he_was_given() {
    let tenants = changed(|t| {
        t.recipients.get_or_insert_default().add(["scan@contoso.com", "scanner@contoso.com"]);
        t.lab.send_as.insert("scan@contoso.com".into(), vec!["NoReply@contoso.com".into()]);
    });
    for (senders, denied) in [
        (&["scan@contoso.com"][..], None),
        (&["SCANNER@contoso.com", "noreply@contoso.com"], None),
        (&["scan@contoso.com", "boss@contoso.com"], Some("boss@contoso.com")),
        (&[], None),
    ] {
        let why = &mut Account::default();
        let decision = send_as(&tenants, "Scan@contoso.com", senders.iter().copied(), why);
        assert_eq!(decision.is_some(), denied.is_some(), "{senders:?}");
        if let (Some(decision), Some(denied)) = (decision, denied) {
            let text = decision.entry.filled(&decision.fill);
            assert!(
                text.starts_with(&format!("SendAsDenied; Scan@contoso.com not allowed to send as {denied};")),
                "{text}"
            );
        }
    }
}
