//! The schema of tenants files. Objects of Exchange Online may have members that no
//! rule asks for.

use serde_json::{Value, json};

use super::form::{
    Key, file, flag, map, named, number, one_or_many, open, or_variable, part, requiring, text, words,
};

/// Objects as PowerShell writes them: one alone, a list, or none.
fn objects(keys: &[Key]) -> Value {
    let object = open(keys);
    json!({ "anyOf": [object, { "type": "array", "items": object }, { "type": "null" }] })
}

/// What a member may be in an export: a text, a list, null, or wrapped.
fn member() -> Value {
    json!({})
}

/// A switch of an export, which may never have been set.
fn switch() -> Value {
    json!({ "type": ["boolean", "string", "null", "object"] })
}

/// A member that is left out or has a value.
fn maybe(takes: Value) -> Value {
    json!({ "anyOf": [takes, { "type": "null" }] })
}

/// The schema.
pub(super) fn schema() -> Value {
    let tenant = map(&[
        ("name", "the tenant's name", text()),
        (
            "AcceptedDomain",
            "Get-AcceptedDomain",
            objects(&[
                ("DomainName", "the domain", member()),
                ("DomainType", "Authoritative, InternalRelay or ExternalRelay", member()),
                ("MatchSubDomains", "whether its subdomains are accepted as well", switch()),
            ]),
        ),
        (
            "InboundConnector",
            "Get-InboundConnector",
            objects(&[
                ("Name", "the connector's name", member()),
                ("Enabled", "whether it is used", switch()),
                ("ConnectorType", "OnPremises or Partner", member()),
                ("SenderDomains", "the senders' domains that it is for", member()),
                ("SenderIPAddresses", "the addresses that it is for", member()),
                ("TlsSenderCertificateName", "the name that the client's certificate must carry", member()),
                ("RequireTls", "refuse clear text", switch()),
                ("RestrictDomainsToIPAddresses", "refuse these domains from other addresses", switch()),
                ("RestrictDomainsToCertificate", "refuse these domains with other certificates", switch()),
                ("CloudServicesMailEnabled", "keep Exchange's own headers (hybrid)", switch()),
                ("TreatMessagesAsInternal", "count what comes in as internal", switch()),
            ]),
        ),
        (
            "OutboundConnector",
            "Get-OutboundConnector",
            objects(&[
                ("Name", "the connector's name", member()),
                ("Enabled", "whether it is used", switch()),
                ("ConnectorType", "OnPremises or Partner", member()),
                ("SmartHosts", "where it sends to", member()),
                ("TlsDomain", "the name that the server's certificate must carry", member()),
                ("CloudServicesMailEnabled", "keep Exchange's own headers (hybrid)", switch()),
                ("IsTransportRuleScoped", "used by a mail flow rule alone", switch()),
            ]),
        ),
        (
            "TransportConfig",
            "Get-TransportConfig",
            objects(&[
                ("AllowLegacyTLSClients", "TLS 1.0 and 1.1 at the legacy endpoint", switch()),
                ("SmtpClientAuthenticationDisabled", "SMTP AUTH switched off for all", switch()),
            ]),
        ),
        (
            "OrganizationConfig",
            "Get-OrganizationConfig",
            objects(&[
                ("RejectDirectSend", "refuse mail from own domains without a connector", switch()),
                ("DefaultAuthenticationPolicy", "the policy of those who have none", member()),
                ("WhenCreatedUTC", "when the tenant was made", member()),
                ("WhenCreated", "the same in local time", member()),
            ]),
        ),
        (
            "CASMailbox",
            "Get-CASMailbox",
            objects(&[
                ("PrimarySmtpAddress", "the mailbox", member()),
                ("SmtpClientAuthenticationDisabled", "SMTP AUTH for this mailbox", switch()),
            ]),
        ),
        (
            "EXORecipient",
            "Get-EXORecipient",
            objects(&[
                ("PrimarySmtpAddress", "the recipient", member()),
                ("EmailAddresses", "all its addresses", member()),
            ]),
        ),
        (
            "AuthenticationPolicy",
            "Get-AuthenticationPolicy",
            objects(&[
                ("Name", "the policy's name", member()),
                ("AllowBasicAuthSmtp", "basic authentication for SMTP AUTH", switch()),
            ]),
        ),
        ("lab", "what an export cannot hold", maybe(lab())),
    ]);
    let mut alone = tenant;
    alone["minProperties"] = json!(1);
    let several = json!({ "type": "array", "items": part("tenant") });
    let list = json!({ "anyOf": [part("tenant"), several] });
    let root = requiring(map(&[("tenants", "the tenants", list)]), &["tenants"]);
    // An export of one organisation may stand by itself.
    let forms = json!({ "anyOf": [root, part("tenant"), several] });
    file("relayprobe tenants file", forms, vec![("tenant".to_owned(), alone)])
}

fn lab() -> Value {
    let list = || maybe(one_or_many(text()));
    map(&[
        ("passwords", "passwords by mailbox", maybe(named(text()))),
        ("recipients", "recipients besides the exported ones", list()),
        ("send_as", "other addresses that a mailbox may send as", maybe(named(one_or_many(text())))),
        ("policies", "the authentication policy of a mailbox", maybe(named(text()))),
        ("blocked_connectors", "connectors that the service has blocked", list()),
        ("other_region", "the tenant is in another region", maybe(flag())),
        ("no_mail_subscription", "the tenant has no mail", maybe(flag())),
        ("enforce_require_tls", "RequireTls is enforced", maybe(flag())),
        ("certificate_names", "which names of a certificate count", maybe(words(&["both", "subject"]))),
        ("security_defaults", "security defaults are on", maybe(flag())),
        ("conditional_access", "mailboxes that conditional access refuses", list()),
        ("high_volume", "accounts of High Volume Email", list()),
        ("basic_auth", "the state of basic authentication", maybe(words(&["on", "off", "retired"]))),
        ("sessions", "the most sessions at once", maybe(or_variable(number(1, 1_000)))),
    ])
}
