//! What non-delivery reports of Exchange Online say: refusals that come after the
//! message was accepted, so nothing here answers a command of the session.

use super::entry::{DOCUMENTED_ONLY, entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const NDR: &str = "non-delivery reports page of learn.microsoft.com";

entries! {
    /// The sender is not allowed.
    DELIVERY_NOT_AUTHORIZED = Entry {
        code: None,
        enhanced: x(5, 7, 1),
        text: "Delivery not authorized",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the sender may not write to this recipient",
        cause: "a restriction on the recipient, or a mail flow rule",
        fix: "ask the recipient's administrator to allow the sender",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// No relay, as reports name it.
    UNABLE_TO_RELAY = Entry {
        code: None,
        enhanced: x(5, 7, 1),
        text: "Unable to relay",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the server does not relay for this sender",
        cause: "no connector or log-in authorises the relay",
        fix: "log in, or mend the connector",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// No log-in, as reports name it.
    CLIENT_NOT_AUTHENTICATED = Entry {
        code: None,
        enhanced: x(5, 7, 1),
        text: "Client was not authenticated",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the server takes this mail only from clients that have logged in",
        cause: "no log-in, or a receive connector without anonymous users",
        fix: "log in, or allow anonymous users on the receive connector",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Outside senders are refused.
    NOT_AUTHENTICATED_BY_ORGANIZATION = Entry {
        code: None,
        enhanced: x(5, 7, 12),
        text: "Sender was not authenticated by organization",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "only senders of the organisation itself may write to it",
        cause: "the recipient requires authenticated senders",
        fix: "let the sender log in or come by a connector that attributes it; or allow outside senders \
            on the recipient (RequireSenderAuthenticationEnabled)",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A group with a list of senders.
    NOT_IN_ALLOWED_SENDERS = Entry {
        code: None,
        enhanced: x(5, 7, 124),
        text: "Sender not in allowed-senders list",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the sender is not among those who may write to the group",
        cause: "the group's list of allowed senders",
        fix: "have the sender added, or write to the members",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A group that refuses outside senders.
    GROUP_NEEDS_AUTHENTICATION = Entry {
        code: None,
        enhanced: x(5, 7, 133),
        text: "Sender not authenticated for group",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "only senders of the organisation itself may write to it",
        cause: "the group requires authenticated senders",
        fix: "let the sender log in or come by a connector that attributes it; or allow outside senders \
            on the recipient (RequireSenderAuthenticationEnabled)",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The same as it stands in bounces.
    GROUP_NEEDS_AUTHENTICATION_WIRE = Entry {
        code: Some(550),
        enhanced: x(5, 7, 133),
        text: "RESOLVER.RST.SenderNotAuthenticatedForGroup",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "only senders of the organisation itself may write to it",
        cause: "the group requires authenticated senders",
        fix: "let the sender log in or come by a connector that attributes it; or allow outside senders \
            on the recipient (RequireSenderAuthenticationEnabled)",
        source: "seen on the wire",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A mailbox that refuses outside senders.
    MAILBOX_NEEDS_AUTHENTICATION = Entry {
        code: None,
        enhanced: x(5, 7, 134),
        text: "*",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "only senders of the organisation itself may write to it",
        cause: "the mailbox requires authenticated senders",
        fix: "let the sender log in or come by a connector that attributes it; or allow outside senders \
            on the recipient (RequireSenderAuthenticationEnabled)",
        source: NDR,
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// A public folder that refuses outside senders.
    PUBLIC_FOLDER_NEEDS_AUTHENTICATION_13 = Entry {
        code: None,
        enhanced: x(5, 7, 13),
        text: "*",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "only senders of the organisation itself may write to it",
        cause: "the public folder requires authenticated senders",
        fix: "let the sender log in or come by a connector that attributes it; or allow outside senders \
            on the recipient (RequireSenderAuthenticationEnabled)",
        source: NDR,
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// The same with its newer code.
    PUBLIC_FOLDER_NEEDS_AUTHENTICATION = Entry {
        code: None,
        enhanced: x(5, 7, 135),
        text: "*",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "only senders of the organisation itself may write to it",
        cause: "the public folder requires authenticated senders",
        fix: "let the sender log in or come by a connector that attributes it; or allow outside senders \
            on the recipient (RequireSenderAuthenticationEnabled)",
        source: NDR,
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// A mail user that refuses outside senders.
    MAIL_USER_NEEDS_AUTHENTICATION = Entry {
        code: None,
        enhanced: x(5, 7, 136),
        text: "Sender was not authenticated",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "only senders of the organisation itself may write to it",
        cause: "the mail user requires authenticated senders",
        fix: "let the sender log in or come by a connector that attributes it; or allow outside senders \
            on the recipient (RequireSenderAuthenticationEnabled)",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The recipient is unknown, found out after the message was taken.
    RECIPIENT_NOT_FOUND = Entry {
        code: Some(550),
        enhanced: x(5, 1, 10),
        text: "RESOLVER.ADR.RecipientNotFound",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the recipient does not exist",
        cause: "no recipient of the organisation has this address",
        fix: "check the address; create the recipient",
        source: "bounces collected by sisimai",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The limits of what a mailbox may receive.
    RECEIVE_LIMIT = Entry {
        code: None,
        enhanced: x(5, 2, 121),
        text: "*",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the recipient gets more mail than a mailbox may in an hour",
        cause: "too many messages to one mailbox, from one sender (5.2.121) or from all (5.2.122)",
        fix: "spread the messages; use a group or a shared mailbox",
        source: NDR,
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// The same for all senders together.
    RECEIVE_LIMIT_ALL = Entry {
        code: None,
        enhanced: x(5, 2, 122),
        text: "*",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the recipient gets more mail than a mailbox may in an hour",
        cause: "too many messages to one mailbox from all senders",
        fix: "spread the messages; use a group or a shared mailbox",
        source: NDR,
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// An unknown recipient of the consumer service.
    MAILBOX_UNAVAILABLE = Entry {
        code: Some(550),
        enhanced: x(5, 5, 0),
        text: "Requested action not taken: mailbox unavailable",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the mailbox does not exist or is not in use",
        cause: "an unknown address of the consumer service (outlook.com, hotmail.com)",
        fix: "check the address",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };
}
