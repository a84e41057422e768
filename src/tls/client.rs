//! The client side of a handshake.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::crypto::WebPkiSupportedAlgorithms;
use tokio_rustls::rustls::pki_types::ServerName;

use super::failure::{TlsFailure, TlsFailureKind};
use super::judged::Judged;
use super::openssl_client::{CipherList, OpenSslClient};
use super::rustls_client::{self, RustlsClient};
use super::{
    Backend, ClientCertificate, Group, Memory, Negotiated, PeerCertificate, Settings, Shown, Staple, Stream,
    TlsVersion, Trust, Untrusted, Verify, VersionRange,
};

/// The longest chain that is looked at; those in use have two to five
/// certificates.
pub(super) const LONGEST_CHAIN: usize = 32;

/// The client side of a handshake, built once from settings and shared by every
/// session with the same.
pub struct Client {
    library: Library,
    policy: Arc<Policy>,
    /// The client's certificate, as reports tell it.
    shown: Option<Arc<Shown>>,
}

enum Library {
    Rustls(Box<RustlsClient>),
    OpenSsl(OpenSslClient),
}

/// Why settings cannot be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsError {
    /// The range is empty: its oldest version is newer than its newest.
    EmptyRange(VersionRange),
    /// rustls was asked for, and does not speak TLS 1.0 and 1.1.
    RustlsVersions,
    /// rustls was asked for, and takes no cipher list.
    RustlsCiphers,
    /// rustls was asked for, and has none of such a group.
    RustlsGroup(Group),
    /// The groups belong to other versions than those that are offered.
    GroupsOutOfRange,
    /// A session is to be resumed, which rustls alone does here.
    ResumeByOpenSsl,
    /// rustls was asked for, and cannot use the private key.
    RustlsKey,
    /// The cipher list fits none of the versions.
    CiphersOutOfRange,
    /// OpenSSL (or rustls) will not have it: a cipher list without a known name,
    /// as a rule.
    Library(String),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyRange(range) => {
                write!(f, "the oldest TLS version, {}, is newer than the newest, {}", range.min, range.max)
            }
            Self::RustlsVersions => {
                f.write_str("rustls speaks TLS 1.2 and 1.3 only; leave `backend` out, or say `openssl`")
            }
            Self::RustlsCiphers => {
                f.write_str("rustls takes no cipher list; leave `backend` out, or say `openssl`")
            }
            Self::RustlsKey => f.write_str(
                "rustls cannot use this kind of private key; leave `backend` out, or say `openssl`",
            ),
            Self::RustlsGroup(group) => {
                write!(f, "rustls does not have the group {group}; leave `backend` out, or say `openssl`")
            }
            Self::GroupsOutOfRange => {
                f.write_str("the groups belong to TLSv1.3, which is not among the versions that are offered")
            }
            Self::ResumeByOpenSsl => f.write_str(
                "only rustls resumes sessions here: TLSv1.2 and TLSv1.3, without `ciphers`, with \
                 groups and a private key that it has",
            ),
            Self::CiphersOutOfRange => {
                f.write_str("the ciphers belong to other TLS versions than those that are offered")
            }
            Self::Library(detail) => write!(f, "the TLS settings cannot be met: {detail}"),
        }
    }
}

impl std::error::Error for SettingsError {}

