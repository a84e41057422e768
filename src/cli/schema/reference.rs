//! The tables of keys in the documentation, drawn from the schemas.
//!
//! A page holds a table between two comments, and prose around it:
//!
//! ```text
//! <!-- schema: scenario key.tls -->
//! …
//! <!-- end -->
//! ```
//!
//! names the kind of file and the definition (none: the file itself); `beyond stage`
//! behind it leaves out the keys of another. Maps within a map stand in its table with
//! their whole path, unless they have a table of their own: that is linked. So a new key
//! appears by itself, and a new map as well.
//!
//! The tables exist for the tests alone, which hold the pages to them; `make golden`
//! writes them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};

use super::command::Kind;
use super::form::PLACE;

/// The pages that hold tables, below `docs`.
const PAGES: [&str; 2] = ["scenarios.md", "exchange-online.md"];

/// Definitions that are no map, and how a table calls them.
const EXPLAINED: [(&str, &str); 8] = [
    ("variable", ""),
    ("text", "text"),
    ("duration", "[duration](scenarios.md#how-values-are-read)"),
    ("pattern", "[pattern](scenarios.md#patterns)"),
    ("stage-name", "[stage](scenarios.md#stage-by-stage)"),
    ("defaults", "map of [these](scenarios.md#keys-of-a-scenario)"),
    ("step", "[step](scenarios.md#the-dialogue-step-by-step)"),
    ("step.told", ""),
];

const DEFINITIONS: &str = "#/definitions/";

const END: &str = "<!-- end -->";

/// Where a table stands.
struct Place {
    page: &'static str,
    kind: Kind,
    /// The definition, empty for the file itself.
    part: String,
    beyond: Option<String>,
    /// The heading above it.
    heading: String,
}

impl Place {
    /// What a comment asks for.
    fn read(line: &str, page: &'static str, heading: &str) -> Option<Self> {
        let words = line.strip_prefix("<!-- schema: ")?.strip_suffix(" -->")?;
        let (words, beyond) = match words.split_once(" beyond ") {
            Some((words, other)) => (words, Some(other.to_owned())),
            None => (words, None),
        };
        let (kind, part) = words.split_once(' ').unwrap_or((words, ""));
        let kind = Kind::from_str(kind, false).unwrap_or_else(|why| panic!("{page}: {line}: {why}"));
        Some(Self { page, kind, part: part.to_owned(), beyond, heading: heading.to_owned() })
    }

    /// Every place of a page.
    fn all(page: &'static str, text: &str) -> Vec<Self> {
        let mut heading = "";
        let mut places = Vec::new();
        for line in text.lines() {
            if line.starts_with('#') {
                heading = line.trim_start_matches('#').trim();
            }
            places.extend(Self::read(line, page, heading));
        }
        places
    }

    fn link(&self) -> String {
        let kept: String =
            self.heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect();
        format!("[{}]({}#{})", self.heading, self.page, kept.to_lowercase().replace(' ', "-"))
    }
}

/// What a value may be: words for a cell, and maps with what stands between the key and
/// theirs.
#[derive(Default)]
struct Takes<'s> {
    words: Vec<String>,
    maps: Vec<(&'static str, &'s Map<String, Value>)>,
}

impl Takes<'_> {
    fn word(&mut self, word: impl Into<String>) {
        let word = word.into();
        if !word.is_empty() && !self.words.contains(&word) {
            self.words.push(word);
        }
    }

    fn cell(&self) -> String {
        match &self.words[..] {
            [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
            words => words.concat(),
        }
    }
}

/// Draws tables of one schema.
struct Tables<'s> {
    schema: &'s Value,
    /// The heading of the one that is drawn.
    heading: &'s str,
    places: &'s [Place],
    /// The keys of every map that a table has shown.
    shown: &'s mut BTreeSet<Vec<String>>,
}

