//! What goes to stderr, and the exit statuses of the contract.

use std::io::{self, Write};

use crate::runner::Stop;
use crate::yaml::{self, Diagnostic, Sources};

/// Everything went as it was expected to.
pub(super) const WELL: u8 = 0;
/// A case failed, or something was found.
pub(super) const FAILED: u8 = 1;
/// Nothing was sent, or nothing was played.
pub(super) const BAD_INPUT: u8 = 2;
/// A server was not reached, or a report could not be written.
pub(super) const ERROR: u8 = 3;

/// The status of what ended before its time.
pub(super) const fn stopped(stop: Stop) -> u8 {
    match stop {
        Stop::Signal(number) => 128 + number,
        Stop::Deadline => ERROR,
    }
}

/// Shows what is wrong or worth knowing, if anything is.
pub(super) fn tell(diagnostics: &[Diagnostic], sources: &Sources, colours: bool) {
    if !diagnostics.is_empty() {
        let text = yaml::render(diagnostics, sources, colours);
        // There is nobody left to tell that stderr is closed.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// Says why it ends, and gives the status on.
pub(super) fn complain(why: &str, status: u8) -> u8 {
    let _ = writeln!(io::stderr(), "error: {why}");
    status
}

/// Writes a result, named so, to standard output.
///
/// # Errors
///
/// The exit status, the reason having been told; who closes the pipe has seen enough.
pub(super) fn put(bytes: &[u8], what: &str) -> Result<(), u8> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(complain(&format!("cannot write {what} to standard output: {error}"), ERROR))
        }
        _ => Ok(()),
    }
}

/// Says what is worth knowing although it goes on.
pub(super) fn warn(what: &str) {
    let _ = writeln!(io::stderr(), "warning: {what}");
}
