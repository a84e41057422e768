//! The flags of `probe`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::cli::args::{Color, timeout};
use crate::dns::{Family, Settings};
use crate::scenario::Patterns;
use crate::smtp::{ForwardPath, Mechanism, ReversePath, Stage};
use crate::tls::{Group, TlsVersion, Verify, VersionRange};

/// Play one session from flags, without a file.
///
/// The session ends after RCPT TO unless --deliver is given. Exit status: 0 all
/// went well (or as --expect says), 1 it did not, 2 bad input (nothing was sent),
/// 3 the server was not reached.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The server: a name or an address (IPv6 in brackets), or 'mx:DOMAIN', the first
    /// of the hosts that take mail for a domain. Port 25 where none is given; 465 with
    /// --tls implicit.
    #[arg(value_name = "HOST[:PORT]", required_unless_present_any = ["swaks", "from_transcript"])]
    pub(super) server: Option<String>,

    /// Play what this swaks command line says; '-' reads it from standard input. With
    /// --save it becomes a scenario, and nothing is sent.
    #[arg(
        long,
        value_name = "LINE",
        conflicts_with_all = SESSION_FLAGS,
        conflicts_with = "server",
        allow_hyphen_values = true,
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub(super) swaks: Option<String>,

    /// Make a scenario of a session that took place: a swaks transcript, or the lines of
    /// a queue id in a Postfix log; '-' is standard input. What was answered is expected.
    /// Nothing is sent; without --save it is printed.
    #[arg(long, value_name = "FILE", conflicts_with_all = SESSION_FLAGS, conflicts_with_all = ["swaks", "expect", "insecure"])]
    pub(super) from_transcript: Option<PathBuf>,

    /// The P1 sender (MAIL FROM); '' or '<>' for the null sender. Without it the
    /// session ends after EHLO or AUTH.
    #[arg(long, value_name = "ADDRESS", value_parser = reverse_path, allow_hyphen_values = true)]
    pub(super) from: Option<ReversePath>,

    /// A recipient (RCPT TO). Repeatable.
    #[arg(long, value_name = "ADDRESS", value_parser = forward_path, requires = "from")]
    pub(super) to: Vec<ForwardPath>,

    /// The name given in EHLO; this host's where absent.
    #[arg(long, value_name = "NAME", value_parser = hello_name)]
    pub(super) ehlo: Option<String>,

    /// Say HELO in place of EHLO, with this name.
    #[arg(long, value_name = "NAME", value_parser = hello_name, conflicts_with = "ehlo")]
    pub(super) helo: Option<String>,

    /// The P2 sender (the From header), any text; 'none' leaves it out. The P1
    /// sender where absent. Repeatable.
    #[arg(long, value_name = "TEXT", value_parser = plain_text, requires = "from")]
    pub(super) header_from: Vec<String>,

    /// Clear text, STARTTLS, or TLS from the first byte.
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Mode::None)]
    pub(super) tls: Mode,

    /// The TLS version: one, such as TLSv1.2, or a range, such as
    /// TLSv1.0..TLSv1.3.
    #[arg(long, value_name = "VERSION", value_parser = versions)]
    pub(super) tls_version: Option<VersionRange>,

    /// An OpenSSL cipher list, or names of TLS 1.3 suites.
    #[arg(long, value_name = "LIST", value_parser = plain_text)]
    pub(super) ciphers: Option<String>,

    /// The groups of the key exchange that are offered, the best first: x25519,
    /// P-256, …
    #[arg(long, value_name = "GROUP,…", value_parser = group, value_delimiter = ',')]
    pub(super) groups: Vec<Group>,

    /// Make a connection for its TLS session first, and offer to resume it.
    #[arg(long)]
    pub(super) resume: bool,

    /// The client certificate, PEM, with its chain.
    #[arg(long, value_name = "FILE")]
    pub(super) cert: Option<PathBuf>,

    /// Its key, PEM; may stand in the certificate's file.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) key: Option<PathBuf>,

    /// What the server is verified against, PEM; the system's roots where absent.
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,

    /// The name sent as SNI and verified; the server's where absent.
    #[arg(long, value_name = "NAME", value_parser = plain_text)]
    pub(super) sni: Option<String>,

    /// How far the server's certificate is checked: full, chain, none, or the
    /// SHA-256 of the certificate in hexadecimal.
    #[arg(long, value_name = "HOW", value_parser = verify)]
    pub(super) verify: Option<Verify>,

    /// Go on although the server's certificate does not hold, and send a secret
    /// even so, or in clear text.
    #[arg(long)]
    pub(super) insecure: bool,

    /// Log in by PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256, XOAUTH2,
    /// OAUTHBEARER, or EXTERNAL (with --cert).
    #[arg(long, value_name = "MECHANISM", value_parser = mechanism)]
    pub(super) auth: Option<Mechanism>,

    /// Who logs in; not for EXTERNAL.
    #[arg(long, value_name = "NAME", value_parser = plain_text, requires = "auth")]
    pub(super) user: Option<String>,

    /// On whose behalf (PLAIN, SCRAM, EXTERNAL).
    #[arg(long, value_name = "NAME", value_parser = plain_text, requires = "auth")]
    pub(super) authzid: Option<String>,

    /// The environment variable that holds the password.
    #[arg(long, value_name = "VARIABLE", conflicts_with = "token_env")]
    pub(super) password_env: Option<String>,

    /// The environment variable that holds the token (XOAUTH2, OAUTHBEARER).
    #[arg(long, value_name = "VARIABLE", requires = "auth")]
    pub(super) token_env: Option<String>,

    /// Whether the first response stands in the AUTH command; as the mechanism has it
    /// where absent.
    #[arg(long, value_name = "true|false", requires = "auth")]
    pub(super) initial_response: Option<bool>,

    /// Connect by IPv4 or IPv6 alone.
    #[arg(long, value_name = "4|6", value_parser = family, conflicts_with = "save")]
    pub(super) family: Option<Family>,

    /// Ask this name server, such as 192.0.2.53 or 127.0.0.1:5353, in place of the
    /// system's.
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = Settings::server, conflicts_with = "save")]
    pub(super) dns: Option<SocketAddr>,

    /// Connect from this address of this host.
    #[arg(long, alias = "bind", value_name = "ADDRESS")]
    pub(super) source_ip: Option<IpAddr>,

    /// The most that the session may take, such as 30s.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Text<Duration>>,

    /// End the session after this stage.
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    pub(super) stop_after: Option<Stage>,

    /// Send a message to the recipients that are accepted.
    #[arg(long)]
    pub(super) deliver: bool,

    /// What is to decide the session, such as '550 5.7.64' or 'tls_refused'
    /// (any of several); without it every stage must be positive.
    #[arg(long, value_name = "PATTERN", value_parser = pattern)]
    pub(super) expect: Vec<Patterns>,

    /// Write the session as a scenario file, which `relayprobe run` plays in the
    /// same way.
    #[arg(long, value_name = "FILE")]
    pub(super) save: Option<PathBuf>,

    /// When to use colours.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
}

