//! A server that says what a test wants: literal bytes over a socket, from a
//! thread of its own. It shares no code with the program, so that a mistake in
//! our codec cannot hide itself.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use openssl::ssl::{ErrorCode, SslAcceptor, SslStream};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Dir, Issued};

/// A server that says what a test wants, on a loopback port of its own.
pub struct Peer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    connections: AtomicUsize,
    heard: Mutex<Vec<u8>>,
}

impl Peer {
    /// Plays `script` with every client. The script's errors end its connection
    /// and nothing else: a client that leaves is no failure of the peer.
    pub fn play(script: impl Fn(&mut Conn) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::play_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), script)
    }

    /// The same on a port of another address of this host.
    pub fn play_at(
        address: SocketAddr,
        script: impl Fn(&mut Conn) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared::default());
        let (ours, script) = (Arc::clone(&shared), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ours.stop.load(Ordering::Acquire) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                ours.connections.fetch_add(1, Ordering::AcqRel);
                let (ours, script) = (Arc::clone(&ours), Arc::clone(&script));
                thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                    let _ = stream.set_write_timeout(Some(Duration::from_secs(20)));
                    let _ = stream.set_nodelay(true);
                    let mut conn = Conn { stream: Stream::Plain(stream), shared: ours };
                    let _ = script(&mut conn);
                });
            }
        });
        Self { address, shared }
    }

    /// A server that should hear from nobody.
    pub fn unvisited() -> Self {
        Self::play(|_| Ok(()))
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many clients came.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Acquire)
    }

    /// Everything that clients said, decrypted where it was encrypted.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.shared.heard.lock().expect("no script panics")).into_owned()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        // Wakes the accept loop, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// One client's connection.
pub struct Conn {
    stream: Stream,
    shared: Arc<Shared>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<SslStream<TcpStream>>),
    Rustls(Box<StreamOwned<ServerConnection, TcpStream>>),
    /// Between the two, while a handshake goes on or after it failed.
    Gone,
}

impl Conn {
    /// Says these bytes.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes.as_ref()),
            Stream::Tls(stream) => stream.write_all(bytes.as_ref()),
            Stream::Rustls(stream) => stream.write_all(bytes.as_ref()),
            Stream::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Says this for ever, until the client leaves.
    pub fn repeat(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        loop {
            self.say(bytes)?;
            thread::sleep(pause);
        }
    }

    /// Reads one line, its end left off.
    ///
    /// # Errors
    ///
    /// At the end of the connection.
    pub fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            line.push(self.byte()?);
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Reads a line that starts like this, and answers it.
    ///
    /// # Errors
    ///
    /// Where another line came, which the client then learns by the close.
    pub fn answer(&mut self, command: &str, reply: &str) -> io::Result<String> {
        let line = self.line()?;
        if !line.to_ascii_uppercase().starts_with(command) {
            return Err(io::Error::other(format!("wanted {command}, came {line}")));
        }
        self.say(reply)?;
        Ok(line)
    }

    /// Greets, and answers EHLO with these keywords.
    pub fn hello(&mut self, keywords: &[&str]) -> io::Result<()> {
        self.say("220 peer.test ESMTP\r\n")?;
        self.ehlo(keywords)
    }

    /// Answers EHLO with these keywords.
    pub fn ehlo(&mut self, keywords: &[&str]) -> io::Result<()> {
        let mut reply = String::from("250-peer.test greets you\r\n");
        for keyword in keywords {
            reply += &format!("250-{keyword}\r\n");
        }
        self.answer("EHLO", &(reply + "250 HELP\r\n")).map(drop)
    }

    /// Answers QUIT.
    pub fn bye(&mut self) -> io::Result<()> {
        self.answer("QUIT", "221 2.0.0 bye\r\n").map(drop)
    }

    /// Reads a message up to and including its final dot.
    pub fn message(&mut self) -> io::Result<String> {
        let mut message = String::new();
        loop {
            let line = self.line()?;
            if line == "." {
                return Ok(message);
            }
            message += &line;
            message.push('\n');
        }
    }

    /// Reads and forgets until the client leaves.
    pub fn drain(&mut self) -> io::Result<()> {
        while self.byte().is_ok() {}
        Ok(())
    }

    /// Says nothing until the client leaves or this long has passed.
    pub fn wait(&mut self, long: Duration) {
        thread::sleep(long);
    }

    /// Does the server's part of a TLS handshake.
    pub fn tls(&mut self, acceptor: &SslAcceptor) -> io::Result<()> {
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let tls = acceptor.accept(stream).map_err(|error| io::Error::other(error.to_string()))?;
        self.stream = Stream::Tls(Box::new(tls));
        Ok(())
    }

    /// The same by rustls, which then sends so many session tickets.
    pub fn tls_by_rustls(&mut self, issued: &Issued, tickets: usize) -> io::Result<()> {
        self.tls_stapling(issued, tickets, &[])
    }

