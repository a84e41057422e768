//! Postfix, started and stopped: its configuration, queue and ports are private.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Dir;
use super::need::{find, have, skip};

/// A running Postfix.
pub struct Mta {
    dir: Dir,
    keeper: Child,
}

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
        // The shell outlives nobody: it stops Postfix as soon as our end of the
        // pipe closes, be it by `drop` or because the tests were killed.
        let script = format!(
            "trap '' INT; set -e; d=$1; chown postfix \"$d/data\"; chmod 755 \"$d\"
            {prepare}
            postfix -c \"$d/etc\" start </dev/null >\"$d/start.log\" 2>&1
            read _ || :
            postfix -c \"$d/etc\" stop </dev/null >/dev/null 2>&1; rm -rf \"$d\""
        );
        let mut keeper = Command::new("sh");
        keeper.args(["-c", &script, "sh"]).arg(dir.path()).stdin(Stdio::piped());
        let postfix = find("postfix").expect("it was found before");
        let sbin = postfix.parent().expect("a program is in a folder").display().to_string();
        keeper.env("PATH", format!("{}:{sbin}", std::env::var("PATH").unwrap_or_default()));
        let keeper = keeper.spawn().expect("sh starts");
        let mta = Self { dir, keeper };
        mta.wait(ports);
        mta
    }

    fn wait(&self, ports: &[u16]) {
        let start = Instant::now();
        for port in ports {
            while TcpStream::connect(("127.0.0.1", *port)).is_err() {
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

impl Drop for Mta {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Whether the tests are run by root.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n")
}

/// Ports that were free a moment ago.
pub fn free_ports<const N: usize>() -> [u16; N] {
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
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
";
