//! The spec against the files that are there.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::spec::{Entry, Spec};
use crate::tls::mint::{Certificate, Key, KeyKind, MintError, Request};

/// O of everything that is minted here; what has another is somebody else's.
const ORGANIZATION: &str = "relayprobe lab";

/// What became of one entry.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) name: String,
    /// Whether a certificate was minted; else it is as wanted.
    pub(super) minted: bool,
    /// What it is, in words.
    pub(super) says: String,
}

/// Why minting stopped.
#[derive(Debug)]
pub(super) enum Fault {
    Io { path: PathBuf, error: io::Error },
    Mint { path: PathBuf, error: MintError },
    Foreign { path: PathBuf },
    WrongKey { path: PathBuf, wanted: KeyKind },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Mint { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Foreign { path } => write!(
                f,
                "{} was not minted here and is not overwritten; move it away, or choose another name in the spec",
                path.display()
            ),
            Self::WrongKey { path, wanted } => write!(
                f,
                "{} is no key of the kind `{}` that the spec asks for, and keys are not overwritten; remove it \
                 if it may go",
                path.display(),
                wanted.as_str()
            ),
        }
    }
}

/// Mints what is missing, about to end, or no longer as the spec has it.
pub(super) fn mint(spec: &Spec, folder: &Path, now: SystemTime) -> Result<Vec<Done>, Fault> {
    let mut minted: Vec<(Certificate, Key)> = Vec::with_capacity(spec.entries.len());
    let mut done = Vec::with_capacity(spec.entries.len());
    for entry in &spec.entries {
        let path = folder.join(format!("{}.pem", entry.name));
        let key = key(entry, folder)?;
        let (not_before, not_after) = validity(entry, now);
        let request = Request {
            common_name: &entry.common_name,
            organization: ORGANIZATION,
            names: &entry.names,
            authority: entry.authority,
            not_before,
            not_after,
        };
        let above = intermediates(spec, entry, &minted);
        let issuer = entry.issuer.map(|at| (&minted[at].0, &minted[at].1));
        let present = present(&path)?;
        let lasts = |certificate: &Certificate| match entry.ended {
            Some(_) => certificate.not_after() < now,
            None => certificate.not_after() > now + spec.renew_before,
        };
        let good = present.split_first().filter(|(leaf, chain)| {
            leaf.fulfils(&request, &key, issuer) && lasts(leaf) && **chain == above[..]
        });
        let (certificate, is_new) = match good {
            Some((leaf, _)) => (leaf.clone(), false),
            None => {
                let fail = |error| Fault::Mint { path: path.clone(), error };
                let leaf = Certificate::sign(&request, &key, issuer).map_err(fail)?;
                let mut pem = leaf.to_pem().map_err(fail)?;
                for certificate in &above {
                    pem.extend(certificate.to_pem().map_err(fail)?);
                }
                write(&path, &pem, 0o644)?;
                (leaf, true)
            }
        };
        done.push(Done { name: entry.name.clone(), minted: is_new, says: says(spec, entry) });
        minted.push((certificate, key));
    }
    Ok(done)
}

/// The certificates between an entry and its root, both left out.
fn intermediates(spec: &Spec, entry: &Entry, minted: &[(Certificate, Key)]) -> Vec<Certificate> {
    let mut chain = Vec::new();
    let mut next = entry.issuer.filter(|_| entry.chain && !entry.authority);
    while let Some(at) = next {
        next = spec.entries[at].issuer;
        if next.is_some() {
            chain.push(minted[at].0.clone());
        }
    }
    chain
}

fn validity(entry: &Entry, now: SystemTime) -> (SystemTime, SystemTime) {
    match entry.ended {
        Some(ago) => (now - ago - entry.valid, now - ago),
        // An hour of grace for clocks that disagree.
        None => (now - Duration::from_secs(3600), now + entry.valid),
    }
}

/// The key: the one that is there, else a new one.
fn key(entry: &Entry, folder: &Path) -> Result<Key, Fault> {
    let path = folder.join(format!("{}.key", entry.name));
    match fs::read(&path) {
        Ok(pem) => match Key::from_pem(&pem) {
            Ok(key) if key.kind() == Some(entry.key) => Ok(key),
            _ => Err(Fault::WrongKey { path, wanted: entry.key }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let fail = |error| Fault::Mint { path: path.clone(), error };
            let key = Key::generate(entry.key).map_err(fail)?;
            write(&path, &key.to_pem().map_err(fail)?, 0o600)?;
            Ok(key)
        }
        Err(error) => Err(Fault::Io { path, error }),
    }
}

/// The certificates of a file that was minted here; none where there is no file.
fn present(path: &Path) -> Result<Vec<Certificate>, Fault> {
    let pem = match fs::read(path) {
        Ok(pem) => pem,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Fault::Io { path: path.to_owned(), error }),
    };
    match Certificate::all_from_pem(&pem) {
        Ok(chain) if chain.first().is_some_and(|leaf| leaf.organization() == ORGANIZATION) => Ok(chain),
        _ => Err(Fault::Foreign { path: path.to_owned() }),
    }
}

