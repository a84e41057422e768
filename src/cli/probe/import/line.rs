//! A swaks command line to a scenario.

use std::net::IpAddr;
use std::path::Path;

use serde_yaml::{Mapping, Value};

use super::data::{self, Bytes};
use super::given::Given;
use super::options::{Here, Opt, name};
use super::shell;
use crate::cli::probe::file::{Recipient, Scenario, Sender, literal, pair};
use crate::smtp::Stage;

/// What is asked beside the line itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes<'a> {
    /// Where the scenario is to stand; paths in it are relative to that.
    pub(super) at: &'a Path,
    /// `--deliver`: a message is sent.
    pub(super) deliver: bool,
    /// `--insecure`: the secret leaves without verified TLS.
    pub(super) insecure: bool,
    /// `--password-env`: what the password's variable is called.
    pub(super) password_env: Option<&'a str>,
}

/// A line read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) scenario: Scenario,
    /// The message where it must be a file of its own.
    pub(super) message: Bytes,
    /// What was left out, or is otherwise here.
    pub(super) notes: Vec<String>,
    /// The environment variable that is to hold the password.
    pub(super) variable: Option<String>,
}

/// Reads a line.
///
/// # Errors
///
/// Everything in it that has no meaning here, with what comes nearest.
pub(super) fn read(line: &str, wishes: Wishes<'_>) -> Result<Read, Vec<String>> {
    let command = shell::command(line)?;
    let mut notes = command.notes;
    let mut given = Given::default();
    let others = given.environment(&command.assignments)?;
    given.read(&command.words)?;
    if let Some(name) = others.iter().find(|name| *name == "SWAKS_HOME") {
        notes
            .push(format!("`{name}=…` is left out: write the options that its .swaksrc holds into the line"));
    }
    for name in others.iter().filter(|name| *name != "SWAKS_HOME") {
        notes.push(format!("`{name}=…` is left out: it is about swaks' surroundings"));
    }
    let mut faults = Vec::new();
    for (name, here) in given.others() {
        match here {
            Here::Refused(why) => add(&mut faults, format!("`{name}`: {why}")),
            Here::Dropped(why) => add(&mut notes, format!("`{name}` is left out: {why}")),
            Here::Kept(..) => {}
        }
    }
    let mut reader =
        Reader { given: &given, wishes, notes, faults, scenario: Scenario::default(), variable: None };
    let message = reader.scenario(command.stdin.as_deref());
    let Reader { notes, faults, scenario, variable, .. } = reader;
    if faults.is_empty() { Ok(Read { scenario, message, notes, variable }) } else { Err(faults) }
}

/// Adds what is not there yet.
fn add(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

/// The stages at which swaks may be told to end, by its own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Connect,
    FirstHelo,
    Tls,
    Helo,
    Auth,
    Mail,
    Rcpt,
    Data,
    Dot,
}

pub(super) struct Reader<'a> {
    pub(super) given: &'a Given,
    pub(super) wishes: Wishes<'a>,
    pub(super) notes: Vec<String>,
    pub(super) faults: Vec<String>,
    pub(super) scenario: Scenario,
    pub(super) variable: Option<String>,
}

/// What `--protocol` says beside the verb.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Protocol {
    pub(super) helo: bool,
    pub(super) starttls: bool,
    pub(super) implicit: bool,
    pub(super) auth: bool,
}

