//! What the process gives up before it reads anything.

/// From here on nothing is dumped when the program is killed, for a core would hold the
/// secrets that were read; and no file that is made is for anybody to write, whatever the
/// umask. Programs that are run for a secret inherit both.
pub(super) fn guard() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        use rustix::process::{Resource, Rlimit, setrlimit, umask};

        // Lowering a limit cannot fail; where it could, there is nothing to be done.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
        // The mask is read by setting one.
        let theirs = umask(Mode::RWXO | Mode::WGRP);
        umask(theirs | Mode::WOTH);
    }
}
