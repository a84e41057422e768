//! The project file: where the targets are (contract §3.1).

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;

use super::secret_source::SecretSource;
use super::target::{Place, Rate, Target};
use crate::dns;
use crate::exchange::{Cloud, Endpoint, RulesOn};
use crate::plan::ProxyVersion;
use crate::smtp::Stage;
use crate::yaml::{Diagnostic, Field, Fields, Key, Node, Span};

/// The name of project files.
pub const PROJECT_FILE: &str = "relayprobe.yaml";

/// Where the targets are and what they need.
#[derive(Debug, Default)]
pub struct Project {
    /// The file; `None` where there is none.
    pub file: Option<PathBuf>,
    /// The simulator's set-up.
    pub simulator: Option<SimulatorSetup>,
    /// The targets, in the order of the file.
    pub targets: Vec<Arc<Target>>,
    /// Who is asked about names; the system where absent.
    pub(super) dns: Option<dns::Settings>,
    /// What servers are verified against; the system's roots where absent.
    pub(super) trust: Option<FileRef>,
    pub(super) certificates: Vec<(Arc<str>, Arc<CertificateFiles>)>,
    pub(super) accounts: Vec<(Arc<str>, Arc<Account>)>,
    pub(super) sources: Vec<(IpAddr, SourceMapping)>,
    pub(super) vars: Vec<(Key, Node)>,
    /// Targets that the file names and that something is wrong with.
    pub(super) faulty: Vec<Arc<str>>,
}

/// The simulator's set-up.
#[derive(Clone, Debug)]
pub struct SimulatorSetup {
    /// The tenants file, or a folder of exports.
    pub tenants: PathBuf,
    /// What counts as a publicly trusted CA for client certificates.
    pub client_ca: Option<PathBuf>,
    /// Where the file names the tenants.
    pub(super) tenants_at: Span,
    /// Where the file names the CA.
    pub(super) client_ca_at: Option<Span>,
    /// The cloud where a target names no other.
    pub cloud: Cloud,
    /// The day whose rules hold where a target names no other.
    pub as_of: Option<NaiveDate>,
}

/// A file that another file names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileRef {
    pub(super) path: PathBuf,
    pub(super) span: Span,
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CertificateFiles {
    pub(super) cert: FileRef,
    pub(super) key: FileRef,
}

/// Somebody to log in as.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) username: Arc<str>,
    pub(super) password: Option<SecretSource>,
    pub(super) token: Option<SecretSource>,
    pub(super) targets: Vec<Arc<str>>,
}

/// What a source address is on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceMapping {
    /// Another address of this host.
    Bind(IpAddr),
    /// Whatever the system chooses.
    Here,
}

