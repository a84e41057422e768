//! Extensions that change what is said, and in which pieces.

use std::sync::Arc;

use super::Chunks;

/// How the extensions of a session are used. Those that are no more than parameters of
/// MAIL and RCPT stand there.
#[derive(Clone, Debug, Default)]
pub struct Extensions {
    /// MAIL, RCPT and DATA of a transaction are written in one go (RFC 2920).
    pub pipelining: bool,
    /// Messages go by BDAT in these pieces (RFC 3030); where absent by DATA.
    pub chunks: Option<Chunks>,
    /// The attributes of an XCLIENT before the log-in, `ADDR=192.0.2.1 NAME=a.example`.
    pub xclient: Option<Arc<str>>,
    /// The attributes of an XFORWARD before each transaction.
    pub xforward: Option<Arc<str>>,
    /// Use what is not offered.
    pub force: bool,
}
