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
        ("name", "its name; the file's own where absent", text()),
        (
            "AcceptedDomain",
            "Get-AcceptedDomain",
            objects(&[
                ("DomainName", "an accepted domain", member()),
                (
                    "DomainType",
                    "`Authoritative`: unknown recipients are refused; `InternalRelay`: they pass; `ExternalRelay`",
                    member(),
                ),
                (
                    "MatchSubDomains",
                    "its sub-domains count as accepted for P1 senders and recipients; not for certificates, of which no source says it",
                    switch(),
                ),
            ]),
        ),
        (
            "InboundConnector",
            "Get-InboundConnector",
            objects(&[
                ("Name", "the connector's name", member()),
                ("Enabled", "only enabled ones count", switch()),
                ("ConnectorType", "`OnPremises` or `Partner`; only `OnPremises` authorises relay", member()),
                ("SenderDomains", "of type `Partner`: the senders' domains that it is for", member()),
                ("SenderIPAddresses", "matches by address", member()),
                ("TlsSenderCertificateName", "matches by certificate: the name that it must carry", member()),
                (
                    "RequireTls",
                    "of type `Partner`: refuse clear text; see `lab.enforce_require_tls`",
                    switch(),
                ),
                (
                    "RestrictDomainsToIPAddresses",
                    "of type `Partner`: refuse these domains from other addresses",
                    switch(),
                ),
                (
                    "RestrictDomainsToCertificate",
                    "of type `Partner`: refuse these domains with other certificates",
                    switch(),
                ),
                (
                    "CloudServicesMailEnabled",
                    "of type `OnPremises` (hybrid): fields of the other side are promoted",
                    switch(),
                ),
                ("TreatMessagesAsInternal", "for `audit`: count what comes in as internal", switch()),
            ]),
        ),
        (
            "OutboundConnector",
            "Get-OutboundConnector; for `audit`: no rule of the front end asks for it",
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
                ("AllowLegacyTLSClients", "opting in to TLS 1.0 and 1.1 at the legacy endpoint", switch()),
                (
                    "SmtpClientAuthenticationDisabled",
                    "the organisation's switch of SMTP AUTH; never set counts as on",
                    switch(),
                ),
            ]),
        ),
        (
            "OrganizationConfig",
            "Get-OrganizationConfig",
            objects(&[
                ("RejectDirectSend", "own P1 senders need a connector", switch()),
                ("DefaultAuthenticationPolicy", "the policy of those who have none", member()),
                ("WhenCreatedUTC", "made after January 2020: SMTP AUTH begins switched off", member()),
                ("WhenCreated", "the same in local time", member()),
            ]),
        ),
        (
            "CASMailbox",
            "Get-CASMailbox",
            objects(&[
                ("PrimarySmtpAddress", "the mailbox", member()),
                (
                    "SmtpClientAuthenticationDisabled",
                    "the mailbox's switch, which outranks the organisation's; null inherits",
                    switch(),
                ),
            ]),
        ),
        (
            "EXORecipient",
            "Get-EXORecipient",
            objects(&[
                ("PrimarySmtpAddress", "a recipient that exists", member()),
                ("EmailAddresses", "all addresses of this mailbox", member()),
            ]),
        ),
        (
            "AuthenticationPolicy",
            "Get-AuthenticationPolicy",
            objects(&[
                ("Name", "the policy's name", member()),
                ("AllowBasicAuthSmtp", "false refuses passwords, not tokens", switch()),
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
        ("passwords", "by mailbox; the token for XOAUTH2 as well", maybe(named(text()))),
        (
            "recipients",
            "recipients that exist, on top of `EXORecipient`. Where neither is there, every recipient of its domains exists",
            list(),
        ),
        (
            "send_as",
            "by user, the addresses it may send as besides its own",
            maybe(named(one_or_many(text()))),
        ),
        (
            "policies",
            "by user, the authentication policy it was given (`Get-User` knows)",
            maybe(named(text())),
        ),
        ("blocked_connectors", "connectors by name whose mail gets `550 5.7.711` at RCPT TO", list()),
        ("other_region", "recipients of this tenant get `451 4.4.62 … ATTR35`", maybe(flag())),
        (
            "no_mail_subscription",
            "recipients get `451 4.4.4 … ATTR5` from whom no connector knows",
            maybe(flag()),
        ),
        (
            "enforce_require_tls",
            "clear text where a Partner connector has `RequireTls` gets `451 5.7.3 STARTTLS is required to send mail` at RCPT TO",
            maybe(flag()),
        ),
        (
            "certificate_names",
            "`both` (where absent): CN and SAN count; `subject`: the CN alone",
            maybe(words(&["both", "subject"])),
        ),
        ("security_defaults", "passwords get `535 5.7.139 … security defaults policy`", maybe(flag())),
        ("conditional_access", "users whose passwords get `535 5.7.139 … did not meet the criteria`", list()),
        ("high_volume", "the accounts of High Volume Email; their passwords stand under `passwords`", list()),
        (
            "basic_auth",
            "`on`, `off` (`535 5.7.139 … basic authentication is disabled`) or `retired` (`550 5.7.30`); absent: by the timeline",
            maybe(words(&["on", "off", "retired"])),
        ),
        (
            "sessions",
            "most sessions of one mailbox at once; more get `432 4.3.2` at MAIL FROM (the service allows 3)",
            maybe(or_variable(number(1, 1_000))),
        ),
    ])
}
