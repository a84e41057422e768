//! `--state`: what one run leaves for the next, and that no two run at once.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::cli::tell::{BAD_INPUT, ERROR, complain, warn};
use crate::report::record::Record;
use crate::report::{Changes, History, Run, Unreadable, replace};
use crate::smtp::visible;
use crate::verdict::CaseResult;

/// What is remembered, in the folder of `--state`.
const LAST: &str = "last.json";

/// Held while a run goes on. The kernel lets go of it however the run ends, so nothing
/// has to be cleared away after a crash.
const LOCK: &str = "lock";

/// The folder of `--state`, held by this run.
pub(super) struct Memory {
    folder: PathBuf,
    before: History,
    changes: Option<Changes>,
    /// Open as long as the run goes on.
    _lock: File,
}

impl Memory {
    /// Takes the folder, which is made where it is not there, and reads what the last
    /// run left.
    ///
    /// # Errors
    ///
    /// The exit status, the reason having been told: another run holds it, or it cannot
    /// be used.
    pub(super) fn open(folder: &Path) -> Result<Self, u8> {
        let failed = |what: &str, error: &io::Error| {
            let why = format!("--state {}: {what}: {error}; nothing was sent", folder.display());
            complain(&why, ERROR)
        };
        if folder.metadata().is_ok_and(|found| !found.is_dir()) {
            let why = format!(
                "--state {}: this is no folder; name one, it need not be there yet",
                folder.display()
            );
            return Err(complain(&why, BAD_INPUT));
        }
        fs::create_dir_all(folder).map_err(|error| failed("the folder cannot be made", &error))?;
        let lock = lock(&folder.join(LOCK)).map_err(|held| match held {
            Held::By(whom) => {
                let folder = folder.display();
                let why = format!(
                    "--state {folder}: another run is going on{whom}; nothing was sent\n\
                     \x20 let it end, bound it with --deadline, or give this one a folder of its own"
                );
                complain(&why, ERROR)
            }
            Held::Unknown(error) => failed("the folder cannot be locked", &error),
        })?;
        let before = match fs::read(folder.join(LAST)) {
            Ok(bytes) => read(folder, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => History::none(),
            Err(error) => return Err(failed("what the last run left cannot be read", &error)),
        };
        Ok(Self { folder: folder.to_owned(), before, changes: None, _lock: lock })
    }

    /// What is to be told is found out by these.
    pub(super) fn changes(&mut self, started: SystemTime) -> Changes {
        self.changes = Some(Changes::since(self.before.clone(), started));
        Changes::since(self.before.clone(), started)
    }

    /// Takes the end of a case.
    pub(super) fn add(&mut self, result: &CaseResult) {
        if let Some(changes) = &mut self.changes {
            changes.add(&Record::of(result));
        }
    }

    /// Leaves it for the next run. Called when everything has been told: a run that is
    /// killed before leaves the next to tell it again.
    pub(super) fn leave(self, run: &Run) -> io::Result<()> {
        match self.changes {
            Some(changes) => replace(&self.folder.join(LAST), &changes.into_history(run).to_bytes()),
            None => Ok(()),
        }
    }

    /// Where it is.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.clone()
    }
}

fn read(folder: &Path, bytes: &[u8]) -> Result<History, u8> {
    let file = folder.join(LAST);
    match History::read(bytes) {
        Ok(history) => Ok(history),
        Err(Unreadable::Newer(tool)) => {
            let why = format!(
                "{}: written by a later release ({}); nothing was sent\n\
                 \x20 use that release, or give this one a folder of its own",
                file.display(),
                visible(&tool)
            );
            Err(complain(&why, BAD_INPUT))
        }
        // A monitor must not stop for this: it tells too much once, and goes on.
        Err(Unreadable::Damaged(why)) => {
            warn(&format!("{}: damaged ({why}): every failure counts as new", file.display()));
            Ok(History::none())
        }
    }
}

/// Why a lock was not to be had.
enum Held {
    /// Somebody has it: ` (process 4711, since 2026-11-21T03:00:00Z)`, as far as known.
    By(String),
    Unknown(io::Error),
}

fn lock(path: &Path) -> Result<File, Held> {
    // Not truncated: what stands there says who holds it.
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
    let mut file = file.map_err(Held::Unknown)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = (&file).take(200).read_to_string(&mut holder);
            let holder = holder.trim();
            return Err(Held::By(if holder.is_empty() {
                String::new()
            } else {
                format!(" ({})", visible(holder))
            }));
        }
        Err(TryLockError::Error(error)) => return Err(Held::Unknown(error)),
    }
    let now = chrono::DateTime::<chrono::Utc>::from(SystemTime::now());
    let holder = format!("process {}, since {} UTC\n", std::process::id(), now.format("%Y-%m-%d %H:%M:%S"));
    // The lock holds without it.
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(holder.as_bytes()));
    Ok(file)
}
