//! The shipped scenarios with freshly minted certificates, in a folder of their
//! own: tests neither need nor touch what `make certs` has made.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keeper::Shared;
use super::{Dir, Program};

/// A copy of `scenarios/` beside a `certs/` with everything minted.
pub struct Lab {
    dir: Dir,
}

impl Lab {
    /// The one that all tests share; gone when the last of them ends.
    pub fn shared() -> Arc<Self> {
        static SHARED: Shared<Lab> = Shared::new();
        SHARED.get(Self::mint)
    }

    fn mint() -> Self {
        let dir = Dir::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        dir.write(
            "certs/lab.yaml",
            fs::read(root.join("certs/lab.yaml")).expect("certs/lab.yaml is shipped"),
        );
        copy(&root.join("scenarios"), &dir.join("scenarios"));
        Program::new(dir.path(), ["certs", "certs/lab.yaml"]).run().status(0);
        Self { dir }
    }

    /// The folder that holds `scenarios` and `certs`.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A project beside the shipped one, with the same targets, certificates and
    /// tenants and none of its scenarios; the name must be the caller's own.
    pub fn project(&self, name: &str) -> PathBuf {
        let folder = self.dir.join(name);
        fs::create_dir_all(&folder).expect("the folder is ours");
        for file in ["relayprobe.yaml", "tenants.yaml"] {
            fs::copy(self.dir.join("scenarios").join(file), folder.join(file)).expect("it is shipped");
        }
        folder
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder is ours");
    for entry in fs::read_dir(from).expect("the folder is shipped") {
        let entry = entry.expect("it can be listed");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("it has a type").is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("it can be copied")),
        }
    }
}
