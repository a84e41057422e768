//! Flags to a plan: what `probe` is to do, every file and secret read.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::args::{Args, Mode};
use crate::dns;
use crate::message::{Composition, Draft};
use crate::plan::{
    Auth, Endpoint, Extensions, Hello, HelloVerb, Plan, Recipient, Route, Timeouts, TlsMode, TlsPlan,
    Transaction,
};
use crate::scenario::{At, Expect, Expectations, Patterns, Place, hostname};
use crate::secret::Secret;
use crate::smtp::{Credential, ReplyLimits, ReversePath, Stage};
use crate::tls::{Backend, Client, Identity, Settings, Trust, Verify};

/// The server, whose port is 25, or 465 with implicit TLS, where none is given.
pub(super) fn server(args: &Args) -> Result<Place, String> {
    let server = args.server.as_deref().unwrap_or_default();
    let mut place = Place::read(server)?;
    if let Place::Address { port, .. } | Place::Mx { port, .. } = &mut place {
        // A port that is not written is not there behind the last bracket or colon.
        let bare = server.strip_prefix("mx:").unwrap_or(server);
        let written = bare.rsplit(']').next().unwrap_or_default().contains(':');
        if !written && args.tls == Mode::Implicit {
            *port = 465;
        }
    }
    Ok(place)
}

/// Where that is, by the family and the name server that the flags ask for.
fn endpoint(args: &Args) -> Result<Endpoint, String> {
    let at = At::of_place(&server(args)?).ok_or("the simulator is no server to probe")?;
    let settings = match args.dns {
        Some(server) => Some(dns::Settings { servers: vec![server], timeout: dns::Settings::TIMEOUT }),
        // The system's library does not look MX records up.
        None => at.mail_hosts.map(|_| dns::Settings::system()),
    };
    Ok(Endpoint {
        route: at.mail_hosts.map_or(Route::Host, Route::Domain),
        family: args.family,
        dns: settings.map(|settings| Arc::new(dns::Resolver::new(settings))),
        bind: args.source_ip,
        ..Endpoint::new(at.host, at.port)
    })
}

/// The verb and the name of the first command.
pub(super) fn hello(args: &Args) -> Hello {
    let (verb, name) = match (&args.helo, &args.ehlo) {
        (Some(name), _) => (HelloVerb::Helo, Some(name.clone())),
        (None, name) => (HelloVerb::Ehlo, name.clone()),
    };
    Hello { verb, name: name.map_or_else(hostname, Into::into) }
}

/// How far the server's certificate is checked.
pub(super) fn verify(args: &Args) -> Verify {
    args.verify.unwrap_or(if args.insecure { Verify::None } else { Verify::Full })
}

/// The last stage: RCPT TO, unless a message is to be delivered.
pub(super) fn stop_after(args: &Args) -> Option<Stage> {
    args.stop_after.or_else(|| (!args.deliver && !args.to.is_empty()).then_some(Stage::RcptTo))
}

/// The plan. What is worth knowing all the same goes into `warnings`.
///
/// # Errors
///
/// What is wrong with the flags together, or with the files and variables that
/// they name; a sentence each, with how to mend it.
pub(super) fn plan(args: &Args, warnings: &mut Vec<String>) -> Result<Plan, String> {
    let endpoint = endpoint(args)?;
    let hello = hello(args);
    if args.deliver && args.to.is_empty() {
        return Err("`--deliver` needs a recipient: `--to ADDRESS`".to_owned());
    }
    if args.password_env.is_some() && args.auth.is_none() {
        return Err("`--password-env` needs `--auth MECHANISM` and `--user NAME`".to_owned());
    }
    if let Some(stage) = args.stop_after.filter(|stage| *stage >= Stage::Data)
        && !args.deliver
    {
        return Err(format!("`--stop-after {stage}` goes past RCPT TO: that needs `--deliver`"));
    }
    Ok(Plan {
        endpoint,
        tls: tls(args, warnings)?,
        auth: auth(args)?,
        transactions: transactions(args, &hello)?,
        steps: None,
        hello,
        lmtp: false,
        extensions: Extensions::default(),
        stop_after: stop_after(args),
        hold_quit: false,
        timeouts: Timeouts {
            session: args.timeout.as_ref().map_or(Timeouts::default().session, |timeout| timeout.value),
            ..Timeouts::default()
        },
        limits: ReplyLimits::default(),
        case_id: "probe".into(),
    })
}

/// What is expected.
pub(super) fn expectations(args: &Args) -> Expectations {
    let session = Patterns::any_of(args.expect.clone()).map_or(Expect::Positive, Expect::Decisive);
    Expectations { session, ..Expectations::default() }
}

