//! The protocol, server side: bytes in, bytes out (RFC 5321, 3207, 4954, 3030,
//! 6531). No IO, no clock; every reply comes from the policy.
//!
//! What a client sends before it has read the reply is taken (PIPELINING), save
//! after STARTTLS: whatever came in clear text behind it is dropped, and nothing
//! that was said before TLS is remembered (RFC 3207 §4.2).

use std::net::IpAddr;
use std::time::SystemTime;

use super::policy::{Ask, Credentials, Facts, Fault, Incoming, Policy, Prompt, Response};
use super::proxy;
use crate::smtp::{
    Command, CommandError, DataReceiver, ForwardPath, Param, ReversePath, SaslServer, SaslStep,
};
use crate::tls::{Accepted, ClientChain};

/// How much a client may ask of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Longest command line in bytes, CRLF included. RFC 4954 §4 wants 12,288 for
    /// AUTH.
    pub(super) line: usize,
    /// Largest message in bytes, as EHLO announces it.
    pub(super) size: u64,
    /// How much of a message is kept, in bytes.
    pub(super) head: usize,
    /// Recipients of one message.
    pub(super) recipients: usize,
    /// Commands of one session.
    pub(super) commands: u32,
    /// Faulty commands of one session.
    pub(super) errors: u32,
    /// Failed log-ins of one session.
    pub(super) log_ins: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 12 * 1024,
            size: 157_286_400,
            head: 64 * 1024,
            recipients: 1_000,
            commands: 10_000,
            errors: 50,
            log_ins: 5,
        }
    }
}

/// What the server does once the output is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Reads on.
    Read,
    /// Shakes hands, then calls [`Protocol::secured`].
    Secure,
    /// Hangs up.
    Close,
}

/// One session.
#[derive(Debug)]
pub(super) struct Protocol {
    limits: Limits,
    facts: Facts,
    /// A PROXY header may still come.
    may_announce: bool,
    buffer: Vec<u8>,
    mode: Mode,
    hello: Hello,
    authenticated: bool,
    transaction: Option<Transaction>,
    commands: u32,
    errors: u32,
    failed_log_ins: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hello {
    None,
    Helo,
    Ehlo,
}

/// What the next bytes are.
#[derive(Debug)]
enum Mode {
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

#[derive(Debug)]
struct Transaction {
    incoming: Incoming,
    binary: bool,
    utf8: bool,
    /// BDAT has begun: no RCPT, no DATA any more (RFC 3030 §4.2).
    chunking: bool,
}

impl Protocol {
    /// A session with a peer; `may_announce` where it may send a PROXY header.
    pub(super) fn new(address: IpAddr, now: SystemTime, may_announce: bool, limits: Limits) -> Self {
        Self {
            limits,
            facts: Facts { address, tls: None, client: ClientChain::None, now },
            may_announce,
            buffer: Vec::new(),
            mode: Mode::Commands,
            hello: Hello::None,
            authenticated: false,
            transaction: None,
            commands: 0,
            errors: 0,
            failed_log_ins: 0,
        }
    }

    /// The greeting.
    pub(super) fn greet(&mut self, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        self.say(policy.answer(Ask::Connected, &self.facts), out)
    }

    /// The handshake has come to an end: everything starts anew.
    pub(super) fn secured(&mut self, accepted: Accepted) {
        self.facts.tls = Some(accepted.version);
        self.facts.client = accepted.client;
        self.buffer.clear();
        self.mode = Mode::Commands;
        self.hello = Hello::None;
        self.transaction = None;
    }

    /// The client was silent for too long.
    pub(super) fn timed_out(&mut self, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        self.say(policy.answer(Ask::Fault(Fault::TimedOut), &self.facts), out);
        Next::Close
    }

