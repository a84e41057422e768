//! The HTML report: one file that needs nothing but itself.
//!
//! What somebody must know to decide is in the HTML and reads where no script runs:
//! the verdict, what failed and why, the grids, the charts, a row for every case. The
//! script, a few lines of ours, filters, follows links into closed cases, and puts
//! together the sessions of those cases of a large run that nobody may ever open. There
//! is no style attribute and no event attribute in it, so that the page's content
//! security policy can allow just this style sheet and just this script.

mod cases;
mod causes;
mod charts;
mod frame;
mod grid;
mod grids;
mod head;
mod kept;
mod order;
mod pack;
mod page;
mod session;
mod steps;
#[cfg(test)]
mod tests;
mod title;

pub(super) use frame::still_page;
pub(super) use page::Html;
