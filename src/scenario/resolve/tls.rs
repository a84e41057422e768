//! Clients, certificates and what they trust.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::super::project::CertificateFiles;
use super::super::spec::TlsSpec;
use super::resolver::{At, Resolver, read};
use crate::plan::{Handshake, TlsMode, TlsPlan};
use crate::tls::{
    Backend, Client, Group, Identity, IdentityError, Settings, Trust, Verify, VersionRange, near_end,
};
use crate::yaml::{Diagnostic, shown};

/// The most that a certificate or key file may hold, in bytes.
const MAX_PEM: u64 = 1024 * 1024;

/// What is wrong with a certificate or its key.
#[derive(Clone, Debug)]
pub(super) enum Blame {
    /// One of the two files is not there.
    Absent(PathBuf),
    Certificate(String),
    Key(String),
}

/// The files of a certificate and its key.
pub(super) type CertificatePaths = (PathBuf, PathBuf);

/// Everything that makes two clients differ. What is trusted counts by identity:
/// the resolver keeps what it compares alive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ClientKey {
    versions: VersionRange,
    ciphers: Option<String>,
    groups: Vec<Group>,
    resume: bool,
    verify: Verify,
    backend: Backend,
    trust: usize,
    certificate: Option<CertificatePaths>,
}

impl Resolver {
    pub(super) fn tls(
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
            groups: spec.groups.clone(),
            resume: spec.resume,
            verify: spec.verify,
            backend: spec.backend,
            trust: Arc::as_ptr(&trust) as usize,
            certificate: certificate.map(paths),
        };
        let client = self.clients.get(key, |key| {
            let settings = Settings {
                versions: key.versions,
                ciphers: key.ciphers.clone(),
                groups: key.groups.clone(),
                resume: key.resume,
                verify: key.verify,
                trust,
                backend: key.backend,
                identity,
            };
            Client::new(&settings).map(Arc::new).map_err(|error| error.to_string())
        });
        let client = client.map_err(|why| faults.push(Diagnostic::error(why, spec.span))).ok()?;
        let server_name = spec.sni.as_ref().or(at.server_name.as_ref()).map(Arc::clone);
        let tls = TlsPlan { client, server_name, resume: spec.resume };
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
        let (cert, key) = (shown(&files.cert.path), shown(&files.key.path));
        let identity = self.identities.get(paths(files), |(cert_path, key_path)| {
            if let Some(absent) = [cert_path, key_path].into_iter().find(|path| !path.exists()) {
                return Err(Blame::Absent(absent.clone()));
            }
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
                    Blame::Absent(path) => {
                        let file = if path == files.cert.path { &files.cert } else { &files.key };
                        Diagnostic::error(format!("{}: no such file", shown(&path)), file.span)
                            .label("`relayprobe certs` mints the lab's certificates")
                    }
                    Blame::Certificate(why) => Diagnostic::error(why, files.cert.span),
                    Blame::Key(why) => Diagnostic::error(why, files.key.span),
                });
            })
            .ok()
    }
}

fn paths(files: &CertificateFiles) -> CertificatePaths {
    (files.cert.path.clone(), files.key.path.clone())
}
