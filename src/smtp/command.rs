//! Reading SMTP commands, as a server does (RFC 5321 §4.1).
//!
//! One line in, without its CRLF; one command out. What a parameter means is not
//! decided here.

use std::borrow::Cow;

use super::{ForwardPath, ReversePath};

/// A command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// EHLO and the name given; it may be empty.
    Ehlo(&'a str),
    /// HELO and the name given; it may be empty.
    Helo(&'a str),
    /// STARTTLS (RFC 3207).
    StartTls,
    /// AUTH (RFC 4954): mechanism and initial response, `=` for an empty one.
    Auth(&'a str, Option<&'a str>),
    /// MAIL FROM.
    Mail(ReversePath, Vec<Param<'a>>),
    /// RCPT TO.
    Rcpt(ForwardPath, Vec<Param<'a>>),
    /// DATA.
    Data,
    /// BDAT (RFC 3030): how many bytes follow, and whether they are the last.
    Bdat(u64, bool),
    /// RSET.
    Rset,
    /// NOOP, its argument left out.
    Noop,
    /// VRFY, its argument left out.
    Vrfy,
    /// QUIT.
    Quit,
}

/// An ESMTP parameter (RFC 5321 §4.1.2 `esmtp-param`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The keyword as written.
    pub keyword: &'a str,
    /// What stands after `=`.
    pub value: Option<&'a str>,
}

impl Param<'_> {
    /// Whether it is this parameter; case does not count.
    #[must_use]
    pub fn is(&self, keyword: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(keyword)
    }
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The verb is none that is known, or the line holds what no command does: a
    /// control character, or bytes that are no UTF-8.
    Unrecognized,
    /// The verb is known, its arguments are not what it takes.
    Arguments,
    /// MAIL FROM without a valid path.
    ReversePath,
    /// RCPT TO without a valid path.
    ForwardPath,
}

impl<'a> Command<'a> {
    /// Reads a line, CRLF taken off.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(line: &'a [u8]) -> Result<Self, CommandError> {
        let line = std::str::from_utf8(line).map_err(|_| CommandError::Unrecognized)?;
        if line.chars().any(char::is_control) {
            return Err(CommandError::Unrecognized);
        }
        let line = line.trim_end_matches(' ');
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let alone = |command| if rest.is_empty() { Ok(command) } else { Err(CommandError::Arguments) };
        let is = |name: &str| verb.eq_ignore_ascii_case(name);
        match () {
            () if is("EHLO") => Ok(Self::Ehlo(rest)),
            () if is("HELO") => Ok(Self::Helo(rest)),
            () if is("MAIL") => mail(rest),
            () if is("RCPT") => rcpt(rest),
            () if is("DATA") => alone(Self::Data),
            () if is("BDAT") => bdat(rest),
            () if is("RSET") => alone(Self::Rset),
            () if is("QUIT") => alone(Self::Quit),
            // RFC 3207 §4: no parameters.
            () if is("STARTTLS") => alone(Self::StartTls),
            () if is("AUTH") => auth(rest),
            () if is("NOOP") => Ok(Self::Noop),
            () if is("VRFY") => Ok(Self::Vrfy),
            () => Err(CommandError::Unrecognized),
        }
    }
}

fn mail(rest: &str) -> Result<Command<'_>, CommandError> {
    let (path, params) = path_and_params(rest, "FROM:").ok_or(CommandError::ReversePath)?;
    let path = ReversePath::parse(&path).map_err(|_| CommandError::ReversePath)?;
    Ok(Command::Mail(path, parameters(params)?))
}

fn rcpt(rest: &str) -> Result<Command<'_>, CommandError> {
    let (path, params) = path_and_params(rest, "TO:").ok_or(CommandError::ForwardPath)?;
    let path = ForwardPath::parse(&path).map_err(|_| CommandError::ForwardPath)?;
    Ok(Command::Rcpt(path, parameters(params)?))
}

/// `FROM:<path> params`: the path with its brackets, a source route taken off, and
/// what follows. A space after the colon is against the grammar and common.
fn path_and_params<'a>(rest: &'a str, keyword: &str) -> Option<(Cow<'a, str>, &'a str)> {
    let start = rest.get(..keyword.len()).filter(|start| start.eq_ignore_ascii_case(keyword))?;
    let rest = rest[start.len()..].trim_start_matches(' ');
    let end = end_of_path(rest)?;
    let (path, params) = rest.split_at(end);
    if !(params.is_empty() || params.starts_with(' ')) {
        return None;
    }
    Some((without_route(path), params.trim_start_matches(' ')))
}

/// One past the `>` that closes the path; one inside quotes does not.
fn end_of_path(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    let mut bytes = text.bytes().enumerate();
    if bytes.next()?.1 != b'<' {
        return None;
    }
    for (at, byte) in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// RFC 5321 §4.1.1.3: source routes are accepted and ignored.
fn without_route(path: &str) -> Cow<'_, str> {
    match path.strip_prefix("<@").and_then(|route| route.split_once(':')) {
        Some((route, address)) if !route.contains('"') => Cow::Owned(format!("<{address}")),
        _ => Cow::Borrowed(path),
    }
}

