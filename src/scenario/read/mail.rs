//! `ehlo`, `helo`, and what makes a mail transaction.

use std::sync::Arc;

use super::super::extensions::ExtensionsSpec;
use super::super::project::{file_ref, plain_text};
use super::super::spec::{MessageSpec, Parts, TransactionSpec};
use super::super::view::{Findings, View};
use super::super::{Expect, RecipientExpect};
use super::expect::{expect, patterns};
use crate::message::Body;
use crate::plan::{Hello, HelloVerb, Recipient};
use crate::smtp::{ForwardPath, ReversePath};
use crate::yaml::{Diagnostic, Field, Fields, Value};

/// The keys that make a message.
pub(super) const MESSAGE_KEYS: [&str; 5] = ["header_from", "subject", "body", "headers", "message"];

/// The most transactions of one session.
const MAX_TRANSACTIONS: usize = 10_000;

/// The most recipients of one transaction.
const MAX_RECIPIENTS: usize = 10_000;

/// Reads `ehlo` or `helo`; the host's name where neither is written.
pub(in super::super) fn hello(
    view: &View<'_>,
    hostname: &Arc<str>,
    findings: &mut Findings,
) -> Option<Hello> {
    let (mut ehlo, mut helo) = (view.get("ehlo"), view.get("helo"));
    if let (Some(first), Some(second)) = (ehlo, helo) {
        let lesser = if view.inherited(first.key_span()) { first } else { second };
        if lesser.name() == "ehlo" {
            ehlo = None
        } else {
            helo = None
        }
        view.impossible(lesser, "a session has one name", findings);
    }
    let (verb, field) = match (ehlo, helo) {
        (_, Some(field)) => (HelloVerb::Helo, field),
        (Some(field), None) => (HelloVerb::Ehlo, field),
        (None, None) => return Some(Hello { verb: HelloVerb::Ehlo, name: Arc::clone(hostname) }),
    };
    let name = field.text(&mut findings.faults)?;
    is_name(field, name, &mut findings.faults).map(|name| Hello { verb, name })
}

/// The name, if it is one that a client can give.
pub(super) fn is_name(field: Field<'_>, name: &str, faults: &mut Vec<Diagnostic>) -> Option<Arc<str>> {
    if name.is_empty() || name.contains(|c: char| c.is_control() || c.is_whitespace()) {
        let fault =
            field.error(format!("`{}` is empty, or a space or control character stands in it", field.name()));
        faults.push(fault.label("a domain or an address literal such as `[192.0.2.1]`"));
        return None;
    }
    Some(name.into())
}

/// The transactions of a case and what they expect.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Mail {
    pub(in super::super) transactions: Vec<TransactionSpec>,
    /// Of `transactions`; empty where that is not used.
    pub(in super::super) expect: Vec<Expect>,
    pub(in super::super) recipients: Vec<RecipientExpect>,
}

/// The keys of one transaction.
pub(super) struct Keys<'v, 'e> {
    extensions: &'e ExtensionsSpec,
    mail_from: Option<Field<'v>>,
    rcpt_to: Option<Field<'v>>,
    /// In the order of [`MESSAGE_KEYS`].
    message: [Option<Field<'v>>; 5],
    /// One message will do for all cases.
    shared: bool,
}

/// Reads the mail transactions; none where there is no `mail_from`. `shared` says
/// that they are the same for all cases.
pub(in super::super) fn mail(
    view: &View<'_>,
    hello: &Hello,
    extensions: &ExtensionsSpec,
    shared: bool,
    findings: &mut Findings,
) -> Option<Mail> {
    let before = findings.faults.len();
    let keys = Keys {
        extensions,
        mail_from: view.get("mail_from"),
        rcpt_to: view.get("rcpt_to"),
        message: MESSAGE_KEYS.map(|key| view.get(key)),
        shared,
    };
    let mut mail = Mail::default();
    if view.get("steps").is_some() {
        // They say what is sent; the keys of mail are what their bare words stand for.
        if let Some(list) = view.get("transactions") {
            view.impossible(list, "`steps` say it", findings);
        }
        return (findings.faults.len() == before).then_some(mail);
    }
    if let Some(list) = view.get("transactions") {
        for field in keys.all() {
            view.impossible(field, "`transactions` say it", findings);
        }
        let items = list.list(&mut findings.faults)?;
        if items.is_empty() || items.len() > MAX_TRANSACTIONS {
            let fault = list.error(format!("`transactions` takes 1 to {MAX_TRANSACTIONS}"));
            findings.faults.push(fault);
        }
        for (n, item) in items.iter().enumerate() {
            let field = list.item(item);
            let Some(mut fields) = field.fields(&mut findings.faults) else { continue };
            let keys = Keys::of(&mut fields, extensions, shared);
            let expected = fields.take("expect");
            fields.finish(&mut findings.faults);
            let expected = expected.map(|field| {
                let read = expect(field, &mut findings.faults);
                if matches!(read, Some(Expect::Shares(_))) {
                    let fault = field.error("`share` is about whole sessions");
                    findings.faults.push(fault.label("it belongs under the scenario's own `expect`"));
                }
                read
            });
            mail.expect.push(expected.flatten().unwrap_or_default());
            if keys.mail_from.is_none() {
                findings.faults.push(Diagnostic::error("`mail_from` is missing", field.span()));
            }
            keys.read(n, view, hello, &mut mail, findings);
        }
    } else if keys.mail_from.is_some() {
        keys.read(0, view, hello, &mut mail, findings);
    } else {
        for field in keys.all() {
            view.impossible(field, "without `mail_from` no mail is sent", findings);
        }
    }
    (findings.faults.len() == before).then_some(mail)
}

impl<'v, 'e> Keys<'v, 'e> {
    fn of(fields: &mut Fields<'v>, extensions: &'e ExtensionsSpec, shared: bool) -> Self {
        Self {
            extensions,
            mail_from: fields.take("mail_from"),
            rcpt_to: fields.take("rcpt_to"),
            message: MESSAGE_KEYS.map(|key| fields.take(key)),
            shared,
        }
    }

