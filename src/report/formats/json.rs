//! JSON and NDJSON, version 1 (see `docs/report.md`).
//!
//! Entries are written as the cases end, so a run costs no more memory for being
//! reported. That is why `run` and `summary` stand after `cases`: they are known
//! last, and the order of an object's members means nothing.

use serde::Serialize;

use super::Sheet;
use crate::report::record::{LastLine, Record, SCHEMA};
use crate::report::words::{TOOL, escape_hidden};
use crate::report::{Run, Summary};
use crate::verdict::Outcome;

/// A report in JSON: one object, or an object a line.
pub(in crate::report) struct Json {
    lines: bool,
    first: bool,
}

impl Json {
    /// One object.
    pub(in crate::report) const fn object() -> Self {
        Self { lines: false, first: true }
    }

    /// NDJSON.
    pub(in crate::report) const fn lines() -> Self {
        Self { lines: true, first: true }
    }
}

impl Sheet for Json {
    fn head(&mut self, out: &mut Vec<u8>) {
        if !self.lines {
            let head = format!("{{\"schema\":{SCHEMA},\"tool\":\"{TOOL}\",\"cases\":[");
            out.extend_from_slice(head.as_bytes());
        }
    }

    fn streams(&self, _outcome: Outcome) -> bool {
        true
    }

    fn case(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        if !self.lines {
            out.extend_from_slice(if self.first { b"\n" } else { b",\n" });
            self.first = false;
        }
        write(record, out);
        if self.lines {
            out.push(b'\n');
        }
    }

    fn finish(&mut self, run: &Run, summary: &Summary, out: &mut Vec<u8>) {
        if self.lines {
            write(&LastLine::new(run, summary), out);
        } else {
            out.extend_from_slice(b"\n],\"run\":");
            write(run, out);
            out.extend_from_slice(b",\"summary\":");
            write(summary, out);
            out.push(b'}');
        }
        out.push(b'\n');
    }
}

fn write(value: &impl Serialize, out: &mut Vec<u8>) {
    // Writing into memory cannot fail, and no type here refuses to be written.
    let start = out.len();
    serde_json::to_writer(&mut *out, value).expect("plain data in memory");
    escape_hidden(out, start);
}
