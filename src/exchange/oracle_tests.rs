//! The decision table, whole: every combination of certificate, address, P1, P2,
//! recipient and day, against an oracle that was written from the text of the rules.
//!
//! The oracle calls none of the rules and matches no name: which tenant a
//! certificate, an address or a domain speaks for stands in the tables below, by
//! hand.

use chrono::NaiveDate;

use super::relay::{header_from, recipient};
use super::{
    AcceptedDomain, Account, CertificateName, ConnectorType, DomainName, DomainPattern, DomainType,
    InboundConnector, Network, OrganizationConfig, Peer, Presented, RulesOn, Tenant, Tenants,
};
use crate::smtp::{ForwardPath, ReversePath};

/// The organisations, in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// A wildcard connector, one by address, one whose certificate is a stranger's.
    Contoso,
    /// A certificate name in full that is accepted, one that is not, an address that
    /// Contoso lists too.
    Fabrikam,
    /// `RejectDirectSend`, and sub-domains that count for mail, though not for
    /// certificates.
    Northwind,
    /// A Partner connector on `*` that takes mail from one address only.
    Tailspin,
}
use Who::{Contoso, Fabrikam, Northwind, Tailspin};

/// A certificate: its names; whose connectors it matches by a wildcard; whose by a
/// name in full; for whom its domain counts as accepted.
type Certificate = (&'static [&'static str], &'static [Who], &'static [Who], &'static [Who]);

const CERTIFICATES: [Certificate; 12] = [
    (&[], &[], &[], &[]),
    // One that counts as none, whatever it says.
    UNUSABLE,
    (&["relay.contoso.com"], &[Contoso], &[], &[Contoso]),
    (&["contoso.com"], &[Contoso], &[], &[Contoso]),
    (&["*.contoso.com"], &[Contoso], &[], &[Contoso]),
    (&["mail.fabrikam.com"], &[], &[Fabrikam], &[Fabrikam]),
    (&["relay.fabrikam.com"], &[], &[Fabrikam], &[]),
    (&["mail.ticketservice.example"], &[], &[Contoso], &[]),
    (&["northwind.example"], &[], &[], &[Northwind]),
    (&["host.northwind.example"], &[], &[], &[]),
    (&["elsewhere.example"], &[], &[], &[]),
    (&["mail.fabrikam.com", "relay.contoso.com"], &[Contoso], &[Fabrikam], &[Contoso, Fabrikam]),
];

const UNUSABLE: Certificate = (&["self-signed"], &[], &[], &[]);

/// An address, and whose enabled OnPremises connectors list it.
const ADDRESSES: [(&str, &[Who]); 6] = [
    ("203.0.113.10", &[Contoso]),
    ("198.51.100.25", &[Contoso, Fabrikam]),
    ("203.0.113.99", &[]),
    // In a disabled connector of Contoso's.
    ("203.0.113.200", &[]),
    // The gateway of Tailspin's Partner connector.
    ("192.0.2.50", &[]),
    ("2001:db8::1", &[]),
];

/// A sender, and whose accepted domain it is in.
const SENDERS: [(&str, Option<Who>); 8] = [
    ("", None),
    ("app@contoso.com", Some(Contoso)),
    ("app@fabrikam.com", Some(Fabrikam)),
    ("app@northwind.example", Some(Northwind)),
    ("app@deep.northwind.example", Some(Northwind)),
    ("app@tailspin.example", Some(Tailspin)),
    ("app@sub.contoso.com", None),
    ("bounce@mailer.example", None),
];

