//! The server side of a handshake, for the simulator.
//!
//! OpenSSL, because the front end that is simulated completes a TLS 1.0 handshake
//! and refuses later. A client certificate is asked for where wanted, judged, and
//! never refused: what it is worth is for the rules to say.

use std::fmt;

use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::ssl::{
    Ssl, SslContext, SslMethod, SslMode, SslOptions, SslRef, SslSessionCacheMode, SslVerifyMode, SslVersion,
};
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::{X509, X509PurposeId, X509Ref, X509VerifyResult};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_openssl::SslStream;

use super::TlsVersion;
use super::identity::reason;
use super::mint::{Certificate, Key, MintError};
use super::peer::alternative_names;

/// Longest chain that a client certificate may bring, in certificates between
/// leaf and root.
const DEPTH: u32 = 10;

/// The server side of a handshake, built once and shared by every connection.
pub struct Acceptor {
    context: SslContext,
}

/// What a server's handshake is to be like.
#[derive(Debug)]
pub struct AcceptorSettings<'a> {
    /// The server's certificate first, then its intermediates.
    pub chain: &'a [Certificate],
    /// The key of the first.
    pub key: &'a Key,
    /// Whether to ask for a client certificate, and the roots that one must come
    /// from to count; intermediates are not looked for.
    pub clients: Option<&'a [Certificate]>,
}

/// What a finished handshake came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The version agreed on.
    pub version: TlsVersion,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
    /// The client's certificate.
    pub client: ClientChain,
}

/// A client's certificate, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientChain {
    /// None came, or none was asked for.
    None,
    /// One came that does not hold.
    Bad {
        /// Why, in OpenSSL's words: `certificate has expired`.
        reason: String,
    },
    /// One came that holds: its names, CN first, then DNS names.
    Good {
        /// The names as written; each once.
        names: Vec<String>,
        /// How many of them, from the front, are the subject's CN.
        common: usize,
    },
}

impl Acceptor {
    /// Every version from TLS 1.0 to 1.3, without resumption: each session shows
    /// its certificate.
    ///
    /// # Errors
    ///
    /// Where OpenSSL takes certificate or key for broken.
    pub fn new(settings: &AcceptorSettings<'_>) -> Result<Self, MintError> {
        let mut builder = SslContext::builder(SslMethod::tls_server())?;
        // Before the certificates are set: the level judges those too. Without
        // level 0 neither TLS 1.0 nor 1.1 can be agreed on.
        builder.set_cipher_list("DEFAULT:@SECLEVEL=0")?;
        builder.set_min_proto_version(Some(SslVersion::TLS1))?;
        builder.set_options(SslOptions::NO_TICKET | SslOptions::NO_RENEGOTIATION);
        builder.set_session_cache_mode(SslSessionCacheMode::OFF);
        // 16 KiB for each session that says nothing.
        builder.set_mode(SslMode::RELEASE_BUFFERS);
        builder.set_num_tickets(0)?;
        builder.set_private_key(settings.key.pkey())?;
        for (n, certificate) in settings.chain.iter().enumerate() {
            match n {
                0 => builder.set_certificate(certificate.x509())?,
                _ => builder.add_extra_chain_cert(certificate.x509().clone())?,
            }
        }
        builder.check_private_key()?;
        if let Some(roots) = settings.clients {
            let mut store = X509StoreBuilder::new()?;
            for root in roots {
                store.add_cert(root.x509().clone())?;
            }
            builder.set_verify_cert_store(store.build())?;
            // No source says that Exchange Online asks for the purpose of client
            // authentication, which public CAs no longer grant.
            builder.verify_param_mut().set_purpose(X509PurposeId::ANY)?;
            builder.set_verify_depth(DEPTH);
            // The result is kept, the handshake goes on.
            builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
        }
        Ok(Self { context: builder.build() })
    }

    /// Shakes hands. The caller sets the deadline.
    ///
    /// # Errors
    ///
    /// Why it did not come to an end.
    pub async fn accept<S>(&self, stream: S) -> Result<(SslStream<S>, Accepted), AcceptError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let ssl = Ssl::new(&self.context).map_err(|error| AcceptError(reason(&error)))?;
        let mut stream = SslStream::new(ssl, stream).map_err(|error| AcceptError(reason(&error)))?;
        std::pin::Pin::new(&mut stream).accept().await.map_err(|error| {
            AcceptError(match error.ssl_error() {
                Some(stack) => reason(stack),
                None => error.to_string(),
            })
        })?;
        let ssl = stream.ssl();
        let accepted = Accepted { version: version(ssl), cipher: cipher(ssl), client: client(ssl) };
        Ok((stream, accepted))
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor")
    }
}

