//! The client side of a handshake.

/// The client side of a handshake, built once from settings.
#[derive(Debug)]
pub struct Client {}
