//! Tenants from a file: Exchange Online's own objects under their own property
//! names, so that an administrator's export drops in.
//!
//! Exports carry dozens of members that no rule asks for; they are passed over,
//! and a member is only spoken of where it looks like a misspelling of one that
//! counts. Null is a switch never set. What is ours (`tenants`, `name`, `lab`) is
//! read strictly. Absent on purpose, for now: JSON, and folders of files.

use std::path::Path;

use super::domain::{DomainName, DomainPattern};
use super::network::Network;
use super::tenants::{
    AcceptedDomain, CasMailbox, ConnectorType, DomainType, InboundConnector, Lab, Tenant, Tenants,
    TransportConfig,
};
use crate::secret::Secret;
use crate::yaml::{self, Diagnostic, Field, Fields, Key, Node, Severity, Sources, Value};

impl Tenants {
    /// Reads a tenants file, and what is odd about it: warnings, for the caller to
    /// show.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, in one go, each with its place.
    pub fn load(path: &Path, sources: &mut Sources) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let file = yaml::read_file(path, sources).map_err(|fault| vec![fault])?;
        let root = yaml::parse(sources, file)?;
        let mut faults = Vec::new();
        let list = read(&root, &mut faults);
        match faults.iter().any(|fault| fault.severity == Severity::Error) {
            true => Err(faults),
            false => Ok((Self::new(list), faults)),
        }
    }
}

fn read(root: &Node, faults: &mut Vec<Diagnostic>) -> Vec<Tenant> {
    let Some(mut fields) = Fields::of_root(root, faults) else { return Vec::new() };
    let tenants = fields.require("tenants", root.span, faults);
    fields.finish(faults);
    let Some(tenants) = tenants else { return Vec::new() };
    let mut list: Vec<Tenant> = Vec::new();
    for node in tenants.one_or_many() {
        let Some(tenant) = tenant(tenants.item(node), faults) else { continue };
        if list.iter().any(|other| other.name == tenant.name) {
            faults.push(Diagnostic::error(format!("a second tenant named `{}`", tenant.name), node.span));
        }
        // A domain is verified in one organisation alone.
        for domain in &tenant.accepted_domains {
            if let Some(owner) =
                list.iter().find(|other| other.accepted_domains.iter().any(|d| d.name == domain.name))
            {
                let message = format!("{} is an accepted domain of `{}` already", domain.name, owner.name);
                faults.push(Diagnostic::error(message, node.span));
            }
        }
        list.push(tenant);
    }
    list
}