/// A recipient, whose it is, and whether mail for it is taken.
const RECIPIENTS: [(&str, Option<Who>, bool); 8] = [
    ("partner@outside.example", None, true),
    ("info@contoso.com", Some(Contoso), true),
    ("nobody@contoso.com", Some(Contoso), false),
    ("nobody@plant.contoso.com", Some(Contoso), true),
    ("anybody@fabrikam.com", Some(Fabrikam), true),
    ("anybody@northwind.example", Some(Northwind), true),
    ("anybody@deep.northwind.example", Some(Northwind), true),
    ("anybody@tailspin.example", Some(Tailspin), true),
];

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Taken, and attributed to.
    Taken(Who),
    /// Refused at RCPT TO with X.Y.Z.
    AtRcpt(&'static str),
    /// Refused after the data.
    AtEnd(&'static str),
}

/// The rules, from their text alone.
fn oracle(
    (_, wildcard, in_full, accepted): Certificate,
    (address, lists): (&str, &[Who]),
    p1: Option<Who>,
    p2: Option<Who>,
    (owner, exists): (Option<Who>, bool),
    header_counts: bool,
) -> Fate {
    let all = [Contoso, Fabrikam, Northwind, Tailspin];
    let local = |who| if exists { Fate::Taken(who) } else { Fate::AtRcpt("5.4.1") };
    // Condition 2: "the sending host's IP address or the certificate domain matches
    // an inbound connector of OnPremises type".
    let connects = |who: Who| wildcard.contains(&who) || in_full.contains(&who) || lists.contains(&who);
    // Order of attribution: certificate domain, then P1. With either goes condition 1.
    let by_certificate = all.into_iter().find(|who| connects(*who) && accepted.contains(who));
    let by_p1 = p1.filter(|who| connects(*who));
    // A full certificate name that is no accepted domain: for own recipients the
    // server is a stranger, unless something else vouches for it.
    let stranger = |who: Who| {
        let vouched = wildcard.contains(&who) || lists.contains(&who);
        !vouched
    };
    let inbound = |who: Who| {
        if wildcard.contains(&who) || lists.contains(&who) {
            return local(who);
        }
        if who == Tailspin && address != "192.0.2.50" {
            return Fate::AtRcpt("5.7.51");
        }
        if who == Northwind && p1 == Some(Northwind) {
            return Fate::AtRcpt("5.7.68");
        }
        local(who)
    };
    match (by_certificate, by_p1, owner) {
        (Some(sender), _, Some(owner)) if sender == owner => local(owner),
        (Some(sender), ..) => Fate::Taken(sender),
        (None, Some(sender), Some(owner)) if sender == owner => {
            if stranger(owner) {
                inbound(owner)
            } else {
                local(owner)
            }
        }
        (None, Some(sender), _) => Fate::Taken(sender),
        (None, None, Some(owner)) => inbound(owner),
        (None, None, None) if header_counts && all.into_iter().any(connects) => match p2 {
            Some(author) if connects(author) => Fate::Taken(author),
            _ => Fate::AtEnd("5.7.64"),
        },
        (None, None, None) => Fate::AtRcpt("5.7.64"),
    }
}

fn tenants() -> Tenants {
    let domain = |name: &str, kind| AcceptedDomain {
        name: DomainName::new(name).expect("a domain"),
        kind,
        match_subdomains: false,
    };
    let own = |name| domain(name, DomainType::Authoritative);
    let by_address = |addresses: &[&str]| InboundConnector {
        name: addresses.join(" "),
        enabled: true,
        kind: ConnectorType::OnPremises,
        addresses: addresses.iter().map(|text| Network::parse(text).expect("a network")).collect(),
        ..InboundConnector::default()
    };
    let by_name = |name: &str| InboundConnector {
        certificate_name: DomainPattern::parse(name),
        name: name.to_owned(),
        ..by_address(&[])
    };
    let tenant = |who: Who, accepted_domains, inbound_connectors| Tenant {
        name: format!("{who:?}"),
        accepted_domains,
        inbound_connectors,
        ..Tenant::default()
    };
    let contoso = Tenant {
        recipients: Some(["info@contoso.com"].into_iter().collect()),
        ..tenant(
            Contoso,
            vec![own("contoso.com"), domain("plant.contoso.com", DomainType::InternalRelay)],
            vec![
                by_address(&["203.0.113.10", "198.51.100.0/27"]),
                by_name("*.contoso.com"),
                by_name("mail.ticketservice.example"),
                InboundConnector { enabled: false, ..by_address(&["203.0.113.200"]) },
            ],
        )
    };
    let fabrikam = tenant(
        Fabrikam,
        vec![own("fabrikam.com"), own("mail.fabrikam.com")],
        vec![by_name("mail.fabrikam.com"), by_address(&["198.51.100.25"]), by_name("relay.fabrikam.com")],
    );
    let northwind = Tenant {
        organization: OrganizationConfig { reject_direct_send: Some(true), ..OrganizationConfig::default() },
        ..tenant(
            Northwind,
            vec![AcceptedDomain { match_subdomains: true, ..own("northwind.example") }],
            Vec::new(),
        )
    };
    let gateway = InboundConnector {
        kind: ConnectorType::Partner,
        sender_domains: vec![DomainPattern::Any],
        restrict_to_addresses: true,
        ..by_address(&["192.0.2.50"])
    };
    let tailspin = tenant(Tailspin, vec![own("tailspin.example")], vec![gateway]);
    Tenants::new(vec![contoso, fabrikam, northwind, tailspin])
}

/// What the rules make of it, RCPT TO and end of data together.
fn ruled(tenants: &Tenants, peer: &Peer, p1: &str, p2: &str, rcpt: &str, rules: RulesOn) -> (Fate, Account) {
    let mut why = Account::default();
    let reverse = ReversePath::parse(p1).expect("an address");
    let forward = ForwardPath::parse(rcpt).expect("an address");
    let at_rcpt = recipient(tenants, peer, &reverse, &forward, rules, &mut why);
    let code =
        |decision: &super::Decision| match decision.entry.enhanced.map(|code| code.to_string()).as_deref() {
            Some("5.7.64") => "5.7.64",
            Some("5.7.51") => "5.7.51",
            Some("5.7.68") => "5.7.68",
            Some("5.4.1") => "5.4.1",
            _ => "something else",
        };
    if !at_rcpt.is_positive() {
        return (Fate::AtRcpt(code(&at_rcpt)), why);
    }
    let attribution = if at_rcpt.awaits_header {
        let author = p2.rsplit_once('@').and_then(|(_, domain)| DomainName::new(domain));
        let at_end = header_from(tenants, peer, author.as_slice(), &mut why);
        if !at_end.is_positive() {
            return (Fate::AtEnd(code(&at_end)), why);
        }
        at_end.attribution
    } else {
        at_rcpt.attribution
    };
    let tenant = attribution.map(|attribution| attribution.tenant).unwrap_or_default();
    let all = [Contoso, Fabrikam, Northwind, Tailspin];
    let who = all.into_iter().find(|who| format!("{who:?}") == tenant);
    (Fate::Taken(who.unwrap_or_else(|| panic!("attributed to nobody: {why}"))), why)
}

#[test]
fn every_combination_falls_as_the_text_of_the_rules_has_it() {
    let tenants = tenants();
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a day");
    let days = [(day(2023, 10, 31), true), (day(2023, 11, 1), false), (day(2026, 11, 1), false)];
    let mut combinations = 0;
    for certificate in CERTIFICATES {
        for (address, lists) in ADDRESSES {
            let shown = match certificate.0 {
                [] => Presented::None,
                names if names == UNUSABLE.0 => Presented::Unusable { reason: "it is self-signed".into() },
                names => {
                    let name = |name: &&str| CertificateName::new(name).expect("a name");
                    Presented::Names(names.iter().map(name).collect())
                }
            };
            let peer = Peer { address: address.parse().expect("an address"), tls: None, certificate: shown };
            for (p1, p1_owner) in SENDERS {
                for (p2, p2_owner) in SENDERS {
                    for (rcpt, owner, exists) in RECIPIENTS {
                        for (day, header_counts) in days {
                            let expected = oracle(
                                certificate,
                                (address, lists),
                                p1_owner,
                                p2_owner,
                                (owner, exists),
                                header_counts,
                            );
                            let (got, why) = ruled(&tenants, &peer, p1, p2, rcpt, RulesOn::day(day));
                            assert_eq!(
                                got, expected,
                                "{:?} from {address}, P1 <{p1}>, P2 <{p2}>, to {rcpt}, {day}: {why}",
                                certificate.0
                            );
                            combinations += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(combinations, 12 * 6 * 8 * 8 * 8 * 3);
}