impl<'s> Tables<'s> {
    /// The table that a place asks for.
    fn draw(&mut self, place: &Place) -> String {
        let maps = self.root(&place.part, place);
        assert!(!maps.is_empty(), "{}: `{}` is no map", place.page, place.part);
        let less = place.beyond.as_deref().map(|part| self.root(part, place)).unwrap_or_default();
        let less: Vec<&String> = less.iter().flat_map(|map| map.keys()).collect();
        let mut out = "| Key | Takes | Meaning |\n|---|---|---|\n".to_owned();
        maps.into_iter().for_each(|map| self.rows(map, "", &less, &mut out));
        out.replace(&format!("({}#", place.page), "(#")
    }

    /// The maps of a definition.
    fn root(&self, part: &str, place: &Place) -> Vec<&'s Map<String, Value>> {
        let schema = self.schema;
        let value = if part.is_empty() { Some(schema) } else { schema["definitions"].get(part) };
        let value = value.unwrap_or_else(|| panic!("{}: the schema has no `{part}`", place.page));
        let mut takes = Takes::default();
        self.takes(value, &mut takes);
        takes.maps.into_iter().map(|(_, map)| map).collect()
    }

    fn rows(&mut self, map: &'s Map<String, Value>, path: &str, less: &[&String], out: &mut String) {
        self.shown.insert(map.keys().cloned().collect());
        let mut keys: Vec<_> = map.iter().filter(|(name, _)| !less.contains(name)).collect();
        keys.sort_by_key(|(_, value)| value[PLACE].as_u64());
        for (name, value) in keys {
            let mut takes = Takes::default();
            self.takes(value, &mut takes);
            let mut cell = takes.cell();
            let examples = self.examples(value).into_iter().flatten();
            let examples: Vec<String> = examples.map(|example| format!("`{}`", flow(example))).collect();
            if !examples.is_empty() {
                let _ = write!(cell, ": {}", examples.join(", "));
            }
            let means = value["description"].as_str().unwrap_or_default();
            let row = [&format!("`{path}{name}`"), &cell, means].map(|cell| cell.replace('|', "\\|"));
            let _ = writeln!(out, "| {} |", row.join(" | "));
            for (between, map) in takes.maps {
                self.rows(map, &format!("{path}{name}.{between}"), &[], out);
            }
        }
    }

    /// Those of the key, or of what it refers to.
    fn examples(&self, value: &'s Value) -> Option<&'s Vec<Value>> {
        let referred =
            value["$ref"].as_str().map(|name| &self.schema["definitions"][&name[DEFINITIONS.len()..]]);
        [Some(value), referred].into_iter().flatten().find_map(|value| value["examples"].as_array())
    }

    /// What a value may be.
    fn takes(&self, value: &'s Value, takes: &mut Takes<'s>) {
        if let Some(name) = value["$ref"].as_str().and_then(|name| name.strip_prefix(DEFINITIONS)) {
            self.definition(name, takes);
        } else if let Some(any) = value["anyOf"].as_array() {
            any.iter().for_each(|value| self.takes(value, takes));
        } else if let Some(words) = value["enum"].as_array() {
            words.iter().for_each(|word| takes.word(format!("`{}`", flow(word))));
        } else if let Some(keys) = value["properties"].as_object() {
            takes.word("map");
            takes.maps.push(("", keys));
        } else {
            match value["type"].as_str() {
                Some("object") => {
                    let mut of = Takes::default();
                    self.takes(&value["additionalProperties"], &mut of);
                    takes.word("map");
                    takes.maps.extend(of.maps.into_iter().map(|(_, map)| ("NAME.", map)));
                }
                Some("array") => self.list(&value["items"], takes),
                Some("integer") => match (&value["minimum"], &value["maximum"]) {
                    (least, most) if most.as_u64() < Some(u64::MAX) => {
                        takes.word(format!("{} to {}", grouped(least), grouped(most)))
                    }
                    _ => takes.word("number"),
                },
                // A variable, or a number that is written as a text.
                Some("string") => {}
                _ => takes.word("anything"),
            }
        }
    }

    /// A definition that has a table of its own is linked.
    fn definition(&self, name: &str, takes: &mut Takes<'s>) {
        if let Some((_, words)) = EXPLAINED.iter().find(|(known, _)| *known == name) {
            takes.word(*words);
            return;
        }
        let mut of = Takes::default();
        self.takes(&self.schema["definitions"][name], &mut of);
        let own = self.places.iter().find(|place| place.part == name);
        for word in of.words {
            match own.filter(|own| word == "map" && own.heading != self.heading) {
                Some(own) => takes.word(format!("map, see {}", own.link())),
                None => takes.word(word),
            }
        }
        if own.is_none() {
            takes.maps.append(&mut of.maps);
        }
    }

    fn list(&self, items: &'s Value, takes: &mut Takes<'s>) {
        let mut of = Takes::default();
        self.takes(items, &mut of);
        if of.words.iter().all(|word| takes.words.contains(word)) {
            takes.word("list");
        } else {
            let one = of.words.len() == 1;
            takes.word(match of.cell() {
                cell if one => format!("list of {}", cell.replacen("map", "maps", 1)),
                cell => format!("list of {cell}"),
            });
            takes.maps.append(&mut of.maps);
        }
    }
}

