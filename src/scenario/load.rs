//! Paths to cases: which files there are, and reading them all in one go.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Case;
use super::expand::{Common, check_vars, expand};
use super::project::{PROJECT_FILE, Project};
use super::suite::Suite;
use super::vars::{BUILT_IN, Globals, Scope, Secrets};
use super::view::Findings;
use crate::exchange::Tenants;
use crate::yaml::{
    Diagnostic, Key, MAX_FILE, Node, Severity, Sources, Span, Value, nearest, parse_as_far_as_possible,
    read_bytes, read_file, shown,
};

/// What to load.
#[derive(Clone, Debug)]
pub struct Request {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Scenario files that stand nowhere yet: where each would, and its text.
    pub texts: Vec<(PathBuf, String)>,
    /// The project file; looked for where absent.
    pub project: Option<PathBuf>,
    /// `--set`: names and values.
    pub set: Vec<(String, String)>,
    /// How many cases there may be at most, in all.
    pub max_cases: u64,
}

impl Default for Request {
    fn default() -> Self {
        Self { paths: Vec::new(), texts: Vec::new(), project: None, set: Vec::new(), max_cases: 100_000 }
    }
}

/// What was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// Where the targets are.
    pub project: Arc<Project>,
    /// Every case, in the order of the files.
    pub cases: Vec<Arc<Case>>,
    /// How many scenario files there were.
    pub files: usize,
    /// How many scenarios they hold.
    pub scenarios: usize,
    /// What was read, for messages.
    pub sources: Sources,
    /// What is worth knowing.
    pub warnings: Vec<Diagnostic>,
    /// Names this run: `$(run.id)`.
    pub run_id: Arc<str>,
}

impl Loaded {
    /// The simulator's tenants, where the project sets a simulator up. What is
    /// odd about them is added to the warnings.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the tenants file.
    pub fn tenants(&mut self) -> Result<Option<Arc<Tenants>>, Vec<Diagnostic>> {
        let Some(setup) = &self.project.simulator else { return Ok(None) };
        match Tenants::load(&setup.tenants, &mut self.sources) {
            Ok((tenants, warnings)) => {
                self.warnings.extend(warnings);
                Ok(Some(Arc::new(tenants)))
            }
            Err(mut faults) => {
                // A file that could not be read has no place of its own.
                for fault in faults.iter_mut().filter(|fault| fault.span.is_none()) {
                    fault.span = Some(setup.tenants_at);
                }
                Err(faults)
            }
        }
    }
}

impl Loaded {
    /// The CA certificates that the simulator takes for publicly trusted, as PEM.
    ///
    /// # Errors
    ///
    /// Why the file cannot be read.
    pub fn client_ca(&self) -> Result<Option<Vec<u8>>, Diagnostic> {
        let setup = self.project.simulator.as_ref();
        let Some((setup, path)) = setup.and_then(|setup| Some((setup, setup.client_ca.as_ref()?))) else {
            return Ok(None);
        };
        read_bytes(path, MAX_FILE).map(Some).map_err(|fault| Diagnostic { span: setup.client_ca_at, ..fault })
    }
}

/// Why nothing was loaded.
#[derive(Debug)]
pub struct Rejected {
    /// Everything that is wrong, and what is worth knowing.
    pub diagnostics: Vec<Diagnostic>,
    /// What was read, for messages.
    pub sources: Sources,
}

/// A scenario file to read.
struct Found {
    path: PathBuf,
    /// The folder that ids start at where there is no project file.
    root: PathBuf,
}

