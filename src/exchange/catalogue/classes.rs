//! What codes mean by themselves: the classes of RFC 3463 and RFC 5321, for replies
//! that no entry knows.

use crate::smtp::{EnhancedStatus, Stage};

/// What an enhanced code means and what to do about it: RFC 3463 §3 and the registry
/// that continues it. `None` for what neither defines.
#[must_use]
pub fn by_status(status: EnhancedStatus) -> Option<(&'static str, &'static str)> {
    let transient = status.class == 4;
    Some(match (status.subject, status.detail) {
        (1, 1) => ("there is no such mailbox", "check the recipient's address"),
        (1, 2) => ("the recipient's domain is not known there", "check the recipient's domain"),
        (1, 3) => ("the recipient's address is malformed", "check the recipient's address"),
        (1, 7) => ("the sender's address is malformed", "check `mail_from`"),
        (1, 8) => ("the sender's domain does not resolve", "use a sender domain that has MX or A records"),
        (1, 10) => ("the recipient's domain accepts no mail (null MX)", "check the recipient's domain"),
        (1, _) => ("an address was refused", "check sender and recipient"),
        (2, 1) => ("the mailbox is disabled", "ask who runs the mailbox"),
        (2, 2) => ("the mailbox is full", "ask who runs the mailbox"),
        (2, 3) => ("the message is too long for the mailbox", "send a smaller message"),
        (2, _) => ("the mailbox cannot take the message", "ask who runs the mailbox"),
        (3, 4) => ("the message is too big for the server", "send a smaller message"),
        (3, _) => ("the mail system is not ready for this", "try later, or ask who runs the server"),
        (4, 1) => ("the next host did not answer", "try later"),
        (4, 4) => {
            ("the server cannot route to the recipient's domain", "check MX records and the relay's routes")
        }
        (4, 7) => ("the message waited too long", "try later"),
        (4, _) => {
            ("the network or routing behind the server failed", "try later, or ask who runs the server")
        }
        (5, 1) => ("the command came out of order", "check the steps of the session"),
        (5, 2) => ("the server did not understand the command", "check what was sent in the transcript"),
        (5, 3) => ("too many recipients", "send to fewer recipients at once"),
        (5, 4) => ("a parameter or argument was refused", "check names, addresses and parameters"),
        (5, _) => ("the server did not accept the protocol spoken", "check what was sent in the transcript"),
        (6, _) => ("the content of the message was refused", "check headers, encoding and attachments"),
        (7, 0) if transient => {
            ("refused for now, by policy", "try later; many servers throttle unknown clients")
        }
        (7, 0) => ("refused by a security policy", "the server may want TLS or a log-in first"),
        (7, 1) if transient => ("refused for now, by policy (greylisting or throttling)", "try later"),
        (7, 1) => (
            "not authorised: the server does not relay for this client, sender or recipient",
            "log in, come from an address that may relay, or show a client certificate that the server knows",
        ),
        (7, 3 | 4) => {
            ("the security that was asked for is not supported", "check TLS and the AUTH mechanism")
        }
        (7, 8) => ("name or password is wrong", "check the account and its secret"),
        (7, 9) => ("the AUTH mechanism is too weak", "choose another mechanism"),
        (7, 11) => ("encryption is needed for this mechanism", "use TLS before AUTH"),
        (7, 12) => ("the password has to be changed first", "log in elsewhere and change it"),
        (7, 13) => ("the account is disabled", "have the account enabled"),
        (7, 20..=23) => ("DKIM or SPF did not hold", "check the sender domain's DKIM and SPF records"),
        (7, 24..=27) => {
            ("sender authentication failed", "check SPF, DKIM, DMARC and reverse DNS of the sender")
        }
        (7, 30) => (
            "the next server cannot promise TLS all the way (REQUIRETLS, RFC 8689)",
            "send it without REQUIRETLS",
        ),
        (7, _) => {
            ("refused for security or policy reasons", "read the reply's text; ask who runs the server")
        }
        _ => return None,
    })
}

/// What a refusal's basic code means and what to do about it, at a stage where that is
/// known: RFC 5321 §4.2.2 and §4.2.3, RFC 4954 §4.
#[must_use]
pub fn by_code(code: u16, stage: Option<Stage>) -> (&'static str, &'static str) {
    match (code, stage) {
        (421, _) => ("the server closes the connection", "read the reply's text; try later"),
        (450, Some(Stage::RcptTo)) => (
            "not now: the mailbox is busy, or the server greylists",
            "try again after some minutes (`retry`)",
        ),
        (454, Some(Stage::StartTls)) => {
            ("the server cannot do TLS for now", "check the server's certificate set-up")
        }
        (454, Some(Stage::Auth)) => ("the server cannot check the log-in for now", "try later"),
        (432, _) => ("the password has to be changed first", "log in elsewhere and change it"),
        (400..=499, Some(Stage::Message)) => ("the message was not accepted for now", "try later"),
        (400..=499, _) => ("not now: a temporary refusal", "try later; read the reply's text"),
        (500 | 502, Some(Stage::Ehlo)) => ("the server does not know EHLO", "use `helo`"),
        (500..=502 | 504, Some(Stage::StartTls)) => {
            ("STARTTLS was refused", "check that TLS is set up on this server and port")
        }
        (500 | 501, _) => {
            ("the server did not understand the command", "check what was sent in the transcript")
        }
        (502, _) => ("the server does not do this command", "check what the EHLO list offers"),
        (503, _) => ("the command came out of order", "the server may want EHLO, STARTTLS or AUTH first"),
        (504, Some(Stage::Auth)) => {
            ("the AUTH mechanism is not supported", "choose one that the EHLO list offers")
        }
        (504, _) => ("a parameter is not supported", "check the parameters sent"),
        (521, _) => ("this host accepts no mail", "check the target"),
        (530, _) => ("the server wants a log-in or TLS first", "add `auth`, or `tls: starttls`"),
        (534, _) => ("the AUTH mechanism is too weak", "choose another mechanism"),
        (535, _) => {
            ("the log-in was refused", "check the account, its secret, and whether it may use SMTP AUTH")
        }
        (538, _) => ("encryption is needed for this mechanism", "use TLS before AUTH"),
        (550 | 551 | 553, Some(Stage::RcptTo)) => (
            "the recipient was refused: unknown there, or relaying is not allowed",
            "check recipient and relay rules",
        ),
        (550 | 553, Some(Stage::MailFrom)) => {
            ("the sender was refused", "check `mail_from` and who may use it")
        }
        (552, _) => ("too big, or the mailbox is full", "send a smaller message"),
        (554, Some(Stage::Greeting)) => {
            ("the server takes no mail from this client", "check block lists and the server's access rules")
        }
        (555, _) => ("a MAIL or RCPT parameter was refused", "check the parameters sent"),
        (_, Some(Stage::Message)) => {
            ("the message was refused after it was read", "read the reply's text; check its content")
        }
        _ => ("a permanent refusal", "read the reply's text"),
    }
}
