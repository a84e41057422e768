//! One case's keys to a [`Case`].
//!
//! What does not depend on columns or axes is read once a scenario and shared by
//! its cases; only the rest is filled in and read again for each. Thousands of
//! cases of one matrix cost little more than their names.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::agree::{asks_who_closes, key_of, leave, reached, repeated, shows};
use super::expand::{Common, is_filled};
use super::extensions::ExtensionsSpec;
use super::judged::{except, except_expectations, expectations, with_mail};
use super::part::{Part, State, name_case, placeholder};
use super::project::{CertificateFiles, Project};
use super::read;
use super::read::{Mail, ReadSteps};
use super::spec::{AuthSpec, Spec, TlsSpec};
use super::suite::Suite;
use super::target::Target;
use super::vars::{Globals, Reported, Scope, Secrets};
use super::view::{Findings, View};
use super::{Case, Expectations, Repeat, Retry, SourceLine};
use crate::plan::{Handshake, Hello, HelloVerb, Timeouts};
use crate::yaml::{Diagnostic, Key, Node, Sources, Span, Value};

/// Reads the cases of one scenario.
pub(super) struct Interpreter<'i> {
    suite: &'i Suite,
    entries: &'i [(Key, Node)],
    project: &'i Project,
    sources: &'i Sources,
    hostname: &'i Arc<str>,
    source: SourceLine,
    whole: Span,
    varying: HashSet<&'i str>,
    /// The entries that do not vary, filled in; broken ones without a node.
    constant: Vec<Option<Node>>,
    broken: Vec<&'i str>,
    /// Environment variables that every case lacks.
    lacking: Vec<Diagnostic>,
    globals: &'i Globals,
    target: Part<Arc<Target>>,
    hello: Part<Hello>,
    tls: Part<Arc<TlsSpec>>,
    certificate: Part<Option<Arc<CertificateFiles>>>,
    auth: Part<Option<Arc<AuthSpec>>>,
    extensions: Part<Arc<ExtensionsSpec>>,
    mail: Part<(Arc<[super::spec::TransactionSpec]>, Arc<Mail>)>,
    steps: Part<Option<Arc<ReadSteps>>>,
    source_ip: Part<Option<(IpAddr, Span)>>,
    timeouts: Part<Timeouts>,
    retry: Part<Option<Retry>>,
    repeat: Part<Option<Repeat>>,
    skip: Part<Option<String>>,
    tags: Part<Arc<[String]>>,
    /// By which of `except` applies; the first is for none.
    expect: Vec<Part<Arc<Expectations>>>,
}

const EXPECT_KEYS: &[&str] = &["expect", "except"];
const MAIL_KEYS: &[&str] = &[
    "ehlo",
    "helo",
    "mail_from",
    "rcpt_to",
    "header_from",
    "subject",
    "body",
    "headers",
    "message",
    "transactions",
    "steps",
    "extensions",
];

/// With those that bare words stand for.
const STEPS_KEYS: &[&str] = &[
    "steps",
    "ehlo",
    "helo",
    "tls",
    "auth",
    "extensions",
    "mail_from",
    "rcpt_to",
    "header_from",
    "subject",
    "body",
    "headers",
    "message",
];

impl<'i> Interpreter<'i> {
    /// Fills in what all cases of a scenario share.
    #[expect(clippy::too_many_arguments, reason = "each is another kind of thing, and there is one caller")]
    pub(super) fn new(
        suite: &'i Suite,
        entries: &'i [(Key, Node)],
        depends: &[HashSet<Arc<str>>],
        source: SourceLine,
        whole: Span,
        common: &'i Common<'i>,
        scope: &Scope<'_>,
        findings: &mut Findings,
    ) -> Self {
        let mut varying = HashSet::new();
        let mut broken = Vec::new();
        let mut constant = Vec::with_capacity(entries.len());
        for ((key, node), on) in entries.iter().zip(depends) {
            let name = &*key.name;
            if !on.is_empty() {
                varying.insert(name);
                constant.push(None);
            } else if !is_filled(name) {
                constant.push(None);
            } else {
                constant.push(fill(name, node, scope, &mut findings.faults).unwrap_or_else(|Reported| {
                    broken.push(name);
                    placeholder(name, node)
                }));
            }
        }
        let except = entries.iter().position(|(key, _)| &*key.name == "except");
        if let Some(node) = except.and_then(|at| constant[at].as_ref()) {
            // Those that no case meets are read here, the others once more.
            except_expectations(node, &mut findings.faults);
        }
        let excepts = except.map_or(0, |at| match &entries[at].1.value {
            Value::Sequence(items) => items.len(),
            _ => 0,
        });
        Self {
            suite,
            entries,
            project: common.project,
            sources: common.sources,
            hostname: &common.globals.hostname,
            source,
            whole,
            varying,
            constant,
            broken,
            lacking: common.globals.take_lacking(),
            globals: common.globals,
            target: Part::of(&["target"]),
            hello: Part::of(&["ehlo", "helo"]),
            tls: Part::of(&["tls", "steps"]),
            certificate: Part::of(&["tls", "certificate"]),
            auth: Part::of(&["auth"]),
            extensions: Part::of(&["extensions", "steps"]),
            mail: Part::of(MAIL_KEYS),
            steps: Part::of(STEPS_KEYS),
            source_ip: Part::of(&["source_ip"]),
            timeouts: Part::of(&["timeout"]),
            retry: Part::of(&["retry"]),
            repeat: Part::of(&["repeat"]),
            skip: Part::of(&["skip"]),
            tags: Part::of(&["tags"]),
            expect: (0..=excepts).map(|_| Part::of(EXPECT_KEYS)).collect(),
        }
    }