    /// The same, an OCSP response stapled to the certificate; empty: none. OpenSSL's
    /// server staples nothing that it cannot read.
    pub fn tls_stapling(&mut self, issued: &Issued, tickets: usize, response: &[u8]) -> io::Result<()> {
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let certificate = CertificateDer::from(issued.cert.to_der()?);
        let key = PrivatePkcs8KeyDer::from(issued.key.private_key_to_pkcs8()?);
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                let builder = builder.with_no_client_auth();
                builder.with_single_cert_with_ocsp(vec![certificate], key.into(), response.to_vec())
            })
            .map_err(io::Error::other)?;
        config.send_tls13_tickets = tickets;
        let session = ServerConnection::new(Arc::new(config)).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(session, stream);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        self.stream = Stream::Rustls(Box::new(tls));
        Ok(())
    }

    /// Announces new keys, wants the client's, and so on until it leaves.
    pub fn update_keys_for_ever(&mut self) -> io::Result<()> {
        let Stream::Rustls(tls) = &mut self.stream else { return Err(io::ErrorKind::NotConnected.into()) };
        loop {
            tls.conn.refresh_traffic_keys().map_err(io::Error::other)?;
            while tls.conn.wants_write() {
                tls.conn.write_tls(&mut tls.sock)?;
            }
        }
    }

    /// Greets under TLS 1.2 by OpenSSL's own server, and asks for another handshake as
    /// soon as the client has said something, again and again.
    pub fn renegotiate(&mut self, issued: &Issued) -> io::Result<()> {
        let Stream::Plain(client) = &self.stream else { return Err(io::ErrorKind::NotConnected.into()) };
        let dir = Dir::new();
        issued.write(&dir, "server");
        let mut child = Command::new("openssl")
            .current_dir(dir.path())
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key"])
            .args(["-tls1_2", "-crlf", "-naccept", "1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut keyboard = child.stdin.take().expect("it is piped");
        let mut screen = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        while !line.starts_with("ACCEPT 127.0.0.1:") {
            line.clear();
            if screen.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let port: u16 = line.trim().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let server = TcpStream::connect(("127.0.0.1", port))?;
        let pass = |mut from: TcpStream, mut to: TcpStream| {
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            })
        };
        let (up, down) = (pass(client.try_clone()?, server.try_clone()?), pass(server, client.try_clone()?));
        keyboard.write_all(b"220 peer.test\n")?;
        line.clear();
        while screen.read_line(&mut line)? > 0 && !line.starts_with("EHLO") {
            line.clear();
        }
        while keyboard.write_all(b"r\n").is_ok() && matches!(child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
            if down.is_finished() {
                break;
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        let _ = (up.join(), down.join());
        Ok(())
    }

    /// Closes with a reset, under TLS or not.
    pub fn abort(&mut self) {
        if let Stream::Tls(tls) = &self.stream {
            let _ = socket2::SockRef::from(tls.get_ref()).set_linger(Some(Duration::ZERO));
        }
        self.stream = Stream::Gone;
    }

    /// Makes the end of this connection a reset, whenever it comes.
    pub fn reset_when_over(&mut self) -> io::Result<()> {
        match &self.stream {
            Stream::Plain(stream) => socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Closes with a reset instead of an orderly end.
    pub fn reset(&mut self) {
        if let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Gone) {
            let _ = socket2::Socket::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    /// Closes the socket under a TLS session without saying so in TLS.
    pub fn cut(&mut self) {
        if let Stream::Tls(stream) = std::mem::replace(&mut self.stream, Stream::Gone) {
            let _ = stream.get_ref().shutdown(Shutdown::Both);
        }
    }

    /// Reads to the end of a session under TLS by OpenSSL, and tells how it came:
    /// `close_notify`, `eof` (a close without it) or `reset`.
    pub fn how_it_ends(&mut self) -> &'static str {
        let Stream::Tls(tls) = &mut self.stream else { return "no TLS" };
        loop {
            let mut buffer = [0; 1024];
            match tls.ssl_read(&mut buffer) {
                Ok(read) => {
                    self.shared.heard.lock().expect("no script panics").extend_from_slice(&buffer[..read]);
                }
                Err(error) if error.code() == ErrorCode::ZERO_RETURN => return "close_notify",
                Err(error) => {
                    let reset = error.io_error().is_some_and(|e| e.kind() == io::ErrorKind::ConnectionReset);
                    return if reset { "reset" } else { "eof" };
                }
            }
        }
    }

    /// Writes to the socket under a TLS session, past its encryption.
    pub fn bypass(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Tls(stream) => stream.get_mut().write_all(bytes),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Reads one byte.
    pub fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        let read = match &mut self.stream {
            Stream::Plain(stream) => stream.read(&mut byte)?,
            Stream::Tls(stream) => stream.read(&mut byte)?,
            Stream::Rustls(stream) => stream.read(&mut byte)?,
            Stream::Gone => 0,
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.shared.heard.lock().expect("no script panics").push(byte[0]);
        Ok(byte[0])
    }
}
