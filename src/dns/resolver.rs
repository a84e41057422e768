//! Asking name servers: UDP, and TCP where an answer is too long for it (RFC 1035
//! §4.2, RFC 7766).
//!
//! Nothing is kept: each session asks anew, as a mail server does whose memory is
//! empty. No EDNS, so a server's answer is at most 512 octets before TCP, and no
//! middle box is in the way of it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};

use super::answer::{Found, Heard, Question, find, judge, shown, too_many_aliases};
use super::failure::{Failure, Reason};
use super::mail::{Family, MailHost, order};
use super::{Domain, Settings};

/// How often each server is asked that says nothing: a datagram may get lost.
const ROUNDS: u32 = 2;

/// The largest datagram that is read whole. Without EDNS 512 octets are allowed.
const DATAGRAM: usize = 4096;

/// Asks the name servers of its settings.
#[derive(Debug)]
pub struct Resolver {
    settings: Settings,
}

/// The addresses of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// In ascending order, at least one: servers turn the order about with every
    /// answer, and a test that is played twice is to meet the same host.
    pub all: Vec<IpAddr>,
    /// The name that they belong to, where the host is an alias of it.
    pub alias_of: Option<String>,
}

impl Resolver {
    /// A resolver with these settings. Nothing is asked yet.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// The hosts that take mail for a domain, in the order in which they are tried.
    ///
    /// # Errors
    ///
    /// [`Failure`], at the deadline or the settings' time-out at the latest.
    pub async fn mail_hosts(&self, domain: &Domain, deadline: Instant) -> Result<Vec<MailHost>, Failure> {
        let found = self.look_up(&domain.name(), RecordType::MX, deadline).await?;
        let records = found.records.iter().filter_map(|data| match data {
            RData::MX(mx) => Some((mx.preference, shown(&mx.exchange))),
            _ => None,
        });
        let records: Vec<_> = records.collect();
        // RFC 5321 §5.1: where the name is an alias, its target is the domain.
        order(&shown(&found.name), records)
    }

    /// The addresses of a host: of this family, or of IPv4 and, where there is none,
    /// of IPv6.
    ///
    /// # Errors
    ///
    /// [`Failure`], at the deadline or the settings' time-out at the latest.
    pub async fn addresses(
        &self,
        host: &Domain,
        family: Option<Family>,
        deadline: Instant,
    ) -> Result<Addresses, Failure> {
        let families = match family {
            Some(Family::V4) => &[Family::V4][..],
            Some(Family::V6) => &[Family::V6],
            None => &[Family::V4, Family::V6],
        };
        for family in families {
            let kind = match family {
                Family::V4 => RecordType::A,
                Family::V6 => RecordType::AAAA,
            };
            let found = self.look_up(&host.name(), kind, deadline).await?;
            let addresses = found.records.iter().filter_map(|data| match data {
                RData::A(address) => Some(IpAddr::V4(address.0)),
                RData::AAAA(address) => Some(IpAddr::V6(address.0)),
                _ => None,
            });
            let mut all: Vec<_> = addresses.collect();
            all.sort_unstable();
            if !all.is_empty() {
                return Ok(Addresses { all, alias_of: found.is_alias.then(|| shown(&found.name)) });
            }
        }
        let which = family.map_or("", |family| match family {
            Family::V4 => "IPv4 ",
            Family::V6 => "IPv6 ",
        });
        Err(Failure::new(Reason::NoAddress, format!("{host} has no {which}address")))
    }

    /// The records of a name, aliases followed to their end.
    async fn look_up(&self, name: &Name, kind: RecordType, deadline: Instant) -> Result<Found, Failure> {
        let deadline = deadline.min(Instant::now() + self.settings.timeout);
        let mut at = name.clone();
        let mut passed: Vec<Name> = Vec::new();
        loop {
            let message = self.ask(&at, kind, deadline).await?;
            judge(&message, &at)?;
            let found = find(&message, &at, kind)?;
            // A server that resolves shows where an alias leads; one that has the alias
            // alone has to be asked again.
            if !found.records.is_empty() || !found.is_alias {
                return Ok(Found { is_alias: found.name != *name, ..found });
            }
            passed.push(std::mem::replace(&mut at, found.name));
            too_many_aliases(&passed, &at)?;
        }
    }

