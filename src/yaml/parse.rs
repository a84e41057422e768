//! Text to a tree: serde_yaml's meaning along saphyr's outline.

use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::outline::{Outline, Shape, empty, outline};
use super::{Diagnostic, FileId, Key, Node, Sources, Span, Value};

/// Reads a file of the sources as the tree that it means. Aliases are followed;
/// merge keys, tags, doubled keys and a second document are errors.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the file.
///
/// # Panics
///
/// If the file is of another [`Sources`].
pub fn parse(sources: &Sources, file: FileId) -> Result<Node, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    parse_as_far_as_possible(sources, file, &mut faults).filter(|_| faults.is_empty()).ok_or(faults)
}

/// The same, but what can be read is returned beside the faults, so that its own
/// faults can be shown in one go with them: of a doubled key the first value.
///
/// # Panics
///
/// If the file is of another [`Sources`].
pub fn parse_as_far_as_possible(
    sources: &Sources,
    file: FileId,
    faults: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let text = Arc::clone(&sources.get(file).text);
    let root = outline(&text, file).map_err(|error| faults.push(error)).ok()?;
    let seed = Seed { outline: &root, faults };
    match seed.deserialize(serde_yaml::Deserializer::from_str(&text)) {
        Ok(node) if matches!(node.value, Value::Null) => {
            faults.push(empty(file));
            None
        }
        Ok(node) => Some(node),
        Err(error) => {
            faults.push(meaning_error(&error, &text, file, root.span));
            None
        }
    }
}

fn meaning_error(error: &serde_yaml::Error, text: &str, file: FileId, whole: Span) -> Diagnostic {
    let span = error.location().map_or(whole, |location| {
        let line: usize = text.split_inclusive('\n').take(location.line() - 1).map(str::len).sum();
        let rest = text[line..].lines().next().unwrap_or_default();
        let column = rest.char_indices().nth(location.column() - 1).map_or(rest.len(), |(byte, _)| byte);
        let at = (line + column) as u32;
        Span { file, start: at, end: at }
    });
    let words = error.to_string();
    // serde_yaml names the place in its own way; ours stands beside it.
    let words = words.split(" at line ").next().unwrap_or_default();
    Diagnostic::error(format!("not YAML: {words}"), span)
}

/// One node to read, and what was found wrong so far.
struct Seed<'o, 'f> {
    outline: &'o Rc<Outline>,
    faults: &'f mut Vec<Diagnostic>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let value = match &self.outline.shape {
            Shape::Scalar => deserializer.deserialize_option(Scalar)?,
            Shape::Sequence(items) => {
                deserializer.deserialize_seq(Sequence { items, faults: self.faults })?
            }
            Shape::Mapping(pairs) => deserializer.deserialize_map(Mapping { pairs, faults: self.faults })?,
        };
        Ok(Node { span: self.outline.span, value })
    }
}

const DISAGREE: &str = "two readers of YAML understand this differently; quote the text";

/// A scalar: nothing, or its raw text.
struct Scalar;

impl<'de> Visitor<'de> for Scalar {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Scalar(text.into()))
    }
}

struct Sequence<'o, 'f> {
    items: &'o [Rc<Outline>],
    faults: &'f mut Vec<Diagnostic>,
}

impl<'de> Visitor<'de> for Sequence<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::with_capacity(self.items.len());
        for outline in self.items {
            let seed = Seed { outline, faults: self.faults };
            let node = access.next_element_seed(seed)?;
            nodes.push(node.ok_or_else(|| A::Error::custom(DISAGREE))?);
        }
        Ok(Value::Sequence(nodes))
    }
}

struct Mapping<'o, 'f> {
    pairs: &'o [(Rc<Outline>, Rc<Outline>)],
    faults: &'f mut Vec<Diagnostic>,
}

