//! Messages: composed, or read from their files, and told apart where they arrive.

use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use super::super::Case;
use super::super::extensions::with_size;
use super::super::spec::{MessageSpec, Spec};
use super::resolver::{Resolver, read};
use crate::exchange::message_id;
use crate::message::{Body, Draft, Stamp, new_message_id};
use crate::plan::{Recipient, Say, Step, Steps, Transaction};
use crate::smtp::ReversePath;
use crate::yaml::Diagnostic;

/// The most that a message file may hold, in bytes: Exchange Online takes 150
/// MiB.
const MAX_MESSAGE: u64 = 160 * 1024 * 1024;

impl Resolver {
    fn body(&self, text: &Arc<str>) -> Body {
        let mut last = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(body) if body.is_of(text) => body.clone(),
            _ => last.insert(Body::new(Arc::clone(text))).clone(),
        }
    }

    pub(super) fn message(
        &self,
        whole: &Spec,
        message: &MessageSpec,
        mail_from: &ReversePath,
        recipients: &[Recipient],
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Arc<Draft>> {
        match message {
            MessageSpec::Composed(draft) => Some(Arc::clone(draft)),
            MessageSpec::Parts(parts) => {
                let draft = parts.compose(mail_from, recipients, &whole.hello, |text| self.body(text));
                let draft = draft.map_err(|why| faults.push(Diagnostic::error(why.to_string(), whole.whole)));
                Some(Arc::new(draft.ok()?))
            }
            MessageSpec::File(file) => {
                let draft = self.drafts.get(file.path.clone(), |path| {
                    read(path, MAX_MESSAGE).map(|bytes| Arc::new(Draft::verbatim(bytes)))
                });
                draft.map_err(|why| faults.push(Diagnostic::error(why, file.span))).ok()
            }
        }
    }

    /// Sees to it that what arrives of each message can be told from everything else:
    /// behind another server that goes by the Message-ID alone.
    pub(super) fn tell_apart(
        &self,
        case: &Case,
        spec: &Spec,
        messages: &[Message<'_>],
        faults: &mut Vec<Diagnostic>,
    ) {
        for &(n, draft, written) in messages.iter().filter(|(_, draft, _)| !draft.is_numbered()) {
            let at = match written {
                MessageSpec::File(file) => file.span,
                _ => spec.whole,
            };
            let stamp = Stamp { date: SystemTime::UNIX_EPOCH, message_id: "", case_id: &case.id };
            let Some(id) = message_id(&draft.render(&stamp)) else {
                let fault = Diagnostic::error("the message has no Message-ID", at);
                faults.push(fault.label("by which `delivered` knows it again behind another server"));
                continue;
            };
            let own = (case.id.clone(), n);
            let other = {
                let mut known = self.message_ids.lock().unwrap_or_else(PoisonError::into_inner);
                known.entry(id.clone()).or_insert_with(|| own.clone()).clone()
            };
            let why = if other != own {
                let whose = if other.0 == own.0 { "another message of this case" } else { &other.0 };
                format!("{whose} has the Message-ID {id} as well")
            } else if case.repeat.is_some_and(|repeat| repeat.times > 1) {
                format!("every session of this case has the Message-ID {id}")
            } else {
                continue;
            };
            let fault = Diagnostic::error(why, at);
            faults.push(
                fault.label("`delivered` knows messages by it behind another server; give each its own"),
            );
        }
    }
}

/// A message, the transaction that it is of, and how it is written.
pub(super) type Message<'m> = (usize, &'m Draft, &'m MessageSpec);

/// The messages of a session, in order.
pub(super) fn messages<'m>(
    spec: &'m Spec,
    transactions: &'m [Transaction],
    steps: Option<&'m Steps>,
) -> Vec<Message<'m>> {
    let own = transactions.iter().zip(spec.transactions.iter()).enumerate();
    let own = own
        .filter_map(|(n, (made, written))| Some((n, &**made.message.as_ref()?, written.message.as_ref()?)));
    let mut all: Vec<Message<'m>> = own.collect();
    let (Some(made), Some(written)) = (steps, &spec.steps) else { return all };
    let mut mails: usize = 0;
    for (made, written) in made.list.iter().zip(&written.steps.list) {
        match (&made.say, &written.say) {
            (Say::Mail { .. }, _) => mails += 1,
            (Say::Data(Some(draft)), Say::Data(Some(own)))
            | (Say::Bdat { message: draft, .. }, Say::Bdat { message: own, .. }) => {
                all.push((mails.saturating_sub(1), draft, &own.message));
            }
            _ => {}
        }
    }
    all
}

/// How many octets a message has on the wire, dots not doubled (RFC 1870 §3).
pub(super) fn size(case: &Case, spec: &Spec, draft: &Draft, by_data: bool) -> usize {
    let message_id = new_message_id(&spec.hello.name);
    let stamp = Stamp { date: SystemTime::now(), message_id: &message_id, case_id: &case.id };
    let message = draft.render(&stamp);
    let ended = message.ends_with(b"\r\n") || !by_data;
    message.len() + if ended { 0 } else { 2 }
}

/// Gives each MAIL of a dialogue that is written out the size of the message after it.
pub(super) fn size_mails(case: &Case, spec: &Spec, list: &mut [Step]) {
    let mut follows = None;
    for step in list.iter_mut().rev() {
        match &mut step.say {
            Say::Data(Some(draft)) => follows = Some(size(case, spec, draft, true)),
            Say::Bdat { message, .. } => follows = Some(size(case, spec, message, false)),
            Say::Mail { params, .. } => {
                if let Some(size) = follows.take() {
                    *params = with_size(params, size);
                }
            }
            _ => {}
        }
    }
}
