//! Certificate names of OnPremises connectors: whose they are, and who else has them.

use std::collections::{BTreeMap, HashMap};

use super::estate::{Estate, Owned, has, is_attributed, listed};
use super::finding::{Finding, Fix, Rule, Severity};
use crate::exchange::catalogue::Confidence;
use crate::exchange::{DomainName, DomainPattern, Part, Tenant};

/// The rules of this topic.
pub(super) static RULES: &[&Rule] = &[&NOT_ACCEPTED, &OF_ANOTHER, &SHARED, &CATCHES_OTHERS, &WILDCARD];

const MC1226222: &str = "MC1226222, connector guidance of February 2026";
const PROPERTY: &str = "TlsSenderCertificateName";

static NOT_ACCEPTED: Rule = Rule {
    id: "certificate-domain-not-accepted",
    severity: Severity::Error,
    title: "the certificate domain is no accepted domain of the tenant",
    why: "The certificate authorises nothing by itself then: mail with the null sender (bounces, \
          out-of-office replies) or a foreign P1 sender is refused with 550 5.7.64, and what works \
          today may stop without notice when a tenant is moved.",
    source: MC1226222,
    confidence: Confidence::Verbatim,
    find: not_accepted,
};

fn not_accepted(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in estate.on_premises.iter().filter(|owned| has(owned.tenant, Part::AcceptedDomain)) {
        let Some(pattern) = &owned.connector.certificate_name else { continue };
        let Some(name) = domain(pattern) else { continue };
        if is_attributed(estate.tenants, owned) || estate.tenants.owner(name).is_some() {
            continue;
        }
        let parent = match pattern {
            DomainPattern::Exactly(name) => {
                owned.tenant.accepted_domains.iter().find(|own| name.is_below(&own.name))
            }
            _ => None,
        };
        let message = match parent {
            Some(parent) => {
                format!(
                    "{pattern} is no accepted domain of {}, only {} above it",
                    owned.tenant.name, parent.name
                )
            }
            None => format!("{pattern} is no accepted domain of {}", owned.tenant.name),
        };
        let fix = match parent {
            // Exchange team reply 3855525: "The safest way is to add the subdomain".
            Some(parent) => Fix::after(
                format!("verify {name} as accepted domain (Microsoft 365 admin center), or"),
                owned.set(&format!("-{PROPERTY} '*.{}'", parent.name)),
            ),
            None => Fix::after(
                "have the server present a certificate for a name of yours, verify that name as accepted \
                 domain, then",
                owned.set(&format!("-{PROPERTY} '<that name>'")),
            ),
        };
        findings.push(owned.finding(&NOT_ACCEPTED, PROPERTY, message, fix, &[]));
    }
}

static OF_ANOTHER: Rule = Rule {
    id: "certificate-domain-of-another-tenant",
    severity: Severity::Error,
    title: "the certificate domain is another tenant's accepted domain",
    why: "The certificate outranks the P1 sender: where the other tenant has a connector for it, mail \
          with this certificate is attributed there, whoever sends it.",
    source: MC1226222,
    confidence: Confidence::Verbatim,
    find: of_another,
};

fn of_another(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in &estate.on_premises {
        let Some(name) = owned.connector.certificate_name.as_ref().and_then(domain) else { continue };
        let Some(other) = estate.tenants.owner(name) else { continue };
        if std::ptr::eq(other, owned.tenant) || is_attributed(estate.tenants, owned) {
            continue;
        }
        let message = format!("{name} is an accepted domain of {}", other.name);
        let fix = Fix::after(
            "have the server present a certificate for a name of yours, then",
            owned.set(&format!("-{PROPERTY} '<that name>'")),
        );
        findings.push(owned.finding(&OF_ANOTHER, PROPERTY, message, fix, &[]));
    }
}

static SHARED: Rule = Rule {
    id: "certificate-shared",
    severity: Severity::Error,
    title: "connectors of several tenants have the same certificate name",
    why: "One certificate names one tenant at most: mail of one customer can be attributed to another. A \
          server that sends for several tenants needs a certificate and a send connector for each.",
    source: MC1226222,
    confidence: Confidence::Verbatim,
    find: shared,
};

