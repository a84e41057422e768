//! The protocol, server side: bytes in, bytes out (RFC 5321, 3207, 4954, 3030,
//! 6531). No IO, no clock; every reply comes from the policy.
//!
//! What a client sends before it has read the reply is taken (PIPELINING), save
//! after STARTTLS: whatever came in clear text behind it is dropped, and nothing
//! that was said before TLS is remembered (RFC 3207 §4.2).

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::super::limits::Limits;
use super::super::policy::{Ask, Credentials, Facts, Fault, Policy, Prompt, Response};
use super::super::proxy;
use super::mail::{Transaction, take};
use crate::smtp::{Command, CommandError, DataReceiver, SaslServer, SaslStep};
use crate::tls::Accepted;

/// What the server does once the output is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Next {
    /// Reads on.
    Read,
    /// Shakes hands, then calls [`Protocol::secured`].
    Secure,
    /// Hangs up.
    Close,
}

/// One session.
#[derive(Debug)]
pub(in crate::simulator) struct Protocol {
    pub(super) limits: Limits,
    pub(super) facts: Facts,
    /// A PROXY header may still come.
    may_announce: bool,
    /// What waits for the end of its line.
    pub(super) buffer: Vec<u8>,
    pub(super) mode: Mode,
    pub(super) hello: Hello,
    authenticated: bool,
    pub(super) transaction: Option<Transaction>,
    commands: usize,
    errors: usize,
    failed_log_ins: usize,
    /// Refusals of log-ins but the session's first, since [`Protocol::log_in_pause`] was
    /// asked.
    refused_again: u32,
    /// A refusal was said since [`Protocol::has_refused`] was asked.
    refused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hello {
    None,
    Helo,
    Ehlo,
}

/// What the next bytes are.
#[derive(Debug)]
pub(super) enum Mode {
    Commands,
    Auth(SaslServer),
    Data(DataReceiver),
    /// Bytes of a chunk that are still to come, whether it is the last, and
    /// whether it is thrown away.
    Chunk {
        left: u64,
        size: u64,
        last: bool,
        discard: bool,
    },
}

impl Protocol {
    /// A session with a peer; `may_announce` where it may send a PROXY header.
    pub(in crate::simulator) fn new(
        address: IpAddr,
        now: SystemTime,
        may_announce: bool,
        limits: Limits,
    ) -> Self {
        Self {
            limits,
            facts: Facts { address, tls: None, now },
            may_announce,
            buffer: Vec::new(),
            mode: Mode::Commands,
            hello: Hello::None,
            authenticated: false,
            transaction: None,
            commands: 0,
            errors: 0,
            failed_log_ins: 0,
            refused_again: 0,
            refused: false,
        }
    }

    /// The greeting.
    pub(in crate::simulator) fn greet(&mut self, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        self.say(policy.answer(Ask::Connected, &self.facts), out)
    }

    /// The handshake has come to an end: everything starts anew.
    pub(in crate::simulator) fn secured(&mut self, accepted: Accepted) {
        self.facts.tls = Some(accepted);
        self.buffer.clear();
        self.mode = Mode::Commands;
        self.hello = Hello::None;
        self.transaction = None;
    }

    /// Whether a refusal was said since this was last asked.
    pub(in crate::simulator) fn has_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    /// How long what is to be said is held back for who guesses passwords, one by one or
    /// many at once; asked once.
    pub(in crate::simulator) fn log_in_pause(&mut self) -> Duration {
        self.limits.log_in_pause * std::mem::take(&mut self.refused_again)
    }

    /// Whether the next bytes are a message's, which has no end to wait for that would
    /// be near.
    pub(in crate::simulator) const fn takes_content(&self) -> bool {
        matches!(self.mode, Mode::Data(_) | Mode::Chunk { .. })
    }

    /// The client was silent for too long.
    pub(in crate::simulator) fn timed_out(&mut self, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        self.say(policy.answer(Ask::Fault(Fault::TimedOut), &self.facts), out);
        Next::Close
    }