impl<'de> Visitor<'de> for Mapping<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::with_capacity(self.pairs.len());
        let mut seen = HashSet::with_capacity(self.pairs.len());
        for (key, value) in self.pairs {
            let seed = Seed { outline: key, faults: self.faults };
            let name = access.next_key_seed(seed)?.ok_or_else(|| A::Error::custom(DISAGREE))?;
            let node = access.next_value_seed(Seed { outline: value, faults: self.faults })?;
            let fault = match name.value {
                Value::Scalar(text) if &*text == "<<" => {
                    Diagnostic::error("merge keys are not read", name.span)
                        .label("write the keys out, or put them under `defaults`")
                }
                Value::Scalar(text) if seen.insert(Arc::clone(&text)) => {
                    entries.push((Key { span: name.span, name: text }, node));
                    continue;
                }
                Value::Scalar(text) => {
                    Diagnostic::error(format!("`{text}` stands twice in one map"), name.span)
                        .label("the second would replace the first")
                }
                Value::Null => Diagnostic::error("a map's key is missing", name.span),
                Value::Sequence(_) | Value::Mapping(_) => {
                    let fault =
                        Diagnostic::error(format!("a map's key is a text, not {}", name.kind()), name.span);
                    fault.label(match doubly_braced(&name) {
                        // As Ansible, Jinja and Helm write it.
                        Some(word) => format!("variables are written `$({word})`"),
                        None => "a text that begins with a brace or bracket is quoted".to_owned(),
                    })
                }
            };
            self.faults.push(fault);
        }
        Ok(Value::Mapping(entries))
    }
}

/// The name in `{{ name }}`, of which this is the inner map.
fn doubly_braced(inner: &Node) -> Option<&str> {
    match &inner.value {
        Value::Mapping(entries) => match &entries[..] {
            [(key, Node { value: Value::Null, .. })] => Some(&key.name),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, Vec<Diagnostic>> {
        let mut sources = Sources::default();
        let file = sources.add("t.yaml", "t.yaml".into(), text);
        parse(&sources, file)
    }

    fn errors(text: &str) -> Vec<String> {
        read(text).expect_err("refused").into_iter().map(|fault| fault.message).collect()
    }

    fn scalars(text: &str) -> Vec<Option<String>> {
        let node = read(text).expect("well-formed");
        let Value::Sequence(items) = node.value else { panic!("a list") };
        items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    }

    #[test]
    fn a_scalar_is_its_source_text() {
        let texts = ["250", "1.10", "no", "0123", "0123456", "1e3", "421 4.7.66", "0x1F", "1_000", "true"];
        let file: String = texts.iter().map(|text| format!("- {text}\n")).collect();
        assert_eq!(scalars(&file), texts.map(|text| Some(text.to_owned())));
    }

    #[test]
    fn nothing_and_quoted_nothing_differ() {
        assert_eq!(
            scalars("-\n- ~\n- null\n- ''\n- 'null'\n- # note\n"),
            [None, None, None, Some(String::new()), Some("null".into()), None]
        );
    }

    #[test]
    fn aliases_are_followed() {
        assert_eq!(scalars("- &a x\n- *a\n"), [Some("x".into()), Some("x".into())]);
    }

    #[test]
    fn every_doubled_and_merge_key_is_told() {
        assert_eq!(
            errors("a: 1\n'a': 2\nb: { c: 1, c: 2 }\nd: { <<: {e: f} }\n"),
            ["`a` stands twice in one map", "`c` stands twice in one map", "merge keys are not read"]
        );
    }

    #[test]
    fn tags_and_keys_that_are_no_text_are_errors() {
        assert_eq!(errors("a: !!str 5\n"), ["tags are not read: the key gives a value its type"]);
        assert_eq!(errors("? [a]\n: b\n"), ["a map's key is a text, not a list"]);
        assert!(errors("{{ x }}: b\n").contains(&"a map's key is a text, not a map".to_owned()));
        let faults = read("a: {{ x }}\n").expect_err("refused");
        assert_eq!(faults[0].label, "variables are written `$(x)`");
    }

    #[test]
    fn broken_files_are_errors_with_a_place() {
        for text in
            ["a: [b\n", "a: 'b\n", "a:\n\t- b\n", "a: b: c\n", "a: @b\n", "a: ${b, c: }\n\u{1}", "%", "..."]
        {
            let faults = read(text).expect_err(text);
            assert!(faults.iter().all(|fault| fault.span.is_some()), "{text}");
        }
    }
}
