//! A connection, under TLS or not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::tap::Tap;

/// A connection, under TLS or not.
#[derive(Debug)]
pub enum Stream<S> {
    /// Clear text.
    Plain(S),
    /// TLS by rustls.
    #[doc(hidden)]
    Rustls(Box<tokio_rustls::client::TlsStream<Tap<S>>>),
    /// TLS by OpenSSL.
    #[doc(hidden)]
    OpenSsl(Box<tokio_openssl::SslStream<Tap<S>>>),
}

impl<S> Stream<S> {
    /// The connection below.
    pub fn io(&self) -> &S {
        match self {
            Self::Plain(io) => io,
            Self::Rustls(tls) => &tls.get_ref().0.io,
            Self::OpenSsl(tls) => &tls.get_ref().io,
        }
    }

    /// Whether the bytes on the wire are encrypted.
    pub const fn is_tls(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Self::Rustls(tls) => Pin::new(tls).poll_read(cx, buf),
            Self::OpenSsl(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Self::Rustls(tls) => Pin::new(tls).poll_write(cx, buf),
            Self::OpenSsl(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(cx),
            Self::Rustls(tls) => Pin::new(tls).poll_flush(cx),
            Self::OpenSsl(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Self::Rustls(tls) => Pin::new(tls).poll_shutdown(cx),
            Self::OpenSsl(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
