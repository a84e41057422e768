//! What a session needs of a connection beyond reading and writing.

use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connection that a session can be played on.
pub trait Wire: AsyncRead + AsyncWrite + Unpin {
    /// Whether bytes are waiting to be read right now; `None` if only reading can
    /// tell.
    fn waiting(&self) -> Option<bool>;

    /// Asks for the peer's segments to be acknowledged at once. The kernel goes
    /// back to delaying by itself, so this is asked after every write.
    fn acknowledge_at_once(&self);

    /// Lets the end of the connection be a reset. Best effort.
    fn reset_at_end(&self);
}

/// Whether the kernel holds bytes for this socket.
pub(super) fn has_bytes(socket: &impl AsFd) -> bool {
    let mut byte = [MaybeUninit::uninit()];
    matches!(SockRef::from(socket).peek(&mut byte), Ok(1))
}

impl Wire for TcpStream {
    fn waiting(&self) -> Option<bool> {
        // A question to the kernel: the runtime's own notion of readiness is as
        // old as its last look at the sockets.
        Some(has_bytes(self))
    }

    fn acknowledge_at_once(&self) {
        // Best effort: without it a handshake may take 40 ms longer.
        #[cfg(target_os = "linux")]
        let _ = SockRef::from(self).set_tcp_quickack(true);
    }

    fn reset_at_end(&self) {
        let _ = SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

#[cfg(test)]
impl Wire for tokio::io::DuplexStream {
    fn waiting(&self) -> Option<bool> {
        None
    }

    fn acknowledge_at_once(&self) {}

    fn reset_at_end(&self) {}
}
