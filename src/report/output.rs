//! The one place that writes.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::yaml::{MAX_FILE, read_bytes};

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A file, written whole or not at all.
    File(PathBuf),
}

impl Destination {
    /// What stands there now, where that is a file of text that can be read.
    pub(super) fn previous(&self) -> Option<String> {
        let Self::File(path) = self else { return None };
        read_bytes(path, MAX_FILE).ok().and_then(|bytes| String::from_utf8(bytes).ok())
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A report could not be written.
#[derive(Debug)]
pub struct WriteError {
    /// Which report: `the json report`, `the result`.
    pub report: String,
    /// Where it was to go.
    pub destination: Destination,
    /// Why not.
    pub source: io::Error,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write {} to {}: {}", self.report, self.destination, self.source)?;
        match self.destination {
            Destination::Stdout => Ok(()),
            Destination::File(_) => f.write_str("; name a file that can be written"),
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Writes a file whole or not at all, and returns when it is on the disk.
///
/// # Errors
///
/// What the system says; the file is then as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = Replacing::new(path, None)?;
    file.writer.write_all(bytes)?;
    file.writer.flush()?;
    file.writer.get_ref().sync_all()?;
    file.finish()
}

/// A report that is written in one go.
pub struct Written {
    report: String,
    destination: Destination,
    output: Output,
}

impl Written {
    /// Opens it, so that what is in its way shows before anything is played.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened; `report` is what the error calls it.
    pub fn open(report: &str, destination: &Destination) -> Result<Self, WriteError> {
        let report = report.to_owned();
        match Output::open(destination) {
            Ok(output) => Ok(Self { report, destination: destination.clone(), output }),
            Err(source) => Err(WriteError { report, destination: destination.clone(), source }),
        }
    }

    /// Writes it; a file is whole or as it was.
    ///
    /// # Errors
    ///
    /// Where it could not be written.
    pub fn write(self, bytes: &[u8]) -> Result<(), WriteError> {
        let Self { report, destination, mut output } = self;
        let done = output.write(bytes).and_then(|()| output.finish());
        done.map_err(|source| WriteError { report, destination, source })
    }
}

/// Bytes on their way to where they go.
pub(super) enum Output {
    /// Line by line, so that a reader sees cases as they end.
    Stdout,
    /// What is no regular file, such as `/dev/null` or a pipe: nothing to keep
    /// intact.
    Direct(BufWriter<File>),
    /// Beside the file that it becomes in the end.
    Replacing(Replacing),
}

impl Output {
    /// Opens a destination. A folder that is missing or closed shows here, before
    /// anything is played.
    pub(super) fn open(destination: &Destination) -> io::Result<Self> {
        let Destination::File(path) = destination else { return Ok(Self::Stdout) };
        match fs::metadata(path) {
            Ok(found) if !found.is_file() && !found.is_dir() => {
                Ok(Self::Direct(BufWriter::new(OpenOptions::new().write(true).open(path)?)))
            }
            Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            // A link stays a link: what it points to is replaced.
            Ok(found) => {
                Replacing::new(&path.canonicalize()?, Some(found.permissions())).map(Self::Replacing)
            }
            Err(_) => Replacing::new(path, None).map(Self::Replacing),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes)?;
                stdout.flush()
            }
            Self::Direct(file) => file.write_all(bytes),
            Self::Replacing(file) => file.writer.write_all(bytes),
        }
    }

    /// Makes what was written the report.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Stdout => Ok(()),
            Self::Direct(mut file) => file.flush(),
            Self::Replacing(file) => file.finish(),
        }
    }
}

/// After so long a temporary file is locked or left over.
const SETTLED: Duration = Duration::from_secs(60);

/// A file that takes another's place when it is complete, and leaves no trace
/// where it never is.
pub(super) struct Replacing {
    writer: BufWriter<File>,
    temporary: PathBuf,
    target: PathBuf,
    done: bool,
}

