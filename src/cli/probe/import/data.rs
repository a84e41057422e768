//! What swaks would put into DATA, as keys of a scenario.
//!
//! A template whose date or id is another each time (`%DATE%`, `%MESSAGEID%`; that of
//! swaks itself is one) becomes `header_from`, `subject`, `headers` and `body`, so that
//! every message gets a date and an id of its own. Any other `--data` is sent byte for
//! byte, from a file.

use std::fs;
use std::path::Path;

use super::given::Given;
use super::options::Opt;
use crate::cli::probe::file::{Author, MessageFile, Scenario, literal, pair, relative};
use crate::yaml::{MAX_FILE, read_bytes};

/// What swaks sends where nothing else is said, less its name.
const TEMPLATE: &str = "Date: %DATE%\nTo: %TO_ADDRESS%\nFrom: %FROM_ADDRESS%\nSubject: %SUBJECT%\n\
                        Message-Id: <%MESSAGEID%>\n%NEW_HEADERS%\n%BODY%\n";

/// What stands in for a subject and a text that nobody gave.
const OURS: &str = "%SUBJECT%";

/// Where the texts of a message come from.
pub(super) struct Source<'a> {
    pub(super) given: &'a Given,
    /// What `<` names.
    pub(super) stdin: Option<&'a str>,
    /// The P1 sender, and what `--to` and `--cc` say.
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) cc: &'a str,
    /// Whether `--to` names all recipients.
    pub(super) to_all: bool,
    /// Where the scenario is to stand.
    pub(super) at: &'a Path,
}

/// The message's text where it must be a file of its own.
pub(super) type Bytes = Option<Vec<u8>>;

/// Puts the message's keys into the scenario. Bytes that come back are the message as it
/// is sent; the scenario then still lacks the name of their file.
pub(super) fn message(
    source: &Source<'_>,
    scenario: &mut Scenario,
    notes: &mut Vec<String>,
    faults: &mut Vec<String>,
) -> Bytes {
    let before = faults.len();
    let body = body(source, faults);
    let (template, file) = template(source, faults);
    if faults.len() > before {
        return None;
    }
    let numbered = template.contains("%DATE%") || template.contains("%MESSAGEID%");
    let own = template != TEMPLATE;
    // Swaks' own text in a template of one's own; else the case's name is as good.
    let default = if own { "This is a test mailing" } else { "%BODY%" };
    let text = template.replace("%BODY%", body.as_ref().map_or(default, |body| &body.text));
    let text = text.replace("\\n", "\n").replace("%NEWLINE%", "\n").replace("\r\n", "\n");
    let (head, rest) = parted(&text);
    let fields = fields(source, &head, own, body.as_ref());
    if own && !numbered {
        return bytes(source, &fields, &rest, file.as_deref(), scenario);
    }
    compose(source, fields, &rest, scenario, notes, faults);
    if let Some(body) = body.filter(|body| body.is_mime) {
        // Nothing is to be encoded once more.
        let how = if body.text.is_ascii() { "7bit" } else { "8bit" };
        scenario.headers.push(pair("Content-Transfer-Encoding", how));
    }
    None
}

/// Head and body. `%NEW_HEADERS%` ends the head as an empty line does: swaks puts one
/// behind it.
fn parted(text: &str) -> (String, String) {
    let mark = "%NEW_HEADERS%\n";
    let empty = if text.starts_with('\n') { Some(0) } else { text.find("\n\n").map(|at| at + 1) };
    match text.find(mark) {
        Some(at) if empty.is_none_or(|empty| at < empty) => {
            let (head, rest) = text.split_at(at + mark.len());
            (head.to_owned(), rest.strip_prefix('\n').unwrap_or(rest).to_owned())
        }
        _ => match empty {
            Some(at) => (text[..at].to_owned(), text[at + 1..].to_owned()),
            None => (text.to_owned(), String::new()),
        },
    }
}

/// A body, as swaks makes it.
struct Body {
    text: String,
    is_mime: bool,
    /// The fields that say so.
    fields: Vec<String>,
}

