//! A session that took place elsewhere, as far as what was pasted shows it, to a
//! scenario that expects the same replies.

use serde_yaml::{Mapping, Value};

use super::secured::variable;
use crate::cli::probe::file::{Author, Login, Recipient, Scenario, Sender, Tls, Variable, literal, pair};
use crate::smtp::{EnhancedStatus, Stage};

/// A session as it was seen.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// `HOST:PORT`.
    pub(super) target: Option<String>,
    /// The address that the server saw.
    pub(super) source_ip: Option<String>,
    /// Whether HELO was said.
    pub(super) is_helo: bool,
    pub(super) hello: Option<String>,
    pub(super) tls: Option<Secured>,
    /// Mechanism and user.
    pub(super) login: Option<(String, String)>,
    pub(super) mail_from: Option<Path>,
    pub(super) recipients: Vec<(Path, Option<String>)>,
    /// The `From` fields and the subject of the message; `None` where it was not seen.
    pub(super) message: Option<(Vec<String>, Option<String>)>,
    /// What each stage but RCPT TO was answered with, in order.
    pub(super) answers: Vec<(Stage, String)>,
    /// What is worth knowing.
    pub(super) notes: Vec<String>,
}

/// TLS as it was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Secured {
    pub(super) mode: &'static str,
    pub(super) version: Option<&'static str>,
    /// How far the certificate held: `chain` or `none`; all of it where absent.
    pub(super) verify: Option<&'static str>,
}

/// An address with its parameters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) address: String,
    pub(super) params: String,
}

impl Path {
    /// What stands behind `MAIL FROM:` and `RCPT TO:`.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim_start();
        match text.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            Some((address, params)) => Self { address: address.to_owned(), params: params.trim().to_owned() },
            None => Self { address: text.trim().to_owned(), params: String::new() },
        }
    }

    fn params(&self) -> Mapping {
        let mut map = Mapping::new();
        for param in self.params.split_ascii_whitespace() {
            let (name, value) = param.split_once('=').unwrap_or((param, "true"));
            map.insert(Value::from(name), Value::from(literal(value)));
        }
        map
    }
}

/// What a reply is known by: its code and, where it has one, its enhanced code.
pub(super) fn pattern(reply: &str) -> Option<String> {
    let code = reply.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()))?;
    if !matches!(code.as_bytes()[0], b'2'..=b'5') {
        return None;
    }
    let rest = reply[3..].trim_start_matches(['-', ' ']);
    let word = rest.split([' ', '\r', '\n']).next().unwrap_or_default();
    Some(match EnhancedStatus::parse(word.as_bytes()) {
        Some(_) => format!("{code} {word}"),
        None => code.to_owned(),
    })
}

/// Whether a stage went well by its pattern.
fn is_positive(pattern: &str) -> bool {
    pattern.starts_with(['2', '3'])
}

impl Observed {
    /// Adds what a stage was answered with; the last answer counts.
    pub(super) fn answer(&mut self, stage: Stage, pattern: impl Into<String>) {
        self.answers.retain(|(known, _)| *known != stage);
        self.answers.push((stage, pattern.into()));
    }