    /// The first answer that settles the question, from whichever server.
    async fn ask(&self, name: &Name, kind: RecordType, deadline: Instant) -> Result<Message, Failure> {
        let servers = &self.settings.servers;
        let turns = ROUNDS * u32::try_from(servers.len()).unwrap_or(u32::MAX);
        let turn = self.settings.timeout / turns.max(1);
        let mut failed: Vec<Option<Failure>> = vec![None; servers.len()];
        for _ in 0..ROUNDS {
            for (server, failed) in servers.iter().zip(&mut failed) {
                if failed.as_ref().is_some_and(|failure| failure.reason != Reason::Timeout) {
                    continue;
                }
                let answer = ask_one(*server, name, kind, deadline.min(Instant::now() + turn)).await;
                match answer.and_then(|message| judge(&message, name).map(|()| message)) {
                    Err(failure) if failure.reason.is_the_servers() => *failed = Some(failure),
                    settled => return settled,
                }
            }
        }
        let told = |failure: &Failure| failure.reason != Reason::Timeout;
        let mut failed: Vec<_> = failed.into_iter().flatten().collect();
        let at = failed.iter().position(told).unwrap_or_default();
        Err(match failed.get(at) {
            Some(failure) if told(failure) => failed.swap_remove(at),
            _ => Failure::new(Reason::Timeout, silence(name, servers)),
        })
    }
}

fn silence(name: &Name, servers: &[SocketAddr]) -> String {
    let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
    format!("no answer about {} from {} in time", shown(name), servers.join(", "))
}

/// Asks one server until the deadline.
async fn ask_one(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    deadline: Instant,
) -> Result<Message, Failure> {
    let question = Question::new(name, kind);
    let began = Instant::now();
    let late = |_| Failure::new(Reason::Timeout, silence(name, &[server]));
    let heard = timeout_at(deadline, by_datagram(server, &question)).await.map_err(late)?;
    let heard = match heard.map_err(|error| unreachable(server, "UDP", &error))? {
        Heard::CutShort => {
            // As long again: the datagrams may have used up all but the last of it.
            let deadline = deadline + (Instant::now() - began);
            timeout_at(deadline, by_stream(server, &question)).await.map_err(late)??
        }
        heard => heard,
    };
    match heard {
        Heard::Answer(answer) => answer.map(|message| *message),
        Heard::Nothing | Heard::CutShort => {
            let why =
                format!("{server} answers something else over TCP than it was asked about {}", shown(name));
            Err(Failure::new(Reason::Malformed, why))
        }
    }
}

/// What the server answers by UDP. Its own socket for each question: the port is one
/// more thing that a forger has to guess (RFC 5452 §4.5).
async fn by_datagram(server: SocketAddr, question: &Question) -> io::Result<Heard> {
    let own = match server {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(server).await?;
    socket.send(&question.octets).await?;
    let mut datagram = vec![0; DATAGRAM];
    loop {
        let size = socket.recv(&mut datagram).await?;
        match question.hear(&datagram[..size]) {
            Heard::Nothing => {
                // A flood of what is no answer must not keep others from their turn.
                tokio::task::yield_now().await;
            }
            heard => return Ok(heard),
        }
    }
}

/// What the server answers by TCP: one message with its length before it, which two
/// octets bound (RFC 1035 §4.2.2).
async fn by_stream(server: SocketAddr, question: &Question) -> Result<Heard, Failure> {
    let lost = |error: io::Error| unreachable(server, "TCP", &error);
    let mut stream = TcpStream::connect(server).await.map_err(lost)?;
    let length = u16::try_from(question.octets.len()).expect("a question is short");
    let sent = [&length.to_be_bytes()[..], &question.octets].concat();
    stream.write_all(&sent).await.map_err(lost)?;
    let cut = |_| {
        let why = format!("{server} closed the connection before its answer was whole");
        Failure::new(Reason::Malformed, why)
    };
    let length = stream.read_u16().await.map_err(cut)?;
    let mut octets = vec![0; usize::from(length)];
    stream.read_exact(&mut octets).await.map_err(cut)?;
    Ok(question.hear(&octets))
}

fn unreachable(server: SocketAddr, by: &str, error: &io::Error) -> Failure {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default().to_lowercase();
    Failure::new(Reason::Unreachable, format!("no name server at {server}: {words} ({by})"))
}
