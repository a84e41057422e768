//! A pasted shell line to words, as a POSIX shell would split it (XCU §2.2, §2.3).
//!
//! ```text
//! TZ=UTC swaks -t 'a@b.example' --h-Subject "nightly \"test\"" 2>&1 | grep -q 250
//! └ assignment  └──────────────── words ───────────────────┘ └ left out, with a note
//! ```
//!
//! Nothing is expanded: what a variable or a command stands for on another host is not
//! known here, so each is refused by its name. No word of what is left out is repeated
//! but the first: it may hold a secret.

/// The swaks command of a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// `NAME=VALUE` in front of it.
    pub(super) assignments: Vec<(String, String)>,
    /// Its words, less the first.
    pub(super) words: Vec<String>,
    /// The file that `<` makes its standard input.
    pub(super) stdin: Option<String>,
    /// What was left out, and why that is well.
    pub(super) notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `|`, `&&`, `;` and their like, the end of a line too.
    Separator(&'static str),
    /// A redirection as it is written, up to where its file follows.
    Redirection(String),
}

/// The operators that end a command, longest first.
const SEPARATORS: [&str; 9] = ["||", "|&", "&&", ";;", "|", "&", ";", "(", ")"];

/// The operators that redirect, longest first; of these the last two read.
const REDIRECTIONS: [&str; 11] = ["<<<", "<<-", "&>>", "<<", "<&", "<>", ">>", ">&", ">|", "&>", ">"];

/// Reads a line.
///
/// # Errors
///
/// Everything in it that only its own shell could tell, and where it is no swaks line.
pub(super) fn command(line: &str) -> Result<Command, Vec<String>> {
    let mut faults = Vec::new();
    let (line, mut notes) = without_schedule(line.trim(), &mut faults);
    let tokens = tokens(&line, &mut faults);
    let mut command = Command::default();
    let mut tokens = tokens.into_iter().skip_while(|token| *token == Token::Separator("\n")).peekable();
    let mut program = None;
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) if program.is_none() => match assignment(&word) {
                Some(pair) => command.assignments.push(pair),
                None if word == "env" || word == "exec" => {}
                None => program = Some(word),
            },
            Token::Word(word) => command.words.push(word),
            Token::Redirection(operator) => {
                let file = match tokens.next_if(|next| matches!(next, Token::Word(_))) {
                    Some(Token::Word(file)) => file,
                    _ => {
                        faults.push(format!("nothing stands behind `{operator}`"));
                        continue;
                    }
                };
                match operator.as_str() {
                    "<" => command.stdin = Some(file),
                    _ if operator.contains('<') => {
                        let how = "put what is to be read into a file, and say `< FILE`";
                        faults.push(format!("`{operator}` is the shell's: {how}"));
                    }
                    _ => notes.push(format!("`{operator}{file}` is left out: it is about what swaks prints")),
                }
            }
            Token::Separator(separator) => {
                let rest: Vec<Token> = tokens.by_ref().collect();
                let first = rest.iter().find_map(|token| match token {
                    Token::Word(word) => Some(word.as_str()),
                    _ => None,
                });
                let swaks = |token: &Token| matches!(token, Token::Word(word) if is_swaks(word));
                match first {
                    _ if rest.iter().any(swaks) && !program.as_deref().is_some_and(is_swaks) => {
                        faults.push(format!(
                            "something stands before swaks (`{separator}`): give the swaks command alone, and \
                             what is piped into it as a file: `--data @FILE`"
                        ));
                        return Err(faults);
                    }
                    _ if rest.iter().any(swaks) => faults.push(
                        "there is a second swaks in the line: give one command at a time, and each its own \
                         scenario"
                            .to_owned(),
                    ),
                    Some(first) => notes.push(format!(
                        "`{} {first} …` is left out: what must come is said by `expect`, and the exit status \
                         tells",
                        if separator == "\n" { "⏎" } else { separator },
                    )),
                    None => {}
                }
            }
        }
    }
    match program {
        Some(program) if is_swaks(&program) => {}
        Some(program) => faults.push(format!("the line begins with `{program}`, not with swaks")),
        None => faults.push("there is no command in the line".to_owned()),
    }
    command.notes = notes;
    if faults.is_empty() { Ok(command) } else { Err(faults) }
}

/// Whether a program is swaks by its name.
fn is_swaks(program: &str) -> bool {
    matches!(program.rsplit('/').next(), Some("swaks" | "swaks.pl"))
}

/// `NAME=VALUE` with a name that a shell takes.
fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let good = |(at, c): (usize, char)| c == '_' || c.is_ascii_alphabetic() || at > 0 && c.is_ascii_digit();
    (!name.is_empty() && name.char_indices().all(good)).then(|| (name.to_owned(), value.to_owned()))
}