/// Reads scenario files and their project file. Connects nowhere, and reads no
/// certificate, secret or message: see [`Resolver`](super::Resolver).
///
/// # Errors
///
/// Everything that is wrong with all of them.
pub fn load(request: &Request) -> Result<Loaded, Rejected> {
    let mut sources = Sources::default();
    let mut findings = Findings::default();
    let run_id = run_id();
    let globals = Globals {
        set: set(&request.set, &mut sources, &mut findings.faults),
        run_id: Arc::clone(&run_id),
        hostname: hostname(),
        asked: RefCell::default(),
        unknown: RefCell::default(),
        lacking: RefCell::default(),
    };
    let Some(project) = project(request, &globals, &mut sources, &mut findings) else {
        // Without it no scenario's target is known: a fault in each would be noise.
        return Err(Rejected { diagnostics: findings.faults, sources });
    };
    let found = find(&request.paths, &project, &mut findings.faults);
    let mut suites = Vec::with_capacity(found.len());
    for found in &found {
        let stem = found.path.file_stem().unwrap_or_default().to_string_lossy();
        if let Some(root) = read(&found.path, &mut sources, &mut findings.faults) {
            let mut suite = Suite::read(&root, &stem, &mut sources, &mut findings.faults);
            check_vars(&mut suite.vars, &mut findings.faults);
            suites.push((prefix(found, &project), suite));
        }
    }
    for (path, text) in &request.texts {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = sources.add(shown(path), path.clone(), text.as_str());
        if let Some(root) = parse_as_far_as_possible(&sources, file, &mut findings.faults) {
            let mut suite = Suite::read(&root, &stem, &mut sources, &mut findings.faults);
            check_vars(&mut suite.vars, &mut findings.faults);
            suites.push((stem.into_owned(), suite));
        }
    }
    let common =
        Common { globals: &globals, sources: &sources, project: &project, max_cases: request.max_cases };
    let mut cases = Vec::new();
    let mut counted = 0;
    for (prefix, suite) in &suites {
        expand(suite, prefix, &common, &mut counted, &mut findings, &mut cases);
    }
    unused_set(&globals, &project, &suites, &mut findings.faults);
    same_ids(&cases, &mut findings.faults);
    let scenarios = suites.iter().map(|(_, suite)| suite.scenarios.len()).sum();
    for span in findings.hide {
        sources.hide(span);
    }
    if findings.faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(Rejected { diagnostics: findings.faults, sources });
    }
    let project = Arc::new(project);
    Ok(Loaded { project, cases, files: suites.len(), scenarios, sources, warnings: findings.faults, run_id })
}

/// Values from the command line, each with a source of its own for messages.
fn set(
    set: &[(String, String)],
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) -> Vec<(Arc<str>, Node)> {
    let mut out = Vec::with_capacity(set.len());
    for (name, value) in set {
        let file = sources.add("--set", PathBuf::new(), format!("{name}={value}"));
        let start = name.len() as u32 + 1;
        let span = Span { file, start, end: start + value.len() as u32 };
        if BUILT_IN.contains(&name.as_str()) {
            faults.push(Diagnostic::error(
                format!("`{name}` is built in"),
                Span { start: 0, end: start - 1, ..span },
            ));
        }
        out.push((name.as_str().into(), Node { span, value: Value::Scalar(value.as_str().into()) }));
    }
    out
}

/// Reports names of `--set` that no file defines or asks for: a typo there would
/// change nothing, silently.
fn unused_set(
    globals: &Globals,
    project: &Project,
    suites: &[(String, Suite)],
    faults: &mut Vec<Diagnostic>,
) {
    if !faults.is_empty() {
        // A file that could not be read may be the one that uses it.
        return;
    }
    let asked = globals.asked.borrow();
    let defined = || {
        let vars = suites.iter().flat_map(|(_, suite)| &suite.vars);
        project.vars.iter().chain(vars).map(|(key, _)| &*key.name)
    };
    for (name, node) in &globals.set {
        if !asked.contains(name) && !defined().any(|known| known == &**name) {
            let fault = Diagnostic::error(format!("no file uses `$({name})`"), node.span);
            faults.push(match nearest(name, asked.iter().map(|name| &**name).chain(defined())) {
                Some(near) => fault.label(format!("did you mean `{near}`?")),
                None => fault,
            });
        }
    }
}

/// Ids are equal within a file by its own check; here across files, such as
/// `a.yaml` and `a.yml`.
fn same_ids(cases: &[Arc<Case>], faults: &mut Vec<Diagnostic>) {
    let mut seen = std::collections::HashMap::with_capacity(cases.len());
    for case in cases {
        if let Some(before) = seen.insert(case.id.as_str(), &case.source)
            && before.file != case.source.file
        {
            let message = format!(
                "two cases have the id `{}`: {}:{} and {}:{}",
                case.id, before.file, before.line, case.source.file, case.source.line
            );
            faults.push(Diagnostic::general(message).label("rename one file or scenario"));
        }
    }
}