impl Replacing {
    fn new(target: &Path, permissions: Option<fs::Permissions>) -> io::Result<Self> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // In the same folder, for a rename within one file system is atomic; a
        // name of its own for every run, for two may run at once.
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        sweep(folder, &prefix);
        let mut own = prefix;
        own.push(format!("{}-{:08x}.tmp", std::process::id(), fastrand::u32(..)));
        let temporary = folder.join(own);
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        // Held as long as it is written, so that others know it is. Where there are
        // no locks, nobody takes it away either.
        let _ = file.try_lock();
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        let writer = BufWriter::with_capacity(64 * 1024, file);
        Ok(Self { writer, temporary, target: target.to_owned(), done: false })
    }

    fn finish(mut self) -> io::Result<()> {
        self.writer.flush()?;
        fs::rename(&self.temporary, &self.target)?;
        self.done = true;
        Ok(())
    }
}

/// Removes what runs have left that were killed while they wrote: temporary files
/// that nobody holds.
fn sweep(folder: &Path, prefix: &std::ffi::OsStr) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let ours = name.as_bytes().starts_with(prefix.as_bytes()) && name.as_bytes().ends_with(b".tmp");
        // One that is new may be about to be locked.
        let old = || {
            entry
                .metadata()
                .and_then(|found| found.modified())
                .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > SETTLED))
        };
        if ours && old() && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            // Somebody else may have been faster.
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Drop for Replacing {
    fn drop(&mut self) {
        if !self.done {
            // Nothing can be done about a temporary file that does not go away.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, removed in the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let name = format!("relayprobe-output-{}-{:016x}", std::process::id(), fastrand::u64(..));
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).expect("a new folder");
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).expect("the folder");
            let mut names: Vec<_> = entries
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_report_appears_whole_or_not_at_all() {
        let folder = Folder::new();
        let path = folder.0.join("report.json");
        fs::write(&path, "the previous one").unwrap();
        let destination = Destination::File(path.clone());

        let mut given_up = Output::open(&destination).unwrap();
        given_up.write(b"half").unwrap();
        drop(given_up);
        assert_eq!(fs::read_to_string(&path).unwrap(), "the previous one");
        assert_eq!(folder.names(), ["report.json"]);

        let mut whole = Output::open(&destination).unwrap();
        whole.write(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "the previous one");
        whole.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(folder.names(), ["report.json"]);
    }

    #[test]
    fn what_a_killed_run_left_is_taken_away_by_the_next() {
        let folder = Folder::new();
        let path = folder.0.join("report.json");
        let [left, held] = ["1", "2"].map(|n| folder.0.join(format!(".report.json.{n}-00000000.tmp")));
        let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
        for file in [&left, &held] {
            fs::write(file, "half").unwrap();
            File::options().write(true).open(file).unwrap().set_modified(hour_ago).unwrap();
        }
        let lock = File::open(&held).unwrap();
        lock.try_lock().unwrap();
        replace(&path, b"whole").unwrap();
        assert_eq!(folder.names(), [".report.json.2-00000000.tmp", "report.json"]);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = Folder::new();
        let (real, link) = (folder.0.join("real"), folder.0.join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut output = Output::open(&Destination::File(link.clone())).unwrap();
        output.write(b"new").unwrap();
        output.finish().unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");

        let mut null = Output::open(&Destination::File("/dev/null".into())).unwrap();
        null.write(b"x").unwrap();
        null.finish().unwrap();
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let mut full = Output::open(&Destination::File("/dev/full".into())).unwrap();
        full.write(b"x").unwrap();
        assert!(full.finish().is_err());
    }

    #[test]
    fn a_folder_that_is_not_there_shows_at_once() {
        assert!(Output::open(&Destination::File("/no/such/folder/report.json".into())).is_err());
        assert!(Output::open(&Destination::File("/".into())).is_err());
    }
}