fn tls(args: &Args, warnings: &mut Vec<String>) -> Result<TlsMode, String> {
    if args.tls == Mode::None {
        let given = [
            (args.tls_version.is_some(), "--tls-version"),
            (args.ciphers.is_some(), "--ciphers"),
            (!args.groups.is_empty(), "--groups"),
            (args.resume, "--resume"),
            (args.cert.is_some(), "--cert"),
            (args.ca.is_some(), "--ca"),
            (args.sni.is_some(), "--sni"),
            (args.verify.is_some(), "--verify"),
        ];
        return match given.iter().find(|(given, _)| *given) {
            Some((_, flag)) => Err(format!("`{flag}` needs TLS: add `--tls starttls` or `--tls implicit`")),
            None => Ok(TlsMode::None),
        };
    }
    let identity = match &args.cert {
        None => None,
        Some(cert) => {
            let key = args.key.as_ref().unwrap_or(cert);
            let named = |path: &Path| path.display().to_string();
            let identity = Identity::load(cert, key)
                .map_err(|error| format!("--cert {} --key {}: {error}", named(cert), named(key)))?;
            if identity.not_after() < SystemTime::now() {
                // It may be the point of the probe.
                warnings.push(format!("--cert {}: the certificate has expired", named(cert)));
            }
            Some(Arc::new(identity))
        }
    };
    let trust = match &args.ca {
        None => Trust::system(),
        Some(ca) => Trust::from_pem_file(ca).map_err(|error| format!("--ca {}: {error}", ca.display()))?,
    };
    let settings = Settings {
        versions: args.tls_version.unwrap_or_default(),
        ciphers: args.ciphers.clone(),
        groups: args.groups.clone(),
        resume: args.resume,
        verify: verify(args),
        trust: Arc::new(trust),
        backend: Backend::Auto,
        identity,
    };
    let client = Arc::new(Client::new(&settings).map_err(|error| error.to_string())?);
    let server_name = args.sni.as_deref().map(Into::into);
    let tls = TlsPlan { client, server_name, resume: args.resume };
    Ok(match args.tls {
        Mode::Implicit => TlsMode::Implicit(tls),
        _ => TlsMode::StartTls { tls, force: false },
    })
}

fn auth(args: &Args) -> Result<Option<Auth>, String> {
    let Some(mechanism) = args.auth else { return Ok(None) };
    let name = mechanism.as_str();
    let (wanted, other) = match mechanism.credential() {
        Credential::Password => (Some(("--password-env", &args.password_env)), &args.token_env),
        Credential::Token => (Some(("--token-env", &args.token_env)), &args.password_env),
        Credential::Elsewhere => {
            (None, args.password_env.as_ref().map_or(&args.token_env, |_| &args.password_env))
        }
    };
    if args.authzid.is_some() && !mechanism.has_authzid() {
        return Err(format!("`--authzid` with `--auth {name}`: it has no authorization identity"));
    }
    if args.initial_response == Some(true) && !mechanism.has_initial_response() {
        return Err(format!("`--initial-response true` with `--auth {name}`: there the server begins"));
    }
    let secret = match (wanted, &args.user) {
        (None, None) if other.is_none() && args.cert.is_some() => None,
        (None, None) if other.is_none() => return Err(format!("`--auth {name}` needs `--cert FILE`")),
        (None, _) => {
            return Err(format!("`--auth {name}` goes by `--cert` alone; `--authzid` says on whose behalf"));
        }
        (Some(_), None) => return Err(format!("`--auth {name}` needs `--user NAME`")),
        (Some((flag, None)), _) => return Err(format!("`--auth {name}` needs `{flag} VARIABLE`")),
        (Some((_, Some(variable))), _) => Some(Secret::new(std::env::var(variable).map_err(|_| {
            format!(
                "the environment variable `{variable}` is not set (or is not UTF-8); it is to hold the secret"
            )
        })?)),
    };
    Ok(Some(Auth {
        authzid: args.authzid.as_deref().unwrap_or_default().into(),
        initial_response: args.initial_response,
        insecure: args.insecure,
        ..Auth::new(mechanism, args.user.as_deref().unwrap_or_default(), secret)
    }))
}

fn transactions(args: &Args, hello: &Hello) -> Result<Vec<Transaction>, String> {
    let Some(mail_from) = &args.from else { return Ok(Vec::new()) };
    let recipients = args.to.iter().map(|path| Recipient { path: path.clone(), params: "".into() });
    let message = match args.deliver {
        true => Some(Arc::new(message(args, mail_from, hello)?)),
        false => None,
    };
    let recipients = recipients.collect();
    Ok(vec![Transaction { mail_from: mail_from.clone(), mail_params: "".into(), recipients, message }])
}

fn message(args: &Args, mail_from: &ReversePath, hello: &Hello) -> Result<Draft, String> {
    let header_from = match (&args.header_from[..], mail_from) {
        ([none], _) if none == "none" => Vec::new(),
        ([], ReversePath::Null) => vec![format!("postmaster@{}", hello.name).into()],
        ([], ReversePath::Mailbox(mailbox)) => vec![mailbox.to_string().into()],
        (given, _) => given.iter().map(Cow::from).collect(),
    };
    let to = args.to.iter().map(|path| path.as_str()).collect();
    Draft::compose(&Composition { header_from, to, ..Composition::default() })
        .map_err(|error| error.to_string())
}

/// Whether a file stands there already: `--save` writes over nothing.
pub(super) fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}
