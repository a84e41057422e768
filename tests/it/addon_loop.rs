//! Mail that Exchange Online gives to an add-on service and takes back: we play its
//! outbound connector, a real Postfix is the service, the simulator takes the mail
//! back and says whose it is.

use relayprobe::exchange::{AttributedBy, author_addresses};
use relayprobe::simulator::Delivered;

use crate::support::{AddOn, field, fields};

/// Tenant, connector, and what settled it.
fn attributed(message: &Delivered) -> (&str, Option<&str>, AttributedBy) {
    let attribution = message.attribution.as_ref().expect("it was attributed");
    (&attribution.tenant, attribution.connector.as_deref(), attribution.by)
}

/// The recipients as written, sorted: Postfix has an order of its own.
fn recipients(message: &Delivered) -> Vec<&str> {
    let mut recipients: Vec<&str> = message.rcpt_to.iter().map(|path| path.as_str()).collect();
    recipients.sort_unstable();
    recipients
}

#[test]
fn a_certificate_for_each_customer_brings_the_mail_back_to_its_tenant() {
    let Some(add_on) = AddOn::shared("a_certificate_for_each_customer_brings_the_mail_back_to_its_tenant")
    else {
        return;
    };
    let played = add_on.play(
        "
  - name: to a partner and a colleague, by $(customer)
    target: $(customer)
    mail_from: anna@$(customer).com
    rcpt_to: [partner@fourthcoffee.example, info@$(customer).com]
    headers:
      - Message-ID: <right-$(customer)@test>
      - X-OriginatorOrg: $(customer).com
      - X-MS-Exchange-CrossPremises-AuthAs: Internal
    matrix: { customer: [contoso, fabrikam] }
    expect: { tls: { verified: true }, message: 250 2.0.0 Ok }
  - name: out of office
    target: contoso
    mail_from: ''
    headers: [{ Message-ID: <right-null@test> }]
",
        "",
    );
    played.status(0);
    for (customer, tenant, connector) in
        [("contoso", "Contoso", "Contoso's return"), ("fabrikam", "Fabrikam", "Fabrikam's return")]
    {
        let message = add_on.arrived(&format!("<right-{customer}@test>"));
        assert_eq!(attributed(&message), (tenant, Some(connector), AttributedBy::Certificate));
        assert_eq!(message.attribution.as_ref().map(|to| to.direction()), Some("originating"));
        assert_eq!(message.mail_from.as_str(), format!("anna@{customer}.com"));
        assert_eq!(
            recipients(&message),
            [format!("info@{customer}.com"), "partner@fourthcoffee.example".to_owned()]
        );
        assert_eq!(message.tls.as_ref().map(|tls| tls.version.as_str()), Some("TLSv1.3"));
        let [received] = &fields(&message, "Received")[..] else { panic!("one hop") };
        assert!(received.contains("by smtp.signatures.example (Postfix)"), "{received}");
        assert_eq!(fields(&message, "X-Signature-Added"), ["yes"]);
        // The header firewall: promoted where CloudServicesMailEnabled is true on both
        // sides, removed where it is not.
        let promoted = fields(&message, "X-MS-Exchange-Organization-AuthAs");
        assert_eq!(promoted, if tenant == "Contoso" { &["Internal"][..] } else { &[] });
        assert_eq!(field(&message, "X-MS-Exchange-CrossPremises-AuthAs"), None);
        let account = message.account.to_string();
        assert!(account.contains("is covered by an accepted domain"), "{account}");
    }
    let reply = add_on.arrived("<right-null@test>");
    assert_eq!(attributed(&reply), ("Contoso", Some("Contoso's return"), AttributedBy::Certificate));
    assert_eq!(reply.mail_from.as_str(), "");
}

#[test]
fn a_certificate_shared_by_customers_brings_mail_to_the_wrong_tenant() {
    let Some(add_on) = AddOn::shared("a_certificate_shared_by_customers_brings_mail_to_the_wrong_tenant")
    else {
        return;
    };
    let played = add_on.play(
        "
  - name: nobody's domain, Fabrikam writes Contoso's P1
    target: shared
    mail_from: ceo@contoso.com
    header_from: sales@fabrikam.com
    headers: [{ Message-ID: <shared-p1@test> }, { X-OriginatorOrg: fabrikam.com }]
  - name: Fabrikam's domain, Contoso's mail
    target: taken
    headers: [{ Message-ID: <shared-taken@test> }, { X-OriginatorOrg: contoso.com }]
  - name: nobody's domain, out of office
    target: shared
    mail_from: ''
    rcpt_to: null-sender@fourthcoffee.example
    headers: [{ Message-ID: <shared-null@test> }]
",
        "",
    );
    // The service takes everything; whose it becomes shows behind it alone.
    played.status(0);
    let message = add_on.arrived("<shared-p1@test>");
    assert_eq!(attributed(&message), ("Contoso", Some("Signatures for everyone"), AttributedBy::MailFrom));
    let message = add_on.arrived("<shared-taken@test>");
    assert_eq!(attributed(&message), ("Fabrikam", Some("One for all"), AttributedBy::Certificate));
    assert_eq!(message.mail_from.as_str(), "anna@contoso.com");
    let refused = add_on.awaited("the refusal of the null sender", || {
        let log = add_on.log();
        log.lines()
            .find(|line| line.contains("to=<null-sender@") && line.contains("status="))
            .map(str::to_owned)
    });
    assert!(refused.contains("550 5.7.64 TenantAttribution") && refused.contains("RCPT TO"), "{refused}");
    assert!(add_on.kept("<shared-null@test>").is_empty());
}

