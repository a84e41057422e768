//! What `probe` does with a session from elsewhere: it becomes a scenario file, which is
//! kept (`--save`) or played from memory.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::line::{self, Wishes};
use super::{maillog, transcript};
use crate::cli::probe::Args;
use crate::cli::probe::file::{File, MessageFile, Scenario, literal};
use crate::cli::probe::play::played;
use crate::cli::probe::{save, session};
use crate::cli::tell::{BAD_INPUT, ERROR, WELL, complain, put, tell};
use crate::scenario::{At, Loaded, Planned, Request, Resolver, load};
use crate::yaml::{MAX_FILE, read_bytes, shown};

/// Whether a session from elsewhere is asked for.
pub(in crate::cli::probe) fn wanted(args: &Args) -> bool {
    args.swaks.is_some() || args.from_transcript.is_some()
}

/// Saves it, or plays it.
pub(in crate::cli::probe) fn main(args: &Args) -> ExitCode {
    made(args).unwrap_or_else(ExitCode::from)
}

fn made(args: &Args) -> Result<ExitCode, u8> {
    if let Some(file) = &args.from_transcript {
        return seen(file, args);
    }
    let line = args.swaks.as_deref().unwrap_or_default();
    let line = if line == "-" { standard_input()? } else { line.to_owned() };
    let at = args.save.as_deref().unwrap_or(Path::new(""));
    let wishes = Wishes {
        at,
        deliver: args.deliver,
        insecure: args.insecure,
        password_env: args.password_env.as_deref(),
    };
    let mut read = line::read(&line, wishes).map_err(|faults| refused(&faults))?;
    read.scenario.expect = save::expect(args);
    read.notes.extend(read.variable.map(held_in));
    let made = Made {
        suite: "from a swaks line",
        from: "a swaks line",
        scenarios: vec![read.scenario],
        message: read.message,
        notes: read.notes,
    };
    match &args.save {
        Some(path) => keep(made, path, args),
        None => play(made, args),
    }
}

/// A scenario file to be.
struct Made {
    suite: &'static str,
    /// What it is made of.
    from: &'static str,
    scenarios: Vec<Scenario>,
    /// The message of the first, where it must be a file of its own.
    message: Option<Vec<u8>>,
    /// What is worth knowing.
    notes: Vec<String>,
}

impl Made {
    /// Says where the message is.
    fn put_message(&mut self, file: String) {
        if let Some(scenario) = self.scenarios.first_mut() {
            scenario.message = Some(MessageFile { file });
        }
    }

    /// The file's text; what is to be known of it is told.
    fn text(self, comments: &[String]) -> Result<String, u8> {
        for note in &self.notes {
            let _ = writeln!(io::stderr(), "note: {note}");
        }
        let file = File { suite: self.suite.to_owned(), scenarios: self.scenarios };
        file.text(comments).map_err(|why| complain(&why, BAD_INPUT))
    }
}

/// What took place elsewhere, as scenarios.
fn seen(file: &Path, args: &Args) -> Result<ExitCode, u8> {
    let text = match file == Path::new("-") {
        true => standard_input()?,
        false => {
            let bytes = read_bytes(file, MAX_FILE).map_err(|fault| complain(&fault.message, BAD_INPUT))?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
    };
    let shown = if file == Path::new("-") { "standard input".to_owned() } else { shown(file) };
    let why = |why: String| complain(&format!("{shown}: {why}"), BAD_INPUT);
    let mut sessions = match maillog::is_log(&text) {
        true => maillog::read(&text).map_err(why)?,
        false => vec![transcript::read(&text).map_err(why)?],
    };
    let (mut scenarios, mut notes): (Vec<Scenario>, Vec<String>) = Default::default();
    for session in &mut sessions {
        if let Some(server) = &args.server {
            session.target = Some(server.clone());
        }
        let (mut scenario, variable) =
            session.scenario(args.deliver, args.password_env.as_deref()).map_err(why)?;
        notes.append(&mut session.notes);
        notes.extend(variable.map(held_in));
        let same = scenarios.iter().filter(|known| known.name.starts_with(&scenario.name)).count();
        if same > 0 {
            scenario.name = format!("{}, {}", scenario.name, same + 1);
        }
        scenarios.push(scenario);
    }
    let mut told = std::collections::HashSet::new();
    notes.retain(|note| told.insert(note.clone()));
    let made =
        Made { suite: "a session that took place", from: "what took place", scenarios, message: None, notes };
    keep(made, args.save.as_deref().unwrap_or(Path::new("-")), args)
}

/// Where a secret is looked for.
fn held_in(variable: String) -> String {
    format!("no password is kept: the environment variable {variable} is to hold it")
}

/// What is wrong with the line, all of it.
fn refused(faults: &[String]) -> u8 {
    let mut text = String::from("this swaks line cannot be played as it stands\n");
    for fault in faults {
        text += &format!("  {fault}\n");
    }
    complain(&format!("{text}\nnothing was sent"), BAD_INPUT)
}

fn standard_input() -> Result<String, u8> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_FILE + 1).read_to_end(&mut bytes);
    if let Err(error) = read {
        return Err(complain(&format!("standard input: {error}"), BAD_INPUT));
    }
    if bytes.len() as u64 > MAX_FILE {
        return Err(complain("standard input: larger than 16 MiB", BAD_INPUT));
    }
    String::from_utf8(bytes).map_err(|_| complain("standard input: not UTF-8", BAD_INPUT))
}

