//! A pasted transcript: swaks' own, with its hints, or ours.
//!
//! ```text
//! === Trying mx.example:25...        what swaks does
//! <-  220 mx.example ESMTP           received; `<~` under TLS, `<**` and `<~*` where unexpected
//!  -> EHLO app.example               sent; `~>` under TLS
//! *** TLS startup failed             what went wrong
//! ```

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::observed::{Observed, Path, Secured, pattern};
use crate::smtp::{Mechanism, Stage};
use crate::tls::TlsVersion;

/// What a line of a transcript is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Sent,
    Received,
    Info,
    Error,
}

/// Swaks' marks; of those that begin alike the longer first.
const SWAKS: [(&str, Mark); 10] = [
    ("<**", Mark::Received),
    ("<~*", Mark::Received),
    ("<-", Mark::Received),
    ("<~", Mark::Received),
    ("**>", Mark::Sent),
    ("*~>", Mark::Sent),
    ("->", Mark::Sent),
    ("~>", Mark::Sent),
    ("===", Mark::Info),
    ("***", Mark::Error),
];

/// Our own.
const OURS: [(&str, Mark); 3] = [("<", Mark::Received), (">", Mark::Sent), ("*", Mark::Info)];

/// Reads a transcript.
///
/// # Errors
///
/// Where none of its lines bears a mark.
pub(super) fn read(text: &str) -> Result<Observed, String> {
    let with = |marks: &'static [(&'static str, Mark)]| {
        text.lines().filter_map(move |line| marked(line, marks)).collect::<Vec<_>>()
    };
    let is_dialogue = |lines: &[(Mark, &str)]| lines.iter().any(|(mark, _)| *mark != Mark::Info);
    let lines = Some(with(&SWAKS)).filter(|lines| is_dialogue(lines));
    let lines = lines.or_else(|| Some(with(&OURS)).filter(|lines| is_dialogue(lines)));
    let lines = lines.ok_or(
        "no line bears a mark of swaks (`===`, `<-`, `->`, `~>`, `<**` …): paste what it prints, without \
         `--no-hints`; or lines of a Postfix log",
    )?;
    let mut reader = Reader { pending: VecDeque::from([Stage::Greeting]), ..Reader::default() };
    for (mark, text) in lines {
        match mark {
            Mark::Sent => reader.sent(text),
            Mark::Received => reader.received(text),
            Mark::Info => reader.told(text),
            Mark::Error => reader.error(text),
        }
    }
    Ok(reader.ended())
}

