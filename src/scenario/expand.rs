//! One scenario file to its cases.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::ids::{slug, suffix};
use super::interpret::Interpreter;
use super::merge::merge;
use super::project::Project;
use super::suite::{Suite, Written};
use super::table::{MAX_CONDITIONS, Table, check_names, condition, meets};
use super::told::told;
use super::vars::{BUILT_IN, Binding, Globals, Reported, Scope};
use super::view::Findings;
use super::{Case, SourceLine};
use crate::yaml::{Diagnostic, Field, Key, Node, Sources, Span, Value};

/// Keys that are read before the cases are.
const TABLE_KEYS: [&str; 5] = ["name", "description", "vars", "cases", "matrix"];

/// The most variables that one `vars` defines.
const MAX_VARS: usize = 5_000;

/// What every file of a load shares.
pub(super) struct Common<'c> {
    pub(super) globals: &'c Globals,
    pub(super) sources: &'c Sources,
    pub(super) project: &'c Project,
    /// How many cases there may be at most.
    pub(super) max_cases: u64,
}

/// One scenario, read as far as it is the same for all its cases.
struct Scenario {
    whole: Span,
    entries: Vec<(Key, Node)>,
    vars: Vec<(Key, Node)>,
    table: Table,
    /// For every entry, the columns, axes and `case.id` that it depends on.
    depends: Vec<HashSet<Arc<str>>>,
    /// The columns and axes that reports tell: those that make the case, and not its
    /// expectation alone.
    told: HashSet<Arc<str>>,
}

/// A case that has a name and no meaning yet.
struct Named<'t> {
    scenario: usize,
    bindings: Vec<Binding<'t>>,
    name: String,
    id: String,
}

/// Adds the cases of a file. `counted` is how many there are so far.
pub(super) fn expand(
    suite: &Suite,
    prefix: &str,
    common: &Common<'_>,
    counted: &mut u64,
    findings: &mut Findings,
    cases: &mut Vec<Arc<Case>>,
) {
    let scenarios: Vec<Scenario> =
        suite.scenarios.iter().filter_map(|node| scenario(node, suite, common, counted, findings)).collect();
    if *counted > common.max_cases {
        return;
    }
    let mut named = Vec::new();
    for (n, scenario) in scenarios.iter().enumerate() {
        name_cases(n, scenario, suite, prefix, common, findings, &mut named);
    }
    tell_apart(&scenarios, suite, common, &mut named, findings);
    let mut rest = named.into_iter().peekable();
    for (n, scenario) in scenarios.iter().enumerate() {
        let mut interpreter = Interpreter::new(
            suite,
            &scenario.entries,
            &scenario.depends,
            source_line(common.sources, scenario.whole),
            scenario.whole,
            common,
            &scope(scenario, suite, common, &[], None),
            findings,
        );
        while let Some(case) = rest.next_if(|case| case.scenario == n) {
            let scope = scope(scenario, suite, common, &case.bindings, Some(&case.id));
            if let Some(mut read) = interpreter.case(&case.id, case.name, &scope, findings) {
                read.variables = told(&scope, &scenario.told);
                read.order = u32::try_from(cases.len()).unwrap_or(u32::MAX);
                // Told when the case was read.
                common.globals.take_lacking();
                cases.push(Arc::new(read));
            }
        }
    }
}

/// A place as reports name it.
pub(super) fn source_line(sources: &Sources, span: Span) -> SourceLine {
    SourceLine { file: Arc::clone(&sources.get(span.file).name), line: sources.line(span) }
}

fn scope<'s>(
    scenario: &'s Scenario,
    suite: &'s Suite,
    common: &'s Common<'s>,
    bindings: &'s [Binding<'s>],
    case_id: Option<&'s str>,
) -> Scope<'s> {
    Scope {
        globals: common.globals,
        sources: common.sources,
        columns: &scenario.table.names,
        bindings,
        layers: [&scenario.vars, &suite.vars, &common.project.vars],
        case_id,
    }
}