impl Reader<'_> {
    fn scenario(&mut self, stdin: Option<&str>) -> Bytes {
        let protocol = self.protocol();
        let host = self.target(protocol);
        self.source();
        if let Some(name) = self.text(Opt::Helo) {
            let name = Some(literal(&name));
            if protocol.helo { self.scenario.helo = name } else { self.scenario.ehlo = name }
        } else if protocol.helo {
            self.scenario.helo = Some("$(hostname)".to_owned());
        }
        self.tls(protocol);
        self.auth(protocol, host.as_deref());
        self.timeout();
        self.xclient();
        let (quit, drop) = (self.end(Opt::QuitAfter), self.end(Opt::DropAfter));
        if quit.is_some() && drop.is_some() {
            self.faults.push("`--quit-after` and `--drop-after` exclude each other".to_owned());
        }
        if let Some(end @ (End::Data | End::Dot)) = quit {
            let end = if end == End::Data { "data" } else { "dot" };
            self.faults
                .push(format!("`--quit-after {end}` is unknown to swaks: it has `--drop-after {end}`"));
        }
        let end = quit.or(drop).unwrap_or(End::Dot);
        let from = self.sender(end);
        let (to, cc, bcc) = self.recipients(end);
        let mut message = None;
        if self.scenario.mail_from.is_some() && !self.scenario.rcpt_to.is_empty() {
            let source = data::Source {
                given: self.given,
                stdin,
                from: &from,
                to: &to,
                cc: &cc,
                to_all: cc.is_empty() && bcc.is_empty(),
                at: self.wishes.at,
            };
            message = data::message(&source, &mut self.scenario, &mut self.notes, &mut self.faults);
        }
        self.last(end, drop.is_some());
        message
    }

    /// An option's value, which must not be left out.
    pub(super) fn text(&mut self, option: Opt) -> Option<String> {
        match self.given.value(option) {
            Some("") if option != Opt::From => {
                let name = name(option);
                self.faults.push(format!("`{name}` without a value asks at the keyboard: write it out"));
                None
            }
            value => value.map(str::to_owned),
        }
    }

    fn protocol(&mut self) -> Protocol {
        let Some(text) = self.text(Opt::Protocol) else { return Protocol::default() };
        let text = text.to_ascii_uppercase();
        let none = Protocol::default();
        match text.as_str() {
            "SMTP" => Protocol { helo: true, ..none },
            "SMTPS" => Protocol { helo: true, implicit: true, ..none },
            "SSMTP" => Protocol { implicit: true, ..none },
            "SSMTPA" => Protocol { implicit: true, auth: true, ..none },
            "ESMTP" => none,
            "ESMTPA" => Protocol { auth: true, ..none },
            "ESMTPS" => Protocol { starttls: true, ..none },
            "ESMTPSA" => Protocol { starttls: true, auth: true, ..none },
            "LMTP" | "LMTPA" | "LMTPS" | "LMTPSA" => {
                self.faults.push("`--protocol LMTP`: LMTP is not spoken".to_owned());
                none
            }
            _ => {
                self.faults
                    .push("`--protocol`: swaks knows SMTP, SMTPS, SSMTP[A] and ESMTP[S][A]".to_owned());
                none
            }
        }
    }

    /// Fills the target in, and returns its host.
    fn target(&mut self, protocol: Protocol) -> Option<String> {
        let (server, is_domain) = match self.text(Opt::Server) {
            Some(server) => (server, false),
            None if self.given.has(Opt::Server) => return None,
            None => (self.domain()?, true),
        };
        let port = self.text(Opt::Port);
        let (host, port) = match is_domain {
            true => (server.as_str(), port.as_deref()),
            false => split(&server, port.as_deref()),
        };
        let implicit = self.given.has(Opt::TlsOnConnect) || protocol.implicit && !self.says_tls();
        let port = match port {
            None => Some(if implicit { 465 } else { 25 }),
            Some(port) => match port.parse::<u16>() {
                Ok(number) if number > 0 => Some(number),
                _ => service(port),
            },
        };
        let Some(port) = port else {
            self.faults.push("`--port`: write the number, from 1 to 65535".to_owned());
            return None;
        };
        let address = host.parse::<IpAddr>().ok();
        for (option, is_it) in [
            (Opt::Ipv4, address.is_some_and(|address| address.is_ipv4())),
            (Opt::Ipv6, address.is_some_and(|address| address.is_ipv6())),
        ] {
            if self.given.has(option) && !is_it {
                let name = name(option);
                let family = if option == Opt::Ipv4 { 4 } else { 6 };
                self.faults.push(format!(
                    "`{name}`: the family belongs to the target: in relayprobe.yaml `targets: {{ NAME: {{ address: …, \
                     family: {family} }} }}`, or give the address itself to `-s`"
                ));
            }
        }
        let shown = match is_domain {
            true => format!("mx:{host}"),
            false if host.contains(':') => format!("[{host}]"),
            false => host.to_owned(),
        };
        self.scenario.target = literal(&format!("{shown}:{port}"));
        self.scenario.name = literal(&format!("swaks to {shown}:{port}"));
        (!is_domain).then(|| host.to_owned())
    }

    /// The domain whose mail exchangers swaks looks up where no server is named: that of
    /// `--copy-routing`, else of the last recipient.
    fn domain(&mut self) -> Option<String> {
        let address = self.text(Opt::CopyRouting).or_else(|| {
            let to = self.given.value(Opt::To).filter(|to| !to.is_empty())?;
            to.rsplit(',').next().map(str::to_owned)
        });
        let domain = address.as_deref().and_then(|address| address.rsplit('@').next());
        if domain.is_none() && self.faults.is_empty() {
            self.faults.push("there is neither `--server` nor `--to`: name a server with `-s`".to_owned());
        }
        domain.map(str::to_owned)
    }

    fn source(&mut self) {
        let Some(text) = self.text(Opt::LocalInterface) else { return };
        let (address, port) = split(&text, None);
        if port.is_some() {
            self.faults.push("`--local-interface`: the port on this side is left to the system".to_owned());
        }
        match address.parse::<IpAddr>() {
            Ok(address) => self.scenario.source_ip = Some(address.to_string()),
            Err(_) => self.faults.push("`--local-interface`: write the address, not a name".to_owned()),
        }
    }

    fn xclient(&mut self) {
        let mut attributes = Mapping::new();
        let raw = self.given.all(Opt::XclientRaw).count();
        let named = self.given.kept().any(|(option, _)| matches!(option, Opt::Xclient(_)));
        if raw + usize::from(named) > 1 {
            self.faults.push("`--xclient`: XCLIENT is sent once, with all its attributes".to_owned());
        }
        for (option, value) in self.given.kept() {
            let raw = match option {
                Opt::Xclient(key) => vec![(key, value.to_owned())],
                Opt::XclientRaw => match value.split_ascii_whitespace().map(attribute).collect() {
                    Some(pairs) => pairs,
                    None => {
                        self.faults.push(
                            "`--xclient` takes attributes of XCLIENT, such as `ADDR=192.0.2.1`".to_owned(),
                        );
                        continue;
                    }
                },
                _ => continue,
            };
            for (key, value) in raw {
                // `ipv6:` is for the wire.
                let bare = if key.ends_with("addr") {
                    value.get(..5).filter(|tag| tag.eq_ignore_ascii_case("ipv6:"))
                } else {
                    None
                };
                attributes.insert(Value::from(key), Value::from(literal(&value[bare.map_or(0, str::len)..])));
            }
        }
        if attributes.is_empty() {
            return;
        }
        self.scenario.extensions.insert(Value::from("xclient"), Value::Mapping(attributes));
        if self.given.has(Opt::XclientNoVerify) {
            self.scenario.extensions.insert(Value::from("force"), Value::Bool(true));
        }
    }

    fn timeout(&mut self) {
        let Some(text) = self.text(Opt::Timeout) else { return };
        let digits = text.trim_end_matches(['h', 'H', 'm', 'M', 's', 'S']);
        let unit = match text[digits.len()..].to_ascii_lowercase().as_str() {
            "" | "s" => Some('s'),
            "m" => Some('m'),
            "h" => Some('h'),
            _ => None,
        };
        match (digits.parse::<u32>(), unit) {
            (Ok(0), _) => {
                self.faults.push("`--timeout 0`: every wait has its end here; leave it off".to_owned())
            }
            (Ok(number), Some(unit)) => {
                let mut map = Mapping::new();
                for key in ["connect", "reply"] {
                    map.insert(Value::from(key), Value::from(format!("{number}{unit}")));
                }
                self.scenario.timeout = Some(Value::Mapping(map));
            }
            _ => self.faults.push("`--timeout` takes a number of seconds, or one with s, m or h".to_owned()),
        }
    }

    /// Where the line ends the session, if it does before its time.
    fn end(&mut self, option: Opt) -> Option<End> {
        let text = self.text(option)?.to_ascii_lowercase();
        let end = match text.as_str() {
            "connect" | "banner" => End::Connect,
            "first-helo" | "first-ehlo" | "first-lhlo" => End::FirstHelo,
            "tls" | "starttls" => End::Tls,
            "helo" | "ehlo" | "lhlo" => End::Helo,
            "auth" => End::Auth,
            "mail" | "from" => End::Mail,
            "rcpt" | "to" => End::Rcpt,
            "data" => End::Data,
            "dot" => End::Dot,
            _ => {
                let name = name(option);
                self.faults.push(format!(
                    "`{name}`: it takes connect, first-helo, tls, helo, auth, mail, rcpt, and to drop also data and dot"
                ));
                return None;
            }
        };
        Some(end)
    }

    /// The P1 sender, which swaks makes up where none is given.
    fn sender(&mut self, end: End) -> String {
        if end < End::Mail {
            return String::new();
        }
        match self.given.value(Opt::From) {
            Some("<>") => self.scenario.mail_from = Some(Sender::Address("<>".to_owned())),
            Some("") => {
                self.faults.push(
                    "`--from` without a value asks at the keyboard: write it, `<>` for nobody".to_owned(),
                );
            }
            Some(from) => {
                self.scenario.mail_from = Some(Sender::Address(literal(from)));
                return from.to_owned();
            }
            None => {
                let user = std::env::var("LOGNAME").or_else(|_| std::env::var("USER"));
                let user = user.ok().filter(|user| !user.is_empty()).unwrap_or_else(|| "root".to_owned());
                let made = format!("{}@$(hostname)", literal(&user));
                self.notes
                    .push(format!("there is no `--from`: swaks takes the user and the host, here `{made}`"));
                self.scenario.mail_from = Some(Sender::Address(made.clone()));
                return made;
            }
        }
        String::new()
    }

    /// The recipients; what `--to`, `--cc` and `--bcc` say comes back.
    fn recipients(&mut self, end: End) -> (String, String, String) {
        let mut texts = [String::new(), String::new(), String::new()];
        if end < End::Rcpt {
            return texts.into();
        }
        for (option, text) in [Opt::To, Opt::Cc, Opt::Bcc].into_iter().zip(&mut texts) {
            *text = self.text(option).unwrap_or_default();
            let addresses = text.split(',').filter(|address| !address.is_empty());
            self.scenario.rcpt_to.extend(addresses.map(|address| Recipient::Address(literal(address))));
        }
        if !self.given.has(Opt::To) {
            self.faults.push("there is no `--to`: swaks would ask for it".to_owned());
        }
        texts.into()
    }

    /// How the session ends: by `stop_after`, or by steps where it ends without QUIT. Without `--deliver` it does not go past RCPT TO.
    fn last(&mut self, end: End, is_drop: bool) {
        let starttls = self.scenario.tls.as_ref().is_some_and(|tls| tls.mode == "starttls");
        let auth = self.scenario.auth.is_some();
        let held = !self.wishes.deliver && !self.scenario.rcpt_to.is_empty();
        let end_wanted = end;
        let end = if held { end.min(End::Rcpt) } else { end };
        if end < end_wanted {
            self.notes.push(
                "it stops after RCPT TO, as every probe does: `--deliver` sends the message".to_owned(),
            );
        }
        if self.given.has(Opt::Pipeline) && end >= End::Mail {
            if is_drop {
                self.faults.push("`--pipeline` with `--drop-after`: write the `steps` by hand".to_owned());
            }
            self.scenario.extensions.insert(Value::from("pipelining"), Value::Bool(true));
            self.notes.push(
                "`--pipeline` needs PIPELINING to be offered; swaks goes one command at a time where it is not"
                    .to_owned(),
            );
        }
        if !is_drop {
            self.scenario.stop_after = match end {
                End::Connect => Some(Stage::Greeting),
                End::FirstHelo => Some(Stage::Ehlo),
                End::Tls if self.scenario.tls.is_some() => Some(Stage::Tls),
                End::Auth if auth => Some(Stage::Auth),
                End::Tls | End::Helo | End::Auth if starttls => Some(Stage::EhloTls),
                End::Tls | End::Helo | End::Auth => Some(Stage::Ehlo),
                End::Mail => Some(Stage::MailFrom),
                End::Rcpt => Some(Stage::RcptTo),
                End::Data => Some(Stage::Data),
                End::Dot => None,
            }
            .map(Stage::as_str);
            return;
        }
        let word = |word: &str| Value::from(word);
        let mut steps = Vec::new();
        let opened = match end {
            End::Connect => &[][..],
            End::FirstHelo => &["hello"],
            End::Tls if starttls => &["hello", "starttls"],
            End::Tls | End::Helo if starttls => &["hello", "starttls", "hello"],
            End::Tls | End::Helo => &["hello"],
            _ => {
                steps.push(Value::Mapping(pair("after", "auth")));
                &[]
            }
        };
        let hello = if self.scenario.helo.is_some() { "helo" } else { "ehlo" };
        steps.extend(opened.iter().map(|step| word(if *step == "hello" { hello } else { step })));
        steps.extend((end >= End::Mail).then(|| word("mail_from")));
        steps.extend((end >= End::Rcpt).then(|| word("rcpt_to")));
        steps.extend((end == End::Data).then(|| Value::Mapping(pair("data", "none"))));
        steps.extend((end == End::Dot).then(|| word("data")));
        steps.push(Value::Mapping(pair("close", "abrupt")));
        self.scenario.steps = steps;
    }
}

