//! What holds of reports that are read again, whatever is in them; see `src/fuzz.rs`.

use super::formats::Sheet;
use super::record::{Document, Record};
use super::{
    Destination, Format, History, Palette, Run, Summary, explanations_as_json, explanations_as_text, merge,
};
use crate::exchange::explain::explain;

/// A JSON report: every format of it is made, none shows a control character, and what
/// was written is read again as the same.
///
/// # Panics
///
/// Where that does not hold.
pub fn report(bytes: &[u8]) {
    if let Ok(history) = History::read(bytes) {
        assert_eq!(History::read(&history.to_bytes()), Ok(history));
    }
    let Ok(document) = Document::parse(bytes) else { return };
    let Ok((run, records)) = merge(vec![document]) else { panic!("one report is not two") };
    for format in Format::ALL {
        let out = made(format, &run, &records);
        let text = std::str::from_utf8(&out).unwrap_or_else(|_| panic!("{} is UTF-8", format.as_str()));
        // A page's script has its tabs, a sheet for Excel its CRLF.
        let plain = |c: char| !c.is_control() || "\n\r\t".contains(c);
        assert!(text.chars().all(plain), "{}: {}", format.as_str(), text.escape_debug());
        if let Format::Json | Format::NdJson = format {
            let again = Document::parse(&out).unwrap_or_else(|_| panic!("it is read again: {text}"));
            let (run, records) = merge(vec![again]).unwrap_or_else(|_| panic!("one report is not two"));
            let again = made(format, &run, &records);
            assert_eq!(String::from_utf8_lossy(&again), text);
        }
    }
}

fn made(format: Format, run: &Run, records: &[Record<'_>]) -> Vec<u8> {
    let mut sheet: Box<dyn Sheet> = format.sheet(&Destination::Stdout);
    let (mut summary, mut out) = (Summary::default(), Vec::new());
    sheet.head(&mut out);
    for record in records {
        summary.add(record.outcome, record.flaky);
        summary.reruns += record.reruns as usize;
        sheet.case(record, &mut out);
    }
    sheet.finish(run, &summary, &mut out);
    out
}

/// A reply, a log or a bounce that somebody pasted.
///
/// # Panics
///
/// Where its explanation shows a control character or is no JSON.
pub fn pasted(bytes: &[u8]) {
    let explanations = explain(&String::from_utf8_lossy(bytes));
    let shown = explanations_as_text(&explanations, Palette::new(false));
    assert!(!shown.chars().any(|c| c != '\n' && c.is_control()), "{}", shown.escape_debug());
    let json = explanations_as_json(&explanations);
    assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
}
