//! Words to options, by the rules of swaks: Perl's Getopt::Long as swaks sets it up.
//!
//! * `-`, `--` and `+` begin an option alike, and any unambiguous beginning of a name
//!   will do: `-tls-ver`, `--quit`.
//! * `--name=value` is split first, whatever stands behind the `=`.
//! * `--header-NAME value` and `--h-NAME value` are `--header 'NAME: value'`.
//! * `--no-NAME` takes back what was said before.

use super::options::{Here, OPTIONS, Opt, Row, Value};

/// The options of a line, in order.
#[derive(Debug, Default)]
pub(super) struct Given(Vec<(&'static Row, String)>);

impl Given {
    /// Adds the options of `SWAKS_OPT_NAME=VALUE` assignments, as swaks reads them; to
    /// be called before [`Self::read`]. The names of other assignments come back.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub(super) fn environment(
        &mut self,
        assignments: &[(String, String)],
    ) -> Result<Vec<String>, Vec<String>> {
        let mut others = Vec::new();
        let mut words = Vec::new();
        let mut sorted: Vec<_> = assignments.iter().collect();
        sorted.sort();
        for (name, value) in sorted {
            match name.strip_prefix("SWAKS_OPT_") {
                Some(option) => {
                    words.push(format!("--{}", option.replace('_', "-")));
                    words.extend((!value.is_empty()).then(|| value.clone()));
                }
                None => others.push(name.clone()),
            }
        }
        self.read(&words).map(|()| others)
    }

    /// Adds the options of a command line.
    ///
    /// # Errors
    ///
    /// Everything that swaks would not understand either. No value is repeated: it may
    /// be a password in the wrong place.
    pub(super) fn read(&mut self, words: &[String]) -> Result<(), Vec<String>> {
        let mut faults = Vec::new();
        let mut words = rewritten(words).into_iter().peekable();
        let mut before = "the program's name".to_owned();
        while let Some(word) = words.next() {
            let name = match stripped(&word) {
                Some(name) if word != "--" => name,
                _ => {
                    faults.push(format!("a word that belongs to no option stands behind {before}"));
                    continue;
                }
            };
            before = format!("`{word}`");
            let (row, is_taken_back) = match named(name) {
                Ok(found) => found,
                Err(why) => {
                    faults.push(format!("`{word}`: {why}"));
                    continue;
                }
            };
            if is_taken_back || !row.is_list {
                self.0.retain(|(known, _)| !std::ptr::eq(*known, row));
            }
            if is_taken_back {
                continue;
            }
            let value = match row.value {
                Value::None => Some(String::new()),
                Value::Required => words.next(),
                Value::Optional => {
                    let is_value = |word: &String| word == "-" || stripped(word).is_none();
                    Some(words.next_if(is_value).unwrap_or_default())
                }
                Value::Number => {
                    let is_number = |word: &String| {
                        let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
                        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
                    };
                    Some(words.next_if(is_number).unwrap_or_default())
                }
            };
            match value {
                Some(value) => self.0.push((row, value)),
                None => faults.push(format!("`{word}` wants a value")),
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// What was given for an option; empty where it was given without a value.
    pub(super) fn value(&self, option: Opt) -> Option<&str> {
        self.all(option).next()
    }

    /// Whether an option was given.
    pub(super) fn has(&self, option: Opt) -> bool {
        self.value(option).is_some()
    }

    /// Everything that was given for an option.
    pub(super) fn all(&self, option: Opt) -> impl Iterator<Item = &str> {
        self.kept().filter(move |(known, _)| *known == option).map(|(_, value)| value)
    }

    /// The options that make the scenario, in order.
    pub(super) fn kept(&self) -> impl Iterator<Item = (Opt, &str)> {
        self.0.iter().filter_map(|(row, value)| match row.here {
            Here::Kept(option, _) => Some((option, value.as_str())),
            _ => None,
        })
    }

    /// The others, in order.
    pub(super) fn others(&self) -> impl Iterator<Item = (String, Here)> {
        let all = self.0.iter().map(|(row, _)| (row.name(), row.here));
        all.filter(|(_, here)| !matches!(here, Here::Kept(..)))
    }
}

/// The name of a word that begins an option.
fn stripped(word: &str) -> Option<&str> {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix(['-', '+']))?;
    (!name.is_empty() || word == "--").then_some(name)
}

/// The words as swaks itself rewrites them before it looks for options.
fn rewritten(words: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    // A field's name that waits for its value.
    let mut field: Option<String> = None;
    let has_data = words.iter().any(|word| word.trim_start_matches('-') == "data");
    for word in words {
        if let Some(name) = field.take() {
            out.push(format!("{name}: {word}"));
            continue;
        }
        let parts = match word.split_once('=') {
            Some((name, value)) if word.starts_with('-') && name.len() > 1 => vec![name, value],
            _ => vec![word.as_str()],
        };
        for part in parts {
            if let Some(name) = field.take() {
                out.push(format!("{name}: {part}"));
            } else if matches!(part, "-g" | "--g") {
                // An old spelling.
                out.extend((!has_data).then(|| ["--data".to_owned(), "-".to_owned()]).into_iter().flatten());
            } else if let Some(name) = header(part) {
                out.push("--header".to_owned());
                field = Some(name.to_owned());
            } else if ["-no-h-", "--no-h-", "-no-header-", "--no-header-"]
                .iter()
                .any(|no| part.starts_with(no))
            {
                out.push("--no-header".to_owned());
            } else {
                out.push(part.to_owned());
            }
        }
    }
    out.extend(field.map(|name| format!("{name}: ")));
    out
}

/// The field's name in `--header-NAME`, a colon behind it left off.
fn header(word: &str) -> Option<&str> {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    let name = name.strip_prefix("header-").or_else(|| name.strip_prefix("h-"))?;
    let name = name.strip_suffix(':').unwrap_or(name);
    (!name.is_empty() && !name.contains(':')).then_some(name)
}

/// The option of a name or of its beginning, and whether it is taken back.
fn named(name: &str) -> Result<(&'static Row, bool), String> {
    let all = || OPTIONS.iter().flat_map(|row| row.spellings.iter().map(move |spelling| (*spelling, row)));
    if let Some((_, row)) = all().find(|(spelling, _)| *spelling == name) {
        return Ok((row, false));
    }
    let plain = |(spelling, _): &(&str, &Row)| spelling.starts_with(name);
    let taken_back = |(spelling, _): &(&str, &Row)| format!("no-{spelling}").starts_with(name);
    if let Some((_, row)) = all().find(|(spelling, _)| name.strip_prefix("no-") == Some(spelling)) {
        return Ok((row, true));
    }
    let mut hits: Vec<(&Row, bool)> = Vec::new();
    let found = all().filter(plain).map(|(_, row)| (row, false));
    for (row, no) in found.chain(all().filter(taken_back).map(|(_, row)| (row, true))) {
        if !hits.iter().any(|(known, known_no)| std::ptr::eq(*known, row) && *known_no == no) {
            hits.push((row, no));
        }
    }
    match hits[..] {
        [hit] => Ok(hit),
        [] => Err("swaks has no such option".to_owned()),
        _ => {
            let word =
                |(row, no): &(&Row, bool)| format!("--{}{}", if *no { "no-" } else { "" }, row.spellings[0]);
            let all: Vec<String> = hits.iter().take(4).map(word).collect();
            let more = if hits.len() > 4 { " …" } else { "" };
            Err(format!("it may be any of {}{more}", all.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &[&str]) -> Result<Given, Vec<String>> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut given = Given::default();
        given.read(&words).map(|()| given)
    }

    fn told(words: &[&str]) -> Vec<String> {
        let given = given(words).unwrap_or_else(|faults| panic!("{words:?}: {faults:?}"));
        given.0.iter().map(|(row, value)| format!("{}={value}", row.spellings[0])).collect()
    }

    #[test]
    fn every_spelling_means_its_option() {
        for row in OPTIONS {
            for spelling in row.spellings {
                for hyphens in ["-", "--", "+"] {
                    let word = format!("{hyphens}{spelling}");
                    let value = if row.value == Value::None { &[][..] } else { &["7"] };
                    let words = [&[word.as_str()], value].concat();
                    let expected = format!("{}={}", row.spellings[0], value.first().unwrap_or(&""));
                    assert_eq!(told(&words), [expected], "{word}");
                }
            }
        }
    }

    #[test]
    fn words_are_read_as_getopt_long_reads_them() {
        for (words, expected) in [
            (&["-t", "a@b", "-f", "c@d"][..], &["to=a@b", "from=c@d"][..]),
            (&["--to=a@b", "--server=mx=1"], &["to=a@b", "server=mx=1"]),
            // The beginning of a name, where it is that of one option alone.
            (&["--serv", "mx", "--quit-a", "rcpt"], &["server=mx", "quit-after=rcpt"]),
            // A value that may be left out does not begin like an option …
            (&["-a", "-au", "u"], &["auth=", "auth-user=u"]),
            (&["--data", "-"], &["data=-"]),
            (&["--body", "-tls"], &["body=", "tls="]),
            // … one that must be there is whatever comes.
            (&["--tls-cipher", "-x"], &["tls-cipher=-x"]),
            // The last counts.
            (&["-t", "a", "-f", "x", "-t", "b"], &["from=x", "to=b"]),
            (&["--header", "A: 1", "--header", "B: 2"], &["header=A: 1", "header=B: 2"]),
            (
                &["--h-Subject", "x y", "--header-X-A:", "1", "-h-B=2"],
                &["header=Subject: x y", "header=X-A: 1", "header=B: 2"],
            ),
            (&["--header", "A: 1", "--no-header", "-tls", "--no-tls"], &[]),
            (&["-S", "2", "-S", "-t", "a"], &["silent=", "to=a"]),
            (&["-g"], &["data=-"]),
            (&["-g", "--data", "@f"], &["data=@f"]),
        ] {
            assert_eq!(told(words), expected, "{words:?}");
        }
    }

    #[test]
    fn what_swaks_does_not_understand_is_told_without_its_value() {
        for (words, named) in [
            (&["--frm", "secret"][..], "`--frm`: swaks has no such option"),
            (&["--tls-o"], "--tls-optional, --tls-optional-strict, --tls-on-connect"),
            (&["-ap", "one", "secret"], "a word that belongs to no option stands behind `-ap`"),
            (&["secret"], "behind the program's name"),
            (&["--tls-cert"], "`--tls-cert` wants a value"),
            (&["--"], "no option"),
        ] {
            let said = given(words).expect_err("it is wrong").join("\n");
            assert!(said.contains(named) && !said.contains("secret"), "{words:?}: {said}");
        }
    }

    #[test]
    fn the_environment_holds_options_too_and_the_line_comes_after_it() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut given = Given::default();
        let others = given.environment(&[
            pair("SWAKS_OPT_to", "a@b"),
            pair("TZ", "UTC"),
            pair("SWAKS_OPT_tls_on_connect", ""),
            pair("SWAKS_OPT_server", "one"),
        ]);
        assert_eq!(others, Ok(vec!["TZ".to_owned()]));
        given.read(&["-s".to_owned(), "two".to_owned()]).expect("it is understood");
        assert_eq!(given.value(Opt::Server), Some("two"));
        assert_eq!(given.value(Opt::To), Some("a@b"));
        assert!(given.has(Opt::TlsOnConnect));
    }
}
