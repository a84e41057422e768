//! The report as a whole: cases go in as they end, the page comes out.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, Render, html};

use super::super::formats::Sheet;
use super::super::record::{Decisive, Record};
use super::super::{Run, Summary};
use super::cases::{Mark, body, contrast, row};
use super::causes::Causes;
use super::charts::{Charts, encoded};
use super::frame::page;
use super::grids::grids;
use super::head::{Targets, head, verdict};
use super::kept::{Body, Kept, Name, Names};
use super::pack::{Pack, plain};
use crate::smtp::visible;

/// A run of at most so many cases has all of them in the HTML; of a larger one the
/// sessions of those that passed are packed, and drawn when somebody opens them.
const IN_THE_PAGE: usize = 300;

/// The same of the cases that failed, whatever the size of the run.
const FAILED_IN_THE_PAGE: usize = 100;

/// How many of the cases that failed stand open, each with a cause of its own.
const OPEN: usize = 8;

/// How many rows are laid out together: what is out of sight costs nothing.
const ROWS: usize = 50;

/// The HTML report of a run. Keeps about two kilobytes a case until the end.
#[derive(Default)]
pub(in crate::report) struct Html {
    cases: Vec<Kept>,
    names: Names,
    tags: BTreeMap<String, (usize, usize)>,
    targets: Targets,
    charts: Charts,
    causes: Causes,
    pack: Pack,
    failed: usize,
}

impl Sheet for Html {
    fn case(&mut self, record: &Record<'_>, _out: &mut Vec<u8>) {
        self.add(record);
    }

    fn finish(&mut self, run: &Run, summary: &Summary, out: &mut Vec<u8>) {
        let page = self.page(run, summary);
        out.extend_from_slice(page.into_string().as_bytes());
        out.push(b'\n');
    }
}

impl Html {
    fn add(&mut self, record: &Record<'_>) {
        let mark = Mark::of(record);
        self.targets.add(record);
        self.charts.add(record, mark);
        let nth_of_cause = if mark.wrong() { self.causes.add(record) } else { 0 };
        let tags = self.tags(&record.tags);
        let names = &mut self.names;
        let variables = record.variables.iter();
        let expected = record.failures.first().map(|failure| &failure.expected);
        let kept = Kept {
            id: visible(&record.id).into(),
            name: visible(&record.name).into(),
            suite: names.number(&visible(&record.suite)),
            file: names.number(&visible(&record.source.file)),
            line: record.source.line,
            order: record.order,
            variables: variables
                .map(|(name, value)| (names.number(&visible(name)), names.number(&visible(value))))
                .collect(),
            mark,
            accepted: record
                .decisive
                .as_ref()
                .and_then(|decisive| decisive.code)
                .is_some_and(|code| code < 400),
            short: names.number(&record.decisive.as_ref().map(Decisive::in_short).unwrap_or_default()),
            expected: expected.filter(|_| mark.wrong()).map(|text| names.number(&visible(text))),
            tags: names.number(&tags),
            open: mark.wrong() && nth_of_cause == 0 && self.causes.len() <= OPEN,
            row: row(record, mark).into_string().into(),
            contrast: if mark.wrong() { contrast(record).into_string().into() } else { Box::default() },
            body: Body::Drawn(body(record, mark).into_string()),
        };
        self.keep(kept);
    }

    fn keep(&mut self, mut kept: Kept) {
        let drawn = match kept.mark.wrong() {
            true => self.failed < FAILED_IN_THE_PAGE,
            false => self.cases.len() < IN_THE_PAGE,
        };
        if !drawn {
            self.pack(&mut kept);
        }
        self.failed += usize::from(kept.mark.wrong());
        self.cases.push(kept);
        if self.cases.len() == IN_THE_PAGE + 1 {
            let mut cases = std::mem::take(&mut self.cases);
            cases.iter_mut().filter(|case| !case.mark.wrong()).for_each(|case| self.pack(case));
            self.cases = cases;
        }
    }

    fn pack(&mut self, kept: &mut Kept) {
        if let Body::Drawn(body) = &kept.body {
            kept.body = Body::Packed(self.pack.add(body));
        }
    }

    /// The numbers of these tags, counted.
    fn tags(&mut self, tags: &[String]) -> String {
        let mut numbers = String::new();
        for tag in tags {
            let next = self.tags.len();
            let tag = visible(tag);
            let (number, times) = match self.tags.get_mut(&*tag) {
                Some(known) => known,
                None => self.tags.entry(tag.into_owned()).or_insert((next, 0)),
            };
            *times += 1;
            if !numbers.is_empty() {
                numbers.push(' ');
            }
            numbers.push_str(&number.to_string());
        }
        numbers
    }

    /// The page.
    fn page(&mut self, run: &Run, summary: &Summary) -> Markup {
        let names = &self.names;
        self.cases.sort_by(|a, b| a.order(b, names));
        let (_, what, of) = verdict(run, summary, &self.targets);
        let charts = self.charts.draw();
        page(&format!("{what}{of}"), &self.body(run, summary, &charts))
    }

