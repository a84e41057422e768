//! The order of SMTP's commands, for dialogues that are written out.
//!
//! What a step expects says what the server is to hold after it: a refused MAIL opens no
//! transaction. After raw bytes nothing is known, and nothing is refused.

use crate::plan::{HelloVerb, Say};
use crate::yaml::{Diagnostic, Span};

/// What the server holds, if every step is answered as expected.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    greeted: Option<HelloVerb>,
    secured: bool,
    logged_in: bool,
    mail: bool,
    recipients: bool,
    chunking: bool,
    /// The server waits for a message.
    in_data: bool,
    ended: Option<&'static str>,
    raw: bool,
}

/// What is wrong, what the clause is, and how to mend it.
type Breach = (&'static str, &'static str);

impl Order {
    /// Before the first step.
    pub(super) fn new(opened: bool, secured: bool, logged_in: bool, greeted: HelloVerb) -> Self {
        Self { greeted: opened.then_some(greeted), secured, logged_in, ..Self::default() }
    }

    /// The next step; `accepted` where it expects to be.
    pub(super) fn step<M, A>(
        &mut self,
        say: &Say<M, A>,
        accepted: bool,
        violate: bool,
        at: Span,
        faults: &mut Vec<Diagnostic>,
    ) {
        let verb = say.verb();
        if let Some(end) = self.ended {
            let fault = Diagnostic::error(format!("`{verb}` after `{end}`"), at);
            faults.push(fault.label("the session has ended there; take one of them out"));
            return;
        }
        let lenient = violate || self.raw;
        if let Some((why, mend)) = self.breach(say).filter(|_| !lenient) {
            let fault = Diagnostic::error(format!("`{verb}` {why}"), at).label(mend);
            faults.push(fault.note("if that is the point, say so: `violate: true`"));
        }
        self.effect(say, accepted);
    }

    fn breach<M, A>(&self, say: &Say<M, A>) -> Option<Breach> {
        let raw_alone = matches!(say, Say::Raw { .. } | Say::Wait(_) | Say::Close(_));
        if self.in_data && !raw_alone {
            return Some((
                "where the server waits for a message (RFC 5321 §4.1.1.4)",
                "after `data: none` only `raw`, `wait` or `close` can follow",
            ));
        }
        let no_hello = self.greeted.is_none();
        match say {
            Say::Mail { .. } if no_hello => {
                Some(("before EHLO (RFC 5321 §4.1.4)", "put `ehlo` before it; after `starttls` another one"))
            }
            Say::Mail { .. } if self.mail => Some((
                "inside a transaction (RFC 5321 §4.1.4)",
                "put `rset` before it, or end the transaction with `data`",
            )),
            Say::Rcpt(_) if !self.mail => {
                Some(("without an accepted MAIL FROM (RFC 5321 §3.3)", "put `mail_from` before it"))
            }
            Say::Rcpt(_) | Say::Data(_) if self.chunking => {
                Some(("after BDAT (RFC 3030 §2)", "put `rset` before it, or end the message with BDAT"))
            }
            Say::Data(_) | Say::Bdat { .. } if !self.recipients => Some((
                "without an accepted recipient (RFC 5321 §3.3)",
                "put a `rcpt_to` before it that may be accepted",
            )),
            Say::Auth(_) if self.greeted != Some(HelloVerb::Ehlo) => {
                Some(("before EHLO (RFC 4954 §4)", "put `ehlo` before it; after `starttls` another one"))
            }
            Say::Auth(_) if self.logged_in => Some((
                "after a log-in (RFC 4954 §4)",
                "nobody can log in twice in one session; one that is to be refused says so: `expect: 5xx`",
            )),
            Say::Auth(_) if self.mail => {
                Some(("inside a transaction (RFC 4954 §4)", "put it before `mail_from`, or `rset` before it"))
            }
            Say::StartTls if self.secured => Some(("under TLS (RFC 3207 §4.2)", "it can be said once")),
            Say::StartTls if self.greeted != Some(HelloVerb::Ehlo) => {
                Some(("before EHLO (RFC 3207 §4)", "put `ehlo` before it"))
            }
            _ => None,
        }
    }

    fn effect<M, A>(&mut self, say: &Say<M, A>, accepted: bool) {
        match say {
            Say::Quit => self.ended = Some("quit"),
            Say::Close(_) => self.ended = Some("close"),
            Say::Raw { .. } => (self.raw, self.in_data) = (true, false),
            _ if !accepted => {}
            Say::Hello(hello) => {
                self.greeted = Some(hello.verb);
                self.reset();
            }
            Say::StartTls => {
                (self.greeted, self.secured, self.logged_in) = (None, true, false);
                self.reset();
            }
            Say::Auth(_) => self.logged_in = true,
            Say::Mail { .. } => {
                self.reset();
                self.mail = true;
            }
            Say::Rcpt(_) => self.recipients = true,
            Say::Data(None) => self.in_data = true,
            Say::Data(Some(_)) | Say::Bdat { last: true, .. } | Say::Rset => self.reset(),
            Say::Bdat { .. } => self.chunking = true,
            Say::Noop(_) | Say::Vrfy(_) | Say::Expn(_) | Say::Help(_) | Say::Wait(_) => {}
        }
        // Taken or not, the transaction is over (RFC 5321 §4.1.1.4).
        if matches!(say, Say::Data(Some(_)) | Say::Bdat { last: true, .. }) {
            self.reset();
        }
    }

