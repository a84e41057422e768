//! Cases to plans: certificates, secrets and message files are read here, for
//! the cases that are played, each once.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::super::extensions::{SizeSpec, with_size};
use super::super::project::{Project, SourceMapping};
use super::super::secret_reader::SecretReader;
use super::super::secret_source::SecretFrom;
use super::super::spec::{Spec, StepsSpec, TransactionSpec};
use super::super::target::{Place, Target, is_loopback};
use super::super::{Case, Loaded};
use super::messages::{messages, size, size_mails};
use super::once::Once;
use super::tls::{Blame, CertificatePaths, ClientKey};
use crate::dns::{self, Family};
use crate::exchange::Tenants;
use crate::message::{Body, Draft};
use crate::plan::{Auth, Endpoint, MailHosts, Plan, Proxy, ProxyVersion, Route, Say, Steps, Transaction};
use crate::smtp::{ReplyLimits, Stage};
use crate::tls::{Client, Identity, Trust};
use crate::yaml::{Diagnostic, read_bytes};

/// The port that a PROXY header announces; nobody connects to it.
const PROXY_PORT: u16 = 40_025;

/// Where a case is to be played.
#[derive(Clone, Debug)]
pub struct At {
    /// A name, or an address without brackets.
    pub host: Arc<str>,
    /// The TCP port.
    pub port: u16,
    /// Which hosts of the mail domain that `host` then is; `None` where it is a host
    /// itself.
    pub mail_hosts: Option<MailHosts>,
    /// The family of addresses to choose from; whichever comes first where absent.
    pub family: Option<Family>,
    /// The name to verify where the case says none; the host where absent.
    pub server_name: Option<Arc<str>>,
    /// What the server is verified against where the case says nothing; the
    /// project's `trust` where absent.
    pub trust: Option<Arc<Trust>>,
    /// Nothing is played past this stage. The target's own bound holds as well.
    pub up_to: Option<Stage>,
    /// Whether this is the embedded simulator: it gets `source_ip` announced and
    /// the passwords of the tenants file.
    pub lab: bool,
    /// Whether raw bytes may be sent there although it is neither the simulator nor
    /// this host.
    pub malformed: bool,
}

impl At {
    /// Where a real server is; `None` for an endpoint of the simulator.
    #[must_use]
    pub fn of(target: &Target) -> Option<Self> {
        Self::of_place(&target.place)
    }

    /// The same for a place.
    #[must_use]
    pub fn of_place(place: &Place) -> Option<Self> {
        match place {
            Place::Simulator { .. } => None,
            Place::Address { host, port, family } => {
                Some(Self { family: *family, ..Self::address(Arc::clone(host), *port) })
            }
            Place::Mx { domain, hosts, port, family } => {
                let at = Self::address(domain.shared(), *port);
                Some(Self { mail_hosts: Some(*hosts), family: *family, ..at })
            }
        }
    }

    /// A host of that address.
    #[must_use]
    pub const fn address(host: Arc<str>, port: u16) -> Self {
        Self {
            host,
            port,
            mail_hosts: None,
            family: None,
            server_name: None,
            trust: None,
            up_to: None,
            lab: false,
            malformed: false,
        }
    }
}

/// A case made ready.
#[derive(Debug)]
pub enum Planned {
    /// To be played.
    Play(Box<Plan>),
    /// Cannot be played here, and why: the source address is another host's.
    Skip(String),
}

/// Makes cases ready to be played.
#[derive(Debug)]
pub struct Resolver {
    pub(super) project: Arc<Project>,
    pub(super) tenants: Option<Arc<Tenants>>,
    /// Whether the cases are going to be played.
    pub(super) playing: bool,
    pub(super) secrets: SecretReader,
    pub(super) identities: Once<CertificatePaths, Arc<Identity>, Blame>,
    pub(super) trusts: Once<PathBuf, Arc<Trust>>,
    pub(super) system: Arc<Trust>,
    pub(super) clients: Once<ClientKey, Arc<Client>>,
    pub(super) drafts: Once<PathBuf, Arc<Draft>>,
    /// The last text: the cases of a matrix mostly have the same.
    pub(super) body: Mutex<Option<Body>>,
    pub(super) addresses: Once<IpAddr, bool>,
    dns: OnceLock<Arc<dns::Resolver>>,
    /// The Message-IDs that messages of their own bring, where arrivals are told by them,
    /// and the id of the case and the transaction that each is of.
    pub(super) message_ids: Mutex<HashMap<String, (String, usize)>>,
    pub(super) warnings: Mutex<Vec<Diagnostic>>,
}

