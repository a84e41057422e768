//! Connectors that know their servers by address.

use super::estate::{Estate, listed};
use super::finding::{Finding, Fix, Rule, Severity};
use crate::exchange::catalogue::Confidence;

/// The rules of this topic.
pub(super) static RULES: &[&Rule] = &[&SHARED, &NULL_SENDER];

const PROPERTY: &str = "SenderIPAddresses";

static SHARED: Rule = Rule {
    id: "address-shared",
    severity: Severity::Error,
    title: "connectors of several tenants list the same address",
    why: "Without a certificate the P1 sender decides whose mail it is; mail with the null sender or a \
          foreign P1 sender is nobody's, and what works today may stop without notice when a tenant is \
          moved.",
    source: "MC1226222, connector guidance of February 2026",
    confidence: Confidence::Verbatim,
    find: shared,
};

fn shared(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in &estate.on_premises {
        for network in &owned.connector.addresses {
            let others = estate.sharing(*network, owned.number);
            if others.is_empty() {
                continue;
            }
            let names = listed(others.iter().map(|other| other.tenant.name.as_str()));
            let message = format!("{network} is listed by connectors of {names} as well");
            let fix = Fix::after(
                "have the server present a certificate for a name of yours, verify that name as accepted \
                 domain, then",
                owned.set("-TlsSenderCertificateName '<that name>' -SenderIPAddresses $null"),
            );
            findings.push(owned.finding(&SHARED, PROPERTY, message, fix, &others));
        }
    }
}

static NULL_SENDER: Rule = Rule {
    id: "address-without-certificate",
    severity: Severity::Warning,
    title: "the connector knows its servers by address alone",
    why: "With MAIL FROM:<> only a certificate can show whose mail it is: bounces, out-of-office replies \
          and other mail with the null sender are refused with 550 5.7.64.",
    source: "Exchange team reply 3981065 on \"Updated Requirements for SMTP Relay through Exchange Online\"",
    confidence: Confidence::Verbatim,
    find: null_sender,
};

fn null_sender(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for owned in &estate.on_premises {
        let connector = owned.connector;
        if connector.certificate_name.is_some() || connector.addresses.is_empty() {
            continue;
        }
        let addresses: Vec<String> = connector.addresses.iter().map(ToString::to_string).collect();
        let message =
            format!("{} may relay with a P1 sender of {} only", listed(addresses.iter()), owned.tenant.name);
        let fix = Fix::after(
            "have the server present a certificate for a name that is an accepted domain, then",
            owned.set("-TlsSenderCertificateName '<that name>'"),
        );
        findings.push(owned.finding(&NULL_SENDER, PROPERTY, message, fix, &[]));
    }
}

#[cfg(test)]
mod tests {
    use crate::exchange::audit::testing::{found, tenant};

    fn two(first: &str, second: &str) -> String {
        let connector = |addresses: &str| {
            format!("      - {{ Name: Apps, ConnectorType: OnPremises, SenderIPAddresses: [{addresses}] }}\n")
        };
        format!(
            "tenants:\n{}{}",
            tenant("A", "a.example", &connector(first)),
            tenant("B", "b.example", &connector(second))
        )
    }

    #[test]
    fn an_address_of_two_tenants_is_told_to_both_however_it_is_written() {
        for (first, second) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.0/24", "192.0.2.1"),
            ("192.0.2.9/29", "192.0.2.8/30"),
            ("192.0.2.77/24", "192.0.2.0/24"),
        ] {
            assert_eq!(
                found("address-shared", &two(first, second)),
                [
                    format!("A: InboundConnector \"Apps\": {first} is listed by connectors of B as well"),
                    format!("B: InboundConnector \"Apps\": {second} is listed by connectors of A as well"),
                ]
            );
        }
        assert_eq!(found("address-shared", &two("192.0.2.0/30", "192.0.2.4/30")), Vec::<String>::new());
    }

    #[test]
    fn a_connector_by_address_alone_cannot_carry_the_null_sender() {
        let found = found("address-without-certificate", &two("192.0.2.1, 192.0.2.7", "192.0.3.1"));
        assert_eq!(
            found[0],
            "A: InboundConnector \"Apps\": 192.0.2.1 and 192.0.2.7 may relay with a P1 sender of A only"
        );
    }
}
