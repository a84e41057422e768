//! What changes for whom, for `relayprobe forecast`.

mod json;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use json::forecast_as_json;
pub use text::forecast_as_text;
pub use view::{Compared, Forecast, World};
