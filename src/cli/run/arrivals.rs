//! What arrived of a session's messages: at the simulator that it was played against,
//! or behind the server that passes them on.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};

use crate::exchange::{Attribution, author_addresses, header_fields, message_id};
use crate::message::Stamp;
use crate::plan::Plan;
use crate::scenario::Expectations;
use crate::session::{Arrived, Observation, Sent, Waited};
use crate::simulator::{Delivered, Lab};
use crate::smtp::Stage;
use crate::verdict::{is_settled, patience};

/// Where what arrives of a case can be seen.
pub(in crate::cli) enum Arrivals<'a> {
    /// Nowhere.
    Unseen,
    /// At the simulator of this process, which it is played against.
    Here(&'a Lab),
    /// At the simulator of this process, behind the server that it is played against.
    Behind(Behind<'a>),
}

/// Where a server passes mail on to.
pub(in crate::cli) struct Behind<'a> {
    pub(super) lab: &'a Lab,
    /// The index of its front door.
    pub(super) door: usize,
    /// The target's name.
    pub(super) at: Arc<str>,
    /// How long it may take where a case does not say.
    pub(super) within: Duration,
}

/// Adds the account and what arrived of a session with the simulator itself. To be
/// called at once, while the messages are among the newest.
pub(super) fn here(lab: &Lab, seen: &mut Observation) {
    let greeting = seen.answers.first().filter(|answer| answer.stage == Stage::Greeting);
    let Some(greeting) = greeting.map(|greeting| greeting.reply.text()) else { return };
    seen.account = lab.account(&greeting);
    seen.arrived = Some(lab.arrived(&greeting).iter().map(|message| arrived(message)).collect());
}

/// Waits for what a server passes on of a session that `began` then, until it is known
/// whether what is expected of it holds. By an absolute deadline: arrivals do not put it
/// off.
pub(super) async fn behind(
    way: &Behind<'_>,
    plan: &Plan,
    expect: &Expectations,
    began: Instant,
    seen: &mut Observation,
) {
    let known: Vec<(String, Sent)> =
        seen.sent.iter().filter_map(|sent| Some((id(plan, sent)?, sent.clone()))).collect();
    let ids: Vec<String> = known.iter().map(|(id, _)| id.clone()).collect();
    let mut watch = way.lab.watch(way.door, &ids, began.into_std());
    let complete = !watch.has_missed();
    seen.arrived = Some(Vec::new());
    seen.waited = Some(Waited { at: Arc::clone(&way.at), within: way.within, complete });
    let last = known.iter().map(|(_, sent)| sent.at).max().unwrap_or_default();
    let deadline = began + last + patience(expect, way.within);
    while !is_settled(plan, expect, seen) {
        let Ok(message) = timeout_at(deadline, watch.next()).await else { break };
        let Some(message) = message else {
            // So many copies came that the watch gave up: what else came is not known.
            seen.waited = Some(Waited { at: Arc::clone(&way.at), within: way.within, complete: false });
            break;
        };
        let Some((_, sent)) = known.iter().find(|(id, _)| message.message_id.as_ref() == Some(id)) else {
            continue;
        };
        let took = message.at.saturating_duration_since((began + sent.at).into_std());
        let steps = message.account.steps().iter().enumerate();
        seen.account.extend(steps.map(|(n, step)| match n {
            0 => format!("at {}: {step}", way.at),
            _ => step.to_string(),
        }));
        let passed_on = Some((sent.transaction, took));
        seen.arrived.get_or_insert_default().push(Arrived { passed_on, ..arrived(&message) });
    }
}

/// The Message-ID that a message went out with.
fn id(plan: &Plan, sent: &Sent) -> Option<String> {
    let draft = plan.message(sent.transaction)?;
    if draft.is_numbered() {
        return Some(format!("<{}>", sent.message_id));
    }
    let stamp = Stamp { date: SystemTime::UNIX_EPOCH, message_id: &sent.message_id, case_id: &plan.case_id };
    message_id(&draft.render(&stamp))
}

/// A message of the simulator as verdicts take it.
fn arrived(message: &Delivered) -> Arrived {
    let attribution = message.attribution.as_ref();
    Arrived {
        tenant: attribution.map(|attribution| attribution.tenant.clone()),
        connector: attribution.and_then(|attribution| attribution.connector.clone()),
        direction: attribution.map(Attribution::direction),
        tls: message.tls.clone(),
        mail_from: message.mail_from.clone(),
        rcpt_to: message.rcpt_to.clone(),
        passed_on: None,
        authors: author_addresses(&message.head),
        fields: header_fields(&message.head),
    }
}
