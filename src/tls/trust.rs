//! What servers' certificates are checked against.

/// What servers' certificates are checked against.
#[derive(Debug)]
pub struct Trust {}
