//! What to mint: the spec file, read and checked.

use std::time::Duration;

use crate::tls::mint::KeyKind;
use crate::yaml::{Diagnostic, Field, Fields, Node};

/// What to mint.
#[derive(Debug)]
pub(super) struct Spec {
    /// How long before its end a certificate is minted anew.
    pub(super) renew_before: Duration,
    /// Issuers before what they issue.
    pub(super) entries: Vec<Entry>,
}

/// One certificate with its key.
#[derive(Debug)]
pub(super) struct Entry {
    /// Of its files.
    pub(super) name: String,
    pub(super) common_name: String,
    pub(super) names: Vec<String>,
    pub(super) key: KeyKind,
    /// Index of the issuer among the entries, always a smaller one; `None`:
    /// signed by itself.
    pub(super) issuer: Option<usize>,
    pub(super) authority: bool,
    pub(super) valid: Duration,
    /// How long ago it ended, where it is to be too old.
    pub(super) ended: Option<Duration>,
    /// Whether the file carries the intermediates.
    pub(super) chain: bool,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Spec {
    /// Reads a spec.
    pub(super) fn read(root: &Node) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let spec = read(root, &mut faults);
        match spec {
            Some(spec) if faults.is_empty() => Ok(spec),
            _ => Err(faults),
        }
    }
}

fn read(root: &Node, faults: &mut Vec<Diagnostic>) -> Option<Spec> {
    let mut fields = Fields::of_root(root, faults)?;
    let renew_before = fields.take("renew_before").and_then(|field| field.duration(faults));
    let authorities = fields.take("authorities");
    let certificates = fields.require("certificates", root.span, faults);
    fields.finish(faults);
    let mut entries = Vec::new();
    for (field, authority) in [(authorities, true), (certificates, false)] {
        let Some(field) = field else { continue };
        for (key, node) in field.entries(faults).unwrap_or_default() {
            let field = Field::new(&key.name, key.span, node);
            if let Some(entry) = entry(field, authority, &entries, faults) {
                entries.push(entry);
            }
        }
    }
    Some(Spec { renew_before: renew_before.unwrap_or(14 * DAY), entries })
}

fn entry(field: Field<'_>, authority: bool, before: &[Entry], faults: &mut Vec<Diagnostic>) -> Option<Entry> {
    let name = field.name().to_owned();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
        let message = format!("`{name}` is no name for a file");
        faults.push(Diagnostic::error(message, field.key_span()).label("use letters, digits, `-` and `_`"));
    }
    if before.iter().any(|other| other.name == name) {
        faults.push(Diagnostic::error(format!("a second `{name}`"), field.key_span()));
    }
    let mut fields = field.fields(faults)?;
    let common_name = fields.require("common_name", field.key_span(), faults);
    let common_name = common_name.and_then(|field| text(field, faults)).unwrap_or_default();
    let issuer = fields.take("issuer").and_then(|field| issuer(field, before, faults));
    let valid = fields.take("valid").and_then(|field| field.duration(faults));
    let mut entry = Entry {
        name,
        names: Vec::new(),
        key: KeyKind::default(),
        issuer,
        authority,
        valid: valid.unwrap_or(365 * DAY),
        ended: None,
        chain: true,
        common_name,
    };
    if !authority {
        let kinds = [KeyKind::Ecdsa, KeyKind::Rsa].map(|kind| (kind.as_str(), kind));
        let key = fields.take("key").and_then(|field| field.word("kind of key", &kinds, faults));
        entry.key = key.unwrap_or_default();
        entry.names = match fields.take("names") {
            Some(field) => field.texts(faults).into_iter().map(str::to_owned).collect(),
            None => vec![entry.common_name.clone()],
        };
        entry.ended = fields.take("ended").and_then(|field| field.duration(faults));
        let chain = fields.take("chain");
        let chain = chain.and_then(|field| field.word("chain", &[("leaf", false), ("full", true)], faults));
        entry.chain = chain.unwrap_or(true);
    }
    fields.finish(faults);
    Some(entry)
}

fn text(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<String> {
    let text = field.text(faults)?;
    // RFC 5280, appendix A: ub-common-name.
    if text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control) {
        faults.push(field.error(format!("`{}` takes 1 to 64 characters", field.name())));
    }
    Some(text.to_owned())
}

fn issuer(field: Field<'_>, before: &[Entry], faults: &mut Vec<Diagnostic>) -> Option<usize> {
    let name = field.text(faults)?;
    if name == "none" {
        return None;
    }
    let found = before.iter().position(|entry| entry.authority && entry.name == name);
    if found.is_none() {
        let known: Vec<_> = before.iter().filter(|e| e.authority).map(|e| format!("`{}`", e.name)).collect();
        faults.push(
            field
                .error(format!("no authority `{name}` stands above"))
                .label(format!("known here: {}", known.join(", "))),
        );
    }
    found
}
