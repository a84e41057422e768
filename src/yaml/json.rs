//! JSON (RFC 8259) to the same tree as YAML, every node with its place.
//!
//! What machines write is not read as YAML: it would take ten times as long, and a
//! JSON file has one meaning. Numbers, `true` and `false` become their source text,
//! as scalars of YAML do.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Diagnostic, FileId, Key, Node, Sources, Span, Value};

/// Deepest nesting.
const MAX_DEPTH: u32 = 64;

/// Reads a file of the sources as JSON. A member that stands twice is an error.
///
/// # Errors
///
/// The first thing that is no JSON, or every member that stands twice.
///
/// # Panics
///
/// If the file is of another [`Sources`].
pub fn parse_json(sources: &Sources, file: FileId) -> Result<Node, Vec<Diagnostic>> {
    let text = &sources.get(file).text;
    let mut reader = Reader { text, at: 0, file, names: HashMap::new(), doubled: Vec::new() };
    let read = reader.value(0).and_then(|node| {
        reader.space();
        match reader.at == text.len() {
            true => Ok(node),
            false => Err(reader.fault("more after the end of the value")),
        }
    });
    match read {
        Ok(node) if reader.doubled.is_empty() => Ok(node),
        Ok(_) => Err(reader.doubled),
        Err(fault) => Err(vec![fault]),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    file: FileId,
    /// Names of members, each kept once: exports repeat them object by object.
    names: HashMap<&'t str, Arc<str>>,
    doubled: Vec<Diagnostic>,
}

impl<'t> Reader<'t> {
    fn span(&self, start: usize) -> Span {
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { file: self.file, start: byte(start), end: byte(self.at) }
    }

    fn fault(&self, what: &str) -> Diagnostic {
        Diagnostic::error(format!("not JSON: {what}"), self.span(self.at))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether the byte comes next; it is taken then.
    fn takes(&mut self, byte: u8) -> bool {
        let comes = self.peek() == Some(byte);
        self.at += usize::from(comes);
        comes
    }

    fn value(&mut self, depth: u32) -> Result<Node, Diagnostic> {
        if depth > MAX_DEPTH {
            return Err(self.fault("nested deeper than 64 levels"));
        }
        self.space();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::Scalar(self.string()?.into()),
            Some(_) => self.word()?,
            None => return Err(self.fault("the file ends where a value is wanted")),
        };
        Ok(Node { span: self.span(start), value })
    }

    fn object(&mut self, depth: u32) -> Result<Value, Diagnostic> {
        self.at += 1;
        let mut entries = Vec::new();
        let mut seen = HashSet::new();
        self.space();
        if self.takes(b'}') {
            return Ok(Value::Mapping(entries));
        }
        loop {
            self.space();
            let start = self.at;
            let name = self.name()?;
            let key = Key { span: self.span(start), name };
            self.space();
            if !self.takes(b':') {
                return Err(self.fault("`:` is wanted after a member's name"));
            }
            let node = self.value(depth + 1)?;
            if seen.insert(Arc::clone(&key.name)) {
                entries.push((key, node));
            } else {
                let message = format!("`{}` stands twice in one object", key.name);
                self.doubled.push(Diagnostic::error(message, key.span));
            }
            self.space();
            if self.takes(b'}') {
                return Ok(Value::Mapping(entries));
            }
            if !self.takes(b',') {
                return Err(self.fault("`,` or `}` is wanted after a member"));
            }
        }
    }

    fn array(&mut self, depth: u32) -> Result<Value, Diagnostic> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.takes(b']') {
            return Ok(Value::Sequence(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.takes(b']') {
                return Ok(Value::Sequence(items));
            }
            if !self.takes(b',') {
                return Err(self.fault("`,` or `]` is wanted after an item"));
            }
        }
    }

    fn name(&mut self) -> Result<Arc<str>, Diagnostic> {
        if self.peek() != Some(b'"') {
            return Err(self.fault("a member's name in quotes is wanted"));
        }
        let raw = self.raw_string()?;
        if raw.contains('\\') {
            return Ok(self.unescaped(raw)?.into());
        }
        Ok(Arc::clone(self.names.entry(raw).or_insert_with(|| raw.into())))
    }

    fn string(&mut self) -> Result<String, Diagnostic> {
        let raw = self.raw_string()?;
        if raw.contains('\\') { self.unescaped(raw) } else { Ok(raw.to_owned()) }
    }

    /// What stands between the quotes.
    fn raw_string(&mut self) -> Result<&'t str, Diagnostic> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                // Whatever is escaped, the next byte ends nothing.
                Some(b'\\') => self.at += 2,
                Some(byte) if byte < 0x20 => return Err(self.fault("a control character in a text")),
                Some(_) => self.at += 1,
                None => {
                    self.at = self.text.len();
                    return Err(self.fault("the file ends inside a text"));
                }
            }
        }
        let raw = self.text.get(start..self.at).ok_or_else(|| self.fault("a broken escape"))?;
        self.at += 1;
        Ok(raw)
    }

    fn unescaped(&self, raw: &str) -> Result<String, Diagnostic> {
        let fault = || {
            let at = self.at - 1 - raw.len();
            Diagnostic::error("not JSON: an escape that JSON does not have", self.span(at))
        };
        let mut out = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('\\') {
            out.push_str(before);
            let escape = after.chars().next().ok_or_else(fault)?;
            rest = &after[escape.len_utf8()..];
            match escape {
                '"' | '\\' | '/' => out.push(escape),
                'b' => out.push('\u{8}'),
                'f' => out.push('\u{c}'),
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                'u' => {
                    let high = unit(&mut rest).ok_or_else(fault)?;
                    let low = match high {
                        0xD800..=0xDBFF => {
                            rest = rest.strip_prefix("\\u").ok_or_else(fault)?;
                            Some(unit(&mut rest).ok_or_else(fault)?)
                        }
                        _ => None,
                    };
                    let units = std::iter::once(high).chain(low);
                    for c in char::decode_utf16(units) {
                        out.push(c.map_err(|_| fault())?);
                    }
                }
                _ => return Err(fault()),
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<Value, Diagnostic> {
        let rest = &self.text[self.at..];
        let end = rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || b"+-.".contains(&b)));
        let word = &rest[..end.unwrap_or(rest.len())];
        let is_number = serde_json::from_str::<serde_json::Number>(word).is_ok();
        let value = match word {
            "null" => Value::Null,
            "true" | "false" => Value::Scalar(word.into()),
            _ if is_number => Value::Scalar(word.into()),
            _ => return Err(self.fault("neither a text, a number, an object nor an array")),
        };
        self.at += word.len();
        Ok(value)
    }
}

