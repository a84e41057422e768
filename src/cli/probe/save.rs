//! `probe --save`: the session that the flags describe as a scenario file.

use std::path::{Path, PathBuf};

use super::args::{Args, Mode};
use super::file::{
    Author, Certificate, File, How, Login, Range, Recipient, Scenario, Sender, Tls, Variable, literal,
    patterns, relative,
};
use super::session;
use crate::plan::HelloVerb;
use crate::scenario::Place;
use crate::tls::Verify;

/// The scenario file that plays what the flags say. `at` is where it is to
/// stand: paths in it are relative to that.
///
/// # Errors
///
/// What cannot be written down, in words.
pub(super) fn scenario(args: &Args, at: &Path) -> Result<String, String> {
    let target = match session::server(args)? {
        Place::Address { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
        Place::Address { host, port, .. } => format!("{host}:{port}"),
        Place::Mx { domain, port, .. } => format!("mx:{domain}:{port}"),
        Place::Simulator { .. } => return Err("the simulator is no server to probe".to_owned()),
    };
    let hello = session::hello(args);
    let name = literal(&hello.name);
    let (ehlo, helo) = match hello.verb {
        HelloVerb::Ehlo => (Some(name), None),
        HelloVerb::Helo => (None, Some(name)),
    };
    let file = |path: &PathBuf| relative(path, at);
    let scenario = Scenario {
        name: format!("probe of {target}"),
        target,
        source_ip: args.source_ip.map(|address| address.to_string()),
        ehlo,
        helo,
        tls: tls(args, at),
        certificate: args
            .cert
            .as_ref()
            .map(|cert| Certificate { cert: file(cert), key: file(args.key.as_ref().unwrap_or(cert)) }),
        auth: login(args),
        mail_from: args.from.as_ref().map(|path| Sender::Address(literal(path.as_str()))),
        rcpt_to: args.to.iter().map(|path| Recipient::Address(literal(path.as_str()))).collect(),
        header_from: match &args.header_from[..] {
            [] => None,
            [none] if none == "none" => Some(Author::Absent("none")),
            fields => Some(Author::Fields(fields.iter().map(|text| literal(text)).collect())),
        },
        stop_after: session::stop_after(args).map(|stage| stage.as_str()),
        timeout: args.timeout.as_ref().map(|timeout| timeout.written.clone().into()),
        expect: expect(args),
        ..Scenario::default()
    };
    File { suite: "saved by relayprobe probe".to_owned(), scenarios: vec![scenario] }.text(&[])
}

/// What `--expect` says.
pub(super) fn expect(args: &Args) -> serde_yaml::Value {
    patterns(args.expect.iter().map(|patterns| literal(&patterns.written)).collect())
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
        groups: args.groups.iter().map(ToString::to_string).collect(),
        resume: args.resume,
        sni: args.sni.as_deref().map(literal),
        verify: how,
        ca: args.ca.as_ref().map(|ca| relative(ca, at)),
    })
}

fn login(args: &Args) -> Option<Login> {
    let variable = |name: &Option<String>| name.clone().map(|env| Variable { env });
    Some(Login {
        mechanism: args.auth?.as_str().into(),
        username: args.user.as_deref().map(literal),
        authzid: args.authzid.as_deref().map(literal),
        password: variable(&args.password_env),
        token: variable(&args.token_env),
        initial_response: args.initial_response,
        insecure: args.insecure,
        ..Login::default()
    })
}
