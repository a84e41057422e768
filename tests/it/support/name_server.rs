//! Name servers: Debian's unbound with zones of the tests' own, and one that answers
//! what a test wants, octet by octet.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Dir;
use super::need::{find, have};

/// A running unbound, stopped when the test ends. It knows these zones and nothing
/// else, and asks nobody.
pub struct Unbound {
    child: Child,
    address: SocketAddr,
    dir: Dir,
}

impl Unbound {
    /// One with these zones, each a name and its records, and more settings of its
    /// `server:` clause. `None` where it cannot be had and the test is skipped.
    pub fn start(test: &str, zones: &[(&str, &str)], settings: &str) -> Option<Self> {
        if !have(test, &["unbound"]) {
            return None;
        }
        // A port that is free now may be somebody else's in a moment.
        (0..5).find_map(|_| Self::try_start(zones, settings)).or_else(|| panic!("unbound does not start"))
    }

    fn try_start(zones: &[(&str, &str)], settings: &str) -> Option<Self> {
        let dir = Dir::new();
        let address = bound().0.local_addr().expect("it is bound");
        let mut conf = format!(
            "server:\n  interface: {}@{}\n  do-daemonize: no\n  chroot: \"\"\n  username: \"\"\n  \
             directory: \"{}\"\n  pidfile: \"\"\n  use-syslog: no\n  do-ip6: no\n  num-threads: 1\n  \
             local-zone: \"test.\" nodefault\n{settings}remote-control:\n  control-enable: no\n",
            address.ip(),
            address.port(),
            dir.path().display()
        );
        for (name, records) in zones {
            conf += &format!(
                "auth-zone:\n  name: \"{name}.\"\n  zonefile: \"{name}.zone\"\n  for-upstream: yes\n  \
                 for-downstream: no\n  fallback-enabled: no\n"
            );
            let head = format!(
                "$ORIGIN {name}.\n@ 60 IN SOA ns hostmaster 1 60 60 60 60\n@ 60 IN NS ns\nns 60 IN A 127.0.0.1\n"
            );
            dir.write(&format!("{name}.zone"), head + records);
        }
        let conf = dir.write("unbound.conf", conf);
        let program = find("unbound").expect("it is here");
        let log = std::fs::File::create(dir.join("log")).expect("the folder is ours");
        let child = Command::new(program)
            .args(["-d", "-c"])
            .arg(conf)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a descriptor"))
            .stderr(log)
            .spawn()
            .expect("unbound starts");
        let mut server = Self { child, address, dir };
        server.answers().then_some(server)
    }

    /// Waits until it answers, whatever it is asked; says whether it did before it ended.
    fn answers(&mut self) -> bool {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a loopback port is free");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a socket has a time-out");
        socket.connect(self.address).expect("a socket can be connected");
        let question =
            [&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &dns::name("up.test"), &[0, 1, 0, 1]].concat();
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if self.child.try_wait().expect("it is our child").is_some() {
                eprintln!("{}", self.dir.read("log"));
                return false;
            }
            let _ = socket.send(&question);
            if socket.recv(&mut [0; 512]).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("unbound does not answer:\n{}", self.dir.read("log"));
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A question that came in.
pub struct Asked<'a> {
    /// The message.
    pub octets: &'a [u8],
    /// The name asked for, without the final dot.
    pub name: String,
    /// The type asked for: 1 is A, 15 is MX.
    pub kind: u16,
    /// Whether it came by TCP.
    pub tcp: bool,
    /// How many questions came before it.
    pub nth: usize,
}

