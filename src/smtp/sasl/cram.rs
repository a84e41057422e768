//! CRAM-MD5 (RFC 2195): a digest of the server's challenge, with the password as its key.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

use super::SaslError;
use super::client::{Exchange, Said};

/// The challenge is still to come, or has come.
pub(super) struct Cram(Option<(String, String)>);

impl Cram {
    pub(super) fn new(username: &str, password: &str) -> Self {
        Self(Some((username.to_owned(), password.to_owned())))
    }
}

impl Exchange for Cram {
    fn answer(&mut self, challenge: &[u8]) -> Result<Said, SaslError> {
        let (username, password) = self.0.take().ok_or(SaslError::TooMany)?;
        if challenge.is_empty() {
            // A digest of nothing would be the same in every session.
            return Err(SaslError::NotOurs("the challenge of CRAM-MD5 is empty (RFC 2195 §2)"));
        }
        let digest = hmac(MessageDigest::md5(), password.as_bytes(), challenge)
            .map_err(|_| SaslError::NotOurs("the digest could not be made"))?;
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let response = format!("{username} {digest}").into_bytes();
        Ok(Said { response, proofs: vec![digest], ..Said::default() })
    }

    fn accepted(&self) -> Result<(), SaslError> {
        if self.0.is_some() { Err(SaslError::Early) } else { Ok(()) }
    }
}

/// HMAC (RFC 2104).
///
/// # Errors
///
/// Those of the library, which there are none of in practice.
pub(super) fn hmac(hash: MessageDigest, key: &[u8], text: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let key = PKey::hmac(key)?;
    Signer::new(hash, &key)?.sign_oneshot_to_vec(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_2195_is_answered_as_it_stands_there() {
        let mut cram = Cram::new("tim", "tanstaaftanstaaf");
        assert_eq!(cram.accepted(), Err(SaslError::Early));
        let said = cram.answer(b"<1896.697170952@postoffice.reston.mci.net>").unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&said.response), "tim b913a602c7eda7a495b4e6e7334d3890");
        assert_eq!(said.proofs, ["b913a602c7eda7a495b4e6e7334d3890"]);
        assert_eq!(cram.accepted(), Ok(()));
        assert_eq!(cram.answer(b"<again>").err(), Some(SaslError::TooMany));
    }

    #[test]
    fn an_empty_challenge_is_none() {
        let mut cram = Cram::new("tim", "tanstaaftanstaaf");
        assert!(matches!(cram.answer(b""), Err(SaslError::NotOurs(_))));
    }
}
