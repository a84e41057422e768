//! All reports of a run: results go in, bytes go out.

use std::io;
use std::str::FromStr;

use super::junit::Junit;
use super::output::{Destination, Output, WriteError};
use super::record::Record;
use super::{Again, Run, Summary, Terminal, json};
use crate::verdict::{CaseResult, Outcome};

/// A format that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One object: contract §4.
    Json,
    /// An entry a line, as the cases end.
    NdJson,
    /// JUnit XML.
    Junit,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Json, Self::NdJson, Self::Junit];

    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::Junit => "junit",
        }
    }

    const fn report(self) -> &'static str {
        match self {
            Self::Json => "the json report",
            Self::NdJson => "the ndjson report",
            Self::Junit => "the junit report",
        }
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or(())
    }
}

/// All reports of a run.
pub struct Reports {
    summary: Summary,
    sinks: Vec<Sink>,
    again: Again,
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
    Json { first: bool },
    NdJson,
    Junit(Box<Junit>),
    Terminal(Box<Terminal>),
}

impl Shape {
    const fn report(&self) -> &'static str {
        match self {
            Self::Json { .. } => Format::Json.report(),
            Self::NdJson => Format::NdJson.report(),
            Self::Junit(_) => Format::Junit.report(),
            Self::Terminal(_) => "the result",
        }
    }
}

impl Reports {
    /// Opens every report. The terminal's result goes to standard output, and is
    /// left out where a report goes there.
    ///
    /// # Errors
    ///
    /// The first that cannot be opened; then none is written.
    pub fn open(reports: &[(Format, Destination)], terminal: Terminal) -> Result<Self, WriteError> {
        let mut all = Self {
            summary: Summary::default(),
            again: terminal.again().clone(),
            sinks: Vec::with_capacity(reports.len() + 1),
            errors: Vec::new(),
            buffer: Vec::new(),
        };
        for (format, destination) in reports {
            let shape = match format {
                Format::Json => Shape::Json { first: true },
                Format::NdJson => Shape::NdJson,
                Format::Junit => Shape::Junit(Box::default()),
            };
            let output = Output::open(destination).map_err(|source| WriteError {
                report: format.report(),
                destination: destination.clone(),
                source,
            })?;
            all.sinks.push(Sink { shape, destination: destination.clone(), output: Some(output) });
        }
        if reports.iter().all(|(_, destination)| *destination != Destination::Stdout) {
            let (shape, destination) = (Shape::Terminal(Box::new(terminal)), Destination::Stdout);
            all.sinks.push(Sink { shape, destination, output: Some(Output::Stdout) });
        }
        all.each(|_, shape, out| {
            if let Shape::Json { .. } = shape {
                json::head(out);
            }
        });
        Ok(all)
    }

    /// Whether the end of this case will be written to standard output: whoever
    /// draws on the same terminal has to make room.
    #[must_use]
    pub fn will_print(&self, result: &CaseResult) -> bool {
        self.sinks.iter().filter(|sink| sink.destination == Destination::Stdout).any(|sink| {
            match &sink.shape {
                Shape::Json { .. } | Shape::NdJson => true,
                Shape::Junit(_) => false,
                Shape::Terminal(terminal) => terminal.tells(result),
            }
        })
    }

    /// Takes the end of one case.
    pub fn case(&mut self, result: &CaseResult) {
        self.summary.add(result.outcome, result.flaky);
        // The entry is the same in both JSON forms.
        let mut entry = Vec::new();
        let json = |entry: &mut Vec<u8>, again: &Again| {
            if entry.is_empty() {
                let mut record = Record::of(result);
                if matches!(result.outcome, Outcome::Failed | Outcome::Error) {
                    record.command = Some(again.command(&result.case).into());
                }
                json::entry(&record, entry);
            }
        };
        self.each(|again, shape, out| match shape {
            Shape::Json { first } => {
                out.extend_from_slice(if *first { b"\n" } else { b",\n" });
                *first = false;
                json(&mut entry, again);
                out.extend_from_slice(&entry);
            }
            Shape::NdJson => {
                json(&mut entry, again);
                out.extend_from_slice(&entry);
                out.push(b'\n');
            }
            Shape::Junit(junit) => junit.add(result),
            Shape::Terminal(terminal) => {
                let mut text = String::new();
                terminal.case(result, &mut text);
                out.extend_from_slice(text.as_bytes());
            }
        });
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
        self.each(|_, shape, out| match shape {
            Shape::Json { .. } => json::tail(run, &summary, out),
            Shape::NdJson => json::last_line(run, &summary, out),
            Shape::Junit(junit) => std::mem::take(&mut **junit).finish(run, out),
            Shape::Terminal(terminal) => {
                let mut text = String::new();
                terminal.finish(run, &summary, &mut text);
                out.extend_from_slice(text.as_bytes());
            }
        });
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
    fn each(&mut self, mut add: impl FnMut(&Again, &mut Shape, &mut Vec<u8>)) {
        for sink in &mut self.sinks {
            let Some(output) = &mut sink.output else { continue };
            self.buffer.clear();
            add(&self.again, &mut sink.shape, &mut self.buffer);
            if self.buffer.is_empty() {
                continue;
            }
            if let Err(source) = output.write(&self.buffer) {
                sink.output = None;
                self.errors.push(sink.failed(source));
            }
        }
    }
}

impl Sink {
    fn failed(&self, source: io::Error) -> WriteError {
        WriteError { report: self.shape.report(), destination: self.destination.clone(), source }
    }
}
