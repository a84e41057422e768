//! `auth`: who logs in, and how.

use std::sync::Arc;

use super::super::project::plain_text;
use super::super::secret_source::SecretSource;
use super::super::spec::{AuthSpec, Leave};
use super::super::view::{Findings, View};
use crate::smtp::{Credential, Mechanism};
use crate::yaml::{Diagnostic, Field, Span, nearest};

/// The keys of a log-in.
pub(super) const LOG_IN_KEYS: [&str; 11] = [
    "mechanism",
    "account",
    "username",
    "authzid",
    "password",
    "token",
    "initial_response",
    "cancel",
    "continue_on_failure",
    "force",
    "insecure",
];

/// Reads `auth`. The outer `None` means that something is wrong.
pub(in super::super) fn auth(view: &View<'_>, findings: &mut Findings) -> Option<Option<AuthSpec>> {
    let Some(field) = view.get_some("auth") else { return Some(None) };
    let mut fields = field.fields(&mut findings.faults)?;
    let before = findings.faults.len();
    let read = log_in(&mut |name| fields.take(name), (field.key_span(), field.span()), view, findings);
    fields.finish(&mut findings.faults);
    read.filter(|_| findings.faults.len() == before).map(Some)
}

/// The keys of a log-in, as far as they stand together.
#[derive(Default)]
struct Keys<'v> {
    account: Option<Field<'v>>,
    username: Option<Field<'v>>,
    authzid: Option<Field<'v>>,
    password: Option<Field<'v>>,
    token: Option<Field<'v>>,
    initial_response: Option<Field<'v>>,
}

/// Reads a log-in out of its keys. What is missing is missing at the first place, what is
/// wrong with the whole at the second.
pub(super) fn log_in<'v>(
    take: &mut dyn FnMut(&'static str) -> Option<Field<'v>>,
    (key, whole): (Span, Span),
    view: &View<'v>,
    findings: &mut Findings,
) -> Option<AuthSpec> {
    let before = findings.faults.len();
    let mechanism = take("mechanism");
    if mechanism.is_none() {
        let fault = Diagnostic::error("`mechanism` is missing", key);
        findings.faults.push(fault.label("such as `mechanism: LOGIN`"));
    }
    let words = Mechanism::ALL.map(|mechanism| (mechanism.as_str(), mechanism));
    let mechanism = mechanism.and_then(|field| field.word("mechanism", &words, &mut findings.faults));
    let mut keys = Keys {
        account: take("account"),
        username: take("username"),
        authzid: take("authzid"),
        password: take("password"),
        token: take("token"),
        initial_response: take("initial_response"),
    };
    let mut flag = |name| take(name).and_then(|field| field.bool(&mut findings.faults)).unwrap_or(false);
    let (cancel, continue_on_failure) = (flag("cancel"), flag("continue_on_failure"));
    let (force, insecure) = (flag("force"), flag("insecure"));
    keys.one_of_two(view, findings);
    if let Some(mechanism) = mechanism {
        keys.fit(mechanism, cancel, view, findings);
    }
    let initial = keys.initial_response.and_then(|field| field.bool(&mut findings.faults));
    let authzid = keys.authzid.map(|field| plain_text(field, &mut findings.faults));
    let nobody = || (Arc::from(""), None, None);
    let who = match (mechanism, keys.account) {
        (Some(Mechanism::External), _) => Some(nobody()),
        _ if cancel => Some(nobody()),
        (_, Some(account)) => from_account(account, mechanism, view, findings),
        _ => keys.named(key, mechanism, view, findings),
    };
    let (username, secret, account) = who?;
    Some(AuthSpec {
        mechanism: mechanism.filter(|_| findings.faults.len() == before)?,
        username,
        authzid: authzid.flatten().unwrap_or_else(|| "".into()),
        secret,
        account,
        initial_response: initial,
        cancel,
        continue_on_failure,
        force,
        insecure,
        span: whole,
    })
}

impl<'v> Keys<'v> {
    /// Of two that exclude each other, what the scenario itself writes wins.
    fn one_of_two(&mut self, view: &View<'_>, findings: &mut Findings) {
        let own = |field: Field<'_>| !view.inherited(field.key_span());
        let who = [self.username, self.password, self.token];
        if let Some(account) = self.account.filter(|_| who.iter().any(Option::is_some)) {
            if who.into_iter().flatten().any(own) && !own(account) {
                self.account = None;
                findings
                    .notes
                    .push("inherited `account` dropped: the scenario names its own user".to_owned());
            } else {
                for other in [&mut self.username, &mut self.password, &mut self.token] {
                    drop_impossible(other, "`account` says it", view, findings);
                }
            }
        }
        if let (Some(first), Some(second)) = (self.password, self.token) {
            let lesser = if own(first) && !own(second) { &mut self.token } else { &mut self.password };
            drop_impossible(lesser, "a log-in has a password or a token, not both", view, findings);
        }
    }

