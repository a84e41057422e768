//! Taking leave before the plan is done: somebody has interrupted the run.

use std::time::Duration;

use super::dialogue::{At, Dialogue};
use super::drive::Drive;
use super::link::Link;
use super::wire::Wire;
use crate::plan::Say;

/// How long leave may take: written, answered, closed.
pub const PARTING: Duration = Duration::from_millis(300);

impl Dialogue<'_> {
    /// What whoever leaves now has to say; nothing where it would be no command.
    ///
    /// Before the greeting a client is silent (RFC 5321 §4.3.1), in a handshake there
    /// is no SMTP, inside a message there are no commands, and QUIT is said once. A
    /// log-in is cancelled first (RFC 4954 §4).
    pub(super) fn parting(&self) -> &'static [u8] {
        let step = self.step().zip(self.plan.steps.as_ref()).map(|(n, steps)| &steps.list[n].say);
        match &self.at {
            At::Connect | At::Greeting | At::Tls => b"",
            _ if self.is_in_data() || matches!(step, Some(Say::Quit | Say::Close(_))) => b"",
            At::Auth(_) => b"*\r\nQUIT\r\n",
            _ if self.is_challenged() => b"*\r\nQUIT\r\n",
            _ => b"QUIT\r\n",
        }
    }
}

impl Drive<'_> {
    /// Ends the session wherever it stands.
    pub(super) async fn leave<S: Wire>(&mut self, dialogue: &Dialogue<'_>, link: &mut Link<S>) {
        self.seen.left = true;
        let parting = dialogue.parting();
        if parting.is_empty() || self.in_message || self.said_quit || link.is_amid_a_write() {
            return;
        }
        link.allow(PARTING);
        // What comes of it changes nothing; a reply that is still due may come first.
        if link.write(parting).await.is_ok() {
            while link.read().await.is_ok_and(|reply| reply.code().get() != 221) {}
            link.close().await;
        }
    }
}
