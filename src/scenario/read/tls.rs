//! `tls` and `certificate`.

use std::sync::Arc;

use super::super::project::{self, CertificateFiles, file_ref, plain_text};
use super::super::spec::TlsSpec;
use super::super::view::{Findings, View};
use super::expect::no_doubles;
use crate::plan::Handshake;
use crate::tls::{Backend, Group, TlsVersion, Verify, VersionRange};
use crate::yaml::{Diagnostic, Field, Fields, Value, nearest};

const MODES: [(&str, Handshake); 3] =
    [("none", Handshake::None), ("starttls", Handshake::StartTls), ("implicit", Handshake::Implicit)];

/// The keys that mean something only where there is TLS.
const DETAILS: [&str; 9] =
    ["version", "ciphers", "groups", "resume", "sni", "verify", "ca", "backend", "force"];

/// Reads `tls`; clear text where it is absent.
pub(in super::super) fn tls(view: &View<'_>, findings: &mut Findings) -> Option<TlsSpec> {
    let mut spec = TlsSpec {
        mode: Handshake::None,
        versions: VersionRange::default(),
        ciphers: None,
        groups: Vec::new(),
        resume: false,
        sni: None,
        verify: Verify::default(),
        ca: None,
        backend: Backend::default(),
        force: false,
        span: view.whole,
    };
    let Some(field) = view.get("tls") else {
        // A step `starttls` begins TLS as it is where nothing is said.
        if view.get("steps").is_some_and(begins_tls) {
            spec.mode = Handshake::StartTls;
        }
        return Some(spec);
    };
    spec.span = field.span();
    if field.node().as_str().is_some() {
        spec.mode = field.word("TLS mode", &MODES, &mut findings.faults)?;
        return Some(spec);
    }
    let before = findings.faults.len();
    let mut fields = field.fields(&mut findings.faults)?;
    match fields.take("mode") {
        // An unknown mode is some kind of TLS: the details are looked at all the same.
        Some(mode) => {
            spec.mode = mode.word("TLS mode", &MODES, &mut findings.faults).unwrap_or(Handshake::StartTls)
        }
        None => {
            findings.faults.push(
                Diagnostic::error("`tls` says no mode", field.key_span())
                    .label("add `mode: starttls` or `mode: implicit`"),
            );
        }
    }
    if spec.mode == Handshake::None && findings.faults.len() == before {
        for key in DETAILS {
            if let Some(detail) = fields.take(key) {
                view.impossible(detail, "there is no TLS", findings);
            }
        }
    } else {
        details(&mut fields, &mut spec, view, findings);
    }
    fields.finish(&mut findings.faults);
    (findings.faults.len() == before).then_some(spec)
}

/// Whether one of the steps is `starttls`.
fn begins_tls(steps: Field<'_>) -> bool {
    let is = |name: &str| name == "starttls";
    steps.one_or_many().iter().any(|step| match &step.value {
        Value::Scalar(word) => is(word),
        Value::Mapping(entries) => entries.iter().any(|(key, _)| is(&key.name)),
        _ => false,
    })
}

fn details(fields: &mut Fields<'_>, spec: &mut TlsSpec, view: &View<'_>, findings: &mut Findings) {
    if let Some(force) = fields.take("force") {
        spec.force = force.bool(&mut findings.faults).unwrap_or(false);
        if spec.force && spec.mode == Handshake::Implicit {
            spec.force = false;
            view.impossible(force, "with `mode: implicit` there is no STARTTLS", findings);
        }
    }
    let faults = &mut findings.faults;
    if let Some(version) = fields.take("version") {
        spec.versions = versions(version, faults).unwrap_or_default();
    }
    if let Some(ciphers) = fields.take("ciphers") {
        spec.ciphers = plain_text(ciphers, faults).map(|text| text.to_string());
    }
    if let Some(groups) = fields.take("groups") {
        spec.groups = self::groups(groups, faults);
    }
    if let Some(resume) = fields.take("resume") {
        spec.resume = resume.bool(faults).unwrap_or(false);
    }
    if let Some(sni) = fields.take("sni") {
        spec.sni = plain_text(sni, faults);
        if spec.sni.as_deref() == Some("") {
            faults.push(sni.error("`sni` is empty"));
        }
    }
    if let Some(field) = fields.take("verify") {
        spec.verify = verify(field, faults).unwrap_or_default();
    }
    if let Some(ca) = fields.take("ca") {
        spec.ca = file_ref(ca, view.folder(ca.span()), faults);
    }
    if let Some(backend) = fields.take("backend") {
        let words = [("auto", Backend::Auto), ("rustls", Backend::Rustls), ("openssl", Backend::OpenSsl)];
        spec.backend = backend.word("backend", &words, faults).unwrap_or_default();
        if spec.backend == Backend::Rustls && spec.versions.min < TlsVersion::Tls12 {
            let fault = backend.error("rustls speaks TLSv1.2 and TLSv1.3 only");
            faults.push(fault.label("`openssl` speaks older versions"));
        }
    }
}

