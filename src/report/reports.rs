//! All reports of a run: results go in, bytes go out.

use std::io;

use super::formats::{Format, Sheet};
use super::output::{Destination, Output, WriteError};
use super::record::Record;
use super::{Again, Facts, Run, Summary, Terminal};
use crate::verdict::{CaseResult, Outcome};

/// What becomes of a run's result, beside its reports.
pub enum Told {
    /// It goes to standard output as people read it, unless a report goes there.
    Terminal(Box<Terminal>),
    /// It is kept to be compared with another; `run` is the run's id.
    Kept {
        /// How a case is played alone.
        again: Again,
        /// The run's id.
        run: String,
    },
}

/// All reports of a run.
pub struct Reports {
    summary: Summary,
    sinks: Vec<Sink>,
    again: Again,
    /// The run's id and what is kept of its cases, where they are to be compared.
    kept: Option<(String, Vec<Facts>)>,
    errors: Vec<WriteError>,
    buffer: Vec<u8>,
}

/// One report on its way.
struct Sink {
    shape: Shape,
    destination: Destination,
    /// Taken away when writing failed: the rest of the run goes on without it.
    output: Option<Output>,
}

/// What a result is turned into.
enum Shape {
    Sheet(Format, Box<dyn Sheet>),
    Terminal(Box<Terminal>),
}

impl Shape {
    fn report(&self) -> String {
        match self {
            Self::Sheet(format, _) => format.called(),
            Self::Terminal(_) => "the result".to_owned(),
        }
    }

    fn sheet(&mut self) -> &mut dyn Sheet {
        match self {
            Self::Sheet(_, sheet) => &mut **sheet,
            Self::Terminal(terminal) => &mut **terminal,
        }
    }

    /// Whether it tells more of a case that came out so than that it did.
    fn reads(&self, outcome: Outcome) -> bool {
        match self {
            Self::Sheet(..) => true,
            Self::Terminal(terminal) => terminal.reads(outcome),
        }
    }
}

impl Reports {
    /// Opens every report.
    ///
    /// # Errors
    ///
    /// The first that cannot be opened; then none is written.
    pub fn open(reports: &[(Format, Destination)], told: Told) -> Result<Self, WriteError> {
        let (terminal, again, kept) = match told {
            Told::Terminal(terminal) => {
                let again = terminal.again().clone();
                (Some(terminal), again, None)
            }
            Told::Kept { again, run } => (None, again, Some((run, Vec::new()))),
        };
        let mut all = Self {
            summary: Summary::default(),
            again,
            kept,
            sinks: Vec::with_capacity(reports.len() + 1),
            errors: Vec::new(),
            buffer: Vec::new(),
        };
        for (format, destination) in reports {
            let shape = Shape::Sheet(*format, format.sheet(destination));
            let output = Output::open(destination).map_err(|source| WriteError {
                report: format.called(),
                destination: destination.clone(),
                source,
            })?;
            all.sinks.push(Sink { shape, destination: destination.clone(), output: Some(output) });
        }
        if let Some(terminal) = terminal
            && reports.iter().all(|(_, destination)| *destination != Destination::Stdout)
        {
            let (shape, destination) = (Shape::Terminal(terminal), Destination::Stdout);
            all.sinks.push(Sink { shape, destination, output: Some(Output::Stdout) });
        }
        all.each(|shape, out| shape.sheet().head(out));
        Ok(all)
    }

    /// Whether the end of this case will be written to standard output: whoever
    /// draws on the same terminal has to make room.
    #[must_use]
    pub fn will_print(&self, result: &CaseResult) -> bool {
        self.sinks.iter().filter(|sink| sink.destination == Destination::Stdout).any(|sink| {
            match &sink.shape {
                Shape::Sheet(_, sheet) => sheet.streams(result.outcome),
                Shape::Terminal(terminal) => terminal.streams(result.outcome),
            }
        })
    }

    /// Takes the end of one case.
    pub fn case(&mut self, result: &CaseResult) {
        self.summary.add(result.outcome, result.flaky);
        let command = match result.outcome {
            Outcome::Failed | Outcome::Error => Some(self.again.command(&result.case)),
            Outcome::Passed | Outcome::Skipped => None,
        };
        let read = self.kept.is_some() || self.sinks.iter().any(|sink| sink.shape.reads(result.outcome));
        let record = if read { Record::of(result) } else { Record::heading(result) };
        let record = Record { command: command.map(Into::into), ..record };
        if let Some((run, kept)) = &mut self.kept {
            kept.push(Facts::of(&record, run));
        }
        self.each(|shape, out| shape.sheet().case(&record, out));
    }

    /// What was kept of the cases so far, to be compared.
    #[must_use]
    pub fn take_kept(&mut self) -> Vec<Facts> {
        self.kept.as_mut().map(|(_, kept)| std::mem::take(kept)).unwrap_or_default()
    }

    /// How the cases came out so far.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Writes the end of every report and puts the files in their places. Gives
    /// what could not be written.
    #[must_use]
    pub fn finish(mut self, run: &Run) -> (Summary, Vec<WriteError>) {
        let summary = self.summary;
        // A report that is read back and rendered again says the same.
        let run = &run.in_milliseconds();
        self.each(|shape, out| shape.sheet().finish(run, &summary, out));
        for sink in &mut self.sinks {
            if let Some(output) = sink.output.take()
                && let Err(source) = output.finish()
            {
                self.errors.push(sink.failed(source));
            }
        }
        (summary, self.errors)
    }

    /// Lets every report that still can be written add its bytes.
    fn each(&mut self, mut add: impl FnMut(&mut Shape, &mut Vec<u8>)) {
        for sink in &mut self.sinks {
            let Some(output) = &mut sink.output else { continue };
            self.buffer.clear();
            add(&mut sink.shape, &mut self.buffer);
            if self.buffer.is_empty() {
                continue;
            }
            if let Err(source) = output.write(&self.buffer) {
                sink.output = None;
                // Who reads the result has seen enough of it: `| head`. A report
                // that is cut off is none.
                let enough =
                    matches!(sink.shape, Shape::Terminal(_)) && source.kind() == io::ErrorKind::BrokenPipe;
                if !enough {
                    self.errors.push(sink.failed(source));
                }
            }
        }
    }
}

impl Sink {
    fn failed(&self, source: io::Error) -> WriteError {
        WriteError { report: self.shape.report(), destination: self.destination.clone(), source }
    }
}
