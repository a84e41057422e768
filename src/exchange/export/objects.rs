//! The objects of one tenant.

use super::lab::lab;
use super::object::Object;
use crate::exchange::domain::{DomainName, DomainPattern};
use crate::exchange::network::Network;
use crate::exchange::recipients::Recipients;
use crate::exchange::tenants::{
    AcceptedDomain, AuthenticationPolicy, CasMailbox, ConnectorType, DomainType, InboundConnector,
    OrganizationConfig, OutboundConnector, Part, Places, Tenant, TransportConfig,
};
use crate::yaml::{Diagnostic, Field, Fields, Key, Node, Span, Value};

/// A tenant from everything that the files hold of it.
pub(super) fn tenant(
    name: String,
    whole: Span,
    entries: &[(Key, Node)],
    by_hand: bool,
    faults: &mut Vec<Diagnostic>,
) -> Tenant {
    let mut fields = Fields::of(entries);
    fields.take("name");
    let (mut missing, mut at) = (Vec::new(), Places::of(whole));
    let mut part = |part: Part| {
        let field = fields.take(part.as_str());
        match field {
            Some(field) => at.add(part.as_str(), field.span()),
            None => missing.push(part),
        }
        Reader { field, by_hand }
    };
    let accepted_domains = part(Part::AcceptedDomain).each(faults, accepted_domain);
    let inbound_connectors = part(Part::InboundConnector).each(faults, inbound_connector);
    let outbound_connectors = part(Part::OutboundConnector).each(faults, outbound_connector);
    let transport = part(Part::TransportConfig).one(faults, transport_config);
    let organization = part(Part::OrganizationConfig).one(faults, organization_config);
    let mailboxes = part(Part::CasMailbox).each(faults, cas_mailbox);
    let exported = part(Part::ExoRecipient);
    let mut recipients = exported.is_given().then(Recipients::default);
    for addresses in exported.each(faults, recipient) {
        recipients.get_or_insert_default().add(addresses);
    }
    let authentication_policies = part(Part::AuthenticationPolicy).each(faults, authentication_policy);
    let lab = fields.take("lab").map(|field| lab(field, &mut recipients, faults)).unwrap_or_default();
    fields.finish(faults);
    for connector in &lab.blocked_connectors {
        if !inbound_connectors.iter().any(|own: &InboundConnector| own.name == *connector) {
            let message = format!("`blocked_connectors` of {name}: no connector is named `{connector}`");
            faults.push(Diagnostic::error(message, whole));
        }
    }
    Tenant {
        name,
        accepted_domains,
        inbound_connectors,
        outbound_connectors,
        transport,
        organization,
        mailboxes,
        authentication_policies,
        recipients,
        missing,
        at,
        lab,
    }
}

/// One part of an export.
struct Reader<'n> {
    field: Option<Field<'n>>,
    by_hand: bool,
}

impl<'n> Reader<'n> {
    /// Whether the part is there, if only as an empty list.
    fn is_given(&self) -> bool {
        self.field.is_some_and(|field| !matches!(field.node().value, Value::Null))
    }

