//! Getting a connection: name, socket, PROXY header.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::socket::Socket;
use super::{proxy, route};
use crate::dns::{Domain, Family, Reason, Resolver};
use crate::plan::{Endpoint, MailHosts, Mx, Route};
use crate::smtp::{Event, EventKind};

/// Connects as the plan says, to the first address of the host alone: no second
/// one is tried, and no other host of the domain.
///
/// # Errors
///
/// `dns_failure`, `refused` or `timeout`.
pub(super) async fn dial(
    endpoint: &Endpoint,
    deadline: Instant,
) -> Result<(Socket, Option<SocketAddr>), Event> {
    if let Some(path) = endpoint.socket() {
        return match timeout_at(deadline, local(endpoint, path)).await {
            Ok(Ok(stream)) => Ok((Socket::Unix(stream), None)),
            Ok(Err(error)) => {
                let reason = match error.kind() {
                    io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => "connection_refused",
                    io::ErrorKind::PermissionDenied => "permission_denied",
                    _ => "other",
                };
                let detail = format!("{path}: {}", words(&error));
                Err(Event::new(EventKind::Refused, reason).with_detail(detail))
            }
            Err(_) => Err(Event::new(EventKind::Timeout, "connect")
                .with_detail(format!("{path} did not answer in time"))),
        };
    }
    let looked_up = timeout_at(deadline, look_up(endpoint, deadline)).await;
    let (address, others) = looked_up.unwrap_or_else(|_| {
        Err(Event::new(EventKind::DnsFailure, "timeout")
            .with_detail(format!("the name {} was not resolved in time", endpoint.host)))
    })?;
    let connected = timeout_at(deadline, connect(endpoint, address)).await;
    match connected {
        Ok(Ok(stream)) => Ok((Socket::Tcp(stream), Some(address))),
        Ok(Err(error)) => match endpoint.bind {
            Some(bind) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                let event = Event::new(EventKind::Refused, "address_not_available");
                Err(event.with_detail(format!("{bind} is no address of this host")))
            }
            _ => Err(refused(&error, address, &others)),
        },
        Err(_) => Err(Event::new(EventKind::Timeout, "connect").with_detail(format!(
            "{address} did not answer in time; a firewall that drops looks so{others}"
        ))),
    }
}

async fn local(endpoint: &Endpoint, path: &str) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(path).await?;
    if let Some(proxy) = &endpoint.proxy {
        // A socket has no address; the header is about the client.
        let target = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        stream.write_all(&proxy::header(proxy, target)).await?;
    }
    Ok(stream)
}

async fn connect(endpoint: &Endpoint, address: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = match endpoint.bind {
        None => TcpStream::connect(address).await?,
        Some(bind) => {
            let socket = if bind.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            socket.bind(SocketAddr::new(bind, 0))?;
            socket.connect(address).await?
        }
    };
    // A command is one write; nothing is gained by waiting for more of it.
    stream.set_nodelay(true)?;
    if let Some(proxy) = &endpoint.proxy {
        stream.write_all(&proxy::header(proxy, address)).await?;
    }
    Ok(stream)
}

/// The host's first address, of the bound address' family where one is bound, and
/// a word about those that are not tried.
async fn look_up(endpoint: &Endpoint, deadline: Instant) -> Result<(SocketAddr, String), Event> {
    let Endpoint { host, port, bind, .. } = endpoint;
    let mx = match &endpoint.route {
        Route::Mx(mx) => Some(mx),
        Route::Host | Route::Domain(_) => None,
    };
    if let Ok(address) = host.parse::<IpAddr>() {
        // RFC 1035 §3.3.9: a name stands there, and this one is four digits of a name.
        if let Some(mx) = mx {
            let why = format!("an MX record of {} names {host}, and an address is no host's name", mx.domain);
            return Err(Event::new(EventKind::DnsFailure, "mx_is_address").with_detail(why));
        }
        return Ok((SocketAddr::new(address, *port), String::new()));
    }
    let bound = bind.map(|bind| if bind.is_ipv4() { Family::V4 } else { Family::V6 });
    let family = match (endpoint.family, bound) {
        (Some(family), Some(bound)) if family != bound => return Err(no_address(host)),
        (family, bound) => family.or(bound),
    };
    let (first, second) = match &endpoint.dns {
        // RFC 6761 §6.3: that name is not the DNS's to say.
        Some(dns) if !host.eq_ignore_ascii_case("localhost") => ask(dns, host, family, mx, deadline).await?,
        _ => {
            let fits = |address: &SocketAddr| {
                family.is_none_or(|family| (family == Family::V4) == address.is_ipv4())
            };
            let addresses = lookup_host((&**host, *port)).await.map_err(|error| dns_failure(host, &error))?;
            let mut addresses = addresses.filter(fits).map(|address| address.ip());
            (addresses.next().ok_or_else(|| no_address(host))?, addresses.next())
        }
    };
    let mut others = match second {
        Some(second) => format!("; {host} has other addresses, such as {second}, which are not tried"),
        None => String::new(),
    };
    if let Some(mx) = mx.filter(|mx| mx.hosts == MailHosts::First && mx.of > 1) {
        others.push_str(&format!("; {} has {} more MX hosts, which are not tried", mx.domain, mx.of - 1));
    }
    Ok((SocketAddr::new(first, *port), others))
}