/// Four hexadecimal digits, taken off.
fn unit(rest: &mut &str) -> Option<u16> {
    let (digits, after) = rest.split_at_checked(4)?;
    *rest = after;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Vec<String>> {
        let mut sources = Sources::default();
        let file = sources.add("t.json", "t.json".into(), text);
        let node = parse_json(&sources, file).map_err(|faults| {
            let told = |fault: Diagnostic| format!("{} {}", fault.span.map_or(0, |s| s.start), fault.message);
            faults.into_iter().map(told).collect::<Vec<_>>()
        })?;
        Ok(shown(&node))
    }

    fn shown(node: &Node) -> String {
        match &node.value {
            Value::Null => "~".into(),
            Value::Scalar(text) => format!("<{text}>"),
            Value::Sequence(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
            Value::Mapping(entries) => {
                let entries = entries.iter().map(|(key, node)| format!("{}={}", key.name, shown(node)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn json_reads_as_the_tree_that_it_means() {
        for (text, tree) in [
            ("null", "~"),
            (" [ ] ", "[]"),
            ("{}", "{}"),
            ("[true,false,null,-1.5e+3,0]", "[<true> <false> ~ <-1.5e+3> <0>]"),
            (r#"{"a":{"b":[1,"x"]},"c":""}"#, "{a={b=[<1> <x>]} c=<>}"),
            (
                r#"["\/Date(1690000000000)\/","\u0027\ud83d\ude00\n\\\""]"#,
                "[</Date(1690000000000)/> <'😀\n\\\">]",
            ),
        ] {
            assert_eq!(read(text), Ok(tree.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for (text, told) in [
            ("", "0 not JSON: the file ends where a value is wanted"),
            ("[1,]", "3 not JSON: neither a text, a number, an object nor an array"),
            ("[1 2]", "3 not JSON: `,` or `]` is wanted after an item"),
            ("{a:1}", "1 not JSON: a member's name in quotes is wanted"),
            (r#"{"a" 1}"#, "5 not JSON: `:` is wanted after a member's name"),
            (r#"{"a":1"#, "6 not JSON: `,` or `}` is wanted after a member"),
            ("\"a", "2 not JSON: the file ends inside a text"),
            ("\"a\\", "3 not JSON: the file ends inside a text"),
            ("\"\\x\"", "1 not JSON: an escape that JSON does not have"),
            ("\"\\ud800\"", "1 not JSON: an escape that JSON does not have"),
            ("1 2", "2 not JSON: more after the end of the value"),
            ("01", "0 not JSON: neither a text, a number, an object nor an array"),
            ("nul", "0 not JSON: neither a text, a number, an object nor an array"),
            (r#"{"a":1,"a":2,"b":{"c":1,"c":1}}"#, "7 `a` stands twice in one object"),
        ] {
            assert_eq!(read(text).expect_err(text)[0], told, "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(read(&deep).expect_err("deep")[0].ends_with("nested deeper than 64 levels"));
    }

    #[test]
    fn a_file_cut_off_anywhere_is_an_error_and_no_more() {
        let text = r#"{"a": ["\u00e9", {"b": null}, -1.0], "ü": "\\"}"#;
        for (at, _) in text.char_indices() {
            assert!(read(&text[..at]).is_err(), "cut at {at}");
        }
        assert!(read(text).is_ok());
    }
}
