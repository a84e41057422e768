//! What a reply or an event means and what to do about it.
//!
//! What a known server is known to say is in [`crate::exchange::catalogue`]; this file
//! knows what is left: the classes of RFC 5321 and RFC 3463, and the events.

use super::{DecidedBy, Decisive, Hint};
use crate::exchange::catalogue;
use crate::session::Observation;
use crate::smtp::{EnhancedStatus, Event, EventKind, Reply, ReplyCode, Stage};

/// What the decisive reply or event of a session means.
#[must_use]
pub fn hint(decisive: &Decisive, observation: &Observation) -> Hint {
    match &decisive.what {
        DecidedBy::Reply(reply) => of_reply(decisive.stage, reply, observation),
        DecidedBy::Event(event) => of_event(decisive.stage, event),
    }
}

/// What a reply means, whatever else was seen; `None` where the code is none of
/// RFC 5321.
#[must_use]
pub fn meaning(stage: Stage, code: u16, enhanced: Option<EnhancedStatus>, text: &str) -> Option<Hint> {
    let code = ReplyCode::new(code)?;
    let known = catalogue::find(code.get(), enhanced, text, stage);
    // A positive reply says much the same everywhere: `250 2.0.0 OK` to NOOP is
    // not what `250 2.0.0 Ok` to a message means.
    let known = known.filter(|entry| !stage.accepts(code) || entry.stages.contains(&stage));
    Some(match known {
        Some(entry) => Hint {
            meaning: entry.meaning.to_owned(),
            fix: entry.fix.to_owned(),
            source: entry.source.to_owned(),
        },
        None if stage.accepts(code) => accepted(stage),
        None => refused(stage, code, enhanced),
    })
}

fn of_reply(stage: Stage, reply: &Reply, observation: &Observation) -> Hint {
    let code = reply.code();
    let known = meaning(stage, code.get(), reply.enhanced(), &reply.text());
    let mut hint = known.unwrap_or_else(|| refused(stage, code, reply.enhanced()));
    // A handshake that passed is worth saying where the end came so abruptly:
    // the version or the certificate was not refused by TLS itself.
    if code.get() == 421
        && let Some(tls) = &observation.tls
    {
        hint.meaning =
            format!("the handshake passed ({}) and 421 came after it: {}", tls.version, hint.meaning);
    }
    hint
}

fn general(meaning: &str, fix: &str) -> Hint {
    Hint { meaning: meaning.to_owned(), fix: fix.to_owned(), source: String::new() }
}

fn accepted(stage: Stage) -> Hint {
    general(
        match stage {
            Stage::Greeting => "the server is ready",
            Stage::Ehlo | Stage::EhloTls => "the server accepted the name given",
            Stage::StartTls => "the handshake may begin",
            Stage::Auth => "the log-in was accepted",
            Stage::MailFrom => "the sender was accepted; whether it may relay shows at RCPT TO",
            Stage::RcptTo => "the recipient was accepted: this sender may relay",
            Stage::Data => "the server waits for the message",
            Stage::Message => "the message was accepted for delivery",
            Stage::Connect | Stage::Tls | Stage::Quit | Stage::Command => "it went on",
        },
        "",
    )
}

fn refused(stage: Stage, code: ReplyCode, enhanced: Option<EnhancedStatus>) -> Hint {
    if let Some((meaning, fix)) = enhanced.and_then(catalogue::by_status) {
        return Hint { source: "RFC 3463 §3".to_owned(), ..general(meaning, fix) };
    }
    let (meaning, fix) = catalogue::by_code(code.get(), Some(stage));
    Hint { source: "RFC 5321 §4.2".to_owned(), ..general(meaning, fix) }
}

fn of_event(stage: Stage, event: &Event) -> Hint {
    let reason = &*event.reason;
    match event.kind {
        EventKind::DnsFailure => dns_failure(reason),
        EventKind::Refused => general(
            "nothing accepts connections there: the TCP connection was refused",
            "check that the server runs, its port, and the firewalls between",
        ),
        EventKind::Timeout => timeout(stage),
        EventKind::Closed => closed(stage),
        EventKind::TlsRefused => tls_refused(reason),
        EventKind::TlsUntrusted => tls_untrusted(reason),
        EventKind::NotOffered => not_offered(reason),
        EventKind::ProtocolError | EventKind::Limit | EventKind::Desync
            if let Some(hint) = log_in(reason) =>
        {
            hint
        }
        EventKind::ProtocolError => Hint {
            source: "RFC 5321 §4.2".to_owned(),
            ..general(
                &format!("the server broke SMTP at {stage}: {}", deviation(reason)),
                "look at the transcript: is this an SMTP server, and does it expect TLS from the first byte?",
            )
        },
        EventKind::Desync => Hint {
            source: "RFC 5321 §4.2, RFC 3207 §6".to_owned(),
            ..general(
                "the server said something that nobody had asked for: nothing that follows can be relied on",
                "look for a proxy or filter between here and the server",
            )
        },
        EventKind::Limit => general(
            &format!("the server sent more than the bound on {reason} allows"),
            "look at the transcript: no mail server needs that much",
        ),
    }
}