/// The text of `--body` and of the attachments; `None` where there is neither.
fn body(source: &Source<'_>, faults: &mut Vec<String>) -> Option<Body> {
    let plain = source.given.value(Opt::Body).and_then(|value| read(source, "--body", value, faults));
    let plain = plain.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let (mut texts, mut attached) = (Vec::new(), Vec::new());
    let (mut mime, mut name) = (None, None);
    for (option, value) in source.given.kept() {
        match option {
            Opt::AttachType => mime = Some(value.to_owned()),
            Opt::AttachName => name = Some(value.to_owned()),
            Opt::AttachBody => {
                let bytes = read(source, "--attach-body", value, faults).unwrap_or_default();
                let mime = mime.take().unwrap_or_else(|| "text/plain".to_owned());
                texts.push(part(&mime, None, &bytes, true));
                name = None;
            }
            Opt::Attach => {
                let bytes = read(source, "--attach", value, faults).unwrap_or_default();
                let of_file = value.trim_start_matches('@').rsplit('/').next().map(str::to_owned);
                let of_file = of_file.filter(|_| is_file(value));
                // What was said of a type holds until the next is.
                let mime = mime.as_deref().unwrap_or("application/octet-stream");
                attached.push(part(mime, name.take().or(of_file).as_deref(), &bytes, false));
            }
            _ => {}
        }
    }
    if texts.is_empty() && attached.is_empty() {
        return plain.map(|text| Body { text, is_mime: false, fields: Vec::new() });
    }
    if texts.is_empty() {
        texts.push(part(
            "text/plain",
            None,
            plain.as_deref().unwrap_or("see the attachment").as_bytes(),
            true,
        ));
    }
    let kind = if attached.is_empty() && texts.len() > 1 { "alternative" } else { "mixed" };
    let (outer, inner) = ("=_relayprobe_1", "=_relayprobe_2");
    let mut text = String::new();
    let several = texts.len() > 1 && !attached.is_empty();
    if several {
        text += &format!("--{outer}\nContent-Type: multipart/alternative; boundary=\"{inner}\"\n\n");
    }
    let boundary = if several { inner } else { outer };
    for part in texts {
        text += &format!("--{boundary}\n{part}");
    }
    if several {
        text += &format!("--{inner}--\n");
    }
    for part in attached {
        text += &format!("--{outer}\n{part}");
    }
    text += &format!("--{outer}--\n");
    let fields =
        vec!["MIME-Version: 1.0".to_owned(), format!("Content-Type: multipart/{kind}; boundary=\"{outer}\"")];
    Some(Body { text, is_mime: true, fields })
}

