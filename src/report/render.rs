//! Records to a report in one go: what `report` does with what was read.

use super::formats::Sheet;
use super::output::{Destination, Output, WriteError};
use super::record::Record;
use super::{Format, Run, Summary};

/// Written whenever so much has come together.
const CHUNK: usize = 64 * 1024;

/// Writes a report of these cases, and gives how they came out, counted anew.
///
/// # Errors
///
/// Where it could not be written; a file is then as it was.
pub fn render(
    format: Format,
    destination: &Destination,
    run: &Run,
    records: &[Record<'_>],
) -> Result<Summary, WriteError> {
    let fail = |source| WriteError { report: format.called(), destination: destination.clone(), source };
    let mut output = Output::open(destination).map_err(fail)?;
    let mut sheet: Box<dyn Sheet> = format.sheet(destination);
    let mut summary = Summary::default();
    let mut bytes = Vec::with_capacity(CHUNK * 2);
    sheet.head(&mut bytes);
    for record in records {
        summary.add(record.outcome, record.flaky);
        summary.reruns += record.reruns as usize;
        sheet.case(record, &mut bytes);
        if bytes.len() >= CHUNK {
            output.write(&bytes).map_err(fail)?;
            bytes.clear();
        }
    }
    sheet.finish(run, &summary, &mut bytes);
    output.write(&bytes).and_then(|()| output.finish()).map_err(fail)?;
    Ok(summary)
}