/// Reads what is the same for all cases of a scenario.
fn scenario(
    written: &Written,
    suite: &Suite,
    common: &Common<'_>,
    counted: &mut u64,
    findings: &mut Findings,
) -> Option<Scenario> {
    let entries = merge(&suite.defaults, &written.entries);
    let find = |name: &str| entries.iter().find(|(key, _)| &*key.name == name);
    let field = |name: &str| find(name).map(|(key, node)| Field::new(&key.name, key.span, node));
    let whole = find("name").map_or(Span { end: written.span.start, ..written.span }, |(_, name)| name.span);
    let mut vars = Vec::new();
    if let Some(entries) = field("vars").and_then(|field| field.entries(&mut findings.faults)) {
        vars = entries.to_vec();
    }
    check_vars(&mut vars, &mut findings.faults);
    field("description").map(|field| field.text(&mut findings.faults));
    let mut scenario = Scenario {
        whole,
        entries: Vec::new(),
        vars,
        table: Table::default(),
        depends: Vec::new(),
        told: HashSet::new(),
    };
    let read = Table::read(
        field("cases"),
        field("matrix"),
        &scope(&scenario, suite, common, &[], None),
        &suite.csv,
        findings,
    );
    if find("name").is_none() {
        findings.faults.push(Diagnostic::error("`name` is missing", whole));
    }
    findings.faults.extend(common.globals.take_lacking());
    scenario.table = read?;
    let count = scenario.table.count();
    *counted = counted.saturating_add(count);
    if *counted > common.max_cases {
        if *counted - count <= common.max_cases {
            let at = field("matrix").or(field("cases")).map_or(whole, |field| field.key_span());
            findings.faults.push(
                Diagnostic::error(format!("this comes to {count} cases, {counted} in all"), at).label(
                    format!("at most {} are played; `--max-cases` sets another bound", common.max_cases),
                ),
            );
        }
        return None;
    }
    let depends = {
        let scope = scope(&scenario, suite, common, &[], None);
        let of = |(key, node): &(Key, Node)| {
            let mut on = HashSet::new();
            if !["description", "vars", "cases", "matrix"].contains(&&*key.name) {
                scope.depends(node, &mut on);
            }
            on
        };
        entries.iter().map(of).collect::<Vec<_>>()
    };
    scenario.depends = depends;
    let except = field("except");
    if let Some(item) = except.and_then(|field| field.one_or_many().get(MAX_CONDITIONS)) {
        let message = format!("`except` takes at most {MAX_CONDITIONS} conditions");
        findings.faults.push(Diagnostic::error(message, item.span));
        return None;
    }
    let cells: Vec<(Arc<str>, HashSet<Arc<str>>)> = {
        let scope = scope(&scenario, suite, common, &[], None);
        let of = |(key, node): &(Key, Node)| {
            let mut on = HashSet::new();
            scope.depends(node, &mut on);
            (Arc::clone(&key.name), on)
        };
        scenario.table.cells_with_variables().map(of).collect()
    };
    unused(&scenario, &cells, except, findings);
    let outside = entries.iter().zip(&scenario.depends);
    let outside = outside.filter(|((key, _), _)| !["expect", "except"].contains(&&*key.name));
    scenario.told = outside.flat_map(|(_, on)| on.iter().cloned()).collect();
    with_what_they_take(&mut scenario.told, &cells);
    scenario.entries = entries;
    Some(scenario)
}

/// Reports variables that would hide a built-in one, or are too many.
pub(super) fn check_vars(vars: &mut Vec<(Key, Node)>, faults: &mut Vec<Diagnostic>) {
    if let Some((key, _)) = vars.get(MAX_VARS) {
        faults.push(Diagnostic::error(format!("more than {MAX_VARS} variables in one place"), key.span));
        vars.truncate(MAX_VARS);
    }
    for (key, _) in &*vars {
        if BUILT_IN.contains(&&*key.name) {
            faults.push(
                Diagnostic::error(format!("`{}` is built in", key.name), key.span)
                    .label("choose another name"),
            );
        }
    }
}

/// Reports columns and axes that nothing uses, and conditions on unknown names.
fn unused(
    scenario: &Scenario,
    cells: &[(Arc<str>, HashSet<Arc<str>>)],
    except: Option<Field<'_>>,
    findings: &mut Findings,
) {
    let table = &scenario.table;
    let mut used: HashSet<Arc<str>> = scenario.depends.iter().flatten().cloned().collect();
    for condition in table.exclude() {
        used.extend(condition.iter().map(|(key, _)| Arc::clone(&key.name)));
    }
    for item in except.map_or(&[][..], |field| field.one_or_many()) {
        let Value::Mapping(entries) = &item.value else { continue };
        let Some((key, when)) = entries.iter().find(|(key, _)| &*key.name == "when") else { continue };
        if let Some(condition) = condition(Field::new(&key.name, key.span, when), &mut findings.faults) {
            check_names(&condition, &table.names, &mut findings.faults);
            used.extend(condition.iter().map(|(key, _)| Arc::clone(&key.name)));
        }
    }
    with_what_they_take(&mut used, cells);
    for key in table.must_be_used() {
        if !used.contains(&key.name) {
            let what = if table.axes().any(|axis| axis == &*key.name) { "axis" } else { "column" };
            findings.faults.push(
                Diagnostic::error(format!("nothing uses the {what} `{}`", key.name), key.span)
                    .label(format!("write `$({})` where it is meant, or take it out", key.name)),
            );
        }
    }
}

