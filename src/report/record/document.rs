//! Reports read back: JSON and NDJSON, whoever wrote them.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::Record;
use crate::report::words::TOOL;
use crate::report::{Run, Summary};
use crate::yaml::{MAX_FILE, read_bytes};

/// The version of the format: contract §4.
pub(in crate::report) const SCHEMA: u32 = 1;

/// The largest report that is read. One of 100,000 cases takes a third.
const LARGEST: u64 = 64 * MAX_FILE;

/// A report of a run.
#[derive(Clone, Debug)]
pub struct Document {
    /// `relayprobe 0.1.0`; empty where the report does not tell.
    pub tool: String,
    /// The run.
    pub run: Run,
    /// How its cases came out, as the report counts them.
    pub summary: Summary,
    /// Its cases, in the order of the report.
    pub records: Vec<Record<'static>>,
}

/// A file is no report that can be read.
#[derive(Debug)]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: Unreadable,
}

/// Why a text is no report that can be read.
#[derive(Debug)]
pub enum Unreadable {
    /// The file cannot be read, in words.
    File(String),
    /// It is not what `--report json` or `--report ndjson` write, in words.
    NoReport(String),
    /// It was written for readers of later versions.
    Newer(u32),
    /// It ends before its end.
    CutOff(&'static str),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            Unreadable::File(why) => write!(f, "{why}; `relayprobe run --report json=FILE` writes a report"),
            Unreadable::NoReport(why) => write!(
                f,
                "{path} is no report of a run ({why}); `relayprobe run --report json=FILE` writes one"
            ),
            Unreadable::Newer(schema) => write!(
                f,
                "{path} has schema {schema}, and this relayprobe reads schema {SCHEMA}: read it with the version that wrote it"
            ),
            Unreadable::CutOff(how) => write!(f, "{path} is cut off: {how}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// What stands around the cases, to tell what a text is before its cases are read.
#[derive(Deserialize)]
struct Outline {
    schema: Option<u32>,
    run: Option<IgnoredAny>,
    summary: Option<IgnoredAny>,
    cases: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
    outcome: Option<IgnoredAny>,
}

impl Outline {
    fn is_report(&self) -> bool {
        self.run.is_some() && self.summary.is_some() && self.cases.is_some()
    }

    fn is_entry(&self) -> bool {
        self.id.is_some() && self.outcome.is_some()
    }

    fn is_last_line(&self) -> bool {
        self.run.is_some() && self.summary.is_some() && self.cases.is_none()
    }
}

#[derive(Deserialize)]
struct Whole {
    #[serde(default)]
    tool: String,
    run: Run,
    summary: Summary,
    cases: Vec<Record<'static>>,
}

/// What stands behind the entries of NDJSON.
#[derive(Serialize, Deserialize)]
pub(in crate::report) struct LastLine {
    #[serde(default)]
    pub(in crate::report) schema: u32,
    #[serde(default)]
    pub(in crate::report) tool: String,
    pub(in crate::report) run: Run,
    pub(in crate::report) summary: Summary,
}

impl LastLine {
    pub(in crate::report) fn new(run: &Run, summary: &Summary) -> Self {
        Self { schema: SCHEMA, tool: TOOL.to_owned(), run: run.clone(), summary: *summary }
    }
}

impl Document {
    /// Reads a JSON or NDJSON report of at most a GiB.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names the file.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let bytes = read_bytes(path, LARGEST).map_err(|fault| Unreadable::File(fault.message));
        bytes.and_then(|bytes| Self::parse(&bytes)).map_err(|why| ReadError { path: path.to_owned(), why })
    }

    /// The same from memory.
    ///
    /// # Errors
    ///
    /// Why it is no report.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Outline>();
        let first = match values.next() {
            Some(Ok(first)) => first,
            Some(Err(error)) if error.is_eof() => {
                return Err(Unreadable::CutOff("it ends inside a value"));
            }
            Some(Err(error)) if error.is_data() => {
                return Err(Unreadable::NoReport("it is JSON of another kind".to_owned()));
            }
            Some(Err(error)) => return Err(Unreadable::NoReport(error.to_string())),
            None => return Err(Unreadable::NoReport("it is empty".to_owned())),
        };
        if let Some(schema) = first.schema.filter(|schema| *schema != SCHEMA) {
            return Err(Unreadable::Newer(schema));
        }
        match first {
            first if first.is_report() => whole(bytes),
            first if first.is_entry() || first.is_last_line() => lines(bytes),
            _ => Err(Unreadable::NoReport("it has no `run`, `summary` and `cases`".to_owned())),
        }
    }
}

fn whole(bytes: &[u8]) -> Result<Document, Unreadable> {
    let Whole { tool, run, summary, cases } =
        serde_json::from_slice(bytes).map_err(|error| Unreadable::NoReport(error.to_string()))?;
    Ok(Document { tool, run, summary, records: cases })
}

fn lines(bytes: &[u8]) -> Result<Document, Unreadable> {
    let mut records = Vec::new();
    let mut last: Option<LastLine> = None;
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    for (line, n) in lines.filter(|(line, _)| !line.trim_ascii().is_empty()) {
        let fault = |error: serde_json::Error| match error.is_eof() {
            true => Unreadable::CutOff("it ends inside a value"),
            false => Unreadable::NoReport(format!("line {n}: {error}")),
        };
        if last.is_some() {
            return Err(Unreadable::NoReport(format!("line {n}: more after the line with `run`")));
        }
        // The last line is short and there is one of it: to try costs nothing.
        if line.trim_ascii_start().starts_with(b"{\"id\"") {
            records.push(serde_json::from_slice(line).map_err(fault)?);
            continue;
        }
        let outline: Outline = serde_json::from_slice(line).map_err(fault)?;
        if outline.is_last_line() {
            last = Some(serde_json::from_slice(line).map_err(fault)?);
        } else {
            records.push(serde_json::from_slice(line).map_err(fault)?);
        }
    }
    let Some(LastLine { tool, run, summary, .. }) = last else {
        return Err(Unreadable::CutOff("the last line, with `run` and `summary`, is missing"));
    };
    Ok(Document { tool, run, summary, records })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::formats::{Json, Sheet};
    use crate::report::testing::{cases, run};
    use crate::verdict::CaseResult;

    const REFUSED: [&str; 4] = ["220 hi", "250 hi", "250 2.1.0 ok", "550 5.7.1 \u{1b}[31m no\u{202e}"];

    fn results() -> Vec<CaseResult> {
        let cases = cases(&[
            "name: \"p $(p)\", expect: 250, matrix: { p: [x, y] }, subject: $(p)",
            "name: skipped, expect: 250",
        ]);
        let mut played = cases.play(0, &[&["!timeout reply"], &REFUSED]);
        played.source_ip = Some([203, 0, 113, 10].into());
        let observation = &mut played.attempts[1].observation;
        observation.account = vec!["a \u{7} step".to_owned()];
        observation.arrived = Some(Vec::new());
        vec![played, cases.simulate(1, &["220 hi"]), cases.skip(2, "not from this host")]
    }

    fn written(results: &[CaseResult], lines: bool) -> Vec<u8> {
        let mut summary = Summary::default();
        let mut out = Vec::new();
        let mut sheet = if lines { Json::lines() } else { Json::object() };
        sheet.head(&mut out);
        for result in results {
            summary.add(result.outcome, result.flaky);
            sheet.case(&Record::of(result), &mut out);
        }
        sheet.finish(&run(), &summary, &mut out);
        out
    }

    fn why(text: &[u8]) -> String {
        let why = Document::parse(text).expect_err("no report");
        ReadError { path: "r.json".into(), why }.to_string()
    }

    #[test]
    fn what_was_written_is_what_is_read() {
        let results = results();
        for lines in [false, true] {
            for some in [&results[..], &[]] {
                let read = Document::parse(&written(some, lines)).expect("a report");
                assert_eq!(read.tool, TOOL);
                assert_eq!(read.run, run());
                assert_eq!(read.summary.total, some.len());
                assert_eq!(read.records, some.iter().map(Record::of).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_record_tells_what_makes_a_case_and_what_came_before_its_end() {
        let results = results();
        let record = Record::of(&results[0]);
        assert_eq!(record.variables.get("p"), Some("x"));
        assert_eq!(record.earlier.len(), 1);
        assert_eq!(record.earlier[0].decisive.as_ref().and_then(|d| d.event.as_deref()), Some("timeout"));
        assert_eq!(record.arrived, Some(Vec::new()));
        assert_eq!(record.expected_at, Some(record.source.clone()));
        let decisive = record.decisive.as_ref().expect("a refusal");
        assert_eq!(decisive.text.as_deref(), Some("\\x1B[31m no\\u{202E}"));
        assert_eq!(record.account, ["a \\x07 step"]);
    }

    #[test]
    fn additions_are_left_out_where_they_are_empty() {
        let cases = cases(&["name: x, expect: 250"]);
        let text = serde_json::to_string(&Record::of(&cases.skip(0, "why"))).expect("JSON");
        for name in ["variables", "ehlo", "arrived", "earlier", "repeat", "command", "expected_at"] {
            assert!(!text.contains(&format!("\"{name}\":")), "{name}: {text}");
        }
    }

    #[test]
    fn an_entry_of_the_first_version_is_read() {
        let text = r#"{"schema":1,"tool":"relayprobe 0.1.0","cases":[{"id":"a/b","suite":"s","name":"b","tags":[],
            "source":{"file":"a.yaml","line":3},"target":{"name":"mx","address":null,"simulator":false,"as_of":null},
            "outcome":"failed","expected":"250","decisive":{"stage":"tls","code":null,"enhanced":null,"text":null,
            "event":"tls_refused","reason":"protocol_version"},"failures":[],
            "replies":[{"stage":"greeting","code":220,"enhanced":null,"text":"hi","ms":1}],
            "tls":{"version":"TLSv1.3","cipher":"c","backend":"rustls","verified":true,
            "peer":{"subject":"s","san":[],"not_after":"2027-01-01T00:00:00Z"},"client_certificate":"none"},
            "timings_ms":{"connect":1.0,"tls":null,"total":2.0},"attempts":1,"flaky":false,"skipped_because":null,
            "hint":null,"notes":[],"transcript":[],"something_later":{"x":[1]}}],
            "run":{"id":"r","started":"2026-11-01T12:00:00Z","duration_ms":1,"interrupted":false},
            "summary":{"total":1,"passed":0,"failed":1,"error":0,"skipped":0,"flaky":0}}"#;
        let read = Document::parse(text.as_bytes()).expect("a report");
        assert_eq!(read.records[0].id, "a/b");
        assert!(read.records[0].variables.is_empty());
    }

    #[test]
    fn what_is_no_report_is_told_apart() {
        for (text, told) in [
            ("", "r.json is no report of a run (it is empty)"),
            ("<html>", "r.json is no report of a run (expected value at line 1 column 1)"),
            ("[]", "r.json is no report of a run (it is JSON of another kind)"),
            ("{}", "r.json is no report of a run (it has no `run`, `summary` and `cases`)"),
            (r#"{"schema":1,"findings":[]}"#, "r.json is no report of a run (it has no `run`"),
            (
                r#"{"schema":2,"cases":[{"new":1}]}"#,
                "r.json has schema 2, and this relayprobe reads schema 1",
            ),
            (r#"{"schema":1,"cases":["#, "r.json is cut off: it ends inside a value"),
        ] {
            assert!(why(text.as_bytes()).starts_with(told), "{text}: {}", why(text.as_bytes()));
        }
        let results = results();
        let lines = written(&results, true);
        let end = lines[..lines.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("lines") + 1;
        assert!(why(&lines[..end]).ends_with("the last line, with `run` and `summary`, is missing"));
        assert!(why(&lines[..end - 9]).ends_with("it ends inside a value"));
        let twice = [&lines[..], &lines[..]].concat();
        assert!(why(&twice).contains("line 5: more after the line with `run`"), "{}", why(&twice));
        let odd = String::from_utf8(written(&results, false)).expect("text").replace("rcpt_to", "rc\\npt");
        assert!(why(odd.as_bytes()).contains("unknown stage `rc\\npt`"), "{}", why(odd.as_bytes()));
    }

    #[test]
    fn a_report_cut_off_anywhere_is_no_report() {
        let results = results();
        for lines in [false, true] {
            let text = written(&results, lines);
            let text = text.trim_ascii_end();
            for end in 0..text.len() {
                assert!(Document::parse(&text[..end]).is_err(), "cut at {end}");
            }
        }
    }
}
