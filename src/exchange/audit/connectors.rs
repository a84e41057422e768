//! Connectors that match nothing, are never reached, or do less than they say.

use std::collections::HashMap;

use super::estate::{Estate, Owned, has, is_attributed, listed, of_part};
use super::finding::{Finding, Fix, Rule, Severity};
use crate::exchange::catalogue::Confidence;
use crate::exchange::{
    ConnectorType, DomainName, DomainPattern, InboundConnector, Network, OutboundConnector, Part, Tenant,
};

/// The rules of this topic.
pub(super) static RULES: &[&Rule] = &[
    &MATCHES_NOTHING,
    &RESTRICTED_TO_NOTHING,
    &HEADER_SENDER,
    &FALLS_TO_PARTNER,
    &CLOUD_AND_INTERNAL,
    &CLOUD_UNEQUAL,
    &NEVER_REACHED,
    &RESTRICTION_WITHOUT_EFFECT,
    &ANY_SENDER,
    &DISABLED,
];

const CMDLET: &str = "Set-InboundConnector, learn.microsoft.com/powershell/module/exchange";

static MATCHES_NOTHING: Rule = Rule {
    id: "connector-matches-nothing",
    severity: Severity::Error,
    title: "an OnPremises connector has neither a certificate name nor addresses",
    why: "A connector recognises a server by its certificate or its address. This one recognises none, so \
          nothing relays through it.",
    source: "\"Updated Requirements for SMTP Relay through Exchange Online\", condition 2",
    confidence: Confidence::Verbatim,
    find: matches_nothing,
};

fn matches_nothing(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in &estate.on_premises {
        if owned.connector.certificate_name.is_none() && owned.connector.addresses.is_empty() {
            let message = "TlsSenderCertificateName and SenderIPAddresses are both empty".to_owned();
            let fix = owned.set("-TlsSenderCertificateName '<the server's name, an accepted domain>'");
            findings.push(owned.finding(&MATCHES_NOTHING, "TlsSenderCertificateName", message, fix, &[]));
        }
    }
}

static RESTRICTED_TO_NOTHING: Rule = Rule {
    id: "partner-restricted-to-nothing",
    severity: Severity::Error,
    title: "a Partner connector is restricted to a list that is empty",
    why: "Mail that the connector judges is refused from everywhere with 550 5.7.51.",
    source: CMDLET,
    confidence: Confidence::Inferred,
    find: restricted_to_nothing,
};

fn restricted_to_nothing(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in partners(estate) {
        let connector = owned.connector;
        let by_address = connector.restrict_to_addresses && connector.addresses.is_empty();
        let by_certificate = connector.restrict_to_certificate && connector.certificate_name.is_none();
        let (property, message, what) = match (by_address, by_certificate) {
            (true, _) => (
                "RestrictDomainsToIPAddresses",
                "RestrictDomainsToIPAddresses is true and SenderIPAddresses is empty",
                "-SenderIPAddresses <addresses>",
            ),
            (_, true) => (
                "RestrictDomainsToCertificate",
                "RestrictDomainsToCertificate is true and TlsSenderCertificateName is empty",
                "-TlsSenderCertificateName <name>",
            ),
            _ => continue,
        };
        let fix = owned.set(what);
        findings.push(owned.finding(&RESTRICTED_TO_NOTHING, property, message.to_owned(), fix, &[]));
    }
}

static HEADER_SENDER: Rule = Rule {
    id: "relay-by-header-sender-only",
    severity: Severity::Error,
    title: "only the From: header could ever authorise this connector's mail",
    why: "Its senders' domains are not the tenant's and neither is its certificate. Until 2023-10-31 an \
          accepted domain in the From: header was enough; since then such mail is refused with 550 5.7.64.",
    source: "\"Updated Requirements for SMTP Relay through Exchange Online\", techcommunity.microsoft.com 3851357",
    confidence: Confidence::Inferred,
    find: header_sender,
};

