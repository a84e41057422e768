//! Plays a plan on a connection: asks the dialogue what to say, says it, and
//! writes down what comes of it.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::dialogue::{Dialogue, Next};
use super::ending::QUIT;
use super::link::{Link, Silence};
use super::mask::Mask;
use super::silence::{delivery_unknown, unasked};
use super::wire::Wire;
use super::{Answer, Direction, Line, Observation, Sent, Transcript};
use crate::message::{Draft, Stamp, new_message_id};
use crate::plan::{Plan, Route, TlsMode, TlsPlan};
use crate::smtp::{self, Event, EventKind, Reply, Stage, lossless};
use crate::tls::{ClientCertificate, Memory, Negotiated, Staple};

/// Written between two looks at whether the server has spoken out of turn.
const CHUNK: usize = 64 * 1024;

/// Hears each line of the dialogue as it is spoken, secrets masked.
pub type Watch<'w> = &'w mut (dyn FnMut(Line<'_>) + Send);

/// A session in progress: what it is to do and what was seen of it.
pub(super) struct Drive<'a> {
    pub(super) plan: &'a Plan,
    watch: Watch<'a>,
    pub(super) mask: Mask,
    pub(super) seen: Observation,
    pub(super) started: Instant,
    pub(super) out: Vec<u8>,
    /// The message that is being sent in pieces, and how much of it has been.
    pub(super) pieces: (Vec<u8>, usize),
    /// What its Message-ID is made of.
    pub(super) piece_id: String,
    /// Whether the server has replied under TLS.
    pub(super) heard_under_tls: bool,
    /// A message is being written that has begun and not ended.
    pub(super) in_message: bool,
    pub(super) said_quit: bool,
    /// What TLS sessions are resumed by.
    memory: Option<&'a Memory>,
    /// When this connection was begun.
    pub(super) dialled: Instant,
}

/// Why the session goes no further, and the stage it belongs to.
pub(super) type End = (Stage, Event);

impl<'a> Drive<'a> {
    pub(super) fn new(plan: &'a Plan, watch: Watch<'a>, started: Instant) -> Self {
        Self {
            plan,
            watch,
            mask: Mask::new(plan.secrets()),
            seen: Observation::default(),
            started,
            out: Vec::with_capacity(256),
            pieces: (Vec::new(), 0),
            piece_id: String::new(),
            heard_under_tls: false,
            in_message: false,
            said_quit: false,
            memory: None,
            dialled: started,
        }
    }

    /// Has a memory for TLS sessions.
    pub(super) fn remembering(mut self, memory: &'a Memory) -> Self {
        self.memory = Some(memory);
        self
    }

    /// Goes on where another connection of the same session's time has ended.
    pub(super) fn after(mut self, transcript: Transcript, note: &str) -> Self {
        self.seen.transcript = transcript;
        self.dialled = Instant::now();
        self.line(Direction::Note, note);
        self
    }

    /// The session that never came to be.
    pub(super) fn unreached(mut self, event: Event) -> Observation {
        self.end_with((Stage::Connect, event));
        self.finish()
    }

    /// The session that was left before there was a connection.
    pub(super) fn left(mut self) -> Observation {
        self.seen.left = true;
        self.finish()
    }

    /// Plays the plan on a connection, until it is done or `leave` is ready.
    pub(super) async fn play<S: Wire>(
        mut self,
        io: S,
        peer: Option<SocketAddr>,
        leave: impl Future<Output = ()>,
    ) -> Observation {
        self.seen.timings.connect = Some(self.dialled.elapsed());
        self.seen.peer = peer;
        self.seen.answers.reserve(8);
        self.seen.transcript.reserve(1_024, 32);
        if let Route::Mx(mx) = &self.plan.endpoint.route {
            self.line(Direction::Note, &mx.in_words(&self.plan.endpoint.host));
        }
        if let Some(peer) = peer {
            self.line(Direction::Note, &format!("connected to {peer}"));
        } else if self.plan.endpoint.socket().is_some() {
            self.line(Direction::Note, &format!("connected to {}", self.plan.endpoint.host));
        }
        let loopback = peer.is_none_or(|peer| peer.ip().to_canonical().is_loopback());
        let mut dialogue = Dialogue::new(self.plan, loopback);
        let mut link = Link::new(io, self.plan.limits, self.started + self.plan.timeouts.session);
        let ended = tokio::select! {
            biased;
            ended = self.converse(&mut dialogue, &mut link) => Some(ended),
            () = leave => None,
        };
        match ended {
            Some(Ok(())) => {}
            Some(Err(end)) => {
                self.seen.event_step = dialogue.step().map(count);
                self.end_with(end);
            }
            None => self.leave(&dialogue, &mut link).await,
        }
        self.seen.steps = count(dialogue.steps_done());
        for note in std::mem::take(&mut dialogue.notes) {
            self.note(&note);
        }
        if let Some(offers) = dialogue.take_offers() {
            let starttls = matches!(self.plan.tls, TlsMode::StartTls { .. });
            let slot = if starttls && self.seen.tls.is_some() {
                &mut self.seen.ehlo_tls
            } else {
                &mut self.seen.ehlo
            };
            *slot = Some(offers);
        }
        self.finish()
    }

    async fn converse<S: Wire>(
        &mut self,
        dialogue: &mut Dialogue<'a>,
        link: &mut Link<S>,
    ) -> Result<(), End> {
        let mut next = dialogue.connected();
        loop {
            let mut stage = dialogue.stage();
            link.allow(self.plan.timeouts.reply);
            let reply = match next {
                Next::Listen => self.read(link, stage).await?,
                Next::Say => {
                    self.tell_raw(dialogue);
                    self.say(dialogue.is_secret(), link, stage).await?
                }
                Next::Chunk { message, chunks, nth, last } => {
                    let size = self.piece(message, chunks, nth, last, dialogue);
                    stage = dialogue.stage();
                    self.chunk(size, dialogue.transaction(), link, stage).await?
                }
                Next::Write => {
                    self.tell_raw(dialogue);
                    match self.write(dialogue.is_secret(), link, stage).await? {
                        Some(reply) => reply,
                        None => {
                            self.out.clear();
                            next = dialogue.done(&mut self.out);
                            continue;
                        }
                    }
                }
                Next::Wait(time) => match self.wait(time, link, stage).await? {
                    Some(reply) => reply,
                    None => {
                        next = dialogue.done(&mut self.out);
                        continue;
                    }
                },
                Next::Close(close) => {
                    // Not before the server had its say, and what it said is heard.
                    self.quiet(link, stage).await?;
                    let _ = dialogue.done(&mut self.out);
                    self.close(close, link).await;
                    return Ok(());
                }
                Next::Message(draft) => self.send(draft, dialogue.transaction(), link, stage).await?,
                Next::Handshake(tls) => {
                    if let Some(offers) = dialogue.take_offers() {
                        self.seen.ehlo = Some(offers);
                    }
                    let verified = self.handshake(tls, link).await?;
                    self.out.clear();
                    next = dialogue.secured(verified, &mut self.out);
                    continue;
                }
                Next::Settle => {
                    // The greeting, or a refusal; silence is neither.
                    return match self.read(link, Stage::Greeting).await {
                        Err((Stage::Tls, event)) => Err((Stage::Tls, event)),
                        Ok(_) | Err(_) => Ok(()),
                    };
                }
                Next::End { quit } => return self.end(quit, link).await,
                Next::Fail(event) => {
                    if !self.out.is_empty() {
                        // `*`: whether the server hears it changes nothing.
                        self.line(Direction::Sent, "*");
                        let _ = link.write(&self.out).await;
                    }
                    return Err((stage, event));
                }
            };
            self.out.clear();
            let (transaction, recipient) = (dialogue.transaction(), dialogue.recipient());
            let step = dialogue.step().map(count);
            let is_answer = dialogue.is_answer(&reply);
            next = dialogue.reply(&reply, &mut self.out);
            for proof in dialogue.proofs.drain(..) {
                self.mask.add(&proof);
            }
            if is_answer {
                let answer = Answer {
                    stage,
                    transaction: count(transaction),
                    recipient: recipient.map(count),
                    step,
                    reply: self.mask.reply(reply),
                    elapsed: link.elapsed(),
                    at: self.started.elapsed(),
                };
                self.seen.answers.push(answer);
            }
        }
    }

    /// Writes the line in the buffer and reads its reply.
    pub(super) async fn say<S: Wire>(
        &mut self,
        secret: bool,
        link: &mut Link<S>,
        stage: Stage,
    ) -> Result<Reply, End> {
        if let Some(reply) = self.quiet(link, stage).await? {
            return Ok(reply);
        }
        let out = std::mem::take(&mut self.out);
        self.spoken(secret, &out);
        let written = link.write(&out).await;
        self.out = out;
        self.hear(written, link, stage).await
    }

    /// Writes the message with its final dot and reads the reply.
    async fn send<S: Wire>(
        &mut self,
        draft: &Draft,
        transaction: usize,
        link: &mut Link<S>,
        stage: Stage,
    ) -> Result<Reply, End> {
        let mut out = std::mem::take(&mut self.out);
        let message_id = self.message_id();
        let message = draft.render(&self.stamp(&message_id));
        smtp::stuff(&message, &mut out);
        let size = message.len();
        self.in_message = true;
        for (n, chunk) in out.chunks(CHUNK).enumerate() {
            // Before every piece, and so before the final dot: a reply that is
            // already there was not given to this message.
            if let Some(reply) = self.quiet(link, stage).await? {
                return Ok(reply);
            }
            if n == 0 {
                self.line(Direction::Note, &format!("the message, {size} bytes, and the final dot"));
            }
            let written = link.write(chunk).await;
            if written.is_err() {
                return self.hear(written, link, stage).await;
            }
        }
        self.in_message = false;
        self.out = out;
        self.seen.sent.push(Sent { transaction: count(transaction), message_id, at: self.started.elapsed() });
        self.read(link, stage).await.map_err(delivery_unknown)
    }

    /// An id that no other message has.
    pub(super) fn message_id(&self) -> String {
        new_message_id(&self.plan.hello.name)
    }

    pub(super) fn stamp<'s>(&'s self, message_id: &'s str) -> Stamp<'s> {
        Stamp { date: SystemTime::now(), message_id, case_id: &self.plan.case_id }
    }

    /// The reply to what was written; where writing failed, the server may have
    /// said why before it closed.
    pub(super) async fn hear<S: Wire>(
        &mut self,
        written: Result<(), Silence>,
        link: &mut Link<S>,
        stage: Stage,
    ) -> Result<Reply, End> {
        let Err(silence) = written else { return self.read(link, stage).await };
        if matches!(silence, Silence::Timeout { .. }) {
            return Err(self.silence(silence, link, stage));
        }
        link.allow(QUIT);
        match self.read(link, stage).await {
            // What came before the command was read cannot have granted it.
            Ok(reply) if stage.accepts(reply.code()) => Err((stage, unasked(&reply))),
            Ok(reply) => Ok(reply),
            Err((Stage::Tls, event)) => Err((Stage::Tls, event)),
            Err(_) => Err(self.silence(silence, link, stage)),
        }
    }

    /// Reads the reply that is due.
    pub(super) async fn read<S: Wire>(&mut self, link: &mut Link<S>, stage: Stage) -> Result<Reply, End> {
        match link.read().await {
            Ok(reply) => {
                self.heard_under_tls |= link.is_tls();
                self.received(&reply);
                Ok(reply)
            }
            Err(silence) => Err(self.silence(silence, link, stage)),
        }
    }

    /// Sees to it that the server has said nothing that nobody asked for. A 421
    /// is allowed at any time (RFC 5321 §3.8) and is the reply to what was about
    /// to be said.
    pub(super) async fn quiet<S: Wire>(
        &mut self,
        link: &mut Link<S>,
        stage: Stage,
    ) -> Result<Option<Reply>, End> {
        match link.unasked().await {
            Ok(None) => Ok(None),
            Ok(Some(reply)) => {
                self.received(&reply);
                if reply.code().get() == 421 { Ok(Some(reply)) } else { Err((stage, unasked(&reply))) }
            }
            Err(Silence::Malformed(_)) => Err((stage, self.unasked_bytes(link))),
            Err(silence) => Err(self.silence(silence, link, stage)),
        }
    }

    async fn handshake<S: Wire>(&mut self, tls: &TlsPlan, link: &mut Link<S>) -> Result<bool, End> {
        // With implicit TLS there is no such moment: clear text there is a server
        // that does not speak TLS, and the handshake says so.
        let after_starttls = matches!(self.plan.tls, TlsMode::StartTls { .. });
        if after_starttls && link.has_bytes_before_tls() {
            let pending = self.unread(link);
            let detail = format!("the server sent clear text between its 220 and the handshake: {pending}");
            return Err((
                Stage::Tls,
                Event::new(EventKind::Desync, "plaintext_before_tls").with_detail(detail),
            ));
        }
        link.allow(self.plan.timeouts.tls);
        let begun = Instant::now();
        // A socket has no name; what listens there is this host.
        let own = self.plan.endpoint.socket().map_or(&*self.plan.endpoint.host, |_| "localhost");
        let name = tls.server_name.as_deref().unwrap_or(own);
        let shaken = link.shake_hands(&tls.client, name, self.memory).await;
        let negotiated = match shaken {
            Ok(negotiated) => negotiated,
            Err(Silence::Timeout { .. }) => {
                let detail = "the handshake did not end in time";
                return Err((
                    Stage::Tls,
                    Event::new(EventKind::Timeout, link.deadline_name("tls")).with_detail(detail),
                ));
            }
            Err(silence) => return Err(self.silence(silence, link, Stage::Tls)),
        };
        self.seen.timings.tls = Some(begun.elapsed());
        self.line(Direction::Note, &described(&negotiated));
        let verified = negotiated.verified.is_ok();
        self.seen.tls = Some(negotiated);
        Ok(verified)
    }

    pub(super) fn received(&mut self, reply: &Reply) {
        let at = self.started.elapsed();
        for line in reply.wire_lines() {
            self.line_at(at, Direction::Received, &lossless(line));
        }
    }

    pub(super) fn note(&mut self, note: &str) {
        let note = self.mask.text(note).into_owned();
        self.line(Direction::Note, &note);
        self.seen.notes.push(note);
    }

    pub(super) fn line(&mut self, direction: Direction, text: &str) {
        self.line_at(self.started.elapsed(), direction, text);
    }

    fn line_at(&mut self, at: Duration, direction: Direction, text: &str) {
        let text = self.mask.text(text);
        self.seen.transcript.push(at, direction, &text);
        (self.watch)(Line { at, direction, text: &text });
    }

    fn end_with(&mut self, (stage, mut event): End) {
        event.detail = self.mask.text(&event.detail).into_owned();
        let dash = if event.detail.is_empty() { "" } else { ": " };
        self.line(Direction::Note, &format!("{event}{dash}{}", event.detail));
        self.seen.event = Some((stage, event));
    }

    fn finish(mut self) -> Observation {
        self.seen.timings.total = self.started.elapsed();
        self.seen
    }
}

pub(super) fn count(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// `TLSv1.3, TLS_AES_256_GCM_SHA384, x25519; CN=mx.test, ECDSA P-256, verified`.
fn described(tls: &Negotiated) -> String {
    let group = tls.group.map(|group| format!(", {group}")).unwrap_or_default();
    let resumed = if tls.resumed { ", resumed" } else { "" };
    let peer = tls
        .peer
        .as_deref()
        .map_or_else(|| "no certificate".to_owned(), |peer| format!("{}, {}", peer.subject, peer.key));
    let staple = match tls.staple {
        Staple::Absent => String::new(),
        staple => format!(", OCSP {staple}"),
    };
    let verified = match &tls.verified {
        Ok(()) => "verified".to_owned(),
        Err(untrusted) => format!("not verified ({})", untrusted.reason),
    };
    let client = match tls.client_certificate {
        ClientCertificate::NotRequested => "",
        ClientCertificate::None => "; a client certificate was asked for, none sent",
        ClientCertificate::Sent => "; client certificate sent",
    };
    format!("{}, {}{group}{resumed}; {peer}{staple}, {verified}{client}", tls.version, tls.cipher)
}
