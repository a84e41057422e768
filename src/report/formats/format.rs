//! The formats by their names.

use super::Sheet;
use super::csv::Csv;
use super::github::GitHub;
use super::json::Json;
use super::junit::Junit;
use super::markdown::Markdown;
use super::nagios::Nagios;
use super::prometheus::Prometheus;
use super::tap::Tap;
use crate::report::html::Html;
use crate::report::{Again, Destination, Detail, Palette, Terminal};

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The result as people read it, without colours.
    Terminal,
    /// One object: contract §4.
    Json,
    /// An entry a line, as the cases end.
    NdJson,
    /// A page for people.
    Html,
    /// JUnit XML.
    Junit,
    /// Test Anything Protocol, version 14.
    Tap,
    /// A row a case, for spreadsheets.
    Csv,
    /// For tickets and pull requests.
    Markdown,
    /// For node_exporter's textfile collector.
    Prometheus,
    /// The output of a monitoring plugin.
    Nagios,
    /// Annotations of a GitHub workflow.
    GitHub,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 11] = [
        Self::Terminal,
        Self::Json,
        Self::NdJson,
        Self::Html,
        Self::Junit,
        Self::Tap,
        Self::Csv,
        Self::Markdown,
        Self::Prometheus,
        Self::Nagios,
        Self::GitHub,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::Html => "html",
            Self::Junit => "junit",
            Self::Tap => "tap",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Prometheus => "prometheus",
            Self::Nagios => "nagios",
            Self::GitHub => "github",
        }
    }

    /// What its report is called.
    pub(in crate::report) fn called(self) -> String {
        format!("the {} report", self.as_str())
    }

    /// Reads a name of the command line.
    ///
    /// # Errors
    ///
    /// The names that there are.
    pub fn named(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|format| format.as_str()).collect();
            format!("the formats are {}", all.join(", "))
        })
    }

    /// An empty report, to be written there.
    pub(in crate::report) fn sheet(self, destination: &Destination) -> Box<dyn Sheet> {
        match self {
            Self::Terminal => Box::new(Terminal::new(Detail::Normal, Palette::new(false), Again::default())),
            Self::Json => Box::new(Json::object()),
            Self::NdJson => Box::new(Json::lines()),
            Self::Html => Box::new(Html::default()),
            Self::Junit => Box::new(Junit::default()),
            Self::Tap => Box::new(Tap::default()),
            Self::Csv => Box::new(Csv),
            Self::Markdown => Box::new(Markdown::default()),
            Self::Prometheus => Box::new(Prometheus::after(destination.previous().as_deref())),
            Self::Nagios => Box::new(Nagios::default()),
            Self::GitHub => Box::new(GitHub::default()),
        }
    }
}
