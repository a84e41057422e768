//! What to say next: the session as a state machine, without IO or clock.
//!
//! ```text
//! greeting ▶ EHLO ▶ [STARTTLS ▶ handshake ▶ EHLO] ▶ [XCLIENT ▶ EHLO] ▶ [AUTH] ▶ { [RSET] MAIL RCPT… DATA message }… ▶ end
//! ```
//!
//! Where the plan has steps, they take over after the greeting or after AUTH: see
//! [`super::steps`].
//!
//! Absent on purpose: pipelining unless it is asked for, a second try, HELO after a
//! refused EHLO. What the plan does not say is not sent.

use std::time::Duration;

use super::each::Each;
use super::mailing::Batch;
use super::steps::Progress;
use crate::message::Draft;
use crate::plan::{Chunks, Close, Hello, HelloVerb, Plan, StepsAfter, TlsMode, TlsPlan};
use crate::smtp::{EhloResponse, Event, EventKind, Reply, SaslClient, Stage};

/// What the driver is to do next.
#[derive(Debug)]
pub(super) enum Next<'p> {
    /// Read a reply to nothing: the greeting.
    Listen,
    /// Write the line that was put into the buffer, then read its reply.
    Say,
    /// Write the message and the final dot, then read its reply.
    Message(&'p Draft),
    /// Write a piece of the message with its BDAT, then read its reply.
    Chunk {
        /// The message as a whole.
        message: &'p Draft,
        /// Its pieces.
        chunks: &'p Chunks,
        /// Which piece, from 0.
        nth: usize,
        /// Whether the last piece says so.
        last: bool,
    },
    /// Write what was put into the buffer; no reply is due.
    Write,
    /// Listen for so long.
    Wait(Duration),
    /// Close, in this way.
    Close(Close),
    /// Shake hands.
    Handshake(&'p TlsPlan),
    /// Wait for a sign that the handshake was to the server's liking, then close.
    Settle,
    /// The end: QUIT, or just close.
    End {
        /// Whether QUIT is in order.
        quit: bool,
    },
    /// Write what was put into the buffer, if anything, then close: this
    /// happened.
    Fail(Event),
}

/// Whether anything may be said that is for the server's eyes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Privacy {
    /// Clear text over a network.
    Clear,
    /// TLS with a server that is not known to be the right one.
    Unverified,
    /// TLS with the right server, or this very host.
    Safe,
}

/// The state of a dialogue.
#[derive(Debug)]
pub(super) struct Dialogue<'p> {
    pub(super) plan: &'p Plan,
    pub(super) at: At,
    pub(super) privacy: Privacy,
    /// Whether STARTTLS and its handshake are done.
    pub(super) secured: bool,
    /// What the last EHLO offered.
    pub(super) offers: Option<EhloResponse>,
    pub(super) transaction: usize,
    pub(super) recipient: usize,
    /// How many recipients of the transaction were accepted.
    pub(super) accepted: usize,
    /// Where the steps stand, if there are any.
    pub(super) progress: Progress,
    /// Whether the server holds a transaction that must be taken back before the
    /// next MAIL.
    pub(super) open: bool,
    /// What was written before it was answered.
    pub(super) batch: Batch,
    /// Who is still to be told of after the message.
    pub(super) each: Each,
    /// The message under way has no recipient: no more of it than a dot was sent.
    pub(super) for_nobody: bool,
    /// XCLIENT has been accepted.
    pub(super) changed_client: bool,
    /// Things worth telling.
    pub(super) notes: Vec<String>,
    /// Texts made from a secret, as yet unknown to the mask.
    pub(super) proofs: Vec<String>,
}

/// What the next reply answers.
#[derive(Debug)]
pub(super) enum At {
    Connect,
    Greeting,
    Hello,
    StartTls,
    Tls,
    Auth(Box<SaslClient>),
    XClient,
    Rset,
    XForward,
    Mail,
    Rcpt,
    Data,
    /// A piece of the message that is not the last, from 0.
    Chunk(usize),
    Message,
    Command,
}

