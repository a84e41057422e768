//! The simulator, running: a thread and a runtime of its own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use chrono::NaiveDate;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::{Semaphore, oneshot};

use super::limits::Limits;
use super::luck::Luck;
use super::server::{self, Door};
use super::stamp::SessionId;
use super::store::{Delivered, Store};
use super::watch::Watch;
use crate::exchange::{Cloud, Endpoint, Faults, RulesOn, Tenants};
use crate::tls::mint::{Certificate, Key, KeyKind, Request};
use crate::tls::{Acceptor, AcceptorSettings};

/// What to simulate.
#[derive(Debug)]
pub struct LabConfig {
    /// Whom Exchange Online serves.
    pub tenants: Arc<Tenants>,
    /// PEM of the roots that count as public for client certificates; without,
    /// every certificate counts as none.
    pub client_ca: Option<Vec<u8>>,
    /// The front doors.
    pub listen: Vec<Listen>,
    /// How much a client may ask, and how long.
    pub limits: Limits,
}

/// One front door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Which.
    pub endpoint: Endpoint,
    /// Of which cloud; one that has such an endpoint.
    pub cloud: Cloud,
    /// The day whose rules hold.
    pub as_of: NaiveDate,
    /// What goes wrong on demand.
    pub faults: Faults,
    /// Where; port 0 takes a free one.
    pub address: SocketAddr,
}

/// The simulator, running. It stops when it is dropped.
#[derive(Debug)]
pub struct Lab {
    addresses: Vec<SocketAddr>,
    ca_pem: Vec<u8>,
    store: Arc<Store>,
    /// Dropping it tells the thread to stop.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lab {
    /// Starts the simulator; it takes connections when this returns. Its server
    /// certificate comes from a CA that is minted on the spot.
    ///
    /// # Errors
    ///
    /// An address that cannot be listened on, a client CA that is no PEM, or a
    /// thread that cannot be had.
    pub fn start(config: LabConfig) -> io::Result<Self> {
        let roots = match &config.client_ca {
            Some(pem) => Certificate::all_from_pem(pem).map_err(|error| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("the client CA is no PEM: {error}"))
            })?,
            None => Vec::new(),
        };
        let (ca, chain, key) = server_identity(&config.listen)?;
        let acceptor = |clients| {
            let settings = AcceptorSettings { chain: &chain, key: &key, clients };
            Acceptor::new(&settings).map(Arc::new)
        };
        let (asking, not_asking) = (acceptor(Some(&roots[..]))?, acceptor(None)?);
        let store = Arc::new(Store::default());
        let mut listeners = Vec::with_capacity(config.listen.len());
        let mut addresses = Vec::with_capacity(config.listen.len());
        for (index, listen) in config.listen.iter().enumerate() {
            let listener = bind(listen.address).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot listen on {}: {error}", listen.address))
            })?;
            addresses.push(listener.local_addr()?);
            let door = Door {
                index,
                endpoint: listen.endpoint,
                rules: RulesOn::day(listen.as_of).in_cloud(listen.cloud),
                tenants: Arc::clone(&config.tenants),
                // Client submission knows mailboxes, not certificates.
                acceptor: Arc::clone(match listen.endpoint {
                    Endpoint::Mx => &asking,
                    Endpoint::Submission | Endpoint::Legacy | Endpoint::HighVolume => &not_asking,
                }),
                store: Arc::clone(&store),
                limits: config.limits,
                tarpit: listen.faults.tarpit,
                luck: Arc::new(Luck::new(listen.faults)),
                open: Arc::new(Semaphore::new(config.limits.connections)),
            };
            listeners.push((listener, Arc::new(door)));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // Registered here, so that a failure is the caller's to hear of.
        let listeners = {
            let _inside = runtime.enter();
            let registered = listeners
                .into_iter()
                .map(|(listener, door)| Ok((tokio::net::TcpListener::from_std(listener)?, door)));
            registered.collect::<io::Result<Vec<_>>>()?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("simulator".into()).spawn(move || {
            runtime.block_on(async move {
                for (listener, door) in listeners {
                    tokio::spawn(server::accept(listener, door));
                }
                // An error says that the sender is gone, which means the same.
                let _ = stopped.await;
            });
        })?;
        Ok(Self { addresses, ca_pem: ca.to_pem()?, store, stop: Some(stop), thread: Some(thread) })
    }

    /// Where the front door with this index listens.
    ///
    /// # Panics
    ///
    /// If the configuration had no such door.
    #[must_use]
    pub fn address(&self, index: usize) -> SocketAddr {
        self.addresses[index]
    }

    /// The CA of the server certificate.
    #[must_use]
    pub fn ca_pem(&self) -> &[u8] {
        &self.ca_pem
    }

    /// Why a session was answered as it was: the rules that were gone through, in
    /// words. It is told once. `greeting` is the text of the session's greeting,
    /// which ends in its id.
    #[must_use]
    pub fn account(&self, greeting: &str) -> Vec<String> {
        SessionId::of_greeting(greeting).map(|id| self.store.accounts.take(id)).unwrap_or_default()
    }

    /// The messages that were accepted in a session, in order, as long as they are
    /// among the newest. `greeting` is the text of the session's greeting.
    #[must_use]
    pub fn arrived(&self, greeting: &str) -> Vec<Arc<Delivered>> {
        let session = SessionId::of_greeting(greeting);
        session.map(|id| self.store.of_session(&id.to_string())).unwrap_or_default()
    }

    /// What arrives at the front door with this index under one of these Message-IDs,
    /// from `since` on: what has arrived already, and what is going to.
    #[must_use]
    pub fn watch(&self, door: usize, ids: &[String], since: Instant) -> Watch {
        Watch::new(&self.store, door, ids, since)
    }

    /// The newest messages that were accepted, oldest first.
    #[must_use]
    pub fn delivered(&self) -> Vec<Arc<Delivered>> {
        self.store.all()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed already.
            let _ = thread.join();
        }
    }
}