    /// Reads one case; `None` if something is wrong with it.
    pub(super) fn case(
        &mut self,
        id: &str,
        name: String,
        scope: &Scope<'_>,
        findings: &mut Findings,
    ) -> Option<Case> {
        let mut filled: Vec<Option<Node>> = vec![None; self.entries.len()];
        let mut broken = self.broken.clone();
        let before = findings.faults.len();
        for (slot, (key, node)) in filled.iter_mut().zip(self.entries) {
            let name = &*key.name;
            if !self.varying.contains(name) || !is_filled(name) {
                continue;
            }
            // What a row leaves empty is as if the scenario did not write it.
            let inherited = || self.suite.defaults.iter().find(|(key, _)| &*key.name == name);
            let value = match (fill(name, node, scope, &mut findings.faults), inherited()) {
                (Ok(None), Some((_, below))) => fill(name, below, scope, &mut findings.faults),
                (value, _) => value,
            };
            match value {
                Ok(node) => *slot = node,
                Err(Reported) => {
                    broken.push(name);
                    *slot = placeholder(name, node);
                }
            }
        }
        name_case(id, &mut findings.faults[before..]);
        let nodes = self.entries.iter().zip(&filled).zip(&self.constant);
        let entries = nodes.filter_map(|(((key, _), filled), constant)| {
            filled.as_ref().or(constant.as_ref()).map(|node| (key, node))
        });
        let view = View {
            entries: entries.collect(),
            defaults: self.suite.defaults_at,
            whole: self.whole,
            project: self.project,
            sources: self.sources,
        };
        let state = State { id, view, varying: &self.varying, broken };
        let notes_before = findings.notes.len();
        let hostname = self.hostname;

        let target =
            self.target.read(&state, findings, |view, findings| read::target(view, &mut findings.faults));
        let hello = self.hello.read(&state, findings, |view, findings| read::hello(view, hostname, findings));
        let tls = self.tls.read(&state, findings, |view, findings| read::tls(view, findings).map(Arc::new));
        let certificate = tls.as_ref().and_then(|tls| {
            self.certificate.read(&state, findings, |view, findings| read::certificate(view, tls, findings))
        });
        let auth = self.auth.read(&state, findings, |view, findings| {
            read::auth(view, findings).map(|auth| auth.map(Arc::new))
        });
        let extensions = self.extensions.read(&state, findings, read::extensions);
        // What is wrong with them hides nothing that is wrong with the mail.
        let used = extensions.clone().unwrap_or_default();
        let shared = MAIL_KEYS.iter().all(|key| !self.varying.contains(key));
        // What is wrong with the name hides nothing that is wrong with the mail.
        let nameless = || Hello { verb: HelloVerb::Ehlo, name: Arc::clone(hostname) };
        let greeted = hello.clone().unwrap_or_else(nameless);
        let mail = self.mail.read(&state, findings, |view, findings| {
            let mut mail = read::mail(view, &greeted, &used, shared, findings)?;
            Some((std::mem::take(&mut mail.transactions).into(), Arc::new(mail)))
        });
        let steps = self.steps.read(&state, findings, |view, findings| {
            let handshake = tls.as_ref().map_or(Handshake::StartTls, |tls| tls.mode);
            let auth = auth.as_ref().map(Option::as_ref);
            read::steps(view, &greeted, &used, shared, handshake, auth, findings)
        });
        let source_ip = self.source_ip.read(&state, findings, read::source_ip);
        let timeouts = self.timeouts.read(&state, findings, read::timeouts);
        let retry = self.retry.read(&state, findings, read::retry);
        let repeat = self.repeat.read(&state, findings, read::repeat);
        let skip = self.skip.read(&state, findings, read::skip);
        let tags = self.tags.read(&state, findings, |view, findings| Some(read::tags(view, findings).into()));
        let (expect, expect_field) = {
            let chosen = except(&state, scope, findings);
            let (index, field) = match chosen {
                Some((index, field)) => (index + 1, Some(field)),
                None => (0, state.view.get("expect")),
            };
            let (whole, sources) = (self.whole, self.sources);
            let source = &self.source;
            let expect = self.expect.get_mut(index).and_then(|part| {
                part.read(&state, findings, |_, findings| {
                    expectations(field, source, whole, sources, findings)
                })
            });
            let expect = match (expect, &mail) {
                (Some(expect), Some((_, mail))) => Some(with_mail(expect, mail)),
                (expect, _) => expect,
            };
            let expect = match (expect, steps.as_ref().and_then(Option::as_ref)) {
                (Some(mut expect), Some(steps)) => {
                    Arc::make_mut(&mut expect).steps.clone_from(&steps.expect);
                    Some(expect)
                }
                (expect, _) => expect,
            };
            (expect, field)
        };

        let lacking = [self.lacking.clone(), self.globals.take_lacking()].concat();
        if !lacking.is_empty() {
            return Some(Case {
                id: id.to_owned(),
                order: 0,
                suite: Arc::clone(&self.suite.name),
                name,
                tags: tags.unwrap_or_default(),
                variables: Box::default(),
                source: self.source.clone(),
                target: target.unwrap_or_else(|| Arc::new(Target::unknown())),
                skip: skip.flatten(),
                expect: expect.unwrap_or_default(),
                retry: None,
                repeat: None,
                notes: Vec::new(),
                spec: Err(lacking),
            });
        }
        let (transactions, _) = mail?;
        let mut spec = Spec {
            source_ip: source_ip?,
            hello: hello?,
            tls: tls?,
            certificate: certificate?,
            auth: auth?,
            extensions: extensions?,
            transactions,
            steps: steps?.map(|steps| steps.spec.clone()),
            stop_after: None,
            timeouts: timeouts?,
            hold_quit: false,
            whole: self.whole,
        };
        if !state.broken.contains(&"stop_after") {
            spec.stop_after = read::stop_after(&state.view, &spec.stages(), findings)?;
        }
        let expect = expect?;
        spec.hold_quit = asks_who_closes(&expect);
        if !state.broken.is_empty() {
            return None;
        }
        reached(&expect.session, expect_field, &spec, &mut findings.faults)?;
        if expect.asks_what_arrives() && !target.as_ref().is_none_or(|target| target.shows_arrivals()) {
            let at = expect_field.map_or(self.whole, |field| key_of(field, "delivered"));
            let fault = Diagnostic::error("`delivered` cannot be judged here", at);
            let fault = fault.label("only where arrivals can be seen: simulator targets");
            findings.faults.push(fault.note(
                "for a server that passes mail on to the simulator, say so under `deliveries` of the project file",
            ));
            return None;
        }
        let repeat = repeated(&expect.session, expect_field, repeat?, &state.view, findings)?;
        let target = target?;
        for auth in spec.log_ins() {
            shows(auth, &spec, &mut findings.faults)?;
            leave(auth, &target, &mut findings.faults)?;
        }
        Some(Case {
            id: id.to_owned(),
            order: 0,
            suite: Arc::clone(&self.suite.name),
            name,
            tags: tags?,
            variables: Box::default(),
            source: self.source.clone(),
            target,
            skip: skip?,
            expect,
            retry: retry?,
            repeat,
            notes: findings.notes.split_off(notes_before),
            spec: Ok(spec),
        })
    }
}

fn fill(
    key: &str,
    node: &Node,
    scope: &Scope<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Result<Option<Node>, Reported> {
    match key {
        "auth" => scope.fill_but(Secrets::Here, node, faults),
        "steps" => scope.fill_but(Secrets::InLogIns, node, faults),
        _ => scope.fill(node, faults),
    }
}
