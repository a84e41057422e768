//! CSV (RFC 4180): a case a row, for spreadsheets.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula. What
//! servers say is in these cells, so such a text is led by an apostrophe.

use std::borrow::Cow;

use super::Sheet;
use crate::report::record::{Record, joined};
use crate::report::{Run, Summary};
use crate::smtp::visible;
use crate::verdict::Outcome;

/// The columns, in order.
const COLUMNS: [&str; 34] = [
    "id",
    "suite",
    "name",
    "tags",
    "variables",
    "file",
    "line",
    "target",
    "address",
    "simulator",
    "as_of",
    "source_ip",
    "outcome",
    "expected",
    "stage",
    "code",
    "enhanced",
    "text",
    "event",
    "reason",
    "failure",
    "tls_version",
    "tls_cipher",
    "tls_verified",
    "peer_subject",
    "peer_not_after",
    "connect_ms",
    "tls_ms",
    "total_ms",
    "attempts",
    "flaky",
    "skipped_because",
    "meaning",
    "to_do",
];

/// The report.
pub(in crate::report) struct Csv;

impl Sheet for Csv {
    fn head(&mut self, out: &mut Vec<u8>) {
        write(&COLUMNS, out);
    }

    fn streams(&self, _outcome: Outcome) -> bool {
        true
    }

    fn case(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let decisive = record.decisive.as_ref();
        let tls = record.tls.as_ref();
        let peer = tls.and_then(|tls| tls.peer.as_ref());
        let hint = record.hint.as_ref();
        let words = |text: Option<&Cow<'_, str>>| text.map_or_else(String::new, |text| inert(text));
        let number = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
        let variables: Vec<_> =
            record.variables.iter().map(|(name, value)| Cow::Owned(format!("{name}={value}"))).collect();
        let tags: Vec<_> = record.tags.iter().map(|tag| Cow::Borrowed(tag.as_str())).collect();
        let failures: Vec<_> = record
            .failures
            .iter()
            .map(|f| Cow::Owned(format!("{}: expected {}, got {}", f.stage, f.expected, f.actual)))
            .collect();
        let cells: [String; COLUMNS.len()] = [
            inert(&record.id),
            inert(&record.suite),
            inert(&record.name),
            inert(&joined(&tags, " ")),
            inert(&joined(&variables, "; ")),
            inert(&record.source.file),
            record.source.line.to_string(),
            inert(&record.target.name),
            words(record.target.address.as_ref()),
            record.target.simulator.to_string(),
            words(record.target.as_of.as_ref()),
            record.source_ip.map_or_else(String::new, |ip| ip.to_string()),
            record.outcome.as_str().to_owned(),
            words(record.expected.as_ref()),
            decisive.map_or_else(String::new, |decisive| decisive.stage.to_string()),
            decisive.and_then(|decisive| decisive.code).map_or_else(String::new, |code| code.to_string()),
            decisive
                .and_then(|decisive| decisive.enhanced)
                .map_or_else(String::new, |status| status.to_string()),
            words(decisive.and_then(|decisive| decisive.text.as_ref())),
            words(decisive.and_then(|decisive| decisive.event.as_ref())),
            words(decisive.and_then(|decisive| decisive.reason.as_ref())),
            inert(&joined(&failures, "; ")),
            words(tls.map(|tls| &tls.version)),
            words(tls.map(|tls| &tls.cipher)),
            tls.map_or_else(String::new, |tls| tls.verified.to_string()),
            words(peer.map(|peer| &peer.subject)),
            words(peer.map(|peer| &peer.not_after)),
            number(record.timings_ms.connect),
            number(record.timings_ms.tls),
            number(record.timings_ms.total),
            record.attempts.to_string(),
            record.flaky.to_string(),
            words(record.skipped_because.as_ref()),
            words(hint.map(|hint| &hint.meaning)),
            words(hint.map(|hint| &hint.fix)),
        ];
        write(&cells, out);
    }

    fn finish(&mut self, _run: &Run, _summary: &Summary, _out: &mut Vec<u8>) {}
}

fn write(cells: &[impl AsRef<[u8]>], out: &mut Vec<u8>) {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    // Into memory, and every row is as long as the first.
    writer.write_record(cells).and_then(|()| writer.flush().map_err(Into::into)).expect("rows in memory");
}

/// A text that no spreadsheet takes for a formula.
fn inert(text: &str) -> String {
    let text = visible(text);
    match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text.into_owned(),
    }
}
