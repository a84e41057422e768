//! Cases to plans: certificates, secrets and message files are read here, for
//! the cases that are played, each once.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::project::{CertificateFiles, Project, SourceMapping};
use super::secret_reader::SecretReader;
use super::secret_source::SecretFrom;
use super::spec::{AuthSpec, MessageSpec, Spec, StepsSpec, TlsSpec, TransactionSpec};
use super::target::{Place, Target, is_loopback};
use super::{Case, Loaded};
use crate::exchange::{Tenants, message_id};
use crate::message::{Body, Draft, Stamp};
use crate::plan::{
    Auth, Endpoint, Handshake, Plan, Proxy, ProxyVersion, Recipient, Say, Steps, TlsMode, TlsPlan,
    Transaction,
};
use crate::secret::Secret;
use crate::smtp::{ReplyLimits, ReversePath, Stage};
use crate::tls::{Backend, Client, Identity, IdentityError, Settings, Trust, Verify, VersionRange, near_end};
use crate::yaml::{Diagnostic, read_bytes, shown};

/// The most that a message file may hold, in bytes: Exchange Online takes 150
/// MiB.
const MAX_MESSAGE: u64 = 160 * 1024 * 1024;

/// The most that a certificate or key file may hold, in bytes.
const MAX_PEM: u64 = 1024 * 1024;

/// The port that a PROXY header announces; nobody connects to it.
const PROXY_PORT: u16 = 40_025;

/// Where a case is to be played.
#[derive(Clone, Debug)]
pub struct At {
    /// A name, or an address without brackets.
    pub host: Arc<str>,
    /// The TCP port.
    pub port: u16,
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
    /// Where a real target is; `None` for an endpoint of the simulator.
    #[must_use]
    pub fn of(target: &Target) -> Option<Self> {
        match &target.place {
            Place::Simulator { .. } => None,
            Place::Address { host, port } => Some(Self::address(Arc::clone(host), *port)),
        }
    }

    /// A real server.
    #[must_use]
    pub const fn address(host: Arc<str>, port: u16) -> Self {
        Self { host, port, server_name: None, trust: None, up_to: None, lab: false, malformed: false }
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
    project: Arc<Project>,
    tenants: Option<Arc<Tenants>>,
    /// Whether the cases are going to be played.
    playing: bool,
    secrets: SecretReader,
    identities: Once<CertificatePaths, Arc<Identity>, Blame>,
    trusts: Once<PathBuf, Arc<Trust>>,
    system: Arc<Trust>,
    clients: Once<ClientKey, Arc<Client>>,
    drafts: Once<PathBuf, Arc<Draft>>,
    /// The last text: the cases of a matrix mostly have the same.
    body: Mutex<Option<Body>>,
    addresses: Once<IpAddr, bool>,
    /// The Message-IDs that messages of their own bring, where arrivals are told by them,
    /// and the id of the case and the transaction that each is of.
    message_ids: Mutex<HashMap<String, (String, usize)>>,
    warnings: Mutex<Vec<Diagnostic>>,
}

/// Values that are made once, failures too.
#[derive(Debug)]
struct Once<K, V, E = String>(Mutex<HashMap<K, Result<V, E>>>);

impl<K, V, E> Default for Once<K, V, E> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone, E: Clone> Once<K, V, E> {
    fn get(&self, key: K, make: impl FnOnce(&K) -> Result<V, E>) -> Result<V, E> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = map.get(&key) {
            return value.clone();
        }
        let value = make(&key);
        map.insert(key, value.clone());
        value
    }
}

/// What is wrong with a certificate or its key.
#[derive(Clone, Debug)]
enum Blame {
    Certificate(String),
    Key(String),
}

/// The files of a certificate and its key.
type CertificatePaths = (PathBuf, PathBuf);

