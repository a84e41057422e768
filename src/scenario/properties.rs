//! What holds of files that people write, whatever is in them; see `src/fuzz.rs`.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::expand::{Common, check_vars, expand};
use super::project::Project;
use super::suite::Suite;
use super::table::csv_rows;
use super::vars::Globals;
use super::view::Findings;
use super::{At, Case, Loaded, Planned, Resolver};
use crate::message::Stamp;
use crate::plan::Plan;
use crate::yaml::{Diagnostic, Severity, Sources, Value, parse_as_far_as_possible, render};

/// The files are said to be here, so that what they name is not there.
const FOLDER: &str = "/nowhere/at/all";

const MOST_CASES: u64 = 200;

/// A scenario file: its cases or what is wrong with it, the same each time; and what the
/// cases' plans would send has no line end that nobody wrote.
///
/// # Panics
///
/// Where that does not hold.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let once = load(text);
    let again = load(text);
    match (once, again) {
        (Err(told), Err(again)) => {
            assert_eq!(told, again);
            assert!(told.ends_with("nothing was sent\n"), "{told}");
        }
        (Ok(loaded), Ok(again)) => {
            let ids: HashSet<&str> = loaded.cases.iter().map(|case| case.id.as_str()).collect();
            assert_eq!(ids.len(), loaded.cases.len(), "every case has an id of its own");
            assert!(loaded.cases.len() as u64 <= MOST_CASES);
            let named = |case: &Arc<Case>| (case.id.clone(), case.name.clone(), case.order);
            assert!(loaded.cases.iter().map(named).eq(again.cases.iter().map(named)));
            plans(&loaded);
        }
        (Ok(_), Err(told)) | (Err(told), Ok(_)) => panic!("read once, and refused once:\n{told}"),
    }
}

fn load(text: &str) -> Result<Loaded, String> {
    let (mut sources, mut findings) = (Sources::default(), Findings::default());
    let file = sources.add("t.yaml", Path::new(FOLDER).join("t.yaml"), text);
    let globals = globals();
    let project = Project::default();
    let mut cases = Vec::new();
    if let Some(root) = parse_as_far_as_possible(&sources, file, &mut findings.faults) {
        let mut suite = Suite::read(&root, "t", &mut sources, &mut findings.faults);
        check_vars(&mut suite.vars, &mut findings.faults);
        let common =
            Common { globals: &globals, sources: &sources, project: &project, max_cases: MOST_CASES };
        expand(&suite, "t", &common, &mut 0, &mut findings, &mut cases);
    }
    for span in findings.hide {
        sources.hide(span);
    }
    let told = told(&findings.faults, &sources);
    if findings.faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(told);
    }
    let (project, warnings, run_id) = (Arc::new(project), findings.faults, Arc::clone(&globals.run_id));
    Ok(Loaded { project, cases, files: 1, scenarios: 1, sources, warnings, run_id })
}

fn globals() -> Globals {
    Globals {
        set: Vec::new(),
        run_id: "run".into(),
        hostname: "host.test".into(),
        asked: RefCell::default(),
        unknown: RefCell::default(),
        lacking: RefCell::default(),
    }
}

/// The messages as they are shown; every place in them is one, and nothing in them is a
/// control.
fn told(faults: &[Diagnostic], sources: &Sources) -> String {
    for span in faults.iter().filter_map(|fault| fault.span) {
        let text = &sources.get(span.file).text;
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} of {text}");
    }
    let shown = render(faults, sources, false);
    assert!(!shown.chars().any(|c| c != '\n' && c.is_control()), "{shown}");
    shown
}

fn plans(loaded: &Loaded) {
    let resolver = Resolver::new(loaded, None, false);
    for case in &loaded.cases {
        let at = At::of(&case.target).unwrap_or(At::address("127.0.0.1".into(), 25));
        match resolver.plan(case, &at) {
            Ok(Planned::Play(plan)) => sends_lines(&plan),
            Ok(Planned::Skip(why)) => assert!(!why.is_empty()),
            Err(faults) => assert!(!told(&faults, &loaded.sources).is_empty()),
        }
    }
}

/// What stands in commands and headers ends no line.
fn sends_lines(plan: &Plan) {
    let ends = |c: char| matches!(c, '\r' | '\n' | '\0');
    assert!(!plan.hello.name.contains(ends));
    for transaction in &plan.transactions {
        assert!(!transaction.mail_from.as_str().contains(ends) && !transaction.mail_params.contains(ends));
        for recipient in &transaction.recipients {
            assert!(!recipient.path.as_str().contains(ends) && !recipient.params.contains(ends));
        }
        let Some(message) = &transaction.message else { continue };
        let stamp = Stamp { date: SystemTime::UNIX_EPOCH, message_id: "1@x", case_id: "c" };
        let message = message.render(&stamp);
        let header = memchr::memmem::find(&message, b"\r\n\r\n").map_or(&message[..], |end| &message[..end]);
        let bare = header.iter().filter(|b| b"\r\n".contains(b)).count();
        let pairs = memchr::memmem::find_iter(header, b"\r\n").count();
        assert!(bare == 2 * pairs && !header.contains(&0), "{}", header.escape_ascii());
    }
}

/// A project file.
///
/// # Panics
///
/// Where a fault has no place, or is told with a control character.
pub fn project(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (mut sources, mut faults, mut hide) = (Sources::default(), Vec::new(), Vec::new());
    let path = Path::new(FOLDER).join("relayprobe.yaml");
    let file = sources.add("relayprobe.yaml", path.clone(), text);
    let root = parse_as_far_as_possible(&sources, file, &mut faults);
    let root = root.map(|root| super::load::filled(&root, &globals(), &sources, &mut faults));
    if let Some(root) = root {
        let mut project = Project::read(path, &root, &mut hide, &mut faults);
        check_vars(&mut project.vars, &mut faults);
    }
    for span in hide {
        sources.hide(span);
    }
    told(&faults, &sources);
}

/// A table in a file: each row has a place and no column but those of the header.
///
/// # Panics
///
/// Where that does not hold.
pub fn csv(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (mut sources, mut faults) = (Sources::default(), Vec::new());
    let file = sources.add("t.csv", PathBuf::from("t.csv"), text);
    let rows = csv_rows(text, file, &mut faults);
    told(&faults, &sources);
    let header: HashSet<&str> = rows.iter().flatten().map(|(key, _)| &*key.name).collect();
    assert!(rows.len() <= text.len() && header.len() <= text.len());
    for (key, node) in rows.iter().flatten() {
        for span in [key.span, node.span] {
            assert!(text.get(span.start as usize..span.end as usize).is_some());
        }
        let Value::Scalar(cell) = &node.value else { panic!("a cell is a text") };
        assert!(!cell.is_empty(), "empty cells are left out");
    }
}
