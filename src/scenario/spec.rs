//! What a case's session is to be, before any file or secret is read.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use super::extensions::{BodyKind, ExtensionsSpec};
use super::project::{CertificateFiles, FileRef};
use super::secret_source::SecretSource;
use crate::message::{Body, Composition, Draft, DraftError};
use crate::plan::{Handshake, Hello, Reach, Recipient, Say, Step, Steps, StepsAfter, Timeouts};
use crate::smtp::{Credential, Mechanism, ReversePath, Stage};
use crate::tls::{Backend, Group, Verify, VersionRange};
use crate::yaml::Span;

/// What a case's session is to be.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    /// The address that the server should see, and where it is written.
    pub(super) source_ip: Option<(IpAddr, Span)>,
    pub(super) hello: Hello,
    pub(super) tls: Arc<TlsSpec>,
    pub(super) certificate: Option<Arc<CertificateFiles>>,
    pub(super) auth: Option<Arc<AuthSpec>>,
    pub(super) extensions: Arc<ExtensionsSpec>,
    pub(super) transactions: Arc<[TransactionSpec]>,
    /// The dialogue written out; then there are no transactions.
    pub(super) steps: Option<StepsSpec>,
    pub(super) stop_after: Option<Stage>,
    pub(super) timeouts: Timeouts,
    pub(super) hold_quit: bool,
    /// The scenario's own place.
    pub(super) whole: Span,
}

impl Spec {
    /// The stages that the session reaches if nothing is refused.
    pub(super) fn stages(&self) -> Vec<Stage> {
        let mut stages = self.opening();
        if let Some(steps) = &self.steps {
            steps.steps.add_stages(&mut stages);
        }
        stages
    }

    /// The same without those of steps.
    fn opening(&self) -> Vec<Stage> {
        Reach {
            handshake: self.tls.mode,
            auth: self.auth.is_some(),
            mail: !self.transactions.is_empty(),
            recipients: self.transactions.iter().any(|t| !t.recipients.is_empty()),
            message: self.transactions.iter().any(|t| t.message.is_some()),
            chunking: self.extensions.use_of.chunks.is_some(),
            xclient: self.extensions.use_of.xclient.is_some(),
            xforward: self.extensions.use_of.xforward.is_some(),
            stop_after: self.stop_after,
            steps_after: self.steps.as_ref().map(|steps| steps.steps.after),
        }
        .stages()
    }

    /// The stage to stop after: the scenario's, or an earlier one where nothing
    /// is to be played past `limit`. `None` plays to the end.
    pub(super) fn last_stage(&self, limit: Option<Stage>) -> Option<Stage> {
        // Steps that go further are not played at all.
        let Some(limit) = limit.filter(|_| self.steps.is_none()) else { return self.stop_after };
        let stages = self.stages();
        let last = stages.last().copied();
        let allowed = at_most(&stages, limit);
        if allowed == last { self.stop_after } else { allowed }
    }

    /// Everybody who logs in.
    pub(super) fn log_ins(&self) -> impl Iterator<Item = &AuthSpec> {
        let steps = self.steps.iter().flat_map(|steps| &steps.steps.list);
        let own = steps.filter_map(|step| match &step.say {
            Say::Auth(log_in) => Some(&**log_in),
            _ => None,
        });
        self.auth.as_deref().into_iter().chain(own)
    }

    /// Why steps cannot be played where nothing is to be played past `limit`.
    pub(super) fn beyond(&self, limit: Stage) -> Option<String> {
        let steps = &self.steps.as_ref()?.steps;
        let opening = self.opening();
        let past = opening.iter().position(|stage| *stage == limit).and_then(|at| opening.get(at + 1));
        if let Some(past) = past {
            return Some(format!("goes on to {past}, which is past up_to: {limit}"));
        }
        if steps.after == StepsAfter::Auth
            && let Some(past) = opening.iter().find(|stage| **stage > limit)
        {
            return Some(format!("goes on to {past}, which is past up_to: {limit}"));
        }
        let (n, step) = steps.list.iter().enumerate().find(|(_, step)| step.say.reach() > limit)?;
        let why = match step.say {
            Say::Raw { .. } => "sends raw bytes, which may go",
            _ => "goes",
        };
        Some(format!("step {} ({}) {why} past up_to: {limit}", n + 1, step.say.verb()))
    }

    /// Whether a message may be sent.
    pub(super) fn may_send(&self) -> bool {
        let raw = |steps: &StepsSpec| steps.steps.list.iter().any(|step| matches!(step.say, Say::Raw { .. }));
        self.stages().contains(&Stage::Message) || self.steps.as_ref().is_some_and(raw)
    }
}

/// A dialogue written out, before any message is read.
#[derive(Clone, Debug)]
pub(super) struct StepsSpec {
    pub(super) steps: Arc<Steps<StepMessage, Arc<AuthSpec>>>,
    /// Where each step is written.
    pub(super) spans: Arc<[Span]>,
}

