//! Reading secrets from where a file says they are.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::secret_source::SecretFrom;
use super::vars::read_environment;
use crate::secret::Secret;
use crate::yaml::shown;

/// The longest secret that is read, in bytes.
const MAX_SECRET: u64 = 64 * 1024;

/// How long a `command` may take.
const COMMAND_TIME: Duration = Duration::from_secs(60);

/// How long what a `command` printed may take to arrive once it has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Reads each secret once.
#[derive(Debug, Default)]
pub(super) struct SecretReader {
    /// Environment variables that hold secrets: programs do not inherit them.
    secret_variables: BTreeSet<String>,
    commands: Mutex<HashMap<Vec<String>, Result<Secret, String>>>,
}

impl SecretReader {
    /// Programs will not inherit these environment variables.
    pub(super) fn new(secret_variables: BTreeSet<String>) -> Self {
        Self { secret_variables, commands: Mutex::default() }
    }

    /// The secret, one line end at its end taken off.
    pub(super) fn read(&self, from: &SecretFrom) -> Result<Secret, String> {
        let secret = match from {
            SecretFrom::Literal(secret) => Ok(secret.clone()),
            SecretFrom::Env(name) => read_environment(name).map(Secret::new),
            SecretFrom::File(path) => read_private(path),
            SecretFrom::Credential(name) => read_credential(name),
            SecretFrom::Command(words) => {
                let mut commands = self.commands.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                commands.entry(words.clone()).or_insert_with(|| self.run(words)).clone()
            }
        }?;
        match secret.expose() {
            "" => Err("the secret is empty".to_owned()),
            // RFC 4616 §2: NUL separates the parts of PLAIN.
            text if text.contains('\0') => Err("a NUL stands in the secret".to_owned()),
            _ => Ok(secret),
        }
    }

    fn run(&self, words: &[String]) -> Result<Secret, String> {
        let (program, arguments) = words.split_first().ok_or("`command` names no program")?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        for variable in &self.secret_variables {
            command.env_remove(variable);
        }
        let mut child = command.spawn().map_err(|error| format!("cannot run `{program}`: {error}"))?;
        let stdout = child.stdout.take();
        let (sender, printed) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(stdout) = stdout {
                // A read that fails leaves what came before; the status tells.
                let _ = stdout.take(MAX_SECRET + 1).read_to_end(&mut bytes);
            }
            // Nobody listens any more where it took too long.
            let _ = sender.send(bytes);
        });
        let status = wait(&mut child, program)?;
        if !status.success() {
            return Err(format!("`{program}` failed: {status}"));
        }
        let bytes = printed.recv_timeout(LAST_WORDS).map_err(|_| {
            format!("`{program}` has ended, but something that it started holds its output open")
        })?;
        one_line(bytes, &format!("what `{program}` prints"))
    }
}

/// Waits for the end of a program, a minute at most.
fn wait(child: &mut Child, program: &str) -> Result<std::process::ExitStatus, String> {
    let deadline = Instant::now() + COMMAND_TIME;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                // It may have ended by itself just now; either way it is over.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("`{program}` took longer than {} s", COMMAND_TIME.as_secs()));
            }
            Err(error) => return Err(format!("cannot wait for `{program}`: {error}")),
        }
    }
}

/// Reads a file that nobody else can read. What is checked is the open file, not
/// its name.
fn read_private(path: &Path) -> Result<Secret, String> {
    let name = shown(path);
    let file = open_regular(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let metadata = file.metadata().map_err(|error| format!("cannot read {name}: {error}"))?;
        let root = metadata.uid() == 0;
        if !root && own_uid().is_some_and(|own| own != metadata.uid()) {
            return Err(format!("{name} belongs to somebody else; it must be yours or root's"));
        }
        let mode = metadata.permissions().mode() & 0o777;
        // A file of root's may let one group read it, as services have it.
        let forbidden = if root { 0o037 } else { 0o077 };
        if mode & forbidden != 0 {
            return Err(format!("{name} can be read by others (mode {mode:03o}); `chmod 600 {name}`"));
        }
    }
    read_secret(file, &name)
}