/// A number with its thousands apart.
fn grouped(number: &Value) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A value as YAML has it on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) if text.is_empty() || text.contains([',', '{', '[', '#', '"']) => {
            value.to_string()
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A page as it stands and as it should.
struct Page {
    name: &'static str,
    was: String,
    now: String,
}

/// The pages, and the keys of every map shown.
fn pages() -> (Vec<Page>, BTreeSet<Vec<String>>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let texts = PAGES.map(|page| (page, fs::read_to_string(folder.join(page)).expect("the page is there")));
    let places: Vec<Place> = texts.iter().flat_map(|(page, text)| Place::all(page, text)).collect();
    let mut shown = BTreeSet::new();
    let filled = texts.into_iter().map(|(page, text)| {
        let (mut out, mut lines) = (String::new(), text.lines());
        while let Some(line) = lines.next() {
            out += &format!("{line}\n");
            if let Some(place) = Place::read(line, page, "") {
                assert!(lines.any(|line| line == END), "{page}: no {END} behind {line}");
                let schema = place.kind.schema_with_places();
                let heading = &places
                    .iter()
                    .find(|known| known.part == place.part && known.kind == place.kind)
                    .expect("every place was found")
                    .heading;
                let mut tables = Tables { schema: &schema, heading, places: &places, shown: &mut shown };
                out += &format!("\n{}\n{END}\n", tables.draw(&place));
            }
        }
        Page { name: page, was: text, now: out }
    });
    (filled.collect(), shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_documentation_are_what_the_schemas_say() {
        let (pages, _) = pages();
        for Page { name, was, now } in pages {
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name), &now)
                    .expect("the folder is writable");
            } else {
                assert!(was == now, "docs/{name} is not what the schemas say: `make golden` writes it anew");
            }
        }
    }

    #[test]
    fn every_key_of_every_map_stands_in_a_table() {
        fn maps(schema: &Value, out: &mut BTreeSet<Vec<String>>) {
            match schema {
                Value::Object(members) => {
                    if let Some(Value::Object(keys)) = members.get("properties") {
                        out.insert(keys.keys().cloned().collect());
                    }
                    members.values().for_each(|value| maps(value, out));
                }
                Value::Array(items) => items.iter().for_each(|item| maps(item, out)),
                _ => {}
            }
        }
        let (_, shown) = pages();
        for kind in Kind::value_variants() {
            let mut all = BTreeSet::new();
            maps(&kind.schema(), &mut all);
            // Said in prose: a file of tenants has this key alone, or none.
            all.remove(&vec!["tenants".to_owned()]);
            for keys in &all {
                let stands = shown.iter().any(|table| keys.iter().all(|key| table.contains(key)));
                assert!(stands, "no table shows the map of the keys {keys:?}; see `reference`");
            }
        }
    }
}