/// The flags that say what a session is, which a line from elsewhere says itself.
const SESSION_FLAGS: [&str; 25] = [
    "family",
    "dns",
    "from",
    "to",
    "ehlo",
    "helo",
    "header_from",
    "tls",
    "tls_version",
    "ciphers",
    "groups",
    "resume",
    "cert",
    "key",
    "ca",
    "sni",
    "verify",
    "auth",
    "user",
    "authzid",
    "initial_response",
    "token_env",
    "source_ip",
    "timeout",
    "stop_after",
];

/// Clear text, STARTTLS or TLS from the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// Clear text throughout.
    None,
    /// STARTTLS after EHLO.
    Starttls,
    /// TLS from the first byte.
    Implicit,
}

/// A value together with its spelling, for `--save`.
#[derive(Clone, Debug)]
pub(super) struct Text<T> {
    pub(super) value: T,
    pub(super) written: String,
}

fn reverse_path(text: &str) -> Result<ReversePath, String> {
    ReversePath::parse(text).map_err(|error| error.to_string())
}

fn forward_path(text: &str) -> Result<ForwardPath, String> {
    ForwardPath::parse(text).map_err(|error| error.to_string())
}

fn hello_name(text: &str) -> Result<String, String> {
    match text {
        "" => Err("the name is empty".to_owned()),
        text if text.chars().any(|c| c.is_control() || c == ' ') => {
            Err("a space or a control character stands in the name".to_owned())
        }
        text => Ok(text.to_owned()),
    }
}

fn plain_text(text: &str) -> Result<String, String> {
    match text.chars().any(char::is_control) {
        true => Err("a control character stands in it".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn versions(text: &str) -> Result<VersionRange, String> {
    let version = |text: &str| {
        text.parse::<TlsVersion>().map_err(|_| {
            let all: Vec<_> = TlsVersion::ALL.iter().map(|version| version.as_str()).collect();
            format!("the versions are {}", all.join(", "))
        })
    };
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let range = VersionRange { min: version(min)?, max: version(max)? };
    if range.min > range.max { Err("the range is upside down".to_owned()) } else { Ok(range) }
}

fn group(text: &str) -> Result<Group, String> {
    let found = Group::ALL.into_iter().find(|(name, _)| *name == text);
    found
        .map(|(_, group)| group)
        .ok_or_else(|| format!("the groups are {}", Group::ALL.map(|(name, _)| name).join(", ")))
}

fn verify(text: &str) -> Result<Verify, String> {
    match text {
        "full" => Ok(Verify::Full),
        "chain" => Ok(Verify::Chain),
        "none" => Ok(Verify::None),
        digest => sha256(digest)
            .map(Verify::Fingerprint)
            .ok_or_else(|| "it is `full`, `chain`, `none`, or 64 hexadecimal digits".to_owned()),
    }
}

/// Hexadecimal, with or without colons, as `openssl x509 -fingerprint` has them.
fn sha256(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|b| *b != b':')
        .map(|b| char::from(b).to_digit(16).map(|d| d as u8))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

fn mechanism(text: &str) -> Result<Mechanism, String> {
    let known = Mechanism::ALL.into_iter().find(|mechanism| mechanism.as_str().eq_ignore_ascii_case(text));
    known.ok_or_else(|| format!("the mechanisms are {}", Mechanism::ALL.map(Mechanism::as_str).join(", ")))
}

fn family(text: &str) -> Result<Family, String> {
    match text {
        "4" => Ok(Family::V4),
        "6" => Ok(Family::V6),
        _ => Err("the families are 4 and 6".to_owned()),
    }
}

fn duration(text: &str) -> Result<Text<Duration>, String> {
    timeout(text).map(|value| Text { value, written: text.to_owned() })
}

fn stage(text: &str) -> Result<Stage, String> {
    Stage::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or_else(|| {
        let all: Vec<_> = Stage::ALL.iter().map(|stage| stage.as_str()).collect();
        format!("the stages are {}", all.join(", "))
    })
}

fn pattern(text: &str) -> Result<Patterns, String> {
    Patterns::parse(text)
}
