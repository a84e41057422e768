//! Replies as they were captured or documented, stamps, tags and all: each is known
//! by its text.

use std::collections::HashMap;

use super::explain;
use crate::exchange::catalogue::{Known, Server};
use crate::smtp::steady;

/// Exchange Online's, in the order of the reference they were collected in.
const EXCHANGE_ONLINE: &[&str] = &[
    "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2. Visit https://aka.ms/smtp_auth_tls. [MAXPR0101CA0021.INDPRD01.PROD.OUTLOOK.COM]",
    "550 5.7.67 TLS 1.0 and 1.1 are not supported by your organization.",
    "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM [AM0PR10CA0081.EURPRD10.PROD.OUTLOOK.COM]",
    "530 5.7.57 Client not authenticated to send mail. [US22278CA0034.US7P278.PROD.OUTLOOK.COM 2024-10-24T00:00:00.000Z 08DC6AD071D7DE27]",
    "535 5.7.3 Authentication unsuccessful [AM0PR10CA0081.EURPRD10.PROD.OUTLOOK.COM]",
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. [FR0P281CA0143.DEUP281.PROD.OUTLOOK.COM 2023-03-31T22:26:09.545Z 08DB319835AA1D8C]",
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.",
    "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [YT3PR01CA0122.CANPRD01.PROD.OUTLOOK.COM 2025-01-22T03:07:00.315Z 08DD393115E98C2B]",
    "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
    "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator.",
    "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator. [BN9PR03CA0716.namprd03.prod.outlook.com 2026-07-01T01:57:31.695Z 08DED6A3FAA75B29]",
    "535 5.7.139 Authentication unsuccessful, federated STS service was unreachable.",
    "535 5.7.139 Authentication unsuccessful, the federated STS URL does not support HTTPS.",
    "550 5.7.30 Basic authentication is not supported for Client Submission.",
    "504 5.7.4 Unrecognized authentication type [MW4PR04CA0123.namprd03.prod.outlook.com]",
    "501 5.5.4 Invalid domain name [BMXPR01CA0083.INDPRD01.PROD.OUTLOOK.COM 2025-04-26T18:06:35.781Z 08DD842467C8274D]",
    "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    "554 5.2.252 SendAsDenied; info@contoso.com not allowed to send as noreply@contoso.com; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due to a permanent exception with message [BeginDiagnosticData]Cannot submit message.",
    "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due to a permanent exception with message Cannot submit message.",
    "430 4.2.0 STOREDRV; mailbox logon failure; x",
    "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending",
    "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded",
    "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
    "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
    "5.2.2 Submission quota exceeded",
    "5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
    "550 5.1.8 Access denied, bad outbound sender",
    "550 5.7.64 TenantAttribution; Relay Access Denied SMTP",
    "550 5.7.64 Relay Access Denied ATTR36. For more information, see KB 3169958 (x)",
    "451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35. For more information please go to https://go.microsoft.com/fwlink/?linkid=865268",
    "451 4.4.4 Mail received as unauthenticated, incoming to a recipient domain configured in a hosted tenant which has no mail-enabled subscriptions. ATTR5 [BN1PEPF0000468D.namprd05.prod.outlook.com 2026-08-13T13:12:35.600Z 08DEF8E545D8505D]",
    "550 5.7.51 TenantInboundAttribution; There is a partner connector configured that matched the message's recipient domain. The connector had either the RestrictDomainsToIPAddresses or RestrictDomainsToCertificate set [CH3PEPF00000016.namprd21.prod.outlook.com 2025-01-29T19:07:30.476Z 08DD3FA5DBC8F401]",
    "5.7.51 TenantInboundAttribution; Rejecting",
    "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources",
    "550;5.7.711 Access denied, bad inbound connector. AS(2204).",
    "550 5.4.1 Recipient address rejected: Access denied. For more information see https://aka.ms/EXOSmtpErrors [AM4PEPF00027A62.eurprd04.prod.outlook.com 2026-01-29T12:31:01.197Z 08DE5971FB66165F]",
    "550 5.4.1 [user@example.org]: Recipient address rejected: Access denied [x.prod.protection.outlook.com]",
    "5.4.1 Relay Access Denied",
    "554 5.4.14 Hop count exceeded - possible mail loop ATTR34 [DS1PEPF00017090.namprd03.prod.outlook.com 2025-11-06T22:03:23.333Z 08DE1D1FC98F0792]",
    "450 4.7.230 Connecting Exchange server version is out-of-date; connection to Exchange Online throttled for 5 mins/hr.",
    "550 5.7.230 Connecting Exchange server version is out-of-date; connection to Exchange Online blocked for 5 mins/hr.",
    "5.7.1. Unable To Relay: Blocked by Customer Allow list",
    "550 5.7.233 - Your message can't be sent because your tenant has exceeded its daily limit for sending email to external recipients (tenant external recipient rate limit). For more information see https://aka.ms/EXONdrs.",
    "5.3.190 Journaling on-premises messages to Microsoft 365 or Office 365 not supported when Journaling Archive is disabled",
    "550 5.7.606 Access denied, banned sending IP [1.2.3.4]. To request removal from this list please visit https://sender.office.com/ and follow the directions. For more information please go to  http://go.microsoft.com/fwlink/?LinkID=526655 (AS16012609) [x]",
    "550 5.7.511 Access denied, banned sender[1.2.3.4]. To request removal from this list, forward this message to delist@microsoft.com.",
    "550 5.7.1 Service unavailable, Client host [94.181.152.110] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/94.181.152.110 (AS3130). [x]",
    "451 4.7.500 Server busy. Please try again later from [2.56.250.16]. (S77714) [DB1PEPF000509EF.eurprd03.prod.outlook.com 2025-09-06T02:41:15.886Z 08DDE524AD2CBD69]",
    "4.7.550 Access denied, please try again later",
    "4.7.899 Access denied, please try again later",
    "451 4.7.650 The mail server [192.0.2.5] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.live.com (S775) [x]",
    "5.7.501 Access denied, spam abuse detected",
    "5.7.503 Access denied, banned sender",
    "5.7.504 [a@b.example]: Recipient address rejected: Access denied",
    "5.7.505 Access denied, banned recipient",
    "5.7.506 Access Denied, Bad HELO",
    "5.7.507 Access denied, rejected by recipient",
    "5.7.508 Access denied, [192.0.2.1] has exceeded permitted limits within /24 range",
    "5.7.510 x.mail.protection.outlook.com does not accept email over IPv6",
    "5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant",
    "5.7.513 Service unavailable, Client host [192.0.2.1] blocked by contoso.com using Customer Block list (AS16012607)",
    "5.7.800 Access denied, banned sender",
    "550 5.7.509 Access denied, sending domain [EXAMPLE.JP] does not pass DMARC verification and has a DMARC policy of reject. [a] [b] [c]",
    "550 5.7.515 Access denied, sending domain [example.jp] does not meet the required authentication level",
    "5.7.23 The message was rejected because of Sender Policy Framework violation",
    "4.7.26 Access denied, a message sent over IPv6 [2001:db8::1] must pass either SPF or DKIM validation, this message is not signed",
    "5.7.25 Access denied, the sending IPv6 address [2001:db8::1] must have a reverse DNS record",
    "5.7.705 Access denied, tenant has exceeded threshold",
    "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP. For more information please go to http://go.microsoft.com/fwlink/?LinkId=526653 AS(8561) [x]",
    "5.7.750 Service unavailable. Client blocked from sending from unregistered domains",
    "5.7.703 Your message can't be delivered because messages to XXX, YYY are blocked by your organization using Tenant Allow Block List.",
    "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed",
    "5.7.12 Sender was not authenticated by organization",
    "5.7.124 Sender not in allowed-senders list",
    "5.7.136 Sender was not authenticated",
    "5.7.1 Delivery not authorized",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "452 4.5.3 Too many recipients (AS780090)",
    "550 5.5.0 Requested action not taken: mailbox unavailable",
    "5.6.11 Invalid characters",
    "450 4.4.317 Cannot connect to remote server [Message=UntrustedRoot]",
    "450 4.4.316 Connection refused [Message=Socket error code 10061]",
    "550 5.4.316 Message expired, connection refused(Socket error code 10061)",
    "550 5.4.312 Message expired, DNS query failed(InfoNoRecords)",
    "4.4.7 Message expired",
    "450 4.7.321 starttls-not-supported: Destination mail server must support TLS to receive mail.",
    "5.7.322 certificate-expired: Destination mail server's certificate is expired.",
    "5.7.323 tlsa-invalid: The domain failed DANE validation.",
    "4.7.324 dnssec-invalid: Destination domain returned invalid DNSSEC records",
    "5.7.325 certificate-host-mismatch: Remote certificate MUST have a common name or subject alternative name matching the hostname (DANE)",
    "4.4.8 MX hosts of contoso.com failed MTA-STS validation",
    "5.7.5 Remote certificate failed MTA-STS validation. Reason: UntrustedRoot",
];

