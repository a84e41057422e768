//! The header firewall: which of Exchange Online's own fields survive when mail
//! comes in from elsewhere.

use std::borrow::Cow;

use super::header::{self, Field};
use super::{Account, Attribution, ConnectorType, Tenants};

/// Fields that only the organisation itself may write.
const ORGANIZATION: &str = "X-MS-Exchange-Organization-";
/// The same on their way between the organisation's two sides.
const CROSS_PREMISES: &str = "X-MS-Exchange-CrossPremises-";

/// A message as it is kept: fields of the organisation are removed, whoever wrote
/// them. Fields on their way across premises are promoted to fields of the
/// organisation where the message came through an OnPremises connector with
/// `CloudServicesMailEnabled`, and removed elsewhere.
///
/// Source: Set-InboundConnector, `CloudServicesMailEnabled` (promotion, and removal
/// where it is false). That a field of the organisation is removed where no
/// connector is concerned, and that one beside a promoted field is, is inferred.
/// `X-OriginatorOrg` and `X-MS-Exchange-CrossTenant-*` are left as they came: no
/// source says what becomes of them.
#[must_use]
pub fn header_firewall<'m>(
    tenants: &Tenants,
    attribution: Option<&Attribution>,
    message: &'m [u8],
    why: &mut Account,
) -> Cow<'m, [u8]> {
    let (fields, rest) = header::split(message);
    if !fields.iter().any(|field| internal(*field).is_some()) {
        return Cow::Borrowed(message);
    }
    let promotes = attribution.and_then(|attribution| promoting(tenants, attribution));
    let mut passed = Vec::with_capacity(message.len());
    let (mut promoted, mut removed) = (Vec::new(), Vec::new());
    for field in fields {
        match (internal(field), promotes) {
            (None, _) => passed.extend_from_slice(field.raw()),
            (Some(Internal::CrossPremises), Some(_)) => {
                passed.extend_from_slice(ORGANIZATION.as_bytes());
                passed.extend_from_slice(&field.raw()[CROSS_PREMISES.len()..]);
                promoted.push(field.name());
            }
            (Some(_), _) => removed.push(field.name()),
        }
    }
    passed.extend_from_slice(rest);
    if let (Some(connector), [_, ..]) = (promotes, &promoted[..]) {
        why.step(format!(
            "connector \"{connector}\" has CloudServicesMailEnabled, so fields of the other side are \
             promoted: {}",
            listed(&promoted)
        ));
    }
    if !removed.is_empty() {
        why.step(format!("the header firewall removes {}", listed(&removed)));
    }
    Cow::Owned(passed)
}

/// A field that the firewall looks at.
enum Internal {
    Organization,
    CrossPremises,
}

fn internal(field: Field<'_>) -> Option<Internal> {
    let starts = |prefix: &str| {
        field.name().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if starts(ORGANIZATION) {
        Some(Internal::Organization)
    } else {
        starts(CROSS_PREMISES).then_some(Internal::CrossPremises)
    }
}

/// The name of the connector that promotes fields of the other side, if the one
/// that the mail came through does.
fn promoting<'a>(tenants: &'a Tenants, attribution: &Attribution) -> Option<&'a str> {
    let name = attribution.connector.as_ref()?;
    let tenant = tenants.list.iter().find(|tenant| tenant.name == attribution.tenant)?;
    let is_it = |connector: &&super::InboundConnector| {
        connector.name == *name
            && connector.kind == ConnectorType::OnPremises
            && connector.cloud_services_mail_enabled == Some(true)
    };
    tenant.inbound_connectors.iter().find(is_it).map(|connector| connector.name.as_str())
}

/// Names for an account: the first few, and how many more.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len() {
        0..=SHOWN => shown,
        all => format!("{shown} and {} more", all - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{AttributedBy, InboundConnector, Tenant};

    const SENT: &[u8] = b"Received: from a by b\r\n\
        X-MS-Exchange-Organization-AuthAs: Internal\r\n\
        x-ms-exchange-crosspremises-SCL:\r\n -1\r\n\
        X-OriginatorOrg: contoso.com\r\n\
        X-MS-Exchange-CrossTenant-Id: 1\r\n\
        \r\n\
        X-MS-Exchange-Organization-AuthAs: body\r\n";

    /// What is kept of [`SENT`], and why, where it came through a connector.
    fn through(kind: ConnectorType, cloud: Option<bool>) -> (String, Vec<String>) {
        let connector = InboundConnector {
            name: "Return".into(),
            kind,
            cloud_services_mail_enabled: cloud,
            ..InboundConnector::default()
        };
        let tenant =
            Tenant { name: "Contoso".into(), inbound_connectors: vec![connector], ..Tenant::default() };
        let attribution = Attribution {
            tenant: "Contoso".into(),
            connector: Some("Return".into()),
            by: AttributedBy::Certificate,
        };
        kept(&Tenants::new(vec![tenant]), Some(&attribution))
    }

    fn kept(tenants: &Tenants, attribution: Option<&Attribution>) -> (String, Vec<String>) {
        let mut why = Account::default();
        let kept = header_firewall(tenants, attribution, SENT, &mut why);
        (String::from_utf8_lossy(&kept).into_owned(), why.steps().to_vec())
    }

    const CLEANED: &str = "Received: from a by b\r\nX-OriginatorOrg: contoso.com\r\n\
        X-MS-Exchange-CrossTenant-Id: 1\r\n\r\nX-MS-Exchange-Organization-AuthAs: body\r\n";

    #[test]
    fn only_an_on_premises_connector_with_the_switch_promotes() {
        let (head, why) = through(ConnectorType::OnPremises, Some(true));
        assert_eq!(
            head,
            CLEANED.replace("X-OriginatorOrg", "X-MS-Exchange-Organization-SCL:\r\n -1\r\nX-OriginatorOrg")
        );
        assert_eq!(
            why,
            [
                "connector \"Return\" has CloudServicesMailEnabled, so fields of the other side are promoted: \
                 x-ms-exchange-crosspremises-SCL",
                "the header firewall removes X-MS-Exchange-Organization-AuthAs"
            ]
        );
        for (kind, cloud) in [
            (ConnectorType::OnPremises, Some(false)),
            (ConnectorType::OnPremises, None),
            (ConnectorType::Partner, Some(true)),
        ] {
            assert_eq!(through(kind, cloud).0, CLEANED);
        }
    }

    #[test]
    fn forged_fields_from_anywhere_else_are_removed() {
        let (head, why) = kept(&Tenants::default(), None);
        assert_eq!(head, CLEANED);
        assert_eq!(
            why,
            [
                "the header firewall removes X-MS-Exchange-Organization-AuthAs, x-ms-exchange-crosspremises-SCL"
            ]
        );
    }

    #[test]
    fn mail_without_such_fields_passes_untouched() {
        let mut why = Account::default();
        let message = b"Subject: x\r\n\r\n";
        let passed = header_firewall(&Tenants::default(), None, message, &mut why);
        assert!(matches!(passed, Cow::Borrowed(same) if same == message));
        assert!(why.steps().is_empty());
        assert_eq!(listed(&["a", "b", "c", "d", "e"]), "a, b, c, d and 1 more");
    }
}