#[test]
fn forged_senders_deceive_a_service_that_believes_them() {
    let Some(add_on) = AddOn::shared("forged_senders_deceive_a_service_that_believes_them") else { return };
    // Fabrikam's tenant: its mail comes from the same addresses with the same
    // certificate as Contoso's.
    let played = add_on.play(
        "
  - name: $(what) at $(entry)
    target: $(entry)
    mail_from: $(p1)
    header_from: $(p2)
    headers: [{ Message-ID: <forged-$(what)-$(entry)@test> }, { X-OriginatorOrg: fabrikam.com }]
    matrix: { entry: [fabrikam, by_sender] }
    cases:
      - { what: P1, p1: ceo@contoso.com,    p2: sales@fabrikam.com }
      - { what: P2, p1: sales@fabrikam.com, p2: ceo@contoso.com }
",
        "",
    );
    played.status(0);
    for (what, entry, tenant, p1, p2) in [
        ("P1", "fabrikam", "Fabrikam", "ceo@contoso.com", "sales@fabrikam.com"),
        ("P2", "fabrikam", "Fabrikam", "sales@fabrikam.com", "ceo@contoso.com"),
        ("P1", "by_sender", "Contoso", "ceo@contoso.com", "sales@fabrikam.com"),
        ("P2", "by_sender", "Fabrikam", "sales@fabrikam.com", "ceo@contoso.com"),
    ] {
        let message = add_on.arrived(&format!("<forged-{what}-{entry}@test>"));
        assert_eq!(attributed(&message).0, tenant, "{what} {entry}");
        assert_eq!(attributed(&message).2, AttributedBy::Certificate, "{what} {entry}");
        assert_eq!(message.mail_from.as_str(), p1);
        assert_eq!(author_addresses(&message.head), [p2]);
        // The one thing that tells: Exchange Online's own word, on its own connection.
        assert_eq!(field(&message, "X-OriginatorOrg").as_deref(), Some("fabrikam.com"));
    }
}

/// Fields that Exchange Online writes, written by somebody else.
const FORGED: &str = "headers:
      - Message-ID: <$(id)@test>
      - X-OriginatorOrg: contoso.com
      - X-MS-Exchange-CrossTenant-AuthAs: Internal
      - X-MS-Exchange-CrossPremises-AuthAs: Internal
      - X-MS-Exchange-Organization-SCL: '-1'";

#[test]
fn forged_headers_do_not_open_a_service_that_looks_at_the_connection() {
    let Some(add_on) = AddOn::shared("forged_headers_do_not_open_a_service_that_looks_at_the_connection")
    else {
        return;
    };
    let played = add_on.play(
        &format!(
            "
  - name: $(who)
    target: contoso
    certificate: $(certificate)
    source_ip: $(address)
    {FORGED}
    cases:
      - {{ who: no certificate,      id: closed-1, certificate: none,            address: 40.107.22.40,  want: 'Relay access denied' }}
      - {{ who: another certificate, id: closed-2, certificate: stranger,        address: 40.107.22.40,  want: 'Relay access denied' }}
      - {{ who: another address,     id: closed-3, certificate: exchange-online, address: 198.51.100.66, want: 'Access denied' }}
      - {{ who: a stranger,          id: closed-4, certificate: stranger,        address: 198.51.100.66, want: 'Access denied' }}
    expect: {{ rcpt_to: {{ reply: 554 5.7.1, text: $(want) }} }}
"
        ),
        "",
    );
    played.status(0);
    for n in 1..=4 {
        assert!(add_on.kept(&format!("<closed-{n}@test>")).is_empty());
    }
}