/// `host:port`, `[host]:port`, `host/port` or a host alone, as swaks reads it.
fn split<'a>(server: &'a str, port: Option<&'a str>) -> (&'a str, Option<&'a str>) {
    if let Some((host, rest)) = server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.strip_prefix([':', '/']).or(port));
    }
    if let Some((host, port)) = server.rsplit_once('/') {
        return (host, Some(port));
    }
    match server.split_once(':') {
        Some((host, port)) if !port.contains(':') && !port.is_empty() => (host, Some(port)),
        _ => (server, port),
    }
}

/// An attribute of a raw XCLIENT: its key here, and its value as people write it.
fn attribute(word: &str) -> Option<(&'static str, String)> {
    let (name, value) = word.split_once('=')?;
    let keys = ["name", "addr", "port", "proto", "destaddr", "destport", "helo", "login"];
    let key = keys.into_iter().find(|key| key.eq_ignore_ascii_case(name))?;
    // xtext (RFC 3461 §4): `+2B` is a plus.
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, behind @ ..] = rest {
        let hex = behind.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *first == b'+').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    Some((key, String::from_utf8(bytes).ok()?))
}

/// The ports of mail by the names of IANA's registry.
fn service(name: &str) -> Option<u16> {
    Some(match name {
        "smtp" | "mail" => 25,
        "submission" => 587,
        "smtps" | "ssmtp" | "submissions" | "urd" => 465,
        _ => return None,
    })
}
