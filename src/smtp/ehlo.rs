//! What a server offers (RFC 5321 §4.1.1.1). Unknown keywords are kept.

use super::Reply;

/// A server's answer to EHLO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EhloResponse {
    /// The text of each line, a line feed between them: a reply's line holds none.
    text: String,
}

/// One extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EhloKeyword<'a> {
    /// The keyword as the server spells it.
    pub name: &'a str,
    /// The whole line: `AUTH LOGIN XOAUTH2`.
    pub line: &'a str,
}

impl<'a> EhloKeyword<'a> {
    /// What follows the keyword, split at spaces.
    pub fn params(self) -> impl Iterator<Item = &'a str> {
        self.line[self.name.len()..].split(' ').filter(|word| !word.is_empty())
    }
}

impl EhloResponse {
    /// Reads the answer out of a reply.
    #[must_use]
    pub fn parse(reply: &Reply) -> Self {
        let mut text = String::with_capacity(reply.wire().len());
        for (n, line) in reply.lines().enumerate() {
            if n > 0 {
                text.push('\n');
            }
            text.push_str(&super::lossless(line));
        }
        Self { text }
    }

    /// The text of the first line: the server's name and greeting.
    #[must_use]
    pub fn greeting(&self) -> &str {
        self.text.split('\n').next().unwrap_or_default()
    }

    /// The extensions, in the order of the reply.
    pub fn keywords(&self) -> impl Iterator<Item = EhloKeyword<'_>> {
        self.text.split('\n').skip(1).filter_map(|line| {
            let line = line.trim_matches(' ');
            let name = line.split(' ').next().filter(|name| !name.is_empty())?;
            Some(EhloKeyword { name, line })
        })
    }

    /// The first line of this keyword (case does not matter, RFC 5321 §2.4).
    #[must_use]
    pub fn find(&self, keyword: &str) -> Option<EhloKeyword<'_>> {
        self.keywords().find(|line| line.name.eq_ignore_ascii_case(keyword))
    }

    /// Whether a line such as `SIZE`, `AUTH LOGIN` or `AUTH LOGIN XOAUTH2` is
    /// offered: the keyword, with every parameter named. Case does not matter;
    /// further parameters do no harm, and of several lines of one keyword any
    /// will do. The old `AUTH=LOGIN` counts as `AUTH LOGIN`.
    #[must_use]
    pub fn offers(&self, line: &str) -> bool {
        let mut words = line.split_ascii_whitespace();
        let Some(keyword) = words.next() else { return false };
        let has =
            |line: EhloKeyword<'_>, param: &str| line.params().any(|own| own.eq_ignore_ascii_case(param));
        let found = words.clone().all(|param| {
            self.keywords().any(|line| {
                let (name, first) = line.name.split_once('=').unwrap_or((line.name, ""));
                let named = [name, line.name].into_iter().any(|name| name.eq_ignore_ascii_case(keyword));
                named && (first.eq_ignore_ascii_case(param) || has(line, param))
            })
        });
        found && (words.next().is_some() || self.find(keyword).is_some())
    }

    /// The address that the server says it sees: what stands in the last
    /// brackets of `Hello [203.0.113.10]`, without RFC 5321's `IPv6:` tag.
    #[must_use]
    pub fn sees(&self) -> Option<&str> {
        let (_, after) = self.greeting().rsplit_once('[')?;
        let (address, _) = after.split_once(']')?;
        Some(match address.get(..5) {
            Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => &address[5..],
            _ => address,
        })
    }

    /// What is odd in it, in words: a keyword twice, the old `AUTH=`, a SIZE that is
    /// no number of RFC 1870. None of it is an error.
    #[must_use]
    pub fn oddities(&self) -> Vec<String> {
        let mut odd = Vec::new();
        let lines: Vec<_> = self.keywords().collect();
        for (n, line) in lines.iter().enumerate() {
            let name = line.name;
            if lines[..n].iter().any(|before| before.name.eq_ignore_ascii_case(name)) {
                odd.push(format!("{name} is offered more than once"));
            }
            if name.len() > 5 && name.is_char_boundary(5) && name[..5].eq_ignore_ascii_case("AUTH=") {
                odd.push(format!("{name} is an old form of AUTH"));
            }
            // RFC 1870 §4: at most 20 digits, and 2^64 does not fit a size.
            if name.eq_ignore_ascii_case("SIZE")
                && let Some(size) = line.params().next()
                && size.parse::<u64>().is_err()
            {
                odd.push(format!("SIZE {size} is no size"));
            }
        }
        odd
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::ReplyDecoder;

    fn parse(wire: &str) -> EhloResponse {
        let reply = ReplyDecoder::default().push(wire.as_bytes()).expect("well-formed").expect("whole");
        EhloResponse::parse(&reply)
    }

    #[test]
    fn keywords_are_found_whatever_their_case() {
        let ehlo =
            parse("250-mx Hello [203.0.113.10]\r\n250-size 1000\r\n250-AUTH LOGIN XOAUTH2\r\n250 X-FOO\r\n");
        assert!(ehlo.offers("SIZE") && ehlo.offers("size 1000") && ehlo.offers("x-foo"));
        assert!(ehlo.offers("AUTH xoauth2 login"));
        assert!(!ehlo.offers("AUTH PLAIN") && !ehlo.offers("STARTTLS") && !ehlo.offers(""));
        assert_eq!(ehlo.find("Auth").map(|auth| auth.params().count()), Some(2));
    }

    #[test]
    fn the_old_form_of_auth_counts_and_a_stripped_one_does_not() {
        let ehlo = parse("250-mx\r\n250-AUTH=LOGIN PLAIN\r\n250 XXXXXXXA\r\n");
        assert!(ehlo.offers("AUTH LOGIN") && ehlo.offers("AUTH PLAIN"));
        assert!(ehlo.offers("AUTH=LOGIN") && ehlo.offers("auth=login plain"), "as it stands there, too");
        assert!(!ehlo.offers("STARTTLS"));
    }

    #[test]
    fn oddities_are_told_and_are_no_errors() {
        let ehlo = parse("250-mx\r\n250-SIZE -1\r\n250-AUTH=LOGIN\r\n250-DSN\r\n250 dsn\r\n");
        assert_eq!(
            ehlo.oddities(),
            ["SIZE -1 is no size", "AUTH=LOGIN is an old form of AUTH", "dsn is offered more than once"]
        );
        assert_eq!(parse("250-mx\r\n250-SIZE 18446744073709551616\r\n250 X\r\n").oddities().len(), 1);
        assert!(parse("250-mx\r\n250-SIZE\r\n250-SIZE2\r\n250 AUTH PLAIN\r\n").oddities().is_empty());
    }

    #[test]
    fn the_address_in_the_greeting_is_what_the_server_sees() {
        let sees = |greeting: &str| parse(&format!("250 {greeting}\r\n")).sees().map(str::to_owned);
        assert_eq!(sees("mx.test Hello [203.0.113.10]").as_deref(), Some("203.0.113.10"));
        assert_eq!(sees("mx.test Hello app [IPv6:2001:db8::1], hi").as_deref(), Some("2001:db8::1"));
        assert_eq!(sees("mx.test Hello"), None);
    }
}
