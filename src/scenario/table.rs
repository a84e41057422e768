//! `cases` and `matrix`: rows, axes, and what they multiply to.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::vars::{Binding, Scope};
use super::view::Findings;
use crate::yaml::{Diagnostic, Field, FileId, Key, Node, Sources, Span, Value, nearest, read_file};

/// The most columns and axes of a scenario.
const MAX_NAMES: usize = 1_000;

/// The most conditions of an `exclude` or `except`: each is held against each
/// case.
pub(super) const MAX_CONDITIONS: usize = 200;

/// The most cells of a CSV file.
const MAX_CELLS: usize = 500_000;

/// The rows and axes of a scenario.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// One list of cells a row; `None` where the scenario has no rows.
    rows: Option<Vec<Vec<(Key, Node)>>>,
    /// The rows come from a CSV file: cells are data, without variables.
    csv: bool,
    /// Every axis with its values.
    axes: Vec<(Key, Vec<Node>)>,
    /// Combinations left out: each name with the values that it matches.
    exclude: Vec<Condition>,
    /// The names of columns and axes.
    pub(super) names: Vec<Arc<str>>,
}

/// The rows of the CSV files that were read, by the place that names them.
pub(super) type CsvFiles = HashMap<Span, Vec<Vec<(Key, Node)>>>;

/// Names with the values that they must have, all of them.
pub(super) type Condition = Vec<(Key, Vec<Node>)>;

impl Table {
    /// Reads `cases` and `matrix`.
    pub(super) fn read(
        cases: Option<Field<'_>>,
        matrix: Option<Field<'_>>,
        scope: &Scope<'_>,
        csv: &CsvFiles,
        findings: &mut Findings,
    ) -> Option<Self> {
        let before = findings.faults.len();
        let mut table = Self::default();
        if let Some(field) = cases {
            table.read_rows(field, scope, csv, findings);
        }
        if let Some(field) = matrix {
            table.read_matrix(field, scope, findings);
        }
        let axes = table.axes.iter().map(|(key, _)| key);
        let mut seen = HashSet::new();
        for key in table.rows.iter().flatten().flatten().map(|(key, _)| key).chain(axes) {
            if !seen.insert(&*key.name) {
                continue;
            }
            table.names.push(Arc::clone(&key.name));
            if table.names.len() > MAX_NAMES {
                let fault = Diagnostic::error(format!("more than {MAX_NAMES} columns and axes"), key.span);
                findings.faults.push(fault);
                return None;
            }
        }
        for (key, _) in &table.axes {
            let column = |row: &Vec<(Key, Node)>| row.iter().any(|(column, _)| column.name == key.name);
            if table.rows.iter().flatten().any(column) {
                let fault = Diagnostic::error(format!("`{}` is a column and an axis", key.name), key.span);
                findings.faults.push(fault);
            }
        }
        for condition in &table.exclude {
            check_names(condition, &table.names, &mut findings.faults);
        }
        (findings.faults.len() == before).then_some(table)
    }

    fn read_rows(&mut self, field: Field<'_>, scope: &Scope<'_>, csv: &CsvFiles, findings: &mut Findings) {
        let Ok(Some(node)) = peel(field.node(), scope, &mut findings.faults) else { return };
        let field = Field::new(field.name(), field.key_span(), &node);
        if matches!(node.value, Value::Mapping(_)) {
            let Some(mut fields) = field.fields(&mut findings.faults) else { return };
            let file = fields.require("csv", field.key_span(), &mut findings.faults);
            fields.finish(&mut findings.faults);
            // A file that could not be read was reported when it was.
            self.rows = Some(file.and_then(|file| csv.get(&file.span())).cloned().unwrap_or_default());
            self.csv = true;
            return;
        }
        let Some(items) = field.list(&mut findings.faults) else { return };
        if items.is_empty() {
            findings.faults.push(field.error("`cases` has no rows"));
        }
        for (key, node) in items.iter().filter_map(entries).flatten() {
            if matches!(node.value, Value::Null) {
                let fault =
                    Diagnostic::error(format!("the column `{}` has no value here", key.name), key.span);
                findings
                    .faults
                    .push(fault.label("quote a text with a comma; leave the column out, or write `\"\"`"));
            }
        }
        let rows = items.iter().filter_map(|item| field.item(item).entries(&mut findings.faults));
        self.rows = Some(rows.map(<[_]>::to_vec).collect());
    }

