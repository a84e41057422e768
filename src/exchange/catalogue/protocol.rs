//! Syntax, sequence and size.

use super::entry::{DOCUMENTED_ONLY, SIMULATED, entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const EXCHANGE_SERVER: &str = "SMTP error codes of Exchange Server, learn.microsoft.com; not seen on an \
    Exchange Online wire log";
const NONE: &str = "no source; the code is the RFC's, the wording the simulator's own";

entries! {
    /// EHLO with characters that no name has.
    INVALID_DOMAIN_NAME = Entry {
        code: Some(501),
        enhanced: x(5, 5, 4),
        text: "Invalid domain name",
        stages: &[Stage::Ehlo, Stage::EhloTls],
        server: Server::ExchangeOnline,
        meaning: "the name given in EHLO is no host name",
        cause: "illegal characters or an empty label, as in `MacBook..`",
        fix: "send a valid fully qualified name",
        source: "seen on the wire, 2025-04",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// Mail before EHLO.
    HELLO_FIRST = Entry {
        code: Some(503),
        enhanced: x(5, 5, 2),
        text: "Send hello first",
        stages: &[Stage::MailFrom],
        server: Server::ExchangeOnline,
        meaning: "EHLO or HELO must come first",
        cause: "a mail command before EHLO; after STARTTLS everything starts again",
        fix: "send EHLO, also after STARTTLS",
        source: EXCHANGE_SERVER,
        confidence: Confidence::Paraphrased,
        ..SIMULATED
    };

    /// A command out of turn.
    BAD_SEQUENCE = Entry {
        code: Some(503),
        enhanced: x(5, 5, 1),
        text: "Bad sequence of commands",
        stages: &[Stage::MailFrom, Stage::RcptTo, Stage::Data, Stage::Auth, Stage::StartTls],
        server: Server::ExchangeOnline,
        meaning: "the command came out of turn",
        cause: "MAIL inside a transaction, RCPT or DATA without one, DATA without a recipient, a second AUTH",
        fix: "mend the order of the commands",
        source: "usually quoted for Exchange; not seen on an Exchange Online wire log",
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// A word that is no command.
    UNRECOGNIZED_COMMAND = Entry {
        code: Some(500),
        enhanced: x(5, 3, 3),
        text: "Unrecognized command",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the server does not know this command",
        cause: "a misspelt or unsupported command",
        fix: "use a command that EHLO offers",
        source: EXCHANGE_SERVER,
        confidence: Confidence::Paraphrased,
        ..SIMULATED
    };

    /// Arguments that the command does not take.
    INVALID_ARGUMENTS = Entry {
        code: Some(501),
        enhanced: x(5, 5, 4),
        text: "Invalid arguments",
        stages: &[Stage::StartTls, Stage::MailFrom, Stage::RcptTo, Stage::Data, Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the command's arguments are malformed",
        cause: "a parameter that is unknown, doubled or out of range, or bytes that no command has",
        fix: "mend the arguments",
        source: NONE,
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// MAIL FROM with something that is no address.
    INVALID_SENDER = Entry {
        code: Some(501),
        enhanced: x(5, 1, 7),
        text: "Invalid address",
        stages: &[Stage::MailFrom],
        server: Server::ExchangeOnline,
        meaning: "the sender is no valid address",
        cause: "MAIL FROM without angle brackets or with a malformed address",
        fix: "send `MAIL FROM:<user@domain>`",
        source: "usually quoted for Exchange; not seen on an Exchange Online wire log",
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// RCPT TO with something that is no address.
    INVALID_RECIPIENT = Entry {
        code: Some(501),
        enhanced: x(5, 1, 3),
        text: "Invalid address",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the recipient is no valid address",
        cause: "RCPT TO without angle brackets or with a malformed address",
        fix: "send `RCPT TO:<user@domain>`",
        source: NONE,
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// An address beyond ASCII without SMTPUTF8.
    NEEDS_SMTPUTF8 = Entry {
        code: Some(553),
        enhanced: x(5, 6, 7),
        text: "Non-ASCII address requires SMTPUTF8",
        stages: &[Stage::MailFrom, Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "the address is not ASCII, and MAIL FROM did not ask for SMTPUTF8",
        cause: "an internationalised address without the parameter SMTPUTF8",
        fix: "send `MAIL FROM:<…> SMTPUTF8`",
        source: NONE,
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// A message past SIZE.
    TOO_LARGE = Entry {
        code: Some(552),
        enhanced: x(5, 3, 4),
        text: "Message size exceeds fixed maximum message size",
        stages: &[Stage::MailFrom, Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the message is larger than the server takes",
        cause: "a message, or the SIZE announced for it, past the limit that EHLO names",
        fix: "send a smaller message",
        source: EXCHANGE_SERVER,
        confidence: Confidence::Paraphrased,
        ..SIMULATED
    };

    /// A command line past any bound.
    LINE_TOO_LONG = Entry {
        code: Some(500),
        enhanced: x(5, 5, 6),
        text: "Line too long",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the command line is longer than the server takes; it hangs up",
        cause: "more than 12,288 bytes without a line's end (RFC 4954 §4)",
        fix: "end the line",
        source: NONE,
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// Base64 that is none.
    BAD_BASE64 = Entry {
        code: Some(501),
        enhanced: x(5, 5, 2),
        text: "Cannot decode response",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "what the client sent in AUTH is no base64, or not what the mechanism says",
        cause: "a broken AUTH exchange",
        fix: "mend the client's encoding",
        source: NONE,
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// The client gave AUTH up.
    AUTH_CANCELLED = Entry {
        code: Some(501),
        enhanced: x(5, 7, 0),
        text: "Authentication cancelled",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the client cancelled the log-in",
        cause: "a lone `*` in the exchange (RFC 4954 §4)",
        fix: "send the credentials",
        source: NONE,
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// Too much nonsense, or too many failed log-ins.
    TOO_MANY_ERRORS = Entry {
        code: Some(421),
        enhanced: x(4, 7, 0),
        text: "Too many errors on this connection, closing transmission channel",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the server has had enough of this connection",
        cause: "too many faulty or idle commands, or failed log-ins",
        fix: "mend the client",
        source: "usually quoted for Exchange; not seen on an Exchange Online wire log",
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// No more connections.
    TOO_MANY_CONNECTIONS = Entry {
        code: Some(421),
        enhanced: x(4, 3, 2),
        text: "Service not available",
        tail: ", too many connections",
        stages: &[Stage::Greeting],
        server: Server::ExchangeOnline,
        meaning: "the server takes no more connections at the moment",
        cause: "the simulator's cap on open connections",
        fix: "open fewer connections at once, or try again",
        source: NONE,
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// Silence for too long.
    TIMED_OUT = Entry {
        code: Some(421),
        enhanced: x(4, 4, 1),
        text: "Connection timed out",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the client was silent for too long",
        cause: "no command within the deadline",
        fix: "send the next command in time",
        source: NONE,
        confidence: Confidence::Unverified,
        ..SIMULATED
    };

    /// A Bare line feed, as Exchange Online's reports name it.
    INVALID_CHARACTERS = Entry {
        code: None,
        enhanced: x(5, 6, 11),
        text: "Invalid characters",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the message has bare line feeds, which the next server does not take",
        cause: "a program that writes LF where CRLF belongs",
        fix: "mend the program that writes the message",
        source: "non-delivery reports page of learn.microsoft.com",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };
}
