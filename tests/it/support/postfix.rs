//! A Postfix of the tests' own, as a server to play against. It relays nothing to
//! anywhere.

use std::sync::Arc;

use super::keeper::{Shared, free_ports};
use super::mta::Mta;
use super::{Dir, Pki};

/// A running Postfix, stopped when the last test that holds it lets go.
///
/// All ports are on 127.0.0.1. Who shows a known client certificate or logs in as
/// `probe` with the password `secret` may relay; everybody may write to `@test`.
pub struct Postfix {
    /// STARTTLS offered, TLS 1.0 to 1.3, AUTH after TLS.
    pub open: u16,
    /// Nothing before STARTTLS.
    pub must_tls: u16,
    /// TLS 1.2 and newer alone.
    pub floor: u16,
    /// TLS from the first byte, else as `open`.
    pub implicit: u16,
    /// TLS from the first byte, a client certificate demanded; TLS 1.2 and newer,
    /// because Postfix raises OpenSSL's security level where it demands one.
    pub certified: u16,
    /// As `open`; takes XCLIENT and XFORWARD, and keeps what is for `@kept.test`.
    pub trusting: u16,
    mta: Mta,
}

impl Postfix {
    /// The one that the tests share; `None` where it cannot be had and the tests
    /// are skipped.
    pub fn shared(test: &str) -> Option<Arc<Self>> {
        static SHARED: Shared<Postfix> = Shared::new();
        if !Mta::is_here(test, &["saslpasswd2"]) {
            return None;
        }
        Some(SHARED.get(Self::start))
    }

    fn start() -> Self {
        let dir = Dir::new();
        let pki = Pki::shared();
        pki.write(&dir);
        let [ec, rsa] = pki.client_fingerprints();
        dir.write("etc/relay_clientcerts", format!("{ec} client-ec\n{rsa} client-rsa\n"));
        let [open, must_tls, floor, implicit, certified, trusting] = free_ports();
        let services = [
            (open, ""),
            (must_tls, "-o smtpd_tls_security_level=encrypt"),
            (floor, "-o smtpd_tls_protocols=>=TLSv1.2 -o smtpd_tls_mandatory_protocols=>=TLSv1.2"),
            (implicit, "-o smtpd_tls_wrappermode=yes"),
            (certified, "-o smtpd_tls_wrappermode=yes -o smtpd_tls_req_ccert=yes"),
            (
                trusting,
                "-o smtpd_authorized_xclient_hosts=127.0.0.1 -o smtpd_authorized_xforward_hosts=127.0.0.1",
            ),
        ];
        let services =
            services.map(|(port, options)| format!("127.0.0.1:{port} inet n - n - - smtpd {options}\n"));
        dir.write(
            "etc/sasl/smtpd.conf",
            format!(
                "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256\nsasldb_path: {}\n",
                dir.join("etc/sasl/sasldb2").display()
            ),
        );
        let prepare = "printf secret | saslpasswd2 -p -c -f \"$d/etc/sasl/sasldb2\" -u test probe
            mkdir \"$d/mail\"; chown mail \"$d/mail\"
            chgrp postfix \"$d/etc/sasl/sasldb2\"; chmod 640 \"$d/etc/sasl/sasldb2\"";
        let ports = [open, must_tls, floor, implicit, certified, trusting];
        let mta = Mta::start(dir, MAIN, &services.concat(), prepare, &ports);
        Self { open, must_tls, floor, implicit, certified, trusting, mta }
    }

    /// The message for `@kept.test` that holds this text, awaited. Postfix keeps it
    /// with the line ends of Unix, below fields of its own.
    pub fn kept(&self, text: &str) -> Vec<u8> {
        self.mta.kept("mail/kept/new", text)
    }

    /// What Postfix has logged.
    pub fn log(&self) -> String {
        self.mta.log()
    }
}

const MAIN: &str = "\
virtual_mailbox_domains = kept.test
virtual_mailbox_base = $D/mail
virtual_mailbox_maps = static:kept/
virtual_uid_maps = static:8
virtual_gid_maps = static:8
virtual_minimum_uid = 1
myhostname = mx.test
mydestination = test
local_transport = discard
default_transport = discard
relay_transport = discard
smtpd_relay_restrictions = permit_tls_clientcerts, permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_chain_files = $D/server-ec.key, $D/server-ec.pem, $D/server-rsa.key, $D/server-rsa.pem
smtpd_tls_CAfile = $D/ca.pem
smtpd_tls_ask_ccert = yes
smtpd_tls_fingerprint_digest = sha256
relay_clientcerts = texthash:$D/etc/relay_clientcerts
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtpd_tls_session_cache_database = btree:$data_directory/smtpd_scache
smtpd_tls_protocols = >=TLSv1
smtpd_tls_mandatory_protocols = >=TLSv1
smtpd_tls_ciphers = high
smtpd_tls_mandatory_ciphers = high
tls_high_cipherlist = DEFAULT:@SECLEVEL=0
smtpd_sasl_auth_enable = yes
smtpd_tls_auth_only = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = $D/etc/sasl
smtpd_sasl_local_domain = test
smtpd_sasl_security_options = noanonymous
";
