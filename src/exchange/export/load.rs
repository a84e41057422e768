//! From a file, or a folder of them, to tenants.
//!
//! A file holds `tenants` (and they a list), or a list of tenants, or one tenant
//! alone, whose `name` may then be the file's. In a folder a tenant may be told of
//! in several files, as an export beside a `lab` written by hand; and a file named
//! after a cmdlet (`Get-InboundConnector.json`) holds that part of the tenant that
//! the folder is named after.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::objects;
use crate::exchange::tenants::{Part, Tenant, Tenants};
use crate::yaml::{self, Diagnostic, Key, Node, Severity, Sources, Span, Value};

/// The most that an export may hold, in bytes: some hundred thousand recipients.
const MAX_EXPORT: u64 = 256 * 1024 * 1024;

impl Tenants {
    /// Reads a tenants file in YAML or JSON, or a folder of exports, and what is odd
    /// about them: warnings, for the caller to show.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, in one go, each with its place.
    pub fn load(path: &Path, sources: &mut Sources) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let mut gathered = Gathered::default();
        for file in files(path).map_err(|fault| vec![fault])? {
            match parse(&file.path, sources) {
                Ok(root) => gathered.file(root, &file, &mut faults),
                Err(broken) => faults.extend(broken),
            }
        }
        let list = gathered.tenants(&mut faults);
        match faults.iter().any(|fault| fault.severity == Severity::Error) {
            true => Err(faults),
            false => Ok((Self::new(list), faults)),
        }
    }
}

/// A file to read.
#[derive(Debug, PartialEq, Eq)]
struct File {
    path: PathBuf,
    /// The part of the folder's tenant that it holds, where its name says so.
    part: Option<(Part, String)>,
    /// Written by hand, as far as one can tell.
    by_hand: bool,
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("json"))
}

/// The files of a path: itself, or those of a folder and of the folders in it, in
/// the order of their names.
fn files(path: &Path) -> Result<Vec<File>, Diagnostic> {
    if !path.is_dir() {
        let path = path.to_owned();
        return Ok(vec![File { by_hand: !is_json(&path), path, part: None }]);
    }
    let mut found = Vec::new();
    gather(path, true, &mut found)?;
    if found.is_empty() {
        let message = format!("{}: no .json, .yaml or .yml file in this folder", yaml::shown(path));
        return Err(Diagnostic::general(message).label("`relayprobe simulate --export-script` writes them"));
    }
    Ok(found)
}

fn gather(folder: &Path, deeper: bool, found: &mut Vec<File>) -> Result<(), Diagnostic> {
    let fail = |error: std::io::Error| Diagnostic::general(format!("{}: {error}", yaml::shown(folder)));
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        entries.push(entry.map_err(fail)?.path());
    }
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if deeper {
                gather(&path, false, found)?;
            }
            continue;
        }
        let yaml = path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml");
        if !yaml && !is_json(&path) {
            continue;
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let noun = stem.strip_prefix("Get-").unwrap_or(stem);
        let part = Part::ALL.into_iter().find(|part| part.as_str().eq_ignore_ascii_case(noun));
        let owner = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let part = part.map(|part| (part, owner.unwrap_or_else(|| "tenant".to_owned())));
        found.push(File { by_hand: !is_json(&path), part, path });
    }
    Ok(())
}

fn parse(path: &Path, sources: &mut Sources) -> Result<Node, Vec<Diagnostic>> {
    if is_json(path) {
        let file = yaml::read_any_unicode(path, MAX_EXPORT, sources).map_err(|fault| vec![fault])?;
        return yaml::parse_json(sources, file);
    }
    let file = yaml::read_any_unicode(path, yaml::MAX_FILE, sources).map_err(|fault| vec![fault])?;
    yaml::parse(sources, file)
}

/// Everything that the files hold, tenant by tenant.
#[derive(Default)]
pub(super) struct Gathered {
    list: Vec<Told>,
    by_name: HashMap<String, usize>,
    /// How many files were read.
    files: usize,
}

/// What the files hold of one tenant.
struct Told {
    name: String,
    at: Span,
    /// The file that told of it last.
    file: usize,
    entries: Vec<(Key, Node)>,
    by_hand: bool,
}

impl Gathered {
    fn file(&mut self, root: Node, file: &File, faults: &mut Vec<Diagnostic>) {
        if let Some((part, owner)) = &file.part {
            let key = Key { span: root.span, name: part.as_str().into() };
            let span = root.span;
            self.files += 1;
            self.add(owner.clone(), span, vec![(key, root)], file.by_hand, faults);
            return;
        }
        let stem = file.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        self.root(root, &stem.unwrap_or_default(), file.by_hand, faults);
    }

