//! One entry of a report: made of a result, or read back from a file. Every format
//! takes it, so a report that is rendered again says what the run said.

mod document;
mod made;
mod model;
mod named;
mod words;

pub use document::{Document, ReadError, Unreadable};
pub(super) use document::{LastLine, SCHEMA};
pub use model::{
    Arrived, ArrivedTls, Attempt, Decisive, Failure, Hint, Host, Line, Peer, Record, Repeat, Reply, Seen,
    Share, Source, Target, Timings, Tls, Variables,
};
pub(super) use words::{joined, of_ms};
