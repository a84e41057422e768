//! Certificates with their keys.

/// A certificate chain and its key.
#[derive(Debug)]
pub struct Identity {}