/// A crontab's line without its schedule and user (crontab(5)): there `\%` is a `%`,
/// and a `%` by itself ends the command.
fn without_schedule(line: &str, faults: &mut Vec<String>) -> (String, Vec<String>) {
    let fields = |count: usize| {
        let mut rest = line;
        for _ in 0..count {
            rest = rest[rest.find([' ', '\t'])?..].trim_start_matches([' ', '\t']);
        }
        Some(rest)
    };
    let is_time = |field: &str| {
        field.starts_with(|c: char| c.is_ascii_digit() || c == '*')
            && field.bytes().all(|b| b.is_ascii_alphanumeric() || b"*/,-".contains(&b))
    };
    let rest = if line.starts_with('@') {
        fields(1)
    } else if line.split_ascii_whitespace().take(3).filter(|field| is_time(field)).count() == 3 {
        // The month and the day of the week may be names.
        fields(5)
    } else {
        None
    };
    let Some(mut rest) = rest else { return (line.to_owned(), Vec::new()) };
    let mut words = rest.split_ascii_whitespace();
    if let (Some(user), Some(next)) = (words.next(), words.next())
        && !is_swaks(user)
        && assignment(user).is_none()
        && (is_swaks(next) || assignment(next).is_some())
    {
        rest = rest[user.len()..].trim_start();
    }
    if rest.replace("\\%", "").contains('%') {
        faults.push("a `%` ends the command in a crontab: it is written `\\%` there".to_owned());
    }
    (rest.replace("\\%", "%"), vec!["the schedule is left out: it stays with cron, or a timer".to_owned()])
}

/// The tokens of a line. What cannot be told goes into `faults`.
fn tokens(line: &str, faults: &mut Vec<String>) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = line;
    // The word in the making; `None` between words.
    let mut word: Option<String> = None;
    // Whether all of it stood bare: a number is then a descriptor before `>`.
    let mut bare = true;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            ' ' | '\t' | '\r' => {
                tokens.extend(word.take().map(Token::Word));
                rest = after;
            }
            '\n' => {
                tokens.extend(word.take().map(Token::Word));
                tokens.push(Token::Separator("\n"));
                rest = after;
            }
            '#' if word.is_none() => rest = after.find('\n').map_or("", |end| &after[end..]),
            '~' if word.is_none() => {
                let name = after.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                faults.push(format!("`~{name}` stands for a home folder: write the path out"));
                (word, rest) = (Some(String::new()), after);
            }
            '\\' => {
                let mut next = after.chars();
                match next.next() {
                    // A line goes on after it.
                    Some('\n') => {}
                    Some(escaped) => {
                        word.get_or_insert_default().push(escaped);
                        bare = false;
                    }
                    None => faults.push("the line ends with a backslash: something is missing".to_owned()),
                }
                rest = next.as_str();
            }
            '\'' => {
                let (text, behind) = after.split_once('\'').unwrap_or_else(|| {
                    faults.push("a single quote is not closed".to_owned());
                    (after, "")
                });
                word.get_or_insert_default().push_str(text);
                (bare, rest) = (false, behind);
            }
            '"' => {
                rest = double_quoted(after, word.get_or_insert_default(), faults);
                bare = false;
            }
            '$' | '`' => rest = expansion(rest, word.get_or_insert_default(), faults),
            _ => {
                if word.is_none() {
                    bare = true;
                }
                match operator(rest) {
                    None => {
                        word.get_or_insert_default().push(c);
                        rest = after;
                    }
                    Some(Token::Redirection(operator)) => {
                        rest = &rest[operator.len()..];
                        let descriptor = word.take_if(|word| {
                            bare && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
                        });
                        tokens.extend(word.take().map(Token::Word));
                        tokens.push(Token::Redirection(descriptor.unwrap_or_default() + &operator));
                    }
                    Some(token) => {
                        tokens.extend(word.take().map(Token::Word));
                        if let Token::Separator(separator) = token {
                            rest = &rest[separator.len()..];
                        }
                        tokens.push(token);
                    }
                }
            }
        }
    }
    tokens.extend(word.map(Token::Word));
    tokens
}

/// The operator at the start.
fn operator(rest: &str) -> Option<Token> {
    let redirection = REDIRECTIONS.into_iter().chain(["<"]).find(|operator| rest.starts_with(operator));
    if let Some(operator) = redirection {
        return Some(Token::Redirection(operator.to_owned()));
    }
    SEPARATORS.into_iter().find(|operator| rest.starts_with(operator)).map(Token::Separator)
}

