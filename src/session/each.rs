//! A reply for each recipient after the message: LMTP (RFC 2033 §4.2), and PRDR
//! (draft-hall-prdr-00 §2), where 353 comes before them and one for the message behind
//! them.

use crate::smtp::{Reply, has_param};

/// Who is still to be told of.
#[derive(Debug, Default)]
pub(super) struct Each {
    asked: Asked,
    /// The recipients that were accepted, by their places.
    accepted: Vec<usize>,
    /// How many of them have had their reply.
    told: usize,
}

/// Whether there is a reply for each, and when that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    /// There is one for all.
    #[default]
    No,
    /// There may be, if the server says 353.
    Prdr,
    /// There are, and then one for the message.
    PrdrBegun,
    /// There are.
    Lmtp,
}

impl Each {
    /// A new transaction with these parameters of MAIL.
    pub(super) fn begin(&mut self, lmtp: bool, params: &str) {
        self.accepted.clear();
        self.told = 0;
        self.asked = match lmtp {
            true => Asked::Lmtp,
            false if !params.is_empty() && has_param(params, "PRDR") => Asked::Prdr,
            false => Asked::No,
        };
    }

    /// A recipient was accepted.
    pub(super) fn accept(&mut self, recipient: usize) {
        if self.asked != Asked::No {
            self.accepted.push(recipient);
        }
    }

    /// Whose reply is next, if it is anybody's alone.
    pub(super) fn recipient(&self) -> Option<usize> {
        let begun = matches!(self.asked, Asked::PrdrBegun | Asked::Lmtp);
        self.accepted.get(self.told).copied().filter(|_| begun)
    }

    /// Whether this reply says that there is one for each to come.
    pub(super) fn begins(&self, reply: &Reply) -> bool {
        self.asked == Asked::Prdr && reply.code().get() == 353
    }

    /// A reply to the message has come; whether another one is due.
    pub(super) fn told(&mut self, reply: &Reply) -> bool {
        if self.begins(reply) {
            self.asked = Asked::PrdrBegun;
            return true;
        }
        self.told += 1;
        match self.asked {
            Asked::No | Asked::Prdr => false,
            Asked::Lmtp => self.told < self.accepted.len(),
            Asked::PrdrBegun => self.told <= self.accepted.len(),
        }
    }
}
