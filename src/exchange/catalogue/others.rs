//! Exim, Exchange Server, Google and Amazon SES: their strings, for hints.

use super::entry::{entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const EXIM: &str = "Exim source, src/smtp_in.c and the default configuration";
const GOOGLE_AUTH: &str = "support.google.com/mail, error codes of the sender guidelines";
const GOOGLE: &str = "support.google.com/a/answer/3726730";

entries! {
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

    /// EHLO with characters that no name has.
    EXIM_BAD_EHLO = Entry {
        code: Some(501),
        enhanced: None,
        text: "Syntactically invalid EHLO argument(s)",
        tail: "",
        stages: &[Stage::Ehlo, Stage::EhloTls],
        server: Server::Exim,
        meaning: "the name given in EHLO is no host name",
        cause: "illegal characters, such as an underscore",
        fix: "send a valid fully qualified name",
        source: EXIM,
        confidence: Confidence::Verbatim,
    };

    /// RCPT without MAIL.
    EXIM_NO_SENDER = Entry {
        code: Some(503),
        enhanced: None,
        text: "sender not yet given",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::Exim,
        meaning: "the command came out of turn",
        cause: "RCPT TO although MAIL FROM was not sent or was refused",
        fix: "see the reply to MAIL FROM",
        source: EXIM,
        confidence: Confidence::Verbatim,
    };

    /// Too many recipients.
    EXIM_TOO_MANY_RECIPIENTS = Entry {
        code: Some(452),
        enhanced: None,
        text: "too many recipients",
        tail: "",
        stages: &[Stage::RcptTo],
        server: Server::Exim,
        meaning: "the message has more recipients than Exim takes at once",
        cause: "recipients_max",
        fix: "send the rest in a second transaction",
        source: EXIM,
        confidence: Confidence::Verbatim,
    };

    /// A message past the limit.
    EXIM_TOO_LARGE = Entry {
        code: Some(552),
        enhanced: None,
        text: "Message size exceeds maximum permitted",
        tail: "",
        stages: &[Stage::MailFrom, Stage::Message],
        server: Server::Exim,
        meaning: "the message is larger than Exim takes",
        cause: "message_size_limit",
        fix: "send a smaller message",
        source: EXIM,
        confidence: Confidence::Verbatim,
    };

    /// A client that did not wait.
    EXIM_SYNCHRONIZATION = Entry {
        code: Some(554),
        enhanced: None,
        text: "SMTP synchronization error",
        tail: "",
        stages: &[Stage::Greeting, Stage::Ehlo],
        server: Server::Exim,
        meaning: "the client spoke before it was asked to",
        cause: "input before the greeting, or pipelining that was not offered",
        fix: "wait for each reply",
        source: EXIM,
        confidence: Confidence::Verbatim,
    };

    /// Google, out of order.
    GOOGLE_TEMPORARY = Entry {
        code: Some(421),
        enhanced: x(4, 3, 0),
        text: "Temporary System Problem",
        tail: "",
        stages: &[],
        server: Server::Google,
        meaning: "Google cannot take the mail at the moment",
        cause: "a problem of its own",
        fix: "try again later",
        source: GOOGLE,
        confidence: Confidence::Verbatim,
    };

    /// Google, SPF.
    GOOGLE_SPF = Entry {
        code: Some(550),
        enhanced: x(5, 7, 27),
        text: "*",
        tail: "",
        stages: &[Stage::Message],
        server: Server::Google,
        meaning: "Google refuses the mail because SPF failed",
        cause: "the sending host is not in the SPF record of the P1 domain",
        fix: "extend the SPF record",
        source: GOOGLE_AUTH,
        confidence: Confidence::Paraphrased,
    };

    /// Google, DKIM. Microsoft uses the same code for the end of basic authentication.
    GOOGLE_DKIM = Entry {
        code: Some(550),
        enhanced: x(5, 7, 30),
        text: "*",
        tail: "",
        stages: &[Stage::Message],
        server: Server::Google,
        meaning: "Google refuses the mail because DKIM failed",
        cause: "no valid signature",
        fix: "mend the DKIM signature",
        source: GOOGLE_AUTH,
        confidence: Confidence::Paraphrased,
    };

    /// Google, no reverse name.
    GOOGLE_NO_PTR = Entry {
        code: Some(550),
        enhanced: x(5, 7, 25),
        text: "*",
        tail: "",
        stages: &[Stage::Message],
        server: Server::Google,
        meaning: "Google refuses the mail because the sending address has no reverse name",
        cause: "a missing or mismatched PTR record",
        fix: "set the PTR record",
        source: GOOGLE_AUTH,
        confidence: Confidence::Paraphrased,
    };

    /// SES, a malformed sender.
    SES_INVALID_SENDER = Entry {
        code: Some(501),
        enhanced: None,
        text: "Invalid MAIL FROM address provided",
        tail: "",
        stages: &[Stage::MailFrom],
        server: Server::Ses,
        meaning: "SES takes the sender for no valid address",
        cause: "a malformed address, or a domain that it refuses",
        fix: "mend the sender",
        source: "repost.aws",
        confidence: Confidence::Paraphrased,
    };

    /// SES, wrong credentials.
    SES_CREDENTIALS = Entry {
        code: Some(535),
        enhanced: None,
        text: "Authentication Credentials Invalid",
        tail: "",
        stages: &[Stage::Auth],
        server: Server::Ses,
        meaning: "name or password is wrong",
        cause: "SMTP credentials are not the IAM keys themselves, and hold in one region alone",
        fix: "create SMTP credentials in the region of the endpoint",
        source: "no source found",
        confidence: Confidence::Unverified,
    };

    /// SES, too fast.
    SES_THROTTLING = Entry {
        code: Some(454),
        enhanced: None,
        text: "Throttling failure",
        tail: "",
        stages: &[Stage::Message],
        server: Server::Ses,
        meaning: "SES is sent to faster than the account allows",
        cause: "the maximum sending rate",
        fix: "send slower, and try again",
        source: "no source found",
        confidence: Confidence::Unverified,
    };
}
