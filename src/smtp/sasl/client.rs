//! The client's side of an exchange, whatever the mechanism.
//!
//! Base64 on the wire is done here; lines and CRLF are not. What is given back is secret
//! and belongs on the wire alone.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bearer::{self, Bearer};
use super::cram::Cram;
use super::login::Login;
use super::plain::{self, Said as AllSaid};
use super::scram::{Hash, Scram};
use super::{Mechanism, SaslError};

/// The longest line of an exchange, in base64 and with its CRLF (RFC 4954 §4).
const LONGEST: usize = 12_288;

/// The longest AUTH command, with its CRLF: it is a command line like any other (RFC 4954
/// §4, RFC 5321 §4.5.3.1.4).
const LONGEST_COMMAND: usize = 512;

/// Who logs in, and how.
#[derive(Clone, Copy)]
pub struct SaslLogin<'a> {
    /// How.
    pub mechanism: Mechanism,
    /// The authentication identity; empty for EXTERNAL.
    pub username: &'a str,
    /// On whose behalf, where the mechanism has that; empty: one's own.
    pub authzid: &'a str,
    /// The password or the token; empty for EXTERNAL.
    pub secret: &'a str,
    /// The server's host and port, which OAUTHBEARER names.
    pub server: (&'a str, u16),
    /// Whether the first response stands in the AUTH command. `None`: where the mechanism
    /// begins with the client, and the command stays within 512 bytes.
    pub initial_response: Option<bool>,
    /// Begin, and give up with `*` when the server asks. Nothing of who logs in is said.
    pub cancel: bool,
}

/// One exchange from the client's side.
pub struct SaslClient {
    mechanism: Mechanism,
    exchange: Box<dyn Exchange + Send>,
    /// What stands in the command, in base64.
    initial: Option<String>,
    /// What the client begins with, as long as somebody may ask for it.
    first: Option<Vec<u8>>,
    /// Whether that has been said, where there is such.
    begun: bool,
    cancel: bool,
    /// How many challenges there were.
    challenges: u32,
}

/// What a mechanism says after its first response.
pub(super) trait Exchange {
    /// What to say to a challenge, both before base64.
    fn answer(&mut self, challenge: &[u8]) -> Result<Said, SaslError>;

    /// A success: whether it can be one.
    fn accepted(&self) -> Result<(), SaslError>;
}

/// What a mechanism says to a challenge, before base64.
#[derive(Default)]
pub(super) struct Said {
    pub(super) response: Vec<u8>,
    pub(super) note: String,
    pub(super) proofs: Vec<String>,
}

/// What to say to a challenge.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SaslAnswer {
    /// The line without its CRLF.
    pub line: String,
    /// What is worth telling, without any secret of the client's; may hold what the server
    /// sent. Empty where there is nothing.
    pub note: String,
    /// Texts made from the secret, in this line or in what the server is to say next: who
    /// sees them can try passwords against them.
    pub proofs: Vec<String>,
}

impl fmt::Debug for SaslClient {
    /// The mechanism alone: the rest is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaslClient({})", self.mechanism.as_str())
    }
}

impl SaslClient {
    /// An exchange before its first word. `nonce` is asked for one by SCRAM alone:
    /// printable ASCII without a comma, never the same twice.
    #[must_use]
    pub fn new(login: SaslLogin<'_>, nonce: impl FnOnce() -> String) -> Self {
        let SaslLogin { mechanism, username, authzid, secret, server, .. } = login;
        let scram = |hash| {
            let scram = Scram::new(hash, authzid, username, secret, &nonce());
            (Some(scram.first()), Box::new(scram) as Box<dyn Exchange + Send>)
        };
        let (first, exchange): (Option<Vec<u8>>, Box<dyn Exchange + Send>) = match mechanism {
            Mechanism::Plain => (Some(plain::message(authzid, username, secret)), Box::new(AllSaid)),
            // RFC 4422 appendix A.1: the authorization identity, or nothing.
            Mechanism::External => (Some(authzid.into()), Box::new(AllSaid)),
            Mechanism::Login => (Some(username.into()), Box::new(Login::new(secret))),
            Mechanism::CramMd5 => (None, Box::new(Cram::new(username, secret))),
            Mechanism::ScramSha1 => scram(Hash::Sha1),
            Mechanism::ScramSha256 => scram(Hash::Sha256),
            Mechanism::XOAuth2 => (Some(bearer::xoauth2(username, secret)), Box::new(Bearer::ended_by(b""))),
            Mechanism::OAuthBearer => {
                (Some(bearer::oauthbearer(username, secret, server)), Box::new(Bearer::ended_by(b"\x01")))
            }
        };
        let mut client = Self {
            mechanism,
            exchange,
            initial: None,
            first,
            begun: false,
            cancel: login.cancel,
            challenges: 0,
        };
        client.begin(login.initial_response);
        client
    }

