//! Switches of the organisation and its mailboxes, and what the export lacks.

use super::estate::{Estate, has, listed, of_part};
use super::finding::{Finding, Fix, Rule, Severity};
use crate::exchange::catalogue::Confidence;
use crate::exchange::{Part, Tenant};

/// The rules of this topic.
pub(super) static RULES: &[&Rule] = &[&DIRECT_SEND, &LEGACY_TLS, &AUTH_ON, &AUTH_OFF, &MISSING];

static DIRECT_SEND: Rule = Rule {
    id: "direct-send-rejected-without-connector",
    severity: Severity::Warning,
    title: "Direct Send is refused and no connector vouches for anybody",
    why: "With RejectDirectSend every sender that uses one of the organisation's domains without logging in \
          is refused with 550 5.7.68, unless an inbound connector matches it by address or certificate: \
          devices, applications, services that send in your name.",
    source: "Set-OrganizationConfig; \"Introducing more control over Direct Send in Exchange Online\"",
    confidence: Confidence::Verbatim,
    find: direct_send,
};

fn direct_send(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for tenant in estate.with(Part::InboundConnector) {
        let vouches = tenant.inbound_connectors.iter().any(|connector| {
            connector.enabled && (connector.certificate_name.is_some() || !connector.addresses.is_empty())
        });
        if tenant.organization.reject_direct_send == Some(true) && !vouches {
            let message = "RejectDirectSend is true, and no enabled inbound connector has an address or a certificate name";
            let fix = "New-InboundConnector -Name 'Known senders' -ConnectorType OnPremises -SenderDomains '*' \
                       -TlsSenderCertificateName '<name>'";
            let part = Part::OrganizationConfig;
            findings.push(of_part(
                &DIRECT_SEND,
                tenant,
                part,
                "RejectDirectSend",
                message.to_owned(),
                fix.to_owned(),
            ));
        }
    }
}

static LEGACY_TLS: Rule = Rule {
    id: "legacy-tls-allowed",
    severity: Severity::Warning,
    title: "clients may log in over TLS 1.0 and 1.1",
    why: "The legacy endpoint is meant for devices that are on their way out; passwords go over a protocol \
          that is broken by today's measure.",
    source: "\"New opt-in endpoint available for SMTP AUTH clients still needing legacy TLS\"",
    confidence: Confidence::Verbatim,
    find: legacy_tls,
};

fn legacy_tls(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for tenant in estate.with(Part::TransportConfig) {
        if tenant.transport.allow_legacy_tls_clients == Some(true) {
            let (message, fix) =
                ("AllowLegacyTLSClients is true", "Set-TransportConfig -AllowLegacyTLSClients $false");
            let part = Part::TransportConfig;
            let property = "AllowLegacyTLSClients";
            findings.push(of_part(&LEGACY_TLS, tenant, part, property, message.to_owned(), fix.to_owned()));
        }
    }
}

const AUTH_SOURCE: &str =
    "\"Enable or disable authenticated client SMTP submission\", learn.microsoft.com; Set-CASMailbox";
const AUTH_PROPERTY: &str = "SmtpClientAuthenticationDisabled";

static AUTH_ON: Rule = Rule {
    id: "smtp-auth-on-by-inheritance",
    severity: Severity::Warning,
    title: "SMTP AUTH is on for the organisation, and mailboxes inherit it",
    why: "Every mailbox with a password can be used to send, and to guess the password; a list of mailboxes \
          where the switch is `false` misses those that inherit.",
    source: AUTH_SOURCE,
    confidence: Confidence::Paraphrased,
    find: auth_on,
};

fn auth_on(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    inherited(estate, false, &AUTH_ON, findings);
}

static AUTH_OFF: Rule = Rule {
    id: "smtp-auth-off-by-inheritance",
    severity: Severity::Note,
    title: "SMTP AUTH is off for the organisation, and mailboxes inherit it",
    why: "These mailboxes cannot log in: 535 5.7.139. A device among them needs a switch of its own.",
    source: AUTH_SOURCE,
    confidence: Confidence::Paraphrased,
    find: auth_off,
};

fn auth_off(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    inherited(estate, true, &AUTH_OFF, findings);
}

/// Mailboxes whose switch was never set, in the tenants whose own switch is so.
fn inherited(estate: &Estate<'_>, disabled: bool, rule: &'static Rule, findings: &mut Vec<Finding>) {
    for tenant in estate.with(Part::CasMailbox).filter(|tenant| has(tenant, Part::TransportConfig)) {
        if tenant.transport.smtp_client_authentication_disabled != Some(disabled) {
            continue;
        }
        let mailboxes = tenant.mailboxes.iter();
        let inherit: Vec<&str> = mailboxes
            .filter(|mailbox| mailbox.smtp_client_authentication_disabled.is_none())
            .map(|mailbox| mailbox.address.as_str())
            .collect();
        if inherit.is_empty() {
            continue;
        }
        let verb = if inherit.len() == 1 { "inherits" } else { "inherit" };
        let message = format!("{} {verb} {AUTH_PROPERTY} {disabled}", listed(inherit.iter()));
        let fix: Fix = match disabled {
            true => {
                format!("Set-CASMailbox -Identity '<mailbox of a device>' -{AUTH_PROPERTY} $false").into()
            }
            false => Fix::after(
                format!(
                    "Set-CASMailbox -Identity '<mailbox>' -{AUTH_PROPERTY} $false for each that needs it, then"
                ),
                format!("Set-TransportConfig -{AUTH_PROPERTY} $true"),
            ),
        };
        findings.push(of_part(rule, tenant, Part::CasMailbox, AUTH_PROPERTY, message, fix));
    }
}

