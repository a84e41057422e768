//! What is wrong with a file, where, and how to mend it.

use std::path::PathBuf;
use std::sync::Arc;

/// A range of bytes of one file of a [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Which file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A file of a [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// The files that were read, kept for the messages that quote them.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// One file that was read.
#[derive(Debug)]
pub struct Source {
    /// As it is shown to people.
    pub name: Arc<str>,
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub text: Arc<str>,
    /// The first byte of every line.
    lines: Vec<u32>,
}

impl Sources {
    /// Keeps a file and gives its id.
    pub fn add(&mut self, name: impl Into<Arc<str>>, path: PathBuf, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 files"));
        let text = text.into();
        let after = text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
        let lines = std::iter::once(0).chain(after).collect();
        self.files.push(Source { name: name.into(), path, text, lines });
        id
    }

    /// The file.
    ///
    /// # Panics
    ///
    /// If the id is of another [`Sources`].
    #[must_use]
    pub fn get(&self, id: FileId) -> &Source {
        &self.files[id.0 as usize]
    }

    /// The line, from 1, that a span starts on.
    #[must_use]
    pub fn line(&self, span: Span) -> u32 {
        let before = self.get(span.file).lines.partition_point(|start| *start <= span.start);
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    /// Strikes out a secret, so that no message quotes it. Places stay the same.
    pub fn hide(&mut self, span: Span) {
        let text = &mut self.files[span.file.0 as usize].text;
        let (start, end) = (span.start as usize, (span.end as usize).min(text.len()));
        let hidden = text[start..end].bytes().map(|b| if b == b'\n' { '\n' } else { '*' });
        *text = format!("{}{}{}", &text[..start], hidden.collect::<String>(), &text[end..]).into();
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is played: exit status 2.
    Error,
    /// Worth knowing.
    Warning,
}

/// What is wrong, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// Where; `None` for what no file says, such as a flag or a missing file.
    pub span: Option<Span>,
    /// How to mend it, beside the caret; empty where the message says it all.
    pub label: String,
    /// More to know, a line each.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    #[must_use]
    pub fn error(message: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span: Some(span),
            label: String::new(),
            notes: Vec::new(),
        }
    }

    /// An error that no file's line is to blame for.
    #[must_use]
    pub fn general(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span: None,
            label: String::new(),
            notes: Vec::new(),
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same with how to mend it.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same with more to know.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}