    /// Takes the next bytes and writes what is to be said.
    pub(super) fn receive(
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
    fn step(&mut self, rest: &mut &[u8], policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
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
                    (true, _) => self.fault(Fault::BadSequence, policy, out),
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
        if self.failed_log_ins >= self.limits.log_ins {
            return self.say(policy.answer(Ask::Fault(Fault::TooManyErrors), &self.facts), out);
        }
        next
    }

    fn mail(
        &mut self,
        path: ReversePath,
        params: &[Param<'_>],
        policy: &mut dyn Policy,
        out: &mut Vec<u8>,
    ) -> Next {
        if self.hello == Hello::None {
            return self.fault(Fault::HelloFirst, policy, out);
        }
        if self.transaction.is_some() {
            return self.fault(Fault::BadSequence, policy, out);
        }
        let Some(asked) = MailParams::read(params).filter(|_| self.takes_params(params)) else {
            return self.fault(Fault::Arguments, policy, out);
        };
        if asked.size > self.limits.size {
            return self.fault(Fault::TooLarge, policy, out);
        }
        if !asked.utf8 && !path.as_str().is_ascii() {
            return self.fault(Fault::NeedsUtf8, policy, out);
        }
        let response = policy.answer(Ask::Mail, &self.facts);
        if response.is_positive() {
            let incoming = Incoming { mail_from: path, rcpt_to: Vec::new(), head: Vec::new(), size: 0 };
            let MailParams { binary, utf8, .. } = asked;
            self.transaction = Some(Transaction { incoming, binary, utf8, chunking: false });
        }
        self.say(response, out)
    }

    /// RFC 5321 §4.1.1.1: after HELO there are no parameters.
    fn takes_params(&self, params: &[Param<'_>]) -> bool {
        params.is_empty() || self.hello == Hello::Ehlo
    }

    fn rcpt(
        &mut self,
        path: ForwardPath,
        params: &[Param<'_>],
        policy: &mut dyn Policy,
        out: &mut Vec<u8>,
    ) -> Next {
        // DSN (RFC 3461 §4.1, §4.2) is all that RCPT takes.
        let known = params.iter().all(|p| (p.is("NOTIFY") || p.is("ORCPT")) && p.value.is_some());
        let known = known && self.takes_params(params);
        let transaction = match &mut self.transaction {
            Some(transaction) if !transaction.chunking => transaction,
            _ => return self.fault(Fault::BadSequence, policy, out),
        };
        let fault = match () {
            () if !known => Some(Fault::Arguments),
            () if !transaction.utf8 && !path.as_str().is_ascii() => Some(Fault::NeedsUtf8),
            () if transaction.incoming.rcpt_to.len() >= self.limits.recipients => {
                Some(Fault::TooManyRecipients)
            }
            () => None,
        };
        if let Some(fault) = fault {
            return self.fault(fault, policy, out);
        }
        let response = policy.answer(Ask::Rcpt(&transaction.incoming.mail_from, &path), &self.facts);
        if response.is_positive() {
            transaction.incoming.rcpt_to.push(path);
        }
        self.say(response, out)
    }

    fn data(&mut self, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        // RFC 3030 §3: BINARYMIME goes with BDAT alone.
        let ready = self
            .transaction
            .as_ref()
            .is_some_and(|t| !t.incoming.rcpt_to.is_empty() && !t.chunking && !t.binary);
        if !ready {
            return self.fault(Fault::BadSequence, policy, out);
        }
        let response = policy.answer(Ask::Data, &self.facts);
        if response.code() == 354 {
            self.mode = Mode::Data(DataReceiver::default());
        }
        self.say(response, out)
    }

    fn bdat(&mut self, size: u64, last: bool, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        // A chunk nobody would wait for, such as one of 2^64 bytes: hang up rather
        // than read it away.
        if size > self.limits.size {
            self.fault(Fault::TooLarge, policy, out);
            return Next::Close;
        }
        let ready = self.transaction.as_mut().filter(|t| !t.incoming.rcpt_to.is_empty());
        let discard = ready.is_none();
        if let Some(transaction) = ready {
            if !transaction.chunking {
                transaction.chunking = true;
                // What a policy does before a message, it does before the first
                // chunk as well; there is no reply to send.
                policy.answer(Ask::Data, &self.facts);
            }
        }
        self.mode = Mode::Chunk { left: size, size, last, discard };
        if size > 0 {
            return Next::Read;
        }
        // Nothing more need come for an empty chunk to be whole.
        self.step(&mut &[][..], policy, out)
    }

    fn message_ends(&mut self, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        self.mode = Mode::Commands;
        let Some(transaction) = self.transaction.take() else { return Next::Close };
        if transaction.incoming.size > self.limits.size {
            return self.fault(Fault::TooLarge, policy, out);
        }
        self.say(policy.answer(Ask::Message(&transaction.incoming), &self.facts), out)
    }

    fn fault(&mut self, fault: Fault, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        self.errors += 1;
        let fault = if self.errors > self.limits.errors { Fault::TooManyErrors } else { fault };
        self.say(policy.answer(Ask::Fault(fault), &self.facts), out)
    }

    fn say(&self, response: Response, out: &mut Vec<u8>) -> Next {
        response.write(out);
        if response.closes() { Next::Close } else { Next::Read }
    }
}

/// What MAIL FROM may carry (RFC 1870, 6152, 3030, 6531, 3461, 4954).
#[derive(Clone, Copy, Debug, Default)]
struct MailParams {
    size: u64,
    binary: bool,
    utf8: bool,
}

impl MailParams {
    /// `None` where a parameter is unknown or its value is not what it takes.
    fn read(params: &[Param<'_>]) -> Option<Self> {
        let mut read = Self::default();
        for param in params {
            let value = param.value.unwrap_or_default();
            let is = |word: &str| value.eq_ignore_ascii_case(word);
            let good = if param.is("SIZE") {
                let digits = matches!(value.len(), 1..=20) && value.bytes().all(|b| b.is_ascii_digit());
                // Twenty digits can be more than a number holds: too large it is.
                read.size = value.parse().unwrap_or(u64::MAX);
                digits
            } else if param.is("BODY") {
                read.binary = is("BINARYMIME");
                read.binary || is("7BIT") || is("8BITMIME")
            } else if param.is("SMTPUTF8") {
                read.utf8 = true;
                param.value.is_none()
            } else if param.is("RET") {
                is("FULL") || is("HDRS")
            } else {
                (param.is("ENVID") || param.is("AUTH")) && param.value.is_some()
            };
            if !good {
                return None;
            }
        }
        Some(read)
    }
}

/// Counts content and keeps the beginning of it.
fn take(incoming: &mut Incoming, content: &[u8], head: usize) {
    incoming.size += content.len() as u64;
    let room = head.saturating_sub(incoming.head.len());
    incoming.head.extend_from_slice(&content[..room.min(content.len())]);
}

/// A browser, or a page that makes one send SMTP inside a POST: not one line more
/// is read from it.
fn is_http(line: &[u8]) -> bool {
    let methods: [&[u8]; 7] = [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"CONNECT ", b"DELETE "];
    methods.iter().any(|method| line.starts_with(method))
}
