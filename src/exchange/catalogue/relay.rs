//! The MX endpoint: attribution, relay, connectors, recipients.

use super::entry::{DOCUMENTED_ONLY, SIMULATED, entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const RELAY23: &str = "\"Updated Requirements for SMTP Relay through Exchange Online\", \
    techcommunity.microsoft.com 3851357, and learn.microsoft.com/exchange/mail-flow-best-practices/\
    updated-requirements-smtp-relay";
const NDR: &str = "\"Email non-delivery reports in Exchange Online\", learn.microsoft.com/exchange/\
    mail-flow-best-practices/non-delivery-reports-in-exchange-online";

entries! {
    /// No relay for this sender.
    RELAY_ACCESS_DENIED = Entry {
        code: Some(550),
        enhanced: x(5, 7, 64),
        text: "TenantAttribution; Relay Access Denied",
        stages: &[Stage::RcptTo, Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the recipient is not yours, and the sender was attributed to no tenant that may relay",
        cause: "no inbound connector of type OnPremises matched the certificate or the address, or \
            neither the certificate domain nor the P1 sender domain is an accepted domain; the null \
            sender has only the certificate to show. Where no connector matches at all, 451 4.4.62 ATTR35 \
            is documented for the same",
        fix: "match the connector's SenderIPAddresses or TlsSenderCertificateName to what the server \
            really shows, add the certificate or P1 domain as accepted domain, send the certificate with \
            its whole chain",
        source: RELAY23,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The wording of the rule of 2017.
    RELAY_ACCESS_DENIED_ATTR36 = Entry {
        code: Some(550),
        enhanced: x(5, 7, 64),
        text: "Relay Access Denied ATTR36",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "relay was refused, in the wording of 2017",
        cause: "neither a certificate connector nor a registered sender domain",
        fix: "set up a connector that recognises the server by certificate; register the sender domain",
        source: "KB 3169958, \"Configure a certificate-based connector to relay email messages through \
            Office 365\"",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Wrong region, or relay without a connector.
    WRONG_REGION = Entry {
        code: Some(451),
        enhanced: x(4, 4, 62),
        text: "Mail sent to the wrong Office 365 region. ATTR35",
        tail: ". For more information please go to https://go.microsoft.com/fwlink/?linkid=865268",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "this host does not serve the recipient's tenant, or no connector lets the mail relay",
        cause: "an old or literal smart host, relay without a matching connector (some hosts say 550 \
            5.7.64 instead), or a recipient whose tenant is served elsewhere",
        fix: "send to <initial-domain>.mail.protection.outlook.com; mend the connector",
        source: "learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/wrong-office-365-region-exo",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// A tenant without mail.
    NO_MAIL_SUBSCRIPTION = Entry {
        code: Some(451),
        enhanced: x(4, 4, 4),
        text: "Mail received as unauthenticated, incoming to a recipient domain configured in a hosted \
            tenant which has no mail-enabled subscriptions. ATTR5",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the recipient's tenant has no mailbox licences",
        cause: "the domain is verified in a tenant without mail-enabled subscriptions",
        fix: "license a mailbox, or point the MX elsewhere",
        source: "seen on the wire, 2026-08; the multi-geo page of learn.microsoft.com prints it as 550 4.4.4",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// A restricting Partner connector.
    PARTNER_CONNECTOR = Entry {
        code: Some(550),
        enhanced: x(5, 7, 51),
        text: "TenantInboundAttribution; There is a partner connector configured that matched the \
            message's recipient domain",
        tail: ". The connector had either the RestrictDomainsToIPAddresses or \
            RestrictDomainsToCertificate set",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the tenant takes this mail only from the addresses or the certificate of a partner connector",
        cause: "a restricting Partner connector and a source outside it; or a hybrid server whose \
            certificate no longer matches its own connector, so that the partner connector judged it",
        fix: "send through the gateway that the connector names, or mend the certificate, its accepted \
            domain and TlsSenderCertificateName of the OnPremises connector",
        source: "Microsoft Japan support blog on renewing a hybrid server's certificate, errors of 2025-01-29",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The same in the short form that articles quote.
    PARTNER_CONNECTOR_SHORT = Entry {
        code: None,
        enhanced: x(5, 7, 51),
        text: "TenantInboundAttribution; Rejecting",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the tenant takes this mail only from the addresses or the certificate of a partner connector",
        cause: "a restricting Partner connector and a source outside it",
        fix: "send through the gateway that the connector names",
        source: "quoted by articles; not seen on the wire",
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// Direct Send is switched off.
    DIRECT_SEND_REJECTED = Entry {
        code: Some(550),
        enhanced: x(5, 7, 68),
        text: "TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized \
            sources",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the sender's domain is the tenant's own, and the tenant refuses such mail from strangers",
        cause: "RejectDirectSend is true, the P1 domain is an accepted domain, and no inbound connector \
            matched the address or the certificate",
        fix: "create an inbound connector for the source, or let it log in",
        source: "\"Introducing more control over Direct Send in Exchange Online\", techcommunity.microsoft.com \
            4408790; the stage is not proven",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// A connector blocked as compromised.
    BAD_CONNECTOR = Entry {
        code: Some(550),
        enhanced: x(5, 7, 711),
        text: "Access denied, bad inbound connector",
        tail: ". AS(2204).",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the inbound connector is blocked as compromised",
        cause: "suspicious traffic came through the connector",
        fix: "find the source, then Remove-BlockedConnector; it takes up to an hour",
        source: "\"Remove blocked connectors\", learn.microsoft.com/defender-office-365",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// Directory-based edge blocking.
    UNKNOWN_RECIPIENT = Entry {
        code: Some(550),
        enhanced: x(5, 4, 1),
        text: "Recipient address rejected: Access denied",
        tail: ". For more information see https://aka.ms/EXOSmtpErrors",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the domain is the tenant's, the recipient does not exist",
        cause: "directory-based edge blocking: an unknown recipient in an authoritative domain",
        fix: "create the recipient, or make the domain an internal relay domain",
        source: "seen on the wire, 2026-01; \"Use Directory-Based Edge Blocking\", learn.microsoft.com",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The older form of the same, with the address in front.
    UNKNOWN_RECIPIENT_OLD = Entry {
        code: Some(550),
        enhanced: x(5, 4, 1),
        text: "[*]: Recipient address rejected: Access denied",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the domain is the tenant's, the recipient does not exist",
        cause: "directory-based edge blocking: an unknown recipient in an authoritative domain",
        fix: "create the recipient, or make the domain an internal relay domain",
        source: "bounces collected by sisimai",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A domain that is nobody's here.
    DOMAIN_NOT_ACCEPTED = Entry {
        code: None,
        enhanced: x(5, 4, 1),
        text: "Relay Access Denied",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the host does not accept mail for this domain",
        cause: "the recipient's domain is no accepted domain",
        fix: "check the MX record and the accepted domains",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A loop.
    MAIL_LOOP = Entry {
        code: Some(554),
        enhanced: x(5, 4, 14),
        text: "Hop count exceeded - possible mail loop",
        tail: " ATTR34",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the message went round too often",
        cause: "connectors or the domain's type send the mail back where it came from",
        fix: "break the loop: the domain's type, the outbound connector, the add-on's loop guard header",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// An Exchange server past its support.
    SERVER_OUT_OF_DATE = Entry {
        code: None,
        enhanced: x(5, 7, 230),
        text: "Connecting Exchange server version is out-of-date",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the on-premises Exchange server is too old; its mail is blocked for part of each hour",
        cause: "a persistently vulnerable Exchange server behind an OnPremises connector",
        fix: "update it; enforcement can be paused for up to 90 days a year",
        source: "techcommunity.microsoft.com 4007169",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The same while it is throttled.
    SERVER_THROTTLED = Entry {
        code: Some(450),
        enhanced: x(4, 7, 230),
        text: "Connecting Exchange server version is out-of-date",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the on-premises Exchange server is too old; its mail is throttled",
        cause: "a persistently vulnerable Exchange server behind an OnPremises connector",
        fix: "update it; enforcement can be paused for up to 90 days a year",
        source: "techcommunity.microsoft.com 4007169",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The tenant's daily limit for external recipients.
    TENANT_LIMIT = Entry {
        code: Some(550),
        enhanced: x(5, 7, 233),
        text: "*Your message can't be sent because your tenant has exceeded its daily limit for sending \
            email to external recipients",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the tenant has sent to as many external recipients as a day allows",
        cause: "the tenant external recipient rate limit; relayed mail counts",
        fix: "wait for the 24-hour window to move on; move bulk mail elsewhere",
        source: "a public non-delivery report; MC1023294",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Too many recipients in one message.
    TOO_MANY_RECIPIENTS = Entry {
        code: Some(452),
        enhanced: x(4, 5, 3),
        text: "Too many recipients",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the message has more recipients than one transaction may carry",
        cause: "the envelope limit, or more than 200 recipients of one domain",
        fix: "send the rest in a second transaction",
        source: NDR,
        confidence: Confidence::Paraphrased,
        ..SIMULATED
    };

    /// An address on two lists.
    CUSTOMER_ALLOW_LIST = Entry {
        code: None,
        enhanced: x(5, 7, 1),
        text: "Unable To Relay: Blocked by Customer Allow list",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the address is on the IP Allow list, and that keeps the connector from being used",
        cause: "the address is in a connector, in the IP Allow list and on a block list",
        fix: "take the address off the IP Allow list",
        source: "KB 3013740",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A trial tenant's daily limit.
    TRIAL_TENANT_LIMIT = Entry {
        code: Some(550),
        enhanced: x(5, 7, 232),
        text: "*",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the trial tenant has sent to as many external recipients as a day allows",
        cause: "the tenant external recipient rate limit of trials (5,000 a day)",
        fix: "wait for the 24-hour window to move on, or buy licences",
        source: "told by a third party; the twin of 5.7.233",
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// Journal mail.
    JOURNALING = Entry {
        code: None,
        enhanced: x(5, 3, 190),
        text: "Journaling on-premises messages to Microsoft 365 or Office 365 not supported",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "journal reports are not taken into a mailbox of the service",
        cause: "journaling of on-premises mail to an Exchange Online mailbox, without Journaling Archive",
        fix: "point journaling at another mailbox or archive",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };
}
