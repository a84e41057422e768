//! Clients that break the rules, or mean harm, against the simulator as a process: what
//! they are told, and that whoever comes next is served at once, with memory and
//! descriptors as they were. The clients are sockets and literal bytes.

mod tls;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use openssl::ssl::{SslConnector, SslMethod, SslStream, SslVerifyMode};
use openssl::x509::X509;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::support::{Dir, Issuer, Leaf, Pki, Program, Running};

const TENANTS: &str = "\
tenants:
  - name: Contoso
    AcceptedDomain: [{ DomainName: contoso.com, DomainType: Authoritative }]
    TransportConfig: { SmtpClientAuthenticationDisabled: false }
    CASMailbox: [{ PrimarySmtpAddress: scan@contoso.com, SmtpClientAuthenticationDisabled: false }]
    lab: { passwords: { scan@contoso.com: correct horse }, recipients: [info@contoso.com] }
";

/// The beginning of a session that may send a message.
const MAIL: &str = "EHLO x.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<info@contoso.com>\r\n";

/// A simulator under attack.
struct Victim {
    running: Option<Running>,
    dir: Dir,
    mx: String,
    submission: String,
    /// Memory in KiB and descriptors, after a first session.
    before: (u64, usize),
    /// How many files there were before it was started.
    files: usize,
}

impl Victim {
    fn start(limits: &[&str]) -> Self {
        Self::with_descriptors(1_024, limits)
    }

    fn with_descriptors(most: usize, limits: &[&str]) -> Self {
        let dir = Dir::new();
        dir.write("tenants.yaml", TENANTS);
        let mut arguments = vec!["simulate", "tenants.yaml", "--as-of", "2026-11-01", "--ca-out", "ca.pem"];
        arguments.extend(limits.iter().flat_map(|limit| ["--limit", limit]));
        Self::of(dir, |dir| Program::with_descriptors(most, dir.path(), arguments).start())
    }

    fn of(dir: Dir, start: impl FnOnce(&Dir) -> Running) -> Self {
        let files = files(&dir);
        let running = start(&dir);
        let address = || running.line().split_once(' ').expect("`mx 127.0.0.1:40025`").1.to_owned();
        let (mx, submission) = (address(), address());
        let mut victim = Self { running: Some(running), dir, mx, submission, before: (0, 0), files };
        victim.serves_a_clean_session();
        drop(victim.under_tls(&victim.mx));
        victim.before = (victim.running().resident_kib(), victim.running().descriptors());
        victim
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it is running until it is dropped")
    }

    fn connect(&self) -> TcpStream {
        connect(&self.mx).expect("the simulator listens")
    }

    /// The codes of all that is said to a client that sends these pieces and then no
    /// more, as `220 250 250`.
    fn told(&self, pieces: &[&[u8]]) -> String {
        codes(&self.heard(pieces))
    }

    /// All that is said to it.
    fn heard(&self, pieces: &[&[u8]]) -> String {
        let stream = self.connect();
        let mut write = stream.try_clone().expect("a socket can be shared");
        thread::scope(|scope| {
            scope.spawn(move || {
                for (n, piece) in pieces.iter().enumerate() {
                    if n > 0 {
                        thread::sleep(Duration::from_millis(2));
                    }
                    // A server that hangs up early is for the test to see in what it said.
                    let _ = write.write_all(piece);
                }
                let _ = write.shutdown(Shutdown::Write);
            });
            rest(stream)
        })
    }

    /// A session under TLS, which begins anew.
    fn under_tls(&self, address: &str) -> SslStream<TcpStream> {
        let mut stream = connect(address).expect("the simulator listens");
        self.starttls(&mut stream, b"EHLO x.example\r\nSTARTTLS\r\n");
        handshake(stream)
    }

    /// Says this, and reads up to the go-ahead.
    fn starttls(&self, stream: &mut TcpStream, words: &[u8]) {
        stream.write_all(words).expect("the simulator reads");
        let mut said = String::new();
        while !said.contains("220 2.0.0") {
            said.push(byte(stream).expect("a go-ahead") as char);
        }
        while !said.ends_with('\n') {
            said.push(byte(stream).expect("a whole line") as char);
        }
    }

