//! Certificates for servers and clients, minted by OpenSSL when a test needs
//! them.

use std::sync::{Arc, OnceLock};

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

/// A CA, what it issued, and strangers.
pub struct Pki {
    ca: Issuer,
    other: Issuer,
    server_ec: Issued,
    server_rsa: Issued,
    client_ec: Issued,
    client_rsa: Issued,
    stranger: Issued,
}

/// A CA's certificate and key.
pub struct Issuer(Issued);

/// A certificate with its key.
#[derive(Clone)]
pub struct Issued {
    pub cert: X509,
    pub key: PKey<Private>,
}

/// What a server's certificate is to be like.
pub struct Leaf<'a> {
    pub cn: &'a str,
    pub dns: &'a [&'a str],
    pub ip: &'a [&'a str],
    /// Start and end of validity, in days from now.
    pub days: (i64, i64),
    pub rsa: bool,
    /// Signed with SHA-1.
    pub sha1: bool,
    /// For clients alone, by its extended key usage.
    pub for_clients: bool,
    /// A CA's own.
    pub authority: bool,
}

impl Default for Leaf<'_> {
    fn default() -> Self {
        Self {
            cn: "mx.test",
            dns: &["mx.test", "localhost"],
            ip: &["127.0.0.1"],
            days: (-1, 30),
            rsa: false,
            sha1: false,
            for_clients: false,
            authority: false,
        }
    }
}

impl Pki {
    /// The one of this run of the tests.
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Pki>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(|| Arc::new(Self::mint())))
    }

    fn mint() -> Self {
        let (ca, other) = (Issuer::mint("relayprobe test CA"), Issuer::mint("another CA"));
        let client = Leaf { cn: "client.test", dns: &["client.test"], ip: &[], ..Leaf::default() };
        Self {
            server_ec: ca.issue(&Leaf::default()),
            server_rsa: ca.issue(&Leaf { rsa: true, ..Leaf::default() }),
            client_ec: ca.issue(&client),
            client_rsa: ca.issue(&Leaf { rsa: true, ..client }),
            stranger: other.issue(&Leaf { cn: "stranger.test", dns: &["stranger.test"], ..Leaf::default() }),
            ca,
            other,
        }
    }

    /// The CA that everybody trusts.
    pub fn ca(&self) -> &Issuer {
        &self.ca
    }

    /// A CA that nobody trusts.
    pub fn other_ca(&self) -> &Issuer {
        &self.other
    }

    /// The server that everybody trusts: `mx.test`, `localhost`, `127.0.0.1`.
    pub fn server(&self) -> &Issued {
        &self.server_ec
    }

    /// Every file by name: `ca.pem`, and `.pem` and `.key` of `server-ec`,
    /// `server-rsa`, `client-ec`, `client-rsa`, `stranger`; also
    /// `client-encrypted.key`, whose passphrase is `passphrase`.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = vec![
            ("ca.pem".to_owned(), pem(&self.ca.0.cert)),
            (
                "client-encrypted.key".to_owned(),
                self.client_ec
                    .key
                    .private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), b"passphrase")
                    .expect("a key encodes"),
            ),
        ];
        for (name, issued) in [
            ("server-ec", &self.server_ec),
            ("server-rsa", &self.server_rsa),
            ("client-ec", &self.client_ec),
            ("client-rsa", &self.client_rsa),
            ("stranger", &self.stranger),
        ] {
            files.push((format!("{name}.pem"), pem(&issued.cert)));
            files
                .push((format!("{name}.key"), issued.key.private_key_to_pem_pkcs8().expect("a key encodes")));
        }
        files
    }

    /// Writes [`Self::files`] into a folder.
    pub fn write(&self, dir: &super::Dir) {
        for (name, content) in self.files() {
            dir.write(&name, content);
        }
    }

    /// The SHA-256 fingerprints of the client certificates, EC first.
    pub fn client_fingerprints(&self) -> [String; 2] {
        [&self.client_ec, &self.client_rsa].map(Issued::fingerprint)
    }

    /// The server's side of a handshake with the trusted server's certificate.
    pub fn acceptor(&self) -> SslAcceptor {
        self.server_ec.acceptor()
    }
}

impl Issuer {
    fn mint(cn: &str) -> Self {
        Self::below(cn, None)
    }

    /// A CA whose certificate this one signed.
    pub fn intermediate(&self, cn: &str) -> Self {
        Self::below(cn, Some(self))
    }

    /// Its certificate.
    pub fn certificate(&self) -> &X509 {
        &self.0.cert
    }

    /// Its key.
    pub fn key(&self) -> &PKey<Private> {
        &self.0.key
    }

    /// Writes it as `NAME.pem` and `NAME.key`.
    pub fn write(&self, dir: &super::Dir, name: &str) {
        self.0.write(dir, name);
    }