/// The first two addresses that the DNS has of a host.
async fn ask(
    dns: &Resolver,
    host: &str,
    family: Option<Family>,
    mx: Option<&Mx>,
    deadline: Instant,
) -> Result<(IpAddr, Option<IpAddr>), Event> {
    let malformed = |why| Event::new(EventKind::DnsFailure, Reason::Malformed.as_str()).with_detail(why);
    let domain = Domain::parse(host).map_err(malformed)?;
    let looked_up = dns.addresses(&domain, family, deadline).await;
    // A domain without MX records is its own host, and may be an alias (RFC 5321 §5.1).
    let Some(mx) = mx else {
        let addresses = looked_up.map_err(route::failure)?;
        return Ok((addresses.all[0], addresses.all.get(1).copied()));
    };
    let named = mx.preference.is_some();
    let addresses = looked_up.map_err(|mut failure| {
        match (named, failure.reason) {
            (true, Reason::NotFound | Reason::NoAddress) => {
                failure.reason = Reason::MxNoAddress;
                failure.detail.push_str(&format!("; an MX record of {} names it", mx.domain));
            }
            (false, Reason::NoAddress) => failure.detail.push_str(", and no MX record"),
            _ => {}
        }
        route::failure(failure)
    })?;
    match addresses.alias_of {
        Some(target) if named => {
            let why = format!("{host}, which an MX record of {} names, is an alias of {target}", mx.domain);
            Err(Event::new(EventKind::DnsFailure, Reason::MxIsCname.as_str()).with_detail(why))
        }
        _ => Ok((addresses.all[0], addresses.all.get(1).copied())),
    }
}

fn no_address(host: &str) -> Event {
    let why = format!("{host} has no address of the family that is asked for");
    Event::new(EventKind::DnsFailure, Reason::NoAddress.as_str()).with_detail(why)
}

/// What the resolver says, told apart. The library passes on no number, so its
/// words have to do; they are those of `gai_strerror(3)` in the C locale.
fn dns_failure(host: &str, error: &io::Error) -> Event {
    let text = error.to_string();
    let reason = [
        ("Name or service not known", "not_found"),
        ("nodename nor servname provided", "not_found"),
        ("No address associated", "no_address"),
        ("Temporary failure", "temporary"),
        ("Non-recoverable failure", "server_failure"),
    ]
    .into_iter()
    .find_map(|(words, reason)| text.contains(words).then_some(reason));
    Event::new(EventKind::DnsFailure, reason.unwrap_or("other")).with_detail(format!("{host}: {text}"))
}

fn refused(error: &io::Error, address: SocketAddr, others: &str) -> Event {
    let detail = format!("{address}: {}{others}", words(error));
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection_refused",
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "reset",
        io::ErrorKind::NetworkUnreachable => "network_unreachable",
        io::ErrorKind::HostUnreachable => "host_unreachable",
        io::ErrorKind::AddrNotAvailable => "address_not_available",
        io::ErrorKind::PermissionDenied => "permission_denied",
        io::ErrorKind::TimedOut => {
            return Event::new(EventKind::Timeout, "connect").with_detail(detail);
        }
        _ => "other",
    };
    Event::new(EventKind::Refused, reason).with_detail(detail)
}

/// The system's words, less its number.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_ways_not_to_get_a_connection_are_told_apart() {
        let within = || Instant::now() + std::time::Duration::from_secs(5);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        let endpoint = |host: &str, bind: Option<&str>| Endpoint {
            bind: bind.map(|bind| bind.parse().expect("an address")),
            ..Endpoint::new(host.into(), address.port())
        };
        let end =
            async |endpoint: Endpoint| dial(&endpoint, within()).await.map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(end(endpoint("127.0.0.1", None)).await, Ok(()));
        assert_eq!(end(endpoint("127.0.0.1", Some("127.0.0.2"))).await, Ok(()));
        let elsewhere = endpoint("127.0.0.1", Some("203.0.113.9"));
        assert_eq!(end(elsewhere).await, Err("refused address_not_available".to_owned()));
        drop(listener);
        assert_eq!(end(endpoint("127.0.0.1", None)).await, Err("refused connection_refused".to_owned()));
    }

    #[tokio::test]
    async fn a_proxy_header_opens_the_connection() {
        use tokio::io::AsyncReadExt as _;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let source = "203.0.113.10:4711".parse().expect("an address");
        let proxy = Some(crate::plan::Proxy { version: crate::plan::ProxyVersion::V1, source });
        let endpoint = Endpoint { proxy, ..Endpoint::new("127.0.0.1".into(), port) };
        let (stream, _) =
            dial(&endpoint, Instant::now() + std::time::Duration::from_secs(5)).await.expect("it listens");
        drop(stream);
        let mut heard = String::new();
        let (mut peer, _) = listener.accept().await.expect("a client");
        peer.read_to_string(&mut heard).await.expect("text");
        assert_eq!(heard, format!("PROXY TCP4 203.0.113.10 127.0.0.1 4711 {port}\r\n"));
    }

    #[test]
    fn a_resolvers_words_are_told_apart() {
        let reason = |words: &str| {
            let error = io::Error::other(format!("failed to lookup address information: {words}"));
            dns_failure("mx.test", &error).reason.into_owned()
        };
        assert_eq!(reason("Name or service not known"), "not_found");
        assert_eq!(reason("Temporary failure in name resolution"), "temporary");
        assert_eq!(reason("No address associated with hostname"), "no_address");
        assert_eq!(reason("Non-recoverable failure in name resolution"), "server_failure");
    }
}
