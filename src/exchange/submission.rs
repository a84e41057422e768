//! Client submission: who may log in, and who may send.

use super::Account;
use super::Endpoint;
use super::catalogue::{Entry, positive, submission};
use super::decision::{AttributedBy, Attribution, Decision};
use super::domain::DomainName;
use super::high_volume;
use super::tenants::{BasicAuth, Tenant, Tenants};
use super::timeline::{Rule, RulesOn};
use crate::tls::TlsVersion;

/// What a client shows to log in.
#[derive(Clone, Copy, Debug)]
pub struct LogIn<'a> {
    /// The user, as written.
    pub user: &'a str,
    /// The password of AUTH LOGIN, or the bearer token of XOAUTH2.
    pub secret: &'a str,
    /// Basic authentication: a password, not a token.
    pub basic: bool,
    /// The TLS version in use; `None` in clear text.
    pub tls: Option<TlsVersion>,
}

/// Whether a log-in is accepted, once the credentials are complete.
///
/// The order is: TLS version, user, switches, basic authentication, secret. That old TLS is answered
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
        && endpoint != Endpoint::Legacy
        && rules.legacy_tls_has_ended()
    {
        let which = if endpoint == Endpoint::HighVolume { "this" } else { "the ordinary" };
        why.step(format!("{version} is refused at {which} endpoint"));
        return Decision::reply(&submission::LEGACY_TLS_REFUSED);
    }
    let Some(tenant) = tenant_of(tenants, log_in.user) else {
        why.step("the user's domain is nobody's accepted domain");
        return Decision::reply(&submission::AUTHENTICATION_UNSUCCESSFUL);
    };
    if let Some(version) = legacy_tls
        && let Some(refused) = legacy_tls_of(tenant, endpoint, version, why)
    {
        return Decision::reply(refused);
    }
    let switched_off = match endpoint {
        Endpoint::HighVolume => high_volume::no_account(tenant, log_in.user, why),
        Endpoint::Submission | Endpoint::Legacy | Endpoint::Mx => {
            switched_off(tenants, tenant, log_in.user, why)
        }
    };
    if let Some(refused) = switched_off {
        return Decision::reply(refused);
    }
    if log_in.basic {
        let retired = match endpoint {
            Endpoint::HighVolume => high_volume::basic_ended(rules, why),
            Endpoint::Submission | Endpoint::Legacy | Endpoint::Mx => basic_retired(tenant, rules, why),
        };
        if let Some(refused) = retired.or_else(|| basic_forbidden(tenant, log_in.user, why)) {
            return Decision::reply(refused);
        }
    }
    match tenants.password(log_in.user) {
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
        Endpoint::Submission | Endpoint::HighVolume | Endpoint::Mx => allowed == Some(false),
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
fn switched_off(tenants: &Tenants, tenant: &Tenant, user: &str, why: &mut Account) -> Option<&'static Entry> {
    let of_mailbox = tenants.mailbox(user).and_then(|mailbox| mailbox.smtp_client_authentication_disabled);
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
        // Source: Set-TransportConfig, SmtpClientAuthenticationDisabled: on by default
        // for organisations created after January 2020.
        (None, None) => match tenant.organization.created {
            Some(day) if RulesOn::day(day).holds(Rule::SmtpAuthOffForNew) => {
                why.step(format!(
                    "{} was created on {day} and has not set SmtpClientAuthenticationDisabled: SMTP AUTH is off",
                    tenant.name
                ));
                Some(&submission::DISABLED_FOR_TENANT)
            }
            _ => {
                why.step(format!("{} does not say whether SMTP AUTH is off; taken as on", tenant.name));
                None
            }
        },
    }
}

/// Whether basic authentication for SMTP AUTH has come to its end for the tenant.
///
/// Source: techcommunity.microsoft.com 4114750 and 4489835. That `basic authentication
/// is disabled` is what the first step answers is inferred.
fn basic_retired(tenant: &Tenant, rules: RulesOn, why: &mut Account) -> Option<&'static Entry> {
    match tenant.lab.basic_auth {
        Some(BasicAuth::Retired) => {
            why.step("basic authentication is retired (lab)");
            Some(&submission::BASIC_AUTH_RETIRED)
        }
        Some(BasicAuth::Off) => {
            why.step("basic authentication is off (lab)");
            Some(&submission::BASIC_AUTH_DISABLED)
        }
        Some(BasicAuth::On) => {
            why.step("an administrator has left basic authentication on (lab)");
            None
        }
        None if rules.holds(Rule::BasicAuthOff) => {
            why.step("since the end of December 2026 basic authentication is off unless switched on again");
            Some(&submission::BASIC_AUTH_DISABLED)
        }
        None => None,
    }
}