    /// Those of a message alone.
    pub(super) const fn of_message(
        message: [Option<Field<'v>>; 5],
        extensions: &'e ExtensionsSpec,
        shared: bool,
    ) -> Self {
        Self { extensions, mail_from: None, rcpt_to: None, message, shared }
    }

    fn all(&self) -> impl Iterator<Item = Field<'v>> {
        [self.mail_from, self.rcpt_to].into_iter().chain(self.message).flatten()
    }

    /// Reads one transaction, the `n`th, into `mail`.
    fn read(&self, n: usize, view: &View<'_>, hello: &Hello, mail: &mut Mail, findings: &mut Findings) {
        let Some(field) = self.mail_from else { return };
        // After a wrong sender the rest is read all the same, to show all faults.
        let (mail_from, mail_params) =
            path(field, ReversePath::parse, &mut findings.faults).unwrap_or((ReversePath::Null, "".into()));
        let mut recipients = Vec::new();
        if let Some(field) = self.rcpt_to {
            let items = field.one_or_many();
            if items.is_empty() || items.len() > MAX_RECIPIENTS {
                findings
                    .faults
                    .push(field.error(format!("`rcpt_to` takes 1 to {MAX_RECIPIENTS} recipients")));
            }
            for item in items {
                let item = field.item(item);
                let expected = match &item.node().value {
                    Value::Mapping(entries) => entries.iter().find(|(key, _)| &*key.name == "expect"),
                    _ => None,
                };
                let Some((path, params)) = path(item, ForwardPath::parse, &mut findings.faults) else {
                    continue;
                };
                if let Some((key, node)) = expected {
                    let expected = patterns(Field::new(&key.name, key.span, node), &mut findings.faults);
                    mail.recipients.extend(expected.map(|patterns| RecipientExpect {
                        transaction: n as u16,
                        recipient: recipients.len() as u16,
                        patterns,
                    }));
                }
                let params = self.extensions.of_rcpt(params, &path);
                recipients.push(Recipient { path, params });
            }
        }
        // After wrong recipients, too, the message is read for its faults.
        let message = if self.rcpt_to.is_some() {
            self.message(&mail_from, &recipients, view, hello, findings)
        } else {
            for field in self.message.into_iter().flatten() {
                view.impossible(field, "without `rcpt_to` no message is sent", findings);
            }
            None
        };
        let ascii = mail_from.as_str().is_ascii() && recipients.iter().all(|to| to.path.as_str().is_ascii());
        let mail_params = self.extensions.of_mail(mail_params, ascii);
        mail.transactions.push(TransactionSpec { mail_from, mail_params, recipients, message });
    }

