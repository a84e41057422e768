//! The mechanisms that carry a bearer token: XOAUTH2 and OAUTHBEARER (RFC 7628). Both
//! answer a refusal's challenge, which says why in JSON, before the refusal itself comes.

use super::SaslError;
use super::client::{Exchange, Said};
use super::scram::saslname;
use crate::smtp::lossless;

/// XOAUTH2's only response, as Google and Microsoft describe it.
pub(super) fn xoauth2(username: &str, token: &str) -> Vec<u8> {
    format!("user={username}\x01auth=Bearer {token}\x01\x01").into_bytes()
}

/// OAUTHBEARER's only response (RFC 7628 §3.1).
pub(super) fn oauthbearer(username: &str, token: &str, (host, port): (&str, u16)) -> Vec<u8> {
    let user = saslname(username);
    format!("n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01").into_bytes()
}

/// The token has been shown; a challenge now is a refusal's.
pub(super) struct Bearer {
    /// What ends the exchange after it; `None` once it has been said.
    end: Option<&'static [u8]>,
}

impl Bearer {
    /// `end` is what the mechanism wants in answer to why the token was refused.
    pub(super) const fn ended_by(end: &'static [u8]) -> Self {
        Self { end: Some(end) }
    }
}

impl Exchange for Bearer {
    fn answer(&mut self, challenge: &[u8]) -> Result<Said, SaslError> {
        let response = self.end.take().ok_or(SaslError::TooMany)?.to_vec();
        let note = format!("the server explains: {}", lossless(challenge));
        Ok(Said { response, note, ..Said::default() })
    }

    fn accepted(&self) -> Result<(), SaslError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mechanism, SaslClient, SaslLogin};
    use super::*;

    fn client(mechanism: Mechanism, username: &str, secret: &str) -> SaslClient {
        let login = SaslLogin {
            mechanism,
            username,
            authzid: "",
            secret,
            server: ("server.example.com", 587),
            initial_response: None,
            cancel: false,
        };
        SaslClient::new(login, String::new)
    }

    #[test]
    fn xoauth2_answers_the_error_challenge_with_an_empty_line() {
        // The example of Microsoft's "Authenticate an IMAP, POP or SMTP connection using OAuth".
        let token = "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA";
        let mut xoauth2 = client(Mechanism::XOAuth2, "test@contoso.onmicrosoft.com", token);
        assert_eq!(
            xoauth2.command(),
            "AUTH XOAUTH2 dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ=="
        );
        let answer = xoauth2.answer(b"eyJzdGF0dXMiOiI0MDEifQ==").unwrap_or_default();
        assert_eq!((&*answer.line, &*answer.note), ("", "the server explains: {\"status\":\"401\"}"));
        assert_eq!(xoauth2.answer(b"").err(), Some(SaslError::TooMany));
    }

    #[test]
    fn oauthbearer_says_what_the_rfc_shows() {
        // RFC 7628 §4.3, with the host and port of its §4.1 in our form.
        let mut bearer =
            client(Mechanism::OAuthBearer, "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
        assert_eq!(
            bearer.command(),
            "AUTH OAUTHBEARER bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
        );
        // RFC 7628 §4.3: {"status":"invalid_token",…} is answered with 0x01.
        let error = b"eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIn0=";
        let answer = bearer.answer(error).unwrap_or_default();
        assert_eq!(answer.line, "AQ==");
        assert_eq!(
            answer.note,
            "the server explains: {\"status\":\"invalid_token\",\"scope\":\"example_scope\"}"
        );
        assert_eq!(bearer.answer(b"").err(), Some(SaslError::TooMany));
    }

    #[test]
    fn a_name_that_would_break_the_header_is_escaped() {
        let said = oauthbearer("a,b=c", "t", ("h", 25));
        assert_eq!(
            String::from_utf8_lossy(&said),
            "n,a=a=2Cb=3Dc,\x01host=h\x01port=25\x01auth=Bearer t\x01\x01"
        );
    }
}
