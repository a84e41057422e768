//! `steps`: the dialogue written out.

use std::sync::Arc;

use super::super::extensions::ExtensionsSpec;
use super::super::project::plain_text;
use super::super::spec::{AuthSpec, SaySpec, StepMessage, StepSpec, StepsSpec};
use super::super::view::{Findings, View};
use super::super::{Pattern, Patterns, StageExpect, StepExpect};
use super::auth::{LOG_IN_KEYS, log_in};
use super::expect::patterns;
use super::goes_on::{goes_on, may_be_positive};
use super::mail::{Keys, MESSAGE_KEYS, is_name, parameters, path};
use super::order::Order;
use super::stages::stage_expect;
use super::told::{Told, chunks, raw, wait};
use crate::plan::{Chunks, Close, Handshake, Hello, HelloVerb, Recipient, Say, Step, Steps, StepsAfter};
use crate::smtp::{ForwardPath, ReversePath, Stage};
use crate::yaml::{Diagnostic, Field, Span, Value, nearest};

/// The most steps of one session.
const MAX_STEPS: usize = 10_000;

/// What may be written in one go: what RFC 2920 §3.1 lets stand anywhere, and what it
/// wants to stand last.
const ANYWHERE: [&str; 3] = ["mail_from", "rcpt_to", "rset"];
const LAST: [&str; 7] = ["data", "noop", "vrfy", "expn", "help", "ehlo", "helo"];

/// The names of steps.
pub const VERBS: [&str; 18] = [
    "ehlo",
    "helo",
    "starttls",
    "auth",
    "mail_from",
    "rcpt_to",
    "data",
    "bdat",
    "rset",
    "noop",
    "vrfy",
    "expn",
    "help",
    "quit",
    "raw",
    "wait",
    "close",
    "pipeline",
];

/// Steps and what they expect.
#[derive(Clone, Debug)]
pub(in super::super) struct ReadSteps {
    pub(in super::super) spec: StepsSpec,
    pub(in super::super) expect: Vec<StepExpect>,
}

/// Reads `steps`. The outer `None` means that something is wrong. `hello` is the
/// scenario's; `shared` says that the messages are the same for all cases; `tls` and
/// `auth` are what the scenario has of them, `None` where something is wrong with it.
pub(in super::super) fn steps(
    view: &View<'_>,
    hello: &Hello,
    extensions: &ExtensionsSpec,
    shared: bool,
    tls: Handshake,
    auth: Option<Option<&Arc<AuthSpec>>>,
    findings: &mut Findings,
) -> Option<Option<Arc<ReadSteps>>> {
    let Some(list) = view.get("steps") else { return Some(None) };
    let before = findings.faults.len();
    let mut items = list.list(&mut findings.faults)?;
    let mut after = StepsAfter::Greeting;
    if let [first, rest @ ..] = items
        && let Value::Mapping(entries) = &first.value
        && let [(key, node)] = &entries[..]
        && &*key.name == "after"
    {
        let words = [("greeting", StepsAfter::Greeting), ("auth", StepsAfter::Auth)];
        after = Field::new("after", key.span, node).word("beginning", &words, &mut findings.faults)?;
        items = rest;
    }
    if items.is_empty() {
        findings.faults.push(list.error("`steps` has no step"));
    }
    let opened = after == StepsAfter::Auth;
    let secured = tls == Handshake::Implicit || (opened && tls == Handshake::StartTls);
    let mut reader = Reader {
        view,
        hello,
        extensions,
        shared,
        tls,
        auth,
        order: Order::new(opened, secured, opened && auth.is_none_or(|auth| auth.is_some()), hello.verb),
        mail_from: None,
        recipients: Vec::new(),
        list: Vec::new(),
        spans: Vec::new(),
        expect: Vec::new(),
    };
    for item in items {
        reader.item(list.item(item), None, findings);
        if reader.list.len() > MAX_STEPS {
            findings.faults.push(list.error(format!("`steps` takes at most {MAX_STEPS}")));
            break;
        }
    }
    reader.ends(&mut findings.faults);
    if findings.faults.len() > before {
        return None;
    }
    extend_mails(&mut reader.list, extensions);
    let steps = Steps { after, list: reader.list };
    let spec = StepsSpec { steps: Arc::new(steps), spans: reader.spans.into() };
    Some(Some(Arc::new(ReadSteps { spec, expect: reader.expect })))
}

/// Gives each MAIL the parameters that the scenario's extensions ask for.
fn extend_mails(list: &mut [StepSpec], extensions: &ExtensionsSpec) {
    let mut ascii = true;
    for step in list.iter_mut().rev() {
        match &mut step.say {
            Say::Rcpt(to) => ascii &= to.path.as_str().is_ascii(),
            Say::Mail { path, params } => {
                ascii &= path.as_str().is_ascii();
                *params = extensions.of_mail(Arc::clone(params), ascii);
                ascii = true;
            }
            _ => {}
        }
    }
}