/// Whether somebody forbids the user basic authentication, however right the password
/// is.
///
/// Source: Set-AuthenticationPolicy, `AllowBasicAuthSmtp`; replies captured in 2025
/// and 2026. The order of the checks is inferred.
fn basic_forbidden(tenant: &Tenant, user: &str, why: &mut Account) -> Option<&'static Entry> {
    let key = user.to_ascii_lowercase();
    let own = tenant.lab.policies.get(&key);
    if let Some(name) = own.or(tenant.organization.default_authentication_policy.as_ref()) {
        let policy = tenant.authentication_policies.iter().find(|policy| policy.name == *name);
        match policy.map(|policy| policy.allow_basic_auth_smtp) {
            Some(Some(false)) => {
                why.step(format!("authentication policy \"{name}\" has AllowBasicAuthSmtp off"));
                return Some(&submission::BASIC_AUTH_DISABLED);
            }
            Some(_) => why.step(format!("authentication policy \"{name}\" allows basic authentication")),
            None => why.step(format!("authentication policy \"{name}\" is not in the export; not modelled")),
        }
    }
    if tenant.lab.security_defaults {
        why.step(format!("security defaults are on for {} (lab)", tenant.name));
        return Some(&submission::SECURITY_DEFAULTS);
    }
    if tenant.lab.conditional_access.iter().any(|stopped| stopped.eq_ignore_ascii_case(user)) {
        why.step(format!("Conditional Access stops basic authentication of {user} (lab)"));
        return Some(&submission::CRITERIA_NOT_MET);
    }
    None
}

/// Whether a user who has logged in may send a message as its senders: the P1
/// sender and every author must be the user's own addresses or ones that `send_as`
/// of the lab names. `None`: the message is taken.
///
/// Source: a reply captured on 2025-11-23 at the end of the data, MAIL and RCPT
/// having been accepted; that P1 and the header are both judged follows from the
/// reference's "From/MAIL FROM not allowed for the account".
#[must_use]
pub fn send_as<'a>(
    tenants: &Tenants,
    user: &str,
    senders: impl IntoIterator<Item = &'a str>,
    why: &mut Account,
) -> Option<Decision> {
    let tenant = tenant_of(tenants, user)?;
    let granted = tenant.lab.send_as.get(&user.to_ascii_lowercase());
    for sender in senders {
        let is_own = sender.eq_ignore_ascii_case(user)
            || tenant.recipients.as_ref().is_some_and(|recipients| recipients.are_one(sender, user));
        let may = |granted: &Vec<String>| granted.iter().any(|other| other.eq_ignore_ascii_case(sender));
        if is_own || granted.is_some_and(may) {
            continue;
        }
        why.step(format!(
            "{user} may not send as {sender}: no address of the mailbox, and no right (lab: send_as)"
        ));
        let fill = format!(
            "{user} not allowed to send as {sender}; \
             STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process \
             message due to a permanent exception with message [BeginDiagnosticData]Cannot submit message."
        );
        return Some(Decision::reply(&submission::SEND_AS).fill(fill));
    }
    None
}

/// The most sessions of a user's mailbox that may send at once, where the lab
/// bounds them.
#[must_use]
pub fn most_sessions(tenants: &Tenants, user: &str) -> Option<u32> {
    tenant_of(tenants, user)?.lab.sessions
}

/// MAIL FROM in one session too many: each of them is told.
///
/// Source: "Changes in message store and throttling for concurrent connections";
/// the stage is not proven.
#[must_use]
pub fn too_many_sessions(user: &str, open: u32, most: u32, why: &mut Account) -> Decision {
    why.step(format!("{user} has {open} sessions open, {most} may send at once (lab: sessions)"));
    Decision::reply(&submission::TOO_MANY_SESSIONS)
}

fn tenant_of<'a>(tenants: &'a Tenants, user: &str) -> Option<&'a Tenant> {
    let (_, domain) = user.rsplit_once('@')?;
    tenants.of_domain(&DomainName::new(domain)?).map(|(tenant, _)| tenant)
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