fn header_sender(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in estate.on_premises.iter().filter(|owned| has(owned.tenant, Part::AcceptedDomain)) {
        let domains = &owned.connector.sender_domains;
        let is_foreign = |pattern: &DomainPattern| {
            !owned
                .tenant
                .accepted_domains
                .iter()
                .any(|own| pattern.covers(&own.name) || is_below(own, pattern))
        };
        if domains.is_empty() || !domains.iter().all(is_foreign) || is_attributed(estate.tenants, owned) {
            continue;
        }
        let names: Vec<String> = domains.iter().map(ToString::to_string).collect();
        let message = format!(
            "SenderDomains names {} only, no accepted domain of {}",
            listed(names.iter()),
            owned.tenant.name
        );
        let fix = Fix::after(
            "let the senders use a P1 address of an accepted domain, or have the server present a certificate \
             for a name that is one, then",
            owned.set("-TlsSenderCertificateName '<that name>'"),
        );
        findings.push(owned.finding(&HEADER_SENDER, "SenderDomains", message, fix, &[]));
    }
}

/// Whether a pattern's domains all lie below an accepted domain with
/// `MatchSubDomains`.
fn is_below(own: &crate::exchange::AcceptedDomain, pattern: &DomainPattern) -> bool {
    match pattern {
        DomainPattern::Exactly(name) | DomainPattern::WithSubdomains(name) => {
            own.match_subdomains && name.is_below(&own.name)
        }
        DomainPattern::Any => false,
    }
}

static FALLS_TO_PARTNER: Rule = Rule {
    id: "own-mail-falls-to-partner",
    severity: Severity::Error,
    title: "mail to own recipients is judged by a restricting Partner connector",
    why: "A certificate name written out in full that is no accepted domain does not attribute mail to own \
          recipients. It falls back to the recipient's domain, meets the restricting Partner connector for \
          every sender, and is refused with 550 5.7.51.",
    source: "Microsoft Japan support blog on renewing a hybrid server's certificate",
    confidence: Confidence::Paraphrased,
    find: falls_to_partner,
};

fn falls_to_partner(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in estate.on_premises.iter().filter(|owned| has(owned.tenant, Part::AcceptedDomain)) {
        let Some(pattern @ DomainPattern::Exactly(name)) = &owned.connector.certificate_name else {
            continue;
        };
        // By address it would be recognised all the same.
        if is_attributed(estate.tenants, owned) || !owned.connector.addresses.is_empty() {
            continue;
        }
        let judge = owned.tenant.connectors(ConnectorType::Partner).find(|partner| {
            let restricts = partner.restrict_to_addresses || partner.restrict_to_certificate;
            let shown = partner.restrict_to_certificate
                && !partner.restrict_to_addresses
                && partner.certificate_name.as_ref().is_some_and(|own| own.covers(name));
            restricts && !shown && partner.sender_domains.contains(&DomainPattern::Any)
        });
        let Some(judge) = judge else { continue };
        let message = format!(
            "{pattern} is no accepted domain, and Partner connector \"{}\" takes mail of every sender from \
             its own sources only",
            judge.name
        );
        let fix = Fix::after(
            format!("verify {name} as accepted domain, or"),
            owned.set("-TlsSenderCertificateName '*.<an accepted domain>'"),
        );
        let other = Owned { connector: judge, ..*owned };
        findings.push(owned.finding(&FALLS_TO_PARTNER, "TlsSenderCertificateName", message, fix, &[other]));
    }
}

static CLOUD_AND_INTERNAL: Rule = Rule {
    id: "treat-messages-as-internal",
    severity: Severity::Error,
    title: "TreatMessagesAsInternal stands where it cannot",
    why: "It excludes CloudServicesMailEnabled and is for connectors of type OnPremises alone; which of the \
          two wins is stated nowhere.",
    source: CMDLET,
    confidence: Confidence::Verbatim,
    find: cloud_and_internal,
};

fn cloud_and_internal(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in every(estate).filter(|owned| owned.connector.treat_messages_as_internal == Some(true)) {
        let message = if owned.connector.cloud_services_mail_enabled == Some(true) {
            "TreatMessagesAsInternal and CloudServicesMailEnabled are both true"
        } else if owned.connector.kind == ConnectorType::Partner {
            "TreatMessagesAsInternal is true on a Partner connector"
        } else {
            continue;
        };
        let fix = owned.set("-TreatMessagesAsInternal $false");
        findings.push(owned.finding(
            &CLOUD_AND_INTERNAL,
            "TreatMessagesAsInternal",
            message.to_owned(),
            fix,
            &[],
        ));
    }
}