    pub(super) fn message(
        &self,
        mail_from: &ReversePath,
        recipients: &[Recipient],
        view: &View<'_>,
        hello: &Hello,
        findings: &mut Findings,
    ) -> Option<MessageSpec> {
        if let Some(file) = self.message[4] {
            let mut kept = true;
            for part in self.message[..4].iter().flatten() {
                // What the scenario writes itself outranks what it inherits.
                if view.inherited(file.key_span()) && !view.inherited(part.key_span()) {
                    kept = false;
                }
            }
            if kept {
                for part in self.message[..4].iter().flatten() {
                    view.impossible(*part, "the message is a file", findings);
                }
                let mut fields = file.fields(&mut findings.faults)?;
                let path = fields.require("file", file.key_span(), &mut findings.faults);
                fields.finish(&mut findings.faults);
                let path = path?;
                return file_ref(path, view.folder(path.span()), &mut findings.faults)
                    .map(|file| MessageSpec::File(Box::new(file)));
            }
            view.impossible(file, "the scenario composes its message", findings);
        }
        let faults = &mut findings.faults;
        let before = faults.len();
        let [header_from, subject, body, headers, _] = self.message;
        let header_from = match header_from {
            Some(field) if field.node().as_str() == Some("none") => Some(Vec::new()),
            Some(field) => {
                let authors: Vec<String> = field.texts(faults).into_iter().map(str::to_owned).collect();
                no_control(field, &authors, faults);
                Some(authors)
            }
            None => None,
        };
        let subject = subject.and_then(|field| plain_text(field, faults));
        let body = body.and_then(|field| field.shared_text(faults));
        let headers = headers.map(|field| header_list(field, faults)).unwrap_or_default();
        let parts = Parts { header_from, subject, headers, body, kind: self.extensions.body };
        if !self.shared {
            return Some(MessageSpec::Parts(Box::new(parts)));
        }
        match parts.compose(mail_from, recipients, hello, |text| Body::new(Arc::clone(text))) {
            Ok(draft) => Some(MessageSpec::Composed(Arc::new(draft))),
            Err(why) => {
                // What is said already has its place.
                if faults.len() == before {
                    faults.push(Diagnostic::error(why.to_string(), view.whole));
                }
                None
            }
        }
    }
}

/// Reports control characters: a line end would begin another field.
fn no_control(field: Field<'_>, texts: &[String], faults: &mut Vec<Diagnostic>) {
    if texts.iter().any(|text| text.chars().any(char::is_control)) {
        faults.push(field.error(format!("a control character stands in `{}`", field.name())));
    }
}

/// Reads a list of one-key maps.
fn header_list(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if matches!(field.node().value, Value::Mapping(_)) {
        let fault = field.error("`headers` takes a list, for their order counts");
        faults.push(fault.label("begin each header with `- `"));
        return out;
    }
    for item in field.list(faults).unwrap_or_default() {
        let item = field.item(item);
        let Some(entries) = item.entries(faults) else { continue };
        let [(key, value)] = entries else {
            let fault = item.error("one header an item");
            faults.push(fault.label("begin each header with `- `"));
            continue;
        };
        let name = &key.name;
        // RFC 5322 §3.6.8: printable US-ASCII without the colon.
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
            faults.push(Diagnostic::error(format!("`{name}` is no header's name"), key.span));
            continue;
        }
        let value = Field::new(name, key.span, value);
        let Some(text) = value.text(faults) else { continue };
        if text.chars().any(char::is_control) {
            faults.push(value.error(format!("a control character stands in `{name}`")));
            continue;
        }
        out.push((name.to_string(), text.to_owned()));
    }
    out
}

/// Reads an address, or `{ address, params }`.
pub(super) fn path<P, E: std::fmt::Display>(
    field: Field<'_>,
    parse: impl Fn(&str) -> Result<P, E>,
    faults: &mut Vec<Diagnostic>,
) -> Option<(P, Arc<str>)> {
    let (address, params) = match &field.node().value {
        Value::Mapping(_) => {
            let before = faults.len();
            let mut fields = field.fields(faults)?;
            let address = fields.require("address", field.span(), faults);
            let params = fields.take("params").map(|field| parameters(field, faults)).unwrap_or_default();
            if field.name() == "rcpt_to" {
                fields.take("expect");
            }
            fields.finish(faults);
            if faults.len() > before {
                return None;
            }
            (address?, params)
        }
        _ => (field, String::new()),
    };
    let text = address.text(faults)?;
    match parse(text) {
        // Most have none; those share one allocation.
        Ok(path) => Some((path, if params.is_empty() { Arc::default() } else { params.into() })),
        Err(why) => {
            let fault = address.error(format!("`{text}` is no address: {why}"));
            faults.push(match text.contains("{{") || text.starts_with('$') {
                true => fault.label("variables are written `$(name)`"),
                false => fault,
            });
            None
        }
    }
}

/// Reads ESMTP parameters into the form of the command.
pub(super) fn parameters(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> String {
    let mut out = String::new();
    for (key, node) in field.entries(faults).unwrap_or_default() {
        let value = Field::new(&key.name, key.span, node);
        let Some(text) = value.text(faults) else { continue };
        // RFC 5321 §4.1.2: neither spaces nor control characters; a space would
        // begin another parameter.
        let bad =
            |text: &str| text.is_empty() || text.contains(|c: char| c.is_control() || c.is_whitespace());
        if bad(&key.name) || key.name.contains('=') {
            faults.push(Diagnostic::error(format!("`{}` is no parameter's name", key.name), key.span));
            continue;
        }
        if bad(text) {
            let fault = value.error(format!(
                "the parameter `{}` is empty, or a space or control character stands in it",
                key.name
            ));
            faults.push(fault.label("a parameter without value is `true`"));
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&key.name);
        if text != "true" {
            out.push('=');
            out.push_str(text);
        }
    }
    out
}
