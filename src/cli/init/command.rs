//! What `init` asks and does.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::files::{Answers, Tls, files};
use crate::cli::tell::{BAD_INPUT, ERROR, complain};
use crate::report::{quoted, replace};
use crate::scenario::host_port;
use crate::smtp::{ForwardPath, ReversePath};

/// Write a project to begin with: project file, first scenarios, cron line
///
/// Asks on a terminal for what no flag says. What is there already is overwritten only
/// with leave. Nothing is sent.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The folder of the project, which is made where it is not there
    #[arg(value_name = "DIR", default_value = "live")]
    folder: PathBuf,
    /// The server; port 25 where none is given, 465 with --tls implicit
    #[arg(long, value_name = "HOST[:PORT]", value_parser = server)]
    server: Option<String>,
    /// How the server does TLS
    #[arg(long, value_name = "HOW", value_enum)]
    tls: Option<Tls>,
    /// An address of yours that may relay
    #[arg(long, value_name = "ADDRESS", value_parser = sender)]
    from: Option<String>,
    /// A recipient elsewhere; nothing is delivered
    #[arg(long, value_name = "ADDRESS", value_parser = recipient)]
    to: Option<String>,
    /// Overwrite what is there
    #[arg(long)]
    force: bool,
}

pub(in crate::cli) fn main(args: Args) -> ExitCode {
    ExitCode::from(run(args).map_or_else(|(why, status)| complain(&why, status), |()| 0))
}

fn run(args: Args) -> Result<(), (String, u8)> {
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
    let mut terminal = Terminal { input: io::stdin().lock(), output: io::stderr(), asks };
    let answers = answers(&args, &mut terminal).map_err(|why| (why, BAD_INPUT))?;
    let files = files(&args.folder, &answers);
    let taken: Vec<String> =
        files.iter().filter(|(path, _)| path.exists()).map(|(path, _)| path.display().to_string()).collect();
    if !taken.is_empty() && !args.force {
        let taken = taken.join(" and ");
        if !terminal.leave(&format!("{taken}: there already; overwrite?")) {
            let why = format!("{taken}: there already; name another folder, or give leave with --force");
            return Err((why, BAD_INPUT));
        }
    }
    let failed = |path: &Path, error: io::Error| {
        (format!("{}: {error}; name a folder that can be written", path.display()), ERROR)
    };
    std::fs::create_dir_all(&args.folder).map_err(|error| failed(&args.folder, error))?;
    let mut out = io::stdout().lock();
    for (path, text) in &files {
        replace(path, text.as_bytes()).map_err(|error| failed(path, error))?;
        // Who no longer listens finds the files.
        let _ = writeln!(out, "wrote {}", path.display());
    }
    let folder = args.folder.to_string_lossy();
    let folder = quoted(&folder);
    let _ = writeln!(
        out,
        "\nnext\n  relayprobe check {folder}      what the files say, nothing sent\n  \
         relayprobe run {folder}        as far as RCPT TO: nothing is delivered"
    );
    Ok(())
}

/// What the flags say, and what was asked.
fn answers(args: &Args, terminal: &mut Terminal<impl BufRead, impl Write>) -> Result<Answers, String> {
    let mut ask =
        |given: &Option<String>, flag: &str, question: &str, read: fn(&str) -> Result<String, String>| {
            match given {
                Some(given) => Ok(given.clone()),
                None => terminal.ask(flag, question, read),
            }
        };
    let server = ask(&args.server, "--server", "the server (HOST[:PORT])", server)?;
    let from = ask(&args.from, "--from", "an address of yours that may relay", sender)?;
    let to = ask(&args.to, "--to", "a recipient elsewhere; nothing is delivered", recipient)?;
    let implicit = server.ends_with(":465");
    let tls = args.tls.unwrap_or(if implicit { Tls::Implicit } else { Tls::Starttls });
    let server = match host_port(&server) {
        Ok((host, _)) if !has_port(&server) => {
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            format!("{host}:{}", if tls == Tls::Implicit { 465 } else { 25 })
        }
        _ => server,
    };
    Ok(Answers { server, tls, from, to })
}

