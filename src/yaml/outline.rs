//! The shape of a file and the places in it, by saphyr-parser. No meaning: the
//! text of a scalar is not even kept.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScanError};

use super::{Diagnostic, FileId, Span};

/// The deepest nesting that is read; serde_yaml stops at 128.
const MAX_DEPTH: u32 = 64;

/// The most nodes that a file may come to, aliases followed.
const MAX_NODES: u64 = 500_000;

/// The shape of one node.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) span: Span,
    pub(super) shape: Shape,
    /// How many nodes it comes to, aliases followed.
    weight: u64,
    /// How deep it goes; 1 for a scalar.
    height: u32,
}

/// What it is. An alias is the node that it stands for, shared.
#[derive(Debug)]
pub(super) enum Shape {
    Scalar,
    Sequence(Vec<Rc<Outline>>),
    Mapping(Vec<(Rc<Outline>, Rc<Outline>)>),
}

/// A list or map that is still being read.
struct Open {
    anchor: usize,
    start: usize,
    mapping: bool,
    children: Vec<Rc<Outline>>,
}

/// The outline of a file's only document.
///
/// # Errors
///
/// The first thing that is wrong: what comes after it cannot be trusted.
pub(super) fn outline(text: &str, file: FileId) -> Result<Rc<Outline>, Diagnostic> {
    let offsets = Offsets::of(text, file);
    let mut parser = Parser::new_from_str(text);
    let mut anchors: HashMap<usize, Rc<Outline>> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Rc<Outline>> = None;
    let mut nodes: u64 = 0;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| scan_error(&error, &offsets))?;
        let place = offsets.span(span.start, span.end);
        let mapping = matches!(event, Event::MappingStart(..));
        let alias = matches!(event, Event::Alias(_));
        let (finished, anchor) = match event {
            Event::DocumentStart(_) if root.is_some() => {
                return Err(Diagnostic::error("a second document in one file", place)
                    .label("one file holds one document: take this line out, or split the file"));
            }
            Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                return Err(tag_error(place));
            }
            Event::Scalar(_, _, _, Some(_)) => return Err(tag_error(place)),
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                if open.len() as u32 >= MAX_DEPTH {
                    return Err(too_deep(place));
                }
                let start = span.start.index();
                open.push(Open { anchor, start, mapping, children: Vec::new() });
                continue;
            }
            Event::Scalar(_, _, anchor, _) => {
                (Rc::new(Outline { span: place, shape: Shape::Scalar, weight: 1, height: 1 }), anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let done = open.pop().expect("the parser ends only what it began");
                let end = done.children.last().map_or(place.end, |child| child.span.end.max(place.end));
                let anchor = done.anchor;
                (Rc::new(close(done, &offsets, end)), anchor)
            }
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some(node) => (Rc::clone(node), 0),
                None => return Err(Diagnostic::error("an alias inside its own anchor", place)),
            },
            _ => continue,
        };
        // What an alias stands for comes anew; a list's items were counted before.
        nodes = nodes.saturating_add(if alias { finished.weight } else { 1 });
        if nodes > MAX_NODES {
            return Err(Diagnostic::error(format!("the file comes to more than {MAX_NODES} values"), place)
                .label("aliases count as often as they are used"));
        }
        if open.len() as u32 + finished.height > MAX_DEPTH {
            return Err(too_deep(place));
        }
        if anchor > 0 {
            anchors.insert(anchor, Rc::clone(&finished));
        }
        match open.last_mut() {
            Some(parent) => parent.children.push(finished),
            None => root = Some(finished),
        }
    }
    root.ok_or_else(|| empty(file))
}

/// The message for a file without content.
pub(super) fn empty(file: FileId) -> Diagnostic {
    Diagnostic::error("the file is empty", Span { file, start: 0, end: 0 })
}

fn close(done: Open, offsets: &Offsets<'_>, end: u32) -> Outline {
    let weight = done.children.iter().fold(1, |sum: u64, child| sum.saturating_add(child.weight));
    let height = done.children.iter().map(|child| child.height).max().unwrap_or(0) + 1;
    let span = Span { file: offsets.file, start: offsets.byte(done.start), end };
    let shape = if done.mapping {
        let mut children = done.children.into_iter();
        let mut pairs = Vec::with_capacity(children.len() / 2);
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            pairs.push((key, value));
        }
        Shape::Mapping(pairs)
    } else {
        Shape::Sequence(done.children)
    };
    Outline { span, shape, weight, height }
}

fn tag_error(place: Span) -> Diagnostic {
    Diagnostic::error("tags are not read: the key gives a value its type", place)
        .label("take out the word that begins with `!`, or quote the text")
}

fn too_deep(place: Span) -> Diagnostic {
    Diagnostic::error(format!("nested deeper than {MAX_DEPTH} levels"), place)
}

