//! Servers of the tests' own: each has a folder, starts when the first test asks for it,
//! and is gone with the last, however the tests end.

use std::ffi::OsStr;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::Dir;
use super::need::find;

/// What tests share: made for the first of them, dropped with the last.
pub struct Shared<T>(Mutex<Weak<T>>);

impl<T> Shared<T> {
    pub const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// The one that is there, or a new one.
    pub fn get(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let mut shared = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let made = Arc::new(make());
        *shared = Arc::downgrade(&made);
        made
    }
}

/// A server and its folder.
pub struct Keeper {
    dir: Dir,
    shell: Child,
}

impl Keeper {
    /// Runs a script of shell that starts a server, and returns when all ports listen.
    /// `$d` is the folder, `$1` and so on are the arguments. It reads a line from
    /// standard input and then stops the server, as soon as our end of the pipe
    /// closes, be it by `drop` or because the tests were killed: so it outlives nobody.
    /// `logs` are files of the folder, shown where the server does not start.
    pub fn start(dir: Dir, script: &str, arguments: &[&OsStr], ports: &[u16], logs: &[&str]) -> Self {
        let script =
            format!("trap '' INT; d=$1; shift; chmod 755 \"$d\"\n{script}\nrm -rf \"$d\" 2>/dev/null");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "sh"]).arg(dir.path()).args(arguments).stdin(Stdio::piped());
        let keeper = Self { dir, shell: shell.spawn().expect("sh starts") };
        let start = Instant::now();
        for port in ports {
            while TcpStream::connect(("127.0.0.1", *port)).is_err() {
                let logs = || logs.iter().map(|log| keeper.text(log)).collect::<Vec<_>>().join("\n");
                assert!(start.elapsed() < Duration::from_secs(30), "it does not listen\n{}", logs());
                thread::sleep(Duration::from_millis(20));
            }
        }
        keeper
    }

    /// The same for one program that stays in the foreground.
    pub fn run(dir: Dir, program: &str, arguments: &[&str], ports: &[u16], logs: &[&str]) -> Self {
        let program = find(program).expect("it was found before");
        let script = "\"$@\" </dev/null >\"$d/out\" 2>&1 & server=$!\nread _ || :\nkill $server 2>/dev/null; wait $server 2>/dev/null";
        let all: Vec<&OsStr> =
            std::iter::once(program.as_os_str()).chain(arguments.iter().map(OsStr::new)).collect();
        Self::start(dir, script, &all, ports, &[&["out"], logs].concat())
    }

    /// The server's folder.
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// A file of the folder, as far as it is text; nothing where it is not there.
    pub fn text(&self, name: &str) -> String {
        let bytes = fs::read(self.dir.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The bytes of every file in one of its folders.
    pub fn files(&self, folder: &str) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(self.dir.join(folder)) else { return Vec::new() };
        entries.flatten().filter_map(|entry| fs::read(entry.path()).ok()).collect()
    }

    /// The file in one of its folders that holds this text, awaited.
    pub fn kept(&self, folder: &str, text: &str) -> Vec<u8> {
        let start = Instant::now();
        loop {
            let has = |file: &Vec<u8>| file.windows(text.len()).any(|part| part == text.as_bytes());
            if let Some(found) = self.files(folder).into_iter().find(has) {
                return found;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "never came: {text}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Ports that were free a moment ago.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a loopback port is free"));
    listeners.map(|listener| listener.local_addr().expect("it is bound").port())
}

/// Whether the tests are run by root, as some servers want it.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n")
}
