//! Reputation and authentication of the sender: documented, not simulated.

use super::entry::{entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const WIRE: &str = "seen on the wire";
const NDR: &str = "non-delivery reports page of learn.microsoft.com";

entries! {
    /// A listed address.
    BANNED_IP = Entry {
        code: Some(550),
        enhanced: x(5, 7, 606),
        text: "Access denied, banned sending IP [*",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "Microsoft has blocked the sending address",
        cause: "the address's reputation (5.7.606 to 5.7.649)",
        fix: "request removal at https://sender.office.com/",
        source: WIRE,
        confidence: Confidence::Verbatim,
    };

    /// A blocked sender.
    BANNED_SENDER = Entry {
        code: Some(550),
        enhanced: x(5, 7, 511),
        text: "Access denied, banned sender[*",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "Microsoft has blocked the sending address",
        cause: "the address's reputation",
        fix: "forward the report to delist@microsoft.com",
        source: "delisting page of learn.microsoft.com",
        confidence: Confidence::Verbatim,
    };

    /// A public block list.
    BLOCK_LIST = Entry {
        code: Some(550),
        enhanced: x(5, 7, 1),
        text: "Service unavailable, Client host [*] blocked using",
        tail: "",
        stages: &[Stage::RcptTo, Stage::MailFrom],
        server: Server::ExchangeOnline,
        meaning: "the sending address is on a public block list",
        cause: "the list that the text names",
        fix: "ask the list for removal; do not send from a dynamic address",
        source: WIRE,
        confidence: Confidence::Verbatim,
    };

    /// Throttled by address.
    SERVER_BUSY = Entry {
        code: Some(451),
        enhanced: x(4, 7, 500),
        text: "Server busy. Please try again later",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the sending address is throttled",
        cause: "too little reputation for the rate",
        fix: "try again later, slower",
        source: WIRE,
        confidence: Confidence::Verbatim,
    };

    /// Throttled by the consumer hosts.
    RATE_LIMITED = Entry {
        code: Some(451),
        enhanced: x(4, 7, 650),
        text: "The mail server [*] has been temporarily rate limited due to IP reputation",
        tail: "",
        stages: &[Stage::MailFrom],
        server: Server::ExchangeOnline,
        meaning: "the sending address is throttled by the consumer service",
        cause: "the address's reputation",
        fix: "see https://postmaster.live.com; try again later, slower",
        source: WIRE,
        confidence: Confidence::Verbatim,
    };

    /// DMARC says reject.
    DMARC = Entry {
        code: Some(550),
        enhanced: x(5, 7, 509),
        text: "Access denied, sending domain [*] does not pass DMARC verification",
        tail: "",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the sender's domain asks to refuse mail that fails DMARC, and this does",
        cause: "neither SPF nor DKIM passed for the domain in From:",
        fix: "sign with DKIM for that domain, or send from a host that its SPF names",
        source: WIRE,
        confidence: Confidence::Verbatim,
    };

    /// High-volume senders to the consumer service.
    AUTHENTICATION_LEVEL = Entry {
        code: Some(550),
        enhanced: x(5, 7, 515),
        text: "Access denied, sending domain [*] does not meet the required authentication level",
        tail: "",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "a high-volume sender must pass SPF, DKIM and DMARC",
        cause: "one of the three is missing (consumer outlook.com since 2025-05-05)",
        fix: "set up SPF, DKIM and DMARC for the domain",
        source: "quoted widely; announced by Microsoft in 2025",
        confidence: Confidence::Verbatim,
    };

    /// HELO is judged as well.
    BAD_HELO = Entry {
        code: None,
        enhanced: x(5, 7, 506),
        text: "Access Denied, Bad HELO",
        tail: "",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the name given in HELO or EHLO is refused",
        cause: "the server calls itself by the recipient's name, for one",
        fix: "send the sending host's own name",
        source: NDR,
        confidence: Confidence::Verbatim,
    };

    /// A tenant that sends too much spam.
    TENANT_THRESHOLD = Entry {
        code: None,
        enhanced: x(5, 7, 705),
        text: "Access denied, tenant has exceeded threshold",
        tail: "",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the tenant is blocked from sending",
        cause: "too much of its mail was spam",
        fix: "secure the accounts, then ask support to release the tenant",
        source: NDR,
        confidence: Confidence::Verbatim,
    };

    /// Unregistered domains.
    UNREGISTERED_DOMAIN = Entry {
        code: None,
        enhanced: x(5, 7, 750),
        text: "Service unavailable. Client blocked from sending from unregistered domains",
        tail: "",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "too much mail from domains that the tenant has not registered",
        cause: "relay with foreign senders",
        fix: "register the sender domains as accepted domains",
        source: NDR,
        confidence: Confidence::Verbatim,
    };
}