    fn read_matrix(&mut self, field: Field<'_>, scope: &Scope<'_>, findings: &mut Findings) {
        for (key, node) in field.entries(&mut findings.faults).unwrap_or_default() {
            let Ok(Some(node)) = peel(node, scope, &mut findings.faults) else { continue };
            let value = Field::new(&key.name, key.span, &node);
            let Some(items) = value.list(&mut findings.faults) else { continue };
            if &*key.name == "exclude" {
                if items.len() > MAX_CONDITIONS {
                    findings
                        .faults
                        .push(value.error(format!("`exclude` takes at most {MAX_CONDITIONS} conditions")));
                    continue;
                }
                let conditions =
                    items.iter().filter_map(|item| condition(value.item(item), &mut findings.faults));
                self.exclude = conditions.collect();
                continue;
            }
            if let Some(nothing) = items.iter().find(|item| matches!(item.value, Value::Null)) {
                let fault =
                    Diagnostic::error(format!("the axis `{}` has no value here", key.name), nothing.span);
                findings.faults.push(fault.label("quote it, or take the comma out"));
            }
            if items.is_empty() {
                findings.faults.push(value.error(format!("the axis `{}` has no values", key.name)));
            }
            self.axes.push((key.clone(), items.to_vec()));
        }
    }

    /// How many cases it comes to, `exclude` not counted.
    pub(super) fn count(&self) -> u64 {
        let rows = self.rows.as_ref().map_or(1, |rows| rows.len() as u64);
        self.axes.iter().fold(rows, |count, (_, values)| count.saturating_mul(values.len() as u64))
    }

    /// The names of the axes.
    pub(super) fn axes(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|(key, _)| &*key.name)
    }

    /// The first place of every name that must be used: inline columns but `id`,
    /// and axes.
    pub(super) fn must_be_used(&self) -> Vec<&Key> {
        let columns = self.rows.iter().flatten().flatten().map(|(key, _)| key);
        let columns = columns.filter(|key| !self.csv && &*key.name != "id");
        let mut seen = HashSet::new();
        columns.chain(self.axes.iter().map(|(key, _)| key)).filter(|key| seen.insert(&*key.name)).collect()
    }

    /// The inline cells with variables in them, by column.
    pub(super) fn cells_with_variables(&self) -> impl Iterator<Item = &(Key, Node)> {
        let cells = self.rows.iter().flatten().flatten().filter(|_| !self.csv);
        cells.filter(|(_, node)| node.as_str().is_none_or(|text| text.contains('$')))
    }

    /// The conditions of `exclude`.
    pub(super) fn exclude(&self) -> &[Condition] {
        &self.exclude
    }

    /// Every combination, rows outermost, the last axis innermost.
    pub(super) fn combinations(&self) -> impl Iterator<Item = Vec<Binding<'_>>> {
        (0..self.count()).map(|n| {
            let mut rest = n;
            let mut axes = Vec::with_capacity(self.axes.len());
            for (key, values) in self.axes.iter().rev() {
                let len = values.len() as u64;
                let node = &values[(rest % len) as usize];
                axes.push(Binding { name: &key.name, node, literal: false });
                rest /= len;
            }
            let row = self.rows.as_ref().map_or(&[][..], |rows| &rows[rest as usize]);
            let cells = row.iter().map(|(key, node)| Binding { name: &key.name, node, literal: self.csv });
            cells.chain(axes.into_iter().rev()).collect()
        })
    }
}

