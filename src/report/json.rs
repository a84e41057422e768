//! JSON and NDJSON, version 1 (see `docs/report.md`).
//!
//! Entries are written as the cases end, so a run costs no more memory for being
//! reported. That is why `run` and `summary` stand after `cases`: they are known
//! last, and the order of an object's members means nothing.

use serde::Serialize;

use super::record::{LastLine, Record, SCHEMA, tool};
use super::{Run, Summary};

/// What stands before the first entry.
pub(super) fn head(out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{{\"schema\":{SCHEMA},\"tool\":\"{}\",\"cases\":[", tool()).as_bytes());
}

/// One entry of `cases`, without what separates it from others.
pub(super) fn entry(record: &Record<'_>, out: &mut Vec<u8>) {
    write(record, out);
}

/// What stands after the last entry.
pub(super) fn tail(run: &Run, summary: &Summary, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\n],\"run\":");
    write(run, out);
    out.extend_from_slice(b",\"summary\":");
    write(summary, out);
    out.extend_from_slice(b"}\n");
}

/// The last line of NDJSON.
pub(super) fn last_line(run: &Run, summary: &Summary, out: &mut Vec<u8>) {
    write(&LastLine::new(run, summary), out);
    out.push(b'\n');
}

fn write(value: &impl Serialize, out: &mut Vec<u8>) {
    // Writing into memory cannot fail, and no type here refuses to be written.
    serde_json::to_writer(out, value).expect("plain data in memory");
}
