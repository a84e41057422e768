//! What must be offered before it is said: parameters, XCLIENT and XFORWARD.

use super::dialogue::{At, Dialogue, Next, Privacy, command, not_offered};
use crate::smtp::{Event, EventKind, needed_by};

impl<'p> Dialogue<'p> {
    /// The first of these parameters of MAIL or RCPT that the server does not offer.
    pub(super) fn unoffered(&self, params: &str) -> Option<Next<'p>> {
        if params.is_empty() {
            return None;
        }
        params.split(' ').find_map(|param| {
            let needed = needed_by(param)?;
            if !self.offered(needed) {
                let detail = format!("`{param}` needs {needed}, which the server does not offer");
                return Some(not_offered(needed, detail));
            }
            if needed != "REQUIRETLS" {
                return None;
            }
            // RFC 8689 §4.2.1: only over TLS, and only to a server that is known to be
            // the right one.
            if !self.secured {
                return Some(not_offered("TLS", "REQUIRETLS in clear text".to_owned()));
            }
            (self.privacy == Privacy::Unverified).then(|| {
                let event = Event::new(EventKind::TlsUntrusted, "unverified");
                Next::Fail(event.with_detail("REQUIRETLS with a server that is not verified"))
            })
        })
    }

    /// Whether an XCLIENT is still to be said.
    pub(super) fn is_client_to_change(&self) -> bool {
        self.plan.extensions.xclient.is_some() && !self.changed_client
    }

    /// XCLIENT, after which the session begins anew.
    pub(super) fn change_client(&mut self, out: &mut Vec<u8>) -> Next<'p> {
        self.at = At::XClient;
        match &self.plan.extensions.xclient {
            Some(attributes) => self.attributes("XCLIENT", attributes, out),
            None => Next::End { quit: true },
        }
    }

    /// A command of Postfix' own with attributes, each of which must be offered.
    pub(super) fn attributes(&self, verb: &'static str, attributes: &str, out: &mut Vec<u8>) -> Next<'p> {
        let name = |attribute: &str| attribute.split('=').next().unwrap_or_default().to_owned();
        let mut wanted = attributes.split(' ').map(name);
        let lacking = wanted.find(|name| !self.offered(&format!("{verb} {name}")));
        match lacking.filter(|_| !self.plan.extensions.force) {
            Some(name) => {
                let offers = self.offers.as_ref().and_then(|offers| offers.find(verb));
                let offers = offers.map_or("nothing of it", |keyword| keyword.line);
                not_offered(verb, format!("{verb} {name} is wanted; the server offers {offers}"))
            }
            None => command(out, &[verb], attributes),
        }
    }
}
