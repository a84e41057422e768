//! Why a decision fell as it did, in words.

use std::fmt;

/// The steps that led to a decision, in the order they were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    steps: Vec<String>,
}

impl Account {
    /// Writes a step down: a lower-case fragment without a full stop.
    pub fn step(&mut self, step: impl Into<String>) {
        self.steps.push(step.into());
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[String] {
        &self.steps
    }
}

impl fmt::Display for Account {
    /// On one line, steps parted by `; `.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.steps.iter().enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            f.write_str(step)?;
        }
        Ok(())
    }
}
