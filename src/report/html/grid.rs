//! The cases of one scenario as a table: which values stand in rows, which in
//! columns.
//!
//! Cells hold the places of their cases in the list that was given; what is drawn in
//! them is not known here. Rows and columns stand in the order in which the cases have
//! them: whoever wrote the file had one in mind.

use std::collections::{HashMap, HashSet};

/// A case as far as its place in the table goes.
pub(super) struct Entry<'a> {
    /// Its variables in the order of the file.
    pub(super) variables: &'a [(&'a str, &'a str)],
    /// Its name.
    pub(super) name: &'a str,
    /// What its cell shows: equal where it looks the same.
    pub(super) face: u64,
}

/// A table of cases.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grid<'a> {
    /// The variables whose values name the rows.
    pub(super) rows_by: Vec<&'a str>,
    /// The variable whose values name the columns; none where there is one column.
    pub(super) columns_by: Option<&'a str>,
    /// How many values each of them takes in all rows.
    pub(super) values: Vec<usize>,
    /// The columns' names; one that is empty where there is one column.
    pub(super) columns: Vec<&'a str>,
    /// The rows.
    pub(super) rows: Vec<Row<'a>>,
}

/// A row of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// For each of [`Grid::rows_by`] the value of this row, empty where it has none;
    /// where rows that look the same became one, every value of theirs.
    pub(super) labels: Vec<Vec<&'a str>>,
    /// How many rows became this one.
    pub(super) rows: usize,
    /// A cell a column: the cases in it, mostly one.
    pub(super) cells: Vec<Vec<usize>>,
}

/// Past so many rows those that look the same become one.
const MANY_ROWS: usize = 24;

/// The most columns.
const COLUMNS: usize = 10;

/// Variables that are shown beside the one that tells the rows apart.
const BESIDE: usize = 3;

/// The table of these cases; none where they are fewer than two, or nothing tells
/// them apart.
pub(super) fn grid<'a>(cases: &[Entry<'a>]) -> Option<Grid<'a>> {
    let table = Table::of(cases);
    let key = table.key()?;
    let (rows_by, column) = table.split(&key);
    Some(table.build(&rows_by, column))
}

/// The values of all cases, a column a variable.
struct Table<'t, 'a> {
    cases: &'t [Entry<'a>],
    /// The variables that vary.
    names: Vec<&'a str>,
    /// The value of each case for each of them.
    values: Vec<Vec<&'a str>>,
    /// How many values each takes.
    counts: Vec<usize>,
    /// Whether the cases' names tell its value.
    named: Vec<bool>,
}

