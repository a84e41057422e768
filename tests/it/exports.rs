//! Tenants from exports, end to end.

use crate::support::{Lab, Program};

#[test]
fn the_export_script_is_printed_and_nothing_else_is_done() {
    let lab = Lab::shared();
    let ran = Program::new(lab.path(), ["simulate", "--export-script"]).run();
    ran.status(0);
    assert!(ran.stdout.contains("Get-EXORecipient -ResultSize Unlimited") && ran.stderr.is_empty());
    let ran = Program::new(lab.path(), ["simulate", "--export-script", "tenants.yaml"]).run();
    assert_eq!(ran.status, 2, "{}", ran.stderr);
}

/// What the script writes on Windows PowerShell 5.1 through `Out-File`, beside what
/// it cannot hold.
#[test]
fn a_folder_of_exports_is_played_against() {
    let lab = Lab::shared();
    let folder = lab.project("exported");
    let project = folder.join("relayprobe.yaml");
    let text = std::fs::read_to_string(&project).expect("it is shipped");
    std::fs::write(&project, text.replace("tenants: tenants.yaml", "tenants: exports")).expect("it is ours");
    std::fs::create_dir_all(folder.join("exports")).expect("it is ours");
    let export = r#"{"name":"Contoso","AcceptedDomain":{"DomainName":"contoso.com","DomainType":0},
        "InboundConnector":{"Name":"By address","Enabled":true,"ConnectorType":1,"SenderIPAddresses":"203.0.113.10 203.0.113.64/28",
        "SenderDomains":["smtp:*;1"],"TlsSenderCertificateName":null,"WhenChangedUTC":"\/Date(1690000000000)\/"},
        "TransportConfig":{"SmtpClientAuthenticationDisabled":false},"OrganizationConfig":{"RejectDirectSend":false},
        "CASMailbox":[],"EXORecipient":{"PrimarySmtpAddress":"info@contoso.com","EmailAddresses":"SMTP:info@contoso.com smtp:office@contoso.com"}}"#;
    let utf_16: Vec<u8> =
        std::iter::once(0xFEFF).chain(export.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.join("exports/contoso.json"), utf_16).expect("it is ours");
    std::fs::write(
        folder.join("exports/lab.yaml"),
        "tenants:\n  - { name: Contoso, lab: { passwords: { info@contoso.com: secret }, send_as: { info@contoso.com: [boss@contoso.com] } } }\n",
    )
    .expect("it is ours");
    std::fs::write(
        folder.join("exported.yaml"),
        r#"suite: From an export
defaults: { target: mx, mail_from: app@contoso.com, rcpt_to: partner@outside.example }
scenarios:
  - { name: by address, source_ip: 203.0.113.70, expect: 250 }
  - { name: by no address, source_ip: 203.0.113.80, expect: 5.7.64 }
  - { name: an alias, rcpt_to: office@contoso.com, expect: 250 }
  - { name: nobody, rcpt_to: nobody@contoso.com, expect: 5.4.1 }
  - name: sends as $(sender)
    target: submission
    tls: starttls
    auth: { mechanism: LOGIN, username: info@contoso.com, password: secret }
    mail_from: $(sender)
    cases:
      - { sender: info@contoso.com, want: 250 }
      - { sender: Office@contoso.com, want: 250 }
      - { sender: boss@contoso.com, want: 250 }
      - { sender: cfo@contoso.com, want: 554 5.2.252 SendAsDenied }
    expect: { message: $(want) }
"#,
    )
    .expect("it is ours");
    let ran = Program::new(lab.path(), ["run", "exported/exported.yaml", "-v"]).run();
    ran.status(0);
    assert!(ran.stdout.contains("8 passed"), "{}", ran.stdout);

    std::fs::write(
        folder.join("exports/contoso.json"),
        export.replace("\"Enabled\":true", "\"Enabled\":\"perhaps\""),
    )
    .expect("it is ours");
    let ran = Program::new(lab.path(), ["run", "exported/exported.yaml"]).run();
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    let told = "`Enabled` of InboundConnector \"By address\" takes `true` or `false`, not `perhaps`";
    assert!(ran.stderr.contains(told) && ran.stderr.contains("exports/contoso.json:2"), "{}", ran.stderr);
}