/// Everything that makes two clients differ. What is trusted counts by identity:
/// the resolver keeps what it compares alive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ClientKey {
    versions: VersionRange,
    ciphers: Option<String>,
    verify: Verify,
    backend: Backend,
    trust: usize,
    certificate: Option<CertificatePaths>,
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
        let specs = loaded.cases.iter().filter_map(|case| case.spec.as_ref().ok()?.auth.as_ref());
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

    fn warn(&self, warning: Diagnostic) {
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
            .filter_map(|transaction| self.transaction(spec, transaction, &mut faults))
            .collect();
        let steps = match &spec.steps {
            Some(steps) => self.steps(spec, steps, at, &mut faults).map(Some),
            None => Some(None),
        };
        if case.target.deliveries.is_some() && case.expect.asks_what_arrives() {
            let steps = steps.as_ref().and_then(Option::as_ref);
            self.tell_apart(case, spec, &messages(spec, &transactions, steps), &mut faults);
        }
        match (tls, auth, steps) {
            (Some(tls), Some(auth), Some(steps)) if faults.is_empty() => Ok(Planned::Play(Box::new(Plan {
                endpoint: Endpoint { host: Arc::clone(&at.host), port: at.port, bind, proxy },
                tls,
                hello: spec.hello.clone(),
                auth,
                transactions,
                steps,
                stop_after: spec.last_stage(case.limit(at.up_to)),
                hold_quit: spec.hold_quit,
                timeouts: spec.timeouts,
                limits: ReplyLimits::default(),
                case_id: case.id.as_str().into(),
            }))),
            _ => Err(faults),
        }
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

    fn tls(
        &self,
        spec: &TlsSpec,
        certificate: Option<&CertificateFiles>,
        at: &At,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<TlsMode> {
        if spec.mode == Handshake::None {
            return Some(TlsMode::None);
        }
        let identity = certificate.map(|files| self.identity(files, faults));
        let trust = self.trust(spec, at, faults)?;
        let identity = match identity {
            Some(identity) => Some(identity?),
            None => None,
        };
        let key = ClientKey {
            versions: spec.versions,
            ciphers: spec.ciphers.clone(),
            verify: spec.verify,
            backend: spec.backend,
            trust: Arc::as_ptr(&trust) as usize,
            certificate: certificate.map(paths),
        };
        let client = self.clients.get(key, |key| {
            let settings = Settings {
                versions: key.versions,
                ciphers: key.ciphers.clone(),
                verify: key.verify,
                trust,
                backend: key.backend,
                identity,
            };
            Client::new(&settings).map(Arc::new).map_err(|error| error.to_string())
        });
        let client = client.map_err(|why| faults.push(Diagnostic::error(why, spec.span))).ok()?;
        let name = spec.sni.as_ref().or(at.server_name.as_ref()).unwrap_or(&at.host);
        let tls = TlsPlan { client, server_name: Arc::clone(name) };
        Some(match spec.mode {
            Handshake::Implicit => TlsMode::Implicit(tls),
            _ => TlsMode::StartTls { tls, force: spec.force },
        })
    }

    fn trust(&self, spec: &TlsSpec, at: &At, faults: &mut Vec<Diagnostic>) -> Option<Arc<Trust>> {
        let file = match (&spec.ca, &at.trust, &self.project.trust) {
            (Some(file), _, _) => file,
            (None, Some(trust), _) => return Some(Arc::clone(trust)),
            (None, None, Some(file)) => file,
            (None, None, None) => return Some(Arc::clone(&self.system)),
        };
        let trust = self.trusts.get(file.path.clone(), |path| {
            let pem = read(path, MAX_PEM)?;
            Trust::from_pem(&pem).map(Arc::new).map_err(|error| format!("{}: {error}", shown(path)))
        });
        trust.map_err(|why| faults.push(Diagnostic::error(why, file.span))).ok()
    }

    fn identity(&self, files: &CertificateFiles, faults: &mut Vec<Diagnostic>) -> Option<Arc<Identity>> {
        let mut ending = None;
        if let Some(file) = [&files.cert, &files.key].into_iter().find(|file| !file.path.exists()) {
            let message = format!("{}: no such file", shown(&file.path));
            faults.push(
                Diagnostic::error(message, file.span)
                    .label("`relayprobe certs` mints the lab's certificates"),
            );
            return None;
        }
        let (cert, key) = (shown(&files.cert.path), shown(&files.key.path));
        let identity = self.identities.get(paths(files), |(cert_path, key_path)| {
            let cert_pem = read(cert_path, MAX_PEM).map_err(Blame::Certificate)?;
            let key_pem = read(key_path, MAX_PEM).map_err(Blame::Key)?;
            let identity = Identity::from_pem(&cert_pem, &key_pem).map_err(|error| match error {
                IdentityError::Mismatch { subject } => {
                    Blame::Key(format!("{key}: does not match the certificate {cert} ({subject})"))
                }
                IdentityError::NoKey | IdentityError::EncryptedKey | IdentityError::BadKey { .. } => {
                    Blame::Key(format!("{key}: {error}"))
                }
                _ => Blame::Certificate(format!("{cert}: {error}")),
            })?;
            let (end, now) = (identity.not_after(), SystemTime::now());
            ending = near_end(end, now).map(|when| (format!("{cert}: the certificate {when}"), end < now));
            Ok(Arc::new(identity))
        });
        if let Some((words, over)) = ending {
            let label =
                if over { "as it should be, if a case is about that" } else { "have another one by then" };
            self.warn(Diagnostic::error(words, files.cert.span).label(label));
        }
        identity
            .map_err(|blame| {
                faults.push(match blame {
                    Blame::Certificate(why) => Diagnostic::error(why, files.cert.span),
                    Blame::Key(why) => Diagnostic::error(why, files.key.span),
                });
            })
            .ok()
    }

    fn auth(&self, spec: &AuthSpec, at: &At, faults: &mut Vec<Diagnostic>) -> Option<Auth> {
        let secret = self.secret(spec, at).map_err(|fault| faults.push(fault)).ok()?;
        Some(Auth {
            mechanism: spec.mechanism,
            username: Arc::clone(&spec.username),
            secret,
            continue_on_failure: spec.continue_on_failure,
            force: spec.force,
            insecure: spec.insecure,
        })
    }

    fn secret(&self, spec: &AuthSpec, at: &At) -> Result<Secret, Diagnostic> {
        if at.lab && spec.account.is_some() {
            let password = self.tenants.as_ref().and_then(|tenants| tenants.password(&spec.username));
            return password.cloned().ok_or_else(|| {
                let message = format!("the tenants file has no password for `{}`", spec.username);
                Diagnostic::error(message, spec.span).label("add it under the tenant's `lab.passwords`")
            });
        }
        let Some(source) = &spec.secret else {
            let account = spec.account.as_ref().map_or("", |(name, _)| name);
            let message = format!("the account `{account}` has no secret");
            return Err(
                Diagnostic::error(message, spec.span).label("add `password` or `token` in the project file")
            );
        };
        match &source.from {
            SecretFrom::Literal(_) if !at.lab && !is_loopback(&at.host) => Err(Diagnostic::error(
                "a secret does not stand in a file",
                source.span,
            )
            .label(
                "write `{ env: NAME }`, `{ file: PATH }`, `{ credential: NAME }` or `{ command: [PROGRAM] }`",
            )
            .note(format!("the target is {}; only the simulator and loopback may have it so", at.host))),
            SecretFrom::Command(_) if !self.playing => Ok(Secret::new("not asked for")),
            from @ (SecretFrom::Env(_) | SecretFrom::Credential(_)) if !self.playing => {
                Ok(self.secrets.read(from).unwrap_or_else(|why| {
                    self.warn(Diagnostic::error(why, source.span).label("wanted when the cases are played"));
                    Secret::new("not there")
                }))
            }
            from => self.secrets.read(from).map_err(|why| Diagnostic::error(why, source.span)),
        }
    }

    fn body(&self, text: &Arc<str>) -> Body {
        let mut last = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(body) if body.is_of(text) => body.clone(),
            _ => last.insert(Body::new(Arc::clone(text))).clone(),
        }
    }

    fn message(
        &self,
        whole: &Spec,
        message: &MessageSpec,
        mail_from: &ReversePath,
        recipients: &[Recipient],
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Arc<Draft>> {
        match message {
            MessageSpec::Composed(draft) => Some(Arc::clone(draft)),
            MessageSpec::Parts(parts) => {
                let draft = parts.compose(mail_from, recipients, &whole.hello, |text| self.body(text));
                let draft = draft.map_err(|why| faults.push(Diagnostic::error(why.to_string(), whole.whole)));
                Some(Arc::new(draft.ok()?))
            }
            MessageSpec::File(file) => {
                let draft = self.drafts.get(file.path.clone(), |path| {
                    read(path, MAX_MESSAGE).map(|bytes| Arc::new(Draft::verbatim(bytes)))
                });
                draft.map_err(|why| faults.push(Diagnostic::error(why, file.span))).ok()
            }
        }
    }

    /// The steps with their messages; raw bytes only where they may be sent.
    fn steps(&self, whole: &Spec, spec: &StepsSpec, at: &At, faults: &mut Vec<Diagnostic>) -> Option<Steps> {
        let before = faults.len();
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
            let made = step.try_map(|own| {
                self.message(whole, &own.message, &own.mail_from, &own.recipients, faults).ok_or(())
            });
            list.extend(made.ok());
        }
        (faults.len() == before).then_some(Steps { after: spec.steps.after, list })
    }

    fn transaction(
        &self,
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
            mail_params: Arc::clone(&spec.mail_params),
            recipients: spec.recipients.clone(),
            message,
        })
    }
}

