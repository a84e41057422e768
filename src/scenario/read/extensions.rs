//! `extensions`: what is used beyond plain SMTP.

use std::net::IpAddr;
use std::sync::Arc;

use super::super::extensions::{BodyKind, DsnSpec, ExtensionsSpec, OriginalRecipient, SizeSpec};
use super::super::view::{Findings, View};
use super::told::pieces;
use crate::plan::{Chunks, Extensions};
use crate::smtp::xtext;
use crate::yaml::{Diagnostic, Field, Fields};

/// The attributes of XCLIENT and of XFORWARD, as files have them.
const XCLIENT: [&str; 8] = ["name", "addr", "port", "proto", "helo", "login", "destaddr", "destport"];
const XFORWARD: [&str; 7] = ["name", "addr", "port", "proto", "helo", "ident", "source"];

/// Reads `extensions`; none are used where it is not there.
pub(in super::super) fn extensions(view: &View<'_>, findings: &mut Findings) -> Option<Arc<ExtensionsSpec>> {
    let mut out = ExtensionsSpec::default();
    let Some(field) = view.get_some("extensions") else { return Some(Arc::new(out)) };
    let before = findings.faults.len();
    let mut fields = field.fields(&mut findings.faults)?;
    let (mut pipelining, mut chunking) = (fields.take("pipelining"), fields.take("chunking"));
    if view.get("steps").is_some() {
        for (field, because) in
            [(&mut pipelining, "the step `pipeline` says it"), (&mut chunking, "the step `bdat` says it")]
        {
            if let Some(field) = field.take() {
                view.impossible(field, because, findings);
            }
        }
    }
    let faults = &mut findings.faults;
    let body = fields.take("body").and_then(|field| {
        let words = [
            ("7bit", BodyKind::SevenBit),
            ("8bitmime", BodyKind::EightBit),
            ("binarymime", BodyKind::Binary),
        ];
        field.word("body", &words, faults)
    });
    let flag =
        |field: Option<Field<'_>>, faults: &mut Vec<Diagnostic>| field.and_then(|field| field.bool(faults));
    let mut use_of = Extensions {
        pipelining: flag(pipelining, faults).unwrap_or(false),
        force: flag(fields.take("force"), faults).unwrap_or(false),
        ..Extensions::default()
    };
    out.smtputf8 = flag(fields.take("smtputf8"), faults);
    out.require_tls = flag(fields.take("require_tls"), faults).unwrap_or(false);
    use_of.chunks = chunking.and_then(|field| chunks(field, faults));
    if body == Some(BodyKind::Binary) && view.get("steps").is_none() {
        // RFC 3030 §3: never by DATA.
        if let Some(field) = chunking.filter(|field| field.node().as_str() == Some("false")) {
            faults.push(field.error("`body: binarymime` goes by BDAT").label("leave it out (RFC 3030 §3)"));
        }
        use_of.chunks.get_or_insert(Chunks::Whole);
    }
    out.body = body;
    out.size = fields.take("size").and_then(|field| match field.node().as_str() {
        Some("true") => Some(SizeSpec::OfMessage),
        Some("false") => None,
        _ => field.integer(0..=u64::MAX, faults).map(SizeSpec::Said),
    });
    out.dsn = fields.take("dsn").and_then(|field| dsn(field, faults));
    use_of.xclient = fields.take("xclient").and_then(|field| attributes(field, &XCLIENT, faults));
    use_of.xforward = fields.take("xforward").and_then(|field| attributes(field, &XFORWARD, faults));
    fields.finish(faults);
    out.use_of = use_of;
    (faults.len() == before).then(|| Arc::new(out))
}

/// Whether messages go by BDAT, and in which pieces.
fn chunks(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Chunks> {
    match field.node().as_str() {
        Some("true") => Some(Chunks::Whole),
        Some("false") => None,
        _ => pieces(field, faults),
    }
}

fn dsn(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<DsnSpec> {
    let mut fields = field.fields(faults)?;
    let mut out = DsnSpec::default();
    if let Some(field) = fields.take("notify") {
        let words = [("never", "NEVER"), ("success", "SUCCESS"), ("failure", "FAILURE"), ("delay", "DELAY")];
        let items = field.one_or_many().iter().map(|item| field.item(item));
        let said: Vec<_> = items.filter_map(|item| item.word("notification", &words, faults)).collect();
        if said.is_empty() || (said.contains(&"NEVER") && said.len() > 1) {
            // RFC 3461 §4.1
            let fault = field.error("`notify` takes `never`, or a list of `success`, `failure` and `delay`");
            faults.push(fault);
        }
        out.notify = Some(said.join(","));
    }
    out.ret =
        fields.take("ret").and_then(|field| field.word("ret", &[("full", "FULL"), ("hdrs", "HDRS")], faults));
    out.envid = fields.take("envid").and_then(|field| {
        let text = field.text(faults)?;
        // RFC 3461 §4.4
        if !matches!(text.len(), 1..=100) || !text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            faults.push(field.error("`envid` takes 1 to 100 printable characters of ASCII"));
        }
        Some(xtext(text))
    });
    out.orcpt = fields.take("orcpt").and_then(|field| match field.text(faults)? {
        "true" => Some(OriginalRecipient::Own),
        "false" => None,
        text if text.chars().any(char::is_control) || text.is_empty() => {
            faults.push(field.error("`orcpt` takes an address, or `true` for each recipient's own"));
            None
        }
        text => Some(OriginalRecipient::Said(match text.split_once(';') {
            Some((kind, address)) if !kind.is_empty() && kind.bytes().all(is_atom) => {
                format!("{kind};{}", xtext(address))
            }
            _ => crate::smtp::original_recipient(text),
        })),
    });
    fields.finish(faults);
    Some(out)
}

/// What an address type may be made of (RFC 3461 §4.2 `atom`).
fn is_atom(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*-/?^_`{|}~".contains(&b)
}

/// Attributes of a command of Postfix: `NAME=value`, each value as xtext
/// (XCLIENT_README, XFORWARD_README).
fn attributes(field: Field<'_>, names: &[&'static str], faults: &mut Vec<Diagnostic>) -> Option<Arc<str>> {
    let before = faults.len();
    let mut fields: Fields<'_> = field.fields(faults)?;
    let mut out = String::new();
    for name in names {
        let Some(value) = fields.take(name) else { continue };
        let Some(text) = value.text(faults) else { continue };
        let written = match text {
            // Not known, for good or for now.
            "[UNAVAILABLE]" | "[TEMPUNAVAIL]" => text.to_owned(),
            _ if name.ends_with("addr") => match text.parse() {
                Ok(IpAddr::V4(address)) => address.to_string(),
                Ok(IpAddr::V6(address)) => format!("IPV6:{address}"),
                Err(_) => {
                    let fault = value.error(format!("`{text}` is no address"));
                    faults.push(fault.label("such as 192.0.2.1, or `[UNAVAILABLE]`"));
                    continue;
                }
            },
            _ => xtext(text),
        };
        if written.is_empty() {
            faults.push(
                value.error(format!("`{name}` is empty")).label("`[UNAVAILABLE]` says that there is none"),
            );
        }
        out.push_str(if out.is_empty() { "" } else { " " });
        out.push_str(&format!("{}={written}", name.to_uppercase()));
    }
    fields.finish(faults);
    if out.is_empty() && faults.len() == before {
        faults.push(
            field.error(format!("`{}` says nothing", field.name())).label("such as `{ addr: 192.0.2.1 }`"),
        );
    }
    Some(out.into())
}
