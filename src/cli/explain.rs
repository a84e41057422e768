//! `relayprobe explain`.

use std::ffi::OsString;
use std::io::{self, Read};
use std::process::ExitCode;

use super::args::Color;
use super::tell::put;
use crate::exchange::explain::explain;
use crate::report::{explanations_as_json, explanations_as_text};

/// Say what a reply means, what causes it and what to do
///
/// Takes a code (5.7.64), a reply ('550 5.7.64 TenantAttribution'), a line of a log, a
/// transcript or a whole bounce, and explains every refusal in it, those passed on
/// inside others included. The exit status is 1 where nothing in it is a reply.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The reply, as it was read; `-` reads it from standard input
    #[arg(required = true)]
    reply: Vec<OsString>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// Colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    color: Color,
}

/// Contract §2: nothing was found, and bad input.
const NOTHING: u8 = 1;
const BAD_INPUT: u8 = 2;

/// The most that is read: a bounce with the message that it returns has its place in
/// it many times over.
const MOST: u64 = 4 * 1024 * 1024;

pub(super) fn main(args: Args) -> ExitCode {
    let pasted = match pasted(&args.reply) {
        Ok(pasted) => pasted,
        Err(fault) => {
            eprintln!("error: {fault}");
            return ExitCode::from(BAD_INPUT);
        }
    };
    let explanations = explain(&pasted);
    let stdout = io::stdout();
    let bytes = match args.json {
        true => explanations_as_json(&explanations),
        false => {
            let palette = args.color.palette(&stdout);
            palette.symbols(explanations_as_text(&explanations, palette)).into_bytes()
        }
    };
    if let Err(status) = put(&bytes, "the explanation") {
        return ExitCode::from(status);
    }
    if !explanations.is_empty() {
        return ExitCode::SUCCESS;
    }
    if !args.json {
        eprintln!("nothing in it is a reply: no code such as 550 or 5.7.64, and no words of a known one");
    }
    ExitCode::from(NOTHING)
}

/// What was pasted; foreign bytes that are no UTF-8 are replaced.
fn pasted(words: &[OsString]) -> Result<String, String> {
    let pasted = if words.len() == 1 && words[0] == "-" {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .take(MOST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot read standard input: {error}"))?;
        if bytes.len() as u64 > MOST {
            return Err("standard input holds more than 4 MiB; paste the reply alone".to_owned());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    } else {
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    };
    match pasted.trim().is_empty() {
        true => Err("there is nothing to explain; paste a reply such as '550 5.7.64'".to_owned()),
        false => Ok(pasted),
    }
}