    /// The tenants of one file.
    pub(super) fn root(&mut self, root: Node, stem: &str, by_hand: bool, faults: &mut Vec<Diagnostic>) {
        self.files += 1;
        let span = root.span;
        let mut entries = match root.value {
            Value::Mapping(entries) => entries,
            Value::Sequence(items) => return self.items(items, by_hand, faults),
            _ => {
                let message = format!("the file holds {}, not a map", root.kind());
                return faults.push(Diagnostic::error(message, span));
            }
        };
        let is_tenant = |(key, _): &(Key, Node)| {
            matches!(&*key.name, "name" | "lab") || Part::ALL.iter().any(|part| part.as_str() == &*key.name)
        };
        let Some(at) = entries.iter().position(|(key, _)| &*key.name == "tenants") else {
            if !entries.iter().any(is_tenant) {
                return faults.push(Diagnostic::error("`tenants` is missing", span));
            }
            let name = named(&entries, faults).unwrap_or_else(|| stem.to_owned());
            return self.add(name, span, entries, by_hand, faults);
        };
        let (key, tenants) = entries.swap_remove(at);
        for (key, _) in &entries {
            faults.push(
                Diagnostic::error(format!("unknown key `{}`", key.name), key.span)
                    .label("known: `tenants`; what belongs to a tenant stands under it"),
            );
        }
        match tenants.value {
            Value::Sequence(items) => self.items(items, by_hand, faults),
            Value::Mapping(_) => self.items(vec![tenants], by_hand, faults),
            _ => {
                let message = format!("`tenants` takes a list, not {}", tenants.kind());
                faults.push(Diagnostic::error(message, key.span));
            }
        }
    }

    fn items(&mut self, items: Vec<Node>, by_hand: bool, faults: &mut Vec<Diagnostic>) {
        for item in items {
            let span = item.span;
            let kind = item.kind();
            let Value::Mapping(entries) = item.value else {
                faults.push(Diagnostic::error(format!("a tenant is a map, not {kind}"), span));
                continue;
            };
            match named(&entries, faults) {
                Some(name) => self.add(name, span, entries, by_hand, faults),
                None if entries.iter().any(|(key, _)| &*key.name == "name") => {}
                None => faults.push(Diagnostic::error("`name` is missing", span)),
            }
        }
    }

    fn add(
        &mut self,
        name: String,
        at: Span,
        mut entries: Vec<(Key, Node)>,
        by_hand: bool,
        faults: &mut Vec<Diagnostic>,
    ) {
        let file = self.files;
        let Some(known) = self.by_name.get(&name) else {
            self.by_name.insert(name.clone(), self.list.len());
            return self.list.push(Told { name, at, file, entries, by_hand });
        };
        let told = &mut self.list[*known];
        if told.file == file {
            faults.push(Diagnostic::error(format!("a second tenant named `{name}`"), at));
            // Kept, so that what else is wrong with it is told as well.
            return self.list.push(Told { name, at, file, entries, by_hand });
        }
        told.file = file;
        told.by_hand &= by_hand;
        entries.retain(|(key, _)| &*key.name != "name");
        for (key, node) in entries {
            if told.entries.iter().any(|(own, _)| own.name == key.name) {
                let message = format!("`{}` of {name} stands in another file already", key.name);
                faults.push(Diagnostic::error(message, key.span));
            } else {
                told.entries.push((key, node));
            }
        }
    }

    /// The tenants, and what is wrong with them.
    pub(super) fn tenants(self, faults: &mut Vec<Diagnostic>) -> Vec<Tenant> {
        let mut owners: HashMap<String, usize> = HashMap::new();
        let mut list: Vec<Tenant> = Vec::with_capacity(self.list.len());
        for told in self.list {
            let tenant = objects::tenant(told.name, told.at, &told.entries, told.by_hand, faults);
            // A domain is verified in one organisation alone.
            for domain in &tenant.accepted_domains {
                let owner = *owners.entry(domain.name.as_str().to_owned()).or_insert(list.len());
                let message = match list.get(owner) {
                    Some(other) => {
                        format!("{} is an accepted domain of `{}` already", domain.name, other.name)
                    }
                    None => continue,
                };
                faults.push(Diagnostic::error(message, told.at));
            }
            list.push(tenant);
        }
        list
    }
}

/// The tenant's own `name`.
fn named(entries: &[(Key, Node)], faults: &mut Vec<Diagnostic>) -> Option<String> {
    let (key, node) = entries.iter().find(|(key, _)| &*key.name == "name")?;
    let name = node.as_str().filter(|name| !name.is_empty());
    if name.is_none() {
        faults.push(Diagnostic::error("`name` takes a text", key.span));
    }
    name.map(str::to_owned)
}
