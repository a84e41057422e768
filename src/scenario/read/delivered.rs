//! What is expected of what arrived.

use super::super::{Delivered, DeliveredTls, Delivery, HeaderMatch};
use super::expect::no_doubles;
use super::stages::{regex, versions};
use crate::smtp::{ForwardPath, ReversePath};
use crate::yaml::{Diagnostic, Field, Value};

/// The directions, as Exchange names them.
const DIRECTIONS: [&str; 2] = ["originating", "incoming"];

/// Reads `delivered`: `false`, or a map of what must have arrived.
pub(super) fn delivered(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Delivery> {
    if field.node().as_str() == Some("false") {
        return Some(Delivery::Nothing);
    }
    if !matches!(&field.node().value, Value::Mapping(entries) if !entries.is_empty()) {
        let fault = field.error("`delivered` takes `false`, or what must have arrived");
        faults.push(fault.label("such as `{ tenant: Contoso, connector: From on-premises }`"));
        return None;
    }
    let before = faults.len();
    let mut fields = field.fields(faults)?;
    let tenant = fields.take("tenant").and_then(|field| field.text(faults)).map(str::to_owned);
    let mut out = Delivered { tenant, ..Delivered::default() };
    out.connector = fields.take("connector").and_then(|field| field.text(faults)).map(some);
    if let Some(field) = fields.take("direction")
        && let Some(text) = field.text(faults)
    {
        out.direction = DIRECTIONS.into_iter().find(|known| *known == text);
        if out.direction.is_none() {
            faults.push(field.error(format!("`direction` is `{}`", DIRECTIONS.join("` or `"))));
        }
    }
    out.tls = fields.take("tls").and_then(|field| tls(field, faults));
    if let Some(field) = fields.take("mail_from")
        && let Some(text) = field.text(faults)
    {
        let path = ReversePath::parse(if text == "<>" { "" } else { text });
        out.mail_from = path.map_err(|why| faults.push(field.error(why.to_string()))).ok();
    }
    if let Some(field) = fields.take("rcpt_to") {
        let texts = field.texts(faults);
        no_doubles(field, &texts, faults);
        let mut paths = Vec::with_capacity(texts.len());
        for text in texts {
            match ForwardPath::parse(text) {
                Ok(path) => paths.push(path),
                Err(why) => faults.push(field.error(why.to_string())),
            }
        }
        if paths.is_empty() {
            faults.push(field.error("`rcpt_to` names no recipient; `delivered: false` is for no message"));
        }
        out.rcpt_to = Some(paths);
    }
    if let Some(field) = fields.take("header_from") {
        let texts = field.texts(faults);
        out.header_from = Some(match texts.as_slice() {
            ["none"] => Vec::new(),
            all => all.iter().map(|text| (*text).to_owned()).collect(),
        });
    }
    if let Some(field) = fields.take("headers") {
        for (key, node) in field.entries(faults).into_iter().flatten() {
            let value = Field::new(&key.name, key.span, node);
            let Some(wanted) = header(value, faults) else { continue };
            out.headers.push(((*key.name).to_owned(), wanted));
        }
    }
    out.within = fields.take("within").and_then(|field| field.duration(faults));
    fields.finish(faults);
    (faults.len() == before).then(|| Delivery::Message(Box::new(out)))
}

/// `none`, or what is expected of the TLS it came in with.
fn tls(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Option<DeliveredTls>> {
    if field.node().as_str() == Some("none") {
        return Some(None);
    }
    if !matches!(&field.node().value, Value::Mapping(entries) if !entries.is_empty()) {
        let fault = field.error("`tls` takes `none`, or what the message must have come in with");
        faults.push(fault.label("such as `{ version: TLSv1.3, certificate: relay.contoso.com }`"));
        return None;
    }
    let mut fields = field.fields(faults)?;
    let read = DeliveredTls {
        version: fields.take("version").map(|field| versions(field, faults)),
        cipher: fields.take("cipher").and_then(|field| field.text(faults)).map(str::to_owned),
        certificate: fields.take("certificate").and_then(|field| field.text(faults)).map(some),
    };
    fields.finish(faults);
    Some(Some(read))
}

/// A name, or `none`.
fn some(text: &str) -> Option<String> {
    (text != "none").then(|| text.to_owned())
}

/// `true`, `false`, a regular expression between slashes, or the whole value.
fn header(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<HeaderMatch> {
    let text = field.text(faults)?;
    match text {
        "true" => Some(HeaderMatch::Present),
        "false" => Some(HeaderMatch::Absent),
        _ => match text.strip_prefix('/').and_then(|text| text.strip_suffix('/')) {
            Some(source) => regex(field, source, faults).map(HeaderMatch::Matches),
            None => Some(HeaderMatch::Is(text.to_owned())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::TlsVersion;
    use crate::yaml::{Sources, parse};

    fn read(text: &str) -> Result<Delivery, String> {
        let mut sources = Sources::default();
        let file = sources.add("t", "t".into(), text);
        let root = parse(&sources, file).expect("well-formed");
        let mut faults = Vec::new();
        let read = delivered(Field::new("delivered", root.span, &root), &mut faults);
        read.ok_or_else(|| faults.into_iter().map(|fault| fault.message).collect())
    }

    #[test]
    fn what_must_have_arrived_is_read() {
        let text = "tenant: Contoso\nconnector: none\ndirection: incoming\nmail_from: <>\nrcpt_to: [a@b.test, \
                    c@d.test]\nheader_from: none\ntls: { version: [TLSv1.2, TLSv1.3], cipher: TLS_*, certificate: \
                    none }\nheaders: { X-A: true, X-B: false, X-C: /^c/, X-D: d }\n\
                    within: 2s\n";
        let Ok(Delivery::Message(read)) = read(text) else { panic!("a message") };
        assert_eq!((read.tenant.as_deref(), read.connector), (Some("Contoso"), Some(None)));
        assert_eq!((read.direction, read.mail_from), (Some("incoming"), Some(ReversePath::Null)));
        assert_eq!(read.rcpt_to.map(|paths| paths.len()), Some(2));
        assert_eq!(read.header_from, Some(Vec::new()));
        let tls = DeliveredTls {
            version: Some(vec![TlsVersion::Tls12, TlsVersion::Tls13]),
            cipher: Some("TLS_*".to_owned()),
            certificate: Some(None),
        };
        assert_eq!(read.tls, Some(Some(tls)));
        assert_eq!(read.headers.len(), 4);
        assert!(matches!(&read.headers[3].1, HeaderMatch::Is(value) if value == "d"));
        assert!(matches!(super::tests::read("false"), Ok(Delivery::Nothing)));
    }

    #[test]
    fn what_could_not_hold_is_told() {
        for text in [
            "true",
            "{}",
            "[a]",
            "{ direction: outgoing }",
            "{ rcpt_to: [] }",
            "{ mail_from: x }",
            "{ tenat: x }",
            "{ tls: starttls }",
            "{ tls: {} }",
            "{ tls: { version: TLSv1.4 } }",
            "{ tls: { verified: true } }",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