static CLOUD_UNEQUAL: Rule = Rule {
    id: "add-on-headers-unequal",
    severity: Severity::Error,
    title: "CloudServicesMailEnabled differs between the connectors to and from a service",
    why: "The internal headers that one side writes are stripped by the other: mail that comes back counts \
          as foreign, and a loop guard that rests on them fails.",
    source: "\"Integrate Exchange Online with an email add-on service\"; Set-OutboundConnector",
    confidence: Confidence::Paraphrased,
    find: cloud_unequal,
};

fn cloud_unequal(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in &estate.on_premises {
        let Some(DomainPattern::Exactly(name) | DomainPattern::WithSubdomains(name)) =
            &owned.connector.certificate_name
        else {
            continue;
        };
        let Some(inbound) = owned.connector.cloud_services_mail_enabled else { continue };
        let goes_out = owned.tenant.outbound_connectors.iter().filter(|outbound| outbound.enabled);
        let pair = goes_out.filter(|outbound| outbound.kind == ConnectorType::OnPremises).find(|outbound| {
            outbound.cloud_services_mail_enabled == Some(!inbound) && leads_to(outbound, name)
        });
        let Some(pair) = pair else { continue };
        let message = format!(
            "CloudServicesMailEnabled is {inbound} here and {} on OutboundConnector \"{}\" to the same service",
            !inbound, pair.name
        );
        let fix = owned.set(&format!("-CloudServicesMailEnabled ${}", !inbound));
        let mut finding = owned.finding(&CLOUD_UNEQUAL, "CloudServicesMailEnabled", message, fix, &[]);
        finding.others.push(super::Other {
            tenant: owned.tenant.name.clone(),
            object: format!("OutboundConnector \"{}\"", pair.name),
            at: pair.at.find("CloudServicesMailEnabled"),
        });
        findings.push(finding);
    }
}

/// Whether an outbound connector goes to the service whose certificate comes back:
/// its TlsDomain or a smart host is the name, or above it.
fn leads_to(outbound: &OutboundConnector, name: &DomainName) -> bool {
    let is = |domain: &DomainName| domain == name || name.is_below(domain);
    let by_tls_domain = match &outbound.tls_domain {
        Some(DomainPattern::Exactly(domain) | DomainPattern::WithSubdomains(domain)) => is(domain),
        Some(DomainPattern::Any) | None => false,
    };
    by_tls_domain
        || outbound.smart_hosts.iter().filter_map(|host| DomainName::new(host)).any(|host| is(&host))
}

static NEVER_REACHED: Rule = Rule {
    id: "connector-never-reached",
    severity: Severity::Warning,
    title: "another connector takes everything that this one would",
    why: "Its settings have no effect: what it matches is matched by the other first. Which of two matching \
          connectors the service takes is documented nowhere; that the settings of one do not count is \
          certain.",
    source: "follows from how connectors match: Set-InboundConnector",
    confidence: Confidence::Inferred,
    find: never_reached,
};

fn never_reached(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for (number, tenant) in estate.tenants.iter().enumerate() {
        let own = |connector| Owned { number, tenant, connector };
        let on_premises: Vec<_> = tenant.connectors(ConnectorType::OnPremises).map(own).collect();
        let near = Near::of(&on_premises);
        for (at, owned) in on_premises.iter().enumerate() {
            let first = near.candidates(owned.connector).find(|other| {
                let wide = on_premises[*other].connector;
                // Of two that are equal the second is the one too many.
                *other != at
                    && takes_all(wide, owned.connector)
                    && (*other < at || !takes_all(owned.connector, wide))
            });
            if let Some(first) = first {
                findings.push(unreached(owned, &on_premises[first]));
            }
        }
        // Partner connectors by a sender domain: the first that refuses nobody judges.
        let mut open: HashMap<&DomainPattern, Owned<'_>> = HashMap::new();
        for owned in tenant.connectors(ConnectorType::Partner).map(own) {
            let is_open = !owned.connector.restrict_to_addresses && !owned.connector.restrict_to_certificate;
            for pattern in owned.connector.sender_domains.iter().filter(|_| is_open) {
                open.entry(pattern).or_insert(owned);
            }
        }
        for owned in tenant.connectors(ConnectorType::Partner).map(own) {
            let judges = owned.connector.sender_domains.iter().map(|pattern| open.get(pattern));
            let mut judges =
                judges.map(|judge| judge.filter(|judge| !std::ptr::eq(judge.connector, owned.connector)));
            if let Some(Some(first)) = judges.next()
                && judges.all(|judge| judge.is_some())
            {
                findings.push(unreached(&owned, first));
            }
        }
    }
}

