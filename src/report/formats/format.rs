//! The formats by their names.

use std::str::FromStr;

use super::{Json, Junit, Sheet};

/// A format that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One object: contract §4.
    Json,
    /// An entry a line, as the cases end.
    NdJson,
    /// JUnit XML.
    Junit,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Json, Self::NdJson, Self::Junit];

    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::Junit => "junit",
        }
    }

    /// What its report is called.
    pub(in crate::report) const fn report(self) -> &'static str {
        match self {
            Self::Json => "the json report",
            Self::NdJson => "the ndjson report",
            Self::Junit => "the junit report",
        }
    }

    /// An empty report.
    pub(in crate::report) fn sheet(self) -> Box<dyn Sheet> {
        match self {
            Self::Json => Box::new(Json::object()),
            Self::NdJson => Box::new(Json::lines()),
            Self::Junit => Box::new(Junit::default()),
        }
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or(())
    }
}