    /// Leaves out what the mechanism has no use for.
    fn fit(&mut self, mechanism: Mechanism, cancel: bool, view: &View<'_>, findings: &mut Findings) {
        let mut drop = |fields: &mut [&mut Option<Field<'_>>], because: &str| {
            for field in fields {
                drop_impossible(field, because, view, findings);
            }
        };
        let name = mechanism.as_str();
        let Self { account, username, authzid, password, token, initial_response } = self;
        if cancel {
            let because = "a log-in that is cancelled says nothing of who logs in";
            drop(&mut [account, username, authzid, password, token], because);
            if initial_response.is_some_and(|field| field.node().as_str() == Some("true")) {
                drop(&mut [initial_response], "a log-in that is cancelled says nothing before it is asked");
            }
        }
        match mechanism.credential() {
            Credential::Password => drop(&mut [token], &format!("{name} takes a password")),
            Credential::Token => drop(&mut [password], &format!("{name} takes a token")),
            Credential::Elsewhere => {
                let because =
                    format!("{name} goes by the client certificate; `authzid` says on whose behalf");
                drop(&mut [account, username, password, token], &because);
            }
        }
        if !mechanism.has_authzid() {
            drop(&mut [authzid], &format!("{name} has no authorization identity"));
        }
        if !mechanism.has_initial_response() {
            let first = initial_response.is_some_and(|field| field.node().as_str() == Some("true"));
            if first {
                drop(&mut [initial_response], &format!("in {name} the server begins"));
            }
        }
    }

    /// The user that the keys themselves name.
    fn named(
        &self,
        key: Span,
        mechanism: Option<Mechanism>,
        view: &View<'_>,
        findings: &mut Findings,
    ) -> Option<Who> {
        let wanted = match mechanism.map(Mechanism::credential) {
            Some(Credential::Password) => "`password`",
            Some(Credential::Token) => "`token`",
            _ => "`password` or `token`",
        };
        let secret = self.password.or(self.token).map(|field| {
            let folder = view.folder(field.span());
            SecretSource::read(field, folder, &mut findings.hide, &mut findings.faults)
        });
        let Some(username) = self.username else {
            let fault = Diagnostic::error("`auth` says of nobody who logs in", key);
            findings.faults.push(fault.label(format!("add `account`, or `username` with {wanted}")));
            return None;
        };
        let username = plain_text(username, &mut findings.faults)?;
        match secret {
            Some(secret) => Some((username, Some(secret?), None)),
            None => {
                let fault = Diagnostic::error("`auth` has a username and no secret", key);
                findings.faults.push(fault.label(format!("add {wanted}")));
                None
            }
        }
    }
}

fn drop_impossible(field: &mut Option<Field<'_>>, because: &str, view: &View<'_>, findings: &mut Findings) {
    if let Some(field) = field.take() {
        view.impossible(field, because, findings);
    }
}

type Who = (Arc<str>, Option<SecretSource>, Option<Leave>);

fn from_account(
    field: Field<'_>,
    mechanism: Option<Mechanism>,
    view: &View<'_>,
    findings: &mut Findings,
) -> Option<Who> {
    let name = field.text(&mut findings.faults)?;
    let accounts = &view.project.accounts;
    let Some((name, account)) = accounts.iter().find(|(known, _)| &**known == name) else {
        let fault = field.error(format!("unknown account `{name}`"));
        findings.faults.push(match nearest(name, accounts.iter().map(|(known, _)| &**known)) {
            Some(near) => fault.label(format!("did you mean `{near}`?")),
            None => fault.label("`accounts` of the project file does not name it"),
        });
        return None;
    };
    let secret = match mechanism?.credential() {
        Credential::Token => account.token.as_ref().or(account.password.as_ref()),
        Credential::Password | Credential::Elsewhere => account.password.as_ref(),
    };
    let targets = account.targets.clone().into();
    Some((Arc::clone(&account.username), secret.cloned(), Some((Arc::clone(name), targets))))
}
