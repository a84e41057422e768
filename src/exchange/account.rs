//! Why a decision fell as it did, in words.

use std::fmt;

/// The steps that led to a decision, in the order they were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    steps: Vec<String>,
}

impl Account {
    /// Writes a step down: a lower-case fragment without a full stop. Past
    /// [`Self::MOST`] steps nothing is added: a client with a thousand recipients
    /// must not fill the memory.
    pub fn step(&mut self, step: impl Into<String>) {
        if self.steps.len() < Self::MOST {
            self.steps.push(step.into());
        }
    }

    /// Most steps that are kept.
    pub const MOST: usize = 256;

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