fn parameters(text: &str) -> Result<Vec<Param<'_>>, CommandError> {
    let mut params: Vec<Param<'_>> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (keyword, value) = match word.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (word, None),
        };
        // esmtp-keyword: letters, digits and hyphens, not starting with a hyphen.
        let is_keyword = keyword.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let is_value = value.is_none_or(|value| !value.is_empty() && !value.contains('='));
        let twice = params.iter().any(|other| other.is(keyword));
        if keyword.is_empty() || keyword.starts_with('-') || !is_keyword || !is_value || twice {
            return Err(CommandError::Arguments);
        }
        params.push(Param { keyword, value });
    }
    Ok(params)
}

fn auth(rest: &str) -> Result<Command<'_>, CommandError> {
    let mut words = rest.split(' ');
    let mechanism = words.next().filter(|word| !word.is_empty()).ok_or(CommandError::Arguments)?;
    let initial = words.next();
    match words.next() {
        None => Ok(Command::Auth(mechanism, initial)),
        Some(_) => Err(CommandError::Arguments),
    }
}

fn bdat(rest: &str) -> Result<Command<'_>, CommandError> {
    let (size, last) = match rest.split_once(' ') {
        Some((size, word)) if word.eq_ignore_ascii_case("LAST") => (size, true),
        Some(_) => return Err(CommandError::Arguments),
        None => (rest, false),
    };
    let plain = matches!(size.len(), 1..=20) && size.bytes().all(|b| b.is_ascii_digit());
    let size = size.parse().ok().filter(|_| plain).ok_or(CommandError::Arguments)?;
    Ok(Command::Bdat(size, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ReversePath {
        ReversePath::parse(text).expect("an address")
    }

    #[test]
    fn commands_are_read_whatever_their_case() {
        for (line, command) in [
            ("EHLO mx.test", Command::Ehlo("mx.test")),
            ("ehlo", Command::Ehlo("")),
            ("HELO [192.0.2.1]", Command::Helo("[192.0.2.1]")),
            ("StartTLS", Command::StartTls),
            ("AUTH LOGIN", Command::Auth("LOGIN", None)),
            ("auth plain AGEAYg==", Command::Auth("plain", Some("AGEAYg=="))),
            ("MAIL FROM:<>", Command::Mail(ReversePath::Null, Vec::new())),
            ("mail from: <a@b.example>", Command::Mail(path("a@b.example"), Vec::new())),
            ("MAIL FROM:<@x.example,@y.example:a@b.example>", Command::Mail(path("a@b.example"), Vec::new())),
            ("MAIL FROM:<\"a>b\"@c.example>", Command::Mail(path("\"a>b\"@c.example"), Vec::new())),
            ("MAIL FROM:<\"a\\\">b\"@c.example>", Command::Mail(path("\"a\\\">b\"@c.example"), Vec::new())),
            ("BDAT 12", Command::Bdat(12, false)),
            ("BDAT 0 last", Command::Bdat(0, true)),
            ("DATA ", Command::Data),
            ("NOOP whatever", Command::Noop),
            ("VRFY a", Command::Vrfy),
            ("QUIT", Command::Quit),
            ("RSET", Command::Rset),
        ] {
            assert_eq!(Command::parse(line.as_bytes()), Ok(command), "{line}");
        }
    }

    #[test]
    fn parameters_keep_their_spelling() {
        let line = b"MAIL FROM:<a@b.example> SIZE=1000 Body=8BITMIME X-Y=1 SMTPUTF8";
        let Ok(Command::Mail(_, params)) = Command::parse(line) else { panic!("a MAIL command") };
        let read: Vec<_> = params.iter().map(|param| (param.keyword, param.value)).collect();
        assert_eq!(
            read,
            [("SIZE", Some("1000")), ("Body", Some("8BITMIME")), ("X-Y", Some("1")), ("SMTPUTF8", None)]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        use CommandError::{Arguments, ForwardPath, ReversePath, Unrecognized};
        let long = format!("RCPT TO:<{}@b.example>", "a".repeat(65));
        let cases: [(&[u8], CommandError); 28] = [
            (b"", Unrecognized),
            (b"XYZZY", Unrecognized),
            (b"EHLO a\0b", Unrecognized),
            (b"EHLO a\rb", Unrecognized),
            (b"EHLO \xff", Unrecognized),
            (b"STARTTLS now", Arguments),
            (b"DATA x", Arguments),
            (b"QUIT x", Arguments),
            (b"AUTH", Arguments),
            (b"AUTH LOGIN a b", Arguments),
            (b"MAIL FROM:a@b.example", ReversePath),
            (b"MAIL FROM:<a@b.example", ReversePath),
            (b"MAIL FROM:<a@b.example>x", ReversePath),
            (b"MAIL TO:<a@b.example>", ReversePath),
            (b"MAIL", ReversePath),
            (b"RCPT TO:<>", ForwardPath),
            (long.as_bytes(), ForwardPath),
            (b"MAIL FROM:<> SIZE=1 size=2", Arguments),
            (b"MAIL FROM:<> SIZE=", Arguments),
            (b"MAIL FROM:<> -X=1", Arguments),
            (b"MAIL FROM:<> X_Y=1", Arguments),
            (b"MAIL FROM:<@\"x\":a@b.example>", ReversePath),
            (b"RCPT TO:<@\"x\":a@b.example>", ForwardPath),
            (b"BDAT -1", Arguments),
            (b"BDAT +1", Arguments),
            (b"BDAT 99999999999999999999", Arguments),
            (b"BDAT 1 FIRST", Arguments),
            (b"BDAT", Arguments),
        ];
        for (line, error) in cases {
            assert_eq!(Command::parse(line), Err(error), "{}", String::from_utf8_lossy(line));
        }
    }
}