/// A part of a multipart body, behind its boundary.
fn part(mime: &str, name: Option<&str>, bytes: &[u8], is_body: bool) -> String {
    if mime.eq_ignore_ascii_case("text/plain") && name.is_none() {
        return format!("Content-Type: {mime}\n\n{}\n", String::from_utf8_lossy(bytes));
    }
    let mut text = match name {
        Some(name) => format!(
            "Content-Type: {mime}; name=\"{name}\"\nContent-Description: {name}\n\
             Content-Disposition: attachment; filename=\"{name}\"\n"
        ),
        None if is_body => format!("Content-Type: {mime}\n"),
        None => format!("Content-Type: {mime}\nContent-Disposition: attachment\n"),
    };
    text += "Content-Transfer-Encoding: BASE64\n\n";
    let encoded = base64(bytes);
    for line in encoded.as_bytes().chunks(76) {
        text += &String::from_utf8_lossy(line);
        text.push('\n');
    }
    text.push('\n');
    text
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The template of `--data`, and the file that it came from.
fn template(source: &Source<'_>, faults: &mut Vec<String>) -> (String, Option<String>) {
    let Some(value) = source.given.value(Opt::Data) else { return (TEMPLATE.to_owned(), None) };
    let Some(bytes) = read(source, "--data", value, faults) else { return Default::default() };
    let file = match value {
        "-" => source.stdin.map(str::to_owned),
        _ if value.starts_with("@@") => None,
        _ => value.strip_prefix('@').map(str::to_owned),
    };
    (String::from_utf8_lossy(&bytes).into_owned(), file)
}

/// Whether a value names a file: `@FILE`.
fn is_file(value: &str) -> bool {
    value.starts_with('@') && !value.starts_with("@@")
}

/// What an option's value stands for: itself, a file (`@FILE`), or standard input.
fn read(source: &Source<'_>, option: &str, value: &str, faults: &mut Vec<String>) -> Option<Vec<u8>> {
    let from = |path: &str, faults: &mut Vec<String>| match read_bytes(Path::new(path), MAX_FILE) {
        Ok(bytes) => Some(bytes),
        Err(fault) => {
            faults.push(format!("`{option}`: {}", fault.message));
            None
        }
    };
    match value {
        "" => {
            faults.push(format!("`{option}` without a value asks at the keyboard: write it out"));
            None
        }
        "-" => match source.stdin {
            Some(path) => from(path, faults),
            None => {
                faults
                    .push(format!("`{option} -` reads standard input: put it into a file, `{option} @FILE`"));
                None
            }
        },
        _ if is_file(value) => from(&value[1..], faults),
        _ if value.starts_with("@@") => Some(value.as_bytes()[1..].to_vec()),
        // An old habit: one line that is no text is a file's name.
        _ if option == "--data" && !value.contains("\\n") && !value.contains('\n') => from(value, faults),
        _ if option != "--data" && fs::metadata(value).is_ok_and(|file| file.is_file()) => {
            from(value, faults)
        }
        _ => Some(value.as_bytes().to_vec()),
    }
}

/// The lines of the head as swaks makes them: the template's, with `--header` in their
/// place or beside them, and `--add-header` where `%NEW_HEADERS%` stands or at the end.
fn fields(source: &Source<'_>, head: &str, own: bool, body: Option<&Body>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in head.lines() {
        match lines.last_mut() {
            Some(before) if line.starts_with([' ', '\t']) => {
                before.push('\n');
                before.push_str(line);
            }
            _ => lines.push(line.to_owned()),
        }
    }
    let mut new: Vec<String> = source.given.all(Opt::AddHeader).map(str::to_owned).collect();
    if !own {
        if !source.cc.is_empty() {
            lines.insert(2, "Cc: %CC_ADDRESS%".to_owned());
        }
        new.splice(0..0, body.into_iter().flat_map(|body| body.fields.clone()));
    }
    let name = |line: &str| line.split_once(':').map(|(name, _)| name.to_owned());
    for line in source.given.all(Opt::Header).flat_map(|line| line.split("\\n")) {
        // The last of a name is the one that swaks replaces.
        let place =
            name(line).and_then(|own| lines.iter_mut().rfind(|line| name(line).as_ref() == Some(&own)));
        match place {
            Some(place) => line.clone_into(place),
            None => new.push(line.to_owned()),
        }
    }
    match lines.iter().position(|line| line.contains("%NEW_HEADERS%")) {
        Some(at) => drop(lines.splice(at..=at, new)),
        None => lines.extend(new),
    }
    let cc = |line: String| line.replace("%CC_ADDRESS%", source.cc).replace("%BCC_ADDRESS%", "");
    let lines = lines.into_iter().map(cc);
    let lines =
        lines.map(|line| line.replace("%FROM_ADDRESS%", source.from).replace("%TO_ADDRESS%", source.to));
    // `--header` may have brought line ends of its own.
    lines.flat_map(|line| line.split("\\n").map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The message as it is, from a file.
fn bytes(
    source: &Source<'_>,
    fields: &[String],
    rest: &str,
    file: Option<&str>,
    scenario: &mut Scenario,
) -> Bytes {
    let mut text = fields.join("\n");
    text.push('\n');
    if !source.given.has(Opt::NoStripFrom) && text.starts_with("From ") {
        text = text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    }
    let rest = rest.replace("%FROM_ADDRESS%", source.from).replace("%TO_ADDRESS%", source.to);
    text = format!("{text}\n{rest}");
    // A final dot is DATA's own, and is sent in any case.
    let text = text.strip_suffix("\n.\n").or_else(|| text.strip_suffix("\n.")).unwrap_or(&text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    let wire = format!("{}\r\n", text.replace('\n', "\r\n")).into_bytes();
    if let Some(file) = file
        && fs::read(file).is_ok_and(|bytes| bytes == wire)
    {
        scenario.message = Some(MessageFile { file: relative(Path::new(file), source.at) });
        return None;
    }
    Some(wire)
}

/// The message from its parts.
fn compose(
    source: &Source<'_>,
    fields: Vec<String>,
    rest: &str,
    scenario: &mut Scenario,
    notes: &mut Vec<String>,
    faults: &mut Vec<String>,
) {
    let mut authors: Vec<String> = Vec::new();
    for line in fields {
        let Some((name, value)) = line.split_once(':') else {
            faults.push(format!(
                "`{}` is no header field, for it has no colon: `message: {{ file }}` sends anything",
                line.escape_debug()
            ));
            continue;
        };
        // Unfolded: a line end in a field is the composer's to make (RFC 5322 §2.2.3).
        let value = value.trim().replace('\n', "");
        let varies = value.contains("%DATE%") || value.contains("%MESSAGEID%");
        match name.to_ascii_lowercase().as_str() {
            "date" if value == "%DATE%" => {}
            "message-id" if value == "<%MESSAGEID%>" => {}
            "to" if value == source.to && source.to_all => {}
            "subject" if value == OURS => {}
            "x-mailer" if value.contains("%SWAKS_VERSION%") => {}
            "from" => authors.push(literal(&value)),
            "subject" => scenario.subject = Some(told_apart(&value, varies, notes)),
            _ => scenario.headers.push(pair(name, told_apart(&value, varies, notes))),
        }
    }
    scenario.header_from = match &authors[..] {
        [] => Some(Author::Absent("none")),
        [one] if *one == literal(source.from) => None,
        _ => Some(Author::Fields(authors)),
    };
    let rest = rest.replace("%FROM_ADDRESS%", source.from).replace("%TO_ADDRESS%", source.to);
    if rest.trim_end() != "%BODY%" {
        let varies = rest.contains("%DATE%") || rest.contains("%MESSAGEID%");
        scenario.body = Some(told_apart(&rest, varies, notes));
    }
}

/// A text in which the date or the id told one message from the next: the run's id does.
fn told_apart(text: &str, varies: bool, notes: &mut Vec<String>) -> String {
    let text = literal(text);
    if !varies {
        return text;
    }
    let note = "`%DATE%` and `%MESSAGEID%` in a text have become `$(run.id)`, which tells runs apart as well";
    if !notes.iter().any(|known| known == note) {
        notes.push(note.to_owned());
    }
    text.replace("%DATE%", "$(run.id)").replace("%MESSAGEID%", "$(run.id)")
}
