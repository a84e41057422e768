//! Lines of a Postfix log: what a relay of one's own was told by the next, or told
//! somebody itself.
//!
//! ```text
//! Nov 20 10:00:01 relay postfix/qmgr[7]: 4XyZ: from=<app@contoso.com>, size=432, nrcpt=1 (queue active)
//! Nov 20 10:00:02 relay postfix/smtp[9]: Trusted TLS connection established to mx.example[192.0.2.1]:25: TLSv1.3 with cipher …
//! Nov 20 10:00:02 relay postfix/smtp[9]: 4XyZ: to=<partner@fabrikam.example>, relay=mx.example[192.0.2.1]:25, …,
//!     status=bounced (host mx.example[192.0.2.1] said: 550 5.7.64 … (in reply to RCPT TO command))
//! ```
//!
//! Every message makes a scenario for each server that it was brought to; a refusal of
//! Postfix' own (`NOQUEUE: reject`) one against that Postfix.

use std::collections::HashMap;

use super::observed::{Observed, Path, Secured, pattern};
use crate::smtp::Stage;
use crate::tls::TlsVersion;

/// A line of the log, taken apart.
struct Entry<'a> {
    /// The host that wrote it.
    host: &'a str,
    /// `smtp`, `smtpd`, `qmgr` …
    daemon: &'a str,
    /// The process, by which lines without a queue id belong together.
    process: &'a str,
    text: &'a str,
}

/// Whether a text is a Postfix log: one of its lines is.
pub(super) fn is_log(text: &str) -> bool {
    text.lines().any(|line| entry(line).is_some())
}

fn entry(line: &str) -> Option<Entry<'_>> {
    let (head, text) = line.split_once("]: ")?;
    let (head, process) = head.rsplit_once('[')?;
    let (head, tag) = head.rsplit_once([' ', '\t'])?;
    let (instance, daemon) = tag.rsplit_once('/')?;
    let host = head.rsplit([' ', '\t']).next().unwrap_or_default();
    instance.starts_with("postfix").then_some(Entry { host, daemon, process, text })
}

/// What is known of a message, by its queue id.
#[derive(Default)]
struct Message {
    from: Option<String>,
    client: Option<String>,
    authors: Vec<String>,
}

/// A delivery to one server.
struct Delivery<'a> {
    id: &'a str,
    observed: Observed,
}

/// Reads the lines of a log.
///
/// # Errors
///
/// Where they hold no delivery and no refusal.
pub(super) fn read(text: &str) -> Result<Vec<Observed>, String> {
    let mut messages: HashMap<&str, Message> = HashMap::new();
    let mut handshakes: HashMap<(&str, String), Secured> = HashMap::new();
    let mut deliveries: Vec<Delivery<'_>> = Vec::new();
    let mut refusals: Vec<Observed> = Vec::new();
    for entry in text.lines().filter_map(entry) {
        if let Some(refusal) = refusal(&entry) {
            refusals.push(refusal);
        } else if let Some((server, tls)) = handshake(entry.text) {
            handshakes.insert((entry.process, server), tls);
        } else if let Some((id, rest)) = entry.text.split_once(": ") {
            let message = messages.entry(id).or_default();
            match entry.daemon {
                "qmgr" | "nqmgr" => {
                    message.from = field(rest, "from").or(message.from.take());
                }
                "smtpd" => message.client = field(rest, "client").or(message.client.take()),
                // `header_checks` that tell: `warning: header From: …`.
                "cleanup" => message.authors.extend(author(rest)),
                "smtp" | "lmtp" | "relay" => delivered(id, rest, &entry, &handshakes, &mut deliveries),
                _ => {}
            }
        }
    }
    for delivery in &mut deliveries {
        let Some(message) = messages.get_mut(delivery.id) else { continue };
        let seen = &mut delivery.observed;
        seen.mail_from = message.from.clone().map(|address| Path { address, ..Path::default() });
        if let Some(client) = &message.client {
            seen.notes.push(format!("{}: it came from {client}", delivery.id));
        }
        if !message.authors.is_empty() {
            seen.message = Some((std::mem::take(&mut message.authors), None));
        }
    }
    let mut all: Vec<Observed> = deliveries.into_iter().map(|delivery| delivery.observed).collect();
    all.extend(refusals);
    if all.is_empty() {
        return Err(
            "the log has no delivery (`status=`) to another server and no `reject`: paste all lines of the \
                    queue id, such as by `grep 4XyZ /var/log/mail.log`"
                .to_owned(),
        );
    }
    Ok(all)
}

