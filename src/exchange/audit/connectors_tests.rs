//! Connectors that should be found, and their neighbours that should not.

use crate::exchange::audit::testing::{found, tenant};

fn connectors(lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("      - {{ {line} }}\n")).collect();
    format!("tenants:\n{}", tenant("A", "a.example", &lines))
}

const NONE: [&str; 0] = [];

#[test]
fn a_connector_without_certificate_and_address_matches_nothing() {
    let id = "connector-matches-nothing";
    assert_eq!(found(id, &connectors(&["Name: x, ConnectorType: OnPremises"])).len(), 1);
    assert_eq!(found(id, &connectors(&["Name: x, ConnectorType: Partner"])), NONE);
    assert_eq!(found(id, &connectors(&["Name: x, ConnectorType: OnPremises, Enabled: false"])), NONE);
}

#[test]
fn a_restriction_to_an_empty_list_refuses_everybody() {
    let id = "partner-restricted-to-nothing";
    assert_eq!(
        found(id, &connectors(&["Name: x, ConnectorType: Partner, RestrictDomainsToIPAddresses: true"]))
            .len(),
        1
    );
    assert_eq!(
        found(id, &connectors(&["Name: x, ConnectorType: Partner, RestrictDomainsToCertificate: true"]))
            .len(),
        1
    );
    let listed =
        "Name: x, ConnectorType: Partner, RestrictDomainsToIPAddresses: true, SenderIPAddresses: 192.0.2.1";
    assert_eq!(found(id, &connectors(&[listed])), NONE);
}

#[test]
fn a_connector_for_foreign_senders_lived_by_the_header() {
    let id = "relay-by-header-sender-only";
    let connector = |domains: &str, certificate: &str| {
        format!(
            "Name: x, ConnectorType: OnPremises, SenderDomains: [{domains}], SenderIPAddresses: 192.0.2.1, \
             TlsSenderCertificateName: {certificate}"
        )
    };
    assert_eq!(
        found(id, &connectors(&[&connector("\"smtp:mailer.example;1\"", "null")])),
        ["A: InboundConnector \"x\": SenderDomains names mailer.example only, no accepted domain of A"]
    );
    for (domains, certificate) in
        [("\"smtp:*;1\"", "null"), ("a.example, mailer.example", "null"), ("mailer.example", "a.example")]
    {
        assert_eq!(
            found(id, &connectors(&[&connector(domains, certificate)])),
            NONE,
            "{domains} {certificate}"
        );
    }
}

#[test]
fn own_mail_that_a_restricting_partner_judges_is_told() {
    let id = "own-mail-falls-to-partner";
    let hybrid = "Name: Hybrid, ConnectorType: OnPremises, TlsSenderCertificateName: relay.a.example";
    let gateway = "Name: Gateway, ConnectorType: Partner, SenderDomains: \"*\", SenderIPAddresses: 192.0.2.1, \
                   RestrictDomainsToIPAddresses: true";
    assert_eq!(found(id, &connectors(&[hybrid, gateway])).len(), 1);
    assert_eq!(found(id, &connectors(&[hybrid])), NONE);
    let accepted = hybrid.replace("relay.a.example", "a.example");
    assert_eq!(found(id, &connectors(&[&accepted, gateway])), NONE);
}

#[test]
fn internal_and_cloud_exclude_each_other() {
    let id = "treat-messages-as-internal";
    let both =
        "Name: x, ConnectorType: OnPremises, TreatMessagesAsInternal: true, CloudServicesMailEnabled: true";
    assert_eq!(found(id, &connectors(&[both])).len(), 1);
    assert_eq!(
        found(id, &connectors(&["Name: x, ConnectorType: Partner, TreatMessagesAsInternal: true"])).len(),
        1
    );
    assert_eq!(
        found(id, &connectors(&["Name: x, ConnectorType: OnPremises, TreatMessagesAsInternal: true"])),
        NONE
    );
}

