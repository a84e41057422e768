//! Two Postfixes, before and after a cut-over: the same job, set up by two people.

use super::keeper::free_ports;
use super::mta::Mta;
use super::{Dir, Pki};

/// The old relay and the new one, both on 127.0.0.1.
///
/// Both relay for senders of `contoso.example`. The old one speaks every TLS version.
/// The new one wants TLS 1.2, has another certificate and smaller messages, has
/// forgotten the sender `crm@contoso.example`, and relays to `partner.example` for
/// everybody.
pub struct CutOver {
    /// The port of the old relay.
    pub old: u16,
    /// The port of the new one.
    pub new: u16,
    mtas: [Mta; 2],
}

impl CutOver {
    /// Starts both; `None` where Postfix cannot be had and the test is skipped.
    pub fn start(test: &str) -> Option<Self> {
        if !Mta::is_here(test, &[]) {
            return None;
        }
        let [old, new] = free_ports();
        Some(Self { old, new, mtas: [relay(old, OLD), relay(new, NEW)] })
    }
}

fn relay(port: u16, main: &str) -> Mta {
    let dir = Dir::new();
    let pki = Pki::shared();
    pki.write(&dir);
    let service = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
    Mta::start(dir, &format!("{MAIN}{main}"), &service, "", &[port])
}

const MAIN: &str = "\
mydestination = test
local_transport = discard
default_transport = discard
relay_transport = discard
smtpd_tls_security_level = may
smtpd_tls_ciphers = high
tls_high_cipherlist = DEFAULT:@SECLEVEL=0
";

const OLD: &str = "\
myhostname = mx-old.test
smtpd_relay_restrictions = check_sender_access inline:{contoso.example=OK}, reject_unauth_destination
smtpd_tls_protocols = >=TLSv1
smtpd_tls_chain_files = $D/server-ec.key, $D/server-ec.pem
message_size_limit = 20480000
";

const NEW: &str = "\
myhostname = mx-new.test
smtpd_relay_restrictions = check_sender_access inline:{erp@contoso.example=OK}, reject_unauth_destination
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_chain_files = $D/server-rsa.key, $D/server-rsa.pem
message_size_limit = 10240000
smtpd_discard_ehlo_keywords = etrn
relay_domains = partner.example
";
