//! A Dovecot of the tests' own, which speaks every mechanism of AUTH on a submission
//! port. It passes no message on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keeper::{Keeper, Shared, free_ports, is_root};
use super::need::{find, have, skip};
use super::{Dir, Pki};

/// What its submission server is, which Debian has in a package of its own.
const SUBMISSION: &str = "/usr/lib/dovecot/submission";
const LMTP: &str = "/usr/lib/dovecot/lmtp";

/// A running Dovecot, stopped when the last test that holds it lets go.
///
/// `probe@test` has the password and the token `secret`; `client.test` logs in by the
/// client certificate of that name. Who fails is made to wait at the next try from the same
/// address.
pub struct Dovecot {
    /// STARTTLS offered, AUTH after TLS.
    pub port: u16,
    /// LMTP, which keeps what is for `probe@test`, cannot write to the mailbox of
    /// `locked@test`, and knows nobody else. The socket is another door to it.
    pub lmtp: u16,
    keeper: Keeper,
}

impl Dovecot {
    /// The one that the tests share; `None` where it cannot be had and the tests are
    /// skipped.
    pub fn shared(test: &str) -> Option<Arc<Self>> {
        static SHARED: Shared<Dovecot> = Shared::new();
        let here = have(test, &["dovecot"])
            && (is_root() || skip(test, "Dovecot must be started by root"))
            && (Path::new(SUBMISSION).exists() || skip(test, "without dovecot-submissiond"))
            && (Path::new(LMTP).exists() || skip(test, "without dovecot-lmtpd"));
        if !here {
            return None;
        }
        Some(SHARED.get(Self::start))
    }

    fn start() -> Self {
        let dir = Dir::new();
        Pki::shared().write(&dir);
        let [port, lmtp] = free_ports();
        let folder = dir.path().display().to_string();
        dir.write(
            "dovecot.conf",
            CONF.replace("$D", &folder)
                .replace("$PORT", &port.to_string())
                .replace("$LMTP", &lmtp.to_string()),
        );
        dir.write("users", "probe@test:{PLAIN}secret::::::\nlocked@test:{PLAIN}x::::::\nclient.test:{PLAIN}::::::nopassword\n");
        fs::create_dir_all(dir.join("mail")).expect("the test's folder is writable");
        let conf = dir.join("dovecot.conf").display().to_string();
        let script = "chown mail \"$d/mail\"; mkdir -m 700 \"$d/mail/locked@test\"
            \"$1\" -F -c \"$2\" </dev/null >\"$d/out\" 2>&1 & server=$!
            read _ || :
            kill $server 2>/dev/null; wait $server 2>/dev/null";
        let dovecot = find("dovecot").expect("it was found before");
        let arguments = [dovecot.as_os_str(), conf.as_ref()];
        let keeper = Keeper::start(dir, script, &arguments, &[port, lmtp], &["out", "log"]);
        Self { port, lmtp, keeper }
    }

    /// The socket of LMTP.
    pub fn socket(&self) -> PathBuf {
        self.keeper.dir().join("lmtp")
    }

    /// The message for `probe@test` that holds this text, awaited: with the line ends of
    /// Unix, below fields of its own.
    pub fn kept(&self, text: &str) -> Vec<u8> {
        self.keeper.kept("mail/probe@test/new", text)
    }
}

const CONF: &str = "\
base_dir = $D/run
log_path = $D/log
protocols = submission lmtp
listen = 127.0.0.1
hostname = mx.test
ssl = yes
ssl_cert = <$D/server-ec.pem
ssl_key = <$D/server-ec.key
ssl_ca = <$D/ca.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_username_from_cert = yes
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2 oauthbearer external
auth_failure_delay = 0
disable_plaintext_auth = yes
submission_relay_host = 127.0.0.1
mail_location = maildir:$D/mail/%u
first_valid_uid = 1
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $LMTP
  }
  unix_listener $D/lmtp {
    mode = 0666
  }
}
service submission-login {
  inet_listener submission {
    port = $PORT
  }
}
passdb {
  driver = passwd-file
  args = $D/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home=$D/mail/%u
}
";
