//! Expectations stage by stage.

use regex_lite::{Regex, RegexBuilder};

use super::super::{ChainExpect, PeerExpect, StageExpect, StageExpectations, TextMatch, TlsExpect};
use super::delivered::delivered;
use super::expect::{no_doubles, patterns};
use super::tls::version;
use crate::smtp::Stage;
use crate::tls::{Staple, TlsVersion};
use crate::yaml::{Diagnostic, Field, Fields, Span, Value, nearest};

/// The longest regular expression that is read, in bytes.
const MAX_REGEX: usize = 4_096;

/// Reads a map of stages, `total` among them.
pub(super) fn stages(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<StageExpectations> {
    let before = faults.len();
    let mut out = StageExpectations::default();
    for (key, node) in field.entries(faults)? {
        let value = Field::new(&key.name, key.span, node);
        match &*key.name {
            "total" => {
                let Some(mut fields) = value.fields(faults) else { continue };
                out.total =
                    fields.require("within", key.span, faults).and_then(|field| field.duration(faults));
                fields.finish(faults);
            }
            "delivered" => out.delivered = delivered(value, faults),
            name => match name.parse::<Stage>() {
                Ok(stage) => {
                    out.stages.extend(stage_expect(stage, value, faults).map(|expect| (stage, expect)))
                }
                Err(_) => faults.push(unknown_stage(name, key.span)),
            },
        }
    }
    (faults.len() == before).then_some(out)
}

fn unknown_stage(name: &str, span: Span) -> Diagnostic {
    let fault = Diagnostic::error(format!("unknown stage `{name}`"), span);
    let known =
        Stage::ALL.iter().map(|stage| stage.as_str()).chain(["total", "attempts", "share", "delivered"]);
    match nearest(name, known) {
        Some(near) => fault.label(format!("did you mean `{near}`?")),
        None => fault.label("a stage such as `greeting`, `tls`, `rcpt_to` or `message`"),
    }
}

pub(super) fn stage_expect(
    stage: Stage,
    field: Field<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Option<StageExpect> {
    let mut out = StageExpect::default();
    if !matches!(field.node().value, Value::Mapping(_)) {
        out.reply = Some(patterns(field, faults)?);
        return Some(out);
    }
    let before = faults.len();
    let mut fields = field.fields(faults)?;
    out.reply = fields.take("reply").and_then(|field| patterns(field, faults));
    out.text = fields.take("text").and_then(|field| text_match(field, faults));
    out.within = fields.take("within").and_then(|field| field.duration(faults));
    out.closes = fields.take("closes").and_then(|field| field.bool(faults));
    match stage {
        Stage::Ehlo | Stage::EhloTls => ehlo(&mut fields, &mut out, faults),
        Stage::Tls => tls(&mut fields, &mut out, faults),
        _ => {}
    }
    fields.finish(faults);
    (faults.len() == before).then_some(out)
}

fn ehlo(fields: &mut Fields<'_>, out: &mut StageExpect, faults: &mut Vec<Diagnostic>) {
    for (name, to) in [("offers", &mut out.offers), ("lacks", &mut out.lacks)] {
        let Some(field) = fields.take(name) else { continue };
        let words = field.texts(faults);
        no_doubles(field, &words, faults);
        if words.iter().any(|word| word.trim().is_empty()) {
            faults
                .push(field.error(format!("`{name}` names an extension such as `STARTTLS` or `AUTH LOGIN`")));
        }
        to.extend(words.into_iter().map(str::to_owned));
    }
    out.sees = fields.take("sees").and_then(|field| field.text(faults)).map(str::to_owned);
}

fn tls(fields: &mut Fields<'_>, out: &mut StageExpect, faults: &mut Vec<Diagnostic>) {
    let text = |field: Option<Field<'_>>, faults: &mut Vec<Diagnostic>| {
        field.and_then(|field| field.text(faults)).map(str::to_owned)
    };
    let mut wanted = TlsExpect {
        version: fields.take("version").map(|field| versions(field, faults)),
        cipher: text(fields.take("cipher"), faults),
        group: fields.take("group").map(|field| any_of("group", field, faults)),
        resumed: fields.take("resumed").and_then(|field| field.bool(faults)),
        verified: fields.take("verified").and_then(|field| field.bool(faults)),
        peer: PeerExpect::default(),
    };
    if let Some(field) = fields.take("peer")
        && let Some(mut peer) = field.fields(faults)
    {
        wanted.peer = PeerExpect {
            name: text(peer.take("name"), faults),
            issuer: text(peer.take("issuer"), faults),
            expires_in: peer.take("expires_in").and_then(|field| field.duration(faults)),
            key: peer.take("key").map(|field| any_of("key", field, faults)),
            chain: peer.take("chain").and_then(|field| chain(field, faults)),
            ocsp: peer.take("ocsp").map(|field| staples(field, faults)),
        };
        peer.finish(faults);
    }
    out.tls = (wanted != TlsExpect::default()).then(|| Box::new(wanted));
}

/// One text, or a list of which any will do.
fn any_of(name: &str, field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Vec<String> {
    if field.one_or_many().is_empty() {
        faults.push(field.error(format!("`{name}` is an empty list")));
    }
    let words = field.texts(faults);
    words.into_iter().map(str::to_owned).collect()
}

/// How many certificates, or their subjects.
fn chain(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<ChainExpect> {
    if field.node().as_str().is_some() {
        let length = field.integer(1..=32, faults)?;
        return u16::try_from(length).ok().map(ChainExpect::Length);
    }
    let subjects = any_of("chain", field, faults);
    Some(ChainExpect::Subjects(subjects))
}

/// One outcome of a stapled response, or a list of which any will do.
fn staples(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Vec<Staple> {
    let items = field.one_or_many();
    if items.is_empty() {
        faults.push(field.error("`ocsp` is an empty list"));
    }
    items.iter().filter_map(|item| field.item(item).word("OCSP status", &Staple::ALL, faults)).collect()
}

/// One version, or a list of which any will do.
pub(super) fn versions(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Vec<TlsVersion> {
    let items = field.one_or_many();
    if items.is_empty() {
        faults.push(field.error("`version` is an empty list"));
    }
    items.iter().filter_map(|item| version(field.item(item), faults)).collect()
}

/// `text`, or a regular expression between slashes.
fn text_match(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<TextMatch> {
    let text = field.text(faults)?;
    let Some(source) = text.strip_prefix('/').and_then(|text| text.strip_suffix('/')) else {
        return Some(TextMatch::Contains(text.to_owned()));
    };
    regex(field, source, faults).map(TextMatch::Regex)
}

/// A regular expression, linear in the text's length.
pub(super) fn regex(field: Field<'_>, source: &str, faults: &mut Vec<Diagnostic>) -> Option<Regex> {
    if source.len() > MAX_REGEX {
        faults.push(field.error(format!("the regular expression is longer than {MAX_REGEX} bytes")));
        return None;
    }
    match RegexBuilder::new(source).size_limit(1 << 20).build() {
        Ok(regex) => Some(regex),
        Err(why) => {
            let words = why.to_string().replace('\n', " ");
            faults.push(field.error(format!("not a regular expression: {words}")));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Patterns;
    use crate::yaml::{Sources, parse};

    fn read(text: &str) -> StageExpectations {
        let mut sources = Sources::default();
        let file = sources.add("t", "t".into(), text);
        let root = parse(&sources, file).expect("well-formed");
        let mut faults = Vec::new();
        let read = stages(Field::new("expect", root.span, &root), &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        read.expect("read")
    }

    #[test]
    fn a_stage_takes_a_pattern_or_a_map() {
        let read = read(
            "ehlo: { offers: [STARTTLS, AUTH LOGIN], lacks: AUTH, sees: 203.0.113.10, within: 2s }
tls: { version: [TLSv1.2, TLSv1.3], cipher: 'TLS_*', group: [x25519, P-*], resumed: false, verified: false,
  peer: { name: mx.test, issuer: Lab, expires_in: 21d, key: RSA-*, chain: 2, ocsp: [good, absent] } }
rcpt_to: [550 5.7.64, 450]
message: { reply: 250, text: queued, closes: true }
total: { within: 10s }
",
        );
        let stages: Vec<Stage> = read.stages.iter().map(|(stage, _)| *stage).collect();
        assert_eq!(stages, [Stage::Ehlo, Stage::Tls, Stage::RcptTo, Stage::Message]);
        let ehlo = &read.stages[0].1;
        assert_eq!((ehlo.offers.len(), ehlo.lacks.len(), ehlo.sees.as_deref()), (2, 1, Some("203.0.113.10")));
        assert_eq!(ehlo.within, Some(std::time::Duration::from_secs(2)));
        let tls = read.stages[1].1.tls.as_deref().expect("something is asked of TLS");
        assert_eq!(tls.version.as_deref(), Some(&[TlsVersion::Tls12, TlsVersion::Tls13][..]));
        assert_eq!(tls.group.as_deref(), Some(&["x25519".to_owned(), "P-*".to_owned()][..]));
        assert_eq!((tls.resumed, tls.verified), (Some(false), Some(false)));
        let peer = &tls.peer;
        assert_eq!((peer.name.as_deref(), peer.issuer.as_deref()), (Some("mx.test"), Some("Lab")));
        assert_eq!(peer.expires_in, Some(std::time::Duration::from_secs(21 * 86_400)));
        assert_eq!(peer.key.as_deref(), Some(&["RSA-*".to_owned()][..]));
        assert_eq!(peer.chain, Some(ChainExpect::Length(2)));
        assert_eq!(peer.ocsp.as_deref(), Some(&[Staple::Good, Staple::Absent][..]));
        let written =
            |patterns: &Option<Patterns>| patterns.as_ref().map(|patterns| patterns.written.to_string());
        assert_eq!(written(&read.stages[2].1.reply).as_deref(), Some("550 5.7.64 or 450"));
        assert_eq!(read.stages[3].1.closes, Some(true));
        assert_eq!(read.total, Some(std::time::Duration::from_secs(10)));
    }

    #[test]
    fn a_text_between_slashes_is_a_regular_expression() {
        let read =
            read("greeting: { text: '/ready at .* \\[[0-9A-F]+\\]$/' }\nehlo: { text: '/ is part of it' }\n");
        assert!(
            matches!(&read.stages[0].1.text, Some(TextMatch::Regex(regex)) if regex.is_match("ready at 1 [0F]"))
        );
        assert!(
            matches!(&read.stages[1].1.text, Some(TextMatch::Contains(text)) if text == "/ is part of it")
        );
    }
}
