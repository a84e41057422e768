//! `auth`.

use std::sync::Arc;

use super::super::project::plain_text;
use super::super::secret_source::SecretSource;
use super::super::spec::{AuthSpec, Leave};
use super::super::view::{Findings, View};
use crate::plan::Mechanism;
use crate::yaml::{Diagnostic, Field, nearest};

/// Reads `auth`. The outer `None` means that something is wrong.
pub(in super::super) fn auth(view: &View<'_>, findings: &mut Findings) -> Option<Option<AuthSpec>> {
    let Some(field) = view.get_some("auth") else { return Some(None) };
    let before = findings.faults.len();
    let mut fields = field.fields(&mut findings.faults)?;
    let words = Mechanism::ALL.map(|mechanism| (mechanism.as_str(), mechanism));
    let mechanism = fields.require("mechanism", field.key_span(), &mut findings.faults);
    let mechanism = mechanism.and_then(|field| field.word("mechanism", &words, &mut findings.faults));
    let mut account = fields.take("account");
    let mut username = fields.take("username");
    let mut password = fields.take("password");
    let mut token = fields.take("token");
    // Of two that exclude each other, what the scenario itself writes wins.
    let own = |field: Field<'_>| !view.inherited(field.key_span());
    if let Some(at) = account {
        let others = [&mut username, &mut password, &mut token];
        if others.iter().any(|other| other.is_some_and(own)) && !own(at) {
            account = None;
            findings.notes.push("inherited `account` dropped: the scenario names its own user".to_owned());
        } else {
            for other in others {
                if let Some(other) = other.take() {
                    view.impossible(other, "`account` says it", findings);
                }
            }
        }
    }
    if let (Some(first), Some(second)) = (password, token) {
        let lesser = if own(first) && !own(second) { &mut token } else { &mut password };
        if let Some(lesser) = lesser.take() {
            view.impossible(lesser, "a log-in has a password or a token, not both", findings);
        }
    }
    let mut flag = |name: &'static str| {
        fields.take(name).and_then(|field| field.bool(&mut findings.faults)).unwrap_or(false)
    };
    let (continue_on_failure, force, insecure) =
        (flag("continue_on_failure"), flag("force"), flag("insecure"));
    fields.finish(&mut findings.faults);
    let who = match account {
        Some(account) => from_account(account, mechanism, view, findings),
        None => from_keys(field, username, [password, token], view, findings),
    };
    let (username, secret, account) = who?;
    let mechanism = mechanism.filter(|_| findings.faults.len() == before)?;
    Some(Some(AuthSpec {
        mechanism,
        username,
        secret,
        account,
        continue_on_failure,
        force,
        insecure,
        span: field.span(),
    }))
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
    let secret = match mechanism? {
        Mechanism::XOAuth2 => account.token.as_ref().or(account.password.as_ref()),
        Mechanism::Plain | Mechanism::Login => account.password.as_ref(),
    };
    let targets = account.targets.clone().into();
    Some((Arc::clone(&account.username), secret.cloned(), Some((Arc::clone(name), targets))))
}

fn from_keys(
    whole: Field<'_>,
    username: Option<Field<'_>>,
    secrets: [Option<Field<'_>>; 2],
    view: &View<'_>,
    findings: &mut Findings,
) -> Option<Who> {
    let secret = secrets.into_iter().flatten().next();
    let secret = secret.map(|field| {
        let folder = view.folder(field.span());
        SecretSource::read(field, folder, &mut findings.hide, &mut findings.faults)
    });
    let Some(username) = username else {
        let fault = Diagnostic::error("`auth` says of nobody who logs in", whole.key_span());
        findings.faults.push(fault.label("add `account`, or `username` with `password` or `token`"));
        return None;
    };
    let username = plain_text(username, &mut findings.faults)?;
    match secret {
        Some(secret) => Some((username, Some(secret?), None)),
        None => {
            let fault = Diagnostic::error("`auth` has a username and no secret", whole.key_span());
            findings.faults.push(fault.label("add `password` or `token`"));
            None
        }
    }
}