    fn serves_a_clean_session(&self) {
        let told =
            self.told(&[MAIL.as_bytes(), b"DATA\r\nSubject: clean\r\n\r\nclean\r\n.\r\n", b"QUIT\r\n"]);
        assert_eq!(told, "220 250 250 250 354 250 221");
    }

    /// Whoever comes next is served at once, and nothing is left of who came before.
    fn is_as_before(&self, attack: &str) {
        let asked = Instant::now();
        self.serves_a_clean_session();
        assert!(asked.elapsed() < Duration::from_secs(3), "{attack}: served after {:?}", asked.elapsed());
        let (memory, descriptors) = self.before;
        let patience = Instant::now() + Duration::from_secs(10);
        while self.running().descriptors() > descriptors {
            assert!(
                Instant::now() < patience,
                "{attack}: {} descriptors, before {descriptors}",
                self.running().descriptors()
            );
            thread::sleep(Duration::from_millis(10));
        }
        let resident = self.running().resident_kib();
        assert!(resident < memory + 12 * 1024, "{attack}: {resident} KiB resident, before {memory}");
        let peak = self.running().peak_kib();
        assert!(peak < 64 * 1024, "{attack}: {peak} KiB at the most");
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.signal("TERM");
            let ran = running.end();
            if !thread::panicking() {
                ran.status(0);
                assert_eq!(files(&self.dir), self.files + 1, "it wrote more than its CA");
            }
        }
    }
}

fn files(dir: &Dir) -> usize {
    std::fs::read_dir(dir.path()).expect("the folder is there").count()
}

fn connect(address: &str) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.set_write_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

fn handshake(stream: TcpStream) -> SslStream<TcpStream> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).expect("a context");
    connector.set_verify(SslVerifyMode::NONE);
    connector.build().connect("localhost", stream).expect("a handshake")
}

fn byte(stream: &mut impl Read) -> Option<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte).ok().map(|()| byte[0])
}

