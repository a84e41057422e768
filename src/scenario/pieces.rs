//! How variables are written: the pieces of a text, and where each stands.

use super::vars::Scope;
use crate::yaml::{Diagnostic, Span};

/// A piece of a text.
pub(super) enum Piece<'t> {
    Text(&'t str),
    Variable(&'t str),
}

impl Scope<'_> {
    /// The pieces of a text; what is wrong with it is reported and passed over.
    pub(super) fn pieces<'t>(
        &self,
        text: &'t str,
        span: Span,
        faults: &mut Vec<Diagnostic>,
    ) -> Vec<Piece<'t>> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let after = &rest[at + 1..];
            if let Some(tail) = after.strip_prefix('$') {
                pieces.push(Piece::Text(&rest[..=at]));
                rest = tail;
                continue;
            }
            if let Some(inside) = after.strip_prefix('(') {
                let name = inside.split(')').next().unwrap_or_default();
                if name.len() < inside.len() && is_name(name) {
                    pieces.push(Piece::Text(&rest[..at]));
                    pieces.push(Piece::Variable(name));
                    rest = &inside[name.len() + 1..];
                    continue;
                }
                let written = if name.len() < inside.len() { format!("$({name})") } else { "$(".to_owned() };
                faults.push(
                    Diagnostic::error("this names no variable", self.place(span, &written))
                        .label("a name has letters, digits, `_`, `-` and `.`; a plain dollar sign is `$$`"),
                );
            } else if let Some(inside) = after.strip_prefix('{') {
                let word = inside.split('}').next().unwrap_or_default();
                let written = if inside.contains('}') { format!("${{{word}}}") } else { "${".to_owned() };
                let right = if is_name(word) { word } else { "name" };
                faults.push(
                    Diagnostic::error("variables are written `$(name)`", self.place(span, &written))
                        .label(format!("write `$({right})`"))
                        .note("a dollar sign of its own is written `$$`"),
                );
            }
            // A dollar sign before anything else, as at the end of a regular
            // expression.
            pieces.push(Piece::Text(&rest[..=at]));
            rest = after;
        }
        pieces.push(Piece::Text(rest));
        pieces
    }

    /// The exact place of what stands inside a scalar, if the source spells it
    /// as its value does.
    pub(super) fn place(&self, span: Span, written: &str) -> Span {
        let text = &self.sources.get(span.file).text;
        let found = text.get(span.start as usize..span.end as usize).and_then(|text| text.find(written));
        match found {
            Some(at) => {
                let start = span.start + at as u32;
                Span { file: span.file, start, end: start + written.len() as u32 }
            }
            None => span,
        }
    }
}

/// The name, where the text is exactly one variable.
pub(super) fn whole(text: &str) -> Option<&str> {
    text.strip_prefix("$(").and_then(|text| text.strip_suffix(')')).filter(|name| is_name(name))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::vars::Globals;
    use crate::yaml::Sources;
    use std::cell::RefCell;

    #[test]
    fn a_text_that_is_exactly_one_variable_is_known() {
        for (text, name) in [
            ("$(p1)", Some("p1")),
            ("$(run.id)", Some("run.id")),
            ("$(größe)", Some("größe")),
            ("$(a)$(b)", None),
            (" $(a)", None),
            ("$(a b)", None),
            ("$()", None),
            ("$$(a)", None),
        ] {
            assert_eq!(whole(text), name, "{text}");
        }
    }

    #[test]
    fn texts_fall_into_pieces_at_their_variables() {
        let mut sources = Sources::default();
        let globals = Globals {
            set: Vec::new(),
            run_id: "".into(),
            hostname: "".into(),
            asked: RefCell::default(),
            unknown: RefCell::default(),
            lacking: RefCell::default(),
        };
        let shown = |text: &str, sources: &mut Sources| {
            let file = sources.add("t", "t".into(), text);
            let scope = Scope {
                globals: &globals,
                sources,
                columns: &[],
                bindings: &[],
                layers: [&[], &[], &[]],
                case_id: None,
            };
            let mut faults = Vec::new();
            let pieces = scope.pieces(text, Span { file, start: 0, end: text.len() as u32 }, &mut faults);
            let piece = |piece: &Piece<'_>| match piece {
                Piece::Text(text) => (*text).to_owned(),
                Piece::Variable(name) => format!("<{name}>"),
            };
            let labels: Vec<String> = faults.into_iter().map(|fault| fault.label).collect();
            if labels.is_empty() { Ok(pieces.iter().map(piece).collect::<String>()) } else { Err(labels) }
        };
        for (text, expected) in [
            ("a $(b) c$(d)", "a <b> c<d>"),
            ("5 $$, $$(a), $", "5 $, $(a), $"),
            ("/end$/", "/end$/"),
            ("$$$(a)", "$<a>"),
        ] {
            assert_eq!(shown(text, &mut sources).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(shown("x ${a} y", &mut sources), Err(vec!["write `$(a)`".to_owned()]));
        assert!(shown("$(a", &mut sources).is_err());
        assert!(shown("$(a b)", &mut sources).is_err());
    }
}