impl Resolver {
    /// Sees to it that what arrives of each message can be told from everything else:
    /// behind another server that goes by the Message-ID alone.
    fn tell_apart(&self, case: &Case, spec: &Spec, messages: &[Message<'_>], faults: &mut Vec<Diagnostic>) {
        for &(n, draft, written) in messages.iter().filter(|(_, draft, _)| !draft.is_numbered()) {
            let at = match written {
                MessageSpec::File(file) => file.span,
                _ => spec.whole,
            };
            let stamp = Stamp { date: SystemTime::UNIX_EPOCH, message_id: "", case_id: &case.id };
            let Some(id) = message_id(&draft.render(&stamp)) else {
                let fault = Diagnostic::error("the message has no Message-ID", at);
                faults.push(fault.label("by which `delivered` knows it again behind another server"));
                continue;
            };
            let own = (case.id.clone(), n);
            let other = {
                let mut known = self.message_ids.lock().unwrap_or_else(PoisonError::into_inner);
                known.entry(id.clone()).or_insert_with(|| own.clone()).clone()
            };
            let why = if other != own {
                let whose = if other.0 == own.0 { "another message of this case" } else { &other.0 };
                format!("{whose} has the Message-ID {id} as well")
            } else if case.repeat.is_some_and(|repeat| repeat.times > 1) {
                format!("every session of this case has the Message-ID {id}")
            } else {
                continue;
            };
            let fault = Diagnostic::error(why, at);
            faults.push(
                fault.label("`delivered` knows messages by it behind another server; give each its own"),
            );
        }
    }
}

/// A message, the transaction that it is of, and how it is written.
type Message<'m> = (usize, &'m Draft, &'m MessageSpec);

/// The messages of a session, in order.
fn messages<'m>(
    spec: &'m Spec,
    transactions: &'m [Transaction],
    steps: Option<&'m Steps>,
) -> Vec<Message<'m>> {
    let own = transactions.iter().zip(spec.transactions.iter()).enumerate();
    let own = own
        .filter_map(|(n, (made, written))| Some((n, &**made.message.as_ref()?, written.message.as_ref()?)));
    let mut all: Vec<Message<'m>> = own.collect();
    let (Some(made), Some(written)) = (steps, &spec.steps) else { return all };
    let mut mails: usize = 0;
    for (made, written) in made.list.iter().zip(&written.steps.list) {
        match (&made.say, &written.say) {
            (Say::Mail { .. }, _) => mails += 1,
            (Say::Data(Some(draft)), Say::Data(Some(own)))
            | (Say::Bdat { message: draft, .. }, Say::Bdat { message: own, .. }) => {
                all.push((mails.saturating_sub(1), draft, &own.message));
            }
            _ => {}
        }
    }
    all
}

/// How the server is to see the source address.
enum Source {
    /// From this local address, or by this header.
    From(Option<IpAddr>, Option<Proxy>),
    /// Not from this host.
    Elsewhere(String),
}

fn paths(files: &CertificateFiles) -> CertificatePaths {
    (files.cert.path.clone(), files.key.path.clone())
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    read_bytes(path, limit).map_err(|fault| fault.message)
}