/// What is said until the end, which may be a reset.
fn rest(mut stream: impl Read) -> String {
    let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        said.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// The codes of whole replies.
fn codes(said: &str) -> String {
    let last = said.lines().filter(|line| line.len() == 3 || line.as_bytes().get(3) == Some(&b' '));
    last.map(|line| &line[..3]).collect::<Vec<_>>().join(" ")
}

/// What comes of dialogues in clear text: a line each. The greeting is left out.
const DIALOGUES: &[(&str, &str, &str)] = &[
    ("mail before EHLO", "MAIL FROM:<a@x.example>\r\n", "503"),
    ("everything before the greeting", "EHLO x.example\r\nNOOP\r\nQUIT\r\n", "250 250 221"),
    ("a command behind DATA is content", "$DATA\r\nQUIT\r\n.\r\n", "250 250 250 354 250"),
    ("STARTTLS with arguments", "EHLO x.example\r\nSTARTTLS now\r\nNOOP\r\n", "250 501 250"),
    ("STARTTLS before EHLO", "STARTTLS\r\nNOOP\r\n", "503 250"),
    ("AUTH before TLS", "EHLO x.example\r\nAUTH LOGIN\r\nNOOP\r\n", "250 504 250"),
    ("NUL in a command", "EHLO x.example\r\nNOOP\0\r\nNOOP\r\n", "250 500 250"),
    ("NUL in a path", "EHLO x.example\r\nMAIL FROM:<a\0@x.example>\r\nNOOP\r\n", "250 500 250"),
    ("a bare CR in a command", "EHLO x.example\r\nNO\rOP\r\nNOOP\r\n", "250 500 250"),
    ("a bare LF after a command", "EHLO x.example\nNOOP\r\n", "500 250"),
    ("8-bit characters unasked", "EHLO x.example\r\nMAIL FROM:<\u{e4}@x.example>\r\nNOOP\r\n", "250 553 250"),
    ("an unbalanced path", "EHLO x.example\r\nMAIL FROM:<a@x.example\r\nNOOP\r\n", "250 501 250"),
    ("a source route", "EHLO x.example\r\nMAIL FROM:<@y.example:a@x.example>\r\nNOOP\r\n", "250 250 250"),
    ("the null path", "EHLO x.example\r\nMAIL FROM:<>\r\nNOOP\r\n", "250 250 250"),
    ("a null recipient", "EHLO x.example\r\nMAIL FROM:<>\r\nRCPT TO:<>\r\nNOOP\r\n", "250 250 501 250"),
    ("a quoted local part", "EHLO x.example\r\nMAIL FROM:<\"a b\"@x.example>\r\nNOOP\r\n", "250 250 250"),
    ("an unknown parameter", "EHLO x.example\r\nMAIL FROM:<> X=1\r\nNOOP\r\n", "250 501 250"),
    ("MAIL twice", "EHLO x.example\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\n", "250 250 503"),
    ("SIZE of 2^64", "EHLO x.example\r\nMAIL FROM:<> SIZE=18446744073709551616\r\n", "250 552"),
    ("SIZE below nothing", "EHLO x.example\r\nMAIL FROM:<> SIZE=-1\r\n", "250 501"),
    ("a chunk of 2^64", "$BDAT 18446744073709551616 LAST\r\nNOOP\r\n", "250 250 250 501 250"),
    ("a chunk of 2^63", "$BDAT 9223372036854775808 LAST\r\nNOOP\r\n", "250 250 250 552"),
    ("a chunk below nothing", "$BDAT -1 LAST\r\nNOOP\r\n", "250 250 250 501 250"),
    ("chunks without a last, then DATA", "$BDAT 2\r\nabDATA\r\nBDAT 0 LAST\r\n", "250 250 250 250 503 250"),
    ("a chunk that ends early", "$BDAT 100\r\nabc", "250 250 250"),
    ("a last chunk of nothing", "$BDAT 0 LAST\r\n", "250 250 250 250"),
    ("a chunk without a transaction", "EHLO x.example\r\nBDAT 4 LAST\r\nQUITNOOP\r\n", "250 503 250"),
    ("SMTP inside a POST", "POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x.example\r\nMAIL FROM:<>\r\n", "500"),
    ("PROXY in mid-session", "NOOP\r\nPROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nNOOP\r\n", "250 500 250"),
    ("XCLIENT", "EHLO x.example\r\nXCLIENT ADDR=192.0.2.1\r\nNOOP\r\n", "250 500 250"),
    ("a Message-ID that climbs", "$DATA\r\nMessage-ID: <../../../x@y>\r\n\r\n.\r\n", "250 250 250 354 250"),
    ("VRFY tells nothing", "EHLO x.example\r\nVRFY info@contoso.com\r\n", "250 252"),
];

/// The names of the dialogues, for the page that names them.
pub fn names() -> Vec<&'static str> {
    DIALOGUES.iter().map(|(name, ..)| *name).collect()
}

