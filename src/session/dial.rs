//! Getting a connection: name, socket, PROXY header.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::proxy;
use crate::plan::Endpoint;
use crate::smtp::{Event, EventKind};

/// Connects as the plan says, to the first address of the host alone: no second
/// one is tried.
///
/// # Errors
///
/// `dns_failure`, `refused` or `timeout`.
pub(super) async fn dial(endpoint: &Endpoint, deadline: Instant) -> Result<(TcpStream, SocketAddr), Event> {
    let looked_up = timeout_at(deadline, look_up(endpoint)).await;
    let (address, others) = looked_up.unwrap_or_else(|_| {
        Err(Event::new(EventKind::DnsFailure, "timeout")
            .with_detail(format!("the name {} was not resolved in time", endpoint.host)))
    })?;
    let connected = timeout_at(deadline, connect(endpoint, address)).await;
    match connected {
        Ok(Ok(stream)) => Ok((stream, address)),
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
async fn look_up(endpoint: &Endpoint) -> Result<(SocketAddr, String), Event> {
    let Endpoint { host, port, bind, .. } = endpoint;
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok((SocketAddr::new(address, *port), String::new()));
    }
    let mut addresses = lookup_host((&**host, *port)).await.map_err(|error| dns_failure(host, &error))?;
    let fits = |address: &SocketAddr| bind.is_none_or(|bind| bind.is_ipv4() == address.is_ipv4());
    let first = addresses.find(fits).ok_or_else(|| {
        Event::new(EventKind::DnsFailure, "no_address")
            .with_detail(format!("{host} has no address of the family that is asked for"))
    })?;
    let others = match addresses.next() {
        Some(second) => format!("; {host} has other addresses, such as {}, which are not tried", second.ip()),
        None => String::new(),
    };
    Ok((first, others))
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
            host: host.into(),
            port: address.port(),
            bind: bind.map(|bind| bind.parse().expect("an address")),
            proxy: None,
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
        let endpoint = Endpoint { host: "127.0.0.1".into(), port, bind: None, proxy };
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
