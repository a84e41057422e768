//! Steps: the dialogue as it is written out, one after the other.
//!
//! A step that is not answered as the plan says is the last. Of a batch that was
//! written in one go all replies are read first, for all were asked for.

use super::dialogue::{At, Dialogue, Next, command, not_offered};
use crate::plan::{HelloVerb, Plan, Recipient, Say, Step, TlsMode};
use crate::smtp::{EhloResponse, Reply};

/// Where a dialogue of steps stands.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Whether the first step was begun.
    begun: bool,
    /// The step whose reply is awaited, or the last.
    step: usize,
    /// How many steps were played to their end.
    done: usize,
    /// How many steps have been written: a batch is written before it is answered.
    written: usize,
    /// How many MAIL have had their turn.
    mails: usize,
    /// How many replies the raw bytes still ask for.
    replies: u16,
    /// The piece of the message that is next, from 0, and whether it ends the message.
    chunk: (usize, bool),
    /// Whether the session may go on after the first refusal of this step.
    refusal: Option<bool>,
    /// A step of the batch was not answered as the plan says.
    missed: bool,
    /// The server waits for a message.
    in_data: bool,
    /// The server waits for an answer to its challenge, which raw bytes asked for.
    challenged: bool,
    /// Raw bytes were sent: what the server holds is not known any more.
    raw: bool,
}

impl<'p> Dialogue<'p> {
    /// The steps have their turn.
    pub(super) fn next_step(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        let list = steps(self.plan);
        let first = self.progress.done;
        if first >= list.len() {
            return self.end();
        }
        let last = (first..list.len()).find(|n| !list[*n].with_next).unwrap_or(list.len() - 1);
        self.progress.begun = true;
        self.progress.written = last + 1;
        self.enter(first);
        let batch = &list[first..=last];
        if batch.len() == 1 {
            return self.say(&list[first], false, out);
        }
        let forced = self.plan.extensions.force || batch.iter().any(|step| step.violate);
        if !forced && !self.offered("PIPELINING") {
            // RFC 2920 §3.1: only where it is offered.
            return not_offered("PIPELINING", "the server does not offer PIPELINING".to_owned());
        }
        for step in batch {
            match self.say(step, true, out) {
                Next::Say => {}
                other => {
                    out.clear();
                    return other;
                }
            }
        }
        Next::Say
    }

    /// The step that an answer or an event belongs to; `None` before the first.
    pub(super) fn step(&self) -> Option<usize> {
        self.progress.begun.then_some(self.progress.step)
    }

    /// How many steps were played to their end.
    pub(super) fn steps_done(&self) -> usize {
        self.progress.done
    }

    /// Whether raw bytes are being sent.
    pub(super) fn is_raw(&self) -> bool {
        self.progress.begun && matches!(steps(self.plan)[self.progress.step].say, Say::Raw { .. })
    }

    /// Whether the server takes what comes for a message.
    pub(super) fn is_in_data(&self) -> bool {
        self.progress.in_data
    }

    /// Whether raw bytes answer a challenge.
    pub(super) fn is_challenged(&self) -> bool {
        self.progress.challenged
    }

    /// The next piece of the message ends it, or does not.
    pub(super) fn chunk_ends(&mut self, last: bool) {
        self.progress.chunk.1 = last;
        if self.plan.steps.is_none() {
            if last {
                self.at = At::Message;
            }
            return;
        }
        let Say::Bdat { last: told, .. } = steps(self.plan)[self.progress.step].say else { return };
        self.at = if last && told { At::Message } else { At::Command };
    }

    /// What had to be said or done without a reply is done.
    pub(super) fn done(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        self.step_ends(true, out)
    }

