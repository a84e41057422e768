//! Which hosts take a domain's mail (RFC 5321 §5.1, RFC 7505).

use std::sync::Arc;

use super::failure::{Failure, Reason};

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// A host that takes mail for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailHost {
    /// What the MX record names: a host as a rule. Printable ASCII, without the final
    /// dot.
    pub name: Arc<str>,
    /// The record's preference: the lower, the earlier it is tried. `None` where the
    /// domain has no MX record and is its own host (RFC 5321 §5.1, "implicit MX").
    pub preference: Option<u16>,
}

/// The hosts in the order in which they are tried: by preference, and by name where
/// that is equal. RFC 5321 §5.1 wants those in random order, to spread the load of many
/// messages; a test that is played twice is to meet the same host.
///
/// # Errors
///
/// [`Reason::NullMx`], or [`Reason::Malformed`] where the null MX is not alone.
pub(super) fn order(domain: &str, records: Vec<(u16, String)>) -> Result<Vec<MailHost>, Failure> {
    if records.iter().any(|(_, name)| name == ".") {
        // RFC 7505 §3.
        return Err(match records.len() {
            1 => Failure::new(Reason::NullMx, format!("{domain} takes no mail: its MX record is \".\"")),
            _ => Failure::new(
                Reason::Malformed,
                format!("{domain} takes no mail by one of its MX records (\".\"), and does by another"),
            ),
        });
    }
    if records.is_empty() {
        return Ok(vec![MailHost { name: domain.into(), preference: None }]);
    }
    let mut records = records;
    for (_, name) in &mut records {
        name.make_ascii_lowercase();
    }
    records.sort();
    let mut hosts: Vec<MailHost> = Vec::with_capacity(records.len());
    for (preference, name) in records {
        if hosts.iter().all(|host| *host.name != *name) {
            hosts.push(MailHost { name: name.into(), preference: Some(preference) });
        }
    }
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(records: &[(u16, &str)]) -> Result<String, Reason> {
        let records = records.iter().map(|(preference, name)| (*preference, (*name).to_owned())).collect();
        let hosts = order("contoso.com", records).map_err(|failure| failure.reason)?;
        let shown = hosts.iter().map(|host| match host.preference {
            Some(preference) => format!("{preference} {}", host.name),
            None => format!("implicit {}", host.name),
        });
        Ok(shown.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn hosts_are_tried_by_preference_and_then_by_name() {
        assert_eq!(
            ordered(&[(20, "c.test"), (10, "B.test"), (10, "a.test"), (5, "z.test")]).as_deref(),
            Ok("5 z.test, 10 a.test, 10 b.test, 20 c.test")
        );
    }

    #[test]
    fn a_host_that_is_named_twice_is_tried_once() {
        assert_eq!(ordered(&[(20, "a.test"), (10, "A.test")]).as_deref(), Ok("10 a.test"));
    }

    #[test]
    fn a_domain_without_mx_records_is_its_own_host() {
        assert_eq!(ordered(&[]).as_deref(), Ok("implicit contoso.com"));
    }

    #[test]
    fn a_domain_may_take_no_mail_at_all() {
        assert_eq!(ordered(&[(0, ".")]), Err(Reason::NullMx));
        assert_eq!(ordered(&[(10, ".")]), Err(Reason::NullMx));
        assert_eq!(ordered(&[(0, "."), (10, "a.test")]), Err(Reason::Malformed));
    }
}
