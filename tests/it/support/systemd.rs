//! systemd, started in namespaces on a copy of this very system that is thrown away
//! afterwards: units are played by what will run them.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Dir, find, have};

/// A systemd that runs until it is dropped. What it and its services write is gone then;
/// the network is the host's.
pub struct Systemd {
    boot: Child,
    init: String,
    _dir: Dir,
}

/// Makes the copy and becomes its first process. An overlay keeps every change in memory.
/// `$1` is a folder, `$2` a script that prepares the copy, from outside, in `$ROOT`.
const BOOT: &str = r#"
set -e
scratch=$1/mnt; mkdir -p "$scratch"
mount --make-rprivate /
mount -t tmpfs tmpfs "$scratch"
mkdir -p "$scratch/up" "$scratch/work" "$scratch/root"
ROOT=$scratch/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/up,workdir=$scratch/work" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount -t sysfs sysfs "$ROOT/sys"
mount --bind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/run"
mount -t tmpfs tmpfs "$ROOT/tmp"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 "$ROOT/sys/fs/cgroup"
else
  mount -t tmpfs tmpfs "$ROOT/sys/fs/cgroup"
  mkdir -p "$ROOT/sys/fs/cgroup/unified" "$ROOT/sys/fs/cgroup/systemd"
  mount -t cgroup2 cgroup2 "$ROOT/sys/fs/cgroup/unified"
  mount -t cgroup -o none,name=systemd cgroup "$ROOT/sys/fs/cgroup/systemd"
fi
export ROOT
sh -ec "$2"
# Nothing of the host's own is started, only what is asked for.
mkdir -p "$ROOT/run/systemd/system"
printf '[Unit]\nDefaultDependencies=no\n' >"$ROOT/run/systemd/system/trial.target"
for unit in sysinit basic network-online nss-lookup timers shutdown; do
  printf '[Unit]\nDefaultDependencies=no\n' >"$ROOT/run/systemd/system/$unit.target"
done
mkdir -p "$ROOT/old"
cd "$ROOT"
pivot_root . old
umount -l /old
# As a system that booted has it; credentials are handed on through it.
mount --make-rshared /
exec env -i container=trial PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=trial.target --log-target=console --show-status=0
"#;

impl Systemd {
    /// Starts it, after `prepare` has changed the copy in `$ROOT`; `None` where that
    /// cannot be had and the test is skipped.
    pub fn boot(test: &str, prepare: &str) -> Option<Self> {
        if !have(test, &["unshare", "nsenter", "mount", "pivot_root", "systemctl"]) {
            return None;
        }
        let dir = Dir::new();
        // The host's choice, which nothing that could be installed would change: no
        // failure in CI.
        let lower = "mount --make-rprivate / && mount -t tmpfs tmpfs \"$0\" && cd \"$0\" && mkdir u w r && \
                     mount -t overlay overlay -o lowerdir=/,upperdir=u,workdir=w r && unshare -U true";
        let allowed = Command::new("unshare")
            .args(["-pfmuiC", "sh", "-ec", lower])
            .arg(dir.path())
            .stderr(Stdio::null())
            .status();
        if !allowed.is_ok_and(|status| status.success()) || !Path::new("/lib/systemd/systemd").exists() {
            eprintln!("skipped: {test}: systemd cannot be started in namespaces here");
            return None;
        }
        let log = fs::File::create(dir.join("log")).expect("the folder is ours");
        let boot = Command::new(find("unshare").expect("it is there"))
            .args(["--kill-child", "-pfmuiC", "bash", "-c", BOOT, "boot"])
            .arg(dir.path())
            .arg(prepare)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("it is open"))
            .stderr(log)
            .spawn()
            .expect("unshare starts");
        let mut systemd = Self { boot, init: String::new(), _dir: dir };
        let start = Instant::now();
        loop {
            sleep(Duration::from_millis(50));
            let children = format!("/proc/{0}/task/{0}/children", systemd.boot.id());
            if let Some(init) =
                fs::read_to_string(children).unwrap_or_default().split_ascii_whitespace().next()
            {
                systemd.init = init.to_owned();
                if systemd.shell("systemctl is-active -q trial.target").1 {
                    return Some(systemd);
                }
            }
            let log = || systemd._dir.read("log");
            assert!(start.elapsed() < Duration::from_secs(20), "systemd does not start: {}", log());
            if let Ok(Some(status)) = systemd.boot.try_wait() {
                panic!("systemd does not start: {status}: {}", systemd._dir.read("log"));
            }
        }
    }

    /// Runs a script in it: what it printed, and whether it ended well.
    pub fn shell(&self, script: &str) -> (String, bool) {
        let out = Command::new("nsenter")
            .args(["-t", &self.init, "-p", "-m", "-u", "-i", "-C", "sh", "-c", script])
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .output()
            .expect("nsenter starts");
        let said =
            [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (said, out.status.success())
    }

    /// The same, which has to end well.
    pub fn ok(&self, script: &str) -> String {
        let (said, well) = self.shell(script);
        assert!(well, "{script}\n{said}");
        said
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        let _ = self.boot.kill();
        let _ = self.boot.wait();
    }
}
