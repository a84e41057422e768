//! Outcomes to bytes (floor 5): each format is a function of the results, and
//! one place writes.

mod audit;
mod compare;
mod explanations;
mod forecast;
mod formats;
mod history;
mod html;
mod merge;
mod output;
mod palette;
#[cfg(any(test, feature = "fuzz"))]
pub mod properties;
mod prose;
pub mod record;
mod render;
mod reports;
mod summary;
mod terminal;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timeline;
mod words;

pub use audit::{Audited, audit_as_json, audit_as_sarif, audit_as_text};
pub use compare::{
    Accepted, Allowance, Change, Comparison, Facts, Kind, Pair, Rule, Side, Slower, Terms, compare,
    comparison_as_html, comparison_as_json, comparison_as_text,
};
pub use explanations::{explanations_as_json, explanations_as_text};
pub use forecast::{Compared, Forecast, World, forecast_as_json, forecast_as_text};
pub use formats::{Format, PluginStatus};
pub use history::{Changes, History, Unreadable};
pub use merge::merge;
pub use output::{Destination, WriteError, Written, replace};
pub use palette::Palette;
pub(crate) use prose::{WIDTH, wrapped};
pub use render::render;
pub use reports::{Reports, Told};
pub use summary::{Run, Summary};
pub(crate) use terminal::quoted;
pub use terminal::{Again, Detail, NotifyOn, Terminal};
pub use timeline::timeline_as_text;