static MISSING: Rule = Rule {
    id: "export-incomplete",
    severity: Severity::Note,
    title: "the export lacks parts that the audit asks for",
    why: "What they would show was not looked at: no finding there means nothing.",
    source: "the tenants file",
    confidence: Confidence::Verbatim,
    find: missing,
};

/// What the rules ask for; nothing here rests on recipients and policies.
const ASKED: [Part; 6] = [
    Part::AcceptedDomain,
    Part::InboundConnector,
    Part::OutboundConnector,
    Part::TransportConfig,
    Part::OrganizationConfig,
    Part::CasMailbox,
];

fn missing(estate: &Estate<'_>, findings: &mut Vec<Finding>) {
    for tenant in estate.tenants.iter() {
        let parts: Vec<&str> =
            ASKED.iter().filter(|part| !has(tenant, **part)).map(|part| part.as_str()).collect();
        if parts.is_empty() {
            continue;
        }
        let cmdlets: Vec<String> = parts.iter().map(|part| format!("Get-{part}")).collect();
        findings.push(whole(tenant, format!("there is no {}", parts.join(", ")), cmdlets.join("; ")));
    }
}

fn whole(tenant: &Tenant, message: String, fix: String) -> Finding {
    Finding {
        rule: &MISSING,
        tenant: tenant.name.clone(),
        object: "export".to_owned(),
        property: "",
        at: tenant.at.find(""),
        message,
        fix: Fix::after(
            "take the export anew: `relayprobe simulate --export-script` prints a script that takes every part; by hand",
            fix,
        ),
        others: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::exchange::audit::testing::{found, tenant};

    fn with(settings: &str) -> String {
        format!(
            "tenants:\n  - name: A\n    AcceptedDomain: {{ DomainName: a.example }}\n    OutboundConnector: []\n{settings}"
        )
    }

    #[test]
    fn mailboxes_that_inherit_are_told_with_what_they_inherit() {
        let mailboxes = "    CASMailbox:\n      - { PrimarySmtpAddress: a@a.example }\n      - { PrimarySmtpAddress: \
                         b@a.example, SmtpClientAuthenticationDisabled: null }\n      - { PrimarySmtpAddress: \
                         c@a.example, SmtpClientAuthenticationDisabled: false }\n";
        let on =
            with(&format!("    TransportConfig: {{ SmtpClientAuthenticationDisabled: false }}\n{mailboxes}"));
        assert_eq!(
            found("smtp-auth-on-by-inheritance", &on),
            ["A: CASMailbox: a@a.example and b@a.example inherit SmtpClientAuthenticationDisabled false"]
        );
        assert_eq!(found("smtp-auth-off-by-inheritance", &on), Vec::<String>::new());
        let unknown = with(&format!("    TransportConfig: {{}}\n{mailboxes}"));
        assert_eq!(found("smtp-auth-on-by-inheritance", &unknown), Vec::<String>::new());
    }

    #[test]
    fn direct_send_refused_to_everybody_is_told() {
        let alone = with("    OrganizationConfig: { RejectDirectSend: true }\n    InboundConnector: []\n");
        assert_eq!(found("direct-send-rejected-without-connector", &alone).len(), 1);
        let vouched = with(
            "    OrganizationConfig: { RejectDirectSend: true }\n    InboundConnector: { Name: x, ConnectorType: \
             OnPremises, SenderIPAddresses: 192.0.2.1 }\n",
        );
        assert_eq!(found("direct-send-rejected-without-connector", &vouched), Vec::<String>::new());
        let unknown = with("    OrganizationConfig: { RejectDirectSend: true }\n");
        assert_eq!(found("direct-send-rejected-without-connector", &unknown), Vec::<String>::new());
    }

    #[test]
    fn old_tls_that_was_let_in_is_told() {
        let text = with("    TransportConfig: { AllowLegacyTLSClients: true }\n");
        assert_eq!(found("legacy-tls-allowed", &text), ["A: TransportConfig: AllowLegacyTLSClients is true"]);
    }

    #[test]
    fn what_an_export_lacks_is_said() {
        assert_eq!(
            found("export-incomplete", &with("    CASMailbox: []\n")),
            ["A: export: there is no InboundConnector, TransportConfig, OrganizationConfig"]
        );
        let whole = format!("tenants:\n{}", tenant("A", "a.example", "      []\n"));
        assert_eq!(found("export-incomplete", &whole), Vec::<String>::new());
    }
}