struct Reader<'r, 'v> {
    view: &'r View<'v>,
    hello: &'r Hello,
    extensions: &'r ExtensionsSpec,
    shared: bool,
    tls: Handshake,
    auth: Option<Option<&'r Arc<AuthSpec>>>,
    order: Order,
    /// Of the transaction under way, for the message's header.
    mail_from: Option<ReversePath>,
    recipients: Vec<Recipient>,
    list: Vec<StepSpec>,
    /// Where each step stands.
    spans: Vec<Span>,
    expect: Vec<StepExpect>,
}

impl<'v> Reader<'_, 'v> {
    /// Reads one item of the list; `batch` says where it stands in a pipeline.
    fn item(&mut self, field: Field<'v>, batch: Option<bool>, findings: &mut Findings) {
        let faults = &mut findings.faults;
        let (verb, mut told) = match &field.node().value {
            Value::Scalar(word) => {
                (&**word, Told { value: None, inner: None, outer: None, at: field.span() })
            }
            Value::Mapping(entries) => {
                let Some(mut outer) = field.fields(faults) else { return };
                let verb = VERBS.into_iter().find(|verb| entries.iter().any(|(key, _)| &*key.name == *verb));
                let Some(verb) = verb else {
                    let word = entries.first().map_or("", |(key, _)| &key.name);
                    faults.push(unknown(word, field.span()));
                    return;
                };
                let value = outer.take(verb).expect("it was found");
                let at = value.key_span();
                let (value, inner) = match &value.node().value {
                    Value::Mapping(_) => (None, value.fields(faults)),
                    _ => (Some(value), None),
                };
                (verb, Told { value, inner, outer: Some(outer), at })
            }
            _ => {
                field.wrong("steps: names such as `ehlo`, or maps", faults);
                return;
            }
        };
        if !VERBS.contains(&verb) {
            faults.push(unknown(verb, field.span()));
            return;
        }
        if verb == "pipeline" {
            self.pipeline(told, batch.is_some(), findings);
            return;
        }
        let flag = told.take("violate").and_then(|field| field.bool(&mut findings.faults));
        let violate = flag.unwrap_or(false);
        let times = told.take("times").and_then(|field| field.integer(1..=1_000, &mut findings.faults));
        let stage = if matches!(verb, "ehlo" | "helo") { Stage::Ehlo } else { Stage::Command };
        let expect = told.take("expect");
        let expect = expect.map(|field| (field, stage_expect(stage, field, &mut findings.faults)));
        if let Some(last) = batch {
            self.in_batch(verb, last, violate, told.at, &mut findings.faults);
        }
        let at = told.at;
        let before = findings.faults.len();
        let said = self.say(verb, &mut told, findings);
        told.finish(verb, &mut findings.faults);
        if findings.faults.len() > before {
            return;
        }
        for _ in 0..times.unwrap_or(1) {
            for (say, own) in &said {
                let expect = match &expect {
                    Some((_, read)) => read.clone(),
                    None => {
                        own.clone().map(|reply| StageExpect { reply: Some(reply), ..StageExpect::default() })
                    }
                };
                self.add(say.clone(), expect, violate, at, &mut findings.faults);
            }
        }
    }

    /// Adds a step that was read.
    fn add(
        &mut self,
        say: SaySpec,
        expect: Option<StageExpect>,
        violate: bool,
        at: Span,
        faults: &mut Vec<Diagnostic>,
    ) {
        // RFC 4954 §4: what is cancelled ends with 501.
        let cancelled = matches!(&say, Say::Auth(log_in) if log_in.cancel);
        let accepted = !cancelled
            && expect.as_ref().and_then(|expect| expect.reply.as_ref()).is_none_or(may_be_positive);
        self.order.step(&say, accepted, violate, at, faults);
        let step = u16::try_from(self.list.len()).unwrap_or(u16::MAX);
        let goes_on = goes_on(&say, expect.as_ref());
        self.expect.extend(expect.map(|expect| {
            let written =
                expect.reply.as_ref().map_or_else(|| "as written".into(), |reply| reply.written.clone());
            StepExpect { step, verb: say.verb(), written, expect }
        }));
        self.list.push(Step { say, violate, with_next: false, goes_on });
        self.spans.push(at);
    }

    /// What nothing can follow, and what must be the last.
    fn ends(&self, faults: &mut Vec<Diagnostic>) {
        for own in &self.expect {
            let n = usize::from(own.step);
            let (at, last) = (self.spans[n], n + 1 == self.list.len());
            let events_alone = own.expect.reply.as_ref().is_some_and(|reply| {
                reply.any.iter().all(|pattern| matches!(pattern, Pattern::Event { .. }))
            });
            if events_alone && !last {
                let fault = Diagnostic::error(format!("a step follows after `{}`", own.written), at);
                faults.push(fault.label("the session has ended there"));
            }
            let quit = matches!(self.list[n].say, Say::Quit | Say::Close(_));
            let rest = self.list[n + 1..].iter().all(|step| matches!(step.say, Say::Quit));
            if own.expect.closes.is_some() && (quit || !rest) {
                let fault = Diagnostic::error("`closes` can be asked of the last reply alone", at);
                faults.push(fault.label("QUIT is held back after it, to see who closes"));
            }
        }
    }

    fn in_batch(&self, verb: &str, last: bool, violate: bool, at: Span, faults: &mut Vec<Diagnostic>) {
        let allowed = ANYWHERE.contains(&verb) || (LAST.contains(&verb) && (last || violate));
        if allowed {
            return;
        }
        let fault = Diagnostic::error(format!("`{verb}` cannot stand here in a `pipeline`"), at);
        faults.push(match LAST.contains(&verb) {
            true => fault
                .label("it is the last of its batch (RFC 2920 §3.1)")
                .note("if that is the point, say so: `violate: true`"),
            false => fault.label("what is written before its reply has come is a `raw` step"),
        });
    }

    /// Steps written in one go.
    fn pipeline(&mut self, mut told: Told<'v>, nested: bool, findings: &mut Findings) {
        let (at, first) = (told.at, self.list.len());
        let list = told.main("steps");
        told.finish("pipeline", &mut findings.faults);
        let Some(list) = list.filter(|_| !nested) else {
            findings.faults.push(Diagnostic::error("`pipeline` takes a list of steps", at));
            return;
        };
        let Some(items) = list.list(&mut findings.faults) else { return };
        for (n, item) in items.iter().enumerate() {
            self.item(list.item(item), Some(n + 1 == items.len()), findings);
        }
        if items.len() < 2 {
            let fault = list.error("`pipeline` takes two steps at least");
            findings.faults.push(fault.label("one alone is written as itself"));
        }
        if let Some((_, before)) = self.list[first..].split_last_mut() {
            before.iter_mut().for_each(|step| step.with_next = true);
        }
    }

    /// What a step says, with what the scenario's own recipients expect. One that is
    /// wrong has been told.
    fn say(
        &mut self,
        verb: &str,
        told: &mut Told<'v>,
        findings: &mut Findings,
    ) -> Vec<(SaySpec, Option<Patterns>)> {
        let at = told.at;
        let text = |told: &mut Told<'v>, faults: &mut Vec<Diagnostic>| {
            told.main("text").and_then(|field| plain_text(field, faults)).unwrap_or_default()
        };
        let faults = &mut findings.faults;
        let say = match verb {
            "ehlo" | "helo" => {
                let verb = if verb == "ehlo" { HelloVerb::Ehlo } else { HelloVerb::Helo };
                let name = match told.main("name") {
                    Some(field) => field.text(faults).and_then(|name| is_name(field, name, faults)),
                    None => Some(Arc::clone(&self.hello.name)),
                };
                name.map(|name| Say::Hello(Hello { verb, name }))
            }
            "starttls" => {
                if self.tls == Handshake::None {
                    let fault = Diagnostic::error("`starttls` where `tls` is `none`", at);
                    faults.push(fault.label("write `tls: starttls`, or leave `tls` out"));
                }
                Some(Say::StartTls)
            }
            "auth" => {
                let log_in = self.log_in(told, findings);
                return log_in.map(|log_in| (Say::Auth(log_in), None)).into_iter().collect();
            }
            "mail_from" => self.mail(told, faults),
            "rcpt_to" => return self.recipients(told, faults),
            "data" | "bdat" => {
                return self.message(verb, told, findings).map(|say| (say, None)).into_iter().collect();
            }
            "rset" => Some(Say::Rset),
            "noop" => Some(Say::Noop(text(told, faults))),
            "vrfy" => Some(Say::Vrfy(text(told, faults))),
            "expn" => Some(Say::Expn(text(told, faults))),
            "help" => Some(Say::Help(text(told, faults))),
            "quit" => Some(Say::Quit),
            "raw" => raw(told, faults),
            "wait" => wait(told, faults),
            _ => {
                let words =
                    [("graceful", Close::Graceful), ("abrupt", Close::Abrupt), ("reset", Close::Reset)];
                let how = told.main("how").map(|field| field.word("way to close", &words, faults));
                how.unwrap_or(Some(Close::Graceful)).map(Say::Close)
            }
        };
        say.map(|say| (say, None)).into_iter().collect()
    }

    /// Who logs in: by the step's own keys, or as the scenario says.
    fn log_in(&self, told: &mut Told<'v>, findings: &mut Findings) -> Option<Arc<AuthSpec>> {
        let mut own = LOG_IN_KEYS.map(|name| (name, told.take(name)));
        if own.iter().any(|(_, field)| field.is_some()) {
            let take =
                &mut |name| own.iter_mut().find(|(own, _)| *own == name).and_then(|(_, field)| field.take());
            return log_in(take, (told.at, told.at), self.view, findings).map(Arc::new);
        }
        // What is wrong with the scenario's has been told.
        let scenarios = self.auth?;
        if scenarios.is_none() {
            let fault = Diagnostic::error("`auth` says of nobody who logs in", told.at);
            findings.faults.push(fault.label("here, or as the scenario's `auth: { … }`"));
        }
        scenarios.cloned()
    }

    fn mail(&mut self, told: &mut Told<'v>, faults: &mut Vec<Diagnostic>) -> Option<SaySpec> {
        let own = told.main("address");
        let params = told.take("params").map(|field| parameters(field, faults));
        let Some(field) = own.or_else(|| self.view.get("mail_from")) else {
            let fault = Diagnostic::error("`mail_from` says no address", told.at);
            faults.push(fault.label("here, or as the scenario's `mail_from`"));
            return None;
        };
        let (path, inherited) = path(field, ReversePath::parse, faults)?;
        self.mail_from = Some(path.clone());
        self.recipients.clear();
        Some(Say::Mail { path, params: params.map_or(inherited, Into::into) })
    }

    fn recipients(
        &mut self,
        told: &mut Told<'v>,
        faults: &mut Vec<Diagnostic>,
    ) -> Vec<(SaySpec, Option<Patterns>)> {
        let own = told.main("address");
        let params: Option<Arc<str>> = told.take("params").map(|field| parameters(field, faults).into());
        let Some(field) = own.or_else(|| self.view.get("rcpt_to")) else {
            let fault = Diagnostic::error("`rcpt_to` says no address", told.at);
            faults.push(fault.label("here, or as the scenario's `rcpt_to`"));
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in field.one_or_many() {
            let item = Field::new("rcpt_to", item.span, item);
            let expected = match &item.node().value {
                Value::Mapping(entries) => entries.iter().find(|(key, _)| &*key.name == "expect"),
                _ => None,
            };
            let expected =
                expected.and_then(|(key, node)| patterns(Field::new(&key.name, key.span, node), faults));
            let Some((path, inherited)) = path(item, ForwardPath::parse, faults) else { continue };
            let params = params.clone().unwrap_or(inherited);
            let recipient = Recipient { params: self.extensions.of_rcpt(params, &path), path };
            self.recipients.push(recipient.clone());
            out.push((Say::Rcpt(recipient), expected));
        }
        if field.one_or_many().is_empty() {
            faults.push(field.error("`rcpt_to` is an empty list"));
        }
        out
    }

    fn message(&mut self, verb: &str, told: &mut Told<'v>, findings: &mut Findings) -> Option<SaySpec> {
        let alone = told.value.is_some_and(|field| field.node().as_str() == Some("none"));
        if alone && verb == "data" {
            told.value = None;
            return Some(Say::Data(None));
        }
        let chunks =
            if verb == "bdat" { chunks(told, &mut findings.faults) } else { Some((Chunks::Whole, true)) };
        let own = MESSAGE_KEYS.map(|key| told.take(key));
        let keys = match own.iter().any(Option::is_some) {
            true => Keys::of_message(own, self.extensions, self.shared),
            false => {
                Keys::of_message(MESSAGE_KEYS.map(|key| self.view.get(key)), self.extensions, self.shared)
            }
        };
        let mail_from = self.mail_from.clone().unwrap_or(ReversePath::Null);
        let message = keys.message(&mail_from, &self.recipients, self.view, self.hello, findings)?;
        let message = StepMessage { message, mail_from, recipients: self.recipients.clone() };
        let (chunks, last) = chunks?;
        Some(match verb {
            "bdat" => Say::Bdat { message, chunks, last },
            _ => Say::Data(Some(message)),
        })
    }
}

fn unknown(word: &str, at: Span) -> Diagnostic {
    let fault = Diagnostic::error(format!("unknown step `{word}`"), at);
    match nearest(word, VERBS.into_iter()) {
        Some(near) => fault.label(format!("did you mean `{near}`?")),
        None if word == "after" => fault.label("`after` is the first item of `steps`, alone"),
        None => fault.label(format!("known: `{}`", VERBS.join("`, `"))),
    }
}
