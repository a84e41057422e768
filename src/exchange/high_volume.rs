//! High Volume Email: mail in bulk from accounts of its own to the organisation's own
//! recipients.
//!
//! Reports tell of the preview (2024-04-01), of the end of external recipients (June
//! 2025) and of passwords (September 2028). No source shows a reply of this endpoint:
//! what is not said here is taken to be as in client submission, and the two replies
//! that are its own are inferred. Its limits are in no source and not modelled.

use super::Account;
use super::catalogue::{Entry, positive, submission};
use super::decision::Decision;
use super::domain::DomainName;
use super::tenants::{Tenant, Tenants};
use super::timeline::{Rule, RulesOn};
use crate::smtp::ForwardPath;

/// Whether a user is refused because the account is not of this kind.
///
/// Inferred: the endpoint is for accounts of its own.
pub(super) fn no_account(tenant: &Tenant, user: &str, why: &mut Account) -> Option<&'static Entry> {
    if tenant.lab.high_volume.iter().any(|account| account.eq_ignore_ascii_case(user)) {
        why.step(format!("{user} is a High Volume Email account of {} (lab)", tenant.name));
        return None;
    }
    why.step(format!("{user} is no High Volume Email account of {} (lab: high_volume)", tenant.name));
    Some(&submission::AUTHENTICATION_UNSUCCESSFUL)
}

/// Whether passwords have had their day here. The end of basic authentication for SMTP
/// AUTH is another, and says nothing about this endpoint.
///
/// Source: reports of the announcement ("until September 2028"); the reply is
/// inferred.
pub(super) fn basic_ended(rules: RulesOn, why: &mut Account) -> Option<&'static Entry> {
    if rules.holds(Rule::HighVolumeBasicEnds) {
        why.step("since September 2028 High Volume Email takes no passwords");
        return Some(&submission::BASIC_AUTH_DISABLED);
    }
    None
}

/// Whether a recipient of a user who has logged in is accepted. Since June 2025 only
/// those in accepted domains of the user's organisation are.
///
/// Source: reports of the announcement; that the refusal comes at RCPT TO, and how it
/// reads, is inferred.
#[must_use]
pub fn recipient(
    tenants: &Tenants,
    user: &str,
    rcpt_to: &ForwardPath,
    rules: RulesOn,
    why: &mut Account,
) -> Decision {
    let of = |domain: &str| DomainName::new(domain).and_then(|domain| tenants.of_domain(&domain));
    let own = user.rsplit_once('@').and_then(|(_, domain)| of(domain));
    let accepted = Decision::reply(&positive::RECIPIENT_OK);
    let Some(domain) = rcpt_to.domain() else { return accepted };
    match (own, of(domain)) {
        (Some((own, _)), Some((other, _))) if std::ptr::eq(own, other) => {
            why.step(format!("{domain} is the organisation's own"));
            accepted
        }
        _ if rules.holds(Rule::HighVolumeInternalOnly) => {
            why.step(format!("{domain} is outside, and High Volume Email is for own recipients only"));
            Decision::reply(&submission::HIGH_VOLUME_INTERNAL_ONLY)
        }
        _ => {
            why.step(format!("{domain} is outside; until June 2025 High Volume Email went there too"));
            accepted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::submission::{LogIn, log_in};
    use crate::exchange::{AcceptedDomain, Endpoint, Lab, TransportConfig};
    use crate::secret::Secret;
    use crate::tls::TlsVersion;

    fn on(day: &str) -> RulesOn {
        RulesOn::day(day.parse().expect("a day"))
    }

    /// SMTP AUTH is off for the organisation; bulk@ is an account of this kind, scan@ a
    /// mailbox.
    fn tenants() -> Tenants {
        let domain = |name| AcceptedDomain {
            name: DomainName::new(name).expect("a domain"),
            kind: Default::default(),
            match_subdomains: false,
        };
        let password = |user: &str| (format!("{user}@contoso.com"), Secret::new("right"));
        let contoso = Tenant {
            name: "Contoso".into(),
            accepted_domains: vec![domain("contoso.com"), domain("contoso.onmicrosoft.com")],
            transport: TransportConfig {
                smtp_client_authentication_disabled: Some(true),
                ..TransportConfig::default()
            },
            lab: Lab {
                passwords: vec![password("bulk"), password("scan")],
                high_volume: vec!["Bulk@contoso.com".into()],
                ..Lab::default()
            },
            ..Tenant::default()
        };
        let fabrikam = Tenant { accepted_domains: vec![domain("fabrikam.com")], ..Tenant::default() };
        Tenants::new(vec![contoso, fabrikam])
    }

    fn reply(tenants: &Tenants, user: &str, basic: bool, tls: TlsVersion, day: &str) -> &'static Entry {
        let credentials = LogIn { user, secret: "right", basic, tls: Some(tls) };
        log_in(tenants, Endpoint::HighVolume, credentials, on(day), &mut Account::default()).entry
    }

    #[test]
    fn accounts_of_this_kind_log_in_whatever_the_switches_of_mailboxes_say() {
        use TlsVersion::{Tls10, Tls12};
        let (tenants, ok) = (tenants(), &positive::AUTHENTICATED);
        for (user, basic, tls, day, expected) in [
            ("bulk@contoso.com", true, Tls12, "2026-11-01", ok),
            ("scan@contoso.com", true, Tls12, "2026-11-01", &submission::AUTHENTICATION_UNSUCCESSFUL),
            ("bulk@contoso.com", true, Tls10, "2026-11-01", &submission::LEGACY_TLS_REFUSED),
            // The end for SMTP AUTH, and this endpoint's own.
            ("bulk@contoso.com", true, Tls12, "2026-12-31", ok),
            ("bulk@contoso.com", true, Tls12, "2028-08-31", ok),
            ("bulk@contoso.com", true, Tls12, "2028-09-01", &submission::BASIC_AUTH_DISABLED),
            ("bulk@contoso.com", false, Tls12, "2028-09-01", ok),
        ] {
            let got = reply(&tenants, user, basic, tls, day);
            assert!(std::ptr::eq(got, expected), "{user} {tls} {day}: {}", got.text);
        }
    }

    #[test]
    fn since_june_2025_recipients_are_the_organisations_own() {
        let tenants = tenants();
        for (rcpt, day, accepted) in [
            ("info@contoso.com", "2026-11-01", true),
            ("info@contoso.onmicrosoft.com", "2026-11-01", true),
            ("info@fabrikam.com", "2026-11-01", false),
            ("partner@outside.example", "2025-06-01", false),
            ("partner@outside.example", "2025-05-31", true),
        ] {
            let rcpt_to = ForwardPath::parse(rcpt).expect("an address");
            let why = &mut Account::default();
            let decision = recipient(&tenants, "bulk@contoso.com", &rcpt_to, on(day), why);
            assert_eq!(decision.is_positive(), accepted, "{rcpt} on {day}: {why}");
        }
    }
}