/// Writes a file whole or not at all.
fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), Fault> {
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let attempt = || {
        let mut file = create(&temporary, mode)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    attempt().map_err(|error| {
        // Of the two failures the first is the one to tell.
        let _ = fs::remove_file(&temporary);
        Fault::Io { path: path.to_owned(), error }
    })
}

#[cfg(unix)]
fn create(path: &Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn says(spec: &Spec, entry: &Entry) -> String {
    let mut says = entry.common_name.clone();
    if entry.key == KeyKind::Rsa {
        says.push_str(", RSA");
    }
    if !entry.authority && entry.names.is_empty() {
        says.push_str(", CN only");
    }
    match entry.issuer {
        Some(at) => says.push_str(&format!(", issued by {}", spec.entries[at].name)),
        None => says.push_str(", signed by itself"),
    }
    if !entry.chain {
        says.push_str(", without intermediates");
    }
    if entry.ended.is_some() {
        says.push_str(", expired");
    }
    says
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{self, Sources};

    fn spec(text: &str) -> Result<Spec, Vec<String>> {
        let mut sources = Sources::default();
        let file = sources.add("lab.yaml", "lab.yaml".into(), text);
        let root = yaml::parse(&sources, file).expect("well-formed YAML");
        Spec::read(&root).map_err(|faults| faults.into_iter().map(|fault| fault.message).collect())
    }

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("relayprobe-certs-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const SMALL: &str = "
authorities:
  root: { common_name: root, valid: 100d }
  mid: { common_name: mid, issuer: root, valid: 90d }
certificates:
  a: { common_name: a.example, issuer: mid, valid: 30d }
  old: { common_name: a.example, issuer: mid, ended: 1d }
  bare: { common_name: a.example, issuer: mid, chain: leaf, valid: 30d }
  own: { common_name: a.example, issuer: none, valid: 30d }
";

    fn minted(done: &[Done]) -> Vec<&str> {
        done.iter().filter(|done| done.minted).map(|done| done.name.as_str()).collect()
    }

    #[test]
    fn what_is_there_and_good_is_left_alone_and_the_rest_is_minted() {
        let folder = Scratch::new("again");
        let spec = spec(SMALL).expect("a spec");
        let now = SystemTime::now();
        let first = mint(&spec, &folder.0, now).expect("minted");
        assert_eq!(minted(&first), ["root", "mid", "a", "old", "bare", "own"]);
        let again = mint(&spec, &folder.0, now).expect("minted");
        assert_eq!(minted(&again), Vec::<&str>::new());

        fs::remove_file(folder.0.join("a.pem")).expect("removed");
        let key = fs::read(folder.0.join("a.key")).expect("a key");
        assert_eq!(minted(&mint(&spec, &folder.0, now).expect("minted")), ["a"]);
        assert_eq!(fs::read(folder.0.join("a.key")).expect("a key"), key, "the key was used again");

        let later = now + Duration::from_secs(20 * 86_400);
        assert_eq!(minted(&mint(&spec, &folder.0, later).expect("minted")), ["a", "bare", "own"]);

        let chain = |name: &str| {
            let pem = fs::read(folder.0.join(name)).expect("a file");
            Certificate::all_from_pem(&pem).expect("certificates").len()
        };
        assert_eq!([chain("a.pem"), chain("bare.pem"), chain("own.pem"), chain("mid.pem")], [2, 1, 1, 1]);
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Scratch::new("mode");
        mint(&spec(SMALL).expect("a spec"), &folder.0, SystemTime::now()).expect("minted");
        let mode = fs::metadata(folder.0.join("a.key")).expect("a key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_was_not_minted_here_is_not_overwritten() {
        let folder = Scratch::new("foreign");
        let spec = spec(SMALL).expect("a spec");
        fs::write(folder.0.join("a.pem"), "somebody's").expect("written");
        let fault = mint(&spec, &folder.0, SystemTime::now()).expect_err("refused").to_string();
        assert!(fault.contains("a.pem was not minted here"), "{fault}");
        assert_eq!(fs::read(folder.0.join("a.pem")).expect("a file"), b"somebody's");

        fs::remove_file(folder.0.join("a.pem")).expect("removed");
        fs::write(folder.0.join("a.key"), "somebody's").expect("written");
        let fault = mint(&spec, &folder.0, SystemTime::now()).expect_err("refused").to_string();
        assert!(fault.contains("a.key is no key of the kind `ecdsa`"), "{fault}");
    }

    #[test]
    fn faults_of_the_spec_are_told_together() {
        let faults = spec(
            "authorities: { root: { common_name: x } }
certificates:
  ../x: { common_name: a, issuer: root }
  b: { issuer: nobody, key: dsa }
  root: { common_name: a, colour: red }
",
        )
        .expect_err("faults");
        assert_eq!(
            faults,
            [
                "`../x` is no name for a file",
                "`common_name` is missing",
                "no authority `nobody` stands above",
                "unknown kind of key `dsa`",
                "a second `root`",
                "unknown key `colour`",
            ]
        );
    }
}