impl Client {
    /// Checks the settings and prepares all that sessions share. Reads the
    /// system's roots where these are to be trusted.
    ///
    /// # Errors
    ///
    /// [`SettingsError`]; nothing has been sent anywhere.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let Settings { versions, ciphers, groups, resume, verify, trust, backend, identity } = settings;
        if versions.min > versions.max {
            return Err(SettingsError::EmptyRange(*versions));
        }
        let ciphers = ciphers.as_deref().map(CipherList::parse);
        let versions = offered(*versions, ciphers.as_ref())?;
        let old = versions.min < TlsVersion::Tls12;
        let certified = identity.as_ref().and_then(|identity| identity.rustls());
        let odd_key = identity.is_some() && certified.is_none();
        let odd_group = groups.iter().copied().find(|group| !rustls_client::has(*group));
        if versions.max < TlsVersion::Tls13
            && !groups.is_empty()
            && !groups.iter().any(|group| group.is_of_tls_1_2())
        {
            return Err(SettingsError::GroupsOutOfRange);
        }
        let by_openssl = match backend {
            Backend::OpenSsl => true,
            Backend::Auto => old || ciphers.is_some() || odd_key || odd_group.is_some(),
            Backend::Rustls if old => return Err(SettingsError::RustlsVersions),
            Backend::Rustls if ciphers.is_some() => return Err(SettingsError::RustlsCiphers),
            Backend::Rustls if odd_key => return Err(SettingsError::RustlsKey),
            Backend::Rustls => match odd_group {
                Some(group) => return Err(SettingsError::RustlsGroup(group)),
                None => false,
            },
        };
        if *resume && by_openssl {
            return Err(SettingsError::ResumeByOpenSsl);
        }
        let policy = Arc::new(Policy {
            verify: *verify,
            trust: Arc::clone(trust),
            algorithms: rustls_client::provider().signature_verification_algorithms,
            peers: Mutex::default(),
            judged: Judged::default(),
        });
        let library = if by_openssl {
            let identity = identity.as_deref();
            let client =
                OpenSslClient::new(versions, ciphers.as_ref(), groups, identity, Arc::clone(&policy));
            Library::OpenSsl(client.map_err(SettingsError::Library)?)
        } else {
            let client = RustlsClient::new(versions, groups, certified.cloned(), Arc::clone(&policy));
            Library::Rustls(Box::new(client.map_err(SettingsError::Library)?))
        };
        let shown = identity.as_ref().map(|identity| Arc::new(identity.shown()));
        Ok(Self { library, policy, shown })
    }

    /// The library that does the handshakes: `rustls` or `openssl`.
    #[must_use]
    pub const fn backend(&self) -> &'static str {
        match self.library {
            Library::Rustls(_) => "rustls",
            Library::OpenSsl(_) => "openssl",
        }
    }

    /// Shakes hands. The name is sent as SNI and verified; an address (without
    /// brackets) is verified and not sent (RFC 6066 §3). The caller sets the
    /// deadline. With a memory the session is kept in it, and the one that it holds
    /// offered for resumption.
    ///
    /// # Errors
    ///
    /// [`TlsFailure`]: a refusal by either side, the end of the connection, or
    /// what is no TLS.
    pub async fn connect<S>(
        &self,
        stream: S,
        name: &str,
        memory: Option<&Memory>,
    ) -> Result<(Stream<S>, Negotiated), TlsFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // A final dot is DNS', not TLS' (RFC 6066 §3).
        let name = name.strip_suffix('.').unwrap_or(name);
        let server = ServerName::try_from(name.to_owned()).map_err(|_| {
            let detail = format!("`{name}` is no name that a certificate could carry; set `sni`");
            TlsFailure::new(TlsFailureKind::Untrusted, "name_mismatch", detail)
        })?;
        let (stream, outcome) = match &self.library {
            Library::Rustls(client) => client.connect(stream, server, memory).await?,
            Library::OpenSsl(client) => client.connect(stream, name).await?,
        };
        let Outcome { version, cipher, group, resumed, verified, peer, staple, client_certificate } = outcome;
        let backend = self.backend();
        let sent = client_certificate == ClientCertificate::Sent;
        let client = self.shown.clone().filter(|_| sent);
        let at = SystemTime::now();
        let negotiated = Negotiated {
            version,
            cipher,
            group,
            resumed,
            backend,
            verified,
            peer,
            staple,
            client_certificate,
            client,
            at,
        };
        Ok((stream, negotiated))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("backend", &self.backend())
            .field("verify", &self.policy.verify)
            .finish_non_exhaustive()
    }
}

/// The versions that can be offered with this cipher list. A list that names
/// ciphers of TLS 1.2 and older alone would not keep a library from agreeing on
/// TLS 1.3 with a suite that nobody named, and the other way round.
fn offered(versions: VersionRange, ciphers: Option<&CipherList>) -> Result<VersionRange, SettingsError> {
    let mut versions = versions;
    if let Some(ciphers) = ciphers {
        if ciphers.suites.is_empty() {
            versions.max = versions.max.min(TlsVersion::Tls12);
        }
        if ciphers.list.is_empty() {
            versions.min = versions.min.max(TlsVersion::Tls13);
        }
    }
    if versions.min > versions.max { Err(SettingsError::CiphersOutOfRange) } else { Ok(versions) }
}

/// What either library's handshake came to.
pub(super) struct Outcome {
    pub(super) version: TlsVersion,
    pub(super) cipher: String,
    pub(super) group: Option<Group>,
    pub(super) resumed: bool,
    pub(super) verified: Result<(), Untrusted>,
    pub(super) peer: Option<Arc<PeerCertificate>>,
    pub(super) staple: Staple,
    pub(super) client_certificate: ClientCertificate,
}

/// The DER of each certificate that a server showed.
type Chain = Box<[Box<[u8]>]>;

/// How servers' certificates are judged, whatever the library.
pub(super) struct Policy {
    verify: Verify,
    pub(super) trust: Arc<Trust>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    /// Chains that were read, by their DER: a server shows the same in every session.
    peers: Mutex<Vec<(Chain, Arc<PeerCertificate>)>>,
    pub(super) judged: Judged,
}

impl Policy {
    /// Whether a session goes on although the certificate does not hold.
    pub(super) fn permits(&self, untrusted: &Untrusted) -> bool {
        match self.verify {
            Verify::Full | Verify::Fingerprint(_) => false,
            Verify::Chain => untrusted.reason == "name_mismatch",
            Verify::None => true,
        }
    }

    /// Where a fingerprint is what counts, whether this is the certificate.
    pub(super) fn fingerprint(&self, leaf: &[u8]) -> Option<Result<(), Untrusted>> {
        let Verify::Fingerprint(wanted) = self.verify else { return None };
        let found = openssl::sha::sha256(leaf);
        let detail = || format!("the certificate's SHA-256 is {}", hex(&found));
        Some(if found == wanted {
            Ok(())
        } else {
            Err(Untrusted { reason: "fingerprint", detail: detail() })
        })
    }