    /// Decides where the first response stands.
    fn begin(&mut self, wanted: Option<bool>) {
        let Some(first) = self.first.as_ref().filter(|_| !self.cancel) else { return };
        // RFC 4954 §4: `=` is an empty one.
        let initial = if first.is_empty() { "=".to_owned() } else { STANDARD.encode(first) };
        let line = "AUTH ".len() + self.mechanism.as_str().len() + 1 + initial.len() + 2;
        let sensible = self.mechanism != Mechanism::Login && line <= LONGEST_COMMAND;
        if !wanted.unwrap_or(sensible) {
            return;
        }
        self.begun = true;
        self.initial = Some(initial);
        if !matches!(self.mechanism, Mechanism::Plain | Mechanism::External) {
            // Where nothing else is to be said, a server that overlooks the initial
            // response asks for it once.
            self.first = None;
        }
    }

    /// The command: AUTH, the mechanism and the initial response, if any.
    #[must_use]
    pub fn command(&self) -> String {
        match &self.initial {
            Some(initial) => format!("AUTH {} {initial}", self.mechanism.as_str()),
            None => format!("AUTH {}", self.mechanism.as_str()),
        }
    }

    /// What to say to the text of a 334 reply.
    ///
    /// # Errors
    ///
    /// [`SaslError`], whereupon the exchange is over.
    pub fn answer(&mut self, challenge: &[u8]) -> Result<SaslAnswer, SaslError> {
        self.challenges += 1;
        if self.cancel {
            let again = self.challenges > 1;
            let line = "*".to_owned();
            return if again {
                Err(SaslError::TooMany)
            } else {
                Ok(SaslAnswer { line, ..Default::default() })
            };
        }
        if challenge.len() + "334 \r\n".len() > LONGEST {
            return Err(SaslError::TooLong);
        }
        let challenge = STANDARD.decode(challenge.trim_ascii()).map_err(|_| SaslError::NotBase64)?;
        let said = match self.first.take() {
            Some(response) => {
                self.begun = true;
                Said { response, ..Said::default() }
            }
            None => self.exchange.answer(&challenge)?,
        };
        let line = STANDARD.encode(said.response);
        let mut note = said.note;
        if line.len() + 2 > LONGEST {
            note = format!("a response of {} bytes: servers need not take more than {LONGEST}", line.len());
        }
        Ok(SaslAnswer { line, note, proofs: said.proofs })
    }

