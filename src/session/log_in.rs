//! Logging in: which exchange, whether it may begin, and what its replies come to.

use super::dialogue::{At, Dialogue, Next, Privacy, not_offered};
use crate::plan::Auth;
use crate::secret::Secret;
use crate::smtp::{Credential, Event, EventKind, Reply, ReplyCode, SaslClient, SaslLogin, fresh_nonce};

impl<'p> Dialogue<'p> {
    /// Begins the log-in; `unoffered` even where it is not offered.
    pub(super) fn auth(&mut self, auth: &'p Auth, unoffered: bool, out: &mut Vec<u8>) -> Next<'p> {
        let name = auth.mechanism.as_str();
        let server = &self.plan.endpoint;
        let login = SaslLogin {
            mechanism: auth.mechanism,
            username: &auth.username,
            authzid: &auth.authzid,
            secret: auth.secret.as_ref().map_or("", Secret::expose),
            server: (&server.host, server.port),
            initial_response: auth.initial_response,
            cancel: auth.cancel,
        };
        let sasl = SaslClient::new(login, fresh_nonce);
        let command = sasl.command();
        self.at = At::Auth(Box::new(sasl));
        if !auth.force && !unoffered && !self.offered(&format!("AUTH {name}")) {
            let offers = match self.offers.as_ref().and_then(|offers| offers.find("AUTH")) {
                Some(line) => format!("the server offers {}", line.line),
                None => "the server does not offer AUTH".to_owned(),
            };
            return not_offered("AUTH", format!("{offers}; {name} is wanted"));
        }
        let is_secret = !auth.cancel && auth.mechanism.credential() != Credential::Elsewhere;
        if is_secret && !auth.insecure {
            const MEND: &str = "the secret is not sent; `insecure` would send it all the same";
            match self.privacy {
                Privacy::Safe => {}
                Privacy::Clear => return not_offered("TLS", format!("AUTH in clear text: {MEND}")),
                Privacy::Unverified => {
                    let event = Event::new(EventKind::TlsUntrusted, "unverified");
                    return Next::Fail(
                        event.with_detail(format!("AUTH with a server that is not verified: {MEND}")),
                    );
                }
            }
        }
        out.extend_from_slice(command.as_bytes());
        out.extend_from_slice(b"\r\n");
        Next::Say
    }

    /// The server asks.
    pub(super) fn challenge(&mut self, reply: &Reply, out: &mut Vec<u8>) -> Next<'p> {
        let At::Auth(sasl) = &mut self.at else { return Next::End { quit: false } };
        match sasl.answer(reply.lines().next().unwrap_or_default()) {
            Ok(answer) => {
                out.extend_from_slice(answer.line.as_bytes());
                out.extend_from_slice(b"\r\n");
                self.notes.extend(Some(answer.note).filter(|note| !note.is_empty()));
                self.proofs.extend(answer.proofs);
                Next::Say
            }
            Err(error) => {
                // RFC 4954 §4: a client that will not go on says so.
                out.extend_from_slice(b"*\r\n");
                Next::Fail(error.event())
            }
        }
    }

    /// Whether the log-in can have succeeded that the server says has; else what that
    /// means.
    pub(super) fn logged_in(sasl: &SaslClient, code: ReplyCode) -> Result<(), Event> {
        sasl.accepted().map_err(|error| {
            let event = error.event();
            let detail = format!("{code}: {}", event.detail);
            event.with_detail(detail)
        })
    }
}