/// Reads a systemd credential; its folder is private by construction.
fn read_credential(name: &str) -> Result<Secret, String> {
    let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") else {
        return Err(format!(
            "no credential `{name}`: CREDENTIALS_DIRECTORY is not set; systemd sets it for `LoadCredential=`"
        ));
    };
    let path = Path::new(&folder).join(name);
    read_secret(open_regular(&path)?, &shown(&path))
}

fn open_regular(path: &Path) -> Result<File, String> {
    let cannot = |error: std::io::Error| format!("cannot read {}: {error}", shown(path));
    // Looked at before it is opened: opening a FIFO waits for a writer.
    let regular = fs::metadata(path).map_err(cannot)?.is_file();
    let file = regular.then(|| File::open(path)).transpose().map_err(cannot)?;
    match file {
        Some(file) if file.metadata().is_ok_and(|metadata| metadata.is_file()) => Ok(file),
        _ => Err(format!("{} is not a regular file", shown(path))),
    }
}

fn read_secret(file: File, name: &str) -> Result<Secret, String> {
    let mut bytes = Vec::new();
    file.take(MAX_SECRET + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot read {name}: {error}"))?;
    one_line(bytes, name)
}

fn one_line(bytes: Vec<u8>, name: &str) -> Result<Secret, String> {
    if bytes.len() as u64 > MAX_SECRET {
        return Err(format!("{name} is longer than {} KiB: no secret", MAX_SECRET / 1024));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
}

/// Who runs this process, where the system tells without a system call of its
/// own: the owner of `/proc/self`, else of the home folder.
#[cfg(unix)]
fn own_uid() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let home = || std::env::var_os("HOME").and_then(|home| fs::metadata(home).ok());
    fs::metadata("/proc/self").ok().or_else(home).map(|metadata| metadata.uid())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(from: SecretFrom) -> Result<String, String> {
        SecretReader::default().read(&from).map(|secret| secret.expose().to_owned())
    }

    fn command(words: &[&str]) -> SecretFrom {
        SecretFrom::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let path = std::env::temp_dir().join(format!("relayprobe-secret-{}", std::process::id()));
        fs::write(&path, "hunter2\n").expect("written");
        let with = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
            read(SecretFrom::File(path.clone()))
        };
        assert_eq!(with(0o600), Ok("hunter2".to_owned()));
        let why = with(0o644).expect_err("readable by others");
        assert!(why.contains("mode 644"), "{why}");
        fs::remove_file(&path).expect("removed");
    }

    #[test]
    fn devices_are_not_read() {
        let why = read(SecretFrom::File("/dev/zero".into())).expect_err("a device");
        assert_eq!(why, "/dev/zero is not a regular file");
    }

    #[test]
    fn a_program_prints_the_secret_and_its_failure_is_told() {
        assert_eq!(read(command(&["printf", "s3cret\\r\\n"])), Ok("s3cret".to_owned()));
        assert!(read(command(&["false"])).expect_err("failed").contains("`false` failed"));
        assert!(read(command(&["/nowhere/at/all"])).expect_err("missing").contains("cannot run"));
        assert_eq!(read(command(&["true"])), Err("the secret is empty".to_owned()));
    }

    #[test]
    fn a_program_that_leaves_another_behind_holds_nobody_up() {
        let why = read(command(&["sh", "-c", "sleep 20 & echo secret"])).expect_err("never ends");
        assert!(why.contains("holds its output open"), "{why}");
    }

    #[test]
    fn a_program_runs_once() {
        let reader = SecretReader::default();
        let from = command(&["sh", "-c", "date +%N"]);
        assert_eq!(reader.read(&from), reader.read(&from));
    }
}
