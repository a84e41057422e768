//! Whose mail it is: by certificate, then by P1 sender; the recipient's turn
//! comes in `relay`.

use super::Account;
use super::connectors::{Match, Matches, accepted_certificate_domain, owners};
use super::decision::{AttributedBy, Attribution};
use super::domain::DomainName;
use super::peer::{Peer, Presented};
use super::tenants::{Tenant, Tenants};
use crate::smtp::ReversePath;

/// A tenant that mail was attributed to, through one of its connectors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributed<'a> {
    /// The tenant.
    pub(super) tenant: &'a Tenant,
    /// The connector of type OnPremises that the peer matched.
    pub(super) matched: Match<'a>,
    /// What settled it.
    pub(super) by: AttributedBy,
}

impl Attributed<'_> {
    /// The same by name.
    #[must_use]
    pub(super) fn by_name(&self) -> Attribution {
        Attribution {
            tenant: self.tenant.name.clone(),
            connector: Some(self.matched.connector.name.clone()),
            by: self.by,
        }
    }
}

/// The tenant whose server this is: the one whose accepted domain is on the
/// certificate, else the one whose accepted domain the P1 sender is in; in either
/// case one of its OnPremises connectors must match the peer by certificate or
/// address. The null sender has only the certificate to show.
///
/// Source: MC1226222 (order); "Updated Requirements for SMTP Relay through
/// Exchange Online" (both conditions); Exchange team reply 3981065 on that post
/// (null sender: certificate authentication).
#[must_use]
pub(super) fn of_sender<'a>(
    tenants: &'a Tenants,
    peer: &'a Peer,
    matches: &Matches<'a>,
    mail_from: &ReversePath,
    why: &mut Account,
) -> Option<Attributed<'a>> {
    match &peer.certificate {
        Presented::None => why.step("no client certificate"),
        Presented::Unusable { reason } => {
            why.step(format!("the client certificate counts as none: {reason}"))
        }
        Presented::Names(_) => {}
    }
    let found = by_certificate(tenants, peer, matches, why)
        .or_else(|| by_mail_from(tenants, peer, matches, mail_from, why))?;
    why.step(format!("attributed to {} by {}", found.tenant.name, found.by.as_str()));
    Some(found)
}

/// How many connectors that matched in vain are told; the rest are counted. A service
/// may have hundreds of customers.
const TOLD: usize = 3;

fn by_certificate<'a>(
    tenants: &'a Tenants,
    peer: &'a Peer,
    matches: &Matches<'a>,
    why: &mut Account,
) -> Option<Attributed<'a>> {
    let mut found: Option<Attributed<'a>> = None;
    let mut others: Vec<&Tenant> = Vec::new();
    let mut in_vain = 0_usize;
    let owners = owners(tenants, peer);
    for matched in matches.all() {
        let tenant = matched.tenant;
        let Some(name) = accepted_certificate_domain(tenants, &owners, matched, peer) else {
            if let (Some(name), None) = (matched.certificate, found) {
                in_vain += 1;
                if in_vain <= TOLD {
                    matched.tell(peer, why);
                    why.step(format!("{} is no accepted domain of {}", name.domain(), tenant.name));
                }
            }
            continue;
        };
        match found {
            None => {
                matched.tell(peer, why);
                why.step(format!(
                    "certificate name {name} is covered by an accepted domain of {}",
                    tenant.name
                ));
                found = Some(Attributed { tenant, matched: *matched, by: AttributedBy::Certificate });
            }
            Some(first) => {
                let known = std::iter::once(first.tenant).chain(others.last().copied());
                if !known.into_iter().any(|known| std::ptr::eq(known, tenant)) {
                    others.push(tenant);
                }
            }
        }
    }
    if in_vain > TOLD {
        why.step(format!("{} connectors more match the certificate and accept it as little", in_vain - TOLD));
    }
    if let [other, rest @ ..] = &others[..] {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} others", rest.len()) };
        why.step(format!(
            "the certificate would do for {}{more} as well; no source says which tenant is taken, the \
             simulator takes the first of the files",
            other.name
        ));
    }
    if found.is_none() && matches.all().iter().all(|matched| matched.certificate.is_none()) {
        for name in peer.certificate.names() {
            why.step(format!("certificate name {name} matches no OnPremises connector"));
        }
    }
    found
}

fn by_mail_from<'a>(
    tenants: &'a Tenants,
    peer: &'a Peer,
    matches: &Matches<'a>,
    mail_from: &ReversePath,
    why: &mut Account,
) -> Option<Attributed<'a>> {
    let Some(domain) = mail_from.domain() else {
        why.step("the P1 sender is null, so it names no tenant");
        return None;
    };
    let owner = DomainName::new(domain).and_then(|domain| tenants.of_domain(&domain));
    let Some((tenant, _)) = owner else {
        why.step(format!("P1 sender domain {domain} is nobody's accepted domain"));
        return None;
    };
    why.step(format!("P1 sender domain {domain} is an accepted domain of {}", tenant.name));
    let Some(matched) = matches.of_tenant(tenant).next() else {
        why.step(format!(
            "no OnPremises connector of {} matches the certificate or address {}",
            tenant.name, peer.address
        ));
        return None;
    };
    matched.tell(peer, why);
    Some(Attributed { tenant, matched, by: AttributedBy::MailFrom })
}

/// The tenant whose accepted domain an author of the message is in, and whose
/// OnPremises connector the peer matches. It counted until 2023-10-31.
///
/// Source: "Updated Requirements for SMTP Relay through Exchange Online", the
/// third alternative of the old condition 1.
#[must_use]
pub(super) fn by_header_from<'a>(
    tenants: &'a Tenants,
    peer: &'a Peer,
    matches: &Matches<'a>,
    authors: &[DomainName],
    why: &mut Account,
) -> Option<Attributed<'a>> {
    for author in authors {
        let Some((tenant, _)) = tenants.of_domain(author) else { continue };
        let Some(matched) = matches.of_tenant(tenant).next() else { continue };
        matched.tell(peer, why);
        why.step(format!("P2 sender domain {author} is an accepted domain of {}", tenant.name));
        return Some(Attributed { tenant, matched, by: AttributedBy::HeaderFrom });
    }
    why.step("no P2 sender domain is an accepted domain of a tenant whose connector matches");
    None
}
