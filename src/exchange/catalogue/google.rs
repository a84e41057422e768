//! Google's relay and MX hosts: their strings, for look-up.

use super::entry::{DOCUMENTED_ONLY, entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const GOOGLE_AUTH: &str = "support.google.com/mail, error codes of the sender guidelines";
const GOOGLE: &str = "support.google.com/a/answer/3726730";

entries! {
    /// Google's relay does not know the address.
    GOOGLE_NOT_LISTED = Entry {
        code: Some(421),
        enhanced: x(4, 7, 0),
        text: "IP not in whitelist for RCPT domain, closing connection",
        stages: &[Stage::RcptTo],
        server: Server::Google,
        meaning: "Google's relay does not take mail from this address",
        cause: "the address is not in the relay service's list",
        fix: "add it under SMTP relay service in the Admin console",
        source: GOOGLE,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Google's relay wants TLS.
    GOOGLE_TLS_REQUIRED = Entry {
        code: Some(421),
        enhanced: x(4, 7, 0),
        text: "TLS required for RCPT domain, closing connection",
        stages: &[Stage::RcptTo],
        server: Server::Google,
        meaning: "Google's relay wants TLS",
        cause: "the relay service is set to require it",
        fix: "use STARTTLS",
        source: GOOGLE,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Google's relay is asked too much.
    GOOGLE_TRY_AGAIN = Entry {
        code: Some(421),
        enhanced: x(4, 7, 0),
        text: "Try again later, closing connection",
        stages: &[Stage::Ehlo],
        server: Server::Google,
        meaning: "Google's relay refuses at EHLO for now",
        cause: "too many connections, or an EHLO name that is no name of yours",
        fix: "send your own domain in EHLO; try again later",
        source: GOOGLE,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Google's relay limit.
    GOOGLE_LIMIT = Entry {
        code: Some(450),
        enhanced: x(4, 2, 1),
        text: "Peak SMTP relay limit exceeded for customer",
        stages: &[],
        server: Server::Google,
        meaning: "the customer sends faster than Google's relay allows",
        cause: "the peak limit",
        fix: "send slower",
        source: GOOGLE,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Google, mail without authentication.
    GOOGLE_UNAUTHENTICATED = Entry {
        code: Some(550),
        enhanced: x(5, 7, 26),
        text: "This mail has been blocked because the sender is unauthenticated",
        stages: &[Stage::Message],
        server: Server::Google,
        meaning: "Google refuses mail that passes neither SPF nor DKIM",
        cause: "neither passed",
        fix: "sign with DKIM, or send from a host that the domain's SPF names",
        source: "bounces collected by sisimai",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Google, out of order.
    GOOGLE_TEMPORARY = Entry {
        code: Some(421),
        enhanced: x(4, 3, 0),
        text: "Temporary System Problem",
        stages: &[],
        server: Server::Google,
        meaning: "Google cannot take the mail at the moment",
        cause: "a problem of its own",
        fix: "try again later",
        source: GOOGLE,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Google, SPF.
    GOOGLE_SPF = Entry {
        code: Some(550),
        enhanced: x(5, 7, 27),
        text: "*",
        stages: &[Stage::Message],
        server: Server::Google,
        meaning: "Google refuses the mail because SPF failed",
        cause: "the sending host is not in the SPF record of the P1 domain",
        fix: "extend the SPF record",
        source: GOOGLE_AUTH,
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// Google, DKIM. Microsoft uses the same code for the end of basic authentication.
    GOOGLE_DKIM = Entry {
        code: Some(550),
        enhanced: x(5, 7, 30),
        text: "*",
        stages: &[Stage::Message],
        server: Server::Google,
        meaning: "Google refuses the mail because DKIM failed",
        cause: "no valid signature",
        fix: "mend the DKIM signature",
        source: GOOGLE_AUTH,
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// Google, no reverse name.
    GOOGLE_NO_PTR = Entry {
        code: Some(550),
        enhanced: x(5, 7, 25),
        text: "*",
        stages: &[Stage::Message],
        server: Server::Google,
        meaning: "Google refuses the mail because the sending address has no reverse name",
        cause: "a missing or mismatched PTR record",
        fix: "set the PTR record",
        source: GOOGLE_AUTH,
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// Google, relay without credentials.
    GOOGLE_INVALID_RELAY_CREDENTIALS = Entry {
        code: Some(550),
        enhanced: x(5, 7, 1),
        text: "Invalid credentials for relay",
        stages: &[],
        server: Server::Google,
        meaning: "Google's relay does not know this client",
        cause: "neither its address nor its log-in is known, or its domain is not registered",
        fix: "add the address to the SMTP relay service, log in, or send your own domain in EHLO",
        source: "lead words seen in public logs; the full text is unverified",
        confidence: Confidence::Unverified,
        ..DOCUMENTED_ONLY
    };

    /// Google, no relay.
    GOOGLE_RELAY_DENIED = Entry {
        code: Some(550),
        enhanced: x(5, 7, 0),
        text: "Mail relay denied",
        stages: &[],
        server: Server::Google,
        meaning: "Google's relay does not know this client",
        cause: "the address is not registered with the SMTP relay service",
        fix: "add the address to the SMTP relay service",
        source: "lead words seen in public logs; the full text is unverified",
        confidence: Confidence::Unverified,
        ..DOCUMENTED_ONLY
    };

    /// Google, alignment.
    GOOGLE_ALIGNMENT = Entry {
        code: Some(550),
        enhanced: x(5, 7, 32),
        text: "*",
        stages: &[Stage::Message],
        server: Server::Google,
        meaning: "Google refuses the mail because From: is not aligned with SPF or DKIM",
        cause: "the From: domain is neither the P1 domain that passed SPF nor the one that signed",
        fix: "sign with DKIM for the From: domain",
        source: GOOGLE_AUTH,
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };

    /// Google, no DMARC.
    GOOGLE_NO_DMARC = Entry {
        code: Some(550),
        enhanced: x(5, 7, 40),
        text: "*",
        stages: &[Stage::Message],
        server: Server::Google,
        meaning: "Google refuses the mail because the From: domain has no DMARC record",
        cause: "no DMARC record",
        fix: "publish one",
        source: GOOGLE_AUTH,
        confidence: Confidence::Paraphrased,
        ..DOCUMENTED_ONLY
    };
}