impl Project {
    /// The target of that name.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&Arc<Target>> {
        self.targets.iter().find(|target| &*target.name == name)
    }

    /// Whether the file names a target so, but wrongly: that was reported.
    pub(super) fn is_faulty(&self, name: &str) -> bool {
        self.faulty.iter().any(|faulty| &**faulty == name)
    }

    /// The folder of the file.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.file.as_deref().and_then(Path::parent)
    }

    /// Reads a project file's tree. Places of literal secrets go to `hide`.
    pub(super) fn read(
        file: PathBuf,
        root: &Node,
        hide: &mut Vec<Span>,
        faults: &mut Vec<Diagnostic>,
    ) -> Self {
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let mut project = Self { file: Some(file), ..Self::default() };
        let Some(mut fields) = Fields::of_root(root, faults) else { return project };
        if let Some(field) = fields.take("simulator") {
            project.simulator = simulator(field, &folder, faults);
        }
        if let Some(entries) = fields.take("targets").and_then(|field| field.entries(faults)) {
            for (key, node) in entries {
                let field = Field::new(&key.name, key.span, node);
                match target(field, project.simulator.as_ref(), &project.targets, faults) {
                    Some(target) => project.targets.push(Arc::new(target)),
                    None => project.faulty.push(Arc::clone(&key.name)),
                }
            }
        }
        if let Some(field) = fields.take("deliveries") {
            super::read::deliveries(field, &mut project.targets, &project.faulty, faults);
        }
        if let Some(entries) = fields.take("certificates").and_then(|field| field.entries(faults)) {
            for (key, node) in entries {
                if &*key.name == "none" {
                    faults.push(
                        Diagnostic::error("`none` means no certificate", key.span)
                            .label("choose another name"),
                    );
                }
                let files = certificate(Field::new(&key.name, key.span, node), &folder, faults);
                project.certificates.extend(files.map(|files| (Arc::clone(&key.name), Arc::new(files))));
            }
        }
        if let Some(entries) = fields.take("accounts").and_then(|field| field.entries(faults)) {
            for (key, node) in entries {
                let field = Field::new(&key.name, key.span, node);
                let account = account(field, &folder, &project, hide, faults);
                project.accounts.extend(account.map(|account| (Arc::clone(&key.name), Arc::new(account))));
            }
        }
        if let Some(entries) = fields.take("sources").and_then(|field| field.entries(faults)) {
            for (key, node) in entries {
                match key.name.parse() {
                    Ok(address) => {
                        let mapping = source(Field::new(&key.name, key.span, node), faults);
                        project.sources.extend(mapping.map(|mapping| (address, mapping)));
                    }
                    Err(_) => {
                        faults.push(Diagnostic::error(format!("`{}` is no IP address", key.name), key.span));
                    }
                }
            }
        }
        project.dns = fields.take("dns").and_then(|field| super::read::dns(field, faults));
        if let Some(mut trust) = fields.take("trust").and_then(|field| field.fields(faults)) {
            if let Some(ca) = trust.take("ca") {
                project.trust = file_ref(ca, &folder, faults);
            }
            trust.finish(faults);
        }
        if let Some(entries) = fields.take("vars").and_then(|field| field.entries(faults)) {
            project.vars = entries.to_vec();
        }
        fields.finish(faults);
        project
    }
}

fn simulator(field: Field<'_>, folder: &Path, faults: &mut Vec<Diagnostic>) -> Option<SimulatorSetup> {
    let mut fields = field.fields(faults)?;
    let tenants = fields.require("tenants", field.key_span(), faults);
    let tenants = tenants.and_then(|field| file_ref(field, folder, faults));
    let as_of = fields.take("as_of").and_then(|field| date(field, faults));
    let cloud = fields.take("cloud").and_then(|field| cloud(field, faults));
    let client_ca = fields.take("client_ca").and_then(|field| file_ref(field, folder, faults));
    fields.finish(faults);
    let tenants = tenants?;
    Some(SimulatorSetup {
        tenants: tenants.path,
        tenants_at: tenants.span,
        client_ca_at: client_ca.as_ref().map(|ca| ca.span),
        client_ca: client_ca.map(|ca| ca.path),
        cloud: cloud.unwrap_or_default(),
        as_of,
    })
}