/// The project; `None` if it cannot be told which it is, or its file cannot be
/// read.
fn project(
    request: &Request,
    globals: &Globals,
    sources: &mut Sources,
    findings: &mut Findings,
) -> Option<Project> {
    let mut files: Vec<PathBuf> = Vec::new();
    match &request.project {
        Some(file) => files.push(file.clone()),
        None => {
            for path in &request.paths {
                if let Some(file) = nearest_project(path)
                    && !files.iter().any(|known| same_file(known, &file))
                {
                    files.push(file);
                }
            }
        }
    }
    if let [first, second, ..] = &files[..] {
        let message =
            format!("the paths belong to two projects: {} and {}", first.display(), second.display());
        findings
            .faults
            .push(Diagnostic::general(message).label("play them one at a time, or name one by --project"));
        return None;
    }
    let Some(file) = files.into_iter().next() else { return Some(Project::default()) };
    let id = read_file(&file, sources).map_err(|fault| findings.faults.push(fault)).ok()?;
    let Some(root) = parse_as_far_as_possible(sources, id, &mut findings.faults) else {
        return Some(Project { file: Some(file), ..Project::default() });
    };
    let root = filled(&root, globals, sources, &mut findings.faults);
    let mut project = Project::read(file, &root, &mut findings.hide, &mut findings.faults);
    check_vars(&mut project.vars, &mut findings.faults);
    Some(project)
}

/// A file's tree, as far as it can be read.
fn read(path: &Path, sources: &mut Sources, faults: &mut Vec<Diagnostic>) -> Option<Node> {
    let file = read_file(path, sources).map_err(|fault| faults.push(fault)).ok()?;
    parse_as_far_as_possible(sources, file, faults)
}

/// A project file's tree with its own variables filled in. `vars` are filled in
/// where they are used; secrets take no variables.
pub(super) fn filled(
    root: &Node,
    globals: &Globals,
    sources: &Sources,
    faults: &mut Vec<Diagnostic>,
) -> Node {
    let Value::Mapping(entries) = &root.value else { return root.clone() };
    let vars = entries.iter().find(|(key, _)| &*key.name == "vars").map(|(_, node)| &node.value);
    let vars = match vars {
        Some(Value::Mapping(vars)) => &vars[..],
        _ => &[],
    };
    let scope =
        Scope { globals, sources, columns: &[], bindings: &[], layers: [&[], &[], vars], case_id: None };
    let mut out = Vec::with_capacity(entries.len());
    for (key, node) in entries {
        let value = match (&*key.name, &node.value) {
            ("vars", _) => Ok(Some(node.clone())),
            ("accounts", Value::Mapping(accounts)) => {
                let account = |(key, node): &(Key, Node)| {
                    let filled = scope.fill_but(Secrets::Here, node, faults).ok().flatten()?;
                    Some((key.clone(), filled))
                };
                let accounts = accounts.iter().filter_map(account).collect();
                Ok(Some(Node { span: node.span, value: Value::Mapping(accounts) }))
            }
            _ => scope.fill(node, faults),
        };
        out.extend(value.ok().flatten().map(|value| (key.clone(), value)));
    }
    faults.extend(globals.take_lacking());
    Node { span: root.span, value: Value::Mapping(out) }
}