    fn below(cn: &str, above: Option<&Self>) -> Self {
        let key = ec();
        let mut builder = begin(cn, &key, (-2, 60));
        let name = above.map_or_else(|| name(cn), name_of);
        builder.set_issuer_name(&name).unwrap();
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        let usage = KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap();
        builder.append_extension(usage).unwrap();
        builder.sign(above.map_or(&key, |above| &above.0.key), MessageDigest::sha256()).unwrap();
        Self(Issued { cert: builder.build(), key })
    }

    /// A leaf certificate of this CA.
    pub fn issue(&self, leaf: &Leaf<'_>) -> Issued {
        let key = if leaf.rsa { PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap() } else { ec() };
        let mut builder = begin(leaf.cn, &key, leaf.days);
        builder.set_issuer_name(self.0.cert.subject_name()).unwrap();
        let mut constraints = BasicConstraints::new();
        if leaf.authority {
            constraints.critical().ca();
        }
        builder.append_extension(constraints.build().unwrap()).unwrap();
        if leaf.for_clients {
            builder.append_extension(ExtendedKeyUsage::new().client_auth().build().unwrap()).unwrap();
        }
        let mut san = SubjectAlternativeName::new();
        for dns in leaf.dns {
            san.dns(dns);
        }
        for ip in leaf.ip {
            san.ip(ip);
        }
        if !(leaf.dns.is_empty() && leaf.ip.is_empty()) {
            let san = san.build(&builder.x509v3_context(Some(&self.0.cert), None)).unwrap();
            builder.append_extension(san).unwrap();
        }
        let digest = if leaf.sha1 { MessageDigest::sha1() } else { MessageDigest::sha256() };
        builder.sign(&self.0.key, digest).unwrap();
        Issued { cert: builder.build(), key }
    }
}

impl Issued {
    /// Its SHA-256 fingerprint, as `AA:BB:…`.
    pub fn fingerprint(&self) -> String {
        let digest = self.cert.digest(MessageDigest::sha256()).expect("SHA-256 is there");
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// Writes it as `NAME.pem` and `NAME.key`.
    pub fn write(&self, dir: &super::Dir, name: &str) {
        dir.write(&format!("{name}.pem"), pem(&self.cert));
        dir.write(&format!("{name}.key"), self.key.private_key_to_pem_pkcs8().expect("a key encodes"));
    }

    /// A certificate that vouches for itself, for `mx.test`.
    pub fn self_signed() -> Self {
        Self::self_signed_for("mx.test")
    }

    /// The same for another name, in its CN.
    pub fn self_signed_for(cn: &str) -> Self {
        Issuer::mint(cn).0
    }

    /// The server's side of a handshake with this certificate; TLS 1.2 and 1.3.
    pub fn acceptor(&self) -> SslAcceptor {
        self.acceptor_with(SslVersion::TLS1_2, SslVersion::TLS1_3, None)
    }

    /// The same, these certificates shown above it.
    pub fn acceptor_showing(&self, above: &[&X509]) -> SslAcceptor {
        let mut builder = self.builder(SslVersion::TLS1_2, SslVersion::TLS1_3);
        for cert in above {
            builder.add_extra_chain_cert((*cert).clone()).unwrap();
        }
        builder.build()
    }

    /// The same for these versions, demanding a client certificate of `ca` where
    /// one is given.
    pub fn acceptor_with(&self, min: SslVersion, max: SslVersion, ca: Option<&Issuer>) -> SslAcceptor {
        let mut builder = self.builder(min, max);
        if let Some(ca) = ca {
            builder.cert_store_mut().add_cert(ca.0.cert.clone()).unwrap();
            builder.add_client_ca(&ca.0.cert).unwrap();
            builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
        builder.build()
    }

    fn builder(&self, min: SslVersion, max: SslVersion) -> SslAcceptorBuilder {
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        builder.set_cipher_list("DEFAULT:@SECLEVEL=0").unwrap();
        builder.set_min_proto_version(Some(min)).unwrap();
        builder.set_max_proto_version(Some(max)).unwrap();
        builder.set_certificate(&self.cert).unwrap();
        builder.set_private_key(&self.key).unwrap();
        builder
    }
}

fn begin(cn: &str, key: &PKey<Private>, (from, to): (i64, i64)) -> X509Builder {
    let mut serial = BigNum::new().unwrap();
    serial.rand(120, MsbOption::MAYBE_ZERO, false).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let day = |days: i64| Asn1Time::from_unix(now as i64 + days * 86_400).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&name(cn)).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&day(from)).unwrap();
    builder.set_not_after(&day(to)).unwrap();
    builder
}

fn name(cn: &str) -> openssl::x509::X509Name {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", cn).unwrap();
    name.build()
}

fn name_of(issuer: &Issuer) -> openssl::x509::X509Name {
    issuer.0.cert.subject_name().to_owned().expect("a name can be copied")
}

fn ec() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn pem(cert: &X509) -> Vec<u8> {
    cert.to_pem().expect("a certificate encodes")
}
