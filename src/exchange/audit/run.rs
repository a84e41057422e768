//! Every rule over every tenant.

use super::estate::Estate;
use super::finding::{Finding, Rule};
use super::{addresses, certificates, connectors, settings};
use crate::exchange::Tenants;

/// Every rule, topic by topic.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let topics: [&'static [&'static Rule]; 4] =
        [certificates::RULES, addresses::RULES, connectors::RULES, settings::RULES];
    topics.into_iter().flatten().copied()
}

/// What is wrong with these tenants, each by itself and with one another: the worst
/// first, then in the order of the rules and the files.
#[must_use]
pub fn audit(tenants: &Tenants) -> Vec<Finding> {
    let estate = Estate::new(tenants);
    let mut findings = Vec::new();
    for rule in rules() {
        (rule.find)(&estate, &mut findings);
    }
    // Stable, so that rules and files keep their order.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.rule.severity));
    findings
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::exchange::audit::testing::{load, tenant};

    #[test]
    fn every_rule_says_what_it_must_and_has_an_id_of_its_own() {
        let mut ids = HashSet::new();
        for rule in rules() {
            assert!(ids.insert(rule.id), "{}", rule.id);
            assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.id);
            for text in [rule.title, rule.why, rule.source] {
                assert!(!text.is_empty(), "{}", rule.id);
            }
        }
    }

    #[test]
    fn two_hundred_tenants_with_two_thousand_connectors_take_no_second() {
        let mut text = String::from("tenants:\n");
        for n in 0..200 {
            let mut connectors = String::new();
            for c in 0..10 {
                let certificate = if c % 2 == 0 { "smtp.shared.example" } else { "*.example" };
                connectors += &format!(
                    "      - {{ Name: c{c}, ConnectorType: OnPremises, TlsSenderCertificateName: \"{certificate}\", \
                     SenderIPAddresses: [192.0.2.{c}, 203.0.113.0/24] }}\n"
                );
            }
            text += &tenant(&format!("T{n}"), &format!("t{n}.example"), &connectors);
        }
        let tenants = load(&text);
        let start = Instant::now();
        let findings = audit(&tenants);
        let took = start.elapsed();
        assert!(findings.len() > 4_000, "{}", findings.len());
        // Unoptimised and on a busy machine; the bar is a second.
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}