fn tenant(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Tenant> {
    let mut fields = field.fields(faults)?;
    let name = fields.require("name", field.span(), faults).and_then(|name| name.text(faults));
    let accepted_domains = objects(fields.take("AcceptedDomain"), faults, accepted_domain);
    let inbound_connectors = objects(fields.take("InboundConnector"), faults, inbound_connector);
    let mailboxes = objects(fields.take("CASMailbox"), faults, cas_mailbox);
    let transport = objects(fields.take("TransportConfig"), faults, transport_config);
    let organization = objects(fields.take("OrganizationConfig"), faults, organization_config);
    let lab = fields.take("lab").map(|field| lab(field, faults)).unwrap_or_default();
    // Taken from the same export; no rule asks for them yet.
    for other in ["OutboundConnector", "EXORecipient", "AuthenticationPolicy"] {
        fields.take(other);
    }
    fields.finish(faults);
    Some(Tenant {
        name: name?.to_owned(),
        accepted_domains,
        inbound_connectors,
        transport: transport.into_iter().next().unwrap_or_default(),
        reject_direct_send: organization.into_iter().next().flatten(),
        mailboxes,
        lab,
    })
}

/// The objects under a name: PowerShell writes one alone without a list, and none
/// as null.
fn objects<T>(
    field: Option<Field<'_>>,
    faults: &mut Vec<Diagnostic>,
    read: impl Fn(&mut Object<'_>, &mut Vec<Diagnostic>) -> Option<T>,
) -> Vec<T> {
    let Some(field) = field else { return Vec::new() };
    let mut found = Vec::new();
    for node in field.one_or_many() {
        if matches!(node.value, Value::Null) {
            continue;
        }
        let Some(entries) = field.item(node).entries(faults) else { continue };
        let mut object = Object { kind: field.name(), whole: node, entries, known: Vec::new() };
        let value = read(&mut object, faults);
        object.finish(faults);
        found.extend(value);
    }
    found
}

/// One object of an export, read member by member.
struct Object<'n> {
    kind: &'n str,
    whole: &'n Node,
    entries: &'n [(Key, Node)],
    known: Vec<&'static str>,
}

impl<'n> Object<'n> {
    /// A member that has a value; null and the empty text are none.
    fn take(&mut self, name: &'static str) -> Option<Field<'n>> {
        self.known.push(name);
        let (key, node) = self.entries.iter().find(|(key, _)| &*key.name == name)?;
        let is_empty = match &node.value {
            Value::Null => true,
            Value::Scalar(text) => text.is_empty(),
            _ => false,
        };
        (!is_empty).then(|| Field::new(&key.name, key.span, node))
    }

    fn require(&mut self, name: &'static str, faults: &mut Vec<Diagnostic>) -> Option<Field<'n>> {
        let field = self.take(name);
        if field.is_none() {
            let message = format!("this {} has no `{name}`", self.kind);
            faults.push(Diagnostic::error(message, self.whole.span));
        }
        field
    }

    /// A switch of three states: `true`, `false`, or never set.
    fn switch(&mut self, name: &'static str, faults: &mut Vec<Diagnostic>) -> Option<bool> {
        let field = self.take(name)?;
        match field.node().as_str() {
            Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Some(text) => {
                let message = format!("`{name}` of {} takes `true` or `false`, not `{text}`", self.kind);
                faults.push(field.error(message));
                None
            }
            None => {
                field.wrong("`true` or `false`", faults);
                None
            }
        }
    }

    /// Texts: a list, one alone, or several joined by spaces.
    fn texts(&mut self, name: &'static str, faults: &mut Vec<Diagnostic>) -> Vec<(Field<'n>, &'n str)> {
        let Some(field) = self.take(name) else { return Vec::new() };
        let items = field.one_or_many().iter().filter_map(|item| {
            let item = field.item(item);
            Some((item, item.text(faults)?))
        });
        items.flat_map(|(item, text)| text.split_whitespace().map(move |word| (item, word))).collect()
    }

    /// Warns of members that look like misspellings of known ones.
    fn finish(self, faults: &mut Vec<Diagnostic>) {
        for (key, _) in self.entries {
            if self.known.contains(&&*key.name) {
                continue;
            }
            if let Some(near) = yaml::nearest(&key.name, self.known.iter().copied()) {
                let message = format!("`{}` is no member of {} that any rule asks for", key.name, self.kind);
                faults.push(
                    Diagnostic::error(message, key.span).warning().label(format!("did you mean `{near}`?")),
                );
            }
        }
    }
}

fn accepted_domain(object: &mut Object<'_>, faults: &mut Vec<Diagnostic>) -> Option<AcceptedDomain> {
    let kinds = [
        ("Authoritative", DomainType::Authoritative),
        ("InternalRelay", DomainType::InternalRelay),
        ("ExternalRelay", DomainType::InternalRelay),
    ];
    let kind = object.take("DomainType").and_then(|field| field.word("domain type", &kinds, faults));
    let match_subdomains = object.switch("MatchSubDomains", faults).unwrap_or(false);
    let field = object.require("DomainName", faults)?;
    let text = field.text(faults)?;
    let name = DomainName::new(text);
    if name.is_none() {
        faults.push(field.error(format!("`{text}` is no domain name")));
    }
    Some(AcceptedDomain { name: name?, kind: kind.unwrap_or_default(), match_subdomains })
}

fn inbound_connector(object: &mut Object<'_>, faults: &mut Vec<Diagnostic>) -> Option<InboundConnector> {
    let kinds = [("OnPremises", ConnectorType::OnPremises), ("Partner", ConnectorType::Partner)];
    let kind = object.require("ConnectorType", faults).and_then(|f| f.word("connector type", &kinds, faults));
    let certificate_name = object.take("TlsSenderCertificateName").and_then(|field| {
        let text = field.text(faults)?;
        let pattern = DomainPattern::parse(text).filter(|pattern| *pattern != DomainPattern::Any);
        if pattern.is_none() {
            faults.push(
                field
                    .error(format!("`{text}` is no certificate name"))
                    .label("wants `mail.contoso.com` or `*.contoso.com`"),
            );
        }
        pattern
    });
    let mut addresses = Vec::new();
    for (field, text) in object.texts("SenderIPAddresses", faults) {
        match Network::parse(text) {
            Ok(network) => addresses.push(network),
            Err(why) => faults.push(field.error(format!("`SenderIPAddresses`: `{text}`: {why}"))),
        }
    }
    let mut sender_domains = Vec::new();
    for (field, text) in object.texts("SenderDomains", faults) {
        match sender_domain(text) {
            Some(pattern) => sender_domains.push(pattern),
            None => faults.push(
                field
                    .error(format!("`SenderDomains`: `{text}` is no domain"))
                    .label("wants `contoso.com`, `*.contoso.com`, `*` or `smtp:contoso.com;1`"),
            ),
        }
    }
    let name = object.require("Name", faults).and_then(|name| name.text(faults));
    let connector = InboundConnector {
        name: name.unwrap_or_default().to_owned(),
        enabled: object.switch("Enabled", faults).unwrap_or(true),
        kind: kind.unwrap_or_default(),
        certificate_name,
        addresses,
        sender_domains,
        restrict_to_addresses: object.switch("RestrictDomainsToIPAddresses", faults).unwrap_or(false),
        restrict_to_certificate: object.switch("RestrictDomainsToCertificate", faults).unwrap_or(false),
        require_tls: object.switch("RequireTls", faults).unwrap_or(false),
    };
    Some(connector)
}

/// A sender domain as PowerShell takes it, or as exports have it: address type,
/// pattern, priority.
fn sender_domain(text: &str) -> Option<DomainPattern> {
    let text =
        text.split_once(':').filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp")).map_or(text, |(_, t)| t);
    let text = text.split_once(';').map_or(text, |(pattern, _)| pattern);
    DomainPattern::parse(text)
}

fn cas_mailbox(object: &mut Object<'_>, faults: &mut Vec<Diagnostic>) -> Option<CasMailbox> {
    let smtp_client_authentication_disabled = object.switch("SmtpClientAuthenticationDisabled", faults);
    let address = object.require("PrimarySmtpAddress", faults)?.text(faults)?.to_owned();
    Some(CasMailbox { address, smtp_client_authentication_disabled })
}

fn transport_config(object: &mut Object<'_>, faults: &mut Vec<Diagnostic>) -> Option<TransportConfig> {
    Some(TransportConfig {
        allow_legacy_tls_clients: object.switch("AllowLegacyTLSClients", faults),
        smtp_client_authentication_disabled: object.switch("SmtpClientAuthenticationDisabled", faults),
    })
}

/// `RejectDirectSend`.
fn organization_config(object: &mut Object<'_>, faults: &mut Vec<Diagnostic>) -> Option<Option<bool>> {
    Some(object.switch("RejectDirectSend", faults))
}

fn lab(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Lab {
    let Some(mut fields) = said(field).and_then(|field| field.fields(faults)) else { return Lab::default() };
    let mut passwords = Vec::new();
    if let Some(field) = fields.take("passwords").and_then(said) {
        for (key, node) in field.entries(faults).unwrap_or_default() {
            let secret = Field::new(&key.name, key.span, node).text(faults);
            passwords.extend(secret.map(|secret| (key.name.to_string(), Secret::new(secret))));
        }
    }
    let recipients = fields.take("recipients").and_then(said).map(|field| {
        let texts = field.texts(faults);
        texts.into_iter().map(str::to_owned).collect()
    });
    fields.finish(faults);
    Lab { passwords, recipients }
}

/// A field with a value; null says as much as leaving the key out.
fn said(field: Field<'_>) -> Option<Field<'_>> {
    (!matches!(field.node().value, Value::Null)).then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Vec<Tenant>, Vec<String>) {
        let mut sources = Sources::default();
        let file = sources.add("tenants.yaml", "tenants.yaml".into(), text);
        let root = yaml::parse(&sources, file).expect("well-formed YAML");
        let mut faults = Vec::new();
        let tenants = read(&root, &mut faults);
        let told = |fault: Diagnostic| {
            let severity = if fault.severity == Severity::Error { "error" } else { "warning" };
            let line = fault.span.map_or(0, |span| sources.line(span));
            format!("{severity} {line}: {} | {}", fault.message, fault.label)
        };
        let told = faults.into_iter().map(told).collect();
        (tenants, told)
    }

    #[test]
    fn what_an_export_holds_is_read_and_what_no_rule_asks_for_is_passed_over() {
        let (tenants, faults) = parse(
            r#"
tenants:
  name: Contoso
  AcceptedDomain: { DomainName: Contoso.com, DomainType: Authoritative, MatchSubDomains: false, Default: true, Guid: x }
  InboundConnector:
    - {"Enabled":true,"ConnectorType":"OnPremises","ConnectorSource":"AdminUI","Comment":"",
       "SenderIPAddresses":[],"SenderDomains":["smtp:*;1"],"TrustedOrganizations":[],"ClientHostNames":[],
       "AssociatedAcceptedDomains":[],"RequireTls":true,"RestrictDomainsToIPAddresses":false,
       "RestrictDomainsToCertificate":false,"CloudServicesMailEnabled":true,"TreatMessagesAsInternal":false,
       "TlsSenderCertificateName":"*.contoso.com","EFTestMode":false,"ScanAndDropRecipients":[],
       "EFSkipLastIP":false,"EFSkipIPs":[],"EFSkipMailGateway":[],"EFUsers":[],"AdminDisplayName":"",
       "Name":"Hybrid","Identity":"Hybrid","WhenChangedUTC":"2026-07-23T22:55:13.0000000Z","IsValid":true}
    - { Name: By address, ConnectorType: OnPremises, SenderIPAddresses: "203.0.113.1 203.0.113.0/24",
        TlsSenderCertificateName: null, Enabled: False }
  OutboundConnector: { Name: x }
  TransportConfig: { AllowLegacyTLSClients: null, SmtpClientAuthenticationDisabled: True }
  OrganizationConfig: { RejectDirectSend: true, DisplayName: Contoso }
  CASMailbox:
    - { PrimarySmtpAddress: scan@contoso.com, SmtpClientAuthenticationDisabled: null, PopEnabled: true }
  lab: { passwords: { scan@contoso.com: correct horse }, recipients: [scan@contoso.com] }
"#,
        );
        assert_eq!(faults, Vec::<String>::new());
        let tenant = &tenants[0];
        assert_eq!(tenant.accepted_domains[0].name.as_str(), "contoso.com");
        let [hybrid, by_address] = &tenant.inbound_connectors[..] else { panic!("two connectors") };
        assert_eq!(hybrid.certificate_name, DomainPattern::parse("*.contoso.com"));
        assert_eq!(hybrid.sender_domains, [DomainPattern::Any]);
        assert!(hybrid.enabled && hybrid.require_tls);
        assert!(!by_address.enabled && by_address.certificate_name.is_none());
        assert_eq!(by_address.addresses.len(), 2);
        assert_eq!(tenant.transport.allow_legacy_tls_clients, None);
        assert_eq!(tenant.transport.smtp_client_authentication_disabled, Some(true));
        assert_eq!(tenant.reject_direct_send, Some(true));
        assert_eq!(tenant.mailboxes[0].smtp_client_authentication_disabled, None);
        assert_eq!(tenant.password("SCAN@contoso.com").map(Secret::expose), Some("correct horse"));
        assert_eq!(tenant.has_recipient("nobody@contoso.com"), Some(false));
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_place() {
        let (_, faults) = parse(
            "tenants:
  - name: A
    AcceptedDomain:
      - { DomainName: a b }
      - { DomainTyp: Authoritative }
    InboundConnector:
      - { Name: x, ConnectorType: OnPremise, SenderIPAddresses: [10.0.0.0/8], Enabled: perhaps }
      - { ConnectorType: Partner, SenderDomains: [\"a..b\"], TlsSenderCertificateName: \"*\" }
    TransportConfig: none
  - name: A
    AcceptedDomains: []
    lab: { passwords: { a@b.example: }, recipient: [] }
",
        );
        let expected = [
            "error 4: `a b` is no domain name | ",
            "error 5: this AcceptedDomain has no `DomainName` | ",
            "warning 5: `DomainTyp` is no member of AcceptedDomain that any rule asks for | did you mean `DomainType`?",
            "error 7: unknown connector type `OnPremise` | did you mean `OnPremises`?",
            "error 7: `SenderIPAddresses`: `10.0.0.0/8`: the prefix must be /24 to /32 | ",
            "error 7: `Enabled` of InboundConnector takes `true` or `false`, not `perhaps` | ",
            "error 8: `*` is no certificate name | wants `mail.contoso.com` or `*.contoso.com`",
            "error 8: `SenderDomains`: `a..b` is no domain | wants `contoso.com`, `*.contoso.com`, `*` or `smtp:contoso.com;1`",
            "error 8: this InboundConnector has no `Name` | ",
            "error 9: `TransportConfig` takes a map, not a text | ",
            "error 12: `a@b.example` has no value | wants a text; a text that begins with `#`, or is `~` or `null`, is quoted",
            "error 12: unknown key `recipient` | did you mean `recipients`?",
            "error 11: unknown key `AcceptedDomains` | did you mean `AcceptedDomain`?",
            "error 10: a second tenant named `A` | ",
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn null_says_as_much_as_nothing_and_one_as_much_as_a_list_of_one() {
        let (tenants, faults) = parse(
            "tenants:
  - { name: A, AcceptedDomain: null, InboundConnector: , CASMailbox: ~, TransportConfig: null, lab: }
  - { name: B, lab: { passwords: , recipients: } }
  - { name: C, lab: { recipients: info@c.example } }
  - { name: D, lab: { recipients: [] } }
",
        );
        assert_eq!(faults, Vec::<String>::new());
        let known: Vec<_> = tenants.iter().map(|tenant| tenant.has_recipient("info@c.example")).collect();
        assert_eq!(known, [None, None, Some(true), Some(false)]);
    }

    #[test]
    fn a_domain_belongs_to_one_tenant() {
        let (_, faults) = parse(
            "tenants:
  - { name: A, AcceptedDomain: { DomainName: contoso.com } }
  - { name: B, AcceptedDomain: { DomainName: CONTOSO.com } }
",
        );
        assert_eq!(faults, ["error 3: contoso.com is an accepted domain of `A` already | "]);
    }
}
