//! The reports of a comparison: files, or standard output in place of the result.

use crate::cli::tell::{BAD_INPUT, ERROR, complain};
use crate::report::{Comparison, Destination, Format, Written, comparison_as_html, comparison_as_json};

/// What turns a comparison into bytes.
type Form = fn(&Comparison) -> Vec<u8>;

/// Reports that are open and not written.
pub(in crate::cli) struct Reports(Vec<(Form, Written)>);

impl Reports {
    /// Opens every report. A comparison has a form of its own in some formats alone.
    ///
    /// # Errors
    ///
    /// The exit status, the reason having been told.
    pub(in crate::cli) fn open(wanted: &[(Format, Destination)]) -> Result<Self, u8> {
        let mut all: Vec<(Form, Written)> = Vec::new();
        for (n, (format, destination)) in wanted.iter().enumerate() {
            if wanted[..n].iter().any(|(_, other)| other == destination) {
                let why = format!("two reports go to {destination}; give each a file");
                return Err(complain(&why, BAD_INPUT));
            }
            let form: Form = match format {
                Format::Json => comparison_as_json,
                Format::Html => comparison_as_html,
                _ => {
                    let name = format.as_str();
                    let why = format!("--report {name}: a comparison is written as json or html");
                    return Err(complain(&why, BAD_INPUT));
                }
            };
            let written = Written::open("the comparison", destination);
            all.push((form, written.map_err(|error| complain(&error.to_string(), ERROR))?));
        }
        Ok(Self(all))
    }

    /// Writes them; whether all could be written. What could not has been told.
    pub(in crate::cli) fn write(self, comparison: &Comparison) -> bool {
        let mut well = true;
        for (form, written) in self.0 {
            match written.write(&form(comparison)) {
                // Who closes the pipe has seen enough.
                Err(error) if error.source.kind() != std::io::ErrorKind::BrokenPipe => {
                    complain(&error.to_string(), ERROR);
                    well = false;
                }
                _ => {}
            }
        }
        well
    }
}