impl<'p> Dialogue<'p> {
    /// A dialogue before its first word.
    pub(super) fn new(plan: &'p Plan, loopback: bool) -> Self {
        Self {
            plan,
            at: At::Connect,
            privacy: if loopback { Privacy::Safe } else { Privacy::Clear },
            secured: false,
            offers: None,
            transaction: 0,
            recipient: 0,
            accepted: 0,
            progress: Progress::default(),
            open: false,
            batch: Batch::default(),
            each: Each::default(),
            for_nobody: false,
            changed_client: false,
            notes: Vec::new(),
            proofs: Vec::new(),
        }
    }

    /// The stage that the next reply, or an event, belongs to.
    pub(super) fn stage(&self) -> Stage {
        match self.at {
            At::Connect => Stage::Connect,
            At::Greeting => Stage::Greeting,
            At::Hello if self.secured && matches!(self.plan.tls, TlsMode::StartTls { .. }) => Stage::EhloTls,
            At::Hello => Stage::Ehlo,
            At::StartTls => Stage::StartTls,
            At::Tls => Stage::Tls,
            At::Auth(_) => Stage::Auth,
            // RSET has no stage of its own: it opens the transaction.
            At::Rset | At::Mail => Stage::MailFrom,
            At::Rcpt => Stage::RcptTo,
            At::Data => Stage::Data,
            At::Message => Stage::Message,
            At::Command | At::XClient | At::XForward | At::Chunk(_) => Stage::Command,
        }
    }

    /// The transaction in play, from 0.
    pub(super) fn transaction(&self) -> usize {
        self.transaction
    }

    /// The recipient in play, from 0.
    pub(super) fn recipient(&self) -> Option<usize> {
        match self.at {
            _ if self.plan.steps.is_some() => None,
            At::Rcpt => Some(self.recipient),
            At::Message => self.each.recipient(),
            _ => None,
        }
    }