fn dns_failure(reason: &str) -> Hint {
    let (meaning, fix, source) = match reason {
        "not_found" => (
            "there is no such name in the DNS",
            "check the name, and whether its zone is there",
            "RFC 1035 §4.1.1",
        ),
        "no_address" => (
            "the name is there, and has no address of the family that is asked for",
            "add an A or AAAA record, or ask for the other family",
            "RFC 5321 §5.1",
        ),
        "null_mx" => (
            "the domain says that it takes no mail",
            "send nothing there; where that is wrong, replace its null MX record",
            "RFC 7505 §3",
        ),
        "mx_is_cname" => (
            "an MX record names an alias: some servers follow it, others bounce the mail",
            "let the MX record name the host that the alias stands for",
            "RFC 5321 §5.1, RFC 2181 §10.3",
        ),
        "mx_is_address" => (
            "an MX record names an address where a host's name belongs",
            "give the address a name by an A record, and let the MX record name that",
            "RFC 1035 §3.3.9",
        ),
        "mx_no_address" => (
            "an MX record names a host that has no address: no mail gets there",
            "add the host's A or AAAA record, or take the MX record out",
            "RFC 5321 §5.1",
        ),
        "temporary" | "server_failure" => (
            "the name server could not find out: what it asks in its turn is down or broken, or DNSSEC \
             does not hold",
            "ask again later; look at the zone's own name servers and at its signatures",
            "RFC 1035 §4.1.1",
        ),
        "refused" => (
            "the name server does not answer this host",
            "ask another (`dns: { server: … }`), or let this host in there",
            "RFC 1035 §4.1.1",
        ),
        "timeout" => (
            "no name server answered in time",
            "check the name servers of this host, and firewalls that drop port 53",
            "",
        ),
        "unreachable" => (
            "nothing answers where the name server is to be",
            "check the name servers of this host, or `dns: { server: … }`",
            "",
        ),
        "cname_loop" => (
            "aliases lead round in a circle, or on without end",
            "let one of them end at a host with an address",
            "RFC 1034 §3.6.2",
        ),
        "malformed" => (
            "the answer of the name server, or the name itself, is none that may be",
            "look at the records with another program, and for a middle box that changes answers",
            "RFC 1035 §4.1, RFC 7505 §3",
        ),
        "too_many_hosts" => (
            "the domain has more MX hosts than are played against",
            "name one of them by `address`, or play against the `first` alone",
            "",
        ),
        _ => ("the host's name did not resolve", "check the name, and the resolver of this host", ""),
    };
    Hint { source: source.to_owned(), ..general(meaning, fix) }
}

/// What a server that breaks a mechanism of AUTH is up to.
fn log_in(reason: &str) -> Option<Hint> {
    const IMPOSTOR: &str = "find out who answers there, and change the password if it was weak: what was said lets \
                            others try passwords";
    let (meaning, fix, source) = match reason {
        "no_server_signature" => {
            ("the server said yes and did not show that it knows the password", IMPOSTOR, "RFC 5802 §3")
        }
        "bad_server_signature" => ("the server does not know the password", IMPOSTOR, "RFC 5802 §3"),
        "bad_nonce" => (
            "the server's part of SCRAM belongs to another exchange",
            "find out who answers there",
            "RFC 5802 §5.1",
        ),
        "bad_base64" | "challenge_too_long" | "bad_challenge" | "challenges" => (
            "what the server asked for in AUTH is none of this mechanism",
            "try another `mechanism`; the one that is offered does not work there",
            "RFC 4954 §4",
        ),
        "iterations" => (
            "the server wants more rounds of hashing than any password store needs",
            "set its SCRAM to 4,096 to 600,000 rounds, or take another `mechanism`",
            "RFC 7677 §4",
        ),
        "auth" => (
            "the server said yes before it could know who asks: it lets everybody in, or somebody else speaks for it",
            "look for a proxy or filter between here and the server, and at its list of trusted hosts",
            "RFC 4954 §4",
        ),
        _ => return None,
    };
    Some(Hint { source: source.to_owned(), ..general(meaning, fix) })
}

fn timeout(stage: Stage) -> Hint {
    match stage {
        Stage::Connect => general(
            "nobody answered the connection: packets are dropped on the way",
            "check the address, the port, and firewalls that drop (many networks block port 25 outwards)",
        ),
        Stage::Greeting => general(
            "connected, but the server never spoke",
            "check that this is an SMTP port, and whether it expects TLS from the first byte (`tls: implicit`)",
        ),
        Stage::Tls => general(
            "the handshake was not finished in time",
            "check that the server does TLS on this port; the time allowed is `timeout: { tls: … }`",
        ),
        Stage::Message => general(
            "no reply to the end of the message: whether it was delivered is unknown",
            "look into the server's log before sending it again",
        ),
        _ => general(
            &format!("the server did not answer at {stage} in time"),
            "look into the server's log; the time allowed is `timeout: { reply: … }`",
        ),
    }
}