/// The value of `name=` in a list: in angle brackets, or up to the next comma.
fn field(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let at = rest.find(name)?;
        let begins = at == 0 || rest[..at].ends_with([' ', '(', ',']);
        let behind = &rest[at + name.len()..];
        if let Some(value) = behind.strip_prefix('=').filter(|_| begins) {
            let value = match value.strip_prefix('<') {
                Some(path) => path.split('>').next(),
                None => value.split([',', ' ', ';']).next(),
            };
            return value.map(str::to_owned);
        }
        rest = behind;
    }
}

fn author(rest: &str) -> Option<String> {
    let at = rest.find("header From: ").map(|at| at + "header From: ".len())?;
    let value = rest[at..].split("; from=<").next()?;
    // `… from relay.example[192.0.2.1]` is Postfix' own, and the last of its kind.
    Some(value.rsplit_once(" from ").map_or(value, |(value, _)| value).trim().to_owned())
}

/// A handshake, and with which server.
fn handshake(text: &str) -> Option<(String, Secured)> {
    let (trust, rest) = text.split_once(" TLS connection established to ")?;
    let (server, rest) = rest.split_once(": ")?;
    let version = rest.split(' ').next().unwrap_or_default();
    let version = if version == "TLSv1" { "TLSv1.0" } else { version };
    let verify = match trust {
        "Verified" => None,
        "Trusted" => Some("chain"),
        _ => Some("none"),
    };
    let version = TlsVersion::ALL.iter().map(|known| known.as_str()).find(|known| *known == version);
    Some((server.to_owned(), Secured { mode: "starttls", version, verify }))
}

/// A line with a recipient's status.
fn delivered<'a>(
    id: &'a str,
    rest: &str,
    entry: &Entry<'a>,
    handshakes: &HashMap<(&'a str, String), Secured>,
    deliveries: &mut Vec<Delivery<'a>>,
) {
    let (Some(to), Some(status)) = (field(rest, "to"), field(rest, "status")) else { return };
    let reason = rest.split_once("status=").and_then(|(_, rest)| rest.split_once(" (")).map(|(_, why)| why);
    let reason = reason.unwrap_or_default().strip_suffix(')').unwrap_or_default();
    let relay = field(rest, "relay").filter(|relay| relay != "none").or_else(|| named(reason));
    let Some(relay) = relay else { return };
    let Some(target) = target(&relay) else { return };
    let at =
        deliveries.iter().position(|known| known.id == id && known.observed.target.as_ref() == Some(&target));
    let at = at.unwrap_or_else(|| {
        let mut observed = Observed { target: Some(target), ..Observed::default() };
        match entry.host.contains('.') {
            true => observed.hello = Some(entry.host.to_owned()),
            false => observed.notes.push(format!(
                "{id}: the name given in EHLO is not logged: `ehlo` is to be what `postconf smtp_helo_name` says"
            )),
        }
        deliveries.push(Delivery { id, observed });
        deliveries.len() - 1
    });
    let seen = &mut deliveries[at].observed;
    if let Some(tls) = handshakes.get(&(entry.process, relay)) {
        seen.tls = Some(*tls);
    }
    let (stage, answer) = outcome(&status, reason);
    // Postfix tries again: the last answer of each recipient counts.
    seen.recipients.retain(|(path, _)| path.address != to);
    let path = Path { address: to, ..Path::default() };
    match stage {
        Stage::RcptTo => seen.recipients.push((path, answer)),
        _ => {
            seen.recipients.push((path, (stage > Stage::RcptTo).then(|| "250".to_owned())));
            if let Some(answer) = answer {
                if stage == Stage::StartTls || stage == Stage::Tls {
                    seen.tls.get_or_insert(Secured { mode: "starttls", version: None, verify: None });
                }
                seen.answer(stage, answer);
            }
        }
    }
}

/// The server that an error names: `connect to mx.example[192.0.2.1]:25: …`.
fn named(reason: &str) -> Option<String> {
    let rest =
        reason.strip_prefix("connect to ").or_else(|| reason.split_once(" connect to ").map(|(_, r)| r))?;
    let end = rest.find(": ")?;
    Some(rest[..end].to_owned())
}