/// Writes the scenario, and the message where it is a file of its own.
fn keep(mut made: Made, path: &Path, args: &Args) -> Result<ExitCode, u8> {
    let to_stdout = path == Path::new("-");
    let message = made.message.take().map(|bytes| (path.with_extension("eml"), bytes));
    if let Some((file, _)) = &message {
        if to_stdout {
            let why =
                "--save -: the message needs a file of its own beside the scenario: name one, --save FILE";
            return Err(complain(why, BAD_INPUT));
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        made.put_message(literal(&name));
    }
    for taken in message.iter().map(|(file, _)| file.as_path()).chain([path]) {
        if !to_stdout && session::is_taken(taken) {
            let why = format!("--save {}: a file of that name is there already", taken.display());
            return Err(complain(&format!("{why}\n\nnothing was sent"), BAD_INPUT));
        }
    }
    let comments: Vec<String> =
        std::iter::once(format!("made of {}", made.from)).chain(made.notes.iter().cloned()).collect();
    let text = made.text(&comments)?;
    checked(path, &text, args)?;
    if to_stdout {
        return put(text.as_bytes(), "the scenario").map(|()| ExitCode::from(WELL));
    }
    let write = |path: &Path, bytes: &[u8]| {
        let why = |error: io::Error| complain(&format!("--save {}: {error}", path.display()), ERROR);
        fs::write(path, bytes).map_err(why)
    };
    if let Some((file, bytes)) = &message {
        write(file, bytes)?;
    }
    write(path, text.as_bytes())?;
    let shown = path.display();
    put(
        format!("{shown} is written, and nothing was sent; `relayprobe run {shown}` plays it\n").as_bytes(),
        "the result",
    )?;
    Ok(ExitCode::from(WELL))
}

/// Plays the scenario without keeping it.
fn play(mut made: Made, args: &Args) -> Result<ExitCode, u8> {
    let message = match made.message.take() {
        None => None,
        Some(bytes) => {
            let file = Passing::new(&bytes).map_err(|error| {
                complain(&format!("the message cannot be put into a file: {error}"), ERROR)
            })?;
            made.put_message(literal(&file.0.to_string_lossy()));
            Some(file)
        }
    };
    let text = made.text(&[])?;
    let loaded = checked(Path::new("swaks"), &text, args)?;
    let case = loaded.cases.first().ok_or_else(|| complain("the line makes no case", BAD_INPUT))?;
    let at = At::of(&case.target).ok_or_else(|| complain("the line names no server", BAD_INPUT))?;
    let resolver = Resolver::new(&loaded, None, true);
    let planned = resolver.plan(case, &at);
    drop(message);
    let colours = args.color.wanted(&io::stderr());
    tell(&resolver.take_warnings(), &loaded.sources, colours);
    match planned {
        Ok(Planned::Play(plan)) => Ok(played(&plan, &case.expect, args)),
        Ok(Planned::Skip(why)) => Err(complain(&format!("{why}\n\nnothing was sent"), BAD_INPUT)),
        Err(faults) => {
            tell(&faults, &loaded.sources, colours);
            Err(complain("nothing was sent", BAD_INPUT))
        }
    }
}

/// The file as `run` would read it: what is written is sound.
fn checked(path: &Path, text: &str, args: &Args) -> Result<Loaded, u8> {
    let request = Request { texts: vec![(path.to_owned(), text.to_owned())], ..Request::default() };
    load(&request).map_err(|rejected| {
        tell(&rejected.diagnostics, &rejected.sources, args.color.wanted(&io::stderr()));
        BAD_INPUT
    })
}

/// A file that is gone when this is: the message of a line that is played but not kept.
struct Passing(PathBuf);

impl Passing {
    fn new(bytes: &[u8]) -> io::Result<Self> {
        let name = format!("relayprobe-{}-{:08x}.eml", std::process::id(), fastrand::u32(..));
        let path = std::env::temp_dir().join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let passing = Self(path);
        file.write_all(bytes)?;
        Ok(passing)
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
