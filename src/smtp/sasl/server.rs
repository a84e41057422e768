//! The server's side of AUTH (RFC 4954): LOGIN and XOAUTH2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// An exchange under way. It holds a password's worth of nothing: what the client
/// sends is handed out at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaslServer {
    /// LOGIN (draft-murchison-sasl-login): a name, then a password.
    Login {
        /// The name, once it has come.
        user: Option<String>,
    },
    /// XOAUTH2: name and token at once.
    XOAuth2,
}

/// What the server does next.
#[derive(Clone, PartialEq, Eq)]
pub enum SaslStep {
    /// Asks for the name.
    AskUser,
    /// Asks for the password.
    AskPassword,
    /// Sends an empty challenge.
    AskResponse,
    /// Judges the credentials.
    Judge {
        /// The name.
        user: String,
        /// The password or token.
        secret: String,
    },
    /// The client gave up with `*`.
    Cancelled,
    /// The client's answer is no base64, or not what the mechanism says.
    Malformed,
}

impl SaslServer {
    /// Begins an exchange by a mechanism's name; `None` for one that is not
    /// served.
    #[must_use]
    pub fn start(mechanism: &str) -> Option<Self> {
        match () {
            () if mechanism.eq_ignore_ascii_case("LOGIN") => Some(Self::Login { user: None }),
            () if mechanism.eq_ignore_ascii_case("XOAUTH2") => Some(Self::XOAuth2),
            () => None,
        }
    }

    /// The first step, with the initial response of the AUTH command, if it had
    /// one. RFC 4954 §4: `=` is an empty one.
    pub fn begin(&mut self, initial: Option<&str>) -> SaslStep {
        match (initial, &self) {
            (Some("="), _) => self.answer(b""),
            (Some(response), _) => self.answer(response.as_bytes()),
            (None, Self::Login { .. }) => SaslStep::AskUser,
            (None, Self::XOAuth2) => SaslStep::AskResponse,
        }
    }

    /// Takes a line of the client, its CRLF taken off.
    pub fn answer(&mut self, line: &[u8]) -> SaslStep {
        if line == b"*" {
            return SaslStep::Cancelled;
        }
        let decoded = STANDARD.decode(line).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(decoded) = decoded else { return SaslStep::Malformed };
        match self {
            Self::Login { user: user @ None } => {
                *user = Some(decoded);
                SaslStep::AskPassword
            }
            Self::Login { user: Some(user) } => {
                SaslStep::Judge { user: std::mem::take(user), secret: decoded }
            }
            Self::XOAuth2 => xoauth2(&decoded),
        }
    }
}

/// `user=<address>^Aauth=Bearer <token>^A^A`, where ^A is the byte 1.
fn xoauth2(blob: &str) -> SaslStep {
    let mut user = None;
    let mut token = None;
    for field in blob.split('\u{1}') {
        match field.split_once('=') {
            Some(("user", value)) => user = Some(value),
            Some(("auth", value)) => {
                token = value.split_once(' ').filter(|(kind, _)| kind.eq_ignore_ascii_case("Bearer"));
            }
            _ => {}
        }
    }
    match (user, token) {
        (Some(user), Some((_, token))) if blob.ends_with("\u{1}\u{1}") => {
            SaslStep::Judge { user: user.to_owned(), secret: token.to_owned() }
        }
        _ => SaslStep::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(step: SaslStep) -> Option<(String, String)> {
        match step {
            SaslStep::Judge { user, secret } => Some((user, secret)),
            _ => None,
        }
    }

    #[test]
    fn login_asks_for_name_and_password() {
        let mut login = SaslServer::start("login").expect("served");
        assert!(login.begin(None) == SaslStep::AskUser);
        assert!(login.answer(b"c2Nhbg==") == SaslStep::AskPassword);
        assert_eq!(judged(login.answer(b"cHc=")), Some(("scan".into(), "pw".into())));
    }

    #[test]
    fn login_takes_the_name_with_the_command() {
        let mut login = SaslServer::start("LOGIN").expect("served");
        assert!(login.begin(Some("c2Nhbg==")) == SaslStep::AskPassword);
        assert_eq!(judged(login.answer(b"cHc=")), Some(("scan".into(), "pw".into())));
    }

    #[test]
    fn xoauth2_takes_name_and_token_at_once() {
        // user=scan@contoso.com^Aauth=Bearer tok^A^A
        let blob = b"dXNlcj1zY2FuQGNvbnRvc28uY29tAWF1dGg9QmVhcmVyIHRvawEB";
        let mut exchange = SaslServer::start("XOAUTH2").expect("served");
        assert!(exchange.begin(None) == SaslStep::AskResponse);
        assert_eq!(judged(exchange.answer(blob)), Some(("scan@contoso.com".into(), "tok".into())));
    }

    #[test]
    fn what_is_no_answer_is_told_apart_from_giving_up() {
        let mut login = SaslServer::start("LOGIN").expect("served");
        assert!(login.begin(Some("!!!")) == SaslStep::Malformed);
        assert!(login.answer(b"*") == SaslStep::Cancelled);
        let mut oauth = SaslServer::start("XOAUTH2").expect("served");
        assert!(oauth.begin(Some("dXNlcj1h")) == SaslStep::Malformed);
        assert!(oauth.begin(Some("=")) == SaslStep::Malformed);
        assert_eq!(SaslServer::start("PLAIN"), None);
    }
}