/// Reads on to the closing double quote (XCU §2.2.3) and returns what stands behind it.
fn double_quoted<'a>(mut rest: &'a str, word: &mut String, faults: &mut Vec<String>) -> &'a str {
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '"' => return after,
            '\\' => {
                let mut next = after.chars();
                match next.next() {
                    Some('\n') => {}
                    Some(escaped) if "$`\"\\".contains(escaped) => word.push(escaped),
                    Some(other) => word.extend(['\\', other]),
                    None => break,
                }
                rest = next.as_str();
            }
            '$' | '`' => rest = expansion(rest, word, faults),
            _ => {
                word.push(c);
                rest = after;
            }
        }
    }
    faults.push("a double quote is not closed".to_owned());
    ""
}

/// Refuses what a shell would expand, by its name; a `$` by itself is one.
fn expansion<'a>(rest: &'a str, word: &mut String, faults: &mut Vec<String>) -> &'a str {
    let closed = |open: usize, close: &str| {
        let end = rest[open..].find(close).map_or(rest.len(), |at| open + at + close.len());
        (&rest[..end], &rest[end..])
    };
    let variable = "what it stands for is not known here: write it out";
    let program = "no program is run for a line that was pasted: write out what it prints";
    let (shown, behind, why) = match rest.as_bytes() {
        [b'`', ..] => {
            let (_, behind) = closed(1, "`");
            ("`…`", behind, program)
        }
        [_, b'(', ..] => {
            let (_, behind) = closed(2, ")");
            ("$(…)", behind, program)
        }
        [_, b'{', ..] => {
            let (shown, behind) = closed(2, "}");
            (shown, behind, variable)
        }
        [_, b'\'' | b'"', ..] => ("$'…'", &rest[1..], "use plain single quotes"),
        [_, first, ..] if first.is_ascii_alphabetic() || *first == b'_' => {
            let name = |c: char| !c.is_ascii_alphanumeric() && c != '_';
            let end = rest[1..].find(name).map_or(rest.len(), |at| at + 1);
            (&rest[..end], &rest[end..], variable)
        }
        [_, first, ..] if first.is_ascii_digit() || b"?@*#$!-".contains(first) => {
            (&rest[..2], &rest[2..], variable)
        }
        _ => {
            word.push('$');
            return &rest[1..];
        }
    };
    faults.push(format!("{shown}: {why}"));
    behind
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        command(line).unwrap_or_else(|faults| panic!("{line}: {faults:?}")).words
    }

    fn refused(line: &str) -> String {
        command(line).expect_err(line).join("\n")
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        for (line, expected) in [
            ("swaks -t a@b", &["-t", "a@b"][..]),
            ("swaks  -t\t'a b'  ", &["-t", "a b"]),
            (r#"swaks --body "a \"b\" \$c \n" d\ e"#, &["--body", r#"a "b" $c \n"#, "d e"]),
            (r"swaks --body 'a\nb'", &["--body", r"a\nb"]),
            ("swaks -f '' -t \"\"", &["-f", "", "-t", ""]),
            ("swaks -t a'b'\"c\"d", &["-t", "abcd"]),
            ("swaks -t a \\\n  -s b", &["-t", "a", "-s", "b"]),
            ("swaks -t a # nightly", &["-t", "a"]),
            ("swaks -t a#b --cost 5$", &["-t", "a#b", "--cost", "5$"]),
            ("\n/usr/local/bin/swaks -t a\n", &["-t", "a"]),
            ("env A=1 swaks -t 'it'\\''s'", &["-t", "it's"]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn a_posix_shell_splits_the_same() {
        let Ok(probe) = std::process::Command::new("/bin/sh").args(["-c", ":"]).status() else { return };
        assert!(probe.success());
        for line in [
            r#"swaks -t 'a b' "c d" e\ f g'h'"i" '' "" \\ "\\" "\a" '\a' "a'b" 'a"b'"#,
            "swaks -t a \\\n -s 'x\ny' \"z\\\nz\"",
            "swaks a=b --c=\"d e\" -f '<>' '$HOME' \"\\$HOME\" \\$HOME a\\#b c#d # e",
            "A='1 2' B=3 swaks x\ty",
            "swaks '' -- \\' \\\" %s \\% =",
        ] {
            let script = format!("swaks() {{ for w; do printf '%s\\0' \"$w\"; done; }}\n{line}\n");
            let said = std::process::Command::new("/bin/sh").args(["-c", &script]).output().expect("sh runs");
            let theirs: Vec<String> = String::from_utf8(said.stdout)
                .expect("it is text")
                .split_terminator('\0')
                .map(str::to_owned)
                .collect();
            assert_eq!(words(line), theirs, "{line}");
        }
    }

    #[test]
    fn what_only_the_lines_own_shell_knows_is_refused_by_name() {
        for (line, named) in [
            ("swaks -t $RCPT -s x", "$RCPT: what it stands for"),
            ("swaks -t \"${RCPT:-a}\"", "${RCPT:-a}: what"),
            ("swaks -t a`id`b", "`…`: no program"),
            ("swaks -t \"$(hostname)\"", "$(…): no program"),
            ("swaks -t $1", "$1: what"),
            ("swaks --body $'a\\n'", "single quotes"),
            ("swaks --tls-cert ~/a.pem", "`~` stands for a home folder"),
            ("swaks -t 'a", "single quote is not closed"),
            ("swaks -t \"a", "double quote is not closed"),
            ("swaks -t a \\", "backslash"),
            ("swaks --data - << EOF", "`<<` is the shell's"),
            ("swaks --data - <<< x", "`<<<` is the shell's"),
            ("swaks -t a >", "nothing stands behind `>`"),
            ("echo x | swaks --data - -t a", "something stands before swaks"),
            ("swaks -t a; swaks -t b", "second swaks"),
            ("mail -s x a@b", "begins with `mail`"),
            ("A=1", "no command"),
            ("", "no command"),
        ] {
            let said = refused(line);
            assert!(said.contains(named), "{line}: {said}");
        }
        // All of them in one go.
        assert_eq!(refused("swaks -t $A -s $B").lines().count(), 2);
    }

    #[test]
    fn what_follows_the_command_is_left_out_and_said_so() {
        for (line, note) in [
            ("swaks -t a 2>&1 >/dev/null | grep -q 250", "`2>&1` is left out"),
            ("swaks -t a >> /var/log/swaks.log", "`>>/var/log/swaks.log` is left out"),
            ("swaks -t a &> x", "`&>x` is left out"),
            ("swaks -t a || mail -s 'relay down' root", "`|| mail …` is left out"),
            ("swaks -t a && touch /tmp/ok", "`&& touch …` is left out"),
            ("swaks -t a; echo $?", ""),
        ] {
            match command(line) {
                Ok(command) => {
                    assert_eq!(command.words, ["-t", "a"], "{line}");
                    assert!(command.notes.iter().any(|said| said.starts_with(note)), "{:?}", command.notes);
                }
                // The shell's own status is what a variable stands for.
                Err(faults) => assert!(note.is_empty() && faults[0].starts_with("$?"), "{faults:?}"),
            }
        }
        assert_eq!(command("swaks --data - -t a < m.eml").map(|c| c.stdin), Ok(Some("m.eml".to_owned())));
        assert_eq!(command("swaks -t a;").map(|c| c.notes), Ok(Vec::new()));
        assert_eq!(words("swaks -t a2>x"), ["-t", "a2"], "a word that ends in a digit is no descriptor");
    }

    #[test]
    fn a_crontabs_schedule_and_user_are_left_out() {
        for line in [
            "*/5 * * * * swaks -t a --body 50\\%",
            "0 6 * * mon-fri root /usr/bin/swaks -t a --body 50\\%",
            "@hourly root LANG=C swaks -t a --body 50\\%",
        ] {
            let command = command(line).unwrap_or_else(|faults| panic!("{line}: {faults:?}"));
            assert_eq!(command.words, ["-t", "a", "--body", "50%"], "{line}");
            assert!(command.notes[0].starts_with("the schedule"), "{line}");
        }
        assert!(refused("*/5 * * * * swaks -t a --body 50%").contains("a `%` ends the command"));
        assert_eq!(words("swaks -t a --body 50\\%"), ["-t", "a", "--body", "50%"]);
    }

    #[test]
    fn assignments_come_with_the_command() {
        let command = command("TZ=UTC SWAKS_OPT_server='mx one' swaks -t a=b").expect("a swaks line");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(command.assignments, [pair("TZ", "UTC"), pair("SWAKS_OPT_server", "mx one")]);
        assert_eq!(command.words, ["-t", "a=b"]);
    }

    #[test]
    fn no_line_however_odd_upsets_the_reader() {
        let pieces = [
            "swaks", " ", "-t", "'", "\"", "\\", "$", "{", "}", "(", ")", "`", "|", "&", ";", ">", "<", "2",
            "\n", "#", "~", "%", "*", "@daily", "A=", "ä", "\0", "\u{1b}",
        ];
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..20_000 {
            let line: String =
                (0..random.usize(..16)).map(|_| pieces[random.usize(..pieces.len())]).collect();
            let _ = command(&line);
        }
    }
}
