//! Accepting connections and driving their sessions, with deadlines.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::front_end::FrontEnd;
use super::limits::Limits;
use super::luck::Luck;
use super::policy::{Ask, Facts, Fault, Policy};
use super::protocol::{Next, Protocol};
use super::store::Store;
use crate::exchange::{Endpoint, RulesOn, Tenants};
use crate::tls::Acceptor;

/// One front door.
#[derive(Debug)]
pub(super) struct Door {
    /// Which of the configuration's.
    pub(super) index: usize,
    pub(super) endpoint: Endpoint,
    pub(super) rules: RulesOn,
    pub(super) tenants: Arc<Tenants>,
    pub(super) acceptor: Arc<Acceptor>,
    pub(super) store: Arc<Store>,
    pub(super) limits: Limits,
    /// Before a refusal is sent.
    pub(super) tarpit: Duration,
    pub(super) luck: Arc<Luck>,
    pub(super) open: Arc<Semaphore>,
}

/// Bytes that are read at once.
const AT_ONCE: usize = 16 * 1024;

/// Takes connections until it is dropped.
pub(super) async fn accept(listener: TcpListener, door: Arc<Door>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => match Arc::clone(&door.open).try_acquire_owned() {
                Ok(permit) => {
                    let door = Arc::clone(&door);
                    tokio::spawn(async move {
                        // A session that fails harms nobody but itself.
                        let _ = timeout(door.limits.session, serve(stream, peer, &door)).await;
                        drop(permit);
                    });
                }
                Err(_) => turn_away(&stream, peer, &door),
            },
            // Out of descriptors, or a connection that was gone before it was
            // taken: breathe, and go on.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Says 421 to one connection too many. What does not fit into the socket's own
/// buffer is not waited for.
fn turn_away(stream: &TcpStream, peer: SocketAddr, door: &Door) {
    let now = SystemTime::now();
    let facts = Facts { address: peer.ip(), tls: None, now };
    let mut out = Vec::new();
    door.policy(now).answer(Ask::Fault(Fault::TooManyConnections), &facts).write(&mut out);
    let _ = stream.try_write(&out);
}

impl Door {
    fn policy(&self, now: SystemTime) -> FrontEnd {
        let (tenants, store) = (Arc::clone(&self.tenants), Arc::clone(&self.store));
        FrontEnd::new(tenants, self.index, self.endpoint, self.rules, store, Arc::clone(&self.luck), now)
            .with_size(self.limits.size)
    }
}

async fn serve(mut stream: TcpStream, peer: SocketAddr, door: &Door) -> io::Result<()> {
    // Replies are small and waited for.
    stream.set_nodelay(true)?;
    let now = SystemTime::now();
    let mut policy = door.policy(now);
    // PROXY headers are believed from this very machine and from nobody else.
    let may_announce = peer.ip().to_canonical().is_loopback();
    let mut protocol = Protocol::new(peer.ip().to_canonical(), now, may_announce, door.limits);
    let mut out = Vec::with_capacity(512);
    let next = protocol.greet(&mut policy, &mut out);
    if talk(&mut stream, &mut protocol, &mut policy, out, next, door).await? != Next::Secure {
        return hang_up(&mut stream, &door.limits).await;
    }
    let handshake = timeout(door.limits.handshake, door.acceptor.accept(stream)).await;
    let Ok(Ok((mut stream, accepted))) = handshake else { return Ok(()) };
    protocol.secured(accepted);
    talk(&mut stream, &mut protocol, &mut policy, Vec::new(), Next::Read, door).await?;
    hang_up(&mut stream, &door.limits).await
}

/// Writes, reads and asks the protocol, until it is to shake hands or hang up.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    protocol: &mut Protocol,
    policy: &mut dyn Policy,
    mut out: Vec<u8>,
    mut next: Next,
    door: &Door,
) -> io::Result<Next> {
    // A command byte by byte is as late as one that never comes.
    let mut deadline = Instant::now() + door.limits.command;
    loop {
        if !out.is_empty() {
            let pause = protocol.log_in_pause().max(if protocol.has_refused() {
                door.tarpit
            } else {
                Duration::ZERO
            });
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let write = async {
                stream.write_all(&out).await?;
                stream.flush().await
            };
            timeout(door.limits.write, write).await??;
            // Most sessions wait, thousands at a time, and nothing is kept for them.
            out = Vec::new();
            deadline = Instant::now() + door.limits.command;
        }
        if next != Next::Read {
            return Ok(next);
        }
        let heard = poll_fn(|cx| {
            // On the stack, for as long as it takes to look: a buffer in each session that
            // waits would be most of what it costs.
            let mut room = [MaybeUninit::uninit(); AT_ONCE];
            let mut buffer = ReadBuf::uninit(&mut room);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer))?;
            let bytes = buffer.filled();
            if bytes.is_empty() {
                return Poll::Ready(Ok(None));
            }
            let is_content = protocol.takes_content();
            let next = protocol.receive(bytes, SystemTime::now(), &mut *policy, &mut out);
            Poll::Ready(Ok::<_, io::Error>(Some((next, is_content))))
        });
        next = match timeout_at(deadline, heard).await {
            Ok(heard) => {
                let Some((next, is_content)) = heard? else { return Ok(Next::Close) };
                if is_content {
                    deadline = Instant::now() + door.limits.command;
                }
                next
            }
            Err(_) => protocol.timed_out(policy, &mut out),
        };
    }
}

