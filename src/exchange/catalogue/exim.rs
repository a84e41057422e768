//! Exim: its strings, for look-up.

use super::entry::{DOCUMENTED_ONLY, entries};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const EXIM: &str = "Exim source, src/smtp_in.c and the default configuration";

entries! {
    /// Exim refuses to relay.
    EXIM_RELAY_NOT_PERMITTED = Entry {
        code: Some(550),
        enhanced: None,
        text: "relay not permitted",
        stages: &[Stage::RcptTo],
        server: Server::Exim,
        meaning: "Exim relays neither for this client nor to this domain",
        cause: "the default ACL: not in relay_from_hosts, not logged in, domain not local",
        fix: "extend relay_from_hosts or relay_to_domains, or log in",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The log-in failed.
    EXIM_AUTH_FAILED = Entry {
        code: Some(535),
        enhanced: None,
        text: "Incorrect authentication data",
        stages: &[Stage::Auth],
        server: Server::Exim,
        meaning: "name or password is wrong",
        cause: "the authenticator refused them",
        fix: "check the credentials",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The authenticator is out of order.
    EXIM_AUTH_UNAVAILABLE = Entry {
        code: Some(435),
        enhanced: None,
        text: "Unable to authenticate at present",
        stages: &[Stage::Auth],
        server: Server::Exim,
        meaning: "Exim could not ask its password source",
        cause: "the authenticator failed temporarily",
        fix: "try again; see the server's log",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// TLS is out of order.
    EXIM_TLS_UNAVAILABLE = Entry {
        code: Some(454),
        enhanced: None,
        text: "TLS currently unavailable",
        stages: &[Stage::StartTls],
        server: Server::Exim,
        meaning: "Exim offers TLS but cannot do it",
        cause: "a certificate or key that it cannot read",
        fix: "see the server's log",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// EHLO with characters that no name has.
    EXIM_BAD_EHLO = Entry {
        code: Some(501),
        enhanced: None,
        text: "Syntactically invalid EHLO argument(s)",
        stages: &[Stage::Ehlo, Stage::EhloTls],
        server: Server::Exim,
        meaning: "the name given in EHLO is no host name",
        cause: "illegal characters, such as an underscore",
        fix: "send a valid fully qualified name",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// RCPT without MAIL.
    EXIM_NO_SENDER = Entry {
        code: Some(503),
        enhanced: None,
        text: "sender not yet given",
        stages: &[Stage::RcptTo],
        server: Server::Exim,
        meaning: "the command came out of turn",
        cause: "RCPT TO although MAIL FROM was not sent or was refused",
        fix: "see the reply to MAIL FROM",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Too many recipients.
    EXIM_TOO_MANY_RECIPIENTS = Entry {
        code: Some(452),
        enhanced: None,
        text: "too many recipients",
        stages: &[Stage::RcptTo],
        server: Server::Exim,
        meaning: "the message has more recipients than Exim takes at once",
        cause: "recipients_max",
        fix: "send the rest in a second transaction",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A message past the limit.
    EXIM_TOO_LARGE = Entry {
        code: Some(552),
        enhanced: None,
        text: "Message size exceeds maximum permitted",
        stages: &[Stage::MailFrom, Stage::Message],
        server: Server::Exim,
        meaning: "the message is larger than Exim takes",
        cause: "message_size_limit",
        fix: "send a smaller message",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A client that did not wait.
    EXIM_SYNCHRONIZATION = Entry {
        code: Some(554),
        enhanced: None,
        text: "SMTP synchronization error",
        stages: &[Stage::Greeting, Stage::Ehlo],
        server: Server::Exim,
        meaning: "the client spoke before it was asked to",
        cause: "input before the greeting, or pipelining that was not offered",
        fix: "wait for each reply",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Exim takes the recipient.
    EXIM_ACCEPTED = Entry {
        code: Some(250),
        enhanced: None,
        text: "Accepted",
        stages: &[Stage::RcptTo],
        server: Server::Exim,
        meaning: "the recipient was accepted: this sender may relay",
        cause: "RCPT TO",
        fix: "",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Exim takes the message.
    EXIM_QUEUED = Entry {
        code: Some(250),
        enhanced: None,
        text: "OK id=",
        stages: &[Stage::Message],
        server: Server::Exim,
        meaning: "the message was accepted for delivery; the message id follows",
        cause: "the end of the data",
        fix: "",
        source: EXIM,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };
}
