//! Which extension a parameter belongs to, and how values are written that may hold
//! anything: xtext.

use std::fmt::Write as _;

/// Parameters of MAIL and RCPT, and the keyword in EHLO that gives leave to send them.
const OWNERS: [(&str, &str); 15] = [
    ("SIZE", "SIZE"),         // RFC 1870 §6
    ("BODY", "8BITMIME"),     // RFC 6152 §3
    ("SMTPUTF8", "SMTPUTF8"), // RFC 6531 §3.4
    ("RET", "DSN"),           // RFC 3461 §4
    ("ENVID", "DSN"),
    ("NOTIFY", "DSN"),
    ("ORCPT", "DSN"),
    ("REQUIRETLS", "REQUIRETLS"),   // RFC 8689 §2
    ("AUTH", "AUTH"),               // RFC 4954 §5
    ("BY", "DELIVERBY"),            // RFC 2852 §4
    ("MT-PRIORITY", "MT-PRIORITY"), // RFC 6710 §4
    ("HOLDFOR", "FUTURERELEASE"),   // RFC 4865 §4
    ("HOLDUNTIL", "FUTURERELEASE"),
    ("RRVS", "RRVS"), // RFC 7293 §3
    ("PRDR", "PRDR"), // draft-hall-prdr-00
];

/// The keyword of EHLO that a parameter such as `SIZE=1000` or `SMTPUTF8` needs; `None`
/// where no extension is known that has it.
#[must_use]
pub fn needed_by(param: &str) -> Option<&'static str> {
    let (name, value) = param.split_once('=').unwrap_or((param, ""));
    if name.eq_ignore_ascii_case("BODY") && value.eq_ignore_ascii_case("BINARYMIME") {
        // RFC 3030 §3
        return Some("BINARYMIME");
    }
    OWNERS.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, owner)| *owner)
}

/// Whether a list of parameters has one of this name; case does not count.
#[must_use]
pub fn has_param(params: &str, name: &str) -> bool {
    params.split(' ').any(|param| param.split('=').next().is_some_and(|own| own.eq_ignore_ascii_case(name)))
}

/// A text as xtext (RFC 3461 §4): what is not printable ASCII, and `+` and `=`, in
/// hexadecimal.
#[must_use]
pub fn xtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'+' | b'=' => push_hex(byte, &mut out),
            b'!'..=b'~' => out.push(char::from(byte)),
            _ => push_hex(byte, &mut out),
        }
    }
    out
}

fn push_hex(byte: u8, out: &mut String) {
    // Writing to a text cannot fail.
    let _ = write!(out, "+{byte:02X}");
}

/// An address for ORCPT: `rfc822;` and xtext, or `utf-8;` and the address where it is
/// not ASCII (RFC 6533 §3, the form for servers that take SMTPUTF8).
#[must_use]
pub fn original_recipient(address: &str) -> String {
    if address.is_ascii() {
        return format!("rfc822;{}", xtext(address));
    }
    let mut out = "utf-8;".to_owned();
    for c in address.chars() {
        match c {
            '+' | '=' | '\\' | ' ' => {
                let _ = write!(out, "\\x{{{:02X}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_belongs_to_one_extension() {
        for (param, owner) in [
            ("SIZE=1000", Some("SIZE")),
            ("body=8bitmime", Some("8BITMIME")),
            ("BODY=BinaryMIME", Some("BINARYMIME")),
            ("NOTIFY=NEVER", Some("DSN")),
            ("by=120;R", Some("DELIVERBY")),
            ("X-OWN=1", None),
            ("", None),
        ] {
            assert_eq!(needed_by(param), owner, "{param}");
        }
        assert!(has_param("SIZE=1 smtputf8", "SMTPUTF8") && !has_param("SIZE=1", "SIZ"));
        assert!(!has_param("", "SIZE"));
    }

    #[test]
    fn xtext_holds_anything_and_stays_one_word() {
        assert_eq!(xtext("a+b=c@x.example"), "a+2Bb+3Dc@x.example");
        assert_eq!(xtext("batch 7\r\nRSET"), "batch+207+0D+0ARSET");
        assert_eq!(xtext("ü"), "+C3+BC");
    }

    #[test]
    fn an_original_recipient_is_named_with_its_kind() {
        assert_eq!(original_recipient("a+b@x.example"), "rfc822;a+2Bb@x.example");
        assert_eq!(original_recipient("ä+b@x.example"), "utf-8;ä\\x{2B}b@x.example");
    }
}