/// A CA and a server certificate for as long as anybody will let this run. ECDSA:
/// an RSA key would cost a tenth of a second at every start.
fn server_identity(listen: &[Listen]) -> io::Result<(Certificate, Vec<Certificate>, Key)> {
    let own = Cloud::Worldwide;
    let submission = [Endpoint::Submission, Endpoint::Legacy].map(|endpoint| own.host(endpoint));
    let mut names = vec!["*.mail.protection.outlook.com"];
    names.extend(submission.iter().chain(&["localhost", "127.0.0.1", "::1"]));
    for host in listen.iter().map(|listen| listen.cloud.host(listen.endpoint)) {
        if host != own.host(Endpoint::Mx) && !names.contains(&host) {
            names.push(host);
        }
    }
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let now = SystemTime::now();
    let mut request = Request {
        common_name: "relayprobe simulator CA",
        organization: "relayprobe lab",
        names: &[],
        authority: true,
        not_before: now - Duration::from_secs(3600),
        not_after: now + Duration::from_secs(90 * 86_400),
    };
    let ca_key = Key::generate(KeyKind::Ecdsa)?;
    let ca = Certificate::sign(&request, &ca_key, None)?;
    request.common_name = own.host(Endpoint::Mx);
    request.names = &names;
    request.authority = false;
    let key = Key::generate(KeyKind::Ecdsa)?;
    let certificate = Certificate::sign(&request, &key, Some((&ca, &ca_key)))?;
    Ok((ca, vec![certificate], key))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Else a port that was in use a minute ago cannot be had again.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    // A run opens many connections at once.
    socket.listen(1024)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_use_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = taken.local_addr().expect("an address");
        let as_of = NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day");
        let listen = vec![Listen {
            endpoint: Endpoint::Mx,
            cloud: Cloud::Worldwide,
            as_of,
            faults: Faults::default(),
            address,
        }];
        let limits = Limits::default();
        let config = LabConfig { tenants: Arc::new(Tenants::default()), client_ca: None, listen, limits };
        let error = Lab::start(config).expect_err("the address is taken");
        assert!(error.to_string().starts_with(&format!("cannot listen on {address}")), "{error}");
    }
}
