//! Where secrets come from. Nothing is read here but what a file says; see
//! `Resolver` for the reading.

use std::path::PathBuf;

use crate::secret::Secret;
use crate::yaml::{Diagnostic, Field, Span, Value};

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SecretSource {
    pub(super) from: SecretFrom,
    /// The place to blame.
    pub(super) span: Span,
}

/// The kinds of places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SecretFrom {
    /// Written in the file: for the simulator and loopback alone.
    Literal(Secret),
    /// An environment variable.
    Env(String),
    /// A file that nobody else can read.
    File(PathBuf),
    /// A systemd credential (`LoadCredential=`).
    Credential(String),
    /// What a program prints, once a run.
    Command(Vec<String>),
}

impl SecretSource {
    /// Reads `{ env }`, `{ file }`, `{ credential }`, `{ command }` or a literal.
    /// A literal's place is added to `hide`: messages do not quote it.
    pub(super) fn read(
        field: Field<'_>,
        folder: &std::path::Path,
        hide: &mut Vec<Span>,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        const FORM: &str =
            "`{ env: NAME }`, `{ file: PATH }`, `{ credential: NAME }` or `{ command: [PROGRAM] }`";
        let span = field.span();
        if let Some(text) = field.node().as_str() {
            if super::pieces::whole(text).is_some() {
                let fault = field.error("secrets take no variables");
                faults.push(fault.label(format!("write {FORM}")));
                return None;
            }
            hide.push(span);
            return Some(Self { from: SecretFrom::Literal(Secret::new(text)), span });
        }
        if !matches!(&field.node().value, Value::Mapping(entries) if entries.len() == 1) {
            field.wrong(FORM, faults);
            return None;
        }
        let before = faults.len();
        let mut fields = field.fields(faults)?;
        let mut from = None;
        if let Some(env) = fields.take("env") {
            from = env.text(faults).map(|name| SecretFrom::Env(name.to_owned()));
        }
        if let Some(file) = fields.take("file") {
            from = file.path(folder, faults).map(SecretFrom::File);
        }
        if let Some(credential) = fields.take("credential") {
            from = credential.text(faults).and_then(|name| {
                // systemd.exec(5): a name is usable as a file name.
                let plain = !name.is_empty() && !name.contains('/') && name != "." && name != "..";
                if !plain {
                    faults.push(credential.error(format!("`{name}` is no credential's name")));
                }
                plain.then(|| SecretFrom::Credential(name.to_owned()))
            });
        }
        if let Some(command) = fields.take("command") {
            let words: Vec<String> = match command.list(faults) {
                Some(_) => command.texts(faults).into_iter().map(str::to_owned).collect(),
                None => Vec::new(),
            };
            if words.is_empty() && faults.len() == before {
                faults.push(command.error("`command` names no program"));
            }
            from = Some(SecretFrom::Command(words));
        }
        fields.finish(faults);
        from.filter(|_| faults.len() == before).map(|from| Self { from, span })
    }
}