fn cloud(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Cloud> {
    field.word("cloud", &Cloud::ALL.map(|cloud| (cloud.as_str(), cloud)), faults)
}

fn target(
    field: Field<'_>,
    simulator: Option<&SimulatorSetup>,
    others: &[Arc<Target>],
    faults: &mut Vec<Diagnostic>,
) -> Option<Target> {
    let mut fields = field.fields(faults)?;
    let endpoint = fields.take("simulator");
    let real = super::read::PlaceFields::take(&mut fields);
    let as_of = fields.take("as_of");
    let date = as_of.and_then(|field| date(field, faults));
    let cloud_field = fields.take("cloud");
    let in_cloud = cloud_field.and_then(|field| cloud(field, faults));
    let max_connections = fields
        .take("max_connections")
        .and_then(|field| field.integer(1..=10_000, faults))
        .and_then(|count| u32::try_from(count).ok());
    let rate = fields.take("rate").and_then(|field| rate(field, faults));
    let up_to = fields.take("up_to").and_then(|field| stage(field, faults));
    let proxy_field = fields.take("proxy");
    let proxy = proxy_field.and_then(|field| {
        field.word("PROXY version", &[("v1", ProxyVersion::V1), ("v2", ProxyVersion::V2)], faults)
    });
    let protocol = fields.take("protocol");
    let lmtp = protocol.and_then(|field| field.word("protocol", &[("smtp", false), ("lmtp", true)], faults));
    let wanted = fields.take("faults");
    let listen = super::read::listen(&mut fields, faults);
    fields.finish(faults);
    let place = match (endpoint, real.key()) {
        (Some(endpoint), None) => {
            real.refuse(faults);
            if let Some(proxy) = proxy_field {
                let fault = Diagnostic::error("`proxy` is for real servers", proxy.key_span());
                faults.push(fault.label("take it out: the simulator is told the `source_ip` anyway"));
            }
            if let Some(protocol) = protocol {
                faults.push(Diagnostic::error("`protocol` is for real servers", protocol.key_span()));
            }
            let words = Endpoint::ALL.map(|endpoint| (endpoint.as_str(), endpoint));
            let at = endpoint.span();
            let endpoint = endpoint.word("endpoint", &words, faults)?;
            let Some(setup) = simulator else {
                faults.push(
                    Diagnostic::error("the project sets no simulator up", at)
                        .label("add `simulator: { tenants: …, as_of: … }`"),
                );
                return None;
            };
            let Some(as_of) = date.or(setup.as_of).or(as_of.map(|_| NaiveDate::MIN)) else {
                faults.push(
                    Diagnostic::error(
                        format!("`{}` says of no day whose rules it follows", field.name()),
                        at,
                    )
                    .label("add `as_of: 2026-11-01` here or under `simulator`"),
                );
                return None;
            };
            let listen = listen.map(|(address, at)| {
                if let Some(other) = others.iter().find(|other| other.listens_on() == Some(address)) {
                    let why = format!("`{}` listens on {address} already", other.name);
                    faults.push(Diagnostic::error(why, at).label("give each a port of its own"));
                }
                address
            });
            let cloud = in_cloud.unwrap_or(setup.cloud);
            if let Some(why) = cloud.lacks(endpoint) {
                let what = format!("the {} cloud has no `{endpoint}` endpoint", cloud.as_str());
                faults.push(Diagnostic::error(what, at).label(why));
                return None;
            }
            let rules = RulesOn::day(as_of).in_cloud(cloud);
            let faults =
                wanted.map(|wanted| super::read::faults(wanted, endpoint, rules, faults)).unwrap_or_default();
            Place::Simulator { endpoint, cloud, as_of, faults, listen }
        }
        (None, Some(_)) => {
            if let Some(as_of) = as_of {
                let fault = Diagnostic::error("`as_of` is the simulator's", as_of.key_span());
                faults.push(fault.label("a real server's rules are today's"));
            }
            if let Some(cloud) = cloud_field {
                faults.push(Diagnostic::error("`cloud` is the simulator's", cloud.key_span()));
            }
            if let Some(wanted) = wanted {
                faults.push(Diagnostic::error("`faults` are the simulator's", wanted.key_span()));
            }
            if let Some((_, at)) = listen {
                let fault = Diagnostic::error("`listen` is the simulator's", at);
                faults.push(fault.label("`address` says where a real server is"));
            }
            real.read(faults)?
        }
        (Some(_), Some(real)) => {
            let both = format!("a target has `simulator` or `{}`, not both", real.name());
            faults.push(Diagnostic::error(both, real.key_span()));
            return None;
        }
        (None, None) => {
            let fault = Diagnostic::error(format!("`{}` says no place", field.name()), field.key_span());
            faults.push(fault.label("add `address: \"host:25\"`, `mx: contoso.com` or `simulator: mx`"));
            return None;
        }
    };
    let name = field.name().into();
    let lmtp = lmtp.unwrap_or(false);
    Some(Target { name, place, max_connections, rate, up_to, proxy, lmtp, deliveries: None })
}

pub(super) fn certificate(
    field: Field<'_>,
    folder: &Path,
    faults: &mut Vec<Diagnostic>,
) -> Option<CertificateFiles> {
    let mut fields = field.fields(faults)?;
    let cert = fields.require("cert", field.key_span(), faults);
    let cert = cert.and_then(|field| file_ref(field, folder, faults));
    let key = fields.require("key", field.key_span(), faults);
    let key = key.and_then(|field| file_ref(field, folder, faults));
    fields.finish(faults);
    Some(CertificateFiles { cert: cert?, key: key? })
}

fn account(
    field: Field<'_>,
    folder: &Path,
    project: &Project,
    hide: &mut Vec<Span>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Account> {
    let mut fields = field.fields(faults)?;
    let username = fields.require("username", field.key_span(), faults);
    let username = username.and_then(|field| plain_text(field, faults));
    let password = fields.take("password").and_then(|field| SecretSource::read(field, folder, hide, faults));
    let token = fields.take("token").and_then(|field| SecretSource::read(field, folder, hide, faults));
    let mut targets = Vec::new();
    if let Some(field) = fields.require("targets", field.key_span(), faults) {
        for item in field.one_or_many() {
            let Some(name) = field.item(item).text(faults) else { continue };
            if project.target(name).is_none() && !project.is_faulty(name) {
                faults.push(super::read::unknown(name, item.span, &project.targets));
            }
            targets.push(name.into());
        }
    }
    fields.finish(faults);
    Some(Account { username: username?, password, token, targets })
}

fn source(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<SourceMapping> {
    if field.node().as_str() == Some("here") {
        return Some(SourceMapping::Here);
    }
    if field.node().as_str().is_some() {
        field.wrong("`here` or `{ bind: ADDRESS }`", faults);
        return None;
    }
    let mut fields = field.fields(faults)?;
    let bind = fields.require("bind", field.key_span(), faults);
    let bind = bind.and_then(|field| address(field, faults));
    fields.finish(faults);
    bind.map(SourceMapping::Bind)
}

/// An IP address.
pub(super) fn address(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<IpAddr> {
    let text = field.text(faults)?;
    let address = text.parse().ok();
    if address.is_none() {
        faults.push(field.error(format!("`{text}` is no IP address")));
    }
    address
}

/// A stage's name.
pub(super) fn stage(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Stage> {
    let words = Stage::ALL.map(|stage| (stage.as_str(), stage));
    field.word("stage", &words, faults)
}

/// A text without control characters.
pub(super) fn plain_text(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Arc<str>> {
    let text = field.text(faults)?;
    if text.chars().any(char::is_control) {
        faults.push(field.error(format!("a control character stands in `{}`", field.name())));
        return None;
    }
    Some(text.into())
}

pub(super) fn file_ref(field: Field<'_>, folder: &Path, faults: &mut Vec<Diagnostic>) -> Option<FileRef> {
    field.path(folder, faults).map(|path| FileRef { path, span: field.span() })
}

fn date(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<NaiveDate> {
    let text = field.text(faults)?;
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    if date.is_none() {
        faults.push(field.error(format!("`{text}` is no date; write it as `2026-11-01`")));
    }
    date
}

/// `5/s`, `100/m`, `1000/h`.
fn rate(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Rate> {
    let text = field.text(faults)?;
    let rate = text.split_once('/').and_then(|(count, unit)| {
        let per = match unit.trim() {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return None,
        };
        let count = count.trim().parse().ok().filter(|count| *count > 0)?;
        Some(Rate { count, per: Duration::from_secs(per) })
    });
    if rate.is_none() {
        faults.push(field.error(format!("`{text}` is no rate; write it as `5/s`, `100/m` or `1000/h`")));
    }
    rate
}
