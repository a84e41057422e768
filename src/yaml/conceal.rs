//! What looks like a secret, struck out of a line that is quoted.
//!
//! A reader strikes out the literals that it knows ([`Sources::hide`]); a file
//! that is not understood, or a misspelt key, hides its secrets from it.
//!
//! [`Sources::hide`]: super::Sources::hide

use std::borrow::Cow;

use super::nearest;

/// What a secret's map begins with where it only says where the secret is.
const PLACES: [&str; 4] = ["env", "file", "credential", "command"];

/// The line with the values of keys that look like `password` or `token` as
/// asterisks; every byte keeps its place. What only says where a secret is, such
/// as `{ env: NAME }`, stays. `before` is the text above the line: below
/// `passwords:` every value is a secret.
pub(super) fn conceal<'l>(before: &str, line: &'l str) -> Cow<'l, str> {
    let mut hidden: Vec<(usize, usize)> = Vec::new();
    // In `passwords: { user: secret }` every value is one, too.
    let mut all = is_below_secrets(before, line);
    let mut at = 0;
    while let Some(colon) = line[at..].find(':').map(|found| at + found) {
        at = colon + 1;
        let rest = &line[at..];
        let before = line[..colon].trim_end_matches(['"', '\'', ' ']);
        let key = before.rsplit(|c: char| !(c.is_alphanumeric() || "_-@.".contains(c))).next();
        let key = key.unwrap_or_default();
        if !(all || is_secret(key)) || !rest.starts_with([' ', '"', '\'']) {
            continue;
        }
        let start = line.len() - rest.trim_start().len();
        if let Some(inside) = line[start..].strip_prefix('{') {
            let place = inside.trim_start().split(':').next().unwrap_or_default();
            all = all || !PLACES.contains(&place);
        } else if start < line.len() && !line[start..].starts_with("$(") {
            at = end_of_value(line, start);
            hidden.push((start, at));
        }
    }
    if hidden.is_empty() {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    for (start, end) in hidden {
        out.push_str(&line[out.len()..start]);
        out.extend(std::iter::repeat_n('*', end - start));
    }
    out.push_str(&line[out.len()..]);
    Cow::Owned(out)
}

/// Whether the line stands in the block of a key that looks like a secret's. That
/// strikes out `env: NAME` below `password:` as well: too much beats too little.
fn is_below_secrets(before: &str, line: &str) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut inner = indent(line);
    for above in before.lines().rev().filter(|line| !line.trim().is_empty()) {
        if indent(above) >= inner {
            continue;
        }
        inner = indent(above);
        let above = above.trim().trim_start_matches("- ");
        let key = above.strip_suffix(':').map(|key| key.trim_matches(['"', '\'', ' ']));
        if key.is_some_and(is_secret) {
            return true;
        }
        if inner == 0 {
            return false;
        }
    }
    false
}

fn is_secret(key: &str) -> bool {
    let lower = key.to_lowercase();
    ["pass", "token", "secret", "pwd"].iter().any(|word| lower.contains(word))
        || nearest(key, ["password", "passwords", "token"].into_iter()).is_some()
}

/// Where the value that begins at `start` ends: at its closing quote, at what
/// ends it within braces, or with the line.
fn end_of_value(line: &str, start: usize) -> usize {
    let value = &line[start..];
    if let Some(quote @ ('"' | '\'')) = value.chars().next() {
        let mut chars = value.char_indices().skip(1).peekable();
        while let Some((n, c)) = chars.next() {
            let doubled = quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == quote);
            if c == quote && !doubled {
                return start + n + 1;
            }
            if c == quote || (c == '\\' && quote == '"') {
                chars.next();
            }
        }
        return line.len();
    }
    match line[..start].contains('{') {
        true => start + value[..value.find([',', '}']).unwrap_or(value.len())].trim_end().len(),
        false => line.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_keys_that_look_secret_are_struck_out_in_their_place() {
        for (line, expected) in [
            ("  pasword: hunter 2", "  pasword: ********"),
            (
                "auth: { username: u, pasword: \"a\\\"b}\", x: 1 }",
                "auth: { username: u, pasword: *******, x: 1 }",
            ),
            ("{ token: a b, force: true }", "{ token: ***, force: true }"),
            ("{ PASSWD: 'it''s', x: 1 }", "{ PASSWD: *******, x: 1 }"),
            ("token: 'open", "token: *****"),
            ("password: \"ü\"", "password: ****"),
            ("token: !!str x", "token: *******"),
            ("\"password\":\"x\"", "\"password\":***"),
            (
                "passwords: { a@b.example: correct horse, c: d }",
                "passwords: { a@b.example: *************, c: * }",
            ),
        ] {
            assert_eq!(conceal("", line), expected, "{line}");
        }
    }

    #[test]
    fn below_a_key_of_secrets_every_value_is_struck_out() {
        let before = "lab:\n  passwords:\n    a@b.example: one\n\n    # more\n";
        assert_eq!(conceal(before, "    c@d.example: two"), "    c@d.example: ***");
        assert_eq!(conceal(before, "  recipients: [two]"), "  recipients: [two]");
        assert_eq!(conceal("passwords:\nlab:\n", "  name: two"), "  name: two");
    }

    #[test]
    fn what_says_where_a_secret_is_stays() {
        for line in [
            "password: { env: SCAN_PASSWORD }",
            "password: $(x)",
            "password:",
            "target: mail.example:587",
            "auth: { mechanism: LOGIN, username: u }",
        ] {
            assert_eq!(conceal("", line), line);
        }
    }
}
