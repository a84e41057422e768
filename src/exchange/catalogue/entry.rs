//! One reply with its explanation.

use crate::smtp::{EnhancedStatus, Stage};

/// One reply that a server is known to give, and what is known about it.
#[derive(Debug)]
pub struct Entry {
    /// The basic code; `None` where sources name the enhanced code alone.
    pub code: Option<u16>,
    /// The enhanced status code, if the reply carries one. Its class may differ
    /// from the code's: Exchange Online does write `451 5.7.3`.
    pub enhanced: Option<EnhancedStatus>,
    /// The last detail, where a range of enhanced codes means the same: 5.7.606
    /// to 5.7.649.
    pub last_detail: Option<u16>,
    /// The enhanced code is said with class 4 as well, as long as delivery is tried
    /// again.
    pub transient_too: bool,
    /// How the text starts, as sent; `*` stands for what varies. Replies are
    /// recognised by it, whatever follows.
    pub text: &'static str,
    /// What the service puts after `text` today: help sentences that come and go
    /// with the years, hence not part of the pattern.
    pub tail: &'static str,
    /// What it answers, most usual first; empty where no source says, and where it
    /// stands in reports alone.
    pub stages: &'static [Stage],
    /// Who says it.
    pub server: Server,
    /// What it says about this session, in one sentence.
    pub meaning: &'static str,
    /// What brings it about.
    pub cause: &'static str,
    /// What to do; empty where nothing is wrong.
    pub fix: &'static str,
    /// Where this is known from.
    pub source: &'static str,
    /// How well it is known.
    pub confidence: Confidence,
    /// Whether the simulator says it; what it does not is here to be explained.
    pub simulated: bool,
}

/// What the entries of the simulator's own replies have in common.
pub(super) const SIMULATED: Entry = Entry { simulated: true, ..DOCUMENTED_ONLY };

/// What the entries have in common that the simulator never says. Every entry ends
/// with this or with [`SIMULATED`]; what has to be said of each is checked by a test.
pub(super) const DOCUMENTED_ONLY: Entry = Entry {
    code: None,
    enhanced: None,
    last_detail: None,
    transient_too: false,
    text: "",
    tail: "",
    stages: &[],
    server: Server::ExchangeOnline,
    meaning: "",
    cause: "",
    fix: "",
    source: "",
    confidence: Confidence::Unverified,
    simulated: false,
};

/// Who gives a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Exchange Online.
    ExchangeOnline,
    /// Exchange Server, on-premises.
    ExchangeServer,
    /// Postfix.
    Postfix,
    /// Exim.
    Exim,
    /// Google's relay and MX hosts.
    Google,
    /// Amazon SES.
    Ses,
}

impl Server {
    /// The name as people know it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExchangeOnline => "Exchange Online",
            Self::ExchangeServer => "Exchange Server",
            Self::Postfix => "Postfix",
            Self::Exim => "Exim",
            Self::Google => "Google",
            Self::Ses => "Amazon SES",
        }
    }
}

/// How well an entry is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// The text was read in the source, a wire log or the vendor's page.
    Verbatim,
    /// Told by the source in other words.
    Paraphrased,
    /// Concluded from sources that do not say it.
    Inferred,
    /// From memory; no source was found.
    Unverified,
}

impl Confidence {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verbatim => "verbatim",
            Self::Paraphrased => "paraphrased",
            Self::Inferred => "inferred",
            Self::Unverified => "unverified",
        }
    }
}

impl Entry {
    /// The text with what varies put in, help sentence included: the first `*`
    /// becomes `fill`.
    #[must_use]
    pub fn filled(&self, fill: &str) -> String {
        let mut text = self.text.replacen('*', fill, 1);
        text.push_str(self.tail);
        text
    }

    /// Whether an enhanced code is this entry's, its range and classes included.
    #[must_use]
    pub fn has_enhanced(&self, status: EnhancedStatus) -> bool {
        self.enhanced.is_some_and(|own| {
            let class = own.class == status.class || (self.transient_too && status.class == 4);
            let last = self.last_detail.unwrap_or(own.detail);
            class && own.subject == status.subject && (own.detail..=last).contains(&status.detail)
        })
    }

    /// Whether the entry's text says anything: some are known by their code alone.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.text != "*"
    }

    /// Whether a reply's text starts as this entry's does. ASCII case does not
    /// count.
    #[must_use]
    pub fn matches_text(&self, text: &str) -> bool {
        let mut rest = text.as_bytes();
        for (n, piece) in self.text.split('*').enumerate() {
            let piece = piece.as_bytes();
            let at = match n {
                0 => starts_with(rest, piece).then_some(0),
                _ => (0..=rest.len()).find(|at| starts_with(&rest[*at..], piece)),
            };
            match at {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        true
    }
}

fn starts_with(text: &[u8], piece: &[u8]) -> bool {
    text.get(..piece.len()).is_some_and(|start| start.eq_ignore_ascii_case(piece))
}

/// Names the entries of one topic and lists them, so that none is left out.
macro_rules! entries {
    ($($(#[$doc:meta])* $name:ident = $entry:expr;)*) => {
        $($(#[$doc])* pub static $name: Entry = $entry;)*

        /// Every entry of this topic.
        pub(super) static ALL: &[&Entry] = &[$(&$name),*];
    };
}
pub(super) use entries;

/// `5.7.64`, short enough for a table.
pub(super) const fn x(class: u8, subject: u16, detail: u16) -> Option<EnhancedStatus> {
    Some(EnhancedStatus::new(class, subject, detail))
}