/// Closes our side and waits a little for the client's: to close with bytes unread
/// would reset the connection and could take the last reply with it.
async fn hang_up<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, limits: &Limits) -> io::Result<()> {
    let linger = async {
        stream.shutdown().await?;
        let mut buffer = [0; 1024];
        // 64 KiB is more than a client has in flight that means well.
        for _ in 0..64 {
            if stream.read(&mut buffer).await? == 0 {
                break;
            }
        }
        Ok(())
    };
    timeout(limits.linger, linger).await.unwrap_or(Ok(()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tls::AcceptorSettings;
    use crate::tls::mint::{Certificate, Key, KeyKind, Request};

    /// A door with short deadlines and room for so many connections.
    async fn door(room: usize) -> (SocketAddr, Arc<Door>) {
        let key = Key::generate(KeyKind::Ecdsa).expect("a key");
        let now = SystemTime::now();
        let request = Request {
            common_name: "server.test",
            organization: "test",
            names: &[],
            authority: false,
            not_before: now - Duration::from_secs(60),
            not_after: now + Duration::from_secs(3600),
        };
        let certificate = Certificate::sign(&request, &key, None).expect("a certificate");
        let settings = AcceptorSettings { chain: &[certificate], key: &key, clients: None };
        let short = Duration::from_millis(100);
        let door = Arc::new(Door {
            index: 0,
            endpoint: Endpoint::Mx,
            rules: RulesOn::day(chrono::NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day")),
            tenants: Arc::new(Tenants::default()),
            acceptor: Arc::new(Acceptor::new(&settings).expect("an acceptor")),
            store: Arc::new(Store::default()),
            limits: Limits {
                command: short,
                write: short,
                handshake: short,
                session: Duration::from_secs(5),
                linger: short,
                ..Limits::default()
            },
            tarpit: Duration::ZERO,
            luck: Arc::default(),
            open: Arc::new(Semaphore::new(room)),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(accept(listener, Arc::clone(&door)));
        (address, door)
    }

    /// Everything that the server says until it closes.
    async fn heard(mut stream: TcpStream) -> String {
        let mut said = String::new();
        let read = stream.read_to_string(&mut said);
        timeout(Duration::from_secs(5), read).await.expect("the server closes in time").expect("text");
        said
    }

    #[tokio::test]
    async fn a_silent_client_is_told_so_and_left() {
        let (address, _door) = door(10).await;
        let said = heard(TcpStream::connect(address).await.expect("connected")).await;
        assert!(said.starts_with("220 ") && said.contains("\r\n421 4.4.1 Connection timed out ["), "{said}");
    }

    #[tokio::test]
    async fn a_command_byte_by_byte_is_told_so_and_left() {
        let (address, _door) = door(10).await;
        let stream = TcpStream::connect(address).await.expect("connected");
        let (mut read, mut write) = stream.into_split();
        let dripping = tokio::spawn(async move {
            while write.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut said = Vec::new();
        // The bytes still to come may end in a reset.
        let _ = timeout(Duration::from_secs(5), read.read_to_end(&mut said)).await.expect("it ends in time");
        dripping.abort();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("\r\n421 4.4.1 Connection timed out ["), "{said}");
    }

    #[tokio::test]
    async fn a_client_that_never_shakes_hands_is_left() {
        let (address, _door) = door(10).await;
        for bytes in [&b"EHLO x\r\nSTARTTLS\r\n"[..], b"EHLO x\r\nSTARTTLS\r\nGET / HTTP/1.1\r\n"] {
            let mut stream = TcpStream::connect(address).await.expect("connected");
            stream.write_all(bytes).await.expect("written");
            let said = heard(stream).await;
            assert!(said.ends_with("220 2.0.0 SMTP server ready\r\n"), "{said}");
        }
    }

    #[tokio::test]
    async fn one_connection_too_many_is_turned_away_and_room_comes_back() {
        let (address, door) = door(1).await;
        let mut first = TcpStream::connect(address).await.expect("connected");
        let mut greeting = [0; 3];
        first.read_exact(&mut greeting).await.expect("a greeting");
        let second = heard(TcpStream::connect(address).await.expect("connected")).await;
        assert!(second.starts_with("421 4.3.2 Service not available"), "{second}");
        drop(first);
        let room = timeout(Duration::from_secs(5), door.open.acquire()).await;
        drop(room.expect("in time").expect("never closed"));
        let third = heard(TcpStream::connect(address).await.expect("connected")).await;
        assert!(third.starts_with("220 "), "{third}");
    }

    #[tokio::test]
    async fn a_client_that_never_reads_costs_its_deadline() {
        let (address, door) = door(1).await;
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(b"EHLO x\r\n").await.expect("written");
        // Replies outgrow the questions, so both directions fill up.
        let flood = b"EHLO x\r\n".repeat(64);
        let _ =
            timeout(Duration::from_secs(4), async { while stream.write_all(&flood).await.is_ok() {} }).await;
        let room = timeout(Duration::from_secs(5), door.open.acquire()).await;
        assert!(room.is_ok(), "the server let go of it");
    }
}