impl Resolver {
    /// Prepares to plan the cases of a load. `tenants` are the simulator's, for
    /// their passwords. Without `playing` no program is run for a secret, and
    /// one that the environment lacks is a warning: it need not be there where
    /// files are only checked.
    #[must_use]
    pub fn new(loaded: &Loaded, tenants: Option<Arc<Tenants>>, playing: bool) -> Self {
        let project = Arc::clone(&loaded.project);
        let accounts = project.accounts.iter().flat_map(|(_, account)| [&account.password, &account.token]);
        let specs = loaded.cases.iter().filter_map(|case| case.spec.as_ref().ok());
        let specs = specs.flat_map(Spec::log_ins);
        let variables = accounts.chain(specs.map(|auth| &auth.secret)).flatten();
        let variables = variables.filter_map(|source| match &source.from {
            SecretFrom::Env(name) => Some(name.clone()),
            _ => None,
        });
        let secrets = SecretReader::new(variables.collect::<BTreeSet<_>>());
        Self {
            project,
            tenants,
            playing,
            secrets,
            identities: Once::default(),
            trusts: Once::default(),
            system: Arc::new(Trust::system()),
            clients: Once::default(),
            drafts: Once::default(),
            body: Mutex::default(),
            addresses: Once::default(),
            dns: OnceLock::new(),
            message_ids: Mutex::default(),
            warnings: Mutex::default(),
        }
    }