/// A step before any message or secret is read.
pub(super) type StepSpec = Step<StepMessage, Arc<AuthSpec>>;

/// What such a step says.
pub(super) type SaySpec = Say<StepMessage, Arc<AuthSpec>>;

/// What a step sends, and what its header is made of.
#[derive(Clone, Debug)]
pub(super) struct StepMessage {
    pub(super) message: MessageSpec,
    pub(super) mail_from: ReversePath,
    pub(super) recipients: Vec<Recipient>,
}

/// The last of a session's stages that is not past `limit`. A stage that the
/// session does not have stands where a session with STARTTLS has it.
pub(super) fn at_most(stages: &[Stage], limit: Stage) -> Option<Stage> {
    if stages.contains(&limit) {
        return Some(limit);
    }
    stages.iter().copied().rfind(|stage| *stage <= limit)
}

/// The handshake to come, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsSpec {
    pub(super) mode: Handshake,
    pub(super) versions: VersionRange,
    pub(super) ciphers: Option<String>,
    pub(super) groups: Vec<Group>,
    pub(super) resume: bool,
    pub(super) sni: Option<Arc<str>>,
    pub(super) verify: Verify,
    pub(super) ca: Option<FileRef>,
    pub(super) backend: Backend,
    pub(super) force: bool,
    /// Where it is written; the scenario itself where nothing is.
    pub(super) span: Span,
}

/// An account's name, and the targets that its secret may go to.
pub(super) type Leave = (Arc<str>, Arc<[Arc<str>]>);

/// A log-in.
#[derive(Clone, Debug)]
pub(super) struct AuthSpec {
    pub(super) mechanism: Mechanism,
    /// Empty where the mechanism or `cancel` has none.
    pub(super) username: Arc<str>,
    /// Empty: one's own.
    pub(super) authzid: Arc<str>,
    /// `None` where none is needed, or only the simulator knows it: an account without a
    /// password.
    pub(super) secret: Option<SecretSource>,
    /// The account, by whose leave the secret goes to these targets alone.
    pub(super) account: Option<Leave>,
    pub(super) initial_response: Option<bool>,
    pub(super) cancel: bool,
    pub(super) continue_on_failure: bool,
    pub(super) force: bool,
    pub(super) insecure: bool,
    pub(super) span: Span,
}

impl AuthSpec {
    /// Whether a password or a token goes into it.
    pub(super) fn needs_secret(&self) -> bool {
        !self.cancel && self.mechanism.credential() != Credential::Elsewhere
    }

    /// Whether nothing shows who logs in but the client certificate.
    pub(super) fn needs_certificate(&self) -> bool {
        !self.cancel && self.mechanism.credential() == Credential::Elsewhere
    }
}

/// One mail transaction.
#[derive(Clone, Debug)]
pub(super) struct TransactionSpec {
    pub(super) mail_from: ReversePath,
    pub(super) mail_params: Arc<str>,
    pub(super) recipients: Vec<Recipient>,
    pub(super) message: Option<MessageSpec>,
}

/// What follows DATA.
#[derive(Clone, Debug)]
pub(super) enum MessageSpec {
    /// Made from parts once, for all cases of a scenario.
    Composed(Arc<Draft>),
    /// To be made from parts when the case is played: thousands of cases that
    /// each have a message of their own keep what makes it, not the message.
    Parts(Box<Parts>),
    /// A file, byte for byte.
    File(Box<FileRef>),
}

/// What a message is made of.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// `None`: the P1 sender.
    pub(super) header_from: Option<Vec<String>>,
    pub(super) subject: Option<Arc<str>>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Arc<str>>,
    /// How much of the text may go unencoded.
    pub(super) kind: Option<BodyKind>,
}

impl Parts {
    /// The message of a transaction, its text encoded by `encoded`.
    pub(super) fn compose(
        &self,
        mail_from: &ReversePath,
        recipients: &[Recipient],
        hello: &Hello,
        encoded: impl FnOnce(&Arc<str>) -> Body,
    ) -> Result<Draft, DraftError> {
        let header_from = match (&self.header_from, mail_from) {
            (Some(authors), _) => authors.iter().map(Cow::from).collect(),
            (None, ReversePath::Null) => vec![format!("postmaster@{}", hello.name).into()],
            (None, ReversePath::Mailbox(mailbox)) => vec![mailbox.to_string().into()],
        };
        Draft::compose(&Composition {
            header_from,
            to: recipients.iter().map(|recipient| recipient.path.as_str()).collect(),
            subject: self.subject.as_deref(),
            headers: &self.headers,
            body: self.body.as_ref().map(|text| match self.kind {
                Some(BodyKind::EightBit) => Body::unencoded(Arc::clone(text), "8bit"),
                Some(BodyKind::Binary) => Body::unencoded(Arc::clone(text), "binary"),
                Some(BodyKind::SevenBit) | None => encoded(text),
            }),
        })
    }
}