fn closed(stage: Stage) -> Hint {
    match stage {
        Stage::Connect | Stage::Greeting => general(
            "the server closed the connection before it said anything",
            "check access lists, connection limits, and whether the port expects TLS from the first byte",
        ),
        Stage::Tls => general(
            "the server closed the connection in the middle of the handshake",
            "look into the server's log: it may know neither the version nor the name asked for",
        ),
        Stage::Message => general(
            "closed before the reply to the message: whether it was delivered is unknown",
            "look into the server's log before sending it again",
        ),
        _ => general(
            &format!("the server closed the connection instead of answering at {stage}"),
            "look into the server's log",
        ),
    }
}

fn tls_refused(reason: &str) -> Hint {
    match reason {
        "client_certificate" => general(
            "the client certificate was refused",
            "check that the server trusts its issuer, that it has not expired, and that the file holds the whole chain",
        ),
        "protocol_version" => general(
            "the handshake was refused: no TLS version in common",
            "offer a version that the server does (`tls: { version: … }`)",
        ),
        "handshake_failure" | "insufficient_security" => general(
            "the handshake was refused: no cipher or signature in common, or a certificate is wanted",
            "try `tls: { ciphers: … }`, another certificate type, or a client certificate",
        ),
        "unrecognized_name" => general(
            "the handshake was refused: the server does not know the name asked for",
            "check `tls: { sni: … }`",
        ),
        _ => general(
            &format!("the handshake was refused: {}", reason.replace('_', " ")),
            "look into the server's log",
        ),
    }
}

fn tls_untrusted(reason: &str) -> Hint {
    let (meaning, fix) = match reason {
        "expired" => ("the server's certificate has expired", "renew it on the server"),
        "not_yet_valid" => ("the server's certificate is not valid yet", "check the clocks of both hosts"),
        "self_signed" => (
            "the server's certificate is self-signed",
            "name its CA in `trust: { ca: … }` or `tls: { ca: … }` (`probe --ca FILE`)",
        ),
        "unknown_issuer" => (
            "the issuer of the server's certificate is not trusted here, or an intermediate is missing",
            "name the CA in `trust: { ca: … }` (`probe --ca FILE`), or have the server send its whole chain",
        ),
        "name_mismatch" => (
            "the server's certificate is for another name",
            "connect by the certificate's name, or say which is meant with `tls: { sni: … }`",
        ),
        "fingerprint" => {
            ("the server's certificate is not the one pinned", "check it, then renew the fingerprint")
        }
        "wrong_purpose" => ("the server's certificate is not for servers", "have it reissued for server use"),
        _ => ("the server's certificate did not verify", "look at it with `tls: { verify: none }`"),
    };
    general(meaning, fix)
}

fn not_offered(reason: &str) -> Hint {
    let (what, fix) = match reason.split(' ').next().unwrap_or(reason) {
        "STARTTLS" => (
            "STARTTLS was not offered",
            "check that TLS is set up on the server, and that nothing between strips it from the EHLO list",
        ),
        "AUTH" => (
            "the log-in was not offered",
            "many servers offer AUTH only after TLS; choose a mechanism from the EHLO list",
        ),
        _ => ("an extension that this case needs was not offered", "look at the EHLO list in the transcript"),
    };
    let meaning = match reason.split_once(' ') {
        Some((_, mechanism)) => format!("{what}: {mechanism}"),
        None if reason != "STARTTLS" && reason != "AUTH" => format!("{what}: {reason}"),
        None => what.to_owned(),
    };
    general(&meaning, fix)
}

/// The reasons of `protocol_error`, in words.
fn deviation(reason: &str) -> String {
    match reason {
        "bare_lf" => "a line feed without a carriage return".to_owned(),
        "bare_cr" => "a carriage return without a line feed".to_owned(),
        "empty_line" => "an empty line".to_owned(),
        "bad_code" => "a line without a reply code".to_owned(),
        "bad_separator" => "no space or hyphen after the code".to_owned(),
        "code_changes" => "the code changes within one reply".to_owned(),
        "nul" => "a NUL byte".to_owned(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_log_in_is_told_apart_from_what_breaks_smtp() {
        let meaning = |kind, reason| of_event(Stage::Auth, &Event::new(kind, reason)).meaning;
        let mut meanings: Vec<String> = [
            (EventKind::ProtocolError, "bad_challenge"),
            (EventKind::ProtocolError, "bad_nonce"),
            (EventKind::ProtocolError, "bad_server_signature"),
            (EventKind::ProtocolError, "no_server_signature"),
            (EventKind::Limit, "iterations"),
            (EventKind::Desync, "auth"),
            (EventKind::ProtocolError, "bad_code"),
            (EventKind::Limit, "line"),
            (EventKind::Desync, "unasked"),
        ]
        .map(|(kind, reason)| meaning(kind, reason))
        .into();
        let all = meanings.len();
        meanings.sort_unstable();
        meanings.dedup();
        assert_eq!(meanings.len(), all, "{meanings:?}");
    }
}
