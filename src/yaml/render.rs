//! Messages as people see them.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use super::{Diagnostic, Severity, Sources};

/// The longest line that is quoted, in bytes.
const MAX_QUOTED: usize = 2_000;

/// The most messages that are shown: who reads more?
const MAX_SHOWN: usize = 1_000;

/// Every message with its line, in the order of the files, each once; then one
/// line that counts them. Control characters are made visible.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let mut sorted: Vec<&Diagnostic> = Vec::with_capacity(diagnostics.len());
    let mut seen = std::collections::HashSet::new();
    sorted.extend(
        diagnostics.iter().filter(|d| seen.insert((d.span, d.severity, d.message.as_str(), &d.label))),
    );
    sorted.sort_by_key(|d| d.span);
    let renderer = match color {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for diagnostic in sorted.iter().take(MAX_SHOWN) {
        out.push_str(&one(diagnostic, sources, &renderer));
        out.push_str("\n\n");
    }
    if sorted.len() > MAX_SHOWN {
        out.push_str(&format!("{} more are not shown\n\n", sorted.len() - MAX_SHOWN));
    }
    out.push_str(&count(&sorted));
    out.push('\n');
    out
}

fn one(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(one_line(&diagnostic.message));
    let notes = diagnostic.notes.iter().map(|note| Level::NOTE.message(one_line(note)));
    let Some(span) = diagnostic.span else {
        let label = Some(&diagnostic.label).filter(|label| !label.is_empty());
        let label = label.map(|label| Level::HELP.message(one_line(label)));
        let group = annotate_snippets::Group::with_title(title);
        return renderer.render(&[group.elements(label).elements(notes)]);
    };
    let source = sources.get(span.file);
    let (start, end) = (span.start as usize, span.end as usize);
    let line_start = source.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = source.text[start..].find('\n').map_or(source.text.len(), |newline| start + newline);
    let line = source.text[line_start..line_end].trim_end_matches('\r');
    let number = sources.line(span) as usize;
    let name = one_line(&source.name);
    if line.len() > MAX_QUOTED {
        let column = source.text[line_start..start].chars().count() + 1;
        let origin = Origin::path(name).line(number).char_column(column);
        return renderer.render(&[title.element(origin).elements(notes)]);
    }
    // A value over several lines is marked on its first.
    let from = (start - line_start).min(line.len());
    let to = (end - line_start).clamp(from, line.len());
    let to = from + line[from..to].trim_end().len();
    let label = Some(one_line(&diagnostic.label)).filter(|label| !label.is_empty());
    let line = super::conceal::conceal(&source.text[..line_start], line);
    let snippet = Snippet::source(&*line)
        .line_start(number)
        .path(name)
        .annotation(AnnotationKind::Primary.span(from..to.max(from)).label(label));
    renderer.render(&[title.element(snippet).elements(notes)])
}

/// A text on one line, control characters visible.
fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    normalize_untrusted_str(&out)
}

/// `2 errors in 1 file; nothing was sent`.
fn count(diagnostics: &[&Diagnostic]) -> String {
    let of = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    let files: std::collections::HashSet<_> =
        diagnostics.iter().filter_map(|d| d.span.map(|span| span.file)).collect();
    let mut parts = Vec::new();
    if errors > 0 {
        parts.push(plural(errors, "error"));
    }
    if warnings > 0 {
        parts.push(plural(warnings, "warning"));
    }
    let mut line = parts.join(", ");
    if !files.is_empty() {
        line.push_str(&format!(" in {}", plural(files.len(), "file")));
    }
    if errors > 0 {
        line.push_str("; nothing was sent");
    }
    line
}

fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Span;

    fn at(sources: &mut Sources, text: &str, words: &str) -> Span {
        let file = sources.add("scenarios/relay.yaml", "relay.yaml".into(), text);
        let start = text.find(words).expect("in the text");
        Span { file, start: start as u32, end: (start + words.len()) as u32 }
    }

    #[test]
    fn a_message_shows_line_caret_and_count() {
        let mut sources = Sources::default();
        let span = at(&mut sources, "a:\n  - b\n    expct: 550 5.7.64\n", "expct");
        let fault = Diagnostic::error("unknown key `expct`", span)
            .label("did you mean `expect`?")
            .note("without `expect` this case passes when every stage is positive");
        let expected = "\
error: unknown key `expct`
 --> scenarios/relay.yaml:3:5
  |
3 |     expct: 550 5.7.64
  |     ^^^^^ did you mean `expect`?
  |
  = note: without `expect` this case passes when every stage is positive

1 error in 1 file; nothing was sent
";
        assert_eq!(render(&[fault.clone(), fault], &sources, false), expected);
    }

    #[test]
    fn control_characters_are_made_visible() {
        let mut sources = Sources::default();
        let span = at(&mut sources, "a: \x1b[31mred\n", "a");
        let fault = Diagnostic::error("bad \x1b]52;c;x\x07", span).label("\x1b[2J").note("\u{202E}x");
        let shown = render(&[fault], &sources, false);
        assert!(!shown.contains(['\x1b', '\x07', '\u{202E}']), "{shown}");
    }

    #[test]
    fn a_place_at_the_end_of_a_file_is_shown() {
        let mut sources = Sources::default();
        let file = sources.add("empty.yaml", "empty.yaml".into(), "");
        let shown =
            render(&[crate::yaml::parse(&sources, file).expect_err("empty").remove(0)], &sources, false);
        assert!(shown.starts_with("error: the file is empty\n --> empty.yaml:1:1\n"), "{shown}");
    }

    #[test]
    fn a_line_that_is_quoted_shows_no_secret() {
        let mut sources = Sources::default();
        let span = at(&mut sources, "auth: { username: u, pasword: hunter2 }\n", "pasword");
        let shown = render(&[Diagnostic::error("unknown key `pasword`", span)], &sources, false);
        assert!(!shown.contains("hunter2") && shown.contains("pasword: *"), "{shown}");
    }
}
