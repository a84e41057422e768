//! A dialogue written out, step by step.

use std::sync::Arc;
use std::time::Duration;

use super::{Auth, Hello, HelloVerb, Recipient};
use crate::message::Draft;
use crate::smtp::{Reply, ReplyPattern, ReversePath, Stage};

/// A dialogue written out: what is said after the opening, step by step.
#[derive(Clone, Debug)]
pub struct Steps<M = Arc<Draft>, A = Arc<Auth>> {
    /// What comes before the first.
    pub after: StepsAfter,
    /// In order; never empty.
    pub list: Vec<Step<M, A>>,
}

/// What comes before the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepsAfter {
    /// The connection and the greeting alone, TLS before it where it is implicit.
    Greeting,
    /// The planned dialogue to the end of the log-in; to EHLO where nobody logs in.
    Auth,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step<M = Arc<Draft>, A = Arc<Auth>> {
    /// What is said or done.
    pub say: Say<M, A>,
    /// Whether it is said where the server does not offer it, and where nothing was
    /// accepted that it could follow.
    pub violate: bool,
    /// Written in one go with the step behind it (RFC 2920).
    pub with_next: bool,
    /// After which reply the session goes on; after any other it ends.
    pub goes_on: GoesOn,
}

/// What a step says or does.
#[derive(Clone, Debug)]
pub enum Say<M = Arc<Draft>, A = Arc<Auth>> {
    /// EHLO or HELO.
    Hello(Hello),
    /// STARTTLS and, after 220, the handshake of [`Plan::tls`](super::Plan::tls).
    StartTls,
    /// A log-in: [`Plan::auth`](super::Plan::auth) or another.
    Auth(A),
    /// MAIL FROM.
    Mail {
        /// The P1 sender.
        path: ReversePath,
        /// ESMTP parameters, sent as written.
        params: Arc<str>,
    },
    /// RCPT TO.
    Rcpt(Recipient),
    /// DATA and, after 354, the message; `None` leaves what follows to raw bytes.
    Data(Option<M>),
    /// The message in chunks (RFC 3030).
    Bdat {
        /// What is sent.
        message: M,
        /// In which pieces.
        chunks: Chunks,
        /// Whether the last piece says so.
        last: bool,
    },
    /// RSET.
    Rset,
    /// NOOP and its argument, which may be empty; likewise the following.
    Noop(Arc<str>),
    /// VRFY.
    Vrfy(Arc<str>),
    /// EXPN.
    Expn(Arc<str>),
    /// HELP.
    Help(Arc<str>),
    /// QUIT. The last step.
    Quit,
    /// These bytes and nothing else, whatever they are.
    Raw {
        /// What is sent.
        bytes: Arc<[u8]>,
        /// How many replies are waited for.
        replies: u16,
    },
    /// Listens for so long. A 421, or the end of the connection, ends it.
    Wait(Duration),
    /// The end of the connection, without QUIT. The last step.
    Close(Close),
}

/// The pieces of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunks {
    /// One.
    Whole,
    /// Of so many bytes each, the last of what is left; at least 1.
    Every(usize),
    /// Of these sizes as long as there is something left, then the rest, which may be
    /// nothing.
    Sizes(Arc<[usize]>),
}

impl Chunks {
    /// The size of a piece, counted from 0, where so many bytes are left, and whether
    /// it is the last.
    #[must_use]
    pub fn piece(&self, nth: usize, left: usize) -> (usize, bool) {
        match self {
            Self::Whole => (left, true),
            Self::Every(size) => (left.min(*size), left <= *size),
            Self::Sizes(sizes) => match sizes.get(nth) {
                Some(size) => (left.min(*size), false),
                None => (left, true),
            },
        }
    }
}

/// How a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// As TLS wants it, with close_notify (RFC 8446 §6.1); in clear text as
    /// [`Self::Abrupt`].
    Graceful,
    /// The end of the stream, without a word.
    Abrupt,
    /// A reset of the TCP connection.
    Reset,
}

/// After which reply to a step the session goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoesOn {
    /// A positive one.
    Positive,
    /// Any.
    Any,
    /// One of these.
    AnyOf(Arc<[ReplyPattern]>),
}

impl GoesOn {
    /// Whether the session goes on after this reply at this stage.
    #[must_use]
    pub fn after(&self, stage: Stage, reply: &Reply) -> bool {
        match self {
            Self::Positive => stage.accepts(reply.code()),
            Self::Any => true,
            Self::AnyOf(patterns) => patterns.iter().any(|pattern| pattern.holds(reply)),
        }
    }
}

