//! What passes over the wire during a handshake.
//!
//! Two things are learnt here that neither library tells: what the first bytes
//! were (a port that answers a ClientHello in clear text) and how much the server
//! has sent (a bound that bytes cannot extend). For OpenSSL two more: whether the
//! server asked for a certificate and got one, and the group of the key exchange,
//! which OpenSSL does not tell where it is post-quantum.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Group;
use super::failure::HandshakeTooLong;

/// Most bytes that a server may send in a handshake. A chain of ten RSA-4096
/// certificates has 15 KiB.
const MOST: usize = 256 * 1024;
/// Most reads in a row that find something. A library reads on until it has a byte for
/// its caller, and a server can keep that from it for ever (KeyUpdate, session tickets);
/// deadlines, and the other sessions of the thread, are looked after in between.
const TURN: u8 = 64;
/// How much of the server's first bytes is kept.
const FIRST: usize = 512;

/// A stream that is listened in on while the handshake lasts.
#[derive(Debug)]
pub struct Tap<S> {
    pub(super) io: S,
    record: Option<Box<Record>>,
    /// Reads in a row, up to [`TURN`].
    reads: u8,
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Record {
    first: Vec<u8>,
    received: usize,
    /// Where the messages themselves are looked into.
    flights: Option<Flights>,
}

#[derive(Debug, Default)]
struct Flights {
    server: Flight,
    client: Flight,
}

impl<S> Tap<S> {
    /// Hears the first bytes, and how many there are.
    pub(super) fn new(io: S) -> Self {
        Self { io, record: Some(Box::default()), reads: 0 }
    }

    /// Hears the messages as well.
    pub(super) fn attentive(io: S) -> Self {
        let record = Record { flights: Some(Flights::default()), ..Record::default() };
        Self { io, record: Some(Box::new(record)), reads: 0 }
    }

    /// Takes in what is there of a text, after a handshake that failed: OpenSSL
    /// reads no more than the five bytes of a record's header.
    pub(super) async fn hear_out(&mut self)
    where
        S: AsyncRead + Unpin,
    {
        if self.record.as_ref().is_some_and(|record| record.clear_text().is_some()) {
            let mut rest = [0; FIRST];
            std::future::poll_fn(|cx| {
                let mut buffer = ReadBuf::new(&mut rest);
                // Whether there is more changes nothing but the message.
                let _ = Pin::new(&mut *self).poll_read(cx, &mut buffer);
                Poll::Ready(())
            })
            .await;
        }
    }

    /// Listens to what was written, or was to be.
    fn sent(&mut self, written: io::Result<usize>, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let Some(record) = &mut self.record else { return written };
        let written = match written {
            // A server that sends an alert and closes at once resets what is still
            // being written. Its alert can be read all the same, so the read that
            // follows in any handshake tells.
            Err(error) if is_reset(&error) => bufs.iter().map(|buf| buf.len()).sum(),
            written => written?,
        };
        let mut left = written;
        for buf in bufs {
            let now = left.min(buf.len());
            if let Some(flights) = &mut record.flights {
                flights.client.feed(&buf[..now]);
            }
            left -= now;
        }
        Ok(written)
    }

    /// Ends the listening and gives what was heard.
    pub(super) fn finish(&mut self) -> Box<Record> {
        self.record.take().unwrap_or_default()
    }
}

impl Record {
    /// The server's first bytes, where they are not TLS records (RFC 8446 §5.1:
    /// a content type of 20 to 24, then the major version 3).
    pub(super) fn clear_text(&self) -> Option<&[u8]> {
        let tls = match self.first[..] {
            [] => true,
            [kind] => (20..=24).contains(&kind),
            [kind, major, ..] => (20..=24).contains(&kind) && major == 3,
        };
        (!tls).then_some(&self.first)
    }

    /// Whether the server asked for a certificate, and whether it got one.
    ///
    /// TLS 1.2 and older show both in clear. TLS 1.3 hides the request, but not
    /// the answer's size: without a request the client's one protected record is
    /// Finished (at most 69 bytes); with one, Certificate goes before it, 25
    /// bytes if empty, and far more with a certificate and its proof.
    pub(super) fn client_certificate(&self) -> (bool, bool) {
        const CERTIFICATE: u8 = 11;
        const CERTIFICATE_REQUEST: u8 = 13;
        let Some(Flights { client, server }) = &self.flights else { return (false, false) };
        if client.protected_records > 0 {
            return (client.protected_records > 1, client.protected_bytes > 200);
        }
        let shown = client.seen(CERTIFICATE) && client.certificate_length > 3;
        (server.seen(CERTIFICATE_REQUEST), shown)
    }

