//! An Exim of the tests' own. It passes nothing on: what it takes, it keeps.

use std::process::Command;
use std::sync::Arc;

use super::keeper::{Keeper, Shared, free_ports, is_root};
use super::need::{find, have, skip};
use super::{Dir, Pki};

/// Where `tests/tools.sh` puts the program: Debian's mail servers exclude one another
/// as packages.
pub const PLACE: &str = "/usr/local/lib/relayprobe-tests/exim4";

/// A running Exim, stopped when the last test that holds it lets go.
///
/// Both ports are on 127.0.0.1. Who shows a certificate of the tests' CA or logs in as
/// `probe` with the password `secret` may write to anybody, and everybody to `@test`.
/// It refuses `nobody@test`, and after the data what is for `late@test`.
pub struct Exim {
    /// STARTTLS offered.
    pub port: u16,
    /// TLS from the first byte.
    pub implicit: u16,
    keeper: Keeper,
}

impl Exim {
    /// The one that the tests share; `None` where it cannot be had and the tests are
    /// skipped.
    pub fn shared(test: &str) -> Option<Arc<Self>> {
        static SHARED: Shared<Exim> = Shared::new();
        let known = || Command::new("id").arg("Debian-exim").output().is_ok_and(|id| id.status.success());
        let here = have(test, &[PLACE, "setpriv"])
            && (is_root() || skip(test, "Exim's user is another one"))
            && (known() || skip(test, "without the user Debian-exim"));
        here.then(|| SHARED.get(Self::start))
    }

    fn start() -> Self {
        let dir = Dir::new();
        Pki::shared().write(&dir);
        let [port, implicit] = free_ports();
        let conf = CONF
            .replace("$D", &dir.path().display().to_string())
            .replace("$PORT", &port.to_string())
            .replace("$IMPLICIT", &implicit.to_string());
        dir.write("exim.conf", conf);
        let script = "mkdir \"$d/spool\" \"$d/log\" \"$d/mail\"; chown -R Debian-exim \"$d\"
            setpriv --reuid Debian-exim --regid Debian-exim --clear-groups \
                \"$1\" -C \"$d/exim.conf\" -bdf </dev/null >\"$d/out\" 2>&1 & server=$!
            read _ || :
            kill $server 2>/dev/null; wait $server 2>/dev/null";
        let exim = find(PLACE).expect("it was found before");
        let logs = ["out", "log/mainlog", "log/paniclog"];
        let keeper = Keeper::start(dir, script, &[exim.as_os_str()], &[port, implicit], &logs);
        Self { port, implicit, keeper }
    }

    /// The message that holds this text, awaited: as it came, below `Received` fields.
    pub fn kept(&self, text: &str) -> Vec<u8> {
        self.keeper.kept("mail", text)
    }

    /// What Exim has logged.
    pub fn log(&self) -> String {
        self.keeper.text("log/mainlog")
    }
}

const CONF: &str = r"
spool_directory = $D/spool
log_file_path = $D/log/%slog
pid_file_path = $D/exim.pid
primary_hostname = mx.test
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = $PORT : $IMPLICIT
tls_on_connect_ports = $IMPLICIT
tls_advertise_hosts = *
tls_certificate = $D/server-ec.pem : $D/server-rsa.pem
tls_privatekey = $D/server-ec.key : $D/server-rsa.key
tls_require_ciphers = NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:%COMPAT
tls_verify_certificates = $D/ca.pem
tls_try_verify_hosts = *
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
pipelining_connect_advertise_hosts =
dsn_advertise_hosts = *
prdr_enable = true
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 0
deliver_drop_privilege = true
log_selector = +tls_cipher +tls_peerdn +tls_certificate_verified +received_recipients +8bitmime
acl_smtp_rcpt = recipient
acl_smtp_data = all
acl_smtp_data_prdr = each
acl_smtp_vrfy = all
begin acl
all:
  accept
recipient:
  deny    local_parts = nobody
          domains = test
          message = nobody of that name
  accept  domains = test
  accept  verify = certificate
  accept  authenticated = *
  deny    message = relay not permitted
each:
  deny    local_parts = late
          message = too late
  accept
begin routers
keep:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  file = $D/mail/$message_exim_id
  message_prefix =
  message_suffix =
  use_crlf
  check_string =
  escape_string =
  batch_max = 100
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{probe}}{eq{$auth3}{secret}}}}
  server_set_id = $auth2
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{probe}{secret}fail}
  server_set_id = $auth1
";
