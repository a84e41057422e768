//! Servers other than Exchange Online: their strings, for hints.

use super::entry::{entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const POSTFIX: &str = "Postfix source, src/smtpd and src/global";
const EXIM: &str = "Exim source, src/smtp_in.c and the default configuration";
const GOOGLE: &str = "support.google.com/a/answer/3726730";

entries! {
    /// Postfix refuses to relay.
    POSTFIX_RELAY_DENIED = Entry {
        code: Some(554),
        enhanced: x(5, 7, 1),
        text: "<*>: Relay access denied",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::Postfix,
        meaning: "Postfix relays neither for this client nor to this domain",
        cause: "the client is not in mynetworks, has not logged in, its certificate is in no \
            relay_clientcerts, and the domain is neither in mydestination nor in relay_domains",
        fix: "see smtpd_relay_restrictions",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// The same from another list of restrictions.
    POSTFIX_RECIPIENT_RELAY_DENIED = Entry {
        code: Some(554),
        enhanced: x(5, 7, 1),
        text: "<*>: Recipient address rejected: Relay access denied",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::Postfix,
        meaning: "Postfix relays neither for this client nor to this domain",
        cause: "smtpd_recipient_restrictions refuse the destination",
        fix: "see smtpd_relay_restrictions and smtpd_recipient_restrictions",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// Postfix defers instead.
    POSTFIX_RELAY_DEFERRED = Entry {
        code: Some(454),
        enhanced: x(4, 7, 1),
        text: "<*>: Relay access denied",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::Postfix,
        meaning: "Postfix relays neither for this client nor to this domain, and defers rather than refuses",
        cause: "defer_unauth_destination in smtpd_relay_restrictions, the default",
        fix: "see smtpd_relay_restrictions",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// Postfix wants TLS.
    POSTFIX_STARTTLS_FIRST = Entry {
        code: Some(530),
        enhanced: x(5, 7, 0),
        text: "Must issue a STARTTLS command first",
        tail: "",
        stages: &[Stage::MailFrom, Stage::Auth],
        server: Server::Postfix,
        meaning: "Postfix wants TLS before anything else",
        cause: "smtpd_tls_security_level = encrypt",
        fix: "use STARTTLS",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// Postfix cannot do TLS.
    POSTFIX_TLS_UNAVAILABLE = Entry {
        code: Some(454),
        enhanced: x(4, 7, 0),
        text: "TLS not available due to local problem",
        tail: "",
        stages: &[Stage::StartTls],
        server: Server::Postfix,
        meaning: "Postfix offers TLS but cannot do it",
        cause: "a certificate or key that it cannot read",
        fix: "see the server's log",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// AUTH only under TLS.
    POSTFIX_ENCRYPTION_REQUIRED = Entry {
        code: Some(504),
        enhanced: x(5, 5, 4),
        text: "Encryption required for requested authentication mechanism",
        tail: "",
        stages: &[Stage::Auth],
        server: Server::Postfix,
        meaning: "this mechanism is accepted under TLS only",
        cause: "smtpd_sasl_tls_security_options or smtpd_tls_auth_only",
        fix: "use STARTTLS before AUTH",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// AUTH is off.
    POSTFIX_AUTH_NOT_ENABLED = Entry {
        code: Some(503),
        enhanced: x(5, 5, 1),
        text: "Error: authentication not enabled",
        tail: "",
        stages: &[Stage::Auth],
        server: Server::Postfix,
        meaning: "AUTH is switched off here",
        cause: "smtpd_sasl_auth_enable = no, or AUTH before TLS with smtpd_tls_auth_only",
        fix: "use STARTTLS first, or the submission port",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// The log-in failed.
    POSTFIX_AUTH_FAILED = Entry {
        code: Some(535),
        enhanced: x(5, 7, 8),
        text: "Error: authentication failed",
        tail: "",
        stages: &[Stage::Auth],
        server: Server::Postfix,
        meaning: "name or password is wrong",
        cause: "the SASL back end refused them",
        fix: "check the credentials; see the server's log",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// The sender is another user's.
    POSTFIX_SENDER_NOT_OWNED = Entry {
        code: Some(553),
        enhanced: x(5, 7, 1),
        text: "<*>: Sender address rejected: not owned by user",
        tail: "",
        stages: &[Stage::RcptTo, Stage::MailFrom],
        server: Server::Postfix,
        meaning: "the user who logged in may not send as this sender",
        cause: "smtpd_sender_login_maps",
        fix: "send as the user's own address, or extend the map",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// Nobody logged in for a sender that belongs to somebody.
    POSTFIX_SENDER_NOT_LOGGED_IN = Entry {
        code: Some(553),
        enhanced: x(5, 7, 1),
        text: "<*>: Sender address rejected: not logged in",
        tail: "",
        stages: &[Stage::RcptTo, Stage::MailFrom],
        server: Server::Postfix,
        meaning: "this sender must log in",
        cause: "smtpd_sender_login_maps names an owner for the address",
        fix: "log in as the owner",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// No client certificate where one is required.
    POSTFIX_NO_CLIENT_CERTIFICATE = Entry {
        code: Some(421),
        enhanced: x(4, 7, 1),
        text: "* Error: No client certificate presented",
        tail: "",
        stages: &[Stage::Greeting, Stage::EhloTls, Stage::MailFrom],
        server: Server::Postfix,
        meaning: "Postfix wants a client certificate and got none",
        cause: "smtpd_tls_req_ccert = yes",
        fix: "present a certificate that the server trusts",
        source: "observed with Postfix 3.7.11",
        confidence: Confidence::Verbatim,
    };

    /// Too many errors.
    POSTFIX_TOO_MANY_ERRORS = Entry {
        code: Some(421),
        enhanced: x(4, 7, 0),
        text: "* Error: too many errors",
        tail: "",
        stages: &[],
        server: Server::Postfix,
        meaning: "Postfix hangs up after too many errors",
        cause: "smtpd_hard_error_limit",
        fix: "mend the client",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// Too many recipients.
    POSTFIX_TOO_MANY_RECIPIENTS = Entry {
        code: Some(452),
        enhanced: x(4, 5, 3),
        text: "Error: too many recipients",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::Postfix,
        meaning: "the message has more recipients than Postfix takes at once",
        cause: "smtpd_recipient_limit",
        fix: "send the rest in a second transaction",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// Every recipient was refused.
    POSTFIX_NO_VALID_RECIPIENTS = Entry {
        code: Some(554),
        enhanced: x(5, 5, 1),
        text: "Error: no valid recipients",
        tail: "",
        stages: &[Stage::Data],
        server: Server::Postfix,
        meaning: "DATA although every recipient was refused",
        cause: "a pipelining client that did not wait",
        fix: "see the replies to RCPT TO",
        source: POSTFIX,
        confidence: Confidence::Verbatim,
    };

    /// Exim refuses to relay.
    EXIM_RELAY_NOT_PERMITTED = Entry {
        code: Some(550),
        enhanced: None,
        text: "relay not permitted",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::Exim,
        meaning: "Exim relays neither for this client nor to this domain",
        cause: "the default ACL: not in relay_from_hosts, not logged in, domain not local",
        fix: "extend relay_from_hosts or relay_to_domains, or log in",
        source: EXIM,
        confidence: Confidence::Verbatim,
    };

    /// The log-in failed.
    EXIM_AUTH_FAILED = Entry {
        code: Some(535),
        enhanced: None,
        text: "Incorrect authentication data",
        tail: "",
        stages: &[Stage::Auth],
        server: Server::Exim,
        meaning: "name or password is wrong",
        cause: "the authenticator refused them",
        fix: "check the credentials",
        source: EXIM,
        confidence: Confidence::Verbatim,
    };

    /// The authenticator is out of order.
    EXIM_AUTH_UNAVAILABLE = Entry {
        code: Some(435),
        enhanced: None,
        text: "Unable to authenticate at present",
        tail: "",
        stages: &[Stage::Auth],
        server: Server::Exim,
        meaning: "Exim could not ask its password source",
        cause: "the authenticator failed temporarily",
        fix: "try again; see the server's log",
        source: EXIM,
        confidence: Confidence::Verbatim,
    };

    /// TLS is out of order.
    EXIM_TLS_UNAVAILABLE = Entry {
        code: Some(454),
        enhanced: None,
        text: "TLS currently unavailable",
        tail: "",
        stages: &[Stage::StartTls],
        server: Server::Exim,
        meaning: "Exim offers TLS but cannot do it",
        cause: "a certificate or key that it cannot read",
        fix: "see the server's log",
        source: EXIM,
        confidence: Confidence::Verbatim,
    };

    /// Exchange Server's own refusal to relay.
    EXCHANGE_SERVER_RELAY = Entry {
        code: Some(550),
        enhanced: x(5, 7, 54),
        text: "SMTP; Unable to relay recipient in non-accepted domain",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeServer,
        meaning: "an on-premises Exchange server refuses to relay; this is not Exchange Online",
        cause: "the receive connector does not let anonymous clients relay",
        fix: "a receive connector of its own for the client, with the right to relay",
        source: "seen on the wire, 2016 and later",
        confidence: Confidence::Verbatim,
    };

    /// Google's relay does not know the address.
    GOOGLE_NOT_LISTED = Entry {
        code: Some(421),
        enhanced: x(4, 7, 0),
        text: "IP not in whitelist for RCPT domain, closing connection",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::Google,
        meaning: "Google's relay does not take mail from this address",
        cause: "the address is not in the relay service's list",
        fix: "add it under SMTP relay service in the Admin console",
        source: GOOGLE,
        confidence: Confidence::Verbatim,
    };

    /// Google's relay wants TLS.
    GOOGLE_TLS_REQUIRED = Entry {
        code: Some(421),
        enhanced: x(4, 7, 0),
        text: "TLS required for RCPT domain, closing connection",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::Google,
        meaning: "Google's relay wants TLS",
        cause: "the relay service is set to require it",
        fix: "use STARTTLS",
        source: GOOGLE,
        confidence: Confidence::Verbatim,
    };

    /// Google's relay is asked too much.
    GOOGLE_TRY_AGAIN = Entry {
        code: Some(421),
        enhanced: x(4, 7, 0),
        text: "Try again later, closing connection",
        tail: "",
        stages: &[Stage::Ehlo],
        server: Server::Google,
        meaning: "Google's relay refuses at EHLO for now",
        cause: "too many connections, or an EHLO name that is no name of yours",
        fix: "send your own domain in EHLO; try again later",
        source: GOOGLE,
        confidence: Confidence::Verbatim,
    };

    /// Google's relay limit.
    GOOGLE_LIMIT = Entry {
        code: Some(450),
        enhanced: x(4, 2, 1),
        text: "Peak SMTP relay limit exceeded for customer",
        tail: "",
        stages: &[],
        server: Server::Google,
        meaning: "the customer sends faster than Google's relay allows",
        cause: "the peak limit",
        fix: "send slower",
        source: GOOGLE,
        confidence: Confidence::Verbatim,
    };

    /// Google, mail without authentication.
    GOOGLE_UNAUTHENTICATED = Entry {
        code: Some(550),
        enhanced: x(5, 7, 26),
        text: "This mail has been blocked because the sender is unauthenticated",
        tail: "",
        stages: &[Stage::Message],
        server: Server::Google,
        meaning: "Google refuses mail that passes neither SPF nor DKIM",
        cause: "neither passed",
        fix: "sign with DKIM, or send from a host that the domain's SPF names",
        source: "bounces collected by sisimai",
        confidence: Confidence::Verbatim,
    };

    /// SES wants TLS.
    SES_STARTTLS_FIRST = Entry {
        code: Some(530),
        enhanced: None,
        text: "Must issue a STARTTLS command first",
        tail: "",
        stages: &[Stage::MailFrom],
        server: Server::Ses,
        meaning: "the server wants TLS before anything else",
        cause: "the session is in clear text",
        fix: "use STARTTLS",
        source: "a public wire log of email-smtp.amazonaws.com",
        confidence: Confidence::Verbatim,
    };

    /// SES wants a log-in.
    SES_AUTH_REQUIRED = Entry {
        code: Some(530),
        enhanced: None,
        text: "Authentication required",
        tail: "",
        stages: &[Stage::MailFrom],
        server: Server::Ses,
        meaning: "the server sends for nobody who has not logged in",
        cause: "no AUTH before MAIL FROM",
        fix: "log in",
        source: "a public wire log of email-smtp.amazonaws.com",
        confidence: Confidence::Verbatim,
    };

    /// SES, an unverified sender.
    SES_NOT_VERIFIED = Entry {
        code: Some(554),
        enhanced: None,
        text: "Message rejected: Email address is not verified",
        tail: "",
        stages: &[Stage::Message],
        server: Server::Ses,
        meaning: "SES does not know the sender (in its sandbox: the recipient)",
        cause: "the identity is not verified in this region",
        fix: "verify the domain or address in the region that the text names",
        source: "seen on the wire",
        confidence: Confidence::Verbatim,
    };
}