    /// The server says that the log-in holds.
    ///
    /// # Errors
    ///
    /// Why it cannot: not everything has been said that a server needs to know, or not by
    /// the server.
    pub fn accepted(&self) -> Result<(), SaslError> {
        let to_be_said = self.first.is_some() && !self.begun;
        if self.cancel || to_be_said { Err(SaslError::Early) } else { self.exchange.accepted() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(mechanism: Mechanism) -> SaslLogin<'static> {
        SaslLogin {
            mechanism,
            username: "tim",
            authzid: "",
            secret: "tanstaaftanstaaf",
            server: ("mx.test", 587),
            initial_response: None,
            cancel: false,
        }
    }

    fn client(login: SaslLogin<'_>) -> SaslClient {
        SaslClient::new(login, || "nonce".to_owned())
    }

    /// What is said to a challenge, or why nothing is.
    fn said(client: &mut SaslClient, challenge: &str) -> Result<String, SaslError> {
        client.answer(challenge.as_bytes()).map(|answer| answer.line)
    }

    #[test]
    fn plain_says_it_all_at_once_and_repeats_it_once() {
        // RFC 4954 §4.1 has it so, with `test` for `tim`.
        let mut plain = client(login(Mechanism::Plain));
        assert_eq!(plain.command(), "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        assert_eq!(plain.accepted(), Ok(()));
        assert_eq!(said(&mut plain, ""), Ok("AHRpbQB0YW5zdGFhZnRhbnN0YWFm".into()));
        assert_eq!(plain.accepted(), Ok(()));
        assert_eq!(said(&mut plain, ""), Err(SaslError::TooMany));
    }

    #[test]
    fn without_an_initial_response_the_server_asks_first() {
        let mut plain = client(SaslLogin { initial_response: Some(false), ..login(Mechanism::Plain) });
        assert_eq!(plain.command(), "AUTH PLAIN");
        assert_eq!(plain.accepted(), Err(SaslError::Early));
        assert_eq!(said(&mut plain, ""), Ok("AHRpbQB0YW5zdGFhZnRhbnN0YWFm".into()));
        assert_eq!(plain.accepted(), Ok(()));
        assert_eq!(said(&mut plain, ""), Err(SaslError::TooMany));
    }

    #[test]
    fn an_initial_response_that_makes_the_command_too_long_waits_to_be_asked_for() {
        // AUTH XOAUTH2, a space, 496 characters of base64, CRLF: 511 bytes.
        let long = |bytes: usize| "t".repeat(bytes - "user=tim\x01auth=Bearer \x01\x01".len());
        let fits = long(372);
        assert_eq!(client(SaslLogin { secret: &fits, ..login(Mechanism::XOAuth2) }).command().len() + 2, 511);
        let past = long(373);
        let mut xoauth2 = client(SaslLogin { secret: &past, ..login(Mechanism::XOAuth2) });
        assert_eq!(xoauth2.command(), "AUTH XOAUTH2");
        assert_eq!(said(&mut xoauth2, "").map(|line| line.len()), Ok(500));
        let told = SaslLogin { secret: &past, initial_response: Some(true), ..login(Mechanism::XOAuth2) };
        assert_eq!(client(told).command().len() + 2, 515);
    }

    #[test]
    fn a_response_that_servers_need_not_take_is_told() {
        let long = "t".repeat(9_300);
        let mut bearer = client(SaslLogin { secret: &long, ..login(Mechanism::OAuthBearer) });
        let answer = bearer.answer(b"").unwrap_or_default();
        assert!(answer.note.contains("need not take"), "{}", answer.note);
    }

    #[test]
    fn external_says_whom_it_is_for_or_nothing() {
        let mut nobody = client(login(Mechanism::External));
        // RFC 4954 §4: an empty initial response is an equals sign.
        assert_eq!(nobody.command(), "AUTH EXTERNAL =");
        assert_eq!(nobody.accepted(), Ok(()));
        assert_eq!(said(&mut nobody, ""), Ok(String::new()));
        assert_eq!(said(&mut nobody, ""), Err(SaslError::TooMany));
        // RFC 4422 appendix A.3: fred@example.com.
        let fred = SaslLogin { authzid: "fred@example.com", ..login(Mechanism::External) };
        assert_eq!(client(fred).command(), "AUTH EXTERNAL ZnJlZEBleGFtcGxlLmNvbQ==");
        let mut asked = client(SaslLogin { initial_response: Some(false), ..fred });
        assert_eq!(asked.command(), "AUTH EXTERNAL");
        assert_eq!(asked.accepted(), Err(SaslError::Early));
        assert_eq!(said(&mut asked, ""), Ok("ZnJlZEBleGFtcGxlLmNvbQ==".into()));
        assert_eq!(asked.accepted(), Ok(()));
    }

    #[test]
    fn a_log_in_that_is_cancelled_says_nothing_but_a_star() {
        for mechanism in Mechanism::ALL {
            let mut client = client(SaslLogin { cancel: true, ..login(mechanism) });
            assert_eq!(client.command(), format!("AUTH {}", mechanism.as_str()));
            assert_eq!(client.accepted(), Err(SaslError::Early));
            assert_eq!(said(&mut client, "!!! whatever it says"), Ok("*".into()));
            assert_eq!(client.accepted(), Err(SaslError::Early), "{}", mechanism.as_str());
            assert_eq!(said(&mut client, ""), Err(SaslError::TooMany));
        }
    }

    #[test]
    fn a_challenge_that_is_none_ends_the_exchange() {
        for mechanism in Mechanism::ALL {
            let mut asked = client(login(mechanism));
            assert_eq!(said(&mut asked, "!!!"), Err(SaslError::NotBase64), "{}", mechanism.as_str());
            let long = "A".repeat(12_292);
            assert_eq!(said(&mut client(login(mechanism)), &long), Err(SaslError::TooLong));
        }
    }

    #[test]
    fn nothing_of_the_secret_shows() {
        let shown = format!("{:?}", client(login(Mechanism::Plain)));
        assert_eq!(shown, "SaslClient(PLAIN)");
    }
}
