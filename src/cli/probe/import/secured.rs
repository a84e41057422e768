//! How the session of a swaks line is secured, and who logs in.

use std::path::Path;

use super::line::{Protocol, Reader};
use super::options::{Opt, name};
use crate::cli::probe::file::{Certificate, How, Login, Range, Tls, Variable, literal, relative};
use crate::scenario::is_loopback;
use crate::smtp::{Credential, Mechanism};
use crate::tls::TlsVersion;

impl Reader<'_> {
    /// Whether an option of its own says how TLS is spoken: then `--protocol` does not.
    pub(super) fn says_tls(&self) -> bool {
        self.given.has(Opt::Tls) || self.given.has(Opt::TlsOnConnect)
    }

    pub(super) fn tls(&mut self, protocol: Protocol) {
        let implicit = self.given.has(Opt::TlsOnConnect) || protocol.implicit && !self.says_tls();
        let starttls = self.given.has(Opt::Tls) || protocol.starttls && !self.says_tls();
        let mode = match (implicit, starttls) {
            (true, true) => {
                self.faults.push("`--tls` and `--tls-on-connect` exclude each other".to_owned());
                return;
            }
            (true, false) => "implicit",
            (false, true) => "starttls",
            (false, false) => {
                let idle = [Opt::TlsCert, Opt::TlsKey, Opt::TlsProtocol, Opt::TlsCipher, Opt::TlsSni];
                for option in idle.into_iter().filter(|option| self.given.has(*option)) {
                    let name = name(option);
                    self.notes
                        .push(format!("`{name}` is left out: without `-tls` or `-tlsc` it does nothing"));
                }
                return;
            }
        };
        let version = self.versions();
        let ciphers = self.text(Opt::TlsCipher).map(|text| literal(&text));
        let sni = self.text(Opt::TlsVerifyTarget).or_else(|| self.text(Opt::TlsSni));
        let name = self.given.has(Opt::TlsVerify) || self.given.has(Opt::TlsVerifyHost);
        let verify = match (name, self.given.has(Opt::TlsVerifyCa)) {
            (true, _) => {
                if self.given.has(Opt::TlsVerify) {
                    self.notes.push(
                        "`--tls-verify` is `verify: full`, the name too; swaks before 2023 looked at the chain \
                         alone: `verify: chain`"
                            .to_owned(),
                    );
                }
                None
            }
            (false, true) => Some(How::Word("chain")),
            (false, false) => Some(How::Word("none")),
        };
        let ca = self.text(Opt::TlsCaPath);
        if ca.as_ref().is_some_and(|path| Path::new(path).is_dir()) {
            self.faults
                .push("`--tls-ca-path`: a folder: name one file (`cat FOLDER/*.pem >ca.pem`)".to_owned());
        }
        self.scenario.tls = Some(Tls {
            mode,
            version,
            ciphers,
            sni: sni.map(|name| literal(&name)),
            verify,
            ca: ca.map(|path| self.path(&path)),
            ..Tls::default()
        });
        match (self.text(Opt::TlsCert), self.text(Opt::TlsKey)) {
            (Some(cert), Some(key)) => {
                let (cert, key) = (self.path(&cert), self.path(&key));
                self.scenario.certificate = Some(Certificate { cert, key });
            }
            (None, None) => {}
            _ => self.faults.push("`--tls-cert` and `--tls-key` need each other".to_owned()),
        }
    }

    fn path(&self, path: &str) -> String {
        relative(Path::new(path), self.wishes.at)
    }

    fn versions(&mut self) -> Option<Range> {
        let text = self.text(Opt::TlsProtocol)?;
        let known = |word: &str| {
            let name = word.to_ascii_lowercase().replace('_', ".");
            let name = if name == "tlsv1" { "tlsv1.0".to_owned() } else { name };
            TlsVersion::ALL.into_iter().find(|version| version.as_str().eq_ignore_ascii_case(&name))
        };
        let words: Vec<&str> = text.split(',').map(str::trim).collect();
        let without: Vec<&str> = words
            .iter()
            .filter(|word| word.get(..3).is_some_and(|no| no.eq_ignore_ascii_case("no_")))
            .map(|word| &word[3..])
            .collect();
        if !without.is_empty() && without.len() < words.len() {
            self.faults.push("`--tls-protocol` takes versions or `no_` versions, not both".to_owned());
            return None;
        }
        let is_exclusion = !without.is_empty();
        let mut named = Vec::new();
        for word in if is_exclusion { without } else { words } {
            match known(word) {
                Some(version) => named.push(version),
                // SSL is never offered, so leaving it out goes without saying.
                None if is_exclusion && word.to_ascii_lowercase().starts_with("sslv") => {}
                None => {
                    self.faults.push(
                        "`--tls-protocol`: the versions are tlsv1, tlsv1_1, tlsv1_2 and tlsv1_3; SSL is not spoken"
                            .to_owned(),
                    );
                    return None;
                }
            }
        }
        let offered: Vec<TlsVersion> =
            TlsVersion::ALL.into_iter().filter(|version| named.contains(version) != is_exclusion).collect();
        let (Some(min), Some(max)) = (offered.iter().min(), offered.iter().max()) else {
            self.faults.push("`--tls-protocol` leaves no version".to_owned());
            return None;
        };
        if TlsVersion::ALL.iter().filter(|version| *version >= min && *version <= max).count() > offered.len()
        {
            self.faults.push("`--tls-protocol`: a version between two others cannot be left out".to_owned());
        }
        (!named.is_empty()).then(|| Range { min: min.as_str(), max: max.as_str() })
    }

    pub(super) fn auth(&mut self, protocol: Protocol, host: Option<&str>) {
        let optional = self.given.has(Opt::AuthOptional);
        let listed = self.given.value(Opt::Auth).filter(|list| !list.is_empty());
        let listed = listed.or_else(|| self.given.value(Opt::AuthOptional).filter(|list| !list.is_empty()));
        let asked = [Opt::Auth, Opt::AuthOptional, Opt::AuthUser, Opt::AuthPassword];
        if !protocol.auth && !asked.into_iter().any(|option| self.given.has(option)) {
            return;
        }
        let mut initial_response = None;
        let mechanism = match listed {
            None => {
                let note = "swaks logs in by the first mechanism that the server offers; here it is LOGIN: change \
                            `mechanism` where that is not offered";
                self.notes.push(note.to_owned());
                Mechanism::Login
            }
            Some(list) => {
                let names: Vec<&str> = list.split(',').collect();
                // Those that swaks has, too: it knows no tokens.
                let known = || {
                    let passwords = |mechanism: &Mechanism| mechanism.credential() == Credential::Password;
                    Mechanism::ALL.into_iter().filter(passwords)
                };
                let find = |name: &&str| {
                    let name = name.trim().to_ascii_uppercase();
                    let (name, initial) = match name.as_str() {
                        "LOGIN-INITIAL" => ("LOGIN", Some(true)),
                        name => (name, None),
                    };
                    Some((known().find(|known| known.as_str() == name)?, initial))
                };
                let Some((mechanism, initial)) = names.iter().find_map(find) else {
                    let all: Vec<_> = known().map(Mechanism::as_str).collect();
                    self.faults.push(format!("`--auth`: the mechanisms here are {}", all.join(", ")));
                    return;
                };
                initial_response = initial;
                if names.len() > 1 {
                    self.notes.push(format!(
                        "of the mechanisms `{}` is taken: a scenario logs in by one",
                        mechanism.as_str()
                    ));
                }
                mechanism
            }
        };
        let user = self.given.value(Opt::AuthUser).unwrap_or_default();
        if user.is_empty() {
            self.faults
                .push("there is no `--auth-user`: swaks would ask, or look into .netrc; write it".to_owned());
            return;
        }
        let user = if user == "<>" { "" } else { user };
        let variable = self.wishes.password_env.map_or_else(|| variable(user), str::to_owned);
        let is_verified = self.scenario.tls.as_ref().is_some_and(|tls| tls.verify.is_none());
        if !is_verified && !self.wishes.insecure && !host.is_some_and(is_loopback) {
            self.notes.push(
                "the line verifies nothing, so the password is held back (`not_offered TLS`, `tls_untrusted \
                 unverified`): add `--tls-verify` to it, or give `--insecure`"
                    .to_owned(),
            );
        }
        self.scenario.auth = Some(Login {
            mechanism: mechanism.as_str().into(),
            username: Some(literal(user)),
            password: Some(Variable { env: variable.clone() }),
            initial_response,
            continue_on_failure: optional && !self.given.has(Opt::Auth),
            insecure: !is_verified && self.wishes.insecure,
            ..Login::default()
        });
        if optional {
            self.notes.push(
                "`--auth-optional` goes on after a refused log-in; where none is offered the case ends, which swaks \
                 passes over"
                    .to_owned(),
            );
        }
        self.variable = Some(variable);
    }
}

/// What a user's password is called in the environment: `SCAN_PASSWORD` for
/// `scan@contoso.com`.
pub(super) fn variable(user: &str) -> String {
    let local = user.split('@').next().unwrap_or_default();
    let name: String =
        local.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    let name = name.trim_matches('_');
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        _ if name.is_empty() => "SMTP_PASSWORD".to_owned(),
        true => format!("USER_{name}_PASSWORD"),
        false => format!("{name}_PASSWORD"),
    }
}
