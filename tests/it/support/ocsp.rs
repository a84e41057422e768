//! OCSP responses, made of bytes: as they should be, and as they should not.

use chrono::{DateTime, Utc};
use openssl::bn::BigNumContext;
use openssl::ec::PointConversionForm;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use openssl::x509::X509Ref;

/// What a response is to say.
pub struct Ocsp {
    /// 0: a status follows; else an error, such as 3, try later (RFC 6960 §4.2.1).
    pub response: u8,
    /// `good`, `revoked` or `unknown`.
    pub status: &'static str,
    /// Beginning and end of its time, in hours from now.
    pub hours: (i64, i64),
    /// Names the certificate by SHA-256 instead of SHA-1.
    pub sha256: bool,
}

impl Default for Ocsp {
    fn default() -> Self {
        Self { response: 0, status: "good", hours: (-1, 24), sha256: false }
    }
}

impl Ocsp {
    /// The response about a certificate of `issuer`, signed by `key`.
    pub fn about(&self, cert: &X509Ref, issuer: &X509Ref, key: &PKey<Private>) -> Vec<u8> {
        let status = der(0x0a, &[&[self.response]]);
        if self.response != 0 {
            return der(0x30, &[&status]);
        }
        let (digest, oid) = match self.sha256 {
            true => (MessageDigest::sha256(), oid("2.16.840.1.101.3.4.2.1")),
            false => (MessageDigest::sha1(), oid("1.3.14.3.2.26")),
        };
        let name = issuer.subject_name().to_der().unwrap();
        let serial = cert.serial_number().to_bn().unwrap().to_vec();
        let certificate = der(
            0x30,
            &[
                &der(0x30, &[&oid, &der(5, &[])]),
                &der(4, &[&hash(digest, &name).unwrap()]),
                &der(4, &[&hash(digest, &point(issuer)).unwrap()]),
                // A leading zero keeps it positive.
                &der(2, &[&[0][usize::from(serial[0] < 128)..], &serial]),
            ],
        );
        let status = match self.status {
            "good" => der(0x80, &[]),
            "revoked" => der(0xa1, &[&time(-48)]),
            _ => der(0x82, &[]),
        };
        let (from, to) = self.hours;
        let single = der(0x30, &[&certificate, &status, &time(from), &der(0xa0, &[&time(to)])]);
        let data = der(0x30, &[&der(0xa1, &[&name]), &time(from), &der(0x30, &[&single])]);
        let signature =
            Signer::new(MessageDigest::sha256(), key).unwrap().sign_oneshot_to_vec(&data).unwrap();
        let algorithm = der(0x30, &[&self::oid("1.2.840.10045.4.3.2")]);
        let basic = der(0x30, &[&data, &algorithm, &der(3, &[&[0], &signature])]);
        let basic = der(0x30, &[&self::oid("1.3.6.1.5.5.7.48.1.1"), &der(4, &[&basic])]);
        der(0x30, &[&der(0x0a, &[&[0]]), &der(0xa0, &[&basic])])
    }
}

/// The bits of an elliptic key.
fn point(cert: &X509Ref) -> Vec<u8> {
    let key = cert.public_key().unwrap().ec_key().unwrap();
    let mut context = BigNumContext::new().unwrap();
    key.public_key().to_bytes(key.group(), PointConversionForm::UNCOMPRESSED, &mut context).unwrap()
}

fn time(hours: i64) -> Vec<u8> {
    let at = DateTime::<Utc>::from(std::time::SystemTime::now()) + chrono::TimeDelta::hours(hours);
    der(0x18, &[at.format("%Y%m%d%H%M%SZ").to_string().as_bytes()])
}

fn oid(text: &str) -> Vec<u8> {
    let arcs: Vec<u32> = text.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut bytes = vec![u8::try_from(arcs[0] * 40 + arcs[1]).unwrap()];
    for arc in &arcs[2..] {
        let sevens = (0..5).rev().map(|n| (arc >> (7 * n)) & 127).skip_while(|seven| *seven == 0);
        let mut sevens: Vec<u8> = sevens.map(|seven| seven as u8 | 128).collect();
        match sevens.last_mut() {
            Some(last) => *last &= 127,
            None => sevens.push(0),
        }
        bytes.extend(sevens);
    }
    der(6, &[&bytes])
}

/// A value with its tag and its length.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        length @ 0..128 => out.push(length as u8),
        length @ 128..256 => out.extend([0x81, length as u8]),
        length => {
            let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
            out.extend([0x82, high, low]);
        }
    }
    out.extend(content);
    out
}