/// The project file beside a path or in the nearest folder above it.
#[must_use]
pub fn nearest_project(path: &Path) -> Option<PathBuf> {
    let start = if path.is_dir() { path } else { path.parent()? };
    let climbs = path.components().any(|part| part == Component::ParentDir);
    // As it was typed while that goes, for the messages; then from the root.
    let typed = start.ancestors().filter(|_| !climbs).map(Path::to_owned);
    let absolute = fs::canonicalize(if start.as_os_str().is_empty() { Path::new(".") } else { start });
    let absolute = absolute.unwrap_or_default();
    let absolute: Vec<PathBuf> = absolute.ancestors().map(Path::to_owned).collect();
    typed.chain(absolute).map(|folder| folder.join(PROJECT_FILE)).find(|file| file.is_file())
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// What whoever has no scenario yet can do.
const TO_BEGIN: &str = "`relayprobe init DIR` writes a project to begin with";

/// The scenario files of the paths, each once, in the order of the paths and the
/// names below them.
fn find(paths: &[PathBuf], project: &Project, faults: &mut Vec<Diagnostic>) -> Vec<Found> {
    let canonical = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut named: Vec<PathBuf> = project.file.iter().map(|file| canonical(file)).collect();
    named.extend(project.simulator.as_ref().map(|simulator| canonical(&simulator.tenants)));
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    for path in paths {
        let mut files = Vec::new();
        if path.is_dir() {
            walk(path, path, &named, &mut files, faults);
            if files.is_empty() {
                let message =
                    format!("{}: no scenario file (*.yaml, *.yml) below this folder", path.display());
                faults.push(Diagnostic::general(message).note(TO_BEGIN));
            }
        } else if named.contains(&canonical(path)) {
            let message = format!("{}: a project's own file, not one of its scenario files", path.display());
            faults.push(Diagnostic::general(message).label("name the folder, or the scenario files in it"));
        } else if !path.exists() {
            let message = format!("{}: no such file", shown(path));
            faults.push(Diagnostic::general(message).note(TO_BEGIN));
        } else {
            let root = path.parent().map(Path::to_owned).unwrap_or_default();
            files.push(Found { path: path.clone(), root });
        }
        out.extend(files.into_iter().filter(|found| seen.insert(canonical(&found.path))));
    }
    out
}

/// Adds the scenario files below a folder. Links to folders are not followed:
/// they may lead around in a circle.
fn walk(folder: &Path, root: &Path, named: &[PathBuf], out: &mut Vec<Found>, faults: &mut Vec<Diagnostic>) {
    let entries = match fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => {
            faults.push(Diagnostic::general(format!("{}: {error}", folder.display())));
            return;
        }
    };
    let mut paths: Vec<(PathBuf, bool)> = entries
        .into_iter()
        .map(|entry| (entry.path(), entry.file_type().is_ok_and(|kind| kind.is_dir())))
        .collect();
    paths.sort();
    for (path, is_folder) in paths {
        let is_named = || fs::canonicalize(&path).is_ok_and(|path| named.contains(&path));
        if is_folder {
            if !path.join(PROJECT_FILE).is_file() && !is_named() {
                walk(&path, root, named, out, faults);
            }
            continue;
        }
        let extension = path.extension().and_then(OsStr::to_str);
        let project = path.file_name() == Some(OsStr::new(PROJECT_FILE));
        if matches!(extension, Some("yaml" | "yml")) && !project && !is_named() {
            out.push(Found { path, root: root.to_owned() });
        }
    }
}

/// What the ids of a file's cases begin with: its path below the project file,
/// without extension.
fn prefix(found: &Found, project: &Project) -> String {
    let below = |folder: &Path| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let file = fs::canonicalize(&found.path).ok()?;
        let rest = file.strip_prefix(fs::canonicalize(folder).ok()?).ok()?.with_extension("");
        let parts: Vec<_> = rest.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        Some(parts.join("/"))
    };
    let path = project.folder().and_then(below).or_else(|| below(&found.root));
    path.unwrap_or_else(|| found.path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
}

/// A name for this run: when it began, and something random.
fn run_id() -> Arc<str> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let time = chrono::DateTime::from_timestamp(i64::try_from(seconds).unwrap_or_default(), 0);
    let time = time.map(|time| time.format("%Y%m%dT%H%M%SZ").to_string()).unwrap_or_default();
    format!("{time}-{:06x}", fastrand::u32(0..1 << 24)).into()
}

/// This host's name, as EHLO gives it where nothing else is written; `localhost`
/// where it has none that a command could carry.
#[must_use]
pub fn hostname() -> Arc<str> {
    let name = hostname::get().ok().and_then(|name| name.into_string().ok());
    // The system takes any bytes for a name; a command does not.
    let usable = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
    name.filter(usable).unwrap_or_else(|| "localhost".to_owned()).into()
}