fn shared(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in &estate.on_premises {
        let Some(pattern) = &owned.connector.certificate_name else { continue };
        let same = match pattern {
            DomainPattern::Exactly(name) => estate.names.get(name.as_str()),
            DomainPattern::WithSubdomains(name) => estate.wildcards.get(name.as_str()),
            DomainPattern::Any => None,
        };
        let same = same.into_iter().flat_map(BTreeMap::values);
        let others: Vec<_> = same.filter(|other| other.number != owned.number).copied().collect();
        if others.is_empty() {
            continue;
        }
        let names = listed(others.iter().map(|other| other.tenant.name.as_str()));
        let message = format!("{pattern} is the certificate name of connectors of {names} as well");
        let fix = Fix::after(
            "have the service present a certificate of your own, whose name you verify as accepted domain, then",
            owned.set(&format!("-{PROPERTY} '<that name>'")),
        );
        findings.push(owned.finding(&SHARED, PROPERTY, message, fix, &others));
    }
}

static CATCHES_OTHERS: Rule = Rule {
    id: "wildcard-catches-other-tenants",
    severity: Severity::Warning,
    title: "a wildcard certificate name covers hosts of other tenants",
    why: "A host of the other tenant matches this connector as well, so that mail meant for one can be \
          taken for the other's.",
    source: "Exchange team reply 3855525 on \"Updated Requirements for SMTP Relay through Exchange Online\"",
    confidence: Confidence::Paraphrased,
    find: catches_others,
};

fn catches_others<'a>(estate: &Estate<'a>, findings: &mut Vec<Finding>) {
    // By the wildcard's domain, of each tenant one name.
    let mut covered: HashMap<&str, BTreeMap<usize, Covered<'a>>> = HashMap::new();
    let mut note = |number, one: Covered<'a>| {
        let Covered { name, .. } = one;
        for domain in itself_and_parents(name).filter(|domain| estate.wildcards.contains_key(domain)) {
            covered.entry(domain).or_default().entry(number).or_insert(one);
        }
    };
    for owned in &estate.on_premises {
        if let Some(DomainPattern::Exactly(name)) = &owned.connector.certificate_name {
            note(owned.number, Covered { name, tenant: owned.tenant, connector: Some(*owned) });
        }
    }
    for (number, tenant) in estate.tenants.iter().enumerate() {
        for own in &tenant.accepted_domains {
            note(number, Covered { name: &own.name, tenant, connector: None });
        }
    }
    for (wild, domain) in wildcards(estate) {
        let covered = covered.get(domain.as_str()).into_iter().flatten();
        // Where the very domain is another's, another rule says so.
        let others: Vec<&Covered<'_>> = covered
            .filter(|(number, other)| **number != wild.number && other.name != domain)
            .map(|(_, other)| other)
            .collect();
        if others.is_empty() {
            continue;
        }
        let names = others.iter().map(|other| format!("{} of {}", other.name, other.tenant.name));
        let message = format!("*.{domain} covers {}", listed(names));
        let fix = wild.set(&format!("-{PROPERTY} '<the name of your own host>'"));
        let connectors: Vec<_> = others.iter().filter_map(|other| other.connector).collect();
        findings.push(wild.finding(&CATCHES_OTHERS, PROPERTY, message, fix, &connectors));
    }
}

/// A name of a tenant that a wildcard covers: a certificate name, or an accepted
/// domain.
#[derive(Clone, Copy)]
struct Covered<'a> {
    name: &'a DomainName,
    tenant: &'a Tenant,
    connector: Option<Owned<'a>>,
}

static WILDCARD: Rule = Rule {
    id: "certificate-name-wildcard",
    severity: Severity::Note,
    title: "the certificate name is a wildcard",
    why: "Every host with a certificate below the domain matches the connector, not the mail servers \
          alone. It is allowed and not recommended.",
    source: "\"Guide: How to verify your compliance\", learn.microsoft.com/answers/a/11582569",
    confidence: Confidence::Verbatim,
    find: wildcard,
};