    /// Its objects: PowerShell writes one alone without a list, and none as null.
    fn each<T>(
        self,
        faults: &mut Vec<Diagnostic>,
        read: impl Fn(&mut Object<'n>, &mut Vec<Diagnostic>) -> Option<T>,
    ) -> Vec<T> {
        let Some(field) = self.field else { return Vec::new() };
        let mut found = Vec::new();
        for node in field.one_or_many() {
            if matches!(node.value, Value::Null) {
                continue;
            }
            let Some(entries) = field.item(node).entries(faults) else { continue };
            let mut object = Object::new(field.name(), node, entries);
            let value = read(&mut object, faults);
            object.finish(self.by_hand, faults);
            found.extend(value);
        }
        found
    }

    /// The object of which there is one.
    fn one<T: Default>(
        self,
        faults: &mut Vec<Diagnostic>,
        read: impl Fn(&mut Object<'n>, &mut Vec<Diagnostic>) -> Option<T>,
    ) -> T {
        let field = self.field;
        let mut found = self.each(faults, read).into_iter();
        let first = found.next().unwrap_or_default();
        if let (Some(field), Some(_)) = (field, found.next()) {
            faults.push(field.error(format!("an organisation has one {}", field.name())));
        }
        first
    }
}

fn accepted_domain(object: &mut Object<'_>, faults: &mut Vec<Diagnostic>) -> Option<AcceptedDomain> {
    // The numbers are those of Exchange Server's own enumeration.
    let kinds = [
        ("Authoritative", "0", DomainType::Authoritative),
        ("InternalRelay", "2", DomainType::InternalRelay),
        ("ExternalRelay", "1", DomainType::InternalRelay),
    ];
    let kind = object.word("DomainType", &kinds, faults);
    let match_subdomains = object.switch("MatchSubDomains", faults).unwrap_or(false);
    let field = object.require("DomainName", faults)?;
    let name = field.node().as_str().and_then(DomainName::new);
    if name.is_none() {
        object.wrong(field, "a domain name", faults);
    }
    Some(AcceptedDomain { name: name?, kind: kind.unwrap_or_default(), match_subdomains })
}

const CONNECTOR_TYPES: [(&str, &str, ConnectorType); 2] =
    [("OnPremises", "1", ConnectorType::OnPremises), ("Partner", "2", ConnectorType::Partner)];

fn inbound_connector(object: &mut Object<'_>, faults: &mut Vec<Diagnostic>) -> Option<InboundConnector> {
    let kind = object.require("ConnectorType", faults);
    let kind = kind.and_then(|_| object.word("ConnectorType", &CONNECTOR_TYPES, faults));
    let certificate_name = object.pattern("TlsSenderCertificateName", faults);
    let mut addresses = Vec::new();
    for (field, text) in object.texts("SenderIPAddresses", faults) {
        match Network::parse(text) {
            Ok(network) => addresses.push(network),
            Err(why) => object.wrong(field, &format!("IPv4 addresses and prefixes ({why})"), faults),
        }
    }
    let mut sender_domains = Vec::new();
    for (field, text) in object.texts("SenderDomains", faults) {
        match sender_domain(text) {
            Some(pattern) => sender_domains.push(pattern),
            None => {
                let wanted = "`contoso.com`, `*.contoso.com`, `*` or `smtp:contoso.com;1`";
                object.wrong(field, wanted, faults);
            }
        }
    }
    let name = object.require("Name", faults).and_then(|name| name.text(faults));
    Some(InboundConnector {
        name: name.unwrap_or_default().to_owned(),
        enabled: object.switch("Enabled", faults).unwrap_or(true),
        kind: kind.unwrap_or_default(),
        certificate_name,
        addresses,
        sender_domains,
        restrict_to_addresses: object.switch("RestrictDomainsToIPAddresses", faults).unwrap_or(false),
        restrict_to_certificate: object.switch("RestrictDomainsToCertificate", faults).unwrap_or(false),
        require_tls: object.switch("RequireTls", faults).unwrap_or(false),
        cloud_services_mail_enabled: object.switch("CloudServicesMailEnabled", faults),
        treat_messages_as_internal: object.switch("TreatMessagesAsInternal", faults),
        at: object.places(),
    })
}

/// A sender domain as PowerShell takes it, or as exports have it: address type,
/// pattern, priority.
fn sender_domain(text: &str) -> Option<DomainPattern> {
    let text =
        text.split_once(':').filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp")).map_or(text, |(_, t)| t);
    let text = text.split_once(';').map_or(text, |(pattern, _)| pattern);
    DomainPattern::parse(text)
}

fn outbound_connector(object: &mut Object<'_>, faults: &mut Vec<Diagnostic>) -> Option<OutboundConnector> {
    let kind = object.word("ConnectorType", &CONNECTOR_TYPES, faults);
    let smart_hosts = object.texts("SmartHosts", faults);
    let name = object.require("Name", faults).and_then(|name| name.text(faults));
    Some(OutboundConnector {
        name: name.unwrap_or_default().to_owned(),
        enabled: object.switch("Enabled", faults).unwrap_or(true),
        kind: kind.unwrap_or_default(),
        smart_hosts: smart_hosts.into_iter().map(|(_, host)| host.to_owned()).collect(),
        tls_domain: object.pattern("TlsDomain", faults),
        cloud_services_mail_enabled: object.switch("CloudServicesMailEnabled", faults),
        is_transport_rule_scoped: object.switch("IsTransportRuleScoped", faults),
        at: object.places(),
    })
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

fn organization_config(object: &mut Object<'_>, faults: &mut Vec<Diagnostic>) -> Option<OrganizationConfig> {
    let created = object.day("WhenCreatedUTC", faults);
    Some(OrganizationConfig {
        reject_direct_send: object.switch("RejectDirectSend", faults),
        default_authentication_policy: object.text("DefaultAuthenticationPolicy", faults).map(str::to_owned),
        created: created.or_else(|| object.day("WhenCreated", faults)),
    })
}

fn authentication_policy(
    object: &mut Object<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Option<AuthenticationPolicy> {
    let name = object.require("Name", faults)?.text(faults)?.to_owned();
    Some(AuthenticationPolicy { name, allow_basic_auth_smtp: object.switch("AllowBasicAuthSmtp", faults) })
}

/// The addresses of a recipient: the primary one, and every `smtp:` proxy address.
fn recipient<'n>(object: &mut Object<'n>, faults: &mut Vec<Diagnostic>) -> Option<Vec<&'n str>> {
    let mut addresses: Vec<&str> = object.text("PrimarySmtpAddress", faults).into_iter().collect();
    for (_, text) in object.texts("EmailAddresses", faults) {
        let proxy = text.split_once(':').filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp"));
        addresses.extend(proxy.map(|(_, address)| address));
    }
    // Contacts and groups may have none.
    (!addresses.is_empty()).then_some(addresses)
}