/// Who answers questions.
struct Terminal<Input, Output> {
    input: Input,
    output: Output,
    /// Whether there is anybody.
    asks: bool,
}

impl<Input: BufRead, Output: Write> Terminal<Input, Output> {
    /// Asks until the answer can be read.
    fn ask(
        &mut self,
        flag: &str,
        question: &str,
        read: fn(&str) -> Result<String, String>,
    ) -> Result<String, String> {
        let unknown = format!("{flag} is missing: {question}; on a terminal it is asked for");
        while self.asks {
            let Some(answer) = self.line(question) else { break };
            match read(&answer) {
                Ok(answer) => return Ok(answer),
                Err(why) => {
                    let _ = writeln!(self.output, "  {why}");
                }
            }
        }
        Err(unknown)
    }

    /// Asks whether to; silence is no.
    fn leave(&mut self, question: &str) -> bool {
        self.asks
            && self.line(&format!("{question} [y/N]")).is_some_and(|answer| answer.eq_ignore_ascii_case("y"))
    }

    fn line(&mut self, question: &str) -> Option<String> {
        let _ = write!(self.output, "{question}: ").and_then(|()| self.output.flush());
        let mut line = String::new();
        match self.input.read_line(&mut line) {
            Ok(1..) => Some(line.trim().to_owned()),
            Ok(0) | Err(_) => None,
        }
    }
}

fn server(text: &str) -> Result<String, String> {
    host_port(text).map(|_| text.to_owned())
}

/// Whether a server was given with its port.
fn has_port(server: &str) -> bool {
    server.rsplit(']').next().is_some_and(|rest| rest.contains(':'))
}

fn sender(text: &str) -> Result<String, String> {
    ReversePath::parse(text).map(|path| path.as_str().to_owned()).map_err(|error| error.to_string())
}

fn recipient(text: &str) -> Result<String, String> {
    ForwardPath::parse(text).map(|path| path.as_str().to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Args {
        let command = <Args as clap::Args>::augment_args(clap::Command::new("init"));
        let matches = command.get_matches_from([&["init"], words].concat());
        <Args as clap::FromArgMatches>::from_arg_matches(&matches).expect("the words are flags of init")
    }

    fn asked(words: &[&str], input: &str, asks: bool) -> (Result<Answers, String>, String) {
        let mut terminal = Terminal { input: input.as_bytes(), output: Vec::new(), asks };
        let answers = answers(&args(words), &mut terminal);
        (answers, String::from_utf8(terminal.output).expect("questions are text"))
    }

    #[test]
    fn what_no_flag_says_is_asked_until_it_can_be_read() {
        let input = "relay.example\nnot an address\na@x.test\nb@y.test\n";
        let (answers, questions) = asked(&[], input, true);
        let Answers { server, tls, from, to } = answers.expect("everything was answered");
        assert_eq!(
            (&*server, tls, &*from, &*to),
            ("relay.example:25", Tls::Starttls, "a@x.test", "b@y.test")
        );
        assert_eq!(questions.matches("an address of yours").count(), 2, "{questions}");
        let (answers, questions) =
            asked(&["--server", "[::1]:465", "--from", "a@x.test"], "b@y.test\n", true);
        let answers = answers.expect("everything was answered");
        assert_eq!((&*answers.server, answers.tls), ("[::1]:465", Tls::Implicit));
        assert!(!questions.contains("server"), "{questions}");
        let (answers, _) = asked(&["--server", "[::1]", "--tls", "implicit"], "a@x.test\nb@y.test\n", true);
        assert_eq!(answers.expect("everything was answered").server, "[::1]:465");
    }

    #[test]
    fn where_nobody_can_be_asked_the_flag_is_named() {
        let (answers, questions) = asked(&["--server", "relay.example"], "", false);
        assert!(answers.expect_err("nobody is there").starts_with("--from is missing"));
        assert_eq!(questions, "");
        let (answers, _) = asked(&[], "relay.example\n", true);
        assert!(answers.expect_err("the input ended").starts_with("--from is missing"));
    }
}