    /// The group that the server chose. It stands in clear in every version: in
    /// ServerHello's key share (RFC 8446 §4.2.8; a HelloRetryRequest binds to the same),
    /// or in ServerKeyExchange (RFC 8422 §5.4, RFC 5246 §7.4.3), whose form goes by the
    /// cipher suite, given by its registered name.
    pub(super) fn group(&self, cipher: &str) -> Option<Group> {
        let server = &self.flights.as_ref()?.server;
        let exchange = server.exchange;
        match (server.key_share, exchange) {
            (Some(number), _) => Some(Group::Named(number)),
            (None, Some([high, low, _])) if cipher.contains("_DHE_") || cipher.contains("_DH_anon_") => {
                Some(Group::Prime(u16::from_be_bytes([high, low]).saturating_mul(8)))
            }
            (None, Some([NAMED_CURVE, high, low])) => Some(Group::Named(u16::from_be_bytes([high, low]))),
            (None, _) => None,
        }
    }
}

/// RFC 8422 §5.4.
const NAMED_CURVE: u8 = 3;
/// Most bytes of a message that are looked into. A ServerHello with a post-quantum key
/// share has 1,200.
const LOOKED_INTO: usize = 2_048;
const SERVER_HELLO: u8 = 2;
const SERVER_KEY_EXCHANGE: u8 = 12;

/// One side's records, as far as they can be read from outside.
#[derive(Debug, Default)]
struct Flight {
    /// The header of the record to come, as far as it is there.
    header: Header<5>,
    /// Bytes of the record that are still to come.
    left: usize,
    /// Whether the record holds handshake messages in clear.
    readable: bool,
    /// After ChangeCipherSpec nothing can be read.
    sealed: bool,
    /// The header of the message to come, as far as it is there.
    message: Header<4>,
    message_left: usize,
    /// A bit for each handshake message type below 32.
    types: u32,
    certificate_length: usize,
    protected_records: usize,
    protected_bytes: usize,
    /// The message that is being read, and its beginning where that is looked into.
    kind: u8,
    body: Vec<u8>,
    /// The group of ServerHello's key share.
    key_share: Option<u16>,
    /// ServerKeyExchange's first bytes.
    exchange: Option<[u8; 3]>,
}

impl Flight {
    fn seen(&self, kind: u8) -> bool {
        self.types & (1 << kind) != 0
    }

    fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left == 0 {
                let Some([kind, _, _, high, low]) = self.header.take(&mut bytes) else { return };
                self.left = usize::from(u16::from_be_bytes([high, low]));
                self.sealed |= kind == 20;
                self.readable = kind == 22 && !self.sealed;
                if kind == 23 {
                    self.protected_records += 1;
                    self.protected_bytes += self.left;
                }
                continue;
            }
            let (now, later) = bytes.split_at(self.left.min(bytes.len()));
            self.left -= now.len();
            bytes = later;
            if self.readable {
                self.messages(now);
            }
        }
    }

    fn messages(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.message_left == 0 {
                let Some([kind, high, middle, low]) = self.message.take(&mut bytes) else { return };
                self.message_left = u32::from_be_bytes([0, high, middle, low]) as usize;
                if kind < 32 {
                    self.types |= 1 << kind;
                }
                if kind == 11 {
                    self.certificate_length = self.message_left;
                }
                self.kind = kind;
                self.body.clear();
                continue;
            }
            let (now, later) = bytes.split_at(self.message_left.min(bytes.len()));
            self.message_left -= now.len();
            bytes = later;
            if matches!(self.kind, SERVER_HELLO | SERVER_KEY_EXCHANGE) {
                let room = LOOKED_INTO.saturating_sub(self.body.len()).min(now.len());
                self.body.extend_from_slice(&now[..room]);
                if self.message_left == 0 {
                    self.look_into();
                }
            }
        }
    }

    fn look_into(&mut self) {
        if self.kind == SERVER_HELLO {
            self.key_share = key_share(&self.body).or(self.key_share);
        } else {
            self.exchange = self.body.first_chunk().copied();
        }
    }
}

/// The group of a ServerHello's key share: version, random, session id, cipher suite and
/// compression come before the extensions (RFC 8446 §4.1.3).
fn key_share(hello: &[u8]) -> Option<u16> {
    const KEY_SHARE: u16 = 51;
    let number = |bytes: &[u8]| bytes.first_chunk().map(|two| u16::from_be_bytes(*two));
    let session_id = usize::from(*hello.get(34)?);
    let mut rest = hello.get(35 + session_id + 3 + 2..)?;
    loop {
        let (kind, length) = (number(rest)?, number(rest.get(2..)?)?);
        let data = rest.get(4..)?;
        if kind == KEY_SHARE {
            return number(data);
        }
        rest = data.get(usize::from(length)..)?;
    }
}

/// A header that may arrive in pieces.
#[derive(Debug)]
struct Header<const N: usize> {
    bytes: [u8; N],
    filled: usize,
}

impl<const N: usize> Default for Header<N> {
    fn default() -> Self {
        Self { bytes: [0; N], filled: 0 }
    }
}

