//! PLAIN (RFC 4616), and what is left to say after one response that says it all.

use super::SaslError;
use super::client::{Exchange, Said as Answer};

/// `authzid NUL authcid NUL passwd` (RFC 4616 §2).
pub(super) fn message(authzid: &str, username: &str, password: &str) -> Vec<u8> {
    format!("{authzid}\0{username}\0{password}").into_bytes()
}

/// Nothing more is to be said: PLAIN and EXTERNAL.
pub(super) struct Said;

impl Exchange for Said {
    fn answer(&mut self, _: &[u8]) -> Result<Answer, SaslError> {
        Err(SaslError::TooMany)
    }

    fn accepted(&self) -> Result<(), SaslError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4616_are_said_as_they_stand_there() {
        // §4: Tim, and Ursel on behalf of Kurt.
        assert_eq!(message("", "tim", "tanstaaftanstaaf"), b"\0tim\0tanstaaftanstaaf");
        assert_eq!(message("Ursel", "Kurt", "xipj3plmq"), b"Ursel\0Kurt\0xipj3plmq");
    }
}