fn scan_error(error: &ScanError, offsets: &Offsets<'_>) -> Diagnostic {
    let place = offsets.span(*error.marker(), *error.marker());
    if error.info() == "recursion limit exceeded" {
        return too_deep(place);
    }
    let diagnostic = Diagnostic::error(format!("not YAML: {}", error.info()), place);
    let here = &offsets.text[place.start as usize..];
    if error.info().contains("tab") {
        diagnostic.label("indent with spaces")
    } else if error.info().starts_with("illegal placement") {
        diagnostic.label("does a bracket or brace above lack its end?")
    } else if here.starts_with(':') {
        diagnostic.label(match before(offsets.text, place.start).trim_start_matches(['-', ' ']) {
            key if key.contains([' ', ':']) => "a colon and a space end a key: quote the text",
            _ => MISPLACED,
        })
    } else if here.starts_with(['@', '`', '%', '{', '[', '*', '&', '!']) {
        diagnostic.label("quote the text")
    } else if error.info().contains("did not find expected")
        && before(offsets.text, place.start).trim_start().is_empty()
    {
        diagnostic.label(MISPLACED)
    } else {
        diagnostic
    }
}

const MISPLACED: &str = "indent the line as those that it belongs with";

/// What stands before a place on its line.
fn before(text: &str, at: u32) -> &str {
    text[..at as usize].rsplit('\n').next().unwrap_or_default()
}

/// Bytes for saphyr's characters.
struct Offsets<'t> {
    text: &'t str,
    file: FileId,
    /// The byte of every 64th character; empty where every character is a byte.
    checkpoints: Vec<u32>,
}

impl<'t> Offsets<'t> {
    const STEP: usize = 64;

    fn of(text: &'t str, file: FileId) -> Self {
        let checkpoints = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().step_by(Self::STEP).map(|(byte, _)| byte as u32).collect(),
        };
        Self { text, file, checkpoints }
    }

    fn byte(&self, character: usize) -> u32 {
        if self.checkpoints.is_empty() {
            return character.min(self.text.len()) as u32;
        }
        let Some(start) = self.checkpoints.get(character / Self::STEP).map(|byte| *byte as usize) else {
            return self.text.len() as u32;
        };
        let rest = &self.text[start..];
        let within = rest.char_indices().nth(character % Self::STEP).map_or(rest.len(), |(byte, _)| byte);
        (start + within) as u32
    }

    fn span(&self, start: Marker, end: Marker) -> Span {
        let start = self.byte(start.index());
        Span { file: self.file, start, end: self.byte(end.index()).max(start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        outline(text, FileId(0)).expect_err("refused").message
    }

    #[test]
    fn places_are_bytes_where_characters_are_wider() {
        let text = "name: Müller\nother: x\n";
        let root = outline(text, FileId(0)).expect("well-formed");
        let Shape::Mapping(pairs) = &root.shape else { panic!("a map") };
        let words = |node: &Outline| &text[node.span.start as usize..node.span.end as usize];
        assert_eq!(words(&pairs[0].1), "Müller");
        assert_eq!(words(&pairs[1].0), "other");
    }

    #[test]
    fn an_alias_bomb_is_counted_not_built() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..40 {
            let alias = format!("*a{}", n - 1);
            text.push_str(&format!("a{n}: &a{n} [{}]\n", [alias.as_str(); 10].join(", ")));
        }
        assert_eq!(error(&text), "the file comes to more than 500000 values");
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(error(&"[".repeat(100_000)), "nested deeper than 64 levels");
        assert_eq!(error(&"- ".repeat(100_000)), "nested deeper than 64 levels");
    }

    #[test]
    fn an_alias_of_its_own_anchor_is_an_error() {
        assert_eq!(error("a: &a [*a]\n"), "an alias inside its own anchor");
    }

    #[test]
    fn a_line_that_is_indented_wrongly_is_told_from_a_colon_in_a_text() {
        let label = |text| {
            let mut sources = crate::yaml::Sources::default();
            let file = sources.add("t", "t".into(), text);
            outline(text, file).expect_err("refused").label
        };
        assert_eq!(label("a:\n  - b: 1\n    c: 2\n   d: 3\n"), MISPLACED);
        assert_eq!(label("a:\n  - b: 1\n      d: 3\n"), MISPLACED);
        assert_eq!(label("a: b\n c:\n  d: e\n"), MISPLACED);
        assert_eq!(label("a: [b\nc: d\n"), "does a bracket or brace above lack its end?");
        assert_eq!(label("a: 250 Ok: queued\n"), "a colon and a space end a key: quote the text");
    }

    #[test]
    fn one_file_holds_one_document() {
        assert_eq!(error("a: b\n---\nc: d\n"), "a second document in one file");
        assert_eq!(error("# nothing\n"), "the file is empty");
    }
}