    /// What is worth knowing of the files read so far: certificates that have
    /// expired, or will within [three weeks](crate::tls::NEAR_END). Told once.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn warn(&self, warning: Diagnostic) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning.warning());
    }

    /// The plan of a case at a place.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files and secrets that it needs.
    pub fn plan(&self, case: &Case, at: &At) -> Result<Planned, Vec<Diagnostic>> {
        let spec = case.spec.as_ref().map_err(Clone::clone)?;
        let mut faults = Vec::new();
        let (bind, proxy) = match self.source(case, spec, at, &mut faults) {
            Source::From(bind, proxy) => (bind, proxy),
            Source::Elsewhere(why) => return Ok(Planned::Skip(why)),
        };
        let tls = self.tls(&spec.tls, spec.certificate.as_deref(), at, &mut faults);
        let auth = match &spec.auth {
            Some(auth) => self.auth(auth, at, &mut faults).map(Some),
            None => Some(None),
        };
        let transactions: Vec<Transaction> = spec
            .transactions
            .iter()
            .filter_map(|transaction| self.transaction(case, spec, transaction, &mut faults))
            .collect();
        let steps = match &spec.steps {
            Some(steps) => {
                let auth = auth.as_ref().and_then(Option::as_ref);
                self.steps(case, spec, steps, auth, at, &mut faults).map(Some)
            }
            None => Some(None),
        };
        if case.target.deliveries.is_some() && case.expect.asks_what_arrives() {
            let steps = steps.as_ref().and_then(Option::as_ref);
            self.tell_apart(case, spec, &messages(spec, &transactions, steps), &mut faults);
        }
        match (tls, auth, steps) {
            (Some(tls), Some(auth), Some(steps)) if faults.is_empty() => Ok(Planned::Play(Box::new(Plan {
                endpoint: Endpoint {
                    route: at.mail_hosts.map_or(Route::Host, Route::Domain),
                    family: at.family,
                    dns: self.dns(at),
                    bind,
                    proxy,
                    ..Endpoint::new(Arc::clone(&at.host), at.port)
                },
                tls,
                hello: spec.hello.clone(),
                auth,
                transactions,
                steps,
                lmtp: case.target.lmtp,
                extensions: spec.extensions.use_of.clone(),
                stop_after: spec.last_stage(case.limit(at.up_to)),
                hold_quit: spec.hold_quit,
                timeouts: spec.timeouts,
                limits: ReplyLimits::default(),
                case_id: case.id.as_str().into(),
            }))),
            _ => Err(faults),
        }
    }

    /// Who resolves names: whom the project names, and where MX records are wanted,
    /// which the system's library does not look up, the system's name servers.
    fn dns(&self, at: &At) -> Option<Arc<dns::Resolver>> {
        if self.project.dns.is_none() && at.mail_hosts.is_none() {
            return None;
        }
        let resolver = self.dns.get_or_init(|| {
            let settings = self.project.dns.clone().unwrap_or_else(dns::Settings::system);
            Arc::new(dns::Resolver::new(settings))
        });
        Some(Arc::clone(resolver))
    }

    /// How the server is to see the source address.
    fn source(&self, case: &Case, spec: &Spec, at: &At, faults: &mut Vec<Diagnostic>) -> Source {
        let proxy = if at.lab { Some(ProxyVersion::V2) } else { case.target.proxy };
        let Some((address, _)) = spec.source_ip else {
            if !at.lab && proxy.is_some() {
                let message = format!("the target `{}` wants a PROXY header", case.target.name);
                faults.push(
                    Diagnostic::error(message, spec.whole)
                        .label("add `source_ip`: the address that the header announces"),
                );
            }
            return Source::From(None, None);
        };
        if let Some(version) = proxy {
            let source = SocketAddr::new(address, PROXY_PORT);
            return Source::From(None, Some(Proxy { version, source }));
        }
        if at.host.starts_with("unix:") {
            return Source::Elsewhere(format!("source_ip {address}: a socket of this host sees no address"));
        }
        let mapping = self.project.sources.iter().find(|(known, _)| *known == address);
        match mapping.map(|(_, mapping)| mapping) {
            Some(SourceMapping::Here) => return Source::From(None, None),
            Some(SourceMapping::Bind(own)) => return Source::From(Some(*own), None),
            None => {}
        }
        // Binding sends nothing, and only an address of this host can be bound.
        let owned = |address: &IpAddr| Ok(UdpSocket::bind((*address, 0)).is_ok());
        match self.addresses.get(address, owned) {
            Ok(true) => Source::From(Some(address), None),
            _ => Source::Elsewhere(format!(
                "source_ip {address} is not an address of this host, and `sources` does not map it"
            )),
        }
    }

    /// The steps with their messages; raw bytes only where they may be sent.
    fn steps(
        &self,
        case: &Case,
        whole: &Spec,
        spec: &StepsSpec,
        auth: Option<&Auth>,
        at: &At,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Steps> {
        let before = faults.len();
        let log_ins = self.log_ins(whole, auth, at, faults);
        let mut list = Vec::with_capacity(spec.steps.list.len());
        for (step, span) in spec.steps.list.iter().zip(spec.spans.iter()) {
            let raw = matches!(step.say, Say::Raw { .. });
            if raw && faults.len() == before && !(at.lab || at.malformed || is_loopback(&at.host)) {
                let fault = Diagnostic::error("raw bytes leave this host only by leave", *span);
                let fault = fault.label("`run --allow-malformed` sends them");
                faults.push(
                    fault
                        .note(format!("the target is {}; the simulator and loopback need no leave", at.host)),
                );
            }
            let made = step.try_map(
                |own| self.message(whole, &own.message, &own.mail_from, &own.recipients, faults).ok_or(()),
                |own| {
                    let made = log_ins.iter().find(|(spec, _)| std::ptr::eq(*spec, &**own));
                    made.map(|(_, log_in)| Arc::clone(log_in)).ok_or(())
                },
            );
            list.extend(made.ok());
        }
        if whole.extensions.size == Some(SizeSpec::OfMessage) {
            size_mails(case, whole, &mut list);
        }
        (faults.len() == before).then_some(Steps { after: spec.steps.after, list })
    }

    fn transaction(
        &self,
        case: &Case,
        whole: &Spec,
        spec: &TransactionSpec,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Transaction> {
        let message = match &spec.message {
            None => None,
            Some(message) => Some(self.message(whole, message, &spec.mail_from, &spec.recipients, faults)?),
        };
        Some(Transaction {
            mail_from: spec.mail_from.clone(),
            mail_params: match &message {
                Some(draft) if whole.extensions.size == Some(SizeSpec::OfMessage) => {
                    let by_data = whole.extensions.use_of.chunks.is_none();
                    with_size(&spec.mail_params, size(case, whole, draft, by_data))
                }
                _ => Arc::clone(&spec.mail_params),
            },
            recipients: spec.recipients.clone(),
            message,
        })
    }
}

/// How the server is to see the source address.
enum Source {
    /// From this local address, or by this header.
    From(Option<IpAddr>, Option<Proxy>),
    /// Not from this host.
    Elsewhere(String),
}

pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    read_bytes(path, limit).map_err(|fault| fault.message)
}
