//! Mail transactions of a planned dialogue: MAIL to the end of the message.
//!
//! With PIPELINING the commands of a transaction are written in one go, and each reply
//! is taken for the next of them in turn (RFC 2920 §3.1).

use super::dialogue::{At, Dialogue, Next, command, not_offered};
use crate::plan::Transaction;
use crate::smtp::{Event, EventKind, Reply, Stage};

/// The most recipients that are written before their replies are read: a server must
/// be able to reply to all of them while nobody listens.
const GROUP: usize = 100;

/// What was written before it was answered.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// How many RCPT have been; 0 without pipelining.
    recipients: usize,
    /// DATA has been.
    data: bool,
}

impl<'p> Dialogue<'p> {
    pub(super) fn next_transaction(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        if self.plan.steps.is_some() {
            return self.next_step(out);
        }
        if self.transaction >= self.plan.transactions.len() {
            return Next::End { quit: true };
        }
        if std::mem::take(&mut self.open) {
            self.at = At::Rset;
            out.extend_from_slice(b"RSET\r\n");
            return Next::Say;
        }
        self.begin(out)
    }

    /// The reply to a command of a transaction.
    pub(super) fn mail_reply(&mut self, reply: &Reply, out: &mut Vec<u8>) -> Next<'p> {
        let stage = self.stage();
        let (accepted, last) = (stage.accepts(reply.code()), self.is_last(stage));
        match self.at {
            At::Rset if accepted => self.begin(out),
            At::Rset => Next::End { quit: true },
            At::XForward if accepted => self.mail(out),
            At::Mail => {
                self.open = accepted;
                if self.batch.recipients > 0 {
                    self.at = At::Rcpt;
                    Next::Listen
                } else if !accepted || last || self.now().recipients.is_empty() {
                    self.end_transaction(out)
                } else {
                    self.rcpt(out)
                }
            }
            At::Rcpt => {
                self.accepted += usize::from(accepted);
                if accepted {
                    self.each.accept(self.recipient);
                }
                self.recipient += 1;
                self.after_rcpt(last, out)
            }
            // Closes without the final dot: nothing is delivered.
            At::Data if accepted && last => Next::End { quit: false },
            At::Data if accepted && (self.accepted == 0 || !self.open) => self.lone_dot(out),
            At::Data if accepted => match &self.now().message {
                Some(draft) => {
                    self.at = At::Message;
                    Next::Message(draft)
                }
                None => self.end_transaction(out),
            },
            At::Chunk(nth) if accepted => self.chunk(nth + 1, out),
            At::Message if !self.for_nobody && self.each.told(reply) => Next::Listen,
            At::Message => {
                // Taken or not, the transaction is over (RFC 5321 §4.1.1.4).
                self.open = false;
                if let Some(event) = self.taken_for_nobody(reply) {
                    return Next::Fail(event);
                }
                self.end_transaction(out)
            }
            _ => self.end_transaction(out),
        }
    }

    /// What follows a recipient: the next one, the message, or the end.
    fn after_rcpt(&mut self, last: bool, out: &mut Vec<u8>) -> Next<'p> {
        if self.recipient < self.batch.recipients {
            return Next::Listen;
        }
        if self.recipient < self.now().recipients.len() {
            return match self.batch.recipients {
                0 => self.rcpt(out),
                _ if !self.open => self.end_transaction(out),
                _ => {
                    self.group(out);
                    Next::Say
                }
            };
        }
        if self.batch.data {
            self.at = At::Data;
            return Next::Listen;
        }
        if last || self.accepted == 0 || self.now().message.is_none() {
            return self.end_transaction(out);
        }
        if self.plan.extensions.chunks.is_some() {
            return self.chunk(0, out);
        }
        self.at = At::Data;
        out.extend_from_slice(b"DATA\r\n");
        Next::Say
    }

    /// DATA was sent before it was known that nobody gets the message: what ends the
    /// data is all that may follow (RFC 2920 §3.1).
    pub(super) fn lone_dot(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        self.at = At::Message;
        self.for_nobody = true;
        command(out, &["."], "")
    }

    /// A message for nobody cannot have been taken.
    pub(super) fn taken_for_nobody(&mut self, reply: &Reply) -> Option<Event> {
        let taken = std::mem::take(&mut self.for_nobody) && Stage::Message.accepts(reply.code());
        taken.then(|| {
            let detail = format!("{} to the end of a message that has no recipient", reply.code());
            Event::new(EventKind::ProtocolError, "unexpected_code").with_detail(detail)
        })
    }

    fn now(&self) -> &'p Transaction {
        &self.plan.transactions[self.transaction]
    }

    fn end_transaction(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        if self.transaction + 1 >= self.plan.transactions.len() {
            return Next::End { quit: true };
        }
        self.transaction += 1;
        self.next_transaction(out)
    }

    fn begin(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        match &self.plan.extensions.xforward {
            Some(attributes) => {
                self.at = At::XForward;
                self.attributes("XFORWARD", attributes, out)
            }
            None => self.mail(out),
        }
    }

    fn mail(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        self.at = At::Mail;
        (self.recipient, self.accepted, self.batch) = (0, 0, Batch::default());
        if let Some(lacking) = self.lacking() {
            return lacking;
        }
        let Transaction { mail_from, mail_params, recipients, .. } = self.now();
        self.each.begin(self.plan.lmtp, mail_params);
        let next = command(out, &["MAIL FROM:<", mail_from.as_str(), ">"], mail_params);
        if self.plan.extensions.pipelining && !recipients.is_empty() && !self.is_last(Stage::MailFrom) {
            self.group(out);
        }
        next
    }

    fn rcpt(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        self.at = At::Rcpt;
        let recipient = &self.now().recipients[self.recipient];
        command(out, &["RCPT TO:<", recipient.path.as_str(), ">"], &recipient.params)
    }

    /// Puts what can be said without a reply into the buffer.
    fn group(&mut self, out: &mut Vec<u8>) {
        let Transaction { recipients, message, .. } = self.now();
        let to = recipients.len().min(self.batch.recipients + GROUP);
        for recipient in &recipients[self.batch.recipients..to] {
            command(out, &["RCPT TO:<", recipient.path.as_str(), ">"], &recipient.params);
        }
        self.batch.recipients = to;
        let by_data = message.is_some() && self.plan.extensions.chunks.is_none();
        if to == recipients.len() && by_data && !self.is_last(Stage::RcptTo) {
            out.extend_from_slice(b"DATA\r\n");
            self.batch.data = true;
        }
    }

    /// The next piece of the message.
    fn chunk(&mut self, nth: usize, out: &mut Vec<u8>) -> Next<'p> {
        match (&self.now().message, &self.plan.extensions.chunks) {
            (Some(message), Some(chunks)) => {
                self.at = At::Chunk(nth);
                Next::Chunk { message, chunks, nth, last: true }
            }
            _ => self.end_transaction(out),
        }
    }

    /// What this transaction needs and the server does not offer.
    fn lacking(&self) -> Option<Next<'p>> {
        let extensions = &self.plan.extensions;
        let Transaction { mail_from, mail_params, recipients, message } = self.now();
        let international =
            !mail_from.as_str().is_ascii() || recipients.iter().any(|to| !to.path.as_str().is_ascii());
        if extensions.force {
            return None;
        }
        if international && !self.offered("SMTPUTF8") {
            // RFC 6531 §3.1: such an address must not be sent to this server.
            return Some(not_offered(
                "SMTPUTF8",
                "an address is not ASCII, and the server does not offer SMTPUTF8".to_owned(),
            ));
        }
        for (wanted, keyword) in [
            (extensions.pipelining, "PIPELINING"),
            (extensions.chunks.is_some() && message.is_some(), "CHUNKING"),
        ] {
            if wanted && !self.offered(keyword) {
                return Some(not_offered(keyword, format!("the server does not offer {keyword}")));
            }
        }
        let all = recipients.iter().map(|to| &to.params);
        std::iter::once(mail_params).chain(all).find_map(|params| self.unoffered(params))
    }
}
