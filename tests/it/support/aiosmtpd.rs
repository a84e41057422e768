//! Servers made of Python's aiosmtpd. They keep what they take, as it came.

use std::sync::Arc;

use super::keeper::{Keeper, Shared, free_ports};
use super::need::have_python;
use super::{Dir, Pki};

/// A running server, stopped when the last test that holds it lets go.
///
/// Ports are on 127.0.0.1. `probe` has the password `secret`, and may write to anybody;
/// everybody may write to `@test`.
pub struct Aiosmtpd {
    /// STARTTLS offered, with a certificate asked for; AUTH after TLS; SMTPUTF8.
    pub port: u16,
    /// LMTP, which refuses `late@test` after the data.
    pub lmtp: u16,
    keeper: Keeper,
}

impl Aiosmtpd {
    /// The one that the tests share; `None` where it cannot be had and the tests are
    /// skipped.
    pub fn shared(test: &str) -> Option<Arc<Self>> {
        static SHARED: Shared<Aiosmtpd> = Shared::new();
        have_python(test, "aiosmtpd").then(|| SHARED.get(Self::start))
    }

    fn start() -> Self {
        let dir = Dir::new();
        Pki::shared().write(&dir);
        dir.write("server.py", include_str!("aiosmtpd.py"));
        let folder = dir.path().display().to_string();
        let [port, lmtp] = free_ports();
        let script = format!("{folder}/server.py");
        let arguments = [script, folder, port.to_string(), lmtp.to_string()];
        let arguments = arguments.each_ref().map(String::as_str);
        Self { port, lmtp, keeper: Keeper::run(dir, "python3", &arguments, &[port, lmtp], &[]) }
    }

    /// The message that holds this text, awaited: a line with what MAIL and RCPT said,
    /// then the message as it came.
    pub fn kept(&self, text: &str) -> Vec<u8> {
        self.keeper.kept("mail", text)
    }
}
