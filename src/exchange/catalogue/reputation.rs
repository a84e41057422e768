//! Reputation and authentication of the sender: what filters say, known from documents and logs.

use super::entry::{DOCUMENTED_ONLY, SIMULATED, entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const WIRE: &str = "seen on the wire";
const NDR: &str = "non-delivery reports page of learn.microsoft.com";

entries! {
    /// A listed address.
    BANNED_IP = Entry {
        code: Some(550),
        enhanced: x(5, 7, 606),
        last_detail: Some(649),
        text: "Access denied, banned sending IP [*",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "Microsoft has blocked the sending address",
        cause: "the address's reputation (5.7.606 to 5.7.649)",
        fix: "request removal at https://sender.office.com/",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A blocked sender.
    BANNED_SENDER = Entry {
        code: Some(550),
        enhanced: x(5, 7, 511),
        text: "Access denied, banned sender[*",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "Microsoft has blocked the sending address",
        cause: "the address's reputation",
        fix: "forward the report to delist@microsoft.com",
        source: "delisting page of learn.microsoft.com",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A public block list.
    BLOCK_LIST = Entry {
        code: Some(550),
        enhanced: x(5, 7, 1),
        text: "Service unavailable, Client host [*] blocked using",
        stages: &[Stage::RcptTo, Stage::MailFrom],
        server: Server::ExchangeOnline,
        meaning: "the sending address is on a public block list",
        cause: "the list that the text names",
        fix: "ask the list for removal; do not send from a dynamic address",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Throttled by address.
    SERVER_BUSY = Entry {
        code: Some(451),
        enhanced: x(4, 7, 500),
        text: "Server busy. Please try again later from [*]",
        tail: ". (S77714)",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the sending address is throttled",
        cause: "too little reputation for the rate",
        fix: "try again later, slower",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// Throttled by the consumer hosts.
    RATE_LIMITED = Entry {
        code: Some(451),
        enhanced: x(4, 7, 650),
        text: "The mail server [*] has been temporarily rate limited due to IP reputation",
        stages: &[Stage::MailFrom],
        server: Server::ExchangeOnline,
        meaning: "the sending address is throttled by the consumer service",
        cause: "the address's reputation",
        fix: "see https://postmaster.live.com; try again later, slower",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// DMARC says reject.
    DMARC = Entry {
        code: Some(550),
        enhanced: x(5, 7, 509),
        text: "Access denied, sending domain [*] does not pass DMARC verification",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the sender's domain asks to refuse mail that fails DMARC, and this does",
        cause: "neither SPF nor DKIM passed for the domain in From:",
        fix: "sign with DKIM for that domain, or send from a host that its SPF names",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// High-volume senders to the consumer service.
    AUTHENTICATION_LEVEL = Entry {
        code: Some(550),
        enhanced: x(5, 7, 515),
        text: "Access denied, sending domain [*] does not meet the required authentication level",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "a high-volume sender must pass SPF, DKIM and DMARC",
        cause: "one of the three is missing (consumer outlook.com since 2025-05-05)",
        fix: "set up SPF, DKIM and DMARC for the domain",
        source: "quoted widely; announced by Microsoft in 2025",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// HELO is judged as well.
    BAD_HELO = Entry {
        code: None,
        enhanced: x(5, 7, 506),
        text: "Access Denied, Bad HELO",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the name given in HELO or EHLO is refused",
        cause: "the server calls itself by the recipient's name, for one",
        fix: "send the sending host's own name",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A tenant that sends too much spam.
    TENANT_THRESHOLD = Entry {
        code: None,
        enhanced: x(5, 7, 705),
        text: "Access denied, tenant has exceeded threshold",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the tenant is blocked from sending",
        cause: "too much of its mail was spam",
        fix: "secure the accounts, then ask support to release the tenant",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Unregistered domains.
    UNREGISTERED_DOMAIN = Entry {
        code: None,
        enhanced: x(5, 7, 750),
        text: "Service unavailable. Client blocked from sending from unregistered domains",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "too much mail from domains that the tenant has not registered",
        cause: "relay with foreign senders",
        fix: "register the sender domains as accepted domains",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Spam from the account.
    SPAM_ABUSE = Entry {
        code: None,
        enhanced: x(5, 7, 501),
        text: "Access denied, spam abuse detected",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the sending account is blocked for spam",
        cause: "spam was sent from it",
        fix: "secure the account, then ask for its release",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A blocked account (5.7.502 and 5.7.503).
    BANNED_SENDER_502 = Entry {
        code: None,
        enhanced: x(5, 7, 502),
        last_detail: Some(503),
        text: "Access denied, banned sender",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the sending account is blocked",
        cause: "spam was sent from it",
        fix: "secure the account, then ask for its release",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A recipient that is refused.
    RECIPIENT_DENIED = Entry {
        code: None,
        enhanced: x(5, 7, 504),
        text: "*: Recipient address rejected: Access denied",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the recipient's address is not taken",
        cause: "the recipient does not exist, or its organisation refuses it",
        fix: "check the address; ask the recipient's administrator",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A blocked recipient.
    BANNED_RECIPIENT = Entry {
        code: None,
        enhanced: x(5, 7, 505),
        text: "Access denied, banned recipient",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "nobody may send to this recipient",
        cause: "the recipient is blocked",
        fix: "check the address; ask the recipient's administrator",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A list of the recipient's.
    REJECTED_BY_RECIPIENT = Entry {
        code: None,
        enhanced: x(5, 7, 507),
        text: "Access denied, rejected by recipient",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the recipient's organisation refuses this address",
        cause: "a block list of the recipient's own",
        fix: "ask the recipient's administrator",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Limits of a range of addresses.
    PERMITTED_LIMITS = Entry {
        code: None,
        enhanced: x(5, 7, 508),
        text: "Access denied, * has exceeded permitted limits within",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the sending address sends more than is permitted",
        cause: "too many messages from one range of addresses",
        fix: "send slower, and from fewer addresses",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// IPv6 is off there.
    NO_IPV6 = Entry {
        code: None,
        enhanced: x(5, 7, 510),
        text: "*does not accept email over IPv6",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the recipient's organisation takes no mail over IPv6",
        cause: "IPv6 is not switched on for the organisation",
        fix: "send over IPv4",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The From: field is missing or doubled.
    RFC5322 = Entry {
        code: None,
        enhanced: x(5, 7, 512),
        text: "Access denied, message must be RFC 5322 section 3.6.2 compliant",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the message needs one valid From: field",
        cause: "no From: field, more than one, or one without an address",
        fix: "send exactly one From: with an address",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A list of the recipient's organisation.
    CUSTOMER_BLOCK_LIST = Entry {
        code: None,
        enhanced: x(5, 7, 513),
        text: "Service unavailable, Client host [*] blocked by * using Customer Block list",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the recipient's organisation has blocked the sending address",
        cause: "a block list of the recipient's own",
        fix: "ask the recipient's administrator",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A blocked sender.
    BANNED_SENDER_800 = Entry {
        code: None,
        enhanced: x(5, 7, 800),
        text: "Access denied, banned sender",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the sender is blocked",
        cause: "spam was sent by it",
        fix: "forward the report to delist@microsoft.com",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Suspicion (4.7.500 to 4.7.699).
    TRY_AGAIN_500 = Entry {
        code: None,
        enhanced: x(4, 7, 500),
        last_detail: Some(699),
        text: "Access denied, please try again later",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the sending address is throttled or under suspicion",
        cause: "too little reputation for what it sends",
        fix: "try again later, slower (it is tried again by itself)",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Suspicion (4.7.850 to 4.7.899).
    TRY_AGAIN_850 = Entry {
        code: None,
        enhanced: x(4, 7, 850),
        last_detail: Some(899),
        text: "Access denied, please try again later",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the sending address is throttled or under suspicion",
        cause: "too little reputation for what it sends",
        fix: "try again later, slower (it is tried again by itself)",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// SPF.
    SPF_VIOLATION = Entry {
        code: None,
        enhanced: x(5, 7, 23),
        text: "The message was rejected because of Sender Policy Framework violation",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "SPF failed for the P1 sender's domain",
        cause: "the sending host is not in the SPF record of the domain",
        fix: "extend the SPF record, or send through a host that it names",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// IPv6 without SPF and DKIM.
    IPV6_UNSIGNED = Entry {
        code: None,
        enhanced: x(4, 7, 26),
        text: "Access denied, a message sent over IPv6 * must pass either SPF or DKIM validation",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "over IPv6 only mail that passes SPF or DKIM is taken",
        cause: "neither SPF nor DKIM passed",
        fix: "sign with DKIM, extend the SPF record, or send over IPv4",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// IPv6 without a reverse name.
    IPV6_NO_PTR = Entry {
        code: None,
        enhanced: x(5, 7, 25),
        text: "Access denied, the sending IPv6 address * must have a reverse DNS record",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "over IPv6 only hosts with a reverse name are taken",
        cause: "no PTR record",
        fix: "set the PTR record, or send over IPv4",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A list of one's own organisation.
    TENANT_ALLOW_BLOCK_LIST = Entry {
        code: None,
        enhanced: x(5, 7, 703),
        text: "Your message can't be delivered because messages to * are blocked by your organization \
            using Tenant Allow Block List",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "your own organisation has blocked this recipient",
        cause: "an entry in the Tenant Allow/Block List",
        fix: "take the entry out, if it is not meant",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Traffic of a tenant without reputation.
    TRAFFIC_NOT_ACCEPTED = Entry {
        code: Some(550),
        enhanced: x(5, 7, 708),
        text: "Service unavailable. Access denied, traffic not accepted from this IP",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the tenant's mail is not taken from this address",
        cause: "a new or trial tenant, or too much spam through it",
        fix: "buy licences, or ask support to release the tenant",
        source: "non-delivery reports page of learn.microsoft.com; the tail AS(8561) from test data",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };
}
