//! Bytes to replies: a connection with its decoder and its deadlines.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::wire::Wire;
use crate::smtp::{Reply, ReplyDecoder, ReplyError, ReplyLimits};
use crate::tls::{Client, Memory, Negotiated, Stream, TlsFailure, TlsFailureKind};

/// A connection with its decoder and its deadlines. Deadlines are absolute:
/// whatever bytes come, they stay where they are.
pub(super) struct Link<S> {
    /// `None` only while, or after, hands could not be shaken.
    stream: Option<Stream<S>>,
    decoder: ReplyDecoder,
    /// The one timer of the session, see [`TICK`]: most deadlines are never heard
    /// of by the runtime.
    timer: Pin<Box<Sleep>>,
    deadline: Instant,
    session: Instant,
    /// When the last byte was written, or the connection stood.
    written: Instant,
    /// When the last byte of the last reply was read.
    read: Instant,
    buffer: Box<[u8]>,
    /// Whether some of what was to be written has been, and some has not.
    amid_a_write: bool,
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Silence {
    /// The deadline passed.
    Timeout {
        /// While writing.
        writing: bool,
    },
    /// What came is no reply; it is in [`Link::pending`].
    Malformed(ReplyError),
    /// The connection ended.
    Failed(TlsFailure),
}

impl<S: Wire> Link<S> {
    pub(super) fn new(io: S, limits: ReplyLimits, session: Instant) -> Self {
        let now = Instant::now();
        Self {
            stream: Some(Stream::Plain(io)),
            decoder: ReplyDecoder::new(limits),
            timer: Box::pin(sleep_until(session)),
            deadline: session,
            session,
            written: now,
            read: now,
            buffer: vec![0; 4096].into_boxed_slice(),
            amid_a_write: false,
        }
    }

    /// Sets the deadline for what comes next: from now, and never past the
    /// session's.
    pub(super) fn allow(&mut self, time: Duration) {
        self.deadline = (Instant::now() + time).min(self.session);
    }

    /// The name of the deadline that was set: the session's, if that was nearer.
    pub(super) fn deadline_name(&self, own: &'static str) -> &'static str {
        if self.deadline == self.session { "session" } else { own }
    }

    /// From the last byte written to the last byte read.
    pub(super) fn elapsed(&self) -> Duration {
        self.read.saturating_duration_since(self.written)
    }

    /// Whether what is written now would stand in the middle of something else.
    pub(super) fn is_amid_a_write(&self) -> bool {
        self.amid_a_write
    }

    pub(super) fn is_tls(&self) -> bool {
        self.stream.as_ref().is_none_or(Stream::is_tls)
    }

    /// Bytes received that are no whole reply.
    pub(super) fn pending(&self) -> &[u8] {
        self.decoder.pending()
    }

    /// Whether bytes are left that belong to no reply read so far.
    pub(super) fn has_bytes(&self) -> bool {
        !self.decoder.is_empty()
    }

    /// Writes all of it.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Silence> {
        let Some(stream) = &mut self.stream else { return Err(ended()) };
        let tls = stream.is_tls();
        let write = async {
            stream.write_all(bytes).await?;
            // Clear text is not buffered on its way to the kernel.
            if tls { stream.flush().await } else { Ok(()) }
        };
        // Left so by a failure, and by whoever no longer waits for this.
        self.amid_a_write = true;
        match within(self.timer.as_mut(), self.deadline, write).await {
            Some(Ok(())) => self.amid_a_write = false,
            Some(Err(error)) => return Err(Silence::Failed(TlsFailure::of(&error))),
            None => return Err(Silence::Timeout { writing: true }),
        }
        if tls {
            stream.io().acknowledge_at_once();
        }
        self.written = Instant::now();
        Ok(())
    }

    /// Reads one reply; bytes after it stay.
    pub(super) async fn read(&mut self) -> Result<Reply, Silence> {
        let mut received = 0;
        loop {
            // What an earlier read left behind comes first.
            if (received > 0 || !self.decoder.is_empty())
                && let Some(reply) = self.decode(received)?
            {
                self.read = Instant::now();
                return Ok(reply);
            }
            if received > 0 && Instant::now() >= self.deadline {
                return Err(Silence::Timeout { writing: false });
            }
            received = self.receive().await?;
        }
    }