impl<'t, 'a> Table<'t, 'a> {
    fn of(cases: &'t [Entry<'a>]) -> Self {
        let mut names: Vec<&'a str> = Vec::new();
        for (name, _) in cases.iter().flat_map(|case| case.variables) {
            if !names.contains(name) {
                names.push(name);
            }
        }
        let mut table =
            Self { cases, names: Vec::new(), values: Vec::new(), counts: Vec::new(), named: Vec::new() };
        for name in names {
            let value = |case: &Entry<'a>| {
                case.variables.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| *value)
            };
            let values: Vec<&'a str> = cases.iter().map(value).collect();
            let count = values.iter().collect::<HashSet<_>>().len();
            if count > 1 {
                let named = cases.iter().zip(&values).all(|(case, value)| case.name.contains(value));
                table.names.push(name);
                table.values.push(values);
                table.counts.push(count);
                table.named.push(named);
            }
        }
        table
    }

    /// The fewest variables, as far as is easily found, that tell the cases apart:
    /// those that stand in the cases' names first, then in the order of the file.
    fn key(&self) -> Option<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by_key(|at| !self.named[*at]);
        let mut key: Vec<usize> = Vec::new();
        let mut parts = 1;
        for at in order {
            key.push(at);
            let now = self.parts(&key);
            if now == parts {
                key.pop();
            }
            parts = parts.max(now);
        }
        // What came later may have made what came before superfluous.
        for at in key.clone() {
            let without: Vec<usize> = key.iter().copied().filter(|other| *other != at).collect();
            if self.parts(&without) == parts {
                key = without;
            }
        }
        key.sort_unstable();
        (!key.is_empty()).then_some(key)
    }

    /// In how many parts these variables part the cases.
    fn parts(&self, by: &[usize]) -> usize {
        let row = |case| by.iter().map(|at| self.values[*at][case]).collect::<Vec<_>>();
        (0..self.cases.len()).map(row).collect::<HashSet<_>>().len()
    }

    /// Which variables stand in rows and which in columns.
    fn split(&self, key: &[usize]) -> (Vec<usize>, Option<usize>) {
        if let [one] = key {
            if let Some((row, column)) = self.pair(*one) {
                return (vec![row], Some(column));
            }
            let beside = (0..self.names.len()).filter(|at| at != one && self.counts[*at] > 1).take(BESIDE);
            return (std::iter::once(*one).chain(beside).collect(), None);
        }
        // The axis with the fewest values; the last of those.
        let column = key.iter().copied().rev().min_by_key(|at| self.counts[*at]);
        match column {
            Some(column) if self.counts[column] <= COLUMNS => {
                (key.iter().copied().filter(|at| *at != column).collect(), Some(column))
            }
            _ => (key.to_vec(), None),
        }
    }

    /// Two variables that tell the cases apart as well as the one that names them,
    /// where together they leave few cells empty.
    fn pair(&self, one: usize) -> Option<(usize, usize)> {
        let others = || (0..self.names.len()).filter(move |at| *at != one);
        let cases = self.cases.len();
        others()
            .flat_map(|row| others().map(move |column| (row, column)))
            .filter(|(row, column)| row != column && self.counts[*column] <= self.counts[*row].min(COLUMNS))
            .filter(|(row, column)| 4 * cases >= 3 * self.counts[*row] * self.counts[*column])
            .find(|(row, column)| self.parts(&[*row, *column]) == cases)
    }

    fn build(&self, rows_by: &[usize], column: Option<usize>) -> Grid<'a> {
        let mut columns: Vec<&'a str> = Vec::new();
        let mut rows: Vec<Row<'a>> = Vec::new();
        let (mut places, mut columns_at) = (HashMap::new(), HashMap::new());
        for case in 0..self.cases.len() {
            let name = column.map_or("", |at| self.values[at][case]);
            let x = *columns_at.entry(name).or_insert(columns.len());
            if x == columns.len() {
                columns.push(name);
            }
            let labels: Vec<&'a str> = rows_by.iter().map(|at| self.values[*at][case]).collect();
            let y = *places.entry(labels.clone()).or_insert(rows.len());
            if y == rows.len() {
                let labels = labels.into_iter().map(|label| vec![label]).collect();
                rows.push(Row { labels, rows: 1, cells: Vec::new() });
            }
            let cells = &mut rows[y].cells;
            cells.resize(cells.len().max(x + 1), Vec::new());
            cells[x].push(case);
        }
        rows.iter_mut().for_each(|row| row.cells.resize(columns.len(), Vec::new()));
        // Rows that agree in their first labels stand together.
        let first = rows.iter().enumerate().rev().map(|(y, row)| (row.labels[0][0], y));
        let first: HashMap<&str, usize> = first.collect();
        rows.sort_by_key(|row| first[row.labels[0][0]]);
        if rows.len() > MANY_ROWS {
            rows = self.merged(rows);
        }
        Grid {
            rows_by: rows_by.iter().map(|at| self.names[*at]).collect(),
            values: rows_by.iter().map(|at| self.counts[*at]).collect(),
            columns_by: column.map(|at| self.names[at]),
            columns,
            rows,
        }
    }

    /// Every look once, in the order of the first row that has it.
    fn merged(&self, rows: Vec<Row<'a>>) -> Vec<Row<'a>> {
        let mut looks: HashMap<Vec<Vec<u64>>, usize> = HashMap::new();
        let mut told: HashSet<(usize, usize, &'a str)> = HashSet::new();
        let mut merged: Vec<Row<'a>> = Vec::new();
        for mut row in rows {
            let faces = |cell: &Vec<usize>| cell.iter().map(|case| self.cases[*case].face).collect();
            let at = *looks.entry(row.cells.iter().map(faces).collect()).or_insert(merged.len());
            for (nth, values) in row.labels.iter_mut().enumerate() {
                values.retain(|value| told.insert((at, nth, value)));
            }
            match merged.get_mut(at) {
                Some(first) => {
                    first.rows += 1;
                    first.labels.iter_mut().zip(row.labels).for_each(|(own, new)| own.extend(new));
                }
                None => merged.push(row),
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, variables, face.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], u64);

    /// The grid of cases that are given as `name = value` pairs and a name; the faces
    /// are what the last pair says.
    fn drawn(cases: &[Case<'_>]) -> Vec<String> {
        let entries: Vec<_> =
            cases.iter().map(|(name, variables, face)| Entry { variables, name, face: *face }).collect();
        let Some(grid) = grid(&entries) else { return Vec::new() };
        let mut out = vec![format!(
            "{} × {}: {}",
            grid.rows_by.join(","),
            grid.columns_by.unwrap_or("-"),
            grid.columns.join(",")
        )];
        for row in &grid.rows {
            let labels: Vec<_> = row.labels.iter().map(|values| values.join("+")).collect();
            let cells: Vec<_> = row
                .cells
                .iter()
                .map(|cell| cell.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"))
                .collect();
            out.push(format!("{}: {}", labels.join(","), cells.join(" ")));
        }
        out
    }

    #[test]
    fn the_axis_with_the_fewest_values_stands_in_columns() {
        let versions = ["TLSv1.0", "TLSv1.2", "TLSv1.3"];
        let endpoints = ["submission", "legacy"];
        let pairs: Vec<[(&str, &str); 2]> = versions
            .iter()
            .flat_map(|version| {
                endpoints.iter().map(|endpoint| [("version", *version), ("endpoint", *endpoint)])
            })
            .collect();
        let cases: Vec<_> = pairs.iter().map(|pair| ("x", &pair[..], 0)).collect();
        assert_eq!(
            drawn(&cases),
            ["version × endpoint: submission,legacy", "TLSv1.0: 0 1", "TLSv1.2: 2 3", "TLSv1.3: 4 5"]
        );
        // One was excluded: its cell is empty.
        assert_eq!(drawn(&cases[1..])[1..2], ["TLSv1.0: 0 "]);
    }

    #[test]
    fn of_columns_that_tell_the_same_the_one_in_the_names_counts() {
        let cases: [Case<'_>; 4] = [
            ("Contoso over 1.0", &[("org", "Contoso"), ("user", "a@contoso.com"), ("version", "1.0")], 0),
            ("Contoso over 1.2", &[("org", "Contoso"), ("user", "a@contoso.com"), ("version", "1.2")], 0),
            ("Fabrikam over 1.0", &[("org", "Fabrikam"), ("user", "b@fabrikam.com"), ("version", "1.0")], 0),
            ("Fabrikam over 1.2", &[("org", "Fabrikam"), ("user", "b@fabrikam.com"), ("version", "1.2")], 0),
        ];
        assert_eq!(drawn(&cases), ["org × version: 1.0,1.2", "Contoso: 0 1", "Fabrikam: 2 3"]);
    }

    #[test]
    fn rows_with_a_name_keep_it_and_show_what_they_are_made_of() {
        let cases: [Case<'_>; 3] = [
            ("own", &[("id", "own"), ("address", "1"), ("p1", "a")], 0),
            ("foreign", &[("id", "foreign"), ("address", "1"), ("p1", "b")], 0),
            ("null", &[("id", "null"), ("address", "2")], 0),
        ];
        assert_eq!(drawn(&cases), ["id,address,p1 × -: ", "own,1,a: 0", "foreign,1,b: 1", "null,2,: 2"]);
    }

    #[test]
    fn rows_of_two_columns_that_cross_become_rows_and_columns() {
        let cases: [Case<'_>; 4] = [
            ("a", &[("id", "a"), ("cert", "none"), ("p1", "own")], 0),
            ("b", &[("id", "b"), ("cert", "none"), ("p1", "null")], 0),
            ("c", &[("id", "c"), ("cert", "contoso"), ("p1", "own")], 0),
            ("d", &[("id", "d"), ("cert", "contoso"), ("p1", "null")], 0),
        ];
        assert_eq!(drawn(&cases), ["cert × p1: own,null", "none: 0 1", "contoso: 2 3"]);
    }

    #[test]
    fn of_many_rows_those_that_look_the_same_become_one() {
        let names: Vec<String> = (0..40).map(|n| format!("device {n}")).collect();
        let variables: Vec<[(&str, &str); 1]> =
            names.iter().map(|name| [("device", name.as_str())]).collect();
        let cases: Vec<_> = names
            .iter()
            .zip(&variables)
            .enumerate()
            .map(|(n, (name, own))| (name.as_str(), &own[..], u64::from(n == 7)))
            .collect();
        let drawn = drawn(&cases);
        assert_eq!(drawn.len(), 3, "{drawn:#?}");
        assert!(
            drawn[1].starts_with("device 0+device 1+") && drawn[1].ends_with("device 39: 0"),
            "{drawn:#?}"
        );
        assert_eq!(drawn[2], "device 7: 7");
    }

    #[test]
    fn what_does_not_vary_makes_no_grid() {
        assert_eq!(drawn(&[]), Vec::<String>::new());
        assert_eq!(drawn(&[("a", &[], 0), ("b", &[], 0)]), Vec::<String>::new());
        assert_eq!(drawn(&[("a", &[("x", "1")], 0)]), Vec::<String>::new());
    }
}