    fn reset(&mut self) {
        (self.mail, self.recipients, self.chunking) = (false, false, false);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::{Chunks, Hello, Recipient};
    use crate::smtp::{ForwardPath, ReversePath};
    use crate::yaml::Sources;

    /// What is wrong with a dialogue: words, `!` before one that breaks the order on
    /// purpose, `-` before one that is to be refused.
    fn faults(dialogue: &str) -> String {
        let mut sources = Sources::default();
        let file = sources.add("t", "t".into(), dialogue);
        let mut faults = Vec::new();
        let mut order = Order::new(false, false, false, HelloVerb::Ehlo);
        for word in dialogue.split(' ') {
            let at = Span { file, start: 0, end: 0 };
            let name = word.trim_start_matches(['!', '-']);
            order.step(&say(name), !word.starts_with('-'), word.starts_with('!'), at, &mut faults);
        }
        let words =
            faults.iter().map(|fault| fault.message.split(" (").next().unwrap_or_default().to_owned());
        words.collect::<Vec<_>>().join("; ")
    }

    fn say(name: &str) -> Say<(), ()> {
        let hello = |verb| Say::Hello(Hello { verb, name: Arc::from("x") });
        match name {
            "ehlo" => hello(HelloVerb::Ehlo),
            "helo" => hello(HelloVerb::Helo),
            "starttls" => Say::StartTls,
            "auth" => Say::Auth(()),
            "mail" => Say::Mail { path: ReversePath::Null, params: "".into() },
            "rcpt" => {
                let path = ForwardPath::parse("a@b.test").expect("an address");
                Say::Rcpt(Recipient { path, params: "".into() })
            }
            "data" => Say::Data(Some(())),
            "open" => Say::Data(None),
            "bdat" => Say::Bdat { message: (), chunks: Chunks::Whole, last: true },
            "chunk" => Say::Bdat { message: (), chunks: Chunks::Whole, last: false },
            "rset" => Say::Rset,
            "noop" => Say::Noop("".into()),
            "quit" => Say::Quit,
            "raw" => Say::Raw { bytes: Arc::from(*b"x"), replies: 1 },
            "close" => Say::Close(crate::plan::Close::Abrupt),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn dialogues_that_keep_to_the_order_are_left_alone() {
        for dialogue in [
            "noop ehlo mail rcpt data mail rcpt rcpt bdat quit",
            "helo mail -rcpt rcpt data",
            "ehlo starttls ehlo auth mail rcpt rset mail rcpt data",
            "ehlo mail rcpt ehlo mail",
            "ehlo -auth auth mail",
            "ehlo -mail mail",
            "ehlo mail rcpt chunk chunk bdat mail",
            "ehlo mail rcpt open raw rset",
            "ehlo mail rcpt open close",
            "ehlo -starttls mail",
            "raw rcpt data",
            "!mail !rcpt",
        ] {
            assert_eq!(faults(dialogue), "", "{dialogue}");
        }
    }

    #[test]
    fn what_breaks_the_order_is_told() {
        for (dialogue, told) in [
            ("mail", "`mail_from` before EHLO"),
            ("ehlo starttls mail", "`mail_from` before EHLO"),
            ("ehlo mail mail", "`mail_from` inside a transaction"),
            ("ehlo rcpt", "`rcpt_to` without an accepted MAIL FROM"),
            ("ehlo -mail rcpt", "`rcpt_to` without an accepted MAIL FROM"),
            ("ehlo mail rset rcpt", "`rcpt_to` without an accepted MAIL FROM"),
            ("ehlo mail rcpt data rcpt", "`rcpt_to` without an accepted MAIL FROM"),
            ("ehlo mail data", "`data` without an accepted recipient"),
            ("ehlo mail -rcpt bdat", "`bdat` without an accepted recipient"),
            ("ehlo mail rcpt chunk data", "`data` after BDAT"),
            ("ehlo mail rcpt chunk rcpt", "`rcpt_to` after BDAT"),
            ("auth", "`auth` before EHLO"),
            ("helo auth", "`auth` before EHLO"),
            ("ehlo auth auth", "`auth` after a log-in"),
            ("ehlo mail auth", "`auth` inside a transaction"),
            ("starttls", "`starttls` before EHLO"),
            ("ehlo starttls ehlo starttls", "`starttls` under TLS"),
            ("ehlo mail rcpt open noop", "`noop` where the server waits for a message"),
            ("quit noop", "`noop` after `quit`"),
            ("close quit", "`quit` after `close`"),
        ] {
            assert_eq!(faults(dialogue), told, "{dialogue}");
        }
    }
}