impl<const N: usize> Header<N> {
    /// Takes what it needs; the header once it is whole.
    fn take(&mut self, from: &mut &[u8]) -> Option<[u8; N]> {
        let (now, later) = from.split_at((N - self.filled).min(from.len()));
        self.bytes[self.filled..self.filled + now.len()].copy_from_slice(now);
        self.filled += now.len();
        *from = later;
        (self.filled == N).then(|| {
            self.filled = 0;
            self.bytes
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.reads == TURN {
            self.reads = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        self.reads = if read.is_pending() { 0 } else { self.reads + 1 };
        ready!(read)?;
        if let Some(record) = &mut self.record {
            let new = &buf.filled()[before..];
            let room = FIRST.saturating_sub(record.first.len()).min(new.len());
            record.first.extend_from_slice(&new[..room]);
            record.received += new.len();
            if let Some(flights) = &mut record.flights {
                flights.server.feed(new);
            }
            if record.received > MOST {
                return Poll::Ready(Err(io::Error::other(HandshakeTooLong(MOST))));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf));
        Poll::Ready(self.sent(written, &[io::IoSlice::new(buf)]))
    }

    // Without this a flight of four records would be four writes, and as many
    // packets.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs));
        Poll::Ready(self.sent(written, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// TLS has taken its leave by then; the connection itself closes when it is
    /// dropped.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).expect("short").to_be_bytes();
        [&[kind, 3, 3], &length[..], payload].concat()
    }

    #[test]
    fn handshake_messages_are_seen_however_they_are_cut() {
        // CertificateRequest over two records, in a stream cut anywhere.
        let wire =
            [record(22, &[2, 0, 0, 1, 9, 13, 0]), record(22, &[0, 2, 7, 7]), record(20, &[1])].concat();
        for at in 0..wire.len() {
            let mut flight = Flight::default();
            flight.feed(&wire[..at]);
            flight.feed(&wire[at..]);
            assert!(flight.seen(2) && flight.seen(13) && !flight.seen(11), "cut at {at}");
        }
    }

    #[test]
    fn the_group_is_read_from_key_share_and_key_exchange() {
        let message = |kind: u8, body: &[u8]| {
            let length = u32::try_from(body.len()).expect("short").to_be_bytes();
            record(22, &[&[kind], &length[1..], body].concat())
        };
        let group = |wire: &[u8], cipher: &str| {
            let mut flights = Flights::default();
            for byte in wire {
                flights.server.feed(&[*byte]);
            }
            let record = Record { flights: Some(flights), ..Record::default() };
            record.group(cipher).map(|group| group.to_string())
        };
        let hello = |extensions: &[u8]| {
            let length = u16::try_from(extensions.len()).expect("short").to_be_bytes();
            message(2, &[&[3, 3], &[7; 32][..], &[1, 9], &[0x13, 1, 0], &length, extensions].concat())
        };
        // supported_versions, then key_share: its group, and a key that is cut off.
        let share = [0, 43, 0, 2, 3, 4, 0, 51, 0, 36, 0x11, 0xec, 0, 32, 1, 2];
        assert_eq!(group(&hello(&share), "").as_deref(), Some("X25519MLKEM768"));
        assert_eq!(group(&hello(&share[..6]), ""), None);
        let exchange = |body: &[u8]| [hello(&[]), message(12, body)].concat();
        let ecdhe = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        assert_eq!(group(&exchange(&[3, 0, 23, 65]), ecdhe).as_deref(), Some("P-256"));
        let dhe = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";
        assert_eq!(group(&exchange(&[1, 0, 0xff, 0xff]), dhe).as_deref(), Some("DH-2048"));
        assert_eq!(group(&hello(&[]), "TLS_RSA_WITH_AES_128_CBC_SHA"), None);
    }

    #[test]
    fn a_flood_leaves_others_their_turn() {
        let mut tap = Tap::new(tokio::io::repeat(23));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut ready = |tap: &mut Tap<_>| {
            let mut buffer = [0; 16];
            Pin::new(tap).poll_read(&mut cx, &mut ReadBuf::new(&mut buffer)).is_ready()
        };
        for _ in 0..3 {
            assert_eq!((0..1_000).take_while(|_| ready(&mut tap)).count(), usize::from(TURN));
        }
    }

    #[test]
    fn what_follows_change_cipher_spec_is_not_read() {
        let mut flight = Flight::default();
        flight.feed(&[record(20, &[1]), record(22, &[13, 0, 0, 0])].concat());
        assert!(!flight.seen(13));
    }

    #[test]
    fn clear_text_is_told_from_tls() {
        let first =
            |first: &[u8]| Record { first: first.to_vec(), ..Record::default() }.clear_text().is_some();
        assert!(first(b"220 mx.test") && first(b"H") && first(b"\x15\x02"));
        assert!(!first(b"") && !first(b"\x15") && !first(b"\x16\x03\x03"));
    }
}
