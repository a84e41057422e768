//! The client's side of AUTH (RFC 4954): what to answer to which challenge.
//!
//! Base64 on the wire is done here; lines and CRLF are not. What is given back
//! is secret and belongs on the wire alone.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest challenge that is looked at, in base64 (RFC 4954 §4.2).
const LONGEST_CHALLENGE: usize = 12_288;

/// One exchange from the client's side.
#[derive(Clone)]
pub struct SaslClient {
    mechanism: &'static str,
    initial: Option<String>,
    /// What is still to be said, the next last.
    answers: Vec<String>,
    /// Whether a challenge after the last answer is an error message that wants
    /// an empty line (XOAUTH2).
    error_challenge: bool,
}

/// Why an exchange cannot go on. The client then sends `*` (RFC 4954 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslError {
    /// The challenge is not base64.
    NotBase64,
    /// The challenge is longer than 12,288 bytes.
    TooLong,
    /// A challenge more than the mechanism has.
    TooMany,
}

impl fmt::Debug for SaslClient {
    /// The mechanism alone: the rest is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaslClient({})", self.mechanism)
    }
}

impl SaslClient {
    /// PLAIN (RFC 4616), with an initial response.
    #[must_use]
    pub fn plain(user: &str, password: &str) -> Self {
        let blob = STANDARD.encode(format!("\0{user}\0{password}"));
        // A server that overlooks the initial response asks for it once.
        let answers = vec![blob.clone()];
        Self { mechanism: "PLAIN", initial: Some(blob), answers, error_challenge: false }
    }

    /// LOGIN: name and password to two prompts, whatever the prompts say.
    #[must_use]
    pub fn login(user: &str, password: &str) -> Self {
        let answers = vec![STANDARD.encode(password), STANDARD.encode(user)];
        Self { mechanism: "LOGIN", initial: None, answers, error_challenge: false }
    }

    /// XOAUTH2: the bearer token in the initial response.
    #[must_use]
    pub fn xoauth2(user: &str, token: &str) -> Self {
        let blob = STANDARD.encode(format!("user={user}\x01auth=Bearer {token}\x01\x01"));
        Self { mechanism: "XOAUTH2", initial: Some(blob), answers: Vec::new(), error_challenge: true }
    }

    /// What follows `AUTH `: the mechanism and the initial response, if any.
    #[must_use]
    pub fn start(&self) -> String {
        match &self.initial {
            Some(initial) => format!("{} {initial}", self.mechanism),
            None => self.mechanism.to_owned(),
        }
    }

    /// Whether everything that the server needs for a decision has been said. A
    /// success before that is one that nobody earned.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.initial.is_some() || self.answers.is_empty()
    }

    /// The line to send for the text of a 334 reply, and the challenge decoded.
    ///
    /// # Errors
    ///
    /// [`SaslError`], whereupon the exchange is over.
    pub fn answer(&mut self, challenge: &[u8]) -> Result<(String, Vec<u8>), SaslError> {
        if challenge.len() > LONGEST_CHALLENGE {
            return Err(SaslError::TooLong);
        }
        let decoded = STANDARD.decode(challenge.trim_ascii()).map_err(|_| SaslError::NotBase64)?;
        let line = match self.answers.pop() {
            Some(line) => line,
            None if std::mem::take(&mut self.error_challenge) => String::new(),
            None => return Err(SaslError::TooMany),
        };
        Ok((line, decoded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_says_it_all_at_once_and_repeats_it_once() {
        let mut plain = SaslClient::plain("tim", "tanstaaftanstaaf");
        assert_eq!(plain.start(), "PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        assert!(plain.is_complete());
        assert_eq!(plain.answer(b""), Ok(("AHRpbQB0YW5zdGFhZnRhbnN0YWFm".into(), Vec::new())));
        assert_eq!(plain.answer(b""), Err(SaslError::TooMany));
    }

    #[test]
    fn login_gives_name_and_password_to_two_prompts() {
        let mut login = SaslClient::login("scan", "correct horse");
        assert_eq!(login.start(), "LOGIN");
        assert!(!login.is_complete());
        assert_eq!(login.answer(b"VXNlcm5hbWU6"), Ok(("c2Nhbg==".into(), b"Username:".to_vec())));
        assert!(!login.is_complete());
        assert_eq!(login.answer(b"UGFzc3dvcmQ6").map(|(line, _)| line), Ok("Y29ycmVjdCBob3JzZQ==".into()));
        assert!(login.is_complete());
        assert_eq!(login.answer(b"UGFzc3dvcmQ6"), Err(SaslError::TooMany));
    }

    #[test]
    fn xoauth2_answers_the_error_challenge_with_an_empty_line() {
        let mut xoauth2 =
            SaslClient::xoauth2("test@contoso.onmicrosoft.com", "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA");
        // The example of Microsoft's "Authenticate an IMAP, POP or SMTP connection using OAuth".
        assert_eq!(
            xoauth2.start(),
            "XOAUTH2 dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ=="
        );
        let (line, error) = xoauth2.answer(b"eyJzdGF0dXMiOiI0MDEifQ==").expect("one error challenge");
        assert_eq!((line.as_str(), error.as_slice()), ("", &b"{\"status\":\"401\"}"[..]));
        assert_eq!(xoauth2.answer(b""), Err(SaslError::TooMany));
    }

    #[test]
    fn a_challenge_that_is_none_ends_the_exchange() {
        assert_eq!(SaslClient::login("a", "b").answer(b"!!!"), Err(SaslError::NotBase64));
        assert_eq!(SaslClient::login("a", "b").answer(&[b'A'; 12_292]), Err(SaslError::TooLong));
    }
}