    /// Takes the next bytes and writes what is to be said.
    pub(in crate::simulator) fn receive(
        &mut self,
        bytes: &[u8],
        now: SystemTime,
        policy: &mut dyn Policy,
        out: &mut Vec<u8>,
    ) -> Next {
        self.facts.now = now;
        self.buffer.extend_from_slice(bytes);
        if self.may_announce {
            match proxy::read(&self.buffer) {
                proxy::Header::Incomplete => return Next::Read,
                proxy::Header::Bad => return Next::Close,
                proxy::Header::None => {}
                proxy::Header::Whole(length, announced) => {
                    self.buffer.drain(..length);
                    self.facts.address = announced.unwrap_or(self.facts.address);
                }
            }
            self.may_announce = false;
        }
        // Taken out while it is worked through, so that lines can be borrowed.
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = &buffer[..];
        let next = loop {
            let before = rest.len();
            let next = self.step(&mut rest, policy, out);
            if next != Next::Read || rest.len() == before {
                break next;
            }
        };
        if next == Next::Read {
            self.buffer.extend_from_slice(rest);
        }
        next
    }

    /// Takes one line, or as much content as there is.
    pub(super) fn step(&mut self, rest: &mut &[u8], policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        match &mut self.mode {
            Mode::Data(receiver) => {
                let Some(transaction) = &mut self.transaction else { return Next::Close };
                let (incoming, head) = (&mut transaction.incoming, self.limits.head);
                let end = receiver.push(rest, |content| take(incoming, content, head));
                *rest = &rest[end.unwrap_or(rest.len())..];
                if end.is_some() { self.message_ends(policy, out) } else { Next::Read }
            }
            Mode::Chunk { left, size, last, discard } => {
                let now = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                let (content, after) = rest.split_at(now);
                *rest = after;
                *left -= content.len() as u64;
                if let (Some(transaction), false) = (&mut self.transaction, *discard) {
                    take(&mut transaction.incoming, content, self.limits.head);
                }
                if *left > 0 {
                    return Next::Read;
                }
                let (size, last, discard) = (*size, *last, *discard);
                self.mode = Mode::Commands;
                match (discard, last) {
                    (true, _) => self.fault(Fault::NoTransaction, policy, out),
                    (false, true) => self.message_ends(policy, out),
                    (false, false) => self.say(policy.answer(Ask::Chunk(size), &self.facts), out),
                }
            }
            Mode::Commands | Mode::Auth(_) => {
                let Some(end) = rest.iter().position(|b| *b == b'\n') else {
                    if rest.len() >= self.limits.line {
                        self.say(policy.answer(Ask::Fault(Fault::LineTooLong), &self.facts), out);
                        return Next::Close;
                    }
                    return Next::Read;
                };
                let (line, after) = rest.split_at(end + 1);
                *rest = after;
                self.line(line, policy, out)
            }
        }
    }

    fn line(&mut self, line: &[u8], policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        self.commands += 1;
        if self.commands > self.limits.commands {
            return self.say(policy.answer(Ask::Fault(Fault::TooManyErrors), &self.facts), out);
        }
        if line.len() > self.limits.line {
            self.say(policy.answer(Ask::Fault(Fault::LineTooLong), &self.facts), out);
            return Next::Close;
        }
        // RFC 5321 §2.3.8: a line ends with CRLF and nothing else.
        let Some(line) = line.strip_suffix(b"\r\n") else {
            self.mode = Mode::Commands;
            return self.fault(Fault::Unrecognized, policy, out);
        };
        if let Mode::Auth(exchange) = &mut self.mode {
            let step = exchange.answer(line);
            return self.sasl(step, policy, out);
        }
        match Command::parse(line) {
            Ok(command) => self.command(command, policy, out),
            Err(CommandError::Unrecognized) => {
                let next = self.fault(Fault::Unrecognized, policy, out);
                if is_http(line) { Next::Close } else { next }
            }
            Err(CommandError::Arguments) => self.fault(Fault::Arguments, policy, out),
            Err(CommandError::ReversePath) => self.fault(Fault::BadSender, policy, out),
            Err(CommandError::ForwardPath) => self.fault(Fault::BadRecipient, policy, out),
        }
    }