/// A name server that answers what a test wants, on UDP and TCP of one loopback port.
pub struct NameServer {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl NameServer {
    /// Answers every question with these messages: by UDP each is a datagram, by TCP the
    /// first is the answer and the connection is closed behind it.
    pub fn play(script: impl Fn(&Asked<'_>) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        let (udp, tcp) = bound();
        let address = udp.local_addr().expect("it is bound");
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let script = Arc::new(script);
        {
            let (stop, asked, script) = (Arc::clone(&stop), Arc::clone(&asked), Arc::clone(&script));
            thread::spawn(move || {
                let mut datagram = [0; 4096];
                while let Ok((size, from)) = udp.recv_from(&mut datagram) {
                    if stop.load(Ordering::Acquire) {
                        break;
                    }
                    let nth = asked.fetch_add(1, Ordering::AcqRel);
                    for answer in script(&question(&datagram[..size], false, nth)) {
                        let _ = udp.send_to(&answer, from);
                    }
                }
            });
        }
        {
            let (stop, asked) = (Arc::clone(&stop), Arc::clone(&asked));
            thread::spawn(move || {
                for stream in tcp.incoming() {
                    if stop.load(Ordering::Acquire) {
                        break;
                    }
                    let answer = |mut stream: std::net::TcpStream| -> io::Result<()> {
                        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
                        let mut length = [0; 2];
                        stream.read_exact(&mut length)?;
                        let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
                        stream.read_exact(&mut octets)?;
                        let nth = asked.fetch_add(1, Ordering::AcqRel);
                        match script(&question(&octets, true, nth)).first() {
                            Some(answer) => {
                                let length = u16::try_from(answer.len()).expect("an answer of TCP fits");
                                stream.write_all(&length.to_be_bytes())?;
                                stream.write_all(answer)
                            }
                            None => Ok(()),
                        }
                    };
                    let _ = stream.and_then(answer);
                }
            });
        }
        Self { address, stop, asked }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many questions came.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Acquire)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes both loops, which then see that it is over.
        let _ = std::net::TcpStream::connect(self.address);
        let _ =
            UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.send_to(&[], self.address));
    }
}

/// Both protocols on one port.
fn bound() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port is free");
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("it is bound")) {
            return (udp, tcp);
        }
    }
    panic!("no port of loopback is free for UDP and TCP");
}

fn question(octets: &[u8], tcp: bool, nth: usize) -> Asked<'_> {
    let (mut at, mut labels) = (12, Vec::new());
    while let Some(length) = octets.get(at).map(|length| usize::from(*length)).filter(|length| *length > 0) {
        let label = octets.get(at + 1..at + 1 + length).unwrap_or_default();
        labels.push(String::from_utf8_lossy(label).into_owned());
        at += 1 + length;
    }
    let kind = octets.get(at + 1..at + 3).map_or(0, |kind| u16::from_be_bytes([kind[0], kind[1]]));
    Asked { octets, name: labels.join("."), kind, tcp, nth }
}

/// Messages by hand (RFC 1035 §4.1): nothing of it is the program's own.
pub mod dns {
    use super::Asked;

    pub const A: u16 = 1;
    pub const CNAME: u16 = 5;
    pub const MX: u16 = 15;

    /// A name: `contoso.test`; empty for the root.
    pub fn name(text: &str) -> Vec<u8> {
        let labels = text.split('.').filter(|label| !label.is_empty());
        let mut octets: Vec<u8> =
            labels.flat_map(|label| [&[label.len() as u8][..], label.as_bytes()].concat()).collect();
        octets.push(0);
        octets
    }

    /// A record of a name.
    pub fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
        let head =
            [&kind.to_be_bytes()[..], &[0, 1, 0, 0, 0, 60], &(data.len() as u16).to_be_bytes()].concat();
        [&name(owner)[..], &head, data].concat()
    }

    pub fn a(owner: &str, address: [u8; 4]) -> Vec<u8> {
        record(owner, A, &address)
    }

    pub fn cname(owner: &str, target: &str) -> Vec<u8> {
        record(owner, CNAME, &name(target))
    }

    pub fn mx(owner: &str, preference: u16, host: &str) -> Vec<u8> {
        record(owner, MX, &[&preference.to_be_bytes()[..], &name(host)].concat())
    }

    /// An answer to the question, with its code and these records.
    pub fn answer(asked: &Asked<'_>, code: u8, records: &[Vec<u8>]) -> Vec<u8> {
        let mut octets = asked.octets.to_vec();
        octets[2] |= 0x80;
        octets[3] = 0x80 | code;
        octets[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
        octets.extend(records.concat());
        octets
    }

    /// The same, said to be cut short.
    pub fn cut_short(asked: &Asked<'_>) -> Vec<u8> {
        let mut octets = answer(asked, 0, &[]);
        octets[2] |= 0x02;
        octets
    }
}
