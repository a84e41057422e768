//! `probe --save`: the session as a scenario file.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{Args, Mode};
use super::session;
use crate::plan::HelloVerb;
use crate::tls::Verify;

#[derive(Serialize)]
struct File {
    suite: String,
    scenarios: [Scenario; 1],
}

/// A scenario, its keys in the order in which people read a session.
#[derive(Default, Serialize)]
struct Scenario {
    name: String,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ehlo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    helo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Certificate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Login>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mail_from: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rcpt_to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header_from: Option<Author>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_after: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expect: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Author {
    /// `none`: in a list it would be a text.
    Absent(&'static str),
    Fields(Vec<String>),
}

#[derive(Default, Serialize)]
struct Tls {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Range>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphers: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sni: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify: Option<How>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<String>,
}

#[derive(Serialize)]
struct Range {
    min: &'static str,
    max: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum How {
    Word(&'static str),
    Fingerprint { sha256: String },
}

#[derive(Serialize)]
struct Certificate {
    cert: String,
    key: String,
}

#[derive(Serialize)]
struct Login {
    mechanism: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authzid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<Variable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Variable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_response: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    insecure: bool,
}

#[derive(Serialize)]
struct Variable {
    env: String,
}

/// The scenario file that plays what the flags say. `at` is where it is to
/// stand: paths in it are relative to that.
///
/// # Errors
///
/// What cannot be written down, in words.
pub(super) fn scenario(args: &Args, at: &Path) -> Result<String, String> {
    let (host, port) = session::server(args)?;
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let hello = session::hello(args);
    let name = literal(&hello.name);
    let (ehlo, helo) = match hello.verb {
        HelloVerb::Ehlo => (Some(name), None),
        HelloVerb::Helo => (None, Some(name)),
    };
    let file = |path: &PathBuf| relative(path, at);
    let scenario = Scenario {
        name: format!("probe of {host}:{port}"),
        target: format!("{host}:{port}"),
        source_ip: args.source_ip.map(|address| address.to_string()),
        ehlo,
        helo,
        tls: tls(args, at),
        certificate: args
            .cert
            .as_ref()
            .map(|cert| Certificate { cert: file(cert), key: file(args.key.as_ref().unwrap_or(cert)) }),
        auth: login(args),
        mail_from: args.from.as_ref().map(|path| literal(path.as_str())),
        rcpt_to: args.to.iter().map(|path| literal(path.as_str())).collect(),
        header_from: match &args.header_from[..] {
            [] => None,
            [none] if none == "none" => Some(Author::Absent("none")),
            fields => Some(Author::Fields(fields.iter().map(|text| literal(text)).collect())),
        },
        stop_after: session::stop_after(args).map(|stage| stage.as_str()),
        timeout: args.timeout.as_ref().map(|timeout| timeout.written.clone()),
        expect: args.expect.iter().map(|patterns| literal(&patterns.written)).collect(),
    };
    let file = File { suite: "saved by relayprobe probe".to_owned(), scenarios: [scenario] };
    serde_yaml::to_string(&file).map_err(|error| error.to_string())
}

fn tls(args: &Args, at: &Path) -> Option<Tls> {
    let mode = match args.tls {
        Mode::None => return None,
        Mode::Starttls => "starttls",
        Mode::Implicit => "implicit",
    };
    let how = match session::verify(args) {
        Verify::Full => None,
        Verify::Chain => Some(How::Word("chain")),
        Verify::None => Some(How::Word("none")),
        Verify::Fingerprint(digest) => {
            Some(How::Fingerprint { sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect() })
        }
    };
    Some(Tls {
        mode,
        version: args.tls_version.map(|range| Range { min: range.min.as_str(), max: range.max.as_str() }),
        ciphers: args.ciphers.as_deref().map(literal),
        sni: args.sni.as_deref().map(literal),
        verify: how,
        ca: args.ca.as_ref().map(|ca| relative(ca, at)),
    })
}

fn login(args: &Args) -> Option<Login> {
    let variable = |name: &Option<String>| name.clone().map(|env| Variable { env });
    Some(Login {
        mechanism: args.auth?.as_str(),
        username: args.user.as_deref().map(literal),
        authzid: args.authzid.as_deref().map(literal),
        password: variable(&args.password_env),
        token: variable(&args.token_env),
        initial_response: args.initial_response,
        insecure: args.insecure,
    })
}

/// A text that scenario files take for itself: `$` begins a variable there.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// A path as a file at `at` has to name it.
fn relative(path: &Path, at: &Path) -> String {
    let beside = at.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    let path =
        if beside { path.to_owned() } else { std::path::absolute(path).unwrap_or_else(|_| path.to_owned()) };
    literal(&path.to_string_lossy())
}
