//! What a server offers (RFC 5321 §4.1.1.1). Unknown keywords are kept.

use super::Reply;

/// A server's answer to EHLO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EhloResponse {
    /// The text of the first line: the server's name and greeting.
    pub greeting: String,
    /// The extensions, in the order of the reply.
    pub keywords: Vec<EhloKeyword>,
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EhloKeyword {
    /// The keyword as the server spells it.
    pub name: String,
    /// What follows it, split at spaces.
    pub params: Vec<String>,
}

impl EhloResponse {
    /// Reads the answer out of a reply.
    #[must_use]
    pub fn parse(reply: &Reply) -> Self {
        let mut lines = reply.lines().map(|line| super::lossless(line).into_owned());
        let greeting = lines.next().unwrap_or_default();
        let keywords = lines
            .filter_map(|line| {
                let mut words = line.split(' ').filter(|word| !word.is_empty());
                let name = words.next()?.to_owned();
                Some(EhloKeyword { name, params: words.map(str::to_owned).collect() })
            })
            .collect();
        Self { greeting, keywords }
    }
}
