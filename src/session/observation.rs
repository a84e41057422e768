//! What was seen of one session: facts alone, no judgement.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Transcript;
use crate::smtp::{EhloResponse, Event, ForwardPath, Reply, ReversePath, Stage};
use crate::tls::{Accepted, Negotiated};

/// What was seen of one session.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// Every reply, in the order of the session, QUIT's included.
    pub answers: Vec<Answer>,
    /// The end that was no reply, and the stage it belongs to. An event at QUIT
    /// is not recorded here.
    pub event: Option<(Stage, Event)>,
    /// Which step the event fell into, from 0.
    pub event_step: Option<u16>,
    /// How many steps were played to their end, replies or no replies.
    pub steps: u16,
    /// What the EHLO in clear text (or under implicit TLS) offered.
    pub ehlo: Option<EhloResponse>,
    /// What the EHLO after STARTTLS offered.
    pub ehlo_tls: Option<EhloResponse>,
    /// What TLS came to, where a handshake was finished.
    pub tls: Option<Negotiated>,
    /// Where QUIT was held back: how long after the last reply the peer closed,
    /// or `None` if it had not within five seconds.
    pub peer_closed: Option<Duration>,
    /// The address connected to.
    pub peer: Option<SocketAddr>,
    /// How long things took.
    pub timings: Timings,
    /// The dialogue, secrets masked.
    pub transcript: Transcript,
    /// Why the server answered as it did, in words, where that can be known: the
    /// simulator tells. Empty otherwise; the session itself never fills it in.
    pub account: Vec<String>,
    /// The messages that went out whole, in order.
    pub sent: Vec<Sent>,
    /// What arrived of the session's messages, in order, where that can be seen: the
    /// simulator tells. `None` otherwise; the session itself never fills it in.
    pub arrived: Option<Vec<Arrived>>,
    /// How `arrived` was waited for, where the server passes mail on and the simulator
    /// is behind it. `None` where the server is the simulator itself.
    pub waited: Option<Waited>,
    /// The session was left before its plan was done: it says nothing of the server.
    pub left: bool,
    /// Oddities that are no fault, in words: a TLS close without close_notify
    /// after QUIT, a doubled keyword.
    pub notes: Vec<String>,
}

/// A message that went out whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Which transaction it is of, from 0.
    pub transaction: u16,
    /// What its Message-ID is made of, unless it brought its own; without angle
    /// brackets.
    pub message_id: String,
    /// When its last byte was written, since the session began.
    pub at: Duration,
}

/// How arrivals behind another server were waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// The simulator's target that they were to arrive at, by name.
    pub at: Arc<str>,
    /// From the end of the message to its arrival at most, where a case does not say.
    pub within: Duration,
    /// Whether all of them were seen: the simulator keeps the newest alone.
    pub complete: bool,
}

/// A message as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The tenant that it was attributed to, by name.
    pub tenant: Option<String>,
    /// The connector that it came through, by name.
    pub connector: Option<String>,
    /// Whether it counts as the tenant's own mail (`originating`) or as mail to it
    /// (`incoming`).
    pub direction: Option<&'static str>,
    /// The TLS it came in with; `None`: in clear text.
    pub tls: Option<Accepted>,
    /// The P1 sender.
    pub mail_from: ReversePath,
    /// The recipients that were accepted.
    pub rcpt_to: Vec<ForwardPath>,
    /// Which transaction it is of, from 0, and how long after the end of the message it
    /// arrived, where that could be told: behind another server.
    pub passed_on: Option<(u16, Duration)>,
    /// The addresses in `From:`.
    pub authors: Vec<String>,
    /// The fields of its header, name and value, unfolded; of a header longer than
    /// 64 KiB the beginning.
    pub fields: Vec<(String, String)>,
}

/// A reply, and what it answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it answered.
    pub stage: Stage,
    /// Which transaction, from 0; 0 before the first.
    pub transaction: u16,
    /// Which recipient of the transaction, from 0, at [`Stage::RcptTo`], and at
    /// [`Stage::Message`] where each has a reply of its own.
    pub recipient: Option<u16>,
    /// Which step, from 0, where the dialogue is written out.
    pub step: Option<u16>,
    /// The reply.
    pub reply: Reply,
    /// From the last byte written to the last byte read. For the greeting: from
    /// the connection (or the handshake) to the last byte read.
    pub elapsed: Duration,
    /// When it was complete, since the session began.
    pub at: Duration,
}

/// How long things took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Name look-up and TCP connect.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// The session as a whole.
    pub total: Duration,
}