/// A line's mark, and what stands behind it.
fn marked<'a>(line: &'a str, marks: &[(&'static str, Mark)]) -> Option<(Mark, &'a str)> {
    let text = line.trim_start();
    marks.iter().find_map(|(mark, kind)| {
        let rest = text.strip_prefix(mark)?;
        // A space follows, or two behind a short mark; an empty line may have lost it.
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix(' ')? };
        let rest = if *kind == Mark::Received { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
        Some((*kind, rest.trim_end_matches('\r')))
    })
}

#[derive(Debug, Default)]
struct Reader {
    seen: Observed,
    /// The stages whose replies are still to come, in order.
    pending: VecDeque<Stage>,
    greeted: bool,
    starttls: bool,
    /// Which recipient's reply comes next.
    answered: usize,
    /// The mechanism, while a log-in is under way, and its lines so far.
    login: Option<(String, Vec<String>)>,
    /// The head of the message, while it is being sent.
    content: Option<Vec<String>>,
    troubles: String,
}

impl Reader {
    fn sent(&mut self, text: &str) {
        if let Some(head) = &mut self.content {
            // `--suppress-data` says only how many lines there were.
            let counted = text.ends_with(" lines sent");
            if text == "." || counted {
                let head = if counted { None } else { Some(std::mem::take(head)) };
                self.content = None;
                self.pending.push_back(Stage::Message);
                self.seen.message = head.map(|head| fields(&head));
            } else {
                head.push(text.to_owned());
            }
            return;
        }
        if self.pending.front() == Some(&Stage::Auth)
            && let Some((_, lines)) = &mut self.login
        {
            lines.push(text.to_owned());
            return;
        }
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        let stage = match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => {
                let is_helo = verb.eq_ignore_ascii_case("HELO");
                if is_helo && self.seen.hello.is_some() && !self.seen.is_helo {
                    self.note("EHLO was refused and HELO said next: the scenario says HELO at once");
                }
                self.seen.is_helo = is_helo;
                self.seen.hello = Some(rest.trim().to_owned());
                if self.starttls { Stage::EhloTls } else { Stage::Ehlo }
            }
            "STARTTLS" => {
                self.starttls = true;
                self.secured("starttls");
                Stage::StartTls
            }
            "AUTH" => {
                let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
                let lines = (!initial.is_empty()).then(|| initial.to_owned());
                self.login = Some((mechanism.to_ascii_uppercase(), lines.into_iter().collect()));
                Stage::Auth
            }
            "MAIL" => {
                self.seen.mail_from = rest.split_once(':').map(|(_, path)| Path::parse(path));
                Stage::MailFrom
            }
            "RCPT" => {
                let path = rest.split_once(':').map(|(_, path)| Path::parse(path)).unwrap_or_default();
                self.seen.recipients.push((path, None));
                Stage::RcptTo
            }
            "DATA" => Stage::Data,
            "QUIT" => Stage::Quit,
            _ => {
                self.note(&format!(
                    "`{}` is left out: `steps` say what a plan does not",
                    verb.escape_debug()
                ));
                Stage::Command
            }
        };
        self.pending.push_back(stage);
    }

    fn received(&mut self, text: &str) {
        self.greeted = true;
        // The lines before the last say nothing of their own.
        if text.as_bytes().get(3) == Some(&b'-') {
            return;
        }
        let Some(pattern) = pattern(text) else { return };
        let challenge = self.pending.front() == Some(&Stage::Auth) && pattern == "334";
        if challenge {
            return;
        }
        let Some(stage) = self.pending.pop_front() else { return };
        match stage {
            Stage::RcptTo => {
                if let Some((_, answer)) = self.seen.recipients.get_mut(self.answered) {
                    *answer = Some(pattern);
                }
                self.answered += 1;
            }
            Stage::Command => {}
            Stage::Auth => {
                self.logged_in();
                self.seen.answer(stage, pattern);
            }
            Stage::Data => {
                if pattern.starts_with("354") {
                    self.content = Some(Vec::new());
                }
                self.seen.answer(stage, pattern);
            }
            _ => self.seen.answer(stage, pattern),
        }
    }

    /// Who logged in, by what was sent: never with what.
    fn logged_in(&mut self) {
        let Some((mechanism, lines)) = self.login.take() else { return };
        let plain = |line: &String| match STANDARD.decode(line.trim()) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            // `--auth-plaintext` shows it as it is, a NUL as `\0`.
            Err(_) => line.replace("\\0", "\0"),
        };
        let first = lines.first().map(plain).unwrap_or_default();
        let user = match mechanism.as_str() {
            "PLAIN" => first.split('\0').nth(1).unwrap_or_default().to_owned(),
            "LOGIN" => first,
            "CRAM-MD5" => first.rsplit_once(' ').map(|(user, _)| user.to_owned()).unwrap_or_default(),
            _ => String::new(),
        };
        let known = Mechanism::ALL.into_iter().any(|known| known.as_str() == mechanism);
        let is_user = !user.is_empty() && !user.chars().any(char::is_control);
        if known && is_user {
            self.seen.login = Some((mechanism, user));
        } else if known {
            let user = "the-user".to_owned();
            self.note("who logged in is not shown: `username` is to be filled in");
            self.seen.login = Some((mechanism, user));
        } else {
            self.note("the log-in is left out: its mechanism is not spoken here");
        }
    }

    fn told(&mut self, text: &str) {
        if let Some(rest) = text.strip_prefix("Trying ") {
            let server = rest.trim_end_matches("...");
            match server.strip_prefix("pipe to ") {
                Some(_) => self.note("it was spoken to a program: name a server in its place"),
                None => self.seen.target = target(server),
            }
        } else if let Some(server) = text.strip_prefix("connected to ") {
            self.seen.target = target(server);
        } else if let Some(rest) = text.strip_prefix("TLS started with cipher ") {
            self.handshake(rest.split(':').next().unwrap_or_default());
        } else if text.starts_with("TLSv") {
            self.handshake(text.split(',').next().unwrap_or_default());
        } else if text.starts_with("TLS local DN=") {
            self.note("a client certificate was sent: add it, `certificate: { cert, key }`");
        }
    }

    fn handshake(&mut self, version: &str) {
        if !self.greeted {
            self.secured("implicit");
        }
        let version = if version == "TLSv1" { "TLSv1.0" } else { version };
        if let Some(tls) = &mut self.seen.tls {
            tls.version = TlsVersion::ALL.iter().map(|known| known.as_str()).find(|known| *known == version);
        }
    }

    fn secured(&mut self, mode: &'static str) {
        self.seen.tls.get_or_insert(Secured { mode, version: None, verify: None });
    }

    /// What went wrong; its own words may go on in the next line.
    fn error(&mut self, text: &str) {
        if let Some(server) = text.strip_prefix("Error connecting to ") {
            self.seen.target = target(server.trim_end_matches(':')).or(self.seen.target.take());
        }
        self.troubles += text;
        self.troubles.push('\n');
    }

    fn note(&mut self, text: &str) {
        if !self.seen.notes.iter().any(|known| known == text) {
            self.seen.notes.push(text.to_owned());
        }
    }

    /// The end: what went wrong came instead of a reply.
    fn ended(mut self) -> Observed {
        let said = std::mem::take(&mut self.troubles);
        let has = |words: &str| said.contains(words);
        let waiting = self.pending.front().copied().unwrap_or(Stage::Quit);
        let event = if has("Error connecting") {
            let words = [
                ("refused", "refused connection_refused"),
                ("unreachable", "refused"),
                ("No route", "refused"),
                ("timed out", "timeout connect"),
                ("timeout", "timeout connect"),
            ];
            let known = words.into_iter().find(|(words, _)| has(words)).map(|(_, event)| event);
            Some((Stage::Connect, known.unwrap_or("dns_failure")))
        } else if has("TLS startup failed") {
            if !self.greeted {
                self.secured("implicit");
            }
            let words = [("verify failed", "tls_untrusted"), ("alert", "tls_refused")];
            let known = words.into_iter().find(|(words, _)| has(words)).map(|(_, event)| event);
            Some((Stage::Tls, known.unwrap_or("protocol_error")))
        } else if has("did not advertise STARTTLS") {
            self.secured("starttls");
            Some((Stage::StartTls, "not_offered STARTTLS"))
        } else if has("closed connection unexpectedly") && waiting != Stage::Quit {
            Some((waiting, "closed"))
        } else if has("imeout") && waiting != Stage::Quit {
            Some((waiting, "timeout reply"))
        } else {
            None
        };
        if has("did not advertise authentication") || has("Auth not attempted") {
            self.note("the log-in that the server did not offer is left out: its mechanism is not shown");
        }
        if let Some((stage, event)) = event {
            if waiting == Stage::Auth {
                self.logged_in();
            }
            match (stage, self.seen.recipients.get_mut(self.answered)) {
                (Stage::RcptTo, Some((_, answer))) => *answer = Some(event.to_owned()),
                _ => self.seen.answer(stage, event),
            }
        }
        // What was pipelined behind it was never answered.
        self.seen
    }
}

/// `HOST:PORT` as targets have it; `None` where it is no server's.
fn target(server: &str) -> Option<String> {
    let (host, port) = server.trim().rsplit_once(':')?;
    if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let bare = host.contains(':') && !host.starts_with('[');
    Some(if bare { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
}

/// The authors and the subject in the head of a message.
fn fields(lines: &[String]) -> (Vec<String>, Option<String>) {
    let (mut authors, mut subject) = (Vec::new(), None);
    for line in lines.iter().take_while(|line| !line.is_empty()) {
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("from") => authors.push(value.trim().to_owned()),
            Some((name, value)) if name.eq_ignore_ascii_case("subject") => {
                // Swaks' own has the time in it.
                let own = value.trim().to_owned();
                subject = (!own.starts_with("test ") || own.len() < 30).then_some(own);
            }
            _ => {}
        }
    }
    (authors, subject)
}
