//! Amazon SES: its strings, for look-up.

use super::entry::{DOCUMENTED_ONLY, entries};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

entries! {
    /// SES wants TLS.
    SES_STARTTLS_FIRST = Entry {
        code: Some(530),
        enhanced: None,
        text: "Must issue a STARTTLS command first",
        stages: &[Stage::MailFrom],
        server: Server::Ses,
        meaning: "the server wants TLS before anything else",
        cause: "the session is in clear text",
        fix: "use STARTTLS",
        source: "a public wire log of email-smtp.amazonaws.com",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// SES wants a log-in.
    SES_AUTH_REQUIRED = Entry {
        code: Some(530),
        enhanced: None,
        text: "Authentication required",
        stages: &[Stage::MailFrom],
        server: Server::Ses,
        meaning: "the server sends for nobody who has not logged in",
        cause: "no AUTH before MAIL FROM",
        fix: "log in",
        source: "a public wire log of email-smtp.amazonaws.com",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// SES, an unverified sender.
    SES_NOT_VERIFIED = Entry {
        code: Some(554),
        enhanced: None,
        text: "Message rejected: Email address is not verified",
        stages: &[Stage::Message],
        server: Server::Ses,
        meaning: "SES does not know the sender (in its sandbox: the recipient)",
        cause: "the identity is not verified in this region",
        fix: "verify the domain or address in the region that the text names",
        source: "seen on the wire",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// SES, a malformed sender.
    SES_INVALID_SENDER = Entry {
        code: Some(501),
        enhanced: None,
        text: "Invalid MAIL FROM address provided",
        stages: &[Stage::MailFrom],
        server: Server::Ses,
        meaning: "SES takes the sender for no valid address",
        cause: "a malformed address, or a domain that it refuses",
        fix: "mend the sender",
        source: "repost.aws",
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// SES, wrong credentials.
    SES_CREDENTIALS = Entry {
        code: Some(535),
        enhanced: None,
        text: "Authentication Credentials Invalid",
        stages: &[Stage::Auth],
        server: Server::Ses,
        meaning: "name or password is wrong",
        cause: "SMTP credentials are not the IAM keys themselves, and hold in one region alone",
        fix: "create SMTP credentials in the region of the endpoint",
        source: "no source found",
        confidence: Confidence::Unverified,
        ..DOCUMENTED_ONLY
    };

    /// SES, too fast.
    SES_THROTTLING = Entry {
        code: Some(454),
        enhanced: None,
        text: "Throttling failure",
        stages: &[Stage::Message],
        server: Server::Ses,
        meaning: "SES is sent to faster than the account allows",
        cause: "the maximum sending rate",
        fix: "send slower, and try again",
        source: "no source found",
        confidence: Confidence::Unverified,
        ..DOCUMENTED_ONLY
    };
}