#[test]
fn connectors_to_and_from_a_service_must_agree() {
    let pair = |inbound: &str, outbound: &str| {
        connectors(&[&format!(
            "Name: Back, ConnectorType: OnPremises, TlsSenderCertificateName: c7.smtp.service.example, \
             CloudServicesMailEnabled: {inbound}"
        )])
        .replace(
            "OutboundConnector: []",
            &format!(
                "OutboundConnector: {{ Name: Out, ConnectorType: OnPremises, SmartHosts: smtp.service.example, \
                 CloudServicesMailEnabled: {outbound} }}"
            ),
        )
    };
    let id = "add-on-headers-unequal";
    assert_eq!(
        found(id, &pair("true", "false")),
        [
            "A: InboundConnector \"Back\": CloudServicesMailEnabled is true here and false on OutboundConnector \
          \"Out\" to the same service"
        ]
    );
    assert_eq!(found(id, &pair("true", "true")), NONE);
    assert_eq!(found(id, &pair("true", "null")), NONE, "not said is not false");
}

#[test]
fn of_two_connectors_for_the_same_the_second_is_never_reached() {
    let id = "connector-never-reached";
    let by = |name: &str, what: &str| format!("Name: {name}, ConnectorType: OnPremises, {what}");
    for (first, second, unreached) in [
        ("SenderIPAddresses: 192.0.2.1", "SenderIPAddresses: 192.0.2.1", "two"),
        ("SenderIPAddresses: 192.0.2.1", "SenderIPAddresses: 192.0.2.0/24", "one"),
        ("TlsSenderCertificateName: \"*.a.example\"", "TlsSenderCertificateName: m.a.example", "two"),
    ] {
        let found = found(id, &connectors(&[&by("one", first), &by("two", second)]));
        assert_eq!(found.len(), 1, "{first} {second}");
        assert!(found[0].starts_with(&format!("A: InboundConnector \"{unreached}\"")), "{found:?}");
    }
    for (first, second) in [
        ("SenderIPAddresses: 192.0.2.1", "SenderIPAddresses: 192.0.2.2"),
        ("TlsSenderCertificateName: a.example", "TlsSenderCertificateName: \"*.b.example\""),
        ("TlsSenderCertificateName: a.example", "SenderIPAddresses: 192.0.2.1"),
        (
            "TlsSenderCertificateName: \"*.a.example\"",
            "TlsSenderCertificateName: m.a.example, SenderIPAddresses: 192.0.2.1",
        ),
    ] {
        assert_eq!(
            found(id, &connectors(&[&by("one", first), &by("two", second)])),
            NONE,
            "{first} {second}"
        );
    }
}

#[test]
fn a_restricting_partner_beside_an_open_one_judges_nothing() {
    let open = "Name: Open, ConnectorType: Partner, SenderDomains: p.example";
    let strict = "Name: Strict, ConnectorType: Partner, SenderDomains: p.example, RestrictDomainsToIPAddresses: \
                  true, SenderIPAddresses: 192.0.2.1";
    let found = found("connector-never-reached", &connectors(&[strict, open]));
    assert_eq!(
        found,
        ["A: InboundConnector \"Strict\": everything that it matches is matched by \"Open\" as well"]
    );
}

#[test]
fn what_may_be_meant_is_a_note() {
    let restricted = "Name: x, ConnectorType: OnPremises, RestrictDomainsToCertificate: true";
    assert_eq!(found("restriction-without-effect", &connectors(&[restricted])).len(), 1);
    let open = "Name: x, ConnectorType: Partner, SenderDomains: \"smtp:*;1\"";
    assert_eq!(found("partner-any-sender-unrestricted", &connectors(&[open])).len(), 1);
    let off = [
        "Name: x, ConnectorType: OnPremises, Enabled: false",
        "Name: y, ConnectorType: Partner, Enabled: false",
    ];
    assert_eq!(
        found("connector-disabled", &connectors(&off)),
        ["A: InboundConnector: \"x\" and \"y\" are off"]
    );
}
