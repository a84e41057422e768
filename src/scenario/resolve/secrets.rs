//! Log-ins, with the secrets that they need.

use std::sync::Arc;

use super::super::secret_source::SecretFrom;
use super::super::spec::{AuthSpec, Spec};
use super::super::target::is_loopback;
use super::resolver::{At, Resolver};
use crate::plan::Auth;
use crate::secret::Secret;
use crate::yaml::Diagnostic;

impl Resolver {
    /// Everybody who logs in, each once. `auth` is the scenario's own.
    pub(super) fn log_ins<'s>(
        &self,
        spec: &'s Spec,
        auth: Option<&Auth>,
        at: &At,
        faults: &mut Vec<Diagnostic>,
    ) -> Vec<(&'s AuthSpec, Arc<Auth>)> {
        let mut made: Vec<(&AuthSpec, Arc<Auth>)> = Vec::new();
        for log_in in spec.log_ins() {
            if made.iter().any(|(known, _)| std::ptr::eq(*known, log_in)) {
                continue;
            }
            let scenarios = spec.auth.as_ref().is_some_and(|own| std::ptr::eq(&**own, log_in));
            let auth = if scenarios { auth.cloned() } else { self.auth(log_in, at, faults) };
            made.extend(auth.map(|auth| (log_in, Arc::new(auth))));
        }
        made
    }

    pub(super) fn auth(&self, spec: &AuthSpec, at: &At, faults: &mut Vec<Diagnostic>) -> Option<Auth> {
        let secret = spec.needs_secret().then(|| self.secret(spec, at)).transpose();
        let secret = secret.map_err(|fault| faults.push(fault)).ok()?;
        Some(Auth {
            mechanism: spec.mechanism,
            username: Arc::clone(&spec.username),
            authzid: Arc::clone(&spec.authzid),
            secret,
            initial_response: spec.initial_response,
            cancel: spec.cancel,
            continue_on_failure: spec.continue_on_failure,
            force: spec.force,
            insecure: spec.insecure,
        })
    }

    fn secret(&self, spec: &AuthSpec, at: &At) -> Result<Secret, Diagnostic> {
        if at.lab && spec.account.is_some() {
            let password = self.tenants.as_ref().and_then(|tenants| tenants.password(&spec.username));
            return password.cloned().ok_or_else(|| {
                let message = format!("the tenants file has no password for `{}`", spec.username);
                Diagnostic::error(message, spec.span).label("add it under the tenant's `lab.passwords`")
            });
        }
        let Some(source) = &spec.secret else {
            let account = spec.account.as_ref().map_or("", |(name, _)| name);
            let message = format!("the account `{account}` has no secret");
            return Err(
                Diagnostic::error(message, spec.span).label("add `password` or `token` in the project file")
            );
        };
        match &source.from {
            SecretFrom::Literal(_) if !at.lab && !is_loopback(&at.host) => Err(Diagnostic::error(
                "a secret does not stand in a file",
                source.span,
            )
            .label(
                "write `{ env: NAME }`, `{ file: PATH }`, `{ credential: NAME }` or `{ command: [PROGRAM] }`",
            )
            .note(format!("the target is {}; only the simulator and loopback may have it so", at.host))),
            SecretFrom::Command(_) if !self.playing => Ok(Secret::new("not asked for")),
            from @ (SecretFrom::Env(_) | SecretFrom::Credential(_)) if !self.playing => {
                Ok(self.secrets.read(from).unwrap_or_else(|why| {
                    self.warn(Diagnostic::error(why, source.span).label("wanted when the cases are played"));
                    Secret::new("not there")
                }))
            }
            from => self.secrets.read(from).map_err(|why| Diagnostic::error(why, source.span)),
        }
    }
}
