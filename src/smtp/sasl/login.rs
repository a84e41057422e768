//! LOGIN (draft-murchison-sasl-login): name and password to two prompts, whatever the
//! prompts say. The name is the first response.

use super::SaslError;
use super::client::{Exchange, Said};

/// The password is still to be said.
pub(super) struct Login(Option<Vec<u8>>);

impl Login {
    pub(super) fn new(password: &str) -> Self {
        Self(Some(password.into()))
    }
}

impl Exchange for Login {
    fn answer(&mut self, _: &[u8]) -> Result<Said, SaslError> {
        let response = self.0.take().ok_or(SaslError::TooMany)?;
        Ok(Said { response, ..Said::default() })
    }

    fn accepted(&self) -> Result<(), SaslError> {
        if self.0.is_some() { Err(SaslError::Early) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mechanism, SaslClient, SaslLogin};
    use super::*;

    fn client(initial_response: Option<bool>) -> SaslClient {
        let login = SaslLogin {
            mechanism: Mechanism::Login,
            username: "scan",
            authzid: "",
            secret: "correct horse",
            server: ("mx.test", 25),
            initial_response,
            cancel: false,
        };
        SaslClient::new(login, String::new)
    }

    fn said(client: &mut SaslClient, challenge: &str) -> Result<String, SaslError> {
        client.answer(challenge.as_bytes()).map(|answer| answer.line)
    }

    #[test]
    fn name_and_password_are_given_to_two_prompts() {
        let mut login = client(None);
        assert_eq!(login.command(), "AUTH LOGIN");
        assert_eq!(login.accepted(), Err(SaslError::Early));
        assert_eq!(said(&mut login, "VXNlcm5hbWU6"), Ok("c2Nhbg==".into()));
        assert_eq!(login.accepted(), Err(SaslError::Early));
        assert_eq!(said(&mut login, "UGFzc3dvcmQ6"), Ok("Y29ycmVjdCBob3JzZQ==".into()));
        assert_eq!(login.accepted(), Ok(()));
        assert_eq!(said(&mut login, "UGFzc3dvcmQ6"), Err(SaslError::TooMany));
    }

    #[test]
    fn the_name_goes_with_the_command_where_that_is_asked_for() {
        let mut login = client(Some(true));
        assert_eq!(login.command(), "AUTH LOGIN c2Nhbg==");
        assert_eq!(login.accepted(), Err(SaslError::Early));
        assert_eq!(said(&mut login, "UGFzc3dvcmQ6"), Ok("Y29ycmVjdCBob3JzZQ==".into()));
        assert_eq!(login.accepted(), Ok(()));
    }
}
