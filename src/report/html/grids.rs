//! The grids drawn, a table a scenario.

use maud::{Markup, html};

use super::cases::Mark;
use super::charts::encoded;
use super::grid::{Entry, Grid, Row, grid};
use super::kept::{Kept, Names};
use super::title::{Part, title};

/// How many values of rows that look the same are named before the rest is counted.
const NAMED: usize = 5;

/// How many cases one cell shows.
const STACKED: usize = 4;

/// The grids of the scenarios that have one, under their suites; the cases in the
/// order of the page. Nothing where no scenario has one.
pub(super) fn grids(cases: &[Kept], names: &Names) -> Markup {
    let suites = cases.chunk_by(|a, b| (a.file, a.suite) == (b.file, b.suite));
    let drawn: Vec<(&str, Vec<Markup>)> = suites
        .map(|suite| {
            let scenarios = suite.chunk_by(|a, b| a.line == b.line);
            (names.text(suite[0].suite), scenarios.filter_map(|cases| scenario(cases, names)).collect())
        })
        .filter(|(_, grids): &(_, Vec<_>)| !grids.is_empty())
        .collect();
    if drawn.is_empty() {
        return html! {};
    }
    html! {
        section #combinations {
            h2 { "Which combinations" }
            p.legend {
                // Rows that look the same are one; a cell leads to the first case of it.
                span.cell.passed.yes { i { "✓" } " as expected" }
                span.cell.failed.yes { i { "✗" } " not as expected" }
                span.soft { "A filled cell: the server accepted. " }
                span.cell.passed { i { "✓" } " refused, as expected" }
                span.soft { "An outlined one: it refused, or there was no reply. In each stands what decided." }
            }
            @for (suite, grids) in &drawn {
                h3 { (suite) }
                div.grids { @for grid in grids { (grid) } }
            }
        }
    }
}

/// The grid of one scenario.
fn scenario(cases: &[Kept], names: &Names) -> Option<Markup> {
    if cases.len() < 2 {
        return None;
    }
    let variables: Vec<Vec<(&str, &str)>> = cases
        .iter()
        .map(|case| {
            case.variables.iter().map(|(name, value)| (names.text(*name), names.text(*value))).collect()
        })
        .collect();
    let entries: Vec<Entry<'_>> = cases
        .iter()
        .zip(&variables)
        .map(|(case, variables)| Entry { variables, name: &case.name, face: case.face() })
        .collect();
    let grid = grid(&entries)?;
    let last = cases.len() - 1;
    let title = title((&cases[0].name, &variables[0]), (&cases[last].name, &variables[last]));
    Some(draw(&grid, &title, cases, names))
}

fn draw(grid: &Grid<'_>, title: &[Part<'_>], cases: &[Kept], names: &Names) -> Markup {
    html! {
        figure.grid {
            @if title.iter().any(|part| matches!(part, Part::Text(_))) { figcaption {
                @for part in title {
                    @match part { Part::Text(text) => (text), Part::Variable(name) => { em { (name) } } }
                }
            } }
            div.scroll { table {
                thead {
                    @if let Some(name) = grid.columns_by {
                        tr { @for _ in &grid.rows_by { td {} } th.by colspan=(grid.columns.len()) { (name) } }
                    }
                    tr {
                        @for name in &grid.rows_by { th.by scope="col" { (name) } }
                        @for column in &grid.columns { th scope="col" { (value(column, grid.columns_by.is_some())) } }
                    }
                }
                tbody {
                    @for (nth, row) in grid.rows.iter().enumerate() {
                        tr {
                            (labels(grid, nth, row))
                            @for cell in &row.cells {
                                td { @for case in cell.iter().take(STACKED) { (face(&cases[*case], names)) } }
                            }
                            @if row.rows > 1 { td.soft { (row.rows) " rows" } }
                        }
                    }
                }
            } }
        }
    }
}

/// The labels of a row; one that is the same as above is not said again.
fn labels(grid: &Grid<'_>, nth: usize, row: &Row<'_>) -> Markup {
    let above = nth.checked_sub(1).map(|above| &grid.rows[above]);
    let same = |at: usize| above.is_some_and(|above| above.labels[..=at] == row.labels[..=at]);
    html! {
        @for (at, values) in row.labels.iter().enumerate() {
            th scope="row" .again[row.rows == 1 && at + 1 < row.labels.len() && same(at)] {
                @if values.len() > 1 && values.len() == grid.values[at] && row.labels.len() > 1 {
                    span.soft { "all " (values.len()) }
                } @else {
                    @for (n, label) in values.iter().take(NAMED).enumerate() { @if n > 0 { ", " } (value(label, true)) }
                    @if values.len() > NAMED { span.soft { " and " (values.len() - NAMED) " more" } }
                }
            }
        }
    }
}

/// A value, where there is one to be told.
fn value(value: &str, told: bool) -> &str {
    match value {
        "" if told => "(none)",
        value => value,
    }
}

fn face(case: &Kept, names: &Names) -> Markup {
    let expected = case.expected.filter(|_| case.mark.wrong());
    html! {
        a.cell.(case.mark.word()).yes[case.accepted] href={ "#" (encoded(&case.id)) } {
            i { (case.mark.symbol()) } " "
            @match case.mark { Mark::Skipped => "skipped", _ => (names.text(case.short)) }
            @if let Some(expected) = expected { small { "not " (names.text(expected)) } }
        }
    }
}
