//! Mail transactions: MAIL, RCPT, DATA, BDAT.

use super::super::policy::{Ask, Fault, Incoming, Policy};
use super::machine::{Hello, Mode, Next, Protocol};
use crate::smtp::{DataReceiver, ForwardPath, Param, ReversePath};

/// A transaction under way.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) incoming: Incoming,
    pub(super) binary: bool,
    pub(super) utf8: bool,
    /// BDAT has begun: no RCPT, no DATA any more (RFC 3030 §4.2).
    pub(super) chunking: bool,
}

impl Protocol {
    pub(super) fn mail(
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
        if asked.size > self.limits.size as u64 {
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

    pub(super) fn rcpt(
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
            Some(_) => return self.fault(Fault::BadSequence, policy, out),
            None => return self.fault(Fault::NoTransaction, policy, out),
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

    pub(super) fn data(&mut self, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        // RFC 3030 §3: BINARYMIME goes with BDAT alone.
        let fault = match &self.transaction {
            None => Some(Fault::NoTransaction),
            Some(t) if t.incoming.rcpt_to.is_empty() => Some(Fault::NoTransaction),
            Some(t) if t.chunking || t.binary => Some(Fault::BadSequence),
            Some(_) => None,
        };
        if let Some(fault) = fault {
            return self.fault(fault, policy, out);
        }
        let response = policy.answer(Ask::Data, &self.facts);
        if response.code() == 354 {
            self.mode = Mode::Data(DataReceiver::default());
        }
        self.say(response, out)
    }

    pub(super) fn bdat(&mut self, size: u64, last: bool, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        // A chunk nobody would wait for, such as one of 2^64 bytes: hang up rather
        // than read it away.
        if size > self.limits.size as u64 {
            self.fault(Fault::TooLarge, policy, out);
            return Next::Close;
        }
        let ready = self.transaction.as_mut().filter(|t| !t.incoming.rcpt_to.is_empty());
        let discard = ready.is_none();
        if let Some(transaction) = ready {
            transaction.chunking = true;
        }
        self.mode = Mode::Chunk { left: size, size, last, discard };
        if size > 0 {
            return Next::Read;
        }
        // Nothing more need come for an empty chunk to be whole.
        self.step(&mut &[][..], policy, out)
    }

    pub(super) fn message_ends(&mut self, policy: &mut dyn Policy, out: &mut Vec<u8>) -> Next {
        self.mode = Mode::Commands;
        let Some(transaction) = self.transaction.take() else { return Next::Close };
        if transaction.incoming.size > self.limits.size as u64 {
            return self.fault(Fault::TooLarge, policy, out);
        }
        self.say(policy.answer(Ask::Message(&transaction.incoming), &self.facts), out)
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
pub(super) fn take(incoming: &mut Incoming, content: &[u8], head: usize) {
    incoming.size += content.len() as u64;
    let room = head.saturating_sub(incoming.head.len());
    incoming.head.extend_from_slice(&content[..room.min(content.len())]);
}