    /// What the certificate says of itself, read once for each chain. Empty chains, which
    /// only broken servers show, are none.
    pub(super) fn peer<'c>(
        &self,
        chain: impl ExactSizeIterator<Item = &'c [u8]> + Clone,
    ) -> Option<Arc<PeerCertificate>> {
        /// Behind one name there are seldom more; a server that makes up a new one
        /// each time is not to fill the memory.
        const MOST: usize = 64;
        let leaf = chain.clone().next()?;
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |known: &[Box<[u8]>]| {
            known.len() == chain.len() && known.iter().zip(chain.clone()).all(|(known, der)| **known == *der)
        };
        if let Some((_, peer)) = peers.iter().find(|(known, _)| is_it(known)) {
            return Some(Arc::clone(peer));
        }
        let peer = Arc::new(PeerCertificate::from_der(leaf, chain.clone().skip(1)));
        if peers.len() >= MOST {
            peers.clear();
        }
        peers.push((chain.map(Box::from).collect(), Arc::clone(&peer)));
        Some(peer)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(versions: VersionRange, ciphers: Option<&str>, backend: Backend) -> Settings {
        let trust = Arc::new(Trust::system());
        Settings {
            versions,
            ciphers: ciphers.map(str::to_owned),
            groups: Vec::new(),
            resume: false,
            verify: Verify::None,
            trust,
            backend,
            identity: None,
        }
    }

    fn backend(
        versions: VersionRange,
        ciphers: Option<&str>,
        backend: Backend,
    ) -> Result<&'static str, SettingsError> {
        Client::new(&settings(versions, ciphers, backend)).map(|client| client.backend())
    }

    #[test]
    fn rustls_does_what_it_can_and_openssl_the_rest() {
        use TlsVersion::{Tls10, Tls11, Tls12, Tls13};
        let today = VersionRange::default();
        assert_eq!(backend(today, None, Backend::Auto), Ok("rustls"));
        assert_eq!(backend(today, None, Backend::OpenSsl), Ok("openssl"));
        assert_eq!(backend(VersionRange::only(Tls11), None, Backend::Auto), Ok("openssl"));
        assert_eq!(backend(VersionRange { min: Tls10, max: Tls13 }, None, Backend::Auto), Ok("openssl"));
        assert_eq!(
            backend(VersionRange::only(Tls12), Some("ECDHE-RSA-AES128-SHA"), Backend::Auto),
            Ok("openssl")
        );
    }

    #[test]
    fn groups_choose_the_library_and_only_rustls_resumes() {
        let made = |name: &str, resume: bool, backend: Backend| {
            let group = Group::ALL.iter().find(|(known, _)| *known == name).expect("a known group").1;
            let mut settings = settings(VersionRange::default(), None, backend);
            (settings.groups, settings.resume) = (vec![group], resume);
            Client::new(&settings).map(|client| client.backend())
        };
        assert_eq!(made("P-384", true, Backend::Auto), Ok("rustls"));
        assert_eq!(made("P-521", false, Backend::Auto), Ok("openssl"));
        assert_eq!(made("X25519MLKEM768", false, Backend::Auto), Ok("openssl"));
        assert_eq!(made("P-521", false, Backend::Rustls), Err(SettingsError::RustlsGroup(Group::Named(25))));
        assert_eq!(made("P-521", true, Backend::Auto), Err(SettingsError::ResumeByOpenSsl));
        assert_eq!(made("x25519", true, Backend::OpenSsl), Err(SettingsError::ResumeByOpenSsl));
        let mut old = settings(VersionRange::only(TlsVersion::Tls12), None, Backend::Auto);
        old.groups = vec![Group::Named(256)];
        assert_eq!(Client::new(&old).err(), Some(SettingsError::GroupsOutOfRange));
    }

    #[test]
    fn settings_that_cannot_be_met_are_refused_before_anything_is_sent() {
        use TlsVersion::{Tls11, Tls12, Tls13};
        let today = VersionRange::default();
        let upside_down = VersionRange { min: Tls13, max: Tls12 };
        assert_eq!(backend(upside_down, None, Backend::Auto), Err(SettingsError::EmptyRange(upside_down)));
        assert_eq!(
            backend(VersionRange::only(Tls11), None, Backend::Rustls),
            Err(SettingsError::RustlsVersions)
        );
        assert_eq!(backend(today, Some("AES128-SHA"), Backend::Rustls), Err(SettingsError::RustlsCiphers));
        assert_eq!(
            backend(VersionRange::only(Tls13), Some("AES128-SHA"), Backend::Auto),
            Err(SettingsError::CiphersOutOfRange)
        );
        assert!(matches!(
            backend(today, Some("NO-SUCH-CIPHER"), Backend::Auto),
            Err(SettingsError::Library(_))
        ));
    }
}