    /// The scenario, and the environment variable that is to hold the password. Without
    /// `deliver` it does not go past RCPT TO, whatever was seen.
    ///
    /// # Errors
    ///
    /// What is not shown and cannot be done without.
    pub(super) fn scenario(
        &mut self,
        deliver: bool,
        password_env: Option<&str>,
    ) -> Result<(Scenario, Option<String>), String> {
        let target = self.target.clone().ok_or(
            "it does not show which server this was: name it, `relayprobe probe HOST:PORT --from-transcript …`",
        )?;
        if self.mail_from.is_none() && !self.recipients.is_empty() {
            self.notes.push(
                "the sender is not shown, so nothing is said of the mail: add `mail_from`, `rcpt_to`"
                    .to_owned(),
            );
            self.recipients.clear();
            self.message = None;
            self.answers.retain(|(stage, _)| *stage < Stage::MailFrom);
        }
        let hello = self.hello.as_deref().map(literal);
        let (ehlo, helo) = if self.is_helo { (None, hello) } else { (hello, None) };
        let mut variable_name = None;
        let auth = self.login.as_ref().map(|(mechanism, user)| {
            let name = password_env.map_or_else(|| variable(user), str::to_owned);
            variable_name = Some(name.clone());
            let env = Some(Variable { env: name });
            let is_token = matches!(mechanism.as_str(), "XOAUTH2" | "OAUTHBEARER");
            let (password, token) = if is_token { (None, env) } else { (env, None) };
            let username = Some(literal(user));
            Login { mechanism: mechanism.clone().into(), username, password, token, ..Login::default() }
        });
        let last = self.last(deliver);
        let (authors, subject) = self.message.take().unwrap_or_default();
        let author = |text: &String| literal(text);
        let from = self.mail_from.as_ref().map(|path| path.address.clone());
        let header_from = match &authors[..] {
            [] => None,
            [one] if Some(one) == from.as_ref() => None,
            all => Some(Author::Fields(all.iter().map(author).collect())),
        };
        let mut scenario = Scenario {
            name: literal(&format!("session with {target}")),
            target: literal(&target),
            source_ip: self.source_ip.clone(),
            ehlo,
            helo,
            tls: self.tls.as_ref().map(|tls| Tls {
                mode: tls.mode,
                verify: tls.verify.map(crate::cli::probe::file::How::Word),
                ..Tls::default()
            }),
            auth,
            mail_from: self.mail_from.as_ref().map(|path| match path.params() {
                params if params.is_empty() => Sender::Address(literal(&path.address)),
                params => Sender::Told { address: literal(&path.address), params },
            }),
            header_from,
            subject: subject.as_deref().map(literal),
            stop_after: last.map(Stage::as_str),
            ..Scenario::default()
        };
        let several = self.recipients.len() > 1;
        for (path, answer) in &self.recipients {
            let (address, params) = (literal(&path.address), path.params());
            let expect = answer.clone().filter(|_| several);
            scenario.rcpt_to.push(match expect.is_none() && params.is_empty() {
                true => Recipient::Address(address),
                false => Recipient::Told { address, params, expect },
            });
        }
        if let [(_, Some(answer))] = &self.recipients[..] {
            self.answers.retain(|(stage, _)| *stage != Stage::RcptTo);
            self.answers.push((Stage::RcptTo, answer.clone()));
        }
        let mut expect = Mapping::new();
        let seen = |stage: Stage| last.is_none_or(|last| stage <= last);
        let version = self.tls.as_ref().and_then(|tls| tls.version).filter(|_| seen(Stage::Tls));
        for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Quit && seen(*stage)) {
            let answer = self.answers.iter().find(|(known, _)| *known == stage);
            if let Some((_, pattern)) = answer {
                expect.insert(Value::from(stage.as_str()), Value::from(pattern.as_str()));
            } else if let Some(version) = version.filter(|_| stage == Stage::Tls) {
                expect.insert(Value::from(stage.as_str()), Value::Mapping(pair("version", version)));
            }
        }
        if !expect.is_empty() {
            scenario.expect = Value::Mapping(expect);
        }
        Ok((scenario, variable_name))
    }

    /// The last stage to play, where the plan would go on.
    fn last(&mut self, deliver: bool) -> Option<Stage> {
        let refused = self.answers.iter().find(|(_, pattern)| !is_positive(pattern)).map(|(stage, _)| *stage);
        let reached =
            self.answers.iter().map(|(stage, _)| *stage).filter(|stage| *stage != Stage::Quit).max();
        if self.mail_from.is_none() {
            // Such a plan ends after EHLO or the log-in by itself.
            let ends_early = refused.is_none() && reached.is_some_and(|stage| stage < Stage::Ehlo);
            return reached.filter(|_| ends_early);
        }
        if !self.recipients.is_empty() && !deliver {
            if reached.is_some_and(|stage| stage > Stage::RcptTo) {
                self.notes.push(
                    "it stops after RCPT TO, as every probe does: `--deliver` sends a message, and expects what this \
                     one was answered"
                        .to_owned(),
                );
            }
            return Some(Stage::RcptTo);
        }
        let any = self.recipients.iter().any(|(_, answer)| answer.as_deref().is_none_or(is_positive));
        match reached {
            Some(Stage::Message) => None,
            _ if refused.is_some() || !any => None,
            Some(Stage::Data) => Some(Stage::Data),
            _ if !self.recipients.is_empty() => Some(Stage::RcptTo),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_known_by_its_codes() {
        for (reply, expected) in [
            ("250 2.1.5 Recipient OK", Some("250 2.1.5")),
            ("550-5.7.26 This mail", Some("550 5.7.26")),
            ("250 ok", Some("250")),
            ("220 mx.example 1.2.3.4.5 ready", Some("220")),
            ("250", Some("250")),
            ("999 5.7.1 x", None),
            ("ok", None),
            ("", None),
        ] {
            assert_eq!(pattern(reply).as_deref(), expected, "{reply}");
        }
    }

    #[test]
    fn addresses_come_with_their_parameters() {
        let path = Path::parse("<a@b.test> SIZE=100 SMTPUTF8");
        assert_eq!(path.address, "a@b.test");
        let params = path.params();
        assert_eq!(params.get("SIZE"), Some(&Value::from("100")));
        assert_eq!(params.get("SMTPUTF8"), Some(&Value::from("true")));
        assert_eq!(Path::parse("<>"), Path::default());
    }
}
