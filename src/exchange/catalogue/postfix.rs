//! Postfix: its strings, for hints.

use super::entry::{DOCUMENTED_ONLY, entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const POSTFIX: &str = "Postfix source, src/smtpd and src/global";

entries! {
    /// Postfix refuses to relay.
    POSTFIX_RELAY_DENIED = Entry {
        code: Some(554),
        enhanced: x(5, 7, 1),
        text: "<*>: Relay access denied",
        stages: &[Stage::RcptTo],
        server: Server::Postfix,
        meaning: "Postfix relays neither for this client nor to this domain",
        cause: "the client is not in mynetworks, has not logged in, its certificate is in no \
            relay_clientcerts, and the domain is neither in mydestination nor in relay_domains",
        fix: "see smtpd_relay_restrictions",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The same from another list of restrictions.
    POSTFIX_RECIPIENT_RELAY_DENIED = Entry {
        code: Some(554),
        enhanced: x(5, 7, 1),
        text: "<*>: Recipient address rejected: Relay access denied",
        stages: &[Stage::RcptTo],
        server: Server::Postfix,
        meaning: "Postfix relays neither for this client nor to this domain",
        cause: "smtpd_recipient_restrictions refuse the destination",
        fix: "see smtpd_relay_restrictions and smtpd_recipient_restrictions",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Postfix defers instead.
    POSTFIX_RELAY_DEFERRED = Entry {
        code: Some(454),
        enhanced: x(4, 7, 1),
        text: "<*>: Relay access denied",
        stages: &[Stage::RcptTo],
        server: Server::Postfix,
        meaning: "Postfix relays neither for this client nor to this domain, and defers rather than refuses",
        cause: "defer_unauth_destination in smtpd_relay_restrictions, the default",
        fix: "see smtpd_relay_restrictions",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Postfix wants TLS.
    POSTFIX_STARTTLS_FIRST = Entry {
        code: Some(530),
        enhanced: x(5, 7, 0),
        text: "Must issue a STARTTLS command first",
        stages: &[Stage::MailFrom, Stage::Auth],
        server: Server::Postfix,
        meaning: "Postfix wants TLS before anything else",
        cause: "smtpd_tls_security_level = encrypt",
        fix: "use STARTTLS",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Postfix cannot do TLS.
    POSTFIX_TLS_UNAVAILABLE = Entry {
        code: Some(454),
        enhanced: x(4, 7, 0),
        text: "TLS not available due to local problem",
        stages: &[Stage::StartTls],
        server: Server::Postfix,
        meaning: "Postfix offers TLS but cannot do it",
        cause: "a certificate or key that it cannot read",
        fix: "see the server's log",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// AUTH only under TLS.
    POSTFIX_ENCRYPTION_REQUIRED = Entry {
        code: Some(504),
        enhanced: x(5, 5, 4),
        text: "Encryption required for requested authentication mechanism",
        stages: &[Stage::Auth],
        server: Server::Postfix,
        meaning: "this mechanism is accepted under TLS only",
        cause: "smtpd_sasl_tls_security_options or smtpd_tls_auth_only",
        fix: "use STARTTLS before AUTH",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// AUTH is off.
    POSTFIX_AUTH_NOT_ENABLED = Entry {
        code: Some(503),
        enhanced: x(5, 5, 1),
        text: "Error: authentication not enabled",
        stages: &[Stage::Auth],
        server: Server::Postfix,
        meaning: "AUTH is switched off here",
        cause: "smtpd_sasl_auth_enable = no, or AUTH before TLS with smtpd_tls_auth_only",
        fix: "use STARTTLS first, or the submission port",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The log-in failed.
    POSTFIX_AUTH_FAILED = Entry {
        code: Some(535),
        enhanced: x(5, 7, 8),
        text: "Error: authentication failed",
        stages: &[Stage::Auth],
        server: Server::Postfix,
        meaning: "name or password is wrong",
        cause: "the SASL back end refused them",
        fix: "check the credentials; see the server's log",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The sender is another user's.
    POSTFIX_SENDER_NOT_OWNED = Entry {
        code: Some(553),
        enhanced: x(5, 7, 1),
        text: "<*>: Sender address rejected: not owned by user",
        stages: &[Stage::RcptTo, Stage::MailFrom],
        server: Server::Postfix,
        meaning: "the user who logged in may not send as this sender",
        cause: "smtpd_sender_login_maps",
        fix: "send as the user's own address, or extend the map",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Nobody logged in for a sender that belongs to somebody.
    POSTFIX_SENDER_NOT_LOGGED_IN = Entry {
        code: Some(553),
        enhanced: x(5, 7, 1),
        text: "<*>: Sender address rejected: not logged in",
        stages: &[Stage::RcptTo, Stage::MailFrom],
        server: Server::Postfix,
        meaning: "this sender must log in",
        cause: "smtpd_sender_login_maps names an owner for the address",
        fix: "log in as the owner",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// No client certificate where one is required.
    POSTFIX_NO_CLIENT_CERTIFICATE = Entry {
        code: Some(421),
        enhanced: x(4, 7, 1),
        text: "* Error: No client certificate presented",
        stages: &[Stage::Greeting, Stage::EhloTls, Stage::MailFrom],
        server: Server::Postfix,
        meaning: "Postfix wants a client certificate and got none",
        cause: "smtpd_tls_req_ccert = yes",
        fix: "present a certificate that the server trusts",
        source: "observed with Postfix 3.7.11",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Too many errors.
    POSTFIX_TOO_MANY_ERRORS = Entry {
        code: Some(421),
        enhanced: x(4, 7, 0),
        text: "* Error: too many errors",
        stages: &[],
        server: Server::Postfix,
        meaning: "Postfix hangs up after too many errors",
        cause: "smtpd_hard_error_limit",
        fix: "mend the client",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Too many recipients.
    POSTFIX_TOO_MANY_RECIPIENTS = Entry {
        code: Some(452),
        enhanced: x(4, 5, 3),
        text: "Error: too many recipients",
        stages: &[Stage::RcptTo],
        server: Server::Postfix,
        meaning: "the message has more recipients than Postfix takes at once",
        cause: "smtpd_recipient_limit",
        fix: "send the rest in a second transaction",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Every recipient was refused.
    POSTFIX_NO_VALID_RECIPIENTS = Entry {
        code: Some(554),
        enhanced: x(5, 5, 1),
        text: "Error: no valid recipients",
        stages: &[Stage::Data],
        server: Server::Postfix,
        meaning: "DATA although every recipient was refused",
        cause: "a pipelining client that did not wait",
        fix: "see the replies to RCPT TO",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Mail before EHLO.
    POSTFIX_HELLO_FIRST = Entry {
        code: Some(503),
        enhanced: x(5, 5, 1),
        text: "Error: send HELO/EHLO first",
        stages: &[Stage::MailFrom],
        server: Server::Postfix,
        meaning: "EHLO or HELO must come first",
        cause: "a mail command before EHLO",
        fix: "send EHLO, also after STARTTLS",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// RCPT without MAIL.
    POSTFIX_NEED_MAIL = Entry {
        code: Some(503),
        enhanced: x(5, 5, 1),
        text: "Error: need MAIL command",
        stages: &[Stage::RcptTo],
        server: Server::Postfix,
        meaning: "the command came out of turn",
        cause: "RCPT TO although MAIL FROM was not sent or was refused",
        fix: "see the reply to MAIL FROM",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// DATA without RCPT.
    POSTFIX_NEED_RCPT = Entry {
        code: Some(503),
        enhanced: x(5, 5, 1),
        text: "Error: need RCPT command",
        stages: &[Stage::Data],
        server: Server::Postfix,
        meaning: "the command came out of turn",
        cause: "DATA although no recipient was given",
        fix: "see the replies to RCPT TO",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// AUTH twice.
    POSTFIX_ALREADY_AUTHENTICATED = Entry {
        code: Some(503),
        enhanced: x(5, 5, 1),
        text: "Error: already authenticated",
        stages: &[Stage::Auth],
        server: Server::Postfix,
        meaning: "the session has logged in already",
        cause: "a second AUTH",
        fix: "log in once",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Postfix takes the sender.
    POSTFIX_SENDER_OK = Entry {
        code: Some(250),
        enhanced: x(2, 1, 0),
        text: "Ok",
        stages: &[Stage::MailFrom],
        server: Server::Postfix,
        meaning: "the sender was accepted; whether it may relay shows at RCPT TO",
        cause: "MAIL FROM",
        fix: "",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Postfix takes the recipient.
    POSTFIX_RECIPIENT_OK = Entry {
        code: Some(250),
        enhanced: x(2, 1, 5),
        text: "Ok",
        stages: &[Stage::RcptTo],
        server: Server::Postfix,
        meaning: "the recipient was accepted: this sender may relay",
        cause: "RCPT TO",
        fix: "",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Postfix takes the message.
    POSTFIX_QUEUED = Entry {
        code: Some(250),
        enhanced: x(2, 0, 0),
        text: "Ok: queued as",
        stages: &[Stage::Message],
        server: Server::Postfix,
        meaning: "the message was accepted for delivery; the queue id follows",
        cause: "the end of the data",
        fix: "",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Good-bye.
    POSTFIX_BYE = Entry {
        code: Some(221),
        enhanced: x(2, 0, 0),
        text: "Bye",
        stages: &[Stage::Quit],
        server: Server::Postfix,
        meaning: "the server closes the connection",
        cause: "QUIT",
        fix: "",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };
}