/// Adds what used cells take, and what those take, and so on.
fn with_what_they_take(used: &mut HashSet<Arc<str>>, cells: &[(Arc<str>, HashSet<Arc<str>>)]) {
    loop {
        let before = used.len();
        for (column, on) in cells {
            if used.contains(column) {
                used.extend(on.iter().cloned());
            }
        }
        if used.len() == before {
            break;
        }
    }
}

/// Gives every case of a scenario its name and the id that comes of it.
fn name_cases<'t>(
    n: usize,
    scenario: &'t Scenario,
    suite: &Suite,
    prefix: &str,
    common: &Common<'_>,
    findings: &mut Findings,
    named: &mut Vec<Named<'t>>,
) {
    let Some((key, node)) = scenario.entries.iter().find(|(key, _)| &*key.name == "name") else { return };
    let before = (named.len(), findings.faults.len());
    for bindings in scenario.table.combinations() {
        let scope = scope(scenario, suite, common, &bindings, None);
        if scenario.table.exclude().iter().any(|condition| meets(condition, &scope, &mut findings.faults)) {
            continue;
        }
        let name = match scope.fill(node, &mut findings.faults) {
            Ok(Some(name)) => name,
            Ok(None) => {
                findings.faults.push(Diagnostic::error("`name` is empty in this row", node.span));
                continue;
            }
            Err(Reported) => {
                // Without its name a case cannot wait for somebody to select it.
                findings.faults.extend(common.globals.take_lacking());
                continue;
            }
        };
        let Some(name) = Field::new(&key.name, key.span, &name).text(&mut findings.faults) else { continue };
        let slug = slug(name);
        if slug.is_empty() {
            findings.faults.push(Diagnostic::error("no letter or digit stands in the name", node.span));
            continue;
        }
        if name.chars().any(char::is_control) {
            findings.faults.push(Diagnostic::error("a control character stands in the name", node.span));
            continue;
        }
        let (name, id) = (name.to_owned(), format!("{prefix}/{slug}"));
        named.push(Named { scenario: n, bindings, name, id });
    }
    if before == (named.len(), findings.faults.len()) && !scenario.table.exclude().is_empty() {
        findings
            .faults
            .push(Diagnostic::error("no case is left: `exclude` takes out every combination", node.span));
    }
}

/// Makes the ids of cases with one name differ.
fn tell_apart(
    scenarios: &[Scenario],
    suite: &Suite,
    common: &Common<'_>,
    named: &mut [Named<'_>],
    findings: &mut Findings,
) {
    let mut counts: HashMap<&str, u32> = HashMap::with_capacity(named.len());
    for case in &*named {
        *counts.entry(&case.id).or_default() += 1;
    }
    let shared: Vec<bool> = named.iter().map(|case| counts[&*case.id] > 1).collect();
    // Two files may have one path without their extensions.
    for (case, shared) in named.iter_mut().zip(shared) {
        if !shared {
            continue;
        }
        let scenario = &scenarios[case.scenario];
        let axes: Vec<&str> = scenario.table.axes().collect();
        let used = |name: &str| {
            let outside = scenario.entries.iter().zip(&scenario.depends);
            outside
                .filter(|((key, _), _)| !["expect", "except"].contains(&&*key.name))
                .any(|(_, on)| on.iter().any(|on| &**on == name))
        };
        let suffix = suffix(&scope(scenario, suite, common, &case.bindings, None), &axes, used);
        if !suffix.is_empty() {
            case.id = format!("{}/{suffix}", case.id);
        }
    }
    let mut first: HashMap<&str, Span> = HashMap::with_capacity(named.len());
    for case in &*named {
        let at = scenarios[case.scenario].whole;
        if let Some(before) = first.insert(&case.id, at) {
            let line = common.sources.line(before);
            let fault = Diagnostic::error(format!("two cases have the id `{}`", case.id), at);
            findings.faults.push(if before == at {
                fault.label("put what differs into the name, or give each row an `id`")
            } else {
                fault.label(format!("line {line} has it too: change one name"))
            });
        }
    }
}

/// Keys that an [`Interpreter`] fills in.
pub(super) fn is_filled(key: &str) -> bool {
    !TABLE_KEYS.contains(&key)
}