fn version(ssl: &SslRef) -> TlsVersion {
    match ssl.version2() {
        Some(SslVersion::TLS1) => TlsVersion::Tls10,
        Some(SslVersion::TLS1_1) => TlsVersion::Tls11,
        Some(SslVersion::TLS1_3) => TlsVersion::Tls13,
        _ => TlsVersion::Tls12,
    }
}

fn cipher(ssl: &SslRef) -> String {
    let cipher = ssl.current_cipher();
    let name = cipher.map(|cipher| cipher.standard_name().unwrap_or_else(|| cipher.name()));
    name.unwrap_or_default().to_owned()
}

fn client(ssl: &SslRef) -> ClientChain {
    let Some(certificate) = ssl.peer_certificate() else { return ClientChain::None };
    match ssl.verify_result() {
        X509VerifyResult::OK => {
            let (names, common) = names(&certificate);
            ClientChain::Good { names, common }
        }
        result => ClientChain::Bad { reason: result.error_string().to_owned() },
    }
}

fn names(certificate: &X509) -> (Vec<String>, usize) {
    let mut names = common_names(certificate);
    let common = names.len();
    for name in alternative_names(certificate) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (names, common)
}

/// The CNs, byte for byte: OpenSSL's own conversion ends at a NUL, and would read
/// `relay.contoso.com\0.evil.example` as the name before it.
fn common_names(certificate: &X509Ref) -> Vec<String> {
    let entries = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
    entries.filter_map(|entry| String::from_utf8(entry.data().as_slice().to_vec()).ok()).collect()
}

/// Why a handshake did not come to an end.
#[derive(Clone, Debug)]
pub struct AcceptError(String);

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AcceptError {}

impl From<ErrorStack> for AcceptError {
    fn from(error: ErrorStack) -> Self {
        Self(reason(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::tls::mint::{KeyKind, Request};

    /// A client's certificate for these names, from a root of its own.
    fn issue(common_name: &str, names: &[String]) -> (Certificate, Certificate, Key) {
        let now = SystemTime::now();
        let mut request = Request {
            common_name: "root",
            organization: "test",
            names: &[],
            authority: true,
            not_before: now - Duration::from_secs(60),
            not_after: now + Duration::from_secs(3600),
        };
        let (root_key, key) = (Key::generate(KeyKind::Ecdsa), Key::generate(KeyKind::Ecdsa));
        let (root_key, key) = (root_key.expect("a key"), key.expect("a key"));
        let root = Certificate::sign(&request, &root_key, None).expect("a root");
        request = Request { common_name, names, authority: false, ..request };
        let leaf = Certificate::sign(&request, &key, Some((&root, &root_key))).expect("a certificate");
        (root, leaf, key)
    }

    /// What the server makes of a client's certificate.
    async fn judge(common_name: &str, names: &[&str], trusted: bool) -> ClientChain {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let (root, leaf, key) = issue(common_name, &names);
        let (other, own, own_key) = issue("server.test", &[]);
        let roots = [if trusted { root } else { other }];
        let settings = AcceptorSettings { chain: &[own], key: &own_key, clients: Some(&roots) };
        let acceptor = Acceptor::new(&settings).expect("an acceptor");
        let mut client = SslContext::builder(SslMethod::tls_client()).expect("a context");
        client.set_verify(SslVerifyMode::NONE);
        client.set_certificate(leaf.x509()).expect("a certificate");
        client.set_private_key(key.pkey()).expect("its key");
        let ssl = Ssl::new(&client.build()).expect("a session");
        let (near, far) = tokio::io::duplex(16 * 1024);
        let mut near = SslStream::new(ssl, near).expect("a stream");
        let (connected, accepted) =
            tokio::join!(std::pin::Pin::new(&mut near).connect(), acceptor.accept(far));
        connected.expect("the client's handshake ends well");
        accepted.expect("the server's handshake ends well").1.client
    }

    #[tokio::test]
    async fn names_come_from_cn_and_san_each_once() {
        let names = ["relay.contoso.com", "*.contoso.com"];
        let expected = ["relay.contoso.com", "*.contoso.com"].map(str::to_owned).to_vec();
        assert_eq!(
            judge("relay.contoso.com", &names, true).await,
            ClientChain::Good { names: expected, common: 1 }
        );
    }

    #[tokio::test]
    async fn a_nul_in_a_name_hides_nothing() {
        let ClientChain::Good { names, .. } = judge("relay.contoso.com\0.evil.example", &[], true).await
        else {
            panic!("the chain holds")
        };
        assert_eq!(names, ["relay.contoso.com\0.evil.example"]);
    }

    #[tokio::test]
    async fn a_certificate_of_an_unknown_root_is_bad_and_the_handshake_passes() {
        let judged = judge("relay.contoso.com", &[], false).await;
        assert!(matches!(judged, ClientChain::Bad { .. }), "{judged:?}");
    }
}