    /// Whether what was last said belongs to nobody's eyes.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.at, At::Auth(_)) || self.is_challenged()
    }

    /// Whether this reply is one of the observation's answers: a challenge and
    /// the leave to start afresh are not.
    pub(super) fn is_answer(&self, reply: &Reply) -> bool {
        match self.at {
            At::Auth(_) => reply.code().get() != 334,
            At::Rset => !Stage::MailFrom.accepts(reply.code()),
            At::Message => !self.each.begins(reply),
            _ => true,
        }
    }

    /// What the last EHLO offered, taken out.
    pub(super) fn take_offers(&mut self) -> Option<EhloResponse> {
        self.offers.take()
    }

    /// The connection stands.
    pub(super) fn connected(&mut self) -> Next<'p> {
        if self.is_last(Stage::Connect) {
            return Next::End { quit: false };
        }
        match &self.plan.tls {
            TlsMode::Implicit(tls) => {
                self.at = At::Tls;
                Next::Handshake(tls)
            }
            TlsMode::None | TlsMode::StartTls { .. } => {
                self.at = At::Greeting;
                Next::Listen
            }
        }
    }

    /// The handshake is done.
    pub(super) fn secured(&mut self, verified: bool, out: &mut Vec<u8>) -> Next<'p> {
        self.secured = true;
        self.offers = None;
        if self.privacy != Privacy::Safe {
            self.privacy = if verified { Privacy::Safe } else { Privacy::Unverified };
        }
        if matches!(self.plan.tls, TlsMode::Implicit(_)) {
            if self.is_last(Stage::Tls) {
                return Next::Settle;
            }
            self.at = At::Greeting;
            return Next::Listen;
        }
        if self.is_last(Stage::Tls) {
            return Next::End { quit: true };
        }
        if self.step().is_some() { self.done(out) } else { self.hello(out) }
    }

    /// A reply has come, in order.
    pub(super) fn reply(&mut self, reply: &Reply, out: &mut Vec<u8>) -> Next<'p> {
        let code = reply.code();
        if code.get() == 421 {
            // RFC 5321 §3.8: the server is closing, whatever was asked.
            return Next::End { quit: false };
        }
        let stage = self.stage();
        let challenge = matches!(self.at, At::Auth(_)) && code.get() == 334;
        // A reply of the wrong kind leaves client and server at odds about what
        // comes next: 3yz where nothing more is to come, 2yz where it is.
        let at_odds = match stage {
            Stage::StartTls => false,
            Stage::Data => code.is_positive() && code.get() != 354,
            Stage::Message if self.each.begins(reply) => false,
            _ => code.severity() == 3 && !challenge && !self.is_raw(),
        };
        if at_odds {
            return Next::Fail(
                Event::new(EventKind::ProtocolError, "unexpected_code")
                    .with_detail(format!("{code} is no answer at {stage}")),
            );
        }
        if self.step().is_some() {
            return self.step_reply(reply, challenge, out);
        }
        let accepted = stage.accepts(code);
        let last = self.is_last(stage);
        match &mut self.at {
            At::Connect | At::Tls | At::Command => Next::End { quit: false },
            At::Greeting if accepted && !last => match &self.plan.steps {
                Some(steps) if steps.after == StepsAfter::Greeting => self.next_step(out),
                _ => self.hello(out),
            },
            At::Hello => {
                if self.plan.hello.verb == HelloVerb::Ehlo && accepted {
                    let offers = EhloResponse::parse(reply);
                    self.notes.extend(offers.oddities());
                    self.offers = Some(offers);
                }
                // With XCLIENT there is one more EHLO, after STARTTLS where that is to come.
                let clear = matches!(self.plan.tls, TlsMode::StartTls { .. }) && !self.secured;
                let last = last && (clear || !self.is_client_to_change());
                if accepted && !last { self.after_hello(out) } else { Next::End { quit: true } }
            }
            At::StartTls if accepted && last => Next::End { quit: false },
            At::StartTls if accepted => match &self.plan.tls {
                TlsMode::StartTls { tls, .. } | TlsMode::Implicit(tls) => {
                    self.at = At::Tls;
                    Next::Handshake(tls)
                }
                TlsMode::None => Next::End { quit: true },
            },
            At::Auth(_) if challenge => self.challenge(reply, out),
            At::Auth(sasl) => {
                if accepted && let Err(event) = Self::logged_in(sasl, code) {
                    return Next::Fail(event);
                }
                let goes_on =
                    accepted || self.plan.auth.as_ref().is_some_and(|auth| auth.continue_on_failure);
                if goes_on && !last { self.next_transaction(out) } else { Next::End { quit: true } }
            }
            At::XClient if accepted => {
                // As after the greeting (Postfix' XCLIENT_README).
                (self.changed_client, self.offers) = (true, None);
                self.hello(out)
            }
            At::Greeting | At::StartTls | At::XClient => Next::End { quit: true },
            At::Rset | At::XForward | At::Mail | At::Rcpt | At::Data | At::Chunk(_) | At::Message => {
                self.mail_reply(reply, out)
            }
        }
    }

    pub(super) fn is_last(&self, stage: Stage) -> bool {
        self.plan.stop_after == Some(stage)
    }

    fn hello(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        self.at = At::Hello;
        self.greet(&self.plan.hello, out)
    }

    pub(super) fn greet(&self, hello: &Hello, out: &mut Vec<u8>) -> Next<'p> {
        let verb = match hello.verb {
            HelloVerb::Ehlo if self.plan.lmtp => "LHLO ",
            HelloVerb::Ehlo => "EHLO ",
            HelloVerb::Helo => "HELO ",
        };
        command(out, &[verb, &hello.name], "")
    }

    fn after_hello(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        if let TlsMode::StartTls { force, .. } = self.plan.tls
            && !self.secured
        {
            self.at = At::StartTls;
            if !force && !self.offered("STARTTLS") {
                return not_offered("STARTTLS", "the server does not offer STARTTLS".to_owned());
            }
            out.extend_from_slice(b"STARTTLS\r\n");
            return Next::Say;
        }
        if self.is_client_to_change() {
            return self.change_client(out);
        }
        match &self.plan.auth {
            Some(auth) => self.auth(auth, false, out),
            None => self.next_transaction(out),
        }
    }

    pub(super) fn offered(&self, line: &str) -> bool {
        self.offers.as_ref().is_some_and(|offers| offers.offers(line))
    }
}

pub(super) fn command<'p>(out: &mut Vec<u8>, parts: &[&str], params: &str) -> Next<'p> {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    if !params.is_empty() {
        out.push(b' ');
        out.extend_from_slice(params.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    Next::Say
}

pub(super) fn not_offered<'p>(what: &'static str, detail: String) -> Next<'p> {
    Next::Fail(Event::new(EventKind::NotOffered, what).with_detail(detail))
}
