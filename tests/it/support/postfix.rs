//! A Postfix of the tests' own: its configuration, queue and ports are private,
//! and it relays nothing to anywhere.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::need::{find, have, skip};
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
    dir: Dir,
    keeper: Child,
}

impl Postfix {
    /// The one that the tests share; `None` where it cannot be had and the tests
    /// are skipped.
    pub fn shared(test: &str) -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Postfix>> = Mutex::new(Weak::new());
        if !have(test, &["postfix", "saslpasswd2"]) {
            return None;
        }
        if !Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n") {
            skip(test, "Postfix must be started by root");
            return None;
        }
        let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(Self::start());
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    fn start() -> Self {
        let dir = Dir::new();
        let pki = Pki::shared();
        for folder in ["etc/sasl", "queue", "data"] {
            fs::create_dir_all(dir.join(folder)).expect("the test's folder is writable");
        }
        pki.write(&dir);
        let [ec, rsa] = pki.client_fingerprints();
        dir.write("etc/relay_clientcerts", format!("{ec} client-ec\n{rsa} client-rsa\n"));
        let [open, must_tls, floor, implicit, certified] = free_ports();
        dir.write("etc/main.cf", MAIN.replace("$D", &dir.path().display().to_string()));
        let services = [
            (open, ""),
            (must_tls, "-o smtpd_tls_security_level=encrypt"),
            (floor, "-o smtpd_tls_protocols=>=TLSv1.2 -o smtpd_tls_mandatory_protocols=>=TLSv1.2"),
            (implicit, "-o smtpd_tls_wrappermode=yes"),
            (certified, "-o smtpd_tls_wrappermode=yes -o smtpd_tls_req_ccert=yes"),
        ];
        let services =
            services.map(|(port, options)| format!("127.0.0.1:{port} inet n - n - - smtpd {options}\n"));
        dir.write("etc/master.cf", services.concat() + MASTER);
        dir.write(
            "etc/sasl/smtpd.conf",
            format!(
                "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\nsasldb_path: {}\n",
                dir.join("etc/sasl/sasldb2").display()
            ),
        );
        // The shell outlives nobody: it stops Postfix as soon as our end of the
        // pipe closes, be it by `drop` or because the tests were killed.
        let script = "trap '' INT; set -e; d=$1; chown postfix \"$d/data\"; chmod 755 \"$d\"
            printf secret | saslpasswd2 -p -c -f \"$d/etc/sasl/sasldb2\" -u test probe
            chgrp postfix \"$d/etc/sasl/sasldb2\"; chmod 640 \"$d/etc/sasl/sasldb2\"
            postfix -c \"$d/etc\" start </dev/null >\"$d/start.log\" 2>&1
            read _ || :
            postfix -c \"$d/etc\" stop </dev/null >/dev/null 2>&1; rm -rf \"$d\"";
        let mut keeper = Command::new("sh");
        keeper.args(["-c", script, "sh"]).arg(dir.path()).stdin(Stdio::piped());
        let postfix = find("postfix").expect("it was found before");
        let sbin = postfix.parent().expect("a program is in a folder").display().to_string();
        keeper.env("PATH", format!("{}:{sbin}", std::env::var("PATH").unwrap_or_default()));
        let keeper = keeper.spawn().expect("sh starts");
        let postfix = Self { open, must_tls, floor, implicit, certified, dir, keeper };
        postfix.wait();
        postfix
    }

    fn wait(&self) {
        let start = Instant::now();
        for port in [self.open, self.must_tls, self.floor, self.implicit, self.certified] {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(
                    start.elapsed() < Duration::from_secs(30),
                    "Postfix does not listen\n{}\n{}",
                    fs::read_to_string(self.dir.join("start.log")).unwrap_or_default(),
                    self.log()
                );
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// What Postfix has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join("maillog")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Ports that were free a moment ago.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a loopback port is free"));
    listeners.map(|listener| listener.local_addr().expect("it is bound").port())
}

const MAIN: &str = "\
compatibility_level = 3.6
queue_directory = $D/queue
data_directory = $D/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.test
mydestination = test
mynetworks =
maillog_file = $D/maillog
maillog_file_prefixes = /var, /tmp, $D
alias_maps =
alias_database =
local_recipient_maps =
local_transport = discard
default_transport = discard
relay_transport = discard
smtpd_peername_lookup = no
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_relay_restrictions = permit_tls_clientcerts, permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_chain_files = $D/server-ec.key, $D/server-ec.pem, $D/server-rsa.key, $D/server-rsa.pem
smtpd_tls_CAfile = $D/ca.pem
smtpd_tls_ask_ccert = yes
smtpd_tls_fingerprint_digest = sha256
relay_clientcerts = texthash:$D/etc/relay_clientcerts
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
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

const MASTER: &str = "\
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
proxymap  unix - - n - - proxymap
discard   unix - - n - - discard
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
";