impl<M, A> Steps<M, A> {
    /// Adds the stages that steps reach if nothing is refused, each once.
    pub fn add_stages(&self, stages: &mut Vec<Stage>) {
        let mut secured = false;
        for step in &self.list {
            let own: &[Stage] = match &step.say {
                Say::Hello(_) if secured => &[Stage::EhloTls],
                Say::StartTls => &[Stage::StartTls, Stage::Tls],
                Say::Data(Some(_)) => &[Stage::Data, Stage::Message],
                // The pieces before the last.
                Say::Bdat { chunks: Chunks::Every(_) | Chunks::Sizes(_), last: true, .. } => {
                    &[Stage::Command, Stage::Message]
                }
                Say::Bdat { last: true, .. } => &[Stage::Message],
                say => &[say.stage()],
            };
            secured |= matches!(step.say, Say::StartTls);
            for stage in own.iter().filter(|stage| **stage != Stage::Quit) {
                if !stages.contains(stage) {
                    stages.push(*stage);
                }
            }
        }
    }
}

impl<M, A> Step<M, A> {
    /// The same with other kinds of messages and log-ins.
    ///
    /// # Errors
    ///
    /// What `message` or `log_in` gives.
    pub fn try_map<N, B, E>(
        &self,
        message: impl FnOnce(&M) -> Result<N, E>,
        log_in: impl FnOnce(&A) -> Result<B, E>,
    ) -> Result<Step<N, B>, E> {
        let say = match &self.say {
            Say::Data(None) => Say::Data(None),
            Say::Data(Some(own)) => Say::Data(Some(message(own)?)),
            Say::Bdat { message: own, chunks, last } => {
                Say::Bdat { message: message(own)?, chunks: chunks.clone(), last: *last }
            }
            Say::Hello(hello) => Say::Hello(hello.clone()),
            Say::StartTls => Say::StartTls,
            Say::Auth(own) => Say::Auth(log_in(own)?),
            Say::Mail { path, params } => Say::Mail { path: path.clone(), params: Arc::clone(params) },
            Say::Rcpt(recipient) => Say::Rcpt(recipient.clone()),
            Say::Rset => Say::Rset,
            Say::Noop(text) => Say::Noop(Arc::clone(text)),
            Say::Vrfy(text) => Say::Vrfy(Arc::clone(text)),
            Say::Expn(text) => Say::Expn(Arc::clone(text)),
            Say::Help(text) => Say::Help(Arc::clone(text)),
            Say::Quit => Say::Quit,
            Say::Raw { bytes, replies } => Say::Raw { bytes: Arc::clone(bytes), replies: *replies },
            Say::Wait(time) => Say::Wait(*time),
            Say::Close(close) => Say::Close(*close),
        };
        let Self { violate, with_next, .. } = *self;
        Ok(Step { say, violate, with_next, goes_on: self.goes_on.clone() })
    }
}

impl<M, A> Say<M, A> {
    /// The name of the step in files.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Hello(Hello { verb: HelloVerb::Ehlo, .. }) => "ehlo",
            Self::Hello(Hello { verb: HelloVerb::Helo, .. }) => "helo",
            Self::StartTls => "starttls",
            Self::Auth(_) => "auth",
            Self::Mail { .. } => "mail_from",
            Self::Rcpt(_) => "rcpt_to",
            Self::Data(_) => "data",
            Self::Bdat { .. } => "bdat",
            Self::Rset => "rset",
            Self::Noop(_) => "noop",
            Self::Vrfy(_) => "vrfy",
            Self::Expn(_) => "expn",
            Self::Help(_) => "help",
            Self::Quit => "quit",
            Self::Raw { .. } => "raw",
            Self::Wait(_) => "wait",
            Self::Close(_) => "close",
        }
    }

    /// The stage of its first reply, in clear text.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Hello(_) => Stage::Ehlo,
            Self::StartTls => Stage::StartTls,
            Self::Auth(_) => Stage::Auth,
            Self::Mail { .. } => Stage::MailFrom,
            Self::Rcpt(_) => Stage::RcptTo,
            Self::Data(_) => Stage::Data,
            Self::Quit => Stage::Quit,
            _ => Stage::Command,
        }
    }

    /// How far it takes the session: nothing past a bound is played. Raw bytes may be
    /// anything, so they go as far as anything can.
    #[must_use]
    pub const fn reach(&self) -> Stage {
        match self {
            Self::Data(Some(_)) | Self::Bdat { last: true, .. } | Self::Raw { .. } => Stage::Message,
            Self::Bdat { .. } => Stage::Data,
            Self::Wait(_) | Self::Close(_) | Self::Quit => Stage::Greeting,
            say => match say.stage() {
                Stage::Command => Stage::Ehlo,
                stage => stage,
            },
        }
    }

    /// Whether nothing is waited for: whether it was played shows in how many were.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        matches!(self, Self::Raw { replies: 0, .. } | Self::Wait(_) | Self::Close(_))
    }
}
