//! What Exchange Online says of the servers that it sends to, in message traces and
//! reports: what an add-on service or a hybrid server causes. A relay client never
//! reads these.

use super::entry::{DOCUMENTED_ONLY, entries, x};
use super::{Confidence, Entry, Server};

const NDR: &str = "non-delivery reports page of learn.microsoft.com";
const JAPAN: &str = "Microsoft Japan support blog on renewing a hybrid server's certificate";

entries! {
    /// A session that failed.
    CANNOT_CONNECT = Entry {
        code: Some(450),
        enhanced: x(4, 4, 317),
        text: "Cannot connect to remote server [Message=*",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "Exchange Online could not hand the mail over; what went wrong stands after `Message=`",
        cause: "the next server refused the session or its TLS",
        fix: "mend what the text after `Message=` says; the mail is tried again",
        source: JAPAN,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The wrong certificate.
    SUBJECT_MISMATCH = Entry {
        code: Some(450),
        enhanced: x(4, 4, 317),
        text: "Cannot connect to remote server [Message=SubjectMismatch",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the next server's certificate is for another name than the outbound connector expects",
        cause: "TlsDomain of the outbound connector and the certificate do not agree, or the server \
            chose the wrong certificate",
        fix: "have the server show a certificate for the expected name, or set TlsDomain to the name it \
            has",
        source: JAPAN,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// An untrusted certificate.
    UNTRUSTED_ROOT = Entry {
        code: Some(450),
        enhanced: x(4, 4, 317),
        text: "Cannot connect to remote server [Message=UntrustedRoot",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "Exchange Online does not trust the next server's certificate",
        cause: "a self-signed certificate, a private CA, or a chain without its intermediates, which \
            Exchange Online does not fetch",
        fix: "install a publicly trusted certificate and send the whole chain",
        source: "\"Fix NDR error 450 4.4.317\", learn.microsoft.com",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A connection that was refused.
    CONNECTION_REFUSED = Entry {
        code: Some(450),
        enhanced: x(4, 4, 316),
        text: "Connection refused",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the next server did not accept the connection",
        cause: "nothing listens on port 25 there, or a firewall lets Exchange Online not in",
        fix: "check the smart host, port 25, and that the firewall lets the ranges of Exchange Online in",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The same, given up.
    EXPIRED_CONNECTION_REFUSED = Entry {
        code: Some(550),
        enhanced: x(5, 4, 316),
        text: "Message expired, connection refused",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the next server did not accept a connection until the message expired",
        cause: "nothing listens on port 25 there, or a firewall lets Exchange Online not in",
        fix: "check the smart host, port 25, and that the firewall lets the ranges of Exchange Online in",
        source: "bounces collected by sisimai",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A name that does not resolve.
    EXPIRED_DNS = Entry {
        code: Some(550),
        enhanced: x(5, 4, 312),
        text: "Message expired, DNS query failed",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the next server's name did not resolve until the message expired",
        cause: "no MX or A record, or a wrong smart host",
        fix: "check the domain's records and the connector's smart host",
        source: "bounces collected by sisimai",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Given up, the older code.
    EXPIRED_TRANSIENT = Entry {
        code: None,
        enhanced: x(4, 4, 7),
        text: "Message expired",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the message could not be delivered in time",
        cause: "the next server was out of reach or kept deferring",
        fix: "look at the last error in the message trace; mend what it names",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Given up.
    EXPIRED = Entry {
        code: None,
        enhanced: x(5, 4, 300),
        text: "Message expired",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the message could not be delivered in time",
        cause: "the next server was out of reach or kept deferring",
        fix: "look at the last error in the message trace; mend what it names",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// No STARTTLS where it is demanded.
    STARTTLS_NOT_SUPPORTED = Entry {
        code: None,
        enhanced: x(5, 7, 321),
        transient_too: true,
        text: "starttls-not-supported",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the receiving server must offer TLS and does not",
        cause: "DANE, MTA-STS or a connector demands TLS; STARTTLS is off there or stripped on the way",
        fix: "switch STARTTLS on at the receiving server",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// An expired certificate.
    CERTIFICATE_EXPIRED = Entry {
        code: None,
        enhanced: x(5, 7, 322),
        transient_too: true,
        text: "certificate-expired",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the receiving server's certificate has expired",
        cause: "it was not renewed",
        fix: "renew it",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// DANE.
    TLSA_INVALID = Entry {
        code: None,
        enhanced: x(5, 7, 323),
        transient_too: true,
        text: "tlsa-invalid",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the receiving domain failed DANE validation",
        cause: "its TLSA records do not fit its certificate",
        fix: "renew the TLSA records with the certificate",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// DNSSEC.
    DNSSEC_INVALID = Entry {
        code: None,
        enhanced: x(5, 7, 324),
        transient_too: true,
        text: "dnssec-invalid",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the receiving domain's DNSSEC records are not valid",
        cause: "a broken signature or delegation",
        fix: "mend DNSSEC of the domain",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The wrong name on a certificate.
    CERTIFICATE_HOST_MISMATCH = Entry {
        code: None,
        enhanced: x(5, 7, 325),
        transient_too: true,
        text: "certificate-host-mismatch",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the receiving server's certificate is for another name",
        cause: "neither its common name nor an alternative name is the host's",
        fix: "have it reissued for the host's name",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// MTA-STS, the hosts.
    MTA_STS_HOSTS = Entry {
        code: None,
        enhanced: x(5, 4, 8),
        transient_too: true,
        text: "MX hosts of * failed MTA-STS validation",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "no MX host of the receiving domain passes its MTA-STS policy",
        cause: "the policy names other hosts than the MX records",
        fix: "make policy and MX records agree",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// MTA-STS, the certificate.
    MTA_STS_CERTIFICATE = Entry {
        code: None,
        enhanced: x(5, 7, 5),
        transient_too: true,
        text: "Remote certificate failed MTA-STS validation",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the receiving server's certificate does not pass its domain's MTA-STS policy",
        cause: "the reason stands after `Reason:`",
        fix: "mend the certificate of the receiving server",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The next server refuses to relay.
    REMOTE_NOT_PERMITTED = Entry {
        code: Some(550),
        enhanced: x(5, 7, 367),
        text: "Remote server returned not permitted to relay",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the next server does not relay for Exchange Online; its own words follow after `->`",
        cause: "forwarded mail, a wrong smart host, or a server that does not know the address it came \
            from",
        fix: "allow the connector's mail on the next server, or send to the server that serves the domain",
        source: "\"Fix NDR error 5.7.367\", learn.microsoft.com",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The next server does not know the recipient.
    REMOTE_UNKNOWN_RECIPIENT = Entry {
        code: Some(550),
        enhanced: x(5, 1, 351),
        text: "Remote server returned unknown recipient or mailbox unavailable",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the next server does not know the recipient; its own words follow after `->`",
        cause: "a wrong address, or a recipient that exists on one side only",
        fix: "check the address on the server that refused it",
        source: "bounces collected by sisimai",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };
}
