//! Client submission: who may log in, and who may send.

use super::Account;
use super::Endpoint;
use super::catalogue::{Entry, positive, submission};
use super::decision::{AttributedBy, Attribution, Decision};
use super::domain::DomainName;
use super::tenants::{Tenant, Tenants};
use super::timeline::{Rule, RulesOn};
use crate::tls::TlsVersion;

/// What a client shows to log in.
#[derive(Clone, Copy, Debug)]
pub struct LogIn<'a> {
    /// The user, as written.
    pub user: &'a str,
    /// The password of AUTH LOGIN, or the bearer token of XOAUTH2.
    pub secret: &'a str,
    /// The TLS version in use; `None` in clear text.
    pub tls: Option<TlsVersion>,
}

/// Whether a log-in is accepted, once the credentials are complete.
///
/// The order is: TLS version, user, switches, secret. That old TLS is answered
/// without judging the credentials follows from where `421 4.7.66` was read; that
/// the switches come before the secret is the simulator's choice.
///
/// Source: "New opt-in endpoint available for SMTP AUTH clients still needing
/// legacy TLS"; "Enable or disable authenticated client SMTP submission". The
/// switches turn the protocol off, not one mechanism: they hold for XOAUTH2 too.
#[must_use]
pub fn log_in(
    tenants: &Tenants,
    endpoint: Endpoint,
    log_in: LogIn<'_>,
    rules: RulesOn,
    why: &mut Account,
) -> Decision {
    let legacy_tls = log_in.tls.filter(|version| *version < TlsVersion::Tls12);
    if let Some(version) = legacy_tls
        && endpoint == Endpoint::Submission
        && rules.holds(Rule::LegacyTlsEnds)
    {
        why.step(format!("{version} is refused at the ordinary endpoint"));
        return Decision::reply(&submission::LEGACY_TLS_REFUSED);
    }
    let domain = log_in.user.rsplit_once('@').and_then(|(_, domain)| DomainName::new(domain));
    let Some((tenant, _)) = domain.and_then(|domain| tenants.of_domain(&domain)) else {
        why.step("the user's domain is nobody's accepted domain");
        return Decision::reply(&submission::AUTHENTICATION_UNSUCCESSFUL);
    };
    if let Some(version) = legacy_tls
        && let Some(refused) = legacy_tls_of(tenant, endpoint, version, why)
    {
        return Decision::reply(refused);
    }
    if let Some(refused) = switched_off(tenant, log_in.user, why) {
        return Decision::reply(refused);
    }
    match tenant.password(log_in.user) {
        Some(secret) if secret.expose() == log_in.secret => {
            why.step(format!("{} logged in, a user of {}", log_in.user, tenant.name));
            let (tenant, by) = (tenant.name.clone(), AttributedBy::MailFrom);
            Decision::reply(&positive::AUTHENTICATED).attributed(Attribution { tenant, connector: None, by })
        }
        Some(_) => {
            why.step("the password or token is wrong");
            Decision::reply(&submission::AUTHENTICATION_UNSUCCESSFUL)
        }
        None => {
            why.step(format!("the tenants file has no password for {}", log_in.user));
            Decision::reply(&submission::AUTHENTICATION_UNSUCCESSFUL)
        }
    }
}

/// Whether the tenant's own switch forbids old TLS. At the legacy endpoint it has
/// to be on; at the ordinary one, before old TLS ended there, it had to be off to
/// forbid it ("for customers who would like to force the use of TLS 1.2 early").
fn legacy_tls_of(
    tenant: &Tenant,
    endpoint: Endpoint,
    version: TlsVersion,
    why: &mut Account,
) -> Option<&'static Entry> {
    let allowed = tenant.transport.allow_legacy_tls_clients;
    let refused = match endpoint {
        Endpoint::Legacy => allowed != Some(true),
        Endpoint::Submission | Endpoint::Mx => allowed == Some(false),
    };
    let state = match allowed {
        Some(true) => "true",
        Some(false) => "false",
        None => "not set",
    };
    why.step(format!("{version}, and AllowLegacyTLSClients of {} is {state}", tenant.name));
    refused.then_some(&submission::LEGACY_TLS_NOT_OPTED_IN)
}

/// Whether SMTP AUTH is switched off: by the mailbox's own switch, else by the
/// organisation's. A switch that the file does not mention is taken as never
/// touched, and SMTP AUTH as on.
fn switched_off(tenant: &Tenant, user: &str, why: &mut Account) -> Option<&'static Entry> {
    let of_mailbox = tenant.mailbox(user).and_then(|mailbox| mailbox.smtp_client_authentication_disabled);
    match (of_mailbox, tenant.transport.smtp_client_authentication_disabled) {
        (Some(true), _) => {
            why.step(format!("SMTP AUTH is switched off for the mailbox {user}"));
            Some(&submission::DISABLED_FOR_MAILBOX)
        }
        (Some(false), _) => {
            why.step(format!("SMTP AUTH is switched on for the mailbox {user}"));
            None
        }
        (None, Some(true)) => {
            why.step(format!("SMTP AUTH is switched off for {}, and the mailbox inherits it", tenant.name));
            Some(&submission::DISABLED_FOR_TENANT)
        }
        (None, Some(false)) => {
            why.step(format!("SMTP AUTH is switched on for {}, and the mailbox inherits it", tenant.name));
            None
        }
        (None, None) => {
            why.step(format!("{} does not say whether SMTP AUTH is off; taken as on", tenant.name));
            None
        }
    }
}

/// What MAIL FROM is answered for a client that has not logged in: after a failed
/// AUTH the failure is repeated.
///
/// Source: replies captured in 2024.
#[must_use]
pub fn unauthenticated(failed: Option<&Entry>, why: &mut Account) -> Decision {
    match failed {
        Some(failure) if failure.code == Some(535) => {
            why.step("the client went on after a failed log-in");
            let enhanced = failure.enhanced.map_or(String::new(), |code| format!("{code} "));
            Decision::reply(&submission::NOT_AUTHENTICATED_AFTER_FAILURE)
                .fill(format!("535 {enhanced}{}", failure.filled("")))
        }
        _ => {
            why.step("nobody has logged in");
            Decision::reply(&submission::NOT_AUTHENTICATED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tenants::{AcceptedDomain, CasMailbox, DomainType, Lab, TransportConfig};
    use crate::secret::Secret;
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
            lab: Lab { passwords: vec![("scan@contoso.com".into(), Secret::new("right"))], recipients: None },
            ..Tenant::default()
        }])
    }

    fn reply(tenants: &Tenants, endpoint: Endpoint, tls: TlsVersion, rules: RulesOn) -> &'static Entry {
        let credentials = LogIn { user: "Scan@Contoso.com", secret: "right", tls: Some(tls) };
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
            let credentials = LogIn { user, secret, tls: Some(TlsVersion::Tls13) };
            let decision =
                log_in(&tenants, Endpoint::Submission, credentials, TODAY, &mut Account::default());
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
}
