//! Tenants for the tests of the rules.

use super::{Finding, audit};
use crate::exchange::Tenants;
use crate::yaml::Sources;

/// Tenants from the text of a tenants file.
pub(super) fn load(text: &str) -> Tenants {
    let name = format!("relayprobe-audit-{}-{:016x}.yaml", std::process::id(), fastrand::u64(..));
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).expect("a temporary file");
    let read = Tenants::load(&path, &mut Sources::default());
    std::fs::remove_file(&path).expect("it was there");
    read.unwrap_or_else(|faults| panic!("{}", faults[0].message)).0
}

/// A tenant with every part that the audit asks for, one accepted domain and these
/// connectors.
pub(super) fn tenant(name: &str, domain: &str, connectors: &str) -> String {
    format!(
        "  - name: {name}\n    AcceptedDomain: [{{ DomainName: {domain} }}]\n    OutboundConnector: []\n    \
         TransportConfig: {{ SmtpClientAuthenticationDisabled: true }}\n    OrganizationConfig: {{}}\n    \
         CASMailbox: []\n    EXORecipient: []\n    AuthenticationPolicy: []\n    InboundConnector:\n{connectors}"
    )
}

/// What the rule with this id finds: `tenant: object: message`.
pub(super) fn found(id: &str, text: &str) -> Vec<String> {
    let tell = |finding: &Finding| format!("{}: {}: {}", finding.tenant, finding.object, finding.message);
    audit(&load(text)).iter().filter(|finding| finding.rule.id == id).map(tell).collect()
}
