//! Programs that are not ours.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether these programs are here. Where one is not, the test says that it is
/// skipped; in CI that is a failure.
pub fn have(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| find(program).is_none()).collect();
    if missing.is_empty() {
        return true;
    }
    skip(test, &format!("without {}", missing.join(", ")))
}

/// The same for Python and a library of it.
pub fn have_python(test: &str, library: &str) -> bool {
    let import = |python: PathBuf| Command::new(python).args(["-c", &format!("import {library}")]).output();
    let found = find("python3").and_then(|python| import(python).ok());
    if found.is_some_and(|out| out.status.success()) {
        return true;
    }
    skip(test, &format!("without Python's {library}"))
}

/// Says that a test is skipped, and why; fails it in CI.
pub fn skip(test: &str, why: &str) -> bool {
    assert!(std::env::var_os("CI").is_none(), "{test} cannot be skipped here: {why}");
    eprintln!("skipped: {test}: {why}");
    false
}

/// Where a program is. System folders count even where an ordinary user's path
/// leaves them out.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(|folder| Path::new(folder).to_owned()))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