    /// A reply to a step; 421 and replies that are no answer have been seen to.
    pub(super) fn step_reply(&mut self, reply: &Reply, challenge: bool, out: &mut Vec<u8>) -> Next<'p> {
        if challenge {
            return self.challenge(reply, out);
        }
        let step = &steps(self.plan)[self.progress.step];
        let stage = self.stage();
        let accepted = stage.accepts(reply.code());
        if let At::Auth(sasl) = &self.at
            && accepted
            && let Err(event) = Self::logged_in(sasl, reply.code())
        {
            return Next::Fail(event);
        }
        let bears = matches!(&step.say, Say::Auth(log_in) if log_in.continue_on_failure);
        let mut goes_on = bears || step.goes_on.after(stage, reply);
        if !accepted {
            goes_on = *self.progress.refusal.get_or_insert(goes_on);
        } else if let Some(decided) = self.progress.refusal {
            goes_on = decided;
        }
        match (&step.say, &self.at) {
            (Say::Hello(hello), _) if accepted => {
                if hello.verb == HelloVerb::Ehlo {
                    let offers = EhloResponse::parse(reply);
                    self.notes.extend(offers.oddities());
                    self.offers = Some(offers);
                }
                // RFC 5321 §4.1.4: as RSET does.
                self.accepted = 0;
            }
            (Say::StartTls, _) if accepted => {
                self.accepted = 0;
                return match &self.plan.tls {
                    TlsMode::StartTls { tls, .. } if goes_on && !self.secured => {
                        self.at = At::Tls;
                        Next::Handshake(tls)
                    }
                    // The server waits for a handshake that does not come.
                    _ => Next::End { quit: false },
                };
            }
            (Say::Mail { params, .. }, _) if accepted => {
                self.accepted = 0;
                self.each.begin(self.plan.lmtp, params);
            }
            (Say::Rcpt(_), _) if accepted => {
                self.accepted += 1;
                self.each.accept(self.accepted);
            }
            (Say::Data(message), At::Data) if accepted => {
                self.progress.in_data = true;
                if let Some(message) = message {
                    return self.message(message, step, out);
                }
            }
            (Say::Data(_) | Say::Bdat { .. }, At::Message) if !self.for_nobody && self.each.told(reply) => {
                return Next::Listen;
            }
            (Say::Data(_), At::Message) => {
                (self.progress.in_data, self.accepted) = (false, 0);
                if let Some(event) = self.taken_for_nobody(reply) {
                    return Next::Fail(event);
                }
            }
            (Say::Bdat { .. }, _) if accepted && !self.progress.chunk.1 => {
                self.progress.chunk.0 += 1;
                return self.piece(step);
            }
            (Say::Bdat { .. }, At::Message) => self.accepted = 0,
            (Say::Rset, _) if accepted => self.accepted = 0,
            (Say::Raw { .. }, _) => {
                let code = reply.code().get();
                (self.progress.in_data, self.progress.challenged) = (code == 354, code == 334);
                self.progress.replies -= 1;
                if self.progress.replies > 0 {
                    return Next::Listen;
                }
            }
            _ => {}
        }
        self.step_ends(goes_on, out)
    }

    /// A step has been played; the session goes on or does not.
    fn step_ends(&mut self, goes_on: bool, out: &mut Vec<u8>) -> Next<'p> {
        self.progress.done += 1;
        self.progress.missed |= !goes_on;
        if self.progress.done < self.progress.written {
            self.enter(self.progress.done);
            return Next::Listen;
        }
        if self.progress.missed { self.end() } else { self.next_step(out) }
    }

    /// Neither a message nor the answer to a challenge: QUIT would be taken for it.
    fn end(&self) -> Next<'p> {
        Next::End { quit: !self.progress.in_data && !self.progress.challenged }
    }

    /// A step has its turn: what comes next belongs to it.
    fn enter(&mut self, n: usize) {
        let progress = &mut self.progress;
        (progress.step, progress.refusal, progress.chunk) = (n, None, (0, false));
        self.at = match &steps(self.plan)[n].say {
            Say::Hello(_) => At::Hello,
            Say::StartTls => At::StartTls,
            Say::Mail { .. } => {
                self.transaction += usize::from(progress.mails > 0);
                progress.mails += 1;
                At::Mail
            }
            Say::Rcpt(_) => At::Rcpt,
            Say::Data(_) => At::Data,
            Say::Raw { replies, .. } => {
                progress.replies = *replies;
                At::Command
            }
            _ => At::Command,
        };
    }

    /// Puts what a step says into the buffer.
    fn say(&mut self, step: &'p Step, batched: bool, out: &mut Vec<u8>) -> Next<'p> {
        let forced = step.violate || self.plan.extensions.force;
        let lacks_utf8 =
            |dialogue: &Self, path: &str| !forced && !path.is_ascii() && !dialogue.offered("SMTPUTF8");
        // RFC 5321 §3.3: not where no recipient was accepted, and in a batch that is
        // not known yet.
        let nobody = self.accepted == 0 && !step.violate && !self.progress.raw && !batched;
        match &step.say {
            Say::Hello(hello) => self.greet(hello, out),
            Say::StartTls => {
                let unasked = matches!(self.plan.tls, TlsMode::StartTls { force: true, .. });
                if !step.violate && !unasked && !self.offered("STARTTLS") {
                    return not_offered("STARTTLS", "the server does not offer STARTTLS".to_owned());
                }
                command(out, &["STARTTLS"], "")
            }
            Say::Auth(log_in) => self.auth(log_in, step.violate, out),
            Say::Mail { path, .. } if lacks_utf8(self, path.as_str()) => no_utf8(),
            Say::Rcpt(to) if lacks_utf8(self, to.path.as_str()) => no_utf8(),
            Say::Mail { params, .. } | Say::Rcpt(Recipient { params, .. })
                if !forced && let Some(lacking) = self.unoffered(params) =>
            {
                lacking
            }
            Say::Mail { path, params } => command(out, &["MAIL FROM:<", path.as_str(), ">"], params),
            Say::Rcpt(to) => command(out, &["RCPT TO:<", to.path.as_str(), ">"], &to.params),
            Say::Data(_) | Say::Bdat { .. } if nobody => self.end(),
            Say::Data(_) => command(out, &["DATA"], ""),
            Say::Bdat { .. } => {
                if !forced && !self.offered("CHUNKING") {
                    return not_offered("CHUNKING", "the server does not offer CHUNKING".to_owned());
                }
                self.piece(step)
            }
            Say::Rset => command(out, &["RSET"], ""),
            Say::Noop(text) => command(out, &["NOOP"], text),
            Say::Vrfy(text) => command(out, &["VRFY"], text),
            Say::Expn(text) => command(out, &["EXPN"], text),
            Say::Help(text) => command(out, &["HELP"], text),
            Say::Quit => Next::End { quit: true },
            Say::Raw { bytes, replies } => {
                self.progress.raw = true;
                out.extend_from_slice(bytes);
                if *replies == 0 { Next::Write } else { Next::Say }
            }
            Say::Wait(time) => Next::Wait(*time),
            Say::Close(close) => Next::Close(*close),
        }
    }

    /// What follows 354.
    fn message(
        &mut self,
        message: &'p std::sync::Arc<crate::message::Draft>,
        step: &Step,
        out: &mut Vec<u8>,
    ) -> Next<'p> {
        if self.progress.missed {
            // Closed without the final dot nothing is delivered.
            return self.end();
        }
        self.at = At::Message;
        if self.accepted == 0 && !step.violate && !self.progress.raw {
            return self.lone_dot(out);
        }
        Next::Message(message)
    }

    /// The next piece of a message in chunks.
    fn piece(&self, step: &'p Step) -> Next<'p> {
        match &step.say {
            Say::Bdat { message, chunks, last } => {
                Next::Chunk { message, chunks, nth: self.progress.chunk.0, last: *last }
            }
            _ => self.end(),
        }
    }
}

fn steps(plan: &Plan) -> &[Step] {
    plan.steps.as_ref().map_or(&[], |steps| &steps.list)
}

fn no_utf8<'p>() -> Next<'p> {
    not_offered("SMTPUTF8", "the address is not ASCII, and the server does not offer SMTPUTF8".to_owned())
}
