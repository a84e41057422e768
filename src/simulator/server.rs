//! Accepting connections and driving their sessions, with deadlines.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::front_end::FrontEnd;
use super::limits::{Deadlines, Limits};
use super::policy::{Ask, Facts, Fault, Policy};
use super::protocol::{Next, Protocol};
use super::store::Store;
use crate::exchange::{Endpoint, RulesOn, Tenants};
use crate::tls::{Acceptor, ClientChain};

/// One front door.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) endpoint: Endpoint,
    pub(super) rules: RulesOn,
    pub(super) tenants: Arc<Tenants>,
    pub(super) acceptor: Arc<Acceptor>,
    pub(super) store: Arc<Store>,
    pub(super) deadlines: Deadlines,
    pub(super) open: Arc<Semaphore>,
}

/// Takes connections until it is dropped.
pub(super) async fn accept(listener: TcpListener, door: Arc<Door>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => match Arc::clone(&door.open).try_acquire_owned() {
                Ok(permit) => {
                    let door = Arc::clone(&door);
                    tokio::spawn(async move {
                        // A session that fails harms nobody but itself.
                        let _ = timeout(door.deadlines.session, serve(stream, peer, &door)).await;
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
    let facts = Facts { address: peer.ip(), tls: None, client: ClientChain::None, now };
    let mut out = Vec::new();
    door.policy(now).answer(Ask::Fault(Fault::TooManyConnections), &facts).write(&mut out);
    let _ = stream.try_write(&out);
}

impl Door {
    fn policy(&self, now: SystemTime) -> FrontEnd {
        let (tenants, store) = (Arc::clone(&self.tenants), Arc::clone(&self.store));
        FrontEnd::new(tenants, self.endpoint, self.rules, store, now)
    }
}

async fn serve(mut stream: TcpStream, peer: SocketAddr, door: &Door) -> io::Result<()> {
    // Replies are small and waited for.
    stream.set_nodelay(true)?;
    let now = SystemTime::now();
    let mut policy = door.policy(now);
    // PROXY headers are believed from this very machine and from nobody else.
    let may_announce = peer.ip().to_canonical().is_loopback();
    let mut protocol = Protocol::new(peer.ip().to_canonical(), now, may_announce, Limits::default());
    let mut out = Vec::with_capacity(512);
    let next = protocol.greet(&mut policy, &mut out);
    let deadlines = &door.deadlines;
    if talk(&mut stream, &mut protocol, &mut policy, out, next, deadlines).await? != Next::Secure {
        return hang_up(&mut stream, deadlines).await;
    }
    let handshake = timeout(deadlines.handshake, door.acceptor.accept(stream)).await;
    let Ok(Ok((mut stream, accepted))) = handshake else { return Ok(()) };
    protocol.secured(accepted);
    talk(&mut stream, &mut protocol, &mut policy, Vec::new(), Next::Read, deadlines).await?;
    hang_up(&mut stream, deadlines).await
}

/// Writes, reads and asks the protocol, until it is to shake hands or hang up.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    protocol: &mut Protocol,
    policy: &mut dyn Policy,
    mut out: Vec<u8>,
    mut next: Next,
    deadlines: &Deadlines,
) -> io::Result<Next> {
    let mut buffer = vec![0; 8 * 1024];
    loop {
        if !out.is_empty() {
            let write = async {
                stream.write_all(&out).await?;
                stream.flush().await
            };
            timeout(deadlines.write, write).await??;
            out.clear();
        }
        if next != Next::Read {
            return Ok(next);
        }
        next = match timeout(deadlines.read, stream.read(&mut buffer)).await {
            Ok(read) => match read? {
                0 => return Ok(Next::Close),
                n => protocol.receive(&buffer[..n], SystemTime::now(), policy, &mut out),
            },
            Err(_) => protocol.timed_out(policy, &mut out),
        };
    }
}

/// Closes our side and waits a little for the client's: to close with bytes unread
/// would reset the connection and could take the last reply with it.
async fn hang_up<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, deadlines: &Deadlines) -> io::Result<()> {
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
    timeout(deadlines.linger, linger).await.unwrap_or(Ok(()))
}