fn entries(node: &Node) -> Option<&[(Key, Node)]> {
    match &node.value {
        Value::Mapping(entries) => Some(entries),
        _ => None,
    }
}

/// A value, where it is exactly one variable the variable's.
fn peel(node: &Node, scope: &Scope<'_>, faults: &mut Vec<Diagnostic>) -> Result<Option<Node>, ()> {
    match node.as_str().and_then(super::pieces::whole) {
        Some(_) => scope.fill(node, faults).map_err(|_| ()),
        None => Ok(Some(node.clone())),
    }
}

/// Reads names with the values that they must have.
pub(super) fn condition(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Condition> {
    let entries = field.entries(faults)?;
    if entries.is_empty() {
        faults.push(field.error("a condition names at least one column or axis"));
        return None;
    }
    let names = entries.iter().map(|(key, node)| {
        let field = Field::new(&key.name, key.span, node);
        (key.clone(), field.one_or_many().to_vec())
    });
    Some(names.collect())
}

/// Reports the names of a condition that are no columns or axes.
pub(super) fn check_names(condition: &Condition, names: &[Arc<str>], faults: &mut Vec<Diagnostic>) {
    for (key, _) in condition {
        if !names.contains(&key.name) {
            let fault = Diagnostic::error(format!("`{}` is no column or axis", key.name), key.span);
            faults.push(match nearest(&key.name, names.iter().map(|name| &**name)) {
                Some(near) => fault.label(format!("did you mean `{near}`?")),
                None => fault,
            });
        }
    }
}

/// Whether the values of a case meet a condition.
pub(super) fn meets(condition: &Condition, scope: &Scope<'_>, faults: &mut Vec<Diagnostic>) -> bool {
    condition.iter().all(|(key, wanted)| {
        if !scope.columns.contains(&key.name) {
            // Reported when the condition was read.
            return false;
        }
        let value = scope.value(&key.name, key.span, faults);
        // A cell that is left out is as good as an empty one; a list or map is
        // like no text.
        let Some(text) = value.as_ref().map_or(Some(""), Node::as_str) else { return false };
        wanted.iter().any(|wanted| {
            let wanted = scope.fill(wanted, faults).ok().flatten();
            wanted.as_ref().and_then(Node::as_str) == Some(text)
        })
    })
}

/// Reads the CSV file that a `cases` names, if it names one: a header line, then
/// a row a case; empty cells are left out.
pub(super) fn read_csv(
    cases: &Node,
    sources: &mut Sources,
    files: &mut CsvFiles,
    faults: &mut Vec<Diagnostic>,
) -> Option<()> {
    let Value::Mapping(entries) = &cases.value else { return None };
    let (key, node) = entries.iter().find(|(key, _)| &*key.name == "csv")?;
    let field = Field::new(&key.name, key.span, node);
    let folder = sources.get(node.span.file).path.parent().map(Path::to_owned).unwrap_or_default();
    let path = field.path(&folder, faults)?;
    let file = match read_file(&path, sources) {
        Ok(file) => file,
        Err(fault) => {
            faults.push(Diagnostic { span: Some(field.span()), ..fault });
            return None;
        }
    };
    let text = Arc::clone(&sources.get(file).text);
    let before = faults.len();
    let rows = csv_rows(&text, file, faults);
    if rows.is_empty() && faults.len() == before {
        faults.push(field.error(format!("{} has no rows", path.display())));
    }
    files.insert(node.span, rows);
    Some(())
}

/// Where a quoted cell begins that the file does not end, which the reader would
/// take for one cell up to the end (RFC 4180 §2).
fn unclosed_quote(text: &str) -> Option<usize> {
    let (mut open, mut cell_begins) = (None, true);
    for (at, c) in text.char_indices() {
        match (open, c) {
            // A doubled quote closes and opens again, which comes to the same.
            (Some(_), '"') => open = None,
            (Some(_), _) => {}
            (None, '"') if cell_begins || text[..at].ends_with('"') => open = Some(at),
            (None, _) => {}
        }
        cell_begins = open.is_none() && (matches!(c, ',' | '\n' | '\r') || (cell_begins && c == ' '));
    }
    open
}

pub(super) fn csv_rows(text: &str, file: FileId, faults: &mut Vec<Diagnostic>) -> Vec<Vec<(Key, Node)>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let line = |start: u64| {
        let start = (start as usize).min(text.len());
        // A record's position is that of the line end before it.
        let start = start + text[start..].bytes().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let end = start + text[start..end].trim_end_matches('\r').len();
        Span { file, start: start as u32, end: end as u32 }
    };
    let header: Vec<Key> = match reader.headers() {
        Ok(header) => {
            let span = line(0);
            header.iter().map(|name| Key { span, name: name.into() }).collect()
        }
        Err(error) => {
            faults.push(Diagnostic::error(format!("not CSV: {error}"), line(0)));
            return Vec::new();
        }
    };
    if header.len() > MAX_NAMES {
        faults.push(Diagnostic::error(format!("more than {MAX_NAMES} columns"), line(0)));
        return Vec::new();
    }
    for (n, key) in header.iter().enumerate() {
        if key.name.is_empty() {
            faults.push(Diagnostic::error(format!("column {} has no name", n + 1), key.span));
        } else if header[..n].iter().any(|before| before.name == key.name) {
            faults.push(Diagnostic::error(format!("two columns are named `{}`", key.name), key.span));
        }
    }
    if let Some(start) = unclosed_quote(text) {
        let fault = Diagnostic::error("this quote is never closed", line(start as u64));
        faults.push(
            fault.label("it would swallow the rest of the file; a quote inside quotes is written twice"),
        );
        return Vec::new();
    }
    let mut rows = Vec::new();
    let mut count = 0;
    for record in reader.records() {
        match record {
            Ok(record) => {
                let span = line(record.position().map_or(0, csv::Position::byte));
                count += record.len();
                if count > MAX_CELLS {
                    faults.push(Diagnostic::error(
                        format!("the file comes to more than {MAX_CELLS} cells"),
                        span,
                    ));
                    return Vec::new();
                }
                let cells = header.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
                rows.push(
                    cells
                        .map(|(key, cell)| (key.clone(), Node { span, value: Value::Scalar(cell.into()) }))
                        .collect(),
                );
            }
            Err(error) => {
                let start = error.position().map_or(0, csv::Position::byte);
                let words = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("a ragged row: {len} of {expected_len} cells")
                    }
                    _ => format!("not CSV: {error}"),
                };
                faults.push(Diagnostic::error(words, line(start)));
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<String>, Vec<String>> {
        let mut faults = Vec::new();
        let rows = csv_rows(text, FileId(0), &mut faults);
        let cell = |(key, node): &(Key, Node)| format!("{}={}", key.name, node.as_str().unwrap_or_default());
        let shown = rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" ")).collect();
        let faults: Vec<String> = faults
            .iter()
            .map(|fault| {
                let span = fault.span.expect("a place");
                format!("{}: {}", &text[span.start as usize..span.end as usize], fault.message)
            })
            .collect();
        if faults.is_empty() { Ok(shown) } else { Err(faults) }
    }

    #[test]
    fn cells_stand_under_their_columns_and_empty_ones_are_left_out() {
        let csv = "id,p1,want\r\n a ,\"x, y\", 250 \r\n\r\nb,,\"say \"\"no\"\"\"\r\n";
        assert_eq!(rows(csv), Ok(vec!["id=a p1=x, y want=250".into(), "id=b want=say \"no\"".into()]));
    }

    #[test]
    fn a_fault_of_a_row_stands_at_its_line() {
        assert_eq!(
            rows("id,p1\nmüller,x\nb\nc,d,e\n"),
            Err(vec!["b: a ragged row: 1 of 2 cells".into(), "c,d,e: a ragged row: 3 of 2 cells".into()])
        );
    }
}