fn unreached(owned: &Owned<'_>, first: &Owned<'_>) -> Finding {
    let property = match owned.connector.kind {
        ConnectorType::Partner => "SenderDomains",
        ConnectorType::OnPremises if owned.connector.certificate_name.is_some() => "TlsSenderCertificateName",
        ConnectorType::OnPremises => "SenderIPAddresses",
    };
    let message = format!("everything that it matches is matched by \"{}\" as well", first.connector.name);
    let fix = Fix::after(
        format!("take over what is to hold into \"{}\", then", first.connector.name),
        format!("Remove-InboundConnector -Identity {}", super::estate::quoted(&owned.connector.name)),
    );
    owned.finding(&NEVER_REACHED, property, message, fix, std::slice::from_ref(first))
}

/// The connectors of a tenant by what they match, so that each is compared with
/// those alone that could take its mail.
#[derive(Default)]
struct Near<'a> {
    names: HashMap<(bool, &'a str), Vec<usize>>,
    networks: HashMap<Network, Vec<usize>>,
}

impl<'a> Near<'a> {
    fn of(connectors: &[Owned<'a>]) -> Self {
        let mut near = Self::default();
        for (at, owned) in connectors.iter().enumerate() {
            match &owned.connector.certificate_name {
                Some(DomainPattern::Exactly(name)) => {
                    near.names.entry((false, name.as_str())).or_default().push(at);
                }
                Some(DomainPattern::WithSubdomains(name)) => {
                    near.names.entry((true, name.as_str())).or_default().push(at);
                }
                Some(DomainPattern::Any) | None => {}
            }
            for network in &owned.connector.addresses {
                near.networks.entry(network.masked()).or_default().push(at);
            }
        }
        near
    }

    /// Those that match the connector's certificate name, or, where it has none, its
    /// first address.
    fn candidates(&self, narrow: &'a InboundConnector) -> impl Iterator<Item = usize> {
        let (exact, name) = match &narrow.certificate_name {
            Some(DomainPattern::Exactly(name)) => (Some(name), Some(name)),
            Some(DomainPattern::WithSubdomains(name)) => (None, Some(name)),
            Some(DomainPattern::Any) | None => (None, None),
        };
        let exact = exact.and_then(|name| self.names.get(&(false, name.as_str())));
        let above = name.into_iter().flat_map(|name| std::iter::once(name.as_str()).chain(name.parents()));
        let wild = above.filter_map(|name| self.names.get(&(true, name)));
        let network = narrow.addresses.first().filter(|_| name.is_none()).map(|network| network.masked());
        let networks =
            network.into_iter().flat_map(|network| std::iter::once(network).chain(network.wider()));
        let networks = networks.filter_map(|network| self.networks.get(&network));
        exact.into_iter().chain(wild).chain(networks).flatten().copied()
    }
}

/// Whether an OnPremises connector matches whatever another matches, by the same
/// means.
fn takes_all(wide: &InboundConnector, narrow: &InboundConnector) -> bool {
    let certificate = match (&wide.certificate_name, &narrow.certificate_name) {
        (_, None) => true,
        (Some(wide), Some(DomainPattern::Exactly(name) | DomainPattern::WithSubdomains(name))) => {
            wide.covers(name)
                && (wide != &DomainPattern::Exactly(name.clone())
                    || narrow.certificate_name.as_ref() == Some(wide))
        }
        _ => false,
    };
    let addresses =
        narrow.addresses.iter().all(|own| wide.addresses.iter().any(|network| network.covers(*own)));
    let matches_any = narrow.certificate_name.is_some() || !narrow.addresses.is_empty();
    certificate && addresses && matches_any
}

static RESTRICTION_WITHOUT_EFFECT: Rule = Rule {
    id: "restriction-without-effect",
    severity: Severity::Note,
    title: "a restriction stands on an OnPremises connector",
    why: "RestrictDomainsToIPAddresses and RestrictDomainsToCertificate apply to Partner connectors only: \
          nothing is refused for want of the certificate or address.",
    source: CMDLET,
    confidence: Confidence::Verbatim,
    find: restriction_without_effect,
};

fn restriction_without_effect(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in &estate.on_premises {
        let property = match (owned.connector.restrict_to_certificate, owned.connector.restrict_to_addresses)
        {
            (true, _) => "RestrictDomainsToCertificate",
            (_, true) => "RestrictDomainsToIPAddresses",
            _ => continue,
        };
        let fix = Fix::after(
            "it may stay, as it stands in Microsoft's own sample for add-on services; so that nobody relies on it",
            owned.set(&format!("-{property} $false")),
        );
        findings.push(owned.finding(
            &RESTRICTION_WITHOUT_EFFECT,
            property,
            format!("{property} is true"),
            fix,
            &[],
        ));
    }
}

static ANY_SENDER: Rule = Rule {
    id: "partner-any-sender-unrestricted",
    severity: Severity::Note,
    title: "a Partner connector for every sender refuses nobody",
    why: "Where the MX record points to a filtering gateway, whoever knows the tenant's own host name goes \
          past it. The MX record is not in the export, so this is for you to know.",
    source: CMDLET,
    confidence: Confidence::Paraphrased,
    find: any_sender,
};

fn any_sender(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in partners(estate) {
        let connector = owned.connector;
        let restricts = connector.restrict_to_addresses || connector.restrict_to_certificate;
        if restricts || !connector.sender_domains.contains(&DomainPattern::Any) {
            continue;
        }
        let message = "SenderDomains is * and nothing restricts it".to_owned();
        let fix = Fix::after(
            "if the MX record points elsewhere",
            owned.set("-RestrictDomainsToIPAddresses $true -SenderIPAddresses <addresses>"),
        );
        findings.push(owned.finding(&ANY_SENDER, "SenderDomains", message, fix, &[]));
    }
}

static DISABLED: Rule = Rule {
    id: "connector-disabled",
    severity: Severity::Note,
    title: "a connector is switched off",
    why: "It matches nothing. New OnPremises connectors may be created switched off until support enables \
          them; others are left over.",
    source: "\"Inbound connector FAQ\", learn.microsoft.com",
    confidence: Confidence::Verbatim,
    find: disabled,
};

fn disabled(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for tenant in estate.with(Part::InboundConnector) {
        let off: Vec<&InboundConnector> = tenant.inbound_connectors.iter().filter(|c| !c.enabled).collect();
        if off.is_empty() {
            continue;
        }
        let names: Vec<String> = off.iter().map(|connector| format!("\"{}\"", connector.name)).collect();
        let message = format!("{} {} off", listed(names.iter()), if off.len() == 1 { "is" } else { "are" });
        let command = format!("Remove-InboundConnector -Identity {}", super::estate::quoted(&off[0].name));
        let fix = Fix::after("if it is a left-over", command);
        let mut finding = of_part(&DISABLED, tenant, Part::InboundConnector, "Enabled", message, fix);
        finding.at = off[0].at.find("Enabled").or(finding.at);
        findings.push(finding);
    }
}

/// Every connector, disabled ones aside.
fn every<'a>(estate: &Estate<'a>) -> impl Iterator<Item = Owned<'a>> + use<'a> {
    let tenants: &'a crate::exchange::Tenants = estate.tenants;
    tenants.iter().enumerate().flat_map(|(number, tenant): (usize, &'a Tenant)| {
        let enabled = tenant.inbound_connectors.iter().filter(|connector| connector.enabled);
        enabled.map(move |connector| Owned { number, tenant, connector })
    })
}

fn partners<'a>(estate: &Estate<'a>) -> impl Iterator<Item = Owned<'a>> + use<'a> {
    every(estate).filter(|owned| owned.connector.kind == ConnectorType::Partner)
}