/// `mx.example[192.0.2.1]:25` as a target: by name.
fn target(relay: &str) -> Option<String> {
    let (host, rest) = relay.split_once('[')?;
    let (address, port) = rest.split_once(']')?;
    let port = port.strip_prefix(':').unwrap_or("25");
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // A next hop in brackets has its address for a name.
    let host = if host.is_empty() || host == "unknown" { address } else { host };
    Some(if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
}

/// At which stage a delivery was decided, and by what.
fn outcome(status: &str, reason: &str) -> (Stage, Option<String>) {
    if status == "sent" {
        return (Stage::Message, pattern(reason));
    }
    for (lead, stage) in [("refused to talk to me: ", Some(Stage::Greeting)), ("said: ", None)] {
        if let Some((_, reply)) = reason.split_once(lead) {
            return (stage.unwrap_or_else(|| stage_of(reason)), pattern(reply));
        }
    }
    let has = |words: &str| reason.contains(words);
    let (stage, event) = if has("TLS is required, but was not offered") {
        (Stage::StartTls, "not_offered STARTTLS")
    } else if has("Server certificate not") || has("certificate verification failed") {
        (Stage::Tls, "tls_untrusted")
    } else if has("Cannot start TLS") {
        (Stage::Tls, "tls_refused")
    } else if has("lost connection with") {
        (stage_of(reason), "closed")
    } else if has("timed out while") {
        (stage_of(reason), "timeout reply")
    } else if has("Connection refused") {
        (Stage::Connect, "refused connection_refused")
    } else if has("timed out") {
        (Stage::Connect, "timeout connect")
    } else if has("unreachable") || has("No route to host") {
        (Stage::Connect, "refused")
    } else if has("Host or domain name not found") || has("Host not found") {
        (Stage::Connect, "dns_failure")
    } else {
        return (Stage::RcptTo, None);
    };
    (stage, Some(event.to_owned()))
}

/// The stage that Postfix names.
fn stage_of(reason: &str) -> Stage {
    let at = ["(in reply to ", "while sending ", "while performing the ", "while receiving the "]
        .into_iter()
        .find_map(|lead| reason.rfind(lead).map(|at| &reason[at + lead.len()..]));
    let stages = [
        ("end of DATA", Stage::Message),
        ("message body", Stage::Message),
        ("RCPT TO", Stage::RcptTo),
        ("MAIL FROM", Stage::MailFrom),
        ("DATA", Stage::Data),
        ("AUTH", Stage::Auth),
        ("STARTTLS", Stage::StartTls),
        ("EHLO", Stage::Ehlo),
        ("HELO", Stage::Ehlo),
        ("initial server greeting", Stage::Greeting),
    ];
    let known = at.and_then(|at| stages.into_iter().find(|(words, _)| at.starts_with(words)));
    known.map_or(Stage::RcptTo, |(_, stage)| stage)
}

/// What Postfix itself refused: `NOQUEUE: reject: RCPT from client[192.0.2.1]: 554 …`.
fn refusal(entry: &Entry<'_>) -> Option<Observed> {
    if entry.daemon != "smtpd" {
        return None;
    }
    let (_, rest) = entry.text.split_once(": reject: ")?;
    let (command, rest) = rest.split_once(" from ")?;
    let (client, rest) = rest.split_once(": ")?;
    let mut seen = Observed { target: Some(format!("{}:25", entry.host)), ..Observed::default() };
    let stage = match command {
        "CONNECT" => Stage::Greeting,
        "EHLO" | "HELO" => Stage::Ehlo,
        "MAIL" => Stage::MailFrom,
        "RCPT" => Stage::RcptTo,
        "DATA" => Stage::Data,
        "END-OF-MESSAGE" => Stage::Message,
        _ => return None,
    };
    let answer = pattern(rest)?;
    // What Postfix adds stands at the end, behind a reply that may hold anything.
    let told = &rest[rest.rfind("; from=<").or_else(|| rest.rfind("; proto="))?..];
    let told = told.trim_start_matches("; ");
    seen.hello = field(told, "helo").filter(|name| !name.is_empty());
    seen.is_helo = field(told, "proto").is_some_and(|proto| proto == "SMTP");
    seen.mail_from = field(told, "from").map(|address| Path { address, ..Path::default() });
    let to = field(told, "to").map(|address| Path { address, ..Path::default() });
    let address = client.rsplit_once('[').and_then(|(_, rest)| rest.split(']').next());
    if let Some(address) = address.filter(|address| address.parse::<std::net::IpAddr>().is_ok()) {
        seen.source_ip = Some(address.to_owned());
        seen.notes
            .push(format!("the client was {address}: another host skips the case; `source_ip` says so"));
    }
    match stage {
        Stage::RcptTo => seen.recipients.extend(to.map(|to| (to, Some(answer)))),
        _ => {
            seen.recipients.extend(to.map(|to| (to, None)));
            seen.answer(stage, answer);
        }
    }
    Some(seen)
}
