//! What a format is to those who write reports.

use crate::report::record::Record;
use crate::report::{Run, Summary};
use crate::verdict::Outcome;

/// A report while it grows: records go in as the cases end, bytes come out when they
/// can.
pub(in crate::report) trait Sheet {
    /// What stands before the first case.
    fn head(&mut self, _out: &mut Vec<u8>) {}

    /// Whether the end of a case that came out so gives bytes at once.
    fn streams(&self, _outcome: Outcome) -> bool {
        false
    }

    /// Takes a case.
    fn case(&mut self, record: &Record<'_>, out: &mut Vec<u8>);

    /// What stands after the last case. Called once.
    fn finish(&mut self, run: &Run, summary: &Summary, out: &mut Vec<u8>);
}