/// Those of others.
const OTHERS: &[(Server, &[&str])] = &[
    (
        Server::ExchangeServer,
        &[
            "451 5.7.3 STARTTLS is required to send mail",
            "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
            "554 5.4.6 Hop count exceeded - possible mail loop",
            "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found.",
        ],
    ),
    (
        Server::Postfix,
        &[
            "554 5.7.1 <a@b.example>: Relay access denied",
            "554 5.7.1 <a@b.example>: Recipient address rejected: Relay access denied",
            "454 4.7.1 <a@b.example>: Relay access denied",
            "530 5.7.0 Must issue a STARTTLS command first",
            "454 4.7.0 TLS not available due to local problem",
            "504 5.5.4 Encryption required for requested authentication mechanism",
            "503 5.5.1 Error: authentication not enabled",
            "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
            "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user u",
            "553 5.7.1 <a@b.example>: Sender address rejected: not logged in",
            "503 5.5.1 Error: send HELO/EHLO first",
            "503 5.5.1 Error: need MAIL command",
            "503 5.5.1 Error: need RCPT command",
            "554 5.5.1 Error: no valid recipients",
            "452 4.5.3 Error: too many recipients",
            "421 4.7.0 mail.example Error: too many errors",
            "250 2.1.5 Ok",
            "250 2.0.0 Ok: queued as 4XyZ",
        ],
    ),
    (
        Server::Exim,
        &[
            "550 relay not permitted",
            "535 Incorrect authentication data",
            "435 Unable to authenticate at present",
            "454 TLS currently unavailable",
            "501 Syntactically invalid EHLO argument(s)",
            "503 sender not yet given",
            "452 too many recipients",
            "552 Message size exceeds maximum permitted",
            "554 SMTP synchronization error",
            "250 OK id=1abc-000",
        ],
    ),
    (
        Server::Google,
        &[
            "421, \"4.7.0\", IP not in whitelist for RCPT domain, closing connection.",
            "421 4.7.0 TLS required for RCPT domain, closing connection. - gsmtp",
            "421 4.7.0 Try again later, closing connection. - gsmtp",
            "421 4.3.0 Temporary System Problem. Try again later - gsmtp",
            "450 4.2.1 Peak SMTP relay limit exceeded for customer - gsmtp",
            "550-5.7.26 This mail has been blocked because the sender is unauthenticated.",
        ],
    ),
    (
        Server::Ses,
        &[
            "530 Must issue a STARTTLS command first",
            "530 Authentication required",
            "554 Message rejected: Email address is not verified. The following identities failed the check in region AP-SOUTHEAST-1: a@b.example",
            "501 Invalid MAIL FROM address provided",
        ],
    ),
];

#[test]
fn no_two_replies_become_one_where_noise_is_taken_out() {
    let mut known: HashMap<String, &str> = HashMap::new();
    for line in EXCHANGE_ONLINE.iter().chain(OTHERS.iter().flat_map(|(_, lines)| *lines)) {
        assert_eq!(known.insert(steady(line, &[]), line), None, "{line}");
    }
}

#[test]
fn every_reply_that_is_on_record_is_known_by_its_text() {
    let exchange_online = EXCHANGE_ONLINE.iter().map(|line| (Server::ExchangeOnline, line));
    let others = OTHERS.iter().flat_map(|(server, lines)| lines.iter().map(|line| (*server, line)));
    let mut wrong = Vec::new();
    for (server, line) in exchange_online.chain(others) {
        let explained = explain(line);
        match explained.first().map(|first| &first.known) {
            Some(Known::Text(entry)) if entry.server == server => {}
            Some(Known::Text(entry)) => {
                wrong.push(format!("{line}: {} ({})", entry.text, entry.server.as_str()))
            }
            _ => wrong.push(format!("{line}: not known by its text")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
