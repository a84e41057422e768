//! Postfix, started and stopped: its configuration, queue and ports are private.

use std::fs;

use super::Dir;
use super::keeper::{Keeper, is_root};
use super::need::{find, have, skip};

/// A running Postfix.
pub struct Mta(Keeper);

impl Mta {
    /// Whether Postfix, and what else a fixture needs, can be had; else the test is
    /// skipped, and says so.
    pub fn is_here(test: &str, programs: &[&str]) -> bool {
        let all: Vec<&str> = ["postfix"].iter().chain(programs).copied().collect();
        have(test, &all) && (is_root() || skip(test, "Postfix must be started by root"))
    }

    /// Starts Postfix in a folder, and returns when all ports listen. `main` is put
    /// after what every configuration has, `services` before the usual ones; `$D` is
    /// the folder. `prepare` is shell, run before the start, with `$d` the folder.
    pub fn start(dir: Dir, main: &str, services: &str, prepare: &str, ports: &[u16]) -> Self {
        let folder = dir.path().display().to_string();
        for folder in ["etc/sasl", "queue", "data"] {
            fs::create_dir_all(dir.join(folder)).expect("the test's folder is writable");
        }
        dir.write("etc/main.cf", format!("{MAIN}{main}").replace("$D", &folder));
        dir.write("etc/master.cf", format!("{services}{MASTER}").replace("$D", &folder));
        let script = format!(
            "PATH=$PATH:$1; set -e; chown postfix \"$d/data\"
            {prepare}
            postfix -c \"$d/etc\" start </dev/null >\"$d/start.log\" 2>&1
            read _ || :
            postfix -c \"$d/etc\" stop </dev/null >/dev/null 2>&1"
        );
        let postfix = find("postfix").expect("it was found before");
        let sbin = postfix.parent().expect("a program is in a folder").as_os_str();
        Self(Keeper::start(dir, &script, &[sbin], ports, &["start.log", "maillog"]))
    }

    /// The message that a mailbox keeps and that holds this text, awaited.
    pub fn kept(&self, folder: &str, text: &str) -> Vec<u8> {
        self.0.kept(folder, text)
    }

    /// What Postfix has logged.
    pub fn log(&self) -> String {
        self.0.text("maillog")
    }
}

const MAIN: &str = "\
compatibility_level = 3.6
queue_directory = $D/queue
data_directory = $D/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
maillog_file = $D/maillog
maillog_file_prefixes = /var, /tmp, $D
alias_maps =
alias_database =
local_recipient_maps =
smtpd_peername_lookup = no
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
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
virtual   unix - n n - - virtual
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
";