    fn body(&self, run: &Run, summary: &Summary, charts: &Markup) -> Markup {
        let mut counts = [0; Mark::ALL.len()];
        for case in &self.cases {
            counts[case.mark as usize] += 1;
        }
        let grids = grids(&self.cases, &self.names);
        html! {
            (head(run, summary, &self.targets, counts))
            (self.bar(counts, !grids.0.is_empty()))
            main {
                @if self.failed > 0 { (self.failures()) }
                (grids)
                @if summary.played() > 0 { section #timing { h2 { "Time and replies" } (charts) } }
                (self.all())
            }
            footer.keys hidden {
                kbd { "/" } " filter " kbd { "j" } " " kbd { "k" } " next, previous " kbd { "o" } " open, close "
                kbd { "f" } " what failed " kbd { "Esc" } " everything"
            }
            (Packed(&self.pack))
        }
    }

    /// The bar with links and, where the script runs, the filter.
    fn bar(&self, counts: [usize; Mark::ALL.len()], grids: bool) -> Markup {
        html! {
            nav.bar {
                div.links {
                    @if self.failed > 0 { a href="#failures" { "What failed" } }
                    @if grids { a href="#combinations" { "Combinations" } }
                    a href="#timing" { "Time" }
                    a href="#cases" { "All cases" }
                }
                form #filter hidden {
                    input #text type="search" placeholder="Filter: a name, a reply, a target" aria-label="Filter by text";
                    span.marks {
                        @for (mark, _) in Mark::ALL.into_iter().zip(counts).filter(|(_, n)| *n > 0) {
                            label.(mark.word()) { input type="checkbox" name="outcome" value=(mark.word()); span { (mark.symbol()) " " (mark.word()) } }
                        }
                    }
                    @if !self.tags.is_empty() {
                        select #tag aria-label="Filter by tag" {
                            option value="" { "every tag" }
                            @for (tag, (number, times)) in &self.tags { option value=(number) data-tag=(tag) { (tag) " (" (times) ")" } }
                        }
                    }
                    output #shown {}
                }
            }
        }
    }

    fn failures(&self) -> Markup {
        let wrong: Vec<&Kept> = self.cases.iter().filter(|case| case.mark.wrong()).collect();
        html! {
            section #failures {
                h2 { "What failed" }
                (self.causes.draw())
                @for cards in wrong.chunks(ROWS) {
                    div.cards { @for case in cards { (self.failure(case)) } }
                }
            }
        }
    }

    fn failure(&self, case: &Kept) -> Markup {
        html! {
            details.case.card.(case.mark.word()) id=(case.id) data-o=(case.mark.word()) data-t=(self.names.text(case.tags))
                open[case.open] data-n=[case.packed()] {
                summary { (PreEscaped(&case.row)) (PreEscaped(&case.contrast)) }
                (case.body)
            }
        }
    }

    fn all(&self) -> Markup {
        html! {
            section #cases .large[!self.pack.is_empty()] {
                h2 { "All cases" }
                @for suite in self.cases.chunk_by(|a, b| (a.file, a.suite) == (b.file, b.suite)) {
                    section.suite {
                        h3 { (self.text(suite[0].suite)) small { (self.text(suite[0].file)) ", " (suite.len()) } }
                        @for rows in suite.chunks(ROWS) {
                            div.rows { @for case in rows { (self.row(case)) } }
                        }
                    }
                }
            }
        }
    }

    /// A row of the list: of a case that failed a link to its place above.
    fn row(&self, case: &Kept) -> Markup {
        let (word, tags) = (case.mark.word(), self.text(case.tags));
        html! {
            @if case.mark.wrong() {
                a.row.(word) href={ "#" (encoded(&case.id)) } data-o=(word) data-t=(tags) { (PreEscaped(&case.row)) }
            } @else {
                details.case.(word) id=(case.id) data-o=(word) data-t=(tags) data-n=[case.packed()] {
                    summary { (PreEscaped(&case.row)) }
                    (case.body)
                }
            }
        }
    }

    fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }
}

impl Kept {
    fn packed(&self) -> Option<usize> {
        match self.body {
            Body::Drawn(_) => None,
            Body::Packed(number) => Some(number),
        }
    }
}

impl Render for Body {
    fn render_to(&self, out: &mut String) {
        if let Self::Drawn(body) = self {
            out.push_str(&plain(body.clone()));
        }
    }
}

/// The bodies that are not drawn, where the script finds them.
struct Packed<'a>(&'a Pack);

impl Render for Packed<'_> {
    fn render_to(&self, out: &mut String) {
        if !self.0.is_empty() {
            // Text of others is escaped in them, so that nothing in it ends the element.
            for (id, text) in [("pieces", self.0.pieces()), ("bodies", self.0.bodies())] {
                out.push_str("<script type=\"text/plain\" id=\"");
                out.push_str(id);
                out.push_str("\">");
                out.push_str(text);
                out.push_str("</script>");
            }
        }
    }
}