/// One group or several, the best first.
fn groups(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Vec<Group> {
    let items = field.one_or_many();
    if items.is_empty() {
        faults.push(field.error("`groups` is an empty list"));
    }
    let words = items.iter().filter_map(|item| field.item(item).text(faults)).collect::<Vec<_>>();
    no_doubles(field, &words, faults);
    items.iter().filter_map(|item| field.item(item).word("group", &Group::ALL, faults)).collect()
}

fn versions(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<VersionRange> {
    if field.node().as_str().is_some() {
        return version(field, faults).map(VersionRange::only);
    }
    let mut fields = field.fields(faults)?;
    let (min, max) = (fields.take("min"), fields.take("max"));
    fields.finish(faults);
    let default = VersionRange::default();
    let max = match max {
        Some(max) => version(max, faults)?,
        None => default.max,
    };
    let min = match min {
        Some(min) => version(min, faults)?,
        // A client whose newest version is an old one offers all of the old.
        None if max < default.min => TlsVersion::Tls10,
        None => default.min,
    };
    if min > max {
        faults.push(field.error(format!("`min` {min} is newer than `max` {max}")));
        return None;
    }
    Some(VersionRange { min, max })
}

/// One version's name.
pub(super) fn version(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<TlsVersion> {
    field.word("TLS version", &TlsVersion::ALL.map(|version| (version.as_str(), version)), faults)
}

fn verify(field: Field<'_>, faults: &mut Vec<Diagnostic>) -> Option<Verify> {
    if field.node().as_str().is_some() {
        let words = [("full", Verify::Full), ("chain", Verify::Chain), ("none", Verify::None)];
        return field.word("verification", &words, faults);
    }
    let mut fields = field.fields(faults)?;
    let digest = fields.require("sha256", field.span(), faults);
    fields.finish(faults);
    let digest = digest?;
    let text = digest.text(faults)?;
    let fingerprint = sha256(text);
    if fingerprint.is_none() {
        let fault = digest.error("no SHA-256 fingerprint: it has 64 hexadecimal digits");
        faults.push(fault.label("`openssl x509 -noout -fingerprint -sha256 -in cert.pem` prints it"));
    }
    fingerprint.map(Verify::Fingerprint)
}

/// 64 hexadecimal digits, colons between bytes or not.
fn sha256(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| *c != ':')
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    bytes.try_into().ok().filter(|_| digits.len() == 64)
}

/// Reads `certificate`: a name of the project file, `{ cert, key }`, or `none`.
pub(in super::super) fn certificate(
    view: &View<'_>,
    tls: &TlsSpec,
    findings: &mut Findings,
) -> Option<Option<Arc<CertificateFiles>>> {
    let Some(field) = view.get_some("certificate") else { return Some(None) };
    let before = findings.faults.len();
    let files = match &field.node().value {
        Value::Scalar(name) => {
            let certificates = &view.project.certificates;
            let found =
                certificates.iter().find(|(known, _)| known == name).map(|(_, files)| Arc::clone(files));
            if found.is_none() {
                let fault = field.error(format!("unknown certificate `{name}`"));
                let near = nearest(name, certificates.iter().map(|(known, _)| &**known));
                findings.faults.push(match (near, &view.project.file) {
                    (Some(near), _) => fault.label(format!("did you mean `{near}`?")),
                    (None, Some(_)) => fault.label("`certificates` of the project file does not name it"),
                    (None, None) => fault.label("without a project file, write `{ cert: …, key: … }`"),
                });
            }
            found
        }
        _ => project::certificate(field, view.folder(field.span()), &mut findings.faults).map(Arc::new),
    };
    if findings.faults.len() > before {
        return None;
    }
    if tls.mode == Handshake::None && view.impossible(field, "there is no TLS to show it in", findings) {
        return (findings.faults.len() == before).then_some(None);
    }
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(sha256(&plain), Some([0xAB; 32]));
        assert_eq!(sha256(&colons), Some([0xAB; 32]));
        assert_eq!(sha256(&"ab".repeat(31)), None);
        assert_eq!(sha256(&"zz".repeat(32)), None);
    }
}