    /// A reply that nobody asked for, if one is there; bytes that are none and
    /// cannot become a 421 are [`Silence::Malformed`].
    pub(super) async fn unasked(&mut self) -> Result<Option<Reply>, Silence> {
        let mut received = if self.decoder.is_empty() {
            match self.glance().await? {
                0 => return Ok(None),
                received => received,
            }
        } else {
            0
        };
        loop {
            if let Some(reply) = self.decode(received)? {
                self.read = Instant::now();
                return Ok(Some(reply));
            }
            let pending = self.decoder.pending();
            let (start, wanted) = (&pending[..pending.len().min(3)], b"421");
            if !wanted.starts_with(start) {
                return Err(Silence::Malformed(ReplyError::BadCode));
            }
            received = self.receive().await?;
        }
    }

    /// Whether the server sent anything in clear after its reply to STARTTLS.
    pub(super) fn has_bytes_before_tls(&mut self) -> bool {
        if self.decoder.is_empty() {
            let io = self.stream.as_ref().map(Stream::io);
            return io.and_then(Wire::waiting).unwrap_or(false);
        }
        true
    }

    /// Takes the connection under TLS.
    pub(super) async fn shake_hands(
        &mut self,
        client: &Client,
        name: &str,
        memory: Option<&Memory>,
    ) -> Result<Negotiated, Silence> {
        let Some(Stream::Plain(io)) = self.stream.take() else { return Err(ended()) };
        let shaken = within(self.timer.as_mut(), self.deadline, client.connect(io, name, memory)).await;
        let (stream, negotiated) =
            shaken.ok_or(Silence::Timeout { writing: false })?.map_err(Silence::Failed)?;
        stream.io().acknowledge_at_once();
        self.stream = Some(stream);
        self.decoder.clear();
        self.written = Instant::now();
        Ok(negotiated)
    }

    /// Takes leave of the peer as TLS wants it; in clear text there is nothing to
    /// say.
    pub(super) async fn close(&mut self) {
        if let Some(stream) = self.stream.as_mut().filter(|stream| stream.is_tls()) {
            // Whether it arrives changes nothing.
            let _ = within(self.timer.as_mut(), self.deadline, stream.shutdown()).await;
        }
    }

    /// Lets the connection end with a reset.
    pub(super) fn reset(&self) {
        if let Some(stream) = &self.stream {
            stream.io().reset_at_end();
        }
    }

    fn decode(&mut self, received: usize) -> Result<Option<Reply>, Silence> {
        self.decoder.push(&self.buffer[..received]).map_err(Silence::Malformed)
    }

    /// Waits for bytes; how many came into the buffer, never 0.
    async fn receive(&mut self) -> Result<usize, Silence> {
        let Some(stream) = &mut self.stream else { return Err(ended()) };
        match within(self.timer.as_mut(), self.deadline, stream.read(&mut self.buffer)).await {
            Some(Ok(0)) => Err(ended()),
            Some(Ok(received)) => Ok(received),
            Some(Err(error)) => Err(Silence::Failed(TlsFailure::of(&error))),
            None => Err(Silence::Timeout { writing: false }),
        }
    }

    /// Takes what is there without waiting; how many bytes came into the buffer.
    async fn glance(&mut self) -> Result<usize, Silence> {
        let Some(stream) = &mut self.stream else { return Err(ended()) };
        if let Stream::Plain(io) = stream
            && let Some(waiting) = io.waiting()
        {
            return if waiting { self.receive().await } else { Ok(0) };
        }
        let buffer = &mut self.buffer;
        let read = std::future::poll_fn(|cx| {
            let mut buffer = ReadBuf::new(buffer);
            Poll::Ready(match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Pending => Ok(None),
                Poll::Ready(Ok(())) => Ok(Some(buffer.filled().len())),
                Poll::Ready(Err(error)) => Err(error),
            })
        });
        match read.await {
            Ok(None) => Ok(0),
            Ok(Some(0)) => Err(ended()),
            Ok(Some(received)) => Ok(received),
            Err(error) => Err(Silence::Failed(TlsFailure::of(&error))),
        }
    }
}

fn ended() -> Silence {
    Silence::Failed(TlsFailure { kind: TlsFailureKind::Closed, reason: "eof", detail: String::new() })
}

/// The longest that the timer sleeps. As no deadline of a session is nearer, it
/// need not be set earlier than it stands, which would wake the runtime each time;
/// a session that waits longer looks at the clock this often.
const TICK: Duration = Duration::from_secs(2);

/// The future's output, unless the deadline passes first.
async fn within<F: Future>(mut timer: Pin<&mut Sleep>, deadline: Instant, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        let now = Instant::now();
        if now >= deadline {
            return Poll::Ready(None);
        }
        let next = deadline.min(now + TICK);
        if timer.deadline() > next {
            timer.as_mut().reset(next);
        }
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= deadline {
                return Poll::Ready(None);
            }
            timer.as_mut().reset(deadline.min(now + TICK));
        }
        Poll::Pending
    })
    .await
}
