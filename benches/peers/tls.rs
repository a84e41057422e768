//! The bare handshake of the TLS library, and a small SMTP server that adds as
//! little to it as a server can.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, client::Resumption,
};

/// Mints `ca.pem`, `server.pem`, `server.key`, `client.pem` and `client.key`, all
/// P-256, into a folder.
pub(crate) fn mint(folder: &Path) {
    let (ca_key, ca_name) = (key(), "bench CA");
    let ca = certificate(ca_name, &ca_key, None);
    fs::write(folder.join("ca.pem"), ca.to_pem().unwrap()).unwrap();
    for name in ["server", "client"] {
        let key = key();
        let cert = certificate(name, &key, Some((&ca, &ca_key)));
        fs::write(folder.join(format!("{name}.pem")), cert.to_pem().unwrap()).unwrap();
        fs::write(folder.join(format!("{name}.key")), key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    }
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn certificate(name: &str, key: &PKey<Private>, issuer: Option<(&X509, &PKey<Private>)>) -> X509 {
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&*subject, |(ca, _)| ca.subject_name())).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(90).unwrap()).unwrap();
    match issuer {
        None => {
            builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        }
        Some((ca, _)) => {
            let mut san = SubjectAlternativeName::new();
            let san = san.ip("127.0.0.1").dns("localhost").build(&builder.x509v3_context(Some(ca), None));
            builder.append_extension(san.unwrap()).unwrap();
        }
    }
    builder.sign(issuer.map_or(key, |(_, ca_key)| ca_key), MessageDigest::sha256()).unwrap();
    builder.build()
}

fn chain(folder: &Path, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let cert = CertificateDer::from_pem_file(folder.join(format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
    (vec![cert], key)
}

fn roots(folder: &Path) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap()).unwrap();
    Arc::new(roots)
}

/// Asks for a client certificate without demanding one.
fn server(folder: &Path) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(roots(folder), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .unwrap();
    let (chain, key) = chain(folder, "server");
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_client_cert_verifier(clients).with_single_cert(chain, key).unwrap())
}

fn client(folder: &Path) -> Arc<ClientConfig> {
    let (chain, key) = chain(folder, "client");
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(folder))
        .with_client_auth_cert(chain, key)
        .unwrap();
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// Shakes hands in memory for three seconds, both ends on this thread, and prints
/// how often a second.
pub(crate) fn handshakes(folder: &Path) {
    let (server, client) = (server(folder), client(folder));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let start = Instant::now();
    let mut done = 0_u32;
    while start.elapsed() < Duration::from_secs(3) {
        let mut ours = ClientConnection::new(Arc::clone(&client), name.clone()).unwrap();
        let mut theirs = ServerConnection::new(Arc::clone(&server)).unwrap();
        let mut wire = Vec::with_capacity(8_192);
        while ours.is_handshaking() || theirs.is_handshaking() || ours.wants_write() || theirs.wants_write() {
            while ours.wants_write() {
                ours.write_tls(&mut wire).unwrap();
            }
            feed(&wire, |mut bytes| theirs.read_tls(&mut bytes).unwrap());
            theirs.process_new_packets().unwrap();
            wire.clear();
            while theirs.wants_write() {
                theirs.write_tls(&mut wire).unwrap();
            }
            feed(&wire, |mut bytes| ours.read_tls(&mut bytes).unwrap());
            ours.process_new_packets().unwrap();
            wire.clear();
        }
        assert!(theirs.peer_certificates().is_some(), "the client certificate was shown");
        done += 1;
    }
    println!("{}", f64::from(done) / start.elapsed().as_secs_f64());
}

fn feed(mut bytes: &[u8], mut take: impl FnMut(&[u8]) -> usize) {
    while !bytes.is_empty() {
        let taken = take(bytes);
        bytes = &bytes[taken..];
    }
}

/// Serves SMTP with STARTTLS on one thread until it is killed; the port stands in
/// the folder's `port`.
pub(crate) fn serve(folder: &Path) {
    let address: SocketAddr = fs::read_to_string(folder.join("address")).unwrap().parse().unwrap();
    let acceptor = TlsAcceptor::from(server(folder));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let acceptor = acceptor.clone();
            // A client that leaves early is no concern of the server.
            tokio::spawn(async move { drop(session(stream, acceptor).await) });
        }
    });
}

async fn session(mut stream: TcpStream, acceptor: TlsAcceptor) -> std::io::Result<()> {
    stream.write_all(b"220 bench.test ESMTP\r\n").await?;
    if dialogue(&mut stream, b"250-bench.test\r\n250 STARTTLS\r\n").await? {
        let mut stream = acceptor.accept(stream).await?;
        dialogue(&mut stream, b"250 bench.test\r\n").await?;
        stream.shutdown().await?;
    }
    Ok(())
}

/// Answers commands until QUIT, or until STARTTLS: then `true`.
async fn dialogue(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), ehlo: &[u8]) -> std::io::Result<bool> {
    let (mut buffer, mut filled, mut in_data) = ([0; 2_048], 0, false);
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Ok(false);
        }
        filled += read;
        while let Some(end) = buffer[..filled].iter().position(|byte| *byte == b'\n') {
            // Every verb but EHLO and those that end the dialogue is granted alike.
            let mut verb = [0; 4];
            let known = end.min(4);
            verb[..known].copy_from_slice(&buffer[..known]);
            verb.make_ascii_uppercase();
            let dot = buffer[..=end] == *b".\r\n";
            buffer.copy_within(end + 1..filled, 0);
            filled -= end + 1;
            let reply: &[u8] = match &verb {
                _ if in_data && dot => {
                    in_data = false;
                    b"250 2.0.0 queued\r\n"
                }
                _ if in_data => continue,
                b"EHLO" => ehlo,
                b"STAR" => b"220 2.0.0 go\r\n",
                b"DATA" => {
                    in_data = true;
                    b"354 go\r\n"
                }
                b"QUIT" => b"221 2.0.0 bye\r\n",
                _ => b"250 2.0.0 ok\r\n",
            };
            stream.write_all(reply).await?;
            stream.flush().await?;
            match &verb {
                b"STAR" => return Ok(true),
                b"QUIT" => return Ok(false),
                _ => {}
            }
        }
    }
}