#[test]
fn each_dialogue_is_told_what_the_rules_say_and_leaves_nothing_behind() {
    let victim = Victim::start(&[]);
    let mut wrong = Vec::new();
    for (name, words, expected) in DIALOGUES {
        let words = words.replacen('$', MAIL, usize::from(words.starts_with('$')));
        let (whole, half) = (words.as_bytes(), words.len() / 2);
        let expected = format!("220 {expected}");
        for pieces in [vec![whole], vec![&whole[..half], &whole[half..]]] {
            let told = victim.told(&pieces);
            if told != expected {
                wrong.push(format!("{name}: expected {expected}, told {told}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    victim.is_as_before("dialogues");
}

#[test]
fn no_ending_but_the_right_one_smuggles_a_message_however_it_is_split() {
    let victim = Victim::start(&[]);
    for ending in [
        "\n.\n",
        "\r.\r",
        "\r.\n",
        "\n.\r",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r\n",
        "\r\n.\r",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
    ] {
        let before = format!("{MAIL}DATA\r\nSubject: one\r\n\r\nbody");
        let smuggled = "MAIL FROM:<smuggled@x.example>\r\nRCPT TO:<info@contoso.com>\r\nDATA\r\nSubject: two\r\n\r\nx\r\n.\r\nQUIT\r\n";
        let wire = format!("{before}{ending}{smuggled}");
        for at in before.len()..=before.len() + ending.len() + 1 {
            let told = victim.told(&[&wire.as_bytes()[..at], &wire.as_bytes()[at..]]);
            assert_eq!(told, "220 250 250 250 354 250 221", "{ending:?} split at {at}");
        }
    }
    victim.is_as_before("smuggling");
}

#[test]
fn what_is_said_in_clear_text_behind_starttls_is_forgotten() {
    let victim = Victim::start(&[]);
    for injected in
        ["MAIL FROM:<injected@x.example>\r\n", "MAIL FROM:<a", "EHLO y.example\r\nMAIL FROM:<>\r\n"]
    {
        let mut stream = victim.connect();
        victim.starttls(&mut stream, format!("{MAIL}STARTTLS\r\n{injected}").as_bytes());
        let mut tls = handshake(stream);
        tls.write_all(format!("RCPT TO:<info@contoso.com>\r\n{MAIL}QUIT\r\n").as_bytes()).expect("written");
        assert_eq!(codes(&rest(tls)), "503 250 250 250 221", "{injected:?}");
    }
    // Once is enough.
    let mut tls = victim.under_tls(&victim.mx);
    tls.write_all(b"EHLO x.example\r\nSTARTTLS\r\nQUIT\r\n").expect("written");
    assert_eq!(codes(&rest(tls)), "250 503 221");
    victim.is_as_before("injection");
}

#[test]
fn guessed_passwords_are_slowed_down_and_end_the_session() {
    let victim = Victim::start(&["log-in-pause=100ms"]);
    let mut tls = victim.under_tls(&victim.submission);
    // `scan@contoso.com` and `guess`.
    let guess = "AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==\r\nZ3Vlc3M=\r\n";
    tls.write_all(format!("EHLO x.example\r\n{}", guess.repeat(9)).as_bytes()).expect("written");
    let begun = Instant::now();
    assert_eq!(codes(&rest(tls)), "250 334 535 334 535 334 535 334 535 334 535 421");
    assert!(begun.elapsed() >= Duration::from_millis(400), "{:?}", begun.elapsed());
    let right = "AUTH LOGIN c2NhbkBjb250b3NvLmNvbQ==\r\nY29ycmVjdCBob3JzZQ==\r\n";
    for (words, told) in [
        (format!("AUTH LOGIN\r\n!!!\r\n{right}{right}QUIT\r\n"), "334 501 334 235 503 500 221"),
        (format!("AUTH LOGIN\r\n*\r\nAUTH LOGIN ={right}QUIT\r\n"), "334 501 501 500 221"),
        (format!("AUTH LOGIN\r\n{}\r\n{right}QUIT\r\n", "A".repeat(13_000)), "334 500"),
    ] {
        let mut tls = victim.under_tls(&victim.submission);
        tls.write_all(format!("EHLO x.example\r\n{words}").as_bytes()).expect("written");
        assert_eq!(codes(&rest(tls)), format!("250 {told}"), "{}", &words[..20]);
    }
    victim.is_as_before("passwords");
}

#[test]
fn whatever_is_too_much_is_bounded() {
    let victim = Victim::start(&["size=1000000"]);
    let megabyte = vec![b'x'; 1 << 20];
    let flood = |start: &str, times: usize, end: &str| {
        let mut pieces = vec![start.as_bytes()];
        pieces.extend(std::iter::repeat_n(megabyte.as_slice(), times));
        pieces.push(end.as_bytes());
        victim.told(&pieces)
    };
    assert_eq!(flood("NOOP ", 40, "\r\nNOOP\r\n"), "220 500");
    victim.is_as_before("a command without an end");
    assert_eq!(flood(&format!("{MAIL}DATA\r\n"), 40, "\r\n.\r\nNOOP\r\n"), "220 250 250 250 354 552 250");
    victim.is_as_before("a line of a message without an end");
    let lies = MAIL.replace("x.example>\r\nR", "x.example> SIZE=10\r\nR");
    assert_eq!(flood(&format!("{lies}DATA\r\n"), 2, "\r\n.\r\n"), "220 250 250 250 354 552");
    let chunks = format!("{MAIL}BDAT 1000000\r\n{}BDAT 10 LAST\r\n0123456789NOOP\r\n", "x".repeat(1_000_000));
    assert_eq!(victim.told(&[chunks.as_bytes()]), "220 250 250 250 250 552 250");
    victim.is_as_before("a message that is larger than it says");

    let many = format!("{MAIL}{}", "RCPT TO:<info@contoso.com>\r\n".repeat(1_000));
    let told = victim.told(&[many.as_bytes()]);
    assert_eq!((told.matches("250").count(), told.matches("452").count()), (2 + 1_000, 1), "{told}");
    let told = victim.told(&["NOOP\r\n".repeat(11_000).as_bytes()]);
    assert_eq!((told.matches("250").count(), told.ends_with(" 421")), (10_000, true));
    let told = victim.told(&["NONSENSE\r\n".repeat(100).as_bytes()]);
    assert_eq!((told.matches("500").count(), told.ends_with(" 421")), (50, true));
    victim.is_as_before("too many of everything");
}

#[test]
fn whoever_is_slow_meets_a_deadline() {
    let victim =
        Victim::start(&["command=400ms", "write=400ms", "handshake=400ms", "session=3s", "linger=100ms"]);
    let begun = Instant::now();
    thread::scope(|scope| {
        // Nothing; half a command; a command byte by byte.
        for words in ["", "EHLO x.exam"] {
            let mut stream = victim.connect();
            stream.write_all(words.as_bytes()).expect("written");
            scope.spawn(move || assert_eq!(codes(&rest(stream)), "220 421", "{words:?}"));
        }
        let drip = |words: String, byte: u8| {
            let mut stream = victim.connect();
            stream.write_all(words.as_bytes()).expect("written");
            let mut read = stream.try_clone().expect("a socket can be shared");
            let heard = scope.spawn(move || rest(&mut read));
            scope.spawn(move || {
                while stream.write_all(&[byte]).is_ok() {
                    thread::sleep(Duration::from_millis(50));
                }
            });
            heard
        };
        let command = drip(String::new(), b'x');
        // A body goes on for as long as the session may.
        let body = drip(format!("{MAIL}DATA\r\n"), b'x');
        assert_eq!(codes(&command.join().expect("no panic")), "220 421");
        assert_eq!(codes(&body.join().expect("no panic")), "220 250 250 250 354");
        // Neither silence nor another protocol is a handshake.
        for words in ["", "GET / HTTP/1.1\r\n\r\n"] {
            let mut stream = victim.connect();
            victim.starttls(&mut stream, b"EHLO x.example\r\nSTARTTLS\r\n");
            stream.write_all(words.as_bytes()).expect("written");
            scope.spawn(move || rest(stream));
        }
        // Who never reads.
        let mut stream = victim.connect();
        scope.spawn(move || {
            stream.set_write_timeout(Some(Duration::from_secs(5))).expect("a time");
            while stream.write_all(&b"NOOP\r\n".repeat(100)).is_ok() {}
        });
    });
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    victim.is_as_before("slow clients");

    // Slow, but in time.
    let victim = Victim::start(&[]);
    let mut stream = victim.connect();
    victim.starttls(&mut stream, b"EHLO x.example\r\nSTARTTLS\r\n");
    let mut tls = handshake_by_the_byte(stream);
    tls.write_all(b"EHLO x.example\r\nQUIT\r\n").expect("written");
    assert_eq!(codes(&rest(tls)), "250 221");
}

#[test]
fn a_flood_of_tls_meets_a_deadline_and_a_chain_of_100_counts_as_none() {
    let victim = Victim::start(&["command=400ms", "write=400ms", "linger=100ms"]);
    let ca = X509::from_pem(victim.dir.read("ca.pem").as_bytes()).expect("PEM").to_der().expect("DER");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(ca)).expect("a CA");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().expect("a name");
    let mut tls = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut stream = victim.connect();
    victim.starttls(&mut stream, b"EHLO x.example\r\nSTARTTLS\r\n");
    while tls.is_handshaking() {
        tls.complete_io(&mut stream).expect("a handshake");
    }
    let begun = Instant::now();
    let mut open = true;
    while open {
        tls.refresh_traffic_keys().expect("TLS 1.3");
        while open && tls.wants_write() {
            open = tls.write_tls(&mut stream).is_ok();
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    victim.is_as_before("KeyUpdate for ever");

    let mut links = vec![Pki::shared().ca().intermediate("link 0")];
    for n in 1..100 {
        links.push(links[n - 1].intermediate(&format!("link {n}")));
    }
    let deep = links[99].issue(&Leaf::default());
    let mut connector = SslConnector::builder(SslMethod::tls_client()).expect("a context");
    connector.set_verify(SslVerifyMode::NONE);
    connector.set_certificate(&deep.cert).expect("a certificate");
    connector.set_private_key(&deep.key).expect("its key");
    for link in links.iter().rev().map(Issuer::certificate) {
        connector.add_extra_chain_cert(link.clone()).expect("a chain");
    }
    let mut stream = victim.connect();
    victim.starttls(&mut stream, b"EHLO x.example\r\nSTARTTLS\r\n");
    let mut tls = connector.build().connect("localhost", stream).expect("a handshake");
    let outward = "EHLO x.example\r\nMAIL FROM:<a@contoso.com>\r\nRCPT TO:<b@fabrikam.example>\r\nQUIT\r\n";
    tls.write_all(outward.as_bytes()).expect("written");
    assert_eq!(codes(&rest(tls)), "250 250 550 221");
    victim.is_as_before("a chain of 100");
}

/// A handshake whose ClientHello comes byte by byte.
fn handshake_by_the_byte(stream: TcpStream) -> SslStream<Dripping> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).expect("a context");
    connector.set_verify(SslVerifyMode::NONE);
    connector.build().connect("localhost", Dripping(stream)).expect("a handshake")
}

/// A socket that takes a byte at a time.
#[derive(Debug)]
struct Dripping(TcpStream);

impl Read for Dripping {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Dripping {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn ten_thousand_connections_leave_room_where_descriptors_are_few() {
    let victim = Victim::with_descriptors(256, &["linger=100ms"]);
    let (mut served, mut turned_away) = (0, 0);
    // More at a time than there are descriptors.
    for _ in 0..25 {
        let wave: Vec<TcpStream> = (0..400).map_while(|_| connect(&victim.mx).ok()).collect();
        assert_eq!(wave.len(), 400, "the simulator takes connections");
        for mut stream in wave {
            let mut code = [0; 3];
            match stream.read_exact(&mut code).map(|()| &code) {
                Ok(b"220") => served += 1,
                Ok(b"421") => turned_away += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(served + turned_away, 10_000);
    assert!(served >= 25 && turned_away >= 25, "{served} served, {turned_away} told 421");
    victim.is_as_before("ten thousand connections");
}

#[test]
fn the_limits_are_printed_as_they_are_set_and_an_unknown_one_is_refused() {
    let dir = Dir::new();
    let ran = Program::new(dir.path(), ["simulate", "--limits", "--limit", "connections=7"]).run();
    ran.status(0).says("connections            7  connections open at once on one endpoint");
    assert_eq!(ran.stdout.lines().count(), 14);
    let ran = Program::new(dir.path(), ["simulate", "--limits", "--limit", "conections=7"]).run();
    ran.status(2).says("`conections` is no limit; there are connections, line, size");
}
