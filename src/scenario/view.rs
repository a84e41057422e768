//! The keys of one case, variables filled in, and which of them were inherited.

use std::path::Path;

use super::project::Project;
use crate::yaml::{Diagnostic, Field, Key, Node, Sources, Span};

/// The keys of one scenario or case.
pub(super) struct View<'v> {
    /// Scenario over defaults.
    pub(super) entries: Vec<(&'v Key, &'v Node)>,
    /// Where `defaults` stands, if the file has one.
    pub(super) defaults: Option<Span>,
    /// The scenario's own place: what is missing is missing there.
    pub(super) whole: Span,
    pub(super) project: &'v Project,
    pub(super) sources: &'v Sources,
}

/// What reading a case finds besides its values.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<Diagnostic>,
    /// Inherited keys that were dropped.
    pub(super) notes: Vec<String>,
    /// Literal secrets, not to be quoted.
    pub(super) hide: Vec<Span>,
}

impl<'v> View<'v> {
    /// The value of a key.
    pub(super) fn get(&self, name: &str) -> Option<Field<'v>> {
        let (key, node) = self.entries.iter().find(|(key, _)| &*key.name == name)?;
        Some(Field::new(&key.name, key.span, node))
    }

    /// The value of a key, `none` taking it back.
    pub(super) fn get_some(&self, name: &str) -> Option<Field<'v>> {
        self.get(name).filter(|field| field.node().as_str() != Some("none"))
    }

    /// Whether what stands there came from `defaults`.
    pub(super) fn inherited(&self, place: Span) -> bool {
        self.defaults.is_some_and(|defaults| {
            defaults.file == place.file && (defaults.start..defaults.end).contains(&place.start)
        })
    }

    /// The folder that a path in this value is relative to: that of the file
    /// where the value stands.
    pub(super) fn folder(&self, span: Span) -> &'v Path {
        self.sources.get(span.file).path.parent().unwrap_or(Path::new(""))
    }

    /// Settles a combination that cannot be: an error where the scenario writes
    /// it, a note where it is inherited. True if the key is to be dropped.
    pub(super) fn impossible(&self, field: Field<'_>, because: &str, findings: &mut Findings) -> bool {
        if self.inherited(field.key_span()) {
            findings.notes.push(format!("inherited `{}` dropped: {because}", field.name()));
        } else {
            findings.faults.push(Diagnostic::error(
                format!("`{}` cannot be here: {because}", field.name()),
                field.key_span(),
            ));
        }
        true
    }
}