#[test]
fn forged_headers_are_believed_where_a_service_trusts_everybody() {
    let Some(add_on) = AddOn::shared("forged_headers_are_believed_where_a_service_trusts_everybody") else {
        return;
    };
    let played = add_on.play(
        &format!(
            "
  - name: a stranger, through the service
    target: trusting
    certificate: stranger
    source_ip: 198.51.100.66
    vars: {{ id: trusting }}
    {FORGED}
  - name: a stranger, to the simulator, $(rcpt)
    target: mx
    tls: none
    certificate: none
    source_ip: none
    mail_from: ben@mailer.example
    rcpt_to: $(rcpt)
    {FORGED}
    cases:
      - {{ id: direct-out, rcpt: partner@fourthcoffee.example, want: 550 5.7.64 }}
      - {{ id: direct-in,  rcpt: info@contoso.com,             want: 250 }}
    expect: $(want)
"
        ),
        "",
    );
    played.status(0);
    // The service lends the stranger its certificate, and Contoso its trust.
    let message = add_on.arrived("<trusting@test>");
    assert_eq!(attributed(&message), ("Contoso", Some("Contoso's return"), AttributedBy::Certificate));
    assert_eq!(field(&message, "X-MS-Exchange-Organization-AuthAs").as_deref(), Some("Internal"));
    assert_eq!(field(&message, "X-MS-Exchange-Organization-SCL"), None);
    // Without it the mail is anybody's from the Internet, and the header firewall
    // takes away what only the organisation may write.
    let message = add_on.arrived("<direct-in@test>");
    assert_eq!(attributed(&message), ("Contoso", None, AttributedBy::Recipient));
    assert_eq!(message.attribution.as_ref().map(|to| to.direction()), Some("incoming"));
    for removed in ["X-MS-Exchange-Organization-SCL", "X-MS-Exchange-Organization-AuthAs"] {
        assert_eq!(field(&message, removed), None);
    }
    assert_eq!(field(&message, "X-MS-Exchange-CrossPremises-AuthAs"), None);
    assert_eq!(field(&message, "X-OriginatorOrg").as_deref(), Some("contoso.com"), "it proves nothing");
    let account = message.account.to_string();
    assert!(account.contains("the header firewall removes"), "{account}");
}

/// One passage through Exchange Online: what it writes before it hands mail out.
const PASSAGE: &str = "Received: from AM0PR01MB0001.eurprd01.prod.outlook.com (2603:10a6::1)\r\n \
    by DB8PR05MB0002.eurprd05.prod.outlook.com (2603:10a6::2) with Microsoft SMTP Server;\r\n \
    Sun, 1 Nov 2026 08:15:00 +0000\r\n";

/// Sends a message to an entry and gives back what arrived as the `n`th under its
/// Message-ID.
fn round(add_on: &AddOn, entry: &str, id: &str, message: &str, n: usize) -> String {
    let scenario = format!("  - {{ name: a round, target: {entry}, message: {{ file: m.eml }} }}\n");
    add_on.play(&scenario, message).status(0);
    let message = add_on.awaited(id, || add_on.kept(id).into_iter().nth(n - 1));
    assert_eq!(attributed(&message).0, "Contoso");
    String::from_utf8_lossy(&message.head).into_owned()
}

/// The rule in front of the outbound connector: to the service, unless it has been
/// there.
fn goes_to_the_service(message: &str) -> bool {
    !message.contains("\r\nX-Signature-Added: yes\r\n")
}

#[test]
fn a_loop_guard_ends_the_loop_and_without_one_the_hop_count_does() {
    let Some(add_on) = AddOn::shared("a_loop_guard_ends_the_loop_and_without_one_the_hop_count_does") else {
        return;
    };
    let message = |id: &str| {
        format!("From: anna@contoso.com\r\nSubject: round\r\nMessage-ID: {id}\r\n\r\nOur offer.\r\n")
    };
    let guarded =
        round(&add_on, "contoso", "<guarded@test>", &(PASSAGE.to_owned() + &message("<guarded@test>")), 1);
    assert!(!goes_to_the_service(&guarded), "{guarded}");

    let id = "<unguarded@test>";
    let mut message = message(id);
    for n in 1..20 {
        message = round(&add_on, "unguarded", id, &(PASSAGE.to_owned() + &message), n);
        assert!(goes_to_the_service(&message), "{message}");
    }
    // The service accepts it once more; Exchange Online does not.
    let last = PASSAGE.to_owned() + &message;
    add_on.play("  - { name: the last, target: unguarded, message: { file: m.eml } }\n", &last).status(0);
    let report = add_on.awaited("the bounce", || {
        add_on.delivered().into_iter().find(|message| {
            let text = String::from_utf8_lossy(&message.head);
            message.mail_from.as_str().is_empty() && text.contains(id)
        })
    });
    let text = String::from_utf8_lossy(&report.head);
    assert!(text.contains("554 5.4.14 Hop count exceeded - possible mail loop"), "{text}");
    assert_eq!(recipients(&report), ["anna@contoso.com"]);
    assert_eq!(attributed(&report), ("Contoso", Some("Contoso's return"), AttributedBy::Certificate));
    assert_eq!(add_on.kept(id).len(), 19);
}