fn wildcard(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for (wild, domain) in wildcards(estate) {
        let message = format!("*.{domain} matches every host below {domain}");
        let fix = Fix::after(
            "verify the mail server's full name as accepted domain, then",
            wild.set(&format!("-{PROPERTY} '<that name>'")),
        );
        findings.push(wild.finding(&WILDCARD, PROPERTY, message, fix, &[]));
    }
}

/// The connectors with a wildcard and its domain, in the order of the files.
fn wildcards<'e, 'a>(estate: &'e Estate<'a>) -> impl Iterator<Item = (&'e Owned<'a>, &'a DomainName)> {
    estate.on_premises.iter().filter_map(|owned| match &owned.connector.certificate_name {
        Some(DomainPattern::WithSubdomains(domain)) => Some((owned, domain)),
        _ => None,
    })
}

fn itself_and_parents(name: &DomainName) -> impl Iterator<Item = &str> {
    std::iter::once(name.as_str()).chain(name.parents())
}

/// The domain that a certificate name is about.
fn domain(pattern: &DomainPattern) -> Option<&DomainName> {
    match pattern {
        DomainPattern::Exactly(name) | DomainPattern::WithSubdomains(name) => Some(name),
        DomainPattern::Any => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::exchange::audit::testing::{found, tenant};

    fn one(certificate: &str) -> String {
        format!(
            "      - {{ Name: Relay, ConnectorType: OnPremises, TlsSenderCertificateName: \"{certificate}\" }}\n"
        )
    }

    fn two(first: &str, second: &str) -> String {
        format!(
            "tenants:\n{}{}",
            tenant("A", "a.example", &one(first)),
            tenant("B", "b.example", &one(second))
        )
    }

    #[test]
    fn a_certificate_domain_must_be_accepted() {
        let id = "certificate-domain-not-accepted";
        let alone = |name| found(id, &format!("tenants:\n{}", tenant("A", "a.example", &one(name))));
        assert_eq!(
            alone("mail.service.example"),
            ["A: InboundConnector \"Relay\": mail.service.example is no accepted domain of A"]
        );
        assert_eq!(
            alone("relay.a.example"),
            [
                "A: InboundConnector \"Relay\": relay.a.example is no accepted domain of A, only a.example above it"
            ]
        );
        for good in ["a.example", "*.a.example", "*.example"] {
            assert_eq!(alone(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn nothing_is_guessed_without_the_accepted_domains() {
        let text = format!("tenants:\n  - name: A\n    InboundConnector:\n{}", one("mail.service.example"));
        assert_eq!(found("certificate-domain-not-accepted", &text), Vec::<String>::new());
    }

    #[test]
    fn a_certificate_domain_of_another_tenant_is_named() {
        assert_eq!(
            found("certificate-domain-of-another-tenant", &two("a.example", "a.example")),
            ["B: InboundConnector \"Relay\": a.example is an accepted domain of A"]
        );
    }

    #[test]
    fn a_shared_certificate_is_told_to_both() {
        assert_eq!(
            found("certificate-shared", &two("smtp.service.example", "smtp.service.example")),
            [
                "A: InboundConnector \"Relay\": smtp.service.example is the certificate name of connectors of B as well",
                "B: InboundConnector \"Relay\": smtp.service.example is the certificate name of connectors of A as well",
            ]
        );
    }

    #[test]
    fn a_wildcard_over_other_tenants_is_told_to_its_owner() {
        assert_eq!(
            found("wildcard-catches-other-tenants", &two("*.example", "mail.b.example")),
            ["A: InboundConnector \"Relay\": *.example covers mail.b.example of B"]
        );
        assert_eq!(
            found("wildcard-catches-other-tenants", &two("*.a.example", "b.example")),
            Vec::<String>::new()
        );
        assert_eq!(found("certificate-name-wildcard", &two("*.a.example", "b.example")).len(), 1);
    }
}
