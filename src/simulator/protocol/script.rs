//! A policy for tests and properties.

use super::super::policy::{Ask, Credentials, Facts, Fault, Policy, Prompt, Response};

/// A policy that agrees with everything but `bad` addresses, and writes down
/// what it was asked to take over.
#[derive(Default)]
pub(super) struct Script {
    /// Sender, number of recipients, what is kept of the message, and its size.
    pub(super) taken: Vec<(String, usize, Vec<u8>, u64)>,
    /// Name and secret.
    pub(super) logged_in: Vec<(String, String)>,
}

impl Policy for Script {
    fn answer(&mut self, ask: Ask<'_>, facts: &Facts) -> Response {
        let reply = |code, text: &str| Response::new(code, text.to_owned());
        match ask {
            Ask::Connected => reply(220, "ready"),
            Ask::Ehlo(name) | Ask::Helo(name) => reply(250, &format!("{name} {}", facts.address)),
            Ask::StartTls => reply(220, "go"),
            Ask::Mechanism(_) => reply(334, ""),
            Ask::Prompt(Prompt::User) => reply(334, "user"),
            Ask::Prompt(Prompt::Password) => reply(334, "password"),
            Ask::Prompt(Prompt::Response) => reply(334, ""),
            Ask::LogIn(Credentials { user, secret }) => {
                self.logged_in.push((user.to_owned(), secret.to_owned()));
                if secret == "right" { reply(235, "in") } else { reply(535, "no") }
            }
            Ask::Mail => reply(250, "sender"),
            Ask::Rcpt(_, path) if path.as_str().starts_with("bad") => reply(550, "no"),
            Ask::Rcpt(..) => reply(250, "recipient"),
            Ask::Data => reply(354, "data"),
            Ask::Chunk(size) => reply(250, &format!("chunk {size}")),
            Ask::Message(incoming) => {
                let from = incoming.mail_from.as_str().to_owned();
                self.taken.push((from, incoming.rcpt_to.len(), incoming.head.clone(), incoming.size));
                reply(250, "queued")
            }
            Ask::Rset => reply(250, "reset"),
            Ask::Noop => reply(250, "ok"),
            Ask::Vrfy => reply(252, "cannot"),
            Ask::Quit => reply(221, "bye"),
            Ask::Fault(Fault::TooManyErrors) => reply(421, "enough"),
            Ask::Fault(fault) => reply(500, &format!("{fault:?}")),
        }
    }
}
