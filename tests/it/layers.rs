//! The house rules that a compiler does not keep: floors, file length, plain
//! `mod.rs` files, and no debug notation in what a user reads.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor; an arrow may only point to a lower one (`docs/architecture.md`).
const FLOORS: &[&[&str]] = &[
    &["dns", "smtp", "tls", "yaml", "secret"],
    &["message", "exchange"],
    &["plan"],
    &["scenario", "session", "simulator"],
    &["verdict"],
    &["runner", "report"],
    &["cli", "fuzz"],
    &["main", "lib"],
];

/// Longest file, in lines.
const LONGEST: usize = 600;

/// What is compiled for tests and for fuzzing.
const FOR_FUZZING: &str = "#[cfg(any(test, feature = \"fuzz\"))]";

/// Tables: data in the shape of code, which may be as long as the data is.
const TABLES: &[&str] = &["src/exchange/catalogue"];

#[test]
fn every_arrow_between_rooms_points_down() {
    let mut wrong = String::new();
    for file in sources("src") {
        let Some(own) = floor(&file.room) else {
            writeln!(wrong, "{}: room `{}` stands on no floor of tests/it/layers.rs", file.name, file.room)
                .unwrap();
            continue;
        };
        for (line, room) in arrows(&file.code) {
            if room == file.room {
                continue;
            }
            match floor(&room) {
                Some(other) if other < own => {}
                Some(other) => writeln!(
                    wrong,
                    "{}:{line}: `{}` (floor {own}) must not use `{room}` (floor {other})",
                    file.name, file.room
                )
                .unwrap(),
                None => writeln!(wrong, "{}:{line}: `crate::{room}` is no room", file.name).unwrap(),
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that do not point down:\n{wrong}");
}

#[test]
fn no_file_but_a_table_is_past_600_lines() {
    let long: Vec<String> = sources("src")
        .into_iter()
        .chain(sources("tests"))
        .filter(|file| file.text.lines().count() > LONGEST)
        .filter(|file| !TABLES.iter().any(|table| file.name.starts_with(table)))
        .map(|file| format!("{}: {} lines", file.name, file.text.lines().count()))
        .collect();
    assert!(long.is_empty(), "two rooms in one?\n{}", long.join("\n"));
}

#[test]
fn nothing_is_unsafe_and_nothing_is_left_to_do() {
    let mut wrong = String::new();
    for file in sources("src").into_iter().chain(sources("tests")) {
        for (at, line) in file.code.lines().enumerate() {
            for word in ["unsafe", "todo!", "unimplemented!", "dbg!"] {
                if words(line).any(|found| found == word.trim_end_matches('!')) && line.contains(word) {
                    writeln!(wrong, "{}:{}: `{word}`", file.name, at + 1).unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_mod_file_only_declares_and_re_exports() {
    let mut wrong = String::new();
    for file in sources("src").into_iter().filter(|file| file.name.ends_with("mod.rs")) {
        for (at, line) in file.code.lines().enumerate() {
            if let Some(item) = words(line).find(|word| {
                ["fn", "struct", "enum", "impl", "trait", "const", "static", "type"].contains(word)
            }) {
                writeln!(wrong, "{}:{}: `{item}`", file.name, at + 1).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "give it a file of its own:\n{wrong}");
}

#[test]
fn no_debug_notation_in_what_a_user_reads() {
    let mut wrong = String::new();
    let files = sources("src");
    let tests = test_modules(&files);
    for file in files.iter().filter(|file| !tests.iter().any(|test| file.name.starts_with(test))) {
        // Tests stand at the end of a file; what they print only we read.
        let end = file.text.find("#[cfg(test)]").unwrap_or(file.text.len());
        for (at, line) in file.text[..end].lines().enumerate() {
            let code = line.trim_start();
            if code.starts_with("//") || code.contains("assert") || code.contains("unreachable!") {
                continue;
            }
            if line.contains(":?}") || line.contains(":#?}") {
                writeln!(wrong, "{}:{}: {}", file.name, at + 1, code).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "say it in words:\n{wrong}");
}

/// Where the modules stand that are compiled for tests, or tests and fuzzing, alone:
/// `src/a/b.rs` and `src/a/b/` for a `#[cfg(test)] mod b;` in `src/a/mod.rs`.
fn test_modules(files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let folder =
            file.name.trim_end_matches("/mod.rs").trim_end_matches("/lib.rs").trim_end_matches(".rs");
        let for_fuzzing = blank(FOR_FUZZING);
        let marks = ["#[cfg(test)]", &for_fuzzing].into_iter();
        for (at, attribute) in marks.flat_map(|mark| file.code.match_indices(mark)) {
            let rest = file.code[at + attribute.len()..].trim_start();
            let rest = rest.strip_prefix("pub ").unwrap_or(rest);
            if let Some((name, _)) = rest.strip_prefix("mod ").and_then(|rest| rest.split_once(';')) {
                found.extend([format!("{folder}/{name}.rs"), format!("{folder}/{name}/")]);
            }
        }
    }
    found.retain(|name| !name.contains('{'));
    found
}

/// One source file.
struct Source {
    /// Below the project's folder.
    name: String,
    /// The module below the crate's root that it belongs to.
    room: String,
    text: String,
    /// The text with comments and literals blanked, line by line as before.
    code: String,
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join(folder), &mut files);
    files.sort();
    let found: Vec<Source> = files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file is readable");
            let name = path.strip_prefix(root).expect("it was found below").display().to_string();
            let room = name.split('/').nth(1).unwrap_or_default().trim_end_matches(".rs").to_owned();
            Source { code: blank(&text), name, room, text }
        })
        .collect();
    assert!(!found.is_empty(), "{folder} holds no source");
    found
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The rooms that `crate::…` and `super::super::…` paths name, with their lines;
/// of `crate::{a, b::c}` both `a` and `b`.
fn arrows(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (prefix, root_sure) in [("crate::", true), ("super::super::", false)] {
        for (at, _) in code.match_indices(prefix) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            for name in heads(&code[at + prefix.len()..]) {
                // Two steps up from a test module is the file's own parent.
                if root_sure || floor(&name).is_some() {
                    found.push((line, name));
                }
            }
        }
    }
    found
}

/// The first names of a path or of each path in a group.
fn heads(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else {
        return words(rest)
            .next()
            .filter(|word| rest.starts_with(word))
            .map(str::to_owned)
            .into_iter()
            .collect();
    };
    let (mut depth, mut fresh, mut heads) = (0, true, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if c.is_alphabetic() && fresh => {
                heads.extend(words(&group[at..]).next().map(str::to_owned));
                fresh = false;
            }
            _ => {}
        }
    }
    heads
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Blanks comments, strings and characters, so that only code is searched.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest, out.chars().next_back());
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    out
}

/// How long the comment or literal is that `rest` starts with; 0 where it starts
/// with neither.
fn literal(rest: &str, before: Option<char>) -> usize {
    let inside_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if !inside_word && let Some(raw) = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = rest.len() - raw.len() + hashes + 1;
            return rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len());
        }
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    // A character, not a lifetime: the quote closes after one, perhaps escaped.
    if let Some(inner) = rest.strip_prefix('\'') {
        let mut chars = inner.chars();
        match chars.next() {
            Some('\\') => return quoted(rest, '\''),
            Some(c) if chars.next() == Some('\'') => return 2 + c.len_utf8(),
            _ => {}
        }
    }
    0
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[test]
fn arrows_are_found_in_groups_and_not_in_comments_or_text() {
    let code = blank(
        "use crate::{smtp::{Reply, Stage}, tls};\n// crate::cli\nlet x = \"crate::report\";\nlet c = '\"'; crate::plan::Plan\nuse super::super::runner::run;\nlet r = r#\"crate::cli\"#;\n",
    );
    let names: Vec<(usize, String)> = arrows(&code);
    let names: Vec<(usize, &str)> = names.iter().map(|(line, name)| (*line, name.as_str())).collect();
    assert_eq!(names, [(1, "smtp"), (1, "tls"), (4, "plan"), (5, "runner")]);
}
