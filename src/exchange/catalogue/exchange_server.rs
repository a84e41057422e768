//! Exchange Server, on-premises: its strings, for look-up.

use super::entry::{DOCUMENTED_ONLY, entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

entries! {
    /// Exchange Server's own refusal to relay.
    EXCHANGE_SERVER_RELAY = Entry {
        code: Some(550),
        enhanced: x(5, 7, 54),
        text: "SMTP; Unable to relay recipient in non-accepted domain",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeServer,
        meaning: "an on-premises Exchange server refuses to relay; this is not Exchange Online",
        cause: "the receive connector does not let anonymous clients relay",
        fix: "a receive connector of its own for the client, with the right to relay",
        source: "seen on the wire, 2016 and later",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A loop, on-premises.
    EXCHANGE_SERVER_LOOP = Entry {
        code: Some(554),
        enhanced: x(5, 4, 6),
        text: "Hop count exceeded - possible mail loop",
        stages: &[Stage::Message],
        server: Server::ExchangeServer,
        meaning: "the message went round too often; an on-premises Exchange server says so",
        cause: "connectors or the domain's type send the mail back where it came from",
        fix: "break the loop: the domain's type, the send connector",
        source: "the article on 5.4.6 of learn.microsoft.com",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Invalid sender.
    EXCHANGE_SERVER_INVALID_SENDER = Entry {
        code: Some(550),
        enhanced: x(5, 1, 7),
        text: "Invalid address",
        stages: &[Stage::MailFrom],
        server: Server::ExchangeServer,
        meaning: "the sender is no valid address",
        cause: "MAIL FROM with a malformed address",
        fix: "send `MAIL FROM:<user@domain>`",
        source: "SMTP error codes of Exchange Server, learn.microsoft.com",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A certificate that is not there.
    EXCHANGE_SERVER_CERTIFICATE = Entry {
        code: Some(454),
        enhanced: x(4, 7, 5),
        text: "The certificate specified in TlsCertificateName of the SendConnector could not be found",
        stages: &[],
        server: Server::ExchangeServer,
        meaning: "the on-premises server cannot find the certificate that its send connector names",
        cause: "the certificate was renewed, and the connector still names the old one",
        fix: "Set-SendConnector -TlsCertificateName with issuer and subject of the new certificate",
        source: "Microsoft Japan support blog on renewing a hybrid server's certificate",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };
}
