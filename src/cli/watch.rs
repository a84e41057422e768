//! `relayprobe watch`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use super::run::{self, Signals};
use super::tell::{BAD_INPUT, ERROR, complain};
use crate::scenario::nearest_project;
use crate::smtp::visible;
use crate::yaml::shown;

/// Play again whenever a file changes
///
/// Takes the flags of `run`. Looks at scenarios, tables, tenants, certificates, keys and
/// messages in the folders of the paths and of the project file; reports of its own are
/// left out. Ctrl-C ends it.
#[derive(clap::Args)]
#[group(skip)]
pub(super) struct Args {
    #[command(flatten)]
    run: run::Args,
}

/// How often the files are looked at. Asking the system works everywhere the same, on
/// shares and in containers too, where news of changes does not come through.
const LOOK: Duration = Duration::from_millis(250);

/// Files that a project is made of end so.
const KINDS: [&str; 9] = ["yaml", "yml", "csv", "json", "pem", "crt", "key", "eml", "txt"];

/// The most files that are looked at.
const FILES: usize = 10_000;

/// How deep folders are looked into.
const DEPTH: usize = 16;

pub(super) fn main(args: Args) -> ExitCode {
    let ended = watch(&args.run);
    ExitCode::from(ended.unwrap_or_else(|error| {
        complain(&format!("cannot wait for changes: {error}; play with `relayprobe run`"), ERROR)
    }))
}

fn watch(args: &run::Args) -> io::Result<u8> {
    // A file that is written later is waited for in a folder that is there.
    let paths = args.paths().iter().map(PathBuf::as_path).chain(args.project());
    if let Some(path) = paths.into_iter().find(|path| !path.exists()) {
        let why = format!(
            "{}: no such file or folder; there is nothing to watch\n  `relayprobe init DIR` writes a project to begin with",
            shown(path)
        );
        return Ok(complain(&why, BAD_INPUT));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Heard from here on, between runs as well; a run that is interrupted ends all.
    let mut signals = runtime.block_on(async { Signals::listen(None) })?;
    loop {
        let roots = roots(args.paths(), args.project());
        let before = Snapshot::take(&roots, &args.outputs());
        let status = run::once(args);
        if matches!(status, 130 | 143) {
            return Ok(0);
        }
        told(&format!("\nwaiting for a change; files watched: {}; Ctrl-C ends it", before.0.len()));
        let changed = runtime.block_on(async {
            let changed = async {
                loop {
                    tokio::time::sleep(LOOK).await;
                    let now = Snapshot::take(&roots, &args.outputs());
                    let changed = before.changed(&now);
                    // Whoever writes is let to come to an end.
                    if !changed.is_empty() {
                        tokio::time::sleep(LOOK).await;
                        if Snapshot::take(&roots, &args.outputs()) == now {
                            return changed;
                        }
                    }
                }
            };
            tokio::select! {
                changed = changed => Some(changed),
                _ = signals.next(|| told("relayprobe: waiting for a change")) => None,
            }
        });
        let Some(changed) = changed else { return Ok(0) };
        let names: Vec<String> =
            changed.iter().take(3).map(|path| visible(&shown(path)).into_owned()).collect();
        let more = changed.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        told(&format!("changed: {}{more}\n", names.join(", ")));
    }
}

/// Beside the result, which goes to standard output.
fn told(line: &str) {
    // There is nobody left to tell that stderr is closed.
    let _ = writeln!(io::stderr(), "{line}");
}

/// The folders that the paths and the project file are in.
fn roots(paths: &[PathBuf], project: Option<&Path>) -> Vec<PathBuf> {
    let found = paths.iter().filter_map(|path| nearest_project(path));
    let projects = project.map(Path::to_owned).into_iter().chain(found);
    let folder = |path: &Path| match path.parent() {
        _ if path.is_dir() => path.to_owned(),
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut roots: Vec<PathBuf> = projects.chain(paths.iter().cloned()).map(|path| folder(&path)).collect();
    roots.sort();
    roots.dedup();
    roots
}

/// Files, when they were changed, and how long they are.
#[derive(Debug, PartialEq, Eq)]
struct Snapshot(BTreeMap<PathBuf, (Option<SystemTime>, u64)>);

impl Snapshot {
    fn take(roots: &[PathBuf], but: &[PathBuf]) -> Self {
        let mut files = BTreeMap::new();
        for root in roots {
            look(root, but, DEPTH, &mut files);
        }
        Self(files)
    }

    /// What is new, gone or other.
    fn changed(&self, now: &Self) -> Vec<PathBuf> {
        let other = now.0.iter().filter(|(path, seen)| self.0.get(*path) != Some(seen)).map(|(path, _)| path);
        let gone = self.0.keys().filter(|path| !now.0.contains_key(*path));
        other.chain(gone).cloned().collect()
    }
}

fn look(
    folder: &Path,
    but: &[PathBuf],
    depth: usize,
    files: &mut BTreeMap<PathBuf, (Option<SystemTime>, u64)>,
) {
    // A folder that cannot be read is none of the run's either, or the run says so.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let ours =
            |own: &PathBuf| *own == path || std::path::absolute(own).ok() == std::path::absolute(&path).ok();
        if hidden || files.len() >= FILES || but.iter().any(ours) {
            continue;
        }
        // Followed, for a project may link to what it shares.
        let Ok(found) = fs::metadata(&path) else { continue };
        if found.is_dir() && depth > 0 && entry.file_name() != "target" {
            look(&path, but, depth - 1, files);
        } else if found.is_file() && path.extension().is_some_and(|end| KINDS.iter().any(|kind| end == *kind))
        {
            files.insert(path, (found.modified().ok(), found.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_gone_or_other_is_seen_and_nothing_else() {
        let name = format!("relayprobe-watch-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("below/.hidden")).expect("a new folder");
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("the folder is ours");
        write("a.yaml", "x");
        write("below/b.csv", "x");
        write("report.json", "x");
        let (roots, but) = ([folder.clone()], [folder.join("report.json")]);
        let before = Snapshot::take(&roots, &but);
        assert_eq!(before.0.len(), 2);
        write("report.json", "xx");
        write("below/.hidden/c.yaml", "x");
        write("notes.md", "x");
        assert_eq!(before.changed(&Snapshot::take(&roots, &but)), Vec::<PathBuf>::new());
        write("a.yaml", "xx");
        write("c.yaml", "x");
        fs::remove_file(folder.join("below/b.csv")).expect("it is there");
        let changed = before.changed(&Snapshot::take(&roots, &but));
        let _ = fs::remove_dir_all(&folder);
        assert_eq!(changed, ["a.yaml", "c.yaml", "below/b.csv"].map(|name| folder.join(name)));
    }

    #[test]
    fn a_file_is_watched_with_its_neighbours_and_its_project() {
        assert_eq!(roots(&["nowhere/a.yaml".into()], None), [PathBuf::from("nowhere")]);
        assert_eq!(
            roots(&["a.yaml".into()], Some(Path::new("p/relayprobe.yaml"))),
            [PathBuf::from("."), "p".into()]
        );
    }
}