    fn command(&mut self, command: Command<'_>, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        match command {
            Command::Ehlo(name) => self.hello(Ask::Ehlo(name), Hello::Ehlo, policy, out),
            Command::Helo(name) => self.hello(Ask::Helo(name), Hello::Helo, policy, out),
            Command::StartTls => self.starttls(policy, out),
            Command::Auth(mechanism, initial) => self.auth(mechanism, initial, policy, out),
            Command::Mail(path, params) => self.mail(path, &params, policy, out),
            Command::Rcpt(path, params) => self.rcpt(path, &params, policy, out),
            Command::Data => self.data(policy, out),
            Command::Bdat(size, last) => self.bdat(size, last, policy, out),
            Command::Rset => {
                self.transaction = None;
                self.say(policy.answer(Ask::Rset, &self.facts), out)
            }
            Command::Noop => self.say(policy.answer(Ask::Noop, &self.facts), out),
            Command::Vrfy => self.say(policy.answer(Ask::Vrfy, &self.facts), out),
            Command::Quit => {
                self.say(policy.answer(Ask::Quit, &self.facts), out);
                Next::Close
            }
        }
    }

    fn hello(&mut self, ask: Ask<'_>, hello: Hello, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        let response = policy.answer(ask, &self.facts);
        if response.is_positive() {
            self.hello = hello;
            // RFC 5321 §4.1.4: EHLO inside a session resets it.
            self.transaction = None;
        }
        self.say(response, out)
    }

    fn starttls(&mut self, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        if self.hello == Hello::None || self.facts.tls.is_some() {
            return self.fault(Fault::BadSequence, policy, out);
        }
        let response = policy.answer(Ask::StartTls, &self.facts);
        let go = response.code() == 220;
        let next = self.say(response, out);
        if go { Next::Secure } else { next }
    }

    fn auth(
        &mut self,
        mechanism: &str,
        initial: Option<&str>,
        policy: &mut dyn Policy,
        out: &mut Vec<u8>,
    ) -> Next {
        // RFC 4954 §4: after EHLO, once, and not inside a transaction.
        if self.hello != Hello::Ehlo {
            return self.fault(Fault::HelloFirst, policy, out);
        }
        if self.authenticated || self.transaction.is_some() {
            return self.fault(Fault::BadSequence, policy, out);
        }
        let response = policy.answer(Ask::Mechanism(mechanism), &self.facts);
        match SaslServer::start(mechanism).filter(|_| response.is_positive()) {
            Some(mut exchange) => {
                let step = exchange.begin(initial);
                self.mode = Mode::Auth(exchange);
                self.sasl(step, policy, out)
            }
            None => self.say(response, out),
        }
    }

    fn sasl(&mut self, step: SaslStep, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        let prompt = match &step {
            SaslStep::AskUser => Some(Prompt::User),
            SaslStep::AskPassword => Some(Prompt::Password),
            SaslStep::AskResponse => Some(Prompt::Response),
            _ => None,
        };
        if let Some(prompt) = prompt {
            return self.say(policy.answer(Ask::Prompt(prompt), &self.facts), out);
        }
        self.mode = Mode::Commands;
        let SaslStep::Judge { user, secret } = step else {
            let cancelled = step == SaslStep::Cancelled;
            let fault = if cancelled { Fault::AuthCancelled } else { Fault::AuthMalformed };
            return self.fault(fault, policy, out);
        };
        let credentials = Credentials { user: &user, secret: &secret };
        let response = policy.answer(Ask::LogIn(credentials), &self.facts);
        self.authenticated = response.is_positive();
        let next = self.say(response, out);
        if self.authenticated || next == Next::Close {
            return next;
        }
        self.failed_log_ins += 1;
        self.refused_again += u32::from(self.failed_log_ins > 1);
        if self.failed_log_ins >= self.limits.log_ins {
            return self.say(policy.answer(Ask::Fault(Fault::TooManyErrors), &self.facts), out);
        }
        next
    }

    pub(super) fn fault(&mut self, fault: Fault, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        self.errors += 1;
        let fault = if self.errors > self.limits.errors { Fault::TooManyErrors } else { fault };
        self.say(policy.answer(Ask::Fault(fault), &self.facts), out)
    }

    pub(super) fn say(&mut self, response: Response, out: &mut Vec<u8>) -> Next {
        self.refused |= !response.is_positive();
        response.write(out);
        if response.closes() { Next::Close } else { Next::Read }
    }
}

/// A browser, or a page that makes one send SMTP inside a POST: not one line more
/// is read from it.
fn is_http(line: &[u8]) -> bool {
    let methods: [&[u8]; 7] = [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"CONNECT ", b"DELETE "];
    methods.iter().any(|method| line.starts_with(method))
}
