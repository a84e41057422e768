//! What Exchange Online says when all is well.

use super::entry::{SIMULATED, entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const WIRE: &str = "seen on the wire, 2025-11";

entries! {
    /// STARTTLS may begin.
    READY_FOR_TLS = Entry {
        code: Some(220),
        enhanced: x(2, 0, 0),
        text: "SMTP server ready",
        stages: &[Stage::StartTls],
        server: Server::ExchangeOnline,
        meaning: "the handshake may begin",
        cause: "STARTTLS",
        fix: "",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The log-in held.
    AUTHENTICATED = Entry {
        code: Some(235),
        enhanced: x(2, 7, 0),
        text: "Authentication successful",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the log-in was accepted",
        cause: "name and secret are right, and no switch or policy forbids SMTP AUTH",
        fix: "",
        source: "public client tests",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The reverse-path is noted.
    SENDER_OK = Entry {
        code: Some(250),
        enhanced: x(2, 1, 0),
        text: "Sender OK",
        stages: &[Stage::MailFrom],
        server: Server::ExchangeOnline,
        meaning: "the sender was noted; whether it may relay shows at RCPT TO",
        cause: "MAIL FROM is not judged before there is a recipient",
        fix: "",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The recipient is accepted.
    RECIPIENT_OK = Entry {
        code: Some(250),
        enhanced: x(2, 1, 5),
        text: "Recipient OK",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the recipient was accepted: this sender may send there",
        cause: "the recipient is the tenant's own, or the sender may relay",
        fix: "",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The message may follow.
    START_MAIL_INPUT = Entry {
        code: Some(354),
        enhanced: None,
        text: "Start mail input; end with <CRLF>.<CRLF>",
        stages: &[Stage::Data],
        server: Server::ExchangeOnline,
        meaning: "the message may follow",
        cause: "DATA with at least one accepted recipient",
        fix: "",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The message is taken over.
    QUEUED = Entry {
        code: Some(250),
        enhanced: x(2, 6, 0),
        text: "*Queued mail for delivery",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the message was accepted for delivery",
        cause: "every check passed",
        fix: "",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// A chunk was taken.
    CHUNK_OK = Entry {
        code: Some(250),
        enhanced: x(2, 0, 0),
        text: "* octets received",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the chunk was taken",
        cause: "BDAT without LAST",
        fix: "",
        source: "RFC 3030 §4.2 has the sentence; Exchange Online's own was not seen",
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// Good-bye.
    CLOSING = Entry {
        code: Some(221),
        enhanced: x(2, 0, 0),
        text: "Service closing transmission channel",
        stages: &[Stage::Quit],
        server: Server::ExchangeOnline,
        meaning: "the server closes the connection",
        cause: "QUIT",
        fix: "",
        source: "\"Use Telnet to test SMTP communication on Exchange servers\", learn.microsoft.com",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// RSET.
    RESET = Entry {
        code: Some(250),
        enhanced: x(2, 0, 0),
        text: "Resetting",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the transaction was dropped",
        cause: "RSET",
        fix: "",
        source: "no source; a public test double has it",
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// NOOP.
    OK = Entry {
        code: Some(250),
        enhanced: x(2, 0, 0),
        text: "OK",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "nothing was asked for, nothing was done",
        cause: "NOOP",
        fix: "",
        source: "no source; a public test double has it",
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// VRFY.
    CANNOT_VERIFY = Entry {
        code: Some(252),
        enhanced: x(2, 1, 5),
        text: "Cannot VRFY user",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the server does not say whether the user exists",
        cause: "VRFY",
        fix: "",
        source: "no source found",
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// The prompt for the name, base64 of `Username:`.
    PROMPT_USERNAME = Entry {
        code: Some(334),
        enhanced: None,
        text: "VXNlcm5hbWU6",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the server asks for the user name",
        cause: "AUTH LOGIN",
        fix: "",
        source: "public test doubles; SmtpClientDiag compares the decoded text",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The prompt for the password, base64 of `Password:`.
    PROMPT_PASSWORD = Entry {
        code: Some(334),
        enhanced: None,
        text: "UGFzc3dvcmQ6",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the server asks for the password",
        cause: "AUTH LOGIN",
        fix: "",
        source: "public test doubles; SmtpClientDiag compares the decoded text",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The prompt of XOAUTH2 without an initial response.
    PROMPT_EMPTY = Entry {
        code: Some(334),
        enhanced: None,
        text: "",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the server asks for the client's response",
        cause: "AUTH without an initial response",
        fix: "",
        source: "SmtpClientDiag expects 334 after AUTH XOAUTH2",
        confidence: Confidence::Paraphrased,
        ..SIMULATED
    };
}
